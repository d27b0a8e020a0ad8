"""Keep one containment open and run many programs in it, one after the other or side by side.

The containment is that of `run`: same view, tiers, limits and filter. Its program is a small init (`session_init`),
told over an inherited socket what to start; nobody ever enters the namespaces from outside, so filter, control group
and dropped privileges hold for every program. `/work` and `/tmp` last as long as the session.

Limits of the job hold for the session as a whole (wall, cpu, memory, pids, disk); each program has its own time and
output limit beside them. A program over its own limit is killed with what it started. Out of memory or of processes:
everything inside is killed, the init stays. Over the session's wall or processor time: the session is over.
Files come out only after everything inside is dead (`close`), exactly as those of `run`.
"""

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from comity.errors import Invalid, Problem, Unavailable
from comity.sandbox import session_init, view
from comity.sandbox.cgroup import Usage
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Job, Tier
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended, Result
from comity.sandbox.run import GRACE, TICK, Running, admit, sealed
from comity.sandbox.stream import Capped

INIT: Final = ".comity-session"
"""Name of the init's program under `/inputs`."""
ARGUMENTS_MOST: Final = 4 * 1024 * 1024


class Session:
    """A containment in use. Every method may be called from any thread; leave it as a context manager, or `close`."""

    def __init__(self, job: Job, host: Containment, *, shipped: bool) -> None:
        self.job, self.host, self.shipped = _with_init(job), host, shipped
        self._numbers = count(1)
        self._begun = threading.Event()
        self._closing = False
        self._collect: tuple[str, ...] = ()
        self._failure: Exception | None = None
        self._result: Result | None = None
        self._running: _Held | None = None
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.settimeout(GRACE)
        self._keeper = threading.Thread(target=self._keep, name="comity-session", daemon=True)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def exec(
        self,
        argv: tuple[str, ...],
        *,
        stdin: bytes = b"",
        cwd: str = "/work",
        env: Mapping[str, str] | None = None,
        timeout: timedelta,
        output_bytes: int | None = None,
    ) -> Result:
        """Run one program to its end; `env` is added to the job's. `argv[0]` is looked for along the PATH given inside.

        Raises OSError with the errno that starting gave (no such program, not allowed, no such folder), Unavailable
        when the session is over.
        """
        if not argv or any("\0" in text for text in (*argv, cwd)):
            raise Invalid("the program cannot be run as written", [Problem("/argv", "nul", "no NUL, and not empty")])
        asked = {"argv": argv, "cwd": cwd, "env": {**self.job.env, **(env or {})}}
        most = self.job.limits.output_bytes if output_bytes is None else output_bytes
        return self._do("exec", asked, stdin=stdin, timeout=timeout, output_bytes=most)

    def read(self, path: str, *, most_bytes: int, timeout: timedelta = timedelta(seconds=60)) -> bytes:
        """Bytes of an ordinary file inside. OSError as from open(2); EFBIG when it is larger than `most_bytes`."""
        asked = {"path": path, "cwd": "/work"}
        got = self._do("read", asked, timeout=timeout, output_bytes=most_bytes)
        if got.stdout_truncated:
            raise OSError(27, os.strerror(27), path)
        self._whole(got, path)
        return got.stdout

    def write(self, path: str, content: bytes, *, timeout: timedelta = timedelta(seconds=60)) -> None:
        """Make or replace a file inside, with the folders on the way to it. OSError as from open(2) and write(2)."""
        self._whole(self._do("write", {"path": path, "cwd": "/work"}, stdin=content, timeout=timeout), path)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be run any more."""
        return self._closing or not self._keeper.is_alive()

    def close(self, collect: tuple[str, ...] = ()) -> Result:
        """Kill everything inside, wait until it is gone, then bring out these plain files of `/work`.

        The result says how the session as a whole ended and what it used. A second call gives the same result.
        """
        if not self._closing:
            self._closing, self._collect = True, collect
            if self._running is not None:
                with contextlib.suppress(ProcessLookupError, OSError):
                    signal.pidfd_send_signal(self._running.pidfd, signal.SIGKILL)
        self._keeper.join()
        self._ours.close()
        if self._failure is not None:
            raise self._failure
        assert self._result is not None
        return self._result

    def _open(self) -> None:
        self._keeper.start()
        self._begun.wait()
        if self._failure is not None:
            self.close()

    def _keep(self) -> None:
        """The session's own thread: starts it, watches the limits of the whole, and ends it."""
        try:
            admit(self.job, host=self.host, shipped=self.shipped)
            with contextlib.ExitStack() as open_things:
                limits = self.job.limits
                group = (
                    open_things.enter_context(self.host.groups.open(limits)) if self.host.tier is Tier.FULL else None
                )
                handed = self._theirs.fileno()
                job = replace(self.job, argv=(*self.job.argv, str(handed)))
                running = _Held(job, self.host, group, open_things, handed=(handed,), hold=True)
                self._theirs.close()
                running.begin()
                self._running = running
                self._begun.set()
                ended = running.watch()
                died = ended is None and not self._closing
                self._closing = True
                self._result = running.settle(ended, stopped=not died, collect=self._collect)
        except Exception as error:  # noqa: BLE001  # not swallowed: the caller of start or close raises it
            self._failure = error
        finally:
            self._closing = True
            self._theirs.close()
            self._begun.set()

    def _do(
        self,
        what: Literal["exec", "read", "write"],
        asked: Mapping[str, object],
        *,
        timeout: timedelta,
        stdin: bytes = b"",
        output_bytes: int = 65536,
    ) -> Result:
        parameters = json.dumps(asked).encode()
        if len(parameters) > ARGUMENTS_MOST:
            raise OSError(7, os.strerror(7))
        running = self._running
        if self.is_over or running is None:
            raise Unavailable("the session is over")
        number = next(self._numbers)
        before = running.used()
        with _Exchange(parameters, stdin, output_bytes) as exchange:
            try:
                header = json.dumps({"do": what, "number": number}).encode()
                socket.send_fds(self._ours, [header], list(exchange.theirs))
            except (OSError, ValueError) as error:
                raise Unavailable("the session is over") from error
            exchange.let_go()
            ended = exchange.watch(timeout, lambda: running.over(before))
            alive = ended is not None
            ended = ended or running.over(before)
            if ended in {Ended.MEMORY, Ended.PIDS}:
                self._tell("sweep", number)
            elif ended is not None:
                self._tell("kill", number)
            if alive:
                exchange.watch(timedelta(seconds=GRACE), lambda: None, patient=True)
            return self._told(exchange, ended)

    def _tell(self, what: Literal["kill", "sweep"], number: int) -> None:
        with contextlib.suppress(OSError):
            self._ours.send(json.dumps({"do": what, "number": number}).encode())

    def _told(self, exchange: "_Exchange", ended: Ended | None) -> Result:
        word, _, value = bytes(exchange.fate.kept).partition(b"\n")[0].partition(b" ")
        exit_code, killed_by = None, None
        if ended is None:
            if word == b"E" and value.isdigit():
                raise OSError(int(value), os.strerror(int(value)))
            if word != b"X" or not value.isdigit():
                raise Unavailable("the session ended while a program ran")
            status = int(value)
            killed_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
            exit_code = os.WEXITSTATUS(status) if killed_by is None else None
            ended = Ended.EXITED if killed_by is None else Ended.SIGNALLED
        else:
            killed_by = signal.SIGKILL
        return Result(
            ended=ended,
            exit_code=exit_code,
            signal=killed_by,
            stdout=bytes(exchange.out.kept),
            stderr=bytes(exchange.err.kept),
            stdout_truncated=exchange.out.truncated,
            stderr_truncated=exchange.err.truncated,
            wall=timedelta(seconds=time.monotonic() - exchange.started),
            cpu=None,
            peak_memory_bytes=None,
            tier=self.host.tier,
            containment=self.host.facts(ptrace=self.job.ptrace),
        )

    def _whole(self, got: Result, path: str) -> None:
        if got.ended is Ended.WALL:
            raise TimeoutError(f"{path}: not done in time")
        if got.ended is not Ended.EXITED or got.exit_code != 0:
            raise Unavailable(f"the session could not move a file ({got.ended})")


