"""The toy protocol of family `parser` as values, and what a correct parser does with a message.

A message is a row of records: type, length, payload, check bytes. Each state of the machine knows some record types;
each
has one handler. The expected answers of the hidden tests come from here, never from running the C file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SLOT_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """What happens at one record type in one state. `limit` is a name; `field` and `other` are members of the box."""

    name: str
    kind: str
    type: int
    next: int
    field: str = ""
    other: str = ""
    limit: str = ""
    key: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One drawn protocol. `table` lists handler names per state; `order` is the order of functions in the file."""

    title: str
    limits: tuple[tuple[str, int], ...]
    buffers: tuple[tuple[str, str], ...]
    """(member, name of its size)"""
    slots: tuple[tuple[str, str], ...]
    handlers: Mapping[str, Handler]
    table: tuple[tuple[str, ...], ...]
    order: tuple[str, ...]
    check: int

    @property
    def check_bytes(self) -> int:
        """Bytes after each payload."""
        return (0, 1, 1, 2)[self.check]

    def size(self, member: str) -> int:
        """Bytes that the member points to."""
        return dict(self.limits)[dict((*self.buffers, *self.slots))[member]]


@dataclass(slots=True)
class Box:
    """The parser's memory while it reads one message."""

    memory: dict[str, bytearray | None]
    sum: int = 0
    state: int = 0
    outside: list[str] = field(default_factory=list)
    """Handlers that touched memory that is not theirs; a correct parser leaves it empty."""


def answer(spec: Spec, data: bytes) -> tuple[str, list[str]]:
    """The line that the parser prints for one message, and the handlers that went outside their memory."""
    box = Box(memory={name: bytearray(spec.size(name)) for name, _ in (*spec.buffers, *spec.slots)})
    code = _parse(spec, box, data)
    return f"{code} {box.state} {box.sum}", box.outside


def record(spec: Spec, kind: int, payload: bytes) -> bytes:
    """One record with right check bytes."""
    return bytes((kind, len(payload))) + payload + check(spec.check, payload)


def check(kind: int, payload: bytes) -> bytes:
    """The check bytes of a payload."""
    if kind == 0:
        return b""
    if kind == 1:
        return bytes((sum(payload) & 255,))
    if kind == 2:
        c = len(payload)
        for value in payload:
            c = ((c << 3 | c >> 5) & 255) ^ value
        return bytes((c,))
    c, d = 1, len(payload)
    for value in payload:
        c = (c + value) % 251
        d = (d + c) % 251
    return bytes((c, d))


def framed(messages: "list[bytes] | tuple[bytes, ...]") -> bytes:
    """Messages as the program reads them: two bytes of length before each."""
    return b"".join(len(one).to_bytes(2, "big") + one for one in messages)


def after(spec: Spec, data: bytes) -> Box:
    """The box after a message, for whoever makes the next record."""
    box = Box(memory={name: bytearray(spec.size(name)) for name, _ in (*spec.buffers, *spec.slots)})
    _parse(spec, box, data)
    return box


def _parse(spec: Spec, box: Box, data: bytes) -> int:
    at, overhead = 0, 2 + spec.check_bytes
    while at < len(data):
        if len(data) - at < overhead or len(data) - at < overhead + data[at + 1]:
            return 1
        kind, length = data[at], data[at + 1]
        payload = data[at + 2 : at + 2 + length]
        if spec.check and check(spec.check, payload) != data[at + 2 + length : at + overhead + length]:
            return 7
        handler = next((h for h in map(spec.handlers.__getitem__, spec.table[box.state]) if h.type == kind), None)
        if handler is None:
            return 8
        if code := _handle(spec, box, handler, payload):
            return code
        box.state = handler.next
        at += overhead + length
    return 0


def _handle(spec: Spec, box: Box, handler: Handler, p: bytes) -> int:
    n, limit, add = len(p), dict(spec.limits).get(handler.limit, 0), len(p)
    held = box.memory.get(handler.field)
    match handler.kind:
        case "step":
            if handler.key is not None and (n < 1 or p[0] ^ (box.sum & 255) != handler.key):
                return 6
        case "store":
            if n > limit:
                return 2
            assert held is not None
            assert handler.key is not None
            if n > len(held):
                box.outside.append(handler.name)
            for place, value in enumerate(p[: len(held)]):
                held[place] = value ^ handler.key
        case "look":
            if n < 1:
                return 3
            if p[0] >= limit:
                return 4
            assert held is not None
            if p[0] >= len(held):
                box.outside.append(handler.name)
            add = held[p[0]] if p[0] < len(held) else 0
        case "drop":
            if held is None:
                return 5
            if isinstance(held, _Freed):
                box.outside.append(handler.name)
            box.memory[handler.field] = _Freed(held)
            box.memory[handler.other] = None
        case _:
            if held is None:
                return 5
            if isinstance(held, _Freed):
                box.outside.append(handler.name)
            add = held[n & 7]
    box.sum = (box.sum * 31 + add) & 0xFFFFFFFF
    return 0


class _Freed(bytearray):
    """Memory that was given back."""
