"""Run the escape suite: every attack in every tier this host has, and say of each whether it was prevented or refused.

Each attack runs in both forms of containment: as one shot (`run`) and as a program of a session that stays open
(`session`). In tier full each attack runs. In tier reduced it runs twice: as what it is (not a recipe that ships, so
the run must be refused by name) and, to see what the tier itself holds, as if it shipped. Tier none must refuse all.
"""

import argparse
import contextlib
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from comity.bench.attacks import ATTACKS, Attack, program
from comity.errors import Forbidden, Unavailable
from comity.sandbox import session
from comity.sandbox.containment import Containment
from comity.sandbox.policy import MIB, Job, Limits, Tier
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended, Result
from comity.sandbox.run import run as run_contained
from comity.sandbox.tier import find
from comity.sandbox.tool import tool

LIMITS: Final = Limits(
    wall=timedelta(seconds=4),
    cpu=timedelta(seconds=1),
    memory_bytes=192 * MIB,
    pids=32,
    output_bytes=MIB // 4,
    disk_bytes=8 * MIB,
    file_bytes=6 * MIB,
)
PREVENTED, REFUSED, ESCAPED, UNCLEAR = "prevented", "refused", "escaped", "unclear"


@dataclass(slots=True)
class Host:
    """The attacked side: a canary file, listeners on four kinds of socket, and what reached them."""

    folder: Path
    canary: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = 0
    reached: int = 0

    def words(self) -> dict[str, str]:
        """What the attack programs may know."""
        return {
            "canary": self.canary,
            "port": str(self.port),
            "socket": str(self.folder / "socket"),
            "folder": str(self.folder),
            "prefix": sys.base_prefix if sys.base_prefix != "/usr" else str(self.folder),
        }


def run(args: list[str]) -> dict[str, Any]:
    """Run the suite; `--tier NAME` limits it to one tier."""
    parser = argparse.ArgumentParser(prog="comity bench escape")
    parser.add_argument("--tier", choices=[tier.value for tier in Tier], default=None)
    wanted = parser.parse_args(args).tier
    best = find()
    tiers = [tier for tier in Tier if wanted in (None, tier.value)]
    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    with attacked_host() as target:
        for tier in tiers:
            held_by = best if best.tier is tier else find(tier.value)
            if held_by.tier is not tier:
                missing.append(f"tier {tier}: {'; '.join(held_by.reasons)}")
                continue
            for shipped in (False, True) if tier is Tier.REDUCED else (False,):
                for form, runner in FORMS.items():
                    label = f"{form}, as if shipped" if shipped else form
                    told = attempts(target, held_by, shipped=shipped, runner=runner)
                    rows += [_row(name, label, tier, *outcome) for name, outcome in told]
    return {
        "attacks": rows,
        "missing": missing,
        "tier_found": best.tier.value,
        "containment": dict(best.facts()),
        **{word: sum(row["outcome"] == word for row in rows) for word in (PREVENTED, REFUSED, ESCAPED, UNCLEAR)},
    }


def table(result: Mapping[str, Any]) -> str:
    """Draw the rows for people."""
    lines = [f"{row['outcome']:<10} {row['tier']:<8} {row['form']:<23} {row['name']}" for row in result["attacks"]]
    lines += [f"missing    {text}" for text in result["missing"]]
    lines.append(", ".join(f"{result[word]} {word}" for word in (PREVENTED, REFUSED, ESCAPED, UNCLEAR)))
    return "\n".join(lines)


Runner = Callable[[Job, Containment, bool], Result]
"""Runs a job contained: (job, host, shipped)."""


def as_run(job: Job, host: Containment, shipped: bool) -> Result:
    """One shot."""
    return run_contained(job, host=host, shipped=shipped)


def as_session(job: Job, host: Containment, shipped: bool) -> Result:
    """The same program started by the init of a session, with the job's limits on the session and on the program."""
    wall = job.limits.wall
    opened = replace(job, limits=replace(job.limits, wall=wall + timedelta(seconds=6)))
    with session.start(opened, host=host, shipped=shipped) as inside:
        try:
            told = inside.exec(job.argv, stdin=job.stdin, timeout=wall)
        except Unavailable:
            return inside.close(job.collect)
        whole = inside.close(job.collect)
    return replace(told, files=whole.files, refused_files=whole.refused_files)


