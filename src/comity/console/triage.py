"""The pages of a forensic triage: evidence before the patch, in somebody's own name."""

from collections.abc import Callable
from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.deadlines import place
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.defend.desk_triage import Triages
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.party import Viewer


def add(paths: Paths, triages: Triages) -> None:
    """The pages over the counter for triage."""

    @paths.show("/triage/{asset:str}/{flaw:str}", Action.READ_DEADLINES)
    def triage(request: Ask) -> Response[Any]:
        return triaged(request)

    @paths.press("/triage/{asset:str}/{flaw:str}/leads", Action.READ_DEADLINES)
    def choosing(request: Ask) -> Response[Any]:
        return triaged(request, model=True)

    def triaged(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), model: bool = False
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        asset, flaw = place(request)
        held = triages.view(viewer, asset, flaw)
        return page(
            request,
            "defend/triage.html",
            status=status,
            held=held,
            found=triages.leads(viewer, asset, flaw, model=model),
            taken=[one.key for one in held.triage.leads] if held.triage is not None else [],
            view=held.finding,
            answer=held.finding.answer,
            asks=getattr(held.finding.answer, "triage", False),
            problems=problems,
            done="Recorded." if asked(request, "done") else "",
            may_work=may(viewer, Action.WORK_FINDING),
        )

    @paths.take("/triage/{asset:str}/{flaw:str}", Action.WORK_FINDING)
    def acted(request: Ask, form: Form) -> Response[Any]:
        asset, flaw = place(request)
        viewer = caller_of(request).viewer
        acts: dict[str, Callable[[Viewer], object]] = {
            "open": lambda v: triages.open(v, asset, flaw),
            "step": lambda v: triages.step(v, asset, flaw, form.text("step")),
            "collect": lambda v: triages.collect(
                v, asset, flaw, {name: form.text(name) for name in ("name", "tool", "sha256", "place", "volatile")}
            ),
            "follow": lambda v: triages.follow(v, asset, flaw, form.all("lead")),
            "override": lambda v: triages.override(v, asset, flaw, form.text("reason")),
            "decide": lambda v: triages.decide(v, asset, flaw, form.text("compromise"), form.text("reason")),
        }
        act = acts.get(form.text("act"))
        if act is None:
            return triaged(request, status=422, problems=(Problem("/act", "unknown", "load the page again"),))
        try:
            act(viewer)
        except (Conflict, Forbidden, Invalid) as error:
            return triaged(request, status=status_of(error), problems=told(error))
        return see(f"/triage/{asset}/{flaw}?done=yes")

    @paths.show("/triage/{asset:str}/{flaw:str}/{file:str}", Action.READ_DEADLINES)
    def manifest(request: Ask) -> Response[Any]:
        asset, flaw = place(request)
        document, envelope = triages.manifest(caller_of(request).viewer, asset, flaw)
        is_signature = named(request, "file") == "signature"
        name = f"triage-{asset}-{flaw}.{'dsse.json' if is_signature else 'json'}"
        return download(envelope if is_signature else document, name)
