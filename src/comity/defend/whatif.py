"""Decide what a change would move, before anybody makes it: tiers, dates, overdue counts, triage duties.

Pure over (assets, vulnerabilities, findings, pack, policy, now). The work is done on columns: assets that are alike for
the clock share a number, so do vulnerabilities, and a finding is three numbers. The clock answers once for each
distinct triple; a change asks again only for the triples of what it touches, a change of rules for every triple once.
What comes out equals making the change and counting everything anew (tested as a property).
"""

from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from comity.defend.clock import Clock
from comity.defend.course import Course
from comity.defend.due import Standing
from comity.defend.facts import Facts, Feeds, Told
from comity.errors import Missing
from comity.model.asset import Domain
from comity.model.directive import Pack, Policy

SHOWN: Final = 200
"""Moved findings that are listed one by one; the rest is counted."""
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
WIDTH: Final = 21
"""Bits of each number in a packed triple: two million of each are enough."""
MASK: Final = (1 << WIDTH) - 1
T = TypeVar("T", bound=Hashable)


class AssetSide(NamedTuple):
    """What the clock asks of an asset."""

    domain: Domain
    exposure: tuple[Told, ...]
    upgrade_on: date | None


class FlawSide(NamedTuple):
    """What the clock asks of a vulnerability. `year` is the one in its CVE id, 0 without."""

    kev_added: date | None
    kev_due: date | None
    automatable: tuple[Told, ...]
    technical_impact: tuple[Told, ...]
    year: int


class PairSide(NamedTuple):
    """What the clock asks of the two together."""

    found_at: datetime | None
    done_at: datetime | None = None
    mitigated_at: datetime | None = None
    other: tuple[tuple[str, tuple[Told, ...]], ...] = ()
    events: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExposure:
    """An asset becomes exposed, is taken off the public network, or nobody knows any more."""

    asset: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetKev:
    """CISA adds a CVE to its catalogue."""

    vulnerability: str
    added: date
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSsvc:
    """Vulnrichment says something else. None leaves a value as it is."""

    vulnerability: str
    automatable: str | None = None
    technical_impact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpgrade:
    """An asset's planned upgrade moves; None: it is called off."""

    asset: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRules:
    """Another pack, or other choices where the pack leaves them open."""

    pack: Pack
    policy: Policy


