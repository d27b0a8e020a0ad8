"""The page of mirrors: how old what upstream says is here, and a button to look now."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.admin.mirroring import Mirroring
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, see
from comity.errors import Conflict, Missing, Problem

DONE = {"asked": "Asked. The worker looks now; this page tells what came of it when you open it again."}


def add(paths: Paths, counter: Mirroring) -> None:
    """The page and its form."""

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        settings = counter.settings
        return page(
            request,
            "admin/mirrors.html",
            status=status,
            mirrors=counter.standing(viewer),
            may_fetch=may(viewer, Action.FETCH_MIRRORS) and not settings.offline,
            offline=settings.offline,
            limit_days=settings.feed_age.days,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/mirrors", Action.READ_MIRRORS)
    def mirrors(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/mirrors", Action.FETCH_MIRRORS)
    def fetch(request: Ask, form: Form) -> Response[Any]:
        try:
            counter.fetch(caller_of(request).viewer, form.text("name")[:300])
        except (Conflict, Missing) as error:
            return shown(request, status=status_of(error), problems=told(error, code="refused"))
        return see("/mirrors?done=asked")
