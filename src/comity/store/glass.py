"""Break-glass at rest: who asked to see a withheld case, who seconded it, and until when. The reason is sealed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, LargeBinary, Row, String, Table, insert, or_, select, update

from comity.errors import Missing
from comity.model.ids import PartyId
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

breakings: Final = Table(
    "breakings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), nullable=False),
    Column("asker", String(64), ForeignKey("people.id"), nullable=False, index=True),
    Column("asked_at", Moment, nullable=False),
    Column("lapses_at", Moment, nullable=False),
    Column("seconder", String(64), ForeignKey("people.id"), nullable=True),
    Column("opened_at", Moment, nullable=True),
    Column("ends_at", Moment, nullable=True, index=True),
    Column("ended_by", String(64), nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""`case_id` is what was asked for, whether there is such a case or not: the table knows none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaking:
    """One request. `lapses_at`: until then it may be seconded; `ends_at`: until then it is open."""

    id: str
    case_id: str
    asker: PartyId
    asked_at: datetime
    lapses_at: datetime
    reason: str
    seconder: PartyId | None = None
    opened_at: datetime | None = None
    ends_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it lets its asker see now."""
        return self.ends_at is not None and self.ended_at is None and now < self.ends_at

    def waits(self, now: datetime) -> bool:
        """Whether it may still be seconded."""
        return self.seconder is None and self.ended_at is None and now < self.lapses_at


def add(tx: Tx, asked: Breaking) -> None:
    """Keep a request."""
    sealed = seal(tx.master, _record(asked.id), asked.reason.encode())
    values = {name: getattr(asked, name) for name in Breaking.__slots__ if name != "reason"}
    tx.connection.execute(insert(breakings).values(**values, wrapped=sealed.wrapped, sealed=sealed.body))


def get(tx: Tx, id_: str) -> Breaking:
    """One request. Missing when there is none."""
    row = tx.connection.execute(select(breakings).where(breakings.c.id == id_)).first()
    if row is None:
        raise Missing(f"no request {id_}")
    return _breaking(tx, row)


def latest(tx: Tx, limit: int) -> tuple[Breaking, ...]:
    """The newest requests first."""
    query = select(breakings).order_by(breakings.c.asked_at.desc(), breakings.c.id).limit(limit)
    return tuple(_breaking(tx, row) for row in tx.connection.execute(query))


def opened(tx: Tx, *, at: datetime) -> tuple[tuple[PartyId, str], ...]:
    """Whoever sees a case by break-glass at this moment, and which."""
    now = breakings.c.ends_at > at, breakings.c.ended_at.is_(None)
    found = tx.connection.execute(select(breakings.c.asker, breakings.c.case_id).where(*now))
    return tuple((PartyId(row.asker), row.case_id) for row in found)


def waiting_of(tx: Tx, asker: PartyId, *, at: datetime) -> Iterable[str]:
    """The cases that a person asked for and that wait or are open."""
    waits = breakings.c.seconder.is_(None) & (breakings.c.lapses_at > at)
    mine = breakings.c.asker == asker, breakings.c.ended_at.is_(None), or_(waits, breakings.c.ends_at > at)
    return tx.connection.execute(select(breakings.c.case_id).where(*mine)).scalars().all()


def second(tx: Tx, id_: str, by: PartyId, *, at: datetime, ends_at: datetime) -> bool:
    """Open it. False when somebody else did, or ended it, meanwhile."""
    free = breakings.c.id == id_, breakings.c.seconder.is_(None), breakings.c.ended_at.is_(None)
    values = {"seconder": by, "opened_at": at, "ends_at": ends_at}
    return tx.connection.execute(update(breakings).where(*free).values(**values)).rowcount == 1


def end(tx: Tx, id_: str, by: PartyId, *, at: datetime) -> None:
    """End it, before it was opened or after. Ending twice keeps the first time."""
    free = breakings.c.id == id_, breakings.c.ended_at.is_(None)
    tx.connection.execute(update(breakings).where(*free).values(ended_by=by, ended_at=at))


def _record(id_: str) -> str:
    return f"breakings/{id_}"


def _breaking(tx: Tx, row: Row[Any]) -> Breaking:
    values = {name: getattr(row, name) for name in Breaking.__slots__ if name != "reason"}
    reason = unseal(tx.master, _record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)).decode()
    return Breaking(reason=reason, **values)
