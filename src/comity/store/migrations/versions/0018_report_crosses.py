"""What running one report's fix against another's proof showed."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of crosses."""
    op.create_table(
        "report_crosses",
        sa.Column("fix", sa.String(length=32), nullable=False),
        sa.Column("proof", sa.String(length=32), nullable=False),
        sa.Column("silenced", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("fix", "proof", name="pk_report_crosses"),
    )
    op.create_index("ix_report_crosses_proof", "report_crosses", ["proof"])
