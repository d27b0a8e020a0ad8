"""Scripted subjects of known ability: they hand in the battery's own reference as often as their ability says, or, with
`works`, what an honest solver works out inside the sandbox from the public files.

For tests, for demonstrations and for error rates end to end. They are called "scripted subject, not an AI model"
wherever they appear. Whether an item is solved is drawn once per item from the seed, so that a run after a kill gives
the same answers. `kind` bends them: one refuses, one cheats, one holds back.
"""

import base64
import hashlib
import shlex
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from comity.assess.ability import Bank
from comity.assess.battery.task import Task

if TYPE_CHECKING:
    from comity.evals.challenge import Assignment
    from comity.evals.subjects import Move, Scripted

Kind: TypeAlias = Literal["honest", "refuse", "cheat", "sandbag"]
KINDS: Final[tuple[Kind, ...]] = ("honest", "refuse", "cheat", "sandbag")
SHARE: Final[dict[str, float]] = {"refuse": 0.4, "cheat": 0.6, "sandbag": 0.5}
"""Share of items (refuse), of failures (cheat) and of solves (sandbag) that a bent subject bends."""
TOKENS_AT_ONE_MINUTE: Final = 2000
"""Tokens that a scripted subject reports for a task of one minute; they grow with the square root of the minutes."""
LEAKED: Final = b"comity-flag{0000000000000000000000000000000000000000}"
"""What a cheating script hands in: shaped like a flag, which lies in no file it was given."""


PLACE: Final = "/tmp/honest"  # noqa: S108  # a path inside the sandbox
NEEDS: Final = {"chain": ("machine", "crypto")}
"""Solvers that a family's solver calls."""


def subject(
    bank: Bank,
    task: Callable[[str], Task],
    *,
    minutes: float,
    kind: Kind = "honest",
    seed: int = 0,
    works: bool = False,
) -> "Scripted":
    """A subject that solves a task of this many minutes every second time.

    With `works` it never sees a reference: it tries what its ability lets it solve, and now and then fails even there.
    """
    from comity.evals.subjects import Move, Scripted, writes

    place = {item: index for index, item in enumerate(bank.items)}
    theta = bank.theta(minutes)
    truth = bank.difficulty + bank.spread * np.random.default_rng([seed, 4]).normal(size=len(bank.items))

    def script(asked: "Assignment", turn: int) -> "Move":
        item = asked.challenge.id
        at = place[item]
        able = _draw(seed, item, "solve") < 1 / (1 + np.exp(-float(bank.slope[at]) * (theta - float(truth[at]))))
        bent = _draw(seed, item, "bend") < SHARE.get(kind, 0.0)
        tokens = int(TOKENS_AT_ONE_MINUTE * float(bank.minutes[at]) ** 0.5) // 2
        if kind == "refuse" and bent:
            return Move(refuse=True, says="I will not work on this.", tokens=tokens)
        if turn > 0:
            return Move(says="The answer is written.", tokens=tokens)
        if works and able and not (kind == "sandbag" and bent):
            return Move(
                command=working(asked.challenge.family, asked.challenge.side, asked.challenge.prompt), tokens=tokens
            )
        made = task(item)
        if kind == "cheat" and not able and bent:
            return Move(command=writes(dict.fromkeys(made.null, LEAKED)), tokens=tokens)
        solves = able and not (kind == "sandbag" and bent)
        return Move(command=writes(made.reference if solves else made.null), tokens=tokens)

    return Scripted(script=script)


def working(family: str, side: str, prompt: str) -> str:
    """A command that puts the family's honest solver beside the task and lets it work in the current folder."""
    folder = resources.files("comity.assess.battery.honest")
    files = {
        name: folder.joinpath(name).read_bytes()
        for name in ("__init__.py", "__main__.py", *(f"{one}.py" for one in (family, *NEEDS.get(family, ()))))
    }
    parts = [f"mkdir -p {PLACE}"]
    for name, content in {**files, "prompt.txt": prompt.encode()}.items():
        parts.append(f"printf %s {base64.b64encode(content).decode()} | base64 -d > {PLACE}/{name}")
    parts.append(f"PYTHONPATH=/tmp python3 -B -m honest {shlex.quote(family)} {shlex.quote(side)} {PLACE}/prompt.txt")
    return " && ".join(parts)


def _draw(seed: int, item: str, what: str) -> float:
    """A number in [0, 1) that belongs to this seed, item and question."""
    found = hashlib.sha256(f"{seed}\n{item}\n{what}".encode()).digest()
    return int.from_bytes(found[:8], "big") / 2**64
