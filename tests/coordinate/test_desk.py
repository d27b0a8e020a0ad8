"""Coordination at the counter: who sees what by tier, what moves the embargo, and what is never sent in clear."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.clearing import flow, flow_coordination
from comity.clearing.capacity import Wish
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.mail import outbox
from comity.model.case import Stage
from comity.model.coordination import Breach, Consent, Fact, Handled, Part, Quiet, Source
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.model.report import Exposure, Finding, Known
from comity.store import cases, journal, reports, shares
from tests.coordinate.hosts import ADA, DISTRO, FINDER, GRACE, RIVAL, VENDOR, Host, finding, host
from tests.mail.conftest import SENDER


@pytest.fixture(scope="module")
def comity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One host for all; each test has a case of its own, and seats of earlier ones have ended."""
    with host(tmp_path_factory.mktemp("host"), mail_from=SENDER) as running:
        yield running


@pytest.fixture
def own(comity: Host) -> Finding:
    comity.wait(timedelta(days=400))  # whatever an earlier test read in has ended by itself
    return finding()


@pytest.fixture
def case(comity: Host, own: Finding) -> CaseId:
    return comity.case_of(own)


def vendor_in(comity: Host, case: CaseId, **more: str) -> str:
    return comity.desk.read_in(
        ADA, case, name="Vendor", part=Part.MAINTAINER, why="owns the code", login="vendor", **more
    )


def seat_of(comity: Host, case: CaseId, viewer: Viewer) -> str:
    return next(one.id for one in comity.desk.view(ADA, case).held.participants if one.person == viewer.person)


def test_the_finder_takes_part_from_the_beginning_and_the_default_is_agreed(comity, case, own):
    view = comity.desk.view(ADA, case)
    assert view.held.quiet is Quiet.ACTIVE
    assert [(one.part, one.consent) for one in view.held.participants] == [(Part.FINDER, Consent.SIGNATORY)]
    assert comity.desk.seat(FINDER, seat_of(comity, case, FINDER)).title == own.summary


def test_who_is_invited_to_an_embargo_sees_the_case_only_after_a_yes(comity, case, own):
    seat = vendor_in(comity, case)
    invited = comity.desk.seat(VENDOR, seat)
    assert not invited.may_read
    assert invited.terms is not None
    assert own.summary not in repr(invited)
    assert "owns the code" not in repr(invited)  # a coordinator's words may name the product
    with pytest.raises(Conflict):
        comity.desk.answer(VENDOR, seat, text="what is it?")
    comity.desk.agree(VENDOR, seat)
    seen = comity.desk.seat(VENDOR, seat)
    assert seen.title == own.summary
    assert seen.shared[0].finding.description == own.description
    assert comity.desk.file(VENDOR, seat, seen.shared[0].files[0].digest)[1]
    with comity.machines.store.read() as tx:
        looks = shares.looks(tx, FINDER.organisation, subjects=[seen.shared[0].report])
    own = {one.what for one in looks if one.person == VENDOR.person}
    assert own == {"read it as a participant", "took a file of the report as a participant"}


def test_a_finder_who_reads_their_own_report_at_their_seat_writes_nothing(comity, case):
    seat, passed = seat_of(comity, case, FINDER), []
    store = comity.machines.store
    before, store.seam = store.seam, passed.append
    try:
        assert comity.desk.seat(FINDER, seat).shared
    finally:
        store.seam = before
    assert passed == []


def test_who_declines_sees_nothing_of_it(comity, case):
    seat = vendor_in(comity, case)
    comity.desk.refuse(VENDOR, seat, why="we publish at once")
    assert not comity.desk.seat(VENDOR, seat).may_read


def test_a_distributor_sees_fix_and_timing_and_no_proof(comity, case):
    seat = comity.desk.read_in(
        ADA, case, name="Distro", part=Part.DISTRIBUTOR, why="ships it to others", login="distro"
    )
    comity.desk.agree(DISTRO, seat)
    seen = comity.desk.seat(DISTRO, seat)
    assert seen.draft is not None
    assert seen.terms is not None
    assert all(one.finding is None and one.files == () for one in seen.shared)
    recipe = comity.clearing.case(ADA, case).reports[0].finding.attachments[0].digest
    with pytest.raises(Missing):
        comity.desk.file(DISTRO, seat, recipe)
    with pytest.raises(Forbidden):
        comity.desk.ask(DISTRO, seat, until=comity.clock.now() + timedelta(days=2), why="we are ready")


