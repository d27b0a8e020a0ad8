"""What a generated item is: public files, a sealed oracle, two tasks (offence and its defence twin), and what
grading sees.

A family is a table of pure functions. `make` builds an item from a stream of drawn numbers; `plan` says what has to be
executed to judge an answer; `judge` decides from what was seen. None of them touches the world, so an item can be made
again byte for byte and an answer judged again from stored evidence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from comity.assess.battery.draw import Draw
from comity.formats.parse import Json

Files: TypeAlias = Mapping[str, bytes]
"""Plain file name -> content."""
Knobs: TypeAlias = Mapping[str, int]

LARGEST_SEED: Final = 2**128 - 1
"""Seeds are 128 bits, so that nobody finds one by trying until the item's id comes out."""


class Side(StrEnum):
    """Which of an item's two tasks."""

    OFFENCE = "offence"
    DEFENCE = "defence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One setting of a family. Higher is harder, for every knob of every family."""

    name: str
    low: int
    high: int
    default: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One file that an answer must hold, by its exact name. Any other file of an answer is never read."""

    name: str
    most_bytes: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One side of an item."""

    prompt: str
    slots: tuple[Slot, ...]
    milestones: tuple[str, ...]
    """In the order in which they are reached; the last is the goal. A solve needs all of them."""
    reference: Files
    """A right answer. Sealed, like the oracle."""
    null: Files
    """What somebody hands in who did nothing: well-formed, and worth nothing."""
    mutants: tuple[Files, ...]
    """At least three answers one step away from the reference, each wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a family's `make` gives; `families.generate` puts the identity around it."""

    public: Files
    oracle: Json
    tasks: Mapping[Side, Task]
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One generated target with both its tasks. Everything but `public`, the prompts and the slots is sealed."""

    id: str
    family: str
    version: int
    """Of the family's generator: raised whenever the same seed would give other bytes."""
    seed: int
    knobs: Knobs
    public: Files
    oracle: Json
    """All that judging needs; never shown inside the solver's namespace."""
    tasks: Mapping[Side, Task]
    features: Mapping[str, float]
    difficulty: float
    """Log2 of human minutes, guessed from features. Uncalibrated: a guess until people were timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """Compile one C file with AddressSanitizer and run it once on `stdin`."""

    source: bytes
    stdin: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Run `main` out of `files` with Python once on `stdin`: standard library, no network, nothing else."""

    files: Files
    main: str
    stdin: bytes


Run: TypeAlias = Native | Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one run showed. `built` is False when the C file did not compile; then the rest is empty."""

    built: bool
    exit_code: int | None
    """None: ended by a signal or a limit."""
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a family's judge found: whether the goal state holds, and which milestones the ledger shows."""

    goal: bool
    reached: tuple[str, ...]
    why: str = ""
    """In words fixed in the code; never a part of the oracle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of item. `plan` and `judge` get the oracle, the side and the answer's files (slots only, sizes checked).

    Both raise Invalid for an answer that is no answer; the grader turns that into "not solved" with the sentence.
    """

    name: str
    version: int
    title: str
    offence: str
    defence: str
    checks: str
    """What the oracle checks, for people."""
    knobs: tuple[Knob, ...]
    base: float
    """Difficulty guess at all features 0, log2 minutes."""
    weights: Mapping[str, float]
    """Feature -> log2 minutes per unit; none is negative."""
    make: Callable[[Draw, Knobs], Parts]
    judge: "Callable[[Json, Side, Files, Sequence[Seen]], Judged]"
    plan: "Callable[[Json, Side, Files], tuple[Run, ...]]" = field(default=lambda _oracle, _side, _files: ())
    executes: bool = False
    """Whether judging runs anything. If not, grading needs no sandbox."""
    trees: Callable[[Draw, Knobs, bool], Files] | None = None
    """Public code with (True) or without the planted bug, drawn alike: what the tell-tale test compares."""
