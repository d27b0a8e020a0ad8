"""What-if over a large estate: seconds for each changed fact once warm, held against counting everything anew.

The estate is made with a seed: assets run a few hundred images, as real ones do, and a finding is one component that an
advisory reaches (4 of 10 rows of a portfolio, as measured on PyPA advisories). Shares of KEV entries and of missing
metadata are the ones published for KEV and Vulnrichment. `identical` holds the answer of every change against an estate
built anew with the change made: the same pure clock, no shared state.
"""

import argparse
import random
import resource
import statistics
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from comity.defend.clock import Feeds, Told
from comity.defend.whatif import (
    AssetSide,
    Change,
    Estate,
    FlawSide,
    PairSide,
    Rules,
    SetExposure,
    SetKev,
    SetSsvc,
    SetUpgrade,
    UseRules,
    on_asset,
    on_flaw,
)
from comity.formats import directive
from comity.model.asset import Domain

SEED: Final = 26_04
COMPONENTS: Final = 300
FINDINGS: Final = 122
"""Of 300 components on one asset, how many findings advisories give (4.05 million of 10 million rows)."""
IMAGES: Final = 400
FLAWS: Final = 2651
EVERYWHERE: Final = 3
"""Flaws that every asset has: the widest possible change."""
KNOWN: Final = 0.486
"""CVEs with SSVC metadata (August 2026, secondary)."""
IN_KEV: Final = 0.01
NOW: Final = datetime(2027, 1, 15, 12, tzinfo=UTC)

Laid = tuple[list[tuple[str, AssetSide, list[tuple[str, PairSide]]]], dict[str, FlawSide]]


def run(args: list[str]) -> dict[str, Any]:
    """`--rows N`, `--repeat N`. `seconds`: the slowest kind of change, median of `repeat`; `changes` has each kind."""
    parser = argparse.ArgumentParser(prog="comity bench whatif")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args(args)
    return measured(rows=options.rows, repeat=options.repeat)


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    size = f"{result['assets']:,} assets, {result['findings']:,} findings, {result['cells']:,} distinct questions"
    lines = [
        f"{result['rows']:,} rows: {size}",
        f"warm-up {result['warm_seconds']} s, once; peak memory {result['peak_rss_mib']} MiB",
        f"each changed fact, median of {result['repeat']}, against an estate counted anew:",
    ]
    for name, one in result["changes"].items():
        same = "identical" if one["identical"] else "DIFFERENT"
        lines.append(
            f"  {name:<26}{one['seconds']:.3f} s  touches {one['touched']:>9,}, moves {one['moved']:>9,}  {same}"
        )
    lines.append(f"slowest {result['seconds']:.3f} s; identical: {'yes' if result['identical'] else 'NO'}")
    return "\n".join(lines)


def measured(*, rows: int, repeat: int) -> dict[str, Any]:
    """The estate made, each kind of change timed and held against everything counted anew."""
    pack = directive.shipped("us.cisa.bod-26-04")
    rules = Rules(pack=pack, policy={}, feeds=Feeds(kev_as_of=NOW, ssvc_as_of=NOW), zone="America/New_York", at=NOW)
    assets, flaws = made(rows)
    begun = time.perf_counter()
    estate = Estate.laid(rules, assets=assets, flaws=flaws).warm()
    warm = time.perf_counter() - begun
    rare, common = _by_spread(estate)
    kinds: dict[str, list[Change]] = {
        "exposure": [SetExposure(asset=assets[0][0], value="no" if _is_public(assets[0][1]) else "yes")],
        "upgrade": [SetUpgrade(asset=assets[1][0], on=date(2027, 2, 1))],
        "kev, widest CVE": [SetKev(vulnerability=common, added=NOW.date(), due=NOW.date() + timedelta(days=14))],
        "kev, rarest CVE": [SetKev(vulnerability=rare, added=NOW.date())],
        "vulnrichment, widest CVE": [SetSsvc(vulnerability=common, automatable="yes", technical_impact="total")],
        "a parameter of the pack": [
            UseRules(pack=pack, policy={"exposure_unknown": "no", "on_tighten": "change_date"})
        ],
        "another pack": [UseRules(pack=directive.shipped("us.cisa.bod-19-02"), policy={})],
    }
    found: dict[str, Any] = {}
    identical = True
    for name, changes in kinds.items():
        taken = []
        for _ in range(repeat):
            begun = time.perf_counter()
            difference = estate.what_if(changes)
            taken.append(time.perf_counter() - begun)
        again = _anew(rules, assets, flaws, changes)
        same = again.summary() == difference.after
        identical &= same
        found[name] = {
            "seconds": round(statistics.median(taken), 4),
            "touched": difference.touched,
            "moved": difference.moved_count,
            "identical": same,
        }
    return {
        "seconds": max(one["seconds"] for one in found.values()),
        "identical": identical,
        "rows": rows,
        "findings": len(estate.flaw_of),
        "assets": len(estate.assets),
        "cells": len(estate.cells),
        "warm_seconds": round(warm, 2),
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "repeat": repeat,
        "changes": found,
    }


