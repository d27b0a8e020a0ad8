"""The trail of access for an auditor's own tools: the rows that the page `/audit` shows, filtered the same way."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from comity.access.policy import Action
from comity.admin.trail import PAGE, Told, Trail
from comity.api import asking
from comity.api.asking import After, Ask
from comity.errors import Invalid, Problem
from comity.model.outcome import Outcome


class TrailRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person, way, action, object and outcome within one hour, `times` often.

    `person` "": a stranger. `object` "" and a `mark`: it was refused or not found, and the mark, the same for the same
    id, stands for it. Whoever knows an id finds its rows with `about`.
    """

    person: str
    name: str
    via: str
    way: str
    action: str
    kind: str
    object: str
    mark: str
    outcome: str
    first_at: datetime
    last_at: datetime
    times: int


class TrailRows(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the trail, newest first. `next`: what to send as `after` for the page before it in time, or ""."""

    rows: tuple[TrailRow, ...]
    next: str


def routes(trail: Trail) -> list[HTTPRouteHandler]:
    """The one operation."""

    @get(
        "/audit",
        opt={"action": Action.READ_AUDIT},
        operation_id="readTrail",
        sync_to_thread=True,
        summary="Who was let in to what, and who was refused",
        responses=asking.ERRORS,
    )
    def read(
        request: Ask,
        person: Annotated[str, QueryParameter(name="person", max_length=100, description="id or sign-in name")] = "",
        about: Annotated[str, QueryParameter(name="about", max_length=64, description="id of an object")] = "",
        outcome: Annotated[Outcome | None, QueryParameter(name="outcome", description="what was decided")] = None,
        after: After = "",
    ) -> TrailRows:
        """A hundred rows at a time. Asking leaves a row too. Only an auditor's token of the scope `operate` may."""
        found = trail.entries(
            asking.viewer_of(request), person=person, about=about, outcome=outcome, before=_before(after)
        )
        following = str(found[-1].entry.seq) if len(found) == PAGE else ""
        return TrailRows(rows=tuple(_row(one) for one in found), next=following)

    return [read]


def _before(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 18):
        reason = "send `next` of the page before, unchanged"
        raise Invalid("there is no such page of the trail", [Problem("/after", "bad_page", reason)])
    return int(after)


def _row(told: Told) -> TrailRow:
    one = told.entry
    return TrailRow(
        person=one.person,
        name=told.name,
        via=one.via,
        way=one.way,
        action=one.action,
        kind=one.kind,
        object=one.object,
        mark=one.mark,
        outcome=one.outcome.value,
        first_at=one.first_at,
        last_at=one.last_at,
        times=one.times,
    )
