"""Every priority that was ever given, with what it was given from: append-only, sealed, erased with its case.

The decision tables that were used are kept by the digest of their file, in clear since they are published rules: a
decision of last year is computed again with the table of last year.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from comity.errors import Missing
from comity.model.decided import CaseAnswer, Decided
from comity.model.ids import CaseId, Digest, digest
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

case_decisions: Final = Table(
    "case_decisions",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Index("ix_case_decisions_case_id_at", "case_id", "at"),
)

case_answers: Final = Table(
    "case_answers",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

decision_tables: Final = Table(
    "decision_tables",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

reach_counts: Final = Table(
    "reach_counts",
    metadata,
    Column("subject", String(128), primary_key=True),
    Column("value", String(64), nullable=True),
    Column("at", Moment, nullable=False),
)
"""How many organisations run what a CVE id is about, as a coarse range. `value` NULL: too few to be told."""


def add(tx: Tx, decided: Decided) -> None:
    """Keep a decision at its place. Its sequence is `following`'s."""
    place = _place("case_decisions", decided.case, decided.sequence)
    sealed = seal(tx.master, place, rows.encode(decided, Decided))
    tx.connection.execute(
        insert(case_decisions).values(
            case_id=decided.case, sequence=decided.sequence, at=decided.at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )


def following(tx: Tx, case: CaseId, *, answers: bool = False) -> int:
    """The next free place in the row of a case's decisions, or of its answers."""
    table = case_answers if answers else case_decisions
    query = select(func.max(table.c.sequence)).where(table.c.case_id == case)
    return int(tx.connection.execute(query).scalar() or 0) + 1


def newest(tx: Tx, case: CaseId, *, until: datetime | None = None) -> Decided | None:
    """The last decision, or the last one made at or before `until`. None when there was none yet."""
    query = select(case_decisions).where(case_decisions.c.case_id == case, case_decisions.c.sealed.is_not(None))
    if until is not None:
        query = query.where(case_decisions.c.at <= until)
    row = tx.connection.execute(query.order_by(case_decisions.c.sequence.desc()).limit(1)).first()
    return None if row is None else _decided(tx, row)


def all_of(tx: Tx, case: CaseId, *, limit: int = 200) -> tuple[Decided, ...]:
    """A case's decisions, newest first."""
    query = select(case_decisions).where(case_decisions.c.case_id == case, case_decisions.c.sealed.is_not(None))
    query = query.order_by(case_decisions.c.sequence.desc()).limit(limit)
    return tuple(_decided(tx, row) for row in tx.connection.execute(query))


def answer(tx: Tx, given: CaseAnswer) -> None:
    """Keep what a coordinator answered."""
    sealed = seal(tx.master, _place("case_answers", given.case, given.sequence), rows.encode(given, CaseAnswer))
    tx.connection.execute(
        insert(case_answers).values(
            case_id=given.case, sequence=given.sequence, at=given.at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )


def answers(tx: Tx, case: CaseId) -> tuple[CaseAnswer, ...]:
    """Everything that coordinators answered about a case, oldest first."""
    query = select(case_answers).where(case_answers.c.case_id == case, case_answers.c.sealed.is_not(None))
    found = tx.connection.execute(query.order_by(case_answers.c.sequence))
    return tuple(
        rows.decode(
            CaseAnswer,
            unseal(
                tx.master,
                _place("case_answers", CaseId(row.case_id), row.sequence),
                Sealed(wrapped=row.wrapped, body=row.sealed),
            ),
        )
        for row in found
    )


def keep_table(tx: Tx, body: bytes) -> Digest:
    """Keep a decision table's file by its digest; once is enough."""
    name = digest(body)
    held = select(decision_tables.c.sha256).where(decision_tables.c.sha256 == name)
    if tx.connection.execute(held).first() is None:
        tx.connection.execute(insert(decision_tables).values(sha256=name, body=body))
    return name


def table(tx: Tx, name: Digest) -> bytes:
    """A kept table's file. Missing for a digest that no decision named."""
    found = tx.connection.execute(select(decision_tables.c.body).where(decision_tables.c.sha256 == name)).scalar()
    if found is None:
        raise Missing(f"no decision table {name[:16]} was used here")
    return bytes(found)


def count_reach(tx: Tx, subject: str, value: str | None, *, at: datetime) -> bool:
    """Keep how many organisations run it. True when that differs from what was kept before."""
    held = tx.connection.execute(select(reach_counts).where(reach_counts.c.subject == subject)).first()
    if held is not None and held.value == value:
        return False
    tx.connection.execute(delete(reach_counts).where(reach_counts.c.subject == subject))
    tx.connection.execute(insert(reach_counts).values(subject=subject, value=value, at=at))
    return held is not None or value is not None


def reach(tx: Tx, subject: str) -> tuple[str | None, datetime] | None:
    """The kept range of one CVE id, and when it was counted. None when nobody ever counted."""
    row = tx.connection.execute(select(reach_counts).where(reach_counts.c.subject == subject)).first()
    return None if row is None else (row.value, row.at)


def erase(tx: Tx, case: CaseId) -> None:
    """Destroy the keys of a case's decisions and answers with their content; when they were made stays."""
    for one in (case_decisions, case_answers):
        tx.connection.execute(update(one).where(one.c.case_id == case).values(wrapped=None, sealed=None))


def _place(table_: str, case: CaseId, sequence: int) -> str:
    return f"{table_}/{case}/{sequence}"


def _decided(tx: Tx, row: Row[Any]) -> Decided:
    place = _place("case_decisions", CaseId(row.case_id), row.sequence)
    return rows.decode(Decided, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
