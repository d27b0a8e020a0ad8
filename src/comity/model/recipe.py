"""What a validation may do, as one value: the recipe; and what came of doing it: the runs and what each one showed.

A recipe is data. Nothing in a report runs except through one (clearing.md section 7).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from comity.model.evidence import Build
from comity.model.ids import Digest
from comity.model.product import Artefact

Json: TypeAlias = "bool | int | float | str | tuple[Json, ...] | Mapping[str, Json] | None"
"""A checked value of the step language, frozen: lists are tuples. One-key tables are its markers (docs/recipes.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call into the target: a dotted name that starts with an imported module or with an earlier value."""

    call: str
    args: tuple[Json, ...] = ()
    kwargs: tuple[tuple[str, Json], ...] = ()
    name: str = ""
    """Under which later steps may refer to the value; "" keeps it nameless."""

    @property
    def private(self) -> bool:
        """True when the call goes through an underscore name: no documented entry, so a person must judge it."""
        return any(part.startswith("_") for part in self.call.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Proof as data: only the target's code and Comity's driver run, so the submitter has no code to fake with."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The submitter's own Python script, an attachment, run beside the target: weaker, see docs/recipes.md."""

    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """A program that a build step made. `argv[0]` is its name under `/build`; `{input:NAME}` names an attachment."""

    argv: tuple[str, ...]
    stdin: str = ""
    """Attachment fed to standard input; "" feeds nothing."""
    benign: tuple[str, ...] = ()
    """Arguments of the benign control; empty means there is none."""


Run: TypeAlias = Steps | Script | Harness


@dataclass(frozen=True, slots=True, kw_only=True)
class Compile:
    """One compiler call, with the words allowed in it fixed here: no flags, no shell, no other tool.

    Sources are paths in the target's archive, or `input:NAME` for an attachment.
    """

    out: str
    sources: tuple[str, ...]
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Raises:
    """An exception leaves the last step. `kind` is its dotted type (or bare built-in), `module` where it comes from."""

    kind: str
    module: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalls:
    """The last step is still running after `after`; the same call with benign input is done within a quarter of it."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Grows:
    """CPU time of the last step at sizes n, 2n and 4n (medians) grows at least as n to the `exponent`.

    At 4n it also takes at least `at_least`, so that the noise of a fast call is never read as growth.
    """

    size: int
    exponent: float
    at_least: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Creates:
    """A path outside the allowed folder, with a name drawn anew for each run, exists afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """The value named `value` holds the content of a file outside the allowed folder, drawn anew for each run."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """A sanitizer stops the program: this kind of error, its first frame outside the runtime in this function."""

    error: str
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """The program ends by itself with this status."""

    code: int


Oracle: TypeAlias = Raises | Stalls | Grows | Creates | Reads | Reports | Exits


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One proof: which builds, which run, which effect, how often. `digest` is SHA-256 over the RFC 8785 form."""

    digest: Digest
    name: str
    summary: str
    target: str
    """purl without a version."""
    vulnerable: Artefact
    fixed: Artefact | None
    support: tuple[Artefact, ...]
    """Further wheels that the target imports."""
    inputs: tuple[tuple[str, Digest], ...]
    build: tuple[Compile, ...]
    run: Run
    oracle: Oracle
    wall: timedelta
    memory_bytes: int
    runs: int
    at_least: int

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        """Every archive that must be had before the first run."""
        return (self.vulnerable, *(() if self.fixed is None else (self.fixed,)), *self.support)

    @property
    def native(self) -> bool:
        """True when the target is compiled before it runs."""
        return bool(self.build)

    @property
    def has_benign(self) -> bool:
        """True when the recipe names a benign counterpart of its input."""
        match self.run:
            case Steps(steps=steps):
                values = (v for s in steps for v in (*s.args, *(value for _, value in s.kwargs)))
                return any(_has_case(value) for value in values)
            case Harness(benign=benign):
                return bool(benign)
            case Script():
                return False

    @property
    def reporters_code(self) -> bool:
        """True when code of the submitter's own takes part: what it shows, a person must read."""
        match self.run:
            case Steps():
                return False
            case Script():
                return True
            case Harness():
                return any(s.startswith("input:") for step in self.build for s in step.sources)


def _has_case(value: Json) -> bool:
    if isinstance(value, tuple):
        return any(_has_case(item) for item in value)
    if isinstance(value, Mapping):
        return "case" in value or any(_has_case(item) for item in value.values())
    return False


class Dress(StrEnum):
    """What a run shows the proof: which code, under which version label, with which input."""

    VULNERABLE = "vulnerable"
    FIXED = "fixed"
    BENIGN = "benign input on the vulnerable build"
    FIXED_AS_VULNERABLE = "fixed code labelled as the vulnerable version"
    VULNERABLE_AS_FIXED = "vulnerable code labelled as the fixed version"

    @property
    def build(self) -> Build:
        """The build that a tally of these runs is about."""
        return {"vulnerable": Build.VULNERABLE, "fixed": Build.FIXED}.get(self.value, Build.CONTROL)

    @property
    def fixed_code(self) -> bool:
        """True when the code that runs is the fixed one, whatever its label."""
        return self in {Dress.FIXED, Dress.FIXED_AS_VULNERABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run to make. `spec` is what Comity's driver gets, as JSON text; the flow adds a nonce of its own."""

    dress: Dress
    index: int
    spec: str


class Sight(StrEnum):
    """What one run showed."""

    FIRED = "the effect occurred"
    SILENT = "the call was made and the effect did not occur"
    UNREACHED = "the call was not reached"
    BROKEN = "the run did not complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One run's outcome in words fixed by Comity. `evidence` is the digest of what the driver measured."""

    dress: Dress
    index: int
    sight: Sight
    detail: str = ""
    evidence: Digest | None = None
    status: int | None = None
    """Exit status as the driver saw it from outside, negative for a signal; None when there was none."""


class Origin(StrEnum):
    """Where an archive came from, weakest last."""

    SHIPPED = "shipped with Comity"
    REGISTRY = "package registry"
    MIRROR = "the host's mirror"
    REPORTER = "attached to the report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Everything that running one plan left behind, for the judge and for the signed statement."""

    observations: tuple[Observation, ...]
    origins: Mapping[Digest, Origin]
    contained_fully: bool
    """True when the runs were made in containment tier full."""
    environment: Mapping[str, str]
    """What held the runs and what ran them: goes into the statement."""
    wall: timedelta

    def of(self, dress: Dress) -> Iterator[Observation]:
        """The observations made in that dress."""
        return (o for o in self.observations if o.dress is dress)
