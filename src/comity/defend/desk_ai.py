"""The counter of the register of AI defence: entries, their stages, measurements, coverage, and access grants.

Each call checks access first; which rows are met is decided in the store (own organisation, own domain). A move is a
named person's, or a named script's that says so. What is stopped is out of use with the very next question.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from comity.access.policy import Action, allow
from comity.defend import capability as measuring
from comity.defend import flow, flow_estate
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model import ids
from comity.model.asset import Domain, domains
from comity.model.capability import Capability, Coverage, Decision, Grant, Stage, Task
from comity.model.events import Event, Kind
from comity.model.ids import AssetId
from comity.model.party import Viewer
from comity.store import capabilities, inventories, journal, parties
from comity.store.engine import Tx

__all__ = ["AiDefence", "Description", "Register", "Task"]

LONGEST_WINDOW: Final = timedelta(days=90)
"""Policy parameter: no access grant lasts longer."""
MOST_CALLS: Final = 100_000
KEY_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an entry says. `Capability` explains each field."""

    name: str
    task: Task
    model: str
    model_version: str
    tool: str
    authority: str
    data: tuple[str, ...]
    gate: str
    kill_switch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All entries and grants that a viewer sees, and how far AI reaches in the viewer's organisation."""

    entries: tuple[Capability, ...]
    grants: tuple[Grant, ...]
    coverage: Coverage
    least_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AiDefence:
    """The calls, on the flow's machines."""

    machines: flow.Machines

    def register(self, viewer: Viewer) -> Register:
        """The whole register as this viewer sees it."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            entries = capabilities.every(tx, viewer)
            assets = flow_estate.assets(tx, viewer)
            gone = {id_: one.gone for id_, one in flow_estate.counted(tx, viewer).items()}
            return Register(
                entries=entries,
                grants=capabilities.grants(tx, viewer),
                coverage=measuring.coverage(viewer.organisation, assets, entries, gone),
                least_pairs=measuring.LEAST_PAIRS,
            )

    def entry(self, viewer: Viewer, id_: str) -> Capability:
        """One entry. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            return capabilities.get(tx, id_, viewer)

    def add(self, viewer: Viewer, said: Description, *, domain: Domain) -> Capability:
        """Enter a capability, as a proposal. Invalid when the description leaves something out."""
        allow(viewer, Action.STEER_AI)
        with self.machines.store.write() as tx:
            return self._add(tx, viewer, said, domain)

    def begin(self, viewer: Viewer, *, domain: Domain) -> tuple[Capability, ...]:
        """Enter the uses of a model that Comity has, as proposals; those that are there already stay as they are."""
        allow(viewer, Action.STEER_AI)
        settings = self.machines.settings
        with self.machines.store.write() as tx:
            held = {one.task for one in capabilities.every(tx, viewer) if one.domain is domain}
            return tuple(
                self._add(
                    tx,
                    viewer,
                    Description(
                        name=name,
                        task=task,
                        model=settings.model or "none configured",
                        model_version="",
                        tool="Comity, through any OpenAI-compatible endpoint",
                        authority=authority,
                        data=data,
                        gate="a named defender confirms or discards each output",
                        kill_switch="stop this entry: the next question is answered without a model",
                    ),
                    domain,
                )
                for task, name, authority, data in measuring.FIRST_ENTRIES
                if task not in held
            )

    def move(self, viewer: Viewer, id_: str, to: Stage, *, reason: str) -> Capability:
        """Take an entry to another stage. Conflict for a move that nothing measured carries; a reason is required."""
        allow(viewer, Action.STEER_AI)
        if not reason.strip():
            raise Invalid("a move has a reason", [Problem("/reason", "missing_field", "say why in one sentence")])
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held = capabilities.get(tx, id_, viewer)
            decision = Decision(
                to=to,
                by=viewer.person,
                by_name=parties.person(tx, viewer.person).name,
                is_script=viewer.is_script,
                at=now,
                reason=" ".join(reason.split())[:500],
            )
            saved = capabilities.save(tx, held.moved(decision, least_pairs=measuring.LEAST_PAIRS))
            self._note(tx, viewer, Kind.AI_MOVED, f"ai:{id_}:{saved.version}", id_, now, stage=str(to))
        return saved

    def measure(self, viewer: Viewer, id_: str, pairs: bytes, *, measure: str) -> Capability:
        """Hold a comparison with work without AI on the same cases against an entry. It widens nothing by itself."""
        allow(viewer, Action.STEER_AI)
        if not measure.strip():
            problem = Problem("/measure", "missing_field", "say in one sentence what counted as success")
            raise Invalid("a comparison says what it measured", [problem])
        read = measuring.read_pairs(pairs)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held = capabilities.get(tx, id_, viewer)
            if held.stage is Stage.STOPPED:
                raise Conflict(f"{held.name} is stopped: propose it again before you measure it")
            found = measuring.compare(
                read,
                revision=held.revision,
                measure=" ".join(measure.split())[:500],
                at=now,
                by=parties.person(tx, viewer.person).name,
            )
            saved = capabilities.save(tx, replace(held, comparisons=(*held.comparisons, found)))
            self._note(tx, viewer, Kind.AI_MEASURED, f"ai:{id_}:{saved.version}", id_, now, pairs=str(found.pairs))
        return saved

    def change(self, viewer: Viewer, id_: str, said: Description) -> Capability:
        """Another model, tool, authority or data: the entry is a proposal again, and its measurements are void."""
        allow(viewer, Action.STEER_AI)
        with self.machines.store.write() as tx:
            held = capabilities.get(tx, id_, viewer)
            if said.task is not held.task:
                raise Conflict("an entry keeps its task: enter another one instead")
            return capabilities.save(
                tx,
                held.changed(
                    name=said.name,
                    model=said.model,
                    model_version=said.model_version,
                    tool=said.tool,
                    authority=said.authority,
                    data=said.data,
                    gate=said.gate,
                    kill_switch=said.kill_switch,
                ),
            )

    def cover(self, viewer: Viewer, id_: str, assets: Sequence[AssetId]) -> Capability:
        """Name the assets that an entry covers. Missing for an asset that this viewer does not see."""
        allow(viewer, Action.STEER_AI)
        with self.machines.store.write() as tx:
            held = capabilities.get(tx, id_, viewer)
            for asset in assets:
                if inventories.asset(tx, asset, viewer).domain is not held.domain:
                    raise Missing(f"no asset {asset}")
            return capabilities.save(tx, replace(held, assets=tuple(dict.fromkeys(assets))))

    def grant(self, viewer: Viewer, id_: str, *, holder: str, purpose: str, days: int, calls: int) -> tuple[Grant, str]:
        """Open a capability to a small operator, for so many days and calls. The key is given once and kept nowhere."""
        allow(viewer, Action.STEER_AI)
        problems = []
        if not holder.strip():
            problems.append(Problem("/holder", "missing_field", "say whom the access is for"))
        if not 1 <= days <= LONGEST_WINDOW.days:
            problems.append(Problem("/days", "out_of_range", f"1 to {LONGEST_WINDOW.days} days"))
        if not 1 <= calls <= MOST_CALLS:
            problems.append(Problem("/calls", "out_of_range", f"1 to {MOST_CALLS} calls"))
        if problems:
            raise Invalid("the access cannot be granted so", problems)
        now = self.machines.now()
        key = "AIK-" + secrets.token_urlsafe(KEY_BYTES)
        with self.machines.store.write() as tx:
            held = capabilities.get(tx, id_, viewer)
            if not held.is_in_use:
                raise Conflict(f"{held.name} is {held.stage}: access is granted to what is in use")
            saved = capabilities.save_grant(
                tx,
                Grant(
                    id="AG-" + ids.code(secrets.token_bytes(8), 12),
                    capability=held.id,
                    organisation=held.organisation,
                    domain=held.domain,
                    holder=" ".join(holder.split())[:200],
                    purpose=" ".join(purpose.split())[:500],
                    key_hash=_hash(key),
                    starts_at=now,
                    ends_at=now + timedelta(days=days),
                    budget=calls,
                    granted_by=parties.person(tx, viewer.person).name,
                ),
            )
            self._note(tx, viewer, Kind.AI_GRANTED, f"grant:{saved.id}", saved.id, now, calls=str(calls))
        return saved, key

    def revoke(self, viewer: Viewer, grant: str) -> Grant:
        """End an access now. Ending one that has ended changes nothing."""
        allow(viewer, Action.STEER_AI)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held = capabilities.grant(tx, grant, viewer)
            if held.revoked_at is not None:
                return held
            saved = capabilities.save_grant(tx, replace(held, revoked_at=now))
            self._note(tx, viewer, Kind.AI_GRANTED, f"grant:{grant}:ended", grant, now, ended="yes")
        return saved

    def spend(self, viewer: Viewer, key: str, task: Task) -> Capability:
        """Use one call of the grant with this key for a task. Forbidden, with the reason, when it may not be used now.

        A wrong key, an ended one, one for another task and a stopped capability are all Forbidden; a key of another
        side's domain is no key here. The call is counted before it is made.
        """
        now = self.machines.now()
        with self.machines.store.write() as tx:
            try:
                held = capabilities.by_key(tx, _hash(key))
                capability = capabilities.get(tx, held.capability, flow.FLOW)
            except Missing as error:
                raise Forbidden("no access grant has this key") from error
            if held.domain not in domains(viewer):
                raise Forbidden("no access grant has this key")
            refusal = held.refusal(now)
            if not refusal and not capability.is_in_use:
                refusal = f"{capability.name} is {capability.stage}: it is not in use"
            if not refusal and capability.task is not task:
                refusal = f"this access is for {capability.name}, which does another work than the {task}"
            if refusal:
                raise Forbidden(refusal)
            capabilities.save_grant(tx, replace(held, used=held.used + 1))
        return capability

    def silent(self, viewer: Viewer, task: Task) -> str:
        """Why the model for a task may not be asked for this viewer; "" when it may."""
        with self.machines.store.read() as tx:
            return measuring.silent(task, capabilities.every(tx, viewer))

    def leave(self, task: Task) -> str:
        """Why this host's own register forbids to ask a model for a task; "" when an entry for it is in use."""
        with self.machines.store.read() as tx:
            entries = capabilities.every(tx, flow.FLOW)
        return measuring.silent(task, [one for one in entries if one.organisation == flow.FLOW.organisation])

    def learned(self, event: Event) -> str:
        """Enter, as a proposal, the model that the journal says somebody wished to ask for a patch. Safe to repeat.

        Gives the entry's id; "" when the host's register holds one for patches already.
        """
        with self.machines.store.write() as tx:
            held = [one for one in capabilities.every(tx, flow.FLOW) if one.task is Task.PATCH]
            if any(one.organisation == flow.FLOW.organisation for one in held):
                return ""
            _, name, authority, _ = next(one for one in measuring.FIRST_ENTRIES if one[0] is Task.PATCH)
            said = Description(
                name=name,
                task=Task.PATCH,
                model=event.facts.get("model", "") or "none named",
                model_version="",
                tool="comity patch, through any OpenAI-compatible endpoint",
                authority=authority,
                data=tuple(event.facts.get("fields", "").split()) or ("what the policy lets out of a case",),
                gate="the patch ladder decides what a patch is worth; a named person reviews its root cause",
                kill_switch="stop this entry: no model is asked for a patch from then on",
            )
            return self._add(tx, flow.FLOW, said, Domain.OTHER).id

    def _add(self, tx: Tx, viewer: Viewer, said: Description, domain: Domain) -> Capability:
        if domain not in domains(viewer):
            raise Missing(f"no domain {domain}")
        now = self.machines.now()
        made = Capability(
            id="AI-" + ids.code(secrets.token_bytes(8), 12),
            organisation=viewer.organisation,
            domain=domain,
            name=said.name,
            task=said.task,
            model=said.model,
            model_version=said.model_version,
            tool=said.tool,
            authority=said.authority,
            data=said.data,
            assets=(),
            gate=said.gate,
            kill_switch=said.kill_switch,
            added_at=now,
        )
        saved = capabilities.save(tx, made)
        self._note(tx, viewer, Kind.AI_MOVED, f"ai:{saved.id}:1", saved.id, now, stage=str(saved.stage))
        return saved

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, key: str, subject: str, at: datetime, **facts: str) -> None:
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(subject,), facts=facts, actor=viewer.person))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
