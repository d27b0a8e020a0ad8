"""A scenario for the crash test: a public brief that was shared is corrected, and everybody it reached is told."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.brief.hosts import ADA, EDITH, MEMBER, host

from comity.brief import flow
from comity.durable.clock import JumpingClock
from comity.durable.engine import connect, launch
from comity.settings import Settings
from comity.store import drafts, journal

NOTE = "We left out two words."


def prepare(settings: Settings) -> None:
    """Before the correction: one brief, public and shared."""
    with host(settings.data.parent) as here:
        public = here.published()
        here.desk.share(EDITH, public.id, organisation="member", legal_basis="terms of the test")


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """Correct it, or go on where a crash left it, until everybody was told."""
    with host(settings.data.parent, seam=seam, brief_recheck=timedelta(0)) as here:
        control = connect(here.settings)
        poll = timedelta(milliseconds=50)
        here.clock.pass_(hours=1)
        clock = JumpingClock(here.clock.at)
        worker = launch(here.settings, flow.flows(here.machines), clock=clock, poll=poll, seam=seam)
        try:
            desk = replace(here.desk, control=control)
            desk.resume()
            [public] = desk.published(MEMBER).rows
            if not public.corrections:
                words = [line.text for line in public.lines]
                changed = [words[0].replace("60 agencies", "60 of the agencies"), *words[1:]]
                desk.correct(ADA, public.id, note=NOTE, title=public.title, sentences=changed)
            end = time.monotonic() + 60
            while control.unfinished() or not desk.notices(MEMBER):
                if time.monotonic() > end:
                    raise TimeoutError("waited in vain")
                time.sleep(0.01)
        finally:
            worker.stop()
            control.close()


def state(settings: Settings) -> Any:
    """Who was told, and what the journal says of it."""
    with host(settings.data.parent) as here, here.machines.store.read() as tx:
        [public] = drafts.states(tx).items
        told = drafts.notices(tx)
        entries = journal.about(tx, public.id)
        return {
            "version": public.version,
            "label": public.label,
            "corrections": [one.note for one in public.corrections],
            "told": sorted((one.receiver, one.number, one.receipt) for one in told),
            "journal": [str(one.event.kind) for one in entries],
        }
