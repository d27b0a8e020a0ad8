"""The table of states and moves: its promises, walked through whole, and each promise broken by a planted fault."""

import itertools
import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.assess import moves
from comity.assess.acts import ACTS, seats_for
from comity.errors import ComityError
from comity.model import dossier, engagement
from comity.model.dossier import Determination, Engagement
from comity.model.engagement import (
    DEVELOPER_SIDE,
    MOVES,
    NEEDS,
    Clock,
    Facts,
    Move,
    Outcome,
    Rule,
    Seat,
    State,
    check,
    public_word,
    rule,
)
from comity.model.ids import EngagementId, PartyId
from tests.engagement.hosts import START, Host

DOMAIN = {
    "enquiry": {"terms", "ended", "lapsed"},
    "terms": {"agreed", "lapsed"},
    "agreed": {"frozen", "terms", "lapsed"},
    "frozen": {"open", "terms", "lapsed"},
    "open": {"closed"},
    "closed": {"weighed"},
    "weighed": {"comment", "closed"},
    "comment": {"ended"},
    "ended": {"erased"},
    "lapsed": {"terms", "erased"},
    "withdrawn": {"erased"},
    "erased": set(),
}
"""The moves written a second time, from the issue's table; withdrawal and the host's end are added below."""


def test_the_table_is_exactly_the_one_that_was_asked_for() -> None:
    for state in State:
        expected = set(DOMAIN[state.value])
        if state not in {State.WITHDRAWN, State.ERASED}:
            expected.add("withdrawn")
        if state in {State.TERMS, State.AGREED, State.FROZEN, State.OPEN, State.CLOSED}:
            expected.add("ended")  # the host, with a logged reason, before `weighed`
        assert {one.to.value for one in MOVES[state]} == expected, state


def test_every_promise_holds() -> None:
    assert [claim.sentence for claim in check() if not claim.holds] == []
    assert len(check()) == 9


def test_withdrawal_needs_nothing_and_is_the_developers_alone() -> None:
    for state in State:
        held = rule(state, Move.WITHDRAW)
        if state in {State.WITHDRAWN, State.ERASED}:
            assert held is None
        else:
            assert held is not None
            assert (held.by, held.needs, held.clock) == (frozenset({Seat.SIGNATORY}), (), None)


PLANTED = {
    "developer alone may withdraw": (
        State.CLOSED,
        lambda held: tuple(one for one in held if one.move is not Move.WITHDRAW),
    ),
    "back to `open`": (State.WEIGHED, lambda held: (*held, Rule(move=Move.OPEN, to=State.OPEN, by=DEVELOPER_SIDE))),
    "no move leaves `erased`": (
        State.ERASED,
        lambda held: (*held, Rule(move=Move.RENEW, to=State.TERMS, by=DEVELOPER_SIDE)),
    ),
    "clock or a named person": (
        State.ENDED,
        lambda held: tuple(replace(one, clock=None) for one in held if one.move is Move.ERASE),
    ),
    "leads to `erased`": (State.WITHDRAWN, lambda _held: ()),
    "clocks only close": (
        State.FROZEN,
        lambda held: (*held, Rule(move=Move.CLOSE, to=State.OPEN, clock=Clock.WINDOW)),
    ),
    "into `open` without consent": (
        State.TERMS,
        lambda held: tuple(replace(one, consent=False) for one in held),
    ),
    "every move leads to a state": (State.TERMS, lambda held: (*held, held[0])),
}


@pytest.mark.parametrize("words", sorted(PLANTED))
def test_a_planted_fault_breaks_its_promise(words: str) -> None:
    state, change = PLANTED[words]
    broken = check({**MOVES, state: change(MOVES[state])})
    assert any(words in claim.sentence for claim in broken if not claim.holds)


def test_a_need_that_reads_an_outcome_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import make_dataclass

    seeing = make_dataclass("Facts", [("both_signed", bool), ("outcome", str)])
    monkeypatch.setattr(engagement, "Facts", seeing)
    broken = [claim for claim in check() if "read an outcome" in claim.sentence]
    assert not broken[0].holds


