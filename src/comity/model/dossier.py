"""One engagement with all its papers: terms, signatures, sealed digests, window, partners, card and comment.

The whole record is sealed at rest under the engagement's own key. Change makes a new value. Whether a model is given
to others, and when, is the developer's affair: `planned_release` is the developer's own statement, which shortens the
window and which nothing here computes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from comity.errors import Conflict
from comity.model.engagement import APART, Facts, Outcome, Seat, State
from comity.model.ids import Digest, EngagementId, PartyId, digest


class Access(StrEnum):
    """How much of the model the assessors reach (levels AL1 to AL3 of arXiv 2601.11916)."""

    BLACK_BOX = "AL1: black box, an endpoint alone"
    GREY_BOX = "AL2: grey box, endpoint with log probabilities or reasoning"
    WHITE_BOX = "AL3: white box, weights on the developer's premises"


class Safeguards(StrEnum):
    """Whether the developer's own safeguards act during the runs."""

    ON = "on, as planned for users"
    REDUCED = "reduced for the assessment"
    OFF = "off for the assessment"


class Logging(StrEnum):
    """What the gateway keeps of each call."""

    RECORDS = "encrypted records"
    COUNTS = "counts only"


class Joint(StrEnum):
    """What needs two persons of different roles; the value reads after "to"."""

    BATTERY = "open the battery"
    THRESHOLD = "open the threshold"
    TRANSCRIPT = "read a raw transcript"
    EXPORT = "export anything"
    WINDOW = "move the window inside its cap"
    PARTNER = "admit a partner"
    SECTION = "release a section"
    OVERRULE = "overrule a misfit or cheat flag"
    CONFIRM = "confirm a cheat flag"
    ERASE = "erase the evidence early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the gateway lets through. Tokens are those the endpoint reports, or more where it reports too few."""

    run_tokens: int = 2_000_000
    total_tokens: int = 200_000_000
    calls_per_minute: int = 600
    failed_calls: int = 200
    """Calls that the endpoint may fail in all. Then the window closes: nobody waits for ever on an endpoint."""
    answer_tokens: int = 32_000
    """Most tokens that one call may ask for."""
    parameters: tuple[str, ...] = (
        "messages",
        "max_tokens",
        "temperature",
        "top_p",
        "stop",
        "seed",
        "tools",
        "tool_choice",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of what both sides sign. A signed version never changes: a change is the next version."""

    number: int
    model: str
    """The model id exactly as the endpoint must answer with it."""
    scope: str
    access: Access
    people: tuple[str, ...]
    """Login names of those who may call the model, whatever their seat."""
    use_limits: str
    nondisclosure: str
    intellectual_property: str
    security: str
    insider_risk: str
    retention: str
    safeguards: Safeguards
    withheld: str = ""
    """What the developer does not give: printed on the card."""
    planned_release: datetime | None = None
    """The developer's own date for giving the model to other partners; the window never passes it."""
    window_days: int = 30
    limits: Limits = Limits()
    logging: Logging = Logging.RECORDS
    developer_key: str = ""
    """The developer's own public key (Ed25519, 64 hex characters); empty: the host states who signed."""


TERMS_TEXT: Final = (
    "scope",
    "use_limits",
    "nondisclosure",
    "intellectual_property",
    "security",
    "insider_risk",
    "retention",
)
"""The parts of the terms that are text, and may not be empty when they are signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Somebody in a seat. Until conflicts of interest are declared the seat opens nothing."""

    seat: Seat
    person: PartyId
    login: str
    name: str
    organisation: PartyId
    is_script: bool
    at: datetime
    declared: str | None = None
    """The declaration in the person's own words; None: not made yet."""
    partner: str = ""
    """Whose person it is, for the seat of a trusted partner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One person's name under one digest. The host's signed statement about it lies among the engagement's files."""

    person: PartyId
    name: str
    seat: Seat
    is_script: bool
    digest: Digest
    at: datetime
    key: str = ""
    """Id of the developer's own key that signed; empty: the host's statement is all there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What was committed to before anything ran. Earlier sealings stay, however often the terms are reopened."""

    terms: Digest
    battery_root: Digest
    leaves: int
    plan: Digest
    """Digest of the analysis plan's leaf."""
    threshold: Digest | None
    """Digest of the threshold's leaf; None: no threshold was sealed, so the card can only estimate."""
    threshold_label: str
    """What the threshold's owner calls it. Shown; it may not tell the value."""
    sealed_by: Signed
    countersigned: Signed | None = None

    @property
    def public(self) -> dict[str, str]:
        """What is journalled: digests and counts, and a label that tells no value."""
        return {
            "terms": self.terms,
            "battery_root": self.battery_root,
            "leaves": str(self.leaves),
            "plan": self.plan,
            "threshold": self.threshold or "none",
            "threshold_label": self.threshold_label,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the model answers. The developer's key lies apart, sealed, and no page or call gives it back."""

    url: str
    model: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Who says, from what, that runs are contained."""

    level: str
    statement: str
    by: PartyId
    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the endpoint answered to the fixed probe prompts. `moment` is "start" or "end" of a block of runs."""

    block: int
    moment: str
    model: str
    fingerprint: str
    answers: tuple[Digest, ...]
    """One digest for each probe prompt, in order."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`cap` never moves. `end` may move inside it, later only with the developer's signature."""

    start: datetime
    end: datetime
    cap: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A trusted partner: both sides sign, either may veto without a reason. There is no order among partners."""

    name: str
    criteria: str
    proposed_by: Seat
    signatures: tuple[Signed, ...] = ()
    vetoed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two persons' consent to one act on one subject. Used once."""

    act: Joint
    subject: str
    by: tuple[Signed, ...]
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Determination:
    """What the named determiner recorded: an outcome or none, always with reasons."""

    outcome: Outcome | None
    reasons: str
    by: PartyId
    name: str
    is_script: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The card in hand: its digest, who handed it over, who got the same figures again."""

    digest: Digest
    sections: tuple[str, ...]
    recommended: Outcome
    handed_by: PartyId
    handed_name: str
    at: datetime
    recomputed_by: PartyId | None = None
    recomputed_name: str = ""
    recomputed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A misfit or cheat flag. Overruling or confirming takes two persons and a reason; the flag stays on the card."""

    name: str
    about: str
    overruled: str = ""
    confirmed: str = ""

    @property
    def word(self) -> str:
        """What became of it, in one sentence."""
        if self.overruled:
            return f"overruled by two persons: {self.overruled}"
        if self.confirmed:
            return f"confirmed by two persons: {self.confirmed}"
        return "two persons have not decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """One engagement. `version` counts its states for optimistic writes."""

    id: EngagementId
    state: State
    since: datetime
    opened_at: datetime
    developer: PartyId
    developer_name: str
    subject: str
    question: str
    seats: tuple[Appointment, ...] = ()
    terms: tuple[Terms, ...] = ()
    signatures: tuple[Signed, ...] = ()
    sealings: tuple[Sealing, ...] = ()
    endpoint: Endpoint | None = None
    attested: Attestation | None = None
    probes: tuple[Probe, ...] = ()
    window: Window | None = None
    ended_because: str = ""
    runs_planned: int = 0
    runs_done: int = 0
    note: str = ""
    """What the running assessment says of itself: counts, no text of any run."""
    card: Card | None = None
    flags: tuple[Flag, ...] = ()
    determination: Determination | None = None
    comment: str = ""
    comment_key: str = ""
    """Id of the developer's own key under the comment; empty: the host's statement is all there is."""
    partners: tuple[Partner, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    released: tuple[str, ...] = ()
    weaknesses: int = 0
    version: int = 0

    @property
    def in_hand(self) -> Terms | None:
        """The newest version of the terms."""
        return self.terms[-1] if self.terms else None

    @property
    def sealing(self) -> Sealing | None:
        """The newest sealing."""
        return self.sealings[-1] if self.sealings else None

    def holders(self, seat: Seat) -> tuple[Appointment, ...]:
        """Who holds a seat."""
        return tuple(one for one in self.seats if one.seat is seat)

    def seats_of(self, person: PartyId, *, declared: bool = True) -> frozenset[Seat]:
        """The seats of a person; with `declared` only those that are open to them."""
        return frozenset(s.seat for s in self.seats if s.person == person and (s.declared is not None or not declared))


def staffed(engagement: Engagement) -> bool:
    """Operator, custodian, determiner and auditor are each held by a person who declared conflicts of interest."""
    return all(any(one.declared is not None for one in engagement.holders(seat)) for seat in APART)


def facts(engagement: Engagement, *, terms: Digest | None, told_why: bool = False, two_persons: bool = False) -> Facts:
    """What moves may depend on. `terms` is the digest of the version in hand.

    It reads whether reasons were written, never what was recorded; whether a card is there, never what it says.
    """
    sealing, card = engagement.sealing, engagement.card
    sides = {one.seat for one in engagement.signatures if one.digest == terms} if terms else set()
    probes = [one for one in engagement.probes if one.moment == "start"]
    return Facts(
        both_signed={Seat.SIGNATORY, Seat.COORDINATOR} <= sides,
        sealed=sealing is not None and sealing.terms == terms,
        countersigned=sealing is not None and sealing.terms == terms and sealing.countersigned is not None,
        staffed=staffed(engagement),
        key_answers=engagement.endpoint is not None and bool(probes),
        attested=engagement.attested is not None,
        handed_over=card is not None,
        recomputed=card is not None and card.recomputed_by is not None and card.recomputed_by != card.handed_by,
        reasoned=engagement.determination is not None and bool(engagement.determination.reasons),
        told_why=told_why,
        two_persons=two_persons,
    )


def seat(engagement: Engagement, appointment: Appointment) -> Engagement:
    """With one more person in a seat. Conflict when that person would hold two of the four that stay apart."""
    held = engagement.seats_of(appointment.person, declared=False)
    if appointment.seat in held:
        raise Conflict(f"{appointment.name} already is {appointment.seat} here")
    both = (held | {appointment.seat}) & APART
    if len(both) > 1:
        names = " and ".join(sorted(one.value for one in both))
        raise Conflict(f"nobody is {names} in one engagement: choose another person")
    return replace(engagement, seats=(*engagement.seats, appointment))


def emptied(engagement: Engagement) -> Engagement:
    """What stays of an enquiry that went no further: who and when, and no content at all."""
    return Engagement(
        id=engagement.id,
        state=engagement.state,
        since=engagement.since,
        opened_at=engagement.opened_at,
        developer=engagement.developer,
        developer_name=engagement.developer_name,
        subject="",
        question="",
        seats=tuple(replace(one, declared="" if one.declared is not None else None) for one in engagement.seats),
        version=engagement.version,
    )


def comment_digest(card: Digest | None, words: str) -> Digest:
    """What a comment's signature is about: these words, beside exactly this card."""
    return digest(f"{card or 'no card'}\n{words}".encode())
