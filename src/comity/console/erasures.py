"""The page of erasures: what was asked for, the second person's agreement, and what was erased."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_erase import Erasures
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.ids import CaseId

DONE = {
    "asked": "Asked for. The case is erased when another person agrees.",
    "erased": "The case is erased. Nothing brings it back but an older backup.",
    "withdrawn": "Withdrawn: the case stays.",
}
NOT_DONE = "not_done"


def add(paths: Paths, counter: Erasures) -> None:
    """The page and its forms."""

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "clearing/erasures.html",
            status=status,
            erasures=counter.listed(viewer),
            person=viewer.person,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/erasures", Action.ERASE_CASES)
    def listed(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/cases/{case:str}/erase", Action.ERASE_CASES)
    def ask(request: Ask, form: Form) -> Response[Any]:
        try:
            counter.ask(caller_of(request).viewer, CaseId(named(request, "case")), why=form.text("why"))
        except (Conflict, Forbidden, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see("/erasures?done=asked")

    @paths.press("/erasures/{entry:str}/agree", Action.ERASE_CASES)
    def agree(request: Ask) -> Response[Any]:
        try:
            counter.agree(caller_of(request).viewer, named(request, "entry"))
        except (Conflict, Forbidden) as error:
            return shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see("/erasures?done=erased")

    @paths.press("/erasures/{entry:str}/withdraw", Action.ERASE_CASES)
    def withdraw(request: Ask) -> Response[Any]:
        try:
            counter.withdraw(caller_of(request).viewer, named(request, "entry"))
        except (Conflict, Forbidden) as error:
            return shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see("/erasures?done=withdrawn")
