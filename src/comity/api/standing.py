"""Standing: how often reports held, with intervals, what that leads to, and appeals that a person decides."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.clearing.desk_standing import CREDIBLE, PRIOR, Appeal, Line, Rate, Standing, Standings
from comity.model.ids import ReportId


class RateBody(msgspec.Struct, frozen=True, kw_only=True):
    """`hits` of `trials`; mean and equal-tailed credible interval under the prior."""

    hits: int
    trials: int
    mean: float
    low: float
    high: float


class StandingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A party, or a model with its harness. What it leads to is for parties; it never touches priority."""

    name: str
    is_tool: bool
    precision: RateBody
    duplicates: RateBody
    overstated: RateBody
    thorough: bool
    daily: int | None
    why: str


class CountedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one of one's own reports counts for; null is not decided and in no rate."""

    report: str
    tool: str
    valid: bool | None
    duplicate: bool | None
    overstated: bool | None


class AppealBody(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal; `upheld` null: nobody decided yet."""

    appeal: str
    report: str
    asked: str
    text: str
    by: str
    at: datetime
    upheld: bool | None
    decided_by: str
    reason: str
    decided_at: datetime | None


class StandingBody(msgspec.Struct, frozen=True, kw_only=True):
    """The prior is Beta of these two numbers; `credible` is how much of it an interval holds."""

    prior: tuple[float, float]
    credible: float
    lines: tuple[StandingLine, ...]
    reports: tuple[CountedReport, ...]
    appeals: tuple[AppealBody, ...]


class MakeAppeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`asked` is valid, duplicate or severity."""

    report: str
    asked: str
    text: str


class DecideAppeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision with its reason."""

    upheld: bool
    reason: str


def standing_body(found: Standing) -> StandingBody:
    """In the API's shape."""
    return StandingBody(
        prior=PRIOR,
        credible=CREDIBLE,
        lines=tuple(_line(one) for one in found.lines),
        reports=tuple(
            CountedReport(
                report=one.report, tool=one.tool, valid=one.valid, duplicate=one.duplicate, overstated=one.overstated
            )
            for one in found.facts
        ),
        appeals=tuple(appeal_body(one) for one in found.appeals),
    )


def _line(one: Line) -> StandingLine:
    return StandingLine(
        name=one.name,
        is_tool=one.is_tool,
        precision=_rate(one.rates.precision),
        duplicates=_rate(one.rates.duplicates),
        overstated=_rate(one.rates.overstated),
        thorough=one.steer is not None and one.steer.thorough,
        daily=one.steer.daily if one.steer else None,
        why=one.steer.why if one.steer else "tools are counted, never steered",
    )


def _rate(rate: Rate) -> RateBody:
    return RateBody(hits=rate.hits, trials=rate.trials, mean=rate.mean, low=rate.low, high=rate.high)


def appeal_body(one: Appeal) -> AppealBody:
    """In the API's shape."""
    return AppealBody(
        appeal=one.id,
        report=one.report,
        asked=one.asked.value,
        text=one.text,
        by=one.by,
        at=wire.utc(one.at),
        upheld=one.upheld,
        decided_by=f"{one.decided_by} (a script)" if one.is_script else one.decided_by,
        reason=one.reason,
        decided_at=wire.utc(one.decided_at) if one.decided_at else None,
    )


def appeal(standings: Standings, viewer: Any, data: MakeAppeal) -> AppealBody:
    """Make an appeal, for every door."""
    return appeal_body(standings.appeal(viewer, ReportId(data.report), data.asked, data.text))


def decide(standings: Standings, viewer: Any, name: str, data: DecideAppeal) -> AppealBody:
    """Decide an appeal, for every door."""
    return appeal_body(standings.decide(viewer, name, upheld=data.upheld, reason=data.reason))


def routes(standings: Standings) -> list[HTTPRouteHandler]:
    """The operations on standing."""

    @get(
        "/standing",
        opt={"action": Action.READ_STANDING},
        operation_id="readStanding",
        sync_to_thread=True,
        summary="How often reports held",
        responses=asking.ERRORS,
    )
    def shown(request: Ask) -> StandingBody:
        """One's own for a submitter, with every report; all parties and tools for a coordinator."""
        return standing_body(standings.show(asking.viewer_of(request)))

    @post(
        "/standing/appeals",
        opt={"action": Action.SUBMIT},
        operation_id="appealStanding",
        sync_to_thread=True,
        summary="Appeal what a report counts for",
        responses=asking.ERRORS,
    )
    def appealed(request: Ask, data: JSONBody[MakeAppeal]) -> AppealBody:
        """About a report of one's own organisation that counts against it."""
        return appeal(standings, asking.viewer_of(request), data)

    @post(
        "/standing/appeals/{appeal:str}/decision",
        opt={"action": Action.DECIDE_APPEAL},
        operation_id="decideAppeal",
        sync_to_thread=True,
        status_code=200,
        summary="Decide an appeal, by name and with a reason",
        responses=asking.ERRORS,
    )
    def decided(request: Ask, appeal: FromPath[str], data: JSONBody[DecideAppeal]) -> AppealBody:
        """An upheld appeal changes the counts at once."""
        return decide(standings, asking.viewer_of(request), asking.name(appeal), data)

    return [shown, appealed, decided]
