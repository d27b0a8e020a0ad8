"""Decide the answer for every component of an inventory: what the matcher says, within what its identity allows.

A component that is identified in part is at best unknown, one that is not identified was not assessed. What this host
has published itself is matched apart from the mirrors: it can make a component affected, and nothing clean.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from comity.defend import by_cpe, match
from comity.defend.by_cpe import Shelf
from comity.defend.match import Finding, Matching
from comity.defend.segments import Feed, Index, Statement, index, statements
from comity.formats.versions import key
from comity.formats.versions.identity import Package, canonical_ecosystem, package, package_of
from comity.model.advisory import Advisory
from comity.model.ids import Digest, InventoryId, digest
from comity.model.inventory import Answer, Answered, Component, Contents, Gone, Hit, Identity, Matched

KEPT_GONE: Final = 5000
"""Hits that went away which one inventory remembers, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """The advisories that a matching uses: mirrored ones with the feeds they came from, and this host's own."""

    mirrored: Index
    own: Index
    cpes: Shelf
    """What CVE records say by CPE, for components that nothing better names."""
    feeds: Digest
    """Stands for all of it: equal knowledge, equal digest."""


def packages(contents: Iterable[Contents]) -> frozenset[Package]:
    """The packages that these inventories name: what advisories are looked up by."""
    return frozenset(
        package(one.ecosystem, one.match_name) for listed in contents for one in listed.components if one.ecosystem
    )


def knowledge(
    mirrored: Iterable[Advisory],
    feeds: Sequence[tuple[Feed, Digest]],
    own: Sequence[Advisory],
    *,
    at: datetime,
    cpes: Shelf | None = None,
) -> Knowledge:
    """Build the index. `at` dates what this host published: it is as fresh as the store."""
    held: list[Statement] = [one for advisory in mirrored for one in statements(advisory)]
    published = [one for advisory in own for one in statements(advisory)]
    ecosystems = {package_of(one.affected).ecosystem.partition(":")[0] for one in published}
    parts = [f"{feed.source} {stamp} {feed.as_of.isoformat()}" for feed, stamp in feeds]
    parts += [f"own {one.id} {one.modified_at.isoformat()}" for one in own]
    shelf = cpes or Shelf()
    parts += [f"cpe {shelf.stamp}"] if shelf.stamp else []
    return Knowledge(
        cpes=shelf,
        mirrored=index(held, feeds=[feed for feed, _ in feeds]),
        own=index(published, feeds=[Feed(ecosystem=e, source="this host", as_of=at) for e in ecosystems if e]),
        feeds=digest("\n".join(sorted(parts)).encode()),
    )


class Answering:
    """Answers inventories one after the other at one moment; components that they share are answered once."""

    def __init__(self, known: Knowledge, *, now: datetime, max_age: timedelta) -> None:
        self._known = known
        self._now = now
        self._max_age = max_age
        self._mirrored = Matching(known.mirrored, now=now, max_age=max_age)
        self._own = Matching(known.own, now=now, max_age=max_age)
        self._seen: dict[tuple[str, str, str, Identity, str, str], Answered] = {}
        self._fixed: dict[tuple[str, Package], tuple[str, ...]] = {}
        for known_index in (known.mirrored, known.own):
            for statement in known_index.statements:
                place = (statement.advisory, package_of(statement.affected))
                self._fixed[place] = (*self._fixed.get(place, ()), *statement.affected.fixed_versions)

    def contents(self, contents: Contents) -> tuple[Answered, ...]:
        """The answers for one inventory, in its order."""
        return tuple(self._one(place, component) for place, component in enumerate(contents.components))

    def _one(self, place: int, component: Component) -> Answered:
        name = (
            component.ecosystem,
            component.match_name,
            component.match_version,
            component.identity,
            component.gap,
            "" if component.ecosystem else component.cpe,
        )
        if name not in self._seen:
            self._seen[name] = self._decided(component)
        return replace(self._seen[name], place=place)

    def _decided(self, component: Component) -> Answered:
        if component.identity is Identity.NOT:
            return Answered(place=0, answer=Answer.NOT_ASSESSED, reason=component.gap)
        if not component.ecosystem and component.cpe:
            return by_cpe.answered(component, self._known.cpes, now=self._now, max_age=self._max_age)
        if not component.ecosystem:
            return Answered(place=0, answer=Answer.UNKNOWN, reason=component.gap)
        said = _asked(self._mirrored, component)
        hits = list(self._hits(component, said, certain=True)) + list(self._hits(component, said, certain=False))
        answer, reason = said.answer, said.reason
        if component.ecosystem.partition(":")[0] in self._known.own.feeds:
            own = _asked(self._own, component)
            if own.findings:
                answer = Answer.AFFECTED
                reason = f"{len(own.findings)} advisories of this host reach this version"
                hits = list(self._hits(component, own, certain=True)) + hits
        if component.identity is Identity.PART and answer in (Answer.AFFECTED, Answer.NOT_AFFECTED):
            answer, reason = Answer.UNKNOWN, component.gap
            hits = [replace(hit, certain=False) for hit in hits]
        return Answered(
            place=0,
            answer=answer,
            reason=reason,
            hits=tuple(hits),
            source=said.source,
            as_of=None if said.age is None else self._now - said.age,
        )

    def _hits(self, component: Component, said: match.Component, *, certain: bool) -> Iterator[Hit]:
        for finding in said.findings if certain else said.undecided:
            yield self._hit(component, finding, certain=certain)

    def _hit(self, component: Component, finding: Finding, *, certain: bool) -> Hit:
        ecosystem = canonical_ecosystem(component.ecosystem)
        named = package(ecosystem, component.match_name)
        family = Package(ecosystem.partition(":")[0], named.name)
        fixed = self._fixed.get((finding.advisory, named)) or self._fixed.get((finding.advisory, family), ())
        return Hit(
            advisory=finding.advisory,
            vulnerability=finding.vulnerability,
            rule=finding.rule,
            fixed=_above(ecosystem, component.match_version, fixed),
            certain=certain,
        )


