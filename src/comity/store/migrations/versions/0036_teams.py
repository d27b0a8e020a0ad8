"""Teams, who was in one and when, and the seats that teams have in cases."""

import sqlalchemy as sa
from alembic import op

from comity.store.tables import Moment

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "teams",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisations.id"], name="fk_teams_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("organisation", "name", name="uq_teams_organisation_name"),
    )
    op.create_table(
        "team_members",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("joined_at", Moment(), nullable=False),
        sa.Column("joined_by", sa.String(length=64), nullable=False),
        sa.Column("left_at", Moment(), nullable=True),
        sa.Column("left_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["team"], ["teams.id"], name="fk_team_members_team"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_team_members_person"),
        sa.PrimaryKeyConstraint("id", name="pk_team_members"),
    )
    op.create_index("ix_team_members_team", "team_members", ["team"])
    op.create_index("ix_team_members_person_left_at", "team_members", ["person", "left_at"])
    op.create_table(
        "team_seats",
        sa.Column("participant", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("reads_reports", sa.Boolean(name="reads_reports"), nullable=False),
        sa.Column("coordinates", sa.Boolean(name="coordinates"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_team_seats_case_id"),
        sa.ForeignKeyConstraint(["team"], ["teams.id"], name="fk_team_seats_team"),
        sa.PrimaryKeyConstraint("participant", name="pk_team_seats"),
    )
    op.create_index("ix_team_seats_case_id", "team_seats", ["case_id"])
    op.create_index("ix_team_seats_team", "team_seats", ["team"])
