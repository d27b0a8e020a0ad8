"""Gather what is due over a viewer's whole estate, and keep it while nothing changes: for dates, what-if and advice.

The list of one moment is told with that moment; any change of what it is made of, and ten minutes for "now", make it
void: assets, matchings, statements, accepted risks, work, directives and mirrors. What other desks do leaves it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from comity.defend import flow_columns, flow_deadlines, listing
from comity.defend.clock import Clocks
from comity.defend.due import Answer
from comity.defend.facts import Facts
from comity.defend.finding import FindingView, Ruled, bound_to_nothing
from comity.defend.flow import Machines
from comity.defend.flow_columns import Columns, Line
from comity.defend.listing import Laid
from comity.defend.packs import for_domain
from comity.errors import Missing
from comity.formats import directive
from comity.model.asset import Asset, Domain
from comity.model.authoring import Stage
from comity.model.directive import Pack
from comity.model.events import Event, Kind
from comity.model.ids import AssetId, digest
from comity.model.party import Viewer
from comity.model.triage import Work
from comity.store import directives, inventories, journal, upstream
from comity.store.engine import Tx

FRESH: Final = timedelta(minutes=10)
"""How long the list of what is due now may stand while nothing changes: it says which moment it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """What was gathered last, and out of which state: any change of that makes it void."""

    key: tuple[object, ...]
    at: datetime
    columns: Columns
    laid: Laid
    clocks: Mapping[Domain, Clocks]
    packs: tuple[Pack, ...]

    def domains(self) -> set[Domain]:
        """The domains of the assets that have a finding."""
        return {one.domain for one, some in zip(self.columns.assets, self.columns.lines, strict=True) if some}

    def at_place(self, number: int) -> tuple[Asset, Line]:
        """A finding by its number in the layout."""
        place, one = self.laid.place(number)
        return self.columns.assets[place], self.columns.lines[place][one]

    def finding(self, number: int) -> tuple[Asset, Line, Answer]:
        """A finding by its number in the layout, with its whole answer."""
        place, one = self.laid.place(number)
        asset, line = self.columns.assets[place], self.columns.lines[place][one]
        facts = self.columns.fact(place, asset, line)
        course = self.clocks[asset.domain].course(facts)
        return asset, line, bound_to_nothing(asset, facts, self.at) if course is None else course.answer()


@dataclass(slots=True, kw_only=True)
class Lists:
    """What is due, by viewer and moment; the last three are kept."""

    machines: Machines
    kept: Mapping[object, Warm] = field(default_factory=dict)
    """Replaced as a whole: threads of a server read it beside each other."""

    def of(self, tx: Tx, viewer: Viewer, at: datetime | None = None) -> Warm:
        """What is due now or at a past moment, gathered anew after a change. A past one stands until then."""
        now = self.machines.now()
        place = _place(viewer, at)
        key = (
            inventories.stamp(tx, viewer),
            directives.stamp(tx, viewer),
            upstream.all_mirrors(tx),
            self.machines.settings.directive_choices,
        )
        warm = self.kept.get(place)
        if warm is None or warm.key != key or (at is None and not timedelta(0) <= now - warm.at < FRESH):
            warm = self._gathered(tx, viewer, at or now, key, warm)
            others = [(key, held) for key, held in self.kept.items() if key != place]
            self.kept = {**dict(others[-2:]), place: warm}
        return warm

    def has(self, viewer: Viewer) -> bool:
        """Whether a list of now is kept, however old."""
        return _place(viewer, None) in self.kept

    def _gathered(self, tx: Tx, viewer: Viewer, at: datetime, key: tuple[object, ...], before: Warm | None) -> Warm:
        columns = flow_columns.gather(tx, viewer, at=at, before=None if before is None else before.columns)
        own = own_packs(tx, viewer)
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
        return Warm(key=key, at=at, columns=columns, laid=laid, clocks=clocks, packs=own)


def _place(viewer: Viewer, at: datetime | None) -> tuple[object, ...]:
    """Where a list is kept: whoever sees the same rows shares it."""
    return viewer.organisation, tuple(sorted(viewer.roles)), at


def own_packs(tx: Tx, viewer: Viewer) -> tuple[Pack, ...]:
    """The packs that the viewer's organisation follows and has, published here or shipped."""
    wanted = {one.pack_id for one in directives.followed(tx, viewer.organisation, viewer)}
    shipped = {one.id: one for one in directive.every_shipped()}
    found = [shipped[name] for name in sorted(wanted) if name in shipped]
    for one in directives.every(tx, viewer, stage=Stage.PUBLISHED):
        if one.pack_id in wanted:
            found.append(directive.read(one.pack))
    return tuple(found)


def in_force(own: Sequence[Pack], domains: Iterable[Domain], day: date) -> tuple[Pack, ...]:
    """The directives that hold on a day for assets of these domains, each once; those of civil agencies for none.

    Whatever shows their dates shows with them how sure each transcription is.
    """
    named = {
        one.name: one
        for domain in sorted(set(domains), key=str) or [Domain.FCEB]
        for one in for_domain(domain, directive.every_shipped(), own)
        if one.holds_on(day)
    }
    return tuple(named.values())


def finding(
    tx: Tx,
    machines: Machines,
    viewer: Viewer,
    asset: AssetId,
    vulnerability: str,
    at: datetime,
    *,
    is_past: bool = False,
) -> FindingView:
    """One finding with its whole why. Missing when it is not there to be seen."""
    gathered = flow_deadlines.gather(tx, viewer, at=at, only=asset)
    found = next((one for one in gathered.findings if one.facts.vulnerability == vulnerability), None)
    if found is None:
        raise Missing(f"no finding {vulnerability} on {asset}")
    ruled = Ruled(
        packs=for_domain(found.asset.domain, directive.every_shipped(), own_packs(tx, viewer)),
        feeds=gathered.feeds,
        policy=flow_deadlines.policy(machines),
        zone=machines.settings.zone,
        at=at,
    )
    return ruled.view(found.asset, found.facts, found.exposures, found.work, is_past=is_past)


def note(tx: Tx, viewer: Viewer, work: Work, kind: Kind, word: str, at: datetime) -> None:
    """Journal that work on a finding was recorded: ids and one word."""
    key = f"work:{work.asset}:{digest(work.vulnerability.encode())[:16]}:{work.version}"
    journal.append(
        tx, Event(kind=kind, key=key, at=at, subjects=(work.asset,), facts={"what": word}, actor=viewer.person)
    )
