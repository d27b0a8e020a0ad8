"""All pages together, behind one guard, and how an error looks to a person."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Request, Response, Router
from litestar.exceptions import HTTPException

from comity.access.failures import failure_of, note
from comity.access.routes import session_guard
from comity.admin.preferences import Preferences
from comity.admin.provider import configured
from comity.console import (
    account,
    ai_defence,
    canaries,
    capacity,
    cases,
    cookies,
    cve_services,
    drafts,
    duplicates,
    engagements,
    erasures,
    estate,
    federation,
    following,
    home,
    people,
    priorities,
    providing,
    reading,
    reports,
    search,
    sharing,
    signing,
    standing,
    triage,
)
from comity.console import advice as advice_pages
from comity.console import batches as batch_pages
from comity.console import blind as blind_pages
from comity.console import briefs as briefs_pages
from comity.console import claims as claims_pages
from comity.console import coordination as coordination_pages
from comity.console import deadlines as deadline_pages
from comity.console import directives as directive_pages
from comity.console import mirrors as mirror_pages
from comity.console import patches as patch_pages
from comity.console import teams as team_pages
from comity.console import trail as trail_pages
from comity.console.pages import page, status_name
from comity.console.routing import Paths
from comity.counters import Counters
from comity.errors import Unauthenticated

NEXT: Final = {
    401: "Sign in and try again.",
    403: "Ask an administrator of this host if you need it.",
    404: "Check the address. What is not yours to see looks the same as what is not there.",
    409: "Go back, look at it again, then decide.",
    413: "Send it in smaller parts.",
    422: "Go back, mend what is listed, and send it again.",
    500: "Nothing more is told here; the operator of this host finds the place in its log.",
    503: "Try again in a little while.",
}


def routes(counters: Counters) -> list[Router]:
    """The pages over these counters."""
    settings, accounts = counters.settings, counters.accounts
    paths = Paths(is_https=settings.address.startswith("https://"))
    home.add(paths, counters)
    provider = configured(settings, accounts)
    signing.add(paths, accounts, settings, provider)
    providing.add(paths, accounts, provider)
    mirror_pages.add(paths, counters.mirroring)
    trail_pages.add(paths, counters.trail, counters.glass)
    account.add(paths, accounts, settings, counters.now, provider)
    people.add(paths, accounts, settings, provider)
    team_pages.add(paths, accounts)
    batch_pages.add(paths, counters.batches)
    reports.add(paths, counters.clearing, counters.capacity, settings)
    cases.add(paths, counters.clearing, Preferences(accounts=accounts))
    duplicates.add(paths, counters.regroup)
    claims_pages.add(paths, counters.claims)
    blind_pages.add(paths, counters.blind, settings)
    coordination_pages.add(paths, counters.coordination)
    canaries.add(paths, counters.canaries)
    federation.add(paths, counters.hand_overs)
    cve_services.add(paths, counters.cve)
    erasures.add(paths, counters.erasures)
    priorities.add(paths, counters.priorities)
    capacity.add(paths, counters.capacity)
    standing.add(paths, counters.standings)
    patch_pages.add(paths, counters.patches)
    engagements.add(paths, counters.assess)
    reading.add(paths, counters.library, settings)
    following.add(paths, counters.library, counters.hooks)
    sharing.add(paths, counters.sharing)
    search.add(paths, counters.searching)
    briefs_pages.add(paths, counters.briefs)
    drafts.add(paths, counters.briefs)
    estate.add(paths, counters.defend, counters.watches, counters.deadlines)
    deadline_pages.add(paths, counters.deadlines)
    triage.add(paths, counters.triages)
    advice_pages.add(paths, counters.advice, counters.attest)
    ai_defence.add(paths, counters.ai)
    directive_pages.add(paths, counters.directives)
    session, _ = cookies.names(is_https=paths.is_https)
    return [Router("/", route_handlers=list(paths.handlers), guards=[session_guard(accounts, session)])]


def page_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A page for an error. Whoever is not signed in and only looks is led to sign in and back."""
    if isinstance(error, Unauthenticated) and request.method == "GET":
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Response(b"", status_code=303, headers={"Location": f"/sign-in?next={quote(there, safe='')}"})
    failure = failure_of(error)
    if failure.is_unforeseen:
        note(request, error)
    response = page(
        request,
        "error.html",
        status=failure.status,
        name=status_name(failure.status),
        code=failure.status,
        detail=failure.detail,
        problems=failure.problems,
        following=NEXT.get(failure.status, ""),
    )
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response
