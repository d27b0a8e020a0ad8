"""When a clock moves an engagement on, with nobody acting: arithmetic over the record and the host's parameters."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.model.dossier import Engagement
from comity.model.engagement import Clock, Move, Rule, State, clock_of, rule

SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long each clock runs. Every value is a policy parameter of the host."""

    silence: timedelta = timedelta(days=30)
    """A state before the window lapses after so long without a move."""
    comment_days: int = 10
    """Working days (Monday to Friday, UTC) that the developer has for a comment."""
    erasure: timedelta = timedelta(days=7)
    """Evidence is erased so long after the end."""
    erasure_withdrawn: timedelta = timedelta(hours=24)
    """And so long after a withdrawal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The move that a clock makes, and when."""

    move: Move
    clock: Clock
    at: datetime


def due(engagement: Engagement, times: Times) -> Due | None:
    """The next move by clock; None where no clock runs in this state."""
    clock = clock_of(engagement.state)
    at = _ends(engagement, times, clock)
    if clock is None or at is None:
        return None
    held = _rule(engagement.state, clock)
    return Due(move=held.move, clock=clock, at=at)


def working_days_after(start: datetime, days: int) -> datetime:
    """The same time of day, so many Mondays to Fridays later. Public holidays are not known here and do not count."""
    at = start
    while days > 0:
        at += timedelta(days=1)
        if at.weekday() < SATURDAY:
            days -= 1
    return at


def _ends(engagement: Engagement, times: Times, clock: Clock | None) -> datetime | None:
    match clock:
        case Clock.SILENCE:
            return engagement.since + times.silence
        case Clock.WINDOW:
            return engagement.window.end if engagement.window else engagement.since
        case Clock.COMMENT:
            return working_days_after(engagement.since, times.comment_days)
        case Clock.ERASURE:
            return engagement.since + _erasure(engagement, times)
        case None:
            return None


def _erasure(engagement: Engagement, times: Times) -> timedelta:
    if engagement.state is State.WITHDRAWN:
        return times.erasure_withdrawn
    if engagement.state is State.LAPSED:
        return times.silence  # the developer may still take the terms up again
    if not engagement.terms:
        return timedelta()  # an enquiry that went no further: its content is gone, nothing waits
    return times.erasure


def _rule(state: State, clock: Clock) -> Rule:
    moves = [move for move in Move if (held := rule(state, move)) is not None and held.clock is clock]
    held = rule(state, moves[0])
    assert held is not None
    return held
