"""Batches: one durable job, answered item by item, safe to resend, read in bounded memory, signed when asked."""

import base64
import json
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import flow_batches
from comity.clearing.desk_batches import Batches, signed_manifest
from comity.clearing.desk_rules import Rules
from comity.errors import Conflict, Invalid, Missing, Tampered, TooLarge
from comity.formats import stream
from comity.formats.report import ReportDocument, batch_of, document_of
from comity.model.batch import Batch, BatchState, ProjectRules
from comity.model.ids import PartyId
from comity.model.product import Symbol
from comity.sealing import keys
from comity.settings import Settings
from tests.clearing.documents import document
from tests.clearing.findings import FINDING, without_alias
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator, further, host

ADA = coordinator("ada")


def log(number: int, *, text: str = "finding", rules: int = 1) -> bytes:
    """A SARIF log of so many results, each in a function of its own."""
    results = [
        {
            "ruleId": "py/injection",
            "message": {"text": f"{text} {n}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": f"src/m{n % 40}.py"},
                        "region": {"startLine": n + 1},
                    },
                    "logicalLocations": [{"fullyQualifiedName": f"m{n % 40}.f{n}"}],
                }
            ],
        }
        for n in range(number)
    ]
    driver = {"name": "scanner", "rules": [{"id": "py/injection" if n == 0 else f"r{n}"} for n in range(rules)]}
    return json.dumps({"version": "2.1.0", "runs": [{"results": results, "tool": {"driver": driver}}]}).encode()


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[tuple[Batches, Host]]:
    with host(tmp_path) as running:
        yield further(running.machines, running.desk.control)["batches"], running


@pytest.fixture
def still(tmp_path: Path) -> Iterator[tuple[Batches, Host]]:
    """Without a worker: what is received waits."""
    with host(tmp_path, run=False) as running:
        yield further(running.machines, running.desk.control)["batches"], running


def ended(batches: Batches, batch: Batch, viewer=LAB) -> Batch:
    end = time.monotonic() + 60
    while (held := batches.batch(viewer, batch.id)).state not in {BatchState.DONE, BatchState.REFUSED}:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return held


def test_a_scanners_log_is_taken_result_by_result_with_a_receipt_each(comity) -> None:
    batches, running = comity
    held = ended(batches, batches.send(LAB, log(620)))
    assert (held.taken, held.refused, held.repeats) == (620, 0, 0)
    answers, after = [], -1
    while after is not None:
        page, after = batches.answers(LAB, held.id, after=after, limit=500)
        answers += page
    assert [a.place for a in answers] == list(range(620))
    assert len({a.receipt for a in answers}) == 620
    assert answers[7].summary == "finding 7"
    assert running.desk.status(answers[619].receipt).status == "done"


def test_no_flow_is_started_for_the_reports_of_a_batch_without_recipes(comity) -> None:
    batches, running = comity
    ended(batches, batches.send(LAB, log(40)))
    names = {one.name for one in running.desk.control.client.list_workflows()}
    assert names == {flow_batches.TAKE}


def test_a_bad_item_is_refused_alone_with_a_pointer_into_what_was_sent(comity) -> None:
    batches, _ = comity
    bad = document_of(FINDING, {})
    bad["claim"]["cwes"] = ["nonsense"]
    held = ended(
        batches, batches.send(LAB, batch_of([document_of(FINDING, {}), bad, document_of(without_alias(), {})]))
    )
    assert (held.taken, held.refused) == (2, 1)
    answers, _ = batches.answers(LAB, held.id)
    assert [bool(a.receipt) for a in answers] == [True, False, True]
    assert answers[1].problems[0].pointer == "/reports/1/claim/cwes/0"


def test_a_bad_result_of_a_log_is_named_by_run_and_place(comity) -> None:
    batches, _ = comity
    sent = json.loads(log(30))
    sent["runs"].append({"results": [{"message": {"text": "one"}}, "no object"]})
    held = ended(batches, batches.send(LAB, json.dumps(sent).encode()))
    assert (held.taken, held.refused) == (31, 1)
    refused = [a for a in batches.answers(LAB, held.id)[0] if a.problems]
    assert refused[0].problems[0].pointer.startswith("/runs/1/results/1")


