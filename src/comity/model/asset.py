"""Assets: what an organisation runs, in which domain, who can reach it, and when it is next rebuilt.

Domains do not mix. `domains` says which ones a viewer meets at all, and every query of inventories and assets asks it:
a row of another domain is the same as no row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from comity.model.ids import AssetId, InventoryId, PartyId
from comity.model.party import Role, Viewer


class Domain(StrEnum):
    """Whose rules a system stands under. Executive Order 14409 speaks of each apart: 2(a), 2(b), 2(c)."""

    FCEB = "fceb"
    """Federal civilian executive branch."""
    NSS = "nss"
    """National security systems (44 USC 3552(b)(6))."""
    DOW = "dow"
    """Department of War information systems."""
    CRITICAL_INFRASTRUCTURE = "critical-infrastructure"
    OTHER = "other"


CIVIL: Final = frozenset({Domain.FCEB, Domain.CRITICAL_INFRASTRUCTURE, Domain.OTHER})
"""The domains that may be seen side by side."""
ROLE_DOMAINS: Final[Mapping[Role, frozenset[Domain]]] = {
    Role.DEFENDER: CIVIL,
    Role.NSS_DEFENDER: frozenset({Domain.NSS}),
    Role.DOW_DEFENDER: frozenset({Domain.DOW}),
}
"""Which domains a role meets. No other role meets any: not the coordinator's, not the administrator's."""
DEFENDERS: Final = frozenset(ROLE_DOMAINS)
FLOW_NAME: Final = "defend-flow"
"""The one durable flow that works on inventories; every other flow meets none."""


def is_apart(roles: frozenset[Role]) -> bool:
    """Whether these roles bind somebody to national security or Department of War systems."""
    return not roles.isdisjoint(DEFENDERS - {Role.DEFENDER})


def domains(viewer: Viewer) -> frozenset[Domain]:
    """The domains whose rows this viewer may meet, those of their own organisation.

    Somebody who holds defenders' roles of two kinds meets none: domains do not mix in one pair of eyes, and failing
    shut is the answer to an account that was set up so.
    """
    if viewer.is_system:
        return frozenset(Domain) if viewer.person == FLOW_NAME else frozenset()
    held = [ROLE_DOMAINS[role] for role in viewer.roles if role in ROLE_DOMAINS]
    return held[0] if len(held) == 1 else frozenset()


def mixes(roles: frozenset[Role]) -> bool:
    """True for a set of roles that would mix domains; no account may hold it."""
    return len(roles & DEFENDERS) > 1


class Environment(StrEnum):
    """What the asset is for."""

    PRODUCTION = "production"
    TEST = "test"
    DEVELOPMENT = "development"
    UNKNOWN = "unknown"


class Reach(StrEnum):
    """Who can reach the asset. PUBLIC: unauthenticated or untrusted parties, over public networks."""

    PUBLIC = "public"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure an exposure tag is. PROPOSED: by a rule or a model; no person has confirmed it."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    PROPOSED = "proposed"
    UNKNOWN = "unknown"


class Criticality(StrEnum):
    """How much depends on it, in the operator's own judgement (FIPS 199 words)."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureTag:
    """One statement about who can reach an asset: what, how sure, who says so, since when, and until when.

    `expires_at` None means until somebody says otherwise. A tag past its end is unknown again, never "internal".
    """

    value: Reach = Reach.UNKNOWN
    confidence: Confidence = Confidence.UNKNOWN
    source: str = ""
    at: datetime | None = None
    expires_at: datetime | None = None

    def reach(self, now: datetime) -> Reach:
        """What the tag says at `now`: a proposal and an ended tag say UNKNOWN."""
        if self.confidence is Confidence.PROPOSED or (self.expires_at is not None and now >= self.expires_at):
            return Reach.UNKNOWN
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedInput:
    """What a person said of an input that a directive asks, or when an event was that starts its clock."""

    name: str
    value: str
    """One of the directive's own values; for an event the moment, in ISO 8601 with its zone."""
    at: datetime
    by_name: str
    is_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """An inventory that the asset runs, and since when Comity knows it."""

    inventory: InventoryId
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One system. It runs any number of inventories (its system image, its applications), and many run the same ones.

    `planned_upgrade` is the next major upgrade or rebuild: what "fix on system upgrade" waits for. None: not planned.
    """

    id: AssetId
    organisation: PartyId
    domain: Domain
    name: str
    kind: str = ""
    owner: str = ""
    sub_organisation: str = ""
    environment: Environment = Environment.UNKNOWN
    exposure: ExposureTag = ExposureTag()
    criticality: Criticality = Criticality.UNKNOWN
    planned_upgrade: date | None = None
    inputs: tuple[StatedInput, ...] = ()
    """What people stated of it for directives, oldest first."""
    runs: tuple[Runs, ...] = ()
    added_at: datetime
    changed_at: datetime
    retired_at: datetime | None = None
    version: int = 0
    """Counts saved states; 0 before the first."""
