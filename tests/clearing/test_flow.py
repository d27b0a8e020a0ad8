"""A finding travels from its receipt to a published advisory, durably, and nobody sees what is not theirs."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.clearing import flow
from comity.clearing.desk import Accepted, Checked, Document, Refused
from comity.errors import Conflict, Forbidden, Missing, Unauthenticated
from comity.model.case import Closing, Stage
from comity.model.evidence import NeedsPerson, NotReproduced, Reproduced
from comity.model.handling import Tlp
from comity.model.party import ANONYMOUS
from comity.model.report import Exposure, Known
from comity.store import journal, published
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator, host

ADA = coordinator("ada")
GRACE = coordinator("grace")
PUBLIC = replace(FINDING, exposure=Exposure(public=Known.YES))


@pytest.fixture
def comity(tmp_path):
    with host(tmp_path) as running:
        yield running


def wait_for(truth, *, seconds=20.0):
    """Look every 20 ms until it is true."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if truth():
            return
        tick.wait(0.02)
    raise AssertionError("waited in vain")


def send(comity: Host, *findings, viewer=LAB, **kwargs):
    return comity.desk.submit(viewer, [document(f, **kwargs) for f in findings])


def only_case(comity: Host, *stages: Stage):
    def there():
        rows = comity.desk.cases(ADA).rows
        return len(rows) == 1 and rows[0].stage in stages and rows[0].band

    wait_for(there)
    return comity.desk.case(ADA, comity.desk.cases(ADA).rows[0].id)


def approved(comity: Host):
    view = only_case(comity, Stage.COORDINATING)
    comity.desk.approve(ADA, view.case.id, view.case.draft)
    comity.desk.approve(GRACE, view.case.id, view.case.draft)
    return view.case.id


def test_a_report_becomes_a_validated_case_with_a_draft(comity):
    (answer,) = send(comity, FINDING)
    assert isinstance(answer, Accepted)
    view = only_case(comity, Stage.COORDINATING)
    assert isinstance(view.case.verdict, Reproduced)
    assert view.verdicts == (
        (
            "Reproduced (E3): vulnerable 3/3, fixed 0/3, control (fixed code labelled as the vulnerable version) 0/2, "
            "control (vulnerable code labelled as the fixed version) 2/2."
        ),
    )
    assert view.draft is not None
    assert timedelta(days=30) <= view.case.embargo_until - view.case.validations[-1].at < timedelta(days=30, minutes=1)
    kinds = [m.kind for m in view.history]
    assert kinds == ["case.opened", "report.deconflicted", "case.validated", "case.prioritised", "draft.made"]


def test_equal_bytes_from_one_organisation_get_the_earlier_receipt(comity):
    (first,) = send(comity, FINDING)
    (again,) = send(comity, FINDING)
    assert again.repeat
    assert again.receipt == first.receipt
    assert len(comity.desk.reports(LAB)[0]) == 1


def test_another_party_with_the_same_weakness_joins_the_case_and_hears_only_that(comity):
    send(comity, FINDING)
    only_case(comity, Stage.COORDINATING)
    send(comity, replace(FINDING, description="seen from elsewhere"), viewer=RIVAL)
    wait_for(lambda: comity.desk.reports(RIVAL)[0][0].outcome != "waiting to be screened")
    row = comity.desk.reports(RIVAL)[0][0]
    assert row.outcome == "a duplicate of one already held"
    assert row.case is None
    view = only_case(comity, Stage.COORDINATING)
    assert len(view.case.reports) == 2
    assert view.reasons


def test_a_report_without_a_recipe_needs_a_person_and_is_never_called_low(comity):
    send(comity, FINDING, recipe=None)
    view = only_case(comity, Stage.NEEDS_INFO)
    assert isinstance(view.case.verdict, NeedsPerson)
    assert view.case.priority.band == "NEEDS-INFO"


def test_a_proof_that_fires_on_the_fixed_build_is_not_reproduced(comity):
    comity.laboratory.fires = {"fixed": True}
    send(comity, FINDING)
    view = only_case(comity, Stage.NOT_REPRODUCED)
    assert isinstance(view.case.verdict, NotReproduced)


def test_a_second_proof_may_save_a_case_that_was_not_reproduced(comity):
    comity.laboratory.fires = {"vulnerable": False}
    send(comity, FINDING)
    only_case(comity, Stage.NOT_REPRODUCED)
    comity.laboratory.fires = {}
    send(comity, replace(FINDING, description="with a better proof"), viewer=RIVAL)
    view = only_case(comity, Stage.COORDINATING)
    assert [type(v.verdict) for v in view.case.validations] == [NotReproduced, Reproduced]


