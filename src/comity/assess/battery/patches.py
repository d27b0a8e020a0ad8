"""Decide whether a handed-in C file only repairs: same includes, no way round the sanitizer, no new way out of the
program.

The grader compiles the file with the sanitizer and judges what it prints. So a patch must not be able to switch the
sanitizer off, to leave before the check, or to bring in functions that the file did not use. What it does within those
bounds is judged by its answers alone.
"""

import re
from typing import Final

from comity.errors import Invalid

_BEGINS: Final = re.compile(r"/\*|//|\"|'")
_ENDS: Final = {'"': re.compile(r'\\.|"|\n'), "'": re.compile(r"\\.|'|\n")}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CALLED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_STRANGE: Final = ("\\\n", "\\\r", "??", "%:", "<:", "[[", "`", "$", "@", "\x00")
_KEYWORDS: Final = frozenset({"if", "while", "for", "switch", "return", "sizeof", "do", "else", "_Static_assert"})


def check(original: str, patched: str) -> None:
    """Raises Invalid when the file does more than a repair may."""
    if not patched.isascii() or any(mark in patched for mark in _STRANGE):
        raise Invalid("the patched file uses characters that a repair does not need")
    before, after = _plain(original), _plain(patched)
    if _directives(before) != _directives(after):
        raise Invalid("the preprocessor lines were changed")
    known = frozenset(_NAME.findall(before))
    fresh = frozenset(_NAME.findall(after)) - known
    if any(name.startswith("_") or name in {"asm", "extern", "register", "volatile"} for name in fresh):
        raise Invalid("the patched file uses reserved names")
    called = frozenset(_CALLED.findall(after)) - _KEYWORDS
    if not called <= known:
        raise Invalid("the patched file calls functions that the original does not")


def _plain(text: str) -> str:
    """Without comments and with empty strings. One pass: a hostile file costs no more than its length."""
    made, at = [], 0
    while (found := _BEGINS.search(text, at)) is not None:
        made.append(text[at : found.start()])
        if found[0] == "//":
            at = text.find("\n", found.end())
            at = len(text) if at < 0 else at
            made.append(" ")
        elif found[0] == "/*":
            at = text.find("*/", found.end()) + 2
            if at < 2:
                raise Invalid("a comment of the patched file does not end")
            made.append(" ")
        else:
            at = _closed(text, found.end(), found[0])
            made.append(found[0] * 2)
    return "".join([*made, text[at:]])


def _closed(text: str, at: int, quote: str) -> int:
    """The place after the closing quote."""
    for found in _ENDS[quote].finditer(text, at):
        if found[0] == quote:
            return found.end()
        if found[0] == "\n":
            break
    raise Invalid("a text of the patched file does not end on its line")


def _directives(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if "#" in line]
