"""Run durable flows in this process, and start, signal and look at them from any process.

The engine keeps its tables apart from the store (`settings.workflows`), so no transaction spans both; a step asks
`store.done` whether its act already happened. Flows of one worker name are brought back at its next launch: one live
process per worker name, which a lock file sees to.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from dbos import DBOS, DBOSClient, SendMessage
from dbos import error as dbos_error

from comity.durable.clock import Clock, SystemClock
from comity.durable.flows import MAIL, WAKE, Floor, Flow, Run, running
from comity.durable.wire import JsonSerializer, Wire, check
from comity.errors import Conflict, Missing
from comity.settings import Settings

APPLICATION: Final = "comity"
GENERATION: Final = "flows-2"
"""Pinned version of the flows: a restart with newer code goes on with older flows. Raise it when a flow's steps change
in a way that kept results do not fit; flows of the earlier generation then wait for an explicit decision."""
QUEUE: Final = "flows"
PARKED: Final = 1000
"""Flows that one worker holds at once, sleeping ones included: each is a thread that waits."""


class State(StrEnum):
    """Where a flow stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GIVEN_UP = "given up"
    """It was brought back after a crash too many times."""


_STATES: Final = {
    "ENQUEUED": State.WAITING,
    "DELAYED": State.WAITING,
    "PENDING": State.RUNNING,
    "SUCCESS": State.DONE,
    "ERROR": State.FAILED,
    "CANCELLED": State.CANCELLED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": State.GIVEN_UP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One flow as the engine sees it: `steps` names what is done, `error` is one sentence for a failed one."""

    id: str
    flow: str
    state: State
    steps: tuple[str, ...]
    result: Wire
    error: str
    worker: str = ""
    """Who took it; "" while it waits in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits and what stands still, counted up to `COUNTED` of each."""

    waiting: int
    oldest: datetime | None
    """Since when the oldest of those in the queue has waited for a worker."""
    running: int
    """With a worker, sleeping ones included."""
    failed: int
    moved_at: datetime | None
    """When any flow last took a step, as the engine notes it: the last sign of a worker. None when there is none."""


COUNTED: Final = 1000


@dataclass(slots=True, kw_only=True)
class Control:
    """Start, signal and look at flows. Works beside a running worker, and also when none runs: flows then wait."""

    client: DBOSClient

    def start(self, flow: Flow | str, key: str, *args: Wire) -> str:
        """Start a flow under a key of the caller's; the same key again starts nothing. Gives the flow's id."""
        name = flow if isinstance(flow, str) else flow.name
        id_ = f"{name}:{key}"
        values = [check(arg, f"an argument of {name}") for arg in args]
        self.client.enqueue(
            {"workflow_name": name, "queue_name": QUEUE, "workflow_id": id_, "app_version": GENERATION}, *values
        )
        return id_

    def signal(self, id_: str, name: str, value: Wire = None, *, key: str) -> None:
        """Tell a flow something; the same key again sends nothing. Missing without the flow."""
        if not name:
            raise ValueError("a signal has a name")
        mail = {"name": name, "value": check(value, f"signal {name}")}
        try:
            self.client.send(id_, mail, MAIL, idempotency_key=f"{id_}:{key}")
        except dbos_error.DBOSNonExistentWorkflowError as error:
            raise Missing(f"no flow {id_}") from error

    def status(self, id_: str) -> Status:
        """Where one flow stands. Missing when there is none of that id."""
        found = self.client.list_workflows(workflow_ids=[id_])
        if not found:
            raise Missing(f"no flow {id_}")
        return self._status(found[0], tuple(s["function_name"] for s in self.client.list_workflow_steps(id_)))

    def unfinished(self) -> tuple[Status, ...]:
        """Every flow that waits or runs, oldest first, without its steps."""
        found = self.client.list_workflows(status=["ENQUEUED", "DELAYED", "PENDING"], limit=None)
        return tuple(self._status(flow, ()) for flow in found)

    def backlog(self) -> Backlog:
        """How much waits, runs and has failed, without opening any of it."""
        plain: dict[str, Any] = {"limit": COUNTED, "load_input": False, "load_output": False}
        waiting = self.client.list_workflows(status=["ENQUEUED", "DELAYED"], **plain)
        running = self.client.list_workflows(status=["PENDING"], sort_desc=True, **plain)
        failed = self.client.list_workflows(status=["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"], **plain)
        newest = self.client.list_workflows(sort_desc=True, **{**plain, "limit": 1})
        moved = [one.updated_at for one in (*running, *newest) if one.updated_at is not None]
        born = [one.created_at for one in waiting if one.created_at is not None]
        return Backlog(
            waiting=len(waiting),
            oldest=_moment(min(born)) if born else None,
            running=len(running),
            failed=len(failed),
            moved_at=_moment(max(moved)) if moved else None,
        )

    def again(self, id_: str) -> None:
        """Let a failed flow go on from the step that failed, after its cause was mended; what was done stays done.

        Missing when there is no such flow. Conflict when it did not fail, or failed outside a step.
        """
        status = self.status(id_)
        failed = [s["function_id"] for s in self.client.list_workflow_steps(id_) if s["error"] is not None]
        if status.state is not State.FAILED or not failed:
            raise Conflict(f"flow {id_} is {status.state}: only one whose last step failed can go on from there")
        self.client.rewind_workflow(id_, start_step=failed[-1], application_version=GENERATION, queue_name=QUEUE)

    def close(self) -> None:
        """Give back the connections."""
        self.client.destroy()

    def _status(self, held: Any, steps: tuple[str, ...]) -> Status:
        return Status(
            id=held.workflow_id,
            flow=held.name,
            state=_STATES[held.status],
            steps=tuple(name for name in steps if not name.startswith("DBOS.") and name != "clock"),
            result=held.output,
            error="" if held.error is None else f"{type(held.error).__name__}: {held.error}",
            worker=held.executor_id or "" if held.status == "PENDING" else "",
        )


@dataclass(slots=True, kw_only=True)
class Engine(Control):
    """A worker: it runs flows until it is stopped."""

    lock: int
    floor: Floor

    def wake(self) -> None:
        """Let every sleeping flow look at its clock again."""
        wake = {"name": WAKE, "value": None}
        letters = [SendMessage(flow.id, wake, MAIL) for flow in self.unfinished() if flow.state is State.RUNNING]
        if letters:
            self.client.send_bulk(letters)

    def stop(self, patience: timedelta = timedelta(seconds=30)) -> None:
        """End this worker: running steps are waited for, flows stay where they are and go on at the next launch."""
        self.floor.stopping.set()
        self.wake()
        with self.floor.changed:
            self.floor.changed.wait_for(lambda: self.floor.bodies == 0, patience.total_seconds())
        DBOS.destroy(destroy_registry=True)
        self.close()
        os.close(self.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ignored: object) -> None:
        self.stop()


def launch(
    settings: Settings,
    flows: Sequence[Flow],
    *,
    clock: Clock | None = None,
    workers: int = 2,
    worker: str = "worker-1",
    poll: timedelta = timedelta(milliseconds=500),
    seam: Callable[[str], None] = lambda _place: None,
) -> Engine:
    """Run these flows in this process, beginning with those that a crash cut off.

    `workers` steps run at once. `poll` is how often SQLite is asked for mail, at a cost that grows with the flows that
    wait (PostgreSQL tells of mail by itself). Conflict when a live process already works under this worker name. `seam`
    is for crash tests only: it is called at every step's begin and end.
    """
    lock = _lock(settings.data, worker)
    floor = Floor(clock=clock or SystemClock(), seam=seam, slots=threading.Semaphore(workers))
    control = connect(settings)
    _quiet()
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": settings.workflows,
            "application_version": GENERATION,
            "executor_id": worker,
            "serializer": JsonSerializer(),
            "enable_otlp": False,
            "run_migrations": False,
            "notification_listener_polling_interval_sec": poll.total_seconds(),
            "log_level": "ERROR",
        }
    )
    for flow in flows:
        _register(flow, floor)
    DBOS.launch()
    engine = Engine(client=control.client, lock=lock, floor=floor)
    floor.clock.on_move(engine.wake)
    engine.wake()
    return engine


