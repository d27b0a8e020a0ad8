"""A scenario for the crash tests: one patch from its offer to its signed level."""

from collections.abc import Callable
from typing import Any

from comity.durable import engine as durable
from comity.model.patch import Rung, level_word
from comity.settings import Settings
from comity.store import blobs, journal, patches
from tests.patches.hosts import ADA, SAMPLES, ScriptedClimber, patching


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """From the start, or from wherever a crash left it, to the end; what a person did is done once."""
    climber = ScriptedClimber(stops=Rung.L2)
    with patching(settings.data.parent, settings=settings, climber=climber, seam=seam) as here:
        if not here.patches.listed(ADA, here.case):
            here.patches.offer(ADA, here.case, SAMPLES["page-resolved"].diff)
        here.patches.resume()
        (patch,) = here.patches.listed(ADA, here.case)
        here.settled(patch)
        flow = f"clearing.patch:{patch.id}"
        while here.patches.control.status(flow).state is not durable.State.DONE:  # type: ignore[attr-defined]  # the real one
            pass


def state(settings: Settings) -> Any:
    """Everything of note, without times and random ids."""
    with patching(settings.data.parent, settings=settings, run=False) as here:
        (patch,) = here.patches.listed(ADA, here.case)
        with here.machines.store.write() as tx:
            blobs.sweep(tx)
            assert patch.statement is not None
            assert blobs.get(tx, patch.statement, record=patches.record(patch.id))
            entries = [[str(e.event.kind), dict(e.event.facts)] for e in journal.after(tx, 0)]
        return {
            "level": level_word(patch.level),
            "rises": [[rise.rung.value, rise.reached, rise.said] for rise in patch.rises],
            "settled": patch.is_settled,
            "files": len([p for p in (settings.data / "blobs").rglob("*") if p.is_file()]),
            "journal": entries,
        }
