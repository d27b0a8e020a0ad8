"""How often reports held: for a submitter their own, with appeals; for a coordinator everybody's, with decisions."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_standing import CREDIBLE, PRIOR, Asked, Standings
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.ids import ReportId

DONE = {"appealed": "Your appeal is open: a named person decides it.", "decided": "The appeal is decided."}


def add(paths: Paths, standings: Standings) -> None:
    """The page of standing."""

    @paths.show("/standing", Action.READ_STANDING)
    def shown(request: Ask) -> Response[Any]:
        return drawn(request)

    def drawn(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "clearing/standing.html",
            status=status,
            found=standings.show(viewer),
            prior=PRIOR,
            credible=CREDIBLE,
            asked_for=tuple(Asked),
            may_decide=may(viewer, Action.DECIDE_APPEAL),
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.take("/standing/appeals", Action.SUBMIT)
    def appeal(request: Ask, form: Form) -> Response[Any]:
        try:
            report = ReportId(form.text("report"))
            standings.appeal(caller_of(request).viewer, report, form.text("asked"), form.text("text"))
        except Invalid as error:
            return drawn(request, status=422, problems=error.problems)
        except Conflict as error:
            return drawn(request, status=409, problems=(Problem("", "not_now", str(error)),))
        return see("/standing?done=appealed")

    @paths.take("/standing/appeals/{appeal:str}", Action.DECIDE_APPEAL)
    def decide(request: Ask, form: Form) -> Response[Any]:
        try:
            standings.decide(
                caller_of(request).viewer,
                named(request, "appeal"),
                upheld=form.text("outcome") == "uphold",
                reason=form.text("reason"),
            )
        except Invalid as error:
            return drawn(request, status=422, problems=error.problems)
        except (Conflict, Forbidden) as error:
            return drawn(request, status=409, problems=(Problem("", "not_now", str(error)),))
        return see("/standing?done=decided")
