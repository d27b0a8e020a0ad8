"""Who was let in to what, and who was refused: the trail of access, bounded, and without any content.

One row says one person, way, action, object and outcome within one hour, with how often. An object that was not seen
(refused, or not found: hidden and missing are one) is kept as a keyed mark: whoever knows its id can ask for it, and
nobody learns an id, or whether there is such a thing, from the trail.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, Row, String, Table, delete, func, insert, or_, select, update

from comity.model.outcome import Outcome
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

access_trail: Final = Table(
    "access_trail",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False, index=True),
    Column("person", String(64), nullable=False, index=True),
    Column("via", String(16), nullable=False),
    Column("way", String(16), nullable=False),
    Column("action", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("object", String(64), nullable=False, index=True),
    Column("mark", String(64), nullable=False, index=True),
    Column("outcome", String(24), nullable=False),
    Column("times", Integer, nullable=False),
)


UNSEEN: Final = frozenset({Outcome.REFUSED, Outcome.NOT_FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One decision at one door. `object` is the id that was asked for, "" for none; `person` "" for a stranger."""

    at: datetime
    person: str
    via: str
    way: str
    action: str
    kind: str
    object: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row, as read. `object` is "" where it was not seen; `mark` then stands for it, the same for the same id."""

    seq: int
    first_at: datetime
    last_at: datetime
    person: str
    via: str
    way: str
    action: str
    kind: str
    object: str
    mark: str
    outcome: Outcome
    times: int


def add(tx: Tx, decisions: Iterable[Seen]) -> None:
    """Keep decisions, in their order. An object is an id of at most 64 characters; a longer one is cut.

    Of what a stranger was refused no object is kept: anybody can ask for any number of them, and each would be a row
    that pushes out an older one.
    """
    for seen in decisions:
        hidden = seen.outcome in UNSEEN
        mark = mark_of(tx, seen.object[:64]) if hidden and seen.object and seen.person else ""
        told = (seen.person, seen.via, seen.way, seen.action, seen.kind, "" if hidden else seen.object[:64], mark)
        key = _key(*told, seen.outcome, seen.at.strftime("%Y-%m-%dT%H"))
        again = update(access_trail).where(access_trail.c.key == key)
        if tx.connection.execute(again.values(times=access_trail.c.times + 1, last_at=seen.at)).rowcount == 0:
            names = ("person", "via", "way", "action", "kind", "object", "mark")
            values = dict(zip(names, told, strict=True))
            times = {"first_at": seen.at, "last_at": seen.at, "times": 1}
            tx.connection.execute(insert(access_trail).values(key=key, outcome=seen.outcome.value, **times, **values))


def prune(tx: Tx, *, before: datetime, most: int) -> None:
    """Forget rows that ended before a moment, and the oldest beyond so many."""
    tx.connection.execute(delete(access_trail).where(access_trail.c.last_at < before))
    newest: int = tx.connection.execute(select(func.max(access_trail.c.seq))).scalar() or 0
    tx.connection.execute(delete(access_trail).where(access_trail.c.seq <= newest - most))


def read(
    tx: Tx, *, person: str = "", about: str = "", outcome: Outcome | None = None, before: int | None = None, limit: int
) -> tuple[Entry, ...]:
    """Rows, newest first. `about`: an id, found where it was seen and where it was not. `before`: a row's `seq`."""
    query = select(access_trail)
    if person:
        query = query.where(access_trail.c.person == person)
    if about:
        query = query.where(or_(access_trail.c.object == about, access_trail.c.mark == mark_of(tx, about)))
    if outcome is not None:
        query = query.where(access_trail.c.outcome == outcome.value)
    if before is not None:
        query = query.where(access_trail.c.seq < before)
    found = tx.connection.execute(query.order_by(access_trail.c.seq.desc()).limit(limit))
    return tuple(_entry(row) for row in found)


def count(tx: Tx) -> int:
    """How many rows there are."""
    return tx.connection.execute(select(func.count()).select_from(access_trail)).scalar_one()


def mark_of(tx: Tx, id_: str) -> str:
    """What stands for an id that was not seen."""
    return tx.master.mark("access-trail", id_)


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _entry(row: Row[Any]) -> Entry:
    values = {name: getattr(row, name) for name in Entry.__slots__ if name != "outcome"}
    return Entry(outcome=Outcome(row.outcome), **values)
