"""A case beside what it may be the same as, and the two decisions about that: merge, split."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_regroup import Regroup
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Invalid, Problem
from comity.model.case import Stage
from comity.model.ids import CaseId, ReportId

DONE = {
    "merged": "Merged. The other case is closed as a duplicate; splitting its reports off undoes it.",
    "split": "Split. The reports have a case of their own, linked to the one they came from.",
}


def add(paths: Paths, regroup: Regroup) -> None:
    """The page of whoever decides on duplicates."""

    @paths.show("/cases/{case:str}/duplicates", Action.READ_CASES)
    def beside(request: Ask) -> Response[Any]:
        return shown(request, CaseId(named(request, "case")))

    def shown(request: Ask, id_: CaseId, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        found = regroup.beside(caller_of(request).viewer, id_)
        return page(
            request,
            "clearing/duplicates.html",
            status=status,
            found=found,
            case=found.case,
            problems=problems,
            is_open=found.case.stage is not Stage.CLOSED,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.take("/cases/{case:str}/merge", Action.REGROUP)
    def merge(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        try:
            held = regroup.merge(caller_of(request).viewer, id_, CaseId(form.text("other")), reason=form.text("reason"))
        except (Conflict, Invalid) as error:
            return shown(request, id_, status=status_of(error), problems=told(error))
        return see(f"/cases/{held.id}/duplicates?done=merged")

    @paths.take("/cases/{case:str}/split", Action.REGROUP)
    def split(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        names = [ReportId(one) for one in form.all("report")]
        try:
            _, new = regroup.split(caller_of(request).viewer, id_, names, reason=form.text("reason"))
        except (Conflict, Invalid) as error:
            return shown(request, id_, status=status_of(error), problems=told(error))
        return see(f"/cases/{new.id}/duplicates?done=split")
