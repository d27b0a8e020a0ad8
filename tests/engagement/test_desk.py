"""The counter of assessments: a whole engagement, and everything that must not happen in one."""

import json
from datetime import timedelta
from typing import Any

import pytest

from comity.assess import flow_export
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from comity.model.engagement import MOVES, Move, State
from comity.model.ids import EngagementId
from comity.model.party import ANONYMOUS
from comity.sealing import papers
from comity.store import engagements, journal
from tests.engagement.hosts import TERMS, Host, card, viewer

WAY = tuple(one for one in State if one not in {State.LAPSED, State.WITHDRAWN, State.ERASED})


def test_an_engagement_goes_its_whole_way_and_is_erased_with_a_receipt(here: Host) -> None:
    id_ = here.at(State.ENDED)
    view = here.view("dora", id_)
    assert view.parts["card"]["determination"]["outcome"] == "indeterminate"
    assert view.parts["comment"] == "We read it."
    here.clock.jump_to(here.clock.now() + timedelta(days=8))
    assert here.settle(id_) is State.ERASED
    receipt = here.desk.receipt(viewer("dora"), id_)
    held = papers.verify(receipt, [here.machines.signer.key.public])
    assert held.predicate["kind"] == "erasure receipt"
    assert held.predicate["key_half_destroyed"] == "yes"
    assert held.predicate["live_gateway_keys"] == "0"
    _, head = here.desk.ledger(viewer("dora"), id_)
    assert held.predicate["access_ledger_head"] == head
    assert here.view("dora", id_).parts == {}


@pytest.mark.parametrize("state", WAY)
def test_the_developer_withdraws_from_every_state_alone_and_without_a_reason(here: Host, state: State) -> None:
    id_ = here.at(state)
    here.do("dora", id_, "withdraw")
    assert here.state(id_) is State.WITHDRAWN
    here.clock.jump_to(here.clock.now() + timedelta(hours=25))
    assert here.settle(id_) is State.ERASED


@pytest.mark.parametrize("state", WAY)
@pytest.mark.parametrize("login", ["eli", "cora", "otto", "rory"])
def test_nobody_else_withdraws_for_the_developer(here: Host, state: State, login: str) -> None:
    id_ = here.at(state)
    with pytest.raises((Forbidden, Missing)):
        here.do(login, id_, "withdraw")


def test_an_enquiry_that_goes_no_further_leaves_only_a_receipt(here: Host) -> None:
    id_ = here.enquiry()
    here.do("dora", id_, "end")
    with here.machines.store.read() as tx:
        held = engagements.get(tx, here.machines.custody, id_, viewer("dora"))
        assert (held.subject, held.question) == ("", "")
        assert engagements.file_names(tx, id_) == ()
    assert here.settle(id_) is State.ERASED
    assert here.desk.receipt(viewer("dora"), id_)
    assert not here.machines.custody.holds(id_)


def test_public_counts_and_events_never_tell_how_an_engagement_came_to_its_end(here: Host) -> None:
    ended, withdrawn, lapsed = here.at(State.ENDED), here.at(State.WITHDRAWN), here.enquiry()
    here.clock.jump_to(here.clock.now() + timedelta(days=31))
    here.tick(lapsed)
    assert here.state(lapsed) is State.LAPSED
    counts = here.desk.counts(ANONYMOUS)
    assert (counts.under_way, counts.over) == (0, 3)
    with here.machines.store.read() as tx:
        last = [journal.about(tx, id_)[-1].event for id_ in (ended, withdrawn, lapsed)]
    assert {event.facts["state"] for event in last} == {"over"}
    assert {str(event.kind) for event in last} == {"engagement.moved"}


def test_a_stranger_and_another_developer_see_nothing(here: Host) -> None:
    id_ = here.at(State.OPEN)
    with pytest.raises(Unauthenticated):
        here.desk.view(ANONYMOUS, id_)
    for look in (here.desk.view, here.desk.ledger, here.desk.card_page, here.desk.receipt):
        with pytest.raises(Missing) as hidden:
            look(viewer("rory"), id_)
        with pytest.raises(Missing) as missing:
            look(viewer("rory"), EngagementId("E-0000-0000-0000"))
        assert str(hidden.value).replace(id_, "") == str(missing.value).replace("E-0000-0000-0000", "")
    assert here.desk.page(viewer("rory")) == ((), "")


def test_nothing_opens_before_conflicts_of_interest_are_declared(here: Host) -> None:
    id_ = here.enquiry()
    here.do("dora", id_, "negotiate")
    here.do("cora", id_, "take", declaration="none")
    here.do("cora", id_, "seat", login="otto", seat="operator")
    here.to_agreed(id_)
    view = here.view("otto", id_)
    assert view.undeclared
    assert view.parts == {}
    assert [one.act.name for one in view.acts] == ["declare"]
    with pytest.raises(Forbidden, match="declare"):
        here.do("otto", id_, "attest", level="C1", statement="x")


