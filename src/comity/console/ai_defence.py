"""The register of AI defence: what is used, how far it has come, how it was measured, and who may use it."""

from collections.abc import Callable
from typing import Any

from litestar import Response
from markupsafe import Markup

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, named, see
from comity.defend.desk_ai import AiDefence
from comity.errors import Conflict, Invalid, Problem
from comity.formats import chart
from comity.model.asset import Domain, domains
from comity.model.capability import MOVES, Capability, Stage

COMPARISON_BYTES = 1024 * 1024
DONE = {"begun": "The uses that Comity has are in the register.", "moved": "The entry was moved, in your name."}


def add(paths: Paths, ai: AiDefence) -> None:
    """The pages over the register."""

    @paths.show("/ai", Action.READ_ESTATE)
    def register(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), key: str = "", done: str = ""
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        held = ai.register(viewer)
        return page(
            request,
            "advice/ai.html",
            status=status,
            register=held,
            stages=tuple(Stage),
            moves=MOVES,
            domains=sorted(domains(viewer)),
            measured=plot(held.entries),
            problems=problems,
            key=key,
            done=done or DONE.get(str(request.query_params.get("done", "")), ""),
        )

    def decided(request: Ask, do: Callable[[], object], word: str) -> Response[Any]:
        try:
            do()
        except (Conflict, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see(f"/ai?done={word}")

    @paths.take("/ai/begin", Action.STEER_AI)
    def begin(request: Ask, form: Form) -> Response[Any]:
        viewer = caller_of(request).viewer
        domain = next((one for one in Domain if one.value == form.text("domain")), None)
        if domain is None:
            return shown(request, status=422, problems=(Problem("/domain", "unknown_domain", "choose a domain"),))
        return decided(request, lambda: ai.begin(viewer, domain=domain), "begun")

    @paths.take("/ai/{entry:str}/move", Action.STEER_AI)
    def move(request: Ask, form: Form) -> Response[Any]:
        viewer, entry = caller_of(request).viewer, named(request, "entry")
        to = next((one for one in Stage if one.value == form.text("to")), None)
        if to is None:
            return shown(request, status=422, problems=(Problem("/to", "unknown_stage", "choose a stage"),))
        return decided(request, lambda: ai.move(viewer, entry, to, reason=form.text("reason")), "moved")

    @paths.take("/ai/{entry:str}/measure", Action.STEER_AI, limit_bytes=COMPARISON_BYTES)
    def measure(request: Ask, form: Form) -> Response[Any]:
        viewer, entry = caller_of(request).viewer, named(request, "entry")
        uploads = form.uploads("pairs")
        data = uploads[0].data if uploads else b""
        return decided(request, lambda: ai.measure(viewer, entry, data, measure=form.text("measure")), "moved")

    @paths.take("/ai/{entry:str}/grant", Action.STEER_AI)
    def grant(request: Ask, form: Form) -> Response[Any]:
        viewer, entry = caller_of(request).viewer, named(request, "entry")
        days, calls = form.text("days"), form.text("calls")
        if not (days.isascii() and days.isdigit() and calls.isascii() and calls.isdigit() and len(days + calls) < 12):
            problem = Problem("/days", "no_number", "days and calls are whole numbers")
            return shown(request, status=422, problems=(problem,))
        try:
            made, key = ai.grant(
                viewer,
                entry,
                holder=form.text("holder"),
                purpose=form.text("purpose"),
                days=int(days),
                calls=int(calls),
            )
        except (Conflict, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return shown(request, key=key, done=f"Access {made.id} is granted to {made.holder}.")

    @paths.press("/ai/grants/{grant:str}/revoke", Action.STEER_AI)
    def revoke(request: Ask) -> Response[Any]:
        viewer, id_ = caller_of(request).viewer, named(request, "grant")
        return decided(request, lambda: ai.revoke(viewer, id_), "moved")


def plot(entries: tuple[Capability, ...]) -> Markup:
    """The measured differences with their intervals; nothing when nothing was measured."""
    rows = [
        chart.Interval(label=one.name, value=100 * held.difference, low=100 * held.low, high=100 * held.high)
        for one in entries
        if (held := one.measured) is not None
    ]
    if not rows:
        return Markup("")
    marks = [chart.Mark(label="no difference", at=0)]
    return Markup(chart.intervals("Success with AI minus success without", rows, unit="points", marks=marks))  # noqa: S704  our own drawing, escaped where it is made
