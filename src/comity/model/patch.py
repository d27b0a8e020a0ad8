"""A proposed patch and how far it got: rungs of evidence, from "applies" to "a named person agrees on the root cause".

The level reached is what is said and signed. The word "fixed" belongs to whoever maintains the code. The ladder is
Comity's own; no standard sets one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from comity.model.asked import Asked
from comity.model.ids import CaseId, Digest, PartyId, ReportId
from comity.model.recipe import Compile, Json, Step


class Rung(IntEnum):
    """What was shown of a patch. Each stands on all below it."""

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4
    L5 = 5
    L6 = 6

    @property
    def words(self) -> str:
        """For people."""
        return WORDS[self]


WORDS: Final = {
    Rung.L0: "applies cleanly, to source alone",
    Rung.L1: "builds, and hides nothing from the oracle",
    Rung.L2: "the proof is silent",
    Rung.L3: "project tests no worse than before",
    Rung.L4: "a new test fails before and passes after",
    Rung.L5: "variants of the proof and a short fuzz stay silent",
    Rung.L6: "a named person agrees with the root cause",
}
CLIMBED: Final = (Rung.L0, Rung.L1, Rung.L2, Rung.L3, Rung.L4, Rung.L5)
"""Rungs that a machine decides, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What one rung showed. `said` is in Comity's words: no report text, no program output, nothing of the diff."""

    rung: Rung
    reached: bool
    said: str
    facts: tuple[tuple[str, str], ...] = ()
    """Counts and names of tests, for the page and the statement."""
    digest: Digest | None = None
    """Of everything that was seen on this rung, as the judge read it."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Rungs tried, lowest first; the first that was not reached ends it."""

    rises: tuple[Rise, ...]

    @property
    def level(self) -> Rung | None:
        """The highest rung reached; None when the diff does not even apply."""
        held = None
        for rise in self.rises:
            if not rise.reached:
                break
            held = rise.rung
        return held

    @property
    def stopped(self) -> Rise | None:
        """The rung that was not reached, with the reason; None when none was missed."""
        return next((rise for rise in self.rises if not rise.reached), None)

    @property
    def sentence(self) -> str:
        """For people."""
        level = "below L0" if self.level is None else f"L{self.level.value} ({self.level.words})"
        stop = self.stopped
        return f"reached {level}" + (f"; stopped at L{stop.rung.value}: {stop.said}" if stop else "")


def level_word(level: Rung | None) -> str:
    """`L3`, or `none`."""
    return "none" if level is None else f"L{level.value}"


# The kit: what a ladder needs beside the recipe --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A value drawn anew for each climb: a whole number from `low` to `high`, or one of `of`."""

    name: str
    low: int = 0
    high: int = 0
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test: calls into the target or a run of the test program, and what must come of it.

    What is expected never enters the sandbox: code under test cannot read the answer it is asked for.
    """

    name: str
    steps: tuple[Step, ...] = ()
    argv: tuple[str, ...] = ()
    """Words for the test program; `{data}` stands for a file that holds `data`."""
    data: Json = None
    """What that file holds, in the language of values (hex, repeat, concat, u16)."""
    returns: Json = None
    has_returns: bool = False
    raises: str = ""
    """Dotted type of the exception that must leave the last step, or a base of it; "" expects none."""
    files: tuple[tuple[str, str], ...] = ()
    """Files that must lie in the test's folder afterwards, by plain name, with their text."""
    stdout: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another form of the proof. It counts only if the same oracle fires on it in the unpatched build."""

    name: str
    draws: tuple[Draw, ...] = ()
    steps: tuple[Step, ...] = ()
    argv: tuple[str, ...] = ()
    """Words for the recipe's program, without its name."""
    data: Json = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzz:
    """A short fuzz: `rounds` mutations of the seeds. Exceptions in `allowed` are documented answers."""

    rounds: int
    seeds: tuple[Json, ...]
    """Texts (calls), or values of `Check.data` (programs)."""
    dictionary: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    """Calls in which `{var = "fuzz"}` stands for the mutated text."""
    argv: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """How the project's own tests are run, and how their runner says how each went.

    The runner shares its process with the code under test, so its word may be bent by a patch that sets out to; a
    control test that must fail shows the coarse ways of it.
    """

    argv: tuple[str, ...]
    """`python` or `/build/NAME` first; never passed through a shell."""
    form: str
    """One of `comity.formats.test_output.FORMS`."""
    output: str = ""
    """Plain name of the file in the work folder that the runner writes its report to; "" where it prints it."""
    files: tuple[tuple[str, str], ...] = ()
    """Files of tests by plain name, with their text: shown read-only, beside what the target's archive holds."""
    build: tuple[Compile, ...] = ()
    """Programs of tests to compile; a source `input:NAME` is one of `files`."""
    control: str = ""
    """Name of a test that must fail in every run."""
    seconds: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """Everything that a ladder needs beside the recipe. Who patches does not write it."""

    digest: Digest
    name: str
    recipe: Digest
    """Digest of the recipe that it belongs to."""
    protected: tuple[str, ...] = ()
    """Further paths that no patch may touch."""
    program: str = ""
    """Source of the test program; "" where tests are calls."""
    sources: tuple[str, ...] = ()
    """Sources of the target that are compiled into the test program."""
    include: tuple[str, ...] = ()
    tests: tuple[Check, ...] = ()
    """The project's tests, as data."""
    project: Project | None = None
    """The project's own test runner."""
    new: tuple[Check, ...] = ()
    """The case's own regression test, written without sight of the patch."""
    variants: tuple[Variant, ...] = ()
    fuzz: Fuzz | None = None