def test_every_need_reads_exactly_one_fact() -> None:
    names = [one.name for one in fields(Facts)]
    for need, holds in NEEDS.items():
        reads = [name for name in names if holds(Facts(**{name: True}))]
        assert len(reads) == 1, need


def _blank(state: State) -> Engagement:
    return Engagement(
        id=EngagementId("E-0000-0000-0000"),
        state=state,
        since=START,
        opened_at=START,
        developer=PartyId("lab"),
        developer_name="Lab",
        subject="s",
        question="q",
    )


@given(st.sampled_from(list(State)), st.booleans(), st.booleans())
def test_what_may_be_done_never_depends_on_the_outcome(state: State, told: bool, two: bool) -> None:
    """For every state, move and seat: the answer is the same for each outcome, and for none."""
    made = Determination(outcome=None, reasons="r", by=PartyId("d"), name="D", is_script=False, at=START)
    for move, seat in itertools.product(Move, Seat):
        answers = set()
        for outcome in (*Outcome, None):
            held = replace(_blank(state), determination=replace(made, outcome=outcome))
            try:
                answers.add(moves.by_seat(held, move, seat, now=START, told_why=told, two_persons=two).state.value)
            except ComityError as error:
                answers.add(f"{type(error).__name__}: {error}")
        assert len(answers) == 1
        facts = {
            dossier.facts(replace(_blank(state), determination=replace(made, outcome=o)), terms=None) for o in Outcome
        }
        assert len(facts) == 1


def test_every_act_stands_in_the_table_of_moves_or_names_its_states() -> None:
    for act in ACTS.values():
        where = [state for state in State if seats_for(act, state)]
        assert where, act.name
        assert State.ERASED not in where, act.name


def test_every_move_by_a_seat_has_an_act_and_every_act_a_handler() -> None:
    from comity.assess.flow_acts import HANDLERS
    from comity.assess.flow_measure import HANDLERS as MEASURE
    from comity.assess.papers import PURE

    made_by_acts = {act.move for act in ACTS.values() if act.move is not None}
    by_other_acts = {Move.AGREE, Move.ERASE}  # the second signature; the second of two persons
    by_seats = {one.move for held in MOVES.values() for one in held if one.by}
    assert made_by_acts | by_other_acts == by_seats
    assert set(ACTS) == set(PURE) | set(HANDLERS) | set(MEASURE)


def test_public_words_never_tell_leaving_from_ending() -> None:
    assert {public_word(state) for state in (State.ENDED, State.LAPSED, State.WITHDRAWN, State.ERASED)} == {"over"}
    assert {public_word(state) for state in State} == {"over", "under way"}


def test_the_terminal_knows_every_act_under_a_name_of_its_own() -> None:
    from comity.cli.assess import ACTS as COMMANDS
    from comity.cli.assess import RENAMED

    assert {RENAMED.get(name, name) for name in COMMANDS} == {*ACTS, "take"}


def test_partners_have_no_rank_and_no_price_field() -> None:
    names = {one.name for one in fields(dossier.Partner)}
    assert not names & {"rank", "order", "score", "tier", "priority", "price", "fee", "paid", "level"}
    assert "vetoed" in names


def test_no_field_of_the_record_computes_or_locks_a_release() -> None:
    from comity.model.engagement import RESULT_WORDS

    source = (Path(dossier.__file__)).read_text() + Path(engagement.__file__).read_text()
    assert "planned_release" in source
    for need in NEEDS:
        assert not set(str(need.name).lower().split("_")) & (RESULT_WORDS | {"release"})
    assert json.dumps(sorted(one.value for one in Move)).count("release") == 0


def test_a_whole_way_back_to_open_passes_two_new_signatures(here: Host) -> None:
    id_ = here.at(State.FROZEN)
    here.do("dora", id_, "reopen")
    terms = here.view("dora", id_).parts
    assert [one["digest"] for one in terms["signatures"]].count(terms["terms"][-1]["digest"]) == 0
