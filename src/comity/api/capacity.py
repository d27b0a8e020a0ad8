"""Capacity contracts: what a maintainer takes, entered by them or on their word, and the queue behind each."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.clearing.desk_capacity import ASSUMES, WORDS, Capacity, Contract, Queue, Wish
from comity.model.ids import ReportId


class PauseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days away, both included, of the contract's own calendar. Without `last` nobody knows until when."""

    first: date
    last: date | None = None
    note: str = ""


class EnterContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract, or with `contract` its next version. A coordinator says in `on_word` on whose word."""

    maintainer: str
    packages: list[str]
    weekly: int
    at_once: int | None = None
    zone: str = "UTC"
    pauses: list[PauseBody] = []
    wanted: list[str] = []
    refused: list[str] = []
    evidence: str = "E3"
    escalates: list[str] | None = None
    through_pauses: bool = False
    on_word: str = ""
    contract: str = ""
    organisation: str = ""


class ContractBody(msgspec.Struct, frozen=True, kw_only=True):
    """A contract in force. `confirmed` are the packages that it is in force for."""

    contract: str
    version: int
    maintainer: str
    organisation: str | None
    packages: tuple[str, ...]
    confirmed: tuple[str, ...]
    weekly: int
    at_once: int | None
    zone: str
    pauses: tuple[PauseBody, ...]
    wanted: tuple[str, ...]
    refused: tuple[str, ...]
    evidence: str
    escalates: tuple[str, ...]
    through_pauses: bool
    entered_by: str
    on_word: str
    at: datetime


class WaitingBody(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting case. `position` and `expected` (Monday of a week) are null where nobody knows."""

    case: str
    title: str
    band: str
    since: datetime
    position: int | None
    why: str
    detail: str
    expected: date | None
    raised_by_age: int
    overdue: bool


class ReleasedBody(msgspec.Struct, frozen=True, kw_only=True):
    """One case that went to the maintainer; `reason` says why it passed the budget, "" when it was within it."""

    case: str
    at: datetime
    reason: str
    is_open: bool


class StandingBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a report's case stands with one maintainer, in steps: the exact place would tell how much else waits."""

    gone_at: datetime | None
    near: str
    soon: str
    why: str
    raised_by_age: bool


class QueueBody(msgspec.Struct, frozen=True, kw_only=True):
    """A contract's queue. Cases are named for coordinators; a maintainer gets places, bands and reasons."""

    contract: ContractBody
    week: date
    used: int
    escalated: int
    away: bool
    next_look: datetime
    assumes: str
    waiting: tuple[WaitingBody, ...]
    bands: dict[str, int]
    oldest_days: int | None
    overdue: int
    released: tuple[ReleasedBody, ...]


def contract_body(held: Contract) -> ContractBody:
    """In the API's shape."""
    return ContractBody(
        contract=held.id,
        version=held.version,
        maintainer=held.maintainer,
        organisation=held.organisation,
        packages=held.packages,
        confirmed=held.confirmed,
        weekly=held.weekly,
        at_once=held.at_once,
        zone=held.zone,
        pauses=tuple(PauseBody(first=one.first, last=one.last, note=one.note) for one in held.pauses),
        wanted=held.wanted,
        refused=held.refused,
        evidence=held.evidence.name,
        escalates=tuple(sorted(WORDS[one] for one in held.escalates)),
        through_pauses=held.through_pauses,
        entered_by=held.entered_by,
        on_word=held.on_word,
        at=wire.utc(held.at),
    )


def queue_body(found: Queue) -> QueueBody:
    """In the API's shape."""
    return QueueBody(
        contract=contract_body(found.contract),
        week=found.plan.week,
        used=found.plan.used,
        escalated=found.plan.escalated,
        away=found.plan.pause is not None,
        next_look=wire.utc(found.plan.next_look),
        assumes=ASSUMES,
        waiting=tuple(
            WaitingBody(
                case=line.case,
                title=found.titles.get(line.case, ""),
                band=line.band,
                since=wire.utc(line.since),
                position=line.position,
                why=line.hold.value,
                detail=line.detail,
                expected=line.expected,
                raised_by_age=line.aged,
                overdue=line.is_overdue,
            )
            for line in found.lines
        ),
        bands=dict(found.bands),
        oldest_days=found.oldest_days,
        overdue=found.overdue,
        released=tuple(
            ReleasedBody(
                case=one.case,
                at=wire.utc(one.at),
                reason=one.reason.value if one.reason else "",
                is_open=one.is_open,
            )
            for one in found.released
        ),
    )


