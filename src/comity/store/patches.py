"""Proposed patches at rest: a sealed record each, seen by whoever sees its case; diffs and statements are its files."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, LargeBinary, Row, String, Table, delete, insert, select, update

from comity.errors import Missing
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.model.patch import Patch
from comity.store import blobs, rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_case
from comity.store.tables import Moment, cases, metadata

case_patches: Final = Table(
    "case_patches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(64), nullable=False, index=True),
    Column("offered_at", Moment, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)


def add(tx: Tx, patch: Patch) -> None:
    """Keep a new patch."""
    tx.connection.execute(
        insert(case_patches).values(id=patch.id, case_id=patch.case, offered_at=patch.offered_at, **_columns(tx, patch))
    )


def save(tx: Tx, patch: Patch) -> None:
    """Store the next state of a patch."""
    tx.connection.execute(update(case_patches).where(case_patches.c.id == patch.id).values(**_columns(tx, patch)))


def get(tx: Tx, id_: str, viewer: Viewer) -> Patch:
    """One patch. Missing when there is none, and when this viewer does not see its case."""
    row = tx.connection.execute(_seen(viewer).where(case_patches.c.id == id_)).first()
    if row is None:
        raise Missing(f"no patch {id_}")
    return _open(tx, row)


def of(tx: Tx, case: CaseId, viewer: Viewer) -> tuple[Patch, ...]:
    """A case's patches, oldest first; none for a viewer who does not see the case."""
    query = _seen(viewer).where(case_patches.c.case_id == case)
    query = query.order_by(case_patches.c.offered_at, case_patches.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def unsettled(tx: Tx) -> tuple[str, ...]:
    """Ids of patches whose climb is not over, oldest first."""
    query = select(case_patches.c.id).where(case_patches.c.settled.is_(False))
    return tuple(tx.connection.execute(query.order_by(case_patches.c.offered_at, case_patches.c.id)).scalars())


def erase(tx: Tx, case: CaseId) -> None:
    """Destroy a case's patches with their keys and files."""
    for id_ in tx.connection.execute(select(case_patches.c.id).where(case_patches.c.case_id == case)).scalars().all():
        blobs.release(tx, record(id_))
    tx.connection.execute(delete(case_patches).where(case_patches.c.case_id == case))


def record(id_: str) -> str:
    """The patch's place: bound into its seal, and the owner name of its files."""
    return f"case_patches/{id_}"


def _seen(viewer: Viewer) -> Any:
    return select(case_patches).join(cases, cases.c.id == case_patches.c.case_id).where(sees_case(viewer))


def _columns(tx: Tx, patch: Patch) -> dict[str, Any]:
    sealed = seal(tx.master, record(patch.id), rows.encode(patch, Patch))
    return {"settled": patch.is_settled, "wrapped": sealed.wrapped, "sealed": sealed.body}


def _open(tx: Tx, row: Row[Any]) -> Patch:
    return rows.decode(Patch, unseal(tx.master, record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
