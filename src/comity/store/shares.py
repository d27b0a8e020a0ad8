"""Shares of one thing with one party, who looked at what, and personal information that stays with a reason."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update

from comity.errors import Missing
from comity.model.ids import PartyId
from comity.model.sharing import Access, KeptField, Share
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.shared_tables import accesses, kept_fields, shares


def add(tx: Tx, share: Share) -> None:
    """Read a party in to one thing."""
    sealed = seal(tx.master, f"shares/{share.id}", rows.encode(share, Share))
    tx.connection.execute(
        insert(shares).values(
            id=share.id,
            subject=share.subject,
            owner=share.owner,
            recipient=share.recipient,
            at=share.at,
            ended_at=None,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def end(tx: Tx, id_: str, owner: PartyId, *, at: datetime) -> None:
    """End a share of this owner's: the record stays. Missing for any other, and for one that is over."""
    mine = (shares.c.id == id_, shares.c.owner == owner, shares.c.ended_at.is_(None))
    if tx.connection.execute(update(shares).where(*mine).values(ended_at=at)).rowcount != 1:
        raise Missing(f"no share {id_}")


def of(tx: Tx, owner: PartyId, *, subject: str = "", limit: int = 200) -> tuple[Share, ...]:
    """An owner's shares, newest first; with `subject` those of one thing."""
    query = select(shares).where(shares.c.owner == owner).order_by(shares.c.at.desc(), shares.c.id).limit(limit)
    if subject:
        query = query.where(shares.c.subject == subject)
    return tuple(_share(tx, row) for row in tx.connection.execute(query))


def to(tx: Tx, recipients: Sequence[str], *, subjects: Sequence[str] = ()) -> tuple[Share, ...]:
    """Shares in force with one of these parties, newest first; with `subjects` those of these things alone."""
    if not recipients:
        return ()
    query = select(shares).where(shares.c.recipient.in_(recipients), shares.c.ended_at.is_(None))
    if subjects:
        query = query.where(shares.c.subject.in_(subjects))
    query = query.order_by(shares.c.at.desc(), shares.c.id).limit(500)
    return tuple(_share(tx, row) for row in tx.connection.execute(query))


def looked(tx: Tx, *, owner: PartyId, subject: str, person: PartyId, what: str, at: datetime) -> None:
    """Note that somebody looked. One row a day for each person, thing and way."""
    key = hashlib.sha256(f"{owner}\n{subject}\n{person}\n{what}\n{at.date()}".encode()).hexdigest()
    again = {"last_at": at, "times": accesses.c.times + 1}
    if tx.connection.execute(update(accesses).where(accesses.c.key == key).values(**again)).rowcount:
        return
    row = {"key": key, "owner": owner, "subject": subject, "person": person, "what": what}
    tx.connection.execute(insert(accesses).values(**row, first_at=at, last_at=at, times=1))


def looks(tx: Tx, owner: PartyId, *, subjects: Sequence[str] = (), limit: int = 200) -> tuple[Access, ...]:
    """Who looked at this party's things, newest first."""
    query = select(accesses).where(accesses.c.owner == owner)
    if subjects:
        query = query.where(or_(*(accesses.c.subject == one for one in subjects)))
    query = query.order_by(accesses.c.last_at.desc(), accesses.c.key).limit(limit)
    return tuple(
        Access(
            subject=row.subject,
            person=PartyId(row.person),
            what=row.what,
            first_at=row.first_at,
            last_at=row.last_at,
            times=row.times,
        )
        for row in tx.connection.execute(query)
    )


def keep(tx: Tx, subject: str, kept: KeptField) -> None:
    """Keep the reason for a piece of personal information; a newer reason replaces the earlier one."""
    mark = tx.master.mark("kept field", f"{kept.field}\n{kept.text}")
    sealed = seal(tx.master, f"kept_fields/{subject}/{mark}", rows.encode(kept, KeptField))
    values = {"at": kept.at, "wrapped": sealed.wrapped, "sealed": sealed.body}
    mine = (kept_fields.c.subject == subject, kept_fields.c.mark == mark)
    if not tx.connection.execute(update(kept_fields).where(*mine).values(**values)).rowcount:
        tx.connection.execute(insert(kept_fields).values(subject=subject, mark=mark, **values))


def kept(tx: Tx, subject: str) -> tuple[KeptField, ...]:
    """What stays in one thing, each with its reason, oldest first."""
    query = select(kept_fields).where(kept_fields.c.subject == subject).order_by(kept_fields.c.at, kept_fields.c.mark)
    return tuple(
        rows.decode(
            KeptField,
            unseal(tx.master, f"kept_fields/{subject}/{row.mark}", Sealed(wrapped=row.wrapped, body=row.sealed)),
        )
        for row in tx.connection.execute(query)
    )


def unkeep(tx: Tx, subject: str) -> None:
    """Destroy what was kept of one thing's personal information, reasons included."""
    tx.connection.execute(delete(kept_fields).where(kept_fields.c.subject == subject))


def _share(tx: Tx, row: Row[Any]) -> Share:
    held = rows.decode(Share, unseal(tx.master, f"shares/{row.id}", Sealed(wrapped=row.wrapped, body=row.sealed)))
    return replace(held, ended_at=row.ended_at)
