"""The counter of the clearinghouse: every call that doors may make. Each checks access first, so doors cannot disagree.

A hidden thing and a missing thing are the same `Missing`, whatever the call.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from comity.access.policy import Action, allow, may
from comity.clearing import (
    coordinate,
    deconflict,
    flow,
    flow_compare,
    flow_looks,
    flow_standing,
    intake,
    publish,
    rules,
    scrub,
    supplier_told,
    supplier_vex,
    views,
)
from comity.clearing.render import Rendering, left_out
from comity.clearing.views import (
    Accepted,
    Answer,
    CaseRow,
    CaseView,
    Checked,
    Detail,
    Document,
    Moment,
    Page,
    Refused,
    ReportRow,
    Status,
    Tried,
)
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, TooLarge
from comity.formats import catalogue
from comity.formats.codec import Reading
from comity.formats.parse import Limits
from comity.model import ids
from comity.model.advisory import Advisory
from comity.model.case import Case, Closing, Stage
from comity.model.events import Event, Kind
from comity.model.ids import BatchId, CaseId, Digest, PartyId, Receipt, ReportId
from comity.model.party import Viewer
from comity.model.report import Report
from comity.model.sharing import KeptField
from comity.store import batches, blobs, cases, coordinations, journal, parties, reports, shares
from comity.store.engine import Tx

__all__ = [
    "Accepted",
    "Answer",
    "CaseRow",
    "CaseView",
    "Checked",
    "Clearing",
    "Detail",
    "Document",
    "Moment",
    "Page",
    "Refused",
    "Rendering",
    "ReportRow",
    "Status",
    "Tried",
]

UNSPECIFIC = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
"""Media types that do not name a format: the catalogue looks at the content."""

PROBLEM_LIMIT = 200

Read: TypeAlias = "tuple[str, Reading] | Refused"
"""What reading a document gave: the codec's name and the findings, or every violation."""