def _asked(matching: Matching, component: Component) -> match.Component:
    rows = matching.add(component.ecosystem, [component.match_name], [component.match_version])
    return matching.component(rows.numbers[0])


def _above(ecosystem: str, version: str, fixed: Iterable[str]) -> tuple[str, ...]:
    """The fixed versions above this one, least first; those that cannot be placed stay at the end."""
    at = key(ecosystem, version)
    placed = {one: key(ecosystem, one) for one in dict.fromkeys(fixed)}
    above = sorted(
        (position, one) for one, position in placed.items() if position is not None and (at is None or position > at)
    )
    return (*(one for _, one in above), *(one for one, position in placed.items() if position is None))


def matched(
    inventory: InventoryId,
    number: int,
    contents: Contents,
    answers: tuple[Answered, ...],
    *,
    feeds: Digest,
    at: datetime,
    before: tuple[Contents, Matched] | None,
) -> Matched:
    """The matching to keep: a hit that was there before keeps the day it was found, one that is gone is noted."""
    known: dict[tuple[str, str, str], tuple[datetime, str]] = {}
    earlier: tuple[Gone, ...] = ()
    if before is not None:
        earlier = before[1].gone
        known = _found(before[0], before[1])
    dated = tuple(
        replace(one, hits=tuple(replace(hit, found_at=_since(contents, one, hit, known, at)) for hit in one.hits))
        if one.hits
        else one
        for one in answers
    )
    now_there = {
        (contents.components[one.place].ecosystem, contents.components[one.place].match_name, hit.vulnerability)
        for one in answers
        for hit in one.hits
    }
    gone = tuple(
        Gone(ecosystem=place[0], name=place[1], version=version, vulnerability=place[2], found_at=found, gone_at=at)
        for place, (found, version) in sorted(known.items())
        if place not in now_there
    )
    return Matched(
        inventory=inventory, number=number, at=at, feeds=feeds, answers=dated, gone=(*gone, *earlier)[:KEPT_GONE]
    )


def _found(contents: Contents, held: Matched) -> dict[tuple[str, str, str], tuple[datetime, str]]:
    found: dict[tuple[str, str, str], tuple[datetime, str]] = {}
    for one in held.answers:
        component = contents.components[one.place]
        for hit in one.hits:
            place = (component.ecosystem, component.match_name, hit.vulnerability)
            at = hit.found_at or held.at
            if place not in found or at < found[place][0]:
                found[place] = (at, component.match_version)
    return found


def _since(
    contents: Contents,
    one: Answered,
    hit: Hit,
    known: Mapping[tuple[str, str, str], tuple[datetime, str]],
    at: datetime,
) -> datetime:
    component = contents.components[one.place]
    held = known.get((component.ecosystem, component.match_name, hit.vulnerability))
    return held[0] if held else at
