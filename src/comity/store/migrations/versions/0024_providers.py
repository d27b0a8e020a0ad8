"""Accounts joined to a sign-in provider's subjects."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of joins."""
    op.create_table(
        "provider_joins",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_provider_joins_person"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_provider_joins"),
        sa.UniqueConstraint("issuer", "person", name="uq_provider_joins_issuer_person"),
    )
