"""What people set for themselves: the zone that times are shown in, and filters they keep."""

from typing import Final

from sqlalchemy import Column, ForeignKey, String, Table, delete, insert, select

from comity.model.ids import PartyId
from comity.store.engine import Tx
from comity.store.tables import metadata

preferences: Final = Table(
    "preferences",
    metadata,
    Column("person", String(64), ForeignKey("people.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", String(255), nullable=False),
)


def of(tx: Tx, person: PartyId, kind: str) -> dict[str, str]:
    """A person's settings of one kind, by name, in name order."""
    query = select(preferences).where(preferences.c.person == person, preferences.c.kind == kind)
    return {row.name: row.value for row in tx.connection.execute(query.order_by(preferences.c.name))}


def put(tx: Tx, person: PartyId, kind: str, name: str, value: str) -> None:
    """Set one, in place of what was there."""
    remove(tx, person, kind, name)
    tx.connection.execute(insert(preferences).values(person=person, kind=kind, name=name, value=value))


def remove(tx: Tx, person: PartyId, kind: str, name: str) -> None:
    """Forget one; nothing happens where there is none."""
    mine = preferences.c.person == person, preferences.c.kind == kind, preferences.c.name == name
    tx.connection.execute(delete(preferences).where(*mine))
