"""The JSON shapes of what is run and what reaches it: inventories, assets, exposures, the estate, a scan, one question.

Nothing but shapes: the terminal reads the same, also where no store is installed.
"""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

Aware = Annotated[datetime, Meta(tz=True)]
"""A moment that says its offset; one without is refused."""

Counts = dict[str, int]
"""All four answers with their numbers of components; none is ever left out."""


class ComponentBody(Struct, frozen=True, kw_only=True):
    """One thing that an inventory lists."""

    name: str
    version: str = ""
    ecosystem: str = ""
    purl: str = ""
    identity: str = ""
    gap: str = ""
    place: str = ""


class DifferenceBody(Struct, frozen=True, kw_only=True):
    """What the newest document changed, as `ecosystem name version`; `changed` holds pairs: before, after."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]


class InventoryBody(Struct, frozen=True, kw_only=True):
    """One inventory. `number` counts its documents; `document` is the SHA-256 of the newest one."""

    id: str
    name: str
    domain: str
    subject: str
    format: str
    document: str
    received_at: datetime
    number: int
    components: int
    identified: int
    in_part: int
    not_identified: int
    difference: DifferenceBody


class Inventories(Struct, frozen=True, kw_only=True):
    """A page, newest document first; `next` goes into `after`, "" at the end."""

    rows: tuple[InventoryBody, ...]
    next: str


class HitBody(Struct, frozen=True, kw_only=True):
    """One advisory on one component, with the part of it that fired, or why it could not be decided."""

    advisory: str
    vulnerability: str
    rule: str
    certain: bool
    found_at: datetime | None = None


class ComponentAnswer(Struct, frozen=True, kw_only=True):
    """The answer for one component: affected, not affected, unknown, not assessed; with reason and age of the data."""

    name: str
    version: str
    purl: str
    identity: str
    answer: str
    reason: str
    source: str
    as_of: datetime | None
    hits: tuple[HitBody, ...] = ()


class InventoryView(InventoryBody, frozen=True, kw_only=True):
    """One inventory with its answers. `matched_at` null: it was never matched, so nothing is assessed."""

    at: datetime
    assets: tuple[str, ...]
    matched_at: datetime | None
    counts: Counts
    answers: tuple[ComponentAnswer, ...]


class Kept(InventoryBody, frozen=True, kw_only=True, tag_field="kind", tag="inventory"):
    """An inventory was kept. `same`: these bytes were known and nothing changed; `new` false: a newer state."""

    counts: Counts
    notes: tuple[str, ...]
    statements: int
    unresolved: int
    new: bool
    same: bool


class KeptStatements(Struct, frozen=True, kw_only=True, tag_field="kind", tag="statements"):
    """VEX statements were kept; `unresolved` are about documents that are not known here."""

    new: int
    unresolved: int


class KeptClaims(Struct, frozen=True, kw_only=True, tag_field="kind", tag="claims"):
    """A scanner's export was kept, beside the matches and never as one."""

    scanner: str
    claims: int
    notes: tuple[str, ...]
    same: bool


class TagBody(Struct, frozen=True, kw_only=True):
    """Who can reach an asset, who says so, how sure, and until when."""

    value: str
    confidence: str
    source: str
    at: datetime | None
    expires_at: datetime | None


class AssetBody(Struct, frozen=True, kw_only=True):
    """One system."""

    id: str
    name: str
    domain: str
    kind: str
    owner: str
    sub_organisation: str
    environment: str
    criticality: str
    exposure: TagBody
    planned_upgrade: date | None
    added_at: datetime
    changed_at: datetime
    retired_at: datetime | None


class AssetRow(Struct, frozen=True, kw_only=True):
    """One asset in counts. `exposure` is what its tag says now; `known_exploited` counts among `vulnerabilities`."""

    id: str
    name: str
    domain: str
    exposure: str
    counts: Counts
    vulnerabilities: int
    known_exploited: int
    planned_upgrade: date | None


class Assets(Struct, frozen=True, kw_only=True):
    """Assets, most pressing first; `next` goes into `after`, "" at the end."""

    rows: tuple[AssetRow, ...]
    next: str


class AcceptanceBody(Struct, frozen=True, kw_only=True):
    """A risk that a named person took for a time."""

    id: str
    asset: str
    vulnerability: str
    name: str
    version: str
    reason: str
    by_name: str
    at: datetime
    expires_at: datetime


class LapsedBody(Struct, frozen=True, kw_only=True):
    """A statement or acceptance that no longer counts, and why."""

    what: str
    why: str


class ExposureBody(Struct, frozen=True, kw_only=True):
    """One finding on one asset, with answer, reason and age of the data. `gone_at` is null while it is there."""

    vulnerability: str
    advisories: tuple[str, ...]
    component: ComponentBody
    answer: str
    reason: str
    fixed: tuple[str, ...]
    source: str
    as_of: datetime | None
    found_at: datetime
    gone_at: datetime | None
    acceptance: AcceptanceBody | None
    lapsed: tuple[LapsedBody, ...]


