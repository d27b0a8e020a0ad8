"""The register of AI defence and the access grants under it, at rest. Opened by defend alone, with a viewer.

Who sees what is as for assets: a defender the rows of their own organisation in the domains of their role, the defend
flow all of them, everybody else none. A grant is also found by its key, which is a capability: whoever holds it may
use it, and the store knows only a keyed digest of the key's hash.
"""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Integer, LargeBinary, String, Table, and_, false, insert, select, update

from comity.errors import Conflict, Missing
from comity.model.asset import domains
from comity.model.capability import Capability, Grant
from comity.model.party import Viewer
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, metadata

ai_capabilities: Final = Table(
    "ai_capabilities",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("domain", String(32), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

ai_grants: Final = Table(
    "ai_grants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False, index=True),
    Column("domain", String(32), nullable=False),
    Column("key_mark", String(64), nullable=False, unique=True),
    Column("ends_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)


def save(tx: Tx, capability: Capability) -> Capability:
    """Store the next state. Conflict when somebody else saved it since this state was read."""
    stored = replace(capability, version=capability.version + 1)
    columns = {
        "organisation": stored.organisation,
        "domain": stored.domain.value,
        "stage": stored.stage.value,
        "added_at": stored.added_at,
    }
    _put(tx, ai_capabilities, stored.id, stored.version, columns, rows.encode(stored, Capability))
    return stored


def get(tx: Tx, id_: str, viewer: Viewer) -> Capability:
    """One capability. Missing when there is none for this viewer."""
    row = tx.connection.execute(
        select(ai_capabilities).where(ai_capabilities.c.id == id_, _sees(viewer, ai_capabilities))
    ).first()
    if row is None or row.sealed is None:
        raise Missing(f"no AI capability {id_}")
    return _capability(tx, row)


def every(tx: Tx, viewer: Viewer) -> tuple[Capability, ...]:
    """Every capability that this viewer sees, oldest first."""
    query = (
        select(ai_capabilities)
        .where(_sees(viewer, ai_capabilities))
        .order_by(ai_capabilities.c.added_at, ai_capabilities.c.id)
    )
    return tuple(_capability(tx, row) for row in tx.connection.execute(query) if row.sealed is not None)


def save_grant(tx: Tx, grant: Grant) -> Grant:
    """Store the next state of a grant. Conflict when it changed since it was read: no call is counted twice."""
    stored = replace(grant, version=grant.version + 1)
    columns = {
        "organisation": stored.organisation,
        "domain": stored.domain.value,
        "key_mark": tx.master.mark("ai grant", stored.key_hash),
        "ends_at": stored.ends_at,
    }
    _put(tx, ai_grants, stored.id, stored.version, columns, rows.encode(stored, Grant))
    return stored


def grant(tx: Tx, id_: str, viewer: Viewer) -> Grant:
    """One grant. Missing when there is none for this viewer."""
    row = tx.connection.execute(select(ai_grants).where(ai_grants.c.id == id_, _sees(viewer, ai_grants))).first()
    if row is None or row.sealed is None:
        raise Missing(f"no access grant {id_}")
    return _grant(tx, row)


def grants(tx: Tx, viewer: Viewer) -> tuple[Grant, ...]:
    """Every grant that this viewer's organisation gave, by its end."""
    query = select(ai_grants).where(_sees(viewer, ai_grants)).order_by(ai_grants.c.ends_at, ai_grants.c.id)
    return tuple(_grant(tx, row) for row in tx.connection.execute(query) if row.sealed is not None)


def by_key(tx: Tx, key_hash: str) -> Grant:
    """The grant whose key has this hash. Missing for any other: a wrong key and no key are one answer."""
    mark = tx.master.mark("ai grant", key_hash)
    row = tx.connection.execute(select(ai_grants).where(ai_grants.c.key_mark == mark)).first()
    if row is None or row.sealed is None:
        raise Missing("no access grant has this key")
    return _grant(tx, row)


def _put(tx: Tx, table: Table, id_: str, version: int, columns: dict[str, Any], body: bytes) -> None:
    sealed = seal(tx.master, f"{table.name}/{id_}", body)
    values = columns | {"version": version, "wrapped": sealed.wrapped, "sealed": sealed.body}
    if version == 1:
        tx.connection.execute(insert(table).values(id=id_, **values))
        return
    changed = tx.connection.execute(
        update(table).where(table.c.id == id_, table.c.version == version - 1).values(**values)
    )
    if changed.rowcount != 1:
        raise Conflict(f"{id_} changed since it was read: read it again, then decide")


def _sees(viewer: Viewer, table: Table) -> ColumnElement[bool]:
    held = sorted(domain.value for domain in domains(viewer))
    if not held or not (viewer.is_system or viewer.organisation):
        return false()
    inside = table.c.domain.in_(held)
    return inside if viewer.is_system else and_(inside, table.c.organisation == viewer.organisation)


def _capability(tx: Tx, row: Any) -> Capability:
    place = f"ai_capabilities/{row.id}"
    return rows.decode(Capability, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))


def _grant(tx: Tx, row: Any) -> Grant:
    place = f"ai_grants/{row.id}"
    return rows.decode(Grant, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
