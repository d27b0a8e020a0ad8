"""Decide whether a model did better than the same work without it: paired cases, exact intervals, no assumption.

Each case was done twice, once with AI and once without, and succeeded or not. Only pairs that differ carry information
(McNemar 1947). The interval of the difference is exact: Clopper-Pearson on the share of better ones among the pairs
that differ, scaled by how many differ; how many differ is taken as given (a conditional interval).
"""

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import comb
from typing import Final

from comity.errors import Invalid, Problem
from comity.model.asset import Asset
from comity.model.capability import IN_USE, Capability, Comparison, Coverage, Stage, Task
from comity.model.ids import InventoryId, digest

CONFIDENCE: Final = 0.95
LEAST_PAIRS: Final = 30
"""Policy parameter: fewer pairs than this widen nothing, whatever their interval."""
_MOST_PAIRS: Final = 20_000
_WORDS: Final = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
_COLUMNS: Final = ("case", "with_ai", "without")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One case done both ways. Minutes to a result are None where nobody took the time."""

    case: str
    with_ai: bool
    without: bool
    minutes_with: float | None = None
    minutes_without: float | None = None


FIRST_ENTRIES: Final[tuple[tuple[Task, str, str, tuple[str, ...]], ...]] = (
    (
        Task.PLANNER,
        "Remediation planner",
        "words, orders and shortens a plan whose facts a checker holds; decides nothing",
        ("forms of sentences with slots: no name, version, date or id",),
    ),
    (
        Task.TAGGER,
        "Exposure tagger",
        "proposes who can reach an asset; a person confirms each proposal",
        ("facts about listeners, addresses and scans of one asset",),
    ),
    (
        Task.TRIAGE,
        "Triage assistant",
        "chooses what to search for among an advisory's terms and our own queries; a person takes over and runs it",
        ("public advisories about the vulnerability; nothing of the asset",),
    ),
    (
        Task.PATCH,
        "Patch proposals",
        "proposes a change of source code with a regression test; a maintainer decides",
        ("the public advisory and the affected source files",),
    ),
)
"""The uses this desk has or plans: task, name, authority, data. All begin as proposals."""


def read_pairs(data: bytes) -> tuple[Pair, ...]:
    """Pairs from CSV with a header: case, with_ai, without (yes or no), and minutes_with, minutes_without if known.

    Invalid lists every line that cannot be used, by number; a case may stand once.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("the file is no UTF-8 text", [Problem("", "invalid_utf8", "save it as UTF-8")]) from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    lacking = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if lacking:
        raise Invalid("the file lacks columns", [Problem("/line/1", "missing_column", f"add: {', '.join(lacking)}")])
    pairs: list[Pair] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in rows:
        pointer = f"/line/{rows.line_num}"
        case = (row["case"] or "").strip()
        ran, ran_without = (_WORDS.get((row[name] or "").strip().lower()) for name in ("with_ai", "without"))
        if not case or case in seen:
            problems.append(Problem(pointer, "bad_case", "each line names one case, each case once"))
        elif ran is None or ran_without is None:
            problems.append(Problem(pointer, "bad_value", "with_ai and without are yes or no"))
        else:
            try:
                minutes = [_minutes(row.get(name)) for name in ("minutes_with", "minutes_without")]
            except ValueError:
                problems.append(Problem(pointer, "bad_minutes", "minutes are a number from 0 up, or empty"))
                continue
            seen.add(case)
            pairs.append(
                Pair(case=case, with_ai=ran, without=ran_without, minutes_with=minutes[0], minutes_without=minutes[1])
            )
        if len(pairs) > _MOST_PAIRS:
            problems.append(Problem(pointer, "too_many", f"at most {_MOST_PAIRS} cases"))
            break
    if not pairs and not problems:
        problems.append(Problem("", "no_cases", "there is no case to compare"))
    if problems:
        raise Invalid("the comparison cannot be read", problems)
    return tuple(pairs)


