"""Decisions: every priority with what it was given from, coordinators' answers, the tables used, coarse counts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of decisions."""
    for name in ("case_decisions", "case_answers"):
        op.create_table(
            name,
            sa.Column("case_id", sa.String(length=32), nullable=False),
            sa.Column("sequence", sa.Integer(), nullable=False),
            sa.Column("at", sa.String(27), nullable=False),
            sa.Column("wrapped", sa.LargeBinary(), nullable=True),
            sa.Column("sealed", sa.LargeBinary(), nullable=True),
            sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=f"fk_{name}_case_id"),
            sa.PrimaryKeyConstraint("case_id", "sequence", name=f"pk_{name}"),
        )
    op.create_index("ix_case_decisions_case_id_at", "case_decisions", ["case_id", "at"])
    op.create_table(
        "decision_tables",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_decision_tables"),
    )
    op.create_table(
        "reach_counts",
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=True),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_reach_counts"),
    )
