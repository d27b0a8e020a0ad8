"""Take a batch in as one durable job: survey the document, store and file its items slice by slice, screen the reports.

Each slice is one transaction with the memory of having been done and the place where the next one begins, so a worker
that is killed anywhere goes on without losing or doubling a receipt. Memory holds one slice, whatever the batch holds:
its bytes lie in sealed pieces and are read at the place that is needed.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec

from comity.clearing import deconflict, flow, flow_compare, intake, rules
from comity.clearing.flow import Machines
from comity.durable.engine import Control
from comity.durable.flows import Flow, step
from comity.durable.flows import flow as named
from comity.errors import Invalid, Problem
from comity.formats import catalogue, parse, stream
from comity.formats.codec import Reading
from comity.formats.parse import Limits
from comity.formats.report import ReportDocument
from comity.formats.sarif import Sarif
from comity.formats.stream import Part, Plan, Span
from comity.model import ids
from comity.model.batch import Batch, BatchState, Item, ProjectRules
from comity.model.events import Event, Kind
from comity.model.ids import BatchId, Digest, ReportId
from comity.model.report import Finding, Report
from comity.store import batches, blobs, done, journal, reports
from comity.store.engine import Tx

TAKE: Final = "clearing.take"
SLICE: Final = 250
"""Items that are taken in one transaction."""
REPEAT_WINDOW: Final = timedelta(days=7)
"""How long equal bytes of one organisation get the earlier receipt (policy parameter, clearing.md 2.1)."""
PROBLEM_LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Read:
    """One item as it was read: a finding with its payloads and the digest of its bytes, or why it was refused."""

    format: str
    digest: Digest
    reading: Reading | None
    problems: tuple[Problem, ...] = ()


def flows(machines: Machines, control: Control) -> tuple[Flow, ...]:
    """The flow of a batch."""

    @named(TAKE)
    def take_batch(batch: str) -> None:
        plan = step("survey", survey, machines, batch)
        place: Any = [0, 0, 0, 0] if plan else None
        number = 0
        while place is not None:
            place = step(f"take {number}", take, machines, batch, plan, place, number)
            number += 1
        waiting = step("list reports", begin_screening, machines, batch)
        for turn, start in enumerate(range(0, len(waiting), flow.CHUNK)):
            found = step(f"deconflict {turn}", flow.screen, machines, waiting[start : start + flow.CHUNK])
            step(f"hand on {turn}", flow.hand_on, machines, control, found)
        step("close", close, machines, batch)

    return (take_batch,)


class Pieces:
    """The sealed pieces of a batch as a source; two of them are held open."""

    def __init__(self, machines: Machines, batch: Batch) -> None:
        self.machines, self.batch = machines, batch
        self.open: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return self.batch.size_bytes

    def read(self, start: int, size: int) -> bytes:
        """A slice, across pieces."""
        found = []
        end = min(start + size, self.size)
        while start < end:
            number, offset = divmod(start, self.batch.piece_bytes)
            part = self._piece(number)[offset : offset + end - start]
            if not part:
                break
            found.append(part)
            start += len(part)
        return b"".join(found)

    def _piece(self, number: int) -> bytes:
        if number not in self.open:
            while len(self.open) > 1:
                del self.open[next(iter(self.open))]
            with self.machines.store.read() as tx:
                self.open[number] = blobs.get(tx, self.batch.pieces[number], record=batches.record(self.batch.id))
        return self.open[number]


def survey(machines: Machines, batch_id: BatchId) -> Any:
    """Where the items stand, as plain numbers; "" when the document is no batch, which the batch then says."""
    batch = _batch(machines, batch_id)
    limits = _limits(machines)
    try:
        plan = stream.survey(Pieces(machines, batch), limits)
    except Invalid as error:
        with machines.store.write() as tx:
            _refuse(machines, tx, batch_id, error.problems or (Problem("", "invalid", str(error)),))
        return ""
    with machines.store.write() as tx:
        batches.save(tx, replace(batches.get(tx, batch_id, None), state=BatchState.TAKING))
    return {
        "kind": plan.kind,
        "parts": [
            {"first": part.first, "beside": [[key, span.start, span.end] for key, span in part.beside]}
            for part in plan.parts
        ],
    }


def take(machines: Machines, batch_id: BatchId, plan: Any, place: Sequence[int], number: int) -> Any:
    """Store and file one slice. Gives the place of the next one, or None.

    A place is: which part, at which byte, how many items came before it in the batch, and how many in the part.
    """
    key = f"take:{batch_id}:{number}"
    with machines.store.read() as tx:
        if done.is_done(tx, key):
            return done.result(tx, key)
    part, at, taken, within = place
    held = _plan(plan)
    if part >= len(held.parts):
        return None
    batch = _batch(machines, batch_id)
    source = Pieces(machines, batch)
    found: list[Read] = []
    following: list[int] | None
    try:
        slice_ = stream.items(source, at or held.parts[part].first, most=SLICE)
        after = _counted(taken + len(slice_.items), _limits(machines))
        found = read_items(held.kind, source, held.parts[part], slice_.items, part, within, _limits(machines))
        following = [part + 1, 0, after, 0]
        if slice_.next is not None:
            following = [part, slice_.next, after, within + len(slice_.items)]
        if slice_.next is None and part + 1 >= len(held.parts):
            following = None
    except Invalid as error:  # what follows cannot be told apart from what stands here: the rest is not taken
        problems = error.problems or (Problem("", "invalid", str(error)),)
        found = [Read(format="", digest=ids.digest(f"{batch_id}#{taken}".encode()), reading=None, problems=problems)]
        following = None
    with machines.store.write() as tx:
        act = partial(_store, machines, tx, batch_id, found, taken, number, following)
        return done.once(tx, key, machines.now(), act)


def _counted(number: int, limits: Limits) -> int:
    """The number of items so far. `Invalid` when that is more than anybody chose to send."""
    if number > limits.findings:
        raise Invalid("too many items", [Problem("", "too_many_items", f"over {limits.findings}: split it")])
    return number


def read_items(
    kind: str, source: stream.Source, part: Part, items: Sequence[bytes], number: int, before: int, limits: Limits
) -> list[Read]:
    """Read a slice. One that holds a bad item is read item by item, so only that one is refused."""
    if kind == "sarif":
        head = stream.beside(source, part)
        return _sarif(head, items, number, before, limits)
    found = []
    for place, item in enumerate(items):
        pointer = f"/{'reports' if kind == 'batch' else 'documents'}/{before + place}"
        try:
            found.append(_one(kind, item, limits))
        except Invalid as error:
            problems = error.problems or (Problem("", "invalid", str(error)),)
            found.append(Read(format="", digest=ids.digest(item), reading=None, problems=_moved(problems, "", pointer)))
    return found


def _one(kind: str, item: bytes, limits: Limits) -> Read:
    if kind == "batch":
        reading = ReportDocument(limits=limits).read(item)
        return Read(format=ReportDocument().name, digest=ids.digest(item), reading=reading)
    envelope = parse.decode(item, replace(limits, document_bytes=limits.document_bytes * 2), controls=True)
    try:
        document = msgspec.convert(envelope, Enclosed)
    except msgspec.ValidationError as error:
        raise Invalid("not a document of an envelope", [Problem("", "bad_envelope", str(error))]) from error
    codec, reading = catalogue.read(document.data, document.media_type, limits)
    if len(reading.findings) != 1:
        reason = f"it brings {len(reading.findings)} findings; in an envelope each document brings one"
        raise Invalid("several findings", [Problem("", "too_many_items", reason)])
    return Read(format=codec.name, digest=ids.digest(document.data), reading=reading)


class Enclosed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One document of an envelope; `data` is base64."""

    name: str
    data: bytes
    media_type: str = ""


