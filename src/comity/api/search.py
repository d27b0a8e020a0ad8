"""Search everything that the asker may read."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from comity.access.pace import paced
from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.library.searching import LONGEST, WHOLE, Searching
from comity.model.party import Viewer
from comity.model.search import Kind


class HitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `note` says where it stands, "" when that goes without saying."""

    kind: Kind
    id: str
    title: str
    at: datetime
    note: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """At most 20 of each kind, newest first within a kind. There is no total: it would count what is hidden."""

    hits: tuple[HitLine, ...]


def found(searching: Searching, viewer: Viewer, question: str) -> Found:
    """The answer, at a whole step of time."""
    with paced(WHOLE):
        hits = searching.search(viewer, question)
    return Found(
        hits=tuple(HitLine(kind=one.kind, id=one.id, title=one.title, at=one.at, note=one.note) for one in hits)
    )


def routes(searching: Searching) -> list[HTTPRouteHandler]:
    """The one operation."""

    @get(
        "/search",
        opt={"action": Action.SEARCH},
        operation_id="search",
        sync_to_thread=True,
        summary="Search by words",
        responses=asking.ERRORS,
    )
    def search(request: Ask, q: Annotated[str, QueryParameter(max_length=LONGEST, description="whole words")]) -> Found:
        """Whole words, all of them, in titles, names, ids, products and kinds of weakness; never in descriptions."""
        return found(searching, asking.viewer_of(request), q)

    return [search]