REPEAT_WINDOW = timedelta(days=7)
"""How long equal bytes of one organisation get the earlier receipt (policy parameter, clearing.md 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """The calls, on the flow's machines. `control` starts and signals the flows; see `flow` for what they do."""

    machines: flow.Machines
    control: Control

    def submit(self, viewer: Viewer, documents: Sequence[Document], *, dry_run: bool = False) -> tuple[Answer, ...]:
        """Take documents in: one answer for each finding, in order. Safe to resend: equal bytes get the same receipt.

        A document that breaks its contract is `Refused` and stores nothing; the others are stored all the same, in one
        transaction. Needs the role submitter or coordinator.
        """
        allow(viewer, Action.SUBMIT)
        limit = self.machines.settings.batch_limit
        if len(documents) > limit:
            raise TooLarge(f"{len(documents)} documents in one batch; the limit is {limit}: send them in parts")
        readings = self._within_batch([(document, self._read(document)) for document in documents])
        if dry_run:
            return tuple(answer for document, reading in readings for answer in _checked(document, reading))
        return self._take(viewer, readings)

    def accept(self, viewer: Viewer, document: Document, codec: str, reading: Reading) -> tuple[Answer, ...]:
        """As `submit`, for a document that a door had to read itself (a multipart body)."""
        allow(viewer, Action.SUBMIT)
        return self._take(viewer, [(document, (codec, reading))])

    def _take(self, viewer: Viewer, readings: Sequence[tuple[Document, Read]]) -> tuple[Answer, ...]:
        batch = ids.batch_id(secrets.token_bytes(8))
        answers: list[Answer] = []
        screened: list[BatchId] = []
        with self.machines.store.write() as tx:
            for document, reading in readings:
                if isinstance(reading, Refused):
                    answers.append(reading)
                    continue
                slow = self._slowed(tx, viewer, document, reading[1])
                if slow:
                    answers.append(Refused(name=document.name, problems=(Problem("", "rate", slow),)))
                    continue
                admitted = self._admit(tx, viewer, batch, document, *reading)
                answers.extend(answer for answer, _ in admitted)
                screened.extend(found for _, found in admitted)
        for unscreened in dict.fromkeys(screened):  # also of repeats: an earlier start may have failed
            self.control.start(flow.SCREEN, unscreened, unscreened)
        return tuple(answers)

    def _slowed(self, tx: Tx, viewer: Viewer, document: Document, reading: Reading) -> str:
        """Why a document is not taken today, by how often this organisation's reports held; "" for one sent before."""
        at, whole = self.machines.now(), ids.digest(document.data)
        part = whole if len(reading.findings) == 1 else ids.digest(f"{whole}#0".encode())
        if viewer.is_system or reports.same_document(tx, viewer.organisation, part, at - REPEAT_WINDOW) is not None:
            return ""
        return flow_standing.slowed(tx, viewer.organisation, reading.findings, at)

    def try_out(self, viewer: Viewer, recipe: bytes, files: Sequence[bytes]) -> Tried:
        """Run a recipe that nobody has sent, with the files it names, and judge it as a report's. Nothing is stored.

        Forbidden and Unavailable as the laboratory says; Invalid for a recipe that breaks its contract.
        """
        allow(viewer, Action.SUBMIT)
        held, verdict = flow.tried(self.machines, recipe, {ids.digest(data): data for data in files})
        return Tried(recipe=held, kind=type(verdict).__name__, sentence=publish.verdict_sentence(verdict))

    def resume(self) -> int:
        """Start the screening of every batch whose receipt was given and whose flow never started (a crash between).

        Called once when a worker starts; safe to call at any time. Gives the number of batches.
        """
        with self.machines.store.read() as tx:
            taking = set(batches.unfinished(tx))
            waiting = [batch for batch in reports.unscreened(tx) if batch not in taking]
        for batch in waiting:
            self.control.start(flow.SCREEN, batch, batch)
        return len(waiting)

    def reorder(self, *, because: str) -> int:
        """Weigh every open case again, since what upstream says has changed. Gives how many; safe to repeat."""
        settled = {Stage.PUBLISHED, Stage.CLOSED}
        number, start = 0, ""
        while True:
            with self.machines.store.read() as tx:
                page = cases.page(tx, flow.FLOW, start=start or None, limit=100)
            for case in page.items:
                if case.stage not in settled and case.priority is not None:
                    flow.order(self.machines, case.id, because)
                    number += 1
            if page.next is None:
                return number
            start = page.next

    def status(self, receipt: str) -> Status:
        """The receipt is a capability: whoever holds it may ask. Unknown: `Missing`."""
        with self.machines.store.read() as tx:
            report = reports.by_receipt(tx, Receipt(receipt))
            case_id = reports.case_of(tx, report.id)
            entries = journal.about(tx, report.id)
            if case_id is None:
                return Status(receipt=report.receipt, status="queued", at=report.received_at)
            case = cases.get(tx, case_id, flow.FLOW)
        busy = case.stage in {Stage.SCREENING, Stage.VALIDATING}
        last = max((e.event.at for e in entries), default=report.received_at)
        return Status(receipt=report.receipt, status="processing" if busy else "done", at=last)

    def within_rate(self, viewer: Viewer) -> bool:
        """Whether this organisation may send more in this hour (`intake_per_hour`, a fixed window; 0: no limit)."""
        allow(viewer, Action.SUBMIT)
        limit = self.machines.settings.intake_per_hour
        if not limit:
            return True
        hour = self.machines.now().replace(minute=0, second=0, microsecond=0)
        with self.machines.store.read() as tx:
            return reports.count_since(tx, viewer.organisation, hour, most=limit) < limit

    def detail(self, viewer: Viewer, receipt: str) -> Detail:
        """What became of a receipt of the viewer's own organisation. Missing for any other receipt."""
        allow(viewer, Action.READ_OWN_REPORTS)
        with self.machines.store.read() as tx:
            report = reports.by_receipt(tx, Receipt(receipt))
            if report.organisation != viewer.organisation:
                raise Missing("no submission with this receipt")
            case_id = reports.case_of(tx, report.id)
            case = cases.get(tx, case_id, flow.FLOW) if case_id is not None else None
        return Detail(
            report=report.id,
            outcome=views.deconflicted(report.id, case),
            validation=views.validated(report.id, case),
            gaps=report.gaps,
            rules=report.rules,
        )

    def own_report(self, viewer: Viewer, receipt: str) -> ReportId:
        """The report behind a receipt of the viewer's own organisation. Missing for any other receipt."""
        allow(viewer, Action.READ_OWN_REPORTS)
        with self.machines.store.read() as tx:
            report = reports.by_receipt(tx, Receipt(receipt))
        if report.organisation != viewer.organisation:
            raise Missing("no submission with this receipt")
        return report.id

    def cases(self, viewer: Viewer, *, stage: Stage | None = None, after: str = "", limit: int = 50) -> Page:
        """The queue that this viewer may see, newest first. Needs the role coordinator."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            page = cases.page(tx, viewer, stages=[stage] if stage else [], start=after or None, limit=limit)
        return Page(rows=tuple(views.row(case) for case in page.items), next=page.next or "")

    def case(self, viewer: Viewer, case: CaseId) -> CaseView:
        """One case with its evidence. Needs the role coordinator."""
        allow(viewer, Action.READ_CASES)
        machines = self.machines
        with machines.store.read() as tx:
            held = cases.get(tx, case, viewer)
            members = tuple(reports.get(tx, report, viewer) for report in held.reports)
            entries = journal.about(tx, held.id)
            draft = flow.draft_of(tx, held) if held.draft else None
            step = flow.next_step(machines, tx, held)
            names = {p.id: p.name for p in parties.all_people(tx)}
            kept = shares.kept(tx, held.id)
            quiet = coordinations.find(tx, held.id)
        is_revised = supplier_vex.is_revised(quiet, held)
        flow_looks.looked(self.machines, viewer, members, "read the case")
        return CaseView(
            case=held,
            reports=members,
            reasons=views.reasons(held),
            history=tuple(
                Moment(
                    at=e.event.at,
                    kind=str(e.event.kind),
                    actor=names.get(PartyId(e.event.actor), e.event.actor),
                    sentence=views.told(e.event),
                    sequence=e.seq,
                )
                for e in entries
            ),
            verdicts=tuple(publish.verdict_sentence(v.verdict) for v in held.validations),
            todo=views.todo(held, step, is_revised=is_revised),
            approvals_needed=machines.settings.approvals,
            note=left_out(draft) if draft else "",
            draft=draft,
            personal=scrub.unexplained(draft, kept) if draft is not None else (),
            kept=kept,
            stated=supplier_told.lines(quiet, held, draft),
            vex_waits=quiet is not None and supplier_vex.is_waiting(quiet),
            is_revised=is_revised,
        )

    def pulse(self, viewer: Viewer, case: CaseId) -> str:
        """A word that is another one once the case changed; nothing of the case is in it."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            return f"v{cases.version(tx, case, viewer)}"

    def reports(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> tuple[tuple[ReportRow, ...], str]:
        """The reports that this viewer may see, newest first, and the next cursor."""
        allow(viewer, Action.READ_OWN_REPORTS)
        with self.machines.store.read() as tx:
            page = reports.page(tx, viewer, start=after or None, limit=limit)
            rows = tuple(_report_row(tx, report, viewer) for report in page.items)
        return rows, page.next or ""

    def report(self, viewer: Viewer, report: ReportId) -> ReportRow:
        """One report: its own organisation's, or any for a coordinator."""
        allow(viewer, Action.READ_OWN_REPORTS)
        with self.machines.store.read() as tx:
            held = reports.get(tx, report, viewer)
            row = _report_row(tx, held, viewer)
        flow_looks.looked(self.machines, viewer, (held,), "read the report")
        return row

    def attachment(self, viewer: Viewer, report: ReportId, digest: Digest) -> tuple[str, bytes]:
        """File name and bytes of an attachment. Doors send it inert: as a download, never rendered."""
        allow(viewer, Action.READ_OWN_REPORTS)
        with self.machines.store.read() as tx:
            held = reports.get(tx, report, viewer)
            found = next((one for one in held.finding.attachments if one.digest == digest), None)
            if found is None:
                raise Missing(f"report {report} holds no such file")
            data = blobs.get(tx, digest, record=reports.record(report))
        flow_looks.looked(self.machines, viewer, (held,), "took a file of the report")
        return found.filename, data

    def statement(self, viewer: Viewer, case: CaseId, digest: Digest) -> bytes:
        """The signed statement (DSSE envelope) of one validation."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            held = cases.get(tx, case, viewer)
            if not any(v.statement == digest for v in held.validations):
                raise Missing(f"case {case} holds no such statement")
            return blobs.get(tx, digest, record=cases.record(case))

    def preview(self, viewer: Viewer, case: CaseId) -> tuple[Rendering, ...]:
        """The draft in every format, with problems."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            return flow.previewed(self.machines, tx, cases.get(tx, case, viewer))

    def approve(self, viewer: Viewer, case: CaseId, draft: Digest) -> Case:
        """Add this person's approval of exactly that draft, once every format accepts it."""
        allow(viewer, Action.APPROVE)
        machines = self.machines
        at = machines.now()
        with machines.store.write() as tx:
            held = cases.get(tx, case, viewer)
            if viewer.is_script and not machines.demo:
                raise Forbidden("a script approves nothing on a host that signs as itself: a person must")
            name, is_revised = parties.person(tx, viewer.person).name, flow.is_revised(tx, held)
            approval = coordinate.approve(held, viewer=viewer, name=name, draft=draft, at=at, is_revised=is_revised)
            _scrubbed(tx, held, flow.draft_of(tx, held))
            wrong = [r.format for r in flow.previewed(machines, tx, held) if r.problems]
            if wrong:
                raise Conflict(f"the draft has problems in {', '.join(wrong)}: look at the preview, then approve")
            saved = cases.save(tx, replace(held, approvals=(*held.approvals, approval)))
            self._note(
                tx, viewer, Kind.DRAFT_APPROVED, f"approved:{case}:{draft}:{viewer.person}", case, at, draft=draft
            )
        return saved

    def keep_personal(self, viewer: Viewer, case: CaseId, text: str, reason: str) -> KeptField:
        """Give the reason for which a piece of personal information stays in the draft. Invalid without either."""
        allow(viewer, Action.APPROVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = cases.get(tx, case, viewer)
            found = scrub.where(flow.draft_of(tx, held), text)
            problems = []
            if found is None:
                problems.append(Problem("/text", "not_there", "no such personal information is in the draft"))
            if not reason.strip() or len(reason) > 500 or not reason.isprintable():
                problems.append(Problem("/reason", "no_reason", "say in one line why it stays"))
            if problems or found is None:
                raise Invalid("no reason was kept", problems)
            kept = KeptField(
                field=found.field, kind=found.kind, text=text, reason=reason.strip(), by=viewer.person, at=at
            )
            shares.keep(tx, case, kept)
        return kept

    def publish(self, viewer: Viewer, case: CaseId) -> str:
        """Release an approved case: published now, or by the durable clock when the embargo ends. Says which.

        A published case whose approved draft says more of its maintainers' VEX is revised now.
        """
        allow(viewer, Action.PUBLISH)
        machines = self.machines
        at = machines.now()
        with machines.store.write() as tx:
            held = cases.get(tx, case, viewer)
            if held.stage is Stage.PUBLISHED:
                return self._revise(tx, held)
            if held.stage is not Stage.READY:
                step = flow.next_step(machines, tx, held, released=True)
                if held.stage is not Stage.COORDINATING:
                    raise Conflict(f"case {case} is {held.stage}; only a case in coordination can be published")
                if isinstance(step, coordinate.NeedsApprovals):
                    raise Conflict(f"case {case} needs {step.missing} more named people to approve its draft")
                held = cases.save(tx, held.moved(Stage.READY))
                self._note(
                    tx, viewer, Kind.CASE_MOVED, f"released:{case}:{held.draft}", case, at, stage=str(held.stage)
                )
        self.control.signal(flow.coordination(case), flow.CHANGED, key=f"released:{held.draft}")
        if held.embargo_until is not None and at < held.embargo_until:
            end = f"{held.embargo_until:%Y-%m-%d %H:%M} UTC"
            return f"released: {held.advisory} will be published when the embargo ends, {end}"
        return f"released: {held.advisory} is being published now"

    def _revise(self, tx: Tx, held: Case) -> str:
        if not flow.is_revised(tx, held):
            raise Conflict(f"case {held.id} is published already, as {held.advisory}")
        step = flow.next_step(self.machines, tx, held, released=True)
        if isinstance(step, coordinate.NeedsApprovals):
            raise Conflict(f"case {held.id} needs {step.missing} more named people to approve its draft")
        return f"published: {held.advisory}, revision {flow.revise(self.machines, tx, held)}"

    def close(self, viewer: Viewer, case: CaseId, reason: Closing) -> Case:
        """Close a case with a reason out of the closed list. Nothing leaves CLOSED."""
        allow(viewer, Action.CLOSE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = cases.get(tx, case, viewer)
            saved = cases.save(tx, replace(held.moved(Stage.CLOSED), closing=reason))
            self._note(
                tx, viewer, Kind.CASE_MOVED, f"closed:{case}", case, at, stage="closed", reason=reason.name.lower()
            )
        if held.stage in {Stage.COORDINATING, Stage.READY}:
            self.control.signal(flow.coordination(case), flow.CHANGED, key="closed")
        return saved

    def waiting(self, batch: BatchId) -> int:
        """How many reports of a batch are not through screening and validation yet: for progress displays."""
        with self.machines.store.read() as tx:
            return flow.unfinished(tx, batch)

    def _read(self, document: Document) -> Read:
        settings = self.machines.settings
        limits = Limits(
            document_bytes=settings.body_limit_bytes,
            attachment_bytes=settings.attachment_limit_bytes,
            batch=settings.batch_limit,
        )
        name = "" if document.media_type.partition(";")[0] in UNSPECIFIC else document.media_type
        try:
            codec, reading = catalogue.read(document.data, name, limits)
        except Invalid as error:
            return Refused(name=document.name, problems=_few(error.problems) or (Problem("", "invalid", str(error)),))
        return codec.name, reading

    def _within_batch(self, readings: Sequence[tuple[Document, Read]]) -> list[tuple[Document, Read]]:
        """Documents from the one on that would bring more findings than a batch may hold are refused, not cut."""
        limit = self.machines.settings.batch_limit
        held, number = [], 0
        for document, reading in readings:
            found = 0 if isinstance(reading, Refused) else len(reading[1].findings)
            if number + found > limit:
                reason = f"it brings {found} findings; a batch holds {limit} in all: send it in parts"
                reading = Refused(name=document.name, problems=(Problem("", "too_many_items", reason),))
                found = 0
            number += found
            held.append((document, reading))
        return held

    def _admit(
        self, tx: Tx, viewer: Viewer, batch: BatchId, document: Document, codec: str, reading: Reading
    ) -> list[tuple[Answer, BatchId]]:
        at = self.machines.now()
        whole = ids.digest(document.data)
        answers: list[tuple[Answer, BatchId]] = []
        for place, finding in enumerate(reading.findings):
            part = whole if len(reading.findings) == 1 else ids.digest(f"{whole}#{place}".encode())
            held = reports.same_document(tx, viewer.organisation, part, at - REPEAT_WINDOW)
            if held is not None:
                report = reports.get(tx, held, flow.FLOW)
            else:
                report = intake.admit(
                    finding,
                    intake.Arrival(
                        report=ids.report_id(secrets.token_bytes(8), at),
                        receipt=ids.receipt(secrets.token_bytes(20)),
                        batch=batch,
                        submitter=viewer.person,
                        organisation=viewer.organisation,
                        at=at,
                        format=codec,
                        document=part,
                    ),
                )
                project = batches.rules_of(tx, sorted(deconflict.packages(finding)))
                report = replace(report, rules=rules.against(finding, project.values()))
                self._keep(tx, viewer, report, document.data if place == 0 else None, reading)
            answer = Accepted(
                name=document.name,
                receipt=report.receipt,
                report=report.id,
                summary=finding.summary,
                repeat=held is not None,
                gaps=report.gaps,
                rules=report.rules,
                warnings=reading.warnings if place == 0 else (),
            )
            answers.append((answer, report.batch))
        return answers

    def _keep(self, tx: Tx, viewer: Viewer, report: Report, document: bytes | None, reading: Reading) -> None:
        record = reports.record(report.id)
        recipe = flow.recipe_digest(report.finding, reading.attachments)
        reports.add(tx, report, marks=flow_compare.marks_of(report.finding, recipe))
        flow_compare.file(tx, [(report, recipe, flow.patches(report, reading.attachments))])
        if document is not None:  # the bytes as received stay with the first report that they brought
            blobs.put(tx, document, record=record)
        for attachment in report.finding.attachments:
            if attachment.digest in reading.attachments:
                blobs.put(tx, reading.attachments[attachment.digest], record=record)
        facts = {"format": report.format, "organisation": report.organisation, "gaps": str(len(report.gaps))}
        self._note(tx, viewer, Kind.REPORT_RECEIVED, f"received:{report.id}", report.id, report.received_at, **facts)

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, key: str, subject: str, at: datetime, **facts: str) -> None:
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(subject,), facts=facts, actor=viewer.person))


