"""Decide how likely two crash reports of one package have one root cause and one fix, and say why.

Two pure parts. `compare` turns a pair into named numbers, the same whichever report came first; a model that is data
(small decision trees and a calibration, see `read_model`) turns them into a probability and, number by number, into
what spoke for and against. `decide` makes the verdict over all candidates.

Rules (clearing.md section 4): nothing is merged because something is absent (D1); no title, rule id, CWE or text is
among the numbers (D2); `Same` needs the probability *and* a structural fact that both reports share; in doubt
`Disputed` (D4); the order of reports and of open cases changes nothing (D8). What is known only after the fix (fixed
range, fix commits) is no input here.
"""

import json
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

from comity.clearing.crashes import Kind, words
from comity.errors import Invalid, Problem
from comity.model.case import Deconfliction, Disputed, New, Same
from comity.model.ids import CaseId

MISSING: Final = -9.0
"""Stands for a number that one of the reports does not give; trees split it off, it is no evidence by rule."""
REASONS: Final = 4
"""Reasons given with a verdict: the weightiest."""
_DAY: Final = 86400.0
_TREE_LIMIT: Final = 400
_NODE_LIMIT: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one crash report offers for comparing, normalised by `crashes`. Everything but `id` may be unknown."""

    id: str
    package: str
    """Empty when unknown: then nothing is compared."""
    frames: tuple[str, ...] = ()
    kind: Kind | None = None
    sanitizer: str = ""
    engine: str = ""
    target: str = ""
    """The fuzz target or entry point."""
    reported: datetime | None = None
    origin: tuple[datetime, datetime] | None = None
    """The window in which the fault came in: last build without it, first build with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How common things are among the reports of one package: what everybody shares tells little. Order-free counts."""

    reports: int
    frames: Mapping[str, int]
    words: Mapping[str, int]
    origins: Mapping[tuple[datetime, datetime], int]
    targets: Mapping[str, int]
    days: Sequence[float]
    """Ascending: when each dated report came, in days since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What the model says of one pair."""

    probability: float
    reasons: tuple[str, ...]
    """Weightiest first, each with the way it points."""
    structural: bool
    """Both share a target frame or the same origin window: without it nothing is merged automatically."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A question `number <= at`, or a leaf when `name` is empty. `value`: the mean below it, in log-odds."""

    name: str
    at: float
    below: int
    above: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Learned weights as data, with where they come from."""

    origin: str
    base: float
    trees: tuple[tuple[Node, ...], ...]
    slope: float
    intercept: float
    link_at: float
    """From this probability on a pair is shown to a person."""
    same_at: float | None
    """From this on, with a structural fact, it is merged; None: the training data supported no such level."""


def surround(sightings: Iterable[Sighting]) -> Surroundings:
    """The counts over one package's reports."""
    held = tuple(sightings)
    return Surroundings(
        reports=len(held),
        frames=Counter(frame for one in held for frame in set(one.frames)),
        words=Counter(word for one in held for word in _words(one)),
        origins=Counter(one.origin for one in held if one.origin is not None),
        targets=Counter(one.target for one in held if one.target),
        days=sorted(_days(one.reported) for one in held if one.reported is not None),
    )


def compare(one: Sighting, other: Sighting, around: Surroundings) -> dict[str, float]:
    """The numbers of a pair; symmetric. Names are those of `SENTENCES`."""
    return {**_stacks(one, other, around), **_kinds(one, other), **_origins(one, other, around)} | _times(
        one, other, around
    )


def assess(model: Model, one: Sighting, other: Sighting, around: Surroundings) -> Likeness:
    """Probability with reasons. Different or unknown packages are never alike: 0, and nothing structural."""
    if not one.package or one.package != other.package:
        return Likeness(probability=0.0, reasons=("not known to be the same package",), structural=False)
    numbers = compare(one, other, around)
    score, parts = weigh(model, numbers)
    heavy = sorted(parts, key=lambda name: (-abs(parts[name]), name))[:REASONS]
    return Likeness(
        probability=calibrated(model, score),
        reasons=tuple(
            f"{'for' if parts[name] > 0 else 'against'}: {SENTENCES[name]} ({numbers[name]:.2g})" for name in heavy
        )
        or ("nothing told them apart from a pair picked at random",),
        structural=numbers["shared_frames"] > 0 or numbers["origin_equal"] > 0,
    )


def decide(model: Model, found: Mapping[CaseId, Iterable[Likeness]]) -> Deconfliction:
    """New, Same or Disputed over the reports of every candidate case: the best report of a case speaks for it.

    Same needs exactly one case at `same_at` with a structural fact. A second such case, or doubt: Disputed, naming all.
    """
    best = {
        case: max(opinions, key=lambda opinion: (opinion.probability, opinion.structural, opinion.reasons))
        for case, opinions in ((case, tuple(given)) for case, given in found.items())
        if opinions
    }
    sure = [case for case, opinion in best.items() if merges(model, opinion)]
    if len(sure) == 1:
        return Same(case=sure[0], reasons=_told(best[sure[0]]))
    linked = sorted(case for case, opinion in best.items() if opinion.probability >= model.link_at or case in sure)
    if not linked:
        return New()
    reasons = tuple(f"{case}: {reason}" for case in linked for reason in _told(best[case]))
    return Disputed(cases=tuple(linked), reasons=reasons)


