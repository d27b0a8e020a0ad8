"""Which account is joined to which subject of which sign-in provider: one to one on both sides.

And what its logout needs: whose the provider's sessions are, by digest, and which logout tokens were taken already.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint, and_, delete, insert, or_, select

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


provider_sessions: Final = Table(
    "provider_sessions",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("person", String(64), ForeignKey("people.id"), nullable=False),
    Column("until", Moment, nullable=False),
)

provider_logouts: Final = Table(
    "provider_logouts",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
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


def remember_session(tx: Tx, issuer: str, mark: str, person: PartyId, *, at: datetime, until: datetime) -> None:
    """Whose a session at the provider is, until no session here can be from it; what has ended is cleared."""
    here = provider_sessions.c.issuer == issuer, provider_sessions.c.mark == mark
    tx.connection.execute(delete(provider_sessions).where(or_(provider_sessions.c.until <= at, and_(*here))))
    tx.connection.execute(insert(provider_sessions).values(issuer=issuer, mark=mark, person=person, until=until))


def person_of_session(tx: Tx, issuer: str, mark: str) -> PartyId | None:
    """Whose a session at the provider is, None when that is not known."""
    here = provider_sessions.c.issuer == issuer, provider_sessions.c.mark == mark
    found: str | None = tx.connection.execute(select(provider_sessions.c.person).where(*here)).scalar()
    return None if found is None else PartyId(found)


def take_logout(tx: Tx, mark: str, *, at: datetime, until: datetime) -> bool:
    """Take a logout token, once. False for one that was taken; what is too old to be sent again is cleared."""
    tx.connection.execute(delete(provider_logouts).where(provider_logouts.c.until <= at))
    if tx.connection.execute(select(provider_logouts.c.mark).where(provider_logouts.c.mark == mark)).first():
        return False
    tx.connection.execute(insert(provider_logouts).values(mark=mark, until=until))
    return True


def is_joined(tx: Tx, person: PartyId) -> bool:
    """Whether a person's account is joined to any provider."""
    query = select(provider_joins.c.subject).where(provider_joins.c.person == person)
    return tx.connection.execute(query).first() is not None


def part(tx: Tx, person: PartyId) -> None:
    """End every join of a person. Missing when there is none."""
    if tx.connection.execute(delete(provider_joins).where(provider_joins.c.person == person)).rowcount == 0:
        raise Missing(f"{person} is joined to no provider")
