"""Standing: beta-binomial rates, an appeal that changes the counts, and a priority that never looks."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import accountability as rules
from comity.clearing import capacity, flow, prioritise, ssvc, validate
from comity.clearing.desk import Accepted, Refused
from comity.clearing.desk_priority import Priorities
from comity.clearing.desk_standing import Standings
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import recipe as recipes
from comity.model.case import Closing
from comity.model.ids import CaseId, PartyId, ReportId
from comity.model.party import Person, Role
from comity.model.report import AiModel, AiUse, Finding, Known, Provenance
from comity.model.severity import CvssVersion, Severity
from comity.model.standing import Fact, Rate
from comity.store import cases, parties
from comity.store import standing as store
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator, host

ADA = coordinator("ada")
AT = datetime(2026, 6, 10, 9, tzinfo=UTC)
HIGH = Severity(version=CvssVersion.V3_1, vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
USE = AiUse(
    used=Known.YES, models=(AiModel(name="example-model", version="3"),), harness="seeker", harness_version="1.2"
)
BY_MODEL = replace(FINDING, provenance=Provenance(discovery=USE), severities=(HIGH,))


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path, run=False) as held:
        with held.machines.store.write() as tx:
            for viewer in (LAB, RIVAL):
                person = Person(
                    id=viewer.person, name=viewer.person, organisation=viewer.organisation, roles=viewer.roles
                )
                parties.add_person(tx, person, login=viewer.person, password_hash=None)
        yield held


def send(comity: Host, finding: Finding = BY_MODEL, *, viewer=LAB, works: bool = True) -> tuple[ReportId, CaseId]:
    (answer,) = comity.desk.submit(viewer, [document(finding)])
    assert isinstance(answer, Accepted)
    comity.laboratory.fires = {} if works else dict.fromkeys(("vulnerable",), False)
    for case, report in flow.screen(comity.machines, [answer.report]):
        trial = flow.run(comity.machines, CaseId(case), ReportId(report))
        flow.judge(comity.machines, CaseId(case), ReportId(report), trial)
        flow.order(comity.machines, CaseId(case), report)
    with comity.machines.store.read() as tx:
        case_, _ = flow.report_with_case(tx, answer.report)
    assert case_ is not None
    Standings(machines=comity.machines).react(case_.id)
    return answer.report, case_.id


def bad_record(comity: Host, number: int, *, organisation: str = "lab") -> None:
    """So many decided reports that did not hold, put into the store as if they had been counted."""
    report, _ = send(comity)
    with comity.machines.store.write() as tx:
        from sqlalchemy import insert, select

        from comity.store import tables

        row = tx.connection.execute(select(tables.reports).where(tables.reports.c.id == report)).mappings().one()
        for one in range(number):
            id_ = f"R-BAD-{one}"
            values = {**row, "id": id_, "receipt_mark": id_, "organisation": organisation}
            tx.connection.execute(insert(tables.reports).values(**values))
            store.keep(
                tx,
                Fact(
                    report=ReportId(id_), organisation=PartyId(organisation), tool="", valid=False, duplicate=False,
                    overstated=None,
                ),
            )  # fmt: skip


def test_the_interval_is_that_of_the_beta_distribution_under_the_stated_prior() -> None:
    assert (Rate(hits=0, trials=0).mean, Rate(hits=8, trials=10).mean) == (0.5, 0.75)
    assert (round(Rate(hits=0, trials=0).low, 3), round(Rate(hits=0, trials=0).high, 3)) == (0.025, 0.975)
    one = Rate(hits=8, trials=10)  # R: qbeta(c(.025, .975), 9, 3)
    assert (round(one.low, 4), round(one.high, 4)) == (0.4822, 0.9398)


@given(st.integers(0, 60), st.integers(0, 60))
def test_an_interval_holds_its_mean_and_narrows_with_more_reports(hits: int, more: int) -> None:
    rate = Rate(hits=hits, trials=hits + more)
    assert 0 <= rate.low < rate.mean < rate.high <= 1
    double = Rate(hits=2 * hits, trials=2 * (hits + more))
    assert double.high - double.low <= rate.high - rate.low + 1e-9


def test_what_is_undecided_is_in_no_rate_and_newcomers_are_not_steered() -> None:
    open_ = Fact(report=ReportId("R"), organisation=PartyId("o"), tool="", valid=None, duplicate=False, overstated=None)
    found = rules.rates([open_] * 9)
    assert (found.precision.trials, found.duplicates.trials) == (0, 9)
    assert rules.steer(found) == rules.steer(rules.rates(()))
    wrong = [replace(open_, valid=False)] * 4
    assert not rules.steer(rules.rates(wrong)).thorough
    assert rules.steer(rules.rates(wrong * 2)).thorough
    assert rules.steer(rules.rates(wrong * 10)).daily == rules.SLOW_DAILY


def test_a_report_counts_for_its_party_and_for_its_model_with_harness(comity: Host) -> None:
    send(comity)
    found = Standings(machines=comity.machines).show(LAB)
    assert [(line.name, line.is_tool) for line in found.lines] == [
        ("lab", False),
        ("example-model 3 in seeker 1.2", True),
    ]
    assert [line.rates.precision for line in found.lines] == [Rate(hits=1, trials=1)] * 2
    assert [one.valid for one in found.facts] == [True]


def test_nobody_sees_anothers_standing(comity: Host) -> None:
    send(comity)
    found = Standings(machines=comity.machines).show(RIVAL)
    assert [(line.name, line.rates.precision.trials) for line in found.lines] == [("rival", 0)]
    assert found.facts == found.appeals == ()
    everybody = Standings(machines=comity.machines).show(ADA)
    assert everybody.facts == ()
    assert "lab" in {line.name for line in everybody.lines}


def test_a_withheld_case_is_in_no_coordinators_count(comity: Host) -> None:
    _, case = send(comity)
    with comity.machines.store.write() as tx:
        cases.withhold(tx, case, withheld=True)
    assert Standings(machines=comity.machines).show(ADA).lines == ()
    assert Standings(machines=comity.machines).show(LAB).facts != ()


def test_an_upheld_appeal_by_a_named_person_changes_the_counts_and_stays(comity: Host) -> None:
    desk = Standings(machines=comity.machines)
    report, case = send(comity, works=False)
    comity.desk.close(ADA, case, Closing.NOT_REPRODUCED)
    desk.react(case)
    assert desk.show(LAB).lines[0].rates.precision == Rate(hits=0, trials=1)
    with pytest.raises(Missing):
        desk.appeal(RIVAL, report, "valid", "it is mine")
    held = desk.appeal(LAB, report, "valid", "the fixed version was the wrong one")
    with pytest.raises(Conflict):
        desk.appeal(LAB, report, "valid", "again")
    with pytest.raises(Conflict):
        desk.appeal(LAB, report, "severity", "nothing is overstated")
    with pytest.raises(Forbidden):
        desk.decide(LAB, held.id, upheld=True, reason="we agree with ourselves")
    own = replace(ADA, organisation=LAB.organisation)
    with pytest.raises(Forbidden):
        desk.decide(own, held.id, upheld=True, reason="we agree with ourselves")
    with pytest.raises(Invalid):
        desk.decide(ADA, held.id, upheld=True, reason=" ")
    done = desk.decide(ADA, held.id, upheld=True, reason="the log shows it")
    assert (done.decided_by, done.upheld) == ("Ada", True)
    assert desk.show(LAB).lines[0].rates.precision == Rate(hits=1, trials=1)
    desk.react(case)  # counting anew never undoes a person's decision
    assert desk.show(LAB).lines[0].rates.precision == Rate(hits=1, trials=1)
    with pytest.raises(Conflict):
        desk.decide(ADA, held.id, upheld=False, reason="changed my mind")


def test_a_severity_above_a_coordinators_own_is_overstated(comity: Host) -> None:
    _, case = send(comity)
    Priorities(machines=comity.machines).answer(ADA, case, "assessed-severity", LOW, note="needs a local account")
    Standings(machines=comity.machines).react(case)
    assert Standings(machines=comity.machines).show(LAB).lines[0].rates.overstated == Rate(hits=1, trials=1)


def test_a_duplicate_counts_as_one_and_never_as_wrong(comity: Host) -> None:
    send(comity)
    send(comity, replace(BY_MODEL, summary="The same thing by somebody else"), viewer=RIVAL)
    (line, *_) = Standings(machines=comity.machines).show(RIVAL).lines
    assert (line.rates.duplicates, line.rates.precision) == (Rate(hits=1, trials=1), Rate(hits=1, trials=1))


# Steering ------------------------------------------------------------------------------------------------------------


def test_a_bad_record_doubles_the_controls_and_nothing_else() -> None:
    recipe = recipes.read(RECIPE)
    usual, close = validate.plan(recipe), validate.plan(recipe, thorough=True)
    count = {run.dress: sum(r.dress is run.dress for r in usual) for run in usual}
    more = {run.dress: sum(r.dress is run.dress for r in close) for run in close}
    assert set(count) == set(more)
    assert more["vulnerable"] == count["vulnerable"]
    assert all(more[dress] >= count[dress] for dress in count)
    assert len(close) > len(usual)


def test_a_very_bad_record_limits_reports_without_a_proof_and_never_those_with_one(comity: Host) -> None:
    bad_record(comity, 30)
    bare = [document(replace(FINDING, summary=f"Claim number {n}"), recipe=None) for n in range(3)]
    answers = comity.desk.submit(LAB, bare)
    assert {type(answer) for answer in answers} == {Refused}
    assert all("comity standing show" in answer.problems[0].reason for answer in answers if isinstance(answer, Refused))
    (proven,) = comity.desk.submit(LAB, [document(replace(FINDING, summary="A claim with its proof"))])
    assert isinstance(proven, Accepted)
    (other,) = comity.desk.submit(RIVAL, [document(replace(FINDING, summary="A claim of another"), recipe=None)])
    assert isinstance(other, Accepted)


def test_priority_and_queue_place_are_the_same_whoever_sent_it(tmp_path: Path) -> None:
    seen = []
    for name, record in (("spotless", 0), ("hopeless", 30)):
        with host(tmp_path / name, run=False) as comity:
            with comity.machines.store.write() as tx:
                person = Person(
                    id=LAB.person, name="lab-1", organisation=LAB.organisation, roles=frozenset({Role.SUBMITTER})
                )
                parties.add_person(tx, person, login="lab-1", password_hash=None)
            if record:
                bad_record(comity, record)
                with comity.machines.store.read() as tx:
                    assert store.counted(tx, LAB.organisation) == (1, 31)
            recipe = RECIPE.replace(b'args = ["x"]', b'args = ["other"]')
            other = replace(BY_MODEL, aliases=(), symbols=(), cwes=("CWE-400",), summary="Another weakness altogether")
            (answer,) = comity.desk.submit(LAB, [document(other, recipe=recipe)])
            assert isinstance(answer, Accepted)
            ((case, report),) = flow.screen(comity.machines, [answer.report])
            flow.judge(
                comity.machines,
                CaseId(case),
                ReportId(report),
                flow.run(comity.machines, CaseId(case), ReportId(report)),
            )
            flow.order(comity.machines, CaseId(case), report)
            priority = Priorities(machines=comity.machines).why(ADA, CaseId(case)).decided.priority
            facts = [(s.name, s.value, s.source) for s in priority.signals]
            seen.append((priority.band, priority.why_now, priority.trees, facts, prioritise.place(priority, AT)))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("module", [prioritise, ssvc, capacity])
def test_what_orders_cases_imports_nothing_of_standing(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())  # type: ignore[attr-defined]  # a module
    names = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom | ast.Import) for a in n.names}
    assert not {name for name in names if "standing" in name or "accountab" in name}
