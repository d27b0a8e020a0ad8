"""Blind check: the width of its shelves that a question was told, so that it stays the same while reports come in."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of widths."""
    op.create_table(
        "blind_widths",
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["question"], ["blind_questions.id"], name="fk_blind_widths_question"),
        sa.PrimaryKeyConstraint("question", "level", name="pk_blind_widths"),
    )
