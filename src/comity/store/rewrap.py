"""Change the master key of a store: every data key is wrapped anew, no record is sealed anew, no digest changes.

Each record has a data key of its own (`crypt`), so only these 60 bytes change, table by table, some hundred rows to a
transaction. While it goes on the store names the key it is on its way to, and nobody else opens it. Killed at any point
and begun again it comes to the same end: a key that is under the new master already is left as it is.

What digests are made with stays, since much of what was digested is not kept; it lies in the store, sealed under the
new master. So whoever holds the old key and a copy of this store made after the change opens no record, but can still
tell whether a guess (an address, a document) is among the digests.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

from sqlalchemy import Row, String, Table, delete, insert, select, tuple_, type_coerce, update

from comity.errors import Conflict, Tampered
from comity.model.ids import EngagementId
from comity.settings import Settings
from comity.store.crypt import MasterKey, decrypt, encrypt
from comity.store.custody import Custody
from comity.store.engine import MARKS, NEXT, Seam, Store, Tx, _engine, no_seam
from comity.store.migrate import upgrade
from comity.store.tables import constants, metadata

TOGETHER: Final = 500
Place = Callable[[Any], str]

ELSEWHERE: Final[Mapping[str, Place]] = {
    "report_profiles": lambda row: f"profiles/{row.report}",
    "vex_statements": lambda row: f"vex_statements/{row.id}",
    "shared_objects": lambda row: f"shared_objects/{row.stix_id}/{row.organisation}/{row.version_text}",
}
"""Tables whose records are sealed at another place than `table/` and the primary key. `engagements` goes by custody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What was done: data keys wrapped anew in this run, and engagements left alone, whose half was destroyed."""

    keys: int
    beyond: int


def opened(settings: Settings, master: MasterKey) -> Store:
    """The store for `rotate` alone, also when an earlier change was cut off. Its `id` is not known here."""
    made = _engine(settings.database)
    upgrade(made)
    return Store(engine=made, master=master, id="", blob_folder=settings.data / "blobs")


def sealed_tables() -> list[Table]:
    """Every table with wrapped data keys."""
    for module in iter_modules([str(Path(__file__).parent)]):  # tables take their place in `metadata` by being imported
        if not module.ispkg:
            import_module(f"{__package__}.{module.name}")
    return [table for table in metadata.sorted_tables if "wrapped" in table.c]


def rotate(store: Store, old: MasterKey, new: MasterKey, custody: Custody, *, seam: Seam = no_seam) -> Rewrapped:
    """Bring an open store from one master key to another; the store value itself is stale afterwards.

    Conflict when it is under neither key, or on its way to a third. Tampered for a record that does not open, before
    anything is changed: restore or erase that record first.
    """
    with store.write() as tx:
        held = _constants(tx)
        if held["master"] == new.name:
            return Rewrapped(keys=0, beyond=0)
        if held["master"] != old.name:
            raise Conflict(f"this store is under master key {held['master']}; {old.name} was given")
        if held.get(NEXT, new.name) != new.name:
            raise Conflict(f"this store is on its way to master key {held[NEXT]}: give that one, and let it end first")
    if NEXT not in held:
        _check(store, old, custody)  # nothing is begun while a record would be left behind
    with store.write() as tx:
        if NEXT not in held:
            tx.connection.execute(insert(constants).values(name=NEXT, value=new.name))
    done = beyond = 0
    for table in sealed_tables():
        keys, left = _table(store, table, old, new, custody, seam)
        done, beyond = done + keys, beyond + left
    with store.write() as tx:
        seam("rewrap:before-end")
        held = _constants(tx)
        place, root = f"constants/{MARKS}", old.secret
        if MARKS in held:
            root = decrypt(old.wrapping, place, base64.b64decode(held[MARKS]))
        tx.connection.execute(delete(constants).where(constants.c.name.in_((NEXT, MARKS))))
        marks = base64.b64encode(encrypt(new.wrapping, place, root)).decode()
        tx.connection.execute(insert(constants).values(name=MARKS, value=marks))
        tx.connection.execute(update(constants).where(constants.c.name == "master").values(value=new.name))
    return Rewrapped(keys=done, beyond=beyond)


def _check(store: Store, old: MasterKey, custody: Custody) -> None:
    with store.read() as tx:
        for table in sealed_tables():
            query = select(*_columns(table)).where(table.c.wrapped.is_not(None)).execution_options(yield_per=TOGETHER)
            for row in tx.connection.execute(query):
                if table.name != "engagements":
                    decrypt(old.wrapping, f"key of {place_of(table, row)}", row.wrapped)
                elif custody.holds(EngagementId(row.id)):
                    custody.key(old, EngagementId(row.id), row.wrapped)


def _columns(table: Table) -> list[Any]:
    """Everything but what is sealed, and the one moment that a place spells as it is stored."""
    columns: list[Any] = [column for column in table.c if column.name not in {"body", "sealed"}]
    if table.name == "shared_objects":
        columns.append(type_coerce(table.c.version, String).label("version_text"))
    return columns


def _table(store: Store, table: Table, old: MasterKey, new: MasterKey, custody: Custody, seam: Seam) -> tuple[int, int]:
    """Walk one table by its primary key. SQLite and PostgreSQL may order text differently: each walks in its own."""
    own = list(table.primary_key.columns)
    done = beyond = 0
    last: tuple[Any, ...] | None = None
    while True:
        with store.write() as tx:
            query = select(*_columns(table)).order_by(*own).limit(TOGETHER)
            if last is not None:
                query = query.where(tuple_(*own) > tuple_(*last, types=[column.type for column in own]))
            rows = tx.connection.execute(query).all()
            for row in rows:
                if row.wrapped is None:
                    continue
                fresh = _fresh(table, row, old, new, custody)
                if fresh is None:
                    beyond += table.name == "engagements" and not custody.holds(EngagementId(row.id))
                    continue
                here = [column == getattr(row, column.name) for column in own]
                tx.connection.execute(update(table).where(*here).values(wrapped=fresh))
                done += 1
            seam(f"rewrap:{table.name}")
        if len(rows) < TOGETHER:
            return done, beyond
        last = tuple(getattr(rows[-1], column.name) for column in own)


def _fresh(table: Table, row: Row[Any], old: MasterKey, new: MasterKey, custody: Custody) -> bytes | None:
    """The data key under the new master; None when it is so already."""
    if table.name == "engagements":
        return custody.rewrapped(old, new, EngagementId(row.id), row.wrapped)
    place = f"key of {place_of(table, row)}"
    try:
        decrypt(new.wrapping, place, row.wrapped)
    except Tampered:
        return encrypt(new.wrapping, place, decrypt(old.wrapping, place, row.wrapped))
    return None


def place_of(table: Table, row: Any) -> str:
    """Where a row's record is sealed: bound into its seal when it was kept."""
    other = ELSEWHERE.get(table.name)
    if other is not None:
        return other(row)
    return "/".join([table.name, *(str(getattr(row, column.name)) for column in table.primary_key.columns)])


def _constants(tx: Tx) -> dict[str, str]:
    return {row.name: row.value for row in tx.connection.execute(select(constants))}
