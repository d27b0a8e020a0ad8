"""Read what a solver handed in: sizes before parsing, exact types, and `Invalid` in fixed words for anything else.

A grader meets hostile answers. Every value taken from one goes through a function here, so that a wrong type, a huge
number or a deep nesting is "not an answer" and never an error of the grader.
"""

from collections.abc import Mapping
from typing import Final

from comity.assess.battery.task import Files, Slot
from comity.errors import Invalid
from comity.formats import parse
from comity.formats.parse import Json, Limits

DEEPEST: Final = 12
LONGEST_TEXT: Final = 4096


def taken(files: Files, slots: tuple[Slot, ...]) -> Files:
    """The slots' files and no other. Raises Invalid when one is missing or over its size."""
    made = {}
    for slot in slots:
        content = files.get(slot.name)
        if content is None:
            raise Invalid(f"{slot.name} was not handed in")
        if len(content) > slot.most_bytes:
            raise Invalid(f"{slot.name} is over {slot.most_bytes} bytes")
        made[slot.name] = content
    return made


def document(content: bytes) -> Json:
    """The JSON document in an answer."""
    try:
        return parse.decode(content, Limits(document_bytes=1024 * 1024, depth=DEEPEST))
    except Invalid as error:
        raise Invalid("the answer is not acceptable JSON") from error


def mapping(value: "Json | Mapping[str, Json]") -> Mapping[str, Json]:
    """An object."""
    if not isinstance(value, dict):
        raise Invalid("an object was expected")
    return value


def field(value: "Json | Mapping[str, Json]", name: str) -> Json:
    """One field of an object, which must be there."""
    held = mapping(value)
    if name not in held:
        raise Invalid("a field is missing")
    return held[name]


def items(value: Json, most: int) -> list[Json]:
    """A list of at most `most` values."""
    if not isinstance(value, list) or len(value) > most:
        raise Invalid(f"a list of at most {most} entries was expected")
    return value


def number(value: Json, low: int, high: int) -> int:
    """A whole number in a range; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Invalid(f"a whole number from {low} to {high} was expected")
    return value


def text(value: Json, most: int = LONGEST_TEXT) -> str:
    """A text of at most `most` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise Invalid(f"a text of at most {most} characters was expected")
    return value


def texts(value: Json, most: int) -> list[str]:
    """A list of texts."""
    return [text(one) for one in items(value, most)]


def octets(value: Json, most: int) -> bytes:
    """Bytes written as hex, at most `most`."""
    written = text(value, 2 * most)
    if len(written) % 2 or any(letter not in "0123456789abcdef" for letter in written):
        raise Invalid("lower-case hex was expected")
    return bytes.fromhex(written)


def utf8(content: bytes) -> str:
    """The text in a file."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("the file is not UTF-8 text") from error