def start(job: Job, *, host: Containment, shipped: bool = False) -> Session:
    """Open a session; `job.argv`, `stdin` and `collect` are not used. Errors are those of `run.run`."""
    session = Session(job, host, shipped=shipped)
    view.check(session.job)
    session._open()
    return session


class _Held(Running):
    """The session's init as a run: watched for the limits of the whole that end it, not for those it survives."""

    def limit_passed(self) -> Ended | None:
        """Processor time of the whole tree; memory too where no group caps it."""
        if self.group is None:
            return super().limit_passed()
        spent = self.group.usage().cpu_seconds
        return Ended.CPU if spent is not None and spent > self.job.limits.cpu.total_seconds() else None

    def used(self) -> Usage:
        """Counters now; zeros where nothing counts, or when the group is gone."""
        if self.group is None:
            return Usage()
        try:
            return self.group.usage()
        except OSError:
            return Usage()

    def over(self, before: Usage) -> Ended | None:
        """Which shared limit was run into since `before`."""
        now = self.used()
        if now.memory_kills > before.memory_kills:
            return Ended.MEMORY
        return Ended.PIDS if now.refused_forks > before.refused_forks else None


@dataclass(slots=True)
class _Ends:
    """Both ends of a pipe; -1 once closed."""

    reads: int
    writes: int


