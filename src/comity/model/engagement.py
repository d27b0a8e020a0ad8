"""Where an engagement stands, who may move it on, which clock or person each state waits for: one table, read by all.

An engagement is a developer's free choice to let a model be measured. Nothing here decides about a model or its
release: what a measurement found is data on the card, and no need of any move can read it (`Facts` holds no outcome).
`check` walks the whole table and proves what it promises.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where an engagement stands."""

    ENQUIRY = "enquiry"
    TERMS = "terms"
    AGREED = "agreed"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    WEIGHED = "weighed"
    COMMENT = "comment"
    ENDED = "ended"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


MEANING: Final[Mapping[State, str]] = {
    State.ENQUIRY: "A question, no model. Nothing but a receipt stays when it goes no further.",
    State.TERMS: "Access, people, use, nondisclosure, security and retention are being agreed.",
    State.AGREED: "Both sides signed. This version of the terms is frozen.",
    State.FROZEN: "Plan, battery root and threshold digest are journalled. Nothing has run.",
    State.OPEN: "The access window runs. Runs are made through the gateway.",
    State.CLOSED: "Keys are dead. Evidence in hand is analysed; no call reaches the model.",
    State.WEIGHED: "Evidence and recommendation lie before one named person.",
    State.COMMENT: "The developer reads the whole card and may write beside it.",
    State.ENDED: "The card is sealed. A section is released only where both sides signed.",
    State.LAPSED: "A clock ran out with nobody acting. That says nothing about anybody.",
    State.WITHDRAWN: "The developer left. No reason is asked or stored.",
    State.ERASED: "The evidence keys are destroyed. Receipts and the hash chain remain.",
}


class Outcome(StrEnum):
    """What a measurement said, against a threshold that somebody else set. Data on the card: nothing moves on it."""

    MEETS = "meets"
    DOES_NOT_MEET = "does_not_meet"
    INDETERMINATE = "indeterminate"
    ABOVE_CEILING = "above_ceiling"
    ESTIMATE_ONLY = "estimate_only"


class Seat(StrEnum):
    """A part in one engagement, held by a named person."""

    SIGNATORY = "developer signatory"
    ENGINEER = "developer engineer"
    COORDINATOR = "host coordinator"
    OPERATOR = "operator"
    CUSTODIAN = "custodian"
    DETERMINER = "determiner"
    AUDITOR = "auditor"
    PARTNER = "trusted partner"


DEVELOPER_SIDE: Final = frozenset({Seat.SIGNATORY, Seat.ENGINEER})
HOST_SIDE: Final = frozenset({Seat.COORDINATOR, Seat.OPERATOR, Seat.CUSTODIAN, Seat.DETERMINER, Seat.AUDITOR})
APART: Final = frozenset({Seat.OPERATOR, Seat.CUSTODIAN, Seat.DETERMINER, Seat.AUDITOR})
"""Nobody holds two of these in one engagement."""


class Move(StrEnum):
    """A step from one state to another; the value reads after "may"."""

    NEGOTIATE = "go into terms"
    END = "end it"
    LAPSE = "lapse"
    AGREE = "agree the terms"
    REOPEN = "reopen the terms"
    FREEZE = "freeze protocol and digests"
    OPEN = "open the window"
    CLOSE = "close the window"
    WEIGH = "lay the card before the determiner"
    RECORD = "record an outcome, or none"
    ANALYSE = "ask for more analysis of what is held"
    FINISH = "finish with or without a comment"
    RENEW = "take up terms again"
    WITHDRAW = "withdraw"
    ERASE = "erase the evidence"


class Need(StrEnum):
    """What must be true before a move: facts about papers and people, never about what was measured."""

    BOTH_SIGNED = "both sides signed this version of the terms"
    SEALED = "the custodian sealed battery, plan and threshold"
    COUNTERSIGNED = "the developer countersigned exactly these digests"
    STAFFED = "operator, custodian, determiner and auditor are named and declared"
    KEY_ANSWERS = "the developer's endpoint answered the start probe"
    ATTESTED = "containment is attested"
    HANDED_OVER = "the operator handed the card over"
    RECOMPUTED = "a second person recomputed the same figures"
    REASONED = "the determiner wrote reasons"
    TOLD_WHY = "a reason is logged"
    TWO_PERSONS = "two persons of different roles agreed"


