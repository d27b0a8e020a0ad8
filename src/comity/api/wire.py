"""Turn model values and the counters' views into the shapes of the API."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeVar

import msgspec

from comity.admin.views import Health, Proof
from comity.api.problems import places
from comity.api.shapes import (
    AdvisoryBody,
    AdvisoryLine,
    CaseBody,
    CaseLine,
    Fact,
    File,
    HealthLine,
    JournalProof,
    NotTaken,
    Preview,
    ReceiptDetail,
    ReceiptStatus,
    ReportBody,
    Submitted,
    Taken,
    Verified,
    WouldTake,
)
from comity.clearing.desk import (
    Accepted,
    Answer,
    CaseRow,
    CaseView,
    Checked,
    Detail,
    Refused,
    Rendering,
    ReportRow,
    Status,
)
from comity.library.counter import AdvisoryView, FileRow, Verification
from comity.model.advisory import Advisory
from comity.model.handling import Tlp

T = TypeVar("T")


def submitted(answers: tuple[Answer, ...]) -> Submitted:
    """Answers to a submission."""
    return Submitted(answers=tuple(_answer(one) for one in answers))


def _answer(one: Answer) -> Taken | WouldTake | NotTaken:
    match one:
        case Accepted():
            return Taken(
                name=one.name,
                receipt=one.receipt,
                report=one.report,
                summary=one.summary,
                repeat=one.repeat,
                gaps=one.gaps,
                rules=one.rules,
                warnings=places(one.warnings),
            )
        case Checked():
            return WouldTake(
                name=one.name, format=one.format, summary=one.summary, gaps=one.gaps, warnings=places(one.warnings)
            )
        case Refused():
            return NotTaken(name=one.name, problems=places(one.problems))


def receipt_status(status: Status, detail: Detail | None = None) -> ReceiptStatus:
    """Status of a receipt; the detail only for a token of its own organisation."""
    told = None
    if detail is not None:
        told = ReceiptDetail(
            report=detail.report,
            outcome=detail.outcome,
            validation=detail.validation,
            gaps=detail.gaps,
            rules=detail.rules,
        )
    return ReceiptStatus(receipt=status.receipt, status=status.status, at=utc(status.at), detail=told)


def report(row: ReportRow, *, is_own: bool) -> ReportBody:
    """A report. The receipt is a capability of whoever submitted: others get "" in its place."""
    held = row.report
    return ReportBody(
        id=held.id,
        receipt=held.receipt if is_own else "",
        received_at=utc(held.received_at),
        format=held.format,
        document_sha256=held.document,
        gaps=held.gaps,
        case=row.case,
        outcome=row.outcome,
        finding=plain(held.finding),
    )


def case_line(row: CaseRow) -> CaseLine:
    """A line of the queue."""
    return CaseLine(
        id=row.id,
        stage=row.stage.value,
        title=row.title,
        tlp=row.tlp.label,
        verdict=row.verdict,
        band=row.band,
        opened_at=utc(row.opened_at),
        embargo_until=utc(row.embargo_until) if row.embargo_until else None,
        reports=row.reports,
    )


def case_body(view: CaseView) -> CaseBody:
    """A case with its evidence. Receipts are left out: they are capabilities of whoever submitted."""
    reports = []
    for one in view.reports:
        fields: dict[str, Any] = plain(one)
        del fields["receipt"]
        reports.append(fields)
    return CaseBody(
        id=view.case.id,
        stage=view.case.stage.value,
        title=view.case.title,
        version=view.case.version,
        todo=view.todo,
        note=view.note,
        approvals_needed=view.approvals_needed,
        draft_sha256=view.case.draft,
        verdicts=view.verdicts,
        reasons=view.reasons,
        case=plain(view.case),
        reports=tuple(reports),
        history=tuple(plain(moment) for moment in view.history),
        draft=plain(view.draft) if view.draft else None,
    )


def preview(rendering: Rendering) -> Preview:
    """The draft in one format."""
    return Preview(
        format=rendering.format,
        filename=rendering.filename,
        media_type=rendering.media_type,
        text=rendering.data.decode("utf-8", errors="replace"),
        problems=places(rendering.problems),
    )


def advisory_line(advisory: Advisory) -> AdvisoryLine:
    """A line of the list."""
    return AdvisoryLine(
        id=advisory.id,
        title=advisory.title,
        summary=advisory.summary,
        tlp=advisory.handling.tlp.label,
        published_at=utc(advisory.published_at) if advisory.published_at else None,
        modified_at=utc(advisory.modified_at),
        withdrawn_at=utc(advisory.withdrawn_at) if advisory.withdrawn_at else None,
        aliases=advisory.aliases,
    )


def advisory_body(view: AdvisoryView, *, address: str) -> AdvisoryBody:
    """An advisory with its downloads; `address` is the host's own."""
    advisory = view.advisory
    return AdvisoryBody(
        id=advisory.id,
        advisory=plain(advisory),
        files=tuple(_file(row, f"{address}/api/v1/advisories/{advisory.id}/files/{row.name}") for row in view.files),
    )


def _file(row: FileRow, url: str) -> File:
    return File(
        name=row.name,
        media_type=row.media_type,
        sha256=row.digest,
        size_bytes=row.size_bytes,
        seal=row.seal,
        url=url,
        has_lapsed=row.has_lapsed,
    )


def verified(found: Verification) -> Verified:
    """A signed file that holds."""
    facts = tuple(Fact(name=name, value=value) for name, value in found.facts)
    return Verified(sentence=found.sentence, facts=facts, is_demo=found.is_demo)


def journal_proof(proof: Proof) -> JournalProof:
    """What a check of the journal found."""
    return JournalProof(
        whole=not proof.problems,
        entries=proof.entries,
        head=proof.head,
        checkpoints=proof.checkpoints,
        covered=proof.covered,
        problems=proof.problems,
    )


def health(line: Health) -> HealthLine:
    """A line of the host's health."""
    return HealthLine(name=line.name, value=line.value, state=line.state, remedy=line.remedy)


def plain(value: Any) -> Any:
    """A model value as JSON builtins. A value out of a union of several kinds carries its kind as `kind`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return fields if "kind" in fields else {"kind": _kind(type(value).__name__), **fields}
    if isinstance(value, Tlp):
        return value.label
    if isinstance(value, Enum):
        return value.name if isinstance(value.value, int) else value.value
    if isinstance(value, datetime):
        return utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    return value


def shaped(value: Any, shape: type[T]) -> T:
    """A model value in a shape of the API, by the names of its fields; what the shape does not name is left out."""
    return converted(plain(value), shape)


def converted(document: Any, shape: type[T]) -> T:
    """JSON builtins in a shape of the API."""
    return msgspec.convert(document, shape)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; every moment in the model is aware."""
    return moment.astimezone(UTC)


def _kind(name: str) -> str:
    """`NeedsPerson` -> `needs-person`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
