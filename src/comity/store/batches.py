"""Batches at rest, their items, the keys that organisations sign them with, and the rules that projects publish."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)

from comity.errors import Conflict, Missing
from comity.model.batch import Batch, BatchState, Item, ProjectRules, SenderKey
from comity.model.ids import BatchId, Digest, PartyId, ReportId
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

batches: Final = Table(
    "batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("key_mark", String(64), nullable=True),
    Column("document_mark", String(64), nullable=True, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("key_mark"),
    Index("ix_batches_organisation_received_at", "organisation", "received_at"),
)

batch_items: Final = Table(
    "batch_items",
    metadata,
    Column("batch", String(32), primary_key=True),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("report", String(32), nullable=True),
    Column("repeated", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

sender_keys: Final = Table(
    "sender_keys",
    metadata,
    Column("organisation", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

project_rules: Final = Table(
    "project_rules",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)


def add(tx: Tx, batch: Batch, *, key: str = "") -> None:
    """Keep a new batch; `key` is the sender's idempotency key."""
    mark = tx.master.mark("idempotency", f"{batch.organisation} {key}") if key else None
    tx.connection.execute(
        insert(batches).values(
            id=batch.id,
            organisation=batch.organisation,
            received_at=batch.received_at,
            key_mark=mark,
            **_columns(tx, batch),
        )
    )


def save(tx: Tx, batch: Batch) -> Batch:
    """Store the next state of a batch."""
    tx.connection.execute(update(batches).where(batches.c.id == batch.id).values(**_columns(tx, batch)))
    return batch


def forget_key(tx: Tx, id_: BatchId) -> None:
    """Let the sender use the idempotency key again: nothing of this batch was kept."""
    tx.connection.execute(update(batches).where(batches.c.id == id_).values(key_mark=None, document_mark=None))


def get(tx: Tx, id_: BatchId, organisation: PartyId | None) -> Batch:
    """One batch; with `organisation` only one of its own. Missing for any other."""
    query = select(batches).where(batches.c.id == id_)
    if organisation is not None:
        query = query.where(batches.c.organisation == organisation)
    row = tx.connection.execute(query).first()
    if row is None:
        raise Missing(f"no batch {id_}")
    return _open(tx, row)


def by_key(tx: Tx, organisation: PartyId, key: str) -> Batch | None:
    """The batch that this organisation sent under an idempotency key."""
    mark = tx.master.mark("idempotency", f"{organisation} {key}")
    row = tx.connection.execute(select(batches).where(batches.c.key_mark == mark)).first()
    return None if row is None else _open(tx, row)


def same_document(tx: Tx, organisation: PartyId, document: Digest, since: datetime) -> Batch | None:
    """The latest batch that this organisation sent with equal bytes at or after `since`."""
    query = (
        select(batches)
        .where(batches.c.document_mark == _document(tx, organisation, document), batches.c.received_at >= since)
        .order_by(batches.c.received_at.desc(), batches.c.id)
    )
    row = tx.connection.execute(query).first()
    return None if row is None else _open(tx, row)


def of(tx: Tx, organisation: PartyId, *, limit: int = 50) -> tuple[Batch, ...]:
    """An organisation's batches, newest first."""
    query = select(batches).where(batches.c.organisation == organisation)
    query = query.order_by(batches.c.received_at.desc(), batches.c.id).limit(limit)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def unfinished(tx: Tx) -> tuple[BatchId, ...]:
    """Batches that were received whole and are not done, in id order."""
    states = [BatchState.QUEUED.value, BatchState.TAKING.value, BatchState.SCREENING.value]
    query = select(batches.c.id).where(batches.c.state.in_(states)).order_by(batches.c.id)
    return tuple(BatchId(name) for name in tx.connection.execute(query).scalars())


def answered(tx: Tx, batch: BatchId, items: Iterable[Item]) -> None:
    """Keep what became of items."""
    values = []
    for item in items:
        sealed = None
        if item.problems:
            sealed = seal(tx.master, _place(batch, item.place), rows.encode(item, Item))
        values.append(
            {
                "batch": batch,
                "place": item.place,
                "report": item.report,
                "repeated": int(item.repeat),
                "wrapped": sealed.wrapped if sealed else None,
                "sealed": sealed.body if sealed else None,
            }
        )
    if values:
        tx.connection.execute(insert(batch_items), values)


def items(tx: Tx, batch: BatchId, *, after: int = -1, limit: int = 500) -> tuple[Item, ...]:
    """What became of items after a place, in order."""
    query = (
        select(batch_items)
        .where(batch_items.c.batch == batch, batch_items.c.place > after)
        .order_by(batch_items.c.place)
        .limit(limit)
    )
    return tuple(_item(tx, row) for row in tx.connection.execute(query))


