"""Cases at rest. Opened by clearing alone; every read takes the viewer and decides handling in the query.

A case is saved over its earlier state only by somebody who saw that state: `version` guards it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from comity.errors import Conflict, Missing
from comity.model.case import Case, Stage
from comity.model.ids import CaseId, PartyId, ReportId
from comity.model.party import Viewer
from comity.store import (
    blobs,
    coordinations,
    cve_services,
    decisions,
    partners,
    patches,
    reports,
    rows,
    shares,
    words,
)
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx, insert_many
from comity.store.seen import Page, next_start, page_of, sees_case
from comity.store.tables import case_reports, cases, read_ins


def add(tx: Tx, case: Case) -> Case:
    """Keep a new case and claim its reports; gives it back as stored (version 1).

    Conflict when one of the reports already belongs to a case.
    """
    (stored,) = add_all(tx, [case])
    return stored


def add_all(tx: Tx, held: Iterable[Case]) -> tuple[Case, ...]:
    """Keep new cases as `add` does, in as many statements as one takes."""
    stored = tuple(replace(case, version=1) for case in held)
    if not stored:
        return ()
    values = [{"id": c.id, "opened_at": c.opened_at, "withheld": False, **_columns(tx, c)} for c in stored]
    tx.connection.execute(insert(cases), values)
    claimed = [(report, case.id) for case in stored for report in case.reports]
    names = [report for report, _ in claimed]
    taken = tx.connection.execute(select(case_reports).where(case_reports.c.report.in_(names))).first()
    if taken is not None:
        raise Conflict(f"report {taken.report} already belongs to case {taken.case_id}: take it out there first")
    insert_many(tx, case_reports, claimed)
    words.add(tx, "cases", {case.id: _searched(case) for case in stored})
    return stored


def save(tx: Tx, case: Case) -> Case:
    """Store the next state of a case; gives it back with its new version.

    Conflict when somebody else saved it since this state was read: read it again, then decide.
    """
    stored = replace(case, version=case.version + 1)
    changed = tx.connection.execute(
        update(cases)
        .where(cases.c.id == case.id, cases.c.version == case.version, cases.c.sealed.is_not(None))
        .values(**_columns(tx, stored))
    )
    if changed.rowcount != 1:
        raise Conflict(f"case {case.id} changed since version {case.version}: read it again, then decide")
    _claim(tx, stored)
    words.keep(tx, "cases", {case.id: _searched(case)})
    return stored


def get(tx: Tx, id_: CaseId, viewer: Viewer) -> Case:
    """One case. Missing when there is none, when this viewer may not see it, and when it was erased."""
    row = tx.connection.execute(select(cases).where(cases.c.id == id_, sees_case(viewer))).first()
    if row is None or row.sealed is None:
        raise Missing(f"no case {id_}")
    return _open(tx, row)


def version(tx: Tx, id_: CaseId, viewer: Viewer) -> int:
    """How often a case was saved: what a watcher compares, without opening it. Missing as for `get`."""
    here = (cases.c.id == id_, cases.c.sealed.is_not(None), sees_case(viewer))
    found: int | None = tx.connection.execute(select(cases.c.version).where(*here)).scalar()
    if found is None:
        raise Missing(f"no case {id_}")
    return found


def page(
    tx: Tx, viewer: Viewer, *, stages: Iterable[Stage] = (), start: str | None = None, limit: int = 50
) -> Page[Case]:
    """Cases that this viewer sees, newest first; with `stages` only those that stand in one of them."""
    query = select(cases).where(sees_case(viewer), cases.c.sealed.is_not(None))
    wanted = [stage.value for stage in stages]
    if wanted:
        query = query.where(cases.c.stage.in_(wanted))
    query = page_of(query, moment=cases.c.opened_at, id_=cases.c.id, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_open(tx, row) for row in found[:limit]),
        next=None if last is None else next_start(last.opened_at, last.id),
    )


def find(tx: Tx, viewer: Viewer, wanted: Sequence[str], *, most: int) -> tuple[Case, ...]:
    """Cases that this viewer sees whose title or id holds all these words, newest first."""
    query = (
        select(cases)
        .where(words.holding(tx, "cases", cases.c.id, wanted), sees_case(viewer), cases.c.sealed.is_not(None))
        .order_by(cases.c.opened_at.desc(), cases.c.id.desc())
        .limit(most)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def searched(tx: Tx, start: str | None) -> words.Piece:
    """One page of all cases with the texts they are found by."""
    found = page(tx, words.EVERYTHING, start=start, limit=500)
    return {one.id: _searched(one) for one in found.items}, found.next


def count(tx: Tx, viewer: Viewer) -> dict[Stage, int]:
    """How many cases this viewer sees per stage; stages without any are left out."""
    query = select(cases.c.stage, func.count()).where(sees_case(viewer)).group_by(cases.c.stage)
    return {Stage(stage): number for stage, number in tx.connection.execute(query).all()}


def withhold(tx: Tx, id_: CaseId, *, withheld: bool) -> None:
    """From now on only those read in see the case and its reports (or, again, every coordinator)."""
    changed = tx.connection.execute(update(cases).where(cases.c.id == id_).values(withheld=withheld))
    if changed.rowcount != 1:
        raise Missing(f"no case {id_}")


def is_withheld(tx: Tx, id_: CaseId) -> bool:
    """Whether only those read in see it. False for no such case."""
    return bool(tx.connection.execute(select(cases.c.withheld).where(cases.c.id == id_)).scalar())


def read_in(tx: Tx, id_: CaseId, person: PartyId, *, at: datetime) -> None:
    """Let a person see a withheld case; doing it twice keeps the first time."""
    held = select(read_ins).where(read_ins.c.case_id == id_, read_ins.c.person == person)
    if tx.connection.execute(held).first() is None:
        tx.connection.execute(insert(read_ins).values(case_id=id_, person=person, at=at))


def read_out(tx: Tx, id_: CaseId, person: PartyId) -> None:
    """End a person's read-in; nothing happens for one who was not read in."""
    tx.connection.execute(delete(read_ins).where(read_ins.c.case_id == id_, read_ins.c.person == person))


