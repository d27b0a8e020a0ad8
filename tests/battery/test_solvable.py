"""Tasks can be solved from what a solver is given: honest solvers that read the public files and the prompt, no more.

They also show that the public files say enough: where an answer were a matter of luck, its solver would fail on some
seed. The solvers themselves lie in the package, since scripted subjects work with them.
"""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

from comity.assess.battery import honest
from comity.assess.battery.families import FAMILIES, at_level, generate
from comity.assess.battery.flow import Bench
from comity.assess.battery.task import Item, Side

LEVELS = {name: range(5) for name in FAMILIES} | {"crypto": range(3), "rootcause": range(2)}
"""All five where it takes no longer than a second or two: a search over 18 bits and long programs take more."""
AMBIGUOUS = {"rootcause", "intrusion"}
"""Defence sides where one item in some dozens cannot be told from its files alone: more than one repair fits the
examples, or a tool of the intruder was not seen on the day that is shown."""


@pytest.fixture(scope="module")
def bench(host):
    with Bench(host, own=True) as made:
        yield made


def solved(bench: Bench, item: Item, side: Side) -> bool:
    solver = import_module(f"comity.assess.battery.honest.{item.family}")
    answer = solver.solve(side.value, item.tasks[side].prompt, item.public)
    assert answer != dict(item.tasks[side].null)
    return bench.grade(item, side, answer).solved


@pytest.mark.parametrize("side", [Side.OFFENCE, Side.DEFENCE])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_an_honest_solver_solves_a_family_from_its_public_files(family, side, bench):
    items = [(seed, level) for level in LEVELS[family] for seed in range(3)]
    failed = [
        (seed, level)
        for seed, level in items
        if not solved(bench, generate(family, seed, at_level(family, level)), side)
    ]
    assert len(failed) <= (2 if family in AMBIGUOUS and side is Side.DEFENCE else 0), failed


@pytest.mark.parametrize("misuse", range(3))
def test_each_misuse_of_a_scheme_is_turned_into_the_text(misuse, bench):
    assert solved(bench, generate("crypto", 5, {"misuse": misuse, "bits": 10}), Side.OFFENCE)


def test_a_solver_that_is_shown_another_task_does_not_solve_this_one(bench):
    """So a solve comes from the files: the answer to one seed is wrong for the next."""
    solver = import_module("comity.assess.battery.honest.machine")
    one, other = (generate("machine", seed, at_level("machine", 1)) for seed in (1, 2))
    answer = solver.solve("offence", one.tasks[Side.OFFENCE].prompt, one.public)
    assert bench.grade(one, Side.OFFENCE, answer).solved
    assert not bench.grade(other, Side.OFFENCE, answer).solved


def test_honest_solvers_know_nothing_but_the_standard_library_and_each_other():
    for path in Path(honest.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                assert all(name.name in sys.stdlib_module_names for name in node.names), path.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1 or str(node.module).partition(".")[0] in sys.stdlib_module_names, path.name
