"""Disassemble the program, opening sealed parts as it would, and run its rounds backwards."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NAMES = (
    ("given[b", "in"), ("memory[a", "open"), ("r[x], r[y]", "swap"), ("TABLE[", "tab"), ("* r[y]", "mul"),
    ("+ r[y]", "add"), ("^= r[y]", "xor"), ("+ b)", "addi"), ("^= b", "xori"), ("<< (b", "rol"), ("< b else", "jlt"),
    ("!= b else", "jne"), ("at = c", "jmp"), ("marks.append", "mark"), ("True, marks", "accept"), ("= r[y]", "mov"),
)  # fmt: skip
"""What a case of the interpreter does, told by a piece of its text; the first that fits."""
SCRATCH = 15
Line = tuple[str, int, int, int]


@dataclass
class Round:
    """One change of the registers: a value made from `source`, and what is done with it. `mark` changes nothing."""

    source: int
    value: list[Line] = field(default_factory=list)
    ends: list[Line] = field(default_factory=list)
    mark: int | None = None
    wanted: int = 0


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """The input that the program accepts, or what is to be said of each mark."""
    text = files["machine.py"].decode()
    width = int(re.findall(r"WIDTH = (\d+)", text)[0])
    table = bytes.fromhex(re.findall(r'TABLE = bytes.fromhex\("(\w+)"', text)[0])
    lines = _lines(text, bytes.fromhex(files["program.hex"].decode().strip()))
    loads = {a % 16: b % width for name, a, b, _ in lines if name == "in"}
    rounds, final = _rounds(lines)
    if side == "offence":
        held = [final.get(place, 0) for place in range(16)]
        return {"input.hex": _input(rounds, held, table, loads).hex().encode()}
    found: list[dict[str, object]] = []
    for number, one in enumerate(rounds):
        if one.mark is None:
            continue
        fitting = [v for v in range(256) if _value(one, v, table) == one.wanted]
        held = [0] * 16
        if fitting:
            held[one.source] = fitting[0]
        given = _input(rounds[:number], held, table, loads).hex() if fitting else None
        found.append({"at": one.mark, "input": given})
    return {"marks.json": json.dumps({"marks": found}).encode()}


def _lines(text: str, program: bytes) -> list[Line]:
    names = {}
    for numbers, body in re.findall(r"if op in \(([\d, ]+)\):\n\s+(.*)", text):
        name = next((name for piece, name in NAMES if piece in body), "fail")
        names.update({int(number): name for number in re.findall(r"\d+", numbers)})
    memory, made = bytearray(program), []
    for at in range(0, len(memory) - 3, 4):
        op, a, b, c = memory[at : at + 4]
        made.append((names.get(op, "fail"), a, b, c))
        if made[-1][0] == "open":
            memory[a * 4 : (a + b) * 4] = bytes(value ^ c for value in memory[a * 4 : (a + b) * 4])
    return made


def _rounds(lines: Sequence[Line]) -> tuple[list[Round], dict[int, int]]:
    """Rounds in order, and the register values that the end asks for."""
    rounds: list[Round] = []
    final: dict[int, int] = {}
    for at, line in enumerate(lines):
        name, a, b, _ = line
        if name in {"in", "open"}:
            continue
        if name == "mov" and a % 16 == SCRATCH:
            rounds.append(Round(source=b % 16))
        elif name == "jne" and a % 16 == SCRATCH:
            rounds[-1].wanted, rounds[-1].mark = b, at + 1
        elif name == "jne":
            final[a % 16] = b
        elif name in {"accept", "fail"}:
            break
        elif name != "mark":
            last = rounds[-1]
            (last.value if a % 16 == SCRATCH and name not in {"jlt", "jmp"} else last.ends).append(line)
    return rounds, final


def _value(one: Round, source: int, table: bytes) -> int:
    """What a round makes of its source."""
    value = source
    for name, _, b, _ in one.value:
        other = value if b % 16 == SCRATCH else source
        match name:
            case "tab":
                value = table[value]
            case "rol":
                value = (value << (b & 7) | value >> (8 - (b & 7))) & 255
            case "xori":
                value ^= b
            case "addi":
                value = value + b & 255
            case "mul":
                value = value * other & 255
            case "xor":
                value ^= other
            case "add":
                value = value + other & 255
    return value


def _input(rounds: Sequence[Round], held: Sequence[int], table: bytes, loads: Mapping[int, int]) -> bytes:
    """The input that leaves these register values after the rounds."""
    r = list(held)
    for one in reversed(rounds):
        if one.mark is None:
            _undo(one, r, table)
    made = bytearray(len(loads))
    for place, byte in loads.items():
        made[byte] = r[place]
    return bytes(made)


def _undo(one: Round, r: list[int], table: bytes) -> None:
    steps = one.ends
    if steps and steps[0][0] == "jlt":  # below: the second part, else the first; the source stays as it is
        jump = next(place for place, line in enumerate(steps) if line[0] == "jmp")
        steps = steps[jump + 1 :] if r[steps[0][1] % 16] < steps[0][2] else steps[1:jump]
    for name, a, b, _ in reversed(steps):
        x = a % 16
        match name:
            case "swap":
                r[x], r[b % 16] = r[b % 16], r[x]
            case "tab":
                r[x] = table.index(r[x])
            case "rol":
                r[x] = (r[x] >> (b & 7) | r[x] << (8 - (b & 7))) & 255
            case "add":
                r[x] = r[x] - _value(one, r[one.source], table) & 255
            case "xor":
                r[x] ^= _value(one, r[one.source], table)
