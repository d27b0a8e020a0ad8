"""A copy of a busy host, put back on either engine, is the same to the last row and goes on where the host stood."""

import io
import secrets
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from comity.admin import backup
from comity.durable import engine as durable
from comity.errors import Conflict, Invalid, Missing, Tampered
from comity.model.case import Stage
from comity.sealing import keys
from comity.settings import Settings
from comity.store import backup as rows
from comity.store import engine, journal, migrate, proof, published
from comity.store.crypt import MasterKey
from tests.clearing.findings import FINDING
from tests.clearing.hosts import START, Host, host
from tests.clearing.test_flow import ADA, approved, send, wait_for
from tests.store.cluster import Cluster, running

MASTER = MasterKey(b"k" * 32)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    """One server for the tests of this module."""
    with running() as cluster:
        yield cluster


def place(folder: Path, kind: str, request: pytest.FixtureRequest) -> Settings:
    """Settings of a place where nothing is yet: on PostgreSQL a database of its own."""
    url = ""
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        name = "copy_" + secrets.token_hex(4)
        with psycopg.connect(host=str(cluster.folder), user="postgres", dbname="postgres", autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = cluster.address(name)
    return Settings(data=folder / "data", keys=folder / "keys", database_url=url)


def put_back(source: Path, settings: Settings, key: keys.SigningKey) -> backup.Copy:
    flows = lambda: durable.connect(settings).close()  # noqa: E731  one line of set-up
    return backup.restore(source, settings, MASTER, [key.public], make_flows=flows)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("here", "there"),
    [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")],
)
def test_a_busy_host_is_copied_at_one_moment_and_its_copy_goes_on_to_publish(
    here: str, there: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = place(tmp_path / "before", here, request)
    key = keys.signing_key(before)
    copied = tmp_path / "host.tar"
    with host(tmp_path, settings=before) as first:
        send(first, FINDING)
        case = approved(first)
        first.desk.publish(ADA, case)
        stop = threading.Event()
        busy = threading.Thread(target=write_on, args=(first, stop))
        busy.start()
        try:
            taken = backup.take(first.machines.store, before, key, copied, at=START)
        finally:
            stop.set()
            busy.join()
        with first.machines.store.read() as tx:
            assert journal.head(tx).seq > taken.entries
            then = journal.at(tx, taken.entries)
    assert then is not None
    assert then.hash == taken.head
    assert backup.look(copied, [key.public]) == taken

    after = place(tmp_path / "after", there, request)
    assert put_back(copied, after, key) == taken
    store = engine.open(after, MASTER)
    with store.read() as tx:
        held = rows.copy_store(tx, None)
        assert proof.verify(tx, []).faults == ()
    store.close()
    assert (held.digest, held.head) == (taken.digest, then)
    with host(tmp_path, settings=after) as again:
        assert again.desk.case(ADA, case).case.stage is Stage.READY
        again.clock.jump_to(again.clock.now() + timedelta(days=60))
        wait_for(lambda: again.desk.case(ADA, case).case.stage is Stage.PUBLISHED)
        with again.machines.store.read() as tx:
            assert published.page(tx, ADA).items


def write_on(first: Host, stop: threading.Event) -> None:
    """Reports keep coming in while the copy is made."""
    for number in range(1, 41):
        if stop.is_set():
            return
        send(first, replace(FINDING, summary=f"Another finding, number {number}"))


@pytest.fixture
def copied(tmp_path: Path) -> tuple[Path, keys.SigningKey]:
    settings = Settings(data=tmp_path / "one" / "data", keys=tmp_path / "one" / "keys")
    key = keys.signing_key(settings)
    durable.connect(settings).close()
    with host(tmp_path, settings=settings, run=False) as idle:
        send(idle, FINDING)
        backup.take(idle.machines.store, settings, key, tmp_path / "copy.tar", at=START)
    return tmp_path / "copy.tar", key


def changed(source: Path, target: Path, edit) -> None:
    """The same archive with one member's bytes edited, dropped (None) or added."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            for name, data in edit(member.name, content.read()):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize(
    "victim", ["rows/journal.ndjson", "rows/people.ndjson", "files.json", "flows/workflow_status.ndjson"]
)
def test_one_changed_byte_anywhere_is_found_before_anything_is_put_back(
    victim: str, copied: tuple[Path, keys.SigningKey], tmp_path: Path
) -> None:
    source, key = copied
    broken = tmp_path / "broken.tar"
    changed(source, broken, lambda n, d: [(n, bytes([d[0] ^ 1]) + d[1:] if n == victim else d)])
    after = Settings(data=tmp_path / "after" / "data", keys=tmp_path / "after" / "keys")
    with pytest.raises(Tampered):
        put_back(broken, after, key)
    assert not (after.data / "comity.db").exists()


def test_a_missing_part_an_added_part_and_a_path_that_leads_out_are_found(
    copied: tuple[Path, keys.SigningKey], tmp_path: Path
) -> None:
    source, key = copied
    edits = (
        lambda n, d: [] if n == "rows/people.ndjson" else [(n, d)],
        lambda n, d: [(n, d), ("rows/extra.ndjson", b"")] if n == "rows/people.ndjson" else [(n, d)],
        lambda n, d: [(n, d), ("../outside", b"x")] if n == "rows/people.ndjson" else [(n, d)],
    )
    for number, edit in enumerate(edits):
        broken = tmp_path / f"broken-{number}.tar"
        changed(source, broken, edit)
        with pytest.raises(Tampered):
            backup.look(broken, [key.public])
    assert not (tmp_path / "outside").exists()


def test_another_hosts_copy_and_what_is_no_copy_are_refused(
    copied: tuple[Path, keys.SigningKey], tmp_path: Path
) -> None:
    source, _ = copied
    stranger = keys.signing_key(Settings(data=tmp_path / "x" / "data", keys=tmp_path / "x" / "keys"))
    with pytest.raises(Tampered):
        backup.look(source, [stranger.public])
    (tmp_path / "text.tar").write_text("no archive")
    with pytest.raises(Invalid):
        backup.look(tmp_path / "text.tar", [stranger.public])
    whole = source.read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((Invalid, Tampered)):
        backup.look(tmp_path / "cut.tar", [copied[1].public])
    with pytest.raises(Missing):
        backup.look(tmp_path / "none.tar", [stranger.public])


def test_a_copy_goes_into_an_empty_place_under_its_own_master_key_only(
    copied: tuple[Path, keys.SigningKey], tmp_path: Path
) -> None:
    source, key = copied
    after = Settings(data=tmp_path / "after" / "data", keys=tmp_path / "after" / "keys")
    flows = lambda: durable.connect(after).close()  # noqa: E731  one line of set-up
    with pytest.raises(Conflict, match="master key"):
        backup.restore(source, after, MasterKey(b"z" * 32), [key.public], make_flows=flows)
    put_back(source, after, key)
    with pytest.raises(Conflict):
        put_back(source, after, key)
    store = engine.open(after, MASTER)
    with pytest.raises(Conflict, match="new file"):
        backup.take(store, after, key, source, at=START)
    store.close()


def test_a_copy_from_an_older_schema_is_upgraded_as_it_is_put_back(tmp_path: Path) -> None:
    old = engine._engine(f"sqlite:///{tmp_path / 'old.db'}")
    with old.connect().execution_options(comity_write=True) as connection, connection.begin():
        migrate.to(connection, "0004")
        connection.execute(text("INSERT INTO organisations (id, name) VALUES ('O-1', 'An old one')"))
    folder = tmp_path / "rows"
    folder.mkdir()
    with old.connect() as connection, connection.begin():
        parts = rows._copy(connection, None, folder)
    old.dispose()
    url = f"sqlite:///{tmp_path / 'new.db'}"
    rows.fill_store(url, folder, parts, revision="0004")
    new = engine._engine(url)
    assert migrate.current(new) == migrate.HEAD
    with new.connect() as connection:
        assert connection.execute(text("SELECT name FROM organisations")).scalar() == "An old one"
    new.dispose()
