"""What happens to a report after its receipt: the durable flow, and the only file of this desk that does IO.

Three flows. `screen` takes a batch and deconflicts each report; `validate` reproduces one report of a case and orders
it; `coordinate` drafts the advisory, waits for people and for the embargo clock, and publishes. Each step commits its
change, its journal entry and the memory of having done it in one transaction, so a step that runs again changes
nothing. Flows carry ids and digests only.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from comity.clearing import (
    cohere,
    coordinate,
    flow_compare,
    flow_priority,
    flow_standing,
    publish,
    render,
    supplier_told,
    supplier_vex,
    validate,
)
from comity.clearing.flow_meaning import Meaning
from comity.durable.engine import Control
from comity.durable.flows import Flow, flow, signal, step
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unavailable
from comity.formats import recipe as recipes
from comity.formats import vex_supplier
from comity.model import ids
from comity.model.advisory import Advisory
from comity.model.case import Case, Deconfliction, Disputed, Same, Stage, Validation
from comity.model.events import Event, Kind
from comity.model.evidence import NeedsPerson, NotReproduced, Reproduced, Role, Verdict
from comity.model.handling import Tlp, join
from comity.model.ids import BatchId, CaseId, Digest, PartyId, ReportId
from comity.model.party import Viewer
from comity.model.recipe import PlannedRun, Recipe, Trial
from comity.model.report import Finding, Report
from comity.sealing.blind import Receipt
from comity.settings import Settings
from comity.store import blobs, cases, coordinations, done, journal, parties, published, reports, rows
from comity.store.engine import Store, Tx

FLOW = flow_compare.FLOW

CHUNK = 50
"""Reports that are screened in one step: a batch is one durable job, whatever it holds."""


class Laboratory(Protocol):
    """Makes planned runs in the sandbox."""

    def make(self, recipe: Recipe, plan: Sequence[PlannedRun], attached: Mapping[Digest, bytes]) -> Trial:
        """Every run of the plan, once. Unavailable: an archive cannot be had; Forbidden: no containment for it."""


class Signer(Protocol):
    """Signs on behalf of the host."""

    def validation(self, recipe: Recipe, trial: Trial, verdict: Verdict, *, report: Report, at: datetime) -> bytes:
        """The signed statement (DSSE envelope) of one validation."""

    def blind_receipt(self, receipt: Receipt) -> bytes:
        """The signed receipt (DSSE envelope) of a blind question."""

    def scan_result(self, statement: bytes) -> bytes:
        """The signed result (DSSE envelope) of a scan claim."""

    def seal(self, name: str, data: bytes, *, approved_by: str, at: datetime) -> bytes:
        """A detached seal over one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the flow works with, handed over by `app`. `now` is the one clock."""

    store: Store
    settings: Settings
    laboratory: Laboratory
    signer: Signer
    now: Callable[[], datetime]
    demo: bool = False
    """This host signs with a demo key, so a script may approve: every seal says so."""
    meaning: Meaning | None = None
    """Reads how alike texts are in meaning; None unless the host asked for it."""

    @property
    def host(self) -> publish.Host:
        """Who publishes."""
        s = self.settings
        return publish.Host(name=s.organisation, namespace=s.namespace, address=s.address)


SCREEN = "clearing.screen"
VALIDATE = "clearing.validate"
COORDINATE = "clearing.coordinate"
CROSS = "clearing.cross"
CHANGED = "changed"
"""The signal to a coordination that a person did something: released or closed the case."""


def flows(machines: Machines, control: Control) -> tuple[Flow, ...]:
    """The three flows, on these machines. `control` starts one flow from another."""

    @flow(SCREEN)
    def screen_batch(batch: str) -> None:
        waiting = step("list reports", reports_of, machines, batch)
        for number, start in enumerate(range(0, len(waiting), CHUNK)):
            found = step(f"deconflict {number}", screen, machines, waiting[start : start + CHUNK])
            step(f"hand on {number}", hand_on, machines, control, found)

    @flow(VALIDATE)
    def validate_report(case: str, report: str) -> None:
        trial = step("run", run, machines, case, report)
        stage = step("judge", judge, machines, case, report, trial)
        step("prioritise", order, machines, case, report)
        if stage == Stage.VALID:
            step("hand on", control.start, COORDINATE, case, case)

    @flow(COORDINATE)
    def coordinate_case(case: str) -> None:
        step("draft", draft, machines, case)
        looks = 0
        while True:
            outlook = step(f"look {looks}", look, machines, case)
            looks += 1
            if outlook == ENDED:
                return
            if outlook == WAIT:
                signal(CHANGED)
            elif signal(CHANGED, until=datetime.fromisoformat(outlook)) is None and step(
                f"publish {looks}", release, machines, case
            ):
                return

    return (screen_batch, validate_report, coordinate_case)


def coordination(case: CaseId) -> str:
    """The id of the flow that coordinates this case, for signals to it."""
    return f"{COORDINATE}:{case}"


# Screening ----------------------------------------------------------------------------------------------------------


def reports_of(machines: Machines, batch: BatchId) -> list[str]:
    """Ids of the batch's reports, oldest first."""
    with machines.store.read() as tx:
        return list(reports.ids_of(tx, batch))


