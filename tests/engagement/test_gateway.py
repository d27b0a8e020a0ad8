"""The gateway: window, people, allow-list, budget, rate, stop, fallback and version, with a scripted endpoint."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from comity.errors import Conflict, Forbidden, Invalid, Unavailable
from comity.gateway import door
from comity.model.engagement import State
from comity.model.ids import EngagementId
from comity.partners.endpoint import ModelEndpoint
from comity.store import engagement_calls, engagements
from tests.engagement.hosts import MODEL, TERMS, Host, viewer

HELLO = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 100}


@pytest.fixture
def opened(here: Host) -> tuple[Host, EngagementId, str]:
    """An open window and the operator's key."""
    id_ = here.at(State.OPEN)
    return here, id_, here.do("otto", id_, "key").secret


@pytest.fixture
def client(here: Host) -> Iterator[TestClient[Any]]:
    """The door itself."""
    with TestClient(door.build(here.desk), raise_server_exceptions=False) as made:
        yield made


def refusal(here: Host, secret: str, **more: Any) -> str:
    return str(here.call(secret, **more).code)


def test_a_call_goes_through_with_the_developers_key_and_comes_back_whole(opened: Any) -> None:
    here, id_, secret = opened
    answer = json.loads(here.call(secret).data)
    assert answer["choices"][0]["message"]["content"] == "olleh"
    assert here.model.keys[-1] == "Bearer developer-secret"
    usage = here.view("otto", id_).parts["usage"]
    assert (usage["calls"], usage["tokens"], usage["live_keys"]) == (1, 30, 1)


def test_the_developers_key_and_address_are_shown_to_nobody_at_the_host(opened: Any) -> None:
    here, id_, secret = opened
    for login in ("cora", "otto", "kim", "dana", "aude"):
        assert "model.example" not in str(here.view(login, id_))
    for login in ("dora", "eli", "cora", "otto"):
        assert "developer-secret" not in str(here.view(login, id_))
    assert "developer-secret" not in here.call(secret).data.decode()


def test_the_window_closes_by_the_record_alone_with_no_worker_running(opened: Any) -> None:
    here, id_, secret = opened
    here.clock.jump_to(here.clock.now() + timedelta(days=9, hours=20))
    late = here.do("otto", id_, "key").secret
    assert refusal(here, secret) == "invalid_api_key"  # twelve hours are over
    assert here.call(late).data
    here.clock.jump_to(here.clock.now() + timedelta(hours=5))
    asked = len(here.model.asked)
    assert refusal(here, late) == "invalid_api_key"  # no key outlives the window
    assert len(here.model.asked) == asked
    assert here.state(id_) is State.OPEN  # nobody ticked: the gateway did not wait for that
    assert here.settle(id_) is State.CLOSED


def test_the_developers_stop_kills_every_key_at_once(opened: Any) -> None:
    here, id_, secret = opened
    here.do("eli", id_, "close", because="access revoked")
    assert refusal(here, secret) == "invalid_api_key"
    assert here.view("dora", id_).parts["usage"]["live_keys"] == 0


def test_an_answer_that_comes_after_the_stop_is_cut(opened: Any) -> None:
    here, id_, secret = opened
    here.model.before = lambda: here.do("dora", id_, "withdraw")
    assert refusal(here, secret) == "window_closed"
    assert here.state(id_) is State.WITHDRAWN


def test_only_the_people_of_the_signed_terms_get_a_key(here: Host) -> None:
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, people="eli")
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    with pytest.raises(Forbidden, match="people"):
        here.do("otto", id_, "key")
    with pytest.raises(Forbidden):
        here.do("dana", id_, "key")
    assert here.do("eli", id_, "key").secret.startswith("cgw_")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "another-model"}, "model_not_found"),
        ({"stream": True}, "stream_unsupported"),
        ({"n": 4}, "unknown_parameter"),
        ({"logit_bias": {}}, "unknown_parameter"),
        ({"max_tokens": 0}, "invalid_request"),
        ({"max_tokens": True}, "invalid_request"),
        ({"messages": "hello"}, "invalid_request"),
    ],
)
def test_what_was_not_agreed_is_refused_and_nothing_is_sent(opened: Any, change: dict[str, Any], code: str) -> None:
    here, _, secret = opened
    before = len(here.model.asked)
    assert refusal(here, secret, **change) == code
    assert len(here.model.asked) == before


def test_an_answer_by_another_model_is_not_handed_on(opened: Any) -> None:
    here, _, secret = opened
    here.model.name = "example-model-1-mini"
    assert refusal(here, secret) == "fallback_model"


