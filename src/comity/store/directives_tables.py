"""Tables of directives in the making, of who follows which, and of the work on findings.

Clear are ids, whose row it is (organisation and domain, which every query asks), the stage and the pack's id. Texts,
comments, evidence and decisions are sealed; which vulnerability a work is about is a keyed digest.
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from comity.store.tables import Moment, metadata

directives: Final = Table(
    "directives",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("domain", String(32), nullable=False),
    Column("pack", String(96), nullable=False),
    Column("pack_version", String(32), nullable=False),
    Column("stage", String(32), nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    UniqueConstraint("organisation", "pack", "pack_version"),
)

directive_offices: Final = Table(
    "directive_offices",
    metadata,
    Column("directive", String(32), ForeignKey("directives.id"), primary_key=True),
    Column("organisation", String(64), primary_key=True),
    Index("ix_directive_offices_organisation", "organisation"),
)
"""Who is consulted, and so may read the draft."""

directive_followers: Final = Table(
    "directive_followers",
    metadata,
    Column("organisation", String(64), primary_key=True),
    Column("domain", String(32), primary_key=True),
    Column("pack", String(96), primary_key=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

works: Final = Table(
    "works",
    metadata,
    Column("asset", String(32), ForeignKey("assets.id"), primary_key=True),
    Column("vulnerability_mark", String(64), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("domain", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Index("ix_works_organisation_domain", "organisation", "domain"),
)
