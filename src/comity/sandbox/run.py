"""Run one untrusted program once, contained, and say what happened.

Every run goes through the same steps:
(1) admit: the tier decides whether this job may run here at all
(2) make its control group and start in it setpriv -> prlimit -> bwrap, which waits for its argument list on a pipe
(3) send the list: nothing of the job has started before it is held
(4) when files are to come out, hold `/work` open from outside before the program starts
(5) stream output under a cap and watch the clock and the counters
(6) kill the whole tree and wait until it is gone; only then read counters and files
If this process dies, parent-death signals and the warden (`lifeline`) kill the tree; the next start sweeps the rest.
"""

import contextlib
import fcntl
import json
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from comity.errors import Forbidden, Invalid, Problem, Unavailable
from comity.sandbox import census, collect, lifeline, stage, view
from comity.sandbox.cgroup import Group, Usage
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Job, Limits, Tier
from comity.sandbox.result import Ended, Result
from comity.sandbox.stream import Capped

TICK: Final = 0.05
"""Seconds between two looks at the counters."""
GRACE: Final = 10.0
"""Seconds that bwrap may take to set up, and the kernel to finish killing, before we call the host unwell."""
SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def run(job: Job, *, host: Containment, shipped: bool = False) -> Result:
    """Run `job` and block until it is over and nothing of it is alive. Safe to call from several threads at once.

    `shipped` says that the job comes from a recipe whose digest ships with Comity: tier reduced runs nothing else.
    Raises Invalid (the job is malformed), Forbidden (this tier does not run it), Unavailable (the host failed).
    """
    view.check(job)
    admit(job, host=host, shipped=shipped)
    with contextlib.ExitStack() as open_things:
        group = open_things.enter_context(host.groups.open(job.limits)) if host.tier is Tier.FULL else None
        return Running(job, host, group, open_things).finish()


def admit(job: Job, *, host: Containment, shipped: bool) -> None:
    """(1) Raise Forbidden, naming why, when this host may not run `job`."""
    why = "; ".join(host.reasons)
    if host.tier is Tier.NONE:
        raise Forbidden(f"containment tier none: nothing untrusted runs on this host ({why})")
    if host.tier is Tier.FULL:
        return
    if not shipped:
        raise Forbidden(f"containment tier reduced runs only recipes that ship with Comity ({why})")
    if is_native(job) and not host.accept_without_cgroups:
        raise Forbidden(f"native code needs a memory limit by cgroup, or the setting accept_without_cgroups ({why})")


