"""Runs inside the containment, above the target: starts it, measures it from outside, and alone may speak of it.

The host sends one JSON line on standard input and takes one JSON line from standard output, which must repeat the
host's nonce. The target runs in children that get neither: their standard streams are their own, this process is
closed to them (not dumpable, so /proc/PID/mem and /proc/PID/fd are refused), and what they say about themselves comes
through a pipe and is passed on as a claim. What is measured here and cannot be claimed: CPU time (kernel accounts),
whether the child was still running, its exit status, and which canary files exist.

A file of data to Comity: it is started in the sandbox by path and is never imported.
"""

import contextlib
import ctypes
import json
import os
import secrets
import selectors
import signal
import statistics
import subprocess  # noqa: TID251 - this file runs inside the containment that the sandbox room made
import sys
import time
from pathlib import Path
from typing import Any

CLAIM_LIMIT = 256 * 1024
SUITE_CLAIM_LIMIT = 768 * 1024
SUITE_RESTARTS = 5
"""A test that ends its process takes only itself with it, so often."""
KEPT_STDOUT = 4_000
KEPT_STDERR = 6_000
STDERR_LIMIT = 256 * 1024
START_LIMIT_SECONDS = 15.0
"""How long the target may take to be imported and set up before the last step begins."""
REPEATS = 3
_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36


def main() -> int:
    order = json.loads(sys.stdin.buffer.read())
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0) != 0 or libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        seen: dict[str, Any] = {"failed": "the driver could not close itself to the target"}
    else:
        seen = look(order)
    sys.stdout.write(json.dumps({"nonce": order["nonce"], "seen": seen}) + "\n")
    sys.stdout.flush()
    return 0


def look(order: dict[str, Any]) -> dict[str, Any]:
    """Everything one run shows. The canary is drawn here, after the proof was fixed, so no proof can know it."""
    if order["form"] == "suite":
        return {"cases": programs(order) if order["kind"] == "program" else calls(order)}
    canary = plant(Path(order["work"]), read=order["watch"] == "read")
    if order["form"] == "harness":
        return {"attempts": [program(order)], "canary": canary.state("")}
    sizes = order["sizes"]
    if not sizes:
        one = attempt(order, canary, size=1, deadline=order["deadline_seconds"])
        return {"attempts": [one], "canary": canary.state(one["watched"])}
    first = attempt(order, canary, size=1, deadline=order["deadline_seconds"])
    if not first["begun"]:
        return {"attempts": [first], "canary": canary.state("")}
    # the first child compiled what the later ones find compiled, so it is no measure of them
    base = attempt(order, canary, size=1, deadline=order["deadline_seconds"])
    medians = []
    for size in sizes:
        runs = []
        for _ in range(REPEATS):
            runs.append(attempt(order, canary, size=size, deadline=order["deadline_seconds"]))
            if runs[-1]["alive"]:
                break
        medians.append(statistics.median(run["cpu_seconds"] for run in runs))
        if runs[-1]["alive"]:
            break
    return {"attempts": [base], "base_cpu_seconds": base["cpu_seconds"], "medians": medians, "canary": canary.state("")}


class Canary:
    """A path outside the allowed room, with a name and a content that nobody could know beforehand."""

    def __init__(self, room: Path, path: Path, secret: str) -> None:
        self.room, self.path, self.secret = room, path, secret

    def forms(self) -> dict[str, str]:
        """The path in the forms that a call may be given."""
        return {"path": str(self.path), "relative": os.path.relpath(self.path, self.room), "name": self.path.name}

    def state(self, watched: str) -> dict[str, bool]:
        return {"exists": os.path.lexists(self.path), "read": bool(self.secret) and self.secret in watched}


def plant(work: Path, *, read: bool) -> Canary:
    room = work / f"room-{secrets.token_hex(8)}" / "in"
    outside = room.parent / f"out-{secrets.token_hex(8)}"
    room.mkdir(parents=True)
    outside.mkdir()
    path = outside / f"canary-{secrets.token_hex(8)}.txt"
    if not read:
        return Canary(room, path, "")
    secret = f"canary-{secrets.token_hex(24)}"
    path.write_text(secret, encoding="ascii")
    return Canary(room, path, secret)


