"""The bytes of an item that a battery commits to before anything runs, and that an auditor makes again afterwards.

One leaf per item: id, family, generator version, seed, knobs, difficulty guess, features, public files, oracle, and
both
tasks with prompt, slots and sealed answers. Canonical: sorted keys, ASCII, no blanks; file contents as base64. The
salt is added by
whoever builds the tree, so that a leaf cannot be guessed.
"""

import base64

from comity.assess.battery.task import Files, Item, Task
from comity.formats import parse
from comity.formats.parse import Json


def leaf(item: Item) -> bytes:
    """Canonical bytes of one item: equal for equal items, on every machine."""
    return parse.compact(
        {
            "id": item.id,
            "family": item.family,
            "generator": item.version,
            "seed": f"{item.seed:032x}",
            "knobs": dict(item.knobs),
            "difficulty": f"{item.difficulty:.6f}",
            "features": {name: f"{value:.6f}" for name, value in item.features.items()},
            "public": _files(item.public),
            "oracle": item.oracle,
            "tasks": {side.value: _task(task) for side, task in item.tasks.items()},
        }
    ).encode("ascii")


def _task(task: Task) -> dict[str, Json]:
    return {
        "prompt": task.prompt,
        "slots": [[slot.name, slot.most_bytes, slot.says] for slot in task.slots],
        "milestones": list(task.milestones),
        "reference": _files(task.reference),
        "null": _files(task.null),
        "mutants": [_files(one) for one in task.mutants],
    }


def _files(files: Files) -> dict[str, Json]:
    return {name: base64.b64encode(content).decode("ascii") for name, content in files.items()}