Change: TypeAlias = SetExposure | SetKev | SetSsvc | SetUpgrade | UseRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The whole estate in a few numbers. What is done is counted in `done` and nowhere else."""

    findings: int
    tiers: Mapping[str, int]
    overdue: int
    triage: int
    ask: int
    not_assessed: int
    not_bound: int
    defaulted: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A finding whose tier, date or duty would change."""

    asset: str
    vulnerability: str
    before: Standing
    after: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the change would move. `moved` lists the first `SHOWN` of `moved_count`."""

    before: Summary
    after: Summary
    touched: int
    moved_count: int
    moved: tuple[Moved, ...]


@dataclass(slots=True)
class _Kinds(Generic[T]):
    """Numbers for distinct values, in order of appearance."""

    values: list[T] = field(default_factory=list)
    numbers: dict[T, int] = field(default_factory=dict)

    def number(self, value: T) -> int:
        """The value's number, given on first sight."""
        found = self.numbers.get(value)
        if found is None:
            found = self.numbers[value] = len(self.values)
            self.values.append(value)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By which rules, as of when, on which data."""

    pack: Pack
    policy: Policy
    feeds: Feeds
    zone: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Estate:
    """A warm estate: every finding as three numbers, and the clock's answer for each distinct triple."""

    rules: Rules
    assets: list[str]
    flaws: list[str]
    asset_kind: "array[int]"
    """Per asset, the number of its side."""
    flaw_kind: "array[int]"
    starts: "array[int]"
    """Per asset, where its findings begin; one more at the end."""
    flaw_of: "array[int]"
    """Per finding."""
    pair_of: "array[int]"
    asset_kinds: _Kinds[AssetSide]
    flaw_kinds: _Kinds[FlawSide]
    pair_kinds: _Kinds[PairSide]
    cells: Counter[int] = field(default_factory=Counter)
    answers: dict[int, Standing] = field(default_factory=dict)
    by_flaw: "dict[int, array[int]]" = field(default_factory=dict)
    asset_of: "array[int]" = field(default_factory=lambda: array("I"))
    names: dict[str, int] = field(default_factory=dict)
    flaw_names: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(rows: Iterable[Facts], rules: Rules) -> "Estate":
        """An estate out of facts, one for each finding, in any order."""
        held: dict[str, tuple[AssetSide, list[tuple[str, PairSide]]]] = {}
        flaws: dict[str, FlawSide] = {}
        for row in rows:
            side = AssetSide(row.domain, row.exposure, row.upgrade_on)
            pair = PairSide(
                row.found_at,
                row.done_at,
                row.mitigated_at,
                tuple(sorted(row.other.items())),
                tuple(sorted(row.events.items())),
            )
            held.setdefault(row.asset, (side, []))[1].append((row.vulnerability, pair))
            flaws[row.vulnerability] = FlawSide(
                row.kev_added, row.kev_due, row.automatable, row.technical_impact, _year(row.vulnerability)
            )
        return Estate.laid(
            rules,
            assets=[(name, side, findings) for name, (side, findings) in held.items()],
            flaws=flaws,
        )

    @staticmethod
    def laid(
        rules: Rules,
        *,
        assets: Iterable[tuple[str, AssetSide, Sequence[tuple[str, PairSide]]]],
        flaws: Mapping[str, FlawSide],
    ) -> "Estate":
        """An estate asset by asset, each with its findings: the way a large one is read."""
        estate = Estate(
            rules=rules,
            assets=[],
            flaws=list(flaws),
            asset_kind=array("I"),
            flaw_kind=array("I"),
            starts=array("I", [0]),
            flaw_of=array("I"),
            pair_of=array("I"),
            asset_kinds=_Kinds(),
            flaw_kinds=_Kinds(),
            pair_kinds=_Kinds(),
        )
        estate.flaw_names = {name: number for number, name in enumerate(estate.flaws)}
        for side in flaws.values():
            estate.flaw_kind.append(estate.flaw_kinds.number(_plain_flaw(side, rules.at)))
        alike: dict[int, tuple[object, array[int], array[int]]] = {}
        for name, own, findings in assets:
            estate.names[name] = len(estate.assets)
            estate.assets.append(name)
            estate.asset_kind.append(estate.asset_kinds.number(_plain_asset(own, rules.at)))
            known = alike.get(id(findings))
            if known is None:  # assets that run the same image may hand over the very same findings
                numbers = array("I", [estate.flaw_names[vulnerability] for vulnerability, _ in findings])
                pairs = array("I", [estate.pair_kinds.number(pair) for _, pair in findings])
                known = alike[id(findings)] = (findings, numbers, pairs)
            estate.flaw_of.extend(known[1])
            estate.pair_of.extend(known[2])
            estate.starts.append(len(estate.flaw_of))
        return estate

    def warm(self) -> "Estate":
        """Count the triples, ask the clock about each, and index findings by vulnerability. Done once."""
        if self.cells:
            return self
        flaw_kind, flaw_of, pair_of = self.flaw_kind, self.flaw_of, self.pair_of
        for number, kind in enumerate(self.asset_kind):
            base = kind << 2 * WIDTH
            begins, ends = self.starts[number], self.starts[number + 1]
            self.cells.update(
                [
                    base | flaw_kind[flaw] << WIDTH | pair
                    for flaw, pair in zip(flaw_of[begins:ends], pair_of[begins:ends], strict=True)
                ]
            )
            self.asset_of.extend([number] * (ends - begins))
        places: list[array[int]] = [array("I") for _ in self.flaws]
        for place, flaw in enumerate(flaw_of):
            places[flaw].append(place)
        self.by_flaw = dict(enumerate(places))
        self.answers = self._asked(self.cells, self.rules)
        return self

    def summary(self) -> Summary:
        """The estate as it is."""
        self.warm()
        return summed((self.answers[cell], count) for cell, count in self.cells.items())

    def what_if(self, changes: Sequence[Change]) -> Difference:
        """What these changes together would move. Nothing is changed here. Missing for an unknown name."""
        self.warm()
        rules = self.rules
        new_assets: dict[int, int] = {}
        new_flaws: dict[int, int] = {}
        for change in changes:
            match change:
                case UseRules(pack=pack, policy=policy):
                    rules = replace(rules, pack=pack, policy=policy)
                case SetExposure(asset=name) | SetUpgrade(asset=name):
                    number = self._named(self.names, name)
                    held = self.asset_kinds.values[new_assets.get(number, self.asset_kind[number])]
                    new_assets[number] = self.asset_kinds.number(on_asset(change, held, rules.at))
                case SetKev(vulnerability=name) | SetSsvc(vulnerability=name):
                    number = self._named(self.flaw_names, name)
                    flaw = self.flaw_kinds.values[new_flaws.get(number, self.flaw_kind[number])]
                    new_flaws[number] = self.flaw_kinds.number(on_flaw(change, flaw, rules.at))
        return self._difference(rules, new_assets, new_flaws)

    def _named(self, names: Mapping[str, int], name: str) -> int:
        if name not in names:
            raise Missing(f"no open finding names {name}")
        return names[name]

    def _difference(self, rules: Rules, new_assets: dict[int, int], new_flaws: dict[int, int]) -> Difference:
        touched: set[int] = set()
        for number in new_assets:
            touched.update(range(self.starts[number], self.starts[number + 1]))
        for number in new_flaws:
            touched.update(self.by_flaw.get(number, ()))
        cells = Counter(self.cells)
        swaps: Counter[tuple[int, int]] = Counter()
        sample: dict[tuple[int, int], list[int]] = {}
        for place in sorted(touched):
            asset, flaw = self.asset_of[place], self.flaw_of[place]
            old = self._cell(self.asset_kind[asset], self.flaw_kind[flaw], place)
            new = self._cell(
                new_assets.get(asset, self.asset_kind[asset]), new_flaws.get(flaw, self.flaw_kind[flaw]), place
            )
            swaps[old, new] += 1
            shown = sample.setdefault((old, new), [])
            if len(shown) < SHOWN:
                shown.append(place)
        for (old, new), count in swaps.items():
            cells[old] -= count
            cells[new] += count
        if rules is self.rules:
            after = {cell: self._known(cell) for cell, count in cells.items() if count}
        else:
            after = self._asked((cell for cell, count in cells.items() if count), rules)
        count_moved, moved = self._moved(rules, after, swaps, sample)
        return Difference(
            before=self.summary(),
            after=summed((after[cell], count) for cell, count in cells.items() if count),
            touched=len(touched) if rules is self.rules else len(self.flaw_of),
            moved_count=count_moved,
            moved=moved,
        )

    def _moved(
        self,
        rules: Rules,
        after: Mapping[int, Standing],
        swaps: Mapping[tuple[int, int], int],
        sample: Mapping[tuple[int, int], list[int]],
    ) -> tuple[int, tuple[Moved, ...]]:
        count = 0
        listed: list[tuple[int, Standing, Standing]] = []
        for (old, new), number in swaps.items():
            was, would = self.answers[old], after[new]
            if was != would:
                count += number
                listed.extend((place, was, would) for place in sample[old, new])
        if rules is not self.rules:
            swapped = Counter(dict.fromkeys(self.cells, 0))
            for (old, _), number in swaps.items():
                swapped[old] += number
            kinds = {cell for cell in self.cells if cell in after and self.answers[cell] != after[cell]}
            count += sum(self.cells[cell] - swapped[cell] for cell in kinds)
            listed.extend(self._examples(kinds, after))
        listed.sort(key=lambda one: one[0])
        moved = tuple(
            Moved(
                asset=self.assets[self.asset_of[place]],
                vulnerability=self.flaws[self.flaw_of[place]],
                before=was,
                after=would,
            )
            for place, was, would in listed[:SHOWN]
        )
        return count, moved

    def _examples(self, kinds: set[int], after: Mapping[int, Standing]) -> Iterable[tuple[int, Standing, Standing]]:
        found = 0
        for place, (asset, flaw) in enumerate(zip(self.asset_of, self.flaw_of, strict=True)):
            cell = self._cell(self.asset_kind[asset], self.flaw_kind[flaw], place)
            if cell in kinds:
                yield place, self.answers[cell], after[cell]
                found += 1
                if found == SHOWN:
                    return

    def _cell(self, asset_kind: int, flaw_kind: int, place: int) -> int:
        return asset_kind << 2 * WIDTH | flaw_kind << WIDTH | self.pair_of[place]

    def _known(self, cell: int) -> Standing:
        found = self.answers.get(cell)
        if found is None:
            found = self.answers[cell] = self._asked((cell,), self.rules)[cell]
        return found

    def _asked(self, cells: Iterable[int], rules: Rules) -> dict[int, Standing]:
        """The standing of each cell. Cells that differ only in the planned upgrade have one course."""
        clock = Clock(rules.pack, at=rules.at, feeds=rules.feeds, policy=rules.policy, zone=rules.zone)
        sides: dict[object, int] = {}
        reaches = [sides.setdefault((one.domain, one.exposure), len(sides)) for one in self.asset_kinds.values]
        courses: dict[int, Course] = {}
        standings: dict[tuple[Hashable, date | None], Standing] = {}
        found: dict[int, Standing] = {}
        for cell in cells:
            number = cell >> 2 * WIDTH
            place = reaches[number] << 2 * WIDTH | cell & (1 << 2 * WIDTH) - 1
            course = courses.get(place)
            if course is None:
                course = courses[place] = clock.course(self._facts(cell))
            upgrade_on = self.asset_kinds.values[number].upgrade_on if course.waits else None
            held = standings.get((course.family, upgrade_on))
            if held is None:
                held = standings[course.family, upgrade_on] = course.standing(upgrade_on)
            found[cell] = held
        return found

    def _facts(self, cell: int) -> Facts:
        asset = self.asset_kinds.values[cell >> 2 * WIDTH]
        flaw = self.flaw_kinds.values[cell >> WIDTH & MASK]
        pair = self.pair_kinds.values[cell & MASK]
        return Facts(
            asset="",
            vulnerability=f"CVE-{flaw.year}-0" if flaw.year else "",
            domain=asset.domain,
            exposure=asset.exposure,
            upgrade_on=asset.upgrade_on,
            kev_added=flaw.kev_added,
            kev_due=flaw.kev_due,
            automatable=flaw.automatable,
            technical_impact=flaw.technical_impact,
            found_at=pair.found_at,
            done_at=pair.done_at,
            mitigated_at=pair.mitigated_at,
            other=dict(pair.other),
            events=dict(pair.events),
        )


