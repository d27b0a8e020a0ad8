"""Keyed digests of the words that records are found by."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of words."""
    op.create_table(
        "record_words",
        sa.Column("place", sa.String(length=16), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("place", "mark", "record", name="pk_record_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_words_place_record", "record_words", ["place", "record"])
