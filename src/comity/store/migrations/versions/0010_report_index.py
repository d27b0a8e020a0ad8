"""The index that a new report is compared by: keyed digests with times, and sealed profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index, batches with their items and keys, and the rules of projects."""
    op.create_table(
        "report_keys",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("mark", "at", "report", name="pk_report_keys"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_profiles",
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("report", name="pk_report_profiles"),
    )
