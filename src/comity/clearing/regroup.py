"""Decide what becomes of two cases that are merged, and of one that is split: nothing is lost, all can be undone.

A merge moves the reports of one case to the one that is further along, with their verdicts, and closes the empty one. A
split moves reports out into a case of their own, which is linked to the first. Both keep who, when and why with both
cases, so a merge is reversed by a split, and the other way round. Source reports, their times and the credit that they
ask for never change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.errors import Conflict, Invalid, Problem
from comity.model.case import Case, Closing, Disputed, Regrouping, Stage, Validation
from comity.model.evidence import NotReproduced, Reproduced, Verdict
from comity.model.handling import join
from comity.model.ids import CaseId, PartyId, ReportId

REASON_LIMIT: Final = 500

ALONG: Final[Mapping[Stage, int]] = {
    Stage.SCREENING: 0,
    Stage.NOT_REPRODUCED: 1,
    Stage.NEEDS_INFO: 2,
    Stage.VALIDATING: 3,
    Stage.VALID: 4,
    Stage.COORDINATING: 5,
    Stage.READY: 6,
    Stage.PUBLISHED: 7,
}
"""How far along a case is: of two, the one further along takes the other in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who regroups, and when."""

    person: PartyId
    name: str
    is_script: bool
    at: datetime


def reason_of(text: str) -> str:
    """A person's reason in one line. Invalid when it is empty or too long: the history has to say why."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= REASON_LIMIT:
        raise Invalid("say why", [Problem("/reason", "no_reason", f"one line of at most {REASON_LIMIT} characters")])
    return line


def merged(into: Case, other: Case, *, reasons: tuple[str, ...], actor: Actor) -> tuple[Case, Case]:
    """The case that took the other's reports in, and the other, closed and empty. `Conflict` when that cannot be."""
    if into.id == other.id:
        raise Conflict(f"case {into.id} cannot be merged into itself: name two cases")
    for case in (into, other):
        if case.stage is Stage.CLOSED:
            raise Conflict(f"case {case.id} is closed, and nothing leaves that: a new report opens a linked case")
    if ALONG[other.stage] > ALONG[into.stage]:
        raise Conflict(f"case {other.id} is further along: merge {into.id} into it, the other way round")
    if other.stage is Stage.PUBLISHED:
        raise Conflict(f"case {other.id} is published as {other.advisory}: withdraw that first")
    came = dict(other.merges)
    given = tuple((report, (*came.get(report, ()), *reasons)) for report in other.reports)
    taken = replace(
        into,
        reports=(*into.reports, *other.reports),
        merges=(*into.merges, *given),
        validations=tuple(sorted((*into.validations, *other.validations), key=lambda v: v.at)),
        links=_without((*into.links, *other.links), {into.id, other.id}),
        handling=join((into.handling, other.handling)),
        embargo_until=_earlier(into.embargo_until, other.embargo_until),
        regroupings=(*into.regroupings, _kept("merged", other.reports, other.id, reasons, actor)),
    )
    emptied = replace(
        other.moved(Stage.CLOSED),
        reports=(),
        closing=Closing.DUPLICATE,
        regroupings=(*other.regroupings, _kept("split", other.reports, into.id, reasons, actor)),
    )
    return taken, emptied


def split(
    case: Case, out: Sequence[ReportId], *, new_id: CaseId, title: str, reasons: tuple[str, ...], actor: Actor
) -> tuple[Case, Case]:
    """The case without the reports, and a case of their own; each links to the other. `Conflict` if that cannot be."""
    leaving = tuple(report for report in case.reports if report in set(out))
    if not leaving or set(out) - set(case.reports):
        raise Conflict(f"case {case.id} does not hold these reports: look at it again")
    if len(leaving) == len(case.reports):
        raise Conflict(f"that is every report of case {case.id}: leave at least one in it")
    if case.stage is Stage.CLOSED:
        raise Conflict(f"case {case.id} is closed, and nothing leaves that: a new report opens a linked case")
    staying = tuple(v for v in case.validations if v.report not in leaving)
    if ALONG[case.stage] >= ALONG[Stage.VALID] and not any(isinstance(v.verdict, Reproduced) for v in staying):
        raise Conflict(f"case {case.id} stands on the proof of a report that would leave it: split off the others")
    going = tuple(v for v in case.validations if v.report in leaving)
    link = (f"split apart: {reasons[0]}",)
    rest = replace(
        case,
        reports=tuple(report for report in case.reports if report not in leaving),
        merges=tuple(one for one in case.merges if one[0] not in leaving),
        validations=staying,
        links=(*case.links, Disputed(cases=(new_id,), reasons=link)),
        regroupings=(*case.regroupings, _kept("split", leaving, new_id, reasons, actor)),
    )
    new = Case(
        id=new_id,
        stage=stage_after(going),
        title=title,
        handling=case.handling,
        opened_at=actor.at,
        reports=leaving,
        links=(Disputed(cases=(case.id,), reasons=link),),
        merges=tuple(one for one in case.merges if one[0] in leaving[1:]),
        validations=going,
        regroupings=(_kept("merged", leaving, case.id, reasons, actor),),
    )
    return rest, new


def undoes(case: Case, out: Sequence[ReportId]) -> int:
    """How many automatic merges a split of these reports reverses: a figure of its own, since each was a mistake."""
    by_people = {report for one in case.regroupings if one.kind == "merged" for report in one.reports}
    return sum(report in set(out) and report not in by_people for report, _ in case.merges)


def stage_after(validations: Sequence[Validation]) -> Stage:
    """Where a case with these verdicts stands; `validating` while there is none."""
    if not validations:
        return Stage.VALIDATING
    verdict: Verdict = validations[-1].verdict
    if isinstance(verdict, Reproduced):
        return Stage.VALID
    return Stage.NOT_REPRODUCED if isinstance(verdict, NotReproduced) else Stage.NEEDS_INFO


def _kept(
    kind: str, reports: tuple[ReportId, ...], other: CaseId, reasons: tuple[str, ...], actor: Actor
) -> Regrouping:
    return Regrouping(
        kind=kind,
        reports=reports,
        other=other,
        reasons=reasons,
        by=actor.person,
        by_name=actor.name,
        at=actor.at,
        is_script=actor.is_script,
    )


def _without(links: Sequence[Disputed], gone: set[CaseId]) -> tuple[Disputed, ...]:
    kept = []
    for link in links:
        cases = tuple(case for case in link.cases if case not in gone)
        if cases:
            kept.append(replace(link, cases=cases))
    return tuple(kept)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """An embargo may only get shorter; a case without one stays without."""
    return min(one, other) if one is not None and other is not None else one
