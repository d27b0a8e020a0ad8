"""Nouns of the blind check: an organisation asks whether a finding is known here, without showing it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from comity.model.ids import Digest, PartyId

PRINT_LIMIT: Final = 8
"""Fingerprints in one question. A finding offers few; more would be guessing."""
AREA_LIMIT: Final = 64
"""Parts of an area in one question about scan claims: paths with the folders above, weaknesses with their classes."""
AREA_STEP: Final = 8
"""Parts of an area that count as one guess. A question holds a multiple of them, whatever the area."""
DOMAIN: Final = "comity/blind/1"


class Level(IntEnum):
    """How fine a fingerprint is. A package name alone is none. `AREA` asks about scan claims, and about no finding."""

    AREA = 0
    CRASH = 1
    PLACE = 2
    CHANGE = 3
    ORIGIN = 4

    @property
    def words(self) -> str:
        """What two findings share that share it."""
        return LEVEL_WORDS[self]


LEVEL_WORDS: Final = {
    Level.AREA: "a scan claim of somebody else on the same part of a repository",
    Level.CRASH: "same package and same top three frames of a crash",
    Level.PLACE: "same package, file, function and weakness class",
    Level.CHANGE: "same lines changed by the proposed patch",
    Level.ORIGIN: "same introducing commit, file and function",
}


class Standing(StrEnum):
    """What became of a question. A question that nobody opens in time lapses."""

    OPEN = "open"
    FILED = "filed"
    CLAIMED = "claimed"
    """A scan claim was taken with it."""
    WITHDRAWN = "withdrawn"
    FALSE = "false"
    """It was opened, and what was committed to is not what was asked."""
    LAPSED = "lapsed"


class Prior(StrEnum):
    """How many others reported it: as coarse as the answer may be."""

    ONE = "one"
    FEW = "two to four"
    MANY = "five or more"


@dataclass(frozen=True, slots=True, kw_only=True, order=True, repr=False)
class Print:
    """One exact fact about a finding. `text` is its secret: it never leaves the asker before opening."""

    level: Level
    text: str

    @property
    def secret_input(self) -> bytes:
        """The bytes that both sides evaluate: levels can never meet each other's."""
        return f"{DOMAIN}\0{self.level.name.lower()}\0{self.text}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the host sees of one fingerprint: its level, the commitment (SHA-256) and the blinded element (32 bytes)."""

    level: Level
    commitment: Digest
    element: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The life of one key. `public` (32 bytes) is in the journal, so that nobody can be given a key of their own."""

    number: int
    public: bytes
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the host keeps it: digests, blinded elements and times."""

    id: str
    organisation: PartyId
    person: PartyId
    epoch: int
    document: Digest
    """Salted commitment to the bytes of the report."""
    parts: tuple[Part, ...]
    asked_at: datetime
    opens_by: datetime
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a match says and nothing more: how many reported it before, and whether it is published already."""

    prior: Prior
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Every scan claim of others on one host, locked: entries that say where, and states that say until when."""

    entries: tuple[bytes, ...]
    states: tuple[bytes, ...]
