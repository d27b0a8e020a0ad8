"""Inventories: what somebody runs, component by component, and what is known to reach it.

Every component ends in exactly one state of identity, and every component gets exactly one of four answers. Only "not
affected" is ever clean, and only with the age of the data behind it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from comity.model.asset import Domain, Reach
from comity.model.ids import AssetId, Digest, InventoryId, PartyId


class Identity(StrEnum):
    """How far a component can be told from others."""

    IDENTIFIED = "identified"
    """Ecosystem, name and version (and the release, for a distribution's package) are known."""
    PART = "identified in part"
    """Something names it, and not enough to match it by."""
    NOT = "not identified"
    """Nothing names it."""


class Answer(StrEnum):
    """What can be said about a component. Only NOT_AFFECTED may ever be shown as clean, and only with its age."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    UNKNOWN = "unknown"
    NOT_ASSESSED = "not assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One thing that an inventory lists. "" where the inventory does not say.

    `ecosystem`, `match_name` and `match_version` are what it is matched by: for a distribution's package the source
    package and `Debian:12`, since distributions publish by source package and release. `upstream` are further
    identities of the same thing (a Debian package that is also a Python one), as purls with a version.
    """

    name: str
    version: str = ""
    kind: str = ""
    """`library`, `operating-system`, `application`, ... as the document says."""
    ecosystem: str = ""
    match_name: str = ""
    match_version: str = ""
    purl: str = ""
    """Canonical, with its version."""
    cpe: str = ""
    reference: str = ""
    """The document's own name for it (bom-ref, SPDXID): what its VEX statements point at."""
    place: str = ""
    """JSON pointer, or `/line/N`."""
    identity: Identity = Identity.NOT
    gap: str = ""
    """What is missing, when it is not identified. One sentence."""
    development: bool = False
    digests: tuple[str, ...] = ()
    """`sha256:…` and the like, as the document gives them."""
    upstream: tuple[str, ...] = ()


class VexStatus(StrEnum):
    """The four states of a VEX statement (CISA, minimum requirements for VEX)."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vex:
    """Somebody's statement that a vulnerability does or does not affect one version of one product.

    It binds product, exact version (or a bounded range) and vulnerability: on another version it says nothing. One
    that names no version and no bounded range is about all versions, and never makes anything "not affected".
    """

    vulnerability: str
    status: VexStatus
    ecosystem: str
    name: str
    version: str
    justification: str = ""
    detail: str = ""
    author: str = ""
    said_at: datetime
    expires_at: datetime | None = None
    source: str = ""
    """Digest or name of the document that says so."""
    versions: str = ""
    """A range as VERS, where no single version is named."""
    reference: str = ""
    """The element of another document that it is about (a CycloneDX BOM-Link), while that one is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a scanner says it found: a claim with its source. Comity never made it, and never closes it by absence."""

    asset: str
    """The scanner's own name of the host: DNS name, else address."""
    title: str
    plugin: str
    vulnerabilities: tuple[str, ...] = ()
    severity: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerReport:
    """One export of a scanner."""

    scanner: str
    claims: tuple[Claim, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A risk that somebody accepted for a time, and the facts it was accepted under.

    It binds asset, product, version and vulnerability. It lapses, and says so, when the version or the asset's reach
    changes, when the vulnerability enters KEV, and at its end.
    """

    id: str
    organisation: PartyId
    domain: Domain
    asset: AssetId
    vulnerability: str
    ecosystem: str
    name: str
    version: str
    reason: str
    by: PartyId
    by_name: str
    at: datetime
    expires_at: datetime
    reach: Reach
    in_kev: bool
    withdrawn_at: datetime | None = None


class Lapse(StrEnum):
    """Why a VEX statement or an acceptance no longer counts."""

    VERSION = "the version changed"
    REACH = "who can reach the asset changed"
    KEV = "the vulnerability is now known to be exploited"
    EXPIRED = "it ended"
    CONTRARY = "a newer statement says otherwise"
    WITHDRAWN = "it was withdrawn"
    UNBOUND = "it is bound to no version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """A statement or acceptance that does not count any more, in words for a person."""

    what: str
    why: Lapse


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One advisory on one component; `rule` is the part of it that fired, or why it could not be decided.

    `vulnerability` is the one name of a group of aliases: the CVE id where there is one.
    """

    advisory: str
    vulnerability: str
    rule: str
    fixed: tuple[str, ...] = ()
    """Versions that the advisory names as fixed, in its order."""
    certain: bool = True
    """False: the advisory may reach the component; it could not be decided."""
    found_at: datetime | None = None
    """When this inventory was first known to be reached. None before the match is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer for one component of an inventory, by its place there, with reason and age of the data."""

    place: int
    answer: Answer
    reason: str
    hits: tuple[Hit, ...] = ()
    source: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A hit that the inventory no longer has: upgraded away, withdrawn, or gone from the document."""

    ecosystem: str
    name: str
    version: str
    vulnerability: str
    found_at: datetime
    gone_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """One matching of one state of an inventory against the advisories held at one moment."""

    inventory: InventoryId
    number: int
    """Which state of the inventory."""
    at: datetime
    feeds: Digest
    """Stands for the advisories that were used: equal feeds, equal digest."""
    answers: tuple[Answered, ...]
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What one document lists."""

    components: tuple[Component, ...]
    statements: tuple[Vex, ...] = ()
    subject: str = ""
    """What the document says it describes: name and version."""
    format: str = ""
    """`CycloneDX 1.5 JSON`, `dpkg status`, ..."""
    tool: str = ""
    dated: datetime | None = None
    """The document's own date."""
    notes: tuple[str, ...] = ()
    """What whoever sent it should know."""
    serial: str = ""
    """How other documents point at this one: `urn:cdx:<uuid>/<version>`, an SPDX namespace. "" without one."""
    unread: tuple[str, ...] = ()
    """What belongs to the subject and could not be read, with how to send it: of that nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed between two states of an inventory, as `ecosystem name version` lines in text order."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    """The same package with other versions: before, after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A list of components that is kept up to date: each new document of it is a new state, not a new inventory."""

    id: InventoryId
    organisation: PartyId
    domain: Domain
    name: str
    subject: str = ""
    format: str = ""
    document: Digest
    """Of the newest document's bytes."""
    received_at: datetime
    """When the newest document came."""
    number: int = 1
    """Counts the documents."""
    components: int = 0
    identified: int = 0
    in_part: int = 0
    not_identified: int = 0
    serial: str = ""
    """How other documents point at the newest one."""
    difference: Difference = Difference()
    """What the newest document changed."""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One finding: asset x component x vulnerability, with the answer, its reason and the age of the data.

    `found_at` is when it was first known on this asset: never before the asset was known to run the inventory.
    """

    asset: AssetId
    inventory: InventoryId
    component: Component
    vulnerability: str
    advisories: tuple[str, ...]
    answer: Answer
    reason: str
    fixed: tuple[str, ...] = ()
    source: str = ""
    as_of: datetime | None = None
    found_at: datetime
    gone_at: datetime | None = None
    vex: Vex | None = None
    """The statement that made the answer, if one did."""
    acceptance: Acceptance | None = None
    """The acceptance in force: the answer stays what it is, the risk is taken for a time."""
    lapsed: tuple[Lapsed, ...] = ()

    def age(self, now: datetime) -> timedelta | None:
        """How old the data behind the answer is at `now`. None when there was none."""
        return None if self.as_of is None else now - self.as_of
