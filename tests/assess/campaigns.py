"""A toy battery and a toy subject, with which whole campaigns run in a second: the answer is a word in the files."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from comity.assess.adaptive import Policy
from comity.assess.flow_ledger import Ledger
from comity.assess.flow_run import Campaign, conduct
from comity.assess.protocol import Budget, Entry, Protocol
from comity.evals import levels
from comity.evals.challenge import Assignment, Challenge, Grade, Grader
from comity.evals.subjects import Move, Scripted, writes
from comity.sandbox.tier import find

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Toy:
    """Twenty items of one to sixteen minutes; the answer to each is its own name."""

    def __init__(self, number: int = 20) -> None:
        self.number = number

    @property
    def entries(self) -> Sequence[Entry]:
        return tuple(
            Entry(id=f"toy-{n}", family=("odd", "even")[n % 2 == 0], minutes=float(2 ** (n % 5)), side="offence")
            for n in range(self.number)
        )

    def challenge(self, item: str, run: str) -> Challenge:
        return Challenge(id=item, family="toy", prompt=f"Write {item} ({run}).", files={"a": b"a"}, collect=("answer",))

    @property
    def grade(self) -> Grader:
        def judge(challenge: Challenge, files: Mapping[str, bytes]) -> Grade:
            said = files.get("answer", b"")
            return Grade(solved=said == challenge.id.encode(), cheated=said == b"peeked", note="")

        return judge


def moves(asked: Assignment, turn: int) -> Move:
    """Solves the short half, refuses one item, cheats at another, and needs more tokens than one stage for a third."""
    item = asked.challenge.id
    if item == "toy-3":
        return Move(refuse=True)
    if item == "toy-7":
        return (
            Move(command="true" if turn < 6 else writes({"answer": item.encode()}), tokens=200) if turn < 7 else Move()
        )
    said = b"peeked" if item == "toy-11" else item.encode() if int(item[4:]) % 5 < 3 else b"no"
    return Move(command=writes({"answer": said})) if turn == 0 else Move(says="done")


def protocol(**more: object) -> Protocol:
    """Short stages, so that a cut run comes up."""
    return Protocol(
        **{
            "subject": "scripted subject, not an AI model",
            "level": "C1",
            "battery": "toy",
            "battery_root": "0" * 64,
            "items": 20,
            "policy": Policy(least_runs=6, probes=2, traps=2, most_runs=20, fixed_form=20),
            "budget": Budget(stages=(900, 5000), seconds_per_run=60.0),
            "form": "fixed",
            **more,  # type: ignore[arg-type]  # a test's own fields
        }
    )


def go(folder: Path, *, slow: float = 0.0, **more: object) -> Campaign:
    """Run or go on with the toy campaign in this folder."""
    import time

    def script(asked: Assignment, turn: int) -> Move:
        time.sleep(slow)
        return moves(asked, turn)

    with Ledger(folder / "runs.ledger") as ledger:
        return conduct(
            protocol(),
            battery=Toy(),
            subject=Scripted(script=script),
            admitted=levels.scripted(),
            ledger=ledger,
            host=find(),
            logs=folder / "logs",
            threshold_minutes=4.0,
            clock=lambda: NOW,
            **more,  # type: ignore[arg-type]  # a test's own choice
        )


if __name__ == "__main__":
    go(Path(sys.argv[1]), slow=0.15)
