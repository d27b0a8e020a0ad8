"""Signs that a summary without declared spans departs from its document, and a plain logistic sum of them.

Used by the bench alone: its figures do not earn it a place among the gates. No sign looks at how much a summary
paraphrases: in SummEdits edited rows are paraphrased less than consistent ones, which is a trait of that set, not of
false briefs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

from comity.bench.faithfulness_words import ALIKE, OPPOSED
from comity.brief.check import certainty, exact, naming, speech
from comity.brief.check.certainty import denials, opposites
from comity.brief.check.evidence import Evidence, Mismatch, nearest
from comity.brief.extract import numbers
from comity.brief.lexicon import NEGATORS, OPPOSITES
from comity.brief.sentences import STOP, content, sentences, stem, words
from comity.model.article import Weight

_RULES: Final[dict[str, Callable[[str, Evidence], Iterator[Mismatch]]]] = {
    "gate number": exact.number_gate,
    "gate date": exact.date_gate,
    "gate speaker": speech.speaker_gate,
    "gate name": naming.name_gate,
    "gate role": naming.role_gate,
    "gate negation": certainty.negation_gate,
    "gate modality": certainty.modality_gate,
    "gate attribution": certainty.attribution_gate,
    "gate amount": certainty.amount_gate,
}
SIGNS: Final = (
    "new number",
    "new unit",
    "opposite",
    "denied",
    "new limit",
    "limits",
    "far pairs",
    "turned",
    "unaccounted",
    *_RULES,
)
"""The last nine: whether a rule of the gates blocks the summary against the sentences of the document nearest to it."""
_LIMITING: Final = NEGATORS | {"except", "only", "excluding", "instead", "rather", "unless", "despite", "regardless"}
_WINDOW: Final = 6
_NEAREST: Final = 4
_AROUND: Final = 5
_PENALTY: Final = 0.1
_STEPS: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    lower: frozenset[str]
    stems: frozenset[str]
    beside: dict[str, set[str]]
    values: frozenset[Decimal]
    measured: frozenset[tuple[Decimal, str]]
    denied: dict[str, set[bool]]
    pieces: tuple[frozenset[str], ...]
    rarity: dict[str, float]


@lru_cache(maxsize=64)
def _document(text: str) -> _Document:
    found = words(text)
    run = [word.stem for word in found if word.lower not in STOP]
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for place, one in enumerate(run):
        for other in run[place + 1 : place + 1 + _WINDOW]:
            beside[one].add(other)
            beside[other].add(one)
    given = numbers(text)
    pieces = tuple(content(text[span.start : span.end]) for span in sentences(text))
    counts = Counter(one for piece in pieces for one in piece)
    return _Document(
        lower=frozenset(word.lower for word in found),
        stems=frozenset(word.stem for word in found),
        beside=dict(beside),
        values=frozenset(one.value for one in given),
        measured=frozenset((one.value, one.unit) for one in given),
        denied=denials(text),
        pieces=pieces,
        rarity={one: math.log(1 + len(pieces) / count) for one, count in counts.items()},
    )


@lru_cache(maxsize=1)
def _meanings() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """For each stem the stems of nearly its meaning, and those of the opposite. In both, it counts as alike."""
    alike: defaultdict[str, set[str]] = defaultdict(set)
    contrary: defaultdict[str, set[str]] = defaultdict(set)
    pairs = [[frozenset(map(stem, side.split())) for side in line.split("|")] for line in OPPOSED.strip().split("\n")]
    for group in [side for pair in pairs for side in pair] + [
        frozenset(map(stem, line.split())) for line in ALIKE.strip().split("\n")
    ]:
        for one in group:
            alike[one] |= group
    for sides in pairs:
        for mine, theirs in ((sides[0], sides[-1]), (sides[-1], sides[0])):
            if mine != theirs:
                for one in mine:
                    contrary[one] |= theirs
    for first, second in OPPOSITES:
        contrary[stem(first)].add(stem(second))
        contrary[stem(second)].add(stem(first))
    return (
        {one: frozenset(group) for one, group in alike.items()},
        {one: frozenset(group - alike[one]) for one, group in contrary.items()},
    )


def _blocked(summary: str, document: str) -> tuple[float, ...]:
    near = "\n".join(document[span.start : span.end] for span in nearest(summary, document, most=_AROUND))
    held = Evidence(text=near, whole=document)
    return tuple(float(any(one.weight is Weight.BLOCK for one in rule(summary, held))) for rule in _RULES.values())


def _turned(summary: str, held: _Document) -> int:
    """Words whose opposite stands in the four sentences nearest to theirs, while neither they nor their like do."""
    alike, contrary = _meanings()
    found = 0
    for span in sentences(summary):
        text = summary[span.start : span.end]
        ours = content(text)
        near = sorted(
            range(len(held.pieces)),
            key=lambda place: (
                -sum(held.rarity[one] for one in ours & held.pieces[place]) / math.sqrt(len(held.pieces[place]) + 3),
                place,
            ),
        )[:_NEAREST]
        theirs = frozenset().union(*(held.pieces[place] for place in near if ours & held.pieces[place]))
        for word in words(text):
            if word.lower in STOP or word.stem in theirs or alike.get(word.stem, frozenset()) & theirs:
                continue
            found += bool((contrary.get(word.stem, frozenset()) & theirs) - ours)
    return found


def _unaccounted(summary: str, held: _Document) -> float:
    """Of the words that the document lacks, the share for which it holds none of nearly that meaning; less a half.

    No measure of how much is paraphrased: many new words that the document accounts for count as few.
    """
    alike, _ = _meanings()
    new = [word for word in words(summary) if word.lower not in STOP and word.stem not in held.stems]
    new = [word for word in new if not word.text.isdigit()]
    strange = sum(not alike.get(word.stem, frozenset()) & held.stems for word in new)
    return (strange + 0.5) / (len(new) + 1) - 0.5


def signs(summary: str, document: str) -> tuple[float, ...]:
    """One value per name in `SIGNS`."""
    held = _document(document)
    found = words(summary)
    run = [word.stem for word in found if word.lower not in STOP]
    given = numbers(summary)
    far = sum(a in held.stems and b in held.stems and b not in held.beside.get(a, ()) for a, b in pairwise(run))
    denied = denials(summary).items()
    limits = [word.lower for word in found if word.lower in _LIMITING]
    return (
        float(any(one.value not in held.values for one in given)),
        float(any(one.value in held.values and (one.value, one.unit) not in held.measured for one in given)),
        float(min(2, len({one.found for one in opposites(summary, document)}))),
        float(any(True in said and one in held.denied and not said & held.denied[one] for one, said in denied)),
        float(min(2, sum(limit not in held.lower for limit in limits))),
        float(min(2, len(limits))),
        far / max(1, len(run)),
        float(min(3, _turned(summary, held))),
        _unaccounted(summary, held),
        *_blocked(summary, document),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """`doubts` is True above even odds, both labels weighing the same."""

    weights: tuple[float, ...]
    middles: tuple[float, ...]
    scales: tuple[float, ...]
    start: float

    def doubts(self, row: Sequence[float]) -> bool:
        """Whether this row is taken for inconsistent."""
        return self.start + sum(w * z for w, z in zip(self.weights, self._scaled(row), strict=True)) > 0

    def _scaled(self, row: Sequence[float]) -> list[float]:
        return [(x - middle) / scale for x, middle, scale in zip(row, self.middles, self.scales, strict=True)]


def fit(rows: Sequence[Sequence[float]], wrong: Sequence[bool]) -> Fitted:
    """Logistic regression by plain gradient descent: fixed steps and penalty, no tuning, the same result each time."""
    count = len(rows)
    middles = tuple(sum(column) / count for column in zip(*rows, strict=True))
    spread = [
        sum((x - m) ** 2 for x in column) / count for column, m in zip(zip(*rows, strict=True), middles, strict=True)
    ]
    scales = tuple(max(1e-6, value**0.5) for value in spread)
    share = sum(wrong) / count
    scaled = [[(x - m) / s for x, m, s in zip(row, middles, scales, strict=True)] for row in rows]
    weights, start = [0.0] * len(middles), 0.0
    for _ in range(_STEPS):
        slope, lift = [0.0] * len(weights), 0.0
        for row, bad in zip(scaled, wrong, strict=True):
            guess = 1 / (
                1 + math.exp(-max(-30.0, min(30.0, start + sum(w * z for w, z in zip(weights, row, strict=True)))))
            )
            miss = (0.5 / share if bad else 0.5 / (1 - share)) * (guess - bad)
            lift += miss
            for place, z in enumerate(row):
                slope[place] += miss * z
        start -= 0.5 * lift / count
        weights = [w - 0.5 * (g / count + _PENALTY * w) for w, g in zip(weights, slope, strict=True)]
    return Fitted(weights=tuple(weights), middles=middles, scales=scales, start=start)
