"""Letters at rest, until they are sent. Address, subject and text are sealed; the clear columns say none of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update

from comity.errors import Missing
from comity.model.letter import Letter
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.letters_tables import letters

PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What may be known of a letter without opening it. `state` is waiting, sent, given up or dropped."""

    id: str
    purpose: str
    about: str
    state: str
    made_at: datetime
    next_at: datetime
    tries: int
    problem: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the letters of this host stand. `oldest` is when the oldest waiting one was made; `problem` its last one."""

    waiting: int
    sent: int
    given_up: int
    oldest: datetime | None
    problem: str


_WAITS: Final[ColumnElement[bool]] = and_(letters.c.sent_at.is_(None), letters.c.given_up_at.is_(None))
_GIVEN_UP: Final[ColumnElement[bool]] = and_(letters.c.given_up_at.is_not(None), letters.c.sealed.is_not(None))


def id_of(tx: Tx, key: str) -> str:
    """The letter's name: it tells nothing of the key, which may hold a case's id."""
    return tx.master.mark("letter", key)


def add(tx: Tx, letter: Letter, *, at: datetime) -> str:
    """Keep a letter to be sent from `at` on. One with the key of an earlier letter changes nothing."""
    id_ = id_of(tx, letter.key)
    if tx.connection.execute(select(letters.c.id).where(letters.c.id == id_)).first() is None:
        sealed = seal(tx.master, record(id_), rows.encode(letter, Letter))
        tx.connection.execute(
            insert(letters).values(
                id=id_,
                made_at=at,
                next_at=at,
                tries=0,
                wrapped=sealed.wrapped,
                sealed=sealed.body,
                purpose=letter.purpose,
                about=letter.about,
                problem="",
            )
        )
    return id_


def is_due(tx: Tx, *, now: datetime) -> bool:
    """Whether any letter waits to be tried at `now`: a look that takes no writer's lock."""
    return (
        tx.connection.execute(select(letters.c.id).where(_WAITS, letters.c.next_at <= now).limit(1)).first() is not None
    )


def take(tx: Tx, *, now: datetime, until: datetime) -> tuple[str, Letter, datetime, int] | None:
    """The letter that is due longest, held for this caller until `until`: id, letter, when it was made, which try."""
    query = select(letters).where(_WAITS, letters.c.next_at <= now).order_by(letters.c.next_at, letters.c.id).limit(1)
    row = tx.connection.execute(query).first()
    if row is None:
        return None
    tx.connection.execute(update(letters).where(letters.c.id == row.id).values(next_at=until, tries=row.tries + 1))
    return row.id, _open(tx, row), row.made_at, row.tries + 1


def sent(tx: Tx, id_: str, *, at: datetime) -> None:
    """It was handed over: what it said and to whom is forgotten here."""
    _end(tx, id_, sent_at=at, problem="", wrapped=None, sealed=None)


def put_off(tx: Tx, id_: str, problem: str, *, until: datetime) -> None:
    """It was not taken this time: try again from `until` on."""
    _end(tx, id_, next_at=until, problem=problem)


def give_up(tx: Tx, id_: str, problem: str, *, at: datetime) -> None:
    """It will not go by itself any more. Its content stays, so that a person can send it again or drop it."""
    _end(tx, id_, given_up_at=at, problem=problem)


def again(tx: Tx, id_: str, *, at: datetime) -> None:
    """Send a letter that was given up, from `at` on, with a fresh time to be tried. Missing for any other."""
    changed = tx.connection.execute(
        update(letters).where(letters.c.id == id_, _GIVEN_UP).values(given_up_at=None, next_at=at, made_at=at)
    )
    if changed.rowcount != 1:
        raise Missing("no such letter was given up")


def drop(tx: Tx, id_: str) -> None:
    """Forget the content of a letter that was given up. Missing for any other."""
    changed = tx.connection.execute(
        update(letters).where(letters.c.id == id_, _GIVEN_UP).values(wrapped=None, sealed=None)
    )
    if changed.rowcount != 1:
        raise Missing("no such letter was given up")


def withdraw(tx: Tx, about: str, *, at: datetime) -> int:
    """Forget every letter about a record that has not gone yet. Gives how many."""
    changed = tx.connection.execute(
        update(letters)
        .where(letters.c.about == about, letters.c.sent_at.is_(None), letters.c.sealed.is_not(None))
        .values(given_up_at=at, wrapped=None, sealed=None, problem="withdrawn before it was sent")
    )
    return int(changed.rowcount)


def of(tx: Tx, about: str) -> tuple[Slip, ...]:
    """The letters about one record, oldest first."""
    query = select(letters).where(letters.c.about == about).order_by(letters.c.made_at, letters.c.id)
    return tuple(_slip(row) for row in tx.connection.execute(query))


def unsent(tx: Tx) -> tuple[Slip, ...]:
    """Letters that wait or were given up, oldest first; the first 200."""
    query = select(letters).where(letters.c.sent_at.is_(None), letters.c.sealed.is_not(None))
    query = query.order_by(letters.c.made_at, letters.c.id).limit(PAGE)
    return tuple(_slip(row) for row in tx.connection.execute(query))


def standing(tx: Tx) -> Standing:
    """The count of each kind, and the oldest that waits."""

    def number(condition: ColumnElement[bool]) -> int:
        return int(tx.connection.execute(select(func.count()).select_from(letters).where(condition)).scalar_one())

    oldest = tx.connection.execute(select(letters).where(_WAITS).order_by(letters.c.made_at).limit(1)).first()
    return Standing(
        waiting=number(_WAITS),
        sent=number(letters.c.sent_at.is_not(None)),
        given_up=number(_GIVEN_UP),
        oldest=oldest.made_at if oldest is not None else None,
        problem=oldest.problem if oldest is not None else "",
    )


def record(id_: str) -> str:
    """The letter's place, bound into its seal."""
    return f"letters/{id_}"


def _end(tx: Tx, id_: str, **values: Any) -> None:
    tx.connection.execute(update(letters).where(letters.c.id == id_).values(**values))


def _open(tx: Tx, row: Row[Any]) -> Letter:
    return rows.decode(Letter, unseal(tx.master, record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))


def _slip(row: Row[Any]) -> Slip:
    state = "waiting"
    if row.sent_at is not None:
        state = "sent"
    elif row.given_up_at is not None:
        state = "given up" if row.sealed is not None else "dropped"
    return Slip(
        id=row.id,
        purpose=row.purpose,
        about=row.about,
        state=state,
        made_at=row.made_at,
        next_at=row.next_at,
        tries=row.tries,
        problem=row.problem,
        ended_at=row.sent_at or row.given_up_at,
    )
