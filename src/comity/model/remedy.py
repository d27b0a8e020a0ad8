"""One vulnerability on one asset as it leaves the house: what is due, since when, by which rule, and what to do.

Every export (plan of action, dashboard, calendar, report) is written from this one value, so that no two of them can
disagree. Nothing in it is a guess: what nobody knows is "unknown", and what a policy parameter filled in is named.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

UNKNOWN = "unknown"


class Standing(StrEnum):
    """How far a vulnerability on an asset has come."""

    OPEN = "open"
    MITIGATED = "mitigated"
    """A mitigation is in place where the rule does not take one for the fix: still open."""
    DONE = "done"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """All moments are aware. Empty text means that there is nothing to say; "unknown" that nobody knows."""

    id: str
    """Stable over exports: the same vulnerability of the same component on the same asset has the same id."""
    vulnerability: str
    advisory: str
    title: str
    asset: str
    """Name of the asset."""
    asset_id: str = ""
    organisation: str = ""
    sub_organisation: str = ""
    environment: str = UNKNOWN
    asset_type: str = UNKNOWN
    exposure: str = UNKNOWN
    exposure_source: str = ""
    component: str
    version: str
    found_at: datetime | None
    found_by: str
    evaluated_at: datetime | None = None
    directive: str = ""
    binding: bool = False
    tier: str = ""
    """What the rule asks, in words: "14 days"."""
    row: int | None = None
    started_by: str = ""
    due: datetime | None = None
    kev_due: date | None = None
    conflict: bool = False
    """The catalogue's date and the table's differ; the earlier governs."""
    overdue: bool = False
    triage: bool = False
    standing: Standing = Standing.OPEN
    reason: str = ""
    """Why it is accepted, or why it is late; empty when nobody said."""
    unknown: tuple[str, ...] = ()
    defaulted: tuple[str, ...] = ()
    in_kev: str = UNKNOWN
    automatable: str = UNKNOWN
    impact: str = UNKNOWN
    fix: str = ""
    """The version that clears the component, proven; empty where there is none."""
    action: str = ""
    planned_upgrade: date | None = None
