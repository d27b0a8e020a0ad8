"""A batch of findings, sent as one document and answered item by item; and what a project publishes as its rules."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.errors import Problem
from comity.model.ids import BatchId, Digest, PartyId, ReportId


class BatchState(StrEnum):
    """Where a batch stands."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    TAKING = "taking"
    SCREENING = "screening"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch as it was received, and how far it is."""

    id: BatchId
    organisation: PartyId
    submitter: PartyId
    received_at: datetime
    state: BatchState
    name: str = ""
    size_bytes: int = 0
    document: Digest | None = None
    """Of the whole, as received."""
    pieces: tuple[Digest, ...] = ()
    piece_bytes: int = 0
    signed_by: str = ""
    """Id of the organisation's key that signed the manifest; empty: unsigned."""
    taken: int = 0
    refused: int = 0
    repeats: int = 0
    problems: tuple[Problem, ...] = ()
    """Why the whole was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What became of one item: a report, or the problems for which it was refused."""

    place: int
    report: ReportId | None = None
    repeat: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderKey:
    """A key that an organisation signs its batches with."""

    organisation: PartyId
    id: str
    public: str
    """Hex of the Ed25519 public key."""
    demo: bool
    added_by: PartyId
    added_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRules:
    """What a project says it takes, as somebody transcribed it from where the project publishes it.

    They are checked at intake and told with their reasons; a report is never refused for them: a person decides.
    """

    package: str
    """The purl without a version."""
    source: str
    """Where the project publishes them."""
    classes_refused: tuple[str, ...] = ()
    classes_wanted: tuple[str, ...] = ()
    """Empty: every class."""
    out_of_scope_paths: tuple[str, ...] = ()
    """Prefixes of files that the threat model leaves out: tests, examples, fuzzers."""
    threat_model: str = ""
    """One sentence that is told with every report."""
    not_a_weakness: tuple[str, ...] = ()
    """Preconditions under which the project counts nothing as a weakness; told for a person to judge."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty: any."""
    evidence: tuple[str, ...] = ()
    """Gaps that the project does not take a report with (`proof`, `patch`, `trigger`, `severity`, ...)."""
    ai_stated: bool = False
    """The project asks that the use of AI is stated, the negative too."""
    set_by: PartyId
    set_at: datetime
