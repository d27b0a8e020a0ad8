"""Act: make every trial that `verifying` lists, for many seeds, and regenerate in another process with another hash
seed."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from comity.assess.battery import verifying
from comity.assess.battery.families import named
from comity.assess.battery.flow import Bench
from comity.assess.battery.verifying import Fault
from comity.errors import Unavailable
from comity.sandbox.containment import Containment
from comity.sandbox.tool import tool

Progress = Callable[[str, int, int], None]
"""Called with family, seeds done, of."""
HASH_SEED: Final = "20261125"
_AGAIN: Final = (
    "import sys; from comity.assess.battery.verifying import leaves; "
    "sys.stdout.write(' '.join(leaves(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What verification of one family found."""

    family: str
    seeds: int
    trials: int
    """Answers graded."""
    hostile: int
    """Of those, hostile ones."""
    faults: tuple[Fault, ...]
    seconds: float


def verify(
    family: str,
    *,
    first: int,
    seeds: int,
    host: Containment,
    workers: int = 2,
    progress: Progress = lambda _family, _done, _of: None,
) -> Report:
    """Every trial for `seeds` seeds from `first`. Raises Forbidden and Unavailable as the sandbox does."""
    started = time.monotonic()
    faults: list[Fault] = []
    counts = [0, 0]
    with ThreadPoolExecutor(max_workers=workers if named(family).executes else 1) as pool:
        told = pool.submit(_elsewhere, family, first, seeds)
        for done, (tried, hostile, found) in enumerate(
            pool.map(lambda seed: _one(family, seed, host), range(first, first + seeds)), 1
        ):
            counts[0] += tried
            counts[1] += hostile
            faults += found
            progress(family, done, seeds)
        faults += _differing(family, first, verifying.leaves(family, first, seeds), told.result())
    return Report(
        family=family,
        seeds=seeds,
        trials=counts[0],
        hostile=counts[1],
        faults=tuple(faults),
        seconds=round(time.monotonic() - started, 1),
    )


def _one(family: str, seed: int, host: Containment) -> tuple[int, int, list[Fault]]:
    item = verifying.item_of(family, seed)
    faults = list(verifying.inspect(item))
    tried = hostile = 0
    with Bench(host, own=True) as bench:
        for trial in verifying.trials(item):
            tried += 1
            hostile += trial.name.startswith("fuzz")
            faults += verifying.judge(item, trial, bench.grade(item, trial.side, trial.files))
    return tried, hostile, faults


def _elsewhere(family: str, first: int, seeds: int) -> Sequence[str]:
    """The leaves as another process with another hash seed makes them."""
    done = tool(
        "python",
        ("-c", _AGAIN, family, str(first), str(seeds)),
        cwd=Path(sys.prefix),
        timeout=timedelta(minutes=30),
        env={"PYTHONHASHSEED": HASH_SEED},
    )
    if done.exit_code != 0:
        raise Unavailable("the second process could not make the items again")
    return done.stdout.decode().split()


def _differing(family: str, first: int, here: Sequence[str], there: Sequence[str]) -> Iterator[Fault]:
    for number, (one, other) in enumerate(zip(here, there, strict=True)):
        if one != other:
            yield Fault(family=family, seed=first + number, what="another process makes another item")
