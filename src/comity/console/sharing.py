"""What was shared with whom on which ground, and who looked at what one sent."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.library.sharing import Sharing

DONE = {"shared": "Read in. They see it from now on, and you see when they look.", "ended": "The share has ended."}


def add(paths: Paths, sharing: Sharing) -> None:
    """The page and its forms."""

    def shown(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), subject: str = ""
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "library/sharing.html",
            status=status,
            received=sharing.received(viewer),
            made=sharing.made(viewer) if may(viewer, Action.SHARE) else None,
            looks=sharing.looks(viewer) if may(viewer, Action.READ_LOOKS) else None,
            bases=sharing.bases(),
            problems=problems,
            subject=subject or asked(request, "subject"),
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/sharing", Action.OWN_ACCOUNT)
    def index(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/sharing", Action.SHARE)
    def share(request: Ask, form: Form) -> Response[Any]:
        subject = form.text("subject").strip()[:200]
        kept, reason = form.text("kept").strip()[:500], form.text("reason").strip()[:500]
        try:
            sharing.share(
                caller_of(request).viewer,
                subject,
                form.text("recipient")[:200],
                basis=form.text("basis"),
                no_equities_use=bool(form.text("no_equities_use")),
                keep={kept: reason} if kept else {},
            )
        except (Conflict, Forbidden, Invalid, Missing) as error:
            problems = told(error, code="invalid" if isinstance(error, Invalid) else "not_shared")
            return shown(request, status=status_of(error), problems=problems, subject=subject)
        return see("/sharing?done=shared")

    @paths.press("/sharing/{share:str}/end", Action.SHARE)
    def end(request: Ask) -> Response[Any]:
        sharing.end(caller_of(request).viewer, named(request, "share"))
        return see("/sharing?done=ended")
