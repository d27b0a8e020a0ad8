"""Engagements at rest. Opened by assess alone; every read takes the viewer and decides in the query who sees a row.

Record and files of one engagement are sealed under one data key of its own (`custody`), so that destroying half a key
erases them all. What stays in clear is what queries need and what may remain for ever: id, state, the developer's
organisation, moments, who holds which seat, the content-free access ledger, and the signed erasure receipt.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from comity.errors import Conflict, Missing, Tampered, TooLarge
from comity.model.dossier import Engagement
from comity.model.engagement import State
from comity.model.ids import EngagementId, PartyId
from comity.model.party import Role, Viewer
from comity.store import rows
from comity.store.crypt import decrypt, encrypt
from comity.store.custody import Custody
from comity.store.engine import Tx
from comity.store.seen import Page, next_start, page_of
from comity.store.tables import Moment, metadata, moment_text, read_moment

FILE_LIMIT_BYTES = 16 * 1024 * 1024

engagements = Table(
    "engagements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(32), nullable=False, index=True),
    Column("developer", String(64), nullable=False, index=True),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("receipt", LargeBinary, nullable=True),
    Column("erased_at", Moment, nullable=True),
)

engagement_seats = Table(
    "engagement_seats",
    metadata,
    Column("engagement", String(32), ForeignKey("engagements.id"), primary_key=True),
    Column("person", String(64), primary_key=True),
)

engagement_files = Table(
    "engagement_files",
    metadata,
    Column("engagement", String(32), ForeignKey("engagements.id"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

engagement_ledger = Table(
    "engagement_ledger",
    metadata,
    Column("engagement", String(32), ForeignKey("engagements.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""Append-only: database triggers forbid UPDATE and DELETE, as they do for the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What is in clear, and all that remains of an erased engagement."""

    id: EngagementId
    state: State
    developer: PartyId
    opened_at: datetime
    since: datetime
    erased_at: datetime | None
    receipt: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry of the access ledger as it is stored: canonical fields and the chain's hash."""

    place: int
    fields: dict[str, Any]
    hash: str


def add(tx: Tx, custody: Custody, engagement: Engagement) -> Engagement:
    """Keep a new engagement under a key of its own; gives it back as stored (version 1)."""
    stored = replace(engagement, version=1)
    wrapped = custody.new_key(tx.master, stored.id)
    tx.connection.execute(
        insert(engagements).values(
            id=stored.id,
            developer=stored.developer,
            opened_at=stored.opened_at,
            wrapped=wrapped,
            **_columns(custody.key(tx.master, stored.id, wrapped), stored),
        )
    )
    _seat(tx, stored)
    return stored


def save(tx: Tx, custody: Custody, engagement: Engagement) -> Engagement:
    """Store the next state; gives it back with its new version. Conflict when somebody else saved it meanwhile."""
    stored = replace(engagement, version=engagement.version + 1)
    changed = tx.connection.execute(
        update(engagements)
        .where(engagements.c.id == stored.id, engagements.c.version == engagement.version)
        .values(**_columns(_key(tx, custody, stored.id), stored))
    )
    if changed.rowcount != 1:
        raise Conflict(f"engagement {stored.id} changed meanwhile: look at it again, then decide")
    _seat(tx, stored)
    return stored


def get(tx: Tx, custody: Custody, id_: EngagementId, viewer: Viewer) -> Engagement:
    """One engagement. Missing when there is none, when this viewer has no part in it, and once its erasure began."""
    row = tx.connection.execute(select(engagements).where(engagements.c.id == id_, _sees(viewer))).first()
    if row is None or row.sealed is None or row.wrapped is None or row.receipt is not None:
        raise Missing(f"no engagement {id_}")
    return _open(tx, custody, row)


def outline(tx: Tx, id_: EngagementId, viewer: Viewer) -> Outline:
    """What is in clear of an engagement, erased or not. Missing for who has no part in it."""
    row = tx.connection.execute(select(engagements).where(engagements.c.id == id_, _sees(viewer))).first()
    if row is None:
        raise Missing(f"no engagement {id_}")
    return _outline(row)


def version(tx: Tx, id_: EngagementId, viewer: Viewer) -> int:
    """How often an engagement was saved: what a watcher compares, without opening it. Missing as for `outline`."""
    here = (engagements.c.id == id_, _sees(viewer))
    found: int | None = tx.connection.execute(select(engagements.c.version).where(*here)).scalar()
    if found is None:
        raise Missing(f"no engagement {id_}")
    return found


