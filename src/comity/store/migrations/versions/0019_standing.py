"""Standing: what each report counts for, and appeals."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of standing."""
    op.create_table(
        "standing_facts",
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("tool_mark", sa.String(length=64), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=True),
        sa.Column("duplicate", sa.Boolean(), nullable=True),
        sa.Column("overstated", sa.Boolean(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["reports.id"], name="fk_standing_facts_report"),
        sa.PrimaryKeyConstraint("report", name="pk_standing_facts"),
    )
    op.create_index("ix_standing_facts_organisation", "standing_facts", ["organisation"])
    op.create_index("ix_standing_facts_tool_mark", "standing_facts", ["tool_mark"])
    op.create_table(
        "standing_appeals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["reports.id"], name="fk_standing_appeals_report"),
        sa.PrimaryKeyConstraint("id", name="pk_standing_appeals"),
    )
    op.create_index("ix_standing_appeals_report", "standing_appeals", ["report"])
    op.create_index("ix_standing_appeals_organisation", "standing_appeals", ["organisation"])
