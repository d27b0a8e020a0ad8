"""`comity bench patches [--only ID]`: every sample patch up the ladder, right and wrong ones, beside what was expected.

A wrong patch that reaches L5 is the failure that counts; a right one that does not is the other.
"""

import argparse
import time
from collections.abc import Iterable, Mapping
from typing import Any

from comity.clearing import flow_ladder
from comity.clearing.flow_runs import Laboratory
from comity.errors import ComityError, Invalid
from comity.feeds.packages import Shelf
from comity.formats import recipe as recipes
from comity.formats.patch_archive import SamplePatch, sample_patches
from comity.model.patch import Rung, level_word
from comity.sandbox import tier
from comity.settings import load

SEED = 20260610
"""The bench's own, so that two runs of it can be compared; a host draws one for each patch."""


def run(args: list[str]) -> dict[str, Any]:
    """Climb with every sample and give the object that `--json` prints. Raises Invalid for arguments it cannot use."""
    parser = argparse.ArgumentParser(prog="comity bench patches", exit_on_error=False)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seed", type=int, default=SEED)
    try:
        options = parser.parse_args(args)
    except argparse.ArgumentError as error:
        raise Invalid(f"bench patches: {error}") from error
    settings = load()
    laboratory = Laboratory(
        containment=tier.find(settings.containment, settings.accept_without_cgroups, settings.sandbox_uid),
        shelf=Shelf(cache=settings.data / "packages", mirror=settings.wheels, online=False),
    )
    started = time.monotonic()
    chosen = [one for one in sample_patches() if not options.only or one.id in options.only]
    rows = [row(one, laboratory, seed=options.seed) for one in chosen]
    return {
        "tier": laboratory.containment.tier.value,
        "seed": options.seed,
        "patches": rows,
        **summary(rows),
        "seconds": round(time.monotonic() - started, 1),
    }


def row(sample: SamplePatch, laboratory: Laboratory, *, seed: int) -> dict[str, Any]:
    """One sample's climb."""
    started = time.monotonic()
    held: dict[str, Any] = {"id": sample.id, "recipe": sample.recipe, "right": sample.is_right, "what": sample.what}
    case = sample.case
    attempt = flow_ladder.Attempt(
        recipe=recipes.read(case.recipe), attached=case.attached, diff=sample.diff, seed=seed, kit=sample.kit
    )
    try:
        climb = flow_ladder.climb(laboratory, attempt)
    except ComityError as error:
        held |= {"reached": "not run", "why": str(error)}
    else:
        held |= {"reached": level_word(climb.level), "why": climb.stopped.said if climb.stopped else ""}
    return {**held, "expected": sample.expected, "seconds": round(time.monotonic() - started, 2)}


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts over all rows."""
    listed = list(rows)
    wrong = [one for one in listed if not one["right"]]
    right = [one for one in listed if one["right"]]
    top = level_word(Rung.L5)
    return {
        "wrong": len(wrong),
        "wrong_reached_l5": sum(one["reached"] == top for one in wrong),
        "right": len(right),
        "right_reached_l5": sum(one["reached"] == top for one in right),
        "as_expected": sum(one["reached"] == one["expected"] for one in listed),
        "stopped_by_plain_tests": sum(one["reached"] in {"L2", "none", "L0", "L1"} for one in wrong),
    }


def table(result: dict[str, Any]) -> str:
    """The same for people: one line a patch, then the sums."""
    lines = [f"{'patch':24} {'proof':24} {'right':5} {'reached':8} {'expected':8} {'s':>5}  why it stopped"]
    for one in result["patches"]:
        mark = "" if one["reached"] == one["expected"] else "  <-- not as expected"
        lines.append(
            f"{one['id']:24} {one['recipe']:24} {'yes' if one['right'] else 'no':5} {one['reached']:8} "
            f"{one['expected']:8} {one['seconds']:5.1f}  {one['why'][:110]}{mark}"
        )
    lines.append(
        f"wrong patches {result['wrong']}, at L5 {result['wrong_reached_l5']}; right ones {result['right']}, at L5 "
        f"{result['right_reached_l5']}; {result['as_expected']} of {len(result['patches'])} as expected; containment "
        f"{result['tier']}; {result['seconds']} s"
    )
    return "\n".join(lines)