def test_a_proof_about_another_package_than_the_claim_needs_a_person(comity):
    other = replace(FINDING.affected[0], purl="pkg:pypi/requests", name="requests")
    send(comity, replace(FINDING, affected=(other,)))
    view = only_case(comity, Stage.NEEDS_INFO)
    assert "another package" in view.verdicts[-1]


def test_two_people_and_the_end_of_the_embargo_publish(comity):
    send(comity, FINDING)
    case = approved(comity)
    said = comity.desk.publish(ADA, case)
    assert "when the embargo ends" in said
    assert comity.desk.case(ADA, case).case.stage is Stage.READY
    comity.clock.jump_to(comity.clock.now() + timedelta(days=29))
    threading.Event().wait(0.5)
    assert comity.desk.case(ADA, case).case.stage is Stage.READY
    comity.clock.jump_to(comity.clock.now() + timedelta(days=2))
    view = only_case(comity, Stage.PUBLISHED)
    with comity.machines.store.read() as tx:
        advisory = published.get(tx, view.case.advisory, ANONYMOUS)
    assert advisory.approved_by == "Approved by Ada and Grace."
    assert advisory.published_at >= view.case.embargo_until


def test_what_is_public_already_is_published_at_once_after_approval(comity):
    send(comity, PUBLIC)
    case = approved(comity)
    comity.desk.publish(ADA, case)
    only_case(comity, Stage.PUBLISHED)


def test_one_person_is_not_enough(comity):
    send(comity, PUBLIC)
    view = only_case(comity, Stage.COORDINATING)
    comity.desk.approve(ADA, view.case.id, view.case.draft)
    with pytest.raises(Conflict, match="1 more named"):
        comity.desk.publish(ADA, view.case.id)


def test_a_closed_case_is_not_published_by_a_waiting_flow(comity):
    send(comity, FINDING)
    case = approved(comity)
    comity.desk.publish(ADA, case)
    comity.desk.close(ADA, case, Closing.NOT_A_VULNERABILITY)
    comity.clock.jump_to(comity.clock.now() + timedelta(days=60))
    threading.Event().wait(0.7)
    assert comity.desk.case(ADA, case).case.stage is Stage.CLOSED
    with comity.machines.store.read() as tx:
        assert not published.page(tx, flow.FLOW).items


def test_a_new_fact_about_a_closed_case_opens_a_linked_one(comity):
    send(comity, FINDING)
    case = only_case(comity, Stage.COORDINATING).case
    comity.desk.close(ADA, case.id, Closing.NOT_A_VULNERABILITY)
    send(comity, replace(FINDING, description="once more"), viewer=RIVAL)
    wait_for(lambda: len(comity.desk.cases(ADA).rows) == 2)
    newer = comity.desk.cases(ADA).rows[0].id
    assert comity.desk.case(ADA, newer).case.links[0].cases == (case.id,)


def test_a_broken_document_is_refused_with_pointers_and_the_others_are_kept(comity):
    answers = comity.desk.submit(LAB, [Document(name="broken.json", data=b'{"schema": 1}'), document(FINDING)])
    assert isinstance(answers[0], Refused)
    assert answers[0].problems
    assert isinstance(answers[1], Accepted)
    assert len(comity.desk.reports(LAB)[0]) == 1


def test_a_dry_run_stores_nothing(comity):
    (answer,) = comity.desk.submit(LAB, [document(FINDING)], dry_run=True)
    assert isinstance(answer, Checked)
    assert comity.desk.reports(LAB)[0] == ()


def test_a_receipt_is_a_capability_and_an_unknown_one_is_missing(comity):
    (answer,) = send(comity, FINDING)
    only_case(comity, Stage.COORDINATING)
    assert comity.desk.status(answer.receipt).status == "done"
    with pytest.raises(Missing):
        comity.desk.status("SUB-" + "0" * 32)


def test_hidden_and_missing_are_the_same(comity):
    (answer,) = send(comity, FINDING)
    view = only_case(comity, Stage.COORDINATING)
    with pytest.raises(Missing) as hidden:
        comity.desk.report(RIVAL, answer.report)
    with pytest.raises(Missing) as missing:
        comity.desk.report(RIVAL, "R-0000-0000-0000")
    assert str(hidden.value).replace(answer.report, "") == str(missing.value).replace("R-0000-0000-0000", "")
    for call in (comity.desk.case, comity.desk.preview):
        with pytest.raises(Forbidden):
            call(LAB, view.case.id)
        with pytest.raises(Unauthenticated):
            call(ANONYMOUS, view.case.id)


