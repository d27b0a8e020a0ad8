"""Capacity contracts and their queues at rest. Every version of a contract is kept, sealed; queues hold ids alone."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from comity.errors import Conflict, Missing
from comity.model.capacity import Contract, Escalation
from comity.model.ids import CaseId, PartyId
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, cases, metadata

capacity_contracts: Final = Table(
    "capacity_contracts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("organisation", String(64), nullable=True, index=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

capacity_queue: Final = Table(
    "capacity_queue",
    metadata,
    Column("contract", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True, index=True),
    Column("released_at", Moment, nullable=True),
    Column("reason", String(32), nullable=False, default=""),
)
"""A case waits for a maintainer, or was released to them; `reason` is the escalation that let it pass, or ""."""


OVER: Final = ("published", "closed")
"""Stages of a case that a maintainer no longer has open."""


def keep(tx: Tx, contract: Contract) -> None:
    """Keep a new version. Conflict when somebody kept another since it was read."""
    held = select(func.max(capacity_contracts.c.version)).where(capacity_contracts.c.id == contract.id)
    if int(tx.connection.execute(held).scalar() or 0) != contract.version - 1:
        raise Conflict(f"contract {contract.id} changed meanwhile: read it again, then decide")
    sealed = seal(tx.master, _place(contract.id, contract.version), rows.encode(contract, Contract))
    tx.connection.execute(
        insert(capacity_contracts).values(
            id=contract.id,
            version=contract.version,
            organisation=contract.organisation,
            at=contract.at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def newest(tx: Tx, id_: str, *, organisation: PartyId | None = None) -> Contract:
    """The contract in force. With `organisation` only its own: Missing for any other."""
    query = select(capacity_contracts).where(capacity_contracts.c.id == id_)
    row = tx.connection.execute(query.order_by(capacity_contracts.c.version.desc()).limit(1)).first()
    if row is None or (organisation is not None and row.organisation != organisation):
        raise Missing(f"no contract {id_}")
    return _open(tx, row)


def every(tx: Tx, *, organisation: PartyId | None = None) -> tuple[Contract, ...]:
    """Every contract in force, or an organisation's own, in id order."""
    newest_ = (
        select(capacity_contracts.c.id, func.max(capacity_contracts.c.version).label("version"))
        .group_by(capacity_contracts.c.id)
        .subquery()
    )
    query = select(capacity_contracts).join(
        newest_,
        (newest_.c.id == capacity_contracts.c.id) & (newest_.c.version == capacity_contracts.c.version),
    )
    if organisation is not None:
        query = query.where(capacity_contracts.c.organisation == organisation)
    return tuple(_open(tx, row) for row in tx.connection.execute(query.order_by(capacity_contracts.c.id)))


def enqueue(tx: Tx, contract: str, case: CaseId) -> bool:
    """Let a case wait for a maintainer; once is enough. True when it is new there."""
    held = select(capacity_queue.c.case_id).where(
        capacity_queue.c.contract == contract, capacity_queue.c.case_id == case
    )
    if tx.connection.execute(held).first() is not None:
        return False
    tx.connection.execute(insert(capacity_queue).values(contract=contract, case_id=case, released_at=None, reason=""))
    return True


def leave(tx: Tx, contract: str, case: CaseId) -> None:
    """A case waits no longer. One that was released stays on the record."""
    tx.connection.execute(
        delete(capacity_queue).where(
            capacity_queue.c.contract == contract,
            capacity_queue.c.case_id == case,
            capacity_queue.c.released_at.is_(None),
        )
    )


def release(tx: Tx, contract: str, case: CaseId, reason: Escalation | None, *, at: datetime) -> bool:
    """Note the release of a waiting case. False when it was released before."""
    changed = tx.connection.execute(
        update(capacity_queue)
        .where(
            capacity_queue.c.contract == contract,
            capacity_queue.c.case_id == case,
            capacity_queue.c.released_at.is_(None),
        )
        .values(released_at=at, reason=reason.name if reason else "")
    )
    return changed.rowcount == 1


def waiting(tx: Tx, contract: str) -> tuple[CaseId, ...]:
    """The cases that wait under a contract, in id order. A withheld case is not among them."""
    query = (
        select(capacity_queue.c.case_id)
        .join(cases, cases.c.id == capacity_queue.c.case_id)
        .where(
            capacity_queue.c.contract == contract,
            capacity_queue.c.released_at.is_(None),
            cases.c.withheld.is_(False),
            cases.c.sealed.is_not(None),
        )
        .order_by(capacity_queue.c.case_id)
    )
    return tuple(CaseId(id_) for id_ in tx.connection.execute(query).scalars())


def released(tx: Tx, contract: str, *, since: datetime) -> tuple[tuple[CaseId, datetime, Escalation | None, bool], ...]:
    """The releases under a contract since a moment, and those still open, oldest first: case, when, why it passed,
    whether it is open.

    A case that was withheld since is not among them, so that nobody counts it.
    """
    query = (
        select(capacity_queue, cases.c.stage)
        .join(cases, cases.c.id == capacity_queue.c.case_id)
        .where(
            capacity_queue.c.contract == contract,
            or_(capacity_queue.c.released_at >= since, cases.c.stage.not_in(OVER)),
            capacity_queue.c.released_at.is_not(None),
            cases.c.withheld.is_(False),
        )
        .order_by(capacity_queue.c.released_at, capacity_queue.c.case_id)
    )
    return tuple(
        (
            CaseId(row.case_id),
            row.released_at,
            Escalation[row.reason] if row.reason else None,
            row.stage not in OVER,
        )
        for row in tx.connection.execute(query)
    )


def released_under(tx: Tx, case: CaseId) -> frozenset[str]:
    """The contracts under which a case was released."""
    query = select(capacity_queue.c.contract).where(
        capacity_queue.c.case_id == case, capacity_queue.c.released_at.is_not(None)
    )
    return frozenset(tx.connection.execute(query).scalars())


def is_withheld(tx: Tx, case: CaseId) -> bool:
    """Whether only those read in see the case: then it is in no queue."""
    return bool(tx.connection.execute(select(cases.c.withheld).where(cases.c.id == case)).scalar())


def _place(id_: str, version: int) -> str:
    return f"capacity_contracts/{id_}/{version}"


def _open(tx: Tx, row: Row[Any]) -> Contract:
    sealed = Sealed(wrapped=row.wrapped, body=row.sealed)
    return rows.decode(Contract, unseal(tx.master, _place(row.id, row.version), sealed))
