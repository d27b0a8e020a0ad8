"""Bench `harness`: what does a campaign of Comity cost over Inspect alone, with the same provider and mock model?

Both sides run the same number of one-turn samples with the same replies, without tools and with one tool call in our
sandbox, and both grade the same way. Bare: a fixed data set, Inspect's own `generate` loop, `sandbox="comity"` where
there are tools, its default log. Comity: `conduct` with the driver choosing each item, every attempt written into the
ledger before the next is chosen, files brought out after everything is dead.

Each pair is one run of either side right after the other, the first by turns, and gives one ratio of wall time and
one of processor time (this process and every process it waited for, so the sandbox too). The figure is the median over
pairs; its interval is the one of order statistics, which assumes no shape and needs 6 pairs for 95 %. Wall time on a
busy machine measures its neighbours too: the load is printed, and the processor time is the steadier of the two.
"""

import argparse
import math
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from comity.assess.adaptive import Policy
from comity.assess.flow_ledger import Ledger
from comity.assess.flow_run import conduct
from comity.assess.protocol import Entry, Protocol
from comity.evals import bare, levels
from comity.evals.challenge import Assignment, Challenge, Grade, Grader
from comity.evals.subjects import Move, Scripted
from comity.sandbox.containment import Containment
from comity.sandbox.tier import find

GOAL: Final = 1.1
COVERAGE: Final = 0.95
ANSWER: Final = "answer"


class Trivial:
    """Items whose answer is one word; nothing to generate and nothing to run."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def entries(self) -> Sequence[Entry]:
        """Spread over ten doublings of minutes."""
        return tuple(Entry(id=f"i{n}", family=f"f{n % 5}", minutes=float(2 ** (n % 10))) for n in range(self.number))

    def challenge(self, item: str, run: str) -> Challenge:  # noqa: ARG002  # the shape of a battery
        """One word is asked for."""
        return Challenge(id=item, family="trivial", prompt="Write the answer.", collect=(ANSWER,))

    @property
    def grade(self) -> Grader:
        """Solved when the file is there."""
        return graded


def graded(challenge: Challenge, files: Mapping[str, bytes]) -> Grade:  # noqa: ARG001  # the shape of a grader
    """Solved when the file is there."""
    return Grade(solved=files.get(ANSWER) == b"42\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one run of one side took, in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both sides, one right after the other."""

    bare: Spent
    comity: Spent


Side: TypeAlias = Callable[[int], Spent]
"""Runs so many samples."""


def run(args: list[str]) -> dict[str, Any]:
    """Measure; keys: benches.md, row `harness`, for both forms."""
    parser = argparse.ArgumentParser(prog="comity bench harness")
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--full", action="store_true", help="31 pairs")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    pairs, samples = 31 if options.full else options.pairs, options.samples
    host = find()
    began = os.getloadavg()[0]
    forms = {}
    for name, tools in (("without_tools", False), ("one_tool_call", True)):
        sides = _sides(host, tools=tools)
        for side in sides:
            side(4)  # imports, caches, the first sandbox
        forms[name] = summary([pair(sides, samples, turned=bool(n % 2)) for n in range(pairs)], samples)
    worst = max(forms.values(), key=lambda form: float(form["ratio"]))
    return {
        "samples": samples,
        "pairs": pairs,
        "goal": GOAL,
        "forms": forms,
        "bare_samples_per_s": worst["bare_samples_per_s"],
        "comity_samples_per_s": worst["comity_samples_per_s"],
        "ratio": worst["ratio"],
        "cpu_ratio": max(float(form["cpu_ratio"]) for form in forms.values()),
        "load": [began, os.getloadavg()[0]],
        "processors": os.cpu_count(),
        "tier": host.tier.value,
    }


def pair(sides: tuple[Side, Side], samples: int, *, turned: bool) -> Pair:
    """Run both, Comity first when `turned`: what drifts while a pair runs then falls on either side by turns."""
    bare_one, comity_one = sides
    if turned:
        second = comity_one(samples)
        return Pair(bare=bare_one(samples), comity=second)
    return Pair(bare=bare_one(samples), comity=comity_one(samples))


