"""Why a case stood where it stood: any day's decision from what was kept, and the answers coordinators give by name."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.clearing.desk_priority import Priorities, Why
from comity.model.ids import CaseId


class TableAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to one question of the tables. "" as `value` withdraws an earlier one; `note` says why."""

    question: str
    value: str
    note: str


class AnsweredBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of an answer."""

    question: str
    value: str
    note: str
    person_name: str
    at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs."""

    what: str
    before: str
    after: str


class KeptDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision of a case, for a list."""

    number: int
    at: datetime
    band: str
    because: str


class WhyBody(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: its answer, every input with source and date, the tables and mirrors of that day, and whether it
    comes out the same when it is computed again now. `since`: what changed from then to now."""

    case: str
    number: int
    at: datetime
    because: str
    same_again: bool
    differences: tuple[Change, ...]
    newest: bool
    since: tuple[Change, ...]
    priority: dict[str, Any]
    tables: dict[str, str]
    mirrors: tuple[dict[str, Any], ...]
    decisions: tuple[KeptDecision, ...]


class QuestionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A question, what may be answered (empty: a CVSS vector), and which tables ask it."""

    question: str
    choices: tuple[str, ...]
    asked_by: tuple[str, ...]


def why_body(found: Why) -> WhyBody:
    """In the API's shape."""
    held = found.decided
    return WhyBody(
        case=held.case,
        number=held.sequence,
        at=wire.utc(held.at),
        because=held.because,
        same_again=not found.differences,
        differences=tuple(Change(what=d.what, before=d.before, after=d.after) for d in found.differences),
        newest=found.newest,
        since=tuple(Change(what=d.what, before=d.before, after=d.after) for d in found.since),
        priority=wire.plain(held.priority),
        tables=dict(held.tables),
        mirrors=tuple(wire.plain(one) for one in held.mirrors),
        decisions=tuple(
            KeptDecision(number=number, at=wire.utc(at), band=band, because=because)
            for number, at, band, because in found.others
        ),
    )


def question_bodies(priorities: Priorities) -> list[QuestionBody]:
    """In the API's shape."""
    return [
        QuestionBody(question=one.name, choices=one.choices, asked_by=one.asked_by) for one in priorities.questions()
    ]


def give(priorities: Priorities, viewer: Any, case: str, data: TableAnswer) -> AnsweredBody:
    """Answer a question, for every door."""
    held = priorities.answer(viewer, CaseId(case), data.question, data.value, note=data.note)
    return AnsweredBody(
        question=data.question, value=held.value, note=held.note, person_name=held.person_name, at=wire.utc(held.at)
    )


def routes(priorities: Priorities) -> list[HTTPRouteHandler]:
    """The operations on priority."""

    @get(
        "/cases/{case:str}/why",
        opt={"action": Action.READ_CASES},
        operation_id="whyPriority",
        sync_to_thread=True,
        summary="Why a case stood where it stood on a day",
        responses=asking.ERRORS,
    )
    def why(
        request: Ask,
        case: FromPath[str],
        on: Annotated[date | None, QueryParameter(name="on", description="a day; the newest without one")] = None,
    ) -> WhyBody:
        """From the inputs and tables that were kept, computed again while you wait."""
        return why_body(priorities.why(asking.viewer_of(request), CaseId(asking.name(case)), on=on))

    @get(
        "/cases/{case:str}/ssvc",
        opt={"action": Action.READ_CASES},
        operation_id="caseSelections",
        sync_to_thread=True,
        summary="The tables' answers as SSVC SelectionLists 2.0.0",
        responses=asking.ERRORS,
    )
    def ssvc(request: Ask, case: FromPath[str]) -> list[dict[str, Any]]:
        """One for each table. What nobody answered is left out."""
        return priorities.selections(asking.viewer_of(request), CaseId(asking.name(case)))

    @get(
        "/questions",
        opt={"action": Action.READ_CASES},
        operation_id="listQuestions",
        sync_to_thread=True,
        summary="The questions that coordinators may answer",
        responses=asking.ERRORS,
    )
    def questions(request: Ask) -> list[QuestionBody]:
        """The same for every case."""
        asking.viewer_of(request)
        return question_bodies(priorities)

    @post(
        "/cases/{case:str}/answers",
        opt={"action": Action.ANSWER_TABLES},
        operation_id="answerQuestion",
        sync_to_thread=True,
        status_code=200,
        summary="Answer one question of the tables, by name",
        responses=asking.ERRORS,
    )
    def answer(request: Ask, case: FromPath[str], data: JSONBody[TableAnswer]) -> AnsweredBody:
        """Kept beside earlier answers, never over them; the case is weighed again at once."""
        return give(priorities, asking.viewer_of(request), asking.name(case), data)

    return [why, ssvc, questions, answer]
