"""Family `machine`: a bytecode machine with drawn opcodes. Find the input it accepts; or say which marks no input
reaches.

The program loads the input into registers, mixes them in rounds and compares all of them at the end. Each round
changes
one register by something computed from another, so the whole is one-to-one and exactly one input is accepted. Parts of
the code are sealed and opened by the program itself as it runs. Between the rounds stand marks behind conditions: some
hold for no value at all (squares, products of neighbours, mirrored halves), others for a few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from comity.assess.battery import answers
from comity.assess.battery.draw import Draw
from comity.assess.battery.machine_text import interpreter
from comity.assess.battery.task import Family, Files, Judged, Knob, Knobs, Parts, Seen, Side, Slot, Task
from comity.errors import Invalid
from comity.formats import parse
from comity.formats.parse import Json

REGISTERS: Final = 16
SCRATCH: Final = REGISTERS - 1
MOST_STEPS: Final = 20_000
OPERATIONS: Final = (
    "in", "mov", "add", "xor", "addi", "xori", "rol", "mul", "swap", "tab", "jlt", "jne", "jmp", "open", "mark",
    "accept", "fail",
)  # fmt: skip
INPUT = Slot(name="input.hex", most_bytes=256, says="the input, as lower-case hex")
MARKS = Slot(name="marks.json", most_bytes=16_384, says='{"marks": [{"at": place, "input": hex or null}, ...]}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A program: four bytes per instruction (operation, a, b, c), its table, its operation numbers, its input
    length."""

    memory: bytes
    table: bytes
    numbers: Mapping[int, str]
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one run of the machine did."""

    accepted: bool
    marks: frozenset[int]
    """Instruction numbers of the marks that were passed."""


def run(code: Code, given: bytes) -> Ran:
    """Run to the end. A fault (unknown operation, jump outside, too many steps, wrong input length) accepts
    nothing."""
    if len(given) != code.width:
        return Ran(accepted=False, marks=frozenset())
    return _execute(code, given)[0]


def _execute(code: Code, given: bytes, *, opens: bool = True) -> tuple[Ran, list[int]]:
    """The run and the registers at its end. `opens` is False while a program is being made and nothing is sealed
    yet."""
    memory, r, at, marks = bytearray(code.memory), [0] * REGISTERS, 0, set()
    for _ in range(MOST_STEPS):
        if at * 4 + 3 >= len(memory):
            break
        number, a, b, c = memory[at * 4 : at * 4 + 4]
        name, here, at = code.numbers.get(number, "fail"), at, at + 1
        x, y = a % REGISTERS, b % REGISTERS
        match name:
            case "in":
                r[x] = given[b % code.width]
            case "mov":
                r[x] = r[y]
            case "add":
                r[x] = (r[x] + r[y]) & 255
            case "xor":
                r[x] ^= r[y]
            case "addi":
                r[x] = (r[x] + b) & 255
            case "xori":
                r[x] ^= b
            case "rol":
                r[x] = (r[x] << (b & 7) | r[x] >> (8 - (b & 7))) & 255
            case "mul":
                r[x] = (r[x] * r[y]) & 255
            case "swap":
                r[x], r[y] = r[y], r[x]
            case "tab":
                r[x] = code.table[r[x]]
            case "jlt":
                at = c if r[x] < b else at
            case "jne":
                at = c if r[x] != b else at
            case "jmp":
                at = c
            case "open":
                for place in range(a * 4, min((a + b) * 4, len(memory)) if opens else 0):
                    memory[place] ^= c
            case "mark":
                marks.add(here)
            case _:
                return Ran(accepted=name == "accept", marks=frozenset(marks)), r
    return Ran(accepted=False, marks=frozenset(marks)), r


def _make(draw: Draw, knobs: Knobs) -> Parts:
    width, rounds = knobs["width"], knobs["rounds"]
    table = bytes(draw.fork("table").shuffled(range(256)))
    numbers = _numbers(draw.fork("numbers"), knobs["aliases"])
    code, marks = _program(draw.fork("program"), knobs, table, numbers)
    secret = marks.secret
    witness = [{"at": at, "input": given.hex() if given is not None else None} for at, given in marks.found]
    oracle: Json = {
        "code": code.memory.hex(),
        "table": table.hex(),
        "numbers": {str(number): name for number, name in numbers.items()},
        "width": width,
        "marks": {str(at): given is not None for at, given in marks.found},
    }
    offence = Task(
        prompt=(
            "machine.py is an interpreter for an unknown bytecode machine and program.hex is a program for it. "
            "Exactly one "
            f"input of {width} bytes makes the program accept. Find it and write it as lower-case hex to input.hex."
        ),
        slots=(INPUT,),
        milestones=("an input of the right length", "the program accepts"),
        reference={INPUT.name: secret.hex().encode()},
        null={INPUT.name: (b"00" * width)},
        mutants=tuple({INPUT.name: one.hex().encode()} for one in _near(secret)),
    )
    defence = Task(
        prompt=(
            "machine.py is an interpreter for an unknown bytecode machine and program.hex is a program for it. The "
            "program "
            "contains `mark` instructions, some in parts that it opens only as it runs. Write marks.json: for every "
            "mark its "
            "instruction number and either an input (lower-case hex) whose run passes it, or null if no input does: "
            '{"marks": [{"at": 7, "input": "00ff"}, {"at": 9, "input": null}]}'
        ),
        slots=(MARKS,),
        milestones=("every mark is found", "every input passes its mark", "no mark is wrongly called out of reach"),
        reference=_marks(witness),
        null=_marks([]),
        mutants=tuple(_marks(one) for one in _wrong(witness, width)),
    )
    return Parts(
        public={
            "machine.py": interpreter(numbers, table, width),
            "program.hex": (code.memory.hex() + "\n").encode(),
        },
        oracle=oracle,
        tasks={Side.OFFENCE: offence, Side.DEFENCE: defence},
        features={
            "width": float(width),
            "rounds": float(rounds),
            "branches": float(knobs["nesting"]),
            "sealed": float(knobs["sealed"]),
            "numbers": len(numbers) / len(OPERATIONS),
            "marks": float(knobs["marks"]),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    secret: bytes
    found: tuple[tuple[int, bytes | None], ...]
    """(instruction number, an input that passes it or None), in the program's order."""