def made(rows: int) -> Laid:
    """The estate of that many rows, always the same one."""
    drawn = random.Random(SEED)  # noqa: S311  a seeded estate, no secret
    flaws = {f"CVE-{2018 + n % 9}-{10_000 + n}": _flaw(drawn) for n in range(FLAWS)}
    names = list(flaws)
    images = []
    for _ in range(IMAGES):
        found = NOW - timedelta(days=drawn.randrange(60))
        picked = [*range(EVERYWHERE), *drawn.sample(range(EVERYWHERE, FLAWS), FINDINGS - EVERYWHERE)]
        images.append([(names[n], PairSide(found)) for n in picked])
    assets = [(f"asset-{n}", _asset(drawn), images[drawn.randrange(IMAGES)]) for n in range(max(2, rows // COMPONENTS))]
    return assets, flaws


def _flaw(drawn: random.Random) -> FlawSide:
    known = drawn.random() < KNOWN
    added = NOW.date() - timedelta(days=drawn.randrange(700)) if drawn.random() < IN_KEV else None
    return FlawSide(
        kev_added=added,
        kev_due=added + timedelta(days=21) if added else None,
        automatable=_said(drawn.choice(["yes", "no", "no"])) if known else (),
        technical_impact=_said(drawn.choice(["total", "partial"])) if known else (),
        year=0,
    )


def _asset(drawn: random.Random) -> AssetSide:
    value = drawn.choice(["yes", "no", "no", "no", None])
    upgrade = drawn.choice([None, date(2027, 3, 1), date(2027, 6, 1)])
    return AssetSide(Domain.FCEB, _said(value) if value else (), upgrade)


def _said(value: str) -> tuple[Told, ...]:
    return (Told(value=value, at=NOW - timedelta(days=400), source="bench"),)


def _is_public(side: AssetSide) -> bool:
    return bool(side.exposure) and side.exposure[-1].value == "yes"


def _by_spread(estate: Estate) -> tuple[str, str]:
    spread = sorted((len(places), flaw) for flaw, places in estate.by_flaw.items() if places)
    return estate.flaws[spread[0][1]], estate.flaws[spread[-1][1]]


def _anew(rules: Rules, assets: Any, flaws: dict[str, FlawSide], changes: list[Change]) -> Estate:
    """The change made, and everything counted from nothing."""
    flaws = dict(flaws)
    moved = {name: side for name, side, _ in assets}
    for change in changes:
        match change:
            case UseRules(pack=pack, policy=policy):
                rules = replace(rules, pack=pack, policy=policy)
            case SetExposure(asset=name) | SetUpgrade(asset=name):
                moved[name] = on_asset(change, moved[name], rules.at)
            case SetKev(vulnerability=name) | SetSsvc(vulnerability=name):
                flaws[name] = on_flaw(change, flaws[name], rules.at)
    return Estate.laid(rules, assets=[(name, moved[name], f) for name, _, f in assets], flaws=flaws).warm()
