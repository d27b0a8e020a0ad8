"""Give a source one class of the cyber-policy list, with the words it rests on, or say that it is unclear.

Rules only (`taxonomy`): the title counts three times, the first sentences twice. Nothing in a page can name its own
class. No labelled set exists, so no accuracy is claimed; `confidence` is a share of weight and no probability.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from comity.brief.sentences import sentences
from comity.brief.taxonomy import BY_NAME, GENRES, NONE, TOPICS
from comity.model.article import Source, Span

IPTC: Final = {topic.name: topic.level1 for topic in TOPICS if topic.triggers}
"""Top-level IPTC Media Topic of each class (CC-BY 4.0)."""
TRIGGERS: Final = {topic.name: topic.triggers for topic in TOPICS if topic.triggers}

CLEAR_LEAD: Final = 1.25
"""The first class must weigh this much more than the second, else the class is unclear. Policy parameter, ours."""
LEAST_WEIGHT: Final = 4.0
"""Below this (one passing mention in a lead weighs 3) a text is unclear. Policy parameter, ours."""
_MOST_BODY: Final = 5
_MOST_WORDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """`primary` may be `unclassified`, with the contenders among `others`.

    `spans` are where the words of `because` stand in the text; a word that stands in the title alone has none.
    """

    primary: str
    others: tuple[str, ...]
    confidence: float
    because: tuple[str, ...]
    spans: tuple[Span, ...]
    iptc: str
    iptc_level2: str
    genre: str
    genre_because: str


def classify(source: Source) -> Class:
    """Weigh every class by its words. Classes that weigh the same stay unclear."""
    title, text = source.title.lower(), source.text.lower()
    if len(text) != len(source.text):  # a letter whose lower case is longer would move the spans
        text = source.text
    pieces = sentences(source.text)[:3]
    lead_ends = pieces[-1].end if pieces else 0
    weights: dict[str, float] = {}
    seen: dict[str, tuple[dict[str, None], list[Span]]] = {}
    for topic in TOPICS:
        if not topic.triggers:
            continue
        finder = _finder(topic.triggers)
        body = [Span(match.start(), match.end()) for match in finder.finditer(text)]
        lead = sum(span.end <= lead_ends for span in body)
        head = [match.group() for match in finder.finditer(title)]
        weight = 3.0 * len(head) + 2.0 * lead + min(len(body), _MOST_BODY)
        if weight:
            weights[topic.name] = weight
            words = dict.fromkeys([*head, *(text[span.start : span.end].lower() for span in body)])
            seen[topic.name] = (words, body)
    genre, genre_because = _genre(title, text)
    ranked = sorted(weights, key=lambda name: (-weights[name], name))
    thin = not ranked or weights[ranked[0]] < LEAST_WEIGHT
    if thin or (len(ranked) > 1 and weights[ranked[0]] < CLEAR_LEAD * weights[ranked[1]]):
        return Class(
            primary=NONE,
            others=tuple(ranked[:3]),
            confidence=0.0,
            because=(),
            spans=(),
            iptc="",
            iptc_level2="",
            genre=genre,
            genre_because=genre_because,
        )
    first = ranked[0]
    words, body = seen[first]
    return Class(
        primary=first,
        others=tuple(ranked[1:4]),
        confidence=round(weights[first] / sum(weights.values()), 3),
        because=tuple(words)[:_MOST_WORDS],
        spans=tuple(body[:_MOST_WORDS]),
        iptc=BY_NAME[first].level1,
        iptc_level2=BY_NAME[first].level2,
        genre=genre,
        genre_because=genre_because,
    )


def _genre(title: str, text: str) -> tuple[str, str]:
    for name, pattern in GENRES:
        match = _finder(pattern).search(title) or _finder(pattern).search(text)
        if match:
            return name, match.group()
    return "unclear", ""


@lru_cache(maxsize=64)
def _finder(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
