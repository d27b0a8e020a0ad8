"""Dates: what is due when and why, what a change would move, the work on a finding, and triage."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final

from litestar import Response, get, post
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
    TriageAct,
    TriageBody,
    WorkBody,
    WorkDone,
)
from comity.api.estate_wire import place
from comity.defend.desk_deadlines import Deadlines
from comity.errors import Invalid, Missing, Problem
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


Act = Callable[[Deadlines, Viewer, AssetId, str, Mapping[str, str]], Any]
ACTS: Final[Mapping[str, Act]] = {
    "open": lambda d, v, a, c, _: d.open_triage(v, a, c),
    "step": lambda d, v, a, c, said: d.step(v, a, c, said.get("step", "")),
    "collect": lambda d, v, a, c, said: d.collect(v, a, c, said),
    "override": lambda d, v, a, c, said: d.override(v, a, c, said.get("reason", "")),
    "decide": lambda d, v, a, c, said: d.decide(v, a, c, said.get("compromise", ""), said.get("reason", "")),
}
"""The acts of a triage, by name."""


def acted(
    desk: Deadlines, viewer: Viewer, asset: AssetId, vulnerability: str, act: str, said: Mapping[str, str]
) -> TriageBody:
    """One act of a triage, for every door. Missing for an act that there is none of."""
    if act not in ACTS:
        raise Missing("there is no such act")
    ACTS[act](desk, viewer, asset, vulnerability, said)
    return deadline_wire.triage(desk.triage(viewer, asset, vulnerability))


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

    @get(
        "/triage/{asset:str}/{vulnerability:str}",
        opt={"action": Action.READ_DEADLINES},
        operation_id="readTriage",
        sync_to_thread=True,
        summary="The triage of one finding",
        responses=asking.ERRORS,
    )
    def triage(request: Ask, asset: FromPath[str], vulnerability: FromPath[str]) -> TriageBody:
        """Timers, evidence by digest, queries with their coverage, the decision."""
        named = AssetId(asking.name(asset))
        return deadline_wire.triage(desk.triage(asking.viewer_of(request), named, asking.flaw(vulnerability)))

    @post(
        "/triage/{asset:str}/{vulnerability:str}/acts/{act:str}",
        opt={"action": Action.WORK_FINDING},
        operation_id="actInTriage",
        status_code=200,
        sync_to_thread=True,
        summary="Do one act of a triage",
        responses=asking.ERRORS,
    )
    def act(
        request: Ask, asset: FromPath[str], vulnerability: FromPath[str], act: FromPath[str], data: JSONBody[TriageAct]
    ) -> TriageBody:
        """open, step, collect, override or decide, in the name of whoever's token this is."""
        named = AssetId(asking.name(asset))
        viewer = asking.viewer_of(request)
        return acted(desk, viewer, named, asking.flaw(vulnerability), asking.name(act), data.values)

    @get(
        "/triage/{asset:str}/{vulnerability:str}/{part:str}",
        opt={"action": Action.READ_DEADLINES},
        operation_id="downloadTriage",
        sync_to_thread=True,
        summary="The manifest of a triage, or its signature",
        responses={200: asking.download("The manifest, or a DSSE envelope"), **asking.ERRORS},
    )
    def download(
        request: Ask, asset: FromPath[str], vulnerability: FromPath[str], part: FromPath[str]
    ) -> Response[bytes]:
        """`manifest` or `signature`; the second exists once a person decided. Check it with `comity verify`."""
        named = AssetId(asking.name(asset))
        data, name = papers(desk, asking.viewer_of(request), named, asking.flaw(vulnerability), asking.name(part))
        return asking.inert(data, name)

    return [many, one, work, what_if, triage, act, download]


def papers(desk: Deadlines, viewer: Viewer, asset: AssetId, vulnerability: str, part: str) -> tuple[bytes, str]:
    """The manifest or its signature with a file name, for every door. Missing for what is not there."""
    manifest, envelope = desk.manifest(viewer, asset, vulnerability)
    found = {
        "manifest": (manifest, f"triage-{asset}-{vulnerability}.json"),
        "signature": (envelope, f"triage-{asset}-{vulnerability}.dsse.json"),
    }.get(part)
    if found is None or not found[0]:
        raise Missing("there is no such part, or not yet")
    return found