class Clock(StrEnum):
    """A clock that moves an engagement on by itself."""

    SILENCE = "silence"
    WINDOW = "window"
    COMMENT = "comment"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that any move may depend on. It holds no outcome, no score and no card text, so none can be read."""

    both_signed: bool = False
    sealed: bool = False
    countersigned: bool = False
    staffed: bool = False
    key_answers: bool = False
    attested: bool = False
    handed_over: bool = False
    recomputed: bool = False
    reasoned: bool = False
    told_why: bool = False
    two_persons: bool = False


NEEDS: Final[Mapping[Need, Callable[[Facts], bool]]] = {
    Need.BOTH_SIGNED: lambda facts: facts.both_signed,
    Need.SEALED: lambda facts: facts.sealed,
    Need.COUNTERSIGNED: lambda facts: facts.countersigned,
    Need.STAFFED: lambda facts: facts.staffed,
    Need.KEY_ANSWERS: lambda facts: facts.key_answers,
    Need.ATTESTED: lambda facts: facts.attested,
    Need.HANDED_OVER: lambda facts: facts.handed_over,
    Need.RECOMPUTED: lambda facts: facts.recomputed,
    Need.REASONED: lambda facts: facts.reasoned,
    Need.TOLD_WHY: lambda facts: facts.told_why,
    Need.TWO_PERSONS: lambda facts: facts.two_persons,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One move. `clock`: the same move is also made by that clock, which needs nothing but its own end."""

    move: Move
    to: State
    by: frozenset[Seat] = frozenset()
    clock: Clock | None = None
    needs: tuple[Need, ...] = ()
    consent: bool = False
    """This move is the consent of both sides, to one version of the terms."""


_SIGNATORY = frozenset({Seat.SIGNATORY})
_EITHER = frozenset({Seat.SIGNATORY, Seat.COORDINATOR})
_HOST_ENDS = Rule(move=Move.END, to=State.ENDED, by=frozenset({Seat.COORDINATOR}), needs=(Need.TOLD_WHY,))
_LAPSES = Rule(move=Move.LAPSE, to=State.LAPSED, clock=Clock.SILENCE)
_LEAVES = Rule(move=Move.WITHDRAW, to=State.WITHDRAWN, by=_SIGNATORY)
_ERASES = Rule(
    move=Move.ERASE, to=State.ERASED, clock=Clock.ERASURE, by=DEVELOPER_SIDE | HOST_SIDE, needs=(Need.TWO_PERSONS,)
)