def sealed(content: bytes) -> int:
    """Bytes as a sealed, unnamed, read-from-the-start file: a hostile reader cannot grow or change it."""
    descriptor = os.memfd_create("comity", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        written = 0
        while written < len(content):
            written += os.write(descriptor, content[written:] if written else content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_native(job: Job) -> bool:
    """Whether only control groups can cap the job's memory: sanitizers reserve terabytes of address space."""
    return job.native or job.toolchain or job.ptrace


class Running:
    """One run from its start to its end; holds what is open meanwhile. `session` builds on it.

    `handed` are descriptors that the program inherits under the same numbers; `hold` keeps `/work` open from outside.
    The thread that makes it must live as long as the run: the kernel kills the run when that thread is gone.
    """

    def __init__(
        self,
        job: Job,
        host: Containment,
        group: Group | None,
        open_things: contextlib.ExitStack,
        *,
        handed: tuple[int, ...] = (),
        hold: bool = False,
    ) -> None:
        self.job, self.host, self.group, self.open = job, host, group, open_things
        self.handed, self.hold = handed, hold or bool(job.collect)
        self.streams = [Capped(job.limits.output_bytes), Capped(job.limits.output_bytes)]
        self.status = bytearray()
        self.init: int | None = None
        self.work: int | None = None
        self.unseen = ""
        self.descriptors: set[int] = set()
        open_things.callback(self._close, self.descriptors)
        self._start()

    def _start(self) -> None:
        """(2) and (3)."""
        passed = list(self.handed)

        def place(content: bytes) -> int:
            passed.append(self._memory(content))
            return passed[-1]

        listed = view.arguments(
            self.job,
            place=place,
            show=lambda path: stage.visible(path, uid=self.host.uid),
            programs=view.PROGRAMS if self.group is not None else (*view.PROGRAMS, "prlimit"),
        )
        stdin = self._memory(self.job.stdin)
        args_read, args_write = self._pipe()
        self.status_read, status_write = self._pipe()
        fixed = {"--args": args_read, "--json-status-fd": status_write, "--seccomp": place(self._filter())}
        if self.hold:
            fixed["--block-fd"], self.block_write = self._pipe()
        self.started = time.monotonic()
        options = (str(part) for option in fixed.items() for part in option)
        command = [*_chain(self.host, self.job.limits), *options, "--", *self._command()]
        passed += fixed.values()

        def begin() -> "subprocess.Popen[bytes]":
            output = subprocess.PIPE
            return subprocess.Popen(
                command, stdin=stdin, stdout=output, stderr=output, pass_fds=passed, env={}, cwd="/", process_group=0
            )

        self.process = begin() if self.group is None else self.group.start(begin)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.open.callback(self._reap)
        self.outputs = {self.process.stdout.fileno(): self.streams[0], self.process.stderr.fileno(): self.streams[1]}
        self.pidfd = os.pidfd_open(self.process.pid)
        self.descriptors.add(self.pidfd)
        self._close(set(fixed.values()))
        with contextlib.suppress(BrokenPipeError), open(args_write, "wb", closefd=False) as gate:
            gate.write(os.fsencode("".join(f"{text}\0" for text in listed)))
        self._close({args_write})

    def finish(self) -> Result:
        """(4) to (6)."""
        self.begin()
        return self.settle(self.watch())

    def begin(self) -> None:
        """(4) Let the program start; until now bwrap waited where `/work` is to be held."""
        if self.hold:
            self._hold_work()

    def settle(self, ended: Ended | None, *, stopped: bool = False, collect: tuple[str, ...] | None = None) -> Result:
        """(6) `stopped`: we ended the program ourselves, so that it has no exit status to show."""
        self._kill_tree()
        self._drain()
        wall = timedelta(seconds=time.monotonic() - self.started)
        usage = self.group.usage() if self.group is not None else Usage()
        exit_code, killed_by, ended = self._outcome(ended, usage, stopped=stopped)
        files, refused = self._gather(self.job.collect if collect is None else collect)
        out, err = self.streams
        return Result(
            ended=ended,
            exit_code=exit_code,
            signal=killed_by,
            stdout=bytes(out.kept),
            stderr=bytes(err.kept),
            stdout_truncated=out.truncated,
            stderr_truncated=err.truncated,
            wall=wall,
            cpu=None if usage.cpu_seconds is None else timedelta(seconds=usage.cpu_seconds),
            peak_memory_bytes=usage.peak_memory_bytes,
            files=files,
            refused_files=refused,
            tier=self.host.tier,
            containment=self.host.facts(ptrace=self.job.ptrace),
        )

    def _hold_work(self) -> None:
        """(4) bwrap waits on a pipe once all is mounted; look until `/work` is there, then let the program start."""
        ends = time.monotonic() + GRACE
        try:
            while self.work is None and not self._over():
                if time.monotonic() > ends:
                    raise Unavailable(f"bwrap did not finish its set-up within {GRACE} s")
                if self.init is None:
                    self._read_status(wait=0.05)
                else:
                    self.work = collect.hold(self.init)
                    if self.work is None:
                        time.sleep(0.0002)
        except PermissionError:
            self.unseen = "this host does not let Comity look into the sandbox (CAP_SYS_PTRACE is missing)"
        if self.work is not None:
            self.descriptors.add(self.work)
        with contextlib.suppress(BrokenPipeError):
            os.write(self.block_write, b"\0")

    def watch(self) -> Ended | None:
        """(5) Return the limit that was passed, or None when the program ended by itself."""
        deadline = self.started + self.job.limits.wall.total_seconds()
        poll = select.poll()
        for descriptor in (*self.outputs, self.status_read, self.pidfd):
            poll.register(descriptor, select.POLLIN)
        tick = self.started + TICK
        while True:
            now = time.monotonic()
            if now >= deadline:
                return Ended.WALL
            if now >= tick:
                tick = now + TICK
                if passed := self.limit_passed():
                    return passed
            for descriptor, event in poll.poll(max(0.0, min(tick, deadline) - now) * 1000):
                if descriptor == self.pidfd:
                    return None
                if not self._take(descriptor):
                    poll.unregister(descriptor)
                elif event & select.POLLIN and any(stream.truncated for stream in self.streams):
                    return Ended.OUTPUT

    def limit_passed(self) -> Ended | None:
        """The limit that the counters show as passed, if any."""
        if self.group is not None:
            return _over_limit(self.group.usage(), self.job.limits)
        used = census.private_bytes(self.process.pid)
        return Ended.MEMORY if used > self.job.limits.memory_bytes else None

    def _take(self, descriptor: int) -> bool:
        """Read once; False at the end of that stream."""
        chunk = os.read(descriptor, 65536)
        if descriptor == self.status_read:
            self.status += chunk
            self._note_init()
        else:
            self.outputs[descriptor].take(chunk)
        return bool(chunk)

    def _kill_tree(self) -> None:
        """(6) Kill bwrap, whose death kills the inner init and with it the namespace; then the group, for certain."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        self.process.wait()
        self._read_status(wait=0)
        if self.group is not None:
            self.group.kill(leaving=self.init)
        if self.init is not None and self.group is None:
            _wait_gone(self.init)

    def _drain(self) -> None:
        """Take what the dead had written, up to the caps. Nobody can write any more, so each read ends."""
        for descriptor, stream in self.outputs.items():
            os.set_blocking(descriptor, False)
            with contextlib.suppress(BlockingIOError):
                while not stream.truncated and self._take(descriptor):
                    pass

    def _outcome(self, ended: Ended | None, usage: Usage, *, stopped: bool) -> tuple[int | None, int | None, Ended]:
        if stopped:
            return None, signal.SIGKILL, ended or Ended.EXITED
        code = self._exit_code()
        if over := _over_limit(usage, self.job.limits):
            return None, signal.SIGKILL, over
        if any(stream.truncated for stream in self.streams):
            return None, signal.SIGKILL, Ended.OUTPUT
        if ended is not None:
            return None, signal.SIGKILL, ended
        if code is None:
            said = bytes(self.streams[1].kept[:500]).decode(errors="replace").strip()
            if said.startswith("bwrap: execvp "):
                raise Invalid(
                    "the program does not start", [Problem("/argv/0", "not_started", said.rpartition(": ")[2])]
                )
            raise Unavailable(f"containment could not start: {said}")
        if code == 128 + signal.SIGXCPU:
            return None, signal.SIGXCPU, Ended.CPU
        if 128 < code <= 128 + signal.SIGRTMAX:
            return None, code - 128, Ended.SIGNALLED
        return code, None, Ended.EXITED

    def _gather(self, names: tuple[str, ...]) -> tuple[dict[str, bytes], dict[str, str]]:
        if self.work is None:
            return {}, dict.fromkeys(names, self.unseen or "the run never started")
        return collect.gather(self.work, names, self.job.limits)

    def _exit_code(self) -> int | None:
        for message in self._messages():
            if "exit-code" in message:
                return int(message["exit-code"])
        return None

    def _messages(self) -> Iterator[Mapping[str, int]]:
        for line in bytes(self.status).splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield json.loads(line)

    def _note_init(self) -> None:
        if self.init is None:
            self.init = next((int(m["child-pid"]) for m in self._messages() if "child-pid" in m), None)

    def _read_status(self, *, wait: float) -> None:
        while select.select([self.status_read], [], [], wait)[0]:
            if not self._take(self.status_read) or (self.init is not None and wait):
                return

    def _over(self) -> bool:
        return bool(select.select([self.pidfd], [], [], 0)[0])

    def _filter(self) -> bytes:
        program = self.host.tracing_filter if self.job.ptrace else self.host.plain_filter
        assert program is not None
        return program.code

    def _command(self) -> tuple[str, ...]:
        if self.group is not None:
            return self.job.argv
        caps = [f"--nproc={self.job.limits.pids}"]
        if not is_native(self.job):
            caps.append(f"--as={self.job.limits.memory_bytes}")
        return ("/usr/bin/prlimit", *caps, *self.job.argv)

    def _memory(self, content: bytes) -> int:
        descriptor = sealed(content)
        self.descriptors.add(descriptor)
        return descriptor

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self.descriptors.update(ends)
        return ends

    def _close(self, descriptors: set[int]) -> None:
        for descriptor in set(descriptors):
            os.close(descriptor)
        self.descriptors -= descriptors

    def _reap(self) -> None:
        """Whatever went wrong: nothing of the run stays alive and no pipe stays open."""
        if self.process.returncode is None:
            self._kill_tree()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def _chain(host: Containment, limits: Limits) -> Iterator[str]:
    """The trusted programs before the job, each replacing the last, and every option that names no host path.

    Unsetting a variable that nobody has does nothing: it carries the warden's token in the arguments.
    """
    assert host.setpriv is not None
    assert host.prlimit is not None
    assert host.bwrap is not None
    yield str(host.setpriv)
    if os.geteuid() == 0:
        yield from ("--reuid", str(host.uid), "--regid", str(host.uid), "--clear-groups")
    yield from ("--no-new-privs", "--pdeathsig", "KILL")
    cpu = math.ceil(limits.cpu.total_seconds())
    yield from (str(host.prlimit), "--core=0", f"--fsize={limits.file_bytes}", f"--nofile={limits.open_files}")
    yield f"--cpu={cpu}:{cpu + 1}"
    bwrap = stage.visible(host.bwrap.path, uid=host.uid)
    yield from (str(bwrap), "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL")
    yield from ("--die-with-parent", "--new-session", "--clearenv", "--hostname", "comity")
    yield from ("--unsetenv", lifeline.token())
    yield from ("--uid", str(view.INSIDE_UID), "--gid", str(view.INSIDE_UID))


def _over_limit(usage: Usage, limits: Limits) -> Ended | None:
    if usage.memory_kills:
        return Ended.MEMORY
    if usage.refused_forks:
        return Ended.PIDS
    if usage.cpu_seconds is not None and usage.cpu_seconds > limits.cpu.total_seconds():
        return Ended.CPU
    return None


def _wait_gone(pid: int) -> None:
    """Wait until the namespace's init is dead: the kernel lets it die only after everything else inside."""
    try:
        init = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([init], [], [], GRACE)[0]:
            raise Unavailable(f"a run would not die within {GRACE} s")
    finally:
        os.close(init)
