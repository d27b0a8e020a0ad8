"""Which account is joined to which subject of which sign-in provider: one to one on both sides."""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint, delete, insert, select

from comity.errors import Missing
from comity.model.ids import PartyId
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

provider_joins: Final = Table(
    "provider_joins",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("issuer", "person"),
)


def join(tx: Tx, issuer: str, subject: str, person: PartyId, *, at: datetime) -> None:
    """Join an account to a subject nobody is joined to; what the account was joined to there before ends."""
    mine = provider_joins.c.issuer == issuer, provider_joins.c.person == person
    tx.connection.execute(delete(provider_joins).where(*mine))
    tx.connection.execute(insert(provider_joins).values(issuer=issuer, subject=subject, person=person, at=at))


def person_of(tx: Tx, issuer: str, subject: str) -> PartyId | None:
    """Whose account is joined to the subject, None when nobody's is."""
    query = select(provider_joins.c.person).where(
        provider_joins.c.issuer == issuer, provider_joins.c.subject == subject
    )
    found: str | None = tx.connection.execute(query).scalar()
    return None if found is None else PartyId(found)


def since(tx: Tx, issuer: str, person: PartyId) -> datetime | None:
    """Since when a person's account is joined to that provider, None when it is not."""
    query = select(provider_joins.c.at).where(provider_joins.c.issuer == issuer, provider_joins.c.person == person)
    found: datetime | None = tx.connection.execute(query).scalar()
    return found


def is_joined(tx: Tx, person: PartyId) -> bool:
    """Whether a person's account is joined to any provider."""
    query = select(provider_joins.c.subject).where(provider_joins.c.person == person)
    return tx.connection.execute(query).first() is not None


def part(tx: Tx, person: PartyId) -> None:
    """End every join of a person. Missing when there is none."""
    if tx.connection.execute(delete(provider_joins).where(provider_joins.c.person == person)).rowcount == 0:
        raise Missing(f"{person} is joined to no provider")