class _Put(Protocol):
    """Append one instruction; its number comes back."""

    def __call__(self, name: str, a: int = 0, b: int = 0, c: int = 0) -> int: ...


def _program(draw: Draw, knobs: Knobs, table: bytes, numbers: Mapping[int, str]) -> tuple[Code, _Made]:
    width, rounds = knobs["width"], knobs["rounds"]
    spelled: dict[str, list[int]] = {}
    for number, name in numbers.items():
        spelled.setdefault(name, []).append(number)
    out: list[list[int]] = []
    sealed: list[tuple[int, int, int]] = []

    def put(name: str, a: int = 0, b: int = 0, c: int = 0) -> int:
        out.append([draw.pick(spelled[name]), a, b, c])
        return len(out) - 1

    def trace(given: bytes) -> list[int]:
        """Registers after what was put so far, nothing sealed yet."""
        return _execute(Code(memory=_flat(out), table=table, numbers=numbers, width=width), given, opens=False)[1]

    secret = draw.bytes(width)
    for place in draw.shuffled(range(width)):
        put("in", place, place)
    found: list[tuple[int, bytes | None]] = []
    kinds = draw.shuffled([place % 2 == 0 for place in range(knobs["marks"])])
    slots = sorted(draw.below(rounds) for _ in kinds)
    branches = set(draw.sample(range(rounds), min(rounds, knobs["nesting"])))
    seals = set(draw.sample(range(rounds), min(rounds, knobs["sealed"])))
    for turn in range(rounds):
        opening = put("open", 0, 0, draw.between(1, 255)) if turn in seals else None
        start = len(out)
        _round(draw, put, out, width, branching=turn in branches)
        for _ in range(slots.count(turn)):
            given = draw.bytes(width)
            at, passes = _mark(draw, put, out, trace(given), width, holds=kinds.pop())
            found.append((at, given if passes else None))
        if opening is not None:
            out[opening][1:3] = start, len(out) - start
            sealed.append((start, len(out) - start, out[opening][3]))
    checks = [(place, value) for place, value in enumerate(trace(secret)[:width])]
    jumps = [put("jne", place, value) for place, value in draw.shuffled(checks)]
    put("accept")
    failing = put("fail")
    for jump in jumps:
        out[jump][3] = failing
    memory = bytearray(_flat(out))
    for start, count, key in sealed:
        for place in range(start * 4, (start + count) * 4):
            memory[place] ^= key
    code = Code(memory=bytes(memory), table=table, numbers=numbers, width=width)
    return code, _Made(secret=secret, found=tuple(found))


