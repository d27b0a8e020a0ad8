"""What an operator may know of a letter: what it is for, what record it belongs to, and why it has not gone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("letters", sa.Column("purpose", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("letters", sa.Column("about", sa.String(length=128), nullable=False, server_default=""))
    op.add_column("letters", sa.Column("problem", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_letters_about", "letters", ["about"])