def summary(pairs: Sequence[Pair], samples: int) -> dict[str, Any]:
    """One form's figures: ratios per pair, their medians, and between which of them the true median lies at 95 %."""
    walls = [one.comity.wall / one.bare.wall for one in pairs]
    cpus = [one.comity.cpu / one.bare.cpu for one in pairs]
    return {
        "bare_samples_per_s": samples / statistics.median(one.bare.wall for one in pairs),
        "comity_samples_per_s": samples / statistics.median(one.comity.wall for one in pairs),
        "ratio": statistics.median(walls),
        "ratio_95": between(walls),
        "cpu_ratio": statistics.median(cpus),
        "cpu_ratio_95": between(cpus),
        "bare_cpu_ms": 1000 * statistics.median(one.bare.cpu for one in pairs) / samples,
        "comity_cpu_ms": 1000 * statistics.median(one.comity.cpu for one in pairs) / samples,
        "ratios": walls,
        "cpu_ratios": cpus,
    }


def between(values: Sequence[float]) -> list[float] | None:
    """Interval for a median from the values' order alone, coverage at least 95 %; None when there are too few for any.

    Between the k-th smallest and the k-th largest lies the median with chance 1 - 2 P(Binomial(n, 1/2) < k).
    """
    ordered, n = sorted(values), len(values)
    best = None
    for k in range(1, n // 2 + 1):
        if 1 - 2 * sum(math.comb(n, below) for below in range(k)) / 2**n < COVERAGE:
            break
        best = [ordered[k - 1], ordered[n - k]]
    return best


def table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    columns = (
        *(("bare/s", 8), ("Comity/s", 10), ("wall", 8), ("95 %", 15)),
        *(("cpu ms bare", 13), ("Comity", 8), ("cpu", 8), ("95 %", 15)),
    )
    lines = [f"{'form':<15}" + "".join(f"{name:>{width}}" for name, width in columns)]
    lines += [
        f"{name.replace('_', ' '):<15}{form['bare_samples_per_s']:>8.1f}{form['comity_samples_per_s']:>10.1f}"
        f"{form['ratio']:>8.3f}{_shown(form['ratio_95']):>15}"
        f"{form['bare_cpu_ms']:>13.1f}{form['comity_cpu_ms']:>8.1f}"
        f"{form['cpu_ratio']:>8.3f}{_shown(form['cpu_ratio_95']):>15}"
        for name, form in result["forms"].items()
    ]
    load = " and ".join(f"{one:.1f}" for one in result["load"])
    lines.append(
        f"{result['pairs']} pairs of {result['samples']} samples a side, medians of their ratios; "
        f"goal: a ratio of at most {result['goal']}"
    )
    lines.append(f"load on {result['processors']} processors at the start and the end: {load}")
    return "\n".join(lines)


def _shown(interval: Sequence[float] | None) -> str:
    return "too few pairs" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"


def _sides(host: Containment, *, tools: bool) -> tuple[Side, Side]:
    """Bare and Comity, each told how many samples to run."""

    def bare_one(samples: int) -> float:
        return bare.seconds(samples, script, grade=graded, challenge=Trivial(1).challenge, host=host, tools=tools)

    return _spent(bare_one), _spent(lambda samples: one(host, samples, tools=tools))


def _spent(seconds: Callable[[int], float]) -> Side:
    """A side that says how many seconds of wall time it took, with its processor time beside them."""

    def side(samples: int) -> Spent:
        before = _cpu()
        wall = seconds(samples)
        return Spent(wall=wall, cpu=_cpu() - before)

    return side


def _cpu() -> float:
    """Processor seconds of this process and of all that it waited for."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def one(host: Containment, samples: int, *, tools: bool) -> float:
    """Seconds of one campaign over so many items."""
    protocol = Protocol(
        subject="scripted",
        level="C1",
        battery="trivial",
        battery_root="0" * 64,
        items=samples,
        policy=Policy(fixed_form=samples),
        form="fixed",
    )
    with tempfile.TemporaryDirectory(prefix="comity-harness-") as made, Ledger(Path(made) / "ledger") as ledger:
        began = time.perf_counter()
        campaign = conduct(
            protocol,
            battery=Trivial(samples),
            subject=Scripted(script=script if tools else quiet),
            admitted=levels.scripted(),
            ledger=ledger,
            host=host,
            logs=Path(made) / "logs",
            clock=lambda: datetime.now(UTC),  # noqa: TID251  # a bench reads the clock
            tools=tools,
        )
        spent = time.perf_counter() - began
        assert len(campaign.attempts) == samples
    return spent


def script(asked: Assignment, turn: int) -> Move:  # noqa: ARG001  # the shape of a script
    """One tool call, then the end."""
    return Move(command=f"echo 42 > {ANSWER}", tokens=100) if turn == 0 else Move(says="done", tokens=100)


def quiet(asked: Assignment, turn: int) -> Move:  # noqa: ARG001  # as above
    """The end at once."""
    return Move(says="done", tokens=100)