def _round(draw: Draw, put: _Put, out: list[list[int]], width: int, *, branching: bool) -> None:
    """Change one register by something computed from another: one-to-one whatever is drawn."""
    target, source = draw.sample(range(width), 2)
    put("mov", SCRATCH, source)
    for _ in range(draw.between(1, 3)):
        match draw.below(4):
            case 0:
                put("tab", SCRATCH)
            case 1:
                put("rol", SCRATCH, draw.between(1, 7))
            case 2:
                put("xori", SCRATCH, draw.below(256))
            case _:
                put("addi", SCRATCH, draw.below(256))
    if branching:
        jump = put("jlt", source, draw.between(32, 224))
        put("add", target, SCRATCH)
        put("tab", target)
        over = put("jmp")
        out[jump][3] = len(out)
        put("xor", target, SCRATCH)
        put("rol", target, draw.between(1, 7))
        out[over][3] = len(out)
    elif draw.chance(1, 4):
        put("swap", target, source)
    else:
        put(draw.pick(("add", "xor")), target, SCRATCH)


def _mark(
    draw: Draw, put: _Put, out: list[list[int]], held: Sequence[int], width: int, *, holds: bool
) -> tuple[int, bool]:
    """A mark behind a condition on one register. `held` are the registers of the run that shall pass it if it
    holds."""
    place = draw.below(width)
    value = held[place]
    put("mov", SCRATCH, place)
    match draw.below(3):
        case 0:  # squares are 0 or 1 modulo 4
            put("mul", SCRATCH, SCRATCH)
            wanted = value * value & 255
            never = draw.below(64) * 4 + draw.between(2, 3)
        case 1:  # x (x + 1) is even
            put("addi", SCRATCH, 1)
            put("mul", SCRATCH, place)
            wanted = value * (value + 1) & 255
            never = draw.below(128) * 2 + 1
        case _:  # x xor (x turned by 4) has equal halves
            put("rol", SCRATCH, 4)
            put("xor", SCRATCH, place)
            wanted = value ^ (value << 4 | value >> 4) & 255
            high, low = draw.sample(range(16), 2)
            never = high * 16 + low
    jump = put("jne", SCRATCH, wanted if holds else never)
    at = put("mark")
    out[jump][3] = len(out)
    return at, holds


def _flat(out: Sequence[Sequence[int]]) -> bytes:
    return bytes(value for instruction in out for value in instruction)


def _numbers(draw: Draw, aliases: int) -> dict[int, str]:
    """Operation numbers: every operation has one, and `aliases` more are spread over them."""
    names = [*OPERATIONS, *(draw.pick(OPERATIONS) for _ in range(aliases))]
    return dict(sorted(zip(draw.sample(range(256), len(names)), names, strict=True)))


def _near(secret: bytes) -> list[bytes]:
    """Inputs one step away. The program is one-to-one, so each is refused."""
    last = len(secret) - 1
    return [
        bytes([secret[0] ^ 1, *secret[1:]]),
        bytes([*secret[:last], (secret[last] + 1) & 255]),
        secret[:last],
        secret + b"\0",
    ]


