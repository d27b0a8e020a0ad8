"""What people set for themselves: the zone that times are shown in, and filters of the queue they keep by name."""

from dataclasses import dataclass
from typing import Final

from comity.access import policy
from comity.access.policy import Action
from comity.admin.counter import ZONE, Accounts
from comity.errors import Conflict, Invalid, Problem
from comity.model import clock
from comity.model.party import Viewer
from comity.store import preferences

QUEUE: Final = "queue"
MOST: Final = 20
"""Filters of one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The counter."""

    accounts: Accounts

    def set_zone(self, viewer: Viewer, zone: str) -> None:
        """Show times in that IANA zone; "" for UTC. Invalid for a zone that is not known here."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        name = zone.strip()
        if len(name) > 64 or not name.isascii():
            raise Invalid("no such time zone", [Problem("/zone", "unknown_zone", "give an IANA name")])
        if name:
            clock.zone(name)
        with self.accounts.store.write() as tx:
            if name:
                preferences.put(tx, viewer.person, ZONE, ZONE, name)
            else:
                preferences.remove(tx, viewer.person, ZONE, ZONE)

    def filters(self, viewer: Viewer) -> dict[str, str]:
        """The viewer's own filters of the queue: name and stage, in name order."""
        policy.allow(viewer, Action.READ_CASES)
        with self.accounts.store.read() as tx:
            return preferences.of(tx, viewer.person, QUEUE)

    def keep_filter(self, viewer: Viewer, *, name: str, stage: str) -> None:
        """Keep a filter under a name, in place of one of that name. Conflict when there are too many."""
        policy.allow(viewer, Action.READ_CASES)
        called = name.strip()
        if not 1 <= len(called) <= 60 or not called.isprintable():
            raise Invalid("bad name", [Problem("/name", "bad_name", "use 1 to 60 printable characters")])
        with self.accounts.store.write() as tx:
            held = preferences.of(tx, viewer.person, QUEUE)
            if called not in held and len(held) >= MOST:
                raise Conflict(f"you keep {MOST} filters: forget one first")
            preferences.put(tx, viewer.person, QUEUE, called, stage)

    def forget_filter(self, viewer: Viewer, name: str) -> None:
        """Forget one; nothing happens where there is none."""
        policy.allow(viewer, Action.READ_CASES)
        with self.accounts.store.write() as tx:
            preferences.remove(tx, viewer.person, QUEUE, name)
