"""Change one line at a time until the examples come out; make a failing input smaller; test where all repairs agree."""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Run = Callable[[list[int]], list[int]]
OPERATORS = ("<=", "!=", "<", ">", "min", "max", "//", " + ", " - ", " ^ ", " % ")
CASES = 20


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """The wrong line with a small input, or a regression test."""
    lines = files["pipeline.py"].decode().splitlines()
    rows = [json.loads(line) for line in files["examples.jsonl"].decode().splitlines()]
    constants = [line.split(" = ")[0] for line in lines if re.match(r"[A-Z]+ = ", line)]
    found: dict[int, list[Run]] = {}
    for number, line in enumerate(lines):
        if line.startswith("    xs = ["):
            for other in _variants(line, constants):
                made = _run([*lines[:number], other, *lines[number + 1 :]])
                if made is not None and all(_of(made, row["input"]) == row["right"] for row in rows):
                    found.setdefault(number + 1, []).append(made)
    line_number, fitting = max(found.items(), key=lambda one: len(one[1]))
    wrong = _run(lines)
    assert wrong is not None
    shown = [row["input"] for row in rows]
    if side == "offence":
        base = next(one for one in shown if _of(wrong, one) != _of(fitting[0], one))
        small = _smallest(base, wrong, fitting[0])
        return {"cause.json": json.dumps({"line": line_number, "input": small}).encode()}
    draw = random.Random(1)  # noqa: S311  # inputs to try, no secret
    drawn = [[draw.choice((0, 1, 255, draw.randrange(256))) for _ in range(draw.randrange(1, 15))] for _ in range(500)]
    drawn += [
        [value if draw.random() < 0.8 else draw.randrange(256) for value in one] for one in shown for _ in range(20)
    ]
    cases = []
    for one in drawn:
        told = [_of(run, one) for run in fitting]
        if one not in shown and told[0] and all(t == told[0] for t in told) and told[0] != _of(wrong, one):
            cases.append({"input": one, "expect": told[0]})
    return {"tests.json": json.dumps({"cases": cases[:CASES]}).encode()}


def _variants(line: str, constants: list[str]) -> Iterator[str]:
    """The line with every other operator or constant."""
    used = next(one for one in constants if one in line)
    made = [line]
    for operator in OPERATORS:
        if operator in line:
            made += [line.replace(operator, other, 1) for other in OPERATORS]
    made += [line.replace("[(-", "[("), line.replace("[xs[(", "[xs[(-")]
    for one in dict.fromkeys(made):
        for constant in constants:
            if (fresh := one.replace(used, constant)) != line:
                yield fresh


def _run(lines: list[str]) -> Run | None:
    held: dict[str, Any] = {}
    try:
        exec(compile("\n".join(lines), "pipeline.py", "exec"), held)  # noqa: S102  # the task's own program, in the sandbox
    except SyntaxError:
        return None
    found: Run = held["run"]
    return found


def _of(run: Run, given: list[int]) -> list[int] | None:
    try:
        return run(list(given))
    except (ZeroDivisionError, TypeError, NameError, IndexError):
        return None


def _smallest(given: list[int], wrong: Run, right: Run) -> list[int]:
    """Smaller by one value at a time, as long as it still goes wrong."""
    while True:
        shorter = [given[:place] + given[place + 1 :] for place in range(len(given))]
        failing = [one for one in shorter if _of(wrong, one) != _of(right, one)]
        if not failing:
            return given
        given = failing[0]
