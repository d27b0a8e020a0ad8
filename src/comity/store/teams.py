"""Teams at rest: their names, and who was in one from when until when."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from comity.errors import Conflict, Missing
from comity.model.ids import PartyId
from comity.model.team import Membership, Team
from comity.store.engine import Tx
from comity.store.teams_tables import team_members, teams, teams_of


def add(tx: Tx, team: Team) -> None:
    """Keep a new team. Conflict for a name that the organisation has already."""
    values = {name: getattr(team, name) for name in Team.__slots__}
    _named(tx, insert(teams).values(**values))


def rename(tx: Tx, id_: PartyId, name: str) -> None:
    """Give it another name. Conflict for one that the organisation has already."""
    _named(tx, update(teams).where(teams.c.id == id_).values(name=name))


def get(tx: Tx, id_: PartyId) -> Team:
    """One team. Missing when there is none."""
    row = tx.connection.execute(select(teams).where(teams.c.id == id_)).first()
    if row is None:
        raise Missing(f"no team {id_}")
    return _team(row)


def everything(tx: Tx) -> tuple[Team, ...]:
    """All teams, by name."""
    return tuple(_team(row) for row in tx.connection.execute(select(teams).order_by(teams.c.name, teams.c.id)))


def of(tx: Tx, person: PartyId) -> tuple[PartyId, ...]:
    """The teams that a person is in now."""
    found = tx.connection.execute(teams_of(person).order_by(team_members.c.team)).scalars()
    return tuple(PartyId(team) for team in found)


def memberships(tx: Tx, wanted: Collection[PartyId]) -> tuple[Membership, ...]:
    """Every time that anybody was in one of these teams, ended ones too, oldest first."""
    query = select(team_members).where(team_members.c.team.in_(sorted(wanted)))
    query = query.order_by(team_members.c.joined_at, team_members.c.id)
    return tuple(
        Membership(**{name: getattr(row, name) for name in Membership.__slots__})
        for row in tx.connection.execute(query)
    )


def join(tx: Tx, team: PartyId, person: PartyId, *, by: PartyId, at: datetime) -> None:
    """From now on they are in it. Conflict for somebody who is."""
    if team in of(tx, person):
        raise Conflict("this person is in the team already")
    held = Membership(team=team, person=person, joined_at=at, joined_by=by)
    values = {name: getattr(held, name) for name in Membership.__slots__}
    tx.connection.execute(insert(team_members).values(id=secrets.token_hex(16), **values))


def leave(tx: Tx, team: PartyId, person: PartyId, *, by: PartyId, at: datetime) -> None:
    """From now on they are not in it. Missing for somebody who is not."""
    here = team_members.c.team == team, team_members.c.person == person, team_members.c.left_at.is_(None)
    if tx.connection.execute(update(team_members).where(*here).values(left_at=at, left_by=by)).rowcount == 0:
        raise Missing("this person is not in the team")


def _named(tx: Tx, statement: Any) -> None:
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(statement)
    except IntegrityError as error:
        raise Conflict("the organisation has a team of that name already") from error


def _team(row: Row[Any]) -> Team:
    return Team(**{name: getattr(row, name) for name in Team.__slots__})
