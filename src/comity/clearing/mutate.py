"""Inputs of a short fuzz: mutations of seeds, the same for the same number. The sandbox never chooses an input."""

import random
from collections.abc import Sequence
from typing import Final, TypeVar

from comity.formats.ladder_values import material
from comity.model.patch import Fuzz

LENGTH_LIMIT: Final = 8_192
"""Longest input; a mutation that grows past it is cut."""
TURNS: Final = 4
"""Most mutations of one input."""
ALPHABET: Final = "abzAZ019 ._-/\\+()[]{}'\"!%\0\n\u00e9\u4e2d"

Line = TypeVar("Line", str, bytes)


def inputs(fuzz: Fuzz, seed: int) -> tuple[bytes, ...]:
    """`rounds` inputs: the seeds themselves first, then mutations of them. Texts of calls are UTF-8."""
    source = random.Random(f"fuzz:{seed}")  # noqa: S311 - repeatable on purpose; the seed is drawn from the system
    seeds = [material(one) for one in fuzz.seeds]
    words = [_word(one) for one in fuzz.dictionary]
    made = list(seeds)[: fuzz.rounds]
    while len(made) < fuzz.rounds:
        one = source.choice(seeds)
        if fuzz.steps:
            text = one.decode()
            signs = [word.decode() for word in words] or list(ALPHABET)
            for _ in range(source.randint(1, TURNS)):
                text = _turned(text, source, signs, list(ALPHABET))
            made.append(text.encode())
            continue
        for _ in range(source.randint(1, TURNS)):
            one = _byte(one, source) if source.random() < 0.5 else _turned(one, source, words or [b"\0"], _BYTES)
        made.append(one)
    return tuple(made)


_BYTES: Final = [bytes([value]) for value in (0, 1, 2, 3, 0x7F, 0x80, 0xFE, 0xFF)]


def _word(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("hex:")) if text.startswith("hex:") else text.encode()


def _turned(line: Line, source: random.Random, words: Sequence[Line], signs: Sequence[Line]) -> Line:
    """One mutation: put in a word or sign, take out, say again, repeat often, or swap halves."""
    low, high = sorted((source.randint(0, len(line)), source.randint(0, len(line))))
    part = line[low:high]
    match source.randrange(6):
        case 0:
            made = line[:low] + source.choice(list(words)) + line[low:]
        case 1:
            made = line[:low] + source.choice(list(signs)) + line[low:]
        case 2:
            made = line[:low] + line[high:]
        case 3:
            made = line[:high] + part + line[high:]
        case 4:
            made = line[:high] + part * source.randint(2, 400) + line[high:]
        case _:
            made = line[low:] + line[:low]
    return made[:LENGTH_LIMIT]


def _byte(line: bytes, source: random.Random) -> bytes:
    if not line:
        return source.choice(_BYTES)
    place = source.randrange(len(line))
    value = source.randrange(256) if source.random() < 0.5 else source.choice(_BYTES)[0]
    return line[:place] + bytes([value]) + line[place + 1 :]
