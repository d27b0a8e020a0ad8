"""Read a parsed document field by field: every violation is collected, and whatever nobody took is remembered.

A codec takes fields by name from a `Node`. Wrong values become problems at their JSON pointer and read as empty, so one
pass lists all of them. Fields that no codec asked for are the leftovers (`leftovers.gather`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from comity.errors import Invalid, Problem
from comity.formats import pointers, times
from comity.formats.parse import Json

T = TypeVar("T")

URL: Final = re.compile(r"https?://[^\s/?#<>\"\\^`{|}]+(?:[/?#][^\s<>\"\\^`{|}]*)?\Z", re.IGNORECASE)
LINE_BREAK: Final = re.compile(r"[\t\n\r\u2028\u2029]")


@dataclass(slots=True)
class Sheet:
    """What one reading has found out so far: problems, warnings, and the nodes that were opened."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    nodes: list["Node"] = field(default_factory=list)
    kept: list[tuple[str, Json]] = field(default_factory=list)
    """Whole list elements that a codec had no use for."""

    def problem(self, pointer: str, code: str, reason: str) -> None:
        """Note a violation: the document will be refused."""
        self.problems.append(Problem(pointer, code, reason))

    def warn(self, pointer: str, code: str, reason: str) -> None:
        """Note something the sender should know although the document is accepted."""
        self.warnings.append(Problem(pointer, code, reason))

    def keep(self, pointer: str, value: Json) -> None:
        """Put a whole list element among the leftovers."""
        self.kept.append((pointer, value))

    def settle(self, message: str) -> None:
        """Raise `Invalid` with every problem, in document order; nothing happens when there is none."""
        if self.problems:
            raise Invalid(message, sorted(self.problems, key=lambda p: pointers.order(p.pointer)))


