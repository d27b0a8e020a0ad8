"""Transactions: all or nothing, one writer at a time, and a schema that is what the tables say."""

import stat
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from comity.errors import Conflict, Invalid, Unavailable
from comity.settings import Settings
from comity.store import done, engine, journal, migrate
from comity.store.crypt import MasterKey
from comity.store.tables import metadata
from tests.store.conftest import MASTER
from tests.store.values import NOW, event


def test_what_fails_leaves_nothing(store: engine.Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            journal.append(tx, event("k"))
            raise Conflict("half way")

    with pytest.raises(Conflict):
        fail()
    with store.read() as tx:
        assert journal.head(tx).seq == 0


def test_a_read_transaction_cannot_write(store: engine.Store) -> None:
    with pytest.raises(DBAPIError), store.read() as tx:
        done.once(tx, "k", NOW, lambda: 1)


def test_a_reader_does_not_see_what_is_committed_meanwhile(store: engine.Store) -> None:
    with store.read() as reader:
        assert journal.head(reader).seq == 0
        with store.write() as tx:
            journal.append(tx, event("k"))
        assert journal.head(reader).seq == 0


def test_the_version_differs_after_every_commit_and_only_then(store: engine.Store) -> None:
    before = store.version()
    if store.engine.dialect.name == "postgresql":
        assert before is None
        return
    with store.read() as tx:
        journal.head(tx)
    assert store.version() == before
    with store.write() as tx:
        journal.append(tx, event("k"))
        assert store.version() == before
    assert store.version() != before


def test_concurrent_writers_leave_one_chain_without_gaps(store: engine.Store) -> None:
    def write(name: int) -> None:
        for number in range(10):
            with store.write() as tx:
                journal.append(tx, event(f"{name}-{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        entries = journal.after(tx, 0)
    assert [entry.seq for entry in entries] == list(range(1, 61))
    assert all(later.previous == earlier.hash for earlier, later in pairwise(entries))


def test_a_writer_that_waits_too_long_is_told_to_try_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY", 50)
    store = engine.open(settings, MASTER)

    def second() -> None:
        with store.write() as tx:
            journal.append(tx, event("second"))

    with store.write() as tx:
        journal.append(tx, event("first"))
        with pytest.raises(Unavailable, match="busy"):
            second()
    second()
    with store.read() as tx:
        assert [entry.event.key for entry in journal.after(tx, 0)] == ["first", "second"]
    store.close()


def test_opening_again_finds_the_same_store(settings: Settings) -> None:
    first = engine.open(settings, MASTER)
    second = engine.open(settings, MASTER)
    assert first.id == second.id
    first.close()
    second.close()


def test_another_master_key_is_refused_by_name(settings: Settings) -> None:
    engine.open(settings, MASTER).close()
    with pytest.raises(Conflict, match="master key"):
        engine.open(settings, MasterKey(bytes(32)))


def test_the_migrations_make_exactly_the_tables_of_the_code(store: engine.Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        made = set(inspect(connection).get_table_names())
    assert made == {*metadata.tables, "alembic_version"}


def test_the_newest_revision_is_the_one_the_code_expects() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).with_name("migrations")))
    assert scripts.get_current_head() == migrate.HEAD


def test_files_of_the_store_are_private(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
    store = engine.open(settings, MASTER)
    with store.write() as tx:
        journal.append(tx, event("k"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.data.iterdir()}
    assert modes["comity.db"] == modes["comity.db-wal"] == 0o600
    assert modes["blobs"] == stat.S_IMODE(settings.data.stat().st_mode) == 0o700
    store.close()


def test_the_seam_sees_both_sides_of_every_commit(settings: Settings) -> None:
    places: list[str] = []
    store = engine.open(settings, MASTER, seam=places.append)
    with store.write() as tx:
        journal.append(tx, event("k"))
    store.close()
    assert places == ["store:before-commit", "store:after-commit"]


def test_an_act_is_done_once_however_often_its_step_runs(store: engine.Store) -> None:
    calls: list[int] = []

    def publish() -> done.Result:
        calls.append(1)
        return {"advisory": "A-1"}

    for _ in range(3):
        with store.write() as tx:
            assert done.once(tx, "publish:C-1", NOW, publish) == {"advisory": "A-1"}
    assert calls == [1]


def test_an_act_that_fails_is_not_remembered(store: engine.Store) -> None:
    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError), store.write() as tx:
        done.once(tx, "k", NOW, fail)
    with store.read() as tx:
        assert not done.is_done(tx, "k")
        with pytest.raises(KeyError):
            done.result(tx, "k")


def test_a_file_that_is_no_database_is_named_as_such(tmp_path):
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    (settings.data / "comity.db").write_bytes(b"not a database at all " * 100)
    with pytest.raises(Invalid, match="no database"):
        engine.open(settings, MASTER)
