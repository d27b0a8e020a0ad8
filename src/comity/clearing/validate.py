"""Validate: which runs a recipe calls for, and what all of them together say. Pure; the flow makes the runs.

The rules, in the order in which the judge applies them, are in docs/decisions/0003-validation.md.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, Final

from comity.clearing.oracle import deadline
from comity.formats.recipe_values import thawed
from comity.model.evidence import Build, Flaky, Level, NeedsPerson, NotReproduced, Reproduced, Tally, Verdict
from comity.model.recipe import (
    Creates,
    Dress,
    Exits,
    Grows,
    Harness,
    Observation,
    Origin,
    PlannedRun,
    Raises,
    Reads,
    Recipe,
    Script,
    Sight,
    Stalls,
    Steps,
    Trial,
)

CONTROL_RUNS: Final = 2
SLOW_CONTROL_RUNS: Final = 1
"""For effects that are a matter of time: one control run costs seconds."""
Z95: Final = 1.959963984540054

SANITIZER_STATUS: Final = 86
"""What a program ends with when the sanitizer stopped it: also a report that went nowhere is seen by it."""
ASAN: Final = (
    f"exitcode={SANITIZER_STATUS}:abort_on_error=0:detect_leaks=0:"
    "detect_stack_use_after_return=1:allocator_may_return_null=1:color=never"
)


def plan(recipe: Recipe, *, thorough: bool = False) -> tuple[PlannedRun, ...]:
    """Every run to make, builds in turn, so that a noisy minute on the host falls on all of them alike.

    `thorough`: every control runs twice as often, for a party whose reports seldom held.
    """
    slow = isinstance(recipe.oracle, Stalls | Grows)
    often = 2 if thorough else 1
    controls = (SLOW_CONTROL_RUNS if slow else CONTROL_RUNS) * often
    counts = {Dress.VULNERABLE: recipe.runs}
    if recipe.fixed is not None:
        counts[Dress.FIXED] = recipe.runs
        if not recipe.native:
            counts[Dress.FIXED_AS_VULNERABLE] = controls
            counts[Dress.VULNERABLE_AS_FIXED] = CONTROL_RUNS * often  # its silence decides, so one run is never enough
    if recipe.has_benign:
        counts[Dress.BENIGN] = controls
    rounds = max(counts.values())
    return tuple(
        PlannedRun(dress=dress, index=index, spec=spec(recipe, dress))
        for index in range(rounds)
        for dress, count in counts.items()
        if index < count
    )


def spec(recipe: Recipe, dress: Dress) -> str:
    """What the driver gets for one run, as JSON text."""
    benign = dress is Dress.BENIGN
    oracle = recipe.oracle
    order: dict[str, Any] = {
        "form": "calls",
        "target": "/target",
        "paths": ["/target", *(f"/support/{place}" for place in range(len(recipe.support)))],
        "inputs": "/inputs",
        "work": "/work",
        "steps": [],
        "script": "",
        "benign": benign,
        "sizes": [oracle.size, oracle.size * 2, oracle.size * 4] if isinstance(oracle, Grows) else [],
        "value": oracle.value if isinstance(oracle, Reads) else "",
        "watch": "read" if isinstance(oracle, Reads) else "created" if isinstance(oracle, Creates) else "",
        "deadline_seconds": deadline(recipe, benign=benign).total_seconds(),
    }
    match recipe.run:
        case Steps(steps=steps):
            order["steps"] = [
                {
                    "call": step.call,
                    "args": thawed(step.args),
                    "kwargs": [[key, thawed(value)] for key, value in step.kwargs],
                    "as": step.name,
                }
                for step in steps
            ]
        case Script(script=script):
            order["script"] = f"/inputs/{script}"
        case Harness(argv=argv, stdin=stdin, benign=arguments):
            given = (argv[0], *arguments) if benign else argv
            order |= {
                "form": "harness",
                "argv": [f"/build/{given[0]}", *(_argument(recipe, text) for text in given[1:])],
                "stdin": f"/inputs/{stdin}" if stdin and not benign else "",
                "env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "ASAN_OPTIONS": ASAN},
            }
    return json.dumps(order, sort_keys=True)


def _argument(recipe: Recipe, text: str) -> str:
    for name, _ in recipe.inputs:
        text = text.replace(f"{{input:{name}}}", f"/inputs/{name}")
    return text


def judge(recipe: Recipe, trial: Trial) -> Verdict:
    """What the runs say together. Order of the runs never matters; a firing fixed build is never reproduced."""
    tallies = _tallies(recipe, trial.observations)
    refusal = _refused(recipe, trial, tallies)
    if refusal is not None:
        return refusal
    fired, runs = _count(trial.of(Dress.VULNERABLE))
    if fired < recipe.at_least:
        low, high = wilson(fired, runs)
        return Flaky(tallies=tallies, low=low, high=high)
    # (7) from here on the effect is real as far as runs can tell; what is left is whose word it rests on
    if _labelled_away(trial, fired):
        return NotReproduced(reason="the effect follows the version label and not the code", tallies=tallies)
    for reason in _doubts(recipe, trial):
        return NeedsPerson(reason=reason, tallies=tallies)
    return Reproduced(tallies=tallies, level=Level.E3 if trial.contained_fully else Level.E2)


def _refused(recipe: Recipe, trial: Trial, tallies: tuple[Tally, ...]) -> Verdict | None:
    """Every ground on which the runs reproduce nothing, or say nothing; None when the effect was seen and may count."""
    # (1) a plan that was not carried out says nothing; a closer look is a plan of its own
    if len(trial.observations) not in {len(plan(recipe)), len(plan(recipe, thorough=True))}:
        return NeedsPerson(reason="not every planned run was made", tallies=tallies)
    # (2) the effect where it must not be: fixed code, benign input, fixed code under the other label
    for dress, reason in (
        (Dress.FIXED, "the effect occurs in the fixed version too"),
        (Dress.BENIGN, "benign input shows the same effect"),
        (Dress.FIXED_AS_VULNERABLE, "the effect follows the version label and not the code"),
    ):
        if _count(trial.of(dress))[0]:
            return NotReproduced(reason=reason, tallies=tallies)
    vulnerable = list(trial.of(Dress.VULNERABLE))
    fired, _ = _count(vulnerable)
    if fired == 0:
        # (3) nothing seen: either the claim does not hold, or the runs could not show it
        if all(o.sight is Sight.BROKEN for o in vulnerable):
            detail = min(o.detail for o in vulnerable)
            return NeedsPerson(reason=f"no run completed: {detail}", tallies=tallies)
        details = sorted({o.detail for o in vulnerable if o.sight is not Sight.BROKEN and o.detail})
        return NotReproduced(reason="; ".join(["the effect did not occur", *details[:2]]), tallies=tallies)
    # (4) silence counts only where the call was really made
    compared = [d for d in (Dress.FIXED, Dress.BENIGN) if any(True for _ in trial.of(d))]
    if not compared:
        return NeedsPerson(reason="neither a fixed version nor a benign input to compare with", tallies=tallies)
    for dress in (*compared, Dress.FIXED_AS_VULNERABLE):
        mute = [o.detail or str(o.sight) for o in trial.of(dress) if o.sight is not Sight.SILENT]
        if mute:  # of several reasons always the same one, whatever the order of the runs
            return NeedsPerson(reason=f"{dress}: {min(mute)}", tallies=tallies)
    return None


def _labelled_away(trial: Trial, fired: int) -> bool:
    relabelled = list(trial.of(Dress.VULNERABLE_AS_FIXED))
    return bool(relabelled) and fired > 0 and not _count(relabelled)[0]


def _doubts(recipe: Recipe, trial: Trial) -> Iterable[str]:
    """Why a person must look, although the runs agree."""
    if recipe.fixed is None and isinstance(recipe.oracle, Raises | Creates | Reads | Exits):
        yield "no fixed version is named: a person must say whether the effect is documented behaviour"
    if recipe.reporters_code:
        yield "the harness is the reporter's: a person must read it"
    if any(origin is Origin.REPORTER for origin in trial.origins.values()):
        yield "the target's archive came with the report: a person must compare it with what was released"
    if isinstance(recipe.run, Steps) and any(step.private for step in recipe.run.steps):
        yield "the proof enters through a private name: a person must say whether input can reach it"


def _count(observations: Iterable[Observation]) -> tuple[int, int]:
    listed = list(observations)
    return sum(o.sight is Sight.FIRED for o in listed), len(listed)


def _tallies(recipe: Recipe, observations: Iterable[Observation]) -> tuple[Tally, ...]:
    listed = list(observations)
    tallies = []
    for dress in Dress:
        of_dress = [o for o in listed if o.dress is dress]
        if not of_dress and dress not in {Dress.VULNERABLE, Dress.FIXED}:
            continue
        if not of_dress and dress is Dress.FIXED and recipe.fixed is None:
            continue
        fired, runs = _count(of_dress)
        seen = sorted({o.detail for o in of_dress if o.sight is Sight.FIRED and o.detail})
        said = seen or sorted({o.detail for o in of_dress if o.detail})
        prefix = f"{dress}: " if dress.build is Build.CONTROL else ""
        tallies.append(Tally(build=dress.build, fired=fired, runs=runs, detail=prefix + "; ".join(said[:2])))
    return tuple(tallies)


def wilson(fired: int, runs: int) -> tuple[float, float]:
    """Wilson score interval at 95 % for a rate seen as `fired` of `runs`; (0, 1) for no runs."""
    if runs == 0:
        return 0.0, 1.0
    rate = fired / runs
    spread = Z95 * Z95 / runs
    middle = (rate + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(rate * (1 - rate) / runs + spread / (4 * runs))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if fired == 0 else low), (1.0 if fired == runs else high)