def page(
    tx: Tx, custody: Custody, viewer: Viewer, *, start: str | None = None, limit: int = 50
) -> Page[tuple[Outline, Engagement | None]]:
    """Engagements that this viewer has a part in, newest first; None beside the outline of an erased one."""
    query = page_of(
        select(engagements).where(_sees(viewer)),
        moment=engagements.c.opened_at,
        id_=engagements.c.id,
        start=start,
        limit=limit,
    )
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(
            (_outline(r), _open(tx, custody, r) if r.sealed is not None and r.receipt is None else None)
            for r in found[:limit]
        ),
        next=None if last is None else next_start(last.opened_at, last.id),
    )


def unfinished(tx: Tx) -> list[EngagementId]:
    """Every engagement that is not erased: each has a clock or a person to wait for."""
    query = select(engagements.c.id).where(engagements.c.state != State.ERASED.value).order_by(engagements.c.id)
    return [EngagementId(one) for one in tx.connection.execute(query).scalars()]


def count(tx: Tx) -> dict[State, int]:
    """How many engagements stand in each state; states without any are left out."""
    query = select(engagements.c.state, func.count()).group_by(engagements.c.state)
    return {State(state): number for state, number in tx.connection.execute(query).all()}


def keep_file(tx: Tx, custody: Custody, id_: EngagementId, name: str, data: bytes) -> None:
    """Keep a file of the engagement, or replace the one of that name."""
    if len(data) > FILE_LIMIT_BYTES:
        raise TooLarge(f"a file of {len(data)} bytes is over the limit of {FILE_LIMIT_BYTES}: split it")
    where = engagement_files.c.engagement == id_, engagement_files.c.name == name
    sealed = encrypt(_key(tx, custody, id_), _file_place(id_, name), data)
    if tx.connection.execute(update(engagement_files).where(*where).values(sealed=sealed)).rowcount == 0:
        tx.connection.execute(insert(engagement_files).values(engagement=id_, name=name, sealed=sealed))


def file(tx: Tx, custody: Custody, id_: EngagementId, name: str) -> bytes:
    """The content of a file. Missing when there is none. Who may read it is the counter's affair, seat by seat."""
    where = engagement_files.c.engagement == id_, engagement_files.c.name == name
    sealed: bytes | None = tx.connection.execute(select(engagement_files.c.sealed).where(*where)).scalar()
    if sealed is None:
        raise Missing(f"engagement {id_} holds no file {name}")
    return decrypt(_key(tx, custody, id_), _file_place(id_, name), sealed)


def file_names(tx: Tx, id_: EngagementId) -> tuple[str, ...]:
    """Names of the files, in order. Names hold no content."""
    query = (
        select(engagement_files.c.name).where(engagement_files.c.engagement == id_).order_by(engagement_files.c.name)
    )
    return tuple(tx.connection.execute(query).scalars())


def data_key(tx: Tx, custody: Custody, id_: EngagementId) -> bytes:
    """The engagement's own key, for what is sealed outside the store and for marks. Missing after erasure."""
    return _key(tx, custody, id_)


def note(tx: Tx, id_: EngagementId, place: int, fields: dict[str, Any], hash_: str) -> None:
    """Append one entry to the access ledger. Conflict when that place is taken."""
    last = tx.connection.execute(
        select(func.max(engagement_ledger.c.place)).where(engagement_ledger.c.engagement == id_)
    ).scalar()
    if place != (last or 0) + 1:
        raise Conflict(f"the access ledger of {id_} has {last or 0} entries: the next one is not {place}")
    body = json.dumps({**fields, "at": moment_text(fields["at"])}, sort_keys=True)
    tx.connection.execute(insert(engagement_ledger).values(engagement=id_, place=place, body=body, hash=hash_))


def ledger(tx: Tx, id_: EngagementId) -> Sequence[Line]:
    """The whole access ledger, oldest first."""
    query = select(engagement_ledger).where(engagement_ledger.c.engagement == id_).order_by(engagement_ledger.c.place)
    return [_line(row) for row in tx.connection.execute(query)]


def last_line(tx: Tx, id_: EngagementId) -> Line | None:
    """The newest entry of the access ledger."""
    query = (
        select(engagement_ledger)
        .where(engagement_ledger.c.engagement == id_)
        .order_by(engagement_ledger.c.place.desc())
        .limit(1)
    )
    row = tx.connection.execute(query).first()
    return None if row is None else _line(row)