def screen(machines: Machines, ids_: Sequence[ReportId]) -> list[list[str]]:
    """Deconflict reports in one transaction: each opens a case or joins one. Gives those to validate: case, report.

    Writers are one at a time, so two workers that race with equal reports still make one case.
    """
    with machines.store.write() as tx:
        found = [
            [str(done.once(tx, f"screen:{one}", machines.now(), partial(_screen, machines, tx, one))), one]
            for one in ids_
        ]
    return [[case_id, one] for case_id, one in found if case_id]


def hand_on(machines: Machines, control: Control, found: Sequence[Sequence[str]]) -> None:
    """Start the validation of each report that brings a recipe; judge the others here: nothing of them can be run.

    So a batch without recipes is one durable job, and no flow is started for each of its reports.
    """
    for case, name in found:
        case_id, report_id = CaseId(case), ReportId(name)
        with machines.store.read() as tx:
            has_recipe = any(a.role is Role.RECIPE for a in reports.get(tx, report_id, FLOW).finding.attachments)
            crossed = flow_compare.crossable(tx, case_id, report_id) if has_recipe else ()
        if has_recipe:
            control.start(VALIDATE, f"{case}:{name}", case, name)
            for other in crossed:
                control.start(CROSS, f"{name}:{other}", name, other)
        else:
            judge(machines, case_id, report_id, "")
            order(machines, case_id, report_id)


def _screen(machines: Machines, tx: Tx, report_id: ReportId) -> str:
    report = reports.get(tx, report_id, FLOW)
    attached = _attached(tx, report)
    recipe = recipe_digest(report.finding, attached)
    answer, _ = flow_compare.compared(tx, report, recipe, patches(report, attached), machines.meaning)
    match answer:
        case Same(case=case_id, reasons=reasons):
            joined = _join(machines, tx, case_id, report, reasons)
            case, validate_it = joined if joined is not None else (_open(machines, tx, report, answer), True)
        case _:
            case, validate_it = _open(machines, tx, report, answer), True
    _note(
        tx,
        machines,
        Kind.REPORT_DECONFLICTED,
        f"deconflicted:{report_id}",
        (report_id, case.id),
        {"outcome": type(answer).__name__.lower(), "reasons": str(len(getattr(answer, "reasons", ())))},
    )
    return case.id if validate_it else ""


def _open(machines: Machines, tx: Tx, report: Report, answer: Deconfliction) -> Case:
    links = (answer,) if isinstance(answer, Disputed) else ()
    if isinstance(answer, Same):
        links = (Disputed(cases=(answer.case,), reasons=(*answer.reasons, "that case is closed")),)
    case = Case(
        id=ids.case_id(secrets.token_bytes(8)),
        stage=Stage.VALIDATING,
        title=report.finding.summary,
        handling=report.finding.handling.tightened_to(Tlp.AMBER_STRICT),
        opened_at=machines.now(),
        reports=(report.id,),
        links=links,
    )
    stored = cases.add(tx, case)
    _note(tx, machines, Kind.CASE_OPENED, f"opened:{case.id}", (case.id, report.id), {"stage": str(case.stage)})
    return stored


