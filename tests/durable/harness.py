"""Kill a worker at every place where a crash could hurt, start it again, and compare how it ends.

A *scenario* is an importable module of tests with two functions:

    run(settings, seam)   open what it needs with this seam, launch the engine with it, start the flow under a fixed
                          key, send its signals under fixed keys, wait for the end, stop. Called again after a crash.
    state(settings)       what must be the same however often it crashed, as plain JSON: no times, no random ids.

`places(...)` runs the scenario once and tells every place the seam was called at, in order; `crashed(...)` runs it with
a SIGKILL at one of these, then to its end. Each run is a forked child of one process that has imported everything, so a
kill takes nothing but that run.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from comity.settings import Settings
from tests.store import pattern

ROOT = Path(__file__).resolve().parents[2]
KILLED = -signal.SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The `nth` time (from 1) that the seam was called at `name`."""

    name: str
    nth: int


@dataclass(frozen=True, slots=True)
class Host:
    """The process that forks runs of one scenario."""

    process: "subprocess.Popen[str]"

    def ask(self, **order: Any) -> Any:
        """Give one order to the host and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def host(scenario: str) -> Iterator[Host]:
    """A host for the scenario `tests.somewhere.module`."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store.db"
        store.write_bytes(pattern.made(Path(folder)))
        argv = [sys.executable, "-W", "error", "-m", "tests.durable.host", scenario, str(store)]
        with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Host(process)
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(timeout=60)


def places(held: Host, settings: Settings) -> list[Place]:
    """Every place that an uninterrupted run passes, in order."""
    answer = held.ask(act="run", settings=plain(settings), kill=None)
    assert answer["exit"] == 0, "the uninterrupted run failed"
    counts: dict[str, int] = {}
    found: list[Place] = []
    for name in answer["passed"]:
        counts[name] = counts.get(name, 0) + 1
        found.append(Place(name=name, nth=counts[name]))
    return found


def crashed(held: Host, settings: Settings, *kills: Place) -> None:
    """Run the scenario with a kill at each of these places, one start each, and then to its end."""
    for kill in kills:
        answer = held.ask(act="run", settings=plain(settings), kill=[kill.name, kill.nth])
        assert answer["exit"] == KILLED, f"the run was not killed at {kill}: it passed {answer['passed']}"
    answer = held.ask(act="run", settings=plain(settings), kill=None)
    assert answer["exit"] == 0, f"the run after a kill at {kills} failed"


def state(held: Host, settings: Settings) -> Any:
    """How the scenario ended."""
    return held.ask(act="state", settings=plain(settings))["state"]


def plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON: only what differs from the defaults, and only text, numbers and paths."""
    default = Settings()
    differing = {f.name: getattr(settings, f.name) for f in fields(Settings)}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in differing.items()
        if value != getattr(default, name) and isinstance(value, str | int | float | bool | Path)
    }


def unplain(held: dict[str, Any]) -> Settings:
    """The settings that `plain` was given."""
    paths = {"data", "keys", "checkpoints", "corpora"}
    values: dict[str, Any] = {name: Path(value) if name in paths else value for name, value in held.items()}
    return Settings(**values)


def kill_here() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
