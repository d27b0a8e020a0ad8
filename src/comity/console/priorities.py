"""Why a case stands where it stands, on any day, and the form in which a coordinator answers the tables' questions."""

from datetime import date
from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_priority import Priorities
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.model.ids import CaseId


def add(paths: Paths, priorities: Priorities) -> None:
    """The page of one case's decisions."""

    @paths.show("/cases/{case:str}/why", Action.READ_CASES)
    def why(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        id_ = CaseId(named(request, "case"))
        answers = priorities.answers(viewer, id_)
        wanted, day = asked(request, "on"), None
        found, missing = None, ""
        try:
            day = date.fromisoformat(wanted) if wanted else None
        except ValueError:
            problems = (*problems, Problem("/on", "invalid_time", "a day is written 2026-11-24"))
        try:
            found = priorities.why(viewer, id_, on=day)
        except Missing as error:
            missing = str(error)
        return page(
            request,
            "clearing/why.html",
            status=422 if problems and status == 200 else status,
            case=id_,
            found=found,
            missing=missing,
            on=wanted,
            problems=problems,
            questions=priorities.questions(),
            answers=answers,
            may_answer=may(viewer, Action.ANSWER_TABLES),
            done="Your answer was recorded and the case weighed again." if asked(request, "done") else "",
        )

    @paths.take("/cases/{case:str}/answers", Action.ANSWER_TABLES)
    def answer(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        try:
            priorities.answer(
                caller_of(request).viewer,
                id_,
                form.text("question"),
                form.text("value"),
                note=form.text("note"),
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        except Conflict as error:
            return shown(request, status=409, problems=(Problem("", "not_now", str(error)),))
        return see(f"/cases/{id_}/why?done=answered")
