"""Tables of the defender's desk: inventories with their states, what was matched, assets with theirs, statements.

Clear are ids, whose row it is (organisation and domain, which every query asks), moments and counters. What is run, and
what reaches it, is sealed; packages and vulnerabilities can be looked up by keyed digest only.
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from comity.store.tables import Moment, metadata

inventories: Final = Table(
    "inventories",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("domain", String(32), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name_mark", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    UniqueConstraint("organisation", "domain", "name_mark"),
    Index("ix_inventories_organisation_domain_received_at", "organisation", "domain", "received_at"),
)

inventory_states: Final = Table(
    "inventory_states",
    metadata,
    Column("inventory", String(32), ForeignKey("inventories.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document_mark", String(64), nullable=False, index=True),
    Column("received_at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

inventory_marks: Final = Table(
    "inventory_marks",
    metadata,
    Column("inventory", String(32), ForeignKey("inventories.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Index("ix_inventory_marks_kind_mark", "kind", "mark"),
)
"""By which packages and which vulnerabilities an inventory is found again."""

inventory_matches: Final = Table(
    "inventory_matches",
    metadata,
    Column("inventory", String(32), ForeignKey("inventories.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("feeds", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

assets: Final = Table(
    "assets",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("domain", String(32), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("retired_at", Moment, nullable=True),
    Column("name_mark", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("organisation", "domain", "name_mark"),
    Index("ix_assets_organisation_domain_added_at", "organisation", "domain", "added_at"),
)

asset_states: Final = Table(
    "asset_states",
    metadata,
    Column("asset", String(32), ForeignKey("assets.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)
"""Every state of an asset, so that a clock can be replayed from the facts of any past day."""

asset_runs: Final = Table(
    "asset_runs",
    metadata,
    Column("asset", String(32), ForeignKey("assets.id"), primary_key=True),
    Column("inventory", String(32), ForeignKey("inventories.id"), primary_key=True),
    Index("ix_asset_runs_inventory", "inventory"),
)

vex_statements: Final = Table(
    "vex_statements",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("organisation", String(64), primary_key=True),
    Column("domain", String(32), primary_key=True),
    Column("vulnerability_mark", String(64), nullable=False, index=True),
    Column("said_at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

scanner_reports: Final = Table(
    "scanner_reports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("domain", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

acceptances: Final = Table(
    "acceptances",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("domain", String(32), nullable=False),
    Column("asset", String(32), ForeignKey("assets.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)
