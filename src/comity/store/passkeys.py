"""Passkeys at rest: public keys and counters, and the challenges that were answered, none of them twice."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from comity.errors import Conflict, Missing
from comity.model.ids import PartyId
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False, index=True),
    Column("name", String(128), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("credential", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("verified", Boolean(name="verified"), nullable=False),
    Column("synced", Boolean(name="synced"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
    Column("copied_at", Moment, nullable=True),
)
passkey_answers: Final = Table(
    "passkey_answers",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("until", Moment, nullable=False, index=True),
)
"""Digests of challenges that were answered, kept until they would be too old anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey of a person. `copied_at`: its counter went back then, and it opens nothing any more."""

    id: str
    person: PartyId
    name: str
    credential: bytes
    key: bytes
    count: int
    verified: bool
    synced: bool
    made_at: datetime
    used_at: datetime | None = None
    copied_at: datetime | None = None


def add(tx: Tx, passkey: Passkey) -> None:
    """Keep a new one. Conflict for a credential that somebody has registered already."""
    values = {name: getattr(passkey, name) for name in Passkey.__slots__}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(passkeys).values(**values, digest=_digest(passkey.credential)))
    except IntegrityError as error:
        raise Conflict("this passkey is registered already") from error


def of_person(tx: Tx, person: PartyId) -> tuple[Passkey, ...]:
    """A person's passkeys, oldest first, those of one moment by name."""
    query = select(passkeys).where(passkeys.c.person == person).order_by(passkeys.c.made_at, passkeys.c.name)
    return tuple(_passkey(row) for row in tx.connection.execute(query))


def has(tx: Tx, person: PartyId) -> bool:
    """Whether the person has one, even one that opens nothing any more."""
    return tx.connection.execute(select(passkeys.c.id).where(passkeys.c.person == person)).first() is not None


def holders(tx: Tx) -> frozenset[PartyId]:
    """Who has one."""
    return frozenset(PartyId(id_) for id_ in tx.connection.execute(select(passkeys.c.person).distinct()).scalars())


def by_credential(tx: Tx, credential: bytes) -> Passkey:
    """The passkey that a browser names. Missing when nobody registered it."""
    row = tx.connection.execute(select(passkeys).where(passkeys.c.digest == _digest(credential))).first()
    if row is None:
        raise Missing("no such passkey")
    return _passkey(row)


def used(tx: Tx, id_: str, *, before: int, count: int, at: datetime) -> bool:
    """Keep the new counter. False when the counter moved meanwhile: then this proof does not count."""
    mine = passkeys.c.id == id_, passkeys.c.count == before
    return tx.connection.execute(update(passkeys).where(*mine).values(count=count, used_at=at)).rowcount == 1


def mark_copied(tx: Tx, id_: str, *, at: datetime) -> None:
    """Its counter went back: it opens nothing from now on."""
    tx.connection.execute(update(passkeys).where(passkeys.c.id == id_).values(copied_at=at))


def remove(tx: Tx, id_: str, *, owner: PartyId) -> None:
    """Forget one passkey of its owner. Missing when the owner has no such passkey."""
    gone = tx.connection.execute(delete(passkeys).where(passkeys.c.id == id_, passkeys.c.person == owner))
    if gone.rowcount != 1:
        raise Missing(f"no passkey {id_}")


def remove_all(tx: Tx, person: PartyId) -> None:
    """Forget every passkey of a person."""
    tx.connection.execute(delete(passkeys).where(passkeys.c.person == person))


def answer_once(tx: Tx, challenge: bytes, *, at: datetime, until: datetime) -> bool:
    """Note that a challenge was answered. False when it was before. Old notes are cleared on the way."""
    tx.connection.execute(delete(passkey_answers).where(passkey_answers.c.until <= at))
    digest = _digest(challenge)
    if tx.connection.execute(select(passkey_answers).where(passkey_answers.c.digest == digest)).first() is not None:
        return False
    tx.connection.execute(insert(passkey_answers).values(digest=digest, until=until))
    return True


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _passkey(row: Row[Any]) -> Passkey:
    values = {name: getattr(row, name) for name in Passkey.__slots__ if name != "person"}
    values["count"] = row._mapping["count"]  # a row is a tuple, whose own `count` comes first
    return Passkey(person=PartyId(row.person), **values)