def test_two_finders_of_one_case_learn_nothing_of_each_other(comity, case, own):
    again = comity.case_of(replace(own, description="seen from elsewhere by the rival"), RIVAL)
    assert again == case
    flow_coordination.tick(comity.machines, case)
    mine, theirs = (comity.desk.seat(who, seat_of(comity, case, who)) for who in (FINDER, RIVAL))
    assert "seen from elsewhere" not in repr(mine)
    assert own.description not in repr(theirs)
    assert str(case) not in repr(mine) + repr(theirs)
    assert mine.seat != theirs.seat
    assert mine.draft is None


def test_nobody_else_meets_a_seat_and_a_hidden_one_is_a_missing_one(comity, case):
    seat = vendor_in(comity, case)
    told = set()
    for viewer in (RIVAL, DISTRO, ADA):
        for name in (seat, "N-0000-0000-0000"):
            with pytest.raises(Missing) as missing:
                comity.desk.seat(viewer, name)
            told.add(str(missing.value))
    assert len(told) == 1
    with pytest.raises(Forbidden):
        comity.desk.view(VENDOR, case)


def test_read_out_is_at_once_and_calls_letters_back(comity, case):
    seat = vendor_in(comity, case, contact="security@project.example")
    comity.desk.agree(VENDOR, seat)
    comity.desk.read_out(ADA, case, seat, why="left the project")
    with pytest.raises(Missing):
        comity.desk.seat(VENDOR, seat)
    assert comity.desk.seats(VENDOR) == ()
    with comity.machines.store.read() as tx:
        assert {slip.state for slip in outbox.of(tx, seat)} == {"dropped"}
    told = [(one.act, one.by, one.why) for one in comity.desk.view(ADA, case).held.log]
    assert ("read in", "Ada", "owns the code") in told
    assert ("read out", "Ada", "left the project") in told


def test_a_read_in_ends_by_itself(comity, case):
    seat = vendor_in(comity, case)
    comity.wait(timedelta(days=366))
    with pytest.raises(Missing):
        comity.desk.seat(VENDOR, seat)


def test_a_withheld_case_is_missing_for_other_coordinators(comity, case):
    comity.desk.withhold(ADA, case, withheld=True, why="a member of the host is concerned")
    with pytest.raises(Missing):
        comity.desk.view(GRACE, case)
    with pytest.raises(Missing):
        comity.clearing.case(GRACE, case)
    comity.desk.withhold(ADA, case, withheld=False, why="cleared up")
    assert comity.desk.view(GRACE, case)


def test_the_case_s_own_date_follows_every_move_in_the_same_transaction(comity, case):
    seat = vendor_in(comity, case)
    comity.desk.agree(VENDOR, seat)
    soon = comity.clock.now() + timedelta(days=7)
    comity.desk.limit(ADA, case, source=Source.PROJECT, until=soon, basis="7 days", where="SECURITY.md")
    assert comity.clearing.case(ADA, case).case.embargo_until == soon
    comity.desk.ask(VENDOR, seat, until=soon + timedelta(days=10), why="the release is late")
    assert comity.clearing.case(ADA, case).case.embargo_until == soon
    comity.desk.agree(FINDER, seat_of(comity, case, FINDER))
    assert comity.clearing.case(ADA, case).case.embargo_until == soon + timedelta(days=10)
    comity.desk.declare_break(ADA, case, kind=Breach.FIX_PUBLIC, evidence="commit abc in the public tree")
    held = comity.clearing.case(ADA, case).case
    assert held.embargo_until is None
    assert "public aware" in held.embargo_basis


def test_after_a_break_two_people_still_must_agree(comity, case):
    comity.desk.declare_break(ADA, case, kind=Breach.LEAK, evidence="a post names the function")
    assert comity.run_flows(case) == ""
    draft = comity.clearing.case(ADA, case).case.draft
    comity.clearing.approve(ADA, case, draft)
    with pytest.raises(Conflict):
        comity.clearing.publish(ADA, case)
    comity.clearing.approve(GRACE, case, draft)
    comity.clearing.publish(ADA, case)
    assert comity.run_flows(case)
    assert comity.clearing.case(ADA, case).case.stage is Stage.PUBLISHED
    assert Fact.PUBLIC_AWARE in comity.desk.view(ADA, case).held.world


