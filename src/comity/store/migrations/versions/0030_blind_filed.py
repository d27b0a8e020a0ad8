"""Blind check: which report a question was filed as, so that its meter follows whether that proved real."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; questions filed before keep none, and count as not proven yet."""
    op.add_column("blind_questions", sa.Column("report", sa.String(length=32), nullable=True))
