"""A subscriber's wish to be told of advisories, by a webhook or an e-mail digest, and each telling of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from comity.model.ids import PartyId


class HookKind(StrEnum):
    """How somebody is told."""

    WEBHOOK = "webhook"
    DIGEST = "digest"


class State(StrEnum):
    """Where a telling stands."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


WAITS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
    timedelta(hours=24),
    timedelta(hours=24),
)
"""Waits between tries of one telling; after the last it is a dead letter, which its owner may replay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One subscription. `secret` signs a webhook's bodies; for a digest it confirms the address."""

    id: str
    person: PartyId
    kind: HookKind
    target: str
    """The address that is called, or written to."""
    secret: str
    made_at: datetime
    every: timedelta = timedelta(days=1)
    """Of a digest: how often at most."""
    confirmed_at: datetime | None = None
    """A webhook needs no confirmation; a digest is sent only after its link was opened."""
    told_until: datetime | None = None
    """Of a digest: advisories changed since then come next."""
    is_paused: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One telling of one event. `status` is the last answer's HTTP status, 0 for none."""

    id: str
    hook: str
    event: str
    made_at: datetime
    body: bytes
    tries: int = 0
    next_at: datetime | None = None
    done_at: datetime | None = None
    dead_at: datetime | None = None
    status: int = 0

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.done_at is not None:
            return State.DONE
        return State.DEAD if self.dead_at is not None else State.WAITING


def wait_after(tries: int) -> timedelta | None:
    """How long after so many tries the next one comes; None: there is no next one."""
    return WAITS[tries - 1] if 0 < tries <= len(WAITS) else None
