"""Run a campaign on a subject: the frozen protocol decides, the engine runs, every finished run is written down first.

(1) the ledger names the protocol it belongs to; another protocol is refused
(2) what stands in the ledger counts; nothing of it is run again
(3) each finished run is written down before the next one is chosen
(4) the window is looked at while a run goes on: what it cuts is cut, never failed
Called again after a kill, an interrupt or a spent window, it goes on where the ledger ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from typing import Protocol as Shape

from comity.assess import drive
from comity.assess.ability import Bank
from comity.assess.drive import Course, Seen, Step, Stop
from comity.assess.flow_ledger import Ledger
from comity.assess.protocol import Entry, Protocol, bank, digest
from comity.assess.treat import PROTOCOL, Outcome
from comity.errors import Conflict, Invalid, Problem, Unavailable
from comity.evals.challenge import BUDGET, Assignment, Attempt, Challenge, Grader
from comity.evals.levels import Admitted
from comity.sandbox.containment import Containment


class Battery(Shape):
    """Where challenges come from and how they are graded: the battery's items, or a test's own."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Every item, in the order of the bank."""

    def challenge(self, item: str, run: str) -> Challenge:
        """What the subject gets; `run` names the run, so that each has its own marks."""

    @property
    def grade(self) -> Grader:
        """Judges collected files outside the sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known after a run, for whoever watches. Minutes are cut at the ceiling of the battery."""

    done: int
    item: str
    family: str
    outcome: str
    tokens: int
    horizon_minutes: float
    low_minutes: float
    high_minutes: float
    above: float | None
    """P(ability > threshold); None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a campaign leaves: everything that a card is computed from."""

    protocol: Protocol
    entries: tuple[Entry, ...]
    bank: Bank
    attempts: tuple[Attempt, ...]
    """Every finished run, in the order in which they ended."""
    threshold_minutes: float | None
    ended: str
    """Why nothing more was run; empty while it could go on."""
    admitted: Admitted
    ledger_head: str
    tripwires: tuple[str, ...] = ()
    opened: Mapping[str, Any] = field(default_factory=dict)


def conduct(
    protocol: Protocol,
    *,
    battery: Battery,
    subject: Any,
    admitted: Admitted,
    ledger: Ledger,
    host: Containment,
    logs: Path,
    threshold_minutes: float | None = None,
    calibrated: Bank | None = None,
    clock: Callable[[], datetime],
    ends_at: datetime | None = None,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[Progress], None] | None = None,
    tools: bool = True,
) -> Campaign:
    """Run, or go on with, a campaign. `threshold_minutes` is the opened sealed value; None: estimate only.

    `ends_at` and `stop` close the window; `clock` tells the time. Raises Conflict when the ledger belongs to another
    protocol, Unavailable without the extra, Forbidden when the subject may not start here.
    """
    try:
        from comity.evals import campaign
    except ModuleNotFoundError as error:
        raise Unavailable("running an assessment needs the extra comity[assess]") from error
    entries = tuple(battery.entries)
    if len(entries) != protocol.items:
        raise Invalid(
            "the battery is not the protocol's", [Problem("/items", "count", f"{len(entries)}, not {protocol.items}")]
        )
    _begin(ledger, protocol, clock())
    placed = calibrated or bank(entries)
    keeper = _Keeper(drive.course(protocol, placed, threshold_minutes), battery, ledger, progress)

    def closed() -> bool:
        return stop() or (ends_at is not None and clock() >= ends_at)

    if not closed():
        campaign.run(
            keeper,
            subject=subject,
            grade=battery.grade,
            admitted=admitted,
            host=host,
            logs=logs,
            stop=closed,
            at_once=protocol.at_once,
            tools=tools,
        )
    ended = keeper.ended or ("the window closed" if closed() else "")
    if ended and ledger.entries[-1].get("reason") != ended:
        ledger.append({"kind": "ended", "at": clock().isoformat(), "reason": ended})
    return collected(protocol, entries, placed, ledger, threshold_minutes, admitted)