def test_the_spent_budget_closes_the_window_by_itself(here: Host) -> None:
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, total_tokens="400", answer_tokens="60")
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    secret = here.do("otto", id_, "key").secret
    here.model.reported = 400
    assert here.call(secret, max_tokens=10).data
    assert here.state(id_) is State.CLOSED
    assert here.view("dora", id_).parts["progress"]["ended_because"] == "budget spent"
    assert refusal(here, secret) == "invalid_api_key"


@pytest.mark.parametrize("status", [400, 429, 500])
def test_an_endpoint_that_fails_is_told_without_its_text(opened: Any, status: int) -> None:
    here, _, secret = opened
    here.model.status = status
    found = here.call(secret)
    assert (found.status, found.code) == (502, "endpoint_failed")
    assert "olleh" not in found.reason


def test_asked_tokens_are_capped_and_reserved_before_the_call(opened: Any) -> None:
    here, _, secret = opened
    here.call(secret, max_tokens=999_999)
    assert here.model.asked[-1]["max_tokens"] == 1000


def test_a_run_has_its_own_budget_and_a_new_run_a_fresh_one(here: Host) -> None:
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, run_tokens="1100", answer_tokens="1000")
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    secret = here.do("otto", id_, "key").secret
    here.model.usage = False
    assert here.call(secret, max_tokens=1000).data
    spent = here.view("otto", id_).parts["usage"]["tokens"]
    assert 30 < spent < 400  # unreported use is reckoned by size
    assert refusal(here, secret, max_tokens=1000) == "run_budget_spent"
    assert here.call(secret, run="run-2", max_tokens=1000).data


def test_the_agreed_budget_is_never_passed(here: Host) -> None:
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, total_tokens="160", answer_tokens="60")
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    secret = here.do("otto", id_, "key").secret
    codes = []
    while here.state(id_) is State.OPEN and len(codes) < 10:
        codes.append(getattr(here.call(secret, run=f"r{len(codes)}", max_tokens=1), "code", "answered"))
    usage = here.view("dora", id_).parts["usage"]
    assert codes[0] == "answered"
    assert codes[-1] in {"answered", "budget_spent"}
    assert usage["tokens"] <= 160


def test_many_at_once_cannot_overspend(opened: Any) -> None:
    here, _, secret = opened
    with here.machines.store.write() as tx:
        key = engagement_calls.key_of(tx, secret, at=here.clock.now())
        assert key is not None
        engagement_calls.begin(tx, "pending", key, run="other", reserve=99_950, at=here.clock.now())
    assert refusal(here, secret) == "budget_spent"


def test_the_rate_is_kept(opened: Any) -> None:
    here, _, secret = opened
    codes = [getattr(here.call(secret, run=f"r{n}"), "code", "answered") for n in range(31)]
    assert codes.count("answered") == 30
    assert codes[-1] == "rate_limit_exceeded"
    here.clock.jump_to(here.clock.now() + timedelta(minutes=2))
    assert here.call(secret, run="later").data


def test_records_are_sealed_and_counts_only_keeps_none(here: Host) -> None:
    kept = {}
    for logging in ("encrypted records", "counts only"):
        id_ = here.enquiry()
        here.to_terms(id_)
        here.to_agreed(id_, logging=logging)
        here.to_frozen(id_)
        here.do("dora", id_, "open")
        here.call(here.do("otto", id_, "key").secret)
        with here.machines.store.read() as tx:
            kept[logging] = [n for n in engagements.file_names(tx, id_) if n.startswith("call-")]
    assert len(kept["encrypted records"]) == 1
    assert kept["counts only"] == []
    database = (here.machines.settings.data / "comity.db").read_bytes()
    assert b"olleh" not in database
    assert b"developer-secret" not in database


def test_a_raw_record_takes_two_persons_and_carries_the_readers_mark(opened: Any) -> None:
    here, id_, secret = opened
    here.call(secret)
    with here.machines.store.read() as tx:
        (name,) = [n for n in engagements.file_names(tx, id_) if n.startswith("call-")]
    with pytest.raises(Forbidden):
        here.desk.transcript(viewer("aude"), id_, name)
    here.do("aude", id_, "agree", act="read a raw transcript", subject=name)
    here.do("kim", id_, "agree", act="read a raw transcript", subject=name)
    text = here.desk.transcript(viewer("aude"), id_, name).decode()
    assert text.startswith("Confidential. Shown to Aude")
    assert "olleh" in text


