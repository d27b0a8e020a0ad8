"""Bench `match`: how fast an inventory is joined to advisories, beside three peers that must give the same answers.

Two shapes of rows, both drawn with a seed from the advisories given. "worst": every row is a package that has
advisories, four in five at a version that some advisory lists, one in five at a version where some range begins or
ends, or at a text that is no version. "portfolio": assets of 300 components, one component in ten as in "worst", the
rest from 60,000 packages without advisories, the n-th most popular one n times rarer than the first (`--uniform` for
equal chances, which is harder on caches). Timed is what an operator waits for with the index in memory: numbering rows,
keys, answers, counts and the places of affected rows. Building the index is timed apart. Peers get the same rows,
already grouped by name, with their ranges prepared beforehand; a peer is asked for the affected statements only.

Equal strings of the drawn rows are one object, as in a column read with a dictionary; `fresh_seconds` is the same run
on strings that are all new objects, as from a naive reader. Half of our runs at the size of the peers come before the
peers and half after, so that a busy machine is busy for both. `ratio` is of elapsed seconds, `cpu_ratio` of processor
seconds, which neighbours on the machine disturb less.
"""

import argparse
import gc
import gzip
import json
import os
import random
import resource
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from comity.bench import match_peers
from comity.defend.match import Matching
from comity.defend.segments import Feed, Index, Statement, index
from comity.errors import Missing
from comity.model.inventory import Answer
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind

