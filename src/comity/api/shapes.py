"""The JSON shapes of the API: stable, and apart from the model so that either may change alone.

Times are RFC 3339 in UTC, digests lower-case hex SHA-256, labels as FIRST writes them (`TLP:AMBER+STRICT`).
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from comity.api.problems import Place


class Taken(Struct, frozen=True, kw_only=True, tag_field="kind", tag="accepted"):
    """A finding was stored. `receipt` is a capability: whoever holds it may ask for the status."""

    name: str
    receipt: str
    report: str
    summary: str
    repeat: bool
    gaps: tuple[str, ...]
    rules: tuple[str, ...]
    """What the project's own published rules say against it; a person decides."""
    warnings: tuple[Place, ...]


class WouldTake(Struct, frozen=True, kw_only=True, tag_field="kind", tag="checked"):
    """A dry run: the document would be accepted. Nothing was stored."""

    name: str
    format: str
    summary: str
    gaps: tuple[str, ...]
    warnings: tuple[Place, ...]


class NotTaken(Struct, frozen=True, kw_only=True, tag_field="kind", tag="refused"):
    """The document breaks its contract; nothing of it was stored."""

    name: str
    problems: tuple[Place, ...]


class Submitted(Struct, frozen=True, kw_only=True):
    """One answer for each finding, in the order sent."""

    answers: tuple[Taken | WouldTake | NotTaken, ...]


class ReceiptStatus(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the holder of a receipt may know: queued, processing or done."""

    receipt: str
    status: str
    at: datetime
    detail: "ReceiptDetail | None" = None
    """For a token of the organisation that sent it; absent for everybody else who holds the receipt."""


class ReceiptDetail(Struct, frozen=True, kw_only=True):
    """What became of a report, for a token of its own organisation: nothing of any other party's text."""

    report: str
    outcome: str
    """What deconfliction said: new, a duplicate of one already held, may be a duplicate, or waiting."""
    validation: str
    gaps: tuple[str, ...]
    rules: tuple[str, ...]


class ReportBody(Struct, frozen=True, kw_only=True):
    """One report as its own organisation, or a coordinator, sees it."""

    id: str
    receipt: str
    received_at: datetime
    format: str
    document_sha256: str
    gaps: tuple[str, ...]
    case: str | None
    outcome: str
    finding: dict[str, Any]


class Reports(Struct, frozen=True, kw_only=True):
    """A page of reports, newest first; `next` goes into `after`, "" at the end."""

    rows: tuple[ReportBody, ...]
    next: str


class CaseLine(Struct, frozen=True, kw_only=True):
    """One line of the queue."""

    id: str
    stage: str
    title: str
    tlp: str
    verdict: str
    band: str
    opened_at: datetime
    embargo_until: datetime | None
    reports: int


class Cases(Struct, frozen=True, kw_only=True):
    """A page of the queue, newest first; `next` goes into `after`, "" at the end."""

    rows: tuple[CaseLine, ...]
    next: str


class CaseBody(Struct, frozen=True, kw_only=True):
    """One case with its evidence. `draft_sha256` is what an approval names."""

    id: str
    stage: str
    title: str
    version: int
    todo: str
    note: str
    approvals_needed: int
    draft_sha256: str | None
    verdicts: tuple[str, ...]
    reasons: tuple[str, ...]
    case: dict[str, Any]
    reports: tuple[dict[str, Any], ...]
    history: tuple[dict[str, Any], ...]
    draft: dict[str, Any] | None


class Preview(Struct, frozen=True, kw_only=True):
    """The draft in one format. `text` is the document as it would be published."""

    format: str
    filename: str
    media_type: str
    text: str
    problems: tuple[Place, ...]


class Previews(Struct, frozen=True, kw_only=True):
    """The draft in every format."""

    renderings: tuple[Preview, ...]


class Approve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approve exactly the draft with this digest."""

    draft_sha256: str


class Keep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of personal information in the draft, as it stands there, and why it stays."""

    text: str
    reason: str


class Close(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close for a reason out of the closed list: published, not-a-vulnerability, out-of-scope, not-reproduced,
    duplicate, withdrawn.
    """

    reason: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What was set in motion, in one sentence."""

    outcome: str


class AdvisoryLine(Struct, frozen=True, kw_only=True):
    """One line of the list of advisories."""

    id: str
    title: str
    summary: str
    tlp: str
    published_at: datetime | None
    modified_at: datetime
    withdrawn_at: datetime | None
    aliases: tuple[str, ...]


class Advisories(Struct, frozen=True, kw_only=True):
    """A page of advisories, newest first; `next` goes into `after`, "" at the end."""

    rows: tuple[AdvisoryLine, ...]
    next: str


class File(Struct, frozen=True, kw_only=True):
    """One download. `seal` names the file that holds its seal, "" for none.

    `has_lapsed`: an edition of a maintainer's VEX that a later one superseded.
    """

    name: str
    media_type: str
    sha256: str
    size_bytes: int
    seal: str
    url: str
    has_lapsed: bool


class AdvisoryBody(Struct, frozen=True, kw_only=True):
    """One advisory with its downloads."""

    id: str
    advisory: dict[str, Any]
    files: tuple[File, ...]


class Fact(Struct, frozen=True, kw_only=True):
    """One thing that a signed file states."""

    name: str
    value: str


class Verified(Struct, frozen=True, kw_only=True):
    """A signed file holds. `is_demo`: a script agreed to it, no person did."""

    sentence: str
    facts: tuple[Fact, ...]
    is_demo: bool


class JournalProof(Struct, frozen=True, kw_only=True):
    """What a check of the journal found. `whole` is true when nothing is wrong.

    `covered` entries stand under a signed checkpoint; those after them only under the chain.
    """

    whole: bool
    entries: int
    head: str
    checkpoints: int
    covered: int
    problems: tuple[str, ...]


class HealthLine(Struct, frozen=True, kw_only=True):
    """One line of the host's health. `state` is ok, warn or bad."""

    name: str
    value: str
    state: str
    remedy: str


class Doctor(Struct, frozen=True, kw_only=True):
    """The host's health."""

    lines: tuple[HealthLine, ...]


class Whoami(Struct, frozen=True, kw_only=True):
    """Whose token this is and what it is good for."""

    person: str
    name: str
    organisation: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    is_script: bool
