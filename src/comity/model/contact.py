"""Ways to reach a project, as its own files state them: proposals, until a named person confirms one.

Nothing here is an attempt to reach anybody: a `Look` reads a public file, and no clock of coordination counts it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Way(StrEnum):
    """How somebody is reached."""

    MAIL = "mail"
    PAGE = "page"
    PHONE = "phone"


class Origin(StrEnum):
    """What kind of file says so."""

    SECURITY_TXT = "security.txt"
    SECURITY_MD = "SECURITY.md"
    CNA_LIST = "list of CNAs"


class Standing(StrEnum):
    """What a person made of a proposal. Nothing is written to a proposal that nobody confirmed."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One way to reach somebody. `address` is a bare mail address, an https address or a number.

    `found_at` is the address of the file, `quote` the words around it there. `doubts` say what speaks against it.
    """

    id: str
    way: Way
    address: str
    origin: Origin
    found_at: str
    quote: str
    doubts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """Tags of RFC 5646 in which the project wants to be written to; empty means that it does not say."""
    key_at: str = ""
    """Where the project says its encryption key is. Comity does not fetch it."""
    looked_at: datetime
    standing: Standing = Standing.PROPOSED
    judged_by: str = ""
    judged_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One file that was looked for, with what came of it."""

    at: datetime
    by: str
    origin: Origin
    address: str
    outcome: str