def about(change: Change) -> str:
    """The asset or vulnerability a change names; "" for a change of rules, which is about all."""
    match change:
        case SetExposure(asset=name) | SetUpgrade(asset=name):
            return name
        case SetKev(vulnerability=name) | SetSsvc(vulnerability=name):
            return name
        case UseRules():
            return ""


def merged(parts: Sequence[Difference]) -> Difference:
    """Estates under different rules, told as one: every number is the sum."""
    return Difference(
        before=_added([one.before for one in parts]),
        after=_added([one.after for one in parts]),
        touched=sum(one.touched for one in parts),
        moved_count=sum(one.moved_count for one in parts),
        moved=tuple(moved for one in parts for moved in one.moved)[:SHOWN],
    )


def _added(many: Sequence[Summary]) -> Summary:
    tiers: Counter[str] = Counter()
    for one in many:
        tiers.update(one.tiers)
    return Summary(
        findings=sum(one.findings for one in many),
        tiers=dict(sorted(tiers.items())),
        overdue=sum(one.overdue for one in many),
        triage=sum(one.triage for one in many),
        ask=sum(one.ask for one in many),
        not_assessed=sum(one.not_assessed for one in many),
        not_bound=sum(one.not_bound for one in many),
        defaulted=sum(one.defaulted for one in many),
        done=sum(one.done for one in many),
    )


