"""What happened, in order, written in the same transaction as the change it tells of; also the outbox of every desk.

Each entry holds the hash of the one before it, so an edited, swapped, inserted or deleted entry breaks the chain from
there on (`proof.verify` names what broke). The first one is bound to the store's random id. Entries hold ids and public
facts only: erasing a record never touches the journal. Database triggers forbid UPDATE and DELETE.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import rfc8785
from sqlalchemy import ColumnElement, func, insert, select, update

from comity.errors import Conflict, Tampered
from comity.model.events import Event, Kind
from comity.store.engine import Head, Tx
from comity.store.tables import cursors, journal, journal_subjects, moment_text, read_moment

FACT_LIMIT: Final = 256
"""Characters of one fact. Longer is no public fact but somebody's text, and does not belong here."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journalled event with its place in the chain."""

    seq: int
    event: Event
    previous: str
    hash: str


def append(tx: Tx, event: Event) -> Entry:
    """Write the event at the end of the chain. A key that is already there writes nothing and gives that entry back.

    Conflict when the key stands for something else: kind, subjects or facts differ (time and actor may, since a step
    that runs again has another clock). ValueError for facts that are too long to be public facts.
    """
    _check(event)
    held = by_key(tx, event.key)
    if held is not None:
        if (held.event.kind, held.event.subjects, held.event.facts) != (event.kind, event.subjects, dict(event.facts)):
            raise Conflict(f"journal key {event.key} already stands for another {held.event.kind} entry")
        return held
    before = tx.heads[-1] if tx.heads else head(tx)
    body = _body(before, event)
    entry = Entry(seq=before.seq + 1, event=event, previous=before.hash, hash=entry_hash(body))
    tx.connection.execute(
        insert(journal).values(seq=entry.seq, kind=event.kind.value, key=event.key, body=body, hash=entry.hash)
    )
    subjects = [{"subject": subject, "seq": entry.seq} for subject in dict.fromkeys(event.subjects)]
    if subjects:
        tx.connection.execute(insert(journal_subjects), subjects)
    if not tx.heads:
        tx.heads.append(before)
    tx.heads.append(Head(store=tx.store_id, seq=entry.seq, hash=entry.hash))
    return entry


def head(tx: Tx) -> Head:
    """The end of the chain; an empty journal has `seq` 0 and the genesis hash."""
    row = tx.connection.execute(select(journal.c.seq, journal.c.hash).order_by(journal.c.seq.desc()).limit(1)).first()
    if row is None:
        return Head(store=tx.store_id, seq=0, hash=genesis(tx.store_id))
    return Head(store=tx.store_id, seq=row.seq, hash=row.hash)


def at(tx: Tx, seq: int) -> Head | None:
    """The head as it was when the journal had `seq` entries; None for entries that are not there."""
    if seq == 0:
        return Head(store=tx.store_id, seq=0, hash=genesis(tx.store_id))
    found = tx.connection.execute(select(journal.c.hash).where(journal.c.seq == seq)).scalar()
    return None if found is None else Head(store=tx.store_id, seq=seq, hash=found)


def by_key(tx: Tx, key: str) -> Entry | None:
    """The entry of an idempotency key, if it was journalled."""
    found = _entries(tx, journal.c.key == key, limit=1)
    return found[0] if found else None


def after(tx: Tx, seq: int, *, limit: int = PAGE) -> list[Entry]:
    """Up to `limit` entries after `seq`, oldest first. Writers are one at a time, so none appears later in between."""
    return _entries(tx, journal.c.seq > seq, limit=limit)


def about(tx: Tx, subject: str, *, limit: int = PAGE) -> list[Entry]:
    """Up to `limit` entries about one id, oldest first."""
    named = select(journal_subjects.c.seq).where(journal_subjects.c.subject == subject)
    return _entries(tx, journal.c.seq.in_(named), limit=limit)


def tally(tx: Tx, kind: str, **facts: str) -> int:
    """How many entries of a kind carry these facts. Entries are canonical JSON, so a fact has one way to be written."""
    query = select(func.count()).select_from(journal).where(journal.c.kind == kind)
    for name, value in facts.items():
        wanted = rfc8785.dumps({name: value}).decode()[1:-1]
        query = query.where(journal.c.body.contains(wanted, autoescape=True))
    return int(tx.connection.execute(query).scalar() or 0)


def cursor(tx: Tx, subscriber: str) -> int:
    """The last entry that this subscriber is done with; 0 for one that never said."""
    return tx.connection.execute(select(cursors.c.seq).where(cursors.c.subscriber == subscriber)).scalar() or 0


def advance(tx: Tx, subscriber: str, seq: int) -> None:
    """Remember that the subscriber is done with everything up to `seq`. A cursor never goes back."""
    moved = tx.connection.execute(
        update(cursors).where(cursors.c.subscriber == subscriber, cursors.c.seq < seq).values(seq=seq)
    )
    if (
        moved.rowcount == 0
        and not tx.connection.execute(select(cursors.c.seq).where(cursors.c.subscriber == subscriber)).first()
    ):
        tx.connection.execute(insert(cursors).values(subscriber=subscriber, seq=seq))


def genesis(store_id: str) -> str:
    """What the first entry of a store names as its predecessor: no two stores share a chain."""
    return hashlib.sha256(b"comity journal v1\n" + store_id.encode()).hexdigest()


def entry_hash(body: str) -> str:
    """SHA-256 over the entry's canonical bytes (RFC 8785), which hold the hash of the entry before it."""
    return hashlib.sha256(b"comity journal entry v1\n" + body.encode()).hexdigest()


def parse(body: str, hash_: str) -> Entry:
    """Read an entry's canonical text. Tampered when it is not one that Comity writes."""
    try:
        held: dict[str, Any] = json.loads(body)
        return Entry(
            seq=held["seq"],
            event=Event(
                kind=Kind(held["kind"]),
                key=held["key"],
                at=read_moment(held["at"]),
                subjects=tuple(held["subjects"]),
                facts=held["facts"],
                actor=held["actor"],
            ),
            previous=held["previous"],
            hash=hash_,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered("a journal entry is not one that Comity writes: run `comity journal verify`") from error


def _body(before: Head, event: Event) -> str:
    held: dict[str, Any] = {
        "seq": before.seq + 1,
        "previous": before.hash,
        "kind": event.kind.value,
        "key": event.key,
        "at": moment_text(event.at),
        "subjects": list(event.subjects),
        "facts": dict(event.facts),
        "actor": event.actor,
    }
    return rfc8785.dumps(held).decode()


def _check(event: Event) -> None:
    if not event.key or len(event.key) > 255:
        raise ValueError("a journal key has 1 to 255 characters")
    for name, value in event.facts.items():
        if len(value) > FACT_LIMIT or not value.isprintable():
            raise ValueError(f"fact {name} is no public fact: printable text of at most {FACT_LIMIT} characters")


def _entries(tx: Tx, where: ColumnElement[bool], *, limit: int) -> list[Entry]:
    rows = tx.connection.execute(
        select(journal.c.body, journal.c.hash).where(where).order_by(journal.c.seq).limit(limit)
    )
    return [parse(row.body, row.hash) for row in rows]
