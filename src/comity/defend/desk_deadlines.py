"""The counter for deadlines: what is due when and why, what a change would move, and the work on a finding.

Each call checks access first; which rows a caller meets is decided in the store's queries, by organisation and domain.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import rfc8785

from comity.access.policy import Action, allow
from comity.defend import change_text, flow_columns, flow_deadlines, flow_register, inputs, listing, triage, whatif
from comity.defend.clock import Clocks, first_answer
from comity.defend.due import Answer, AskPerson, Due, NotAssessed, NotBound
from comity.defend.facts import Facts, Feeds
from comity.defend.flow import Machines
from comity.defend.flow_columns import Columns
from comity.defend.inputs import Question
from comity.defend.listing import Group, Laid
from comity.defend.packs import for_domain
from comity.defend.triage import Step
from comity.defend.whatif import (
    Change,
    Difference,
    Estate,
    Rules,
    Summary,
)
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.formats import directive, sigma
from comity.formats.sigma import Coverage, Query
from comity.model.asset import Asset, Domain
from comity.model.authoring import Stage
from comity.model.directive import Pack
from comity.model.events import Event, Kind
from comity.model.ids import AssetId, digest
from comity.model.inventory import Exposure
from comity.model.party import Person, Viewer
from comity.model.signals import KEV, KEV_SOURCE
from comity.model.triage import Compromise, Triage, Work
from comity.sealing import statement
from comity.sealing.keys import SigningKey
from comity.store import directives, inventories, journal, parties, upstream
from comity.store.engine import Tx

__all__ = [
    "Answer",
    "AskPerson",
    "Deadlines",
    "Difference",
    "Due",
    "FindingView",
    "Group",
    "Listed",
    "NotAssessed",
    "Row",
    "TriageView",
]

TRIAGE: Final = "https://comity.invalid/triage/v1"
"""Predicate type of a signed triage manifest. The name is a name: nothing is fetched from it."""
PAGE: Final = 200
SMALL: Final = 2000
"""Assets up to which dates are counted for whoever only looks at the estate."""
FRESH: Final = timedelta(minutes=10)
"""How long the list of what is due now may stand while nothing changes: it says which moment it is of."""


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
class FindingView:
    """One finding with its whole why."""

    asset: Asset
    vulnerability: str
    answer: Answer
    also: tuple[Answer, ...]
    """What the other packs in force say."""
    pack: Pack | None
    exposures: tuple[Exposure, ...]
    work: Work | None
    questions: tuple[Question, ...]
    """What the packs in force ask of a person."""
    locked: str
    """Why the patch may not go yet; "" when it may."""
    at: datetime
    is_past: bool

    @property
    def has_tier(self) -> bool:
        """True when a directive gives this finding a tier, so that "no triage" is an answer."""
        return isinstance(self.answer, Due)

    @property
    def untriaged(self) -> str:
        """Why no triage is open, for whoever looks for one."""
        return triage.none_because(self.answer)


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
class _Warm:
    """What was gathered last, for whom, and at which entry of the journal: any change makes it void."""

    key: tuple[object, ...]
    at: datetime
    columns: Columns
    laid: Laid
    clocks: Mapping[Domain, Clocks]
    packs: tuple[Pack, ...]


class Deadlines:
    """The calls. `rules` are detection rules that the operator brought: file name and bytes."""

    def __init__(
        self,
        machines: Machines,
        key: SigningKey,
        *,
        demo: bool = False,
        rules: Callable[[], Sequence[tuple[str, bytes]]] = tuple,
    ) -> None:
        self.machines = machines
        self.key = key
        self.demo = demo
        self.rules = rules
        self._warm: dict[object, _Warm] = {}

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
            warm = self._warmed(tx, viewer, at)
        columns, laid = warm.columns, warm.laid
        chosen = laid.wanted(tier, only)
        domains = sorted({one.domain for one, some in zip(columns.assets, columns.lines, strict=True) if some}, key=str)
        shown = {
            one.name: one
            for domain in domains or [Domain.FCEB]
            for one in for_domain(domain, directive.every_shipped(), warm.packs)
            if one.holds_on(warm.at.date())
        }
        return Listed(
            rows=tuple(self._row(warm, *laid.place(one)) for one in chosen[after : after + limit]),
            total=len(chosen),
            summary=laid.summary,
            at=warm.at,
            feeds=columns.feeds,
            assets=len(columns.assets),
            undecided=columns.undecided,
            not_assessed=columns.not_assessed,
            packs=tuple(shown.values()),
            zone=laid.zone or self.machines.settings.zone or "UTC",
            silent=laid.silent,
            days=laid.days,
        )

    def mix(self, viewer: Viewer) -> Mapping[str, int] | None:
        """Open findings by tier, for a page that is not about dates; None for a large estate not counted lately."""
        allow(viewer, Action.READ_DEADLINES)
        with self.machines.store.read() as tx:
            warm = self._warm.get((viewer.organisation, tuple(sorted(viewer.roles)), None))
            if warm is None and len(inventories.asset_versions(tx, viewer)) > SMALL:
                return None
            return self._warmed(tx, viewer, None).laid.summary.tiers

    def deadline(
        self, viewer: Viewer, asset: AssetId, vulnerability: str, *, at: datetime | None = None
    ) -> FindingView:
        """One finding with its whole why, now or as it was on a past day. Missing when it is not there to be seen."""
        allow(viewer, Action.READ_DEADLINES)
        moment = at or self.machines.now()
        with self.machines.store.read() as tx:
            return self._view(tx, viewer, asset, vulnerability, moment, is_past=at is not None)

    def _view(
        self, tx: Tx, viewer: Viewer, asset: AssetId, vulnerability: str, at: datetime, *, is_past: bool = False
    ) -> FindingView:
        gathered = flow_deadlines.gather(tx, viewer, at=at, only=asset)
        found = next((one for one in gathered.findings if one.facts.vulnerability == vulnerability), None)
        if found is None:
            raise Missing(f"no finding {vulnerability} on {asset}")
        packs = for_domain(found.asset.domain, directive.every_shipped(), self._own(tx, viewer))
        answer = self._answer(packs, found.asset, found.facts, gathered.feeds, at)
        others = [
            self._answer((one,), found.asset, found.facts, gathered.feeds, at)
            for one in packs
            if (one.id, one.version) != (answer.pack, answer.version) and one.holds_on(at.date())
        ]
        pack = next((one for one in packs if (one.id, one.version) == (answer.pack, answer.version)), None)
        return FindingView(
            asset=found.asset,
            vulnerability=vulnerability,
            answer=answer,
            also=tuple(one for one in others if not isinstance(one, NotBound)),
            pack=pack,
            exposures=found.exposures,
            work=found.work,
            questions=inputs.asked(
                packs, (*found.asset.inputs, *(found.work.inputs if found.work is not None else ())), at=at
            ),
            locked=triage.locked(found.work, answer) if isinstance(answer, Due) else "",
            at=at,
            is_past=is_past,
        )

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
            warm = self._warmed(tx, viewer, at)
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
            own = self._own(tx, viewer)
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
            view = self._view(tx, viewer, asset, vulnerability, at)
            if is_fix and view.locked:
                raise Conflict(view.locked)
            person = parties.person(tx, viewer.person)
            held = view.work or _fresh(view)
            new = (
                replace(held, done_at=at, done=how.strip(), by_name=person.name)
                if is_fix
                else replace(held, mitigated_at=at, mitigation=how.strip(), by_name=person.name)
            )
            saved = directives.put_work(tx, new)
            self._note(tx, viewer, saved, Kind.FINDING_WORKED, "remediated" if is_fix else "mitigated", at)
        return saved

    def state(self, viewer: Viewer, asset: AssetId, vulnerability: str, given: Mapping[str, str]) -> FindingView:
        """State inputs that packs ask of a person, in one's own name. Invalid lists what cannot be taken."""
        allow(viewer, Action.WORK_FINDING)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            view = self._view(tx, viewer, asset, vulnerability, at)
            person = parties.person(tx, viewer.person)
            zone = view.answer.zone or "UTC"
            own, pair = inputs.read(view.questions, given, at=at, by_name=person.name, zone=zone)
            if own:
                held = view.asset
                changed = replace(held, inputs=inputs.with_more(held.inputs, own), changed_at=at)
                flow_register.note_asset(tx, inventories.save_asset(tx, changed), at, actor=viewer.person)
            if pair:
                work = view.work or _fresh(view)
                saved = directives.put_work(tx, replace(work, inputs=inputs.with_more(work.inputs, pair)))
                self._note(tx, viewer, saved, Kind.FINDING_WORKED, "stated", at)
            return self._view(tx, viewer, asset, vulnerability, at)

    # Triage ----------------------------------------------------------------------------------------------------------

    def triage(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> TriageView:
        """The triage of one finding, with what detection can offer."""
        allow(viewer, Action.READ_DEADLINES)
        at = self.machines.now()
        with self.machines.store.read() as tx:
            view = self._view(tx, viewer, asset, vulnerability, at)
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

    def open_triage(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> Triage:
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
            work = replace(view.work or _fresh(view), triage=decided)
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
        return manifest_bytes(held), held.triage.manifest

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
            view = self._view(tx, viewer, asset, vulnerability, at)
            person = parties.person(tx, viewer.person)
            held = view.work or _fresh(view)
            new = act(view, held.triage, person, at)
            saved = directives.put_work(tx, replace(held, triage=new))
            self._note(tx, viewer, saved, Kind.TRIAGE_MOVED, word, at)
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
        return statement.sign({name: digest(manifest_bytes(work))}, TRIAGE, predicate, self.key)

    def _note(self, tx: Tx, viewer: Viewer, work: Work, kind: Kind, word: str, at: datetime) -> None:
        key = f"work:{work.asset}:{digest(work.vulnerability.encode())[:16]}:{work.version}"
        facts = {"what": word}
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(work.asset,), facts=facts, actor=viewer.person))

    # Gathering -------------------------------------------------------------------------------------------------------

    def _own(self, tx: Tx, viewer: Viewer) -> tuple[Pack, ...]:
        """The packs that the viewer's organisation follows and has, published here or shipped."""
        wanted = {one.pack_id for one in directives.followed(tx, viewer.organisation, viewer)}
        shipped = {one.id: one for one in directive.every_shipped()}
        found = [shipped[name] for name in sorted(wanted) if name in shipped]
        for one in directives.every(tx, viewer, stage=Stage.PUBLISHED):
            if one.pack_id in wanted:
                found.append(directive.read(one.pack))
        return tuple(found)

    def _warmed(self, tx: Tx, viewer: Viewer, at: datetime | None) -> _Warm:
        """What is due, gathered anew after any change, and for now at least every ten minutes.

        The answer says which moment it is of. A past day is kept as long as nothing changes.
        """
        now = self.machines.now()
        place = (viewer.organisation, tuple(sorted(viewer.roles)), at)
        key = (
            journal.head(tx).seq,
            tuple(inventories.asset_versions(tx, viewer).items()),
            tuple(inventories.match_sequences(tx, viewer).items()),
            self.machines.settings.directive_choices,
        )
        warm = self._warm.get(place)
        if warm is None or warm.key != key or (at is None and not timedelta(0) <= now - warm.at < FRESH):
            warm = self._gathered(tx, viewer, at or now, key)
            self._warm = {**dict(list(self._warm.items())[-2:]), place: warm}
        return warm

    def _gathered(self, tx: Tx, viewer: Viewer, at: datetime, key: tuple[object, ...]) -> _Warm:
        columns = flow_columns.gather(tx, viewer, at=at)
        own = self._own(tx, viewer)
        clocks = {
            domain: Clocks(
                for_domain(domain, directive.every_shipped(), own),
                at=at,
                feeds=columns.feeds,
                policy=flow_deadlines.policy(self.machines),
                zone=self.machines.settings.zone,
            )
            for domain in {one.domain for one in columns.assets}
        }

        def facts(place: int, number: int) -> Facts:
            return columns.fact(place, columns.assets[place], columns.lines[place][number])

        laid = listing.laid(columns.layout(), facts, clocks)
        return _Warm(key=key, at=at, columns=columns, laid=laid, clocks=clocks, packs=own)

    def _row(self, warm: _Warm, place: int, number: int) -> Row:
        """A line of the list with its whole answer."""
        asset, line = warm.columns.assets[place], warm.columns.lines[place][number]
        facts = warm.columns.fact(place, asset, line)
        course = warm.clocks[asset.domain].course(facts)
        return Row(
            asset=asset.id,
            asset_name=asset.name,
            domain=asset.domain,
            vulnerability=line.flaw,
            component=line.component,
            answer=_bound_to_nothing(asset, facts, warm.at) if course is None else course.answer(),
        )

    def _answer(self, packs: Sequence[Pack], asset: Asset, facts: Facts, feeds: Feeds, at: datetime) -> Answer:
        answer = first_answer(
            packs,
            facts,
            at=at,
            feeds=feeds,
            policy=flow_deadlines.policy(self.machines),
            zone=self.machines.settings.zone,
        )
        return _bound_to_nothing(asset, facts, at) if answer is None else answer


def _bound_to_nothing(asset: Asset, facts: Facts, at: datetime) -> NotBound:
    return NotBound(
        asset=asset.id,
        vulnerability=facts.vulnerability,
        pack="none",
        version="",
        at=at,
        binds="none",
        certainty="",
        reason=f"no directive with dates is in force here for the domain {asset.domain}",
    )


def manifest_bytes(work: Work) -> bytes:
    """Canonical bytes of the manifest (RFC 8785): what the statement's digest is of. Without the signature itself."""
    return rfc8785.dumps(json.loads(json.dumps(triage.manifest(work)))) + b"\n"


def _fresh(view: FindingView) -> Work:
    return Work(
        organisation=view.asset.organisation,
        domain=view.asset.domain,
        asset=view.asset.id,
        vulnerability=view.vulnerability,
    )


def _open(held: Triage | None) -> Triage:
    if held is None:
        raise Conflict("there is no triage yet: open it first")
    return held


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
