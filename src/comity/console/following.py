"""Being told of advisories: the feeds, one's own webhooks and digests, and what became of each telling."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.library.counter import Library
from comity.library.hooks import Hooks

DONE = {
    "digest": "A letter with a link is on its way. Nothing else is sent there before the link was opened.",
    "confirmed": "The address is confirmed: digests go there from now on.",
    "ended": "The subscription has ended.",
    "paused": "Nothing is told while it is paused; what waits is told when you go on.",
    "resumed": "It goes on.",
    "rung": "A test is on its way.",
    "replayed": "It is told again now, with the same event id.",
}


def add(paths: Paths, library: Library, hooks: Hooks) -> None:
    """The pages, and the feeds themselves."""

    def feed(name: str) -> None:
        @paths.show(f"/feeds/{name}", Action.READ_PUBLISHED)
        def served(request: Ask) -> Response[Any]:
            found = library.feed(caller_of(request).viewer, name)
            return Response(found.data, media_type=found.media_type, headers={"Cache-Control": "max-age=60"})

    for name in ("advisories.atom", "advisories.rss", "advisories.json"):
        feed(name)

    def listed(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), fresh: Any = None
    ) -> Response[Any]:
        lines = hooks.own(caller_of(request).viewer)
        told = DONE.get(asked(request, "done"), "")
        return page(
            request, "library/following.html", status=status, lines=lines, problems=problems, fresh=fresh, done=told
        )

    @paths.show("/following", Action.FOLLOW_NEWS)
    def index(request: Ask) -> Response[Any]:
        return listed(request)

    @paths.take("/following/webhooks", Action.FOLLOW_NEWS)
    def add_webhook(request: Ask, form: Form) -> Response[Any]:
        try:
            fresh = hooks.add_webhook(caller_of(request).viewer, form.text("url")[:600])
        except Invalid as error:
            return listed(request, status=422, problems=error.problems)
        except Forbidden as error:
            return listed(request, status=403, problems=(Problem("", "too_many", str(error)),))
        return listed(request, fresh=fresh)

    @paths.take("/following/digests", Action.FOLLOW_NEWS)
    def add_digest(request: Ask, form: Form) -> Response[Any]:
        try:
            hooks.add_digest(caller_of(request).viewer, form.text("address")[:300], every=form.text("every"))
        except Invalid as error:
            return listed(request, status=422, problems=error.problems)
        except Forbidden as error:
            return listed(request, status=403, problems=(Problem("", "too_many", str(error)),))
        return see("/following?done=digest")

    @paths.show("/following/{hook:str}", Action.FOLLOW_NEWS)
    def one(request: Ask) -> Response[Any]:
        hook, told = hooks.one(caller_of(request).viewer, named(request, "hook"))
        done = DONE.get(asked(request, "done"), "")
        return page(request, "library/hook.html", hook=hook, deliveries=told, done=done)

    @paths.show("/following/{hook:str}/confirm/{secret:str}", Action.FOLLOW_NEWS)
    def confirm(request: Ask) -> Response[Any]:
        hooks.confirm(caller_of(request).viewer, named(request, "hook"), named(request, "secret"))
        return see("/following?done=confirmed")

    @paths.press("/following/{hook:str}/end", Action.FOLLOW_NEWS)
    def end(request: Ask) -> Response[Any]:
        hooks.end(caller_of(request).viewer, named(request, "hook"))
        return see("/following?done=ended")

    @paths.press("/following/{hook:str}/pause", Action.FOLLOW_NEWS)
    def pause(request: Ask) -> Response[Any]:
        hook = hooks.pause(caller_of(request).viewer, named(request, "hook"), paused=True)
        return see(f"/following/{hook.id}?done=paused")

    @paths.press("/following/{hook:str}/resume", Action.FOLLOW_NEWS)
    def resume(request: Ask) -> Response[Any]:
        hook = hooks.pause(caller_of(request).viewer, named(request, "hook"), paused=False)
        return see(f"/following/{hook.id}?done=resumed")

    @paths.press("/following/{hook:str}/ring", Action.FOLLOW_NEWS)
    def ring(request: Ask) -> Response[Any]:
        name = named(request, "hook")
        hooks.ring(caller_of(request).viewer, name)
        return see(f"/following/{name}?done=rung")

    @paths.press("/following/{hook:str}/deliveries/{delivery:str}/replay", Action.FOLLOW_NEWS)
    def replay(request: Ask) -> Response[Any]:
        name = named(request, "hook")
        try:
            hooks.replay(caller_of(request).viewer, name, named(request, "delivery"))
        except Conflict:
            return see(f"/following/{name}")  # it waits for its next try: the page says so
        return see(f"/following/{name}?done=replayed")
