"""Open the store and hand out transactions: one writer at a time, readers on a snapshot, on both engines alike.

A write transaction takes the single write lock first (SQLite: `BEGIN IMMEDIATE`; PostgreSQL: one advisory lock), so the
journal has no gaps, idempotency keys cannot race, and the two engines behave the same. What that costs is in
`docs/decisions/0004-store-and-journal.md`.
"""

import base64
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, insert, make_url, select, text
from sqlalchemy.exc import DatabaseError, OperationalError

from comity.errors import Conflict, Invalid, Unavailable
from comity.settings import Settings
from comity.store.crypt import MasterKey, decrypt
from comity.store.migrate import upgrade
from comity.store.tables import constants

Seam: TypeAlias = Callable[[str], None]
"""Called with the name of a place in the code. Production passes `no_seam`; crash tests pass one that kills."""

WRITE_LOCK: Final = 0x636F6D6974790001
"""PostgreSQL advisory lock of all writers of one database ("comity" and a number)."""
BUSY: Final = 30_000
"""Milliseconds that a writer waits for the write lock."""
CACHE_KIB: Final = 32 * 1024
"""Pages that one SQLite connection may keep; with the default of 2 MiB a slice of a batch spills in mid-transaction."""
CHECKPOINT: Final = 8192
"""Pages (4 KiB) in the write-ahead log before they are moved: pages that slice after slice touches are moved once."""


NEXT: Final = "next master"
"""The constant that names the master key which a store is on its way to; only `store.rewrap` opens such a store."""
MARKS: Final = "marks"
"""The constant that holds what keyed digests are made with, sealed, once the master key was changed."""


def no_seam(place: str) -> None:
    """Do nothing at `place`: the seam of every run outside the crash tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The journal's end: which store, how many entries, and the hash that stands for all of them."""

    store: str
    seq: int
    hash: str


class Witness(Protocol):
    """Takes note of the journal's head outside the store, e.g. as a signed checkpoint."""

    def saw(self, before: Head, after: Head) -> None:
        """The head moved from `before` to `after` in one committed transaction."""


@dataclass(slots=True, kw_only=True)
class Tx:
    """One transaction. Functions of the rooms take it first; it ends with the `with` block that gave it."""

    connection: Connection
    master: MasterKey
    store_id: str
    blob_folder: Path
    may_write: bool
    heads: list[Head] = field(default_factory=list)
    """Journal heads seen in this transaction: before the first entry, then after each."""
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    """What to do once the commit stands; must be safe to lose in a crash."""


