"""Every finding of an estate, gathered in columns: what many assets share is read and worked out once.

Assets that run the same inventories since the same days have the same findings, unless a supplier's statement or an
accepted risk speaks of one of them: those are weighed one by one, as a single asset's page does. The outcome equals
`flow_deadlines.gather` row by row (tested).
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from comity.defend import expose, flow_deadlines, flow_estate, flow_kept
from comity.defend.expose import Said
from comity.defend.facts import Facts, Feeds, Told
from comity.defend.flow import said_of
from comity.defend.listing import Lines
from comity.formats.versions.identity import package
from comity.model.asset import Asset, Domain, Runs
from comity.model.ids import InventoryId
from comity.model.inventory import Answer, Contents, Exposure, Matched
from comity.model.party import Viewer
from comity.model.signals import Fact
from comity.model.triage import Work
from comity.store import directives, inventories, upstream
from comity.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One vulnerability on whatever runs the same inventories. `gone_at`: all of it went away then."""

    flaw: str
    found_at: datetime
    gone_at: datetime | None
    component: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """`lines[n]` are the findings of `assets[n]`, by name; assets alike share one tuple. Assets are in id order."""

    assets: tuple[Asset, ...]
    lines: tuple[tuple[Line, ...], ...]
    exposures: tuple[tuple[Told, ...], ...]
    """What was said of each asset's reach."""
    said: Mapping[str, Mapping[tuple[str, str], Fact]]
    works: Mapping[tuple[str, str], Work]
    undecided: int
    not_assessed: int
    feeds: Feeds
    alike: Mapping["_Alike", "_Joined"]
    """What was joined for assets that run the same, by what they run and which matching of each it was."""

    @property
    def findings(self) -> int:
        """How many there are."""
        return sum(len(some) for some in self.lines)

    def layout(self) -> list[tuple[Asset, tuple[Told, ...], Lines]]:
        """What the list is laid out of: findings alike for the clock bear the same numbers."""
        kinds: dict[Hashable, int] = {}
        flaws: dict[str, int] = {}
        shared: dict[int, Lines] = {}
        worked: dict[str, set[str]] = {}
        for asset_id, flaw in self.works:
            worked.setdefault(asset_id, set()).add(flaw)
        found = []
        for place, asset in enumerate(self.assets):
            some = self.lines[place]
            own = worked.get(asset.id)
            lines = shared.get(id(some)) if own is None else None
            if lines is None:
                for one in some:
                    if one.flaw not in flaws:
                        fact = self.fact(place, asset, one)
                        said = (fact.kev_added, fact.kev_due, fact.automatable, fact.technical_impact, one.flaw[:8])
                        flaws[one.flaw] = kinds.setdefault(said, len(kinds))
                lines = Lines(
                    tuple(flaws[one.flaw] for one in some),
                    tuple((one.found_at, one.gone_at) for one in some),
                    frozenset(n for n, one in enumerate(some) if own is not None and one.flaw in own),
                )
                if own is None:
                    shared[id(some)] = lines
            found.append((asset, self.exposures[place], lines))
        return found

    def facts(self) -> Iterator[Facts]:
        """The facts of each finding, asset by asset."""
        for place, asset in enumerate(self.assets):
            for line in self.lines[place]:
                yield self.fact(place, asset, line)

    def fact(self, place: int, asset: Asset, line: Line) -> Facts:
        """The facts of one."""
        work = self.works.get((asset.id, line.flaw))
        done = line.gone_at if line.gone_at is not None else None if work is None else work.done_at
        return flow_deadlines.facts_of(
            asset,
            line.flaw,
            found_at=line.found_at,
            exposure=self.exposures[place],
            said=self.said.get(line.flaw, {}),
            done_at=done,
            mitigated_at=None if work is None else work.mitigated_at,
            stated=() if work is None else work.inputs,
        )


def gather(tx: Tx, viewer: Viewer, *, at: datetime, before: Columns | None = None) -> Columns:
    """The findings of every asset this viewer meets. Out of `before`, what the same viewer gathered earlier, lines are
    taken over where what is run and its matchings are still the same, and nothing is said of them by anybody.
    """
    assets = tuple(flow_estate.assets(tx, viewer))
    reader = _Reader(tx, viewer, at, {} if before is None else before.alike)
    lines = tuple(reader.of(asset) for asset in assets)
    flaws = {line.flaw for some in {id(some): some for some in lines}.values() for line in some}
    return Columns(
        assets=assets,
        lines=lines,
        exposures=tuple(flow_deadlines.exposed(tx, viewer, asset) for asset in assets),
        said=upstream.several(tx, flaws),
        works={(one.asset, one.vulnerability): one for one in directives.every_work(tx, viewer)},
        undecided=reader.undecided,
        not_assessed=reader.not_assessed,
        feeds=flow_deadlines.feeds(tx),
        alike=reader.shared,
    )


