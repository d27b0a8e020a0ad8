"""A clearing counter in memory that answers like `clearing.desk.Clearing`, for tests of the doors alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from comity.access import policy
from comity.access.policy import Action
from comity.clearing.desk import (
    Accepted,
    Answer,
    CaseRow,
    CaseView,
    Checked,
    Clearing,
    Detail,
    Document,
    Moment,
    Page,
    Refused,
    Rendering,
    ReportRow,
    Status,
)
from comity.clearing.desk_blind import Answered, Asked, Blind, Past, Shelf, Terms, Verified
from comity.errors import Conflict, Missing, Problem
from comity.formats.codec import Reading
from comity.model.advisory import Advisory
from comity.model.blind import Epoch
from comity.model.case import Approval, Case, Closing, Priority, Stage, Validation
from comity.model.evidence import Attachment, Build, Reproduced, Signal, Tally
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId, BatchId, CaseId, Digest, PartyId, Receipt, ReportId, digest
from comity.model.party import Role, Viewer
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind
from comity.model.report import AiModel, AiUse, Degree, Finding, Known, Provenance, Reference, Report, Review, Wishes
from comity.model.sharing import KeptField

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
CASE = CaseId("C-0000-0000-0001")
DRAFT = digest(b"draft")
STATEMENT = digest(b"statement")
PROOF = b"<script>alert('proof')</script>"
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def finding(summary: str = "A crafted archive writes outside the folder it is unpacked into") -> Finding:
    """A finding with something in every part that a page shows."""
    return Finding(
        summary=summary,
        description="The member name is joined to the target folder unchecked.\n\nA second paragraph.",
        trigger="Unpack an archive whose member is named ../../canary",
        impact="Files outside the target folder are written.",
        affected=(
            Affected(
                purl="pkg:pypi/example-archive",
                ranges=(
                    Range(
                        kind=RangeKind.ECOSYSTEM,
                        events=(
                            RangeEvent(kind=EventKind.INTRODUCED, version="0"),
                            RangeEvent(kind=EventKind.FIXED, version="1.4.2"),
                        ),
                    ),
                ),
            ),
        ),
        cwes=("CWE-22",),
        aliases=("CVE-2026-0001",),
        references=(Reference(url="https://example.org/fix"), Reference(url="javascript:alert(3)")),
        attachments=(
            Attachment(filename="proof.html", media_type="text/html", digest=digest(PROOF), size_bytes=len(PROOF)),
        ),
        provenance=Provenance(
            discovery=AiUse(
                used=Known.YES,
                degree=Degree.ASSISTED,
                phases=("discovery",),
                models=(AiModel(name="example-model", version="3"),),
                harness="example-harness",
                review=Review.FULL,
            )
        ),
        wishes=Wishes(credit="Example Lab"),
    )


def draft(title: str = "Path traversal in example-archive") -> Advisory:
    """The draft of the one case."""
    return Advisory(
        id=AdvisoryId("COMITY-2026-0001"),
        title=title,
        summary="Affects pkg:pypi/example-archive. Update to 1.4.2 or later.",
        modified_at=AT,
        affected=finding().affected,
        evidence="Reproduced (E3): vulnerable 10/10, fixed 0/10.",
    )


class Held:
    """What the fake holds. `boom` makes every call fail in an unforeseen way, with that text."""

    def __init__(self) -> None:
        self.reports: dict[ReportId, Report] = {}
        self.cases: dict[CaseId, Case] = {}
        self.boom = ""
        self.rate = True
        self.title = "Path traversal in example-archive"


class FakeClearing(Clearing):
    """Reports of any organisation and some cases. A subclass, so that the type checker holds it to the contract."""

    held: Held

    def __init__(self) -> None:
        object.__setattr__(self, "held", Held())

    def __repr__(self) -> str:
        return "FakeClearing()"

    def _check(self, viewer: Viewer, action: Action) -> None:
        policy.allow(viewer, action)
        if self.held.boom:
            raise RuntimeError(self.held.boom)

    def add_report(self, organisation: PartyId, summary: str, number: int) -> Report:
        """Keep a report and put it into the case."""
        report = Report(
            id=ReportId(f"R-0000-0000-{number:04d}"),
            finding=finding(summary),
            submitter=PartyId("P-1"),
            organisation=organisation,
            batch=BatchId("B-0000-0000-0001"),
            received_at=AT,
            format="sarif",
            document=digest(summary.encode()),
            receipt=Receipt(f"SUB-{number:032d}"),
            gaps=("no proposed patch",),
        )
        self.held.reports[report.id] = report
        return report

    def add_case(self, *, case: CaseId = CASE, stage: Stage = Stage.COORDINATING, title: str | None = None) -> Case:
        """Keep a case with evidence, holding every report so far."""
        tallies = (
            Tally(build=Build.VULNERABLE, fired=10, runs=10, detail="canary written"),
            Tally(build=Build.FIXED, fired=0, runs=10),
        )
        made = Case(
            id=case,
            stage=stage,
            title=title or self.held.title,
            handling=Handling(tlp=Tlp.AMBER_STRICT),
            opened_at=AT,
            reports=tuple(self.held.reports),
            validations=(
                Validation(
                    verdict=Reproduced(tallies=tallies),
                    report=ReportId("R-0000-0000-0001"),
                    recipe=digest(b"recipe"),
                    statement=STATEMENT,
                    at=AT,
                ),
            ),
            priority=Priority(
                signals=(
                    Signal(name="in KEV", value="no", source="KEV catalogue", as_of=AT),
                    Signal(name="automatable", value=None, source="Vulnrichment", as_of=None),
                ),
                row=None,
                action=None,
                possible=("row 9: 14 days", "row 12: 60 days"),
                missing=("automatable", "publicly exposed"),
                band="STANDARD",
                why_now="A fixed version exists and a proof was reproduced here.",
                at=AT,
            ),
            draft=DRAFT,
            version=3,
        )
        self.held.cases[made.id] = made
        return made

    def accept(self, viewer: Viewer, document: Document, codec: str, reading: Reading) -> tuple[Answer, ...]:
        self._check(viewer, Action.SUBMIT)
        return self.submit(viewer, [replace(document, data=b"{" + document.data)])

    def within_rate(self, viewer: Viewer) -> bool:
        self._check(viewer, Action.SUBMIT)
        return self.held.rate

    def detail(self, viewer: Viewer, receipt: str) -> Detail:
        self._check(viewer, Action.READ_OWN_REPORTS)
        for report in self.held.reports.values():
            if report.receipt == receipt and report.organisation == viewer.organisation:
                return Detail(report=report.id, outcome="new", validation="", gaps=report.gaps, rules=())
        raise Missing("no submission with this receipt")

    def submit(self, viewer: Viewer, documents: Sequence[Document], *, dry_run: bool = False) -> tuple[Answer, ...]:
        self._check(viewer, Action.SUBMIT)
        answers: list[Answer] = []
        for document in documents:
            if document.data.strip()[:1] != b"{":
                problem = Problem("/0", "not_an_object", "send one JSON object")
                answers.append(Refused(name=document.name, problems=(problem,)))
                continue
            if dry_run:
                answers.append(Checked(name=document.name, format="sarif", summary="one finding", gaps=()))
                continue
            known = [
                r
                for r in self.held.reports.values()
                if r.document == digest(document.data) and r.organisation == viewer.organisation
            ]
            report = known[0] if known else self.add_report(viewer.organisation, "sent", len(self.held.reports) + 1)
            if not known:
                report = replace(report, document=digest(document.data))
                self.held.reports[report.id] = report
            answers.append(
                Accepted(
                    name=document.name,
                    receipt=report.receipt,
                    report=report.id,
                    summary=report.finding.summary,
                    repeat=bool(known),
                    gaps=report.gaps,
                )
            )
        return tuple(answers)

    def status(self, receipt: str) -> Status:
        if self.held.boom:
            raise RuntimeError(self.held.boom)
        for report in self.held.reports.values():
            if report.receipt == receipt:
                return Status(receipt=report.receipt, status="processing", at=AT)
        raise Missing("no submission with this receipt")

    def cases(self, viewer: Viewer, *, stage: Stage | None = None, after: str = "", limit: int = 50) -> Page:
        self._check(viewer, Action.READ_CASES)
        held = sorted(self.held.cases.values(), key=lambda c: c.id)
        held = [c for c in held if (stage is None or c.stage is stage) and c.id > after]
        rows = tuple(
            CaseRow(
                id=c.id,
                stage=c.stage,
                title=c.title,
                tlp=c.handling.tlp,
                verdict="Reproduced (E3): vulnerable 10/10, fixed 0/10.",
                band="STANDARD",
                opened_at=c.opened_at,
                embargo_until=None,
                reports=len(c.reports),
            )
            for c in held[:limit]
        )
        return Page(rows=rows, next=rows[-1].id if len(held) > limit else "")

    def _case(self, viewer: Viewer, case: CaseId, action: Action) -> Case:
        self._check(viewer, action)
        if case not in self.held.cases:
            raise Missing(f"no case {case}")
        return self.held.cases[case]

    def pulse(self, viewer: Viewer, case: CaseId) -> str:
        return f"v{self._case(viewer, case, Action.READ_CASES).version}"

    def case(self, viewer: Viewer, case: CaseId) -> CaseView:
        held = self._case(viewer, case, Action.READ_CASES)
        return CaseView(
            case=held,
            reports=tuple(self.held.reports[r] for r in held.reports),
            reasons=tuple(f"{r}: the same fix commit" for r in held.reports),
            history=(
                Moment(at=AT, kind="case.opened", actor="flow:clearing", sentence="The case was opened.", sequence=2),
                Moment(at=AT, kind="case.validated", actor="flow:clearing", sentence="Reproduced 10/10.", sequence=3),
            ),
            verdicts=("Reproduced (E3): vulnerable 10/10, fixed 0/10.",),
            todo=f"{2 - len(held.approvals)} more people must approve the draft.",
            approvals_needed=2,
            note="Coordination in this release waits for a person's approval; it contacts nobody.",
            draft=draft(held.title) if held.stage is not Stage.SCREENING else None,
        )

    def reports(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> tuple[tuple[ReportRow, ...], str]:
        self._check(viewer, Action.READ_OWN_REPORTS)
        rows = [self._row(r) for r in self.held.reports.values() if self._sees(viewer, r) and r.id > after]
        return tuple(rows[:limit]), rows[limit - 1].report.id if len(rows) > limit else ""

    def report(self, viewer: Viewer, report: ReportId) -> ReportRow:
        self._check(viewer, Action.READ_OWN_REPORTS)
        held = self.held.reports.get(report)
        if held is None or not self._sees(viewer, held):
            raise Missing(f"no report {report}")
        return self._row(held)

    def _sees(self, viewer: Viewer, report: Report) -> bool:
        return Role.COORDINATOR in viewer.roles or report.organisation == viewer.organisation

    def _row(self, report: Report) -> ReportRow:
        case = next((c.id for c in self.held.cases.values() if report.id in c.reports), None)
        return ReportRow(report=report, case=case, outcome="New: nothing held here is the same.")

    def attachment(self, viewer: Viewer, report: ReportId, digest: Digest) -> tuple[str, bytes]:
        held = self.report(viewer, report).report
        for attachment in held.finding.attachments:
            if attachment.digest == digest:
                return attachment.filename, PROOF
        raise Missing("no such attachment")

    def statement(self, viewer: Viewer, case: CaseId, digest: Digest) -> bytes:
        self._case(viewer, case, Action.READ_CASES)
        if digest != STATEMENT:
            raise Missing("no such statement")
        return b'{"payloadType": "application/vnd.in-toto+json"}'

    def preview(self, viewer: Viewer, case: CaseId) -> tuple[Rendering, ...]:
        held = self._case(viewer, case, Action.READ_CASES)
        return (
            Rendering(
                format="osv",
                filename="comity-2026-0001.osv.json",
                media_type="application/json",
                data=b'{"id": "COMITY-2026-0001", "summary": "' + held.title.encode() + b'"}',
                problems=(),
            ),
            Rendering(
                format="csaf",
                filename="comity-2026-0001.json",
                media_type="application/csaf+json",
                data=b"{}",
                problems=(Problem("/document", "missing_field", "the format asks for this"),),
            ),
        )

    def approve(self, viewer: Viewer, case: CaseId, draft: Digest) -> Case:
        held = self._case(viewer, case, Action.APPROVE)
        if draft != held.draft:
            raise Conflict("the draft changed since: read it again, then decide")
        if any(a.person == viewer.person for a in held.approvals):
            raise Conflict("this person has approved this draft already")
        approval = Approval(
            person=viewer.person, person_name="Test person", is_script=viewer.is_script, draft=draft, at=AT
        )
        self.held.cases[case] = replace(held, approvals=(*held.approvals, approval))
        return self.held.cases[case]

    def keep_personal(self, viewer: Viewer, case: CaseId, text: str, reason: str) -> KeptField:
        self._case(viewer, case, Action.APPROVE)
        return KeptField(field="details", kind="name", text=text, reason=reason, by=viewer.person, at=AT)

    def publish(self, viewer: Viewer, case: CaseId) -> str:
        held = self._case(viewer, case, Action.PUBLISH)
        if len(held.approvals) < 2:
            raise Conflict("two people must approve before anything is published")
        self.held.cases[case] = held.moved(Stage.READY)
        return "released: COMITY-2026-0001 is being published now"

    def close(self, viewer: Viewer, case: CaseId, reason: Closing) -> Case:
        held = self._case(viewer, case, Action.CLOSE)
        self.held.cases[case] = replace(held.moved(Stage.CLOSED), closing=reason)
        return self.held.cases[case]

    def waiting(self, batch: BatchId) -> int:
        return 0


class FakeBlind(Blind):
    """A counter of the blind check that checks rights and knows no question."""

    def __init__(self) -> None:
        """Nothing behind it."""

    def terms(self, viewer: Viewer) -> Terms:
        policy.allow(viewer, Action.ASK_BLINDLY)
        return Terms(epoch=1, public=bytes(32), ends_at=AT, left=20, quota=20, questions=())

    def epochs(self, viewer: Viewer) -> tuple[Past, ...]:
        policy.allow(viewer, Action.ASK_BLINDLY)
        epoch = Epoch(number=1, public=bytes(32), starts_at=AT, ends_at=AT)
        return (Past(epoch=epoch, is_key_held=True),)

    def verify(self, viewer: Viewer, envelope: bytes) -> Verified:
        policy.allow(viewer, Action.ASK_BLINDLY)
        return self._none()

    def ask(self, viewer: Viewer, *, document: str, parts: Sequence[Asked]) -> Answered:
        policy.allow(viewer, Action.ASK_BLINDLY)
        return self._none()

    def shelf(self, viewer: Viewer, question: str, level: str, bucket: int) -> tuple[bytes, ...]:
        policy.allow(viewer, Action.ASK_BLINDLY)
        return self._none()

    def claims(
        self, viewer: Viewer, question: str, *, methods: Sequence[str] = (), may_be_named: bool = False
    ) -> Shelf:
        policy.allow(viewer, Action.ASK_BLINDLY)
        return self._none()

    def open(self, viewer: Viewer, question: str, **opening: object) -> Accepted:  # type: ignore[override]  # it looks at nothing
        policy.allow(viewer, Action.ASK_BLINDLY)
        return self._none()

    def withdraw(self, viewer: Viewer, question: str) -> None:
        policy.allow(viewer, Action.ASK_BLINDLY)
        self._none()

    def _none(self) -> NoReturn:
        raise Missing("no question")
