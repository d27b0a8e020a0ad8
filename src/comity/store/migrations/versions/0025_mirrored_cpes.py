"""By which CPE names statements about products are found."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it fills when a mirror is taken in again."""
    op.create_table(
        "mirrored_cpes",
        sa.Column("vendor", sa.String(length=256), nullable=False),
        sa.Column("product", sa.String(length=256), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "product", "source", "number", name="pk_mirrored_cpes"),
    )
    op.create_index("ix_mirrored_cpes_source", "mirrored_cpes", ["source"])
