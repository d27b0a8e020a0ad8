"""One box that looks through everything its asker may read."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from litestar import Response

from comity.access.pace import paced
from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked
from comity.errors import Invalid, Problem
from comity.library.searching import WHOLE, Searching
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind

NAMES: Final[Mapping[Kind, str]] = {
    Kind.CASE: "Cases",
    Kind.REPORT: "Reports",
    Kind.ADVISORY: "Advisories",
    Kind.BRIEF: "Briefs",
    Kind.DRAFT: "Brief drafts",
    Kind.INVENTORY: "Inventories",
    Kind.ASSET: "Assets",
    Kind.DIRECTIVE: "Directives in the making",
    Kind.ENGAGEMENT: "Assessments",
}
"""In the order of the page: total over `Kind`."""
FOLDERS: Final[Mapping[Kind, str]] = {
    Kind.CASE: "cases",
    Kind.REPORT: "reports",
    Kind.ADVISORY: "advisories",
    Kind.BRIEF: "briefs",
    Kind.DRAFT: "drafts",
    Kind.INVENTORY: "inventories",
    Kind.ASSET: "assets",
    Kind.DIRECTIVE: "authoring",
    Kind.ENGAGEMENT: "engagements",
}
READERS: Final[Mapping[Kind, Action]] = {Kind.DIRECTIVE: Action.COMMENT_DIRECTIVE}
"""Pages that take more than finding their subject does."""


def add(paths: Paths, searching: Searching) -> None:
    """The page of the search."""

    @paths.show("/search", Action.SEARCH)
    def search(request: Ask) -> Response[Any]:
        viewer, question = caller_of(request).viewer, asked(request, "q")
        problems: tuple[Problem, ...] = ()
        hits: tuple[Hit, ...] = ()
        if question:
            with paced(WHOLE):
                try:
                    hits = searching.search(viewer, question)
                except Invalid as error:
                    problems = tuple(error.problems)
        return page(
            request,
            "library/search.html",
            status=422 if problems else 200,
            question=question,
            problems=problems,
            groups=_groups(viewer, hits),
            each=EACH,
        )


def _groups(viewer: Viewer, hits: tuple[Hit, ...]) -> list[tuple[str, list[tuple[Hit, str]]]]:
    found: dict[Kind, list[tuple[Hit, str]]] = {kind: [] for kind in NAMES}
    for hit in hits:
        found[hit.kind].append((hit, _path(viewer, hit)))
    return [(NAMES[kind], some) for kind, some in found.items() if some]


def _path(viewer: Viewer, hit: Hit) -> str:
    needed = READERS.get(hit.kind)
    if needed is not None and not may(viewer, needed):
        return ""
    return f"/{FOLDERS[hit.kind]}/{quote(hit.id, safe='')}"
