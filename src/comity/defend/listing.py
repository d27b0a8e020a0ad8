"""Lay out what is due over a whole estate: findings by number, most urgent first, each with what is counted of it.

A page reads the answers of its own rows only; what stands above them is counted on numbers. Findings alike for the
clock have one course, and courses that differ in nothing but their past have one standing on the same planned upgrade.
Every count and place equals what asking about each finding by itself gives (tested).
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from comity.defend.clock import Clocks
from comity.defend.course import Course
from comity.defend.due import NotAssessed, NotBound, Standing
from comity.defend.facts import Facts, Told
from comity.defend.whatif import Summary, summed
from comity.model.asset import Asset, Domain

SILENT = frozenset({"not assessed", "not bound"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Open findings without a date that have one reason in common, and on how many assets they are."""

    kind: str
    """not assessed, or no date."""
    reason: str
    remedy: str
    findings: int
    assets: int


class Met(NamedTuple):
    """One way a finding can stand, however many do."""

    standing: Standing
    zone: str
    reason: str = ""
    remedy: str = ""


class Lines(NamedTuple):
    """What one asset brings: for each of its findings the kind of its vulnerability, its days, and whether it is
    worked on (then it is like no other). Assets that hand over the very same tuple are laid out once."""

    flaws: tuple[int, ...]
    days: tuple[Hashable, ...]
    worked: frozenset[int]


@dataclass(slots=True, kw_only=True)
class Laid:
    """`kinds[n]` is the number of finding n's way to stand, `order` the findings by urgency: dates first, then assets
    and vulnerabilities in text order. `starts` has one more entry than there are assets."""

    starts: "array[int]"
    kinds: "array[int]"
    met: tuple[Met, ...]
    order: "array[int]"
    summary: Summary
    silent: tuple[Group, ...]
    days: Mapping[date, int]
    kept: "dict[tuple[str, str], array[int]]" = field(default_factory=dict)

    def wanted(self, tier: str, only: str) -> "array[int]":
        """The findings of one selection, most urgent first."""
        chosen = self.kept.get((tier, only))
        if chosen is None:
            fits = [_wanted(one.standing, tier, only) for one in self.met]
            kinds = self.kinds
            chosen = self.kept[tier, only] = array("I", [one for one in self.order if fits[kinds[one]]])
        return chosen

    def place(self, finding: int) -> tuple[int, int]:
        """Which asset, and which of its findings."""
        asset = bisect_right(self.starts, finding) - 1
        return asset, finding - self.starts[asset]

    @property
    def zone(self) -> str:
        """Whose days the most urgent date is of; "" without findings."""
        return self.met[self.kinds[self.order[0]]].zone if self.order else ""