class Node:
    """One object of a document, its place, and which of its fields were taken."""

    __slots__ = ("pointer", "sheet", "taken", "value")

    def __init__(self, value: Mapping[str, Json], pointer: str, sheet: Sheet) -> None:
        self.value = value
        self.pointer = pointer
        self.sheet = sheet
        self.taken: set[str] = set()
        sheet.nodes.append(self)

    @classmethod
    def root(cls, document: Json, sheet: Sheet) -> "Node":
        """The document itself, which must be an object; anything else is a problem and reads as an empty object."""
        if isinstance(document, dict):
            return cls(document, "", sheet)
        sheet.problem("", "wrong_type", "the document must be a JSON object")
        return cls({}, "", sheet)

    def at(self, key: str) -> str:
        """The pointer of a field."""
        return pointers.join(self.pointer, key)

    def problem(self, key: str, code: str, reason: str) -> None:
        """Note a violation at a field."""
        self.sheet.problem(self.at(key), code, reason)

    def has(self, key: str) -> bool:
        """True when the field is there, even if null."""
        return key in self.value

    def peek(self, key: str) -> Json:
        """The raw value, not taken: it stays among the leftovers."""
        return self.value.get(key)

    def take(self, key: str) -> Json:
        """The raw value, taken."""
        self.taken.add(key)
        return self.value.get(key)

    def leave(self, key: str) -> None:
        """Give a field back to the leftovers after all."""
        self.taken.discard(key)

    def text(
        self,
        key: str,
        *,
        required: bool = False,
        line: bool = False,
        most_bytes: int = 0,
        pattern: re.Pattern[str] | None = None,
        expected: str = "",
    ) -> str:
        """A string; "" when absent. `line`: no line breaks. `expected` says what to send if `pattern` does not fit."""
        value = self.take(key)
        if value is None and key not in self.value:
            if required:
                self.problem(key, "missing_field", "this field is required")
            return ""
        if not isinstance(value, str):
            self.problem(key, "wrong_type", "must be a string; leave the field out when there is nothing to say")
            return ""
        if required and not value.strip():
            self.problem(key, "missing_field", "this field is required and may not be blank")
        elif line and LINE_BREAK.search(value):
            self.problem(key, "control_characters", "must be one line")
        elif most_bytes and len(value.encode("utf-8", "replace")) > most_bytes:
            self.problem(key, "field_too_large", f"must be at most {most_bytes} bytes")
        elif pattern is not None and value and pattern.match(value) is None:
            self.problem(key, "bad_value", expected)
        else:
            return value
        return ""

    def flag(self, key: str, *, absent: bool) -> bool:
        """True or false; `absent` when the field is not there."""
        value = self.take(key)
        if isinstance(value, bool):
            return value
        if key in self.value:
            self.problem(key, "wrong_type", "must be true or false")
        return absent

    def number(self, key: str) -> int:
        """A whole number from 0 up; 0 when absent."""
        value = self.take(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if key in self.value:
            self.problem(key, "wrong_type", "must be a whole number from 0 up")
        return 0

    def choice(self, key: str, words: Mapping[str, T], *, absent: T) -> T:
        """One of a closed list of words; `absent` when the field is not there."""
        value = self.take(key)
        if isinstance(value, str) and value in words:
            return words[value]
        if key in self.value:
            self.problem(key, "bad_value", f"must be one of: {', '.join(words)}")
        return absent

    def when(self, key: str, *, required: bool = False, zone_optional: bool = False) -> datetime | None:
        """A time, in UTC; None when absent."""
        text = self.text(key, required=required, line=True)
        if not text:
            return None
        try:
            return times.read(text, zone_optional=zone_optional)
        except ValueError as error:
            self.problem(key, "invalid_time", str(error))
            return None

    def parsed(self, key: str, read: Callable[[str], T], code: str, *, most_bytes: int = 0) -> T | None:
        """A string that `read` understands or refuses with ValueError, whose words become the reason."""
        text = self.text(key, line=True, most_bytes=most_bytes)
        if not text:
            return None
        try:
            return read(text)
        except ValueError as error:
            self.problem(key, code, str(error))
            return None

    def items(self, key: str, *, most: int = 0, nullable: bool = False) -> Sequence[Json]:
        """The raw elements of a list; empty when absent (or null, where a format allows that)."""
        value = self.take(key)
        if isinstance(value, list):
            if most and len(value) > most:
                self.problem(key, "too_many_items", f"must hold at most {most} entries")
                return ()
            return value
        if key in self.value and not (nullable and value is None):
            self.problem(key, "wrong_type", "must be a list")
        return ()

    def texts(
        self,
        key: str,
        *,
        most: int = 0,
        most_bytes: int = 0,
        pattern: re.Pattern[str] | None = None,
        expected: str = "",
        code: str = "bad_value",
        nullable: bool = False,
    ) -> tuple[str, ...]:
        """A list of one-line strings."""
        found: list[str] = []
        for place, value in enumerate(self.items(key, most=most, nullable=nullable)):
            if not isinstance(value, str):
                fault = ("wrong_type", "must be a string")
            elif not value.strip():
                fault = ("degenerate_value", "may not be blank")
            elif LINE_BREAK.search(value):
                fault = ("control_characters", "must be one line")
            elif most_bytes and len(value.encode("utf-8", "replace")) > most_bytes:
                fault = ("field_too_large", f"must be at most {most_bytes} bytes")
            elif pattern is not None and pattern.match(value) is None:
                fault = (code, expected)
            else:
                found.append(value)
                continue
            self.sheet.problem(pointers.join(self.pointer, key, place), *fault)
        return tuple(found)

    def child(self, key: str) -> "Node | None":
        """The object at a field; None when absent."""
        value = self.take(key)
        if isinstance(value, dict):
            return Node(value, self.at(key), self.sheet)
        if key in self.value:
            self.problem(key, "wrong_type", "must be an object")
        return None

    def children(self, key: str, *, most: int = 0, nullable: bool = False) -> Iterator["Node"]:
        """The objects of a list, in order."""
        for place, value in enumerate(self.items(key, most=most, nullable=nullable)):
            pointer = pointers.join(self.pointer, key, place)
            if isinstance(value, dict):
                yield Node(value, pointer, self.sheet)
            else:
                self.sheet.problem(pointer, "wrong_type", "must be an object")