RUNS: Final = 5
NOW: Final = datetime(2024, 10, 11, tzinfo=UTC)
"""Fixed, so that the feed's age never changes an answer."""
CHUNK: Final = 1_000_000
PER_ASSET: Final = 300
CLEAN_PACKAGES: Final = 60_000
NO_VERSIONS: Final = ("", "unknown", "4.11-final")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Rows of one ecosystem."""

    names: list[str]
    versions: list[str]


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. Missing when the folder holds no `pypa.jsonl.gz`."""
    options = _options().parse_args(args)
    statements = read_statements(Path(options.advisories) / "pypa.jsonl.gz")
    started = perf_counter()
    built = index(statements, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=NOW),))
    index_seconds = perf_counter() - started
    draw = _Draw(statements, seed=options.seed, uniform=options.uniform)
    worst = draw.worst(options.rows)
    fresh = Columns(names=list(map(_fresh, worst.names)), versions=list(map(_fresh, worst.versions)))
    fresh_seconds = _timed(built, fresh)["seconds"]
    del fresh
    growth = [
        {"rows": options.rows // 10, "shape": "worst", **_timed(built, draw.worst(options.rows // 10))},
        {"rows": options.portfolio, "shape": "portfolio", **_timed(built, draw.portfolio(options.portfolio))},
    ]
    before = _timed(built, worst)
    peak_rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peers = _peers(built, statements, worst, full=options.full)
    ours = {"rows": options.rows, "shape": "worst", **_timed(built, worst, before["timings"])}
    growth.insert(1, ours | {"fresh_seconds": fresh_seconds})
    for row in growth:
        del row["timings"]
    seconds, cpu_seconds = ours["seconds"], ours["cpu_seconds"]
    naive = peers["rows"]["naive"]
    return {
        "rows": options.rows,
        "statements": len(statements),
        "index_seconds": round(index_seconds, 3),
        "seconds": seconds,
        **{f"{name}_seconds": peers["rows"].get(name, {}).get("seconds") for name in match_peers.PEERS},
        "ratio": round(naive["seconds"] / seconds, 1),
        "cpu_ratio": round(naive["cpu_seconds"] / cpu_seconds, 1),
        "peak_rss_mib": round(peak_rss_mib),
        "identical": peers["identical"],
        "growth": growth,
        "peers": peers["rows"],
        "missing": peers["missing"],
        "calibration_seconds": _calibration(),
        "load_average": round(os.getloadavg()[0], 1),
        "runs": RUNS,
        "seed": options.seed,
    }


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    lines = [f"{'rows':>12} {'shape':<10} {'seconds':>8} {'components':>11} {'affected rows':>14} {'findings':>10}"]
    lines += [
        f"{row['rows']:>12,} {row['shape']:<10} {row['seconds']:>8.3f} {row['components']:>11,} "
        f"{row['answers']['affected']:>14,} {row['findings']:>10,}"
        for row in result["growth"]
    ]
    lines.append(f"index of {result['statements']:,} statements: {result['index_seconds']} s, built once")
    for name, row in result["peers"].items():
        how = f"from {row['rows']:,} rows" if row["extrapolated"] else "whole"
        same = "same answers" if row["different"] == 0 else f"{row['different']} different answers"
        lines.append(f"{name:<12} {row['seconds']:>8.2f} s ({how}), {same}")
    lines += [f"{name}: not installed, not run" for name in result["missing"]]
    lines += [
        f"{result['ratio']} times the naive method at {result['rows']:,} rows ({result['cpu_ratio']} in CPU time)",
        f"peak memory {result['peak_rss_mib']} MiB before the peers ran",
        f"calibration {result['calibration_seconds']} s, load average {result['load_average']}",
    ]
    return "\n".join(lines)


def read_statements(path: Path) -> tuple[Statement, ...]:
    """Statements of an OSV file of one record a line, withdrawn ones left out."""
    if not path.is_file():
        raise Missing(f"there is no {path.name} in the folder given with --advisories")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return tuple(statement for line in lines for statement in statements_of(json.loads(line)))


def statements_of(record: Mapping[str, Any]) -> Iterator[Statement]:
    """Only what matching needs of an OSV record; the codec reads the rest and checks it."""
    if record.get("withdrawn"):
        return
    for one in record.get("affected", ()):
        package = one.get("package", {})
        affected = Affected(
            ecosystem=package.get("ecosystem", ""),
            name=package.get("name", ""),
            versions=tuple(one.get("versions", ())),
            ranges=tuple(
                Range(
                    kind=RangeKind(stated["type"]),
                    events=tuple(
                        RangeEvent(kind=EventKind(kind), version=version)
                        for event in stated["events"]
                        for kind, version in event.items()
                    ),
                    repo=stated.get("repo", ""),
                )
                for stated in one.get("ranges", ())
            ),
        )
        yield Statement(advisory=record["id"], affected=affected, aliases=tuple(record.get("aliases", ())))


class _Draw:
    """Rows drawn with a seed; the same seed and advisories give the same rows."""

    def __init__(self, statements: Sequence[Statement], *, seed: int, uniform: bool = False) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test rows, not secrets
        listed = {(s.affected.name, version) for s in statements for version in s.affected.versions}
        bounds = {
            (s.affected.name, event.version)
            for s in statements
            for stated in s.affected.ranges
            if stated.kind is not RangeKind.GIT
            for event in stated.events
        }
        self._listed = sorted(listed)
        self._other = sorted((bounds | {(name, text) for name, _ in listed for text in NO_VERSIONS}) - listed)
        self._clean = [(f"clean-{n}", f"1.{n % 7}.{n % 13}") for n in range(CLEAN_PACKAGES)]
        self._popularity = None if uniform else list(accumulate(1 / (n + 1) for n in range(CLEAN_PACKAGES)))

    def worst(self, rows: int) -> Columns:
        self._random.seed(rows)
        other = rows // 5
        pairs = self._random.choices(self._listed, k=rows - other) + self._random.choices(self._other, k=other)
        self._random.shuffle(pairs)
        return _columns(pairs)

    def portfolio(self, rows: int) -> Columns:
        """Assets of 300 components; the last asset may be smaller."""
        names: list[str] = []
        versions: list[str] = []
        self._random.seed(rows)
        for start in range(0, rows, PER_ASSET * 1000):
            size = min(PER_ASSET * 1000, rows - start)
            hit = size // 10
            pairs = self._random.choices(self._listed, k=hit - hit // 5)
            pairs += self._random.choices(self._other, k=hit // 5)
            pairs += self._random.choices(self._clean, cum_weights=self._popularity, k=size - len(pairs))
            self._random.shuffle(pairs)
            names += [name for name, _ in pairs]
            versions += [version for _, version in pairs]
        return _shared(names, versions)


def _columns(pairs: Iterable[tuple[str, str]]) -> Columns:
    names, versions = zip(*pairs, strict=True)
    return _shared(names, versions)


def _shared(names: Sequence[str], versions: Sequence[str]) -> Columns:
    one: dict[str, str] = {}
    return Columns(
        names=[one.setdefault(name, name) for name in names], versions=[one.setdefault(v, v) for v in versions]
    )


def _fresh(text: str) -> str:
    return text.encode().decode()


def _timed(built: Index, rows: Columns, earlier: Sequence[tuple[float, float]] = ()) -> dict[str, Any]:
    """Median of RUNS whole matchings and the `earlier` ones; counts are of the last one, the same in every one."""
    timings = list(earlier)
    for _ in range(RUNS):
        gc.collect()
        gc.freeze()  # the drawn rows are the bench's, not the matcher's: the collector need not walk them
        started, cpu_started = perf_counter(), process_time()
        matching = Matching(built, now=NOW)
        answers = dict.fromkeys(Answer, 0)
        affected, findings = 0, 0
        for start in range(0, len(rows.names), CHUNK):
            names, versions = rows.names[start : start + CHUNK], rows.versions[start : start + CHUNK]
            found = matching.add("PyPI", names, versions)
            for answer, count in found.tally().items():
                answers[answer] += count
            affected += len(list(found.places(Answer.AFFECTED)))
            findings += matching.findings(found)
        timings.append((perf_counter() - started, process_time() - cpu_started))
        gc.unfreeze()
    assert affected == answers[Answer.AFFECTED]
    seconds, cpu_seconds = zip(*timings, strict=True)
    return {
        "seconds": round(statistics.median(seconds), 4),
        "cpu_seconds": round(statistics.median(cpu_seconds), 4),
        "fastest": round(min(seconds), 4),
        "slowest": round(max(seconds), 4),
        "timings": timings,
        "components": len(matching.components),
        "answers": {str(answer): count for answer, count in answers.items()},
        "findings": findings,
    }


def _peers(built: Index, statements: Sequence[Statement], rows: Columns, *, full: bool) -> dict[str, Any]:
    """Each peer once, whole when it takes less than ten seconds or was asked for, and its answers beside ours."""
    matching = Matching(built, now=NOW)
    numbers = matching.add("PyPI", rows.names, rows.versions).numbers
    done: dict[str, Any] = {}
    missing: list[str] = []
    total = len(rows.names)
    for name, make in match_peers.PEERS.items():
        peer = make(statements)
        if peer is None:
            missing.append(name)
            continue
        probe = _run_peer(peer, rows, max(1, total // 20))
        whole = full or probe["seconds"] * 20 < 10
        measured = _run_peer(peer, rows, total) if whole else probe
        found = measured.pop("found")
        probe.pop("found", None)
        different = sum(set(matching.hits(numbers[place])) != reached for place, reached in enumerate(found))
        done[name] = {
            "seconds": round(measured["seconds"] * total / measured["rows"], 3),
            "cpu_seconds": round(measured["cpu_seconds"] * total / measured["rows"], 3),
            "rows": measured["rows"],
            "extrapolated": measured["rows"] < total,
            "growth": [{"rows": row["rows"], "seconds": round(row["seconds"], 3)} for row in (probe, measured)],
            "different": different,
        }
    return {
        "rows": done,
        "missing": missing,
        "identical": bool(done) and not any(d["different"] for d in done.values()),
    }


def _run_peer(peer: Callable[[str, str], set[int]], rows: Columns, count: int) -> dict[str, Any]:
    started, cpu_started = perf_counter(), process_time()
    found = [peer(name, version) for name, version in zip(rows.names[:count], rows.versions[:count], strict=True)]
    seconds, cpu_seconds = perf_counter() - started, process_time() - cpu_started
    return {"rows": count, "seconds": seconds, "cpu_seconds": cpu_seconds, "found": found}


def _calibration() -> float:
    """Seconds for a fixed piece of Python, so that figures of two machines can be set side by side."""
    started = perf_counter()
    seen: dict[tuple[str, int], int] = {}
    for number in range(1_000_000):
        seen[("row", number % 50_000)] = number
    return round(perf_counter() - started, 3)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="comity bench match", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--portfolio", type=int, default=10_000_000)
    parser.add_argument("--advisories", default="../shared/data/advisories")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--uniform", action="store_true", help="draw packages without advisories with equal chance")
    parser.add_argument("--full", action="store_true", help="run every peer on every row")
    return parser
