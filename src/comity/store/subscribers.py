"""Who asked for briefs by e-mail, sealed; whether the owner of the address agreed; and which briefs went to whom.

Address and link secret rest sealed. The clear columns hold keyed digests, by which both are found again.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, Row, String, Table, delete, func, insert, select, update

from comity.errors import Missing
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

brief_subscribers = Table(
    "brief_subscribers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("mark", String(64), nullable=False, unique=True),
    Column("secret", String(64), nullable=False, unique=True),
    Column("asked_at", Moment, nullable=False, index=True),
    Column("confirmed_at", Moment),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

brief_mailed = Table(
    "brief_mailed",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("subscriber", String(64), ForeignKey("brief_subscribers.id"), primary_key=True),
)
"""Which brief went to which subscriber: a correction goes to exactly those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is sealed: where to write, the secret of the links in those letters, and, until its owner agrees, a keyed
    digest of network and day, by which requests of one network on one day are counted. It names no network."""

    address: str
    secret: str
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One address that asked. None in `confirmed_at`: its owner has not agreed yet."""

    id: str
    contact: Contact
    asked_at: datetime
    confirmed_at: datetime | None


def ask(tx: Tx, address: str, *, network: str = "", at: datetime) -> Subscriber:
    """Keep a request; an address that asked before keeps its row as it is."""
    mark = tx.master.mark("brief subscriber", address.lower())
    row = tx.connection.execute(select(brief_subscribers).where(brief_subscribers.c.mark == mark)).first()
    if row is not None:
        return _open(tx, row)
    id_ = f"BS-{secrets.token_hex(12)}"
    contact = Contact(address=address, secret=secrets.token_hex(24), network=_network(tx, network, at))
    sealed = seal(tx.master, _place(id_), rows.encode(contact, Contact))
    tx.connection.execute(
        insert(brief_subscribers).values(
            id=id_,
            mark=mark,
            secret=tx.master.mark("brief subscription", contact.secret),
            asked_at=at,
            confirmed_at=None,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )
    return Subscriber(id=id_, contact=contact, asked_at=at, confirmed_at=None)


def of_secret(tx: Tx, secret: str) -> Subscriber:
    """The subscriber whose letters carry this secret. Missing for an unknown one."""
    mark = tx.master.mark("brief subscription", secret)
    row = tx.connection.execute(select(brief_subscribers).where(brief_subscribers.c.secret == mark)).first()
    if row is None:
        raise Missing("no such subscription, or it has ended")
    return _open(tx, row)


def get(tx: Tx, id_: str) -> Subscriber:
    """One subscriber. Missing when they left."""
    row = tx.connection.execute(select(brief_subscribers).where(brief_subscribers.c.id == id_)).first()
    if row is None:
        raise Missing("this subscriber left")
    return _open(tx, row)


def confirm(tx: Tx, id_: str, *, at: datetime) -> None:
    """The owner of the address agreed: the network is forgotten. A second yes changes nothing."""
    held = get(tx, id_)
    here = (brief_subscribers.c.id == id_) & brief_subscribers.c.confirmed_at.is_(None)
    sealed = seal(tx.master, _place(id_), rows.encode(replace(held.contact, network=""), Contact))
    values = {"confirmed_at": at, "wrapped": sealed.wrapped, "sealed": sealed.body}
    tx.connection.execute(update(brief_subscribers).where(here).values(**values))


def forget(tx: Tx, id_: str) -> None:
    """Remove everything that is held of one."""
    tx.connection.execute(delete(brief_mailed).where(brief_mailed.c.subscriber == id_))
    tx.connection.execute(delete(brief_subscribers).where(brief_subscribers.c.id == id_))


def forget_unconfirmed(tx: Tx, *, before: datetime) -> None:
    """Remove requests that nobody confirmed in time: an address that did not agree is not kept."""
    old = brief_subscribers.c.confirmed_at.is_(None) & (brief_subscribers.c.asked_at < before)
    tx.connection.execute(delete(brief_subscribers).where(old))


def confirmed(tx: Tx) -> tuple[Subscriber, ...]:
    """Everybody who agreed, in id order."""
    query = select(brief_subscribers).where(brief_subscribers.c.confirmed_at.is_not(None))
    return tuple(_open(tx, row) for row in tx.connection.execute(query.order_by(brief_subscribers.c.id)))


def count(tx: Tx, *, confirmed: bool) -> int:
    """How many agreed, or how many have not yet."""
    column = brief_subscribers.c.confirmed_at
    which = column.is_not(None) if confirmed else column.is_(None)
    return tx.connection.execute(select(func.count()).select_from(brief_subscribers).where(which)).scalar() or 0


def waiting_from(tx: Tx, network: str, *, at: datetime) -> int:
    """Requests of this network and this day (UTC) that nobody has confirmed yet."""
    wanted = _network(tx, network, at)
    query = select(brief_subscribers).where(brief_subscribers.c.confirmed_at.is_(None))
    return sum(_open(tx, row).contact.network == wanted for row in tx.connection.execute(query))


def mailed(tx: Tx, brief: str, id_: str) -> None:
    """Note that a brief went to somebody; the same again changes nothing."""
    here = (brief_mailed.c.brief == brief) & (brief_mailed.c.subscriber == id_)
    if tx.connection.execute(select(brief_mailed.c.brief).where(here)).first() is None:
        tx.connection.execute(insert(brief_mailed).values(brief=brief, subscriber=id_))


def readers(tx: Tx, brief: str) -> tuple[str, ...]:
    """Ids of those to whom a brief went and who did not leave, in order."""
    query = select(brief_mailed.c.subscriber).where(brief_mailed.c.brief == brief)
    return tuple(tx.connection.execute(query.order_by(brief_mailed.c.subscriber)).scalars())


def _network(tx: Tx, network: str, at: datetime) -> str:
    return tx.master.mark("brief network", f"{at:%Y-%m-%d} {network}") if network else ""


def _place(id_: str) -> str:
    return f"brief_subscribers/{id_}"


def _open(tx: Tx, row: Row[Any]) -> Subscriber:
    contact = rows.decode(Contact, unseal(tx.master, _place(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
    return Subscriber(id=row.id, contact=contact, asked_at=row.asked_at, confirmed_at=row.confirmed_at)
