"""Demo step 6: a wrong patch stops on the ladder, a right one reaches L5; a model proposes where one is configured."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from comity.app import Office
from comity.clearing.desk_patches import Origin, Patch
from comity.errors import ComityError
from comity.formats.patch_archive import SamplePatch, sample_patches
from comity.formats.recipe import read
from comity.library.check import checker
from comity.model.evidence import Reproduced
from comity.model.ids import CaseId, Digest
from comity.model.party import Viewer
from comity.sealing.keys import PublicKey

SHOWN = ("page-by-name", "page-resolved")
"""The wrong one first: it refuses what the proof looks like, and nothing else."""
PATIENCE_SECONDS = 150.0


def climb(office: Office, viewer: Viewer, say: Callable[..., None]) -> bool:
    """True when the wrong patch stopped where it should and the right one reached L5."""
    samples = {one.id: one for one in sample_patches()}
    chosen = [samples[name] for name in SHOWN]
    case = _case(office, viewer, read(chosen[0].case.recipe).digest)
    if case is None:
        say("the case that the samples belong to was not reproduced here, so there is no ladder", "yellow")
        return False
    proposed = _model(office, viewer, case, say)
    good = proposed is not False
    made = [(sample, office.patches.offer(viewer, case, sample.diff, origin=Origin.SAMPLE)) for sample in chosen]
    for sample, patch in made:
        good &= _told(sample, _settled(office, viewer, case, patch), say)
    right = made[-1][1]
    held = checker(lambda: _keys(office))(office.patches.statement(viewer, case, right.id), None)
    say(f"{held.sentence} Level in it: {dict(held.facts)['level reached']}", "dim")
    say(f"L6 is left to a named person: `comity patch review {case} {right.id} --root-cause ...`", "dim")
    return good


def _keys(office: Office) -> tuple[PublicKey, ...]:
    return (office.key.public,)


def _case(office: Office, viewer: Viewer, recipe: Digest) -> CaseId | None:
    for row in office.clearing.cases(viewer, limit=100).rows:
        case = office.clearing.case(viewer, CaseId(row.id)).case
        if any(v.recipe == recipe and isinstance(v.verdict, Reproduced) for v in case.validations):
            return case.id
    return None


def _model(office: Office, viewer: Viewer, case: CaseId, say: Callable[..., None]) -> bool | None:
    """Ask the model of this host, if there is one; whatever it proposes climbs like everybody's."""
    if not office.settings.model_endpoint:
        say("no model is configured: the two patches are samples that ship with Comity, and are labelled so", "yellow")
        return None
    try:
        terms = office.patches.consent(viewer, case)
        patch = office.patches.ask(
            viewer, case, model="", consent=terms.provider, purpose="demo of Comity, step 6; by a script"
        )
    except ComityError as error:
        say(f"the model is not asked: {error}", "yellow")
        say("the two patches are samples that ship with Comity, and are labelled so", "yellow")
        return None
    say(f"{terms.model} at {terms.provider} is sent {', '.join(terms.fields)}; consent by the demo script, no person")
    held = _settled(office, viewer, case, patch)
    say(f"the model's patch {held.sentence}", "green" if held.level is not None else "yellow")
    return None


def _settled(office: Office, viewer: Viewer, case: CaseId, patch: Patch) -> Patch:
    tick, ends = threading.Event(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        held = office.patches.one(viewer, case, patch.id).patch
        if held.is_settled:
            return held
        tick.wait(0.25)
    return replace(patch, ended=f"still climbs after {PATIENCE_SECONDS:.0f} s")


def _told(sample: SamplePatch, patch: Patch, say: Callable[..., None]) -> bool:
    kind = "right" if sample.is_right else "wrong"
    say(f"{kind} patch ({patch.origin}): {sample.what}")
    for rise in patch.rises:
        mark = "reached" if rise.reached else "STOPPED"
        say(f"    L{rise.rung.value} {mark}: {rise.said}", "green" if rise.reached else "red")
    reached = "none" if patch.level is None else f"L{patch.level.value}"
    if patch.ended:
        say(f"    {patch.ended}", "red")
    return reached == sample.expected
