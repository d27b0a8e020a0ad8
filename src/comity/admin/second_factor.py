"""Codes as a second factor: every call that pages and terminal make about them. Each checks access first."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from comity.access import codes, policy
from comity.access.policy import Action
from comity.admin import kinds
from comity.admin.counter import Accounts
from comity.admin.views import Refused, SecondFactor, SignedIn
from comity.errors import Conflict, Forbidden, Missing
from comity.model.events import Event
from comity.model.events import Kind as Happened
from comity.model.ids import PartyId
from comity.model.party import Viewer
from comity.store import factors, journal, parties
from comity.store.engine import Tx

WRONG: Final = "this code is not right, or was used before: wait for the next one and try again"


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """The counter, over the one of accounts.

    Wrong codes are counted per person whatever the network: only somebody who knows the password can be wrong here, so
    a stranger keeps nobody out. Pauses double and end by themselves, as for passwords.
    """

    accounts: Accounts

    # ---- signing in

    def half_way(self, secret: str) -> bool:
        """Whether this attempt may still give its code."""
        with self.accounts.store.read() as tx:
            return parties.by_session(tx, kinds.HALF_WAY.prefix + secret, at=self.accounts.clock()) is not None

    def finish(self, secret: str, code: str) -> SignedIn | Refused:
        """Give the code, or a recovery code, after the right password. Missing when the attempt is unknown or ended."""
        now = self.accounts.clock()
        with self.accounts.store.write() as tx:
            person = parties.by_session(tx, kinds.HALF_WAY.prefix + secret, at=now)
            if person is None:
                raise Missing("this sign-in has ended: begin again with the password")
            wait = self.pause(person.id)
            if wait > timedelta(0):
                return Refused(wait=wait)
            used = self._takes(tx, person.id, code)
            if not used:
                self.failed(person.id)
                return Refused(wait=self.pause(person.id))
            parties.end_session(tx, kinds.HALF_WAY.prefix + secret)
            if used == "recovery":
                self.note(tx, person.id, actor=person.id, change="signed in with a recovery code")
            signed = self.accounts.begin(tx, person)
        self.accounts.attempts.succeeded(*_counted(person.id))
        return signed

    # ---- one's own

    def mine(self, viewer: Viewer) -> SecondFactor:
        """The state of the viewer's own second factor; while it is being set up, with what their device must read."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.accounts.store.read() as tx:
            held, login = factors.held(tx, viewer.person), parties.login_of(tx, viewer.person)
            left = factors.recovery_left(tx, viewer.person)
            has_any, has_password = factors.has(tx, viewer.person), parties.has_password(tx, viewer.person)
        more: dict[str, Any] = {"is_missing": not has_any, "has_password": has_password}
        if held is None:
            return SecondFactor(since=None, recovery_left=left, **more)
        if held.confirmed_at is not None:
            return SecondFactor(since=held.confirmed_at, recovery_left=left, **more)
        drawn = codes.picture(held.secret, login)
        address = codes.address(held.secret, login)
        return SecondFactor(since=None, recovery_left=left, address=address, picture=drawn, **more)

    def begin(self, viewer: Viewer, *, password: str, address: str) -> None:
        """Make a new secret for the viewer's device; it asks nothing of a sign-in until `confirm`.

        Forbidden for a wrong password, Conflict where a second factor is in use.
        """
        policy.allow(viewer, Action.OWN_ACCOUNT)
        self.check_password(viewer, password, address)
        with self.accounts.store.write() as tx:
            if factors.has_code(tx, viewer.person):
                raise Conflict("codes are in use: end them before you set up another device")
            factors.begin(tx, viewer.person, codes.fresh(), at=self.accounts.clock())

    def confirm(self, viewer: Viewer, code: str) -> tuple[str, ...]:
        """Prove that the device has the secret. From now on it is asked for; the recovery codes are shown this once."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        now = self.accounts.clock()
        with self.accounts.store.write() as tx:
            held = factors.held(tx, viewer.person)
            if held is None or held.confirmed_at is not None:
                raise Conflict("no second factor is being set up: begin again")
            step = codes.step_of(held.secret, code, at=now, after=held.last_step)
            if step is None or not factors.take_step(tx, viewer.person, step, confirmed_at=now):
                raise Forbidden(WRONG)
            fresh = self.recovery(tx, viewer.person)
            self.note(tx, viewer.person, actor=viewer.person, change="second factor in use")
        return fresh

    def renew_recovery(self, viewer: Viewer, code: str) -> tuple[str, ...]:
        """New recovery codes in place of the old ones. Forbidden for a wrong code."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.accounts.store.write() as tx:
            self._must_take(tx, viewer.person, code)
            fresh = self.recovery(tx, viewer.person)
            self.note(tx, viewer.person, actor=viewer.person, change="new recovery codes")
        return fresh

    def end(self, viewer: Viewer, code: str) -> None:
        """End the viewer's own codes; passkeys stay. Forbidden for a wrong code."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.accounts.store.write() as tx:
            self._must_take(tx, viewer.person, code)
            factors.remove_code(tx, viewer.person)
            self.note(tx, viewer.person, actor=viewer.person, change="second factor ended")

    # ---- somebody else's

    def remove(self, viewer: Viewer, person: PartyId) -> None:
        """For an administrator whose colleague lost their device. Their sessions end; the journal keeps who did it."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        if person == viewer.person:
            raise Conflict("end your own second factor on your account page, with a code")
        self._remove(person, actor=viewer.person)

    def remove_at_terminal(self, login: str) -> None:
        """For whoever holds this host's terminal. No door calls this."""
        with self.accounts.store.read() as tx:
            person, _ = parties.by_login(tx, login.strip().casefold())
        self._remove(person.id, actor="terminal")

    # ---- helpers, in call order

    def check_password(self, viewer: Viewer, password: str, address: str) -> None:
        """Return for the right password of the viewer; Forbidden for a wrong one, and while a pause lasts.

        Somebody who has none, since their provider signs them in, is taken at their session.
        """
        now, counts = self.accounts.clock(), self.accounts.attempts
        with self.accounts.store.read() as tx:
            login = parties.login_of(tx, viewer.person)
            _, kept = parties.by_login(tx, login)
        if kept is None:
            return
        if counts.pause(login, address, now) > timedelta(0) or not self.accounts.passwords.match(password, kept):
            counts.failed(login, address, now)
            raise Forbidden("the password is not right, or there were too many wrong ones: wait and try again")

    def recovery(self, tx: Tx, person: PartyId) -> tuple[str, ...]:
        """New recovery codes in place of any old ones; only their digests are kept."""
        fresh = codes.recovery()
        factors.put_recovery(tx, person, map(codes.digest_of, fresh))
        return fresh

    def _must_take(self, tx: Tx, person: PartyId, code: str) -> None:
        if self.pause(person) > timedelta(0) or not self._takes(tx, person, code):
            self.failed(person)
            raise Forbidden(WRONG)

    def _takes(self, tx: Tx, person: PartyId, code: str) -> str:
        """`code` or `recovery` when it is good, and it is spent then; "" when it is not."""
        now, held = self.accounts.clock(), factors.held(tx, person)
        if held is not None and held.confirmed_at is not None:
            step = codes.step_of(held.secret, code, at=now, after=held.last_step)
            if step is not None:
                return "code" if factors.take_step(tx, person, step, confirmed_at=now) else ""
        return "recovery" if factors.take_recovery(tx, person, codes.digest_of(code), at=now) else ""

    def _remove(self, person: PartyId, *, actor: str) -> None:
        with self.accounts.store.write() as tx:
            parties.person(tx, person)
            factors.remove(tx, person)
            parties.end_sessions(tx, person)
            self.note(tx, person, actor=actor, change="second factor removed")

    def pause(self, person: PartyId) -> timedelta:
        """How long this person must still wait before a code or a passkey is looked at."""
        return self.accounts.attempts.pause(*_counted(person), self.accounts.clock())

    def failed(self, person: PartyId) -> None:
        """Count one that was wrong."""
        self.accounts.attempts.failed(*_counted(person), self.accounts.clock())

    def note(self, tx: Tx, person: PartyId, *, actor: str, change: str) -> None:
        """Journal what changed about an account."""
        kind = Happened.ACCOUNT_CHANGED
        key = f"{kind}:{secrets.token_hex(16)}"
        at = self.accounts.clock()
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(person,), facts={"change": change}, actor=actor))


def _counted(person: PartyId) -> tuple[str, str]:
    """The name and the place under which wrong codes are counted: the person alone, so that no crowd slows another."""
    return f"code of {person}", f"code of {person}"
