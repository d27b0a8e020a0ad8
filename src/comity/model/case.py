"""A case: the reports about one root cause with one expected fix, and where its handling stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from comity.errors import Conflict
from comity.model.evidence import Signal, Verdict
from comity.model.handling import Handling
from comity.model.ids import AdvisoryId, CaseId, Digest, PartyId, ReportId


class Stage(StrEnum):
    """Where a case stands (clearing.md section 3)."""

    SCREENING = "screening"
    VALIDATING = "validating"
    NEEDS_INFO = "needs-info"
    NOT_REPRODUCED = "not reproduced"
    VALID = "valid"
    COORDINATING = "coordinating"
    READY = "ready"
    PUBLISHED = "published"
    CLOSED = "closed"


MOVES: Final[Mapping[Stage, frozenset[Stage]]] = {
    Stage.SCREENING: frozenset({Stage.VALIDATING, Stage.CLOSED}),
    Stage.VALIDATING: frozenset({Stage.VALID, Stage.NOT_REPRODUCED, Stage.NEEDS_INFO, Stage.CLOSED}),
    Stage.NEEDS_INFO: frozenset({Stage.VALIDATING, Stage.VALID, Stage.CLOSED}),
    Stage.NOT_REPRODUCED: frozenset({Stage.VALIDATING, Stage.CLOSED}),
    Stage.VALID: frozenset({Stage.COORDINATING, Stage.CLOSED}),
    Stage.COORDINATING: frozenset({Stage.READY, Stage.CLOSED}),
    Stage.READY: frozenset({Stage.PUBLISHED, Stage.COORDINATING, Stage.CLOSED}),
    Stage.PUBLISHED: frozenset({Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
}
"""Every legal move. No move leaves CLOSED: a new fact opens a linked case."""


class Closing(StrEnum):
    """Why a case was closed: a closed list."""

    PUBLISHED = "published and watched to its end"
    NOT_A_VULNERABILITY = "not a vulnerability under the project's threat model"
    OUT_OF_SCOPE = "out of scope"
    NOT_REPRODUCED = "not reproduced and the finder had nothing to add"
    DUPLICATE = "merged into another case"
    WITHDRAWN = "withdrawn by the finder"


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Nothing held here is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """Same root cause and same expected fix as `case`, for the stated reasons."""

    case: CaseId
    reasons: tuple[str, ...]
    probability: float | None = None
    """That both have one root cause and one fix; None where a person or an exact identity decided without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """Might be one of `cases`; linked and shown, not merged: a person decides."""

    cases: tuple[CaseId, ...]
    reasons: tuple[str, ...]
    probability: float | None = None
    """Of the likeliest case; None where no figure is known."""


Deconfliction: TypeAlias = New | Same | Disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Reports that were taken in from another case, or given away to one, and why: the history of merges and splits."""

    kind: str
    """`merged` (taken in) or `split` (given away)."""
    reports: tuple[ReportId, ...]
    other: CaseId
    """The case that they came from, or went to."""
    reasons: tuple[str, ...]
    by: PartyId
    by_name: str
    at: datetime
    is_script: bool = False
    """True when a flow or a script did it, not a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """One verdict with what backs it: the signed statement's digest and the recipe's."""

    verdict: Verdict
    report: ReportId
    recipe: Digest | None
    statement: Digest | None
    """Blob digest of the DSSE envelope; None only where no recipe was run (NeedsPerson)."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeAnswer:
    """What one decision table says: which version, what it was asked, and what came out or is still open."""

    table: str
    """The table's id with its version, such as `ssvc:DT_COORD_TRIAGE:1.0.0`."""
    title: str
    digest: Digest
    """SHA-256 of the table's file as it was used."""
    inputs: tuple[tuple[str, str | None], ...]
    """Each question with the value's word; None means nobody knows."""
    outcome: str = ""
    """"" while several outcomes are possible."""
    row: str = ""
    possible: tuple[str, ...] = ()
    """Outcomes still possible while `outcome` is empty, from least to most pressing."""
    missing: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """Signals with source and date, and what the BOD 26-04 table says of them. Never a hidden score.

    `row` is None and `possible` lists the rows still possible when an input is unknown.
    """

    signals: tuple[Signal, ...]
    row: str | None
    action: str | None
    possible: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    band: str = "STANDARD"
    why_now: str = ""
    at: datetime
    trees: tuple[TreeAnswer, ...] = ()
    """Every table that was asked, BOD 26-04 first; empty for a priority made before the trees were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A named person (or a named script, shown as such) agreed to publish exactly this draft."""

    person: PartyId
    person_name: str
    is_script: bool
    draft: Digest
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One root cause, one expected fix. Change makes a new value; `version` counts them for optimistic writes."""

    id: CaseId
    stage: Stage
    title: str
    handling: Handling
    opened_at: datetime
    reports: tuple[ReportId, ...]
    links: tuple[Disputed, ...] = ()
    merges: tuple[tuple[ReportId, tuple[str, ...]], ...] = ()
    """Which report joined and why: every merge can be reversed from here."""
    regroupings: tuple[Regrouping, ...] = ()
    """Every merge and split of whole cases and reports, oldest first."""
    validations: tuple[Validation, ...] = ()
    priority: Priority | None = None
    owner: PartyId | None = None
    embargo_until: datetime | None = None
    """Timezone-aware. None means no embargo is in force."""
    embargo_basis: str = ""
    draft: Digest | None = None
    approvals: tuple[Approval, ...] = ()
    advisory: AdvisoryId | None = None
    cve: str = ""
    """The CVE id that was reserved for it here; "" for none. The draft names it first."""
    closing: Closing | None = None
    version: int = 0

    def moved(self, to: Stage) -> "Case":
        """The same case in another stage; `Conflict` for a move that is not in `MOVES`."""
        if to not in MOVES[self.stage]:
            raise Conflict(f"case {self.id} is {self.stage}; it cannot become {to}")
        return replace(self, stage=to)

    @property
    def verdict(self) -> Verdict | None:
        """The latest verdict, or None when nothing was validated yet."""
        return self.validations[-1].verdict if self.validations else None
