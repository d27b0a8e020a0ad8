"""Every table of the store. Columns are what queries need; everything else of a record is one sealed payload.

`wrapped` and `sealed` are the record's data key and body as `crypt` makes them; both NULL means the record was erased.
`mark` columns are keyed digests. Moments are UTC text of fixed width, which sorts alike on SQLite and PostgreSQL.
"""

from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SIGNS: Final = ("-", "-", "T", ":", ":", ".", "Z")
"""What stands between the digits of a stored moment. Parsed by place, since every row of a page brings several."""
_SIGNS: Final = itemgetter(4, 7, 10, 13, 16, 19, 26)


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept as UTC text with six decimals. A naive one is a programming error."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else read_moment(str(value))


def moment_text(value: datetime) -> str:
    """`2026-11-22T21:15:04.000000Z`: the one way a moment is written at rest and in the journal."""
    if value.tzinfo is None:
        raise ValueError("a stored moment is timezone-aware")
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_moment(text: str) -> datetime:
    """The moment that `moment_text` wrote. ValueError for any other text."""
    if len(text) != 27 or _SIGNS(text) != SIGNS:
        raise ValueError(f"not a stored moment: {text[:40]!r}")
    return datetime.fromisoformat(text)


constants = Table(
    "constants",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts of this store fixed at its making: its id and the name of its master key."""

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("kind", String(64), nullable=False, index=True),
    Column("key", String(255), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)

journal_subjects = Table(
    "journal_subjects",
    metadata,
    Column("subject", String(128), primary_key=True),
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
)
"""Index from subject to entries, rebuilt from the journal at will and therefore no evidence of anything."""

cursors = Table(
    "cursors",
    metadata,
    Column("subscriber", String(64), primary_key=True),
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
)

done = Table(
    "done",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("result", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("file", String(96), nullable=False, unique=True),
    Column("size_bytes", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

blob_uses = Table(
    "blob_uses",
    metadata,
    Column("mark", String(64), ForeignKey("blobs.mark"), primary_key=True),
    Column("record", String(128), primary_key=True),
    Index("ix_blob_uses_record", "record"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("submitter", String(64), nullable=False),
    Column("batch", String(32), nullable=False, index=True),
    Column("received_at", Moment, nullable=False, index=True),
    Column("tlp", Integer, nullable=False),
    Column("receipt_mark", String(64), nullable=False, unique=True),
    Column("document_mark", String(64), nullable=False, index=True),
    Column("own_mark", String(64), nullable=True, index=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("erased_at", Moment, nullable=True),
    Index("ix_reports_organisation_received_at", "organisation", "received_at", "id"),
)

report_marks = Table(
    "report_marks",
    metadata,
    Column("report", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Index("ix_report_marks_kind_mark", "kind", "mark"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("stage", String(32), nullable=False),
    Column("band", String(32), nullable=True),
    Column("tlp", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("withheld", Boolean(name="withheld"), nullable=False, default=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("erased_at", Moment, nullable=True),
    Index("ix_cases_stage_opened_at", "stage", "opened_at", "id"),
)

case_reports = Table(
    "case_reports",
    metadata,
    Column("report", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
)

read_ins = Table(
    "read_ins",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
)

advisories = Table(
    "advisories",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("tlp", Integer, nullable=False),
    Column("published_at", Moment, nullable=False, index=True),
    Column("modified_at", Moment, nullable=False),
    Column("withdrawn_at", Moment, nullable=True),
    Column("case_id", String(32), nullable=True, index=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=False),
)

numbers = Table(
    "numbers",
    metadata,
    Column("prefix", String(48), primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last number given under each prefix of advisory ids, drafts included."""

advisory_names = Table(
    "advisory_names",
    metadata,
    Column("advisory", String(64), ForeignKey("advisories.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Index("ix_advisory_names_kind_mark", "kind", "mark"),
)

advisory_files = Table(
    "advisory_files",
    metadata,
    Column("advisory", String(64), ForeignKey("advisories.id"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("media_type", String(128), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("body", LargeBinary, nullable=False),
)

organisations = Table(
    "organisations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(256), nullable=False, unique=True),
)

people = Table(
    "people",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("login", String(128), nullable=False, unique=True),
    Column("organisation", String(64), ForeignKey("organisations.id"), nullable=False, index=True),
    Column("is_script", Boolean(name="is_script"), nullable=False),
    Column("password_hash", String(256), nullable=True),
    Column("disabled_at", Moment, nullable=True),
)

person_roles = Table(
    "person_roles",
    metadata,
    Column("person", String(64), ForeignKey("people.id"), primary_key=True),
    Column("role", String(32), primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("person", String(64), ForeignKey("people.id"), nullable=False, index=True),
    Column("label", String(128), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment, nullable=True),
    UniqueConstraint("token_hash"),
)

mirrors = Table(
    "mirrors",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("as_of", Moment, nullable=True),
    Column("fetched_at", Moment, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("confirmed_at", Moment, nullable=True),
    Column("facts", Integer, nullable=False),
)

upstream_facts = Table(
    "upstream_facts",
    metadata,
    Column("source", String(64), ForeignKey("mirrors.source"), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=True),
    Column("as_of", Moment, nullable=True),
    Column("note", Text, nullable=False, default=""),
    Index("ix_upstream_facts_subject", "subject"),
)
