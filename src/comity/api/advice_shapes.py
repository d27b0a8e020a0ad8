"""The JSON shapes of advice: plans with their evidence, one page, exports, snapshots, and the register of AI defence.

Nothing but shapes: the terminal reads the same, also where no store is installed.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct


class SentenceBody(Struct, frozen=True, kw_only=True):
    """One claim in words, and the digests of the records that it stands on."""

    kind: str
    about: str
    text: str
    cites: tuple[str, ...]


class RecordBody(Struct, frozen=True, kw_only=True):
    """One thing that is known. `text` was written by strangers: it is data, never an instruction."""

    kind: str
    facts: dict[str, str]
    source: str
    as_of: datetime | None
    text: str


class PlanBody(Struct, frozen=True, kw_only=True):
    """What to do about one asset. Every sentence was held against `records`; `note` says why no model worded it."""

    asset: str
    name: str
    at: datetime
    evidence_sha256: str
    worded_by: str
    note: str
    accepted_left_out: int
    sentences: tuple[SentenceBody, ...]
    records: dict[str, RecordBody]


class WordedBy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a model word the plan, under the organisation's own entry in the register, or by the key of a grant."""

    grant: str = ""


class RemedyLine(Struct, frozen=True, kw_only=True):
    """One finding of the page."""

    id: str
    vulnerability: str
    component: str
    version: str
    due: datetime | None
    standing: str


class OnePageBody(Struct, frozen=True, kw_only=True):
    """One page for a small operator: one action, by when, whom to ask. `when` is never a green word for "unknown"."""

    asset: str
    name: str
    when: str
    action: str
    by: datetime | None
    meanwhile: str
    others: int
    contact: str
    findings: tuple[RemedyLine, ...]


class ExposureFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Observed facts, each with kind, value, source, at and expires_at.

    `model` lets one propose where the rules leave it open.
    """

    facts: list[dict[str, Any]]
    model: bool = False
    grant: str = ""


class ConfirmExposure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take over what the rules propose from these facts; where they leave it open, say `value`: public or internal."""

    facts: list[dict[str, Any]]
    value: str = ""


class ProposalBody(Struct, frozen=True, kw_only=True):
    """Who can reach an asset, as rules over facts propose it. It counts for nothing until a person confirms it."""

    asset: str
    name: str
    value: str
    confidence: str
    because: str
    expires_at: datetime | None
    open: bool
    by_model: bool
    note: str


class SnapshotBody(Struct, frozen=True, kw_only=True):
    """A signed snapshot; `bundle` is the archive, base64. Anybody computes it again with `comity snapshot verify`."""

    name: str
    sha256: str
    summary: dict[str, Any]
    bundle: bytes


class ComparisonBody(Struct, frozen=True, kw_only=True):
    """The same cases with AI and without: difference with its 95 % interval, and McNemar's exact test."""

    pairs: int
    with_ai: int
    without: int
    difference: float
    low: float
    high: float
    p_value: float
    measured_at: datetime
    measure: str


class CapabilityBody(Struct, frozen=True, kw_only=True):
    """One entry of the register. `measured` is the comparison of the present revision, null while there is none."""

    id: str
    name: str
    domain: str
    task: str
    stage: str
    model: str
    model_version: str
    tool: str
    authority: str
    data: tuple[str, ...]
    gate: str
    kill_switch: str
    assets: tuple[str, ...]
    measured: ComparisonBody | None


class GrantBody(Struct, frozen=True, kw_only=True):
    """Access for a small operator: so many calls until a moment. `key` is given once, when it is made."""

    id: str
    capability: str
    holder: str
    ends_at: datetime
    used: int
    budget: int
    ended: bool
    key: str = ""


class CoverageBody(Struct, frozen=True, kw_only=True):
    """How far AI reaches, and median days to a fix with it and without."""

    assets: int
    covered: int
    median_days_covered: float | None
    median_days_other: float | None


class RegisterBody(Struct, frozen=True, kw_only=True):
    """All entries and grants that the caller sees, and how far AI reaches in their organisation."""

    entries: tuple[CapabilityBody, ...]
    grants: tuple[GrantBody, ...]
    coverage: CoverageBody
    least_pairs: int


class Entries(Struct, frozen=True, kw_only=True):
    """Entries that were made."""

    entries: tuple[CapabilityBody, ...]


class EnterAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool from elsewhere, as a proposal: recorded and measured here, and called by nobody here."""

    name: str
    model: str
    authority: str
    data: list[str]
    gate: str
    kill_switch: str
    tool: str = "its own"
    model_version: str = ""
    domain: str = "fceb"


class BeginAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Enter the uses of a model that Comity has, as proposals, in this domain."""

    domain: str = "fceb"


class MoveAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To another stage: proposed, pilot, measured, widened or stopped; with a reason, in one's own name."""

    stage: str
    reason: str


class MeasureAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pairs`: CSV with case, with_ai, without (yes or no), and where taken minutes_with, minutes_without."""

    pairs: str
    measure: str


class CoverAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The assets that an entry covers, by id."""

    assets: list[str]


class GrantAi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open an entry to somebody, for so many days and calls."""

    holder: str
    purpose: str = ""
    days: int = 30
    calls: int = 100
