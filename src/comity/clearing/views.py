"""What callers get from the counter, as values, and the sentences that tell people where things stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from comity.clearing import coordinate
from comity.clearing.publish import verdict_sentence
from comity.clearing.supplier_told import Line
from comity.errors import Problem
from comity.formats.personal import Found
from comity.model.advisory import Advisory
from comity.model.case import Case, Stage
from comity.model.events import Event, Kind
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, Receipt, ReportId, is_digest
from comity.model.report import Report
from comity.model.sharing import KeptField


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as it was sent. `name` is what the sender calls it and is used in answers only."""

    name: str
    data: bytes
    media_type: str = ""
    """Empty: the catalogue looks at the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One finding was stored. `repeat` is True when the same bytes came from the same organisation before."""

    name: str
    receipt: Receipt
    report: ReportId
    summary: str
    repeat: bool
    gaps: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """What the project's own rules say against it."""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What became of a report, for its own organisation: nothing of any other party's text."""

    report: ReportId
    outcome: str
    validation: str
    gaps: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A dry run: the document would be accepted. Nothing was stored."""

    name: str
    format: str
    summary: str
    gaps: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The bytes break the contract: every violation is listed and nothing was stored."""

    name: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of running a recipe that nobody has sent. `kind` is the verdict's type."""

    recipe: Digest
    kind: str
    sentence: str


