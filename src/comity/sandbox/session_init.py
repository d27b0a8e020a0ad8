"""The small init of a session: a program of its own that runs inside the containment and starts what it is asked to.

It reads one request per packet from an inherited socket (its number is the first argument). A request brings its own
descriptors: parameters, stdin, stdout, stderr, and a pipe for its fate ("X <wait status>" or "E <errno>"). Nothing here
is trusted outside: the caller caps, times and kills, and reads only those few bytes. Only the standard library's core:
it runs with `-I -S`. It cannot be read or written by the programs it starts (they run as the same user), because the
kernel is told that it may not be dumped (prctl(2), PR_SET_DUMPABLE).
"""

import array
import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import socket
import stat
import sys
import time
from typing import Any, NoReturn

SET_DUMPABLE = 4
CLOSE_ON_EXEC = 0x40000000
DESCRIPTORS = 5
CHUNK = 1 << 20
_libc = ctypes.CDLL(None)

Running = dict[int, tuple[int, int]]
"""Process id -> (number of the request, pipe for its fate)."""


def serve(channel: socket.socket) -> None:
    """Answer requests until the caller closes the channel."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    running: Running = {}
    while True:
        ready = select.select([channel.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _reap(running)
        if channel.fileno() in ready:
            header, handed = _receive(channel)
            if not header:
                return
            _obey(json.loads(header), handed, running)


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    numbers = array.array("i")
    room = socket.CMSG_LEN(DESCRIPTORS * numbers.itemsize)
    header, parts, _, _ = channel.recvmsg(65536, room, CLOSE_ON_EXEC)
    for level, kind, data in parts:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return header, list(numbers)


def _obey(header: dict[str, Any], handed: list[int], running: Running) -> None:
    if header["do"] == "kill":
        for pid, (number, _) in running.items():
            if number == header["number"]:
                _kill_session(pid)
    elif header["do"] == "sweep":
        _kill_all(running)
    else:
        parameters, stdin, stdout, stderr, fate = handed
        try:
            pid = os.fork()
        except OSError as error:
            os.write(fate, f"E {error.errno}\n".encode())
            pid = -1
        if pid == 0:
            _child(header["do"], parameters, (stdin, stdout, stderr), fate)
        for descriptor in (parameters, stdin, stdout, stderr):
            os.close(descriptor)
        if pid > 0:
            running[pid] = (header["number"], fate)
        else:
            os.close(fate)


def _reap(running: Running) -> None:
    while running:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _, fate = running.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(fate, f"X {status}\n".encode())
        os.close(fate)


def _child(do: str, parameters: int, streams: tuple[int, int, int], fate: int) -> NoReturn:
    try:
        asked = _asked(parameters)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        for target, source in enumerate(streams):
            os.dup2(source, target)
        _prefer_as_victim()
        os.chdir(asked["cwd"])
        if do == "read":
            _read(asked["path"])
        elif do == "write":
            _write(asked["path"])
        else:
            os.execvpe(asked["argv"][0], asked["argv"], asked["env"])  # noqa: S606  # a list, never a shell
    except OSError as error:
        os.write(fate, f"E {error.errno}\n".encode())
    finally:
        os._exit(127)


def _asked(parameters: int) -> dict[str, Any]:
    size = os.fstat(parameters).st_size
    content = b""
    while len(content) < size:
        content += os.pread(parameters, size - len(content), len(content))
    found: dict[str, Any] = json.loads(content)
    return found


def _prefer_as_victim() -> None:
    """When memory runs out the kernel should take what was started, not the init."""
    _libc.prctl(SET_DUMPABLE, 1, 0, 0, 0)
    with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123  # pathlib takes longer to load than this program
        file.write("500")


def _read(path: str) -> NoReturn:
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    kind = os.fstat(file).st_mode
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, path)
    if not stat.S_ISREG(kind):
        raise OSError(errno.EINVAL, path)
    while chunk := os.read(file, CHUNK):
        _all(1, chunk)
    os._exit(0)


def _write(path: str) -> NoReturn:
    parent = os.path.dirname(path)  # noqa: PTH120  # as above
    if parent:
        os.makedirs(parent, exist_ok=True)  # noqa: PTH103  # as above
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o644)
    while chunk := os.read(0, CHUNK):
        _all(file, chunk)
    os._exit(0)


def _all(target: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(target, chunk) :]


def _kill_session(leader: int) -> None:
    """Kill the started process and all that still share its session or descend from it, until a look finds none."""
    for _ in range(100):
        found = _belonging(leader)
        if not found:
            return
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _belonging(leader: int) -> list[int]:
    parents, sessions = {}, {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # as above
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123  # as above
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] not in (b"Z", b"X"):
                parents[int(name)], sessions[int(name)] = int(fields[1]), int(fields[3])
    found = {pid for pid, session in sessions.items() if session == leader or pid == leader}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found - {1, os.getpid()})


def _kill_all(running: Running) -> None:
    """Kill everything inside but bwrap's own init and this one, until the last is buried: the dead fill the group too.

    Repeated, since a fork may slip between two looks; for some seconds, since the kernel may be slow to free memory.
    """
    for _ in range(1000):
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            return
        _reap(running)
        time.sleep(0.005)


if __name__ == "__main__":
    _libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)
    os.set_inheritable(int(sys.argv[1]), False)
    serve(socket.socket(fileno=int(sys.argv[1])))
