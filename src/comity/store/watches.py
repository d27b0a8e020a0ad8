"""Watches at rest. Address, product and secret are sealed; one is found by a keyed digest of its secret or address."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from comity.errors import Missing
from comity.model.watch import Watch
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.letters_tables import watches


def add(tx: Tx, watch: Watch) -> None:
    """Keep a new watch."""
    tx.connection.execute(
        insert(watches).values(
            id=watch.id,
            address_mark=_address(tx, watch.address),
            secret_mark=_secret(tx, watch.secret),
            made_at=watch.made_at,
            **_columns(tx, watch),
        )
    )


def save(tx: Tx, watch: Watch) -> None:
    """Store the next state of a watch."""
    tx.connection.execute(update(watches).where(watches.c.id == watch.id).values(**_columns(tx, watch)))


def by_secret(tx: Tx, secret: str) -> Watch:
    """The watch with this secret. Missing for any other text."""
    row = tx.connection.execute(select(watches).where(watches.c.secret_mark == _secret(tx, secret))).first()
    if row is None:
        raise Missing("there is no such watch, or it was ended")
    return _open(tx, row)


def of(tx: Tx, address: str) -> tuple[Watch, ...]:
    """The watches of one address, oldest first. For the flow alone: no door gives this list."""
    query = select(watches).where(watches.c.address_mark == _address(tx, address)).order_by(watches.c.made_at)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def confirmed(tx: Tx) -> Iterator[Watch]:
    """Every watch whose address agreed, oldest first."""
    query = select(watches).where(watches.c.confirmed_at.is_not(None)).order_by(watches.c.made_at, watches.c.id)
    return (_open(tx, row) for row in tx.connection.execute(query).all())


def waiting(tx: Tx, *, since: datetime) -> int:
    """How many were made since then and are not confirmed."""
    query = select(func.count()).where(watches.c.confirmed_at.is_(None), watches.c.made_at >= since)
    return int(tx.connection.execute(query).scalar_one())


def drop(tx: Tx, id_: str) -> None:
    """Erase a watch with its address."""
    tx.connection.execute(delete(watches).where(watches.c.id == id_))


def drop_unconfirmed(tx: Tx, *, before: datetime) -> int:
    """Erase what nobody confirmed in time. Gives how many."""
    query = delete(watches).where(watches.c.confirmed_at.is_(None), watches.c.made_at < before)
    return tx.connection.execute(query).rowcount


def _columns(tx: Tx, watch: Watch) -> dict[str, Any]:
    sealed = seal(tx.master, f"watches/{watch.id}", rows.encode(watch, Watch))
    return {"confirmed_at": watch.confirmed_at, "wrapped": sealed.wrapped, "sealed": sealed.body}


def _open(tx: Tx, row: Row[Any]) -> Watch:
    return rows.decode(Watch, unseal(tx.master, f"watches/{row.id}", Sealed(wrapped=row.wrapped, body=row.sealed)))


def _address(tx: Tx, address: str) -> str:
    return tx.master.mark("watch-address", address.casefold())


def _secret(tx: Tx, secret: str) -> str:
    return tx.master.mark("watch-secret", secret)
