"""The counter for forensic triage: open it, record evidence, let a patch go first, decide, and hand out the manifest.

Each call checks access first; which rows a caller meets is decided in the store's queries, by organisation and domain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.access.policy import Action, allow
from comity.defend import flow_deadlines, flow_lists, flow_triage, leads, triage
from comity.defend.desk_ai import AiDefence
from comity.defend.due import Due
from comity.defend.finding import FindingView, begun
from comity.defend.flow import Machines
from comity.defend.leads import Lead
from comity.defend.triage import Step
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.formats import sigma
from comity.formats.sigma import Coverage, Query
from comity.model.capability import Task
from comity.model.events import Kind
from comity.model.ids import AssetId, digest
from comity.model.party import Person, Viewer
from comity.model.signals import KEV, KEV_SOURCE
from comity.model.triage import Compromise, Triage, Work
from comity.sealing import statement
from comity.sealing.keys import SigningKey
from comity.store import directives, inventories, parties, upstream

__all__ = ["TRIAGE", "LeadsView", "TriageView", "Triages"]

TRIAGE: Final = "https://comity.invalid/triage/v1"
"""Predicate type of a signed triage manifest. The name is a name: nothing is fetched from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageView:
    """The triage of one finding: its steps with their hours, its evidence, and what detection can offer."""

    finding: FindingView
    triage: Triage | None
    steps: tuple[Step, ...]
    broken: str
    queries: tuple[Query, ...]
    coverage: Coverage
    compromises: tuple[Compromise, ...] = tuple(Compromise)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsView:
    """What to search for. `chosen` are the keys a model proposes, the most telling first; `note` says how, or why not.

    `silent` says why no model may be asked; "" when one may.
    """

    leads: tuple[Lead, ...]
    coverage: str
    chosen: tuple[str, ...] = ()
    model: str = ""
    note: str = ""
    silent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triages:
    """The calls. `rules` are detection rules that the operator brought: file name and bytes."""

    machines: Machines
    key: SigningKey
    ai: AiDefence
    rules: Callable[[], Sequence[tuple[str, bytes]]] = tuple

    def view(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> TriageView:
        """The triage of one finding, with what detection can offer."""
        allow(viewer, Action.READ_DEADLINES)
        at = self.machines.now()
        with self.machines.store.read() as tx:
            view = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)
            kev = [subject for subject, value in upstream.values(tx, KEV_SOURCE, KEV) if value == "yes"]
        held = view.work.triage if view.work is not None else None
        rule = view.pack.triage if view.pack is not None else None
        steps: tuple[Step, ...] = ()
        if held is not None and rule is not None and view.pack is not None:
            steps = triage.steps(held, rule, view.pack, flow_deadlines.policy(self.machines), at)
        named = [(data, _cves(data)) for _, data in self.rules()]
        own = [sigma.query(data) for data, cves in named if vulnerability in cves]
        return TriageView(
            finding=view,
            triage=held,
            steps=steps,
            broken="" if held is None else triage.broken(held.items),
            queries=(*own, *(() if own else sigma.generic(_class(view)))),
            coverage=sigma.coverage([cves for _, cves in named], kev),
        )

    def open(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> Triage:
        """Begin it. Conflict for a tier that asks for none, or when it is open already."""

        def begin(view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            if held is not None:
                raise Conflict("this triage is open already")
            if not isinstance(view.answer, Due) or view.pack is None:
                raise Conflict(triage.none_because(view.answer))
            return triage.opened(
                view.answer,
                view.pack,
                policy=flow_deadlines.policy(self.machines),
                zone=self.machines.settings.zone,
                at=at,
                found_at=min(one.found_at for one in view.exposures),
                by=person.name,
            )

        return self._triaged(viewer, asset, vulnerability, "opened", begin)

    def step(self, viewer: Viewer, asset: AssetId, vulnerability: str, step: str) -> Triage:
        """Mark a step done, in one's own name."""

        def mark(view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            rule = view.pack.triage if view.pack is not None else None
            if rule is None:
                raise Conflict("the pack in force has no triage")
            return triage.did(_open(held), step, rule, by=viewer.person, by_name=person.name, at=at)

        return self._triaged(viewer, asset, vulnerability, f"step {step[:40]}", mark)

    def collect(self, viewer: Viewer, asset: AssetId, vulnerability: str, item: Mapping[str, str]) -> Triage:
        """Add a piece of evidence, collected by whoever is signed in: name, tool, sha256, place, volatile."""

        def add(_view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            return triage.collected(
                _open(held),
                name=item.get("name", ""),
                volatile=item.get("volatile", "") == "yes",
                collector=person.name,
                at=at,
                tool=item.get("tool", ""),
                sha256=item.get("sha256", "").strip().lower(),
                place=item.get("place", ""),
            )

        return self._triaged(viewer, asset, vulnerability, "evidence", add)

    def leads(
        self, viewer: Viewer, asset: AssetId, vulnerability: str, *, model: bool = False, grant: str = ""
    ) -> LeadsView:
        """What advisories name to search for. With `model` one may choose among them, while the register has the
        triage assistant in use, or under an access `grant`. Nothing is changed until a person takes leads over.
        """
        allow(viewer, Action.READ_DEADLINES)
        at = self.machines.now()
        with self.machines.store.read() as tx:
            finding = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)
            told = flow_triage.advisories(tx, finding)
        found = leads.leads(told, names=_names(finding))
        view = LeadsView(
            leads=found,
            coverage=leads.coverage(found, len(told)),
            silent=self.ai.silent(viewer, Task.TRIAGE),
        )
        if not model:
            return view
        if view.silent and not grant:
            return replace(view, note=f"without a model: {view.silent}")
        if grant:
            self.ai.spend(viewer, grant, Task.TRIAGE)
        chosen, name, note = flow_triage.by_model(self.machines, found, told)
        return replace(view, chosen=chosen, model=name, note=note)

    def follow(self, viewer: Viewer, asset: AssetId, vulnerability: str, keys: Sequence[str]) -> Triage:
        """Take leads over into the triage, in one's own name. Forbidden for a script: what may have been a model's
        proposal is a person's word, or nobody's. Invalid for a lead that no advisory gives."""

        allow(viewer, Action.WORK_FINDING)
        if viewer.is_script:
            raise Forbidden("a script takes no lead over: a person must")
        with self.machines.store.read() as tx:
            finding = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, self.machines.now())
            some = leads.taken(leads.leads(flow_triage.advisories(tx, finding), names=_names(finding)), keys)

        def take(_view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            return triage.followed(_open(held), some, by=viewer.person, by_name=person.name, at=at)

        return self._triaged(viewer, asset, vulnerability, "leads", take)

    def override(self, viewer: Viewer, asset: AssetId, vulnerability: str, reason: str) -> Triage:
        """Let the patch go before evidence, in one's own name, with a reason."""

        def let(_view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            return triage.overridden(
                _open(held), reason, by=viewer.person, by_name=person.name, is_script=viewer.is_script, at=at
            )

        return self._triaged(viewer, asset, vulnerability, "override", let)

    def decide(self, viewer: Viewer, asset: AssetId, vulnerability: str, compromise: str, reason: str) -> Triage:
        """Decide on compromise, in one's own name; the manifest is signed with it."""

        def end(view: FindingView, held: Triage | None, person: Person, at: datetime) -> Triage:
            choice = next((one for one in Compromise if one.value == compromise), None)
            if choice is None:
                words = ", ".join(one.value for one in Compromise)
                raise Invalid("no such decision", [Problem("/compromise", "unknown", f"one of: {words}")])
            decided = triage.decided(
                _open(held),
                choice,
                reason,
                by=viewer.person,
                by_name=person.name,
                is_script=viewer.is_script,
                at=at,
            )
            work = replace(begun(view), triage=decided)
            return replace(decided, manifest=self._signed(work))

        return self._triaged(viewer, asset, vulnerability, "decided", end)

    def manifest(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> tuple[bytes, bytes]:
        """The manifest and the signed statement over it; the second is empty until the decision is made."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            inventories.asset(tx, asset, viewer)
            held = directives.work(tx, asset, vulnerability, viewer)
        if held is None or held.triage is None:
            raise Missing("there is no triage of this finding")
        return triage.manifest_bytes(held), held.triage.manifest

    def _triaged(
        self,
        viewer: Viewer,
        asset: AssetId,
        vulnerability: str,
        word: str,
        act: Callable[[FindingView, Triage | None, Person, datetime], Triage],
    ) -> Triage:
        allow(viewer, Action.WORK_FINDING)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            view = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)
            person = parties.person(tx, viewer.person)
            held = begun(view)
            new = act(view, held.triage, person, at)
            saved = directives.put_work(tx, replace(held, triage=new))
            flow_lists.note(tx, viewer, saved, Kind.TRIAGE_MOVED, word, at)
        return new

    def _signed(self, work: Work) -> bytes:
        name = f"triage-{work.asset}-{work.vulnerability}.json"
        ended = work.triage.ended if work.triage is not None else None
        predicate: dict[str, statement.Json] = {
            "compromise": ended.compromise.value if ended is not None else None,
            "by": ended.by_name if ended is not None else "",
            "script": ended.is_script if ended is not None else False,
            "items": len(work.triage.items) if work.triage is not None else 0,
            "organisation": self.key.public.organisation,
            "demo": self.key.public.demo,
            "at": ended.at.isoformat() if ended is not None else "",
        }
        return statement.sign({name: digest(triage.manifest_bytes(work))}, TRIAGE, predicate, self.key)


def _open(held: Triage | None) -> Triage:
    if held is None:
        raise Conflict("there is no triage yet: open it first")
    return held


def _names(view: FindingView) -> set[str]:
    return {name for one in view.exposures for name in (one.component.name, one.component.match_name)}


def _cves(data: bytes) -> frozenset[str]:
    try:
        return sigma.cves_of(data)
    except Invalid:
        return frozenset()


def _class(view: FindingView) -> str:
    kind = view.asset.kind.casefold()
    for word in sigma.GENERIC:
        if word in kind or (word == "webserver" and "web" in kind):
            return word
    return "server"