FORMS: Final[Mapping[str, Runner]] = {"run": as_run, "session": as_session}


def attempts(
    target: Host, host: Containment, *, shipped: bool, runner: Runner = as_run
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every attack's name with its outcome and the reason."""
    for attack in ATTACKS:
        if os.uname().machine in attack.machines:
            yield attack.name, attempt(attack, target, host, shipped=shipped, runner=runner)
    yield "files, processes and sockets of another run", neighbours(host, shipped=shipped, runner=runner)
    yield "worker killed while a job runs", orphans(host, shipped=shipped, runner=runner)


def attempt(
    attack: Attack, target: Host, host: Containment, *, shipped: bool = False, runner: Runner = as_run
) -> tuple[str, str]:
    """Run one attack and judge it from outside: by the program's own word, the listeners, and who is still alive."""
    reached, marker = target.reached, secrets.token_hex(16)
    try:
        result = runner(attack_job(attack, target, marker), host, shipped)
    except Forbidden as error:
        return REFUSED, str(error)
    if target.reached != reached:
        return ESCAPED, "a listener on the host was reached"
    if alive(marker):
        return ESCAPED, "a process of the run is still alive"
    if target.canary.encode() in result.stdout + result.stderr + b"".join(result.files.values()):
        return ESCAPED, "the canary came out"
    return judge(attack, result)


def attack_job(attack: Attack, target: Host, marker: str) -> Job:
    """The attack as a job. `marker` stands in the arguments, so that survivors can be recognised from outside."""
    python = python_inside()
    return Job(
        argv=(python.program, "-I", "-S", "/inputs/attack.py", marker),
        env=python.env,
        mounts=python.mounts,
        inputs={"attack.py": program(attack, target.words()).encode()},
        collect=attack.collect,
        limits=LIMITS,
        ptrace=attack.ptrace,
    )


def judge(attack: Attack, result: Result) -> tuple[str, str]:
    """Decide from what came back. Nothing said and no limit fired is "unclear", never "prevented"."""
    smuggled = [name for name in result.files if name != "swapped"]
    if smuggled:
        return ESCAPED, f"brought out: {', '.join(smuggled)}"
    if max(len(result.stdout), len(result.stderr)) > LIMITS.output_bytes:
        return ESCAPED, "more output than allowed was kept"
    if result.ended in attack.ends:
        return PREVENTED, result.ended.value
    said = result.stdout.split()[:1]
    if result.ended is Ended.EXITED and said == [b"held"]:
        return PREVENTED, "held"
    if said == [b"escaped"]:
        return ESCAPED, result.stdout[:200].decode(errors="replace")
    return UNCLEAR, f"{result.ended}: {result.stderr[-300:].decode(errors='replace')}"


def neighbours(host: Containment, *, shipped: bool, runner: Runner = as_run) -> tuple[str, str]:
    """Two runs side by side: the second looks for the first one's files, abstract socket and processes."""
    word = secrets.token_hex(16)
    resident = f"""
import os, socket, time
for folder in ("/tmp", "/dev/shm", "/work"):
    open(folder + "/{word}", "w").close()
listener = socket.socket(socket.AF_UNIX)
listener.bind(b"\\x00" + b"{word}")
listener.listen()
time.sleep(1.5)
print("held")
"""
    visitor = f"""
import os, socket
found = [folder for folder in ("/tmp", "/dev/shm", "/work") if os.path.exists(folder + "/{word}")]
found += [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > 3]
try:
    socket.socket(socket.AF_UNIX).connect(b"\\x00" + b"{word}")
    found.append("socket")
except OSError:
    pass
print("escaped" if found else "held", found)
"""
    outcomes: list[Result] = []
    try:
        host_thread = threading.Thread(target=lambda: outcomes.append(runner(_script(resident), host, True)))
        if host.tier is Tier.FULL or shipped:
            host_thread.start()
            time.sleep(0.5)
        result = runner(_script(visitor), host, shipped)
        host_thread.join()
    except Forbidden as error:
        return REFUSED, str(error)
    if not outcomes or outcomes[0].stdout != b"held\n":
        return UNCLEAR, "the first run did not stay"
    return (PREVENTED, "held") if result.stdout.startswith(b"held") else (ESCAPED, result.stdout.decode())


WORKER: Final = """
import os, signal, sys, threading, time
from pathlib import Path
from comity.bench.escape import FORMS, LIMITS, alive, orphan_job
from comity.sandbox.tier import find
form, tier, marker = sys.stdin.read().split()
host = find(tier)
threading.Thread(target=FORMS[form], args=(orphan_job(marker), host, True), daemon=True).start()
deadline = time.monotonic() + 10
while len(alive(marker)) < 4 and time.monotonic() < deadline:
    time.sleep(0.005)
print(len(alive(marker)), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A worker that starts a job which spreads over several sessions, waits until it has, and kills itself."""


def orphan_job(marker: str) -> Job:
    """Four processes in sessions of their own that ignore what can be ignored and sleep."""
    spread = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        break
time.sleep(60)
"""
    return _script(spread, marker)


def orphans(host: Containment, *, shipped: bool, runner: Runner = as_run) -> tuple[str, str]:
    """Kill a worker in the middle of a job: nothing of the job may live on."""
    if host.tier is Tier.NONE or (host.tier is Tier.REDUCED and not shipped):
        try:
            runner(orphan_job("unused"), host, shipped)
        except Forbidden as error:
            return REFUSED, str(error)
    marker = secrets.token_hex(16)
    form = next(name for name, known in FORMS.items() if known is runner)
    done = tool(
        "python",
        ("-c", WORKER),
        cwd=Path("/"),
        timeout=timedelta(seconds=30),
        stdin=f"{form} {host.tier} {marker}".encode(),
    )
    if done.exit_code != -9 or int(done.stdout or b"0") < 4:
        return UNCLEAR, f"the worker ended with {done.exit_code}: {done.stderr[-300:].decode(errors='replace')}"
    deadline = time.monotonic() + 2
    while (left := alive(marker)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return (ESCAPED, f"{len(left)} process(es) live on") if left else (PREVENTED, "all gone within 2 s")


def alive(marker: str) -> list[int]:
    """Host pids of living processes whose arguments hold `marker`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if marker.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


@contextlib.contextmanager
def attacked_host() -> Iterator[Host]:
    """Plant the canary and listen on TCP over v4 and v6, on an abstract and on a named unix socket."""
    with tempfile.TemporaryDirectory(prefix="comity-attacked-") as made, contextlib.ExitStack() as listeners:
        folder = Path(made)
        folder.chmod(0o755)
        target = Host(folder=folder)
        (folder / "canary").write_text(target.canary)
        for opened in _listen(target):
            listeners.enter_context(opened)
            threading.Thread(target=_count, args=(opened, target), daemon=True).start()
        yield target


def _listen(target: Host) -> Iterator[socket.socket]:
    first = socket.create_server(("127.0.0.1", 0))
    target.port = first.getsockname()[1]
    yield first
    if socket.has_dualstack_ipv6():
        yield socket.create_server(("::1", target.port), family=socket.AF_INET6)
    for address in (f"\0{target.canary}", str(target.folder / "socket")):
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(address)
        unix.listen()
        yield unix
    (target.folder / "socket").chmod(0o666)


def _count(listener: socket.socket, target: Host) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return
        target.reached += 1


def _script(text: str, *arguments: str) -> Job:
    python = python_inside()
    return Job(
        argv=(python.program, "-I", "-S", "/inputs/script.py", *arguments),
        env=python.env,
        mounts=python.mounts,
        inputs={"script.py": text.encode()},
        limits=replace(LIMITS, wall=timedelta(seconds=20)),
    )


def _row(name: str, form: str, tier: Tier, outcome: str, why: str) -> dict[str, Any]:
    return {"name": name, "form": form, "tier": tier.value, "outcome": outcome, "why": why}
