"""Every durable step of the clearinghouse, read from its source, and which crash scenario kills it there.

The list is made by code: a flow or a step that somebody adds is in it, and fails a test until a scenario kills it.
"""

import ast
import fnmatch
import importlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import comity.clearing
from tests.durable.harness import Place

SCENARIOS: Mapping[str, tuple[str, ...]] = {
    "tests.clearing.travel": ("clearing.screen", "clearing.validate", "clearing.coordinate"),
    "tests.clearing.bulk_travel": ("clearing.take",),
    "tests.clearing.later_travel": (
        "clearing.cross",
        "clearing.capacity",
        "clearing.blind-epoch",
        "clearing.hand-over",
        "clearing.claims-exchange",
        "clearing.cve",
        "clearing.clocks",
    ),
    "tests.patches.travel": ("clearing.patch",),
}
"""Which scenario kills at every step of which flows; its own test asks `unkilled` for what it left out."""


def steps() -> dict[str, tuple[str, ...]]:
    """Flow -> patterns of its steps' names, `*` where a number stands. AssertionError for a step outside a flow."""
    found: dict[str, tuple[str, ...]] = {}
    outside = []
    for path in sorted(Path(comity.clearing.__path__[0]).glob("*.py")):
        tree = ast.parse(path.read_text())
        module = importlib.import_module(f"comity.clearing.{path.stem}")
        seen: set[ast.Call] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (name := _flow(node, module)):
                calls = [one for one in ast.walk(node) if _is_step(one, module)]
                found[name] = tuple(_pattern(one) for one in calls)
                seen.update(calls)
        outside += [f"{path.name}:{one.lineno}" for one in ast.walk(tree) if _is_step(one, module) and one not in seen]
    assert not outside, f"steps that no flow of this file names: {outside}"
    return found


def unkilled(scenario: str, killed: Iterable[Place]) -> set[str]:
    """Steps of this scenario's flows at whose begin or end no kill was made; empty when all were."""
    names = {place.name for place in killed}
    every = steps()
    held = [f"{flow}/{step}" for flow in SCENARIOS[scenario] for step in every[flow]]
    wanted = {f"{one}:{edge}" for one in held for edge in ("begin", "end")}
    return {one for one in wanted if not fnmatch.filter(names, one)}


def within(seam: Callable[[str], None]) -> Callable[[str], None]:
    """A seam that tells a commit inside a step by the step's name, so that a kill there needs no counting."""
    held = threading.local()

    def passed(place: str) -> None:
        name = place
        if place.startswith("store:") and getattr(held, "step", ""):
            name = f"{held.step}>{place.removeprefix('store:')}"
        elif place.endswith(":begin"):
            held.step = place.removesuffix(":begin")
        elif place.endswith(":end"):
            held.step = ""
        seam(name)

    return passed


def _flow(node: ast.FunctionDef, module: Any) -> str:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in ("flow", "named"):
            return str(_value(one.args[0], module))
    return ""


def _value(node: ast.expr, module: Any) -> Any:
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, module), node.attr)
    assert isinstance(node, ast.Name), ast.dump(node)
    return getattr(module, node.id)


def _is_step(node: ast.AST, module: Any) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "step"
    return is_call and getattr(getattr(module, "step", None), "__module__", "") == "comity.durable.flows"


def _pattern(call: ast.AST) -> str:
    assert isinstance(call, ast.Call)
    name = call.args[0]
    if isinstance(name, ast.Constant):
        return str(name.value)
    assert isinstance(name, ast.JoinedStr), "a step's name is a text, with a number at most"
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in name.values)


def once(scenario: str, passed: Sequence[Place]) -> list[Place]:
    """The places of this scenario's own flows in the order in which they are passed, to be killed one start each.

    A step that ended is not run again after a restart, so each place is the first of its name then. Just before a
    commit a step is killed the first time only, whatever its number: nothing of it is kept there.
    """
    flows = tuple(f"{flow}/" for flow in SCENARIOS[scenario])
    found: list[Place] = []
    seen: dict[str, str] = {}
    for one in passed:
        kind = re.sub(r"\d+", "*", one.name)
        is_another = seen.setdefault(kind, one.name) != one.name
        if one.name.startswith(flows) and not (is_another and kind.endswith(">before-commit")):
            found.append(Place(name=one.name, nth=1))
    return found
