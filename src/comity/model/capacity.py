"""A capacity contract: what a maintainer takes in a week, when they are away, what they want and how well proven."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from comity.model.evidence import Level
from comity.model.ids import CaseId, PartyId


class Escalation(StrEnum):
    """The only reasons for which a release passes a full budget; a contract names those it accepts."""

    EXPLOITED = "actively exploited, as upstream data says"
    KEV = "in the catalogue of known exploited vulnerabilities"
    PUBLIC = "public without a fix"
    STATED = "exploited, as a finder states"


WORDS: Final[Mapping[Escalation, str]] = {one: one.name.lower() for one in Escalation}
"""How each is written in files and forms."""
DEFAULT: Final = frozenset({Escalation.EXPLOITED, Escalation.KEV})
"""Named unless a contract says otherwise (policy parameter). A finder's word alone is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Days away, both included, of the contract's own calendar. `last` None: nobody knows until when."""

    first: date
    last: date | None = None
    note: str = ""

    def holds(self, day: date) -> bool:
        """Whether that day is within it."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One maintainer's contract. A change makes a new version."""

    id: str
    version: int
    maintainer: str
    """Who it is about, as people say it: a team or a person."""
    organisation: PartyId | None
    """Whose people may change it; None while the maintainer has no account here."""
    packages: tuple[str, ...]
    """purls without version, lower case."""
    confirmed: tuple[str, ...]
    """Those of them that a coordinator confirmed to be theirs: the contract is in force for these alone."""
    weekly: int
    """New cases a week (Monday to Sunday in `zone`); 0 means none but what is escalated."""
    at_once: int | None = None
    """Open cases at once; None means no limit."""
    zone: str = "UTC"
    pauses: tuple[Pause, ...] = ()
    wanted: tuple[str, ...] = ()
    """Weakness classes, each with everything below it; none means every class."""
    refused: tuple[str, ...] = ()
    evidence: Level = Level.E3
    escalates: frozenset[Escalation] = DEFAULT
    through_pauses: bool = False
    """Whether what is escalated may reach them in a pause too."""
    entered_by: str = ""
    on_word: str = ""
    """Empty when the maintainer entered it; else on whose word a coordinator did, and how it came."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A case that went to a maintainer under a contract."""

    case: CaseId
    at: datetime
    reason: Escalation | None = None
    """Why it passed a full budget or a pause; None for one within the budget."""
    is_open: bool = True
