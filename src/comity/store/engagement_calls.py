"""Keys for the model gateway, and what was called with them. Keys are kept as digests; records are sealed files.

A call is written down before it is made, with the most it can cost, and settled afterwards: what a crash leaves behind
counts as spent. So no budget is ever overrun by losing an answer.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, delete, func, insert, select, update

from comity.errors import Conflict, Missing
from comity.model.ids import EngagementId, PartyId
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

gateway_keys = Table(
    "gateway_keys",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("engagement", String(32), ForeignKey("engagements.id"), nullable=False, index=True),
    Column("person", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
)

gateway_calls = Table(
    "gateway_calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("engagement", String(32), ForeignKey("engagements.id"), nullable=False),
    Column("person", String(64), nullable=False),
    Column("run", String(128), nullable=False),
    Column("at", Moment, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("ending", String(32), nullable=False),
    Index("ix_gateway_calls_engagement_at", "engagement", "at"),
    Index("ix_gateway_calls_engagement_run", "engagement", "run"),
)

BEGUN = "begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is held: whose, for what, until when."""

    engagement: EngagementId
    person: PartyId
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Sums over calls, those under way with the most they can cost."""

    calls: int
    tokens: int


def add_key(tx: Tx, secret: str, key: Key, *, at: datetime) -> None:
    """Keep a fresh key; an earlier one of the same person ends."""
    earlier = gateway_keys.c.engagement == key.engagement, gateway_keys.c.person == key.person
    tx.connection.execute(update(gateway_keys).where(*earlier, gateway_keys.c.ended_at.is_(None)).values(ended_at=at))
    tx.connection.execute(
        insert(gateway_keys).values(
            key_hash=_hash(secret),
            engagement=key.engagement,
            person=key.person,
            made_at=at,
            expires_at=key.expires_at,
        )
    )


def key_of(tx: Tx, secret: str, *, at: datetime) -> Key | None:
    """Whose key this is; None for one that is unknown, ended or over: never said which."""
    row = tx.connection.execute(
        select(gateway_keys).where(
            gateway_keys.c.key_hash == _hash(secret), gateway_keys.c.expires_at > at, gateway_keys.c.ended_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return Key(engagement=EngagementId(row.engagement), person=PartyId(row.person), expires_at=row.expires_at)


def end_keys(tx: Tx, id_: EngagementId, *, at: datetime) -> int:
    """Every key of the engagement is dead from now on; gives how many were alive."""
    alive = gateway_keys.c.engagement == id_, gateway_keys.c.ended_at.is_(None)
    return tx.connection.execute(update(gateway_keys).where(*alive).values(ended_at=at)).rowcount


def live_keys(tx: Tx, id_: EngagementId, *, at: datetime) -> int:
    """How many keys would still open something."""
    query = select(func.count()).where(
        gateway_keys.c.engagement == id_, gateway_keys.c.ended_at.is_(None), gateway_keys.c.expires_at > at
    )
    return tx.connection.execute(query).scalar_one()


def begin(tx: Tx, call: str, key: Key, *, run: str, reserve: int, at: datetime) -> None:
    """Write a call down before it is made, at the most it can cost."""
    tx.connection.execute(
        insert(gateway_calls).values(
            id=call,
            engagement=key.engagement,
            person=key.person,
            run=run,
            at=at,
            tokens=reserve,
            ending=BEGUN,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it was written down."""

    engagement: EngagementId
    tokens: int
    ending: str


def call(tx: Tx, id_: str) -> Call:
    """One call. Missing when it was never begun."""
    row = tx.connection.execute(select(gateway_calls).where(gateway_calls.c.id == id_)).first()
    if row is None:
        raise Missing("no such call")
    return Call(engagement=EngagementId(row.engagement), tokens=row.tokens, ending=row.ending)


def settle(tx: Tx, call: str, *, tokens: int, ending: str) -> None:
    """What the call cost and how it ended. Conflict for one that was never begun, or is settled."""
    open_ = gateway_calls.c.id == call, gateway_calls.c.ending == BEGUN
    if tx.connection.execute(update(gateway_calls).where(*open_).values(tokens=tokens, ending=ending)).rowcount != 1:
        raise Conflict("this call is settled already")


def forget(tx: Tx, id_: EngagementId) -> None:
    """Delete who held keys and who called in which run: after an erasure nobody needs it."""
    for table in (gateway_calls, gateway_keys):
        tx.connection.execute(delete(table).where(table.c.engagement == id_))


def spent(tx: Tx, id_: EngagementId, *, run: str | None = None) -> Spent:
    """What all runs of the engagement cost so far, or one of them."""
    query = select(func.count(), func.coalesce(func.sum(gateway_calls.c.tokens), 0)).where(
        gateway_calls.c.engagement == id_
    )
    if run is not None:
        query = query.where(gateway_calls.c.run == run)
    calls, tokens = tx.connection.execute(query).one()
    return Spent(calls=int(calls), tokens=int(tokens))


def failed(tx: Tx, id_: EngagementId, *, endings: Collection[str]) -> int:
    """How many calls ended in one of these ways."""
    query = select(func.count()).where(gateway_calls.c.engagement == id_, gateway_calls.c.ending.in_(endings))
    return tx.connection.execute(query).scalar_one()


def lately(tx: Tx, id_: EngagementId, *, at: datetime, within: timedelta = timedelta(minutes=1)) -> int:
    """How many calls were begun in the last minute."""
    query = select(func.count()).where(gateway_calls.c.engagement == id_, gateway_calls.c.at > at - within)
    return tx.connection.execute(query).scalar_one()


def _hash(secret: str) -> str:
    return hashlib.sha256(f"comity gateway key\n{secret}".encode()).hexdigest()