def _scrubbed(tx: Tx, case: Case, draft: Advisory) -> None:
    """Conflict while the draft holds personal information for which nobody gave a reason (6 USC 1503(d)(2))."""
    left = scrub.unexplained(draft, shares.kept(tx, case.id))
    if left:
        kinds = ", ".join(sorted({f"{one.kind} in {one.field}" for one in left}))
        raise Conflict(f"the draft holds personal information ({kinds}): keep each piece with a reason first")


def _few(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """At most `PROBLEM_LIMIT` of them, and how many more there are: a hostile document must not make a huge answer."""
    if len(problems) <= PROBLEM_LIMIT:
        return problems
    rest = len(problems) - PROBLEM_LIMIT
    return (*problems[:PROBLEM_LIMIT], Problem("", "more_problems", f"{rest} more problems are not listed: mend these"))


def _checked(document: Document, reading: Read) -> list[Answer]:
    if isinstance(reading, Refused):
        return [reading]
    codec, read = reading
    return [
        Checked(
            name=document.name,
            format=codec,
            summary=finding.summary,
            gaps=intake.gaps(finding),
            warnings=read.warnings if place == 0 else (),
        )
        for place, finding in enumerate(read.findings)
    ]


def _report_row(tx: Tx, report: Report, viewer: Viewer) -> ReportRow:
    """Which case holds it is for coordinators: a shared id would tell submitters of each other."""
    case_id = reports.case_of(tx, report.id)
    case = cases.get(tx, case_id, flow.FLOW) if case_id is not None else None
    shown = case_id if may(viewer, Action.READ_CASES) else None
    return ReportRow(report=report, case=shown, outcome=views.outcome(report.id, case))
