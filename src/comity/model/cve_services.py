"""What is asked of CVE Services, the CVE Program's interface for numbering authorities (CNAs), and where it stands.

Nothing goes out that nobody saw: a request is composed once, shown whole (a dry run), proposed by one named person as
exactly those bytes, and sent after another named person confirmed exactly those bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from comity.model.ids import CaseId, Digest, PartyId, digest


class Deed(StrEnum):
    """What may be asked there."""

    RESERVE = "reserve"
    PUBLISH = "publish"
    UPDATE = "update"
    REJECT = "reject"


class Standing(StrEnum):
    """Where a request stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    """Two people agreed: it is being sent."""
    DONE = "done"
    REFUSED = "refused"
    GIVEN_UP = "given up"
    UNSURE = "unsure"
    """An id may have been reserved and more than one could be it: a person must say which."""
    WITHDRAWN = "withdrawn"


OPEN: Final = frozenset({Standing.PROPOSED, Standing.CONFIRMED, Standing.UNSURE})
"""A case has one open request at a time."""
AGAIN: Final = frozenset({Standing.REFUSED, Standing.GIVEN_UP})
"""What may be sent once more: the same bytes, which two people confirmed."""

SETTLING: Final = timedelta(minutes=1)
"""How long after a reservation whose answer was lost nothing is asked again: the other side may still be at it."""
LOOK_BACK: Final = timedelta(days=1)
"""How far before the first try reservations are listed: more than two clocks can differ (policy)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom this host is at CVE Services. The key is sealed at rest with the rest; it is in no repr and no log."""

    id: str
    org: str
    """Short name of the numbering authority."""
    org_id: str
    """Its UUID, as CVE Services gave it."""
    user: str
    key: str = field(repr=False)
    environment: str
    """`prod`, `test`, or an address on this machine for tests."""
    address: str
    added_by: PartyId
    added_at: datetime

    @property
    def place(self) -> str:
        """Where and for whom requests are composed: another key or user of the same organisation changes nothing."""
        return f"{self.environment} {self.org} {self.org_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One request, exactly as it goes out but for the account's headers."""

    method: str
    address: str
    """Without the query."""
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def digest(self) -> Digest:
        """SHA-256 over method, address, query and body: what two people agree to."""
        asked = "&".join(f"{name}={value}" for name, value in self.query)
        return digest(f"{self.method} {self.address}?{asked}\n".encode() + self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CveRequest:
    """One request about one case, from its proposal to its end."""

    id: str
    case: CaseId
    deed: Deed
    cve: str
    """The id that it is about; "" for a reservation until it is answered."""
    account: str
    """For which environment and organisation it was composed (`Account.place`)."""
    wire: Wire
    proposed_by: PartyId
    proposed_by_name: str
    proposed_at: datetime
    standing: Standing = Standing.PROPOSED
    confirmed_by: PartyId | None = None
    confirmed_by_name: str = ""
    confirmed_at: datetime | None = None
    tries: int = 0
    round: int = 0
    """How often somebody had it sent again."""
    asked_from: datetime | None = None
    """When a reservation was first about to be asked for; None while it was not, or once it is known to be none."""
    asked_at: datetime | None = None
    """When it was last asked for."""
    asked_as: str = ""
    """The user there in whose name it was asked for."""
    before: tuple[str, ...] = ()
    """Ids that were reserved already when it was first asked for."""
    candidates: tuple[str, ...] = ()
    """Ids of which one may be what an unanswered reservation brought."""
    problem: str = ""
    """Why it was refused, or could not be brought, in the other side's words or the network's."""
    settled_at: datetime | None = None


CREDENTIALS: Final[Mapping[str, str]] = {"CVE-API-ORG": "org", "CVE-API-USER": "user", "CVE-API-KEY": "key"}
"""The headers that say who asks, and which field of the account each one is."""

CVE_ID: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z", re.ASCII)
ORG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}\Z", re.ASCII)
WORD: Final = re.compile(r"[!-~]{1,200}\Z", re.ASCII)
"""What a user name or a key there may look like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One reserved id as CVE Services list it."""

    cve: str
    user: str
    """Who asked for it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: Mapping[str, Any]
    """{} for a body that is no JSON object."""
    retry_after: int = 0
    """Seconds, where the other side named them."""

    @property
    def error(self) -> str:
        """The other side's own word for a refusal, such as `CVE_RECORD_EXISTS`; "" when it names none."""
        return one_line(self.body.get("error"))

    @property
    def is_passing(self) -> bool:
        """Whether it says nothing about the request: too many at once, or trouble on the other side."""
        return self.status in (408, 425, 429) or self.status >= 500

    def reason(self) -> str:
        """Why not, in its words: one line."""
        said = " ".join(part for part in (self.error, one_line(self.body.get("message"))) if part)
        return said or f"CVE Services answered {self.status}"


def one_line(said: object) -> str:
    """A stranger's text as one printable line of at most 240 characters; "" for what is no text."""
    text = " ".join(said.split()) if isinstance(said, str) else ""
    return "".join(letter for letter in text if letter.isprintable())[:240]
