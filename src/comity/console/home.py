"""The first page asks what somebody wants to do; what is not built yet says so."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from litestar import Response
from markupsafe import Markup

from comity.access.caller import Via
from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.overview import waiting
from comity.console.pages import Ask, page
from comity.console.routing import Paths, named
from comity.counters import Counters
from comity.errors import Missing
from comity.formats import chart
from comity.model.handling import Tlp


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing to do here, and the right it takes."""

    title: str
    who: str
    get: str
    path: str
    verb: str
    action: Action


WISHES: Final = (
    Wish(
        title="Report a finding",
        who="Labs, finders, tool operators",
        get="Send SARIF, OSV, CSAF or a report file. A receipt comes at once, the verdict with its evidence later.",
        path="/report",
        verb="Report a finding",
        action=Action.SUBMIT,
    ),
    Wish(
        title="Work the queue",
        who="Coordinators",
        get="Cases with evidence, reasons for every merge, and drafts to approve in each format they would appear in.",
        path="/queue",
        verb="Open the queue",
        action=Action.READ_CASES,
    ),
    Wish(
        title="Verify a document",
        who="Anybody who holds a signed file",
        get="Says who signed it and what it states, or what broke. The same check works offline.",
        path="/verify",
        verb="Verify a file",
        action=Action.VERIFY_DOCUMENT,
    ),
    Wish(
        title="Check what I run",
        who="Agency defenders, small operators",
        get="An inventory matched against advisories, with the reason why and the deadline that follows.",
        path="/estate",
        verb="Open the estate",
        action=Action.READ_ESTATE,
    ),
    Wish(
        title="Am I affected?",
        who="Utilities, hospitals, banks, anybody",
        get="Ask by a product's name and version. One answer, one action, a page to print. No account needed.",
        path="/affected",
        verb="Ask",
        action=Action.ASK_AFFECTED,
    ),
    Wish(
        title="Invite an assessment",
        who="Model developers, assessors",
        get="Terms, consent by both sides, a frozen battery, an estimate with interval. Voluntary, ended at will.",
        path="/assessments",
        verb="See how it works",
        action=Action.READ_ASSESSING,
    ),
    Wish(
        title="Review a brief",
        who="Editors",
        get="A draft with the source beside each sentence, and a named person behind what is published.",
        path="/drafts",
        verb="Open the drafts",
        action=Action.EDIT_BRIEFS,
    ),
)

SAMPLE: Final = chart.intervals(
    "Example: an estimate with its interval",
    [
        chart.Interval(label="bounded on both sides", value=12, low=5, high=30),
        chart.Interval(label="no upper bound", value=24, low=9, high=None, tone="warn"),
    ],
    unit="minutes",
)
"""A chart for the page about the look; its values are made up and it says so."""

STATIC: Final = {
    "comity.css": "text/css",
    "mark.svg": "image/svg+xml",
    "live.js": "text/javascript",
    "passkeys.js": "text/javascript",
}


def add(paths: Paths, counters: Counters) -> None:
    """The first page, the page about the look, and the files every page uses."""

    @paths.show("/", Action.START)
    def home(request: Ask) -> Response[Any]:
        caller = caller_of(request)
        if caller.via is not Via.SESSION:
            return page(request, "home.html", wishes=WISHES)
        wishes = [one for one in WISHES if may(caller.viewer, one.action)]
        return page(request, "overview.html", wishes=wishes, waiting=waiting(counters, caller.viewer))

    @paths.show("/style", Action.START)
    def style(request: Ask) -> Response[Any]:
        return page(request, "style.html", labels=list(Tlp), chart=Markup(SAMPLE))  # noqa: S704  our own drawing, no text from outside

    @paths.show("/static/{name:str}", Action.START)
    def static(request: Ask) -> Response[Any]:
        name = named(request, "name")
        if name not in STATIC:
            raise Missing("there is no such file")
        headers = {"Cache-Control": "public, max-age=3600"}
        return Response(_file(name), media_type=STATIC[name], headers=headers)


@cache
def _file(name: str) -> bytes:
    return resources.files("comity.console").joinpath("static", name).read_bytes()
