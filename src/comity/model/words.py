"""Which words of a text somebody can find it by: the same rule for what is kept and for what is asked.

A text is cut at white space. Each piece counts whole, without the punctuation around it (`CVE-2024-1234`,
`pkg:pypi/jinja2`, `urllib.parse`), and by its parts between signs (`cve`, `2024`, `1234`). Case, accents and
compatibility forms make no difference (Unicode NFKD, then case folding). There is no stemming: a word is found by
itself, in any language.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 2
LONGEST: Final = 64
MOST: Final = 200
"""Words kept of one record; the first ones count."""
ASKED: Final = 8
"""Words looked at in one question."""

_PARTS: Final = re.compile(r"[^\W_]+")
_AROUND: Final = re.compile(r"^[\W_]+|[\W_]+$")


def words(texts: Iterable[str]) -> tuple[str, ...]:
    """Every word that these texts are found by, each once, in the order they come; at most `MOST`."""
    found: dict[str, None] = {}
    for text in texts:
        for piece in _plain(text).split():
            for word in (_AROUND.sub("", piece), *_PARTS.findall(piece)):
                if SHORTEST <= len(word) <= LONGEST:
                    found[word] = None
            if len(found) >= MOST:
                return tuple(found)[:MOST]
    return tuple(found)


def asked(question: str) -> tuple[str, ...]:
    """The words that must all be there: pieces as typed, at most `ASKED`. Empty when nothing can be looked for."""
    pieces = (_AROUND.sub("", piece) for piece in _plain(question).split())
    wanted = dict.fromkeys(piece for piece in pieces if SHORTEST <= len(piece) <= LONGEST)
    return tuple(wanted)[:ASKED]


def holds(texts: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether a record with these texts is found by all these words; for the few things that need no index."""
    held = set(words(texts))
    return all(word in held for word in wanted)


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