def on_asset(change: SetExposure | SetUpgrade, side: AssetSide, at: datetime) -> AssetSide:
    """The asset as it would be from `at` on."""
    if isinstance(change, SetUpgrade):
        return side._replace(upgrade_on=change.on)
    said = Told(value=change.value, at=at, source="what-if")
    return side._replace(exposure=(*side.exposure, said))


def on_flaw(change: SetKev | SetSsvc, side: FlawSide, at: datetime) -> FlawSide:
    """The vulnerability as it would be from `at` on."""
    if isinstance(change, SetKev):
        return side._replace(kev_added=change.added, kev_due=change.due)
    if change.automatable is not None:
        said = Told(value=change.automatable, at=at, source="what-if")
        side = side._replace(automatable=(*side.automatable, said))
    if change.technical_impact is not None:
        said = Told(value=change.technical_impact, at=at, source="what-if")
        side = side._replace(technical_impact=(*side.technical_impact, said))
    return side


def applied(change: Change, facts: Facts, at: datetime) -> Facts:
    """The facts of one finding once the change is real: what a full recompute starts from."""
    match change:
        case SetExposure(asset=name) | SetUpgrade(asset=name) if name == facts.asset:
            asset = on_asset(change, AssetSide(facts.domain, facts.exposure, facts.upgrade_on), at)
            return replace(facts, exposure=asset.exposure, upgrade_on=asset.upgrade_on)
        case SetKev(vulnerability=name) | SetSsvc(vulnerability=name) if name == facts.vulnerability:
            flaw = on_flaw(
                change,
                FlawSide(facts.kev_added, facts.kev_due, facts.automatable, facts.technical_impact, 0),
                at,
            )
            return replace(
                facts,
                kev_added=flaw.kev_added,
                kev_due=flaw.kev_due,
                automatable=flaw.automatable,
                technical_impact=flaw.technical_impact,
            )
        case _:
            return facts