def _sarif(head: bytes, items: Sequence[bytes], run: int, before: int, limits: Limits) -> list[Read]:
    try:
        readings = _log(head, items, limits)
    except Invalid as error:
        if len(items) > 1:
            return [one for n, item in enumerate(items) for one in _sarif(head, [item], run, before + n, limits)]
        problems = error.problems or (Problem("", "invalid", str(error)),)
        moved = _moved(problems, "/runs/0/results/0", f"/runs/{run}/results/{before}")
        return [Read(format=Sarif().name, digest=ids.digest(items[0]), reading=None, problems=moved)]
    return [
        Read(format=Sarif().name, digest=ids.digest(item), reading=Reading(findings=(finding,)))
        for item, finding in zip(items, readings, strict=True)
    ]


def _log(head: bytes, items: Sequence[bytes], limits: Limits) -> tuple[Finding, ...]:
    """Some results under their run's head, read as a log of their own. The head itself is told by no finding."""
    comma = b"," if head else b""
    document = b'{"version":"2.1.0","runs":[{' + head + comma + b'"results":[' + b",".join(items) + b"]}]}"
    roomy = replace(limits, document_bytes=max(limits.document_bytes, len(document)))
    found = Sarif(limits=roomy).read_document(parse.decode(document, roomy, controls=True)).findings
    return tuple(
        replace(one, unknown=tuple(u for u in one.unknown if u.pointer.startswith("/runs/0/results/"))) for one in found
    )


