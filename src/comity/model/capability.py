"""AI used in defence, as a register: what it is, what it may do and see, who can stop it, and how well it was measured.

Stages go one way only as far as measurement carries them: nothing is widened that was not measured beside the same
work done without AI, and whatever is stopped is out of use from that moment. Executive Order 14409 section 2(c) asks
CISA for programmes of AI-enabled defensive tools; it names no stages: these are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from comity.errors import Conflict, Invalid, Problem
from comity.model.asset import Domain
from comity.model.ids import PartyId


class Stage(StrEnum):
    """How far a capability has come."""

    PROPOSED = "proposed"
    PILOT = "pilot"
    MEASURED = "measured"
    WIDENED = "widened"
    STOPPED = "stopped"


MOVES: Final[Mapping[Stage, frozenset[Stage]]] = {
    Stage.PROPOSED: frozenset({Stage.PILOT, Stage.STOPPED}),
    Stage.PILOT: frozenset({Stage.MEASURED, Stage.STOPPED}),
    Stage.MEASURED: frozenset({Stage.WIDENED, Stage.PILOT, Stage.STOPPED}),
    Stage.WIDENED: frozenset({Stage.PILOT, Stage.STOPPED}),
    Stage.STOPPED: frozenset({Stage.PROPOSED}),
}
"""Stopping is possible from everywhere. Whatever was stopped begins again as a proposal, and is measured again."""
IN_USE: Final = frozenset({Stage.PILOT, Stage.MEASURED, Stage.WIDENED})
"""Stages in which the model is asked at all."""


class Task(StrEnum):
    """The uses of a model that this desk has; each is one capability, and code asks the register before it asks one."""

    PLANNER = "planner"
    """Words remediation plans."""
    TAGGER = "tagger"
    """Proposes who can reach an asset."""
    TRIAGE = "triage"
    """Proposes queries for a forensic triage."""
    PATCH = "patch proposals"
    """Proposes changes to source code."""
    OTHER = "other"
    """A tool from elsewhere, entered by its operator; this host does not call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The same cases with AI and without, one pair each. `better` and `worse` are the pairs in which they differ.

    `difference` is the share of cases that succeeded with AI minus the share without; `low` and `high` bound it at 95 %
    (exact, for paired yes and no: Clopper-Pearson on the discordant pairs). `p_value` is McNemar's exact test.
    """

    cases: str
    """Digest of the list of cases: both sides ran on exactly these."""
    pairs: int
    with_ai: int
    without: int
    better: int
    worse: int
    difference: float
    low: float
    high: float
    p_value: float
    measured_at: datetime
    measured_by: str
    measure: str
    """What counted as success, in one sentence."""
    minutes_with: float | None = None
    minutes_without: float | None = None
    """Median minutes to a fix, where times were taken."""
    revision: int = 0
    """Which revision of the capability was measured: a changed model or tool has no measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One move of the register, by a named person (or a named script, which says so)."""

    to: Stage
    by: str
    by_name: str
    is_script: bool
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One AI capability of one organisation."""

    id: str
    organisation: PartyId
    domain: Domain
    name: str
    task: Task
    model: str
    """Name as its endpoint knows it."""
    model_version: str
    tool: str
    authority: str
    """What it may do: "words plans, decides nothing"."""
    data: tuple[str, ...]
    """What it is given to see."""
    assets: tuple[str, ...]
    """Assets covered; empty: none yet."""
    gate: str
    """The person or role that confirms each of its outputs."""
    kill_switch: str
    """How it is stopped, and by whom."""
    stage: Stage = Stage.PROPOSED
    revision: int = 1
    """Counts changes of model, version, tool, authority or data: each makes earlier measurements void."""
    comparisons: tuple[Comparison, ...] = ()
    decisions: tuple[Decision, ...] = ()
    added_at: datetime
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse an entry that leaves out what a register is for."""
        needed = ("name", "model", "tool", "authority", "gate", "kill_switch")
        missing = [
            Problem(f"/{key}", "missing_field", "an entry of the register says this")
            for key in needed
            if not getattr(self, key).strip()
        ]
        if not self.data:
            missing.append(Problem("/data", "missing_field", "an entry says what the model is given to see"))
        if missing:
            raise Invalid("the capability is not described", missing)

    @property
    def is_in_use(self) -> bool:
        """Whether its model may be asked."""
        return self.stage in IN_USE

    @property
    def measured(self) -> Comparison | None:
        """The newest comparison of this very revision."""
        mine = [one for one in self.comparisons if one.revision == self.revision]
        return mine[-1] if mine else None

    def moved(self, decision: Decision, *, least_pairs: int) -> "Capability":
        """The capability in its next stage. Conflict for a move that there is none of, or that no measurement carries.

        Measured needs a comparison of this revision. Widened needs one over `least_pairs` pairs whose whole interval
        lies above zero: not shown to be better is not wide enough.
        """
        if decision.to not in MOVES[self.stage]:
            raise Conflict(f"{self.name} is {self.stage}; it cannot become {decision.to}")
        if decision.to in {Stage.MEASURED, Stage.WIDENED}:
            held = self.measured
            if held is None:
                raise Conflict(
                    f"{self.name} was not measured in its present form: compare it with work without AI first"
                )
            if decision.to is Stage.WIDENED and (held.pairs < least_pairs or held.low <= 0):
                raise Conflict(
                    f"{self.name} cannot be widened: {held.pairs} pairs (at least {least_pairs}), difference "
                    f"{held.difference:+.2f} with a 95 % interval from {held.low:+.2f} to {held.high:+.2f}, which must "
                    "lie above zero"
                )
        return replace(self, stage=decision.to, decisions=(*self.decisions, decision))

    def changed(self, **fields: object) -> "Capability":
        """Another model, version, tool, authority or data: a new revision, which is a proposal again."""
        return replace(self, **fields, revision=self.revision + 1, stage=Stage.PROPOSED)  # type: ignore[arg-type]  # fields are named by the desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Access to a capability for a small operator: so many calls, in a window, by a key that dies with it.

    `key_hash` is the SHA-256 of the key; the key itself is shown once and kept nowhere.
    """

    id: str
    capability: str
    organisation: PartyId
    domain: Domain
    holder: str
    """The organisation that the access is for."""
    purpose: str
    key_hash: str
    starts_at: datetime
    ends_at: datetime
    budget: int
    """Calls in all."""
    used: int = 0
    granted_by: str
    revoked_at: datetime | None = None
    version: int = 0

    def refusal(self, now: datetime) -> str:
        """Why a call may not be made under this grant now; "" when it may."""
        if self.revoked_at is not None and now >= self.revoked_at:
            return "this access was ended"
        if now < self.starts_at:
            return f"this access begins at {self.starts_at:%Y-%m-%d %H:%M} UTC"
        if now >= self.ends_at:
            return "this access has ended"
        if self.used >= self.budget:
            return f"the budget of {self.budget} calls is used up"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far AI reaches in an organisation, and what it changed: of its assets and of its fixes."""

    organisation: str
    assets: int
    covered: int
    fixed_with: int
    fixed_without: int
    median_days_with: float | None
    median_days_without: float | None
    notes: tuple[str, ...] = field(default=())
