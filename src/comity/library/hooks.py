"""The counter of subscriptions: who is told of advisories, how, and what became of each telling.

A webhook is told at least once, with the event's id, ids and links only, signed; tries wait longer and longer, and
after the last one the telling is a dead letter, which its owner may replay. A digest is a letter at most every so
often, sent only after the address was confirmed. Whoever may not see an advisory is not told that there is one.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from comity.access import policy
from comity.access.caller import Via, signed_in
from comity.access.policy import Action
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, Unavailable
from comity.formats import news
from comity.mail import outbox
from comity.model.advisory import Advisory
from comity.model.handling import Tlp
from comity.model.hook import Delivery, Hook, HookKind, State, wait_after
from comity.model.ids import AdvisoryId, PartyId, code
from comity.model.letter import Letter
from comity.model.party import Viewer
from comity.partners.webhook import Sender
from comity.settings import Settings
from comity.store import hooks, parties, published
from comity.store.engine import Store, Tx

__all__ = ["Courier", "Delivery", "Hook", "HookKind", "Hooks", "Line", "State"]

MOST: Final = 10
"""Subscriptions of one person."""
EVERY: Final = {"day": timedelta(days=1), "week": timedelta(days=7)}
GONE: Final = 410
"""The receiver says that it is no longer there: nothing more is tried."""
ROUND_SECONDS: Final = 1.0
HOLD: Final = timedelta(minutes=2)
"""How long a telling in one worker's hands is nobody else's: longer than any call of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One subscription for a list: how many tellings wait, were taken, and are dead."""

    hook: Hook
    waiting: int
    done: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The calls. Threads share it."""

    store: Store
    settings: Settings
    sender: Sender
    now: Callable[[], datetime]

    # ---- a subscriber's own

    def add_webhook(self, viewer: Viewer, url: str) -> Hook:
        """Subscribe an address. The secret of the answer signs every telling; the page shows it this once."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        return self._add(viewer, HookKind.WEBHOOK, self.sender.checked(url.strip()))

    def add_digest(self, viewer: Viewer, address: str, *, every: str) -> Hook:
        """Subscribe an e-mail address; a letter with a link goes there, and nothing else until it was opened."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        if every not in EVERY:
            raise Invalid("no such interval", [Problem("/every", "bad_value", f"one of {', '.join(EVERY)}")])
        return self._add(viewer, HookKind.DIGEST, address.strip(), every=EVERY[every])

    def own(self, viewer: Viewer) -> tuple[Line, ...]:
        """The viewer's own subscriptions."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.read() as tx:
            held = hooks.of(tx, viewer.person)
            counts = hooks.counts(tx, [one.id for one in held])
        return tuple(
            Line(hook=one, waiting=counts[one.id][0], done=counts[one.id][1], dead=counts[one.id][2]) for one in held
        )

    def one(self, viewer: Viewer, id_: str) -> tuple[Hook, tuple[Delivery, ...]]:
        """One subscription with its tellings, newest first. Missing for anybody else's."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.read() as tx:
            return hooks.get(tx, id_, viewer.person), hooks.told(tx, id_)

    def confirm(self, viewer: Viewer, id_: str, secret: str) -> Hook:
        """Confirm the address of a digest by what its letter said. Missing for anything else."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.write() as tx:
            hook = hooks.get(tx, id_, viewer.person)
            if hook.kind is not HookKind.DIGEST or not hmac.compare_digest(hook.secret.encode(), secret.encode()):
                raise Missing("there is nothing to confirm here")
            if hook.confirmed_at is None:
                hook = replace(hook, confirmed_at=self.now(), told_until=self.now())
                hooks.save(tx, hook)
        return hook

    def pause(self, viewer: Viewer, id_: str, *, paused: bool) -> Hook:
        """Stop telling for a while, or go on; what waited is told then."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.write() as tx:
            hook = replace(hooks.get(tx, id_, viewer.person), is_paused=paused)
            hooks.save(tx, hook)
        return hook

    def end(self, viewer: Viewer, id_: str) -> None:
        """End a subscription for good."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.write() as tx:
            hooks.save(tx, replace(hooks.get(tx, id_, viewer.person), ended_at=self.now()))
            outbox.withdraw(tx, id_, at=self.now())

    def replay(self, viewer: Viewer, id_: str, delivery: str) -> Delivery:
        """Tell one thing again, from the first try on: same event id, same body, a new time and signature."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.write() as tx:
            hook = hooks.get(tx, id_, viewer.person)
            held = hooks.one(tx, hook.id, delivery)
            if held.state is State.WAITING:
                raise Conflict("this one waits for its next try already")
            again = replace(held, tries=0, next_at=self.now(), done_at=None, dead_at=None)
            hooks.move(tx, again)
        return again

    def ring(self, viewer: Viewer, id_: str) -> None:
        """Tell a webhook of nothing, so that its owner can try the receiver."""
        policy.allow(viewer, Action.FOLLOW_NEWS)
        with self.store.write() as tx:
            hook = hooks.get(tx, id_, viewer.person)
            if hook.kind is not HookKind.WEBHOOK:
                raise Conflict("only a webhook can be tried")
            event = f"test-{secrets.token_hex(8)}"
            fields = {"id": event, "type": "test", "at": self.now().isoformat()}
            hooks.tell(tx, self._delivery(hook, event, msgspec.json.encode(fields)))

    # ---- by event and by time

    def published(self, id_: AdvisoryId, *, because: str) -> int:
        """Queue a telling to every webhook whose owner may see this advisory. Twice for one event queues nothing."""
        event = event_id(because)
        number = 0
        with self.store.write() as tx:
            for hook in hooks.active(tx):
                if hook.kind is not HookKind.WEBHOOK:
                    continue
                advisory = self._seen(tx, hook, id_)
                if advisory is not None:
                    number += hooks.tell(tx, self._delivery(hook, event, self._body(event, advisory)))
        return number

    def deliver(self) -> int:
        """Make every try whose time has come; gives how many. One worker at a time holds a telling."""
        at = self.now()
        with self.store.write() as tx:
            held = hooks.due(tx, at=at)
            for delivery, _ in held:
                hooks.move(tx, replace(delivery, next_at=at + HOLD))
        for delivery, hook in held:
            after = self._tried(delivery, hook)
            with self.store.write() as tx:
                hooks.move(tx, after)
        return len(held)

    def digests(self) -> int:
        """Queue every digest that is due and has something to say; gives how many letters."""
        at, number = self.now(), 0
        with self.store.read() as tx:
            held = [one for one in hooks.active(tx) if one.kind is HookKind.DIGEST and _is_due(one, at)]
        for hook in held:
            with self.store.write() as tx:
                number += self._digest(tx, hook, at)
        return number

    # ---- helpers, in call order

    def _add(self, viewer: Viewer, kind: HookKind, target: str, *, every: timedelta = EVERY["day"]) -> Hook:
        at = self.now()
        hook = Hook(
            id="H-" + code(secrets.token_bytes(8), 12),
            person=viewer.person,
            kind=kind,
            target=target,
            secret=secrets.token_hex(32),
            made_at=at,
            every=every,
        )
        with self.store.write() as tx:
            if len(hooks.of(tx, viewer.person)) >= MOST:
                raise Forbidden(f"a person has at most {MOST} subscriptions: end one first")
            hooks.add(tx, hook)
            if kind is HookKind.DIGEST:
                outbox.queue(tx, self._confirmation(hook), settings=self.settings, at=at)
        return hook

    def _confirmation(self, hook: Hook) -> Letter:
        text = (
            "Somebody with an account here asked for digests of advisories at this address. If it was you, open this\n"
            f"link while signed in:\n\n{self.settings.address}/following/{hook.id}/confirm/{hook.secret}\n\n"
            "If not, do nothing: no further letter will come."
        )
        subject = "Confirm your digest of advisories"
        return Letter(
            key=f"digest-confirmation:{hook.id}",
            to=hook.target,
            purpose="confirm digest",
            subject=subject,
            text=text,
            about=hook.id,
        )

    def _seen(self, tx: Tx, hook: Hook, id_: AdvisoryId) -> Advisory | None:
        viewer = _viewer(tx, hook.person)
        if viewer is None:
            return None
        try:
            return published.get(tx, id_, viewer)
        except Missing:
            return None

    def _delivery(self, hook: Hook, event: str, body: bytes) -> Delivery:
        at = self.now()
        return Delivery(
            id="W-" + code(secrets.token_bytes(8), 12), hook=hook.id, event=event, made_at=at, body=body, next_at=at
        )

    def _body(self, event: str, advisory: Advisory) -> bytes:
        address = self.settings.address
        kind = "advisory.withdrawn" if advisory.withdrawn_at is not None else "advisory.published"
        return msgspec.json.encode(
            {
                "id": event,
                "type": kind,
                "at": advisory.modified_at.isoformat(),
                "advisory": advisory.id,
                "tlp": advisory.handling.tlp.label,
                "url": f"{address}/advisories/{advisory.id}",
                "api": f"{address}/api/v1/advisories/{advisory.id}",
            }
        )

    def _tried(self, delivery: Delivery, hook: Hook) -> Delivery:
        at = self.now()
        try:
            status = self.sender.send(hook.target, hook.secret, delivery.body, event=delivery.event, at=at)
        except (Unavailable, Invalid):
            status = 0
        tries = delivery.tries + 1
        if 200 <= status < 300:
            return replace(delivery, tries=tries, status=status, next_at=None, done_at=at)
        wait = None if status == GONE else wait_after(tries)
        if wait is None:
            return replace(delivery, tries=tries, status=status, next_at=None, dead_at=at)
        return replace(delivery, tries=tries, status=status, next_at=at + wait)

    def _digest(self, tx: Tx, hook: Hook, at: datetime) -> bool:
        """One letter about the public advisories that changed; nothing is sent when none did."""
        since = hook.told_until or hook.made_at
        hooks.save(tx, replace(hook, told_until=at))
        viewer = _viewer(tx, hook.person)
        if viewer is None:
            return False
        found = published.page(tx, viewer, since=since, limit=100).items
        listed = [one for one in found if one.handling.tlp is Tlp.CLEAR]
        if not listed:
            return False
        number = len(listed)
        lines = [f"{news.title(one)}\n{self.settings.address}/advisories/{one.id}" for one in listed]
        end = f"You asked for this at {self.settings.address}/following and can end it there."
        letter = Letter(
            key=f"digest:{hook.id}:{since.isoformat()}",
            to=hook.target,
            purpose="advisory digest",
            subject=f"{number} advisor{'y' if number == 1 else 'ies'} of {self.settings.organisation}",
            text="\n\n".join((*lines, end)),
            tlp=Tlp.CLEAR,
            about=hook.id,
            unsubscribe=f"{self.settings.address}/following",
        )
        outbox.queue(tx, letter, settings=self.settings, at=at)
        return True


@dataclass(slots=True, kw_only=True)
class Courier:
    """Goes round: makes the tries and the digests that are due. A thread of the worker; its memory is the store."""

    hooks: Hooks
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Go round in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the rounds; what waits goes on at the next start."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(ROUND_SECONDS):
            try:
                self.hooks.deliver()
                self.hooks.digests()
            except Unavailable:
                continue  # the store is busy: at the next round


def event_id(key: str) -> str:
    """A public id of a journal event: its key may name what is not public."""
    return hashlib.sha256(f"comity event v1\n{key}".encode()).hexdigest()[:32]


def _viewer(tx: Tx, id_: PartyId) -> Viewer | None:
    """Whoever subscribed, as they are now; None for one who is gone."""
    person = parties.person(tx, id_)
    return None if person.disabled_at is not None else signed_in(person, via=Via.SESSION).viewer


def _is_due(hook: Hook, at: datetime) -> bool:
    return hook.confirmed_at is not None and at - (hook.told_until or hook.made_at) >= hook.every
