"""The index that a new report is compared by: keyed digests with times, and sealed profiles."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
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
    moment = sa.String(27)
    op.create_table(
        "batches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("key_mark", sa.String(length=64), nullable=True),
        sa.Column("document_mark", sa.String(length=64), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.UniqueConstraint("key_mark", name="uq_batches_key_mark"),
    )
    op.create_index("ix_batches_state", "batches", ["state"])
    op.create_index("ix_batches_document_mark", "batches", ["document_mark"])
    op.create_index("ix_batches_organisation_received_at", "batches", ["organisation", "received_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("report", sa.String(length=32), nullable=True),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("batch", "place", name="pk_batch_items"),
    )
    op.create_table(
        "sender_keys",
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "id", name="pk_sender_keys"),
    )
    op.create_table(
        "project_rules",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_project_rules"),
    )
