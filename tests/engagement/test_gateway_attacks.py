"""What a subject, a stranger, a partner or an endpoint could try at the gateway, each tried here."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from comity.assess import admit
from comity.assess.admit import Admitted, Refused, Used
from comity.assess.flow import FLOW
from comity.errors import Conflict
from comity.gateway import door
from comity.model.engagement import State
from comity.model.ids import EngagementId, PartyId
from comity.store import engagements, parties
from tests.engagement.hosts import MODEL, Host, viewer


@pytest.fixture
def opened(here: Host) -> tuple[Host, EngagementId, str]:
    """An open window and the operator's key."""
    id_ = here.at(State.OPEN)
    return here, id_, here.do("otto", id_, "key").secret


def begun(here: Host, **terms: str) -> tuple[EngagementId, str]:
    """An open window under these terms, and the operator's key."""
    id_ = here.enquiry()
    here.to_terms(id_)
    here.to_agreed(id_, **terms)
    here.to_frozen(id_)
    here.do("dora", id_, "open")
    return id_, here.do("otto", id_, "key").secret


def test_whatever_a_program_prints_goes_through_so_no_subject_breaks_its_own_run(opened: Any) -> None:
    here, _, secret = opened
    printed = "\x1b[31mred\x1b[0m\x00\x07\x7f\x9b\u2028"
    call = {"id": "1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "printf \\u0000"}'}}
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": printed},
    ]
    assert here.call(secret, messages=turns).data
    assert here.model.asked[-1]["messages"] == turns


def test_no_tool_that_the_endpoint_runs_itself_is_let_through(opened: Any) -> None:
    here, _, secret = opened
    before = len(here.model.asked)
    ours = {"type": "function", "function": {"name": "bash"}}
    for tool in ({"type": "web_search"}, {"type": "code_interpreter"}, {}, "bash", None):
        assert here.call(secret, tools=[ours, tool]).code == "endpoint_tool"
    assert len(here.model.asked) == before
    assert here.call(secret, tools=[ours]).data


def test_many_answers_to_one_call_are_reserved_as_many(here: Host) -> None:
    id_, secret = begun(here, parameters="messages, max_tokens, n", answer_tokens="1000", total_tokens="5000")
    assert here.call(secret, n=8, max_tokens=1000).code == "budget_spent"
    assert here.call(secret, n="8").code == "invalid_request"
    assert here.call(secret, n=0).code == "invalid_request"
    assert here.call(secret, n=2, max_tokens=1000).data
    assert here.state(id_) is State.OPEN


def test_the_key_of_a_person_who_may_no_longer_act_opens_nothing(opened: Any) -> None:
    here, _, secret = opened
    with here.machines.store.write() as tx:
        parties.disable(tx, PartyId("otto"), at=here.clock.now())
    assert here.call(secret).code == "invalid_api_key"


def test_who_has_no_key_neither_waits_for_the_write_lock_nor_is_read(opened: Any) -> None:
    here, _, _ = opened
    with here.machines.store.write():
        assert here.call("cgw_guess").code == "invalid_api_key"
    assert here.desk.complete("cgw_guess", run="r", data=b"[" * 100_000).code == "invalid_api_key"


def test_a_call_that_is_too_large_is_told_apart_so_that_its_run_is_cut_and_not_left_out(opened: Any) -> None:
    here, _, secret = opened
    assert here.call(secret, messages=[{"role": "user", "content": "x" * (4 << 20)}]).code == admit.TOO_LARGE
    assert here.call(secret, messages=[{"role": "user", "content": "x"}] * 2001).code == admit.TOO_LARGE
    with TestClient(door.build(here.desk), raise_server_exceptions=False) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        answer = client.post("/v1/chat/completions", content=b"x" * ((4 << 20) + 1), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, admit.TOO_LARGE)


def test_calls_side_by_side_never_reserve_more_than_what_was_agreed(here: Host) -> None:
    id_, secret = begun(here, total_tokens="3000", run_tokens="3000", answer_tokens="900")
    held = threading.Event()
    here.model.before = lambda: held.wait(60)
    before = len(here.model.asked)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(here.call, secret, run=f"r{n}", max_tokens=900) for n in range(8)]
        end = time.monotonic() + 45
        while sum(one.done() for one in calls) < 5 or len(here.model.asked) - before < 3:
            assert time.monotonic() < end
            time.sleep(0.02)
        under_way = here.view("otto", id_).parts["usage"]
        held.set()
        codes = sorted(getattr(one.result(), "code", "answered") for one in calls)
    assert 0 < under_way["tokens"] <= 3000
    assert len(here.model.asked) - before == 3
    assert codes == ["answered"] * 3 + ["budget_spent"] * 5


