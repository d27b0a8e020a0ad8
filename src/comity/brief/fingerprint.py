"""Tell whether a text is one that was published here, or close to one, without keeping the text.

A keyed hash finds the exact words (the key is the store's own, so the log alone answers nobody's guesses); a SimHash of
256 bits over words and pairs of words finds edited copies. Basis: Code of Practice of 10 June 2026, 1.1.3 and 1.3.
"""

import hashlib
import re
import unicodedata
from itertools import pairwise
from typing import Final

BITS: Final = 256
NEAR: Final = 64
"""Differing bits up to which two texts are near: policy parameter. Texts that share nothing differ in about half."""
MOST_PARAGRAPHS: Final = 40
LEAST_WORDS: Final = 8
"""Below this a text is too short to be called near anything: only exact words are recognised."""


def normal(text: str) -> str:
    """The words of a text, as they are compared: case, space, punctuation and invisible marks do not count."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def runs(text: str) -> tuple[str, ...]:
    """The words of the whole text, and of every run of its paragraphs: a published text may stand among others.

    Over `MOST_PARAGRAPHS` only the whole is looked at.
    """
    parts = [plain for plain in (normal(part) for part in re.split(r"\n\s*\n", text)) if plain]
    found = {normal(text): None}
    if len(parts) <= MOST_PARAGRAPHS:
        for start in range(len(parts)):
            for end in range(start + 1, len(parts) + 1):
                found[" ".join(parts[start:end])] = None
    return tuple(found)


def simhash(text: str) -> int:
    """Charikar's hash over words and pairs of words. Equal words give equal hashes, and similar words near ones."""
    words = normal(text).split()
    features = [*words, *(f"{one} {two}" for one, two in pairwise(words))]
    totals = [0] * BITS
    for feature in features:
        bits = int.from_bytes(hashlib.sha256(feature.encode()).digest(), "big")
        for place in range(BITS):
            totals[place] += 1 if bits >> place & 1 else -1
    return sum(1 << place for place, total in enumerate(totals) if total > 0)


def distance(one: int, other: int) -> int:
    """How many bits differ."""
    return (one ^ other).bit_count()


def is_near(text: str, hash_of_other: int) -> bool:
    """True when the text is long enough to tell and differs in few bits."""
    return len(normal(text).split()) >= LEAST_WORDS and distance(simhash(text), hash_of_other) <= NEAR