def _join(
    machines: Machines, tx: Tx, case_id: CaseId, report: Report, reasons: tuple[str, ...]
) -> tuple[Case, bool] | None:
    """Add the report to its case. None when that case is closed: no move leaves it, a new fact opens a linked case.

    A case in coordination is drafted anew, so earlier approvals no longer count, and its embargo may only get shorter.
    The second value says whether the case may gain from validating this report too.
    """
    case = cases.get(tx, case_id, FLOW)
    if case.stage is Stage.CLOSED:
        return None
    again = case.stage in {Stage.NEEDS_INFO, Stage.NOT_REPRODUCED}
    joined = replace(
        case,
        reports=(*case.reports, report.id),
        merges=(*case.merges, (report.id, reasons)),
        handling=join((case.handling, report.finding.handling)),
    )
    if again:
        joined = joined.moved(Stage.VALIDATING)
    if case.stage in {Stage.COORDINATING, Stage.READY}:
        joined = redrafted(machines, tx, joined)
    return cases.save(tx, joined), again


def redrafted(machines: Machines, tx: Tx, case: Case) -> Case:
    """The case with the draft that its reports and its maintainers' statements now give; it goes back to people.

    What is published keeps its text, and only what its maintainers state is drafted anew.
    """
    assert case.advisory is not None
    before = out(tx, case)
    if before is None:
        findings = findings_of(tx, case)
        advisory = publish.compose(case, findings, id=case.advisory, host=machines.host)
        house = machines.settings.embargo
        fresh = coordinate.embargo(tuple(findings.values()), valid_at=case.validations[-1].at, house_default=house)
        if case.embargo_until is not None and (fresh.until is None or fresh.until < case.embargo_until):
            case = replace(case, embargo_until=fresh.until, embargo_basis=fresh.basis)
    else:
        advisory = publish.draft_of(before)
    advisory = supplier_told.with_statements(advisory, coordinations.find(tx, case.id), case.verdict)
    digest = blobs.put(tx, rows.encode(advisory, Advisory), record=cases.record(case.id))
    if digest == case.draft:
        return case
    _note(tx, machines, Kind.DRAFT_MADE, f"drafted:{case.id}:{digest}", (case.id,), {"draft": digest})
    back = case.moved(Stage.COORDINATING) if case.stage is Stage.READY else case
    return replace(back, draft=digest)


# Validation ---------------------------------------------------------------------------------------------------------


REFUSED = "refused"
UNAVAILABLE = "unavailable"
NOT_RUN: Mapping[str, str] = {
    REFUSED: "this host's containment does not allow the run; `comity doctor` says why",
    UNAVAILABLE: "an archive that the recipe names could not be had; put it into the mirror, then validate again",
}
"""Why nothing was run, by the word that the flow keeps: the engine's tables hold no target's name."""


def run(machines: Machines, case_id: CaseId, report_id: ReportId) -> str:
    """Make every planned run and keep what was seen, sealed with the case. Gives its digest, or a word of `NOT_RUN`.

    "" means that there is nothing to run: no recipe, or one that cannot be read.
    """
    key = f"run:{case_id}:{report_id}"
    with machines.store.read() as tx:
        if done.is_done(tx, key):
            return str(done.result(tx, key))
        report = reports.get(tx, report_id, FLOW)
        held = _recipe(tx, report)
        attached = _attached(tx, report)
        thorough = flow_standing.steer_of(tx, report.organisation).thorough
    trial, word = None, ""
    if isinstance(held, Recipe):
        try:
            trial = machines.laboratory.make(held, validate.plan(held, thorough=thorough), attached)
        except Forbidden:
            word = REFUSED
        except Unavailable:
            word = UNAVAILABLE
    with machines.store.write() as tx:

        def keep() -> str:
            return blobs.put(tx, rows.encode(trial, Trial), record=cases.record(case_id)) if trial is not None else word

        return str(done.once(tx, key, machines.now(), keep))