def enter(capacity: Capacity, viewer: Any, data: EnterContract) -> ContractBody:
    """Enter a contract, for every door."""
    wish = Wish(
        maintainer=data.maintainer,
        packages=data.packages,
        weekly=data.weekly,
        at_once=data.at_once,
        zone=data.zone,
        pauses=[(one.first, one.last, one.note) for one in data.pauses],
        wanted=data.wanted,
        refused=data.refused,
        evidence=data.evidence,
        escalates=data.escalates,
        through_pauses=data.through_pauses,
        on_word=data.on_word,
    )
    return contract_body(capacity.enter(viewer, wish, id_=data.contract, organisation=data.organisation))


def standings(capacity: Capacity, viewer: Any, report: str) -> list[StandingBody]:
    """In the API's shape."""
    return [
        StandingBody(
            gone_at=wire.utc(one.gone_at) if one.gone_at else None,
            near=one.near,
            soon=one.soon,
            why=one.why,
            raised_by_age=one.is_raised,
        )
        for one in capacity.standing(viewer, ReportId(report))
    ]


def routes(capacity: Capacity) -> list[HTTPRouteHandler]:
    """The operations on capacity contracts."""

    @get(
        "/capacity",
        opt={"action": Action.KEEP_CAPACITY},
        operation_id="listContracts",
        sync_to_thread=True,
        summary="Capacity contracts",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> list[ContractBody]:
        """Every one for a coordinator; one's own organisation's for a maintainer."""
        return [contract_body(one) for one in capacity.contracts(asking.viewer_of(request))]

    @post(
        "/capacity",
        opt={"action": Action.KEEP_CAPACITY},
        operation_id="enterContract",
        sync_to_thread=True,
        status_code=200,
        summary="Enter a capacity contract, or its next version",
        responses=asking.ERRORS,
    )
    def entered(request: Ask, data: JSONBody[EnterContract]) -> ContractBody:
        """In force for the packages that a coordinator confirmed."""
        return enter(capacity, asking.viewer_of(request), data)

    @get(
        "/capacity/{contract:str}",
        opt={"action": Action.KEEP_CAPACITY},
        operation_id="readQueue",
        sync_to_thread=True,
        summary="A contract and the queue behind it",
        responses=asking.ERRORS,
    )
    def queue(request: Ask, contract: FromPath[str]) -> QueueBody:
        """Places, why each waits, and the week it is expected in, null where unknown."""
        return queue_body(capacity.queue(asking.viewer_of(request), asking.name(contract)))

    @post(
        "/capacity/{contract:str}/confirmation",
        opt={"action": Action.CONFIRM_CAPACITY},
        operation_id="confirmContract",
        sync_to_thread=True,
        status_code=200,
        summary="Confirm that a contract's packages are that maintainer's",
        responses=asking.ERRORS,
    )
    def confirmed(request: Ask, contract: FromPath[str]) -> ContractBody:
        """By a coordinator who is not of the organisation that entered it."""
        return contract_body(capacity.confirm(asking.viewer_of(request), asking.name(contract)))

    @get(
        "/reports/{report:str}/standing",
        opt={"action": Action.READ_OWN_REPORTS},
        operation_id="readReportStanding",
        sync_to_thread=True,
        summary="Where the case of one's own report stands in its maintainers' queues",
        responses=asking.ERRORS,
    )
    def stood(request: Ask, report: FromPath[str]) -> list[StandingBody]:
        """Empty where no capacity contract is in force, or the case is not that far."""
        return standings(capacity, asking.viewer_of(request), asking.name(report))

    return [listed, entered, queue, confirmed, stood]