def attempt(order: dict[str, Any], canary: Canary, *, size: int, deadline: float) -> dict[str, Any]:
    """One child that makes the calls (or runs the script); measured until it ends or its time is up."""
    reader, writer = os.pipe()
    task = {
        "target": order["target"],
        "paths": order["paths"],
        "inputs": order["inputs"],
        "steps": order["steps"],
        "script": order["script"],
        "benign": order["benign"],
        "value": order["value"],
        "size": size,
        "room": str(canary.room),
        "canary": canary.forms(),
    }
    # children of one run share compiled modules in /work: same code, same proof, and importing is most of their time
    compiled = ["-X", f"pycache_prefix={order['work']}/compiled"] if order["sizes"] else ["-B"]
    command = [sys.executable, "-I", "-S", *compiled, str(Path(__file__).with_name("caller.py")), str(writer)]
    told = (
        {"COMITY_CANARY": str(canary.path)} if order["script"] else {}
    )  # a step is given it by its own arguments alone
    child = subprocess.Popen(  # noqa: S603 - a fixed program; see the head of this file
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writer,),
        cwd=canary.room,
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **told, **order["env_python"]},
    )
    os.close(writer)
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(task).encode())
        child.stdin.close()
    claims = Lines(reader)
    started = time.monotonic()
    begun_at: float | None = None
    alive = True
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            left = deadline - (now - begun_at) if begun_at is not None else START_LIMIT_SECONDS - (now - started)
            if left <= 0:
                break
            if selector.select(left) and not claims.more():
                alive = False
                break
            if begun_at is None and any(line.get("at") == "begin" for line in claims.lines):
                begun_at = time.monotonic()
    os.close(reader)
    status, cpu_seconds = reap(child, kill=alive)
    ends = [line for line in claims.lines if "outcome" in line]
    end = ends[-1] if ends else {}
    return {
        "begun": begun_at is not None,
        "alive": alive,
        "cpu_seconds": cpu_seconds,
        "status": status,
        "claim": {
            key: end[key] for key in ("outcome", "type", "kinds", "frames", "step", "writer", "code") if key in end
        },
        "watched": str(end.get("watched", "")),
    }


