"""Values of a ladder kit that are drawn anew for each climb, and bytes spelled out for a file of a test program.

`{var = "n"}` stands for what was drawn under that name. Bytes are made of hex, text, `u16` (two bytes, big-endian),
repeat and concat; nothing else, so that a kit cannot read anything of the host.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from comity.errors import Invalid, Problem
from comity.model.patch import Draw
from comity.model.recipe import Json, Step

BYTES_LIMIT: Final = 4 * 1024 * 1024
DEPTH_LIMIT: Final = 8

Bound = Mapping[str, int | str]


def drawn(draws: Iterable[Draw], seed: str) -> dict[str, int | str]:
    """A value for each draw, the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - repeatable on purpose; the seed itself is drawn from the system
    return {one.name: source.choice(one.of) if one.of else source.randint(one.low, one.high) for one in draws}


def expanded(value: Json, bound: Bound) -> Json:
    """The value with every `var` in it replaced. Invalid for a name that nothing was drawn under."""
    if isinstance(value, tuple):
        return tuple(expanded(item, bound) for item in value)
    if isinstance(value, Mapping):
        if set(value) == {"var"}:
            name = value["var"]
            if not isinstance(name, str) or name not in bound:
                raise Invalid("nothing is drawn under this name", [Problem("", "unknown_name", str(name)[:60])])
            return bound[name]
        return {key: expanded(item, bound) for key, item in value.items()}
    return value


def steps(given: Iterable[Step], bound: Bound) -> tuple[Step, ...]:
    """Calls with every `var` replaced."""
    return tuple(
        replace(
            step,
            args=tuple(expanded(arg, bound) for arg in step.args),
            kwargs=tuple((key, expanded(value, bound)) for key, value in step.kwargs),
        )
        for step in given
    )


def material(value: Json) -> bytes:
    """The bytes that a value spells. Invalid for anything but the words above, or past a limit."""
    made = _bytes(value, 0)
    if len(made) > BYTES_LIMIT:
        raise _bad(f"a file has at most {BYTES_LIMIT} bytes")
    return made


def _bytes(value: Json, depth: int) -> bytes:
    if depth > DEPTH_LIMIT:
        raise _bad(f"values nest at most {DEPTH_LIMIT} deep")
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, Mapping) or len(value) != 1:
        raise _bad("expected text, or one of hex, u16, repeat, concat")
    ((word, operand),) = value.items()
    if word == "hex" and isinstance(operand, str):
        return _hex(operand)
    if word == "u16" and _whole(operand, 0, 0xFFFF):
        return int(operand).to_bytes(2, "big")  # type: ignore[arg-type]  # a whole number, checked just above
    if word == "concat" and isinstance(operand, tuple):
        return b"".join(_bytes(part, depth + 1) for part in operand)
    if word == "repeat" and isinstance(operand, tuple) and len(operand) == 2 and _whole(operand[1], 0, BYTES_LIMIT):
        part, times = _bytes(operand[0], depth + 1), int(operand[1])  # type: ignore[arg-type]  # as above
        if len(part) * times > BYTES_LIMIT:
            raise _bad(f"a file has at most {BYTES_LIMIT} bytes")
        return part * times
    raise _bad("expected text, or one of hex, u16, repeat, concat")


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _hex(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise _bad("expected pairs of hex digits") from error


def _bad(reason: str) -> Invalid:
    return Invalid("these bytes cannot be made", [Problem("", "bad_value", reason)])
