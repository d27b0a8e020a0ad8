"""Tables of mirrored advisories and of the products that upstream names: public facts, kept in clear."""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from comity.store.tables import Moment, metadata

mirrored_advisories: Final = Table(
    "mirrored_advisories",
    metadata,
    Column("source", String(64), ForeignKey("mirrors.source"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("id", String(256), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("modified_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""`body` is the advisory as the model writes it, packed."""

mirrored_packages: Final = Table(
    "mirrored_packages",
    metadata,
    Column("ecosystem", String(64), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Index("ix_mirrored_packages_source", "source"),
)

mirrored_aliases: Final = Table(
    "mirrored_aliases",
    metadata,
    Column("alias", String(256), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Index("ix_mirrored_aliases_source", "source"),
)

mirrored_products: Final = Table(
    "mirrored_products",
    metadata,
    Column("source", String(64), ForeignKey("mirrors.source"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("subject", String(128), nullable=False, index=True),
    Column("vendor", String(512), nullable=False),
    Column("product", Text, nullable=False),
    Column("body", Text, nullable=False),
)
"""What a source says of one product under one CVE id; `body` is its statement as JSON."""

mirrored_cpes: Final = Table(
    "mirrored_cpes",
    metadata,
    Column("vendor", String(256), primary_key=True),
    Column("product", String(256), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Index("ix_mirrored_cpes_source", "source"),
)
"""By which CPE vendor and product a statement about a product is found; `number` is the statement's."""
