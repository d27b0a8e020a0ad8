"""The process behind `harness.host`: reads orders from standard input, forks a child for each, answers in JSON."""

import contextlib
import importlib
import json
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comity.durable.engine
from tests.durable import harness
from tests.store import pattern

_ = comity.durable.engine  # imported before the fork, so that no run pays for it


def main(scenario: str, store: str) -> None:
    """Serve until standard input ends. `store` is what a new SQLite store is a copy of."""
    with pattern.copied(Path(store).parent, Path(store).read_bytes()):
        _serve(importlib.import_module(scenario))


def _serve(module: Any) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            answer = _in_child(module, order, Path(folder))
            _load_what_it_loaded(Path(folder))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _in_child(module: Any, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    log, result = folder / "log", folder / "result"
    log.touch()
    child = os.fork()
    if child == 0:
        os._exit(_act(module, order, log, result))
    _, status = os.waitpid(child, 0)
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "passed": log.read_text().splitlines(),
        "state": json.loads(result.read_text()) if result.exists() else None,
    }


def _load_what_it_loaded(folder: Path) -> None:
    """What a run imported on its way is imported here before the next fork, so that no later run pays for it."""
    loaded = folder / "loaded"
    for name in loaded.read_text().splitlines() if loaded.exists() else ():
        if name not in sys.modules:
            with contextlib.suppress(ImportError):  # made at run time, or half of a package
                importlib.import_module(name)


def _act(module: Any, order: dict[str, Any], log: Path, result: Path) -> int:
    try:
        settings = harness.unplain(order["settings"])
        if order["act"] == "run":
            module.run(settings, _seam(log, order["kill"]))
            (log.parent / "loaded").write_text("\n".join(sorted(set(sys.modules) - {"__main__"})))
        else:
            result.write_text(json.dumps(module.state(settings)))
    except BaseException:  # noqa: BLE001  the child's whole life: whatever ended it is shown and becomes its exit code
        traceback.print_exc()
        return 1
    return 0


def _seam(log: Path, kill: list[Any] | None) -> Callable[[str], None]:
    lock = threading.Lock()
    counts: dict[str, int] = {}
    file = log.open("a")

    def passed(place: str) -> None:
        with lock:
            counts[place] = counts.get(place, 0) + 1
            file.write(place + "\n")
            file.flush()
            if kill is not None and [place, counts[place]] == kill:
                harness.kill_here()

    return passed


if __name__ == "__main__":
    main(*sys.argv[1:])
