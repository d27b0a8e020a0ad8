"""The erasure of a case: asked for by one person, agreed to by another, and kept as a fact without content."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.model.ids import CaseId, PartyId


class ErasureState(StrEnum):
    """Where an erasure stands."""

    ASKED = "asked"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure. `why` is the asker's own line; it stays, so it tells nothing of the case's content."""

    id: str
    case: CaseId
    why: str
    asked_by: PartyId
    asked_by_name: str
    asked_at: datetime
    state: ErasureState = ErasureState.ASKED
    ended_by: PartyId | None = None
    """Who agreed, or who withdrew it."""
    ended_by_name: str = ""
    ended_at: datetime | None = None
    reports: int = 0
    """How many reports went with the case."""
