"""What anybody may read of briefs: the list, one brief with its sources, conflicts, corrections, principles, feeds.

The article itself is the page channel of the brief desk, label first; these pages put the site around it.
"""

from typing import Any

from litestar import Response
from markupsafe import Markup

from comity.access.headers import PAGE_CSP
from comity.access.policy import Action
from comity.access.routes import address_of, caller_of
from comity.brief.desk import HEADER, Briefs, File
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Invalid, Problem, TooLarge, Unavailable

CLASSES = (
    "order_text",
    "agency_action",
    "framework_status",
    "clearinghouse",
    "model_assessment",
    "model_release_or_access",
    "vulnerability",
    "exploitation",
    "incident",
    "patch_or_mitigation",
    "law_enforcement",
    "litigation",
    "legislation",
    "international",
    "market",
    "research",
    "unclassified",
)
"""The classes that a reader may choose from."""


def add(paths: Paths, briefs: Briefs) -> None:
    """The open pages."""

    @paths.show("/briefs", Action.READ_BRIEFS)
    def listed(request: Ask) -> Response[Any]:
        kind = asked(request, "class")
        found = briefs.published(
            caller_of(request).viewer, kind=kind if kind in CLASSES else "", after=asked(request, "after")
        )
        return page(request, "brief/list.html", rows=found.rows, following=found.next, kind=kind, classes=CLASSES)

    @paths.show("/briefs/conflicts", Action.READ_BRIEFS)
    def conflicts(request: Ask) -> Response[Any]:
        return page(request, "brief/conflicts.html", rows=briefs.conflicts(caller_of(request).viewer))

    @paths.show("/briefs/corrections", Action.READ_BRIEFS)
    def corrections(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(request, "brief/corrections.html", rows=briefs.corrected(viewer), rates=briefs.rates(viewer))

    @paths.show("/briefs/principles", Action.READ_BRIEFS)
    def principles(request: Ask) -> Response[Any]:
        return page(request, "brief/principles.html", rates=briefs.rates(caller_of(request).viewer))

    @paths.show("/briefs/{brief:str}", Action.READ_BRIEFS)
    def one(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        view = briefs.brief(viewer, named(request, "brief"))
        gone = view.public.tombstone is not None
        response = page(
            request,
            "brief/one.html",
            status=410 if gone else 200,
            public=view.public,
            rates=briefs.rates(viewer),
            article=Markup(view.article),  # noqa: S704 - the page channel escapes every word from outside
            linked=Markup(view.linked),  # noqa: S704 - JSON without any "<" in it
        )
        return _marked(response, view.public.mark)

    @paths.show("/briefs/{brief:str}/{file:str}", Action.READ_BRIEFS)
    def file(request: Ask) -> Response[Any]:
        found = briefs.file(caller_of(request).viewer, named(request, "brief"), named(request, "file"))
        if found.name == "brief.html":
            headers = {"Content-Security-Policy": PAGE_CSP}
            return _marked(Response(found.data, media_type=found.media_type, headers=headers), found.mark)
        return _marked(download(found.data, f"{named(request, 'brief')}-{found.name}", found.media_type), found.mark)

    @paths.show("/feeds/{name:str}", Action.READ_BRIEFS)
    def feed(request: Ask) -> Response[Any]:
        found = briefs.feed(caller_of(request).viewer, named(request, "name"))
        return _feed(found)

    @paths.show("/shared/{secret:str}", Action.READ_BRIEFS)
    def shared(request: Ask) -> Response[Any]:
        found = briefs.shared(caller_of(request).viewer, named(request, "secret"))
        return download(found.data, found.name, found.media_type)

    @paths.show("/detect", Action.DETECT_TEXT)
    def detect_page(request: Ask) -> Response[Any]:
        return page(request, "brief/detect.html", found=None, problems=(), text="")

    @paths.take("/detect", Action.DETECT_TEXT, limit_bytes=256 * 1024)
    def detect(request: Ask, form: Form) -> Response[Any]:
        text = form.text("text")
        try:
            found = briefs.detect(caller_of(request).viewer, text)
        except Invalid as error:
            return page(request, "brief/detect.html", status=422, found=None, problems=error.problems, text=text)
        except TooLarge as error:
            problem = Problem("/text", "too_long", str(error))
            return page(request, "brief/detect.html", status=413, found=None, problems=(problem,), text="")
        return page(request, "brief/detect.html", found=found, problems=(), text=text)

    @paths.show("/subscribe", Action.READ_BRIEFS)
    def subscribe_page(request: Ask) -> Response[Any]:
        return page(request, "brief/subscribe.html", asked=False, problems=(), address="")

    @paths.take("/subscribe", Action.READ_BRIEFS)
    def subscribe(request: Ask, form: Form) -> Response[Any]:
        address = form.text("address")
        try:
            briefs.subscribe(caller_of(request).viewer, address, peer=address_of(request))
        except Invalid as error:
            return page(
                request, "brief/subscribe.html", status=422, asked=False, problems=error.problems, address=address
            )
        except Unavailable as error:
            problem = Problem("/address", "unavailable", str(error))
            return page(request, "brief/subscribe.html", status=503, asked=False, problems=(problem,), address=address)
        return page(request, "brief/subscribe.html", asked=True, problems=(), address="")

    @paths.show("/subscriptions/{secret:str}", Action.READ_BRIEFS)
    def subscription(request: Ask) -> Response[Any]:
        secret = named(request, "secret")
        held = briefs.subscription(caller_of(request).viewer, secret)
        return page(request, "brief/subscription.html", held=held, secret=secret, left=False)

    @paths.press("/subscriptions/{secret:str}/confirm", Action.READ_BRIEFS)
    def confirm(request: Ask) -> Response[Any]:
        briefs.confirm_subscription(caller_of(request).viewer, named(request, "secret"))
        return see(f"/subscriptions/{named(request, 'secret')}")

    @paths.press("/subscriptions/{secret:str}/leave", Action.READ_BRIEFS)
    def leave(request: Ask) -> Response[Any]:
        briefs.unsubscribe(caller_of(request).viewer, named(request, "secret"))
        return page(request, "brief/subscription.html", held=None, secret="", left=True)

    @paths.show("/notices", Action.READ_NOTICES)
    def notices(request: Ask) -> Response[Any]:
        return page(request, "brief/notices.html", rows=briefs.notices(caller_of(request).viewer))


def _marked(response: Response[Any], mark: str) -> Response[Any]:
    """The machine mark as one HTTP header; none for text by a person."""
    if mark:
        response.headers[HEADER] = mark
    return response


def _feed(found: File) -> Response[Any]:
    return Response(found.data, media_type=f"{found.media_type}; charset=utf-8")