def laid(
    assets: Sequence[tuple[Asset, tuple[Told, ...], Lines]],
    facts: Callable[[int, int], Facts],
    clocks: Mapping[Domain, Clocks],
) -> Laid:
    """The whole estate. `facts(asset, n)` gives those of one finding; it is asked once for each distinct course."""
    work = _Work(facts=facts, clocks=clocks)
    for place, (asset, reach, lines) in enumerate(assets):
        work.add(place, asset, reach, lines)
    return work.done()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbers of findings whatever upgrade is planned, and those that wait for it (a place holder stands there)."""

    fixed: "array[int]"
    waiting: tuple[tuple[int, int, Course], ...]
    """Place, number of the family, course."""


@dataclass(slots=True, kw_only=True)
class _Work:
    facts: Callable[[int, int], Facts]
    clocks: Mapping[Domain, Clocks]
    starts: "array[int]" = field(default_factory=lambda: array("I", [0]))
    kinds: "array[int]" = field(default_factory=lambda: array("I"))
    met: dict[Met, int] = field(default_factory=dict)
    sides: dict[Hashable, int] = field(default_factory=dict)
    courses: dict[Hashable, tuple[int, Course | None]] = field(default_factory=dict)
    plans: dict[tuple[int, int], tuple[Lines, _Plan]] = field(default_factory=dict)
    families: dict[Hashable, int] = field(default_factory=dict)
    standings: dict[tuple[int, date | None], int] = field(default_factory=dict)

    def add(self, place: int, asset: Asset, reach: tuple[Told, ...], lines: Lines) -> None:
        side = self.sides.setdefault((asset.domain, reach, asset.inputs), len(self.sides))
        known = self.plans.get((id(lines), side))
        if known is None:
            known = (lines, self._plan(place, asset, side, lines))
            self.plans[id(lines), side] = known  # the lines are kept with it, so that no other has their id
        begin = len(self.kinds)
        self.kinds.extend(known[1].fixed)
        upgrade = asset.planned_upgrade
        for number, family, course in known[1].waiting:
            held = self.standings.get((family, upgrade))
            if held is None:
                held = self.standings[family, upgrade] = self._number(_met(course, upgrade))
            self.kinds[begin + number] = held
        self.starts.append(len(self.kinds))

    def _plan(self, place: int, asset: Asset, side: int, lines: Lines) -> _Plan:
        fixed = array("I")
        waiting: list[tuple[int, int, Course]] = []
        for number, (flaw, days) in enumerate(zip(lines.flaws, lines.days, strict=True)):
            key = (side, flaw, days) if number not in lines.worked else (place, number)
            known = self.courses.get(key)
            if known is None:
                known = self.courses[key] = self._asked(asset, self.facts(place, number))
            fixed.append(known[0])
            if known[1] is not None:
                waiting.append((number, known[0], known[1]))
        return _Plan(fixed, tuple(waiting))

    def _asked(self, asset: Asset, facts: Facts) -> tuple[int, Course | None]:
        """The number of its way to stand; or of its family, with the course, where the planned upgrade counts."""
        course = self.clocks[asset.domain].course(facts)
        if course is None:
            reason = f"no directive with dates is in force here for the domain {asset.domain}"
            return self._number(Met(Standing("not bound"), "UTC", reason)), None
        if course.waits:
            return self.families.setdefault(course.family, len(self.families)), course
        return self._number(_met(course, None)), None

    def _number(self, met: Met) -> int:
        return self.met.setdefault(met, len(self.met))

    def done(self) -> Laid:
        met = tuple(self.met)
        counts = Counter(self.kinds)
        return Laid(
            starts=self.starts,
            kinds=self.kinds,
            met=met,
            order=_order(self.kinds, met),
            summary=summed((met[number].standing, count) for number, count in counts.items()),
            silent=_silent(self.starts, self.kinds, met, counts),
            days=_days(met, counts),
        )


def _met(course: Course, upgrade: date | None) -> Met:
    standing = course.standing(upgrade)
    answer = course.answer() if standing.kind in SILENT else None
    reason = answer.reason if isinstance(answer, (NotAssessed, NotBound)) else ""
    return Met(standing, course.where.zone.key, reason, answer.remedy if isinstance(answer, NotAssessed) else "")


def _order(kinds: "array[int]", met: Sequence[Met]) -> "array[int]":
    """Dates first, then what has none. Findings are numbered by asset and name, so heaps grow in order."""
    dates = sorted({one.standing.due.timestamp() for one in met if one.standing.due is not None})
    heap_of = {moment: number for number, moment in enumerate(dates)}
    heaps = [array("I") for _ in range(len(dates) + 1)]
    into = [heaps[-1 if one.standing.due is None else heap_of[one.standing.due.timestamp()]].append for one in met]
    for finding, kind in enumerate(kinds):
        into[kind](finding)
    order = array("I")
    for heap in heaps:
        order.extend(heap)
    return order


def _wanted(one: Standing, tier: str, only: str) -> bool:
    if one.kind == "done":
        return only == "done"
    fits = {
        "overdue": one.overdue,
        "dated": one.kind in {"due", "ask"},
        "upcoming": one.kind == "due" and one.due is not None and not one.overdue,
        "ask": one.kind == "ask",
        "triage": one.triage,
        "silent": one.kind in SILENT,
        "done": False,
    }.get(only, True)
    return fits and (not tier or (one.kind == "due" and one.tier == tier))


def _days(met: Sequence[Met], counts: Mapping[int, int]) -> Mapping[date, int]:
    found: Counter[date] = Counter()
    for number, one in enumerate(met):
        if one.standing.kind != "done" and one.standing.due is not None:
            found[one.standing.due.astimezone(ZoneInfo(one.zone)).date()] += counts[number]
    return dict(sorted(found.items()))


def _silent(
    starts: "array[int]", kinds: "array[int]", met: Sequence[Met], counts: Mapping[int, int]
) -> tuple[Group, ...]:
    quiet = {number: (one.standing.kind, one.reason, one.remedy) for number, one in enumerate(met) if one.reason}
    if not quiet:
        return ()
    assets: Counter[tuple[str, str, str]] = Counter()
    for place in range(len(starts) - 1):
        assets.update({quiet[one] for one in set(kinds[starts[place] : starts[place + 1]]) if one in quiet})
    findings: Counter[tuple[str, str, str]] = Counter()
    for number, key in quiet.items():
        findings[key] += counts[number]
    return tuple(
        Group(
            kind="not assessed" if key[0] == "not assessed" else "no date",
            reason=key[1],
            remedy=key[2],
            findings=number,
            assets=assets[key],
        )
        for key, number in sorted(findings.items(), key=lambda pair: (-pair[1], pair[0]))
    )