def _store(
    machines: Machines,
    tx: Tx,
    batch_id: BatchId,
    found: Sequence[Read],
    before: int,
    number: int,
    following: list[int] | None,
) -> Any:
    batch = batches.get(tx, batch_id, None)
    at = machines.now()
    earlier = reports.same_documents(tx, batch.organisation, [one.digest for one in found], at - REPEAT_WINDOW)
    names = {p for one in found if one.reading for f in one.reading.findings for p in deconflict.packages(f)}
    project = batches.rules_of(tx, sorted(names))
    fresh: list[tuple[Report, Mapping[Digest, bytes]]] = []
    items: list[Item] = []
    seen: dict[Digest, ReportId] = dict(earlier)
    for place, one in enumerate(found, before):
        if one.reading is None:
            items.append(Item(place=place, problems=_few(one.problems)))
            continue
        if one.digest in seen:
            items.append(Item(place=place, report=seen[one.digest], repeat=True))
            continue
        report = _admitted(batch, one, at=at, project=project)
        seen[one.digest] = report.id
        fresh.append((report, one.reading.attachments))
        items.append(Item(place=place, report=report.id))
    _keep(tx, fresh)
    batches.answered(tx, batch_id, items)
    taken, refused = len(fresh), sum(bool(item.problems) for item in items)
    batches.save(
        tx,
        replace(
            batch,
            taken=batch.taken + taken,
            refused=batch.refused + refused,
            repeats=batch.repeats + len(items) - taken - refused,
        ),
    )
    facts = {"taken": str(taken), "refused": str(refused), "organisation": batch.organisation}
    subjects = (batch_id, *(report.id for report, _ in fresh))
    _note(tx, Kind.BATCH_TAKEN, f"taken:{batch_id}:{number}", subjects, facts, at)
    return following


def _admitted(batch: Batch, one: Read, *, at: Any, project: Mapping[str, ProjectRules]) -> Report:
    assert one.reading is not None
    (finding,) = one.reading.findings
    arrival = intake.Arrival(
        report=ids.report_id(secrets.token_bytes(8), at),
        receipt=ids.receipt(secrets.token_bytes(20)),
        batch=batch.id,
        submitter=batch.submitter,
        organisation=batch.organisation,
        at=at,
        format=one.format,
        document=one.digest,
    )
    admitted = intake.admit(finding, arrival)
    return replace(admitted, rules=rules.against(finding, project.values())) if project else admitted


def _keep(tx: Tx, fresh: Sequence[tuple[Report, Mapping[Digest, bytes]]]) -> None:
    """Reports, their files and their places in the index. The bytes as received lie in the batch's pieces."""
    recipes = [flow.recipe_digest(report.finding, attached) for report, attached in fresh]
    reports.add_all(
        tx, [(report, flow_compare.marks_of(report.finding, r)) for (report, _), r in zip(fresh, recipes, strict=True)]
    )
    flow_compare.file(
        tx, [(report, r, flow.patches(report, held)) for (report, held), r in zip(fresh, recipes, strict=True)]
    )
    for report, attached in fresh:
        for attachment in report.finding.attachments:
            if attachment.digest in attached:
                blobs.put(tx, attached[attachment.digest], record=reports.record(report.id))


def begin_screening(machines: Machines, batch_id: BatchId) -> list[str]:
    """The reports of the batch, once all of it is taken."""
    with machines.store.write() as tx:
        batch = batches.get(tx, batch_id, None)
        if batch.state is BatchState.TAKING:
            batches.save(tx, replace(batch, state=BatchState.SCREENING))
        return list(batches.reports_of(tx, batch_id))


def close(machines: Machines, batch_id: BatchId) -> None:
    """Everything was taken and compared; validations of single reports may go on."""
    with machines.store.write() as tx:
        batch = batches.get(tx, batch_id, None)
        if batch.state is not BatchState.REFUSED:
            batches.save(tx, replace(batch, state=BatchState.DONE))


def _refuse(machines: Machines, tx: Tx, batch_id: BatchId, problems: tuple[Problem, ...]) -> None:
    batch = batches.get(tx, batch_id, None)
    blobs.release(tx, batches.record(batch_id))
    batches.save(tx, replace(batch, state=BatchState.REFUSED, problems=_few(problems), pieces=()))
    batches.forget_key(tx, batch_id)
    facts = {"taken": "0", "refused": "all", "organisation": batch.organisation}
    _note(tx, Kind.BATCH_TAKEN, f"refused:{batch_id}", (batch_id,), facts, machines.now())


def _note(tx: Tx, kind: Kind, key: str, subjects: tuple[str, ...], facts: Mapping[str, str], at: Any) -> None:
    actor = flow.FLOW.person
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=actor))


def _batch(machines: Machines, batch_id: BatchId) -> Batch:
    with machines.store.read() as tx:
        return batches.get(tx, batch_id, None)


def _plan(held: Any) -> Plan:
    return Plan(
        kind=held["kind"],
        parts=tuple(
            Part(first=part["first"], beside=tuple((key, Span(start, end)) for key, start, end in part["beside"]))
            for part in held["parts"]
        ),
    )


def _limits(machines: Machines) -> Limits:
    settings = machines.settings
    return Limits(document_bytes=settings.body_limit_bytes, attachment_bytes=settings.attachment_limit_bytes)


def _few(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(problems[:PROBLEM_LIMIT])


def _moved(problems: Sequence[Problem], was: str, now: str) -> tuple[Problem, ...]:
    """Problems with their pointers into the document as it was sent."""
    return tuple(
        replace(p, pointer=now + p.pointer.removeprefix(was)) if p.pointer.startswith(was) else p for p in problems
    )