@pytest.mark.parametrize("second", ["custodian", "determiner", "auditor"])
def test_nobody_holds_two_of_the_four_seats(here: Host, second: str) -> None:
    id_ = here.enquiry()
    here.do("dora", id_, "negotiate")
    here.do("cora", id_, "take", declaration="none")
    here.do("cora", id_, "seat", login="otto", seat="operator")
    with pytest.raises(Conflict, match="nobody is"):
        here.do("cora", id_, "seat", login="otto", seat=second)


def test_each_side_names_its_own_people(here: Host) -> None:
    id_ = here.at(State.TERMS)
    with pytest.raises(Forbidden):
        here.do("dora", id_, "seat", login="paula", seat="operator")
    with pytest.raises(Forbidden):
        here.do("cora", id_, "seat", login="eli", seat="auditor")
    with pytest.raises(Forbidden):
        here.do("cora", id_, "seat", login="otto", seat="developer engineer")
    with pytest.raises(Invalid):
        here.do("cora", id_, "seat", login="nobody", seat="operator")


def test_a_change_of_the_terms_takes_both_signatures_anew(here: Host) -> None:
    id_ = here.at(State.AGREED)
    old = here.view("dora", id_).parts["terms"][-1]["digest"]
    here.do("dora", id_, "reopen")
    with pytest.raises(Conflict):
        here.do("dora", id_, "sign", digest=old)
    new = here.view("dora", id_).parts["terms"][-1]["digest"]
    assert new != old
    here.do("dora", id_, "sign", digest=new)
    assert here.state(id_) is State.TERMS
    with pytest.raises(Conflict, match="your side"):
        here.do("dora", id_, "sign", digest=new)
    here.do("cora", id_, "sign", digest=new)
    assert here.state(id_) is State.AGREED


def test_what_was_sealed_under_earlier_terms_freezes_nothing_and_stays_on_record(here: Host) -> None:
    id_ = here.at(State.FROZEN)
    here.do("cora", id_, "reopen")
    here.sign(id_)
    root = here.view("dora", id_).parts["digests"][-1]["battery_root"]
    with pytest.raises(Conflict, match="not sealed"):
        here.do("dora", id_, "countersign", root=root)
    here.to_frozen(id_)
    assert len(here.view("dora", id_).parts["digests"]) == 2


def test_signatures_are_stated_by_the_host_and_verify_offline(here: Host) -> None:
    id_ = here.at(State.FROZEN)
    found = here.desk.papers(viewer("dora"), id_)
    said = [papers.verify(data, [here.machines.signer.key.public]).predicate for _, data in found]
    assert {(one["act"], one["signed_by"]) for one in said} >= {
        ("sign", "Dora"),
        ("sign", "Cora"),
        ("seal", "Kim"),
        ("countersign", "Dora"),
    }
    assert not any("60" in str(one) and "threshold" in str(one) for one in said)


def test_the_threshold_is_seen_by_nobody_until_two_persons_open_it(here: Host) -> None:
    id_ = here.at(State.OPEN)
    for login in ("dora", "eli", "cora", "otto", "kim", "dana", "aude"):
        assert "minutes" not in str(here.view(login, id_).parts)
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.reveal(viewer("kim"), id_, "threshold")
    here.do("kim", id_, "agree", act="open the threshold", subject="threshold")
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.reveal(viewer("kim"), id_, "threshold")
    with pytest.raises(Conflict, match="another person"):
        here.do("kim", id_, "agree", act="open the threshold", subject="threshold")
    here.do("dana", id_, "agree", act="open the threshold", subject="threshold")
    shown = here.desk.reveal(viewer("dana"), id_, "threshold")
    assert shown["root"] == here.view("dora", id_).parts["digests"][-1]["battery_root"]
    with pytest.raises(Forbidden, match="two persons"):  # used once
        here.desk.reveal(viewer("dana"), id_, "threshold")


def test_the_developer_reads_the_card_from_the_comment_on_and_not_before(here: Host) -> None:
    id_ = here.at(State.WEIGHED)
    assert "card" not in here.view("dora", id_).parts
    assert here.view("dana", id_).parts["card"]
    with pytest.raises(Missing):
        here.taken("dora", id_)
    with pytest.raises(Missing):
        here.desk.card_page(viewer("dora"), id_)
    here.do("dana", id_, "record", outcome="none", reasons="Nothing to say.")
    copy = here.desk.export(viewer("dora"), id_, "card")  # agreed to above; it waited for its time
    assert flow_export.card_in(copy) == card().encode()
    assert "Shown to Dora" in here.desk.card_page(viewer("dora"), id_)
    assert here.view("dora", id_).parts["card"]["determination"]["outcome"] is None


def test_whoever_hands_the_card_over_does_not_recompute_it_and_different_figures_go_nowhere(here: Host) -> None:
    id_ = here.at(State.CLOSED)
    here.do("otto", id_, "hand-over", card=card())
    with pytest.raises(Forbidden):
        here.do("otto", id_, "recompute")
    here.cards.differences = ("p50 is another",)
    with pytest.raises(Conflict, match="p50"):
        here.do("aude", id_, "recompute")
    assert here.state(id_) is State.CLOSED