class Outcome(StrEnum):
    """How one test went."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "was skipped"
    MISSING = "gave no answer"
    """The process ended, or time was up, before this test said anything."""


# The record of a patch in a case ------------------------------------------------------------------------------------


class Origin(StrEnum):
    """Who wrote a patch."""

    PERSON = "a person"
    MODEL = "a model"
    SAMPLE = "a sample that ships with Comity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a model was asked for a patch: by whom, for what, which fields went out. The prompt itself is sealed."""

    by: PartyId
    by_name: str
    is_script: bool
    purpose: str
    fields: tuple[str, ...]
    """Groups of fields that went out (policy parameter)."""
    withheld: tuple[tuple[str, str], ...]
    """Groups that did not, each with the reason."""
    provider: str
    """Address of the endpoint."""
    model: str
    prompt: Digest | None
    """Of the sealed prompt, in the case's own record."""
    at: datetime
    asked: Asked | None = None
    """What came back; None until it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A named person's agreement with the root cause. The text is theirs, and sealed with the patch."""

    person: PartyId
    name: str
    is_script: bool
    root_cause: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One proposed patch of a case. Diff, test and kit lie sealed in the case's own record, by digest."""

    id: str
    case: CaseId
    report: ReportId
    """The report whose proof it is held against."""
    origin: Origin
    offered_by: PartyId
    offered_name: str
    offered_at: datetime
    recipe: Digest
    seed: int
    """Draws variants and fuzz. Drawn when the patch was offered, so that no author could know it."""
    diff: Digest | None = None
    """None while a model is asked for it, or when it gave none."""
    test: Digest | None = None
    """The author's own regression test."""
    kit: Digest | None = None
    """Digest of the kit's canonical form."""
    kit_file: Digest | None = None
    """A kit that came with the patch; None where the one that ships with the recipe served."""
    claim: str = ""
    """The root cause as its author states it: a claim, shown as one."""
    rises: tuple[Rise, ...] = ()
    is_settled: bool = False
    ended: str = ""
    """Why nothing was climbed, such as "the model did not answer"; "" otherwise."""
    asking: Asking | None = None
    review: Review | None = None
    statement: Digest | None = None

    @property
    def climb(self) -> Climb:
        """As rungs."""
        return Climb(rises=self.rises)

    @property
    def level(self) -> Rung | None:
        """The highest rung reached."""
        return self.climb.level

    @property
    def sentence(self) -> str:
        """For people."""
        if self.ended:
            return self.ended
        return self.climb.sentence if self.is_settled else "being climbed"
