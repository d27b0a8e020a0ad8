"""Decide how the copy of each recipient is told apart, and whose copies a text from outside was made from.

Every restricted rendering of a case carries a reference of its recipient, in sight: nothing is hidden in it, so whoever
reads it may know, and may leave it out. A reference that turns up outside says whose copy the text was made from. It
does not say who passed it on, and a text without one speaks for and against nobody.
"""

import base64
import re
from collections.abc import Iterable
from typing import Final

from comity.errors import TooLarge
from comity.model.ids import ALPHABET, code

LENGTH: Final = 12
"""Characters of a reference, 60 bits: of a million copies the largest text hits one by chance 1 time in 4 million."""
TEXT_LIMIT: Final = 256 * 1024
SAYS: Final = (
    "It was made from this copy, or by somebody who knew its reference. It does not say who passed it on: a copy can "
    "be forwarded, taken, or named on purpose."
)
SILENT: Final = (
    "No reference of a copy stands in it. That speaks for and against nobody: a reference is in sight and can be left "
    "out, files of reports carry none, and what was said in other words has none."
)

_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_OTHERS: Final = re.compile(f"[^{ALPHABET}]")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]{20,}")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]{32,}")


def reference(mark: str) -> str:
    """The reference behind a keyed digest (hex) of a recipient's seat, in groups that a person can read out."""
    return code(bytes.fromhex(mark[:16]), LENGTH)


def line(reference_: str) -> str:
    """How a copy says so, in a letter or at the end of a text."""
    return f"This copy is yours alone. Its reference is {reference_}."


def in_text(text: bytes) -> frozenset[str]:
    """Every run of characters that may be a reference, as `bare` writes one. Breaks, quotes and dashes do not matter.

    TooLarge above `TEXT_LIMIT`.
    """
    if len(text) > TEXT_LIMIT:
        raise TooLarge(f"a text of over {TEXT_LIMIT} bytes: look at the part that matters")
    kept = bare(text.decode("utf-8", "replace"))
    return frozenset(kept[start : start + LENGTH] for start in range(len(kept) - LENGTH + 1))


def bare(text: str) -> str:
    """Only the characters of references, with those read alike as one."""
    return _OTHERS.sub("", text.upper().translate(_READ_AS))


def needles(name: bytes) -> tuple[bytes, bytes]:
    """How the first 16 bytes of a shelf's entry begin in base64 and in hex."""
    return base64.b64encode(name)[:20], name.hex().encode()


def tokens(text: bytes) -> frozenset[bytes]:
    """What in a text may begin an entry of a shelf, in base64 or in hex."""
    found: set[bytes] = {one[:20] for one in _BASE64.findall(text)}
    found.update(one[:32].lower() for one in _HEX.findall(text))
    return frozenset(found)


def is_named(names: Iterable[bytes], held: frozenset[bytes]) -> int:
    """How many of these entries stand in a text."""
    return sum(any(needle in held for needle in needles(name)) for name in names)
