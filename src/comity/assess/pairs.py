"""What takes two persons of different roles: which acts, and which pairs of seats make one up.

A pair is used once. Both must have declared their conflicts of interest; one person never counts twice, whatever seats
they hold.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import Final

from comity.errors import Conflict, Forbidden
from comity.model.dossier import Agreement, Engagement, Joint, Signed
from comity.model.engagement import DEVELOPER_SIDE, HOST_SIDE, Seat
from comity.model.ids import PartyId

Pair = tuple[frozenset[Seat], frozenset[Seat]]

_DEVELOPER: Final = frozenset({Seat.SIGNATORY})
_CUSTODIAN: Final = frozenset({Seat.CUSTODIAN})

PAIRS: Final[Mapping[Joint, Pair]] = {
    Joint.BATTERY: (_CUSTODIAN, frozenset({Seat.AUDITOR, Seat.OPERATOR})),
    Joint.THRESHOLD: (_CUSTODIAN, frozenset({Seat.DETERMINER, Seat.AUDITOR, Seat.OPERATOR})),
    Joint.TRANSCRIPT: (
        frozenset({Seat.OPERATOR, Seat.AUDITOR}),
        frozenset({Seat.CUSTODIAN, Seat.ENGINEER, Seat.SIGNATORY}),
    ),
    Joint.EXPORT: (frozenset({Seat.COORDINATOR, Seat.AUDITOR}), DEVELOPER_SIDE),
    Joint.WINDOW: (_DEVELOPER, frozenset({Seat.COORDINATOR, Seat.OPERATOR})),
    Joint.PARTNER: (_DEVELOPER, frozenset({Seat.COORDINATOR})),
    Joint.SECTION: (_DEVELOPER, frozenset({Seat.COORDINATOR})),
    Joint.OVERRULE: (frozenset({Seat.DETERMINER}), frozenset({Seat.AUDITOR})),
    Joint.CONFIRM: (frozenset({Seat.DETERMINER}), frozenset({Seat.AUDITOR})),
    Joint.ERASE: (_DEVELOPER, HOST_SIDE),
}
"""One seat out of each set. Where the developer stands in a pair, nothing of it happens without the developer."""


def agreed(engagement: Engagement, act: Joint, subject: str, signature: Signed) -> Engagement:
    """With this person's consent to the act on exactly this subject.

    Forbidden for a seat that is in no pair of the act. Conflict for a second consent by the same person.
    """
    one, other = PAIRS[act]
    if signature.seat not in one | other:
        names = ", ".join(sorted(seat.value for seat in one | other))
        raise Forbidden(f"to {act} takes two of: {names}")
    waiting = _waiting(engagement, act, subject)
    if waiting is None:
        fresh = Agreement(act=act, subject=subject, by=(signature,))
        return replace(engagement, agreements=(*engagement.agreements, fresh))
    if signature.person in {held.person for held in waiting.by}:
        raise Conflict(f"you have agreed to {act} already: it takes another person")
    grown = replace(waiting, by=(*waiting.by, signature))
    return replace(engagement, agreements=tuple(grown if held is waiting else held for held in engagement.agreements))


def is_complete(agreement: Agreement) -> bool:
    """Whether two different persons, one from each side of the act's pair, agreed."""
    one, other = PAIRS[agreement.act]
    return any(
        a.person != b.person
        and a.seat is not b.seat
        and ((a.seat in one and b.seat in other) or (b.seat in one and a.seat in other))
        for a, b in combinations(agreement.by, 2)
    )


def without_copies(engagement: Engagement) -> Engagement:
    """Unused consent to take out a copy ends when another card lies there: nobody agreed to that one."""
    kept = tuple(a for a in engagement.agreements if a.act is not Joint.EXPORT or a.used_at is not None)
    return replace(engagement, agreements=kept)


def ready(engagement: Engagement, act: Joint, subject: str) -> bool:
    """Whether the act may be done now."""
    waiting = _waiting(engagement, act, subject)
    return waiting is not None and is_complete(waiting)


def used(
    engagement: Engagement, act: Joint, subject: str, *, at: datetime, reader: PartyId | None = None
) -> Engagement:
    """The act is done under its pair. Forbidden without one: ask for the second person first.

    `reader`: who will see what is opened. Two persons agreed to open it between them, so it is one of the two: a third,
    even of a seat that could have agreed, neither reads it nor uses their consent up.
    """
    waiting = _waiting(engagement, act, subject)
    if waiting is None or not is_complete(waiting):
        raise Forbidden(f"to {act} takes two persons of different roles: {_who(act)}")
    if reader is not None and reader not in {held.person for held in waiting.by}:
        raise Forbidden(f"to {act} is for the two who agreed to it: agree to it yourself, with a second person")
    done = replace(waiting, used_at=at)
    return replace(engagement, agreements=tuple(done if held is waiting else held for held in engagement.agreements))


def _waiting(engagement: Engagement, act: Joint, subject: str) -> Agreement | None:
    return next((a for a in engagement.agreements if a.act is act and a.subject == subject and a.used_at is None), None)


def _who(act: Joint) -> str:
    one, other = (" or ".join(sorted(seat.value for seat in seats)) for seats in PAIRS[act])
    return f"{one}, and {other}"