def merges(model: Model, likeness: Likeness) -> bool:
    """Whether this pair by itself is enough for an automatic `Same`."""
    return model.same_at is not None and likeness.structural and likeness.probability >= model.same_at


def weigh(model: Model, numbers: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    """The raw score in log-odds and each number's share: what passing its questions changed, summed over all trees."""
    score = model.base
    parts: dict[str, float] = {}
    for tree in model.trees:
        node = tree[0]
        score += node.value
        while node.name:
            following = tree[node.below if numbers[node.name] <= node.at else node.above]
            change = following.value - node.value
            parts[node.name] = parts.get(node.name, 0.0) + change
            score += change
            node = following
    return score, parts


def calibrated(model: Model, score: float) -> float:
    """The probability of a raw score, by the model's logistic calibration."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, model.slope * score + model.intercept))))


def read_model(data: bytes) -> Model:
    """A model from JSON: `trees` are lists of `[name, at, below, above, value]`, root first, children after parents.

    Invalid, with every problem, when a question is unknown, a child does not come after its parent, or a value is no
    finite number: a model is data and may come from a stranger.
    """
    try:
        document: dict[str, Any] = json.loads(data)
        trees = tuple(
            tuple(Node(name=n, at=float(a), below=int(b), above=int(c), value=float(v)) for n, a, b, c, v in tree)
            for tree in document["trees"]
        )
        same_at = document["same_at"]
        model = Model(
            origin=str(document["origin"]),
            base=float(document["base"]),
            trees=trees,
            slope=float(document["slope"]),
            intercept=float(document["intercept"]),
            link_at=float(document["link_at"]),
            same_at=None if same_at is None else float(same_at),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("not a likeness model", [Problem("", "malformed", type(error).__name__)]) from error
    problems = [problem for place, tree in enumerate(trees) for problem in _problems(place, tree)]
    levels = (model.base, model.slope, model.intercept, model.link_at, model.same_at or 0.0)
    if not all(map(math.isfinite, levels)) or len(trees) > _TREE_LIMIT:
        problems.append(Problem("", "limits", f"finite levels and at most {_TREE_LIMIT} trees"))
    if problems:
        raise Invalid("not a likeness model", problems)
    return model


def _problems(place: int, tree: Sequence[Node]) -> Iterable[Problem]:
    if not 1 <= len(tree) <= _NODE_LIMIT:
        yield Problem(f"/trees/{place}", "size", f"1 to {_NODE_LIMIT} nodes")
    for number, node in enumerate(tree):
        where = f"/trees/{place}/{number}"
        if not (math.isfinite(node.at) and math.isfinite(node.value)):
            yield Problem(where, "not_finite", "every level and value is a finite number")
        if node.name and node.name not in SENTENCES:
            yield Problem(where, "unknown_question", "the name is none of the numbers of a pair")
        if node.name and not (number < node.below < len(tree) and number < node.above < len(tree)):
            yield Problem(where, "order", "children come after their parent, so that every walk ends")


def _told(opinion: Likeness) -> tuple[str, ...]:
    return (f"probability {opinion.probability:.2f} by crash likeness", *opinion.reasons)


def _stacks(one: Sighting, other: Sighting, around: Surroundings) -> dict[str, float]:
    shared = set(one.frames) & set(other.frames)
    rarity = [_rarity(around.frames.get(frame, 1), around) for frame in sorted(shared)]
    mine, theirs = _words(one), _words(other)
    tops = (words(one.frames[0]), words(other.frames[0])) if one.frames and other.frames else (frozenset(), frozenset())
    return {
        "shared_frames": float(len(shared)),
        "rarest_frame": max(rarity, default=0.0),
        "frame_rarity": math.fsum(rarity),
        "frames_in_place": float(sum(a == b for a, b in zip(one.frames, other.frames, strict=False))),
        "common_top": float(
            len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one.frames, other.frames, strict=False))))
        ),
        "top_in_other": float(bool({*one.frames[:1]} & {*other.frames} or {*other.frames[:1]} & {*one.frames})),
        "word_overlap": _weighted(mine & theirs, around) / max(_weighted(mine | theirs, around), 1e-9),
        "top_words": len(tops[0] & tops[1]) / max(1, len(tops[0] | tops[1])),
    }


def _kinds(one: Sighting, other: Sighting) -> dict[str, float]:
    a, b = one.kind, other.kind
    known = a is not None and b is not None
    return {
        "same_kind": float(known and a is not None and b is not None and a.name == b.name),
        "same_family": float(known and a is not None and b is not None and a.family is b.family),
        "same_access": float(known and a is not None and b is not None and a.access == b.access),
        "same_size": float(known and a is not None and b is not None and a.size == b.size),
        "same_sanitizer": float(one.sanitizer == other.sanitizer),
        "same_engine": float(one.engine == other.engine),
    }


def _origins(one: Sighting, other: Sighting, around: Surroundings) -> dict[str, float]:
    names = ("origin_gap", "origin_end", "origin_start", "origin_width", "origin_rarity", "origin_crowd", "latency")
    if one.origin is None or other.origin is None:
        known = float((one.origin is not None) + (other.origin is not None))
        return {"origins_known": known, "origin_equal": 0.0, **dict.fromkeys(names, MISSING)}
    (a, b), (c, d) = [tuple(map(_days, end)) for end in (one.origin, other.origin)]
    equal = one.origin == other.origin
    gap = max(a, c) - min(b, d)
    crowd = around.origins.get(one.origin, 1) if equal else 0
    earliest = [_days(when.reported) for when in (one, other) if when.reported is not None]
    return {
        "origins_known": 2.0,
        "origin_equal": float(equal),
        "origin_gap": math.copysign(math.log1p(abs(gap)), gap),
        "origin_end": math.log1p(abs(b - d)),
        "origin_start": math.log1p(abs(a - c)),
        "origin_width": math.log1p(max(abs(b - a), abs(d - c))),
        "origin_rarity": _rarity(crowd, around) if equal else -1.0,
        "origin_crowd": float(crowd),
        "latency": math.log1p(max(0.0, min(earliest) - max(b, d))) if earliest else MISSING,
    }


def _times(one: Sighting, other: Sighting, around: Surroundings) -> dict[str, float]:
    same_target = bool(one.target) and one.target == other.target
    shared = {
        "same_target": float(same_target),
        "target_share": around.targets.get(one.target, 1) / max(1, around.reports) if same_target else 0.0,
        "package_reports": math.log(max(1, around.reports)),
    }
    if one.reported is None or other.reported is None:
        return shared | dict.fromkeys(("days_apart", "between", "week_crowd", "month_crowd"), MISSING)
    first, last = sorted((_days(one.reported), _days(other.reported)))
    days = around.days

    def crowd(before: float) -> float:
        return float(bisect_right(days, last + 7) - bisect_left(days, first - before))

    between = max(0, bisect_left(days, last) - bisect_right(days, first))
    return shared | {
        "days_apart": math.log1p(last - first),
        "between": float(between),
        "week_crowd": crowd(7.0) - between,
        "month_crowd": crowd(30.0) - between,
    }


def _words(one: Sighting) -> frozenset[str]:
    return frozenset().union(*map(words, one.frames))


def _weighted(found: Iterable[str], around: Surroundings) -> float:
    return math.fsum(_rarity(around.words.get(word, 1), around) + 0.1 for word in found)


def _rarity(count: int, around: Surroundings) -> float:
    return math.log((around.reports + 1) / max(1, count))


def _days(when: datetime) -> float:
    return when.timestamp() / _DAY


SENTENCES: Final[Mapping[str, str]] = {
    "shared_frames": "number of target frames that both stacks have",
    "rarest_frame": "how rare the rarest shared frame is in this package",
    "frame_rarity": "how rare the shared frames are together",
    "frames_in_place": "frames equal at the same depth",
    "common_top": "equal frames from the top on",
    "top_in_other": "the top frame of one is in the other's stack",
    "word_overlap": "likeness of the function names, rare parts counting more",
    "top_words": "likeness of the top frames' names",
    "same_kind": "same kind of error",
    "same_family": "same family of error",
    "same_access": "both read or both write",
    "same_size": "same access size",
    "same_sanitizer": "same sanitizer",
    "same_engine": "same fuzzing engine",
    "origins_known": "reports of the pair that say when the fault came in",
    "origin_equal": "same origin window",
    "origin_gap": "distance of the origin windows (log of days; negative: they overlap)",
    "origin_end": "distance of the first builds that crash (log of days)",
    "origin_start": "distance of the last builds that do not crash (log of days)",
    "origin_width": "width of the wider origin window (log of days)",
    "origin_rarity": "how rare the shared origin window is in this package",
    "origin_crowd": "reports of this package with the shared origin window",
    "latency": "time from origin to the first report (log of days)",
    "same_target": "same fuzz target",
    "target_share": "share of the package's reports from the shared target",
    "package_reports": "reports of the package (log)",
    "days_apart": "time between the reports (log of days)",
    "between": "reports of the package between the two",
    "week_crowd": "reports of the package within a week of either",
    "month_crowd": "reports of the package in the month before and the week after",
}
"""Every number of a pair and what it says to a person."""
