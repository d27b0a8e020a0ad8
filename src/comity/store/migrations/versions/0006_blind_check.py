"""Epochs, questions, shelves and tags of the blind duplicate check."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the blind check."""
    op.create_table(
        "blind_epochs",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_blind_epochs"),
    )
    op.create_table(
        "blind_questions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.String(27), nullable=False),
        sa.Column("opens_by", sa.String(27), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blind_questions"),
    )
    op.create_index("ix_blind_questions_organisation_epoch", "blind_questions", ["organisation", "epoch"])
    op.create_table(
        "blind_parts",
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("element", sa.LargeBinary(), nullable=False),
        _of_question("blind_parts"),
        sa.PrimaryKeyConstraint("commitment", name="pk_blind_parts"),
    )
    op.create_index("ix_blind_parts_question", "blind_parts", ["question"])
    op.create_table(
        "blind_shelves",
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.Integer(), nullable=False),
        _of_question("blind_shelves"),
        sa.PrimaryKeyConstraint("question", "level", "prefix", name="pk_blind_shelves"),
    )
    op.create_table(
        "blind_tags",
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["report"], ["reports.id"], name="fk_blind_tags_report"),
        sa.PrimaryKeyConstraint("report", "level", "tag", name="pk_blind_tags"),
    )
    op.create_index("ix_blind_tags_level_prefix", "blind_tags", ["level", "prefix"])
    op.create_table(
        "blind_seen",
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("report", name="pk_blind_seen"),
    )


def _of_question(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["question"], ["blind_questions.id"], name=f"fk_{table}_question")