def tried(machines: Machines, document: bytes, attached: Mapping[Digest, bytes]) -> tuple[Digest, Verdict]:
    """Run a recipe that belongs to no report and judge it; gives its digest and the verdict. Keeps nothing."""
    held = recipes.read(document)
    return held.digest, validate.judge(held, machines.laboratory.make(held, validate.plan(held), attached))


def judge(machines: Machines, case_id: CaseId, report_id: ReportId, outcome: str) -> str:
    """Turn what `run` gave into a verdict, sign the statement, move the case. Gives the stage that it is now in."""
    key = f"judge:{case_id}:{report_id}"
    with machines.store.write() as tx:
        return str(done.once(tx, key, machines.now(), lambda: _judge(machines, tx, case_id, report_id, outcome)))


STAGE_AFTER: Mapping[type, Stage] = {Reproduced: Stage.VALID, NotReproduced: Stage.NOT_REPRODUCED}
"""Where a verdict moves its case. Any other verdict needs a person: `needs-info`."""


def _judge(machines: Machines, tx: Tx, case_id: CaseId, report_id: ReportId, outcome: str) -> str:
    report = reports.get(tx, report_id, FLOW)
    case = cases.get(tx, case_id, FLOW)
    if case.stage is Stage.CLOSED:
        return str(case.stage)  # somebody closed it meanwhile: nothing leaves CLOSED
    held = _recipe(tx, report)
    at = machines.now()
    verdict: Verdict
    statement: Digest | None = None
    recipe_digest: Digest | None = None
    if not isinstance(held, Recipe):
        verdict = NeedsPerson(reason=held)
    elif outcome in NOT_RUN:
        recipe_digest = held.digest
        verdict = NeedsPerson(reason=NOT_RUN[outcome])
    else:
        recipe_digest = held.digest
        trial = rows.decode(Trial, blobs.get(tx, Digest(outcome), record=cases.record(case_id)))
        verdict = cohere.weighed(validate.judge(held, trial), report.finding, held)
        envelope = machines.signer.validation(held, trial, verdict, report=report, at=at)
        statement = blobs.put(tx, envelope, record=cases.record(case_id))
    validation = Validation(verdict=verdict, report=report_id, recipe=recipe_digest, statement=statement, at=at)
    moved = case.moved(STAGE_AFTER.get(type(verdict), Stage.NEEDS_INFO))
    saved = cases.save(tx, replace(moved, validations=(*case.validations, validation)))
    facts = {"verdict": type(verdict).__name__, "stage": str(saved.stage), "statement": statement or "none"}
    _note(tx, machines, Kind.CASE_VALIDATED, f"validated:{case_id}:{report_id}", (case_id, report_id), facts)
    return str(saved.stage)


def order(machines: Machines, case_id: CaseId, because: str) -> str:
    """Give the case its priority from mirrored facts and the finders' own statements. Gives the band.

    `because` names what asked for it (a report, an event): asked for twice, it is done once.
    """
    with machines.store.write() as tx:
        key = f"order:{case_id}:{because}"
        return str(done.once(tx, key, machines.now(), lambda: _order(machines, tx, case_id, because)))


def _order(machines: Machines, tx: Tx, case_id: CaseId, because: str) -> str:
    case = cases.get(tx, case_id, FLOW)
    findings = tuple(findings_of(tx, case).values())
    priority = flow_priority.decide(tx, case, findings, because=because, at=machines.now()).priority
    cases.save(tx, replace(case, priority=priority))
    public = {"band": priority.band, "row": priority.row or "undecided"}
    _note(tx, machines, Kind.CASE_PRIORITISED, f"prioritised:{case_id}:{because}", (case_id,), public)
    return priority.band


