"""Capacity contracts, every version sealed, and the queues behind them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of capacity contracts."""
    op.create_table(
        "capacity_contracts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=True),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name="pk_capacity_contracts"),
    )
    op.create_index("ix_capacity_contracts_organisation", "capacity_contracts", ["organisation"])
    op.create_table(
        "capacity_queue",
        sa.Column("contract", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("released_at", sa.String(27), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_capacity_queue_case_id"),
        sa.PrimaryKeyConstraint("contract", "case_id", name="pk_capacity_queue"),
    )
    op.create_index("ix_capacity_queue_case_id", "capacity_queue", ["case_id"])