def _marks(found: Sequence[Mapping[str, Json]]) -> dict[str, bytes]:
    return {MARKS.name: parse.encode({"marks": list(found)}, indent=None)}


def _wrong(witness: Sequence[Mapping[str, Json]], width: int) -> list[list[Mapping[str, Json]]]:
    """Answers one step away: a reachable mark called out of reach, the other way round, one left out, one
    misplaced."""
    reachable = next(place for place, one in enumerate(witness) if one["input"] is not None)
    never = next(place for place, one in enumerate(witness) if one["input"] is None)

    def changed(place: int, **fields: Json) -> list[Mapping[str, Json]]:
        return [{**one, **fields} if number == place else one for number, one in enumerate(witness)]

    at = witness[0]["at"]
    assert isinstance(at, int)
    return [
        changed(reachable, input=None),
        changed(never, input="00" * width),
        list(witness[1:]),
        changed(0, at=at - 1),
    ]


def _judge(oracle: Json, side: Side, files: Files, seen: Sequence[Seen]) -> Judged:  # noqa: ARG001 - nothing is run
    code = _read(oracle)
    if side is Side.OFFENCE:
        given = answers.octets(answers.utf8(files[INPUT.name]).strip(), 64)
        if len(given) != code.width:
            return Judged(goal=False, reached=(), why="the input has the wrong length")
        accepted = run(code, given).accepted
        reached = ("an input of the right length", *(("the program accepts",) if accepted else ()))
        return Judged(goal=accepted, reached=reached)
    return _judge_marks(code, oracle, files)


def _judge_marks(code: Code, oracle: Json, files: Files) -> Judged:
    truth = {int(at): holds for at, holds in answers.mapping(answers.field(oracle, "marks")).items()}
    said: dict[int, bytes | None] = {}
    for one in answers.items(answers.field(answers.document(files[MARKS.name]), "marks"), 64):
        at = answers.number(answers.field(one, "at"), 0, 255)
        given = answers.field(one, "input")
        if at in said:
            raise Invalid("a mark is named twice")
        said[at] = None if given is None else answers.octets(given, 64)
    if set(said) != set(truth):
        return Judged(goal=False, reached=(), why="not exactly the program's marks")
    reached = ["every mark is found"]
    passes = all(given is None or at in run(code, given).marks for at, given in said.items())
    if passes:
        reached.append("every input passes its mark")
    right = all((given is not None) == truth[at] for at, given in said.items())
    if passes and right:
        reached.append("no mark is wrongly called out of reach")
    return Judged(goal=passes and right, reached=tuple(reached))


def _read(oracle: Json) -> Code:
    held = answers.mapping(oracle)
    return Code(
        memory=bytes.fromhex(str(held["code"])),
        table=bytes.fromhex(str(held["table"])),
        numbers={int(number): str(name) for number, name in answers.mapping(held["numbers"]).items()},
        width=answers.number(held["width"], 1, 16),
    )


FAMILY: Final = Family(
    name="machine",
    version=1,
    title="bytecode machine",
    offence="find the one input that the program accepts",
    defence="find every mark; show an input that passes it, or say that none does",
    checks="the machine is run on the input; marks that no input passes are known by construction",
    knobs=(
        Knob(name="width", low=3, high=10, default=5, says="bytes of input"),
        Knob(name="rounds", low=4, high=20, default=8, says="mixing rounds"),
        Knob(name="nesting", low=0, high=6, default=2, says="rounds with a branch"),
        Knob(name="sealed", low=0, high=6, default=2, says="rounds whose code the program opens as it runs"),
        Knob(name="aliases", low=0, high=40, default=10, says="further numbers that mean the same operations"),
        Knob(name="marks", low=2, high=8, default=4, says="marks, half of them out of reach"),
    ),
    base=3.5,
    weights={"width": 0.12, "rounds": 0.12, "branches": 0.15, "sealed": 0.12, "numbers": 0.4, "marks": 0.1},
    make=_make,
    judge=_judge,
)
