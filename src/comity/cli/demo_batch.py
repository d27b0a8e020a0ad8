"""Demo step 2: twelve findings in one envelope, taken in as one durable job; receipts stream as its items are read."""

import base64
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from comity.app import Office
from comity.clearing.desk import Accepted, Answer, Refused
from comity.clearing.desk_batches import Answered
from comity.cli.demo_findings import Sent
from comity.errors import Conflict
from comity.model.batch import BatchState
from comity.model.ids import CaseId
from comity.model.party import Viewer

PATIENCE = timedelta(minutes=2)
Say = Callable[..., None]


def send(office: Office, lab: Viewer, coordinator: Viewer, sent: Sequence[Sent], say: Say) -> tuple[Answer, ...]:
    """Send them through the door for batches and print each answer as it comes; then what is the same, and why."""
    documents = [{"name": one.document.name, "data": base64.b64encode(one.document.data).decode()} for one in sent]
    batch = office.batches.send(lab, msgspec.json.encode({"documents": documents}), name="twelve", key="demo-batch")
    say(f"batch {batch.id}: {batch.size_bytes // 1024} KiB received, one durable job")
    answers: list[Answer] = []
    tick, end = threading.Event(), time.monotonic() + PATIENCE.total_seconds()
    while True:
        state = office.batches.batch(lab, batch.id).state
        found, _ = office.batches.answers(lab, batch.id, after=len(answers) - 1)
        for one in found:
            answers.append(_told(sent[one.place], one, say))
        if state in {BatchState.DONE, BatchState.REFUSED} and not found:
            break
        if time.monotonic() > end:
            raise Conflict(f"waited {PATIENCE} for the batch: see the worker's log")
        tick.wait(0.05)
    _same(office, coordinator, [one for one in answers if isinstance(one, Accepted)], say)
    return tuple(answers)


def _told(sent: Sent, one: Answered, say: Say) -> Answer:
    if one.receipt is None or one.report is None:
        say(f"{sent.document.name}: refused, nothing stored  ({sent.why})", "yellow")
        for problem in one.problems[:2]:
            say(f"    {problem.pointer or '/'}: {problem.reason}", "dim")
        return Refused(name=sent.document.name, problems=one.problems)
    say(f"{sent.document.name}: receipt {one.receipt[:12]}...  ({sent.why})")
    return Accepted(
        name=sent.document.name,
        receipt=one.receipt,
        report=one.report,
        summary=one.summary,
        repeat=one.repeat,
        gaps=one.gaps,
    )


def _same(office: Office, coordinator: Viewer, taken: Sequence[Accepted], say: Say) -> None:
    """Cases are numbered as they were opened, as in the table of step 3."""
    rows = office.clearing.cases(coordinator, limit=100).rows[::-1]
    numbers = {row.id: number for number, row in enumerate(rows, 1)}
    names = {one.report: one.name for one in taken}
    for row in rows:
        case = office.clearing.case(coordinator, CaseId(row.id)).case
        for report, reasons in case.merges:
            say(f"{names.get(report, report)}: same as case {numbers[row.id]}, because {'; '.join(reasons)}", "green")
        for link in case.links:
            linked = ", ".join(f"case {numbers[other]}" for other in link.cases if other in numbers)
            say(f"case {numbers[row.id]} may be the same as {linked}: shown to a person, not merged", "yellow")
