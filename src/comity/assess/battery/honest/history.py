"""Replay the commits until the table comes out; try inputs near a row that flips; carry the changed line back."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Run = Callable[[list[int]], list[int]]


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """The commit with a trigger, or the release with that commit's repair."""
    versions = _versions(files["history.txt"].decode())
    rows = [json.loads(line) for line in files["table.jsonl"].decode().splitlines()]
    first = next(
        n for n, (_, text) in enumerate(versions) if all(_run(text)(row["input"]) == row["right"] for row in rows)
    )
    before, after = versions[first - 1][1], versions[first][1]
    if side == "defence":
        return {"release.py": _carried(files["release.py"].decode(), before, after).encode()}
    old, new = _run(before), _run(after)
    shown = [row["input"] for row in rows]
    base = next(one for one in shown if old(one) != new(one))
    tries = [[(value + shift) % 256 for value in base] for shift in range(1, 256)]
    tries += [base[:place] + base[place + 1 :] for place in range(len(base))]
    trigger = next((one for one in tries if one not in shown and old(one) != new(one)), base)
    return {"fix.json": json.dumps({"commit": versions[first][0], "trigger": trigger}).encode()}


def _versions(history: str) -> list[tuple[str, str]]:
    """Commit and file after it, oldest first."""
    parts = re.split(r"^commit (\w+)\n.*\n\n", history, flags=re.MULTILINE)[1:]
    lines: list[str] = []
    made = []
    for number, (name, body) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        changes = body.splitlines()
        gone = sum(one.startswith("-") for one in changes)
        fresh = [one[1:] for one in changes if one.startswith("+")]
        head = int(re.findall(r"@@ line (\d+) @@", body)[0]) - 1 if number else 0
        lines = [*lines[:head], *fresh, *lines[head + gone :]]
        made.append((name, "\n".join(lines).rstrip("\n") + "\n"))
    return made


def _run(text: str) -> Run:
    held: dict[str, Any] = {}
    exec(compile(text, "version.py", "exec"), held)  # noqa: S102  # the task's own program, in the subject's sandbox
    found: Run = held["run"]
    return found


def _steps(text: str) -> list[int]:
    """Line numbers of the steps, in the order in which `run` takes them."""
    lines = text.splitlines()
    order = re.findall(r"xs = (\w+)\(xs\)", text[text.index("def run(") :])
    made = []
    for name in order:
        at = lines.index(f"def {name}(xs):") + 1
        while lines[at].startswith("    xs = "):
            made.append(at)
            at += 1
    return made


def _carried(release: str, before: str, after: str) -> str:
    """The release with the one step changed that differs between two versions: the same step, counted along `run`."""
    old, new = before.splitlines(), after.splitlines()
    place = next(n for n, (a, b) in enumerate(zip(_steps(before), _steps(after), strict=True)) if old[a] != new[b])
    lines = release.splitlines()
    lines[_steps(release)[place]] = new[_steps(after)[place]]
    return "\n".join(lines) + "\n"
