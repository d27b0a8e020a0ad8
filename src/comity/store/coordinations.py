"""Coordination of cases at rest, with its thread. Who may see what is decided in the query.

Everything but what the queries need is sealed. A participant's row says whether they are seated and whether they may
read the case now; both are written whenever the coordination is saved, in the same transaction. A thread's message is
read by the participants it names and by nobody else but the coordinators who see the case.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    update,
)

from comity.errors import Conflict, Missing
from comity.model.coordination import KEEPS_QUIET, SEES, TIER_LABEL, Coordination, Message, Part, Participant, Thing
from comity.model.ids import CaseId, PartyId
from comity.model.party import Role, Viewer
from comity.store import blobs, rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_case
from comity.store.tables import Moment, cases, metadata
from comity.store.teams_tables import team_seats, teams_of

coordinations: Final = Table(
    "coordinations",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

participants: Final = Table(
    "participants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("person", String(64), nullable=True, index=True),
    Column("seated", Boolean(name="seated"), nullable=False),
    Column("may_read", Boolean(name="may_read"), nullable=False),
    Column("expires_at", Moment, nullable=True),
)
"""`may_read`: no embargo is in force, or this participant is bound by it. The invited see the invitation alone."""

messages: Final = Table(
    "messages",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_messages_case_id_at", "case_id", "at"),
)

message_readers: Final = Table(
    "message_readers",
    metadata,
    Column("message", String(32), ForeignKey("messages.id"), primary_key=True),
    Column("participant", String(32), primary_key=True),
)


# Coordination -------------------------------------------------------------------------------------------------------


def find(tx: Tx, case: CaseId) -> Coordination | None:
    """The coordination of a case; None while it has none. For whoever has already decided that the case may be seen."""
    row = tx.connection.execute(select(coordinations).where(coordinations.c.case_id == case)).first()
    return None if row is None else _open(tx, row)


def save(tx: Tx, held: Coordination) -> Coordination:
    """Keep the next state, and who may see what from now on. Conflict when somebody else saved it meanwhile."""
    place = record(held.case)
    version = held.version + 1
    stored = replace(held, version=version)
    sealed = seal(tx.master, place, rows.encode(stored, Coordination))
    values = {"version": version, "wrapped": sealed.wrapped, "sealed": sealed.body}
    if held.version == 0:
        if find(tx, held.case) is not None:
            raise Conflict(f"case {held.case} is coordinated already: read it again, then decide")
        tx.connection.execute(insert(coordinations).values(case_id=held.case, **values))
    else:
        changed = tx.connection.execute(
            update(coordinations)
            .where(coordinations.c.case_id == held.case, coordinations.c.version == held.version)
            .values(**values)
        )
        if changed.rowcount != 1:
            raise Conflict(f"case {held.case} was changed meanwhile: read it again, then decide")
    _seat(tx, stored)
    return stored


def _seat(tx: Tx, held: Coordination) -> None:
    for table in (participants, team_seats):
        tx.connection.execute(delete(table).where(table.c.case_id == held.case))
    seats = [
        {
            "case_id": held.case,
            "id": one.id,
            "person": one.person,
            "seated": one.read_out_at is None,
            "may_read": _may_read(held, one),
            "expires_at": one.expires_at,
        }
        for one in held.participants
    ]
    if seats:
        tx.connection.execute(insert(participants), seats)
    of_teams = [
        {
            "participant": one.id,
            "case_id": held.case,
            "team": one.team,
            "label": int(TIER_LABEL[one.tier]),
            "reads_reports": Thing.FINDING in SEES[one.tier],
            "coordinates": one.part is Part.COORDINATOR and Thing.FINDING in SEES[one.tier] and _may_read(held, one),
        }
        for one in held.participants
        if one.team is not None
    ]
    if of_teams:
        tx.connection.execute(insert(team_seats), of_teams)


def _may_read(held: Coordination, one: Participant) -> bool:
    return one.read_out_at is None and (not held.is_bound() or one.consent in KEEPS_QUIET)


def seats(tx: Tx, viewer: Viewer, *, at: datetime) -> tuple[tuple[CaseId, str, bool], ...]:
    """The cases in which this person has a seat now: case, participant, and whether they may read it."""
    query = select(participants).where(_sits(viewer, at)).order_by(participants.c.case_id, participants.c.id)
    return tuple((CaseId(row.case_id), row.id, row.may_read) for row in tx.connection.execute(query))


def seat(tx: Tx, id_: str, viewer: Viewer, *, at: datetime) -> tuple[CaseId, bool]:
    """The case behind this person's seat, and whether they may read it. Missing: no such seat, or somebody else's."""
    row = tx.connection.execute(select(participants).where(participants.c.id == id_, _sits(viewer, at))).first()
    if row is None:
        raise Missing("no such seat")
    return CaseId(row.case_id), row.may_read


def seats_seen(tx: Tx, viewer: Viewer) -> tuple[tuple[str, CaseId, PartyId | None], ...]:
    """Every seat, ended ones too, of the cases that this viewer sees, each with its case and the team that has it."""
    query = (
        select(participants.c.id, participants.c.case_id, team_seats.c.team)
        .join(cases, cases.c.id == participants.c.case_id)
        .outerjoin(team_seats, team_seats.c.participant == participants.c.id)
        .where(sees_case(viewer))
        .order_by(participants.c.case_id, participants.c.id)
    )
    return tuple((row.id, CaseId(row.case_id), row.team) for row in tx.connection.execute(query))


# The thread ---------------------------------------------------------------------------------------------------------


def add_message(tx: Tx, message: Message) -> None:
    """Keep a message, readable by those it names. The same id again changes nothing."""
    if tx.connection.execute(select(messages.c.id).where(messages.c.id == message.id)).first() is not None:
        return
    sealed = seal(tx.master, message_record(message.id), rows.encode(message, Message))
    tx.connection.execute(
        insert(messages).values(
            id=message.id, case_id=message.case, at=message.at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )
    readers = [{"message": message.id, "participant": one} for one in message.readers]
    if readers:
        tx.connection.execute(insert(message_readers), readers)


def thread(tx: Tx, case: CaseId, viewer: Viewer, *, at: datetime) -> tuple[Message, ...]:
    """What this viewer may read of a case's thread, oldest first."""
    query = select(messages).where(messages.c.case_id == case, _reads(viewer, at))
    query = query.order_by(messages.c.at, messages.c.id)
    return tuple(_message(tx, row) for row in tx.connection.execute(query))


