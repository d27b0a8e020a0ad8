"""Scan claims: one's own, and for coordinators the map of who is where."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_claims import Claims, Method, Wish, ending_of
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked
from comity.errors import Invalid, Problem


def add(paths: Paths, claims: Claims) -> None:
    """The page of claims. Asking is a link with the area in it: nothing is kept of a question."""

    @paths.show("/claims", Action.CLAIM_SCANS)
    def listed(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
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
            everybody=claims.map(viewer) if may(viewer, Action.READ_CASES) else None,
            asked_repository=repository,
            asked_path=path,
            found=found,
            problems=problems,
            methods=[method.value for method in Method],
            ending_of=ending_of,
        )