def test_more_analysis_opens_no_access(here: Host) -> None:
    id_ = here.at(State.WEIGHED)
    here.do("dana", id_, "analyse")
    assert here.state(id_) is State.CLOSED
    for login in ("dora", "eli", "otto", "cora"):
        with pytest.raises((Conflict, Forbidden)):
            here.do(login, id_, "key")
        with pytest.raises((Conflict, Forbidden)):
            here.do(login, id_, "open")


def sections(file: bytes) -> Any:
    return json.loads(file)["released"]


def test_a_section_is_released_only_where_both_sides_signed_and_the_rest_still_verifies(here: Host) -> None:
    from comity.assess import redact

    id_ = here.at(State.ENDED)
    whole = redact.digest(sections(here.taken("dora", id_, "released")))
    here.do("cora", id_, "release", section="limits")
    assert here.view("dora", id_).parts["card"]["released"] == []
    here.do("dora", id_, "release", section="limits")
    shown = sections(here.taken("dora", id_, "released"))
    assert shown["limits"]["shown"] == "few items"
    assert set(shown["estimate"]) == {"left_out"}
    assert "12.5" not in str(shown)
    assert redact.digest(shown) == whole


def test_a_partner_takes_two_signatures_and_one_veto_ends_it(here: Host) -> None:
    id_ = here.at(State.OPEN)
    here.do("cora", id_, "propose", partner="Utility", criteria="Runs the grid of two states.")
    with pytest.raises(Conflict, match="admitted"):
        here.do("cora", id_, "seat", login="paula", seat="trusted partner", partner="Utility")
    with pytest.raises(Conflict, match="your side"):
        here.do("cora", id_, "admit", partner="Utility")
    here.do("dora", id_, "admit", partner="Utility")
    here.do("cora", id_, "seat", login="paula", seat="trusted partner", partner="Utility")
    here.do("paula", id_, "declare", declaration="none")
    secret = here.do("paula", id_, "key").secret
    assert here.call(secret).data
    here.do("dora", id_, "veto", partner="Utility")
    assert here.call(secret).code == "invalid_api_key"
    with pytest.raises(Conflict, match="nobody needs to say why"):
        here.do("cora", id_, "admit", partner="Utility")


def test_a_weakness_travels_once_and_sealed(here: Host) -> None:
    id_ = here.at(State.OPEN)
    here.do("otto", id_, "weakness", report='{"a": "report"}')
    with here.machines.store.read() as tx:
        (event,) = [e.event for e in journal.about(tx, id_) if e.event.kind.value == "weakness.found"]
    assert "report" not in str(event.facts)
    assert here.desk.hand_over(event.key) == b'{"a": "report"}'
    here.desk.handed_over(event.key, "SUB-1")
    assert here.desk.hand_over(event.key) is None
    assert here.desk.hand_over("weakness:E-0000-0000-0000:1") is None


def test_two_persons_of_both_sides_erase_early(here: Host) -> None:
    id_ = here.at(State.ENDED)
    here.do("dora", id_, "erase")
    assert here.settle(id_) is State.ENDED
    here.do("kim", id_, "erase")
    assert here.settle(id_) is State.ERASED


def test_every_view_and_act_leaves_a_line_in_the_ledger_without_content(here: Host) -> None:
    id_ = here.at(State.AGREED)
    before = len(here.desk.ledger(viewer("dora"), id_)[0])
    here.view("otto", id_)
    lines, _ = here.desk.ledger(viewer("dora"), id_)
    assert len(lines) == before + 1
    assert (lines[-1].who, lines[-1].what) == ("Otto", "read")
    assert TERMS["scope"] not in str(lines)
    with pytest.raises(Forbidden):
        here.desk.ledger(viewer("otto"), id_)


def test_each_viewer_gets_a_canary_of_their_own(here: Host) -> None:
    id_ = here.at(State.AGREED)
    marks = {login: here.view(login, id_).mark.canary for login in ("dora", "otto", "kim")}
    assert len(set(marks.values())) == 3
    assert here.view("otto", id_).mark.canary == marks["otto"]
    assert here.view("otto", id_).mark.line.isascii()


def test_a_script_holds_no_seat_on_a_host_that_signs_as_itself(here: Host) -> None:
    from dataclasses import replace

    with pytest.raises(Forbidden, match="script"):
        here.desk.invite(replace(viewer("dora"), is_script=True), subject="x", question="y", declaration="none")


def test_an_erased_engagement_moves_no_more(here: Host) -> None:
    id_ = here.at(State.WITHDRAWN)
    here.clock.jump_to(here.clock.now() + timedelta(days=2))
    here.settle(id_)
    for act in ("withdraw", "renew", "end", "open", "declare", "erase"):
        with pytest.raises((Missing, Conflict, Forbidden)):
            here.do("dora", id_, act)
    assert MOVES[State.ERASED] == ()
    assert Move.WITHDRAW not in {one.move for one in MOVES[State.WITHDRAWN]}
