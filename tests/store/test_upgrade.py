"""A filled database of an older commit comes to this release's schema with every row, every seal and its whole journal.

The fixtures in `upgrade/` were made by `upgrade/make.sh` with the code of the commits that had 12 and 25 migrations
(a42b096 and 3e3fa57 of this repository, 25 November 2026), on both engines. No release exists yet to upgrade from.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import MetaData, inspect, select

from comity.clearing.flow import FLOW
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId, CaseId, ReportId
from comity.settings import Settings
from comity.store import blobs, cases, engine, journal, migrate, proof, published, reports
from comity.store.crypt import MasterKey
from tests.store.cluster import Cluster, running

HERE = Path(__file__).parent / "upgrade"
MASTER = MasterKey(b"upgrade fixture, not a secret 32")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster


def unpacked(folder: Path, kind: str, number: int, request: pytest.FixtureRequest) -> tuple[Settings, dict[str, Any]]:
    """The old store at its place, as that commit left it, and what it held."""
    with tarfile.open(HERE / f"{number}-{kind}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    settings = Settings(data=folder / "data", keys=folder / "keys")
    dump = (folder / "dump.sql").read_text()
    if kind == "sqlite":
        import sqlite3

        with sqlite3.connect(settings.data / "comity.db") as database:
            database.executescript(dump)
        database.close()
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        where = {"host": str(cluster.folder), "user": "postgres", "autocommit": True}
        name = f"upgrade_{number}"
        with psycopg.connect(dbname="postgres", **where) as server:
            server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # our own name
        with psycopg.connect(dbname=name, **where) as database_:
            database_.execute(dump.replace("CREATE SCHEMA public;", ""))  # type: ignore[arg-type]  # our own file
        settings = replace(settings, database_url=cluster.address(name))
    return settings, json.loads((folder / "facts.json").read_text())


def rows(settings: Settings, columns: dict[str, list[str]] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in these columns (by default all): sorted, so that engines and orders do not matter."""
    raw = engine._engine(settings.database)
    try:
        with raw.connect() as connection:
            held = MetaData()
            held.reflect(connection, only=None if columns is None else list(columns))
            found = {}
            for table in held.sorted_tables:
                if table.name == "alembic_version":
                    continue
                names = sorted(table.columns.keys()) if columns is None else columns[table.name]
                query = select(*(table.c[name] for name in names))
                found[table.name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
            return found
    finally:
        raw.dispose()


def columns_of(settings: Settings) -> dict[str, list[str]]:
    raw = engine._engine(settings.database)
    try:
        with raw.connect() as connection:
            look = inspect(connection)
            names = [name for name in look.get_table_names() if name != "alembic_version"]
            return {name: sorted(str(column["name"]) for column in look.get_columns(name)) for name in names}
    finally:
        raw.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("number", [12, 25])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_store_of_an_older_commit_is_upgraded_with_every_row_and_a_journal_that_verifies(
    kind: str, number: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings, facts = unpacked(tmp_path, kind, number, request)
    raw = engine._engine(settings.database)
    assert migrate.current(raw) == facts["revision"] == f"{number:04}"
    raw.dispose()
    before, columns = rows(settings), columns_of(settings)
    assert {name: len(found) for name, found in before.items()} == facts["counts"]

    store = engine.open(settings, MASTER)
    try:
        assert migrate.current(store.engine) == migrate.HEAD
        assert rows(settings, columns) == before
        with store.read() as tx:
            head = journal.head(tx)
            assert {"store": head.store, "seq": head.seq, "hash": head.hash} == facts["head"]
            assert proof.verify(tx, []).faults == ()
            for name, summary in facts["reports"].items():
                report = reports.get(tx, ReportId(name), FLOW)
                assert report.finding.summary == summary
                assert blobs.get(tx, report.document, record=reports.record(report.id))
            for name, title in facts["cases"].items():
                assert cases.get(tx, CaseId(name), FLOW).title == title
            for name, summary in facts["advisories"].items():
                advisory: Advisory = published.get(tx, AdvisoryId(name), FLOW)
                assert advisory.summary == summary
        with store.write() as tx:  # and it goes on from there
            case = cases.get(tx, CaseId(next(iter(facts["cases"]))), FLOW)
            assert cases.save(tx, case).version == case.version + 1
    finally:
        store.close()
