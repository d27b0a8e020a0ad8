"""Merging and splitting cases: nothing is lost, everything can be undone, and each keeps who, when and why."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comity.clearing import flow
from comity.clearing.desk_regroup import Regroup
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.case import Closing, Stage
from comity.model.events import Kind
from comity.model.product import Symbol
from comity.model.report import Exposure, Known
from comity.store import cases, journal, reports
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING, without_alias
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator, further, host

ADA = coordinator("ada")
GRACE = coordinator("grace")
OTHER = replace(
    without_alias(),
    summary="a second fault in the same file",
    symbols=(Symbol(file="yaml/constructor.py", function="construct_scalar"),),
    exposure=Exposure(public=Known.YES),
)


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[tuple[Regroup, Host]]:
    with host(tmp_path) as running:
        yield further(running.machines, running.desk.control)["regroup"], running


def waited(truth: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (found := truth()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def two(running: Host) -> tuple[Any, Any]:
    """Two cases in coordination, each with a report that was reproduced."""
    running.desk.submit(LAB, [document(FINDING)])
    waited(lambda: [r for r in running.desk.cases(ADA).rows if r.stage is Stage.COORDINATING])
    running.desk.submit(RIVAL, [document(OTHER, recipe=RECIPE.replace(b'args = ["x"]', b'args = ["y"]'))])
    rows = waited(
        lambda: (
            found
            if len(found := [r for r in running.desk.cases(ADA).rows if r.stage is Stage.COORDINATING]) == 2
            else None
        )
    )
    return rows[1], rows[0]


def test_likeness_links_and_a_person_merges_with_a_reason_that_both_cases_keep(comity) -> None:
    regroup, running = comity
    first, second = two(running)
    (beside,) = regroup.beside(ADA, second.id).others
    assert beside.case == first.id
    assert not beside.identity
    assert "for: same file" in beside.reasons
    assert {line.name for line in beside.lines if line.same} >= {"product", "weakness class"}
    taken = regroup.merge(ADA, first.id, second.id, reason="one missing check, one fix")
    assert len(taken.reports) == 2
    assert taken.merges[-1][1][-1] == "merged by Ada: one missing check, one fix"
    assert taken.regroupings[-1].kind == "merged"
    with running.machines.store.read() as tx:
        gone = cases.get(tx, second.id, flow.FLOW)
        kinds = [e.event.kind for e in journal.about(tx, first.id)]
    assert (gone.stage, gone.closing, gone.reports) == (Stage.CLOSED, Closing.DUPLICATE, ())
    assert gone.regroupings[-1].other == first.id
    assert Kind.CASE_MERGED in kinds


def test_a_merge_is_undone_by_a_split_and_each_report_keeps_its_verdict_time_and_credit(comity) -> None:
    regroup, running = comity
    first, second = two(running)
    with running.machines.store.read() as tx:
        before = {r: reports.get(tx, r, flow.FLOW) for c in (first, second) for r in cases.get(tx, c.id, ADA).reports}
        moved = cases.get(tx, second.id, ADA).reports
    regroup.merge(ADA, first.id, second.id, reason="looked the same")
    rest, new = regroup.split(GRACE, first.id, moved, reason="two checks are missing, not one")
    assert new.reports == moved
    assert new.stage is Stage.VALID
    assert [v.report for v in new.validations] == list(moved)
    assert rest.links[-1].cases == (new.id,)
    assert new.links[0].reasons == ("split apart: two checks are missing, not one",)
    with running.machines.store.read() as tx:
        assert {r: reports.get(tx, r, flow.FLOW) for r in before} == before
    waited(lambda: running.desk.case(ADA, new.id).case.stage is Stage.COORDINATING)
    figures = regroup.beside(ADA, first.id).figures
    assert (figures.merges, figures.splits, figures.reversed) == (1, 1, 0)


def test_undoing_a_merge_of_the_machine_is_counted(comity) -> None:
    regroup, running = comity
    running.desk.submit(LAB, [document(FINDING)])
    waited(lambda: [r for r in running.desk.cases(ADA).rows if r.stage is Stage.COORDINATING])
    running.desk.submit(RIVAL, [document(replace(FINDING, description="seen elsewhere"))])
    waited(lambda: running.desk.reports(RIVAL)[0][0].outcome.startswith("a duplicate"))
    (row,) = running.desk.cases(ADA).rows
    second = running.desk.case(ADA, row.id).case.reports[1]
    regroup.split(ADA, row.id, [second], reason="another flaw behind one identifier")
    figures = regroup.beside(ADA, row.id).figures
    assert (figures.automatic, figures.reversed) == (1, 1)
    assert not running.desk.reports(RIVAL)[0][0].outcome.startswith("a duplicate")


def test_approvals_do_not_survive_a_merge(comity) -> None:
    regroup, running = comity
    first, second = two(running)
    draft = running.desk.case(ADA, first.id).case.draft
    for viewer in (ADA, GRACE):
        running.desk.approve(viewer, first.id, draft)
    taken = regroup.merge(ADA, first.id, second.id, reason="one fix")
    assert taken.draft != draft
    with pytest.raises(Conflict):
        running.desk.publish(ADA, first.id)


def test_what_cannot_be_merged_or_split_says_why(comity) -> None:
    regroup, running = comity
    first, second = two(running)
    with pytest.raises(Invalid):
        regroup.merge(ADA, first.id, second.id, reason=" ")
    with pytest.raises(Conflict, match="itself"):
        regroup.merge(ADA, first.id, first.id, reason="why")
    held = running.desk.case(ADA, first.id).case
    with pytest.raises(Conflict, match="leave at least one"):
        regroup.split(ADA, first.id, held.reports, reason="why")
    with pytest.raises(Conflict, match="does not hold"):
        regroup.split(ADA, first.id, running.desk.case(ADA, second.id).case.reports, reason="why")
    with pytest.raises(Missing):
        regroup.merge(ADA, first.id, "C-0000-0000-0000", reason="why")
    running.desk.close(ADA, second.id, Closing.OUT_OF_SCOPE)
    with pytest.raises(Conflict, match="closed"):
        regroup.merge(ADA, first.id, second.id, reason="why")
    with pytest.raises(Forbidden):
        regroup.merge(LAB, first.id, second.id, reason="why")


def test_the_case_further_along_takes_the_other_in(comity) -> None:
    regroup, running = comity
    running.desk.submit(LAB, [document(FINDING)])
    far = waited(lambda: [r for r in running.desk.cases(ADA).rows if r.stage is Stage.COORDINATING])[0]
    running.desk.submit(RIVAL, [document(OTHER, recipe=None)])
    near = waited(lambda: [r for r in running.desk.cases(ADA).rows if r.stage is Stage.NEEDS_INFO])[0]
    with pytest.raises(Conflict, match="the other way round"):
        regroup.merge(ADA, near.id, far.id, reason="why")
    assert len(regroup.merge(ADA, far.id, near.id, reason="why").reports) == 2
    with pytest.raises(Conflict, match="stands on the proof"):
        regroup.split(ADA, far.id, running.desk.case(ADA, far.id).case.reports[:1], reason="why")


def test_a_withheld_case_is_laid_beside_nothing_for_who_is_not_read_in(comity) -> None:
    regroup, running = comity
    first, second = two(running)
    with running.machines.store.write() as tx:
        cases.withhold(tx, first.id, withheld=True)
    assert regroup.beside(ADA, second.id).others == ()
    with pytest.raises(Missing):
        regroup.merge(ADA, second.id, first.id, reason="why")
