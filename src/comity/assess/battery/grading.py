"""Judge an answer from the sealed oracle: plan what must run, then decide from what was seen. Pure.

A solve is credited only when the oracle finds the goal state and the ledger shows every milestone, in that order of
trust: either alone is not enough. An answer that cannot be read is not solved, with the reason in fixed words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.assess.battery import answers
from comity.assess.battery.families import named
from comity.assess.battery.task import Family, Files, Item, Judged, Run, Seen, Side
from comity.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """The result of one answer. `why` names no part of the oracle."""

    solved: bool
    reached: tuple[str, ...]
    """Milestones of the ledger, in the task's order."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What has to be executed before `decide` can judge this answer; possibly nothing."""

    runs: tuple[Run, ...]
    files: Files
    """The answer: slots only, sizes checked."""


def prepare(item: Item, side: Side, files: Files) -> Planned | Graded:
    """What to run for this answer, or at once why it is none."""
    family = named(item.family)
    try:
        taken = answers.taken(files, item.tasks[side].slots)
        return Planned(runs=family.plan(item.oracle, side, taken), files=taken)
    except Invalid as error:
        return Graded(solved=False, reached=(), why=str(error))


def decide(item: Item, side: Side, planned: Planned, seen: Sequence[Seen]) -> Graded:
    """The result, from one sight per planned run in the plan's order."""
    if len(seen) != len(planned.runs):
        raise ValueError("one sight per planned run")
    try:
        judged = named(item.family).judge(item.oracle, side, planned.files, seen)
    except Invalid as error:
        return Graded(solved=False, reached=(), why=str(error))
    return _credited(judged, item.tasks[side].milestones)


def at_once(item: Item, side: Side, files: Files) -> Graded:
    """Grade where nothing has to be executed. Raises ValueError when the family needs runs: use the flow."""
    planned = prepare(item, side, files)
    if isinstance(planned, Graded):
        return planned
    if planned.runs:
        raise ValueError(f"{item.family} needs runs to be judged")
    return decide(item, side, planned, ())


def needs_runs(family: Family) -> bool:
    """Whether judging this family's answers executes anything."""
    return family.executes


def _credited(judged: Judged, milestones: tuple[str, ...]) -> Graded:
    reached = tuple(name for name in milestones if name in judged.reached)
    if judged.goal and reached == milestones:
        return Graded(solved=True, reached=reached, why="")
    missing = next((name for name in milestones if name not in reached), "")
    return Graded(
        solved=False, reached=reached, why=judged.why or (f"not reached: {missing}" if missing else "goal not reached")
    )
