"""What running one report's fix against another's proof showed: words only, by pair. Opened by clearing alone."""

from typing import Final

from sqlalchemy import Column, String, Table, delete, insert, or_, select

from comity.model.ids import ReportId
from comity.store.engine import Tx
from comity.store.tables import metadata

report_crosses: Final = Table(
    "report_crosses",
    metadata,
    Column("fix", String(32), primary_key=True),
    Column("proof", String(32), primary_key=True, index=True),
    Column("silenced", String(8), nullable=False),
)


def keep(tx: Tx, fix: ReportId, proof: ReportId, word: str) -> None:
    """Keep the outcome of one direction in place of the one before."""
    where = (report_crosses.c.fix == fix, report_crosses.c.proof == proof)
    tx.connection.execute(delete(report_crosses).where(*where))
    tx.connection.execute(insert(report_crosses).values(fix=fix, proof=proof, silenced=word))


def of(tx: Tx, fix: ReportId, proof: ReportId) -> str:
    """The outcome of one direction; "" when it was not run."""
    query = select(report_crosses.c.silenced).where(report_crosses.c.fix == fix, report_crosses.c.proof == proof)
    return str(tx.connection.execute(query).scalar() or "")


def drop(tx: Tx, report: ReportId) -> None:
    """Forget every outcome about a report."""
    where = or_(report_crosses.c.fix == report, report_crosses.c.proof == report)
    tx.connection.execute(delete(report_crosses).where(where))
