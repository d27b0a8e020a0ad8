"""A finding with personal information on its way: held up, kept with a reason, published; and looks are noted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comity.errors import Conflict, Invalid, Missing
from comity.model.case import Stage
from comity.model.party import Viewer
from comity.model.report import Exposure, Known
from comity.store import shares
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, Host, coordinator, host
from tests.clearing.test_flow import wait_for

ADA: Viewer = coordinator("ada")
GRACE: Viewer = coordinator("grace")
TOLD = replace(
    FINDING,
    exposure=Exposure(public=Known.YES),
    description=f"{FINDING.description} Questions go to ada.sample@lab.example, please.",
)


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path) as running:
        yield running


def test_a_draft_with_an_address_waits_for_a_reason_and_the_submitter_sees_who_looked(comity: Host) -> None:
    comity.desk.submit(LAB, [document(TOLD)])
    wait_for(lambda: [row.stage for row in comity.desk.cases(ADA).rows] == [Stage.COORDINATING])
    case = comity.desk.cases(ADA).rows[0].id
    view = comity.desk.case(ADA, case)
    assert [(one.kind, one.field) for one in view.personal] == [("e-mail address", "details")]
    assert view.case.draft is not None
    with pytest.raises(Conflict, match="e-mail address in details") as refused:
        comity.desk.approve(ADA, case, view.case.draft)
    assert "ada.sample" not in str(refused.value)
    for text, reason in (("ada.sample@lab.example", "  "), ("nobody@lab.example", "published address")):
        with pytest.raises(Invalid):
            comity.desk.keep_personal(ADA, case, text, reason)
    comity.desk.keep_personal(ADA, case, "ada.sample@lab.example", "the finder asked for it to be public")
    for who in (ADA, GRACE):
        comity.desk.approve(who, case, view.case.draft)
    after = comity.desk.case(GRACE, case)
    assert after.personal == ()
    assert [one.reason for one in after.kept] == ["the finder asked for it to be public"]
    with comity.machines.store.read() as tx:
        looks = shares.looks(tx, LAB.organisation)
    assert {(one.person, one.what) for one in looks} == {(ADA.person, "read the case"), (GRACE.person, "read the case")}
    (report,) = view.reports
    assert {one.subject for one in looks} == {report.id}
    comity.desk.report(LAB, report.id)
    with comity.machines.store.read() as tx:
        assert shares.looks(tx, LAB.organisation) == looks, "one's own looks are not noted"
    with pytest.raises(Missing):
        comity.desk.keep_personal(ADA, "C-0000-0000-0000", "x", "y")
