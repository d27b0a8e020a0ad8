"""The answers of the deadline engine: a date with its whole why, a question to a person, or why there is none."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class State(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    MITIGATED = "open with mitigation"
    DONE = "done"


class Leads(StrEnum):
    """Which of the two dates is the due date."""

    TABLE = "table"
    KEV = "kev"
    UPGRADE = "upgrade"
    NOTHING = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The event that started the clock, and the one that did not win. `because` is one sentence."""

    event: str
    day: date
    kev_added: date | None
    found_on: date | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaulted:
    """An input nobody knows, and what a parameter made of it."""

    input: str
    value: str
    param: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A parameter that changed this result, the value in force, and what it did."""

    id: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One input as it stood: None is unknown. `source` and `at` are of the statement that counted."""

    input: str
    value: str | None
    source: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What every answer says of itself: about what, by which pack, as of when, and how sure."""

    asset: str
    vulnerability: str
    pack: str
    version: str
    at: datetime
    binds: str
    certainty: str
    zone: str = "UTC"
    """Whose days these are: the agency's IANA zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(Stated):
    """A tier and its date. `due` None: no number of days follows (see `alarm` and `notes`)."""

    tier: str
    tier_name: str
    row: int
    source_row: int
    known: tuple[Known, ...]
    start: Start
    table_due: datetime | None
    kev_due: datetime | None
    due: datetime | None
    leads: Leads
    conflict: bool
    overdue: bool
    overdue_periods: tuple[tuple[datetime, datetime], ...]
    """Every stretch of time, up to the moment asked about, in which it was open past its date."""
    state: State
    duties: tuple[str, ...]
    unknown: tuple[str, ...]
    defaulted: tuple[Defaulted, ...]
    params: tuple[Used, ...]
    standing: str
    """binding, interim (issued, table not in force yet), advisory, or history."""
    notes: tuple[str, ...]
    citation: tuple[str, ...]
    alarm: str = ""

    @property
    def triage(self) -> bool:
        """True when this tier asks for an assessment of compromise."""
        return "forensic_triage" in self.duties


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson(Stated):
    """Several tiers are still possible and no parameter may choose: a person decides. `due` is the catalogue's date."""

    possible: tuple[tuple[int, str], ...]
    """Row and tier, from least to most pressing tier."""
    missing: tuple[str, ...]
    known: tuple[Known, ...]
    kev_due: datetime | None
    strictest_due: datetime | None
    """The date, were the most pressing of the possible tiers the right one: plan by it until somebody decides."""
    overdue: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAssessed(Stated):
    """Nothing can be said, and that is not clean."""

    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBound(Stated):
    """This pack says nothing about this finding on this day, with the reason."""

    reason: str


Answer: TypeAlias = Due | AskPerson | NotAssessed | NotBound


class Standing(NamedTuple):
    """What one finding comes to: the parts of an answer that are counted and compared."""

    kind: str
    """due, done, ask, not assessed, or not bound."""
    tier: str = ""
    due: datetime | None = None
    """The date to plan by; while a person is asked, the date were the most pressing of the possible tiers right."""
    overdue: bool = False
    triage: bool = False
    defaulted: bool = False


def standing_of(answer: Answer) -> Standing:
    """The countable parts of an answer."""
    match answer:
        case Due(state=State.DONE):
            return Standing("done", answer.tier, answer.due)
        case Due():
            return Standing("due", answer.tier, answer.due, answer.overdue, answer.triage, bool(answer.defaulted))
        case AskPerson():
            return Standing("ask", due=answer.strictest_due or answer.kev_due, overdue=answer.overdue)
        case NotAssessed():
            return Standing("not assessed")
        case NotBound():
            return Standing("not bound")
