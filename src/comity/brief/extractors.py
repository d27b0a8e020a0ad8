"""Find the article in a page with two readers and say how far they agree; where they do not, a person has to look.

With the extra `comity[brief]` the text is trafilatura's in precision mode (menu text that leaks in hurts truth most);
readability-lxml is the second reader. Without it our own plain reader gives the text, and a person always looks.
Agreement is the F1 of runs of four words. Measured on 102 pages in `docs/brief.md`: the rule is a help, not proof.
"""

import logging
import re
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from comity.brief.page import Seen, clean

AGREE: Final = 0.85
"""Below this a person looks: policy parameter, ours."""
LEAST_WORDS: Final = 25
"""A page on which the first reader finds fewer words is read by our own reader, and a person looks."""
_RUN: Final = 4
_TOKEN: Final = re.compile(r"\w+")
NOT_INSTALLED: Final = "only Comity's own plain reader read this page (comity[brief] is not installed)"
OVER_SMALL: Final = "the article finder found too little on this page; Comity's own plain reader gave the text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """`text` has a blank line between paragraphs. `agreement` is None when only one reader read."""

    text: str
    extractor: str
    agreement: float | None
    needs_person: tuple[str, ...]


def extract(seen: Seen) -> Extracted:
    """The article's text, by whichever readers are installed. No reader reaches the network."""
    try:
        first = _first(seen.html)
    except ModuleNotFoundError:
        return Extracted(text=seen.text, extractor="comity/1", agreement=None, needs_person=(NOT_INSTALLED,))
    if len(_TOKEN.findall(first)) < LEAST_WORDS:
        return Extracted(text=seen.text, extractor="comity/1", agreement=None, needs_person=(OVER_SMALL,))
    agreement = agree(first, _second(seen.html))
    low = f"two readers agree on {agreement:.0%} of this page's text, below {AGREE:.0%}"
    return Extracted(
        text=first,
        extractor=f"trafilatura/{metadata.version('trafilatura')} precision",
        agreement=round(agreement, 3),
        needs_person=(low,) if agreement < AGREE else (),
    )


def _first(html: str) -> str:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs what it cannot read; text stays out of logs
    found = trafilatura.extract(html, favor_precision=True, include_comments=False) or ""
    return clean(re.sub(r"\n+", "\n\n", found))


def _second(html: str) -> str:
    import lxml.etree
    import lxml.html
    import readability

    logging.getLogger("readability").setLevel(logging.CRITICAL)
    try:
        return str(lxml.html.fromstring(readability.Document(html).summary() or "<p></p>").text_content())
    except (readability.readability.Unparseable, lxml.etree.LxmlError, ValueError):
        return ""


def runs(text: str) -> Counter[tuple[str, ...]]:
    """Runs of four words with their counts; a shorter text is one run."""
    found = _TOKEN.findall(text)
    if len(found) < _RUN:
        return Counter({tuple(found): 1} if found else {})
    return Counter(tuple(found[place : place + _RUN]) for place in range(len(found) - _RUN + 1))


def agree(one: str, other: str) -> float:
    """F1 of shared runs; 1 for two empty texts."""
    mine, theirs = runs(one), runs(other)
    total = sum(mine.values()) + sum(theirs.values())
    return 2 * sum((mine & theirs).values()) / total if total else 1.0
