"""Requests to see a withheld case by break-glass."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "breakings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("asker", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.Column("lapses_at", sa.String(length=27), nullable=False),
        sa.Column("seconder", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.String(length=27), nullable=True),
        sa.Column("ends_at", sa.String(length=27), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["asker"], ["people.id"], name="fk_breakings_asker"),
        sa.ForeignKeyConstraint(["seconder"], ["people.id"], name="fk_breakings_seconder"),
        sa.PrimaryKeyConstraint("id", name="pk_breakings"),
    )
    op.create_index("ix_breakings_asker", "breakings", ["asker"])
    op.create_index("ix_breakings_ends_at", "breakings", ["ends_at"])
