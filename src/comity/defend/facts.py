"""What bears on one vulnerability on one asset: dated statements, so that any past day can be asked about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from comity.model.asset import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One dated statement about an input. `value` None: the source takes it back, or does not know."""

    value: str | None
    at: datetime
    source: str
    until: datetime | None = None
    """From this moment on the statement says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that bears on one vulnerability on one asset. Dates are the facts' own: any past day can be asked."""

    asset: str
    vulnerability: str
    found_at: datetime | None
    domain: Domain = Domain.FCEB
    exposure: tuple[Told, ...] = ()
    """Oldest first."""
    kev_added: date | None = None
    kev_due: date | None = None
    automatable: tuple[Told, ...] = ()
    technical_impact: tuple[Told, ...] = ()
    other: Mapping[str, tuple[Told, ...]] = field(default_factory=dict)
    """Inputs that other packs ask, by name."""
    events: Mapping[str, datetime] = field(default_factory=dict)
    """Events that other packs start their clocks with, by name (`evaluated`)."""
    upgrade_on: date | None = None
    """The asset's next planned major upgrade or rebuild."""
    done_at: datetime | None = None
    mitigated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """How old the mirrors are. None: never fetched."""

    kev_as_of: datetime | None
    ssvc_as_of: datetime | None = None
