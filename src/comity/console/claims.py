"""Scan claims: one's own, and for coordinators the map of who is where."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from litestar import Response
from markupsafe import Markup

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_claims import Claim, Claims, Line, Method, Wish, ending_of
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked
from comity.errors import Invalid, Problem
from comity.formats import chart

DRAWN = 40
"""Claims on the map at most, those that end soonest: the table holds every one."""


def drawn(lines: Sequence[Line], now: datetime) -> Markup:
    """Who is where until when, one row for each claim: begun on the left, its end on the right, the last heartbeat
    between."""
    rows = []
    for line in sorted(lines[:DRAWN], key=lambda one: (*_place(one.claim), one.claim.id)):
        claim = line.claim
        repository, paths = _place(claim)
        where = " ".join((repository.partition("/")[2], *paths[:2])) if repository else "taken blindly"
        met = f"; meets {line.meets} other claim{'s' if line.meets != 1 else ''}" if line.meets else ""
        rows.append(
            chart.Interval(
                label=f"{line.holder}: {where}",
                value=_days(claim.beat_at, now),
                low=_days(claim.made_at, now),
                high=_days(claim.ends_at, now),
                note=f"{claim.progress} % done{met}",
                tone="warn" if line.meets else "",
            )
        )
    title = "Open claims: begun, last heartbeat, end"
    return Markup(chart.intervals(title, rows, unit="days from now", marks=[chart.Mark(label="now", at=0)]))  # noqa: S704  our own SVG, its labels are escaped there


def _place(claim: Claim) -> tuple[str, tuple[str, ...]]:
    return (claim.area.repository, claim.area.paths) if claim.area is not None else ("", ())


def _days(at: datetime, now: datetime) -> float:
    return round((at - now) / timedelta(days=1), 1)


def add(paths: Paths, claims: Claims) -> None:
    """The page of claims. Asking is a link with the area in it: nothing is kept of a question."""

    @paths.show("/claims", Action.CLAIM_SCANS)
    def listed(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        everybody = claims.map(viewer) if may(viewer, Action.READ_CASES) else None
        repository, path = asked(request, "repository"), asked(request, "path")
        found, problems = None, tuple[Problem, ...]()
        if repository:
            try:
                found = claims.ask(viewer, Wish(repository=repository, paths=[path] if path else []))
            except Invalid as error:
                problems = error.problems
        return page(
            request,
            "clearing/claims.html",
            status=422 if problems else 200,
            held=claims.own(viewer),
            everybody=everybody,
            drawn=drawn(everybody, claims.now()) if everybody else None,
            most=DRAWN,
            asked_repository=repository,
            asked_path=path,
            found=found,
            problems=problems,
            methods=[method.value for method in Method],
            ending_of=ending_of,
        )