def reports_of(tx: Tx, batch: BatchId) -> tuple[ReportId, ...]:
    """The reports that a batch brought, in its order, without those that were sent before."""
    query = (
        select(batch_items.c.report)
        .where(batch_items.c.batch == batch, batch_items.c.report.is_not(None), batch_items.c.repeated == 0)
        .order_by(batch_items.c.place)
    )
    return tuple(ReportId(name) for name in tx.connection.execute(query).scalars())


def add_key(tx: Tx, key: SenderKey) -> None:
    """Keep a key. Conflict when the organisation has it already."""
    held = {one.id for one in keys_of(tx, key.organisation)}
    if key.id in held:
        raise Conflict(f"key {key.id[:16]} is registered already")
    tx.connection.execute(insert(sender_keys).values(organisation=key.organisation, id=key.id, **_key(tx, key)))


def save_key(tx: Tx, key: SenderKey) -> None:
    """Store the next state of a key."""
    where = (sender_keys.c.organisation == key.organisation, sender_keys.c.id == key.id)
    tx.connection.execute(update(sender_keys).where(*where).values(**_key(tx, key)))


def keys_of(tx: Tx, organisation: PartyId) -> tuple[SenderKey, ...]:
    """An organisation's keys, in id order, the revoked ones too."""
    query = select(sender_keys).where(sender_keys.c.organisation == organisation).order_by(sender_keys.c.id)
    return tuple(
        rows.decode(
            SenderKey,
            unseal(tx.master, _key_place(row.organisation, row.id), Sealed(wrapped=row.wrapped, body=row.sealed)),
        )
        for row in tx.connection.execute(query)
    )


def set_rules(tx: Tx, rules: ProjectRules) -> None:
    """Keep a project's rules in place of those before."""
    mark = tx.master.mark("project rules", rules.package)
    sealed = seal(tx.master, f"project_rules/{mark}", rows.encode(rules, ProjectRules))
    values = {"wrapped": sealed.wrapped, "sealed": sealed.body}
    changed = tx.connection.execute(update(project_rules).where(project_rules.c.mark == mark).values(**values))
    if changed.rowcount == 0:
        tx.connection.execute(insert(project_rules).values(mark=mark, **values))


def rules_of(tx: Tx, packages: Sequence[str]) -> Mapping[str, ProjectRules]:
    """The rules of these projects; those without are absent."""
    marks = {tx.master.mark("project rules", package): package for package in packages}
    if not marks:
        return {}
    query = select(project_rules).where(project_rules.c.mark.in_(list(marks)))
    return {marks[row.mark]: _rules(tx, row) for row in tx.connection.execute(query)}


def all_rules(tx: Tx) -> tuple[ProjectRules, ...]:
    """Every project's rules, by package."""
    return tuple(
        sorted((_rules(tx, row) for row in tx.connection.execute(select(project_rules))), key=lambda r: r.package)
    )


def record(id_: BatchId) -> str:
    """The batch's place: bound into its seal, and the owner name of its pieces."""
    return f"batches/{id_}"


def _rules(tx: Tx, row: Row[Any]) -> ProjectRules:
    return rows.decode(
        ProjectRules, unseal(tx.master, f"project_rules/{row.mark}", Sealed(wrapped=row.wrapped, body=row.sealed))
    )


def _columns(tx: Tx, batch: Batch) -> dict[str, Any]:
    sealed = seal(tx.master, record(batch.id), rows.encode(batch, Batch))
    document = _document(tx, batch.organisation, batch.document) if batch.document else None
    refused = batch.state is BatchState.REFUSED
    return {
        "state": batch.state.value,
        "document_mark": None if refused else document,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _open(tx: Tx, row: Row[Any]) -> Batch:
    place = record(BatchId(row.id))
    return rows.decode(Batch, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))


def _item(tx: Tx, row: Row[Any]) -> Item:
    if row.sealed is None:
        return Item(place=row.place, report=row.report, repeat=bool(row.repeated))
    place = _place(BatchId(row.batch), row.place)
    return rows.decode(Item, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))


def _key(tx: Tx, key: SenderKey) -> dict[str, Any]:
    sealed = seal(tx.master, _key_place(key.organisation, key.id), rows.encode(key, SenderKey))
    return {"wrapped": sealed.wrapped, "sealed": sealed.body}


def _document(tx: Tx, organisation: str, document: str) -> str:
    return tx.master.mark("batch document", f"{organisation} {document}")


def _place(batch: BatchId, place: int) -> str:
    return f"batch_items/{batch}/{place}"


def _key_place(organisation: str, id_: str) -> str:
    return f"sender_keys/{organisation}/{id_}"