Answer: TypeAlias = Accepted | Checked | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the holder of a receipt may know. `stage` is the case's stage only for the submitter's own organisation."""

    receipt: Receipt
    status: str
    """queued, processing or done (the TAP contract's three words)."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One line of the queue."""

    id: CaseId
    stage: Stage
    title: str
    tlp: Tlp
    verdict: str
    """One plain sentence with counts, or "" while there is none."""
    band: str
    opened_at: datetime
    embargo_until: datetime | None
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows newest first, and the cursor of the next page or "" at the end. No totals: a count may tell too much."""

    rows: tuple[CaseRow, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a case's history, from the journal."""

    at: datetime
    kind: str
    actor: str
    sentence: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One report as its own organisation may see it."""

    report: Report
    case: CaseId | None
    outcome: str
    """What deconfliction said, in a sentence that tells nothing of another party's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """All that a coordinator sees of one case."""

    case: Case
    reports: tuple[Report, ...]
    reasons: tuple[str, ...]
    """Why each report is in this case, or what it is disputed with."""
    history: tuple[Moment, ...]
    verdicts: tuple[str, ...]
    """One sentence for each validation, oldest first."""
    todo: str
    """What stands between this case and publication, in one sentence."""
    approvals_needed: int
    note: str
    """What coordination in this release does not do."""
    draft: Advisory | None
    personal: tuple[Found, ...] = ()
    """What in the draft looks like personal information and has no reason to stay: it holds publication up."""
    kept: tuple[KeptField, ...] = ()
    """What stays, each with its reason."""
    stated: tuple[Line, ...] = ()
    """What maintainers state as VEX, and how each statement stands."""
    vex_waits: bool = False
    """A statement stands that the draft does not hold."""
    is_revised: bool = False
    """Published, and a newer draft waits to be its next revision."""


def row(case: Case) -> CaseRow:
    """The queue's line of a case."""
    return CaseRow(
        id=case.id,
        stage=case.stage,
        title=case.title,
        tlp=case.handling.tlp,
        verdict=verdict_sentence(case.verdict) if case.verdict else "",
        band=case.priority.band if case.priority else "",
        opened_at=case.opened_at,
        embargo_until=case.embargo_until,
        reports=len(case.reports),
    )


def outcome(report: ReportId, case: Case | None) -> str:
    """What deconfliction and validation said of a report, telling nothing of another party's text."""
    sentence = deconflicted(report, case)
    if case is not None and case.verdict is not None and case.validations[-1].report == report:
        sentence += ". " + verdict_sentence(case.verdict)
    return sentence


def deconflicted(report: ReportId, case: Case | None) -> str:
    """What deconfliction said of a report: that a duplicate exists, and nothing of it."""
    if case is None:
        return "waiting to be screened"
    if report in dict(case.merges):
        return "a duplicate of one already held"
    return "may be a duplicate: a person decides" if case.links else "new"


def validated(report: ReportId, case: Case | None) -> str:
    """What the last validation of this very report said; "" while there is none."""
    verdicts = [v.verdict for v in case.validations if v.report == report] if case is not None else []
    return verdict_sentence(verdicts[-1]) if verdicts else ""


def reasons(case: Case) -> tuple[str, ...]:
    """Why each report is in this case, and what the case may be the same as."""
    joined = [f"{report} is the same as this case: {'; '.join(why)}" for report, why in case.merges]
    doubts = [
        f"may be the same as {', '.join(link.cases)}{_chance(link.probability)}: {'; '.join(link.reasons)}"
        for link in case.links
    ]
    return (*joined, *doubts)


def _chance(probability: float | None) -> str:
    return "" if probability is None else f" (probability {probability:.2f})"


def told(event: Event) -> str:
    """One line of history, out of the journal's public facts."""
    facts = ", ".join(f"{name} {_short(value)}" for name, value in sorted(event.facts.items()) if value)
    return f"{TOLD.get(event.kind, str(event.kind))}{': ' + facts if facts else ''}"


def _short(value: str) -> str:
    """A digest by its beginning; anything else as it stands."""
    return value[:12] if is_digest(value) else value


TOLD: Mapping[Kind, str] = {
    Kind.REPORT_RECEIVED: "report received",
    Kind.REPORT_DECONFLICTED: "compared with the open cases",
    Kind.CASE_OPENED: "case opened",
    Kind.CASE_MOVED: "case moved",
    Kind.CASE_MERGED: "reports of another case taken in",
    Kind.CASE_SPLIT: "reports moved to a case of their own",
    Kind.CASE_VALIDATED: "validated",
    Kind.CASE_PRIORITISED: "prioritised",
    Kind.PATCH_OFFERED: "patch offered",
    Kind.PATCH_ASKED: "a model was asked for a patch",
    Kind.PATCH_CLIMBED: "patch checked",
    Kind.PATCH_REVIEWED: "root cause of a patch agreed on",
    Kind.CASE_COORDINATED: "coordination",
    Kind.CASE_READ_IN: "read in",
    Kind.CASE_READ_OUT: "read out",
    Kind.CASE_CLOCK: "a clock ran out",
    Kind.CASE_HANDED_OVER: "handed over to a partner",
    Kind.HAND_OVER_SETTLED: "the partner's answer",
    Kind.CASE_ERASURE_ASKED: "its erasure was asked for",
    Kind.CASE_ERASURE_WITHDRAWN: "the wish to erase it was withdrawn",
    Kind.CVE_PROPOSED: "proposed to CVE Services",
    Kind.CVE_CONFIRMED: "confirmed by a second person, for CVE Services",
    Kind.CVE_WITHDRAWN: "proposal to CVE Services withdrawn",
    Kind.CVE_SETTLED: "the end of a request to CVE Services",
    Kind.DRAFT_MADE: "advisory drafted",
    Kind.DRAFT_APPROVED: "draft approved",
    Kind.ADVISORY_PUBLISHED: "advisory published",
}


def todo(case: Case, step: coordinate.Step, *, is_revised: bool = False) -> str:
    """What stands between this case and publication, in one sentence."""
    match case.stage:
        case Stage.SCREENING | Stage.VALIDATING:
            return "Validation is running; nothing to do yet."
        case Stage.NEEDS_INFO:
            return "A person must look: the machine could not decide. Ask the finder, or close with a reason."
        case Stage.NOT_REPRODUCED:
            return "Not reproduced: tell the finder what was tried, or close with a reason."
        case Stage.VALID:
            return "Valid: the advisory is being drafted."
        case Stage.PUBLISHED:
            if not is_revised:
                return f"Published as {case.advisory}."
            return f"Published as {case.advisory}. What its maintainers state changed: {_revision(step)}"
        case Stage.CLOSED:
            return f"Closed: {case.closing}."
        case Stage.COORDINATING | Stage.READY:
            return _coordination(step)


def _revision(step: coordinate.Step) -> str:
    if isinstance(step, coordinate.NeedsApprovals):
        return _coordination(step)
    return "approved, and a coordinator can publish it as the next revision."


def _coordination(step: coordinate.Step) -> str:
    match step:
        case coordinate.NeedsApprovals(missing=missing):
            return f"{missing} more named {'person' if missing == 1 else 'people'} must approve the draft."
        case coordinate.NeedsRelease():
            return "Approved: a coordinator can publish it."
        case coordinate.Waiting(until=until):
            return f"Released: it will be published when the embargo ends, {until:%Y-%m-%d %H:%M} UTC."
        case coordinate.Due():
            return "Being published."
