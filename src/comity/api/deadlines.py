"""Dates: what is due when and why, what a change would move, and the work on a finding."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, deadline_wire
from comity.api.asking import After, Ask, Limit
from comity.api.deadline_shapes import (
    Changes,
    DeadlineBody,
    DeadlinesBody,
    DifferenceMade,
    WorkBody,
    WorkDone,
)
from comity.api.estate_wire import place
from comity.defend.desk_deadlines import Deadlines
from comity.errors import Invalid, Problem
from comity.model.ids import AssetId
from comity.model.party import Viewer

ONLY: Final = ("dated", "overdue", "upcoming", "triage", "ask", "silent", "done")
MOST_CHANGES: Final = 100
On = Annotated[date | None, QueryParameter(name="on", description="as it was at the end of a past day")]


def moment(day: date | None) -> datetime | None:
    """The end of a day in UTC."""
    return None if day is None else datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def listed(
    desk: Deadlines, viewer: Viewer, *, on: date | None, only: str, tier: str = "", after: str = "", limit: int = 50
) -> DeadlinesBody:
    """A page, for every door. Invalid for a choice that there is none of."""
    if only and only not in ONLY:
        raise Invalid("no such choice", [Problem("/only", "unknown_choice", f"one of {', '.join(ONLY)}")])
    start = place(after)
    found = desk.deadlines(viewer, at=moment(on), only=only, tier=tier, after=start, limit=limit)
    return deadline_wire.listed(found, after=start, page=limit)


def worked(desk: Deadlines, viewer: Viewer, asset: AssetId, vulnerability: str, data: WorkDone) -> WorkBody:
    """Record work, for every door."""
    match data.what:
        case "remediated":
            done = desk.patched(viewer, asset, vulnerability, data.how)
        case "mitigated":
            done = desk.mitigated(viewer, asset, vulnerability, data.how)
        case "stated":
            return deadline_wire.work(None, desk.state(viewer, asset, vulnerability, pairs(data.how)))
        case _:
            raise Invalid("no such work", [Problem("/what", "unknown_choice", "one of remediated, mitigated, stated")])
    return deadline_wire.work(done, desk.deadline(viewer, asset, vulnerability))


def pairs(text: str) -> dict[str, str]:
    """`input=value` pairs. Invalid for a part that is none."""
    given: dict[str, str] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not equals:
            raise Invalid("what is stated cannot be read", [Problem("/how", "unreadable", "give input=value pairs")])
        given[name] = value
    return given


def tried(desk: Deadlines, viewer: Viewer, texts: list[str]) -> DifferenceMade:
    """What-if, for every door. Invalid for too many changes at once."""
    if len(texts) > MOST_CHANGES:
        problem = Problem("/changes", "too_many", f"at most {MOST_CHANGES} at once")
        raise Invalid("too many changes", [problem])
    return deadline_wire.difference(desk.what_if(viewer, desk.changes(viewer, texts)))


def routes(desk: Deadlines) -> list[HTTPRouteHandler]:
    """The operations on dates."""

    @get(
        "/deadlines",
        opt={"action": Action.READ_DEADLINES},
        operation_id="listDeadlines",
        sync_to_thread=True,
        summary="What is due, earliest first",
        responses=asking.ERRORS,
    )
    def many(
        request: Ask,
        on: On = None,
        only: Annotated[
            str,
            QueryParameter(name="only", description="dated, overdue, upcoming, triage, ask, silent, done; empty: open"),
        ] = "",
        tier: Annotated[str, QueryParameter(name="tier", max_length=40, description="only this tier, such as 3D")] = "",
        after: After = "",
        limit: Limit = 50,
    ) -> DeadlinesBody:
        """Now or at the end of a past day. Show `packs` beside the dates: the rules are transcriptions."""
        return listed(desk, asking.viewer_of(request), on=on, only=only, tier=tier, after=after, limit=limit)

    @get(
        "/deadlines/{asset:str}/{vulnerability:str}",
        opt={"action": Action.READ_DEADLINES},
        operation_id="readDeadline",
        sync_to_thread=True,
        summary="One deadline with its whole why",
        responses=asking.ERRORS,
    )
    def one(request: Ask, asset: FromPath[str], vulnerability: FromPath[str], on: On = None) -> DeadlineBody:
        """Row, start, both dates, every input with its source, what was assumed, and what other packs say."""
        view = desk.deadline(
            asking.viewer_of(request), AssetId(asking.name(asset)), asking.flaw(vulnerability), at=moment(on)
        )
        return deadline_wire.finding(view)

    @post(
        "/deadlines/{asset:str}/{vulnerability:str}/work",
        opt={"action": Action.WORK_FINDING},
        operation_id="workFinding",
        status_code=200,
        sync_to_thread=True,
        summary="Record that a finding is remediated or mitigated",
        responses=asking.ERRORS,
    )
    def work(request: Ask, asset: FromPath[str], vulnerability: FromPath[str], data: JSONBody[WorkDone]) -> WorkBody:
        """409 while a triage asks for evidence before the patch."""
        named = AssetId(asking.name(asset))
        return worked(desk, asking.viewer_of(request), named, asking.flaw(vulnerability), data)

    @post(
        "/what-if",
        opt={"action": Action.READ_DEADLINES},
        operation_id="tryChanges",
        status_code=200,
        sync_to_thread=True,
        summary="What changes would move, before anybody makes them",
        responses=asking.ERRORS,
    )
    def what_if(request: Ask, data: JSONBody[Changes]) -> DifferenceMade:
        """Over all that the caller meets. Nothing is changed and nothing is journalled."""
        return tried(desk, asking.viewer_of(request), data.changes)

    return [many, one, work, what_if]