class ClaimBody(Struct, frozen=True, kw_only=True):
    """What a scanner claims about an asset: a claim with its source, never closed by absence."""

    scanner: str
    plugin: str
    title: str
    vulnerabilities: tuple[str, ...]
    severity: str
    first_seen: datetime | None
    last_seen: datetime | None


class AssetView(Struct, frozen=True, kw_only=True):
    """One asset and what reaches it. `unmatched` counts components that were never matched: not assessed."""

    asset: AssetBody
    at: datetime
    reach: str
    exposures: tuple[ExposureBody, ...]
    claims: tuple[ClaimBody, ...]
    inventories: tuple[InventoryBody, ...]
    unmatched: int


class BurnPoint(Struct, frozen=True, kw_only=True):
    """How many vulnerabilities were open at one moment."""

    at: datetime
    open: int


class EstateBody(Struct, frozen=True, kw_only=True):
    """The whole in counts. `stale` counts what data too old to assess by names: not assessed, and not hidden."""

    at: datetime
    as_of: bool
    assets: int
    inventories: int
    counts: Counts
    vulnerabilities: int
    known_exploited: tuple[str, ...]
    stale: int
    stale_known_exploited: tuple[str, ...]
    exposure: dict[str, int]
    environments: dict[str, int]
    domains: dict[str, int]
    oldest: datetime | None
    unlisted: int
    without_planned_upgrade: int
    ageing: dict[str, int]
    burn: tuple[BurnPoint, ...]
    first: tuple[AssetRow, ...]
    """The most pressing assets; `listAssets` has all."""


class SourceBody(Struct, frozen=True, kw_only=True):
    """Where answers came from. `as_of` null: never fetched. `cut`: later entries are left out, as a day was named."""

    name: str
    as_of: datetime | None
    stale: bool
    cut: bool = False


class ReasonBody(Struct, frozen=True, kw_only=True):
    """Why components are unknown or were not assessed."""

    answer: str
    reason: str
    components: int


class ToDo(Struct, frozen=True, kw_only=True):
    """What to do first. `to` "": no version is named as fixed for all of it."""

    component: str
    name: str
    version: str
    to: str
    settles: tuple[str, ...]
    known_exploited: int


class FoundBody(Struct, frozen=True, kw_only=True):
    """One vulnerability on one component of a scan. `in_kev` null: the catalogue is missing, or too old to say no."""

    vulnerability: str
    advisories: tuple[str, ...]
    component: str
    version: str
    purl: str
    place: str
    answer: str
    reason: str
    fixed: tuple[str, ...]
    in_kev: bool | None
    automatable: str | None
    technical_impact: str | None
    tier: str
    vex: str


class ScanBody(Struct, frozen=True, kw_only=True):
    """What a scan found; nothing of it is kept. Only a `whole` scan without `affected` may be read as clean.

    `missing`: OSV bundles to fetch. `unpublished`: ecosystems for which OSV has no bundle.
    """

    subject: str
    format: str
    at: datetime
    as_of: bool
    counts: Counts
    whole: bool
    exposure: str
    tiers: dict[str, int]
    notes: tuple[str, ...]
    sources: tuple[SourceBody, ...]
    missing: tuple[str, ...]
    unpublished: tuple[str, ...]
    reasons: tuple[ReasonBody, ...]
    actions: tuple[ToDo, ...]
    findings: tuple[FoundBody, ...]
    components: tuple[ComponentAnswer, ...]


class WeaknessBody(Struct, frozen=True, kw_only=True):
    """One weakness of a product. `reached` null: it could not be decided for this version."""

    id: str
    title: str
    reached: bool | None
    why: str
    in_kev: bool
    source: str


class AffectedBody(Struct, frozen=True, kw_only=True):
    """yes, no or cannot tell; "cannot tell" is never good news. `plan_by` binds nobody."""

    answer: str
    sentence: str
    product: str
    version: str
    do: str
    action: str
    mitigation: str
    plan_by: date | None
    kev_due: str | None
    choices: tuple[str, ...]
    sharpen: str
    stale: bool
    weaknesses: tuple[WeaknessBody, ...]
    sources: tuple[SourceBody, ...]


class AskWatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail to this address when the answer for this product changes."""

    product: str
    address: str


class WatchAsked(Struct, frozen=True, kw_only=True):
    """The same sentence for every address: whether one is known here is told to nobody."""

    outcome: str


class AssetChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; what is not given stays. `exposure` is public, internal or unknown and needs its `source`."""

    exposure: str = ""
    source: str = ""
    expires_at: Aware | None = None
    planned_upgrade: date | None = None
    retired: bool = False


class AcceptRisk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the risk of one vulnerability until a moment, a year away at most. A person does this, never a script."""

    vulnerability: str
    reason: str
    expires_at: Aware


class Accepted(Struct, frozen=True, kw_only=True):
    """One acceptance for each component that it reaches."""

    acceptances: tuple[AcceptanceBody, ...]


class AssetTable(Struct, frozen=True, kw_only=True):
    """The assets that a table made or changed."""

    kept: int
    ids: tuple[str, ...]