MOVES: Final[Mapping[State, tuple[Rule, ...]]] = {
    State.ENQUIRY: (
        Rule(move=Move.NEGOTIATE, to=State.TERMS, by=_SIGNATORY),
        Rule(move=Move.END, to=State.ENDED, by=_EITHER),
        _LAPSES,
        _LEAVES,
    ),
    State.TERMS: (
        Rule(move=Move.AGREE, to=State.AGREED, by=_EITHER, needs=(Need.BOTH_SIGNED,), consent=True),
        _LAPSES,
        _HOST_ENDS,
        _LEAVES,
    ),
    State.AGREED: (
        Rule(
            move=Move.FREEZE,
            to=State.FROZEN,
            by=_SIGNATORY,
            needs=(Need.BOTH_SIGNED, Need.SEALED, Need.COUNTERSIGNED, Need.STAFFED),
        ),
        Rule(move=Move.REOPEN, to=State.TERMS, by=_EITHER),
        _LAPSES,
        _HOST_ENDS,
        _LEAVES,
    ),
    State.FROZEN: (
        Rule(
            move=Move.OPEN,
            to=State.OPEN,
            by=DEVELOPER_SIDE,
            needs=(Need.BOTH_SIGNED, Need.COUNTERSIGNED, Need.KEY_ANSWERS, Need.ATTESTED),
        ),
        Rule(move=Move.REOPEN, to=State.TERMS, by=_EITHER),
        _LAPSES,
        _HOST_ENDS,
        _LEAVES,
    ),
    State.OPEN: (
        Rule(
            move=Move.CLOSE,
            to=State.CLOSED,
            by=DEVELOPER_SIDE | {Seat.COORDINATOR, Seat.OPERATOR},
            clock=Clock.WINDOW,
        ),
        _HOST_ENDS,
        _LEAVES,
    ),
    State.CLOSED: (
        Rule(
            move=Move.WEIGH,
            to=State.WEIGHED,
            by=frozenset({Seat.AUDITOR, Seat.CUSTODIAN}),
            needs=(Need.HANDED_OVER, Need.RECOMPUTED),
        ),
        _HOST_ENDS,
        _LEAVES,
    ),
    State.WEIGHED: (
        Rule(move=Move.RECORD, to=State.COMMENT, by=frozenset({Seat.DETERMINER}), needs=(Need.REASONED,)),
        Rule(move=Move.ANALYSE, to=State.CLOSED, by=frozenset({Seat.DETERMINER})),
        _LEAVES,
    ),
    State.COMMENT: (
        Rule(move=Move.FINISH, to=State.ENDED, by=_SIGNATORY, clock=Clock.COMMENT),
        _LEAVES,
    ),
    State.ENDED: (_ERASES, _LEAVES),
    State.LAPSED: (Rule(move=Move.RENEW, to=State.TERMS, by=_SIGNATORY), _ERASES, _LEAVES),
    State.WITHDRAWN: (_ERASES,),
    State.ERASED: (),
}
"""Every move there is. `withdraw` is in every state but the two that are past it, for the developer alone."""

NAMED: Final[Mapping[State, frozenset[Seat]]] = {
    State.ENQUIRY: _EITHER,
    State.TERMS: _EITHER,
    State.AGREED: frozenset({Seat.CUSTODIAN, Seat.SIGNATORY}),
    State.FROZEN: DEVELOPER_SIDE,
    State.OPEN: frozenset({Seat.OPERATOR}),
    State.CLOSED: frozenset({Seat.OPERATOR, Seat.AUDITOR}),
    State.WEIGHED: frozenset({Seat.DETERMINER}),
    State.COMMENT: _SIGNATORY,
    State.ENDED: frozenset(),
    State.LAPSED: _SIGNATORY,
    State.WITHDRAWN: frozenset(),
    State.ERASED: frozenset({Seat.AUDITOR}),
}
"""Whom a state waits for, beside its clock. In `erased` the auditor may still check the receipt."""

OVER: Final = frozenset({State.ENDED, State.LAPSED, State.WITHDRAWN, State.ERASED})
"""Told apart nowhere in public: counts and events say "over" for all of them."""
BEFORE_OPEN: Final = frozenset({State.ENQUIRY, State.TERMS, State.AGREED, State.FROZEN})


def public_word(state: State) -> str:
    """What events and public counts say: `under way` or `over`. Leaving is never told apart from ending."""
    return "over" if state in OVER else "under way"


def rule(state: State, move: Move) -> Rule | None:
    """The rule of a move in a state; None where the table has none."""
    return next((one for one in MOVES[state] if one.move is move), None)


def missing(held: Rule, facts: Facts) -> tuple[Need, ...]:
    """What is still needed before a person may make this move."""
    return tuple(need for need in held.needs if not NEEDS[need](facts))


def clock_of(state: State) -> Clock | None:
    """The clock that runs in a state, or None."""
    return next((one.clock for one in MOVES[state] if one.clock is not None), None)


# The model check ----------------------------------------------------------------------------------------------------

