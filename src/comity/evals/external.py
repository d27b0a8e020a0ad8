"""Public task suites (inspect-evals) in the shape of a campaign: their samples become items, their scorers judge.

A suite's own sandbox and its own scorer are kept: what is changed is only who chooses the next item and writes the
outcome down. Refused, each with its remedy: a suite whose package or container engine is not here, one that a model
judges, questions with choices. Public items leak: a card says so.
"""

import hashlib
import importlib
import importlib.util
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from inspect_ai import Task
from inspect_ai._util.registry import registry_info
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState

from comity.errors import Invalid, Missing, Problem, Unavailable
from comity.evals.challenge import Challenge, Grade, Grader

PACKAGE: Final = "inspect_evals"
ENGINES: Final = frozenset({"docker"})
"""Sandboxes of suites that need a container engine here."""
JUDGES: Final = ("model_graded", "model_grade")
"""Scorers by these names ask a model: no offence task is judged so."""
MINUTES_KEYS: Final = ("human_minutes", "first_solve_time_minutes")
"""Where a sample's metadata may say how long a person took."""
GUESS_MINUTES: Final = 60.0
"""For a sample that says nothing of a person's time (policy parameter): its item is as uncertain as every guess."""
MOST_SAMPLES: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """A suite's own sample and scorers, carried through a campaign unopened."""

    sample: Sample
    scorers: tuple[Scorer, ...]

    async def judge(self, state: TaskState) -> Grade:
        """By the suite's own scorers; solved when every one of them says so."""
        target = Target(self.sample.target)
        found = [await one(state, target) for one in self.scorers]
        return Grade(solved=bool(found) and all(_is_right(one) for one in found), note="by the suite's own scorer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item as the statistics see it: a campaign makes its `Entry` of it."""

    id: str
    family: str
    minutes: float
    timed: bool
    """Whether the suite says how long a person took."""


@dataclass(frozen=True)
class External:
    """A suite as challenges."""

    suite: str
    samples: tuple[Sample, ...]
    scorers: tuple[Scorer, ...]
    version: str

    @cached_property
    def rows(self) -> Sequence[Row]:
        """One row per sample."""
        return tuple(
            Row(
                id=_name(self.suite, number),
                family=self.suite,
                minutes=minutes or GUESS_MINUTES,
                timed=minutes is not None,
            )
            for number, minutes in enumerate(_minutes(sample) for sample in self.samples)
        )

    def challenge(self, item: str, run: str) -> Challenge:  # noqa: ARG002  # public items carry no mark of a run
        """The sample, unopened."""
        sample = self._place[item]
        return Challenge(
            id=item,
            family=self.suite,
            prompt=_text(sample.input),
            minutes=_minutes(sample) or GUESS_MINUTES,
            side="offence",
            native=Native(sample=sample, scorers=self.scorers),
        )

    @property
    def grade(self) -> Grader:
        """Never asked: the suite's own scorers judge, inside the engine."""

        def judge(challenge: Challenge, files: Mapping[str, bytes]) -> Grade:  # noqa: ARG001  # the shape of a grader
            raise Unavailable(f"{challenge.family} is judged by its own scorers")

        return judge

    @cached_property
    def root(self) -> str:
        """SHA-256 over the samples as they are: another version of the suite is another battery."""
        made = hashlib.sha256(f"comity external v1\n{self.suite}\n{self.version}\n".encode())
        for sample in self.samples:
            made.update(hashlib.sha256(sample.model_dump_json().encode()).digest())
        return made.hexdigest()

    @cached_property
    def _place(self) -> Mapping[str, Sample]:
        return {_name(self.suite, number): sample for number, sample in enumerate(self.samples)}


def is_installed() -> bool:
    """Whether inspect-evals is here."""
    return importlib.util.find_spec(PACKAGE) is not None


def load(package: str, *, engines: Collection[str]) -> External:
    """A suite by its name in inspect-evals. Unavailable, naming the remedy, when it cannot run here."""
    if not package.isidentifier():
        raise Missing(f"no suite {package!r}: `comity battery external` lists them")
    if not is_installed():
        raise Unavailable("inspect-evals is not installed: pip install inspect-evals, into the environment of Comity")
    try:
        made = getattr(importlib.import_module(f"{PACKAGE}.{package}"), package)
    except (ModuleNotFoundError, AttributeError) as error:
        raise Unavailable(
            f"this inspect-evals has no {package}: install the version that docs/battery.md names"
        ) from error
    return adapt(made(), suite=package, engines=engines)


def adapt(task: Task, *, suite: str, engines: Collection[str]) -> External:
    """A task as a campaign's items. `engines`: kinds of sandbox that answer on this host.

    Unavailable for a sandbox that is not here and for a suite without a scorer, or with a model as judge; Invalid for
    no samples, too many, or questions with choices.
    """
    samples = list(task.dataset)
    if not 1 <= len(samples) <= MOST_SAMPLES:
        raise Invalid("this suite cannot be run", [Problem("/dataset", "size", f"1 to {MOST_SAMPLES} samples")])
    if any(sample.choices for sample in samples):
        problem = Problem("/dataset", "choices", "questions with choices are no tasks: run them with Inspect itself")
        raise Invalid("this suite cannot be run", [problem])
    kinds = {one.type for one in (sample.sandbox or task.sandbox for sample in samples) if one is not None}
    absent = sorted(kinds - set(engines))
    if absent:
        raise Unavailable(
            f"{suite} needs the sandbox {', '.join(absent)}, which does not answer on this host: start the engine, "
            "then try again; `comity battery external` says what is here"
        )
    scorers = tuple(task.scorer or ())
    if not scorers:
        raise Unavailable(f"{suite} brings no scorer: run it with Inspect itself")
    judges = [name for name in map(_scorer_name, scorers) if any(word in name for word in JUDGES)]
    if judges:
        raise Unavailable(f"{suite} is judged by a model ({', '.join(judges)}): no offence task is judged so here")
    held = tuple(
        sample.model_copy(update={"sandbox": sample.sandbox or task.sandbox, "id": sample.id or number})
        for number, sample in enumerate(samples)
    )
    return External(suite=suite, samples=held, scorers=scorers, version=str(task.version))


def _scorer_name(scorer: Scorer) -> str:
    return str(registry_info(scorer).name)


def _is_right(score: Score | None) -> bool:
    return score is not None and (score.value in ("C", "correct") or score.value is True or score.value == 1)


def _name(suite: str, number: int) -> str:
    return f"{suite}-{number:04d}"


def _minutes(sample: Sample) -> float | None:
    for key in MINUTES_KEYS:
        found: Any = (sample.metadata or {}).get(key)
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 1e6:
            return float(found)
    return None


def _text(given: str | list[ChatMessage]) -> str:
    return given if isinstance(given, str) else "\n\n".join(message.text for message in given)
