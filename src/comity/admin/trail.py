"""The trail of access: what doors tell it, and what auditors read of it.

Doors tell it in passing: decisions are gathered in this process and written every second, so that no page waits for it.
What somebody sees by break-glass is written before it is shown. What is open to everybody leaves no trace.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from comity.access import policy
from comity.access.caller import Caller
from comity.access.policy import Action
from comity.errors import Missing, Unavailable
from comity.model.ids import PartyId
from comity.model.outcome import Outcome
from comity.model.party import Viewer
from comity.store import parties, trail
from comity.store.engine import Store, Tx
from comity.store.trail import Entry, Seen

ROUND_SECONDS: Final = 1.0
MOST_WAITING: Final = 5_000
"""Decisions that may wait in memory; then whoever comes next writes them."""
PAGE: Final = 100
OUTCOMES: Final = {401: Outcome.REFUSED, 403: Outcome.REFUSED, 404: Outcome.NOT_FOUND}
PRUNE_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A row with the name of its person, "" for a stranger."""

    entry: Entry
    name: str


@dataclass(slots=True, kw_only=True)
class Trail:
    """The counter, and the buffer in front of it. `days` and `most` bound what is kept."""

    store: Store
    clock: Callable[[], datetime]
    days: int
    most: int
    _waiting: list[Seen] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _pruned_at: datetime | None = None

    # ---- for doors

    def note(self, seen: Seen) -> None:
        """Take note of a decision. What was seen by break-glass is written at once."""
        with self._lock:
            self._waiting.append(seen)
            now = seen.outcome is Outcome.BROKEN_GLASS or len(self._waiting) >= MOST_WAITING
        if now:
            self.write(must=seen.outcome is Outcome.BROKEN_GLASS)

    def decided(
        self, *, at: datetime, caller: Caller, way: str, action: Action, kind: str, object_: str, status: int
    ) -> None:
        """Take note of what a web door decided; `status` is that of its answer."""
        outcome = OUTCOMES.get(status, Outcome.ALLOWED)
        if outcome is Outcome.ALLOWED and caller.viewer.opened:
            outcome = Outcome.BROKEN_GLASS
        self.note(
            Seen(
                at=at,
                person=caller.viewer.person,
                via=caller.via.value,
                way=way,
                action=action.value,
                kind=kind,
                object=object_,
                outcome=outcome,
            )
        )

    def noted(self, viewer: Viewer, *, way: str, action: Action, kind: str, object_: str, outcome: Outcome) -> None:
        """Take note of what was decided at a door that speaks no HTTP."""
        at, person = self.clock(), viewer.person
        self.note(
            Seen(
                at=at,
                person=person,
                via="terminal",
                way=way,
                action=action.value,
                kind=kind,
                object=object_,
                outcome=outcome,
            )
        )

    def write(self, *, must: bool = False) -> None:
        """Write what waits; it goes on waiting when the store cannot take it, and with `must` that is an error."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            with self.store.write() as tx:
                trail.add(tx, waiting)
                self._prune(tx, waiting[-1].at)
        except Unavailable:
            with self._lock:
                self._waiting = (waiting + self._waiting)[-MOST_WAITING:]
            if must:
                raise

    def start(self) -> None:
        """Write every second until `stop`."""
        self._thread = threading.Thread(target=self._run, name="trail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.write()

    # ---- for auditors

    def entries(
        self, viewer: Viewer, *, person: str = "", about: str = "", outcome: Outcome | None = None, before: int | None
    ) -> tuple[Told, ...]:
        """A page of the trail, newest first. `person`: an id or a sign-in name; `about`: an id."""
        policy.allow(viewer, Action.READ_AUDIT)
        return self.at_terminal(person=person, about=about, outcome=outcome, before=before)

    def at_terminal(
        self, *, person: str = "", about: str = "", outcome: Outcome | None = None, before: int | None = None
    ) -> tuple[Told, ...]:
        """The same for whoever holds this host's terminal. No door calls this."""
        self.write()
        with self.store.read() as tx:
            who = _person(tx, person) if person else ""
            found = trail.read(tx, person=who, about=about, outcome=outcome, before=before, limit=PAGE)
            names = {id_: _name(tx, id_) for id_ in {entry.person for entry in found}}
        return tuple(Told(entry=entry, name=names[entry.person]) for entry in found)

    # ---- helpers

    def _prune(self, tx: Tx, now: datetime) -> None:
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_EVERY:
            trail.prune(tx, before=now - timedelta(days=self.days), most=self.most)
            self._pruned_at = now

    def _run(self) -> None:
        while not self._ended.wait(ROUND_SECONDS):
            self.write()


def _person(tx: Tx, text: str) -> str:
    """An id as it is; the id of a sign-in name; else what was typed, which finds nothing."""
    try:
        return parties.by_login(tx, text.strip().casefold())[0].id
    except Missing:
        return text.strip()


def _name(tx: Tx, id_: str) -> str:
    try:
        return parties.person(tx, PartyId(id_)).name if id_ else ""
    except Missing:
        return ""
