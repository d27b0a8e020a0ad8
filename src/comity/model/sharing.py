"""Values of what is shared: one version of one STIX object, a share of it with its ground, and a look at it."""

from dataclasses import dataclass
from datetime import datetime

from comity.model.basis import Ground
from comity.model.handling import NO_EQUITIES_USE, Tlp
from comity.model.ids import PartyId

HOST = PartyId("host")
ADVISORIES = "advisories"
"""The collection of what this host published: nobody adds to it from outside."""
EXCHANGE = "exchange"
"""The collection to which members add their own objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedObject:
    """One version of one STIX object with its handling. `body` is its JSON, exactly as it is served.

    `case` binds it to those read in to a case; `source` names the advisory it was made from.
    """

    collection: str
    id: str
    kind: str
    version: datetime
    tlp: Tlp
    organisation: PartyId
    body: bytes
    spec_version: str = "2.1"
    case: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Somebody was read in to one thing: to whom, on which ground, under which restriction, in which form."""

    id: str
    subject: str
    owner: PartyId
    recipient: PartyId
    """A person, or an organisation (never for RED, which is for named people)."""
    ground: Ground
    tlp: Tlp
    no_equities_use: bool
    projection: str
    by: PartyId
    at: datetime
    ended_at: datetime | None = None

    @property
    def restriction(self) -> str:
        """The sentence that travels with every share."""
        equities = f"{NO_EQUITIES_USE} " if self.no_equities_use else ""
        return f"{self.tlp.label}. {equities}Shared on the ground of {self.ground.sentence}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who looked at what of one party, in which way, on one day."""

    subject: str
    person: PartyId
    what: str
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptField:
    """A piece of personal information that stays in something that leaves, and why."""

    field: str
    kind: str
    text: str
    reason: str
    by: PartyId
    at: datetime
