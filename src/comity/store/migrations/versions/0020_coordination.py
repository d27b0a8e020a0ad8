"""Coordination of cases: who takes part, the embargo between them, and the thread."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "coordinations",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_coordinations_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_coordinations"),
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=True),
        sa.Column("seated", sa.Boolean(), nullable=False),
        sa.Column("may_read", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_participants_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_participants"),
    )
    op.create_index("ix_participants_case_id", "participants", ["case_id"])
    op.create_index("ix_participants_person", "participants", ["person"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_messages_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_case_id_at", "messages", ["case_id", "at"])
    op.create_table(
        "message_readers",
        sa.Column("message", sa.String(length=32), nullable=False),
        sa.Column("participant", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name="fk_message_readers_message"),
        sa.PrimaryKeyConstraint("message", "participant", name="pk_message_readers"),
    )