# Coordination and publication ---------------------------------------------------------------------------------------


def draft(machines: Machines, case_id: CaseId) -> str:
    """Compose the draft, reserve its id, start the embargo. Gives the draft's digest."""
    with machines.store.write() as tx:
        return str(done.once(tx, f"draft:{case_id}", machines.now(), lambda: _draft(machines, tx, case_id)))


def _draft(machines: Machines, tx: Tx, case_id: CaseId) -> str:
    case = cases.get(tx, case_id, FLOW)
    if case.stage is not Stage.VALID:
        return ""  # somebody closed it meanwhile
    at = machines.now()
    findings = findings_of(tx, case)
    advisory_id = published.reserve(tx, f"{machines.settings.advisory_prefix}-{at.year}-")
    advisory = publish.compose(case, findings, id=advisory_id, host=machines.host)
    digest = blobs.put(tx, rows.encode(advisory, Advisory), record=cases.record(case_id))
    embargo = coordinate.embargo(tuple(findings.values()), valid_at=at, house_default=machines.settings.embargo)
    cases.save(
        tx,
        replace(
            case.moved(Stage.COORDINATING),
            draft=digest,
            advisory=advisory_id,
            embargo_until=embargo.until,
            embargo_basis=embargo.basis,
        ),
    )
    _note(tx, machines, Kind.DRAFT_MADE, f"drafted:{case_id}", (case_id,), {"draft": digest})
    return digest


ENDED = "ended"
WAIT = "wait"


def look(machines: Machines, case_id: CaseId) -> str:
    """What to do after a person did something: the ISO moment to publish at, `WAIT` for more, or `ENDED`."""
    with machines.store.read() as tx:
        case = cases.get(tx, case_id, FLOW)
        following = next_step(machines, tx, case)
    if case.stage in {Stage.CLOSED, Stage.PUBLISHED}:
        return ENDED
    match following:
        case coordinate.Waiting(until=until):
            return until.isoformat()
        case coordinate.Due():
            return machines.now().isoformat()
        case coordinate.NeedsApprovals() | coordinate.NeedsRelease():
            return WAIT


def next_step(machines: Machines, tx: Tx, case: Case, *, released: bool | None = None) -> coordinate.Step:
    """What stands between the case and publication now. Approvals of disabled people do not count.

    Neither do those of scripts, but on a host that signs with a demo key and says so in every seal.
    """
    people = {p.id: p for p in parties.all_people(tx) if p.disabled_at is None}
    counting = tuple(a for a in case.approvals if a.person in people and (machines.demo or not a.is_script))
    return coordinate.next_step(
        replace(case, approvals=counting),
        released=case.stage is Stage.READY if released is None else released,
        approvals_needed=machines.settings.approvals,
        now=machines.now(),
    )


def release(machines: Machines, case_id: CaseId) -> str:
    """Publish: public row, files in every format, seals, case and journal entry, all in one transaction.

    "" and no change when it may not be published after all (the case was closed or its draft changed meanwhile).
    """
    with machines.store.write() as tx:
        case = cases.get(tx, case_id, FLOW)
        if case.stage is not Stage.PUBLISHED and not isinstance(next_step(machines, tx, case), coordinate.Due):
            return ""
        return str(done.once(tx, f"publish:{case_id}", machines.now(), lambda: _release(machines, tx, case)))


def _release(machines: Machines, tx: Tx, case: Case) -> str:
    advisory = _put(machines, tx, case, machines.now())
    cases.save(tx, case.moved(Stage.PUBLISHED))
    facts = {"advisory": advisory.id, "draft": case.draft or ""}
    _note(tx, machines, Kind.ADVISORY_PUBLISHED, f"published:{case.id}", (case.id, advisory.id), facts)
    return advisory.id


