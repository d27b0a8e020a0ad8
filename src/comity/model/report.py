"""A finding as somebody states it, and the report that Comity holds about it.

A `Finding` is content and came from outside: every value in it is a claim. A `Report` is a finding that was admitted;
it is never edited. A case links reports.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from comity.model.evidence import Attachment
from comity.model.handling import Handling
from comity.model.ids import BatchId, Digest, PartyId, Receipt, ReportId
from comity.model.product import Affected, Symbol
from comity.model.severity import Severity


class Known(StrEnum):
    """Yes, no, or nobody said: three answers wherever a claim could be silently read as "no"."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Degree(StrEnum):
    """How far AI went (GCVE BCP-05-X-01's words)."""

    ASSISTED = "assisted"
    AUGMENTED = "augmented"
    GENERATED = "generated"


class Review(StrEnum):
    """How far a person looked at what AI made."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"
    UNKNOWN = "unknown"


class ModelExposure(StrEnum):
    """Through which kind of service the material went; unknown counts as exposed until answered (policy parameter)."""

    PUBLIC_SERVICE = "public service"
    CONFIDENTIAL_CONTRACT = "confidential contract"
    SELF_HOSTED = "self-hosted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AiModel:
    """One model, as the party names it."""

    name: str
    version: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AiUse:
    """Use of AI for one subject by one party (clearing.md 2.3). The negative is stated too."""

    used: Known = Known.UNKNOWN
    degree: Degree | None = None
    phases: tuple[str, ...] = ()
    """Out of `PHASES`."""
    models: tuple[AiModel, ...] = ()
    harness: str = ""
    harness_version: str = ""
    operator: str = ""
    """Organisation that ran the model."""
    review: Review = Review.UNKNOWN
    reviewer_role: str = ""
    exposure: ModelExposure = ModelExposure.UNKNOWN
    transcript_digest: Digest | None = None
    """SHA-256 of the transcript, which stays with the finder."""
    raw: str = ""
    """What the source format said where Comity has no word for it, kept as it stood."""


PHASES = (
    "discovery",
    "reproduction",
    "analysis",
    "patch",
    "tests",
    "severity",
    "writing",
    "translation",
    "dedupe",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Two subjects that are never turned into each other: how the bug was found, and how the text was made."""

    discovery: AiUse = field(default_factory=AiUse)
    authoring: AiUse = field(default_factory=AiUse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """What a fuzzer says of a crash besides its frames. Empty or None means not said."""

    kind: str = ""
    """As the sanitizer words it, `Heap-buffer-overflow READ 4`."""
    sanitizer: str = ""
    engine: str = ""
    target: str = ""
    """The fuzz target or entry point."""
    last_good: datetime | None = None
    """The last build that did not crash."""
    first_bad: datetime | None = None
    """The first build that did."""


class Exploitation(StrEnum):
    """What is known about use against others."""

    ACTIVE = "active"
    POC = "proof of concept"
    NONE = "none known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Who else knows, as the finder states it."""

    public: Known = Known.UNKNOWN
    exploitation: Exploitation = Exploitation.UNKNOWN
    shared_with: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the finder asks for. None means no embargo was asked for; the date is timezone-aware."""

    credit: str = ""
    contact: str = ""
    publish_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A link. `kind` is one of OSV's reference types (ADVISORY, FIX, REPORT, WEB, ...)."""

    url: str
    kind: str = "WEB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A field of a source format that Comity has no word for, kept so that nothing is lost.

    `format` is the codec's name, `pointer` the RFC 6901 place in that document, `json` the value as JSON text.
    """

    format: str
    pointer: str
    json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one document says about one weakness. Empty means not said."""

    summary: str
    """One line."""
    description: str = ""
    trigger: str = ""
    impact: str = ""
    preconditions: str = ""
    affected: tuple[Affected, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    cwes: tuple[str, ...] = ()
    """`CWE-79` form."""
    aliases: tuple[str, ...] = ()
    """Identifiers of this very weakness."""
    related: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    references: tuple[Reference, ...] = ()
    introduced_commits: tuple[str, ...] = ()
    fixed_commits: tuple[str, ...] = ()
    crash_frames: tuple[str, ...] = ()
    """Top frames of a crash, outermost cause first, as the finder states them."""
    crash: Crash = field(default_factory=Crash)
    attachments: tuple[Attachment, ...] = ()
    fix: str = ""
    workaround: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    exposure: Exposure = field(default_factory=Exposure)
    wishes: Wishes = field(default_factory=Wishes)
    handling: Handling = field(default_factory=Handling)
    own_id: str = ""
    """The id the submitter gave it: makes a repeat of the same submission recognisable to its sender."""
    language: str = ""
    """BCP 47 tag of the text, as stated."""
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An admitted finding, with what Comity itself knows about its arrival."""

    id: ReportId
    finding: Finding
    submitter: PartyId
    organisation: PartyId
    batch: BatchId
    received_at: datetime
    format: str
    """Name of the codec that read it."""
    document: Digest
    """Digest of the bytes as received; for one finding out of many, of that digest and the finding's place."""
    receipt: Receipt
    gaps: tuple[str, ...] = ()
    """What is missing for "ready" (clearing.md 2.2); never a reason to refuse."""
    rules: tuple[str, ...] = ()
    """What the project's own published rules say against it, each with its reason; a person decides."""
