"""Erasures of cases at rest: that a case was erased, by whom and why, is all that stays of it. Opened by clearing."""

from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Row, String, Table, insert, select, update

from comity.errors import Missing
from comity.model.erasure import Erasure, ErasureState
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_case
from comity.store.tables import Moment, cases, metadata

case_erasures: Final = Table(
    "case_erasures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)


def add(tx: Tx, one: Erasure) -> None:
    """Keep a new one."""
    tx.connection.execute(
        insert(case_erasures).values(id=one.id, case_id=one.case, asked_at=one.asked_at, **_columns(tx, one))
    )


def save(tx: Tx, one: Erasure) -> None:
    """Store its next state."""
    tx.connection.execute(update(case_erasures).where(case_erasures.c.id == one.id).values(**_columns(tx, one)))


def get(tx: Tx, id_: str, viewer: Viewer) -> Erasure:
    """One, of a case that this viewer sees or saw. Missing for any other."""
    row = tx.connection.execute(_seen(viewer).where(case_erasures.c.id == id_)).first()
    if row is None:
        raise Missing(f"no erasure {id_}")
    return _open(tx, row)


def asked(tx: Tx, case: CaseId) -> bool:
    """Whether one is asked for and not ended."""
    query = select(case_erasures.c.id).where(
        case_erasures.c.case_id == case, case_erasures.c.state == ErasureState.ASKED.value
    )
    return tx.connection.execute(query).first() is not None


def every(tx: Tx, viewer: Viewer, *, limit: int = 200) -> tuple[Erasure, ...]:
    """Those of cases that this viewer sees or saw, newest first."""
    query = _seen(viewer).order_by(case_erasures.c.asked_at.desc(), case_erasures.c.id).limit(limit)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def _seen(viewer: Viewer) -> Any:
    joined = select(case_erasures).join(cases, cases.c.id == case_erasures.c.case_id)
    return joined.where(sees_case(viewer))


def _columns(tx: Tx, one: Erasure) -> dict[str, Any]:
    sealed = seal(tx.master, f"case_erasures/{one.id}", rows.encode(one, Erasure))
    return {"state": one.state.value, "wrapped": sealed.wrapped, "sealed": sealed.body}


def _open(tx: Tx, row: Row[Any]) -> Erasure:
    place = f"case_erasures/{row.id}"
    return rows.decode(Erasure, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