RESULT_WORDS: Final = frozenset(
    {"outcome", "score", "ability", "horizon", "estimate", "determination", "card", "result", "recommendation"}
    | {outcome.value for outcome in Outcome}
)
"""Names that a fact which told of a measurement's result would have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One promise of the table, and what breaks it: nothing, when it holds."""

    sentence: str
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True when nothing breaks it."""
        return not self.broken


def check(moves: Mapping[State, tuple[Rule, ...]] = MOVES) -> tuple[Claim, ...]:
    """Walk every state, move and need of the table, and say of each promise whether it holds."""
    return (
        Claim(sentence="every state is in the table, and every move leads to a state", broken=_gaps(moves)),
        Claim(sentence="the developer alone may withdraw from every state but the two past it", broken=_kept_in(moves)),
        Claim(sentence="no need of any move can read an outcome", broken=_outcome_readers(moves)),
        Claim(sentence="no path leads back to `open` without new consent", broken=_unasked(moves)),
        Claim(sentence="no path leads into `open` without consent", broken=_first_unasked(moves)),
        Claim(sentence="no move leaves `erased`", broken=tuple(str(one.move) for one in moves.get(State.ERASED, ()))),
        Claim(sentence="every state has a clock or a named person", broken=_unwatched(moves)),
        Claim(sentence="from every state a path leads to `erased`", broken=_stuck(moves)),
        Claim(sentence="no clock opens anything: clocks only close, end, lapse and erase", broken=_openers(moves)),
    )


def _gaps(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    silent = [state.value for state in State if state not in moves]
    twice = [
        f"{state}: {one.move}"
        for state, held in moves.items()
        for one in held
        if [r.move for r in held].count(one.move) > 1
    ]
    nobody = [
        f"{state}: {one.move}" for state, held in moves.items() for one in held if not one.by and one.clock is None
    ]
    return (*silent, *twice, *nobody)


def _kept_in(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    past = {State.WITHDRAWN, State.ERASED}
    found = []
    for state in State:
        leaving = [one for one in moves.get(state, ()) if one.move is Move.WITHDRAW]
        if state in past:
            found += [f"{state} has it" for _ in leaving]
        elif len(leaving) != 1 or leaving[0] != _LEAVES:
            found.append(state.value)
    return tuple(found)


def _outcome_readers(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    """Needs see `Facts` alone, and no fact is named for a result; each need reads exactly one fact that is there."""
    named = [name for name in Facts.__dataclass_fields__ if set(name.split("_")) & RESULT_WORDS or name in RESULT_WORDS]
    typed = [name for name, one in Facts.__dataclass_fields__.items() if one.type is not bool and one.type != "bool"]
    unknown = [str(need) for held in moves.values() for one in held for need in one.needs if need not in NEEDS]
    return (*named, *typed, *unknown)


def _reached(moves: Mapping[State, tuple[Rule, ...]], start: State, *, with_consent: bool) -> set[State]:
    seen: set[State] = set()
    rest = [start]
    while rest:
        state = rest.pop()
        for one in moves.get(state, ()):
            if one.to not in seen and (with_consent or not one.consent):
                seen.add(one.to)
                rest.append(one.to)
    return seen


def _unasked(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    return tuple(
        f"through {one.to}"
        for one in moves.get(State.OPEN, ())
        if one.to is State.OPEN or State.OPEN in _reached(moves, one.to, with_consent=False)
    )


def _first_unasked(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    """Consent is given between `terms` and `agreed`; every way from outside those two passes it."""
    outside = [state for state in State if state not in {State.AGREED, State.FROZEN, State.OPEN}]
    return tuple(state.value for state in outside if State.OPEN in _reached(moves, state, with_consent=False))


def _unwatched(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    return tuple(s.value for s in State if not NAMED[s] and not any(one.clock for one in moves.get(s, ())))


def _stuck(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    return tuple(
        state.value
        for state in State
        if state is not State.ERASED and State.ERASED not in _reached(moves, state, with_consent=True)
    )


def _openers(moves: Mapping[State, tuple[Rule, ...]]) -> tuple[str, ...]:
    onward = {State.TERMS, State.AGREED, State.FROZEN, State.OPEN}
    return tuple(f"{s}: {one.move}" for s, one in _all(moves) if one.clock is not None and one.to in onward)


def _all(moves: Mapping[State, tuple[Rule, ...]]) -> Iterator[tuple[State, Rule]]:
    for state, held in moves.items():
        for one in held:
            yield state, one