class _Exchange:
    """The descriptors of one request, and what came back over them."""

    def __init__(self, parameters: bytes, stdin: bytes, output_bytes: int) -> None:
        self.out, self.err, self.fate = Capped(output_bytes), Capped(output_bytes), Capped(64)
        self.started = time.monotonic()
        self.files = [sealed(parameters), sealed(stdin)]
        self.pipes = [_Ends(*os.pipe()) for _ in range(3)]

    def __enter__(self) -> "_Exchange":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.let_go()
        for pipe in self.pipes:
            os.close(pipe.reads)

    @property
    def theirs(self) -> Iterator[int]:
        """What the init gets, in its order."""
        yield from self.files
        yield from (pipe.writes for pipe in self.pipes)

    def let_go(self) -> None:
        """Close our copies of what was handed over."""
        for file in self.files:
            os.close(file)
        self.files.clear()
        for pipe in self.pipes:
            if pipe.writes >= 0:
                os.close(pipe.writes)
                pipe.writes = -1

    def watch(self, timeout: timedelta, passed: Callable[[], Ended | None], *, patient: bool = False) -> Ended | None:
        """Stream until the program's fate is known; the limit passed, or None. `patient` ignores further output."""
        deadline = time.monotonic() + timeout.total_seconds()
        streams = dict(zip((pipe.reads for pipe in self.pipes), (self.out, self.err, self.fate), strict=True))
        fate = self.pipes[2].reads
        poll = select.poll()
        for descriptor in streams:
            poll.register(descriptor, select.POLLIN)
        tick = time.monotonic() + TICK
        while True:
            now = time.monotonic()
            if now >= deadline:
                return Ended.WALL
            if now >= tick:
                tick = now + TICK
                if over := passed():
                    return over
            over_output = False
            for descriptor, _ in poll.poll(max(0.0, min(tick, deadline) - now) * 1000):
                chunk = os.read(descriptor, 65536)
                streams[descriptor].take(chunk)
                over_output = over_output or (descriptor != fate and streams[descriptor].truncated)
                if not chunk:
                    poll.unregister(descriptor)
                if descriptor == fate and not chunk:
                    return self._drain(patient)
            if over_output and not patient:
                return Ended.OUTPUT

    def _drain(self, patient: bool) -> Ended | None:
        """The program is gone: take what it had written. What it left running may still hold the pipes."""
        for pipe, stream in zip(self.pipes, (self.out, self.err), strict=False):
            os.set_blocking(pipe.reads, False)
            with contextlib.suppress(BlockingIOError):
                while not stream.truncated and (chunk := os.read(pipe.reads, 65536)):
                    stream.take(chunk)
        return Ended.OUTPUT if not patient and (self.out.truncated or self.err.truncated) else None


def _with_init(job: Job) -> Job:
    if INIT in job.inputs:
        raise Invalid("the job cannot be run as written", [Problem("/inputs", "reserved", f"{INIT} is the session's")])
    python = python_inside()
    here = {mount.inside for mount in job.mounts}
    return replace(
        job,
        argv=(python.program, "-I", "-S", f"/inputs/{INIT}"),
        stdin=b"",
        collect=(),
        env={**python.env, **job.env},
        mounts=(*job.mounts, *(mount for mount in python.mounts if mount.inside not in here)),
        inputs={**job.inputs, INIT: Path(session_init.__file__).read_bytes()},
    )
