"""Copy every row out of a database and into an empty one, the same way for SQLite and PostgreSQL.

Rows leave as they rest: sealed records stay sealed. A table's digest does not depend on the order of its rows, since
two engines sort text differently: it is the sum of the SHA-256 of every row's canonical JSON, modulo 2^256.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
from sqlalchemy import Connection, MetaData, Table, create_engine, event, func, insert, inspect, make_url, select, text

from comity.errors import Conflict, Invalid, Tampered
from comity.store import journal, migrate
from comity.store.engine import Head, Tx
from comity.store.tables import blobs as blob_table

SIZE: Final = 500
"""Rows that travel together."""
SPACE: Final = 2**256
SCHEMA: Final = "dbos"
"""Where the workflow engine keeps its tables on PostgreSQL; on SQLite they have a file of their own."""
OWN: Final = frozenset({"alembic_version", "dbos_migrations"})
"""Each engine's note of its own schema: written when the tables are made, never copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table in a copy: how many rows, and the digest of them all."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What one moment of the store held."""

    head: Head
    revision: str
    master: str
    parts: Mapping[str, Part]
    files: tuple[str, ...]
    """Names of the blob files that rows of this moment speak of."""

    @property
    def digest(self) -> str:
        """One digest for every row of every table."""
        return whole(self.parts)


def whole(parts: Mapping[str, Part]) -> str:
    """One digest over the digests of all tables, by name."""
    lines = "".join(f"{name} {part.rows} {part.digest}\n" for name, part in sorted(parts.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def copy_store(tx: Tx, folder: Path | None) -> Copied:
    """Copy every table of the store as this read transaction sees it. `folder` None: only count and digest."""
    parts = _copy(tx.connection, None, folder)
    names: list[str] = list(tx.connection.execute(select(blob_table.c.file)).scalars())
    return Copied(
        head=journal.head(tx),
        revision=migrate.HEAD,
        master=tx.master.name,
        parts=parts,
        files=tuple(sorted(names)),
    )


def copy_workflows(url: str, folder: Path | None) -> Mapping[str, Part]:
    """Copy the workflow engine's tables in one snapshot."""
    with _connected(url, read_only=True) as (connection, schema):
        return _copy(connection, schema, folder)


def fill_store(url: str, folder: Path, parts: Mapping[str, Part], *, revision: str) -> None:
    """Make the tables of that revision in an empty database and put every row back; then upgrade to this release.

    Conflict when the database holds anything already. Tampered when a row is not as it was copied.
    """
    with _connected(url, read_only=False) as (connection, _):
        if set(inspect(connection).get_table_names()) & set(parts):
            raise Conflict("there is a store already at this place: restore into an empty one, and keep this one aside")
        migrate.to(connection, revision)
        _fill(connection, None, folder, parts)
        migrate.to(connection, migrate.HEAD)


def fill_workflows(url: str, folder: Path, parts: Mapping[str, Part]) -> None:
    """Put the workflow engine's rows back into tables that its own release has just made."""
    with _connected(url, read_only=False) as (connection, schema):
        for table in reversed(_tables(connection, schema)):
            connection.execute(table.delete())  # the engine notes its queues and versions when it makes its tables
        _fill(connection, schema, folder, parts)


def _copy(connection: Connection, schema: str | None, folder: Path | None) -> dict[str, Part]:
    return {table.name: _copy_table(connection, table, folder) for table in _tables(connection, schema)}


def _copy_table(connection: Connection, table: Table, folder: Path | None) -> Part:
    names, rows, total = sorted(table.columns.keys()), 0, 0
    with _file(folder, table.name) as out:
        found = connection.execution_options(yield_per=SIZE).execute(select(*(table.c[name] for name in names)))
        for row in found:
            line = msgspec.json.encode({name: _out(value) for name, value in zip(names, row, strict=True)})
            total = (total + _hash(line)) % SPACE
            rows += 1
            if out is not None:
                out.write(line + b"\n")
    return Part(rows=rows, digest=f"{total:064x}")


def _fill(connection: Connection, schema: str | None, folder: Path, parts: Mapping[str, Part]) -> None:
    tables = {table.name: table for table in _tables(connection, schema)}
    strange = {name for name, part in parts.items() if part.rows} - set(tables)
    if strange:
        raise Invalid(
            f"this release has no table {', '.join(sorted(strange))}: restore with the release that copied it"
        )
    for name, table in tables.items():
        if name in parts and _fill_table(connection, table, folder) != parts[name]:
            raise Tampered(f"the rows of {name} are not those that were copied: take another copy")
        _mend_sequences(connection, table)


def _fill_table(connection: Connection, table: Table, folder: Path) -> Part:
    rows, total, waiting = 0, 0, list[dict[str, Any]]()
    with (folder / f"{table.name}.ndjson").open("rb") as lines:
        for line in lines:
            total = (total + _hash(line.rstrip(b"\n"))) % SPACE
            rows += 1
            waiting.append({name: _back(value) for name, value in msgspec.json.decode(line).items()})
            if len(waiting) == SIZE:
                connection.execute(insert(table), waiting)
                waiting.clear()
    if waiting:
        connection.execute(insert(table), waiting)
    return Part(rows=rows, digest=f"{total:064x}")


def _mend_sequences(connection: Connection, table: Table) -> None:
    """On PostgreSQL a column that counts by itself must go on after the highest number that was put back."""
    if connection.dialect.name != "postgresql":
        return
    name = f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
    for column in table.columns:
        counts = text("SELECT pg_get_serial_sequence(:table, :column)")
        sequence = connection.execute(counts, {"table": name, "column": column.name}).scalar()
        if sequence is not None:
            highest = connection.execute(select(func.max(column))).scalar()
            if highest is not None:
                connection.execute(
                    text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
                )


def _tables(connection: Connection, schema: str | None) -> list[Table]:
    """Every table as the database has it, those that others point to first."""
    held = MetaData()
    held.reflect(connection, schema=schema)
    return [table for table in held.sorted_tables if table.name not in OWN]


@contextmanager
def _connected(url: str, *, read_only: bool) -> Iterator[tuple[Connection, str | None]]:
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, hide_parameters=True)
    if is_sqlite:
        event.listen(engine, "connect", _leave_beginning_to_us)
        event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    try:
        connection = engine.connect()
        if not is_sqlite:
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=read_only)
        with connection, connection.begin():
            yield connection, None if is_sqlite else SCHEMA
    finally:
        engine.dispose()


def _leave_beginning_to_us(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # else the driver would begin late and end early around the making of tables


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _file(folder: Path | None, name: str) -> Iterator[BinaryIO | None]:
    if folder is None:
        yield None
        return
    with (folder / f"{name}.ndjson").open("xb") as out:
        yield out


def _out(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode()}
    return value


def _back(value: Any) -> Any:
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def _hash(line: bytes) -> int:
    return int.from_bytes(hashlib.sha256(line).digest(), "big")
