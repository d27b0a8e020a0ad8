"""Engagements with their seats, files and access ledger; keys and calls of the model gateway."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER engagement_ledger_no_{act.lower()} BEFORE {act} ON engagement_ledger "
    "BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    for act in ("UPDATE", "DELETE")
)
_EACH_ROW = """CREATE TRIGGER engagement_ledger_no_change BEFORE UPDATE OR DELETE ON engagement_ledger
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()"""
_WHOLE = """CREATE TRIGGER engagement_ledger_no_truncate BEFORE TRUNCATE ON engagement_ledger
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"""
_POSTGRESQL_GUARDS = (_EACH_ROW, _WHOLE)


def upgrade() -> None:
    """Make the tables, then the guards of the access ledger."""
    op.create_table(
        "engagements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("developer", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("receipt", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_engagements"),
    )
    for column in ("state", "developer", "opened_at"):
        op.create_index(f"ix_engagements_{column}", "engagements", [column], unique=False)
    op.create_table(
        "engagement_seats",
        sa.Column("engagement", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        _of("engagement_seats"),
        sa.PrimaryKeyConstraint("engagement", "person", name="pk_engagement_seats"),
    )
    op.create_table(
        "engagement_files",
        sa.Column("engagement", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _of("engagement_files"),
        sa.PrimaryKeyConstraint("engagement", "name", name="pk_engagement_files"),
    )
    op.create_table(
        "engagement_ledger",
        sa.Column("engagement", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        _of("engagement_ledger"),
        sa.PrimaryKeyConstraint("engagement", "place", name="pk_engagement_ledger"),
    )
    op.create_table(
        "gateway_keys",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("engagement", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        _of("gateway_keys"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_gateway_keys"),
    )
    op.create_index("ix_gateway_keys_engagement", "gateway_keys", ["engagement"], unique=False)
    op.create_table(
        "gateway_calls",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("engagement", sa.String(length=32), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("run", sa.String(length=128), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("ending", sa.String(length=32), nullable=False),
        _of("gateway_calls"),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_calls"),
    )
    op.create_index("ix_gateway_calls_engagement_at", "gateway_calls", ["engagement", "at"], unique=False)
    op.create_index("ix_gateway_calls_engagement_run", "gateway_calls", ["engagement", "run"], unique=False)
    for guard in _SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_GUARDS:
        op.execute(guard)


def _of(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["engagement"], ["engagements.id"], name=f"fk_{table}_engagement")
