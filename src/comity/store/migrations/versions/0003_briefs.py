"""Briefs: records, public states, claims, the text log, sittings, shares, notices and errors."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the desk."""
    op.create_table(
        "briefs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tlp", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("public", sa.Boolean(name="public"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_briefs"),
    )
    op.create_index("ix_briefs_state", "briefs", ["state"], unique=False)
    op.create_index("ix_briefs_made_at", "briefs", ["made_at"], unique=False)
    _public()
    _found_again()
    _counted()


def _of_brief(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["brief"], ["briefs.id"], name=f"fk_{table}_brief")


def _public() -> None:
    op.create_table(
        "brief_states",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.String(27), nullable=False),
        sa.Column("modified_at", sa.String(27), nullable=False),
        sa.Column("withdrawn", sa.Boolean(name="withdrawn"), nullable=False),
        sa.Column("current", sa.Boolean(name="current"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        _of_brief("brief_states"),
        sa.PrimaryKeyConstraint("brief", "number", name="pk_brief_states"),
    )
    op.create_index("ix_brief_states_current_published_at", "brief_states", ["current", "published_at"], unique=False)


def _found_again() -> None:
    op.create_table(
        "brief_claims",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        _of_brief("brief_claims"),
        sa.PrimaryKeyConstraint("brief", "mark", name="pk_brief_claims"),
    )
    op.create_index("ix_brief_claims_mark", "brief_claims", ["mark"], unique=False)
    op.create_table(
        "brief_texts",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("simhash", sa.String(length=64), nullable=False),
        _of_brief("brief_texts"),
        sa.PrimaryKeyConstraint("brief", "version", name="pk_brief_texts"),
    )
    op.create_index("ix_brief_texts_mark", "brief_texts", ["mark"], unique=False)
    op.create_table(
        "brief_shares",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("ends_at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _of_brief("brief_shares"),
        sa.PrimaryKeyConstraint("mark", name="pk_brief_shares"),
    )
    op.create_index("ix_brief_shares_brief", "brief_shares", ["brief"], unique=False)


def _counted() -> None:
    op.create_table(
        "brief_sittings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("planted", sa.Integer(), nullable=False),
        sa.Column("caught", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        _of_brief("brief_sittings"),
        sa.PrimaryKeyConstraint("id", name="pk_brief_sittings"),
    )
    op.create_table(
        "brief_notices",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("receiver", sa.String(length=160), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        _of_brief("brief_notices"),
        sa.PrimaryKeyConstraint("brief", "number", "receiver", name="pk_brief_notices"),
    )
    op.create_table(
        "brief_errors",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("predicate", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _of_brief("brief_errors"),
        sa.PrimaryKeyConstraint("brief", "number", "source", "predicate", name="pk_brief_errors"),
    )
