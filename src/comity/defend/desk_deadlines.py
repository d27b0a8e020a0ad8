"""The counter for deadlines: what is due when and why, what a change would move, and the work on a finding.

Each call checks access first; which rows a caller meets is decided in the store's queries, by organisation and domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from comity.access.policy import Action, allow
from comity.defend import change_text, flow_deadlines, flow_lists, flow_register, inputs, whatif
from comity.defend.due import Answer, AskPerson, Due, NotAssessed
from comity.defend.facts import Facts, Feeds
from comity.defend.finding import FindingView, begun
from comity.defend.flow import Machines
from comity.defend.flow_columns import Line
from comity.defend.flow_lists import Lists
from comity.defend.listing import Group
from comity.defend.packs import for_domain
from comity.defend.whatif import Change, Difference, Estate, Rules, Summary
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.formats import directive
from comity.model.asset import Asset, Domain
from comity.model.directive import Pack
from comity.model.events import Kind
from comity.model.ids import AssetId
from comity.model.party import Viewer
from comity.model.triage import Work
from comity.store import directives, inventories, parties

__all__ = [
    "Answer",
    "AskPerson",
    "Deadlines",
    "Difference",
    "Due",
    "FindingView",
    "Group",
    "Listed",
    "Lists",
    "NotAssessed",
    "Row",
]

PAGE: Final = 200
SMALL: Final = 2000
"""Assets up to which dates are counted for whoever only looks at the estate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list: a finding with its answer."""

    asset: AssetId
    asset_name: str
    domain: Domain
    vulnerability: str
    component: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The list, earliest first, with what stands above it: counts, ages, and how sure the rules are."""

    rows: tuple[Row, ...]
    total: int
    summary: Summary
    at: datetime
    feeds: Feeds
    assets: int
    undecided: int
    not_assessed: int
    packs: tuple[Pack, ...]
    zone: str
    """Whose days the dates are, as the first answer has it."""
    silent: tuple[Group, ...]
    """What has no date, by reason, largest first: one line for what has one reason."""
    days: Mapping[date, int]
    """How many open findings are due on each day, in the zone of their answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The calls, on the flow's machines. `lists` is what was gathered last, shared with whoever shows the same rows."""

    machines: Machines
    lists: Lists

    # What is due -----------------------------------------------------------------------------------------------------

    def deadlines(
        self,
        viewer: Viewer,
        *,
        at: datetime | None = None,
        tier: str = "",
        only: str = "",
        after: int = 0,
        limit: int = PAGE,
    ) -> Listed:
        """What is due, earliest first, now or on a past day. `only`: overdue, upcoming, ask, triage, silent or done."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            warm = self.lists.of(tx, viewer, at)
        columns, laid = warm.columns, warm.laid
        chosen = laid.wanted(tier, only)
        return Listed(
            rows=tuple(_row(*warm.finding(one)) for one in chosen[after : after + limit]),
            total=len(chosen),
            summary=laid.summary,
            at=warm.at,
            feeds=columns.feeds,
            assets=len(columns.assets),
            undecided=columns.undecided,
            not_assessed=columns.not_assessed,
            packs=flow_lists.in_force(warm.packs, warm.domains(), warm.at.date()),
            zone=laid.zone or self.machines.settings.zone or "UTC",
            silent=laid.silent,
            days=laid.days,
        )

    def mix(self, viewer: Viewer) -> Mapping[str, int] | None:
        """Open findings by tier, for a page that is not about dates; None for a large estate not counted lately."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            if not self.lists.has(viewer) and len(inventories.asset_versions(tx, viewer)) > SMALL:
                return None
            return self.lists.of(tx, viewer).laid.summary.tiers

    def deadline(
        self, viewer: Viewer, asset: AssetId, vulnerability: str, *, at: datetime | None = None
    ) -> FindingView:
        """One finding with its whole why, now or as it was on a past day. Missing when it is not there to be seen."""
        allow(viewer, Action.READ_DEADLINES)
        moment = at or self.machines.now()
        with self.machines.store.read() as tx:
            return flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, moment, is_past=at is not None)

    def asset_named(self, viewer: Viewer, name: str) -> AssetId:
        """The asset with this id or name. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            ids_ = list(inventories.asset_versions(tx, viewer))
            if name in ids_:
                return AssetId(name)
            for one in inventories.assets_of(tx, ids_, viewer):
                if one.name == name:
                    return one.id
        raise Missing(f"no asset {name}")

    def what_if(self, viewer: Viewer, changes: Sequence[Change], *, at: datetime | None = None) -> Difference:
        """What these changes would move, over all this viewer meets. Nothing is changed, nothing is journalled."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            warm = self.lists.of(tx, viewer, at)
        columns, moment, packs = warm.columns, warm.at, warm.packs
        if not columns.findings:
            raise Missing("there is no open finding to try a change on")
        by_domain: dict[Domain, list[Facts]] = {}
        for one in columns.facts():
            by_domain.setdefault(one.domain, []).append(one)
        parts: list[Difference] = []
        met: set[str] = {""}
        for domain, rows in sorted(by_domain.items()):
            names = {one.asset for one in rows} | {one.vulnerability for one in rows}
            met |= names
            rules = self._rules(domain, packs, columns.feeds, moment)
            if rules is not None:
                fitting = [change_text.within(domain, one) for one in changes if whatif.about(one) in {"", *names}]
                parts.append(Estate.of(rows, rules).what_if(fitting))
        strange = [whatif.about(one) for one in changes if whatif.about(one) not in met]
        if strange:
            raise Missing(f"no open finding names {strange[0]}")
        if not parts:
            raise Missing("no pack with dates is in force for these assets")
        return whatif.merged(parts)

    def _rules(self, domain: Domain, packs: Sequence[Pack], feeds: Feeds, at: datetime) -> Rules | None:
        """The rules in force for one domain; None where no pack with dates is."""
        own = (one for one in for_domain(domain, directive.every_shipped(), packs) if one.holds_on(at.date()))
        pack = next(own, None)
        if pack is None:
            return None
        return Rules(
            pack=pack,
            policy=flow_deadlines.policy(self.machines),
            feeds=feeds,
            zone=self.machines.settings.zone,
            at=at,
        )

    def changes(self, viewer: Viewer, texts: Sequence[str]) -> tuple[Change, ...]:
        """Changes out of short texts, as the terminal and the page take them. Invalid lists what cannot be read.

        `exposure ASSET yes|no|unknown`, `kev CVE [DAY [DUE]]`, `ssvc CVE automatable=yes impact=total`,
        `upgrade ASSET DAY|none`, `choose parameter=value`, `pack ID`.
        """
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            names = {
                one.name: one.id
                for one in inventories.assets_of(tx, list(inventories.asset_versions(tx, viewer)), viewer)
            }
            own = flow_lists.own_packs(tx, viewer)
        today = self.machines.now().date()
        shipped = {one.id: one for one in (*directive.every_shipped(), *own)}
        found: list[Change] = []
        problems: list[Problem] = []
        choices = dict(flow_deadlines.policy(self.machines))
        for place, text in enumerate(texts):
            try:
                change = change_text.read(text, names, shipped, choices, today)
            except (ValueError, LookupError):
                reason = "see `comity what-if --help` for what can be tried"
                problems.append(Problem(f"/changes/{place}", "unreadable", reason))
                continue
            found.append(change)
        if problems or not found:
            raise Invalid("what is to be tried cannot be read", problems)
        return tuple(found)

    # The work on a finding -------------------------------------------------------------------------------------------

    def patched(self, viewer: Viewer, asset: AssetId, vulnerability: str, how: str) -> Work:
        """Record that it is remediated. Conflict while a triage asks for evidence first."""
        return self._worked(viewer, asset, vulnerability, how, is_fix=True)

    def mitigated(self, viewer: Viewer, asset: AssetId, vulnerability: str, how: str) -> Work:
        """Record a mitigation. Whether it closes the finding is the tier's and the parameter's to say."""
        return self._worked(viewer, asset, vulnerability, how, is_fix=False)

    def _worked(self, viewer: Viewer, asset: AssetId, vulnerability: str, how: str, *, is_fix: bool) -> Work:
        allow(viewer, Action.WORK_FINDING)
        if not how.strip():
            raise Invalid("nothing said", [Problem("/how", "empty", "say in a sentence what was done")])
        at = self.machines.now()
        with self.machines.store.write() as tx:
            view = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)
            if is_fix and view.locked:
                raise Conflict(view.locked)
            person = parties.person(tx, viewer.person)
            held = begun(view)
            new = (
                replace(held, done_at=at, done=how.strip(), by_name=person.name)
                if is_fix
                else replace(held, mitigated_at=at, mitigation=how.strip(), by_name=person.name)
            )
            saved = directives.put_work(tx, new)
            flow_lists.note(tx, viewer, saved, Kind.FINDING_WORKED, "remediated" if is_fix else "mitigated", at)
        return saved

    def state(self, viewer: Viewer, asset: AssetId, vulnerability: str, given: Mapping[str, str]) -> FindingView:
        """State inputs that packs ask of a person, in one's own name. Invalid lists what cannot be taken."""
        allow(viewer, Action.WORK_FINDING)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            view = flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)
            person = parties.person(tx, viewer.person)
            zone = view.answer.zone or "UTC"
            own, pair = inputs.read(view.questions, given, at=at, by_name=person.name, zone=zone)
            if own:
                held = view.asset
                changed = replace(held, inputs=inputs.with_more(held.inputs, own), changed_at=at)
                flow_register.note_asset(tx, inventories.save_asset(tx, changed), at, actor=viewer.person)
            if pair:
                work = begun(view)
                saved = directives.put_work(tx, replace(work, inputs=inputs.with_more(work.inputs, pair)))
                flow_lists.note(tx, viewer, saved, Kind.FINDING_WORKED, "stated", at)
            return flow_lists.finding(tx, self.machines, viewer, asset, vulnerability, at)


def _row(asset: Asset, line: Line, answer: Answer) -> Row:
    """A line of the list with its whole answer."""
    return Row(
        asset=asset.id,
        asset_name=asset.name,
        domain=asset.domain,
        vulnerability=line.flaw,
        component=line.component,
        answer=answer,
    )
