"""Decide which frames of a crash speak of the target, and what kind of error it was, so that two crashes compare.

Sanitizers and fuzzers print their own frames above and below those of the program; addresses, template arguments and
parameter lists change from build to build. What is left after normalising is compared exactly. A crash of which
nothing is left matches nothing (clearing.md section 4, signal 5).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

FRAME_LIMIT: Final = 16
"""Frames kept of one stack: the top ones."""
TEXT_LIMIT: Final = 1024
"""Characters read of one frame or title; stacks come from strangers."""

_OWN: Final = re.compile(
    r"(__(asan|msan|ubsan|tsan|hwasan|interceptor|sanitizer|libc|GI)_|(asan|msan|ubsan|sanitizer|fuzzer|afl)::|_start\Z"
    r"|LLVMFuzzer|main\Z|(honggfuzz|afl)_|fuzz_(one|loop)\Z|ExecuteFilesOnyByOne\Z|(abort|raise|__assert_fail)\Z"
    r"|(memcpy|memmove|memset|memcmp|strlen|strcpy|strncpy|strcat|free|malloc|calloc|realloc)\Z)"
)
_ADDRESS: Final = re.compile(r"\b0x[0-9a-fA-F]+|\+0x[0-9a-fA-F]+(/0x[0-9a-fA-F]+)?")
_INLINE_NAMESPACE: Final = re.compile(r"std::__[0-9a-z_]+::")
_SUFFIX: Final = re.compile(r"\.(isra|constprop|part|cold|llvm)(\.\d+)*")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ACCESS: Final = re.compile(r"\b(READ|WRITE)\b(?: (?:of size )?(\d+|\{\*\}))?", re.IGNORECASE)
_TITLE: Final = re.compile(r"(?P<kind>.+?) in (?P<function>[A-Za-z_][\w.:]*)\s*(?:\(\d+\))?\Z")


class Family(StrEnum):
    """Errors that one fault can show as, depending on the input: the coarsest thing to compare."""

    BOUNDS = "outside the bounds"
    LIFETIME = "used or freed after its life"
    UNINITIALISED = "read before it was written"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a sanitizer says went wrong. `name` is lower case without access and size."""

    name: str
    family: Family
    access: str
    """`read`, `write` or empty."""
    size: str
    """Bytes as printed, `{*}` for a range, or empty."""


@lru_cache(maxsize=1024)
def read_kind(text: str) -> Kind:
    """The kind in words such as `Heap-buffer-overflow READ 4`, as ClusterFuzz, the sanitizers and syzbot write them."""
    text = text[:TEXT_LIMIT]
    found = _ACCESS.search(text)
    name = " ".join((text[: found.start()] if found else text).lower().split())
    return Kind(
        name=name,
        family=_family(name),
        access=found[1].lower() if found else "",
        size=(found[2] or "") if found else "",
    )


def read_title(text: str) -> tuple[Kind, str | None]:
    """A kernel crash's title, `KASAN: use-after-free Read in __lock_acquire`: its kind and its function, if any."""
    found = _TITLE.match(text[:TEXT_LIMIT].strip())
    if found is None:
        return read_kind(text), None
    return read_kind(found["kind"]), _SUFFIX.sub("", found["function"])


def normalise_frame(text: str) -> str:
    """One function name without address, template arguments, parameters, return type and compiler suffix; may be empty.

    Reports cut long names in the middle of an argument list, so everything from an unclosed bracket on is dropped too.
    """
    bare = _ADDRESS.sub("", text[:TEXT_LIMIT]).replace("(anonymous namespace)::", "")
    bare = _INLINE_NAMESPACE.sub("std::", bare)
    words = _SUFFIX.sub("", _outside(bare) if "<" in bare or "(" in bare else bare).split()
    return words[-1] if words else ""


def _outside(bare: str) -> str:
    """What stands outside of every bracket that is no part of an operator's name."""
    kept, depth = [], 0
    for place, letter in enumerate(bare):
        before = bare[max(0, place - 10) : place]
        operator = (before.rstrip("<>") if letter in "<>" else before.rstrip("(")).endswith("operator")
        if letter in "<(" and not operator:
            depth += 1
        elif letter in ">)" and depth and not operator:
            depth -= 1
        elif depth == 0:
            kept.append(letter)
    return "".join(kept)


def target_frames(stack: Iterable[str]) -> tuple[str, ...]:
    """The normalised frames of the program itself, top first: without those of sanitizer, C library and harness."""
    frames = (normalise_frame(text) for text in stack)
    return tuple(frame for frame in frames if frame and not _OWN.match(frame))[:FRAME_LIMIT]


@lru_cache(maxsize=4096)
def words(frame: str) -> frozenset[str]:
    """The parts of a function's name: `bit_utf8_to_TV` gives bit, utf, to, tv. Single characters are left out."""
    return frozenset(part.lower() for part in _WORD.findall(frame) if len(part) > 1)


def _family(name: str) -> Family:
    if "free" in name or "use-after" in name or "poison" in name:
        return Family.LIFETIME
    if "uninit" in name or "infoleak" in name:
        return Family.UNINITIALISED
    if any(part in name for part in ("overflow", "bounds", "unknown", "segv", "general protection", "paging request")):
        return Family.BOUNDS
    return Family.OTHER
