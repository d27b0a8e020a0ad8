"""The counter for the rules of projects: what a project says it takes, read and set, checked at intake with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from comity.access.policy import Action, allow
from comity.clearing import flow, rules
from comity.errors import Missing
from comity.model import ids
from comity.model.batch import ProjectRules
from comity.model.events import Event, Kind
from comity.model.party import Viewer
from comity.store import batches, journal, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The calls, on the flow's machines."""

    machines: flow.Machines

    def listed(self, viewer: Viewer) -> Sequence[ProjectRules]:
        """Every project's rules, by package: whoever submits may know them beforehand."""
        allow(viewer, Action.READ_RULES)
        with self.machines.store.read() as tx:
            return batches.all_rules(tx)

    def of(self, viewer: Viewer, package: str) -> ProjectRules:
        """The rules of one project. Missing when none are held."""
        allow(viewer, Action.READ_RULES)
        with self.machines.store.read() as tx:
            found = batches.rules_of(tx, [package])
        if package not in found:
            raise Missing("no rules are held for this project")
        return found[package]

    def set(self, viewer: Viewer, given: ProjectRules) -> ProjectRules:
        """Keep a project's rules in place of those before. Invalid with every problem. Needs the role coordinator."""
        allow(viewer, Action.SET_RULES)
        at = self.machines.now()
        held = rules.checked(replace(given, set_by=viewer.person, set_at=at))
        digest = ids.digest(rows.encode(held, ProjectRules))
        with self.machines.store.write() as tx:
            batches.set_rules(tx, held)
            facts = {"rules": digest}
            key = f"rules:{digest}"
            journal.append(tx, Event(kind=Kind.RULES_CHANGED, key=key, at=at, facts=facts, actor=viewer.person))
        return held
