"""A scenario for the crash tests: a scanner's log with a bad result in it is taken in as one job."""

from collections.abc import Callable
from typing import Any

from comity.clearing import flow, flow_batches
from comity.model.batch import BatchState
from comity.settings import Settings
from comity.store import batches, cases, journal
from tests.clearing.hosts import LAB, further, host
from tests.clearing.test_batches import log
from tests.clearing.travel import until

flow_batches.SLICE = 2
flow.CHUNK = 2
DATA = log(3).replace(b'"message": {"text": "finding 1"}', b'"message": {"text": "finding 1"}, "locations": 7', 1)


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """From the start, or from wherever a crash left it, to the end."""
    with host(settings.data.parent, settings=settings, seam=seam) as comity:
        desk = further(comity.machines, comity.desk.control)["batches"]
        comity.desk.resume()
        desk.resume()
        sent = desk.send(LAB, DATA, key="night")
        until(lambda: desk.batch(LAB, sent.id).state is BatchState.DONE)
        until(lambda: not comity.desk.control.unfinished())


def state(settings: Settings) -> Any:
    """Everything of note, without times and random ids."""
    with host(settings.data.parent, settings=settings, run=False) as comity:
        with comity.machines.store.read() as tx:
            (batch,) = batches.of(tx, LAB.organisation)
            items = batches.items(tx, batch.id)
            entries = [e.event for e in journal.after(tx, 0)]
            held = cases.page(tx, flow.FLOW).items
        desk = further(comity.machines, comity.desk.control)["batches"]
        answers, _ = desk.answers(LAB, batch.id)
    return {
        "state": str(batch.state),
        "counts": [batch.taken, batch.refused, batch.repeats],
        "items": [[item.place, item.report is not None, [p.pointer for p in item.problems]] for item in items],
        "receipts": len({a.receipt for a in answers if a.receipt}),
        "cases": sorted([case.title, str(case.stage), len(case.reports)] for case in held),
        "journal": sorted([str(e.kind), sorted(e.facts.items())] for e in entries if "document" not in e.facts),
    }
