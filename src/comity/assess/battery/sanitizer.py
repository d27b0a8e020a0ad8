"""Read where AddressSanitizer stopped a program: the kind of error, and the first function that is the program's own.

Only the first report and its first stack count. Layout after the sanitizer's own output (clang 14 to 19, gcc 12).
"""

import re
from dataclasses import dataclass
from typing import Final

_HEAD: Final = re.compile(r"^==\d+==ERROR: AddressSanitizer: (?:attempting )?([a-zA-Z-]+)", re.MULTILINE)
_FRAME: Final = re.compile(r"^ {4}#\d+ 0x[0-9a-f]+ in ([A-Za-z_][A-Za-z0-9_]*) /")
_RUNTIME: Final = ("__", "asan_")
_ANSWERED_FOR: Final = frozenset({"free", "malloc", "calloc", "fread", "memcpy", "memmove", "memset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`error` such as heap-buffer-overflow; `function` is "" when no frame could be named."""

    error: str
    function: str


def stop(text: str) -> Stop | None:
    """The first report in `text`, or None."""
    head = _HEAD.search(text)
    if head is None:
        return None
    begun = False
    for line in text[head.end() :].splitlines()[1:40]:
        if not line.startswith("    #"):
            if begun:
                break
            continue
        begun = True
        found = _FRAME.match(line)
        if found and not found[1].startswith(_RUNTIME) and found[1] not in _ANSWERED_FOR:
            return Stop(error=head[1], function=found[1])
    return Stop(error=head[1], function="")
