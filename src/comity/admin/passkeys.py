"""Passkeys: every call that pages make about them. Each checks access first.

A passkey is a second factor beside the password, and signs in by itself where its device verifies who holds it.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from comity.access import passkeys as webauthn
from comity.access import policy
from comity.access.passkeys import CHALLENGE_LIFE, Answer, Copied, Site
from comity.access.policy import Action
from comity.admin import kinds
from comity.admin.second_factor import SecondFactors
from comity.admin.views import Refused, SignedIn
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.ids import PartyId, code
from comity.model.party import Person, Viewer
from comity.store import factors, parties, passkeys
from comity.store.engine import Tx
from comity.store.passkeys import Passkey

MOST: Final = 20
"""Passkeys of one person."""
SIGN_IN: Final = "sign in alone"
"""A purpose, and the name that wrong answers count under: with blanks in it, so that no account has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkeys:
    """The counter. `site` is whom passkeys are bound to."""

    factors: SecondFactors
    site: Site

    @property
    def why_not(self) -> str:
        """Why this host can have none, "" when it can."""
        return self.site.why_not

    # ---- signing in

    def ask_to_sign_in(self) -> str:
        """What a browser needs to sign in with any passkey; "" where there can be none."""
        return "" if self.why_not else webauthn.ask_to_prove(self.site, held=(), given=self._challenge(SIGN_IN))

    def sign_in(self, text: str, *, address: str) -> SignedIn | Refused:
        """Sign in with a passkey alone. `Refused` for any that does not hold, whatever the reason."""
        accounts = self.factors.accounts
        now = accounts.clock()
        wait = accounts.attempts.pause(SIGN_IN, address, now)
        if wait > timedelta(0):
            return Refused(wait=wait)
        answer = self._answer(text, purpose=SIGN_IN)
        if answer is not None:
            with accounts.store.write() as tx:
                person = self._proven(tx, answer, owner=None)
                if person is not None:
                    accounts.attempts.succeeded(SIGN_IN, address)
                    return accounts.begin(tx, person)
        accounts.attempts.failed(SIGN_IN, address, now)
        return Refused(wait=accounts.attempts.pause(SIGN_IN, address, now))

    def ask_half_way(self, secret: str) -> str:
        """What a browser needs to give a passkey after the right password; "" when this person has none."""
        with self.factors.accounts.store.read() as tx:
            person = parties.by_session(tx, kinds.HALF_WAY.prefix + secret, at=self.factors.accounts.clock())
            held = () if person is None else _usable(tx, person.id)
        if person is None or not held or self.why_not:
            return ""
        return webauthn.ask_to_prove(self.site, held=held, given=self._challenge(_second(person.id)))

    def finish(self, secret: str, text: str) -> SignedIn | Refused:
        """Give a passkey after the right password. Missing when that attempt is unknown or ended."""
        accounts = self.factors.accounts
        with accounts.store.write() as tx:
            person = parties.by_session(tx, kinds.HALF_WAY.prefix + secret, at=accounts.clock())
            if person is None:
                raise Missing("this sign-in has ended: begin again with the password")
            wait = self.factors.pause(person.id)
            if wait > timedelta(0):
                return Refused(wait=wait)
            answer = self._answer(text, purpose=_second(person.id))
            if answer is not None and self._proven(tx, answer, owner=person.id) is not None:
                parties.end_session(tx, kinds.HALF_WAY.prefix + secret)
                return accounts.begin(tx, person)
        self.factors.failed(person.id)
        return Refused(wait=self.factors.pause(person.id))

    # ---- one's own

    def mine(self, viewer: Viewer) -> tuple[Passkey, ...]:
        """The viewer's own, oldest first."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.factors.accounts.store.read() as tx:
            return passkeys.of_person(tx, viewer.person)

    def ask_to_make(self, viewer: Viewer) -> str:
        """What the viewer's browser needs to make a new one; "" where there can be none."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        if self.why_not:
            return ""
        with self.factors.accounts.store.read() as tx:
            person, login = parties.person(tx, viewer.person), parties.login_of(tx, viewer.person)
            held = tuple(one.credential for one in passkeys.of_person(tx, viewer.person))
        given = self._challenge(_make(viewer.person))
        return webauthn.ask_to_make(
            self.site, person=viewer.person, login=login, name=person.name, held=held, given=given
        )

    def make(self, viewer: Viewer, *, name: str, password: str, address: str, text: str) -> tuple[str, ...]:
        """Register a passkey under a name; gives recovery codes to be shown once, where there were none.

        Forbidden for a wrong password or an answer that does not hold; Conflict for a name that is taken.
        """
        policy.allow(viewer, Action.OWN_ACCOUNT)
        _check_name(name)
        self.factors.check_password(viewer, password, address)
        accounts, answer = self.factors.accounts, self._answer(text, purpose=_make(viewer.person))
        now = accounts.clock()
        if answer is None:
            raise Forbidden(webauthn.REFUSED)
        fresh = webauthn.registered(self.site, answer)
        with accounts.store.write() as tx:
            if not passkeys.answer_once(tx, answer.challenge, at=now, until=now + CHALLENGE_LIFE):
                raise Forbidden(webauthn.REFUSED)
            held = passkeys.of_person(tx, viewer.person)
            if len(held) >= MOST:
                raise Conflict(f"there are {MOST} passkeys: remove one first")
            if any(one.name.casefold() == name.strip().casefold() for one in held):
                raise Conflict("you have a passkey of that name: give this one another")
            made = Passkey(
                id="K-" + code(secrets.token_bytes(8), 12),
                person=viewer.person,
                name=name.strip(),
                credential=fresh.credential,
                key=fresh.key,
                count=fresh.count,
                verified=fresh.verified,
                synced=fresh.synced,
                made_at=now,
            )
            passkeys.add(tx, made)
            self.factors.note(tx, viewer.person, actor=viewer.person, change=f"passkey {made.id} registered")
            return () if factors.recovery_left(tx, viewer.person) else self.factors.recovery(tx, viewer.person)

    def remove(self, viewer: Viewer, passkey: str, *, password: str, address: str) -> None:
        """Forget one of the viewer's own. Forbidden for a wrong password, Missing for any other passkey."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        self.factors.check_password(viewer, password, address)
        with self.factors.accounts.store.write() as tx:
            passkeys.remove(tx, passkey, owner=viewer.person)
            factors.tidy_recovery(tx, viewer.person)
            self.factors.note(tx, viewer.person, actor=viewer.person, change=f"passkey {passkey} removed")

    # ---- helpers, in call order

    def _answer(self, text: str, *, purpose: str) -> Answer | None:
        """What the browser sent, None unless its challenge is ours, for this purpose, and fresh."""
        try:
            answer = webauthn.read(text)
        except Forbidden:
            return None
        now = self.factors.accounts.clock()
        return answer if webauthn.is_ours(answer.challenge, self._secret(), purpose, now=now) else None

    def _proven(self, tx: Tx, answer: Answer, *, owner: PartyId | None) -> Person | None:
        """Who proved a passkey; None for anything that does not hold. `owner` None: anybody's, verified by its device.

        (1) the passkey is known, its owner's, and opens things  (2) the browser's answer holds
        (3) nobody gave this answer before  (4) the counter grew
        """
        now = self.factors.accounts.clock()
        try:
            held = passkeys.by_credential(tx, answer.credential)  # (1)
            person = parties.person(tx, held.person)
            if held.copied_at or person.disabled_at or not _is_of(held, answer, owner):
                return None
            proof = webauthn.proven(self.site, answer, key=held.key, count=held.count, alone=owner is None)  # (2)
        except (Forbidden, Missing):
            return None
        if not passkeys.answer_once(tx, answer.challenge, at=now, until=now + CHALLENGE_LIFE):  # (3)
            return None
        if isinstance(proof, Copied):  # (4)
            passkeys.mark_copied(tx, held.id, at=now)
            self.factors.note(tx, held.person, actor=held.person, change=f"passkey {held.id} was copied: it is off")
            return None
        return person if passkeys.used(tx, held.id, before=held.count, count=proof.count, at=now) else None

    def _challenge(self, purpose: str) -> bytes:
        now = self.factors.accounts.clock()
        return webauthn.challenge(self._secret(), purpose, at=now, noise=secrets.token_bytes(16))

    def _secret(self) -> str:
        store = self.factors.accounts.store
        return store.master.half("passkey-challenges", store.id.encode()).hex()


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= 100 or not name.isprintable():
        problem = Problem("/passkey-name", "bad_name", "give the passkey a name of 1 to 100 printable characters")
        raise Invalid("this passkey cannot be kept", [problem])


def _usable(tx: Tx, person: PartyId) -> tuple[bytes, ...]:
    return tuple(one.credential for one in passkeys.of_person(tx, person) if one.copied_at is None)


def _is_of(held: Passkey, answer: Answer, owner: PartyId | None) -> bool:
    """Whose it must be; and where the device names the account it was made for, that must be its owner's too."""
    return (owner is None or held.person == owner) and answer.handle in (b"", held.person.encode())


def _make(person: PartyId) -> str:
    return f"make {person}"


def _second(person: PartyId) -> str:
    return f"second {person}"
