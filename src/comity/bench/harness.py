"""Bench `harness`: what does a campaign of Comity cost over Inspect alone, with the same provider and mock model?

Both sides run the same number of one-turn samples with the same replies, without tools and with one tool call in our
sandbox, and both grade the same way. Bare: a fixed data set, Inspect's own `generate` loop, `sandbox="comity"` where
there are tools, its default log. Comity: `conduct` with the driver choosing each item, every attempt written into the
ledger before the next is chosen, files brought out after everything is dead. Runs alternate; medians are compared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

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


def run(args: list[str]) -> dict[str, Any]:
    """Measure; keys: benches.md, row `harness`, for both forms."""
    parser = argparse.ArgumentParser(prog="comity bench harness")
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    host = find()
    forms = {}
    for name, tools in (("without_tools", False), ("one_tool_call", True)):
        one(host, 4, tools=tools)
        bare.seconds(4, script, grade=graded, challenge=Trivial(4).challenge, host=host, tools=tools)
        both: dict[str, list[float]] = {"bare": [], "comity": []}
        for _ in range(options.repeats):
            both["bare"].append(
                bare.seconds(
                    options.samples, script, grade=graded, challenge=Trivial(1).challenge, host=host, tools=tools
                )
            )
            both["comity"].append(one(host, options.samples, tools=tools))
        bare_s, comity_s = statistics.median(both["bare"]), statistics.median(both["comity"])
        forms[name] = {
            "bare_samples_per_s": options.samples / bare_s,
            "comity_samples_per_s": options.samples / comity_s,
            "ratio": comity_s / bare_s,
            "bare_seconds": both["bare"],
            "comity_seconds": both["comity"],
        }
    worst = max(forms.values(), key=lambda form: form["ratio"])
    return {
        "samples": options.samples,
        "repeats": options.repeats,
        "goal": GOAL,
        "forms": forms,
        "bare_samples_per_s": worst["bare_samples_per_s"],
        "comity_samples_per_s": worst["comity_samples_per_s"],
        "ratio": worst["ratio"],
        "tier": host.tier.value,
    }


def table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    lines = [f"{'form':<16}{'bare samples/s':>16}{'comity samples/s':>18}{'ratio':>8}"]
    lines += [
        f"{name.replace('_', ' '):<16}{form['bare_samples_per_s']:>16.1f}{form['comity_samples_per_s']:>18.1f}"
        f"{form['ratio']:>8.3f}"
        for name, form in result["forms"].items()
    ]
    lines.append(f"{result['samples']} samples, medians of {result['repeats']}; goal: a ratio of {result['goal']}")
    return "\n".join(lines)


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
