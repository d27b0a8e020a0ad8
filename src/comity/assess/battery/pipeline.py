"""A toy language of list programs, used by the families `rootcause` and `history`: drawn, run as values, shown as
Python.

A program is a row of stages, one line each; functions hold one or more. Every operator and every constant of every
stage is
drawn from the same choices, in right programs and in wrong ones. So a wrong program looks like any other: only what it
should do tells which line is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from comity.assess.battery import answers
from comity.assess.battery.draw import Draw
from comity.formats.parse import Json

Values = tuple[int, ...]
Row = list[int]
"""The same while a program works on it."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "keep": ("<", "<=", "!="),
    "clip": ("min", "max"),
    "move": ("+", "-", "^"),
    "pair": ("+", "-"),
    "wrap": ("%", "//"),
    "turn": ("", "-"),
    "rise": ("!=", ">", "<"),
}
"""Kind of stage -> its operators."""
MOST: Final = 16
"""Longest input."""
LARGEST: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One line. `constant` is a name of the program's constants."""

    kind: str
    operator: str
    constant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Stages in order, cut into functions: `functions` are (name, how many stages)."""

    constants: tuple[tuple[str, int], ...]
    stages: tuple[Stage, ...]
    functions: tuple[tuple[str, int], ...]
    remarks: tuple[tuple[str, str], ...] = ()
    """(function, comment above it)"""

    def run(self, given: Values) -> Values:
        """What the program makes of a list."""
        return tuple(self.between(list(given), 0, len(self.stages)))

    def between(self, xs: Row, first: int, end: int) -> Row:
        """What the stages from `first` to `end` (not included) make of a list."""
        held = dict(self.constants)
        for stage in self.stages[first:end]:
            xs = _STEPS[stage.kind, stage.operator](xs, held[stage.constant])
        return xs

    def after_functions(self, given: Values) -> Iterator[tuple[str, Values]]:
        """Name and result of each function on the way."""
        at = 0
        for name, count in self.functions:
            at += count
            yield name, replace(self, stages=self.stages[:at]).run(given)


def drawn(draw: Draw, *, stages: int, most_per_function: int) -> Program:
    """A program that keeps something of most inputs."""
    for attempt in range(200):
        made = _attempt(draw.fork(f"program {attempt}"), stages, most_per_function)
        sample = [made.run(given) for given in inputs(draw.fork(f"inputs {attempt}"), 12)]
        if sum(len(one) >= 2 for one in sample) >= 8 and len(set(sample)) >= 8:
            return made
    raise ValueError("no program came out in 200 attempts")


def _attempt(draw: Draw, stages: int, most_per_function: int) -> Program:
    names = draw.words(stages + 5, 3)
    values = sorted(draw.sample(range(5, 200), 5))
    constants = tuple((name.upper(), value) for name, value in zip(names[:5], values, strict=True))
    rows: list[tuple[str, int]] = []
    left = stages
    while left:
        count = min(left, draw.between(1, most_per_function))
        rows.append((names[5 + len(rows)], count))
        left -= count
    lossy = min(5, stages // 2)  # more of them, and every input comes to the same
    kinds = [draw.pick(("clip", "wrap", "pair", "keep", "rise")) for _ in range(lossy)]
    kinds = draw.shuffled([*kinds, *(draw.pick(("move", "turn")) for _ in range(stages - lossy))])
    made = tuple(Stage(kind=kind, operator=draw.pick(KINDS[kind]), constant=draw.pick(constants)[0]) for kind in kinds)
    return Program(constants=constants, stages=made, functions=tuple(rows))


def inputs(draw: Draw, count: int, *, longest: int = MOST) -> list[Values]:
    """Drawn lists; some hold values twice in a row."""
    made = []
    for _ in range(count):
        given = [draw.below(LARGEST + 1) for _ in range(draw.between(longest // 2, longest))]
        for place in range(1, len(given)):
            if draw.chance(1, 4):
                given[place] = given[place - 1]
        made.append(tuple(given))
    return made


def others(program: Program, place: int) -> Iterator[Program]:
    """Every program that differs in exactly this stage's operator or constant."""
    stage = program.stages[place]
    for operator in KINDS[stage.kind]:
        for constant, _ in program.constants:
            fresh = replace(stage, operator=operator, constant=constant)
            if fresh != stage:
                yield swapped(program, place, fresh)


def explains(program: Program, place: int, wanted: Mapping[Values, Values]) -> bool:
    """Whether some other operator or constant of this stage alone gives all the wanted results."""
    before = [(program.between(list(given), 0, place), list(out)) for given, out in wanted.items()]
    return any(
        all(one.between(xs, place, len(one.stages)) == out for xs, out in before) for one in others(program, place)
    )


