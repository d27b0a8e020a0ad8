"""Count and cap what one run uses, as a whole tree: memory, processes and processor time, by control groups.

Layouts differ by host: version 1 (one mount per controller, for root), version 2 (a subtree of ours), or none.
A worker's groups lie under `comity/<pid namespace>-<pid>-<start time>/`, so that the next worker can tell the groups of
a dead one, kill what is left in them and remove them. Files and units: Linux `admin-guide/cgroup-v1`, `cgroup-v2`.
"""

import contextlib
import fcntl
import itertools
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol, TypeVar

from comity.errors import Unavailable
from comity.sandbox.census import descendants
from comity.sandbox.policy import Limits


class Form(StrEnum):
    """Which kind of control groups hold a run."""

    V1 = "v1"
    V2 = "v2"
    NONE = "none"


NEEDED: Final[tuple[str, ...]] = ("memory", "pids")
"""Without these two there is no full tier."""
WANTED: Final[tuple[str, ...]] = (*NEEDED, "cpu", "cpuacct")
DIVIDED: Final = ("memory", "pids", "cpu")
"""Version 2 controllers handed down to the groups of runs, as far as they are there."""
ASIDE: Final = "comity.worker"
"""Version 2: the leaf that our own processes step into."""
ATTENDANTS: Final = 2
"""bwrap's own two processes (outside monitor and inner init) that share the group with the program."""
_PERIOD_US: Final = 100_000


class Process(Protocol):
    """Something with a process id."""

    pid: int


