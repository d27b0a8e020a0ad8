"""Keep letters until they are sent: queued in the caller's transaction, tried with growing waits, given up in sight.

A letter is queued if and only if its cause was committed. It is sent at least once: after a crash between the server's
yes and our note of it, it goes again under the same Message-ID, by which mailers recognise it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from comity.errors import Forbidden, Invalid, Missing, Unavailable
from comity.mail import message, openpgp, post
from comity.model.handling import Tlp
from comity.model.letter import Letter
from comity.settings import Settings
from comity.store import letters
from comity.store.engine import Store, Tx
from comity.store.letters import Slip, Standing

__all__ = [
    "Postman",
    "Slip",
    "Standing",
    "again",
    "drop",
    "may_go",
    "named",
    "of",
    "queue",
    "standing",
    "unsent",
    "withdraw",
]

ROUND_SECONDS: Final = 2.0
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
HOLD: Final = timedelta(minutes=15)
"""How long a letter in the hands of one worker is nobody else's. Longer than any SMTP dialogue of ours."""


def may_go(tlp: Tlp | None, *, encrypted: bool, settings: Settings) -> bool:
    """Whether text of this label may travel so: above the limit of the policy only encrypted to the reader's key."""
    return tlp is None or encrypted or tlp <= Tlp.parse(settings.mail_clear_limit)


def queue(tx: Tx, letter: Letter, *, settings: Settings, at: datetime) -> str:
    """Keep a letter to be sent; gives its id. The same key again changes nothing.

    Invalid: it cannot be sent. Forbidden: its label may not travel in clear. Unavailable: it needs `comity[server]`.
    """
    letter.check()
    if letter.openpgp:
        openpgp.check(letter.openpgp)
    if not may_go(letter.tlp, encrypted=bool(letter.openpgp), settings=settings):
        limit = Tlp.parse(settings.mail_clear_limit).label
        raise Forbidden(f"text above {limit} is not mailed in clear: give the recipient's OpenPGP key, or send a link")
    return letters.add(tx, letter, at=at)


def standing(tx: Tx) -> Standing:
    """How this host's letters stand, in numbers."""
    return letters.standing(tx)


def of(tx: Tx, about: str) -> tuple[Slip, ...]:
    """The letters about one record, without address or text."""
    return letters.of(tx, about)


def unsent(tx: Tx) -> tuple[Slip, ...]:
    """Letters that wait or were given up, for the operator: without address or text."""
    return letters.unsent(tx)


def named(tx: Tx, start: str) -> str:
    """The one unsent letter whose name begins so. Missing for none, or for more than one."""
    found = [one.id for one in letters.unsent(tx) if start and one.id.startswith(start)]
    if len(found) != 1:
        raise Missing("no such letter, or more than one begins like this")
    return found[0]


def again(tx: Tx, id_: str, *, at: datetime) -> None:
    """Try a letter again that was given up. Missing for any other."""
    letters.again(tx, id_, at=at)


def drop(tx: Tx, id_: str) -> None:
    """Forget a letter that was given up. Missing for any other."""
    letters.drop(tx, id_)


def withdraw(tx: Tx, about: str, *, at: datetime) -> int:
    """Forget what has not gone yet about a record: somebody unsubscribed, or was read out."""
    return letters.withdraw(tx, about, at=at)


def wait_after(tries: int) -> timedelta:
    """One minute after the first try, doubling, at most an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(tries - 1, 10)))


@dataclass(slots=True, kw_only=True)
class Postman:
    """Sends what is due, in a thread of the worker. Without a server nothing happens: letters wait."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]
    server: post.Server | None
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def round(self) -> int:
        """Try every letter that is due, once each. Gives how many were sent."""
        number = 0
        while self.server is not None and not self._ended.is_set():
            now = self.now()
            with self.store.read() as tx:
                if not letters.is_due(tx, now=now):
                    return number
            with self.store.write() as tx:
                held = letters.take(tx, now=now, until=now + HOLD)
            if held is None:
                return number
            number += self._deliver(self.server, *held)
        return number

    def _deliver(self, server: post.Server, id_: str, letter: Letter, made_at: datetime, tries: int) -> int:
        try:
            sender, host = self.settings.mail_from, self.settings.organisation
            # the date is that of its making, so that a letter sent twice is the same message
            data = message.written(letter, id_=id_, sender=sender, host=host, at=made_at)
            server.send(data, sender=sender, to=letter.to)
        except Unavailable as error:
            return self._failed(id_, str(error), made_at, tries)
        except (post.Refused, Invalid) as error:
            with self.store.write() as tx:
                letters.give_up(tx, id_, str(error), at=self.now())
            return 0
        with self.store.write() as tx:
            letters.sent(tx, id_, at=self.now())
        return 1

    def _failed(self, id_: str, problem: str, made_at: datetime, tries: int) -> int:
        """RFC 5321 4.5.4.1: give up after four to five days (policy parameter)."""
        now = self.now()
        with self.store.write() as tx:
            if now - made_at >= self.settings.mail_give_up:
                letters.give_up(tx, id_, problem, at=now)
            else:
                letters.put_off(tx, id_, problem, until=now + wait_after(tries))
        return 0

    def start(self) -> None:
        """Go round in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the letter in hand."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(ROUND_SECONDS):
            try:
                self.round()
            except Unavailable:
                continue  # the store is busy: the next round finds what this one left