def note_erasure(tx: Tx, id_: EngagementId, facts: dict[str, str]) -> None:
    """Begin the erasure: keep what the receipt will say, before the record can no longer be opened. Once is enough."""
    body = json.dumps(facts, sort_keys=True).encode()
    tx.connection.execute(
        update(engagements).where(engagements.c.id == id_, engagements.c.receipt.is_(None)).values(receipt=body)
    )


def drop_files(tx: Tx, id_: EngagementId) -> None:
    """Delete every file of an engagement: an enquiry that went no further leaves none."""
    tx.connection.execute(delete(engagement_files).where(engagement_files.c.engagement == id_))


def erase(tx: Tx, id_: EngagementId, *, at: datetime, receipt: bytes) -> None:
    """Delete record, files and wrapped key; outline, seats and access ledger stay, with the signed receipt."""
    tx.connection.execute(delete(engagement_files).where(engagement_files.c.engagement == id_))
    changed = tx.connection.execute(
        update(engagements)
        .where(engagements.c.id == id_, engagements.c.erased_at.is_(None))
        .values(state=State.ERASED.value, since=at, erased_at=at, wrapped=None, sealed=None, receipt=receipt)
    )
    if changed.rowcount != 1:
        raise Conflict(f"engagement {id_} is erased already")


def _sees(viewer: Viewer) -> ColumnElement[bool]:
    """A flow sees all; a coordinator every engagement; a developer those of their organisation; others by their seats.

    What of an engagement a seat may then read is decided by the counter, part by part.
    """
    if viewer.is_system:
        return true()
    ways: list[ColumnElement[bool]] = [false()]
    if Role.COORDINATOR in viewer.roles:
        ways.append(true())
    if Role.DEVELOPER in viewer.roles and viewer.organisation:
        ways.append(engagements.c.developer == viewer.organisation)
    if viewer.person:
        mine = select(engagement_seats.c.person).where(
            engagement_seats.c.engagement == engagements.c.id, engagement_seats.c.person == viewer.person
        )
        ways.append(exists(mine.correlate(engagements)))
    return or_(*ways)


def _columns(key: bytes, engagement: Engagement) -> dict[str, Any]:
    return {
        "state": engagement.state.value,
        "since": engagement.since,
        "version": engagement.version,
        "sealed": encrypt(key, f"engagements/{engagement.id}", rows.encode(engagement, Engagement)),
    }


def _seat(tx: Tx, engagement: Engagement) -> None:
    query = select(engagement_seats.c.person).where(engagement_seats.c.engagement == engagement.id)
    held = set(tx.connection.execute(query).scalars())
    named: set[str] = {one.person for one in engagement.seats}
    gone = sorted(held - named)
    if gone:
        tx.connection.execute(
            delete(engagement_seats).where(
                engagement_seats.c.engagement == engagement.id, engagement_seats.c.person.in_(gone)
            )
        )
    fresh = sorted(named - held)
    if fresh:
        tx.connection.execute(
            insert(engagement_seats), [{"engagement": engagement.id, "person": person} for person in fresh]
        )


def _key(tx: Tx, custody: Custody, id_: EngagementId) -> bytes:
    wrapped: bytes | None = tx.connection.execute(select(engagements.c.wrapped).where(engagements.c.id == id_)).scalar()
    if wrapped is None:
        raise Missing(f"no engagement {id_}")
    return custody.key(tx.master, id_, wrapped)


def _open(tx: Tx, custody: Custody, row: Row[Any]) -> Engagement:
    key = custody.key(tx.master, EngagementId(row.id), row.wrapped)
    return rows.decode(Engagement, decrypt(key, f"engagements/{row.id}", row.sealed))


def _outline(row: Row[Any]) -> Outline:
    return Outline(
        id=EngagementId(row.id),
        state=State(row.state),
        developer=PartyId(row.developer),
        opened_at=row.opened_at,
        since=row.since,
        erased_at=row.erased_at,
        receipt=row.receipt,
    )


def _line(row: Row[Any]) -> Line:
    try:
        fields = json.loads(row.body)
        fields["at"] = read_moment(fields["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(f"entry {row.place} of an access ledger is none that Comity writes") from error
    return Line(place=row.place, fields=fields, hash=row.hash)


def _file_place(id_: EngagementId, name: str) -> str:
    return f"engagements/{id_}/{name}"
