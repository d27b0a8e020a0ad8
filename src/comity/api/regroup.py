"""Duplicates: a case beside what it may be the same as; merging and splitting, each for a stated reason."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.clearing.desk_regroup import Duplicates, Regroup
from comity.model.ids import CaseId, ReportId


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which case is taken in, and why."""

    other: str
    reason: str


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which reports get a case of their own, and why."""

    reports: list[str]
    reason: str


class Regrouped(msgspec.Struct, frozen=True, kw_only=True):
    """What there is afterwards."""

    case: str
    other: str
    reports: tuple[str, ...]
    """Of `case`."""
    sentence: str


def routes(regroup: Regroup) -> list[HTTPRouteHandler]:
    """The operations on duplicates."""

    @get(
        "/cases/{case:str}/duplicates",
        opt={"action": Action.READ_CASES},
        operation_id="listDuplicates",
        sync_to_thread=True,
        summary="What a case may be the same as",
        responses=asking.ERRORS,
    )
    def beside(request: Ask, case: FromPath[str]) -> dict[str, Any]:
        """Asked anew: each other case with probability, reasons, what bars a merge, and the facts side by side."""
        return shown(regroup.beside(asking.viewer_of(request), CaseId(asking.name(case))))

    @post(
        "/cases/{case:str}/merge",
        opt={"action": Action.REGROUP},
        operation_id="mergeCase",
        status_code=200,
        sync_to_thread=True,
        summary="Take the reports of another case in",
        responses=asking.ERRORS,
    )
    def merge(request: Ask, case: FromPath[str], data: JSONBody[Merge]) -> Regrouped:
        """The other case is closed as a duplicate. A split undoes it; both keep who, when and why."""
        return merged(regroup, asking.viewer_of(request), CaseId(asking.name(case)), data)

    @post(
        "/cases/{case:str}/split",
        opt={"action": Action.REGROUP},
        operation_id="splitCase",
        status_code=200,
        sync_to_thread=True,
        summary="Give reports a case of their own",
        responses=asking.ERRORS,
    )
    def split(request: Ask, case: FromPath[str], data: JSONBody[Split]) -> Regrouped:
        """The new case is linked to this one and keeps the verdicts of its reports."""
        return parted(regroup, asking.viewer_of(request), CaseId(asking.name(case)), data)

    return [beside, merge, split]


def shown(found: Duplicates) -> dict[str, Any]:
    """Duplicates as the API writes them; receipts are left out, they are capabilities of whoever submitted."""
    return {
        "case": found.case.id,
        "title": found.case.title,
        "reports": [report.id for report in found.reports],
        "regroupings": [wire.plain(one) for one in found.case.regroupings],
        "others": [wire.plain(one) for one in found.others],
        "figures": wire.plain(found.figures),
    }


def merged(regroup: Regroup, viewer: Any, case: CaseId, data: Merge) -> Regrouped:
    """Merge, and say what there is now."""
    held = regroup.merge(viewer, case, CaseId(asking.name(data.other)), reason=data.reason)
    return Regrouped(
        case=held.id,
        other=data.other,
        reports=held.reports,
        sentence=f"{data.other} is closed as a duplicate; {held.id} holds {len(held.reports)} reports",
    )


def parted(regroup: Regroup, viewer: Any, case: CaseId, data: Split) -> Regrouped:
    """Split, and say what there is now."""
    names = [ReportId(asking.name(one)) for one in data.reports]
    rest, new = regroup.split(viewer, case, names, reason=data.reason)
    return Regrouped(
        case=new.id,
        other=rest.id,
        reports=new.reports,
        sentence=f"{len(new.reports)} reports of {rest.id} are case {new.id} now, linked to it",
    )
