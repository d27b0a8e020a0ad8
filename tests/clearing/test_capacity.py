"""Capacity contracts on a whole host: entered, confirmed, planned in one transaction, and durable by the clock."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from comity.clearing import flow, flow_capacity
from comity.clearing.capacity import Hold, Wish, near, soon
from comity.clearing.desk import Accepted
from comity.clearing.desk_capacity import Capacity
from comity.durable.engine import launch
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.case import Closing
from comity.model.ids import CaseId, PartyId, ReportId
from comity.model.party import Person, Role, Viewer
from comity.model.report import Exploitation, Exposure, Finding
from comity.store import capacity as store
from comity.store import cases, journal, parties
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING, without_alias
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator, host

ADA = coordinator("ada")
TEAM = replace(LAB, person=PartyId("tim"), organisation=PartyId("rival"), roles=frozenset({Role.MAINTAINER}))
WISH = Wish(
    maintainer="The YAML team", packages=["pkg:pypi/PyYAML"], weekly=1, on_word="mail of 3 June from their list"
)


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path, run=False) as held:
        with held.machines.store.write() as tx:
            for person, org, roles in (("lab-1", "lab", {Role.SUBMITTER}), ("tim", "rival", {Role.MAINTAINER})):
                parties.add_person(
                    tx,
                    Person(id=PartyId(person), name=person, organisation=PartyId(org), roles=frozenset(roles)),
                    login=person,
                    password_hash=None,
                )
        yield held


def desk(comity: Host) -> Capacity:
    return Capacity(machines=comity.machines, control=comity.desk.control)


def case_of(comity: Host, finding: Finding) -> CaseId:
    own = RECIPE.replace(b'args = ["x"]', f'args = ["{finding.summary[-1]}"]'.encode())  # a proof of its own
    (answer,) = comity.desk.submit(LAB, [document(finding, recipe=own)])
    assert isinstance(answer, Accepted)
    name = answer.report
    ((case, _),) = flow.screen(comity.machines, [ReportId(name)])
    trial = flow.run(comity.machines, CaseId(case), ReportId(name))
    flow.judge(comity.machines, CaseId(case), ReportId(name), trial)
    flow.order(comity.machines, CaseId(case), name)
    return CaseId(case)


def another(number: int, **more: object) -> Finding:
    """A finding about the same package that is no duplicate of the others."""
    symbol = replace(FINDING.symbols[0], file=f"yaml/part{number}.py", function=f"part_{number}")
    texts = {"summary": f"Weakness number {number} in part {number}", "description": f"Part {number} fails."}
    return replace(without_alias(), symbols=(symbol,), cwes=("CWE-400",), **texts, **more)  # type: ignore[arg-type]  # its own fields


def three(comity: Host) -> list[CaseId]:
    made = [case_of(comity, replace(another(n), affected=FINDING.affected)) for n in range(3)]
    assert len(set(made)) == 3
    return made


def released(comity: Host, contract: str) -> list[CaseId]:
    with comity.machines.store.read() as tx:
        since = comity.clock.now() - timedelta(days=60)
        return [case for case, *_ in store.released(tx, contract, since=since)]


def test_a_contract_is_entered_on_somebodys_word_and_the_queue_behind_it_is_honest(comity: Host) -> None:
    cases_ = three(comity)
    contract = desk(comity).enter(ADA, WISH)
    assert contract.confirmed == ("pkg:pypi/pyyaml",)
    found = desk(comity).queue(ADA, contract.id)
    assert len(found.released) == 1
    assert [line.position for line in found.lines] == [1, 2]
    assert [line.expected for line in found.lines] == [date(2026, 6, 15), date(2026, 6, 22)]
    assert {line.hold for line in found.lines} == {Hold.WEEK}
    assert {line.case for line in found.lines} | {one.case for one in found.released} == set(cases_)


def test_a_submitter_hears_where_their_own_report_stands_in_steps_and_nothing_of_others(comity: Host) -> None:
    held = three(comity)
    contract = desk(comity).enter(ADA, WISH)
    (gone,) = released(comity, contract.id)
    told = {case: desk(comity).standing(LAB, report_of(comity, case)) for case in held}
    assert told.pop(gone)[0].gone_at is not None
    for (one,) in told.values():
        assert (one.gone_at, one.near, one.why) == (None, "among the first five", "this week's budget is used up")
    assert sorted(one.soon for (one,) in told.values()) == ["this week or the next", "within five weeks"]
    with pytest.raises(Missing):
        desk(comity).standing(RIVAL, report_of(comity, gone))
    waits = next(iter(told))
    with comity.machines.store.write() as tx:
        cases.withhold(tx, waits, withheld=True)
    assert desk(comity).standing(LAB, report_of(comity, waits)) == ()


def test_a_case_that_age_has_moved_forward_says_so(comity: Host) -> None:
    held = three(comity)
    desk(comity).enter(ADA, replace(WISH, weekly=0))
    assert not desk(comity).standing(LAB, report_of(comity, held[0]))[0].is_raised
    comity.clock.jump_to(comity.clock.now() + timedelta(days=60))
    (one,) = desk(comity).standing(LAB, report_of(comity, held[0]))
    assert (one.is_raised, one.soon, one.why) == (True, "unknown", "the contract takes no new case")


def test_a_place_in_words_is_no_finer_than_its_step() -> None:
    assert [near(place) for place in (None, 1, 5, 6, 20, 21)] == [
        "",
        "among the first five",
        "among the first five",
        "among the first twenty",
        "among the first twenty",
        "further back",
    ]
    monday = date(2026, 6, 15)
    weeks = [soon(monday + timedelta(weeks=n), monday) for n in (0, 1, 2, 4, 5)]
    assert weeks == ["this week or the next"] * 2 + ["within five weeks"] * 2 + ["later"]
    assert soon(None, monday) == "unknown"


def report_of(comity: Host, case: CaseId) -> ReportId:
    with comity.machines.store.read() as tx:
        return cases.get(tx, case, flow.FLOW).reports[0]


def test_a_release_is_journalled_once_however_often_it_is_planned(comity: Host) -> None:
    three(comity)
    contract = desk(comity).enter(ADA, WISH)
    (case,) = released(comity, contract.id)
    for _ in range(3):
        flow_capacity.planned(comity.machines, contract.id)
        desk(comity).react(case)
    with comity.machines.store.read() as tx:
        noted = [e for e in journal.about(tx, contract.id) if e.event.kind == "intake.released"]
        assert flow_capacity.released(tx, case)
        assert not all(flow_capacity.released(tx, one) for one in cases_ids(comity))
    assert len(noted) == 1
    assert noted[0].event.facts["reason"] == "within the budget"


def cases_ids(comity: Host) -> list[CaseId]:
    return [row.id for row in comity.desk.cases(ADA).rows]


def test_only_a_reason_that_the_contract_names_passes_a_full_week(comity: Host) -> None:
    three(comity)
    wish = replace(WISH, escalates=["stated"])
    contract = desk(comity).enter(ADA, wish)
    loud = case_of(comity, another(7, exposure=Exposure(exploitation=Exploitation.ACTIVE), affected=FINDING.affected))
    desk(comity).react(loud)
    assert loud in released(comity, contract.id)
    found = desk(comity).queue(ADA, contract.id)
    assert (found.plan.used, found.plan.escalated) == (2, 1)


def test_a_case_that_is_closed_leaves_the_queue(comity: Host) -> None:
    three(comity)
    contract = desk(comity).enter(ADA, WISH)
    first = desk(comity).queue(ADA, contract.id).lines[0].case
    comity.desk.close(ADA, first, Closing.WITHDRAWN)
    desk(comity).react(first)
    assert first not in {line.case for line in desk(comity).queue(ADA, contract.id).lines}


def test_a_withheld_case_is_in_no_queue_and_in_no_count(comity: Host) -> None:
    three(comity)
    contract = desk(comity).enter(ADA, WISH)
    before = desk(comity).queue(ADA, contract.id)
    gone, done = before.lines[0].case, before.released[0].case
    with comity.machines.store.write() as tx:
        cases.withhold(tx, gone, withheld=True)
        cases.withhold(tx, done, withheld=True)
        assert flow_capacity.released(tx, gone)
    after = desk(comity).queue(ADA, contract.id)
    assert {gone, done}.isdisjoint({line.case for line in after.lines} | {one.case for one in after.released})
    assert desk(comity).queue(their_own(contract.id, comity), contract.id).bands == after.bands


def their_own(contract: str, comity: Host) -> Viewer:
    with comity.machines.store.write() as tx:
        held = store.newest(tx, contract)
        store.keep(tx, replace(held, version=held.version + 1, organisation=PartyId("rival")))
    return TEAM


def test_what_a_maintainer_enters_waits_for_a_coordinator_who_knows_whose_packages_they_are(comity: Host) -> None:
    three(comity)
    contract = desk(comity).enter(TEAM, replace(WISH, weekly=0, on_word="ignored"))
    assert (contract.confirmed, contract.on_word, contract.organisation) == ((), "", "rival")
    with comity.machines.store.read() as tx:
        assert all(flow_capacity.released(tx, one) for one in cases_ids(comity))  # nobody is held by a stranger's word
    with pytest.raises(Forbidden):
        desk(comity).confirm(TEAM, contract.id)
    desk(comity).confirm(ADA, contract.id)
    with comity.machines.store.read() as tx:
        assert not any(flow_capacity.released(tx, one) for one in cases_ids(comity))
    more = replace(WISH, packages=["pkg:pypi/pyyaml", "pkg:pypi/other"])
    assert desk(comity).enter(TEAM, more, id_=contract.id).confirmed == ("pkg:pypi/pyyaml",)


def test_a_maintainer_meets_places_and_never_a_case_or_anothers_contract(comity: Host) -> None:
    three(comity)
    contract = desk(comity).enter(ADA, WISH, organisation="rival")
    found = desk(comity).queue(TEAM, contract.id)
    assert [(line.position, line.case, line.detail, line.expected) for line in found.lines] == [
        (1, "", "", date(2026, 6, 15)),
        (2, "", "", date(2026, 6, 22)),
    ]
    assert found.titles == {}
    assert dict(found.bands) == {"STANDARD": 2}
    other = desk(comity).enter(ADA, WISH)
    with pytest.raises(Missing):
        desk(comity).queue(TEAM, other.id)
    with pytest.raises(Missing):
        desk(comity).enter(TEAM, WISH, id_=other.id)
    assert [one.id for one in desk(comity).contracts(TEAM)] == [contract.id]


def test_a_coordinator_without_anybodys_word_enters_nothing(comity: Host) -> None:
    with pytest.raises(Invalid) as refused:
        desk(comity).enter(ADA, replace(WISH, on_word=" "))
    assert refused.value.problems[0].pointer == "/on_word"
    with pytest.raises(Forbidden):
        desk(comity).enter(LAB, WISH)


def test_two_changes_of_one_version_are_a_conflict(comity: Host) -> None:
    contract = desk(comity).enter(ADA, WISH)
    with comity.machines.store.write() as tx, pytest.raises(Conflict):
        store.keep(tx, contract)


def test_the_clock_releases_the_next_one_when_the_next_week_begins(tmp_path: Path) -> None:
    with host(tmp_path, run=False) as comity:
        three(comity)
        contract = desk(comity).enter(ADA, WISH)
        assert len(released(comity, contract.id)) == 1
        settings = comity.machines.settings
        flows = flow_capacity.flows(comity.machines, comity.desk.control)
        running = launch(settings, flows, clock=comity.clock, poll=timedelta(milliseconds=50))
        try:
            for number, day in ((2, 15), (3, 22)):
                comity.clock.jump_to(datetime(2026, 6, day, 0, 1, tzinfo=comity.clock.now().tzinfo))
                running.wake()
                tick = threading.Event()
                for _ in range(400):
                    if len(released(comity, contract.id)) == number:
                        break
                    tick.wait(0.05)
                assert len(released(comity, contract.id)) == number
        finally:
            running.stop()