def test_a_case_released_early_waits_for_the_date_and_a_longer_one_holds_it_back(comity, case):
    draft = comity.clearing.case(ADA, case).case.draft
    for viewer in (ADA, GRACE):
        comity.clearing.approve(viewer, case, draft)
    comity.clearing.publish(ADA, case)
    later = comity.clock.now() + timedelta(days=40)
    comity.desk.propose(ADA, case, until=later, why="the vendor asks")
    comity.desk.agree(FINDER, seat_of(comity, case, FINDER))
    comity.wait(timedelta(days=31))
    assert comity.run_flows(case) == ""
    comity.wait(timedelta(days=10))
    assert comity.run_flows(case)


def test_a_case_that_is_public_already_has_no_embargo(comity):
    case = comity.case_of(finding(exposure=Exposure(public=Known.YES)))
    held = comity.desk.view(ADA, case).held
    assert held.quiet is Quiet.EXITED
    with pytest.raises(Conflict):
        comity.desk.propose(ADA, case, until=comity.clock.now() + timedelta(days=5), why="please")


def test_a_maintainer_without_an_account_gets_a_link_for_one_use(comity, case):
    seat = comity.desk.read_in(
        ADA, case, name="Somebody", part=Part.MAINTAINER, why="owns it", contact="me@project.example"
    )
    link = _link(comity)
    assert f"?next=/seats/{seat}" in link
    secret = link.rpartition("/read-in/")[2].partition("?")[0]
    signed = comity.office.accounts.use_read_in(secret)
    caller = comity.office.accounts.by_session(signed.secret)
    assert comity.desk.seat(caller.viewer, seat).part is Part.MAINTAINER
    with pytest.raises(Missing):
        comity.office.accounts.use_read_in(secret)


def test_a_report_under_a_strict_label_goes_as_a_notice_that_names_nothing(comity, case, own):
    seat = vendor_in(comity, case, contact="security@project.example")
    with pytest.raises(Conflict, match="not agreed"):
        comity.desk.write_maintainer(ADA, case, seat)
    comity.desk.agree(VENDOR, seat)
    assert "notice" in comity.desk.write_maintainer(ADA, case, seat)
    comity.desk.say(ADA, case, text="Can you reproduce it?", readers=[seat])
    for letter in _letters(comity):
        assert own.summary not in letter.subject + letter.text
        assert "yaml" not in letter.text
        assert "reproduce it" not in letter.text
        assert letter.enclosures == ()


def test_a_maintainer_is_written_to_only_what_their_capacity_contract_released(tmp_path):
    with host(tmp_path, mail_from=SENDER) as comity:  # of its own: a contract in force would bind the others' cases
        written_within_a_contract(comity, comity.case_of(finding()))


def written_within_a_contract(comity: Host, case: CaseId) -> None:
    seat = vendor_in(comity, case, contact="security@project.example")
    comity.desk.agree(VENDOR, seat)
    flow.order(comity.office.clearing.machines, case, "the test")
    none = Wish(maintainer="The team", packages=["pkg:pypi/pyyaml"], weekly=0, on_word="mail of today")
    contract = comity.office.capacity.enter(ADA, none)
    with pytest.raises(Conflict, match="capacity contract"):
        comity.desk.write_maintainer(ADA, case, seat)
    comity.office.capacity.enter(ADA, replace(none, weekly=1, evidence="E0"), id_=contract.id)
    assert "notice" in comity.desk.write_maintainer(ADA, case, seat)


def test_with_a_key_the_report_goes_whole_with_its_proof(comity, case, own):
    pysequoia = pytest.importorskip("pysequoia", reason="comity[server] is not installed")
    key = str(pysequoia.Tsk.generate("V <security@project.example>").extract_certificate())
    seat = vendor_in(comity, case, contact="security@project.example", key=key)
    comity.desk.agree(VENDOR, seat)
    assert comity.desk.write_maintainer(ADA, case, seat) == "the report, encrypted"
    letter = _letters(comity)[-1]
    assert letter.openpgp
    assert own.summary in letter.text
    assert "Reproduced (E3)" in letter.text
    assert letter.enclosures[0].data
    assert comity.desk.view(ADA, case).held.attempts[-1].outcome == "the report, encrypted"