def test_duplicates_within_a_batch_are_told_apart_by_outcome(comity) -> None:
    batches, _ = comity
    again = replace(FINDING, description="another tool saw it")
    held = ended(batches, batches.send(LAB, batch_of([document_of(one, {}) for one in (FINDING, again)])))
    outcomes = [a.outcome for a in batches.answers(LAB, held.id)[0]]
    assert outcomes == ["new", "a duplicate of one already held"]


def test_equal_bytes_and_an_equal_key_get_the_batch_of_before(still) -> None:
    batches, _ = still
    first = batches.send(LAB, log(3), key="night-1")
    assert batches.send(LAB, log(3), key="night-1").id == first.id
    assert batches.send(LAB, log(3)).id == first.id
    assert batches.by_key(LAB, "night-1").id == first.id
    assert batches.send(RIVAL, log(3), key="night-1").id != first.id
    with pytest.raises(Conflict):
        batches.send(LAB, log(4), key="night-1")


def test_a_report_sent_before_is_told_as_a_repeat_with_its_own_receipt(comity) -> None:
    batches, _ = comity
    enclosed = _enclosed(ReportDocument().write(FINDING))
    one = ended(batches, batches.send(LAB, b'{"documents": [%s]}' % enclosed))
    two = ended(batches, batches.send(LAB, b'{"documents": [%s, %s]}' % (enclosed, enclosed)))
    assert (one.taken, two.taken, two.repeats) == (1, 0, 2)
    receipts = {a.receipt for batch in (one, two) for a in batches.answers(LAB, batch.id)[0]}
    assert len(receipts) == 1


def _enclosed(data: bytes) -> bytes:
    return json.dumps({"name": "a.json", "data": base64.b64encode(data).decode()}).encode()


def test_a_batch_is_its_own_organisations_alone(still) -> None:
    batches, _ = still
    held = batches.send(LAB, log(1))
    for call in (batches.batch, batches.answers):
        with pytest.raises(Missing):
            call(RIVAL, held.id)
    assert batches.listed(RIVAL) == ()


def test_a_signed_batch_names_its_key_and_other_bytes_or_keys_are_refused(still, tmp_path: Path) -> None:
    batches, _ = still
    own = keys.signing_key(Settings(data=tmp_path / "sender", keys=tmp_path / "sender-keys"))
    data = log(2)
    with pytest.raises(Tampered):
        batches.send(LAB, data, manifest=signed_manifest(data, own))
    batches.add_key(LAB, own.public.export())
    with pytest.raises(Tampered):
        batches.send(LAB, data, manifest=signed_manifest(data + b" ", own))
    assert batches.send(LAB, data, manifest=signed_manifest(data, own)).signed_by == own.public.id
    with pytest.raises(Tampered):
        batches.send(RIVAL, data, manifest=signed_manifest(data, own))
    batches.revoke_key(LAB, own.public.id)
    with pytest.raises(Tampered):
        batches.send(LAB, log(5), manifest=signed_manifest(log(5), own))


def test_what_is_no_batch_is_refused_whole_and_says_why(comity) -> None:
    batches, _ = comity
    held = ended(batches, batches.send(LAB, b'{"purl": "pkg:pypi/pyyaml"}', key="k"))
    assert held.state is BatchState.REFUSED
    assert held.problems[0].code == "unknown_format"
    assert batches.by_key(LAB, "k") is None  # the key may be used again, since nothing was kept


def test_a_batch_cut_off_in_the_middle_is_refused_whole(comity) -> None:
    batches, _ = comity
    held = ended(batches, batches.send(LAB, log(50)[:-2000]))
    assert held.state is BatchState.REFUSED
    assert held.problems[0].code == "malformed_json"


def test_a_batch_over_the_limit_keeps_nothing(tmp_path: Path) -> None:
    small = Settings(data=tmp_path / "data", keys=tmp_path / "keys", bulk_limit_bytes=1000)
    with host(tmp_path, settings=small, run=False) as running:
        batches: Batches = further(running.machines, running.desk.control)["batches"]
        with pytest.raises(TooLarge):
            batches.send(LAB, log(50))
        assert batches.listed(LAB) == ()
        with running.machines.store.read() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM blob_uses").scalar() == 0


