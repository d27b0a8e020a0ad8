"""Tables of what is shared with others: STIX objects, who got what on which ground, who looked, and webhooks."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from comity.store.tables import Moment, metadata

shared_objects: Final = Table(
    "shared_objects",
    metadata,
    Column("date_added", Moment, primary_key=True),
    Column("collection", String(16), nullable=False),
    Column("stix_id", String(128), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("version", Moment, nullable=False),
    Column("spec_version", String(8), nullable=False),
    Column("tlp", Integer, nullable=False),
    Column("organisation", String(64), nullable=False),
    Column("case_id", String(32), nullable=True),
    Column("source", String(64), nullable=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=False),
    Index("ix_shared_objects_collection_date_added", "collection", "date_added"),
    Index("ix_shared_objects_version", "collection", "stix_id", "organisation", "version", unique=True),
    Index("ix_shared_objects_collection_kind_date_added", "collection", "kind", "date_added"),
    Index("ix_shared_objects_source", "source"),
)
"""One version of one STIX object. `date_added` is strictly increasing over the whole store, so paging loses no row."""

shared_statuses: Final = Table(
    "shared_statuses",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""What became of one TAXII request to add objects, for the organisation that made it."""

shares: Final = Table(
    "shares",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subject", String(128), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("recipient", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_shares_subject_owner_recipient", "subject", "owner", "recipient"),
)
"""Read-in per object: one person or organisation, the ground, its dates, the projection. Never deleted, only ended."""

accesses: Final = Table(
    "accesses",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("person", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("times", Integer, nullable=False),
    Index("ix_accesses_owner_last_at", "owner", "last_at"),
)
"""Who looked at what of whom: one row for each person, thing, way and day, with how often."""

kept_fields: Final = Table(
    "kept_fields",
    metadata,
    Column("subject", String(128), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Personal information that stays in something that leaves, each with its reason."""

hooks: Final = Table(
    "hooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(64), nullable=False, index=True),
    Column("is_paused", Boolean(name="is_paused"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""A subscriber's wish to be told: by a webhook or by an e-mail digest."""

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hook", String(32), nullable=False),
    Column("event", String(255), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=True),
    Column("tries", Integer, nullable=False),
    Column("done_at", Moment, nullable=True),
    Column("dead_at", Moment, nullable=True),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_deliveries_hook_made_at", "hook", "made_at"),
    Index("ix_deliveries_hook_event", "hook", "event"),
    Index("ix_deliveries_next_at", "next_at"),
)
"""One telling of one event to one subscriber. `next_at` NULL: done, or dead after its last try. Bodies are public."""