def collected(
    protocol: Protocol,
    entries: Sequence[Entry],
    placed: Bank,
    ledger: Ledger,
    threshold_minutes: float | None,
    admitted: Admitted,
) -> Campaign:
    """The campaign as the ledger has it, without running anything."""
    attempts = tuple(Attempt(**entry["attempt"]) for entry in ledger.entries if entry["kind"] == "attempt")
    ended = next((entry["reason"] for entry in reversed(ledger.entries) if entry["kind"] == "ended"), "")
    return Campaign(
        protocol=protocol,
        entries=tuple(entries),
        bank=placed,
        attempts=attempts,
        threshold_minutes=threshold_minutes,
        ended=ended,
        admitted=admitted,
        ledger_head=ledger.head,
        opened=next((entry for entry in ledger.entries if entry["kind"] == "opened"), {}),
    )


def seen_of(protocol: Protocol, placed: Bank, attempts: Sequence[Attempt]) -> list[Seen]:
    """Attempts as the driver reads them."""
    place = {item: index for index, item in enumerate(placed.items)}
    return [
        Seen(
            step=Step(item=place[a.item], stage=a.stage, retry=a.retry),
            outcome=Outcome(a.outcome),
            tokens=a.tokens,
            seconds=a.seconds,
            cost=protocol.budget.cost(input_tokens=a.input_tokens, output_tokens=a.output_tokens) or 0.0,
        )
        for a in attempts
    ]


def _begin(ledger: Ledger, protocol: Protocol, now: datetime) -> None:
    """(1)"""
    name = digest(protocol)
    if not ledger.entries:
        ledger.append({"kind": "opened", "protocol": name, "at": now.isoformat()})
    elif ledger.entries[0].get("protocol") != name:
        raise Conflict("this ledger belongs to another protocol: a changed plan is a new campaign with its own ledger")


class _Keeper:
    """The driver on one side, the ledger on the other."""

    def __init__(
        self, at: Course, battery: Battery, ledger: Ledger, progress: Callable[[Progress], None] | None
    ) -> None:
        self.at, self.battery, self.ledger, self.progress = at, battery, ledger, progress
        self.entries = {entry.id: entry for entry in battery.entries}
        done = [Attempt(**entry["attempt"]) for entry in ledger.entries if entry["kind"] == "attempt"]
        self.seen = seen_of(at.protocol, at.bank, done)
        self.running: list[Step] = []
        self.ended = ""

    def first(self) -> Sequence[Assignment]:
        """(2)"""
        return self._assigned()

    def finished(self, attempt: Attempt) -> Sequence[Assignment]:
        """(3)"""
        self.ledger.append({"kind": "attempt", "attempt": asdict(attempt)})
        (now,) = seen_of(self.at.protocol, self.at.bank, [attempt])
        self.running = [step for step in self.running if step != now.step]
        self.seen.append(now)
        if self.progress is not None:
            self.progress(self._progress(attempt))
        if attempt.note == BUDGET:
            self.ended = "what is left of the agreed budget covers no further call"
            return []
        return self._assigned()

    def _assigned(self) -> list[Assignment]:
        following = drive.next_steps(self.at, self.seen, self.running)
        if isinstance(following, Stop):
            self.ended = following.reason
            return []
        self.running.extend(following)
        return [self._assignment(step) for step in following]

    def _assignment(self, step: Step) -> Assignment:
        item = self.at.bank.items[step.item]
        tokens, last = drive.tokens_for(self.at.protocol, step, self.seen)
        asked = Assignment(
            challenge=Challenge(id=item, family="", prompt=""),
            tokens=tokens,
            seconds=self.at.protocol.budget.seconds_per_run,
            stage=step.stage,
            last=last,
            retry=step.retry,
        )
        return replace(asked, challenge=self.battery.challenge(item, asked.key))

    def _progress(self, attempt: Attempt) -> Progress:
        runs = list(drive.latest(self.seen).values())
        now = drive.belief(self.at, runs, PROTOCOL)
        placed = self.at.bank
        ceiling = placed.ceiling(items=self.at.protocol.ceiling_items, families=self.at.protocol.ceiling_families)
        low, high = placed.interval(now)
        threshold = self.at.threshold_minutes
        return Progress(
            done=len(self.seen),
            item=attempt.item,
            family=self.entries[attempt.item].family,
            outcome=attempt.outcome,
            tokens=sum(run.tokens for run in self.seen),
            horizon_minutes=min(placed.minutes_at(now.quantile(0.5)), ceiling),
            low_minutes=min(low, ceiling),
            high_minutes=min(high, ceiling),
            above=None if threshold is None else now.above(placed.theta(threshold)),
        )