def message(tx: Tx, id_: str, viewer: Viewer, *, at: datetime) -> Message:
    """One message. Missing when there is none, or none for this viewer."""
    row = tx.connection.execute(select(messages).where(messages.c.id == id_, _reads(viewer, at))).first()
    if row is None:
        raise Missing("no such message")
    return _message(tx, row)


def erase(tx: Tx, case: CaseId) -> None:
    """Destroy a case's coordination and thread with their keys and files, and every seat."""
    of_case = select(messages.c.id).where(messages.c.case_id == case)
    for id_ in tx.connection.execute(of_case).scalars().all():
        blobs.release(tx, message_record(id_))
    tx.connection.execute(delete(message_readers).where(message_readers.c.message.in_(of_case)))
    for table in (messages, participants, team_seats, coordinations):
        tx.connection.execute(delete(table).where(table.c.case_id == case))


def record(case: CaseId) -> str:
    """The coordination's place, bound into its seal."""
    return f"coordinations/{case}"


def message_record(id_: str) -> str:
    """The message's place, and the owner name of its files."""
    return f"messages/{id_}"


# Conditions ---------------------------------------------------------------------------------------------------------


def _lasts(at: datetime) -> ColumnElement[bool]:
    return or_(participants.c.expires_at.is_(None), participants.c.expires_at > at)


def _sits(viewer: Viewer, at: datetime) -> ColumnElement[bool]:
    """Nobody sits without a name: strangers and flows have no seat.

    A named person's seat was given knowing them. A team's is given to whoever is in it, so their own roles must reach
    the label of its tier, and that of the case where the tier shows reports.
    """
    if not viewer.person or viewer.is_system:
        return false()
    whole = select(cases.c.id).where(cases.c.id == team_seats.c.case_id, cases.c.tlp <= int(viewer.tlp))
    through = select(team_seats.c.participant).where(
        team_seats.c.team.in_(teams_of(viewer.person)),
        team_seats.c.label <= int(viewer.tlp),
        or_(team_seats.c.reads_reports.is_(False), exists(whole.correlate(team_seats))),
    )
    mine = or_(participants.c.person == viewer.person, participants.c.id.in_(through))
    return and_(mine, participants.c.seated.is_(True), _lasts(at))


def _reads(viewer: Viewer, at: datetime) -> ColumnElement[bool]:
    """A coordinator who sees the case, or a seated participant whom the message names and who may read now."""
    named = (
        select(message_readers.c.message)
        .select_from(message_readers.join(participants, participants.c.id == message_readers.c.participant))
        .where(
            message_readers.c.message == messages.c.id,
            participants.c.case_id == messages.c.case_id,
            participants.c.may_read.is_(True),
            _sits(viewer, at),
        )
    )
    ways: list[ColumnElement[bool]] = [exists(named.correlate(messages))]
    if viewer.is_system or Role.COORDINATOR in viewer.roles:
        coordinating = select(cases.c.id).where(cases.c.id == messages.c.case_id, sees_case(viewer))
        ways.append(exists(coordinating.correlate(messages)))
    return or_(*ways)


def _open(tx: Tx, row: Row[Any]) -> Coordination:
    place = record(CaseId(row.case_id))
    return rows.decode(Coordination, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))


def _message(tx: Tx, row: Row[Any]) -> Message:
    return rows.decode(Message, unseal(tx.master, message_record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
