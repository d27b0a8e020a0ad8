"""Tables of teams: who is in one, and to what one is read in.

A membership's row stays when it ends: the time somebody was in a team is what says whom they could see with it.
`team_seats` holds seats of teams, ended ones too; `coordinations` writes it with everything else of a case.
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    UniqueConstraint,
    select,
)

from comity.store.tables import Moment, metadata

teams: Final = Table(
    "teams",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("organisation", String(64), ForeignKey("organisations.id"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(64), nullable=False),
    UniqueConstraint("organisation", "name"),
)

team_members: Final = Table(
    "team_members",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), ForeignKey("teams.id"), nullable=False, index=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("joined_by", String(64), nullable=False),
    Column("left_at", Moment, nullable=True),
    Column("left_by", String(64), nullable=True),
    Index("ix_team_members_person_left_at", "person", "left_at"),
)

team_seats: Final = Table(
    "team_seats",
    metadata,
    Column("participant", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("team", String(64), ForeignKey("teams.id"), nullable=False, index=True),
    Column("label", Integer, nullable=False),
    Column("reads_reports", Boolean(name="reads_reports"), nullable=False),
    Column("coordinates", Boolean(name="coordinates"), nullable=False),
)
"""`label`: of the tier. `reads_reports`: the case's own label counts too. `coordinates`: the team's coordinators see a
case that is kept from others; false while the team may not read it."""


def teams_of(who: ColumnElement[str] | str) -> Select[str]:
    """The teams that this person is in now."""
    return select(team_members.c.team).where(team_members.c.person == who, team_members.c.left_at.is_(None))
