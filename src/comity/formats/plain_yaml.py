"""Read a stranger's YAML as plain values: limits first, then the events, then values; no tag, no anchor, no alias.

"no", "yes", "on", "off" and dates stay the text they are (YAML 1.1 readers turn them into booleans and dates, which is
how a table loses a column). Only `null`, `true`, `false` and whole or decimal numbers of YAML's core schema are values.
Every violation bears the line it stands on, and `Read.lines` gives the line of each JSON pointer for later checks.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from comity.errors import Invalid, Problem
from comity.formats import parse, pointers
from comity.formats.parse import Json

LIMITS: Final = parse.Limits(document_bytes=256 * 1024, depth=12)
KEY_LIMIT: Final = 256
"""Letters of a key: every value below it has its place named by it."""
VALUES: Final = 20_000
"""Scalars, lists and maps of one document."""
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}\Z")
_WORDS: Final[dict[str, Json]] = {"null": None, "~": None, "": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document as plain values, and on which line (from 1) each of its parts begins."""

    value: Json
    lines: dict[str, int]


@dataclass(slots=True, kw_only=True)
class _Open:
    """A list or map that is not closed yet."""

    pointer: str
    value: "dict[str, Json] | list[Json]"
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    value: Json = None
    count: int = 0

    def take(self, event: yaml.Event, limits: parse.Limits) -> None:
        """One event of the parser; nothing here recurses over the input."""
        line = _at(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _bad(line, "alias", "anchors and aliases are refused: write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise _bad(line, "tag", "tags are refused: give plain values")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self.stack) >= limits.depth:
                raise _bad(line, "structure_too_deep", f"maps and lists are nested more than {limits.depth} levels")
            made: dict[str, Json] | list[Json] = {} if isinstance(event, yaml.MappingStartEvent) else []
            pointer = self._place(made, line)
            self.stack.append(_Open(pointer=pointer, value=made))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if event.value in top.value:
                raise _bad(line, "repeated_key", "the key stands twice in one map: keep one")
            if len(event.value) > KEY_LIMIT:
                raise _bad(line, "key_too_long", f"a key has at most {KEY_LIMIT} characters")
            top.key = event.value
            return
        self._place(_plain(event, line), line)

    def _place(self, value: Json, line: int) -> str:
        self.count += 1
        if self.count > VALUES:
            raise _bad(line, "too_many_values", f"more than {VALUES} values: split the document")
        if not self.stack:
            self.value = value
            self.lines[""] = line
            return ""
        top = self.stack[-1]
        if isinstance(top.value, list):
            pointer = f"{top.pointer}/{len(top.value)}"
            top.value.append(value)
        else:
            if top.key is None:
                raise _bad(line, "key_not_text", "a key is plain text")
            pointer = pointers.join(top.pointer, top.key)
            top.value[top.key] = value
            top.key = None
        self.lines[pointer] = line
        return pointer


def read(data: bytes, limits: parse.Limits = LIMITS) -> Read:
    """The one document in `data`. Invalid names the first violation and its line."""
    if len(data) > limits.document_bytes:
        problem = Problem("", "document_too_large", f"the document is over {limits.document_bytes} bytes: split it")
        raise Invalid("the document is not acceptable YAML", [problem])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem("", "invalid_utf8", f"byte {error.start} does not fit UTF-8: send the document as UTF-8")
        raise Invalid("the document is not acceptable YAML", [problem]) from error
    builder = _Builder()
    documents = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise _bad(_at(event), "several_documents", "give one document, without `---` inside")
            builder.take(event, limits)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise _bad(line, "malformed_yaml", f"not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from error
    except RecursionError as error:  # flow collections nest inside the scanner before the first event is seen
        raise _bad(1, "structure_too_deep", f"maps and lists are nested more than {limits.depth} levels") from error
    return Read(value=builder.value, lines=builder.lines)


def _at(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _plain(event: yaml.ScalarEvent, line: int) -> Json:
    text: str = event.value
    if parse.CONTROL.search(text):
        raise _bad(line, "control_characters", "control characters other than tab and line ends are refused")
    if event.style is not None:
        return text
    if text.lower() in _WORDS and text in {"null", "Null", "NULL", "~", "", "true", "True", "false", "False"}:
        return _WORDS[text.lower()]
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _bad(line: int, code: str, reason: str) -> Invalid:
    return Invalid("the document is not acceptable YAML", [Problem(f"/line/{line}", code, reason)])
