"""The durable clock of the mirrors: looks come by themselves, on a grid, and never on a host that names no mirror."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comity.admin import flow_mirrors
from comity.admin.flow_mirrors import Machines
from comity.durable.clock import JumpingClock
from comity.durable.engine import Engine, connect, launch
from comity.sealing import openpgp
from comity.settings import Settings
from comity.store import engine, mirror_checks
from comity.store.crypt import MasterKey
from tests.admin.upstreams import kev, of
from tests.feeds.upstream import File, upstream

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
EVERY = timedelta(hours=6)


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[tuple[Machines, JumpingClock, Engine]]:
    """A host whose worker runs, with a clock that jumps."""
    held = replace(Settings(data=folder, keys=folder / "keys", fetch_private=True), **settings)  # type: ignore[arg-type]  # settings by name
    store = engine.open(held, MasterKey(b"k" * 32))
    clock = JumpingClock(START)
    machines = Machines(store=store, settings=held, now=clock.now, check=openpgp.signer_of)
    control = connect(held)
    worker = launch(held, flow_mirrors.flows(machines, control), clock=clock, poll=timedelta(milliseconds=50))
    try:
        flow_mirrors.resume(machines, control)
        yield machines, clock, worker
    finally:
        worker.stop()
        control.close()
        store.close()


def soon(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def test_a_start_looks_at_what_was_never_looked_at_and_the_clock_goes_on(tmp_path: Path) -> None:
    with (
        upstream({"/kev": File(kev(1, 2, released=START), etag='"a"')}) as up,
        running(tmp_path, mirrors=of(["kev"], up.address)[0]) as (machines, clock, _),
    ):
        soon(lambda: len(up.asked) == 1)
        clock.jump_to(START + EVERY)
        soon(lambda: len(up.asked) == 2)
        clock.jump_to(START + 2 * EVERY)
        soon(lambda: len(up.asked) == 3)

        def checked() -> bool:
            with machines.store.read() as tx:
                last = mirror_checks.last(tx, "kev")
            return last is not None and last.checked_at >= START + 2 * EVERY

        soon(checked)
        again = flow_mirrors.next_look(machines)
    assert [sent.get("if-none-match") for _, sent in up.asked] == [None, '"a"', '"a"']
    assert timedelta(0) < datetime.fromisoformat(again) - START - 2 * EVERY <= EVERY


def test_a_host_that_names_no_mirror_has_no_clock(tmp_path: Path) -> None:
    with running(tmp_path) as (machines, _, worker):
        assert flow_mirrors.next_look(machines) == ""
        assert worker.unfinished() == ()


def test_a_clock_of_another_interval_ends_by_itself(tmp_path: Path) -> None:
    with upstream({"/kev": File(kev(1))}) as up:
        held = Settings(data=tmp_path, keys=tmp_path / "k", mirrors=of(["kev"], up.address)[0])
        store = engine.open(held, MasterKey(b"k" * 32))
        machines = Machines(store=store, settings=held, now=lambda: START, check=openpgp.signer_of)
        at = flow_mirrors.next_look(machines)
        assert flow_mirrors.planned(machines, at) == at
        assert flow_mirrors.planned(machines, START.isoformat()) == ""
        assert flow_mirrors.planned(replace(machines, settings=replace(held, mirror_hours=0)), at) == ""
        store.close()
