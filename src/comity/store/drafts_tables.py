"""Tables of briefs: sealed records, public states, and what must be found or counted again."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from comity.store.tables import Moment, metadata

briefs = Table(
    "briefs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("tlp", Integer, nullable=False),
    Column("made_at", Moment, nullable=False, index=True),
    Column("public", Boolean(name="public"), nullable=False, default=False),
    Column("revision", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

brief_states = Table(
    "brief_states",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("modified_at", Moment, nullable=False),
    Column("withdrawn", Boolean(name="withdrawn"), nullable=False, default=False),
    Column("current", Boolean(name="current"), nullable=False, default=True),
    Column("body", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Index("ix_brief_states_current_published_at", "current", "published_at"),
)
"""Every public state of a brief; `current` marks the newest. Only TLP:CLEAR gets here, so it rests in the open."""

brief_claims = Table(
    "brief_claims",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Index("ix_brief_claims_mark", "mark"),
)
"""Keyed digest of the subject of each claim and link: which briefs speak of it."""

brief_texts = Table(
    "brief_texts",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("mark", String(64), nullable=False, index=True),
    Column("simhash", String(64), nullable=False),
)

brief_sittings = Table(
    "brief_sittings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("brief", String(64), ForeignKey("briefs.id"), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("planted", Integer, nullable=False),
    Column("caught", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)
"""How each sitting ended, for rates in aggregate: no reviewer is named here."""

brief_shares = Table(
    "brief_shares",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("brief", String(64), ForeignKey("briefs.id"), nullable=False, index=True),
    Column("recipient", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

brief_notices = Table(
    "brief_notices",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("receiver", String(160), primary_key=True),
    Column("receipt", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Moment, nullable=False),
)
"""One row for each receiver of each correction or withdrawal: told once, with a receipt."""

brief_errors = Table(
    "brief_errors",
    metadata,
    Column("brief", String(64), ForeignKey("briefs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("predicate", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False),
)
"""What turned out wrong, by source and kind of claim."""