def calls(order: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases of calls, in children that each take the rest of the list: one that dies is followed by another."""
    answers: list[dict[str, Any]] = []
    rooms = []
    for case in order["cases"]:
        canary = plant(Path(order["work"]), read=False)
        rooms.append(canary)
        answers.append({"outcome": "", "files": {}, "strays": False, "names": case["files"]})
    ends_at = time.monotonic() + order["deadline_seconds"]
    start = 0
    for _ in range(1 if order["stop_at_first"] else SUITE_RESTARTS + 1):
        if start >= len(answers) or time.monotonic() >= ends_at:
            break
        start = _child_of_suite(order, rooms, answers, start=start, ends_at=ends_at)
    for canary, found in zip(rooms, answers, strict=True):
        names = found.pop("names")
        found["files"] = {name: text for name in names if (text := _text_of(canary.room / name)) is not None}
        around = _names(canary.room.parent) - {canary.room.name, canary.path.parent.name}
        found["strays"] = os.path.lexists(canary.path) or bool(around or _names(canary.path.parent))
    return answers


def _child_of_suite(
    order: dict[str, Any], rooms: "list[Canary]", answers: list[dict[str, Any]], *, start: int, ends_at: float
) -> int:
    """Run the cases from `start` on; gives the place after the last one that was begun."""
    reader, writer = os.pipe()
    task = {
        "target": order["target"],
        "paths": order["paths"],
        "inputs": order["inputs"],
        "values": order["values"],
        "benign": False,
        "size": 1,
        "suite": [
            {
                "case": place,
                "steps": order["cases"][place]["steps"],
                "room": str(rooms[place].room),
                "canary": rooms[place].forms(),
            }
            for place in range(start, len(rooms))
        ],
    }
    child = subprocess.Popen(  # noqa: S603 - a fixed program; see the head of this file
        [sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("caller.py")), str(writer)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writer,),
        cwd=order["work"],
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **order["env_python"]},
    )
    os.close(writer)
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(task).encode())
        child.stdin.close()
    claims = Lines(reader, SUITE_CLAIM_LIMIT)
    alive, taken, begun = True, 0, start - 1
    limit = START_LIMIT_SECONDS
    heard = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while (left := min(limit - (time.monotonic() - heard), ends_at - time.monotonic())) > 0:
            if not selector.select(left):
                continue
            if not claims.more():
                alive = False
                break
            heard, limit = time.monotonic(), order["each_seconds"]
            for line in claims.lines[taken:]:
                place = line.get("case")
                if not isinstance(place, int) or not start <= place < len(answers):
                    continue
                begun = max(begun, place)
                if isinstance(line.get("outcome"), str) and not answers[place]["outcome"]:
                    answers[place].update({key: line[key] for key in ("outcome", "kinds", "value") if key in line})
            taken = len(claims.lines)
    os.close(reader)
    status, _ = reap(child, kill=alive)
    stuck = max(begun, start)
    if not answers[stuck]["outcome"]:
        answers[stuck].update({"outcome": "stalled" if alive else "ended", "status": status})
    return stuck + 1


def _names(folder: Path) -> set[str]:
    """What lies in a folder; a folder that is gone counts as changed."""
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return {"gone"}


def _text_of(path: Path) -> str | None:
    """Text of a plain file, never through a link; None when it is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(descriptor, KEPT_STDOUT).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def programs(order: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases of a program, one process each; a case's file is written just before it."""
    answers = []
    ends_at = time.monotonic() + order["deadline_seconds"]
    for place, case in enumerate(order["cases"]):
        left = min(order["each_seconds"], ends_at - time.monotonic())
        if left <= 0:
            answers.append({"outcome": ""})
            continue
        data = Path(order["work"]) / f"case-{place}-{secrets.token_hex(8)}.bin"
        data.write_bytes(bytes.fromhex(case["data"]))
        argv = [word.replace("{data}", str(data)) for word in case["argv"]]
        held = program({**order, "argv": argv, "stdin": "", "deadline_seconds": left}, capture=True)
        with contextlib.suppress(OSError):
            data.unlink()
        bad = held["alive"] or held["status"] != 0
        answers.append(
            {
                "outcome": "stalled" if held["alive"] else "ended",
                "status": held["status"],
                "stdout": held["stdout"] if order["values"] else "",
                "stderr": held["stderr"][:KEPT_STDERR] if bad else "",
            }
        )
        if bad and order["stop_at_first"]:
            break
    return answers


def program(order: dict[str, Any], *, capture: bool = False) -> dict[str, Any]:
    """The built program itself; its standard error is kept because a sanitizer writes there."""
    stdin = os.open(order["stdin"] or os.devnull, os.O_RDONLY)
    captured = os.memfd_create("stdout") if capture else -1
    try:
        child = subprocess.Popen(  # noqa: S603 - the built target, inside the containment
            order["argv"],
            stdin=stdin,
            stdout=captured if capture else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=order["work"],
            start_new_session=True,
            env=order["env"],
        )
    except OSError as error:
        return {
            "begun": False,
            "alive": False,
            "cpu_seconds": 0.0,
            "status": None,
            "stderr": "",
            "claim": {},
            "why": error.errno,
            "stdout": "",
        }
    finally:
        os.close(stdin)
    assert child.stderr is not None
    kept = bytearray()
    ends_at = time.monotonic() + order["deadline_seconds"]
    alive = True
    with selectors.DefaultSelector() as selector:
        selector.register(child.stderr, selectors.EVENT_READ)
        while (left := ends_at - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            data = os.read(child.stderr.fileno(), 65536)
            if not data:
                alive = False
                break
            kept += data[: STDERR_LIMIT - len(kept)]
    child.stderr.close()
    status, cpu_seconds = reap(child, kill=alive)
    text = bytes(kept).decode("utf-8", "replace")
    said = ""
    if capture:
        said = os.pread(captured, KEPT_STDOUT, 0).decode("utf-8", "replace")
        os.close(captured)
    return {
        "begun": True,
        "alive": alive,
        "cpu_seconds": cpu_seconds,
        "status": status,
        "stderr": text,
        "stdout": said,
        "claim": {},
    }


def reap(child: "subprocess.Popen[bytes]", *, kill: bool) -> tuple[int | None, float]:
    """Wait for the child (at most a second once its pipe is shut), then end whatever it left behind.

    Gives its exit status (negative for a signal) and the CPU seconds that the kernel counted for it.
    """
    if not kill:
        kill = not _exits_within(child.pid, 1.0)
    if kill:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    _end_orphans()
    return child.returncode, usage.ru_utime + usage.ru_stime


def _exits_within(pid: int, seconds: float) -> bool:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        time.sleep(0.002)
    return False


def _end_orphans() -> None:
    """Children that left their session come to this process (it is their subreaper) and are killed here."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(64):
        try:
            orphans = [int(pid) for pid in listing.read_text(encoding="ascii").split()]
        except OSError:
            return
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


class Lines:
    """JSON objects, one a line, out of a pipe whose other end is not trusted: capped, and junk is dropped."""

    def __init__(self, descriptor: int, limit: int = CLAIM_LIMIT) -> None:
        self.descriptor, self.lines, self._rest, self._taken = descriptor, list[dict[str, Any]](), b"", 0
        self._limit = limit

    def more(self) -> bool:
        """Take what is there. False when the pipe is shut or has said too much."""
        data = os.read(self.descriptor, 65536)
        self._taken += len(data)
        if not data or self._taken > self._limit:
            return False
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                self.lines.append(value)
        return True


if __name__ == "__main__":
    raise SystemExit(main())