def test_a_word_reaches_those_it_names_and_nobody_else(comity, case):
    seat = vendor_in(comity, case)
    comity.desk.agree(VENDOR, seat)
    finder = seat_of(comity, case, FINDER)
    told = comity.desk.say(ADA, case, text="for the vendor", readers=[seat])
    answered = comity.desk.answer(VENDOR, seat, text="for the coordinators")
    assert [one.text for one in comity.desk.seat(VENDOR, seat).thread] == ["for the vendor", "for the coordinators"]
    assert comity.desk.seat(FINDER, finder).thread == ()
    assert {one.id for one in comity.desk.view(GRACE, case).thread} == {told, answered}
    with pytest.raises(Forbidden):
        comity.desk.answer(VENDOR, seat, text="to the finder", readers=[finder])
    with pytest.raises(Invalid):
        comity.desk.say(ADA, case, text="to nobody", readers=["N-0000-0000-0000"])


def test_a_file_of_the_thread_is_for_its_readers(comity, case):
    from comity.clearing.desk_coordination import Said

    seat = vendor_in(comity, case)
    comity.desk.agree(VENDOR, seat)
    id_ = comity.desk.say(ADA, case, text="see", readers=[seat], files=[Said(name="../a b.html", data=b"<b>")])
    (file,) = comity.desk.view(ADA, case).thread[0].enclosed
    assert file.name == "a_b.html"
    assert file.media_type == "application/octet-stream"
    assert comity.desk.enclosed(VENDOR, id_, file.digest) == ("a_b.html", b"<b>")
    with pytest.raises(Missing):
        comity.desk.enclosed(FINDER, id_, file.digest)


def test_the_report_moves_by_the_table_and_a_fix_needs_an_accepted_one(comity, case):
    seat = vendor_in(comity, case)
    comity.desk.agree(VENDOR, seat)
    with pytest.raises(Conflict):
        comity.desk.learn(ADA, case, fact=Fact.FIX_READY, why="a release")
    with pytest.raises(Conflict):
        comity.desk.handle(VENDOR, seat, to=Handled.ACCEPTED)
    comity.desk.handle(VENDOR, seat, to=Handled.VALID)
    comity.desk.handle(VENDOR, seat, to=Handled.ACCEPTED)
    comity.desk.learn(ADA, case, fact=Fact.FIX_READY, why="a release")
    assert comity.desk.view(ADA, case).held.world == {Fact.VENDOR_AWARE, Fact.FIX_READY}


def test_events_name_ids_and_acts_and_nothing_that_was_said(comity, case, own):
    seat = vendor_in(comity, case, contact="security@project.example")
    comity.desk.agree(VENDOR, seat)
    comity.desk.say(ADA, case, text="a secret sentence", readers=[seat])
    with comity.machines.store.read() as tx:
        told = repr(journal.after(tx, 0))
    for word in ("secret sentence", "project.example", "owns the code", "Vendor", own.summary):
        assert word not in told


def test_a_clock_is_noted_once_and_reminds_those_it_binds(comity, case):
    seat = vendor_in(comity, case, contact="security@project.example")
    comity.desk.agree(VENDOR, seat)
    comity.wait(timedelta(days=24))
    for _ in range(3):
        comity.run_flows(case)
    log = [one.told for one in comity.desk.view(ADA, case).held.log if one.act == "clock"]
    assert len([one for one in log if "ends within 7 days" in one]) == 1
    assert len([one for one in _letters(comity) if "ends within 7 days" in one.text]) == 1


def test_before_its_advisory_is_drafted_a_case_is_not_coordinated(comity):
    from comity.clearing import flow
    from tests.clearing.documents import document

    (answer,) = comity.clearing.submit(FINDER, [document(finding(aliases=()), recipe=None)])
    flow.screen(comity.machines, [answer.report])
    with comity.machines.store.read() as tx:
        case = reports.case_of(tx, answer.report)
        assert cases.get(tx, case, flow.FLOW).stage is not Stage.COORDINATING
    with pytest.raises(Conflict):
        comity.desk.view(ADA, case)


def _letters(comity: Host):
    from comity.store import letters

    with comity.machines.store.read() as tx:
        rows = tx.connection.execute(letters.letters.select().order_by(letters.letters.c.made_at)).all()
        return [letters._open(tx, row) for row in rows if row.sealed is not None]


def _link(comity: Host) -> str:
    text = _letters(comity)[-1].text
    return next(line for line in text.splitlines() if "/read-in/" in line)
