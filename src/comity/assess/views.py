"""What each seat may see of an engagement, as data, and what the counter answers with.

A part that a seat may not see is not in the answer at all: the pages cannot show it by mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

from comity.assess import pairs, partners, probes, scope
from comity.assess.acts import Open
from comity.assess.clocks import Due
from comity.assess.watermark import Mark
from comity.model.dossier import Engagement
from comity.model.engagement import DEVELOPER_SIDE, HOST_SIDE, MEANING, NAMED, Seat, State
from comity.model.ids import EngagementId

EVERY: Final = frozenset(Seat)
BOTH: Final = DEVELOPER_SIDE | HOST_SIDE


class Part(StrEnum):
    """A part of the record that is shown or not shown as a whole."""

    QUESTION = "question"
    SEATS = "seats"
    TERMS = "terms"
    SIGNATURES = "signatures"
    DIGESTS = "digests"
    ENDPOINT = "endpoint"
    CONTAINMENT = "containment"
    WINDOW = "window"
    PROBES = "probes"
    PROGRESS = "progress"
    USAGE = "usage"
    PARTNERS = "partners"
    AGREEMENTS = "agreements"
    FLAGS = "flags"
    CARD = "card"
    COMMENT = "comment"
    LEDGER = "ledger"


SEES: Final[Mapping[Part, frozenset[Seat]]] = {
    Part.QUESTION: BOTH,
    Part.SEATS: EVERY,
    Part.TERMS: EVERY,
    Part.SIGNATURES: BOTH,
    Part.DIGESTS: EVERY,
    Part.ENDPOINT: DEVELOPER_SIDE,
    Part.CONTAINMENT: BOTH,
    Part.WINDOW: EVERY,
    Part.PROBES: BOTH,
    Part.PROGRESS: BOTH,
    Part.USAGE: BOTH,
    Part.PARTNERS: BOTH,
    Part.AGREEMENTS: BOTH,
    Part.FLAGS: BOTH,
    Part.CARD: HOST_SIDE,
    Part.COMMENT: BOTH,
    Part.LEDGER: DEVELOPER_SIDE | {Seat.COORDINATOR, Seat.AUDITOR},
}
"""Need to know, part by part. The developer reads the card from the comment on; a partner only what was released."""

CARD_FOR_DEVELOPER: Final = frozenset({State.COMMENT, State.ENDED})
WHY: Final[Mapping[Part, str]] = {
    Part.ENDPOINT: "the developer's endpoint and key are the developer's own affair: the gateway alone uses them",
    Part.LEDGER: "who looked at what is shown to the developer live, and to coordinator and auditor",
    Part.CARD: "the developer reads the whole card when a determiner has recorded, with time to comment",
}
"""Reasons behind rows that may surprise, for the rules page."""


def sees(part: Part, seats: frozenset[Seat], state: State) -> bool:
    """Whether somebody in these seats may see a part in this state."""
    if part is Part.CARD and state is State.WITHDRAWN:
        return False
    if seats & SEES[part]:
        return True
    return part is Part.CARD and bool(seats & DEVELOPER_SIDE) and state in CARD_FOR_DEVELOPER


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list."""

    id: EngagementId
    state: State
    subject: str
    developer: str
    since: datetime
    opened_at: datetime
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One entry of the access ledger with the person's name."""

    place: int
    at: datetime
    who: str
    seat: str
    what: str
    why: str
    parts: tuple[str, ...]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One engagement as one person sees it. `parts` holds plain values, and only those of parts that are theirs."""

    id: EngagementId
    state: State
    meaning: str
    since: datetime
    opened_at: datetime
    subject: str
    developer: str
    seats: tuple[Seat, ...]
    undeclared: bool
    due: Due | None
    waits_for: tuple[str, ...]
    next: str
    acts: tuple[Open, ...]
    parts: Mapping[str, Any]
    can_take: bool
    mark: Mark | None
    receipt: bytes | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is public: how many are under way, how many are over. How one came to be over is never told."""

    under_way: int
    over: int