def test_at_the_very_end_of_the_window_no_call_begins_and_no_answer_comes_out(opened: Any) -> None:
    here, id_, _ = opened
    window = here.view("dora", id_).parts["window"]
    end = here.clock.now().fromisoformat(window["end"])
    here.clock.jump_to(end - timedelta(hours=1))
    secret = here.do("otto", id_, "key").secret
    here.clock.jump_to(end - timedelta(seconds=1))
    here.model.before = lambda: here.clock.jump_to(end)
    assert here.call(secret).code == "window_closed"  # begun in time, answered too late
    before = len(here.model.asked)
    assert here.call(secret).code == "invalid_api_key"
    assert len(here.model.asked) == before


def test_a_key_of_an_earlier_window_or_of_before_a_newer_one_opens_nothing(opened: Any) -> None:
    here, id_, first = opened
    second = here.do("otto", id_, "key").secret
    assert here.call(first).code == "invalid_api_key"
    here.do("dora", id_, "close", because="early finish")
    other = here.at(State.OPEN)
    assert here.call(second).code == "invalid_api_key"
    assert here.view("dora", other).parts["usage"]["calls"] == 0


def test_a_veto_after_both_had_signed_ends_the_partners_key_and_cuts_the_answer_it_waits_for(here: Host) -> None:
    id_, _ = begun(here)
    here.do("cora", id_, "propose", partner="A utility", criteria="It runs a grid.")
    here.do("dora", id_, "admit", partner="A utility")
    here.do("cora", id_, "seat", login="paula", seat="trusted partner", partner="A utility")
    here.do("paula", id_, "declare", declaration="none")
    secret = here.do("paula", id_, "key").secret
    assert here.call(secret).data
    here.model.before = lambda: here.do("dora", id_, "veto", partner="A utility")
    assert here.call(secret).code == "invalid_api_key"  # asked before the veto, answered after it
    here.model.before = lambda: None
    assert here.call(secret).code == "invalid_api_key"
    assert id_ not in {row.id for row in here.desk.page(viewer("paula"))[0]}
    with pytest.raises(Conflict, match=r"does not want"):
        here.do("cora", id_, "admit", partner="A utility")


PATHS = (
    "/v1/chat/completions/",
    "//v1/chat/completions",
    "/v1/../v1/chat/completions",
    "/V1/CHAT/COMPLETIONS",
    "/v1/chat%2Fcompletions",
    "/v1/chat/completions;x=1",
    "/v1/chat/completions?key=1",
)


def test_no_way_of_writing_the_path_or_the_key_goes_around_the_key(opened: Any) -> None:
    here, _, secret = opened
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}
    ways: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"Basic {secret}"},
        {"Authorization": f"Bearer {secret}, Bearer {secret}"},
        {"X-Api-Key": secret},
        {"Cookie": f"Authorization=Bearer {secret}"},
        {"X-Forwarded-Authorization": f"Bearer {secret}"},
    )
    before = len(here.model.asked)
    with TestClient(door.build(here.desk), raise_server_exceptions=False) as client:
        for path in PATHS:
            for headers in ways:
                assert client.post(path, json=body, headers=headers).status_code in {401, 404, 405}
    assert len(here.model.asked) == before


def test_a_refused_call_costs_nothing_and_leaves_no_reservation(opened: Any) -> None:
    here, id_, secret = opened
    for _ in range(5):
        assert isinstance(here.call(secret, stream=True), Refused)
    usage = here.view("otto", id_).parts["usage"]
    assert (usage["calls"], usage["tokens"]) == (0, 0)


def test_two_caps_in_one_call_are_the_smaller_promise_and_never_both_sent(here: Host) -> None:
    id_ = here.at(State.AGREED)
    with here.machines.store.read() as tx:
        held = engagements.get(tx, here.machines.custody, id_, FLOW).in_hand
    assert held is not None
    asked = {"model": MODEL, "messages": [], "max_tokens": 10, "max_completion_tokens": 999_999}
    decided = admit.decide(asked, held, Used(run_tokens=0, total_tokens=0, last_minute=0))
    assert isinstance(decided, Admitted)
    sent = json.loads(decided.body)
    assert [sent.get(name) for name in admit.CAPS] == [None, 10]