def revise(machines: Machines, tx: Tx, case: Case) -> str:
    """Publish the approved draft of a published case as its next revision. For whoever saw that all approvals stand."""
    advisory = _put(machines, tx, case, machines.now())
    facts = {"advisory": advisory.id, "draft": case.draft or "", "revision": advisory.revisions[-1].number}
    key = f"published:{case.id}:{facts['revision']}"
    _note(tx, machines, Kind.ADVISORY_PUBLISHED, key, (case.id, advisory.id), facts)
    return facts["revision"]


def _put(machines: Machines, tx: Tx, case: Case, at: datetime) -> Advisory:
    """The approved draft as public row and files. Editions of maintainers' VEX that are out stay as they went out."""
    before, held, draft = out(tx, case), coordinations.find(tx, case.id), draft_of(tx, case)
    counting = tuple(a for a in case.approvals if a.draft == case.draft)
    approved_by = coordinate.approval_sentence(counting)
    advisory = publish.finalise(draft, approved_by=approved_by, at=at, before=before)
    sheets = supplier_told.sheets(held, draft, at=at)
    seal = partial(machines.signer.seal, approved_by=advisory.approved_by, at=at)
    made = render.files(advisory, seal=seal, sheets=sheets)
    files = [published.File(name=f.name, media_type=f.media_type, data=f.data) for f in made]
    if before is not None:
        files += [f for f in published.files(tx, before.id, FLOW) if vex_supplier.edition_of(f.name) is not None]
    published.put(tx, advisory, files, case=case.id)
    if held is not None and (sheets or held.drafted != held.out):
        coordinations.save(tx, supplier_told.published(held, sheets, at=at))
    return advisory


def out(tx: Tx, case: Case) -> Advisory | None:
    """What is out of a case; None before it is published."""
    if case.stage is not Stage.PUBLISHED or case.advisory is None:
        return None
    return published.get(tx, case.advisory, FLOW)


def previewed(machines: Machines, tx: Tx, case: Case) -> tuple[render.Rendering, ...]:
    """The draft in every format as it would be published now, with what its maintainers state."""
    at, draft = machines.now(), draft_of(tx, case)
    sheets = supplier_told.sheets(coordinations.find(tx, case.id), draft, at=at)
    before = out(tx, case) if is_revised(tx, case) else None
    return render.renderings(publish.preview(draft, at=at, before=before), sheets)


def is_revised(tx: Tx, case: Case) -> bool:
    """Whether a published case has a draft that waits to be its next revision."""
    return supplier_vex.is_revised(coordinations.find(tx, case.id), case)


def draft_of(tx: Tx, case: Case) -> Advisory:
    """The draft in hand; `Conflict` when there is none."""
    if case.draft is None:
        raise Conflict(f"case {case.id} is {case.stage}; it has no draft yet")
    return rows.decode(Advisory, blobs.get(tx, case.draft, record=cases.record(case.id)))


# Shared -------------------------------------------------------------------------------------------------------------


def case_for(tx: Tx, case: CaseId, viewer: Viewer) -> Case:
    """A case as the other counters of this desk meet it: Missing when this viewer may not see it."""
    return cases.get(tx, case, viewer)


def cases_in(tx: Tx, *, start: str | None, limit: int) -> tuple[tuple[Case, ...], str | None]:
    """Cases for a flow, newest first, and where the next page begins."""
    page = cases.page(tx, FLOW, start=start, limit=limit)
    return page.items, page.next


def reports_in(tx: Tx, case: Case) -> tuple[Report, ...]:
    """The reports of a case, in their order."""
    return tuple(reports.get(tx, one, FLOW) for one in case.reports)


def report_with_case(tx: Tx, report: ReportId) -> tuple[Case | None, Report]:
    """A report and the case that holds it, None while it waits to be screened."""
    case_id = reports.case_of(tx, report)
    return (cases.get(tx, case_id, FLOW) if case_id is not None else None), reports.get(tx, report, FLOW)


def findings_of(tx: Tx, case: Case) -> dict[ReportId, Finding]:
    """The findings of a case's reports, in their order."""
    return {report_id: reports.get(tx, report_id, FLOW).finding for report_id in case.reports}