def test_the_journal_and_the_engine_hold_no_report_text(comity, tmp_path):
    secret = "an unmistakable sentence"
    send(comity, replace(FINDING, summary=secret, description=secret))
    only_case(comity, Stage.COORDINATING)
    with comity.machines.store.read() as tx:
        assert secret not in repr(journal.after(tx, 0))
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file.name


def test_a_batch_whose_flow_never_started_is_taken_up_by_the_next_worker(tmp_path):
    with host(tmp_path, run=False) as stopped:
        object.__setattr__(stopped.desk, "control", _Silent())
        send(stopped, FINDING)
    with host(tmp_path) as running:
        assert running.desk.resume() == 1
        only_case(running, Stage.COORDINATING)


class _Silent:
    """A control whose process died before it could start anything."""

    def start(self, *_args):
        return ""


def test_a_weakness_without_a_cve_id_is_published_without_a_cve_record(comity):
    send(comity, replace(PUBLIC, aliases=()))
    case = approved(comity)
    assert "No CVE record is written" in comity.desk.case(ADA, case).note
    comity.desk.publish(ADA, case)
    view = only_case(comity, Stage.PUBLISHED)
    with comity.machines.store.read() as tx:
        names = {f.name for f in published.files(tx, view.case.advisory, ANONYMOUS)}
    documents = {name for name in names if not name.endswith(".seal.json")}
    assert names == documents | {f"{name}.seal.json" for name in documents}
    assert {n.partition(".")[2] for n in documents} == {
        "json",
        "csaf-2.1.json",
        "csaf-vex.json",
        "csaf-vex-2.1.json",
        "openvex.json",
        "vex.cdx.json",
    }
    assert not any(n.startswith("CVE-") for n in names)


def test_a_document_of_endless_faults_gets_a_short_list(comity):
    hostile = (
        b'{"schema": "comity-report/1", "claim": {' + b",".join(b'"x%d": "\\u0007"' % n for n in range(900)) + b"}}"
    )
    (answer,) = comity.desk.submit(LAB, [Document(name="hostile.json", data=hostile)])
    assert isinstance(answer, Refused)
    assert len(answer.problems) <= 201


def test_a_report_that_joins_after_approval_sends_the_draft_back_to_people(comity):
    send(comity, FINDING)
    case = approved(comity)
    comity.desk.publish(ADA, case)
    news = replace(FINDING, aliases=(*FINDING.aliases, "GHSA-8q59-q68h-6hv4"), exposure=Exposure(public=Known.YES))
    send(comity, news, viewer=RIVAL)
    wait_for(lambda: comity.desk.case(ADA, case).case.stage is Stage.COORDINATING)
    view = comity.desk.case(ADA, case)
    assert view.case.embargo_until is None
    assert "GHSA-8q59-q68h-6hv4" in view.draft.aliases
    with pytest.raises(Conflict, match="2 more named"):
        comity.desk.publish(ADA, case)
    comity.desk.approve(ADA, case, view.case.draft)
    comity.desk.approve(GRACE, case, view.case.draft)
    comity.desk.publish(ADA, case)
    only_case(comity, Stage.PUBLISHED)


def test_a_script_approves_nothing_on_a_host_that_signs_as_itself(comity):
    send(comity, PUBLIC)
    view = only_case(comity, Stage.COORDINATING)
    with pytest.raises(Forbidden, match="a person must"):
        comity.desk.approve(replace(ADA, is_script=True), view.case.id, view.case.draft)


def test_a_case_closed_while_its_runs_are_made_stays_closed(comity):
    comity.laboratory.before = lambda: comity.desk.close(ADA, comity.desk.cases(ADA).rows[0].id, Closing.OUT_OF_SCOPE)
    send(comity, FINDING)
    wait_for(lambda: not comity.desk.control.unfinished())
    (row,) = comity.desk.cases(ADA).rows
    assert row.stage is Stage.CLOSED


def test_a_watcher_hears_of_a_change_and_of_nothing_that_is_hidden(comity):
    send(comity, PUBLIC)
    case = only_case(comity, Stage.COORDINATING).case
    before = comity.desk.pulse(ADA, case.id)
    comity.desk.approve(ADA, case.id, case.draft)
    assert comity.desk.pulse(ADA, case.id) != before
    with pytest.raises(Missing):
        comity.desk.pulse(replace(ADA, tlp=Tlp.CLEAR), case.id)
    with pytest.raises(Forbidden):
        comity.desk.pulse(LAB, case.id)