def connect(settings: Settings) -> Control:
    """Start, signal and look at flows without running any here; the tables are made when they are not there."""
    from dbos import run_dbos_database_migrations

    _prepare(settings.workflows)
    run_dbos_database_migrations(settings.workflows)
    client = DBOSClient(
        system_database_url=settings.workflows, serializer=JsonSerializer(), application_name=APPLICATION
    )
    client.register_queue(QUEUE, worker_concurrency=PARKED, polling_interval_sec=0.1, on_conflict="always_update")
    return Control(client=client)


def _quiet() -> None:
    """Keep the engine's log off the terminal: it prints tracebacks, and what failed is in `status`.

    It takes a logger that has a handler for a configured one, and removes every handler when it is stopped.
    """
    log = logging.getLogger("dbos")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def _register(flow: Flow, floor: Floor) -> None:
    def body(*args: Wire) -> Wire:
        with floor.changed:
            floor.bodies += 1
        token = running.set(Run(flow=flow.name, floor=floor))
        try:
            result = check(flow.body(*args), f"the result of {flow.name}")
            floor.seam(f"{flow.name}:end")
            return result
        finally:
            running.reset(token)
            with floor.changed:
                floor.bodies -= 1
                floor.changed.notify_all()

    body.__qualname__ = flow.name
    DBOS.workflow(name=flow.name)(body)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def alive(folder: Path) -> tuple[str, ...]:
    """Names of the workers that live on this machine with this data folder: each holds the lock of its name.

    The system's own table of locks says so; trying the lock would keep a worker out that starts in that moment.
    """
    held = {line.split()[5] for line in Path("/proc/locks").read_text().splitlines() if " FLOCK " in line}
    found = []
    for path in sorted(folder.glob("*.lock")):
        there = path.stat()
        if f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino}" in held:
            found.append(path.stem)
    return tuple(found)


def _prepare(url: str) -> None:
    scheme, _, database = url.partition(":///")
    if scheme == "sqlite" and database:
        Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))


def _lock(folder: Path, worker: str) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / f"{worker}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise Conflict(f"a live process already works as {worker} in {folder}: use it, or stop it first") from error
    return lock