def test_a_block_stands_only_when_both_probes_show_the_same_version(opened: Any) -> None:
    here, id_, _ = opened
    here.do("otto", id_, "probe")
    assert here.view("otto", id_).parts["probes"][0]["stands"]
    here.do("otto", id_, "probe")  # block 2 begins
    assert not here.view("otto", id_).parts["probes"][1]["stands"]
    here.model.fingerprint = "fp-2"
    here.do("otto", id_, "probe")
    block = here.view("otto", id_).parts["probes"][1]
    assert (block["stands"], block["reason"]) == (False, "the endpoint's fingerprint changed")


def test_changed_answers_void_a_block(opened: Any) -> None:
    here, id_, _ = opened
    here.model.salt = "x"
    here.do("otto", id_, "probe")
    assert "probe answers changed" in here.view("otto", id_).parts["probes"][0]["reason"]


def test_a_window_that_no_key_answered_never_opens(here: Host) -> None:
    id_ = here.at(State.FROZEN)
    here.model.name = "something else"
    with pytest.raises(Unavailable):
        here.do("dora", id_, "open")
    assert here.state(id_) is State.FROZEN


def test_the_window_never_passes_the_developers_own_date(here: Host) -> None:
    id_ = here.enquiry()
    here.to_terms(id_)
    planned = here.clock.now() + timedelta(days=3)
    here.to_agreed(id_, planned_release=planned.isoformat())
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    assert here.view("dora", id_).parts["window"]["cap"] == planned.isoformat()
    late = (planned + timedelta(hours=1)).isoformat()
    with pytest.raises(Conflict, match="cap"):
        here.do("dora", id_, "window", end=late)


def test_a_later_end_takes_the_developer_and_the_host_together(opened: Any) -> None:
    here, id_, _ = opened
    window = here.machines.now() + timedelta(days=1)
    for login in ("dora", "cora"):
        here.do(login, id_, "window", end=window.isoformat())
    assert here.view("dora", id_).parts["window"]["end"] == window.isoformat()
    later = window + timedelta(days=2)
    for login in ("cora", "otto"):
        here.do(login, id_, "window", end=later.isoformat())
    assert here.view("dora", id_).parts["window"]["end"] == window.isoformat()
    here.do("dora", id_, "window", end=later.isoformat())
    assert here.view("dora", id_).parts["window"]["end"] == later.isoformat()


@pytest.mark.parametrize(
    "url",
    ["http://model.example/v1", "https://user:pw@model.example/v1", "ftp://x", "https://", "https://x/v1?a=b", "//x"],
)
def test_an_address_that_may_not_be_called_is_not_registered(here: Host, url: str) -> None:
    id_ = here.at(State.AGREED)
    with pytest.raises(Invalid):
        here.do("eli", id_, "endpoint", url=url, key="k")


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/v1", "https://10.0.0.1/v1", "https://169.254.169.254/v1", "https://[::1]/v1"]
)
def test_no_call_goes_into_a_private_network(url: str) -> None:
    with pytest.raises(Invalid, match="may not be called"):
        ModelEndpoint().complete(url, "k", b"{}")


def test_the_door_speaks_the_shape_that_clients_know(opened: Any, client: TestClient[Any]) -> None:
    _, _, secret = opened
    headers = {"Authorization": f"Bearer {secret}", "X-Comity-Run": "item-1/0"}
    answer = client.post("/v1/chat/completions", json=HELLO, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "olleh"
    assert client.get("/v1/models", headers=headers).json()["data"] == [
        {"id": MODEL, "object": "model", "owned_by": "developer"}
    ]
    streamed = client.post("/v1/chat/completions", json={**HELLO, "stream": True}, headers=headers)
    assert (streamed.status_code, streamed.json()["error"]["code"]) == (400, "stream_unsupported")
    odd = client.post("/v1/chat/completions", json=HELLO, headers={**headers, "X-Comity-Run": "a b"})
    assert odd.json()["error"]["code"] == "invalid_run"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer cgw_x"}, {"Authorization": "Basic eDp5"}])
def test_without_a_key_nothing_opens(client: TestClient[Any], header: dict[str, str]) -> None:
    for answer in (
        client.post("/v1/chat/completions", json=HELLO, headers=header),
        client.get("/v1/models", headers=header),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'{"messages": []}', b"null"])
def test_no_body_makes_the_door_fail(opened: Any, client: TestClient[Any], body: bytes) -> None:
    _, _, secret = opened
    answer = client.post("/v1/chat/completions", content=body, headers={"Authorization": f"Bearer {secret}"})
    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()


def test_another_address_is_told_in_the_same_shape(client: TestClient[Any]) -> None:
    answer = client.post("/v1/embeddings", json={})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "this call is not served here"


def test_the_terms_in_this_file_are_those_that_were_signed(here: Host) -> None:
    id_ = here.at(State.AGREED)
    assert here.view("dora", id_).parts["terms"][-1]["scope"] == TERMS["scope"]
