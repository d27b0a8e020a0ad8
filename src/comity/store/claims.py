"""Scan claims at rest. What is scanned is sealed; the repository is found by a keyed digest."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Index, LargeBinary, Row, String, Table, insert, or_, select, update

from comity.errors import Missing
from comity.model.claim import Claim
from comity.model.ids import PartyId
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

scan_claims: Final = Table(
    "scan_claims",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("repository_mark", String(64), nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_scan_claims_repository_mark_ends_at", "repository_mark", "ends_at"),
)

BLIND: Final = ""
"""Stands for the repository of a claim that was taken blindly."""


def add(tx: Tx, claim: Claim) -> None:
    """Keep a new claim."""
    tx.connection.execute(
        insert(scan_claims).values(
            id=claim.id,
            organisation=claim.organisation,
            repository_mark=_mark(tx, claim),
            **_columns(tx, claim),
        )
    )


def save(tx: Tx, claim: Claim) -> None:
    """Store the next state of a claim."""
    tx.connection.execute(update(scan_claims).where(scan_claims.c.id == claim.id).values(**_columns(tx, claim)))


def get(tx: Tx, id_: str, organisation: PartyId) -> Claim:
    """A claim of this organisation. Missing for any other."""
    row = tx.connection.execute(
        select(scan_claims).where(scan_claims.c.id == id_, scan_claims.c.organisation == organisation)
    ).first()
    if row is None:
        raise Missing(f"no claim {id_}")
    return _open(tx, row)


def of(tx: Tx, organisation: PartyId) -> tuple[Claim, ...]:
    """An organisation's claims, newest end first."""
    query = select(scan_claims).where(scan_claims.c.organisation == organisation)
    query = query.order_by(scan_claims.c.ends_at.desc(), scan_claims.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def on(tx: Tx, repository: str, *, besides: PartyId, since: datetime) -> tuple[Claim, ...]:
    """Claims of others on a repository that were open at or after `since`."""
    query = (
        select(scan_claims)
        .where(
            scan_claims.c.repository_mark == tx.master.mark("repository", repository),
            scan_claims.c.organisation != besides,
            _since(since),
        )
        .order_by(scan_claims.c.id)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def told(tx: Tx, *, since: datetime) -> tuple[Claim, ...]:
    """Every claim that was open at or after `since`, blind ones too."""
    query = select(scan_claims).where(_since(since)).order_by(scan_claims.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def hidden(tx: Tx, *, since: datetime) -> tuple[Claim, ...]:
    """Blind claims that were open at or after `since`."""
    query = select(scan_claims).where(scan_claims.c.repository_mark == BLIND, _since(since)).order_by(scan_claims.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def held(tx: Tx, *, now: datetime) -> tuple[Claim, ...]:
    """Every claim that is open now, for whoever coordinates, soonest end first."""
    query = (
        select(scan_claims)
        .where(scan_claims.c.ends_at > now, scan_claims.c.ended_at.is_(None))
        .order_by(scan_claims.c.ends_at, scan_claims.c.id)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def record(id_: str) -> str:
    """The claim's place: bound into its seal, and the owner name of its files."""
    return f"scan_claims/{id_}"


def _mark(tx: Tx, claim: Claim) -> str:
    return BLIND if claim.area is None else tx.master.mark("repository", claim.area.repository)


def _since(since: datetime) -> ColumnElement[bool]:
    return or_(scan_claims.c.ends_at >= since, scan_claims.c.ended_at >= since)


def _columns(tx: Tx, claim: Claim) -> dict[str, Any]:
    sealed = seal(tx.master, record(claim.id), rows.encode(claim, Claim))
    return {
        "ends_at": claim.ends_at,
        "ended_at": claim.ended_at,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _open(tx: Tx, row: Row[Any]) -> Claim:
    return rows.decode(Claim, unseal(tx.master, record(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))
