"""Who was let in to what, for auditors; and breaking the glass, for two coordinators."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.admin.glass import Glass
from comity.admin.trail import PAGE, Trail
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.outcome import Outcome

DONE = {
    "asked": "Asked. Another coordinator has one hour to second it; administrators were told.",
    "broken": "The glass is broken: the asker may read that case now. Everybody concerned was told.",
    "ended": "It has ended.",
}


def add(paths: Paths, trail: Trail, glass: Glass) -> None:
    """The two pages."""

    @paths.show("/audit", Action.READ_AUDIT)
    def audit(request: Ask) -> Response[Any]:
        person, about, before = asked(request, "person"), asked(request, "about"), asked(request, "after")
        outcome = next((one for one in Outcome if one.value == asked(request, "outcome")), None)
        found = trail.entries(
            caller_of(request).viewer,
            person=person,
            about=about,
            outcome=outcome,
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
        )
        return page(
            request,
            "admin/audit.html",
            rows=found,
            following=str(found[-1].entry.seq) if len(found) == PAGE else "",
            person=person,
            about=about,
            outcome=outcome,
            outcomes=tuple(Outcome),
        )

    def glass_shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "admin/glass.html",
            status=status,
            requests=glass.requests(viewer),
            may_ask=may(viewer, Action.BREAK_GLASS),
            hours=glass.settings.glass_hours,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/break-glass", Action.READ_GLASS)
    def shown(request: Ask) -> Response[Any]:
        return glass_shown(request)

    @paths.take("/break-glass", Action.BREAK_GLASS)
    def ask(request: Ask, form: Form) -> Response[Any]:
        try:
            glass.ask(caller_of(request).viewer, case=form.text("case")[:100], reason=form.text("reason")[:4000])
        except (Conflict, Forbidden, Invalid) as error:
            return glass_shown(request, status=status_of(error), problems=told(error, code="refused"))
        return see("/break-glass?done=asked")

    @paths.press("/break-glass/{glass:str}/second", Action.BREAK_GLASS)
    def second(request: Ask) -> Response[Any]:
        try:
            glass.second(caller_of(request).viewer, named(request, "glass"))
        except (Conflict, Forbidden) as error:
            return glass_shown(request, status=status_of(error), problems=told(error, code="refused"))
        return see("/break-glass?done=broken")

    @paths.press("/break-glass/{glass:str}/end", Action.READ_GLASS)
    def end(request: Ask) -> Response[Any]:
        glass.end(caller_of(request).viewer, named(request, "glass"))
        return see("/break-glass?done=ended")
