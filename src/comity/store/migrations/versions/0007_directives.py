"""Directives in the making, who follows which, and the work on findings."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "directives",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("pack", sa.String(length=96), nullable=False),
        sa.Column("pack_version", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_sealed(),
        sa.PrimaryKeyConstraint("id", name="pk_directives"),
        sa.UniqueConstraint(
            "organisation", "pack", "pack_version", name="uq_directives_organisation_pack_pack_version"
        ),
    )
    op.create_index("ix_directives_organisation", "directives", ["organisation"])
    op.create_table(
        "directive_offices",
        sa.Column("directive", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["directive"], ["directives.id"], name="fk_directive_offices_directive"),
        sa.PrimaryKeyConstraint("directive", "organisation", name="pk_directive_offices"),
    )
    op.create_index("ix_directive_offices_organisation", "directive_offices", ["organisation"])
    op.create_table(
        "directive_followers",
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("pack", sa.String(length=96), nullable=False),
        *_sealed(),
        sa.PrimaryKeyConstraint("organisation", "domain", "pack", name="pk_directive_followers"),
    )
    op.create_table(
        "works",
        sa.Column("asset", sa.String(length=32), nullable=False),
        sa.Column("vulnerability_mark", sa.String(length=64), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_sealed(),
        sa.ForeignKeyConstraint(["asset"], ["assets.id"], name="fk_works_asset"),
        sa.PrimaryKeyConstraint("asset", "vulnerability_mark", name="pk_works"),
    )
    op.create_index("ix_works_organisation_domain", "works", ["organisation", "domain"])


def _sealed() -> tuple[sa.Column[bytes], sa.Column[bytes]]:
    return sa.Column("wrapped", sa.LargeBinary(), nullable=True), sa.Column("sealed", sa.LargeBinary(), nullable=True)
