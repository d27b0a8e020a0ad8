"""Second factors at rest: the shared secret is sealed, recovery codes are digests, and no code is taken twice.

Passkeys, the other second factor, are in `passkeys`; recovery codes stand in for either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from comity.model.ids import PartyId
from comity.store import passkeys
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

code_secrets: Final = Table(
    "code_secrets",
    metadata,
    Column("person", String(64), ForeignKey("people.id"), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment, nullable=True),
    Column("last_step", BigInteger, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
recovery_codes: Final = Table(
    "recovery_codes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False, index=True),
    Column("used_at", Moment, nullable=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A person's code secret. `confirmed_at` None: shown, not yet proven to be on their device."""

    secret: str
    created_at: datetime
    confirmed_at: datetime | None
    last_step: int


def held(tx: Tx, person: PartyId) -> Held | None:
    """The person's code secret, None without one."""
    row = tx.connection.execute(select(code_secrets).where(code_secrets.c.person == person)).first()
    if row is None:
        return None
    secret = unseal(tx.master, _record(person), Sealed(wrapped=row.wrapped, body=row.sealed)).decode()
    return Held(secret=secret, created_at=row.created_at, confirmed_at=row.confirmed_at, last_step=row.last_step)


def has(tx: Tx, person: PartyId) -> bool:
    """Whether the person has a second factor in use: codes or a passkey.

    A passkey that opens nothing any more still counts, so that nobody gets rid of the second factor by breaking it.
    """
    return has_code(tx, person) or passkeys.has(tx, person)


def has_code(tx: Tx, person: PartyId) -> bool:
    """Whether the person's device shows codes."""
    query = select(code_secrets.c.person).where(
        code_secrets.c.person == person, code_secrets.c.confirmed_at.is_not(None)
    )
    return tx.connection.execute(query).first() is not None


def everybody(tx: Tx) -> frozenset[PartyId]:
    """Who has a second factor in use."""
    query = select(code_secrets.c.person).where(code_secrets.c.confirmed_at.is_not(None))
    return frozenset(PartyId(id_) for id_ in tx.connection.execute(query).scalars()) | passkeys.holders(tx)


def begin(tx: Tx, person: PartyId, secret: str, *, at: datetime) -> None:
    """Keep a secret that is not proven yet, in place of whatever was there."""
    remove_code(tx, person)
    sealed = seal(tx.master, _record(person), secret.encode())
    values = {"person": person, "created_at": at, "last_step": 0, "wrapped": sealed.wrapped, "sealed": sealed.body}
    tx.connection.execute(insert(code_secrets).values(**values))


def take_step(tx: Tx, person: PartyId, step: int, *, confirmed_at: datetime) -> bool:
    """Spend a code's time step. False when it, or a later one, was spent meanwhile: then the code is not good."""
    mine = code_secrets.c.person == person, code_secrets.c.last_step < step
    values = {
        "last_step": step,
        "confirmed_at": func.coalesce(code_secrets.c.confirmed_at, literal(confirmed_at, Moment())),
    }
    return tx.connection.execute(update(code_secrets).where(*mine).values(**values)).rowcount == 1


def remove(tx: Tx, person: PartyId) -> None:
    """Forget every second factor of the person: codes, passkeys and recovery codes."""
    passkeys.remove_all(tx, person)
    remove_code(tx, person)


def remove_code(tx: Tx, person: PartyId) -> None:
    """Forget the person's code secret; and recovery codes too when no passkey is left for them to stand in for."""
    tx.connection.execute(delete(code_secrets).where(code_secrets.c.person == person))
    tidy_recovery(tx, person)


def tidy_recovery(tx: Tx, person: PartyId) -> None:
    """Forget recovery codes that stand in for nothing any more."""
    if not has(tx, person):
        tx.connection.execute(delete(recovery_codes).where(recovery_codes.c.person == person))


def put_recovery(tx: Tx, person: PartyId, digests: Iterable[str]) -> None:
    """These recovery codes, in place of all earlier ones."""
    tx.connection.execute(delete(recovery_codes).where(recovery_codes.c.person == person))
    tx.connection.execute(insert(recovery_codes), [{"digest": one, "person": person} for one in digests])


def take_recovery(tx: Tx, person: PartyId, digest: str, *, at: datetime) -> bool:
    """Spend a recovery code; False for one that is not this person's or was spent."""
    mine = recovery_codes.c.digest == digest, recovery_codes.c.person == person, recovery_codes.c.used_at.is_(None)
    return tx.connection.execute(update(recovery_codes).where(*mine).values(used_at=at)).rowcount == 1


def recovery_left(tx: Tx, person: PartyId) -> int:
    """How many recovery codes are not spent."""
    mine = recovery_codes.c.person == person, recovery_codes.c.used_at.is_(None)
    return tx.connection.execute(select(func.count()).select_from(recovery_codes).where(*mine)).scalar_one()


def _record(person: PartyId) -> str:
    return f"code_secrets/{person}"
