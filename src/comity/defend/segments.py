"""Lay advisories out so that one bisect answers which of them reach a version.

Per package, the bounds of all ranges cut the line of versions into elementary segments, and each segment holds the set
of statements that reach it. Listed versions are looked up before the bisect, already united with the ranges at that
point. What could not be placed (a bound that is no version, commits only, no version said) stays beside the line as
open: it can make an answer unknown, never clean. Withdrawn advisories are left out.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from comity.formats.versions.affected import deciding_ranges
from comity.formats.versions.compare import key
from comity.formats.versions.identity import Package, canonical_ecosystem, package_of
from comity.formats.versions.spans import Undecided, spans
from comity.model.advisory import Advisory
from comity.model.product import Affected

Set = tuple[int, ...]
"""Statements by their place in `Index.statements`, ascending. Equal sets are one object."""
NOBODY: Final[Set] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one advisory says about one product. Withdrawn advisories make no statements."""

    advisory: str
    affected: Affected
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where the advisories of one ecosystem came from and when; `as_of` is aware.

    `ecosystem` with a release ("Debian:12") speaks for that release, without one for all releases of the family that
    its records name: `releases`, folded. None where nobody looked; empty where the family has no releases.
    """

    ecosystem: str
    source: str
    as_of: datetime
    releases: frozenset[str] | None = None

    def covers(self, ecosystem: str) -> bool:
        """Whether its silence about a package says anything of this folded ecosystem.

        A release that no record names is one that the source does not follow (too new, too old, or spelled in a way
        that it does not use): that no advisory names a package of it is then no news.
        """
        return not self.releases or ":" not in ecosystem or ecosystem in self.releases


class Line(NamedTuple):
    """All statements about one package. `sets[i]` holds for keys from `bounds[i-1]` up to below `bounds[i]`.

    `listed` and `spelled` are the listed versions, united with the ranges at that point, by key and once more as they
    are written, which spares most look-ups the key. `texts` are the listed versions that have no key.
    """

    bounds: list[bytes]
    sets: list[Set]
    listed: dict[bytes, Set]
    spelled: dict[str, Set]
    texts: dict[str, Set]
    open: Set
    everything: Set

    def at(self, position: bytes) -> Set:
        """The statements that reach a key."""
        found = self.listed.get(position)
        return self.sets[bisect_right(self.bounds, position)] if found is None else found


NO_LINE: Final = Line(bounds=[], sets=[NOBODY], listed={}, spelled={}, texts={}, open=NOBODY, everything=NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Advisories ready for matching, with the feeds they came from. Built once per feed state, read by any number."""

    statements: tuple[Statement, ...]
    lines: Mapping[Package, Line]
    feeds: Mapping[str, Feed]
    vulnerability: tuple[str, ...]
    """For each statement, the one name of its vulnerability: statements that share an alias share this name."""

    def feed(self, ecosystem: str) -> Feed | None:
        """The feed that speaks for a canonical ecosystem: of its very release, else of the family."""
        return self.feeds.get(ecosystem) or self.feeds.get(ecosystem.partition(":")[0])


def statements(advisory: Advisory) -> Iterator[Statement]:
    """One statement per product of an advisory; none when it was withdrawn."""
    if advisory.withdrawn_at is None:
        for affected in advisory.affected:
            yield Statement(advisory=advisory.id, affected=affected, aliases=advisory.aliases)


def index(items: Iterable[Statement], *, feeds: Iterable[Feed]) -> Index:
    """Build the index. An ecosystem without a feed is never assessed, whatever statements there are about it."""
    kept = tuple(items)
    by_package: defaultdict[Package, list[int]] = defaultdict(list)
    for place, statement in enumerate(kept):
        by_package[package_of(statement.affected)].append(place)
    builder = _Builder(kept)
    return Index(
        statements=kept,
        lines={package: builder.line(package.ecosystem, places) for package, places in by_package.items()},
        feeds={canonical_ecosystem(feed.ecosystem): feed for feed in feeds},
        vulnerability=_vulnerabilities(kept),
    )


class _Builder:
    """Holds what is shared between lines while an index is built: each distinct set once, each key once."""

    def __init__(self, kept: tuple[Statement, ...]) -> None:
        self._statements = kept
        self._sets: dict[Set, Set] = {}
        self._keys: dict[tuple[str, str], bytes | None] = {}

    def line(self, ecosystem: str, places: list[int]) -> Line:
        turns: defaultdict[bytes, list[tuple[bool, int]]] = defaultdict(list)
        points: defaultdict[bytes, set[int]] = defaultdict(set)
        spellings: dict[str, bytes] = {}
        texts: defaultdict[str, set[int]] = defaultdict(set)
        undecided: set[int] = set()
        for place in places:
            affected = self._statements[place].affected
            if not affected.versions and not affected.ranges:
                undecided.add(place)
            for range_ in deciding_ranges(affected):
                found = spans(range_, ecosystem=ecosystem)
                if isinstance(found, Undecided):
                    undecided.add(place)
                    continue
                for low, high in found:
                    turns[low].append((True, place))
                    turns[high].append((False, place))
            for version in affected.versions:
                position = self._key(ecosystem, version)
                if position is None:
                    texts[version].add(place)
                else:
                    points[position].add(place)
                    spellings[version] = position
        bounds = sorted(turns)
        sets = self._sweep(bounds, turns)
        listed = {at: self._set(ids.union(sets[bisect_right(bounds, at)])) for at, ids in points.items()}
        return Line(
            bounds=bounds,
            sets=sets,
            listed=listed,
            spelled={version: listed[at] for version, at in spellings.items()},
            texts={version: self._set(ids) for version, ids in texts.items()},
            open=self._set(undecided),
            everything=self._set(places),
        )

    def _key(self, ecosystem: str, version: str) -> bytes | None:
        known = (ecosystem, version)
        if known not in self._keys:
            self._keys[known] = key(ecosystem, version)
        return self._keys[known]

    def _sweep(self, bounds: list[bytes], turns: Mapping[bytes, list[tuple[bool, int]]]) -> list[Set]:
        """The set left of the first bound is empty; statements may overlap themselves, so they are counted."""
        active: defaultdict[int, int] = defaultdict(int)
        sets: list[Set] = [NOBODY]
        for bound in bounds:
            for opens, place in turns[bound]:
                active[place] += 1 if opens else -1
            sets.append(self._set(place for place, count in active.items() if count > 0))
        return sets

    def _set(self, places: Iterable[int]) -> Set:
        fresh = tuple(sorted(places))
        return self._sets.setdefault(fresh, fresh)


def _vulnerabilities(kept: tuple[Statement, ...]) -> tuple[str, ...]:
    """Aliases are one vulnerability (`upstream` and `related` are not): follow them to the end and name each group.

    The name is the group's first CVE id, else its first id, in text order: independent of the order of the feed.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = parent[above]
            name = above
        return name

    for statement in kept:
        for alias in statement.aliases:
            left, right = sorted((root(statement.advisory), root(alias)), key=_rank)
            parent[right] = left
    return tuple(root(statement.advisory) for statement in kept)


def _rank(name: str) -> tuple[bool, str]:
    return (not name.startswith("CVE-"), name)