def readers(tx: Tx, id_: CaseId) -> tuple[PartyId, ...]:
    """Who is read in, in id order."""
    query = select(read_ins.c.person).where(read_ins.c.case_id == id_).order_by(read_ins.c.person)
    return tuple(PartyId(person) for person in tx.connection.execute(query).scalars())


def erase(tx: Tx, id_: CaseId, *, at: datetime) -> None:
    """Destroy the keys, content and files of a case and of everything that belongs to it, its reports included.

    Ids, stage and times stay, as the journal names them. Missing when there is no such case.
    """
    if tx.connection.execute(select(cases.c.id).where(cases.c.id == id_)).first() is None:
        raise Missing(f"no case {id_}")
    for report in tx.connection.execute(select(case_reports.c.report).where(case_reports.c.case_id == id_)).scalars():
        reports.erase(tx, ReportId(report), at=at)
    blobs.release(tx, record(id_))
    decisions.erase(tx, id_)
    coordinations.erase(tx, id_)
    patches.erase(tx, id_)
    partners.erase_out(tx, id_)
    partners.erase_in(tx, lambda receipt: reports.is_gone(tx, receipt))
    cve_services.erase(tx, id_)
    shares.unkeep(tx, id_)
    words.forget(tx, "cases", id_)
    tx.connection.execute(delete(read_ins).where(read_ins.c.case_id == id_))
    tx.connection.execute(
        update(cases)
        .where(cases.c.id == id_, cases.c.erased_at.is_(None))
        .values(wrapped=None, sealed=None, band=None, erased_at=at)
    )


def record(id_: CaseId) -> str:
    """The case's place: bound into its seal, and the owner name of its files."""
    return f"cases/{id_}"


def _searched(case: Case) -> tuple[str, ...]:
    return (case.title,)


def _columns(tx: Tx, case: Case) -> dict[str, Any]:
    sealed = seal(tx.master, record(case.id), rows.encode(case, Case))
    return {
        "stage": case.stage.value,
        "band": case.priority.band if case.priority else None,
        "tlp": int(case.handling.tlp),
        "version": case.version,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _claim(tx: Tx, case: Case) -> None:
    held = {
        row.report: row.case_id
        for row in tx.connection.execute(select(case_reports).where(case_reports.c.report.in_(case.reports)))
    }
    for report, owner in held.items():
        if owner != case.id:
            raise Conflict(f"report {report} already belongs to case {owner}: take it out there first")
    tx.connection.execute(
        delete(case_reports).where(case_reports.c.case_id == case.id, case_reports.c.report.not_in(case.reports))
    )
    fresh = [{"report": report, "case_id": case.id} for report in case.reports if report not in held]
    if fresh:
        tx.connection.execute(insert(case_reports), fresh)


def _open(tx: Tx, row: Row[Any]) -> Case:
    return rows.decode(Case, unseal(tx.master, record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
