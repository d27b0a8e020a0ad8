"""Mirrored advisories and products, scanner exports, letters that wait to be sent, and questions asked again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _mirrored()
    _letters()


def _letters() -> None:
    op.create_table(
        "scanner_reports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_scanner_reports"),
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.String(27), nullable=True),
        sa.Column("given_up_at", sa.String(27), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
    )
    op.create_index("ix_letters_next_at", "letters", ["next_at"])
    op.create_table(
        "watches",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("address_mark", sa.String(length=64), nullable=False),
        sa.Column("secret_mark", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("confirmed_at", sa.String(27), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sa.UniqueConstraint("secret_mark", name="uq_watches_secret_mark"),
    )
    op.create_index("ix_watches_address_mark", "watches", ["address_mark"])


def _mirrored() -> None:
    op.create_table(
        "mirrored_advisories",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=256), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("modified_at", sa.String(27), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["mirrors.source"], name="fk_mirrored_advisories_source"),
        sa.PrimaryKeyConstraint("source", "number", name="pk_mirrored_advisories"),
    )
    op.create_index("ix_mirrored_advisories_id", "mirrored_advisories", ["id"])
    op.create_table(
        "mirrored_packages",
        sa.Column("ecosystem", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ecosystem", "name", "source", "number", name="pk_mirrored_packages"),
    )
    op.create_index("ix_mirrored_packages_source", "mirrored_packages", ["source"])
    op.create_table(
        "mirrored_aliases",
        sa.Column("alias", sa.String(length=256), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alias", "source", "number", name="pk_mirrored_aliases"),
    )
    op.create_index("ix_mirrored_aliases_source", "mirrored_aliases", ["source"])
    op.create_table(
        "mirrored_products",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("vendor", sa.String(length=512), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["mirrors.source"], name="fk_mirrored_products_source"),
        sa.PrimaryKeyConstraint("source", "number", name="pk_mirrored_products"),
    )
    op.create_index("ix_mirrored_products_subject", "mirrored_products", ["subject"])
