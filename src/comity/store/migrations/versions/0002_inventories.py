"""Inventories, assets, matches, statements and acceptances of the defender's desk."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the desk."""
    _inventories()
    _assets()
    _statements()


def _inventories() -> None:
    op.create_table(
        "inventories",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name_mark", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_sealed(),
        sa.PrimaryKeyConstraint("id", name="pk_inventories"),
        sa.UniqueConstraint("organisation", "domain", "name_mark", name="uq_inventories_organisation_domain_name_mark"),
    )
    op.create_index(
        "ix_inventories_organisation_domain_received_at", "inventories", ["organisation", "domain", "received_at"]
    )
    op.create_table(
        "inventory_states",
        sa.Column("inventory", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_mark", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        *_sealed(),
        _of_inventory("inventory_states"),
        sa.PrimaryKeyConstraint("inventory", "number", name="pk_inventory_states"),
    )
    op.create_index("ix_inventory_states_document_mark", "inventory_states", ["document_mark"])
    op.create_table(
        "inventory_marks",
        sa.Column("inventory", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        _of_inventory("inventory_marks"),
        sa.PrimaryKeyConstraint("inventory", "kind", "mark", name="pk_inventory_marks"),
    )
    op.create_index("ix_inventory_marks_kind_mark", "inventory_marks", ["kind", "mark"])
    op.create_table(
        "inventory_matches",
        sa.Column("inventory", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("feeds", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        *_sealed(),
        _of_inventory("inventory_matches"),
        sa.PrimaryKeyConstraint("inventory", "sequence", name="pk_inventory_matches"),
    )


def _assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.String(27), nullable=False),
        sa.Column("retired_at", sa.String(27), nullable=True),
        sa.Column("name_mark", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
        sa.UniqueConstraint("organisation", "domain", "name_mark", name="uq_assets_organisation_domain_name_mark"),
    )
    op.create_index("ix_assets_organisation_domain_added_at", "assets", ["organisation", "domain", "added_at"])
    op.create_table(
        "asset_states",
        sa.Column("asset", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        *_sealed(),
        _of_asset("asset_states"),
        sa.PrimaryKeyConstraint("asset", "version", name="pk_asset_states"),
    )
    op.create_table(
        "asset_runs",
        sa.Column("asset", sa.String(length=32), nullable=False),
        sa.Column("inventory", sa.String(length=32), nullable=False),
        _of_asset("asset_runs"),
        _of_inventory("asset_runs"),
        sa.PrimaryKeyConstraint("asset", "inventory", name="pk_asset_runs"),
    )
    op.create_index("ix_asset_runs_inventory", "asset_runs", ["inventory"])


def _statements() -> None:
    op.create_table(
        "vex_statements",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("vulnerability_mark", sa.String(length=64), nullable=False),
        sa.Column("said_at", sa.String(27), nullable=False),
        *_sealed(),
        sa.PrimaryKeyConstraint("id", "organisation", "domain", name="pk_vex_statements"),
    )
    op.create_index("ix_vex_statements_vulnerability_mark", "vex_statements", ["vulnerability_mark"])
    op.create_table(
        "acceptances",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organisation", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("asset", sa.String(length=32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        *_sealed(),
        _of_asset("acceptances"),
        sa.PrimaryKeyConstraint("id", name="pk_acceptances"),
    )
    op.create_index("ix_acceptances_asset", "acceptances", ["asset"])


def _sealed() -> tuple[sa.Column[bytes], sa.Column[bytes]]:
    return sa.Column("wrapped", sa.LargeBinary(), nullable=True), sa.Column("sealed", sa.LargeBinary(), nullable=True)


def _of_inventory(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["inventory"], ["inventories.id"], name=f"fk_{table}_inventory")


def _of_asset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["asset"], ["assets.id"], name=f"fk_{table}_asset")
