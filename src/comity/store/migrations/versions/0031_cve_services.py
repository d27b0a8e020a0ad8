"""The account at CVE Services, and what was asked there."""

import sqlalchemy as sa
from alembic import op

from comity.store.tables import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "cve_accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cve_accounts"),
    )
    op.create_table(
        "cve_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("proposed_at", Moment(), nullable=False),
        sa.Column("asking", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("cve_mark", sa.String(length=64), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cve_requests"),
        sa.UniqueConstraint("cve_mark", name="uq_cve_requests_cve_mark"),
    )
    op.create_index("ix_cve_requests_case_id", "cve_requests", ["case_id"])
    op.create_index("ix_cve_requests_standing", "cve_requests", ["standing"])
