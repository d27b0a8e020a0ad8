"""Erasing a closed case: one person asks, another agrees."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_erase import Erasure, Erasures
from comity.model.ids import CaseId


class AskErasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why. The line stays when the case is gone: it tells nothing of its content."""

    why: str


class ErasureBody(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure: asked, done or withdrawn, by whom, when and why."""

    erasure: str
    case: str
    state: str
    why: str
    asked_by: str
    asked_at: datetime
    ended_by: str
    ended_at: datetime | None
    reports: int


def erasure_body(one: Erasure) -> ErasureBody:
    """An erasure in the shape of the API."""
    return ErasureBody(
        erasure=one.id,
        case=one.case,
        state=one.state.value,
        why=one.why,
        asked_by=one.asked_by_name,
        asked_at=one.asked_at,
        ended_by=one.ended_by_name,
        ended_at=one.ended_at,
        reports=one.reports,
    )


def routes(counter: Erasures) -> list[HTTPRouteHandler]:
    """The operations of erasure."""

    @get(
        "/erasures",
        opt={"action": Action.ERASE_CASES},
        operation_id="listErasures",
        sync_to_thread=True,
        summary="Erasures of cases",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> list[ErasureBody]:
        """What was asked for and what was done, of cases that you see or saw, newest first."""
        return [erasure_body(one) for one in counter.listed(asking.viewer_of(request))]

    @post(
        "/cases/{case:str}/erasure",
        opt={"action": Action.ERASE_CASES},
        operation_id="askErasure",
        sync_to_thread=True,
        summary="Ask for a closed case to be erased",
        responses=asking.ERRORS,
    )
    def ask(request: Ask, case: FromPath[str], data: JSONBody[AskErasure]) -> ErasureBody:
        """Nothing is erased before another person agrees."""
        return erasure_body(counter.ask(asking.viewer_of(request), CaseId(asking.name(case)), why=data.why))

    @post(
        "/erasures/{entry:str}/agreement",
        opt={"action": Action.ERASE_CASES},
        operation_id="agreeErasure",
        sync_to_thread=True,
        summary="Agree, as the second person: the case is erased",
        responses=asking.ERRORS,
        status_code=200,
    )
    def agree(request: Ask, entry: FromPath[str]) -> ErasureBody:
        """Nothing brings it back but an older backup."""
        return erasure_body(counter.agree(asking.viewer_of(request), asking.name(entry)))

    @post(
        "/erasures/{entry:str}/withdrawal",
        opt={"action": Action.ERASE_CASES},
        operation_id="withdrawErasure",
        sync_to_thread=True,
        summary="Withdraw the wish to erase",
        responses=asking.ERRORS,
        status_code=200,
    )
    def withdraw(request: Ask, entry: FromPath[str]) -> ErasureBody:
        """The case stays."""
        return erasure_body(counter.withdraw(asking.viewer_of(request), asking.name(entry)))

    return [listed, ask, agree, withdraw]
