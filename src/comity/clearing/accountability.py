"""Decide what a report counts for, what the counts say of a party or tool, and how closely its next reports are looked
at. Priority never reads any of it: no file of priority or capacity imports this one (a test holds them apart).

Precision: decided reports that held. Duplicates: screened reports that were another view of a case held here.
Overstated: reports whose CVSS rating is above a coordinator's own. What is undecided is in no rate. Newcomers start at
the prior, and a report that brings its own proof is never turned away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comity.model.case import Case, Closing, Stage
from comity.model.evidence import NotReproduced, Reproduced
from comity.model.ids import ReportId
from comity.model.report import Finding
from comity.model.standing import Appeal, Asked, Fact, Rate

LEAST: Final = 5
"""Decided reports before anything is steered by them (policy parameter)."""
CLOSE_BELOW: Final = 0.5
"""Looked at more closely when even the upper end of precision lies below this (policy parameter)."""
SLOW_BELOW: Final = 0.2
"""Reports without a proof are limited when even the upper end lies below this (policy parameter)."""
SLOW_DAILY: Final = 10
"""Reports without a proof a day, then (policy parameter)."""
WRONG: Final = frozenset({Closing.NOT_A_VULNERABILITY, Closing.OUT_OF_SCOPE, Closing.NOT_REPRODUCED})
RATINGS: Final = ("NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The three rates of one party or tool."""

    precision: Rate
    duplicates: Rate
    overstated: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """How a party's next reports are looked at, and why. `daily` None: as many as they like."""

    thorough: bool
    daily: int | None
    why: str


def fact(report: ReportId, organisation: str, finding: Finding, case: Case | None, **rated: str) -> Fact:
    """What became of a report. `stated` and `assessed` are CVSS ratings, "" where nobody gave one."""
    merged = case is not None and report in dict(case.merges)
    return Fact(
        report=report,
        organisation=organisation,  # type: ignore[arg-type]  # a party's id
        tool=tool(finding),
        valid=_held(report, case, merged=merged),
        duplicate=None if case is None else merged,
        overstated=_above(rated.get("stated", ""), rated.get("assessed", "")),
    )


def _held(report: ReportId, case: Case | None, *, merged: bool) -> bool | None:
    if case is None:
        return None
    own = [v.verdict for v in case.validations if merged or v.report == report]
    if any(isinstance(verdict, Reproduced) for verdict in own):
        return True
    if case.stage is Stage.CLOSED and case.closing in WRONG:
        return False
    if case.stage is Stage.PUBLISHED:
        return True
    return False if own and isinstance(own[-1], NotReproduced) else None


def _above(stated: str, assessed: str) -> bool | None:
    if stated not in RATINGS or assessed not in RATINGS:
        return None
    return RATINGS.index(stated) > RATINGS.index(assessed)


def tool(finding: Finding) -> str:
    """Models and harness of the discovery, as the finder states them. How the text was made is another subject."""
    use = finding.provenance.discovery
    models = " + ".join(f"{m.name} {m.version}".strip() for m in use.models)
    harness = f"{use.harness} {use.harness_version}".strip()
    if models and harness:
        return f"{models} in {harness}"[:300]
    return (models or harness)[:300]


def appealed(held: Fact, appeals: Iterable[Appeal]) -> Fact:
    """The fact as upheld appeals leave it."""
    upheld = {one.asked for one in appeals if one.upheld}
    return Fact(
        report=held.report,
        organisation=held.organisation,
        tool=held.tool,
        valid=True if Asked.VALID in upheld else held.valid,
        duplicate=False if Asked.DUPLICATE in upheld else held.duplicate,
        overstated=False if Asked.SEVERITY in upheld else held.overstated,
    )


def rates(facts: Iterable[Fact]) -> Rates:
    """The three rates over these facts; what is None is in none of them."""
    held = tuple(facts)

    def rate(values: Iterable[bool | None]) -> Rate:
        known = [value for value in values if value is not None]
        return Rate(hits=sum(known), trials=len(known))

    return Rates(
        precision=rate(one.valid for one in held),
        duplicates=rate(one.duplicate for one in held),
        overstated=rate(one.overstated for one in held),
    )


def steer(found: Rates) -> Steer:
    """Depth and rate of verification, from precision alone."""
    precision = found.precision
    if precision.trials < LEAST:
        return Steer(thorough=False, daily=None, why=f"fewer than {LEAST} reports are decided: as for everybody new")
    high = precision.high
    told = f"even the upper end of precision, {high:.0%}, is below"
    if high < SLOW_BELOW:
        why = f"{told} {SLOW_BELOW:.0%}: controls run twice as often; reports without a proof are limited"
        return Steer(thorough=True, daily=SLOW_DAILY, why=why)
    if high < CLOSE_BELOW:
        return Steer(thorough=True, daily=None, why=f"{told} {CLOSE_BELOW:.0%}: controls run twice as often")
    return Steer(thorough=False, daily=None, why="precision gives no reason to look more closely")
