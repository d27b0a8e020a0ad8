"""Another host of this kind, and cases that pass between two hosts."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from comity.model.basis import Ground
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, PartyId, Receipt


class Door(StrEnum):
    """How a partner takes a case."""

    COMITY = "comity"
    """As a signed letter, answered by a signed receipt; the partner brings cases too."""
    TAP = "tap"
    """As reports at its TAP intake, one by one, under a token of this host's there. Nothing comes back that way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A host with which this one has an agreement. Its key is pinned: it was brought by hand, not fetched.

    What the partner hands over belongs to `organisation` here, as if a member of it had sent it. A TAP intake has no
    key: `key` is empty, and `key_id` stands for its address.
    """

    id: str
    organisation: PartyId
    name: str
    address: str
    key: bytes
    """Its public key document, exactly as it was brought."""
    key_id: str
    added_by: PartyId
    added_at: datetime
    ended_at: datetime | None = None
    door: Door = Door.COMITY
    token: str = field(default="", repr=False)
    """At a TAP intake: what this host's reports are taken under. A secret."""
    exchanges_claims: bool = False
    """Whether the two hosts tell each other of scan claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """One document that travels: a report (`comity-report/1`, or TAP's), or the signed statement of a validation."""

    kind: str
    digest: Digest
    size_bytes: int


REPORT: Final = "report"
STATEMENT: Final = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What one host signs to another: which case, on which ground, under which handling, and what is enclosed.

    `embargo_until` is the date in force where it comes from; None means that none is. `tlp` is the strictest label of
    what is enclosed, and each document carries its own.
    """

    id: str
    sent_at: datetime
    case: CaseId
    from_key: str
    to_key: str
    by: str
    why: str
    ground: Ground
    tlp: Tlp
    no_equities_use: bool
    embargo_until: datetime | None
    embargo_basis: str
    enclosed: tuple[Enclosed, ...]


class Delivery(StrEnum):
    """Where a hand-over stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"
    GIVEN_UP = "given up"


class Way(StrEnum):
    """Which way a letter about claims went."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLetter:
    """The last letter about scan claims that went one way between this host and a partner. It is the whole of what is
    told, so the one before it is not kept."""

    partner: str
    way: Way
    at: datetime
    """When it was composed."""
    letter: bytes
    receipt: bytes
    """Signed by whoever took it; empty while nobody did."""
    number: int
    """Claims that it tells of."""
    problem: str = ""
    """Why it was not taken, as the other side or the network says it."""


PAUSES: Final = tuple(timedelta(minutes=n) for n in (1, 5, 30, 120, 360, 720, 1440, 1440, 1440, 1440))
"""How long to wait after each try that nobody answered; after the last one it is given up, in sight (policy)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A case on its way out. `letter` is signed and its bytes never change, so that a repeat is known as one."""

    id: str
    case: CaseId
    partner: str
    partner_name: str
    by: PartyId
    at: datetime
    letter: bytes
    """It names the documents that travel with it. They are kept beside this until the other side has them."""
    state: Delivery = Delivery.WAITING
    tries: int = 0
    round: int = 0
    """How often somebody had it sent again."""
    problem: str = ""
    """Why it was refused or could not be delivered, as the other side or the network says it."""
    receipt: bytes = b""
    """The other side's signed receipt."""
    receipts: tuple[Receipt, ...] = ()
    """Its receipts for the reports, with which anybody may follow them there."""
    monitors: tuple[str, ...] = ()
    """Of a TAP intake: the path there that tells what became of each receipt, in their order."""
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A case that came in. `mark` is the digest of the signed letter; the same letter again gets the same receipt."""

    mark: Digest
    partner: str
    partner_name: str
    at: datetime
    letter: bytes
    """It names the signed statements that came with it, kept beside this. Empty once its reports were erased."""
    receipts: tuple[Receipt, ...]
    receipt: bytes
