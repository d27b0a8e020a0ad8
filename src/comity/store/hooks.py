"""Subscriptions and their tellings at rest. Targets and secrets are sealed; bodies hold ids and links alone."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from comity.errors import Missing
from comity.model.hook import Delivery, Hook
from comity.model.ids import PartyId
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.shared_tables import deliveries, hooks


def add(tx: Tx, hook: Hook) -> None:
    """Keep a new subscription."""
    tx.connection.execute(
        insert(hooks).values(id=hook.id, person=hook.person, made_at=hook.made_at, **_columns(tx, hook))
    )


def save(tx: Tx, hook: Hook) -> None:
    """Store the next state of a subscription."""
    tx.connection.execute(update(hooks).where(hooks.c.id == hook.id).values(**_columns(tx, hook)))


def get(tx: Tx, id_: str, person: PartyId) -> Hook:
    """A person's own subscription that has not ended. Missing for any other."""
    query = select(hooks).where(hooks.c.id == id_, hooks.c.person == person, hooks.c.ended_at.is_(None))
    row = tx.connection.execute(query).first()
    if row is None:
        raise Missing(f"no subscription {id_}")
    return _open(tx, row)


def of(tx: Tx, person: PartyId) -> tuple[Hook, ...]:
    """A person's subscriptions that have not ended, oldest first."""
    query = select(hooks).where(hooks.c.person == person, hooks.c.ended_at.is_(None))
    return tuple(_open(tx, row) for row in tx.connection.execute(query.order_by(hooks.c.made_at, hooks.c.id)))


def active(tx: Tx) -> tuple[Hook, ...]:
    """Every subscription that is neither ended nor paused."""
    query = select(hooks).where(hooks.c.ended_at.is_(None), hooks.c.is_paused.is_(False)).order_by(hooks.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def tell(tx: Tx, delivery: Delivery) -> bool:
    """Queue a telling; False when this event was queued for this subscription before."""
    query = select(deliveries.c.id).where(deliveries.c.hook == delivery.hook, deliveries.c.event == delivery.event)
    if tx.connection.execute(query).first() is not None:
        return False
    tx.connection.execute(insert(deliveries).values(**_delivery_columns(delivery)))
    return True


def due(tx: Tx, *, at: datetime, limit: int = 50) -> tuple[tuple[Delivery, Hook], ...]:
    """Tellings whose time has come, of subscriptions that are neither ended nor paused, oldest first."""
    query = (
        select(deliveries, hooks.c.person, hooks.c.wrapped, hooks.c.sealed, hooks.c.id.label("hook_id"))
        .join(hooks, hooks.c.id == deliveries.c.hook)
        .where(deliveries.c.next_at <= at, hooks.c.ended_at.is_(None), hooks.c.is_paused.is_(False))
        .order_by(deliveries.c.next_at, deliveries.c.id)
        .limit(limit)
    )
    return tuple((_delivery(row), _hook(tx, row.hook_id, row)) for row in tx.connection.execute(query))


def move(tx: Tx, delivery: Delivery) -> None:
    """Store the next state of a telling."""
    tx.connection.execute(
        update(deliveries).where(deliveries.c.id == delivery.id).values(**_delivery_columns(delivery))
    )


def told(tx: Tx, hook: str, *, limit: int = 100) -> tuple[Delivery, ...]:
    """The tellings of one subscription, newest first."""
    query = select(deliveries).where(deliveries.c.hook == hook)
    query = query.order_by(deliveries.c.made_at.desc(), deliveries.c.id).limit(limit)
    return tuple(_delivery(row) for row in tx.connection.execute(query))


def one(tx: Tx, hook: str, id_: str) -> Delivery:
    """One telling. Missing for any other subscription's."""
    row = tx.connection.execute(select(deliveries).where(deliveries.c.hook == hook, deliveries.c.id == id_)).first()
    if row is None:
        raise Missing(f"no delivery {id_}")
    return _delivery(row)


def counts(tx: Tx, ids: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    """For each subscription: how many tellings wait, are done, are dead."""
    d, wanted = deliveries, list(ids)
    query = (
        select(d.c.hook, func.count(d.c.next_at), func.count(d.c.done_at), func.count(d.c.dead_at))
        .where(d.c.hook.in_(wanted))
        .group_by(d.c.hook)
    )
    found = {row[0]: (row[1], row[2], row[3]) for row in tx.connection.execute(query)}
    return {id_: found.get(id_, (0, 0, 0)) for id_ in wanted}


def dead(tx: Tx) -> int:
    """How many deliveries of all subscriptions were given up and nobody replayed."""
    return int(tx.connection.execute(select(func.count(deliveries.c.dead_at))).scalar_one())


def _columns(tx: Tx, hook: Hook) -> dict[str, Any]:
    sealed = seal(tx.master, f"hooks/{hook.id}", rows.encode(hook, Hook))
    return {
        "is_paused": hook.is_paused,
        "ended_at": hook.ended_at,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _open(tx: Tx, row: Row[Any]) -> Hook:
    return _hook(tx, row.id, row)


def _hook(tx: Tx, id_: str, row: Row[Any]) -> Hook:
    return rows.decode(Hook, unseal(tx.master, f"hooks/{id_}", Sealed(wrapped=row.wrapped, body=row.sealed)))


def _delivery_columns(delivery: Delivery) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in deliveries.c.keys()}  # noqa: SIM118  a column collection


def _delivery(row: Row[Any]) -> Delivery:
    held = {name: getattr(row, name) for name in deliveries.c.keys()}  # noqa: SIM118  as above
    return replace(Delivery(**held), body=bytes(row.body))
