"""A scenario for the crash tests: a window runs out, and later the evidence is erased, with nobody acting."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from comity.assess import flow
from comity.durable import engine as durable
from comity.model.engagement import State
from comity.model.ids import EngagementId
from comity.settings import Settings
from comity.store import engagement_calls, engagements, journal
from tests.engagement.hosts import Host, host, viewer

DAYS = 10
"""Days of the window in the terms of these tests."""


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """From the start, or from wherever a crash left it, to the end: one engagement open, then its clocks alone."""
    with host(settings.data.parent, settings=settings, seam=seam) as here:  # no worker yet: the same steps every time
        with here.machines.store.read() as tx:
            known = engagements.page(tx, here.machines.custody, flow.FLOW).items
        id_ = known[0][0].id if known else here.at(State.OPEN)
    with host(settings.data.parent, settings=settings, run=True, seam=seam) as here:
        here.desk.resume()
        looked(here, id_, 1)  # once by itself, once because it was told at the start
        if here.state(id_) is State.OPEN:
            here.clock.jump_to(here.clock.now() + timedelta(days=DAYS, hours=1))
        looked(here, id_, 2)
        if here.state(id_) is State.CLOSED:
            here.do("dora", id_, "withdraw")
        looked(here, id_, 3)
        here.clock.jump_to(here.clock.now() + timedelta(days=DAYS, hours=30))
        until(lambda: here.state(id_) is State.ERASED)
        until(lambda: here.desk.control.status(flow.watching(id_)).state is durable.State.DONE)


def looked(here: Host, id_: EngagementId, number: int) -> None:
    """Wait until the flow has looked so often, so that the next act finds it asleep."""
    until(lambda: f"look {number}" in here.desk.control.status(flow.watching(id_)).steps)


def until(truth: Callable[[], Any], seconds: float = 60) -> None:
    """Look every 10 ms until it is true."""
    end = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(0.01)


def state(settings: Settings) -> Any:
    """Everything of note, without times and random ids."""
    with host(settings.data.parent, settings=settings) as here, here.machines.store.read() as tx:
        (found,) = engagements.page(tx, here.machines.custody, flow.FLOW).items
        outline = found[0]
        lines, _ = here.desk.ledger(viewer("dora"), outline.id)
        entries = [
            [str(e.event.kind), e.event.key.replace(outline.id, "ID"), e.event.facts.get("state", "")]
            for e in journal.after(tx, 0)
        ]
        told = {
            "state": outline.state,
            "receipt": outline.receipt is not None,
            "half": here.machines.custody.holds(outline.id),
            "record": found[1] is not None,
            "files": len(engagements.file_names(tx, outline.id)),
            "live keys": engagement_calls.live_keys(tx, outline.id, at=here.clock.now()),
            "journal": entries,
            "ledger": [[line.seat, line.what] for line in lines],
        }
    made: Any = json.loads(json.dumps(told, default=str, sort_keys=True))
    return made