def _plain_asset(side: AssetSide, at: datetime) -> AssetSide:
    return side._replace(exposure=_plain(side.exposure, at))


def _plain_flaw(side: FlawSide, at: datetime) -> FlawSide:
    return side._replace(automatable=_plain(side.automatable, at), technical_impact=_plain(side.technical_impact, at))


def _plain(told: tuple[Told, ...], at: datetime) -> tuple[Told, ...]:
    """One statement that held all the time says the same whoever said it and when: so cells can be shared."""
    if len(told) == 1 and told[0].at <= at and (told[0].until is None or told[0].until > at):
        return (Told(value=told[0].value, at=ALWAYS, source=""),)
    return told


def _year(vulnerability: str) -> int:
    parts = vulnerability.split("-")
    return int(parts[1]) if len(parts) > 2 and parts[0] == "CVE" and parts[1].isdigit() else 0


def summed(answers: Iterable[tuple[Standing, int]]) -> Summary:
    """The counts of so many findings that stand so."""
    counts: Counter[str] = Counter()
    tiers: Counter[str] = Counter()
    for answer, count in answers:
        counts["findings"] += count
        counts[answer.kind] += count
        if answer.kind == "due":
            tiers[answer.tier] += count
        counts["overdue"] += count * answer.overdue
        counts["triage"] += count * answer.triage
        counts["defaulted"] += count * answer.defaulted
    return Summary(
        findings=counts["findings"],
        tiers=dict(sorted(tiers.items())),
        overdue=counts["overdue"],
        triage=counts["triage"],
        ask=counts["ask"],
        not_assessed=counts["not assessed"],
        not_bound=counts["not bound"],
        defaulted=counts["defaulted"],
        done=counts["done"],
    )
