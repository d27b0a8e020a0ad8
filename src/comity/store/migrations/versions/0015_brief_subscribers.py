"""Subscribers of briefs by e-mail, and which brief went to whom."""

import sqlalchemy as sa
from alembic import op

from comity.store.tables import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "brief_subscribers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brief_subscribers")),
        sa.UniqueConstraint("mark", name=op.f("uq_brief_subscribers_mark")),
        sa.UniqueConstraint("secret", name=op.f("uq_brief_subscribers_secret")),
    )
    op.create_index(op.f("ix_brief_subscribers_asked_at"), "brief_subscribers", ["asked_at"])
    op.create_table(
        "brief_mailed",
        sa.Column("brief", sa.String(length=64), nullable=False),
        sa.Column("subscriber", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["brief"], ["briefs.id"], name=op.f("fk_brief_mailed_brief_briefs")),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["brief_subscribers.id"], name=op.f("fk_brief_mailed_subscriber_brief_subscribers")
        ),
        sa.PrimaryKeyConstraint("brief", "subscriber", name=op.f("pk_brief_mailed")),
    )
