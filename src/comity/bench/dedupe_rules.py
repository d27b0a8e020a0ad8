"""The simple rules that deduplication is measured against: each a question to one pair of a project's records."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

Record = Mapping[str, Any]
_DAY: Final = 86400
CRASH_COMPARER_AT: Final = 0.8
CRASH_COMPARER_FRAMES: Final = 2


def crash_comparer(one: Record, other: Record) -> bool:
    """ClusterFuzz's rule: two frames in common order, or lines that are alike by edit distance on average."""
    a, b = one["crash_state"], other["crash_state"]
    if not a or not b:
        return False
    if a == b or _in_order(a, b) >= CRASH_COMPARER_FRAMES:
        return True
    lines = list(zip(a, b, strict=False))
    if sum(_alike_at_most(x, y) for x, y in lines) / len(lines) <= CRASH_COMPARER_AT:
        return False
    return sum(_alike(x, y) for x, y in lines) / len(lines) > CRASH_COMPARER_AT


def _near(days: int) -> Callable[[Record, Record], bool]:
    return lambda one, other: abs(one["reported_ts"] - other["reported_ts"]) <= days * _DAY


def _shared(one: Record, other: Record) -> bool:
    return bool(set(one["crash_state"]) & set(other["crash_state"]))


def _same_range(one: Record, other: Record) -> bool:
    return one["regressed_range"] is not None and one["regressed_range"] == other["regressed_range"]


RULES: Final[Mapping[str, Callable[[Record, Record], bool]]] = {
    "ClusterFuzz CrashComparer": crash_comparer,
    "exact 3-frame state": lambda one, other: (
        len(one["crash_state"]) == 3 and one["crash_state"] == other["crash_state"]
    ),
    "top frame, 90 d": lambda one, other: one["crash_state"][:1] == other["crash_state"][:1] and _near(90)(one, other),
    "any shared frame, 90 d": lambda one, other: _shared(one, other) and _near(90)(one, other),
    "shared frame and same regression range": lambda one, other: _shared(one, other) and _same_range(one, other),
    "same fuzz target, 30 d": lambda one, other: one["fuzz_target"] == other["fuzz_target"] and _near(30)(one, other),
    "same regression range": _same_range,
    "regression range or (shared frame, 30 d)": lambda one, other: (
        _same_range(one, other) or (_shared(one, other) and _near(30)(one, other))
    ),
    "reported within 7 d": _near(7),
}
"""The rules of clearing.md section 4, by the names of its table."""


def _in_order(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence of lines."""
    row = [0] * (len(b) + 1)
    for x in a:
        before = 0
        for place, y in enumerate(b, start=1):
            before, row[place] = row[place], before + 1 if x == y else max(row[place], row[place - 1])
    return row[-1]


def _alike_at_most(a: str, b: str) -> float:
    """A bound of `_alike` that costs little: letters that the longer text has and the other has not are edits."""
    longer = max(len(a), len(b))
    return 1 - (longer - (_letters(a) & _letters(b)).total()) / max(1, len(a) + len(b))


@cache
def _letters(text: str) -> Counter[str]:
    return Counter(text)


def _alike(a: str, b: str) -> float:
    """1 less the edit distance over the summed lengths."""
    row = list(range(len(b) + 1))
    for number, x in enumerate(a, start=1):
        before, row[0] = row[0], number
        for place, y in enumerate(b, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (x != y))
    return 1 - row[-1] / max(1, len(a) + len(b))