RULES = ProjectRules(
    package="pkg:pypi/pyyaml",
    source="https://example.org/SECURITY.md",
    classes_refused=("CWE-20",),
    out_of_scope_paths=("tests/",),
    languages=("en",),
    evidence=("proof",),
    ai_stated=True,
    set_by=PartyId(""),
    set_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def test_a_projects_rules_are_told_with_reasons_and_refuse_nothing(still) -> None:
    _, running = still
    rules = Rules(machines=running.machines)
    rules.set(ADA, RULES)
    outside = replace(FINDING, symbols=(Symbol(file="tests/test_a.py"),), language="de")
    (answer,) = running.desk.submit(LAB, [_document(outside)])
    assert [reason.partition(": ")[2] for reason in answer.rules] == [
        "the project does not take CWE-20",
        "every file named lies outside the project's threat model (tests/)",
        "the project reads en; the report says it is in de",
        "the project asks for a proof: a recipe and its inputs, so that somebody other than you can run it",
        "the project asks whether AI was used, the negative stated too",
    ]
    assert answer.receipt


def _document(finding: Any) -> Any:
    return document(finding, recipe=None)


def test_a_report_within_the_rules_hears_nothing_of_them(still) -> None:
    _, running = still
    rules = Rules(machines=running.machines)
    rules.set(ADA, replace(RULES, classes_refused=(), evidence=(), languages=(), ai_stated=False))
    (answer,) = running.desk.submit(LAB, [_document(FINDING)])
    assert answer.rules == ()


def test_rules_need_a_source_a_project_and_known_words(still) -> None:
    _, running = still
    with pytest.raises(Invalid) as error:
        Rules(machines=running.machines).set(
            ADA, replace(RULES, package="pyyaml", source="", evidence=("magic",), classes_refused=("79",))
        )
    assert {p.pointer for p in error.value.problems} == {"/package", "/source", "/evidence", "/classes_refused"}


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet='a"\\{}[],: \n\u00e9', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='ab"\\ ', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(TREES, max_size=6), TREES, st.integers(1, 3), st.sampled_from([None, 1]))
def test_items_read_one_by_one_are_those_of_the_whole(items: list[Any], beside: Any, most: int, indent: Any) -> None:
    whole = {"version": "2.1.0", "beside": beside, "runs": [{"tool": beside, "results": items, "after": beside}]}
    source = stream.Bytes(json.dumps(whole, indent=indent).encode())
    plan = stream.survey(source)
    found, at = [], plan.parts[0].first
    while at is not None:
        held = stream.items(source, at, most=most)
        found += [json.loads(one) for one in held.items]
        at = held.next
    assert found == items
    assert json.loads(b"{" + stream.beside(source, plan.parts[0]) + b"}") == {"tool": beside, "after": beside}


@given(st.binary(max_size=60), st.integers(0, 200))
def test_strange_bytes_are_a_plan_or_a_list_of_problems(noise: bytes, cut: int) -> None:
    for data in (noise, log(1)[:cut] + noise):
        with suppress(Invalid):
            plan = stream.survey(stream.Bytes(data))
            for part in plan.parts:
                assert len(stream.items(stream.Bytes(data), part.first, most=3).items) <= 3


class Repeated:
    """A log of a hundred megabytes that is never whole in memory."""

    HEAD, ONE = b'{"version":"2.1.0","runs":[{"results":[', b'{"message":{"text":"' + b"x" * 1000 + b'"}},'
    TAIL = b"null]}]}"

    def __init__(self, number: int) -> None:
        self.size = len(self.HEAD) + number * len(self.ONE) + len(self.TAIL)
        self.number = number

    def read(self, start: int, size: int) -> bytes:
        body = len(self.HEAD) + self.number * len(self.ONE)
        if start < len(self.HEAD):
            return self.HEAD[start : start + size]
        if start >= body:
            return self.TAIL[start - body : start - body + size]
        offset = (start - len(self.HEAD)) % len(self.ONE)
        return (self.ONE * 200)[offset : offset + min(size, body - start)]


def test_memory_is_bounded_by_a_piece_whatever_the_size() -> None:
    source = Repeated(20_000)
    tracemalloc.start()
    plan = stream.survey(source)
    slice_ = stream.items(source, plan.parts[0].first, most=250)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.size > 20_000_000
    assert len(slice_.items) == 250
    assert peak < 4_000_000