def swapped(program: Program, place: int, stage: Stage) -> Program:
    """The program with another stage at that place."""
    return replace(program, stages=(*program.stages[:place], stage, *program.stages[place + 1 :]))


def shrunk(given: Values, still: Callable[[Values], bool]) -> Values:
    """A shorter list for which `still` holds, from which nothing single can be taken away."""
    again = True
    while again:
        again = False
        for place in range(len(given)):
            shorter = given[:place] + given[place + 1 :]
            if still(shorter):
                given, again = shorter, True
                break
    return given


def text(program: Program) -> str:
    """The program as a Python file."""
    lines = ['"""A row of steps over a list of whole numbers."""', ""]
    lines += [f"{name} = {value}" for name, value in program.constants]
    at, remarks = 0, dict(program.remarks)
    for name, count in program.functions:
        lines += ["", "", *([f"# {remarks[name]}"] if name in remarks else []), f"def {name}(xs):"]
        lines += [
            f"    xs = {_LINES[stage.kind].format(o=stage.operator, c=stage.constant)}"
            for stage in program.stages[at : at + count]
        ]
        lines += ["    return xs"]
        at += count
    lines += ["", "", "def run(xs):"]
    lines += [f"    xs = {name}(xs)" for name, _ in program.functions]
    return "\n".join([*lines, "    return xs", ""])


def line_of(program: Program, place: int) -> int:
    """The number of a stage's line in `text`, from 1."""
    at = 0
    for name, count in program.functions:
        if place < at + count:
            start = text(program).splitlines().index(f"def {name}(xs):")
            return start + 2 + place - at
        at += count
    raise ValueError("no such stage")


def to_json(program: Program) -> Json:
    """What running needs, for a sealed oracle."""
    return {
        "constants": [[name, value] for name, value in program.constants],
        "stages": [[stage.kind, stage.operator, stage.constant] for stage in program.stages],
    }


def from_json(value: Json) -> Program:
    """The program of `to_json`, without its functions."""
    rows = [answers.texts(row, 3) for row in answers.items(answers.field(value, "stages"), 1000)]
    pairs = [answers.items(row, 2) for row in answers.items(answers.field(value, "constants"), 1000)]
    return Program(
        constants=tuple((str(name), answers.number(number, 0, 1000)) for name, number in pairs),
        stages=tuple(Stage(kind=kind, operator=operator, constant=constant) for kind, operator, constant in rows),
        functions=(),
    )


def values(value: Json, most: int = MOST) -> Values:
    """A handed-in input. Raises Invalid."""
    return tuple(answers.number(one, 0, LARGEST) for one in answers.items(value, most))


_LINES: Final = {
    "keep": "[x for x in xs if x {o} {c}]",
    "clip": "[{o}(x, {c}) for x in xs]",
    "move": "[x {o} {c} for x in xs]",
    "pair": "[(x {o} y) % {c} for x, y in zip(xs, xs[1:])]",
    "wrap": "[x {o} {c} for x in xs]",
    "turn": "[xs[({o}{c} + i) % len(xs)] for i in range(len(xs))]",
    "rise": "[x for x, y in zip(xs, [{c}] + xs) if x {o} y]",
}


def _turned(xs: Row, by: int) -> Row:
    by %= len(xs) or 1
    return xs[by:] + xs[:by]


_STEPS: Final[Mapping[tuple[str, str], Callable[[Row, int], Row]]] = {
    ("keep", "<"): lambda xs, c: [x for x in xs if x < c],
    ("keep", "<="): lambda xs, c: [x for x in xs if x <= c],
    ("keep", "!="): lambda xs, c: [x for x in xs if x != c],
    ("clip", "min"): lambda xs, c: [min(x, c) for x in xs],
    ("clip", "max"): lambda xs, c: [max(x, c) for x in xs],
    ("move", "+"): lambda xs, c: [x + c for x in xs],
    ("move", "-"): lambda xs, c: [x - c for x in xs],
    ("move", "^"): lambda xs, c: [x ^ c for x in xs],
    ("pair", "+"): lambda xs, c: [(x + y) % c for x, y in pairwise(xs)],
    ("pair", "-"): lambda xs, c: [(x - y) % c for x, y in pairwise(xs)],
    ("wrap", "%"): lambda xs, c: [x % c for x in xs],
    ("wrap", "//"): lambda xs, c: [x // c for x in xs],
    ("turn", ""): _turned,
    ("turn", "-"): lambda xs, c: _turned(xs, -c),
    ("rise", "!="): lambda xs, c: [x for x, y in zip(xs, [c, *xs], strict=False) if x != y],
    ("rise", ">"): lambda xs, c: [x for x, y in zip(xs, [c, *xs], strict=False) if x > y],
    ("rise", "<"): lambda xs, c: [x for x, y in zip(xs, [c, *xs], strict=False) if x < y],
}
