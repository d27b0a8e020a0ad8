"""Scan claims: who looks where, sealed, found by a keyed digest of the repository."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of scan claims."""
    op.create_table(
        "scan_claims",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("repository_mark", sa.String(length=64), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scan_claims"),
    )
    op.create_index("ix_scan_claims_organisation", "scan_claims", ["organisation"])
    op.create_index("ix_scan_claims_repository_mark_ends_at", "scan_claims", ["repository_mark", "ends_at"])