def compare(pairs: Sequence[Pair], *, revision: int, measure: str, at: datetime, by: str) -> Comparison:
    """The paired comparison. ValueError for no pairs."""
    if not pairs:
        raise ValueError("a comparison needs pairs")
    better = sum(pair.with_ai and not pair.without for pair in pairs)
    worse = sum(pair.without and not pair.with_ai for pair in pairs)
    differing = better + worse
    low, high = interval(better, differing)
    share = differing / len(pairs)
    return Comparison(
        cases=digest("\n".join(sorted(pair.case for pair in pairs)).encode()),
        pairs=len(pairs),
        with_ai=sum(pair.with_ai for pair in pairs),
        without=sum(pair.without for pair in pairs),
        better=better,
        worse=worse,
        difference=(better - worse) / len(pairs),
        low=(2 * low - 1) * share,
        high=(2 * high - 1) * share,
        p_value=mcnemar(better, worse),
        measured_at=at,
        measured_by=by,
        measure=measure,
        minutes_with=_median(pair.minutes_with for pair in pairs),
        minutes_without=_median(pair.minutes_without for pair in pairs),
        revision=revision,
    )


def interval(hits: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper-Pearson: the exact interval of a share, found by bisection on the binomial tails. (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _bisect(lambda p: 1 - _at_most(hits - 1, of, p) < tail)
    high = 1.0 if hits == of else _bisect(lambda p: _at_most(hits, of, p) > tail)
    return low, high


def mcnemar(better: int, worse: int) -> float:
    """The exact two-sided p-value that the pairs differ by chance alone. 1.0 when none differ."""
    differing = better + worse
    if not differing:
        return 1.0
    return min(1.0, 2 * _at_most(min(better, worse), differing, 0.5))


def coverage(
    organisation: str,
    assets: Iterable[Asset],
    capabilities: Iterable[Capability],
    gone: Mapping[InventoryId, Sequence[tuple[datetime, datetime]]],
) -> Coverage:
    """How much of an organisation AI in use covers, and the median days to a fix on covered and on other assets.

    `gone` says of each inventory what went away: when found, when gone. An asset counts it from the day it runs that
    inventory. The two medians are of different assets: they are no measurement of what AI did, and a note says so.
    """
    covered_ids = {asset for one in capabilities if one.stage in IN_USE for asset in one.assets}
    held = [asset for asset in assets if asset.retired_at is None]
    days: dict[bool, list[float]] = {True: [], False: []}
    for asset in held:
        some = days[asset.id in covered_ids]
        for runs in asset.runs:
            some.extend(
                (gone_at - max(found_at, runs.since)).total_seconds() / 86400
                for found_at, gone_at in gone.get(runs.inventory, ())
                if gone_at > runs.since
            )
    return Coverage(
        organisation=organisation,
        assets=len(held),
        covered=sum(asset.id in covered_ids for asset in held),
        fixed_with=len(days[True]),
        fixed_without=len(days[False]),
        median_days_with=statistics.median(days[True]) if days[True] else None,
        median_days_without=statistics.median(days[False]) if days[False] else None,
        notes=("Covered and other assets are different assets: these medians show times, not an effect of AI.",),
    )


def silent(task: Task, entries: Iterable[Capability]) -> str:
    """Why a task's model may not be asked; "" when some entry for it is in use.

    No entry is no leave: a model that the register does not hold is not asked.
    """
    mine = [one for one in entries if one.task is task]
    if any(one.is_in_use for one in mine):
        return ""
    if not mine:
        return f"the register of AI defence holds no entry for the {task}"
    if all(one.stage is Stage.STOPPED for one in mine):
        return f"the {task} was stopped"
    return f"the {task} is proposed only: a person must begin its pilot"


def _at_most(hits: int, of: int, share: float) -> float:
    """P(X <= hits) for X binomial(of, share)."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 1.0 if hits >= of else 0.0
    return min(1.0, sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits + 1)))


def _bisect(below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _median(values: Iterable[float | None]) -> float | None:
    held = [value for value in values if value is not None]
    return statistics.median(held) if held else None


def _minutes(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    value = float(text)
    if not 0 <= value < 1e7:
        raise ValueError("minutes out of range")
    return value
