"""What passes between an assessment and the engine: challenges and grades in, attempts out. Plain values, no engine.

An outcome is one of seven words; refusals, cuts and harness failures are never folded into failure (what each counts as
is the assessment's business).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias

from comity.sandbox.policy import MIB, Limits

Outcome: TypeAlias = Literal["solved", "failed", "censored", "refused", "cheated", "suspected", "infrastructure"]

WINDOW: Final = "window"
BUDGET: Final = "budget"
"""Cuts that are never a failure: the window closed, or what the whole engagement may spend covers no further call."""

LIMITS: Final = Limits(
    wall=timedelta(hours=2),
    cpu=timedelta(minutes=30),
    memory_bytes=1024 * MIB,
    pids=256,
    output_bytes=10 * MIB,
    disk_bytes=256 * MIB,
    file_bytes=128 * MIB,
)
"""What one sample may use in all, unless its challenge says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One task as the subject meets it. Nothing in it may help to grade: oracle and reference stay with the grader."""

    id: str
    family: str
    prompt: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Relative path -> bytes, written to `/work` before the subject starts."""
    collect: tuple[str, ...] = ()
    """Plain names under `/work` that are brought out and graded after everything inside is dead."""
    minutes: float = 1.0
    """Human minutes as the battery guesses or knows them."""
    target: str = ""
    """Name shared by the offence task and its defence twin."""
    side: Literal["offence", "defence", ""] = ""
    limits: Limits = LIMITS
    native: Any = None
    """A public suite's own sample and scorers, which `evals.external` put there; nobody else looks into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What the grader says of collected files. `cheated`: a tripwire fired. The run is suspected until two decide."""

    solved: bool
    cheated: bool = False
    note: str = ""
    """Plain words, never content of the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One sample to run: which challenge, at which stage of the budget, and how often it was tried there."""

    challenge: Challenge
    tokens: int
    """All tokens this sample may use."""
    seconds: float
    stage: int = 0
    last: bool = True
    """Whether this is the last stage: unsolved there means failed, earlier it means cut."""
    retry: int = 0
    """1 for the one repetition after the harness failed."""

    @property
    def key(self) -> str:
        """Name of the sample; every sample of a campaign has its own."""
        return f"{self.challenge.id}~{self.stage}.{self.retry}"

    def run(self, secret: str) -> str:
        """A name for the gateway's books, which stand in clear: it tells no item, to nobody without the secret."""
        return hashlib.sha256(f"comity run\n{secret}\n{self.key}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one assignment."""

    key: str
    item: str
    stage: int
    retry: int
    outcome: Outcome
    tokens: int
    input_tokens: int
    output_tokens: int
    seconds: float
    turns: int
    note: str = ""
    under: Literal["", "solved", "failed"] = ""
    """Of a suspected run: what the grader says of the answer itself, which counts when two people overrule the wire."""
    sample: str = ""
    """Inspect's own id of the sample, to find it in the logs."""


Grader: TypeAlias = Callable[[Challenge, Mapping[str, bytes]], Grade]
"""Runs outside the sandbox, on bytes that were copied out."""
