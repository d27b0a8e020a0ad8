"""Decide what an estate looks like in counts: each asset's line, and the whole, with the unknown in the headline.

An asset's counts are those of the inventories it runs; a component that two inventories share counts in each. Pure and
cheap: ten thousand assets over a few hundred inventories are sums of small tuples.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from comity.model.asset import Asset, Domain, Environment, Reach
from comity.model.ids import InventoryId
from comity.model.inventory import Answer, Contents, Matched


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One inventory in counts: its four answers, and its vulnerabilities."""

    counts: Mapping[Answer, int]
    affected: frozenset[str] = frozenset()
    """Vulnerabilities that reach it."""
    kev: frozenset[str] = frozenset()
    """Those of them that are known to be exploited."""
    stale: frozenset[str] = frozenset()
    """Vulnerabilities that data too old to assess by names: not assessed, and not hidden."""
    stale_kev: frozenset[str] = frozenset()
    oldest: datetime | None = None
    """Date of the oldest data behind an answer."""
    found: tuple[tuple[str, datetime], ...] = ()
    """Each vulnerability with the day it was found."""
    gone: tuple[tuple[datetime, datetime], ...] = ()
    """What went away: found, gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetLine:
    """One asset in counts. `reach` is what its tag says now."""

    asset: Asset
    reach: Reach
    counts: Mapping[Answer, int]
    affected: int
    kev: int
    """Vulnerabilities that are known to be exploited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The whole. Every count of answers has all four, and none of them is left out of a headline."""

    at: datetime
    assets: int
    inventories: int
    counts: Mapping[Answer, int]
    """Components, summed over the assets that run them."""
    vulnerabilities: int
    kev: tuple[str, ...]
    stale: int
    """Vulnerabilities named by data that is too old to assess by."""
    stale_kev: tuple[str, ...]
    reach: Mapping[Reach, int]
    environments: Mapping[Environment, int]
    domains: Mapping[Domain, int]
    oldest: datetime | None
    lines: tuple[AssetLine, ...]
    """Most pressing first: known-exploited and public, then known-exploited, then by count."""
    ageing: tuple[tuple[str, int], ...] = ()
    """Open vulnerabilities by how long they have been known here: band, number."""
    burn: tuple[tuple[datetime, int], ...] = ()
    """Open pairs of inventory and vulnerability at each of the moments asked about, oldest first."""
    unlisted: int = 0
    """Assets that run nothing that is known here: of them nothing can be said."""
    no_upgrade: int = 0
    """Assets without a planned upgrade."""
    as_of: bool = False
    """True: an earlier day was asked about, with what is dated later left out."""


BANDS = (("up to 3 days", 3), ("up to 14 days", 14), ("up to 60 days", 60), ("up to 180 days", 180))


def tally(contents: Contents, matched: Matched | None, kev: Mapping[str, object]) -> Tally:
    """One inventory in counts. One that was never matched was not assessed."""
    if matched is None:
        return Tally(counts={**dict.fromkeys(Answer, 0), Answer.NOT_ASSESSED: len(contents.components)})
    counts = Counter(one.answer for one in matched.answers)
    found: dict[str, datetime] = {}
    exploited: set[str] = set()
    stale: set[str] = set()
    stale_kev: set[str] = set()
    for one in matched.answers:
        if one.answer is Answer.NOT_ASSESSED:
            named = [hit for hit in one.hits if hit.certain]
            stale |= {hit.vulnerability for hit in named}
            stale_kev |= {hit.vulnerability for hit in named if hit.vulnerability in kev or hit.advisory in kev}
        if one.answer is not Answer.AFFECTED:
            continue
        for hit in one.hits:
            if hit.certain:
                since = hit.found_at or matched.at
                found[hit.vulnerability] = min(since, found.get(hit.vulnerability, since))
                if hit.vulnerability in kev or hit.advisory in kev:
                    exploited.add(hit.vulnerability)
    dates = [one.as_of for one in matched.answers if one.as_of is not None]
    return Tally(
        counts={answer: counts[answer] for answer in Answer},
        affected=frozenset(found),
        kev=frozenset(exploited),
        stale=frozenset(stale),
        stale_kev=frozenset(stale_kev),
        oldest=min(dates, default=None),
        found=tuple(sorted(found.items())),
        gone=tuple((one.found_at, one.gone_at) for one in matched.gone),
    )


def of(assets: Iterable[Asset], tallies: Mapping[InventoryId, Tally], *, now: datetime, weeks: int = 12) -> Estate:
    """The estate at one moment."""
    lines: list[AssetLine] = []
    counts: Counter[Answer] = Counter()
    vulnerabilities: set[str] = set()
    exploited: set[str] = set()
    reach: Counter[Reach] = Counter()
    environments: Counter[Environment] = Counter()
    per_domain: Counter[Domain] = Counter()
    unlisted = no_upgrade = 0
    known: dict[tuple[InventoryId, ...], tuple[Counter[Answer], frozenset[str], frozenset[str]]] = {}
    alike: Counter[tuple[InventoryId, ...]] = Counter()
    for asset in assets:
        names = tuple(sorted(one.inventory for one in asset.runs))
        if names not in known:
            known[names] = _together([tallies[name] for name in names if name in tallies])
        own, affected, kev = known[names]
        alike[names] += 1
        now_reach = asset.exposure.reach(now)
        reach[now_reach] += 1
        environments[asset.environment] += 1
        per_domain[asset.domain] += 1
        unlisted += not names
        no_upgrade += asset.planned_upgrade is None
        lines.append(AssetLine(asset=asset, reach=now_reach, counts=own, affected=len(affected), kev=len(kev)))
    for names, number in alike.items():
        own, affected, kev = known[names]
        counts.update({answer: number * count for answer, count in own.items()})
        vulnerabilities |= affected
        exploited |= kev
    lines.sort(
        key=lambda one: (
            -one.kev if one.reach is not Reach.INTERNAL else 0, -one.kev, -one.affected, one.asset.name.casefold()
        )
    )  # fmt: skip
    dates = [one.oldest for one in tallies.values() if one.oldest is not None]
    return Estate(
        at=now,
        assets=len(lines),
        inventories=len(tallies),
        counts={answer: counts[answer] for answer in Answer},
        vulnerabilities=len(vulnerabilities),
        kev=tuple(sorted(exploited)),
        stale=len(frozenset().union(*(one.stale for one in tallies.values()))),
        stale_kev=tuple(sorted(frozenset().union(*(one.stale_kev for one in tallies.values())))),
        reach={one: reach[one] for one in Reach},
        environments={one: environments[one] for one in Environment if environments[one]},
        domains={one: per_domain[one] for one in Domain if per_domain[one]},
        oldest=min(dates, default=None),
        lines=tuple(lines),
        ageing=_ageing(tallies.values(), now),
        burn=_burn(tallies.values(), now, weeks),
        unlisted=unlisted,
        no_upgrade=no_upgrade,
    )


def _together(some: list[Tally]) -> tuple[Counter[Answer], frozenset[str], frozenset[str]]:
    counts: Counter[Answer] = Counter(dict.fromkeys(Answer, 0))
    for one in some:
        counts.update(one.counts)
    return (
        counts,
        frozenset().union(*(one.affected for one in some)),
        frozenset().union(*(one.kev for one in some)),
    )


def _ageing(tallies: Iterable[Tally], now: datetime) -> tuple[tuple[str, int], ...]:
    bands: Counter[str] = Counter()
    for one in tallies:
        for _, since in one.found:
            days = (now - since) / timedelta(days=1)
            bands[next((name for name, most in BANDS if days <= most), "longer")] += 1
    return tuple((name, bands[name]) for name in (*(name for name, _ in BANDS), "longer"))


def _burn(tallies: Iterable[Tally], now: datetime, weeks: int) -> tuple[tuple[datetime, int], ...]:
    starts: list[datetime] = []
    ends: list[datetime] = []
    for one in tallies:
        starts.extend(since for _, since in one.found)
        for found, gone in one.gone:
            starts.append(found)
            ends.append(gone)
    starts.sort()
    ends.sort()
    moments = [now - timedelta(weeks=back) for back in range(weeks, -1, -1)]
    return tuple((at, bisect_right(starts, at) - bisect_right(ends, at)) for at in moments)
