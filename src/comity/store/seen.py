"""Who sees which report and case, as SQL conditions: handling is decided in the query, so no caller can forget it.

A durable flow (`is_system`) sees all. A coordinator sees what is within their TLP label and not withheld; a withheld
case and its reports are seen only by those read in to it, by coordinators of a team that is, as long as they are in it,
and by one for whom two people opened it. A submitter sees
the reports of their own organisation and the cases these belong to. Everybody else, administrators included, sees none.
A row that is hidden looks like one that is missing.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Select, and_, exists, false, literal, or_, select, true, tuple_

from comity.errors import Invalid, Problem
from comity.model.party import Role, Viewer
from comity.store.tables import case_reports, cases, moment_text, read_ins, read_moment, reports
from comity.store.teams_tables import team_seats, teams_of

T = TypeVar("T")

PAGE_LIMIT: Final = 500


def sees_case(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on `cases` for this viewer."""
    if viewer.is_system:
        return true()
    ways: list[ColumnElement[bool]] = [false()]
    if Role.COORDINATOR in viewer.roles:
        ways.append(and_(cases.c.tlp <= int(viewer.tlp), or_(cases.c.withheld.is_(False), _is_read_in(viewer))))
    if Role.SUBMITTER in viewer.roles and viewer.organisation:
        own = (
            select(case_reports.c.report)
            .join(reports, reports.c.id == case_reports.c.report)
            .where(case_reports.c.case_id == cases.c.id, reports.c.organisation == viewer.organisation)
        )
        ways.append(exists(own.correlate(cases)))
    return or_(*ways)


def sees_report(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on `reports` for this viewer."""
    if viewer.is_system:
        return true()
    ways: list[ColumnElement[bool]] = [false()]
    if Role.COORDINATOR in viewer.roles:
        hidden = (
            select(case_reports.c.report)
            .join(cases, cases.c.id == case_reports.c.case_id)
            .where(case_reports.c.report == reports.c.id, cases.c.withheld.is_(True), ~_is_read_in(viewer))
        )
        ways.append(and_(reports.c.tlp <= int(viewer.tlp), ~exists(hidden.correlate(reports))))
    if Role.SUBMITTER in viewer.roles and viewer.organisation:
        ways.append(reports.c.organisation == viewer.organisation)
    return or_(*ways)


def _is_read_in(viewer: Viewer) -> ColumnElement[bool]:
    named = select(read_ins.c.person).where(read_ins.c.case_id == cases.c.id, read_ins.c.person == viewer.person)
    is_named = or_(exists(named.correlate(cases)), cases.c.id.in_(cases_of_teams(viewer.person)))
    return or_(is_named, cases.c.id.in_(sorted(viewer.opened))) if viewer.opened else is_named


def cases_of_teams(who: ColumnElement[str] | str) -> Select[tuple[str]]:
    """Cases that a team of this person coordinates now. For coordinators alone: others have a seat and no more."""
    mine = team_seats.c.team.in_(teams_of(who)), team_seats.c.coordinates.is_(True)
    return select(team_seats.c.case_id).where(*mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list, and where the next one starts (None: this was the last)."""

    items: tuple[T, ...]
    next: str | None


def page_of(
    query: Select[tuple[object, ...]], *, moment: Column[datetime], id_: Column[str], start: str | None, limit: int
) -> Select[tuple[object, ...]]:
    """The query ordered newest first by `(moment, id)`, from after `start`, with one row more than `limit`.

    Keyset paging: no row is shown twice or skipped when others arrive meanwhile. Invalid for a limit outside 1 to 500.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise Invalid("bad page", [Problem("/limit", "out_of_range", f"ask for 1 to {PAGE_LIMIT} rows")])
    if start is not None:
        last_moment, last_id = _read_start(start)
        last = tuple_(literal(last_moment, moment.type), literal(last_id, id_.type))
        query = query.where(tuple_(moment, id_) < last)
    return query.order_by(moment.desc(), id_.desc()).limit(limit + 1)


def next_start(moment: datetime, id_: str) -> str:
    """An opaque place in a list: after this row."""
    return base64.urlsafe_b64encode(f"{moment_text(moment)} {id_}".encode()).decode()


_BAD_CURSOR: Final = Problem("/start", "bad_cursor", "use the `next` value of the page before, unchanged")


def _read_start(start: str) -> tuple[datetime, str]:
    try:
        moment, _, id_ = base64.urlsafe_b64decode(start.encode()).decode().partition(" ")
        place = read_moment(moment), id_
    except ValueError as error:
        raise Invalid("bad page", [_BAD_CURSOR]) from error
    if not (id_.isascii() and id_.isprintable()):
        raise Invalid("bad page", [_BAD_CURSOR])
    return place
