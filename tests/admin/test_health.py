"""What the doctor says of work, clock, keys, copies and disk: each line is driven into the state that it warns of."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Pause

import pytest

from comity.admin import health
from comity.durable import engine as durable
from comity.durable.engine import Backlog
from comity.durable.flows import flow, step
from comity.errors import Invalid
from comity.model.events import Event, Kind
from comity.settings import Settings
from comity.store import engine, journal
from comity.store.crypt import MasterKey

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
IDLE = Backlog(waiting=0, oldest=None, running=0, failed=0, moved_at=None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", keys=tmp_path / "keys")


@pytest.fixture
def store(settings: Settings) -> Iterator[engine.Store]:
    held = engine.open(settings, MasterKey(b"h" * 32))
    yield held
    held.close()


def test_no_worker_is_a_warning_and_bad_when_something_waits_for_one() -> None:
    busy = Backlog(waiting=3, oldest=NOW - timedelta(hours=2), running=0, failed=0, moved_at=NOW - timedelta(hours=3))
    assert health.workers((), IDLE, NOW).state == "warn"
    assert health.workers((), busy, NOW).state == "bad"
    assert "3 hours ago" in health.workers((), busy, NOW).value
    assert health.workers(("worker-1",), busy, NOW).state == "ok"
    late = health.queue(busy, NOW)
    assert (late.state, "2026-11-26 02:00" in late.value) == ("warn", True)
    assert health.queue(IDLE, NOW).state == "ok"


def test_failed_flows_and_given_up_deliveries_are_told() -> None:
    assert health.dead_letters(0, 0).state == "ok"
    assert health.dead_letters(1, 0).state == health.dead_letters(0, 2).state == "warn"


def test_what_partners_and_cve_services_never_answered_is_told_apart() -> None:
    assert health.given_up(0, 0).state == "ok"
    assert (health.given_up(1, 0).state, health.given_up(0, 2).state) == ("warn", "warn")
    assert "1 hand-overs to partners, 2 requests" in health.given_up(1, 2).value


def test_checkpoints_are_counted_as_the_journal_counts_them_and_other_files_are_none(settings: Settings) -> None:
    settings.checkpoint_folder.mkdir(parents=True)
    for name in ("checkpoint-000000000100", "checkpoint-000000000250", "checkpoint-old copy"):
        (settings.checkpoint_folder / f"{name}.dsse.json").write_bytes(b"{}")
    settings.data.mkdir(exist_ok=True)
    assert health.checkpoints(settings, 260).value.startswith("2, up to entry 250 of 260")


def test_a_clock_that_is_behind_the_journal_is_bad() -> None:
    assert health.clock(NOW + timedelta(seconds=90), NOW).state == "bad"
    assert health.clock(NOW + timedelta(seconds=30), NOW).state == "ok"
    assert health.clock(None, NOW).state == "ok"


def test_a_copy_is_remembered_with_how_far_the_journal_was_and_grows_old(
    settings: Settings, store: engine.Store
) -> None:
    assert health.backups(None, 5, NOW).state == "warn"
    health.note_backup(settings, at=NOW - timedelta(days=2), entries=3)
    taken = health._taken(settings)
    assert taken is not None
    fresh = health.backups(taken, 5, NOW)
    assert (fresh.state, "2 journal entries since" in fresh.value) == ("ok", True)
    assert health.backups(taken, 5, NOW + timedelta(days=6)).state == "warn"


def test_a_full_disk_an_old_key_and_another_schema_are_told(settings: Settings) -> None:
    assert [health.disk(free).state for free in (2**40, 2**30, 2**20)] == ["ok", "warn", "bad"]
    settings.keys.mkdir(parents=True)
    for name in ("signing.pem", "master.key"):
        (settings.keys / name).write_text("x")
        os.utime(settings.keys / name, (0, 0))
    assert [line.state for line in health.keys(settings, NOW)] == ["warn", "warn"]
    assert health.schema("0001").state == "bad"


def test_the_lines_are_read_from_a_host_whose_worker_lives_and_whose_flow_failed(
    settings: Settings, store: engine.Store
) -> None:
    def breaks() -> None:
        raise Invalid("this step never works")

    @flow("tests.breaks")
    def broken() -> None:
        step("break", breaks)

    with store.write() as tx:
        journal.append(tx, Event(kind=Kind.CASE_OPENED, key="k", at=datetime.now(UTC) + timedelta(hours=1), actor="t"))
    pause = Pause()
    with durable.launch(settings, [broken], worker="worker-7") as worker:
        worker.start(broken, "one")
        for _ in range(200):
            if worker.backlog().failed:
                break
            pause.wait(0.05)
        found = {line.name: line for line in health.lines(store, settings, worker, now=lambda: datetime.now(UTC))}
        assert found["workers"].value.startswith("worker-7; last step less than a minute ago")
        assert (found["dead letters"].state, found["clock"].state) == ("warn", "bad")
        assert {"queue", "schema", "checkpoints", "backup", "disk", "address", "time zone"} <= set(found)
    assert durable.alive(settings.data) == ()
