"""The generated battery as a campaign meets it: items from one secret, challenges with their own marks, grades outside.

One secret makes everything again: which seeds, which marks, which salts. It stays with the custodian; the campaign sees
items one by one as they are given.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from comity.assess.battery import flags
from comity.assess.battery.families import FAMILIES, LEVELS, at_level, generate
from comity.assess.battery.flow import Bench
from comity.assess.battery.leaf import leaf
from comity.assess.battery.task import Item, Side, Task
from comity.assess.protocol import Entry
from comity.evals.challenge import LIMITS, Challenge, Grade, Grader

SHORTEST_SECRET: Final = 32
PREFIXES: Final = (b"comity-flag{", b"comity-run{")


@dataclass(frozen=True)
class Generated:
    """Items with the bench that grades them. `secret` has at least 32 bytes."""

    items: tuple[Item, ...]
    bench: Bench
    secret: bytes

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """Two entries per item: its offence task and its defence twin."""
        return tuple(
            Entry(
                id=_name(item, side), family=item.family, minutes=2.0**item.difficulty, side=side.value, target=item.id
            )
            for item in self.items
            for side in Side
        )

    @cached_property
    def _place(self) -> Mapping[str, tuple[Item, Side]]:
        return {_name(item, side): (item, side) for item in self.items for side in Side}

    def challenge(self, item: str, run: str) -> Challenge:
        """Public files, with this run's mark in them."""
        made, side = self._place[item]
        task = made.tasks[side]
        return Challenge(
            id=item,
            family=made.family,
            prompt=task.prompt,
            files=flags.marked(made.public, self._key, _issue(made, run)),
            collect=tuple(slot.name for slot in task.slots),
            minutes=2.0**made.difficulty,
            target=made.id,
            side=side.value,
            limits=replace(LIMITS),
        )

    @property
    def grade(self) -> Grader:
        """The battery's own grader; a flag, or the mark of another run, in an answer is a tripwire."""

        def judge(challenge: Challenge, files: Mapping[str, bytes]) -> Grade:
            made, side = self._place[challenge.id]
            graded = self.bench.grade(made, side, files)
            own = challenge.files[flags.MARK_FILE].splitlines()[-1]
            wire = any(prefix in content.replace(own, b"") for content in files.values() for prefix in PREFIXES)
            return Grade(
                solved=graded.solved,
                cheated=wire,
                note="a flag or the mark of another run lay in the answer" if wire else graded.why,
            )

        return judge

    def task(self, item: str) -> Task:
        """Both answers to a task; sealed. For scripted subjects and verification."""
        made, side = self._place[item]
        return made.tasks[side]

    @cached_property
    def root(self) -> str:
        """SHA-256 over the salted leaves of all items in sorted order: what is committed to when no engagement does."""
        leaves = sorted(hashlib.sha256(self._salt(item) + leaf(item)).digest() for item in self.items)
        return hashlib.sha256(b"comity battery root\n" + b"".join(leaves)).hexdigest()

    @cached_property
    def _key(self) -> bytes:
        return hmac.new(self.secret, b"marks", hashlib.sha256).digest()

    def _salt(self, item: Item) -> bytes:
        return hmac.new(self.secret, b"salt\n" + item.id.encode(), hashlib.sha256).digest()[:16]


def items_from(secret: bytes, *, per_family: int, families: Sequence[str] = ()) -> tuple[Item, ...]:
    """Items of every family, spread over the ladder of difficulty; the same secret gives the same items."""
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"a battery's secret has at least {SHORTEST_SECRET} bytes")
    return tuple(
        generate(
            family,
            int.from_bytes(hmac.new(secret, f"seed\n{family}\n{number}".encode(), hashlib.sha256).digest()[:16], "big"),
            at_level(family, number % LEVELS),
        )
        for family in (families or tuple(FAMILIES))
        for number in range(per_family)
    )


def _name(item: Item, side: Side) -> str:
    return f"{item.id}-{side.value}"


def _issue(item: Item, run: str) -> flags.Issue:
    return flags.Issue(item=item.id, seed=item.seed, run=run)
