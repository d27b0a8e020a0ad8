"""Plans with the evidence beside each sentence, one page to print, what leaves the house, and signed snapshots."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, named
from comity.defend.desk_advice import EXPORTS, Advice
from comity.defend.desk_attest import Attest
from comity.errors import Conflict, Invalid, Problem
from comity.model.ids import AssetId

SHOWN = 100
"""Findings on the first page; exports hold all of them."""


def add(paths: Paths, advice: Advice, attest: Attest) -> None:
    """The pages over the counters of advice and of snapshots."""

    @paths.show("/advice", Action.READ_ESTATE)
    def index(request: Ask) -> Response[Any]:
        return listed(request)

    def listed(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        found = advice.first(caller_of(request).viewer, limit=SHOWN)
        return page(
            request,
            "advice/index.html",
            status=status,
            found=found,
            shown=SHOWN,
            exports=EXPORTS,
            problems=problems,
        )

    @paths.show("/advice/assets/{asset:str}", Action.READ_ESTATE)
    def plan(request: Ask) -> Response[Any]:
        return planned(request)

    def planned(request: Ask, *, model: bool = False) -> Response[Any]:
        view = advice.plan(caller_of(request).viewer, AssetId(named(request, "asset")), model=model)
        return page(request, "advice/plan.html", view=view, groups=grouped(view.plan.sentences))

    @paths.press("/advice/assets/{asset:str}/wording", Action.READ_ESTATE)
    def wording(request: Ask) -> Response[Any]:
        return planned(request, model=True)

    @paths.show("/advice/assets/{asset:str}/page", Action.READ_ESTATE)
    def one_page(request: Ask) -> Response[Any]:
        found = advice.one_page(caller_of(request).viewer, AssetId(named(request, "asset")))
        return page(request, "advice/one_page.html", page=found)

    @paths.show("/advice/exports/{kind:str}", Action.READ_ESTATE)
    def export(request: Ask) -> Response[Any]:
        try:
            made = advice.export(caller_of(request).viewer, named(request, "kind"))
        except Invalid as error:
            return listed(request, status=422, problems=told(error))
        return download(made.data, made.name)

    @paths.take("/advice/snapshot", Action.READ_ESTATE)
    def snapshot(request: Ask, _form: Form) -> Response[Any]:
        try:
            made = attest.make(caller_of(request).viewer)
        except (Conflict, Invalid) as error:
            return listed(request, status=status_of(error), problems=told(error))
        return download(made.data, made.name)


def grouped(sentences: Any) -> list[tuple[str, list[Any]]]:
    """Sentences under what they are about, in the plan's order; one thing may come twice."""
    found: list[tuple[str, list[Any]]] = []
    for one in sentences:
        if not found or found[-1][0] != one.about:
            found.append((one.about, []))
        found[-1][1].append(one)
    return found
