"""Make one move of the table, by a seat or by a clock. Everything that changes a state goes through here."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.assess import scope
from comity.errors import Conflict, Forbidden
from comity.model.dossier import Engagement, emptied, facts
from comity.model.engagement import Move, Rule, Seat, State, missing, rule
from comity.model.ids import Digest

CONSENT_ENDS: Final = frozenset({State.TERMS, State.LAPSED, State.WITHDRAWN})
"""Consent of two persons that was not used ends here: it was about papers that are open again, or about a developer
who was still there."""


def by_seat(
    engagement: Engagement, move: Move, seat: Seat, *, now: datetime, told_why: bool = False, two_persons: bool = False
) -> Engagement:
    """The move by somebody in that seat.

    Conflict when the table has no such move here, or something is still needed; Forbidden for another seat.
    """
    held = _rule(engagement, move)
    if seat not in held.by:
        names = " or ".join(sorted(one.value for one in held.by)) or "nobody: a clock does"
        raise Forbidden(f"the {seat} may not {move} here; who may: {names}")
    known = facts(engagement, terms=digest_in_hand(engagement), told_why=told_why, two_persons=two_persons)
    lacking = missing(held, known)
    if lacking:
        raise Conflict(f"to {move}, this is still needed: {'; '.join(lacking)}")
    return arrived(engagement, held, now=now)


def by_clock(engagement: Engagement, move: Move, *, now: datetime) -> Engagement:
    """The move that a clock makes by its end alone. Conflict when no clock makes it here."""
    held = _rule(engagement, move)
    if held.clock is None:
        raise Conflict(f"no clock makes an engagement {move}")
    return arrived(engagement, held, now=now)


def arrived(engagement: Engagement, held: Rule, *, now: datetime) -> Engagement:
    """The engagement in its new state, with what arriving there brings: a new version of reopened terms, an enquiry's
    content gone.
    """
    there = replace(engagement, state=held.to, since=now)
    if held.to in CONSENT_ENDS:
        there = replace(there, agreements=tuple(one for one in there.agreements if one.used_at is not None))
    if held.to is State.TERMS and engagement.terms:
        # what was signed stays signed as it was; going on takes new signatures, under a new number
        there = replace(
            there, terms=(*engagement.terms, replace(engagement.terms[-1], number=len(engagement.terms) + 1))
        )
    if engagement.state is State.ENQUIRY and held.to is not State.TERMS:
        there = emptied(there)
    return there


def digest_in_hand(engagement: Engagement) -> Digest | None:
    """The digest of the newest terms, which signatures must name."""
    return scope.terms_digest(engagement.terms[-1]) if engagement.terms else None


def _rule(engagement: Engagement, move: Move) -> Rule:
    held = rule(engagement.state, move)
    if held is None:
        raise Conflict(f"engagement {engagement.id} is in {engagement.state}: nobody can {move} from there")
    return held
