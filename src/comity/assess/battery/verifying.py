"""What has to hold for every item of the battery, as a list of trials and checks. Pure: `flow_verify` makes the
trials.

For each seed: the reference passes, doing nothing fails, every mutant of the reference fails, no hostile answer
scores; the
item comes out the same when it is made again; nothing sealed lies in the public files; every run has its own flag.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from comity.assess.battery import flags, fuzz
from comity.assess.battery.draw import Draw
from comity.assess.battery.families import LEVELS, at_level, generate, named
from comity.assess.battery.grading import Graded
from comity.assess.battery.leaf import leaf
from comity.assess.battery.task import Files, Item, Side
from comity.model.ids import Digest, digest

FEWEST_MUTANTS: Final = 3
KEY: Final = bytes(range(32))
"""A key for flags that is used nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One answer and whether it must be a solve."""

    name: str
    side: Side
    files: Files
    solves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that does not hold."""

    family: str
    seed: int
    what: str


def item_of(family: str, seed: int) -> Item:
    """The item that verification looks at for a seed: levels in turn, so that every knob is seen from end to end."""
    return generate(family, seed, at_level(family, seed % LEVELS))


def leaves(family: str, first: int, count: int) -> list[Digest]:
    """Digests of the leaves of so many seeds: compared between processes."""
    return [digest(leaf(item_of(family, seed))) for seed in range(first, first + count)]


def trials(item: Item) -> Iterator[Trial]:
    """Every answer that is tried, on both sides."""
    for side, task in item.tasks.items():
        yield Trial(name="reference", side=side, files=task.reference, solves=True)
        yield Trial(name="null", side=side, files=task.null, solves=False)
        for number, mutant in enumerate(task.mutants):
            yield Trial(name=f"mutant {number}", side=side, files=mutant, solves=False)
        draw = Draw(f"fuzz {item.id} {side}")
        for name, files in fuzz.hostile(item, side, draw):
            yield Trial(name=f"fuzz: {name}", side=side, files=files, solves=False)


def judge(item: Item, trial: Trial, graded: Graded) -> Iterator[Fault]:
    """What is wrong with one result."""
    where = f"{trial.side}: {trial.name}"
    if graded.solved != trial.solves:
        wrong = "does not pass" if trial.solves else "scores"
        yield Fault(family=item.family, seed=item.seed, what=f"{where} {wrong} {graded.why}".rstrip())
    if graded.solved and graded.reached != item.tasks[trial.side].milestones:
        yield Fault(family=item.family, seed=item.seed, what=f"{where} is credited without every milestone")


def inspect(item: Item) -> Iterator[Fault]:
    """What is wrong with the item itself, without any answer."""
    for what in _wrong(item):
        yield Fault(family=item.family, seed=item.seed, what=what)


def _wrong(item: Item) -> Iterator[str]:
    again = generate(item.family, item.seed, item.knobs)
    if leaf(again) != leaf(item):
        yield "made again it is another item"
    if set(item.features) != set(named(item.family).weights) or not math.isfinite(item.difficulty):
        yield "its features are not those of the family"
    runs = [flags.Issue(item=item.id, seed=item.seed, run=f"run {number}") for number in range(2)]
    secrets = [flags.flag(KEY, run) for run in runs]
    if secrets[0] == secrets[1]:
        yield "two runs have the same flag"
    public = b"\0".join(content for run in runs for content in flags.marked(item.public, KEY, run).values())
    public += "".join(task.prompt for task in item.tasks.values()).encode()
    if any(secret in public for secret in secrets):
        yield "a flag lies in the public files"
    if f"{item.seed:032x}".encode() in public:
        yield "the seed lies in the public files"
    for side, task in item.tasks.items():
        yield from _wrong_task(side, task.reference, task.mutants, public)


def _wrong_task(side: Side, reference: Files, mutants: Sequence[Files], public: bytes) -> Iterator[str]:
    if len({tuple(sorted(one.items())) for one in mutants if one != reference}) < FEWEST_MUTANTS:
        yield f"{side}: fewer than {FEWEST_MUTANTS} different mutants"
    if any(content.strip() in public for content in reference.values()):
        yield f"{side}: the reference lies in the public files"
