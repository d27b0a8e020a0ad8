"""What reports count for, and appeals, at rest. A tool's name is a report's text: it is sealed, and found by a mark."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
)

from comity.errors import Missing
from comity.model.ids import PartyId, ReportId
from comity.model.party import Viewer
from comity.model.standing import Appeal, Fact
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_report
from comity.store.tables import Moment, metadata, reports

standing_facts: Final = Table(
    "standing_facts",
    metadata,
    Column("report", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("tool_mark", String(64), nullable=False, index=True),
    Column("valid", Boolean(name="valid"), nullable=True),
    Column("duplicate", Boolean(name="duplicate"), nullable=True),
    Column("overstated", Boolean(name="overstated"), nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

standing_appeals: Final = Table(
    "standing_appeals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("report", String(32), ForeignKey("reports.id"), nullable=False, index=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)


def keep(tx: Tx, fact: Fact) -> None:
    """What a report counts for now, in place of what it counted for before."""
    tx.connection.execute(delete(standing_facts).where(standing_facts.c.report == fact.report))
    sealed = seal(tx.master, f"standing_facts/{fact.report}", rows.encode(fact, Fact))
    tx.connection.execute(
        insert(standing_facts).values(
            report=fact.report,
            organisation=fact.organisation,
            tool_mark=tx.master.mark("tool", fact.tool) if fact.tool else "",
            valid=fact.valid,
            duplicate=fact.duplicate,
            overstated=fact.overstated,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def facts(tx: Tx, viewer: Viewer, *, organisation: PartyId | None = None, tool: str | None = None) -> tuple[Fact, ...]:
    """What the reports that this viewer sees count for: hidden reports are in no count."""
    seen = exists().where(reports.c.id == standing_facts.c.report, sees_report(viewer), reports.c.sealed.is_not(None))
    query = select(standing_facts).where(seen)
    if organisation is not None:
        query = query.where(standing_facts.c.organisation == organisation)
    if tool is not None:
        query = query.where(standing_facts.c.tool_mark == tx.master.mark("tool", tool))
    found = tx.connection.execute(query.order_by(standing_facts.c.report))
    return tuple(_fact(tx, row) for row in found)


def counted(tx: Tx, organisation: PartyId) -> tuple[int, int]:
    """Decided reports of an organisation that held, and decided ones: two numbers without opening a row."""
    query = select(standing_facts.c.valid, func.count()).where(
        standing_facts.c.organisation == organisation, standing_facts.c.valid.is_not(None)
    )
    query = query.group_by(standing_facts.c.valid)
    held = {bool(valid): number for valid, number in tx.connection.execute(query).all()}
    return held.get(True, 0), sum(held.values())


def received(tx: Tx, organisation: PartyId, *, since: datetime) -> int:
    """How many reports an organisation sent since a moment."""
    query = select(func.count()).where(reports.c.organisation == organisation, reports.c.received_at >= since)
    return int(tx.connection.execute(query).scalar_one())


def erase(tx: Tx, report: ReportId) -> None:
    """Destroy what a report counts for, and appeals about it: both hold its words. It counts for nothing any more."""
    for table in (standing_facts, standing_appeals):
        tx.connection.execute(delete(table).where(table.c.report == report))


def appeal(tx: Tx, held: Appeal) -> None:
    """Keep an appeal, or its outcome in place of the open one."""
    tx.connection.execute(delete(standing_appeals).where(standing_appeals.c.id == held.id))
    sealed = seal(tx.master, f"standing_appeals/{held.id}", rows.encode(held, Appeal))
    tx.connection.execute(
        insert(standing_appeals).values(
            id=held.id,
            report=held.report,
            organisation=held.organisation,
            at=held.at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def appeals(tx: Tx, viewer: Viewer, *, report: ReportId | None = None) -> tuple[Appeal, ...]:
    """Appeals about reports that this viewer sees, newest first."""
    seen = exists().where(reports.c.id == standing_appeals.c.report, sees_report(viewer))
    query = select(standing_appeals).where(seen)
    if report is not None:
        query = query.where(standing_appeals.c.report == report)
    query = query.order_by(standing_appeals.c.at.desc(), standing_appeals.c.id)
    return tuple(_appeal(tx, row) for row in tx.connection.execute(query))


def one_appeal(tx: Tx, id_: str, viewer: Viewer) -> Appeal:
    """One appeal. Missing for a report that this viewer does not see."""
    query = (
        select(standing_appeals)
        .join(reports, reports.c.id == standing_appeals.c.report)
        .where(standing_appeals.c.id == id_, sees_report(viewer))
    )
    row = tx.connection.execute(query).first()
    if row is None:
        raise Missing(f"no appeal {id_}")
    return _appeal(tx, row)


def _fact(tx: Tx, row: Row[Any]) -> Fact:
    sealed = Sealed(wrapped=row.wrapped, body=row.sealed)
    return rows.decode(Fact, unseal(tx.master, f"standing_facts/{row.report}", sealed))


def _appeal(tx: Tx, row: Row[Any]) -> Appeal:
    place = f"standing_appeals/{row.id}"
    return rows.decode(Appeal, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
