"""What became of each look at an upstream address, and each signer's newest bundle. Public facts, in clear.

One row a mirror, and one a signer: a row is replaced, since the journal holds what changed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, Row, String, Table, Text, delete, insert, select

from comity.model.ids import Digest
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

mirror_checks: Final = Table(
    "mirror_checks",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("address", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("said", Text, nullable=False),
    Column("good_at", Moment, nullable=True),
    Column("failures", Integer, nullable=False),
    Column("not_before", Moment, nullable=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)

bundles_taken: Final = Table(
    "bundles_taken",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("taken_at", Moment, nullable=False),
)


class Outcome(StrEnum):
    """How a look ended."""

    CHANGED = "changed"
    """Upstream had something else, and it is held now."""
    SAME = "same"
    """Upstream confirmed what is held."""
    FAILED = "failed"
    """Nothing was taken in: what was held before is held still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The last look at one mirror. `source` and `digest` are "" until something was taken in."""

    name: str
    address: str
    source: str = ""
    checked_at: datetime
    outcome: Outcome
    said: str = ""
    """One sentence for the operator: what was taken in, or why not and what to do."""
    good_at: datetime | None = None
    """The last look that did not fail."""
    failures: int = 0
    """How many looks failed since then."""
    not_before: datetime | None = None
    """Upstream asked for patience (Retry-After): no look by itself before then."""
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    """Of the bytes that these validators were given with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBundle:
    """The newest bundle of one signer that was taken in: what the next one must be newer than, or stand on."""

    key_id: str
    digest: Digest
    """Of its signed list."""
    number: int
    made_at: datetime
    taken_at: datetime


def put(tx: Tx, check: Check) -> None:
    """Keep the last look."""
    tx.connection.execute(delete(mirror_checks).where(mirror_checks.c.name == check.name))
    tx.connection.execute(
        insert(mirror_checks).values(
            name=check.name,
            address=check.address,
            source=check.source,
            checked_at=check.checked_at,
            outcome=check.outcome.value,
            said=check.said,
            good_at=check.good_at,
            failures=check.failures,
            not_before=check.not_before,
            etag=check.etag,
            last_modified=check.last_modified,
            digest=check.digest,
        )
    )


def last(tx: Tx, name: str) -> Check | None:
    """The last look at this mirror; None when nobody ever looked."""
    row = tx.connection.execute(select(mirror_checks).where(mirror_checks.c.name == name)).first()
    return None if row is None else _read(row)


def every(tx: Tx) -> tuple[Check, ...]:
    """The last look at each mirror, by name."""
    return tuple(_read(row) for row in tx.connection.execute(select(mirror_checks).order_by(mirror_checks.c.name)))


def taken(tx: Tx, key_id: str) -> TakenBundle | None:
    """The newest bundle of this signer; None when none was ever taken."""
    row = tx.connection.execute(select(bundles_taken).where(bundles_taken.c.key_id == key_id)).first()
    if row is None:
        return None
    return TakenBundle(
        key_id=row.key_id, digest=Digest(row.digest), number=row.number, made_at=row.made_at, taken_at=row.taken_at
    )


def take(tx: Tx, bundle: TakenBundle) -> None:
    """Remember a bundle as its signer's newest."""
    tx.connection.execute(delete(bundles_taken).where(bundles_taken.c.key_id == bundle.key_id))
    tx.connection.execute(
        insert(bundles_taken).values(
            key_id=bundle.key_id,
            digest=bundle.digest,
            number=bundle.number,
            made_at=bundle.made_at,
            taken_at=bundle.taken_at,
        )
    )


def _read(row: Row[Any]) -> Check:
    return Check(
        name=row.name,
        address=row.address,
        source=row.source,
        checked_at=row.checked_at,
        outcome=Outcome(row.outcome),
        said=row.said,
        good_at=row.good_at,
        failures=row.failures,
        not_before=row.not_before,
        etag=row.etag,
        last_modified=row.last_modified,
        digest=row.digest,
    )