_Alike: TypeAlias = tuple[tuple[Runs, ...], tuple[int, ...]]
_Joined: TypeAlias = tuple[tuple[Line, ...], int, int]
_Part: TypeAlias = tuple[dict[str, list[Exposure]], int, int]


class _Reader:
    """Reads each inventory once, weighs what it brings once, and joins the lines of each set of inventories once."""

    def __init__(self, tx: Tx, viewer: Viewer, at: datetime, before: Mapping[_Alike, _Joined]) -> None:
        self.tx, self.viewer, self.at = tx, viewer, at
        self.undecided = self.not_assessed = 0
        self.held: dict[InventoryId, tuple[Contents, Matched] | None] = {}
        self.saids: dict[tuple[str, Domain], Said] = {}
        self.quiet: dict[tuple[str, Domain, InventoryId], bool] = {}
        self.before = before
        self.sequences = inventories.match_sequences(tx, viewer)
        self.shared: dict[_Alike, _Joined] = {}
        self.parts: dict[Runs, _Part] = {}

    def of(self, asset: Asset) -> tuple[Line, ...]:
        """The lines of one asset, and its counts into the whole."""
        said = self._said(asset)
        alike = asset.id not in said.acceptances and all(
            self._quiet(asset, runs.inventory, said) for runs in asset.runs
        )
        key = (asset.runs, tuple(self.sequences.get(runs.inventory, 0) for runs in asset.runs))
        found = self.shared.get(key) if alike else None
        if found is None and alike and key in self.before:
            found = self.shared[key] = self.before[key]
        if found is None:
            found = self._joined(asset, said, alike=alike)
            if alike:
                self.shared[key] = found
        self.undecided += found[1]
        self.not_assessed += found[2]
        return found[0]

    def _said(self, asset: Asset) -> Said:
        owner = (asset.organisation, asset.domain)
        if owner not in self.saids:
            self.saids[owner] = said_of(self.tx, asset.organisation, asset.domain, self.viewer)
        return self.saids[owner]

    def _quiet(self, asset: Asset, inventory: InventoryId, said: Said) -> bool:
        """Whether no statement is about anything that the inventory lists."""
        key = (asset.organisation, asset.domain, inventory)
        if key not in self.quiet:
            held = self._read(inventory)
            self.quiet[key] = (
                held is None
                or not said.statements
                or not any(package(one.ecosystem, one.match_name) in said.statements for one in held[0].components)
            )
        return self.quiet[key]

    def _read(self, inventory: InventoryId) -> tuple[Contents, Matched] | None:
        if inventory not in self.held:
            self.held[inventory] = flow_kept.newest(self.tx, inventory, self.viewer)
        return self.held[inventory]

    def _joined(self, asset: Asset, said: Said, *, alike: bool) -> _Joined:
        by_flaw: dict[str, list[Exposure]] = {}
        undecided = not_assessed = 0
        for runs in asset.runs:
            part = self.parts.get(runs) if alike else None
            if part is None:
                part = self._part(asset, runs, said)
                if alike:
                    self.parts[runs] = part
            for flaw, some in part[0].items():
                by_flaw.setdefault(flaw, []).extend(some)
            undecided += part[1]
            not_assessed += part[2]
        return tuple(_line(flaw, some) for flaw, some in sorted(by_flaw.items())), undecided, not_assessed

    def _part(self, asset: Asset, runs: Runs, said: Said) -> _Part:
        """What one inventory brings an asset: each is weighed by itself."""
        kept = self._read(runs.inventory)
        by_flaw: dict[str, list[Exposure]] = {}
        undecided = not_assessed = 0
        held = {} if kept is None else {runs.inventory: kept}
        for one in expose.exposures(replace(asset, runs=(runs,)), held, said, now=self.at, gone=True):
            undecided += one.answer is Answer.UNKNOWN
            not_assessed += one.answer is Answer.NOT_ASSESSED
            if flow_deadlines.is_finding(one):
                by_flaw.setdefault(one.vulnerability, []).append(one)
        return by_flaw, undecided, not_assessed


def _line(flaw: str, some: list[Exposure]) -> Line:
    gone = [one.gone_at for one in some if one.gone_at is not None]
    return Line(
        flaw=flaw,
        found_at=min(one.found_at for one in some),
        gone_at=max(gone) if len(gone) == len(some) else None,
        component=component_of(some),
    )


def component_of(some: list[Exposure] | tuple[Exposure, ...]) -> str:
    """The first component by name and version, and how many more there are."""
    first = some[0].component
    more = len({one.component.name for one in some}) - 1
    return f"{first.name} {first.version}".strip() + (f" and {more} more" if more else "")