def _attached(tx: Tx, report: Report) -> dict[Digest, bytes]:
    record = reports.record(report.id)
    found = {}
    for attachment in report.finding.attachments:
        try:
            found[attachment.digest] = blobs.get(tx, attachment.digest, record=record)
        except Missing:
            continue  # named by digest only: the finder kept the bytes
    return found


def comparable(tx: Tx, ids_: Iterable[ReportId]) -> Iterator[tuple[ReportId, Finding, tuple[bytes, ...]]]:
    """What the blind check compares of these reports: the finding and the patches that it brings."""
    for id_ in ids_:
        report = reports.get(tx, id_, FLOW)
        attached = _attached(tx, report)
        yield id_, report.finding, patches(report, attached)


def others(tx: Tx, ids_: Iterable[ReportId], asker: PartyId) -> tuple[int, bool]:
    """How many of these reports come from others than the asker, and whether a case of theirs is published."""
    number, is_published = 0, False
    for id_ in ids_:
        if reports.get(tx, id_, FLOW).organisation == asker:
            continue
        number += 1
        case_id = reports.case_of(tx, id_)
        is_published |= case_id is not None and cases.get(tx, case_id, FLOW).stage is Stage.PUBLISHED
    return number, is_published


def attached(tx: Tx, report: Report) -> dict[Digest, bytes]:
    """The bytes of a held report's attachments, by digest; those named by digest only are absent."""
    return _attached(tx, report)


def held_recipe(tx: Tx, report: Report) -> Recipe | str:
    """A held report's recipe, or the sentence that says why a person must look."""
    return _recipe(tx, report)


def recipe_of(tx: Tx, report: Report) -> Digest | None:
    """The digest of a held report's one readable recipe."""
    return recipe_digest(report.finding, _attached(tx, report))


def patches_of(tx: Tx, report: Report) -> tuple[bytes, ...]:
    """The patches that a held report brings."""
    return patches(report, _attached(tx, report))


def patches(report: Report, attached: Mapping[Digest, bytes]) -> tuple[bytes, ...]:
    """The patches that a report brings."""
    return tuple(
        attached[a.digest] for a in report.finding.attachments if a.role is Role.PATCH and a.digest in attached
    )


def _recipe(tx: Tx, report: Report) -> Recipe | str:
    """The report's recipe, or the sentence that says why a person must look."""
    found = [a for a in report.finding.attachments if a.role is Role.RECIPE]
    if not found:
        return "the report brings no recipe, so nothing was run"
    if len(found) > 1:
        return "the report brings several recipes: choose one"
    try:
        return recipes.read(blobs.get(tx, found[0].digest, record=reports.record(report.id)))
    except Missing:
        return "the recipe is named by digest only: ask the finder to send it"
    except Invalid as error:
        return f"the recipe breaks its contract ({len(error.problems)} problems): ask the finder to mend it"


def recipe_digest(finding: Finding, payloads: Mapping[Digest, bytes]) -> Digest | None:
    """The digest of the finding's one readable recipe, which stands for its proof; None when there is none."""
    found = [payloads[a.digest] for a in finding.attachments if a.role is Role.RECIPE and a.digest in payloads]
    if len(found) != 1:
        return None
    try:
        return recipes.read(found[0]).digest
    except Invalid:
        return None


def unfinished(tx: Tx, batch: BatchId) -> int:
    """How many reports of the batch have no case yet, or one that is still being validated."""
    busy = {Stage.SCREENING, Stage.VALIDATING}
    number = 0
    for report_id in reports.ids_of(tx, batch):
        case_id = reports.case_of(tx, report_id)
        number += case_id is None or cases.get(tx, case_id, FLOW).stage in busy
    return number


def _note(
    tx: Tx, machines: Machines, kind: Kind, key: str, subjects: tuple[str, ...], facts: Mapping[str, str]
) -> None:
    journal.append(tx, Event(kind=kind, key=key, at=machines.now(), subjects=subjects, facts=facts, actor=FLOW.person))
