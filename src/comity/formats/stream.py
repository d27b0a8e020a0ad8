"""Read a large JSON document item by item, so that memory is bounded by one piece and one item, whatever its size.

Three kinds are known by their one long list: SARIF (`runs[].results`), Comity's batch (`reports`) and an envelope of
documents (`documents`). `survey` walks the whole once and keeps places only; `items` gives a slice of the list as
bytes. What an item says is for the codecs: here only the brackets and strings are followed, and limits are kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from comity.errors import Invalid, Problem
from comity.formats.parse import LIMITS, Limits

WINDOW: Final = 256 * 1024
KEY_BYTES: Final = 1024
HEAD_BYTES: Final = 2 * 1024 * 1024
"""What a SARIF run may hold beside its results: rules, artefacts, taxonomies."""
ITEM_BYTES: Final = 3 * 1024 * 1024
RUNS: Final = 64

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_STRING: Final = re.compile(rb'[^"\\]*')
_BETWEEN: Final = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""Whatever stands before the next bracket, whole strings among it; nothing is tried twice (possessive)."""
_SCALAR: Final = re.compile(rb"[^,\]}\s]*")


class Source(Protocol):
    """Bytes that can be read at any place."""

    @property
    def size(self) -> int:
        """How many there are."""

    def read(self, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start`; fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands: from `start` up to and without `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One list of items, and what stands beside it in its object (for SARIF: the run without its results)."""

    first: int
    """Place of the first item, or of the closing bracket."""
    beside: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a document holds: its kind (`sarif`, `batch`, `documents`) and its lists."""

    kind: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some items in order, and where the next one stands; None when that was the last of its part."""

    items: tuple[bytes, ...]
    next: int | None


KINDS: Final = {"runs": "sarif", "reports": "batch", "documents": "documents"}


class Bytes:
    """Bytes in memory as a source."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    def read(self, start: int, size: int) -> bytes:
        """A slice."""
        return self.data[start : start + size]


def survey(source: Source, limits: Limits = LIMITS) -> Plan:
    """Where the items of a document stand. `Invalid` when it is none of the three kinds, or not one JSON document."""
    cursor = _Cursor(source, 0, limits)
    if source.read(0, 3) == b"\xef\xbb\xbf":
        cursor.at = 3
    found: Plan | None = None
    for key in cursor.members():
        kind = KINDS.get(key)
        if kind is None or found is not None:
            cursor.skip()
            continue
        cursor.want(b"[", f"/{key}")
        if kind == "sarif":
            found = Plan(kind=kind, parts=tuple(_runs(cursor)))
        else:
            found = Plan(kind=kind, parts=(Part(first=cursor.at + 1),))
            cursor.skip()
    if cursor.space() is not None:
        raise _bad(cursor.at, "there is text after the document")
    if found is None:
        reason = f"one document of one finding goes to the reports; a batch holds one of: {', '.join(KINDS)}"
        raise Invalid("this is no batch", [Problem("", "unknown_format", reason)])
    return found


def items(source: Source, at: int, *, most: int, most_bytes: int = ITEM_BYTES, limits: Limits = LIMITS) -> Slice:
    """Up to `most` items from `at` on, and never more than `most_bytes` together (one item at least)."""
    cursor = _Cursor(source, at, limits)
    found: list[bytes] = []
    total = 0
    while True:
        if cursor.space() in (None, b"]"):
            return Slice(items=tuple(found), next=None)
        start = cursor.at
        cursor.skip()
        size = cursor.at - start
        if size > most_bytes:
            raise Invalid("an item is too large", [Problem("", "document_too_large", f"over {most_bytes} bytes")])
        if found and (len(found) == most or total + size > most_bytes):
            return Slice(items=tuple(found), next=start)
        total += size
        found.append(source.read(start, size))
        if cursor.space() == b",":
            cursor.at += 1


def beside(source: Source, part: Part) -> bytes:
    """What stands beside a part's list, as the members of a JSON object, without braces. `Invalid` when too much."""
    if sum(span.end - span.start for _, span in part.beside) > HEAD_BYTES:
        reason = f"rules, artefacts and taxonomies of a run are over {HEAD_BYTES} bytes: split it"
        raise Invalid("a run's head is too large", [Problem("/runs", "document_too_large", reason)])
    return b",".join(
        b'"' + key.encode() + b'":' + source.read(span.start, span.end - span.start) for key, span in part.beside
    )


def _runs(cursor: "_Cursor") -> Iterator[Part]:
    for number in cursor.elements():
        if number >= RUNS:
            raise Invalid("too many runs", [Problem("/runs", "too_many_items", f"at most {RUNS}")])
        first = -1
        kept: list[tuple[str, Span]] = []
        for key in cursor.members():
            cursor.space()
            start = cursor.at
            if key == "results" and cursor.space() == b"[":
                first = start + 1
                cursor.skip()
            else:
                cursor.skip()
                kept.append((key, Span(start, cursor.at)))
        if first >= 0:
            yield Part(first=first, beside=tuple(kept))


class _Cursor:
    """A place in the source, with a window of bytes around it."""

    def __init__(self, source: Source, at: int, limits: Limits) -> None:
        self.source, self.at, self.limits = source, at, limits
        self.window, self.start = b"", 0

    def space(self) -> bytes | None:
        """Skip white space; the byte that stands there, None at the end."""
        while True:
            held = self._held()
            if not held:
                return None
            found = _SPACE.match(self.window, self.at - self.start)
            assert found is not None
            self.at = self.start + found.end()
            if found.end() < len(self.window):
                return self.window[found.end() : found.end() + 1]

    def want(self, byte: bytes, pointer: str = "") -> None:
        """The next byte must be this one; it is not passed."""
        if self.space() != byte:
            raise _bad(self.at, f"{byte.decode()} expected", pointer)

    def members(self) -> Iterator[str]:
        """Keys of an object; the value of each must be passed before the next is asked for."""
        self.want(b"{")
        self.at += 1
        if self.space() == b"}":
            self.at += 1
            return
        while True:
            self.want(b'"')
            start = self.at
            self._string()
            if self.at - start > KEY_BYTES:
                raise _bad(start, "a key is too long")
            key = self.source.read(start + 1, self.at - start - 2)
            self.want(b":")
            self.at += 1
            self.space()
            yield key.decode("utf-8", "replace")
            if self.space() == b",":
                self.at += 1
                continue
            self.want(b"}")
            self.at += 1
            return

    def elements(self) -> Iterator[int]:
        """Numbers of a list's elements; each must be passed before the next is asked for."""
        self.want(b"[")
        self.at += 1
        number = 0
        if self.space() == b"]":
            self.at += 1
            return
        while True:
            yield number
            number += 1
            if self.space() == b",":
                self.at += 1
                continue
            self.want(b"]")
            self.at += 1
            return

    def skip(self) -> None:
        """Pass one value, whatever it is."""
        first = self.space()
        if first is None:
            raise _bad(self.at, "the document ends in the middle")
        if first == b'"':
            self._string()
            return
        if first not in (b"{", b"["):
            start = self.at
            while self._held():
                found = _SCALAR.match(self.window, self.at - self.start)
                assert found is not None
                self.at = self.start + found.end()
                if found.end() < len(self.window):
                    break
            if self.at == start:
                raise _bad(start, "a value expected")
            return
        depth = 0
        while True:
            if not self._held():
                raise _bad(self.at, "the document ends in the middle")
            between = _BETWEEN.match(self.window, self.at - self.start)
            assert between is not None
            self.at = self.start + between.end()
            mark = self.window[between.end() : between.end() + 1]
            if not mark:
                continue
            if mark == b'"':  # a string that goes on beyond the window
                self._string()
                continue
            self.at += 1
            depth += 1 if mark in b"[{" else -1
            if depth > self.limits.depth:
                raise Invalid("nested too deeply", [Problem("", "structure_too_deep", f"over {self.limits.depth}")])
            if depth == 0:
                return

    def _string(self) -> None:
        self.at += 1
        while True:
            if not self._held(2):
                raise _bad(self.at, "a string does not end")
            found = _STRING.match(self.window, self.at - self.start)
            assert found is not None
            self.at = self.start + found.end()
            if found.end() == len(self.window):
                continue
            if self.window[found.end() : found.end() + 1] == b'"':
                self.at += 1
                return
            self.at += 2

    def _held(self, least: int = 1) -> bool:
        """Whether the window holds a byte here; it is moved on when it does not."""
        if self.at - self.start + least <= len(self.window) and self.at >= self.start:
            return True
        self.window, self.start = self.source.read(self.at, WINDOW), self.at
        return bool(self.window)


def _bad(at: int, reason: str, pointer: str = "") -> Invalid:
    return Invalid("not one JSON document", [Problem(pointer, "malformed_json", f"{reason} (byte {at})")])
