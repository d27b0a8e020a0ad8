"""Decide whether bytes may be looked at as JSON at all: limits first, then parsing, then what JSON itself lets through.

Refused, each with a JSON pointer: too many bytes, bytes that are not UTF-8, nesting over the limit, text after the
document, repeated keys, NaN and infinities, numbers no 64-bit reader holds, lone surrogates, and (unless the codec
says otherwise) control characters other than tab and line ends. Nothing here recurses over the input.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from comity.errors import Invalid, Problem
from comity.formats import pointers

T = TypeVar("T")
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a stranger's document is looked at. Doors pass the host's settings."""

    document_bytes: int = 3 * 1024 * 1024
    """Whole document, as received (TAP: 3 MiB)."""
    attachment_bytes: int = 1024 * 1024
    """One payload (TAP: counted before base64 is decoded; Comity's own contract: after)."""
    attachments: int = 16
    """Payloads per report."""
    depth: int = 64
    """Nested objects and lists."""
    findings: int = 25_000
    """Results of one scanner log; more means that nobody chose what to send."""
    batch: int = 500
    """Reports in one batch document (policy parameter, clearing.md 2.2)."""


LIMITS = Limits()
LARGEST = 2**63 - 1
"""Whole numbers beyond this differ between readers, so they are refused rather than rounded."""

_STRING = re.compile(r'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_SUSPECT = re.compile(r"\\u(?:[dD]|00[01789])|\\[bf]|[\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""C0 without tab, line feed and carriage return; DEL; C1."""


class _Refused:
    """Stands where a number was that may not be used; replaced by a problem before anybody sees it."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason


_NOT_A_NUMBER = _Refused("not_a_number", "NaN and Infinity are not JSON: leave the field out")
_TOO_BIG = _Refused("number_too_large", "a number is too large for 64 bits: send it as text")


def decode(data: bytes, limits: Limits = LIMITS, *, controls: bool = False) -> Json:
    """The document in `data`; `Invalid` with every violation found. `controls` lets control characters through."""
    if len(data) > limits.document_bytes:
        raise _one("document_too_large", f"the document is over {limits.document_bytes} bytes: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _one("invalid_utf8", f"byte {error.start} does not fit UTF-8: send the document as UTF-8") from error
    if _too_deep(text, limits.depth):
        raise _one("structure_too_deep", f"objects and lists are nested more than {limits.depth} levels deep")
    repeated: dict[int, list[str]] = {}
    kept: list[dict[str, object]] = []
    refused: list[_Refused] = []

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) != len(items):
            seen: set[str] = set()
            repeated[id(made)] = [key for key, _ in items if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # set.add gives None, which is what `or` needs here
            kept.append(made)
        return made

    try:
        document: Json = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_int=lambda digits: _noted(_whole(digits), refused),
            parse_float=lambda digits: _noted(_fraction(digits), refused),
            parse_constant=lambda _: _noted(_NOT_A_NUMBER, refused),
        )
    except json.JSONDecodeError as error:
        raise _one(
            "malformed_json", f"not one JSON document: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    strings = _SUSPECT.search(text) is not None
    if not (repeated or refused or strings):
        return document  # nothing that a walk could find: no need to visit every value
    problems = tuple(_faults(document, repeated, controls=controls, strings=strings))
    if problems:
        raise Invalid("the document is not acceptable JSON", problems)
    return document


def encode(document: object, *, indent: int | None = 2) -> bytes:
    """UTF-8 JSON with a line end, keys in the order given. Raises ValueError for NaN: nothing here may write one."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent)
    return text.encode("utf-8") + b"\n"


def compact(document: object) -> str:
    """One line with sorted keys: equal values give equal text. Characters beyond ASCII are escaped."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _one(code: str, reason: str) -> Invalid:
    return Invalid("the document is not acceptable JSON", [Problem("", code, reason)])


def _too_deep(text: str, limit: int) -> bool:
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > limit:
            return True
    return False


def _whole(digits: str) -> int | _Refused:
    if len(digits) > 20:
        return _TOO_BIG
    number = int(digits)
    return number if -LARGEST <= number <= LARGEST else _TOO_BIG


def _fraction(digits: str) -> float | _Refused:
    if len(digits) > 400:
        return _TOO_BIG
    number = float(digits)
    return number if math.isfinite(number) else _TOO_BIG


def _noted(value: T, refused: list[_Refused]) -> T:
    if isinstance(value, _Refused):
        refused.append(value)
    return value


def _faults(document: object, repeated: dict[int, list[str]], *, controls: bool, strings: bool) -> Iterator[Problem]:
    stack: list[tuple[object, str]] = [(document, "")]
    while stack:
        value, pointer = stack.pop()
        if isinstance(value, dict):
            for key in repeated.get(id(value), ()):
                yield Problem(_shown(pointer, key), "repeated_key", "the key stands twice in one object: keep one")
            for key, inner in value.items():
                if strings and (fault := _text_fault(key, controls=controls)) is not None:
                    yield Problem(pointer, fault.code, f"in a key: {fault.reason}")
                stack.append((inner, _shown(pointer, key)))
        elif isinstance(value, list):
            stack.extend((inner, f"{pointer}/{place}") for place, inner in enumerate(value))
        elif isinstance(value, _Refused):
            yield Problem(pointer, value.code, value.reason)
        elif strings and isinstance(value, str) and (fault := _text_fault(value, controls=controls)) is not None:
            yield Problem(pointer, fault.code, fault.reason)


def _text_fault(text: str, *, controls: bool) -> _Refused | None:
    if _SURROGATE.search(text):
        return _Refused("invalid_utf8", "half of a surrogate pair cannot be stored: send the whole character")
    if not controls and CONTROL.search(text):
        return _Refused("control_characters", "control characters other than tab and line ends are refused")
    return None


def _shown(pointer: str, key: str) -> str:
    return pointer + pointers.shown(pointers.join("", key))