Started = TypeVar("Started", bound=Process)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run has used so far. None means that this host does not count it."""

    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    memory_kills: int = 0
    """Processes the kernel killed because the group was out of memory."""
    refused_forks: int = 0
    """How often a new process was refused because the group was full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The control group of one run: one folder per controller (version 1) or one folder for all (version 2)."""

    form: Form
    folders: Mapping[str, Path]
    homes: Mapping[str, Path] = field(default_factory=dict)
    """Version 1: the groups this worker's own threads live in, when they can step out and back."""

    def start(self, begin: Callable[[], Started]) -> Started:
        """Call `begin`, which starts a waiting process, so that the process and all its children are in this group.

        In version 1 the calling thread steps in, starts it, and steps back: a thread that moves itself spares the
        kernel-wide lock that moving another process takes (milliseconds on a busy host). Otherwise it is moved.
        """
        if not self.homes:
            process = begin()
            self.add(process.pid)
            return process
        try:
            for folder in self._distinct():
                _move_this_thread(folder)
            return begin()
        finally:
            for home in dict.fromkeys(self.homes.values()):
                _move_this_thread(home)

    def add(self, pid: int) -> None:
        """Move a process in; its later children start inside."""
        for folder in self._distinct():
            _put(folder / "cgroup.procs", str(pid))

    def usage(self) -> Usage:
        """Read the counters of this run."""
        return _usage_v1(self.folders) if self.form is Form.V1 else _usage_v2(self.folders["memory"])

    def kill(self, patience: float = 5.0, *, leaving: int | None = None) -> None:
        """Kill every process inside, and those they start meanwhile, until the group is empty.

        `leaving` is bwrap's own init: when it alone is left and has begun to exit, nothing inside runs any more. The
        kernel then still takes down its mounts, which is not worth a wait of a millisecond.
        Raises Unavailable when something is still alive after `patience` seconds: a person has to look.
        """
        ends = time.monotonic() + patience
        while pids := set(_members(self.folders["pids"])) - {os.getpid()}:
            if leaving is not None and pids == {leaving} and _is_exiting(leaving):
                return
            if time.monotonic() > ends:
                raise Unavailable(f"{len(pids)} process(es) of a run would not die within {patience} s")
            _kill(self.folders["pids"], pids)
            time.sleep(0.0002)

    def close(self, tries: int = 50) -> bool:
        """Remove the empty group; False when the kernel still calls it busy after so many tries, 1 ms apart."""
        left = [folder for folder in self._distinct() if not _remove(folder, tries)]
        return not left

    def _distinct(self) -> list[Path]:
        return list(dict.fromkeys(self.folders.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Where this worker may make groups. `roots` maps controller -> folder `comity`; empty when `form` is none."""

    form: Form
    roots: Mapping[str, Path] = field(default_factory=dict)
    reason: str = ""
    """Why there are none, or what is missing."""
    homes: Mapping[str, Path] = field(default_factory=dict)
    """See `Group.homes`."""
    lingering: "deque[Group]" = field(default_factory=deque, compare=False, repr=False)
    """Groups of runs that are over, still busy when last looked at. What is left at the end, the next start sweeps."""

    @contextlib.contextmanager
    def open(self, limits: Limits) -> Iterator[Group]:
        """Hold the group of one run, with its limits set. Raises Unavailable when the host no longer lets us."""
        group = self._new(limits)
        try:
            yield group
        finally:
            self.lingering.append(group)
            for _ in range(len(self.lingering)):
                with contextlib.suppress(IndexError):  # another thread was quicker
                    ended = self.lingering.popleft()
                    if not ended.close(tries=1):
                        self.lingering.append(ended)

    def _new(self, limits: Limits) -> Group:
        name = f"{worker_name()}/{next(_serial)}"
        used = [controller for controller in self.roots if controller != "cpu" or limits.cpu_cores is not None]
        folders = {controller: self.roots[controller] / name for controller in used}
        homes = {controller: self.homes[controller] for controller in used if controller in self.homes}
        try:
            for folder in dict.fromkeys(folders.values()):
                _make(folder, delegate=self.form is Form.V2)
            for path, value in _settings(self.form, folders, limits):
                _put(path, value)
        except OSError as error:
            raise Unavailable(f"a control group could not be made: {error.strerror}; see comity doctor") from error
        return Group(form=self.form, folders=folders, homes=homes)

    def sweep(self) -> int:
        """Kill and remove what dead workers left behind; returns how many groups that were.

        Workers that start together take turns.
        """
        with contextlib.ExitStack() as turns:
            for root in sorted({root for root in self.roots.values() if root.is_dir()}):
                turns.enter_context(alone(root))
            return self._swept()

    def _swept(self) -> int:
        swept = 0
        for worker in {worker.name for root in self.roots.values() for worker in _children(root) if _is_stale(worker)}:
            homes = {controller: root / worker for controller, root in self.roots.items()}
            for name in {child.name for home in homes.values() for child in _children(home)}:
                folders = {c: home / name for c, home in homes.items() if (home / name).is_dir()}
                group = Group(form=self.form, folders=folders)
                if "pids" in group.folders:
                    group.kill()
                group.close()
                swept += 1
            for home in dict.fromkeys(homes.values()):
                _remove(home)
        return swept


_serial: Iterator[int] = itertools.count(1)


def worker_name() -> str:
    """Name of this worker that no later process can share: pid namespace, pid and start time."""
    return _name_of(os.getpid())


@lru_cache(maxsize=1)
def _name_of(pid: int) -> str:
    return f"{_pid_namespace()}-{pid}-{_start_time(pid)}"


def is_stale(name: str) -> bool:
    """Whether `name` (from `worker_name`) is that of a dead worker of this very pid namespace."""
    namespace, _, rest = name.partition("-")
    pid, _, started = rest.partition("-")
    return namespace == _pid_namespace() and pid.isdecimal() and started != _start_time(int(pid))


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder to oneself among the workers that ask for it so; a worker that dies lets go."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def look(*, mounts: str, own: str) -> Groups:
    """Find where groups can be made. `mounts` is the text of /proc/self/mountinfo, `own` of /proc/self/cgroup.

    Version 2 is taken when it has the controllers (hybrid hosts often mount an empty one), else version 1, else none.
    """
    unified, controllers = _mounted(mounts)
    reasons: list[str] = []
    if unified is not None:
        base = unified / _own_path(own).lstrip("/")
        reason = _delegate(base)
        if not reason:
            root = base / "comity"
            return Groups(form=Form.V2, roots=dict.fromkeys(NEEDED, root))
        reasons.append(f"version 2: {reason}")
    if all(name in controllers for name in NEEDED):
        roots = {name: controllers[name] / "comity" for name in WANTED if name in controllers}
        reason = next(filter(None, map(_try, roots.values())), "")
        if not reason:
            return Groups(form=Form.V1, roots=roots, homes=_homes(own, controllers))
        reasons.append(f"version 1: {reason}")
    return Groups(form=Form.NONE, reason="; ".join(reasons) or "no control groups are mounted")


def _mounted(mounts: str) -> tuple[Path | None, dict[str, Path]]:
    unified: Path | None = None
    controllers: dict[str, Path] = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        place = Path(before.split()[4])
        kind, _, options = after.split(maxsplit=2)
        if kind == "cgroup2":
            unified = unified or place
        elif kind == "cgroup":
            controllers |= {option: place for option in options.split(",") if option in WANTED}
    return unified, controllers


def _homes(own: str, controllers: Mapping[str, Path]) -> dict[str, Path]:
    """Where this process is now, per controller; empty when it cannot be told or returned to (odd container mounts)."""
    homes: dict[str, Path] = {}
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        homes |= {name: controllers[name] / path.lstrip("/") for name in names.split(",") if name in controllers}
    try:
        for home in homes.values():
            _move_this_thread(home)
    except Unavailable:
        return {}
    return homes if homes.keys() == controllers.keys() else {}


def _move_this_thread(folder: Path) -> None:
    try:
        _put(folder / "tasks", "0")
    except OSError as error:
        raise Unavailable(f"a thread could not change its control group: {error.strerror}") from error


def _put(path: Path, value: str) -> None:
    """Write a setting in one call, as the kernel wants it, without the cost of a text file object."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _own_path(own: str) -> str:
    path = next((line[3:] for line in own.splitlines() if line.startswith("0::")), "/")
    return path.removesuffix(f"/{ASIDE}")


def _delegate(base: Path) -> str:
    """Make `base` able to hold groups of ours; returns why not, or nothing.

    Version 2 lets no group hold both processes and limited children, so our own processes step aside into a leaf. Other
    people's processes are never moved: then the answer is no.
    """
    try:
        offered = (base / "cgroup.controllers").read_text().split()
        if absent := [name for name in NEEDED if name not in offered]:
            return f"controllers not delegated here: {', '.join(absent)}"
        enable = " ".join(f"+{name}" for name in DIVIDED if name in offered)
        _step_aside(base)
        _put(base / "cgroup.subtree_control", enable)
        root = base / "comity"
        root.mkdir(exist_ok=True)
        _put(root / "cgroup.subtree_control", enable)
    except OSError as error:
        return f"{base} is not ours to divide ({error.strerror})"
    return _try(root)


def _step_aside(base: Path) -> None:
    members = set(_members(base))
    if not members:
        return
    if strangers := members - {os.getpid()} - set(descendants(os.getpid())):
        raise PermissionError(1, f"{len(strangers)} process(es) that are not ours live there")
    leaf = base / ASIDE
    leaf.mkdir(exist_ok=True)
    for pid in members:
        _put(leaf / "cgroup.procs", str(pid))


def _try(root: Path) -> str:
    trial = root / f"{worker_name()}-trial"
    try:
        trial.mkdir(parents=True, exist_ok=True)
        trial.rmdir()
    except OSError as error:
        return f"{root.parent} cannot be written ({error.strerror})"
    return ""


def _make(folder: Path, *, delegate: bool) -> None:
    if not folder.parent.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        if delegate:
            offered = (folder.parent / "cgroup.controllers").read_text().split()
            _put(folder.parent / "cgroup.subtree_control", " ".join(f"+{name}" for name in offered))
    folder.mkdir()


def _settings(form: Form, folders: Mapping[str, Path], limits: Limits) -> Iterator[tuple[Path, str]]:
    memory, pids, cpu = folders["memory"], folders["pids"], folders.get("cpu", folders["memory"])
    yield pids / "pids.max", str(limits.pids + ATTENDANTS)
    if form is Form.V1:
        yield memory / "memory.limit_in_bytes", str(limits.memory_bytes)
        if (memory / "memory.memsw.limit_in_bytes").exists():
            yield memory / "memory.memsw.limit_in_bytes", str(limits.memory_bytes)
        if limits.cpu_cores is not None and "cpu" in folders:
            yield cpu / "cpu.cfs_quota_us", str(int(_PERIOD_US * limits.cpu_cores))
        return
    yield memory / "memory.max", str(limits.memory_bytes)
    yield memory / "memory.oom.group", "1"
    if (memory / "memory.swap.max").exists():
        yield memory / "memory.swap.max", "0"
    if limits.cpu_cores is not None and (cpu / "cpu.max").exists():
        yield cpu / "cpu.max", f"{int(_PERIOD_US * limits.cpu_cores)} {_PERIOD_US}"


def _usage_v1(folders: Mapping[str, Path]) -> Usage:
    return Usage(
        cpu_seconds=int((folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9 if "cpuacct" in folders else None,
        peak_memory_bytes=int((folders["memory"] / "memory.max_usage_in_bytes").read_text()),
        memory_kills=_pairs(folders["memory"] / "memory.oom_control").get("oom_kill", 0),
        refused_forks=_pairs(folders["pids"] / "pids.events").get("max", 0),
    )


def _usage_v2(folder: Path) -> Usage:
    peak = folder / "memory.peak"
    return Usage(
        cpu_seconds=_pairs(folder / "cpu.stat")["usage_usec"] / 1e6,
        peak_memory_bytes=int(peak.read_text()) if peak.exists() else None,
        memory_kills=_pairs(folder / "memory.events").get("oom_kill", 0),
        refused_forks=_pairs(folder / "pids.events").get("max", 0),
    )


def _pairs(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}


def _members(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []


def _kill(folder: Path, pids: set[int]) -> None:
    whole = folder / "cgroup.kill"
    if whole.exists():
        _put(whole, "1")
        return
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove(folder: Path, tries: int = 50) -> bool:
    for left in reversed(range(tries)):
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if left:
                time.sleep(0.001)
        else:
            return True
    return False


def _children(folder: Path) -> list[Path]:
    return [child for child in folder.iterdir() if child.is_dir()] if folder.is_dir() else []


def _is_stale(worker: Path) -> bool:
    return is_stale(worker.name)


def _pid_namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)


def _start_time(pid: int) -> str:
    fields = _status(pid)
    return fields[19] if fields else ""


def _is_exiting(pid: int) -> bool:
    """Whether a process has begun to exit (PF_EXITING of its kernel flags): it never runs its program again."""
    fields = _status(pid)
    return not fields or bool(int(fields[6]) & 0x4)


def _status(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` from the state on; empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
