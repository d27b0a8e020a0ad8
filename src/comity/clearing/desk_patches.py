"""The counter of patches: offer one, have a model asked for one, see how far each got and why, review a root cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from comity.access.policy import Action, allow
from comity.clearing import flow_patches
from comity.clearing.flow_ladder import Attempt, HostClimber, Progress, fresh_seed
from comity.clearing.flow_patches import Offer
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.formats import ladder_kit, udiff
from comity.formats import recipe as recipes
from comity.model.ids import CaseId, Digest, digest
from comity.model.party import Viewer
from comity.model.patch import Climb, Kit, Origin, Patch, Rung
from comity.store import blobs, parties, patches

__all__ = ["Climb", "Consent", "Offer", "Origin", "Patch", "PatchView", "Patches", "Rung", "Tried"]

PURPOSE_LIMIT = 200


class Control(Protocol):
    """Starts durable flows."""

    def start(self, name: str, key: str, *arguments: str) -> object:
        """Once, however often it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchView:
    """A patch with the texts that a person reads."""

    patch: Patch
    diff: str
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What asking a model for a patch of this case would send, to whom, before anything is sent."""

    provider: str
    model: str
    fields: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]
    label: str
    """TLP label of the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A climb that belongs to no case."""

    recipe: Digest
    diff: Digest
    kit: Digest | None
    seed: int
    climb: Climb


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """The calls. `climber` climbs at once for whoever recomputes; patches of a case climb in their durable flow."""

    machines: flow_patches.Machines
    control: Control
    climber: HostClimber

    def offer(
        self,
        viewer: Viewer,
        case: CaseId,
        diff: bytes,
        *,
        test: bytes = b"",
        kit: bytes = b"",
        origin: Origin = Origin.PERSON,
    ) -> Patch:
        """Take a patch for a case; it climbs by itself. Invalid for a kit or test that breaks its contract.

        A diff is taken as it is: what is wrong with it is its first rung. Conflict without a reproducer.
        """
        allow(viewer, Action.WORK_PATCHES)
        if len(diff) > udiff.LIMIT_BYTES:
            reason = f"a diff has at most {udiff.LIMIT_BYTES} bytes"
            raise Invalid("the diff is too large", [Problem("/diff", "too_large", reason)])
        if origin is Origin.MODEL:
            raise Invalid("a model's patch comes from asking the model here")
        if test:
            ladder_kit.read_test(test)
        made = flow_patches.offer(
            self.machines,
            viewer,
            self._name(viewer),
            case,
            diff=diff,
            test=test,
            kit=kit,
            origin=origin,
            seed=fresh_seed(),
        )
        self.control.start(flow_patches.CLIMB, made.id, made.id)
        return made

    def consent(self, viewer: Viewer, case: CaseId, *, model: str = "") -> Consent:
        """What would go out, and to whom. Nothing does."""
        allow(viewer, Action.WORK_PATCHES)
        where, shown, found = flow_patches.question(self.machines, viewer, case, model)
        return Consent(
            provider=where.address,
            model=where.model,
            fields=shown.fields,
            withheld=shown.withheld,
            label=found.case.handling.tlp.label,
        )

    def ask(self, viewer: Viewer, case: CaseId, *, model: str, consent: str, purpose: str) -> Patch:
        """Have a model asked for a patch; only the ladder decides what it is worth.

        `consent` names the provider's address as `consent()` gives it: whoever asks has read where the case goes.
        """
        allow(viewer, Action.WORK_PATCHES)
        terms = self.consent(viewer, case, model=model)
        if consent != terms.provider:
            what = ", ".join(terms.fields) or "nothing but the target's name"
            reason = f"this sends {what} of a {terms.label} case to {terms.provider}: name that address as consent"
            raise Invalid("nothing is sent without consent", [Problem("/consent", "no_consent", reason)])
        purpose = " ".join(purpose.split())
        if not 0 < len(purpose) <= PURPOSE_LIMIT:
            reason = f"say what for, in 1 to {PURPOSE_LIMIT} characters"
            raise Invalid("a model is asked for a purpose", [Problem("/purpose", "missing_field", reason)])
        made = flow_patches.wish(
            self.machines, viewer, self._name(viewer), case, model=model, purpose=purpose, seed=fresh_seed()
        )
        self.control.start(flow_patches.CLIMB, made.id, made.id)
        return made

    def resume(self) -> int:
        """Start the flow of every patch that was kept and is not settled; safe to call at any time."""
        waiting = flow_patches.unsettled(self.machines)
        for one in waiting:
            self.control.start(flow_patches.CLIMB, one, one)
        return len(waiting)

    def listed(self, viewer: Viewer, case: CaseId) -> tuple[Patch, ...]:
        """A case's patches, oldest first. Missing for a hidden case."""
        allow(viewer, Action.READ_CASES)
        return flow_patches.of_case(self.machines, viewer, case)

    def one(self, viewer: Viewer, case: CaseId, patch: str) -> PatchView:
        """One patch with its diff and its author's test."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            held = self._of(viewer, case, patch)
            record = patches.record(patch)
            texts = [
                blobs.get(tx, name, record=record).decode("utf-8", "replace") if name is not None else ""
                for name in (held.diff, held.test)
            ]
        return PatchView(patch=held, diff=texts[0], test=texts[1])

    def statement(self, viewer: Viewer, case: CaseId, patch: str) -> bytes:
        """The signed statement (DSSE envelope) of how far a patch got. Conflict while it still climbs."""
        allow(viewer, Action.READ_CASES)
        held = self._of(viewer, case, patch)
        if held.statement is None:
            raise Conflict(f"patch {patch} has no statement: it still climbs, or there is no diff")
        with self.machines.store.read() as tx:
            return blobs.get(tx, held.statement, record=patches.record(patch))

    def review(self, viewer: Viewer, case: CaseId, patch: str, root_cause: str) -> Patch:
        """(L6) Agree with the root cause, in one's own words. Needs L5, and another person than who brought it."""
        allow(viewer, Action.REVIEW_PATCHES)
        self._of(viewer, case, patch)
        return flow_patches.review(self.machines, viewer, self._name(viewer), patch, root_cause)

    def best(self, case: CaseId) -> Offer | None:
        """What coordination may hand to a maintainer; None when nothing reached L2. For this host's own flows."""
        with self.machines.store.read() as tx:
            return flow_patches.best(tx, case)

    def try_out(
        self,
        viewer: Viewer,
        recipe: bytes,
        files: Sequence[bytes],
        diff: bytes,
        *,
        kit: bytes = b"",
        test: bytes = b"",
        seed: int | None = None,
        progress: Progress = lambda _rise: None,
    ) -> Tried:
        """Climb with a patch that belongs to no case, to recompute what somebody signed. Nothing is stored."""
        allow(viewer, Action.SUBMIT)
        read = recipes.read(recipe)
        held: Mapping[Digest, bytes] = {digest(data): data for data in files}
        chosen: Kit | None = ladder_kit.read(kit) if kit else None
        if chosen is None:
            chosen = next((one for one in ladder_kit.shipped_kits() if one.recipe == read.digest), None)
        if chosen is not None and chosen.recipe != read.digest:
            raise Invalid("the kit belongs to another recipe: its `recipe` is the digest of this one")
        drawn = fresh_seed() if seed is None else seed
        attempt = Attempt(recipe=read, attached=held, diff=diff, seed=drawn, kit=chosen, test=test)
        return Tried(
            recipe=read.digest,
            diff=digest(diff),
            kit=chosen.digest if chosen is not None else None,
            seed=drawn,
            climb=self.climber.climb(attempt, progress),
        )

    def _of(self, viewer: Viewer, case: CaseId, patch: str) -> Patch:
        with self.machines.store.read() as tx:
            held = patches.get(tx, patch, viewer)
        if held.case != case:
            raise Missing(f"no patch {patch}")
        return held

    def _name(self, viewer: Viewer) -> str:
        with self.machines.store.read() as tx:
            return parties.person(tx, viewer.person).name