@dataclass(slots=True, kw_only=True)
class Store:
    """An open store. Threads share it; `close` it when the process ends."""

    engine: Engine
    master: MasterKey
    id: str
    blob_folder: Path
    seam: Seam = no_seam
    witness: Witness | None = None
    _watch: sqlite3.Connection | None = field(default=None, repr=False)
    """What `version` asks: a connection that commits nothing itself, so every commit is another's."""

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """One write transaction: all of it is committed at the end of the block, or none of it.

        Unavailable when another writer holds the lock for longer than 30 seconds.
        """
        with self.engine.connect().execution_options(comity_write=True) as connection:
            with self._begun(connection, may_write=True) as tx:
                yield tx
                self.seam("store:before-commit")
            self.seam("store:after-commit")
        for act in tx.afterwards:
            act()
        if tx.heads and self.witness is not None:
            self.witness.saw(tx.heads[0], tx.heads[-1])

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One read transaction on a snapshot: writes in it fail, and later commits are not seen."""
        connection = self.engine.connect()
        if self.engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection, self._begun(connection, may_write=False) as tx:
            yield tx

    @contextmanager
    def _begun(self, connection: Connection, *, may_write: bool) -> Iterator[Tx]:
        try:
            transaction = connection.begin()
            if may_write:
                _take_lock(connection)
        except OperationalError as error:
            raise Unavailable("the store is busy or not reachable: try again, then see `comity doctor`") from error
        with transaction:
            yield Tx(
                connection=connection,
                master=self.master,
                store_id=self.id,
                blob_folder=self.blob_folder,
                may_write=may_write,
            )

    def scour(self) -> None:
        """After an erasure: let go of what the engine keeps of it beside the rows.

        SQLite overwrites erased cells (`secure_delete`); its side file still holds the earlier pages until it is cut.
        A reader of an older state keeps it from being cut for as long as it reads; that is waited for as for any lock.
        PostgreSQL keeps dead rows until VACUUM, which is its operator's.
        """
        if self.engine.dialect.name == "sqlite":
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA query_only=OFF")
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def version(self) -> int | None:
        """A number that is another one after every commit of anybody, of other processes too, without waiting.

        SQLite alone tells (`PRAGMA data_version`). None on PostgreSQL, and where the file cannot be asked just now.
        """
        if self.engine.dialect.name != "sqlite" or not self.engine.url.database:
            return None
        try:
            if self._watch is None:
                place = self.engine.url.database
                self._watch = sqlite3.connect(place, timeout=0, isolation_level=None, check_same_thread=False)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return None

    def close(self) -> None:
        """Give back every connection."""
        if self._watch is not None:
            self._watch.close()
        self.engine.dispose()


def insert_many(tx: Tx, table: Table, rows: Sequence[tuple[int | str | bytes | None, ...]]) -> None:
    """Put rows of plain values, each a value for every column in the table's order, straight to the driver.

    For indexes with dozens of rows a record: SQLAlchemy's own way looks at every value of every row, which costs more
    than the engine's work. Columns whose type changes its values (`Moment`) are not for this.
    """
    if not rows:
        return
    names, statement, positional = _prepared(table, tx.connection.dialect)
    if positional:
        tx.connection.exec_driver_sql(statement, list(rows))
    else:
        tx.connection.exec_driver_sql(statement, [dict(zip(names, row, strict=True)) for row in rows])


@lru_cache(maxsize=64)
def _prepared(table: Table, dialect: Dialect) -> tuple[tuple[str, ...], str, bool]:
    names = tuple(column.name for column in table.columns)
    made = insert(table).compile(dialect=dialect, column_keys=list(names))
    held = getattr(made, "positiontup", None)
    return names, str(made), list(held or ()) == list(names)


def open(settings: Settings, master: MasterKey, *, seam: Seam = no_seam) -> Store:  # noqa: A001  reads as engine.open()
    """Open the store that the settings name, made and migrated when needed.

    Conflict when the store was made under another master key: nothing in it could be read.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    blob_folder = settings.data / "blobs"
    blob_folder.mkdir(mode=0o700, exist_ok=True)
    engine = _engine(settings.database)
    try:
        upgrade(engine)
        store_id, master = _identity(engine, master)
    except OperationalError as error:
        engine.dispose()
        raise Unavailable("the store is not reachable: check COMITY_DATABASE_URL and that its server runs") from error
    except DatabaseError as error:
        engine.dispose()
        raise Invalid("what lies at the store's place is no database: move it away, or restore a backup") from error
    except BaseException:
        engine.dispose()
        raise
    return Store(engine=engine, master=master, id=store_id, blob_folder=blob_folder, seam=seam)


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED", hide_parameters=True)
    database = make_url(url).database
    if database:
        # SQLite makes its side files with the mode of the database file, so the file is made private first.
        os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins; the driver must not begin on its own
    for pragma in (
        f"busy_timeout={BUSY}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        f"cache_size=-{CACHE_KIB}",
        f"wal_autocheckpoint={CHECKPOINT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get("comity_write"))
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _take_lock(connection: Connection) -> None:
    """SQLite took its lock by `BEGIN IMMEDIATE`; PostgreSQL takes one here, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {BUSY}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITE_LOCK})


def _identity(engine: Engine, master: MasterKey) -> tuple[str, MasterKey]:
    with engine.connect().execution_options(comity_write=True) as connection, connection.begin():
        _take_lock(connection)
        held: dict[str, str] = {row.name: row.value for row in connection.execute(select(constants))}
        if not held:
            held = {"store": secrets.token_hex(16), "master": master.name}
            connection.execute(insert(constants), [{"name": n, "value": v} for n, v in held.items()])
    if NEXT in held:
        raise Conflict(
            f"this store is on its way to master key {held[NEXT]}: run `comity key rotate master` to its end"
        )
    if held["master"] != master.name:
        raise Conflict(
            f"this store was made under master key {held['master']}, and {master.name} was given: "
            "point COMITY_KEYS, COMITY_MASTER_KEY or COMITY_MASTER_KEY_COMMAND at the right key"
        )
    if MARKS in held:
        root = decrypt(master.wrapping, f"constants/{MARKS}", base64.b64decode(held[MARKS]))
        return held["store"], replace(master, root=root)
    return held["store"], master
