"""Keys change: all records open under the new master key alone, killed anywhere, and old signatures go on verifying."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from comity.admin import rotation
from comity.app import opened, trusted
from comity.clearing.flow import FLOW
from comity.errors import Conflict, Tampered
from comity.model.events import Event, Kind
from comity.model.handling import Handling, Tlp
from comity.model.ids import EngagementId, digest
from comity.model.sharing import EXCHANGE, HOST, SharedObject
from comity.sealing import checkpoints, keys
from comity.sealing.checkpoints import Checkpoints
from comity.settings import Settings
from comity.store import blobs, engine, journal, published, reports, rewrap, shared
from comity.store.crypt import MasterKey, decrypt
from comity.store.custody import Custody
from comity.store.tables import blobs as blob_table
from tests.store.cluster import Cluster, running
from tests.store.values import advisory, report

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


class Killed(BaseException):
    """As a power cut: nothing catches it."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    url = ""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        name = "rotate_" + secrets.token_hex(4)
        with psycopg.connect(host=str(cluster.folder), user="postgres", dbname="postgres", autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = cluster.address(name)
    return Settings(data=tmp_path / "data", keys=tmp_path / "keys", database_url=url)


def filled(settings: Settings) -> dict[str, object]:
    """A store with sealed records of several kinds under the host's own master key, and what to find in it again."""
    master = keys.master_key(settings)
    witness = Checkpoints(folder=settings.checkpoint_folder, key=keys.signing_key(settings), every=1, now=lambda: NOW)
    store = engine.open(settings, master)
    store.witness = witness
    held = report(document=b"a document")
    with store.write() as tx:
        reports.add(tx, held)
        blobs.put(tx, b"a file of the report", record=reports.record(held.id))
        published.put(tx, replace(advisory(2), handling=Handling(tlp=Tlp.AMBER)), [])
        published.put(tx, advisory(3), [])
        object_ = SharedObject(
            collection=EXCHANGE, id="vulnerability--5a1e0000-0000-4000-8000-00000000c011", kind="vulnerability",
            version=NOW, tlp=Tlp.AMBER, organisation=HOST, body=b"{}",
        )  # fmt: skip
        shared.add(tx, [object_], at=NOW)
        journal.append(tx, Event(kind=Kind.CASE_OPENED, key="k", at=NOW, actor="test"))
    store.close()
    return {"report": held, "old": master}


def opens(settings: Settings, held: dict[str, object]) -> None:
    """Everything is read and found as before, under the key that the host now has."""
    store = engine.open(settings, keys.master_key(settings))
    before = held["report"]
    assert isinstance(before, type(report()))
    with store.read() as tx:
        assert reports.get(tx, before.id, FLOW).finding == before.finding
        assert blobs.get(tx, digest(b"a file of the report"), record=reports.record(before.id))
        assert reports.by_receipt(tx, before.receipt).id == before.id
        assert published.get(tx, advisory(2).id, FLOW).id == advisory(2).id
        assert checkpoints.verify(tx, settings.checkpoint_folder, trusted(settings)).holds
    store.close()


def test_after_a_change_of_the_master_key_everything_opens_under_the_new_one_and_nothing_under_the_old(
    settings: Settings,
) -> None:
    held = filled(settings)
    old = held["old"]
    assert isinstance(old, MasterKey)
    for _ in range(2):  # and once more: what digests are made with is carried along
        before = keys.master_key(settings)
        done = rotation.master(settings, None, at=NOW)
        assert done.rewrapped >= 4
        assert (done.old, done.new) == (before.name, keys.master_key(settings).name)
        assert done.kept is not None
        assert keys.read_master(done.kept) == before
        opens(settings, held)
        with pytest.raises(Conflict, match="master key"):
            engine.open(settings, before)
    assert len({old.name, before.name, keys.master_key(settings).name}) == 3
    store = engine.open(settings, keys.master_key(settings))
    with store.read() as tx:
        for table in rewrap.sealed_tables():
            for row in tx.connection.execute(select(*rewrap._columns(table)).where(table.c.wrapped.is_not(None))):
                for gone in (old, before):
                    with pytest.raises(Tampered):
                        decrypt(gone.wrapping, f"key of {rewrap.place_of(table, row)}", row.wrapped)
        kinds = [entry.event.facts["what"] for entry in journal.after(tx, 0) if entry.event.kind is Kind.KEY_CHANGED]
    store.close()
    assert kinds == ["master key", "master key"]


def test_a_change_of_the_master_key_that_is_killed_anywhere_ends_as_if_it_had_not_been(settings: Settings) -> None:
    held = filled(settings)
    first = keys.master_key(settings)
    passed: list[str] = []
    for place in ("rewrap:reports", "rewrap:blobs", "rewrap:before-end", "rotation:before-files"):

        def seam(here: str, place: str = place) -> None:
            passed.append(here)
            if here == place:
                raise Killed

        before = keys.master_key(settings)
        with pytest.raises(Killed):
            rotation.master(settings, None, at=NOW, seam=seam)
        assert place in passed
        if place != "rotation:before-files":
            with pytest.raises(Conflict, match="on its way to master key"):
                engine.open(settings, before)
        rotation.master(settings, None, at=NOW)
        opens(settings, held)
        assert not (settings.keys / "master.next.key").exists()
        assert keys.master_key(settings) not in (first, before)


def test_a_record_that_does_not_open_stops_a_change_before_anything_is_changed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
    held = filled(settings)
    store = engine.open(settings, keys.master_key(settings))
    with store.write() as tx:
        whole = tx.connection.execute(select(blob_table)).one()
        tx.connection.execute(blob_table.update().values(wrapped=bytes([whole.wrapped[0] ^ 1]) + whole.wrapped[1:]))
    with pytest.raises(Tampered, match="does not open"):
        rotation.master(settings, None, at=NOW)
    with store.write() as tx:
        tx.connection.execute(blob_table.update().values(wrapped=whole.wrapped))
    store.close()
    opens(settings, held)


def test_an_engagements_key_follows_the_master_key_and_an_erased_one_is_left_alone(tmp_path: Path) -> None:
    custody = Custody(folder=tmp_path / "custody", data=tmp_path / "data")
    old, new, id_ = MasterKey(b"o" * 32), MasterKey(b"n" * 32), EngagementId("E-0000-0000-0001")
    wrapped = custody.new_key(old, id_)
    fresh = custody.rewrapped(old, new, id_, wrapped)
    assert fresh is not None
    assert custody.key(new, id_, fresh) == custody.key(old, id_, wrapped)
    with pytest.raises(Tampered):
        custody.key(old, id_, fresh)
    assert custody.rewrapped(old, new, id_, fresh) is None
    custody.destroy(id_)
    assert custody.rewrapped(old, new, id_, wrapped) is None


@pytest.mark.parametrize("place", ["", "made", "kept", "replaced"])
def test_a_new_signing_key_signs_and_what_the_old_one_signed_verifies_wherever_the_change_was_killed(
    place: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
    held = filled(settings)
    old = keys.signing_key(settings).public

    def seam(here: str) -> None:
        if here == place:
            raise Killed

    if place:
        with pytest.raises(Killed):
            rotation.signing(settings, at=NOW, seam=seam)
    done = rotation.signing(settings, at=NOW)
    now = keys.signing_key(settings).public
    assert (done.old, done.new) == (old.id[:16], now.id[:16])
    assert keys.own_keys(settings) == (now, old)
    assert sorted(path.name for path in settings.keys.glob("*.pem")) == ["signing.pem"]
    assert not (settings.keys / ".signing.gone").exists()
    opens(settings, held)  # checkpoints of the old key among what is verified


def test_no_key_is_changed_while_the_host_is_open_and_the_host_does_not_open_while_one_is(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", offline=True)
    with opened(settings, work=False), pytest.raises(Conflict, match="stop web and workers"):
        rotation.signing(settings, at=NOW)
    with rotation.alone(settings), pytest.raises(Conflict, match="is being changed"), opened(settings, work=False):
        pass


def test_a_key_from_a_setting_is_changed_to_the_one_that_is_named(tmp_path: Path) -> None:
    import base64

    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", master_key=base64.b64encode(b"s" * 32).decode())
    held = filled(settings)
    with pytest.raises(Conflict, match="--to FILE"):
        rotation.master(settings, None, at=NOW)
    new = MasterKey(b"t" * 32)
    assert rotation.master(settings, new, at=NOW).kept is None
    opens(replace(settings, master_key=base64.b64encode(new.secret).decode()), held)


def test_every_table_with_a_data_key_says_where_its_records_are_sealed() -> None:
    """The place is bound into the seal: a table that seals elsewhere than at its key needs a line in `ELSEWHERE`."""
    text = "".join(path.read_text() for path in Path(rewrap.__file__).parent.glob("*.py"))
    by_helper = {"case_answers", "case_decisions"}  # the name is handed to one helper
    for table in rewrap.sealed_tables():
        if table.name == "engagements" or table.name in by_helper:
            continue
        kept = table.name if table.name not in rewrap.ELSEWHERE else ""
        if kept:
            parts = "/".join([r"\{[^{}]+\}"] * len(table.primary_key.columns))
            assert re.search(rf'f"{kept}/{parts}"', text), table.name
