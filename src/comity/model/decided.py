"""A priority as it was decided at one moment, with all it was decided from: any day's answer can be told."""

from dataclasses import dataclass
from datetime import datetime

from comity.model.case import Priority
from comity.model.ids import CaseId, Digest, PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorState:
    """A mirror as it was held then."""

    source: str
    as_of: datetime | None
    fetched_at: datetime
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision. Its signals stand in `priority`, each with source and date; `tables` are ids with file digests."""

    case: CaseId
    sequence: int
    at: datetime
    because: str
    """What asked for it: a report, an event, a person's answer."""
    priority: Priority
    tables: tuple[tuple[str, Digest], ...]
    mirrors: tuple[MirrorState, ...] = ()
    needs_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswer:
    """What a coordinator answered to one question of the tables, by name. A newer one stands beside it."""

    case: CaseId
    sequence: int
    signal: str
    """Name of the signal that it gives."""
    value: str
    """"" withdraws what was answered before: unknown again."""
    note: str
    person: PartyId
    person_name: str
    is_script: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs between two answers."""

    what: str
    before: str
    after: str
