"""How alike two texts are: Jaccard over shingles of five words, found through MinHash, and TF-IDF cosine.

MinHash only proposes pairs; what counts is the exact Jaccard of the shingles. Hashes are seeded and stable, so that a
replay gives the same pairs.
"""

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from comity.brief.sentences import STOP, words

COPY: Final = 0.8
"""Jaccard of shingles at or above which two texts are copies: policy parameter."""
INSIDE: Final = 0.9
"""At or above this share of its shingles in the larger, the smaller is a shortened copy: policy parameter."""
_LEAST: Final = 30
_SHINGLE: Final = 5
_BANDS, _ROWS = 16, 4
_PRIME: Final = (1 << 61) - 1


def shingles(text: str) -> frozenset[int]:
    """Hashes of runs of five words in lower case; a shorter text is one shingle."""
    run = [word.lower for word in words(text)]
    if not run:
        return frozenset()
    runs = [run] if len(run) < _SHINGLE else [run[at : at + _SHINGLE] for at in range(len(run) - _SHINGLE + 1)]
    return frozenset(zlib.crc32(" ".join(one).encode()) for one in runs)


def _signature(held: frozenset[int]) -> tuple[int, ...]:
    return tuple(
        min((one * (2 * seed + 1_000_003) + seed * 7_919 + 17) % _PRIME for one in held)
        for seed in range(_BANDS * _ROWS)
    )


def copies(texts: Sequence[str]) -> list[tuple[int, int, float]]:
    """Pairs of copies (one, other, Jaccard), or shortened copies (then the share inside), in order."""
    if len(texts) < 2:
        return []
    held = [shingles(text) for text in texts]
    buckets: defaultdict[tuple[int, tuple[int, ...]], list[int]] = defaultdict(list)
    for place, one in enumerate(held):
        if one:
            signature = _signature(one)
            for band in range(_BANDS):
                buckets[band, signature[band * _ROWS : (band + 1) * _ROWS]].append(place)
    pairs = {pair for places in buckets.values() for pair in combinations(places, 2)}
    by_shingle: defaultdict[int, list[int]] = defaultdict(list)
    for place, some in enumerate(held):
        for value in sorted(some)[:: max(1, len(some) // 16)]:
            by_shingle[value].append(place)
    pairs |= {tuple(sorted(pair)) for places in by_shingle.values() for pair in combinations(set(places), 2)}  # type: ignore[misc]  # two places each
    found = []
    for first, second in sorted(pairs):
        both = len(held[first] & held[second])
        jaccard = both / len(held[first] | held[second])
        smaller = min(len(held[first]), len(held[second]))
        if jaccard >= COPY:
            found.append((first, second, jaccard))
        elif smaller >= _LEAST and both / smaller >= INSIDE:
            found.append((first, second, both / smaller))
    return found


class Corpus:
    """TF-IDF over texts that arrive one by one: how often a word was seen so far decides its weight."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._texts = 0

    def learn(self, text: str) -> None:
        """Count the words of one more text."""
        self._texts += 1
        self._seen.update({word.stem for word in words(text) if word.lower not in STOP})

    def vector(self, text: str) -> dict[str, float]:
        """Unit vector of the text's content stems."""
        counts = Counter(word.stem for word in words(text) if word.lower not in STOP)
        weighed = {
            stem: (1 + math.log(count)) * math.log((1 + self._texts) / (1 + self._seen[stem]) + 1)
            for stem, count in counts.items()
        }
        length = math.sqrt(sum(value * value for value in weighed.values())) or 1.0
        return {stem: value / length for stem, value in weighed.items()}


def cosine(one: dict[str, float], other: dict[str, float]) -> float:
    """Of two unit vectors."""
    if len(one) > len(other):
        one, other = other, one
    return sum(value * other.get(stem, 0.0) for stem, value in one.items())