def waits_for(engagement: Engagement) -> tuple[str, ...]:
    """Whom this state waits for: seats with the names of their holders."""
    found = []
    for seat in sorted(NAMED[engagement.state], key=lambda one: one.value):
        names = ", ".join(one.name for one in engagement.holders(seat)) or "nobody is named yet"
        found.append(f"{seat.value} ({names})")
    return tuple(found)


def next_sentence(engagement: Engagement) -> str:
    """What happens next, in one sentence."""
    sealing = engagement.sealing
    match engagement.state:
        case State.ENQUIRY:
            return "The developer goes into terms, or either side ends the enquiry. Then only a receipt stays."
        case State.TERMS if not engagement.terms:
            return "One side writes the terms; both sign the same version."
        case State.TERMS:
            return (
                f"Version {engagement.terms[-1].number} of the terms lies here. Both sides sign it, or write the next."
            )
        case State.AGREED if sealing is None or sealing.countersigned is not None:
            return "The custodian seals battery, plan and threshold; operator and endpoint are made ready."
        case State.AGREED:
            return "The developer's signatory countersigns what was sealed, when the four seats are named and declared."
        case State.FROZEN:
            return "The developer opens the window: the first call that the key answers begins it."
        case State.OPEN:
            return "Runs are made. The window ends by itself; either side may close it sooner."
        case State.CLOSED if engagement.card is None:
            return "The operator scores what is held and hands the card over."
        case State.CLOSED:
            return "A second person recomputes the card."
        case State.WEIGHED:
            return "The named determiner records an outcome or none, with reasons, or asks for more analysis."
        case State.COMMENT:
            return "The developer reads the card and writes beside it, or lets the clock run out."
        case State.ENDED:
            return "Sections may be released where both sides sign. The evidence is erased by its clock."
        case State.LAPSED:
            return "Nothing. The developer may take up terms again; else what is held is erased."
        case State.WITHDRAWN:
            return "Nothing is asked of anybody. The evidence is erased by its clock."
        case State.ERASED:
            return "Nothing. The receipt and the access ledger can be checked."


def parts_of(engagement: Engagement, seats: frozenset[Seat], *, more: Mapping[Part, Any]) -> dict[str, Any]:
    """The parts that somebody in these seats may see, as plain values. `more` holds what does not lie in the record."""
    made: dict[Part, Any] = {
        Part.QUESTION: engagement.question,
        Part.SEATS: plain(engagement.seats),
        Part.TERMS: [{**scope.plain(one), "digest": scope.terms_digest(one)} for one in engagement.terms],
        Part.SIGNATURES: plain(engagement.signatures),
        Part.DIGESTS: plain(engagement.sealings),
        Part.ENDPOINT: plain(engagement.endpoint),
        Part.CONTAINMENT: plain(engagement.attested),
        Part.WINDOW: plain(engagement.window),
        Part.PROBES: plain(probes.blocks(engagement.probes)),
        Part.PROGRESS: {
            "planned": engagement.runs_planned,
            "done": engagement.runs_done,
            "note": engagement.note,
            "ended_because": engagement.ended_because,
        },
        Part.PARTNERS: [{**plain(one), "admitted": partners.is_admitted(one)} for one in engagement.partners],
        Part.AGREEMENTS: [{**plain(one), "complete": pairs.is_complete(one)} for one in engagement.agreements],
        Part.FLAGS: [{**plain(one), "word": one.word} for one in engagement.flags],
        Part.CARD: plain(engagement.card)
        | {"determination": plain(engagement.determination), "released": list(engagement.released)}
        if engagement.card
        else None,
        Part.COMMENT: engagement.comment,
        **more,
    }
    return {part.value: value for part, value in made.items() if sees(part, seats, engagement.state)}


def meaning(state: State) -> str:
    """What is true in a state."""
    return MEANING[state]


def plain(value: Any) -> Any:
    """Dataclasses, enums, moments and tuples as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value
