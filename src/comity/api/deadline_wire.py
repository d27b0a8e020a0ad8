"""Turn dates, what-if and triage into the shapes of the API."""

from typing import Any

from comity.api import wire
from comity.api.deadline_shapes import (
    AnswerBody,
    DeadlineBody,
    DeadlineRow,
    DeadlinesBody,
    DifferenceMade,
    GroupBody,
    LeadsBody,
    PackNote,
    QuestionBody,
    ReachedBy,
    SummaryBody,
    TriageBody,
    WorkBody,
)
from comity.defend.desk_deadlines import Answer, Difference, FindingView, Listed
from comity.defend.desk_triage import LeadsView, TriageView
from comity.model.directive import Pack
from comity.model.triage import Work


def listed(found: Listed, *, after: int, page: int) -> DeadlinesBody:
    """A page of the list."""
    more = str(after + page) if found.total > after + page else ""
    return DeadlinesBody(
        rows=tuple(
            wire.converted(
                {
                    "asset": row.asset,
                    "asset_name": row.asset_name,
                    "domain": row.domain.value,
                    "vulnerability": row.vulnerability,
                    "component": row.component,
                    "answer": wire.plain(row.answer),
                },
                DeadlineRow,
            )
            for row in found.rows
        ),
        next=more,
        total=found.total,
        at=wire.utc(found.at),
        zone=found.zone,
        assets=found.assets,
        undecided=found.undecided,
        not_assessed=found.not_assessed,
        summary=wire.shaped(found.summary, SummaryBody),
        silent=tuple(wire.shaped(one, GroupBody) for one in found.silent),
        packs=tuple(pack_note(one) for one in found.packs),
    )


def pack_note(pack: Pack) -> PackNote:
    """How sure the rules are."""
    standing = pack.standing
    return PackNote(
        id=pack.id,
        version=pack.version,
        name=pack.name,
        binds=pack.binds,
        sentence=standing.sentence,
        certainty=str(standing.certainty),
        secondary=standing.secondary,
        as_of=standing.as_of,
    )


def answer(one: Answer) -> AnswerBody:
    """An answer, by its kind."""
    return wire.converted(wire.plain(one), AnswerBody)  # type: ignore[arg-type]  # a union is a type to the decoder


def finding(view: FindingView) -> DeadlineBody:
    """One finding with its whole why."""
    return DeadlineBody(
        asset=view.asset.id,
        asset_name=view.asset.name,
        vulnerability=view.vulnerability,
        at=wire.utc(view.at),
        answer=answer(view.answer),
        also=tuple(answer(one) for one in view.also),
        pack=pack_note(view.pack) if view.pack is not None else None,
        reached=tuple(
            ReachedBy(name=one.component.name, version=one.component.version, reason=one.reason, fixed=one.fixed)
            for one in view.exposures
        ),
        questions=tuple(
            QuestionBody(
                name=one.name,
                pack=one.pack,
                of=str(one.of),
                source=one.source,
                values=one.values,
                stated=one.stated.value if one.stated is not None else "",
                stated_by=one.stated.by_name if one.stated is not None else "",
            )
            for one in view.questions
        ),
        locked=view.locked,
    )


def work(done: Work | None, view: FindingView) -> WorkBody:
    """A finding after it was worked on. `done` None: as it stands."""
    held = done or view.work
    return WorkBody(
        asset=view.asset.id,
        vulnerability=view.vulnerability,
        mitigated_at=wire.utc(held.mitigated_at) if held is not None and held.mitigated_at is not None else None,
        done_at=wire.utc(held.done_at) if held is not None and held.done_at is not None else None,
        by_name=held.by_name if held is not None else "",
        state=str(getattr(view.answer, "state", "open")),
    )


def difference(found: Difference) -> DifferenceMade:
    """What changes would move."""
    return wire.converted(
        {
            "before": wire.plain(found.before),
            "after": wire.plain(found.after),
            "touched": found.touched,
            "moved_count": found.moved_count,
            "moved": [
                {
                    "asset": one.asset,
                    "vulnerability": one.vulnerability,
                    "before": wire.plain(one.before._asdict()),
                    "after": wire.plain(one.after._asdict()),
                }
                for one in found.moved
            ],
        },
        DifferenceMade,
    )


def leads(view: LeadsView) -> LeadsBody:
    """What to search for, and what a model proposes of it."""
    return wire.shaped(view, LeadsBody)


def triage(view: TriageView) -> TriageBody:
    """The triage of one finding."""
    held: dict[str, Any] | None = None
    if view.triage is not None:
        held = wire.plain(view.triage)
        del held["manifest"]
    return wire.converted(
        {
            "asset": view.finding.asset.id,
            "vulnerability": view.finding.vulnerability,
            "held": held,
            "steps": wire.plain(view.steps),
            "broken": view.broken,
            "queries": wire.plain(view.queries),
            "coverage": view.coverage.sentence,
            "locked": view.finding.locked,
            "untriaged": view.finding.untriaged,
            "has_tier": view.finding.has_tier,
        },
        TriageBody,
    )
