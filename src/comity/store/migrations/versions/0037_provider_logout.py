"""Sessions of a sign-in provider by digest, and logout tokens that were taken."""

import sqlalchemy as sa
from alembic import op

from comity.store.tables import Moment

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "provider_sessions",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_provider_sessions_person"),
        sa.PrimaryKeyConstraint("issuer", "mark", name="pk_provider_sessions"),
    )
    op.create_table(
        "provider_logouts",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_provider_logouts"),
    )
