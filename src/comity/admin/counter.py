"""Accounts and sign-in: every call that pages, API and terminal make to them. Each checks access first.

Every change of an account is journalled in its own transaction: ids, roles and kinds of change, never a name.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from comity.access import policy
from comity.access.attempts import Attempts
from comity.access.caller import Caller, Via, signed_in
from comity.access.passwords import Passwords
from comity.access.policy import Action, Scope
from comity.admin import domains, kinds
from comity.admin.kinds import Kind
from comity.admin.views import Account, HalfWay, Health, Proof, Refused, SignedIn, SignIn
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.asset import is_apart
from comity.model.events import Event
from comity.model.events import Kind as Happened
from comity.model.ids import PartyId, code
from comity.model.party import Organisation, Person, Role, Viewer
from comity.store import factors, glass, journal, parties, preferences, providers, teams
from comity.store.engine import Store, Tx
from comity.store.parties import Token

ZONE: Final = "zone"
"""Kind and name of the setting that says in which zone somebody reads times."""


@dataclass(slots=True, kw_only=True)
class Accounts:
    """The counter. Threads share it. `clock` gives aware moments; `prove` and `health` come from the machines below."""

    store: Store
    clock: Callable[[], datetime]
    prove: Callable[[], Proof]
    health: Callable[[], Sequence[Health]]
    passwords: Passwords = field(default_factory=Passwords)
    attempts: Attempts = field(default_factory=Attempts)
    needs_second_factor: bool = False
    """True: a person without one acts as a reader until there is one."""

    # ---- who is calling

    def by_session(self, secret: str) -> Caller | None:
        """Whose browser session this is; None for an unknown or ended one."""
        with self.store.read() as tx:
            person = parties.by_session(tx, kinds.SESSION.prefix + secret, at=self.clock())
            if person is None:
                return None
            caller = signed_in(self._as_they_may(tx, person), via=Via.SESSION)
            caller = replace(caller, zone=preferences.of(tx, person.id, ZONE).get(ZONE, ""))
            if not policy.may(caller.viewer, Action.READ_GLASS):
                return caller
            return _with_glass(caller, glass.opened(tx, at=self.clock()))

    def by_token(self, secret: str) -> Caller | None:
        """Whose API token this is; None for an unknown, ended or revoked one."""
        with self.store.read() as tx:
            found = parties.by_token(tx, secret, at=self.clock())
            if found is None:
                return None
            person, token = self._as_they_may(tx, found[0]), found[1]
        scopes = frozenset(scope for scope in Scope if scope.value in token.scopes)
        return signed_in(person, via=Via.TOKEN, scopes=scopes)

    def by_login_and_token(self, login: str, secret: str) -> Caller | None:
        """For HTTP Basic: a sign-in name with one of that person's API tokens in the place of the password.

        Passwords themselves are taken by the sign-in page alone, where guesses are counted and a second factor asked.
        """
        found = self.by_token(secret)
        if found is None:
            return None
        with self.store.read() as tx:
            return found if parties.login_of(tx, found.viewer.person) == _login(login) else None

    def sign_in(self, login: str, password: str, *, address: str) -> SignIn:
        """Check name and password and begin a session. Guessing is slowed down by `access.attempts`."""
        now = self.clock()
        wait = self.attempts.pause(login, address, now)
        if wait > timedelta(0):
            return Refused(wait=wait)
        with self.store.read() as tx:
            try:
                person, kept = parties.by_login(tx, _login(login)) if login.isprintable() else (None, None)
            except Missing:
                person, kept = None, None
        if not self.passwords.match(password, kept) or person is None or person.disabled_at is not None:
            self.attempts.failed(login, address, now)
            return Refused(wait=self.attempts.pause(login, address, now))
        self.attempts.succeeded(login, address)
        with self.store.write() as tx:
            return self.in_or_half_way(tx, person)

    def sign_out(self, secret: str) -> None:
        """End this session; nothing happens for an unknown one."""
        with self.store.write() as tx:
            parties.end_session(tx, kinds.SESSION.prefix + secret)

    # ---- the first account

    def first_secret(self) -> str | None:
        """What the terminal shows at first start to make the first administrator with; None once there is one.

        It follows from the master key and the store's id, so each start shows the same until it is used; no other way
        than this host's terminal shows it.
        """
        with self.store.read() as tx:
            return None if _has_admin(tx) else _first_secret(tx)

    def is_first(self, secret: str) -> bool:
        """Whether this is the secret that the terminal shows."""
        held = self.first_secret()
        return held is not None and hmac.compare_digest(held.encode(), secret.encode())

    def make_first(self, secret: str, *, name: str, login: str, password: str, organisation: str) -> SignedIn:
        """Make the first administrator and begin their session. Missing for a wrong secret or once there is one."""
        kept = self._checked(login=login, name=name, password=password)
        with self.store.write() as tx:
            if _has_admin(tx) or not hmac.compare_digest(_first_secret(tx).encode(), secret.encode()):
                raise Missing("there is no such page")
            home = _organisation(tx, organisation)
            roles = frozenset({Role.ADMIN})
            person = Person(id=_party("P"), name=name.strip(), organisation=home.id, roles=roles)
            parties.add_person(tx, person, login=_login(login), password_hash=kept)
            self._note(tx, Happened.ACCOUNT_MADE, person.id, actor=person.id, roles=_words(roles), by="first start")
            return self.begin(tx, person)

    # ---- links

    def link(self, login: str) -> str:
        """A single-use sign-in link for a known account, for whoever holds this host's terminal; Missing for others."""
        with self.store.write() as tx:
            person, _ = parties.by_login(tx, _login(login))
            self._note(tx, Happened.ACCOUNT_CHANGED, person.id, actor="terminal", change="sign-in link made")
            return self._begin(tx, kinds.SIGN_IN_LINK, person.id)

    def use_link(self, secret: str, *, on_this_host: bool) -> SignedIn:
        """Sign in with a link, once. Missing for an unknown, used or ended one, and from any other host."""
        if not on_this_host:
            raise Missing("there is no such page")
        with self.store.write() as tx:
            person = self._spend(tx, kinds.SIGN_IN_LINK, secret)
            return self.begin(tx, person)

    def use_read_in(self, secret: str) -> SignedIn:
        """Begin the session of somebody who was read in to a case, once. Missing for an unknown, used or ended link.

        The link went to the address that a coordinator gave: whoever reads that mailbox is taken for the participant.
        """
        with self.store.write() as tx:
            person = self._spend(tx, kinds.READ_IN, secret)
            return self.begin(tx, person)

    def invite(self, viewer: Viewer, person: PartyId) -> str:
        """A single-use secret with which the person sets a password. It is shown to the administrator once."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.store.write() as tx:
            known = parties.person(tx, person)
            if known.disabled_at is not None:
                raise Conflict("this account is disabled")
            self._note(tx, Happened.ACCOUNT_CHANGED, person, actor=viewer.person, change="invitation made")
            return self._begin(tx, kinds.INVITATION, person)

    def invited(self, secret: str) -> Account:
        """Whom an invitation is for, without using it up. Missing for an unknown, used or ended one."""
        with self.store.read() as tx:
            person = parties.by_session(tx, kinds.INVITATION.prefix + secret, at=self.clock())
            if person is None:
                raise Missing("there is no such page")
            return _account(tx, person)

    def accept(self, secret: str, *, password: str) -> SignedIn | HalfWay:
        """Set the invited person's password and begin their session; every other session of theirs ends.

        Whoever has a second factor is still asked for it: an invitation replaces a password and nothing more.
        """
        kept = self.passwords.keep(password, login=self.invited(secret).login)
        with self.store.write() as tx:
            person = self._spend(tx, kinds.INVITATION, secret)
            parties.set_password(tx, person.id, kept)
            self._note(tx, Happened.ACCOUNT_CHANGED, person.id, actor=person.id, change="password set by invitation")
            return self.in_or_half_way(tx, person)

    # ---- one's own account

    def account(self, viewer: Viewer) -> Account:
        """The viewer's own account."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.store.read() as tx:
            return _account(tx, parties.person(tx, viewer.person))

    def change_password(self, viewer: Viewer, *, old: str, new: str, address: str) -> SignedIn:
        """Change one's own password, ending every session, and begin a new one. Forbidden when `old` is wrong."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        now = self.clock()
        with self.store.read() as tx:
            login = parties.login_of(tx, viewer.person)
            person, held = parties.by_login(tx, login)
        if self.attempts.pause(login, address, now) > timedelta(0) or not self.passwords.match(old, held):
            self.attempts.failed(login, address, now)
            raise Forbidden("the present password is not right, or there were too many wrong ones: wait and try again")
        kept = self.passwords.keep(new, login=login)
        with self.store.write() as tx:
            parties.set_password(tx, person.id, kept)
            self._note(tx, Happened.ACCOUNT_CHANGED, person.id, actor=person.id, change="password changed")
            return self.begin(tx, person)

    def make_token(self, viewer: Viewer, *, label: str, scopes: frozenset[Scope], days: int) -> tuple[str, Token]:
        """A new API token and its record; the token itself is shown once. It never does more than its person may."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        problems = []
        if not 1 <= len(label.strip()) <= 100 or not label.isprintable():
            problems.append(Problem("/label", "bad_label", "give the token a name of 1 to 100 printable characters"))
        if not scopes:
            problems.append(Problem("/scopes", "no_scope", "choose at least one thing the token may be used for"))
        if problems:
            raise Invalid("this token cannot be made", problems)
        now, secret = self.clock(), kinds.fresh_token()
        token = Token(
            id="T-" + code(secrets.token_bytes(8), 12),
            person=viewer.person,
            label=label.strip(),
            scopes=frozenset(scope.value for scope in scopes),
            created_at=now,
            expires_at=now + kinds.token_lifetime(days),
        )
        with self.store.write() as tx:
            parties.add_token(tx, secret, token)
            self._note(
                tx, Happened.ACCOUNT_CHANGED, viewer.person, actor=viewer.person, change=f"token {token.id} made"
            )
        return secret, token

    def tokens(self, viewer: Viewer) -> tuple[Token, ...]:
        """The viewer's own tokens, newest first."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.store.read() as tx:
            return parties.tokens_of(tx, viewer.person)

    def revoke_token(self, viewer: Viewer, token: str) -> None:
        """End one of the viewer's own tokens. Missing for any other."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.store.write() as tx:
            parties.revoke_token(tx, token, owner=viewer.person, at=self.clock())
            self._note(tx, Happened.ACCOUNT_CHANGED, viewer.person, actor=viewer.person, change=f"token {token} ended")

    # ---- other people's accounts

    def accounts(self, viewer: Viewer) -> tuple[Account, ...]:
        """Every account, in name order."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.store.read() as tx:
            return tuple(_account(tx, person) for person in parties.all_people(tx))

    def add(self, viewer: Viewer, *, name: str, login: str, organisation: str, roles: frozenset[Role]) -> str:
        """Make an account without a password and give back the invitation to set one. Conflict for a taken login."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.store.write() as tx:
            person = self._add(tx, name=name, login=login, organisation=organisation, roles=roles, actor=viewer.person)
            return self._begin(tx, kinds.INVITATION, person.id)

    def set_roles(self, viewer: Viewer, person: PartyId, roles: frozenset[Role]) -> None:
        """Give a person exactly these roles. Conflict for taking the last administrator's."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.store.write() as tx:
            check_roles(tx, parties.person(tx, person), roles)
            parties.set_roles(tx, person, roles)
            self._note(tx, Happened.ACCOUNT_CHANGED, person, actor=viewer.person, roles=_words(roles))

    def disable(self, viewer: Viewer, person: PartyId) -> None:
        """End an account's sessions, tokens and places in teams for good. Conflict for the last administrator's."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.store.write() as tx:
            if Role.ADMIN in parties.person(tx, person).roles:
                _keep_an_admin(tx, without=person)
            now = self.clock()
            parties.disable(tx, person, at=now)
            for team in teams.of(tx, person):
                teams.leave(tx, team, person, by=viewer.person, at=now)
            self._note(tx, Happened.ACCOUNT_CHANGED, person, actor=viewer.person, change="disabled")

    def provide(
        self, *, name: str, login: str, organisation: str, roles: frozenset[Role], is_script: bool = False
    ) -> Person:
        """For whoever holds this host's terminal: the account of that login, made without a password if there is none.

        No door calls this. An account that is there is given back as it is.
        """
        with self.store.write() as tx:
            try:
                return parties.by_login(tx, _login(login))[0]
            except Missing:
                return self._add(
                    tx,
                    name=name,
                    login=login,
                    organisation=organisation,
                    roles=roles,
                    actor="terminal",
                    is_script=is_script,
                )

    # ---- the host

    def verify_journal(self, viewer: Viewer) -> Proof:
        """Read the whole journal and every checkpoint and say what does not fit."""
        policy.allow(viewer, Action.VERIFY_JOURNAL)
        return self.prove()

    def doctor(self, viewer: Viewer) -> tuple[Health, ...]:
        """The host's health, line by line."""
        policy.allow(viewer, Action.READ_DOCTOR)
        return tuple(self.health())

    # ---- for the counters beside this one

    def spend_invitation(self, tx: Tx, secret: str) -> Person:
        """Whom an invitation is for, and it is used up; every session of theirs ends. Missing for any other secret."""
        person = self._spend(tx, kinds.INVITATION, secret)
        parties.end_sessions(tx, person.id)
        return person

    def note_change(self, tx: Tx, person: PartyId, *, actor: str, **facts: str) -> None:
        """Journal what changed about an account."""
        self._note(tx, Happened.ACCOUNT_CHANGED, person, actor=actor, **facts)

    def begin(self, tx: Tx, person: Person) -> SignedIn:
        """Begin a session for somebody whose proof was complete."""
        return SignedIn(secret=self._begin(tx, kinds.SESSION, person.id), person=person)

    def in_or_half_way(self, tx: Tx, person: Person) -> SignedIn | HalfWay:
        """Begin a session, or for somebody with a second factor the way to it."""
        if factors.has(tx, person.id):
            return HalfWay(secret=self._begin(tx, kinds.HALF_WAY, person.id))
        return self.begin(tx, person)

    # ---- helpers, in call order

    def _as_they_may(self, tx: Tx, person: Person) -> Person:
        """The person, with the roles of a reader while a second factor is asked of everybody and theirs is missing."""
        if not self.needs_second_factor or person.is_script or factors.has(tx, person.id):
            return person
        return replace(person, roles=person.roles & {Role.READER} or frozenset({Role.READER}))

    def _begin(self, tx: Tx, kind: Kind, person: PartyId) -> str:
        secret, now = kinds.fresh(), self.clock()
        parties.add_session(tx, kind.prefix + secret, person, at=now, expires_at=now + kind.lifetime)
        return secret

    def _spend(self, tx: Tx, kind: Kind, secret: str) -> Person:
        person = parties.by_session(tx, kind.prefix + secret, at=self.clock())
        if person is None:
            raise Missing("there is no such page")
        parties.end_session(tx, kind.prefix + secret)
        return person

    def _checked(self, *, login: str, name: str, password: str) -> str:
        _check_names(name=name, login=login)
        return self.passwords.keep(password, login=login)

    def _add(
        self,
        tx: Tx,
        *,
        name: str,
        login: str,
        organisation: str,
        roles: frozenset[Role],
        actor: str,
        is_script: bool = False,
    ) -> Person:
        _check_names(name=name, login=login)
        domains.check_account(roles)
        home = _organisation(tx, organisation)
        person = Person(id=_party("P"), name=name.strip(), organisation=home.id, roles=roles, is_script=is_script)
        parties.add_person(tx, person, login=_login(login), password_hash=None)
        self._note(tx, Happened.ACCOUNT_MADE, person.id, actor=actor, roles=_words(roles))
        return person

    def _note(self, tx: Tx, kind: Happened, person: PartyId, *, actor: str, **facts: str) -> None:
        key = f"{kind}:{secrets.token_hex(16)}"
        event = Event(kind=kind, key=key, at=self.clock(), subjects=(person,), facts=facts, actor=actor)
        journal.append(tx, event)


def _with_glass(caller: Caller, opened: Sequence[tuple[PartyId, str]]) -> Caller:
    """Somebody who is to know how much break-glass opened, with that and with what it opened for themselves."""
    if not opened:
        return caller
    viewer = caller.viewer
    mine = frozenset(case for person, case in opened if person == viewer.person)
    may_read = policy.may(viewer, Action.BREAK_GLASS) and not is_apart(viewer.roles)
    return replace(caller, viewer=replace(viewer, opened=mine if may_read else frozenset()), alarm=len(opened))


def check_roles(tx: Tx, person: Person, roles: frozenset[Role]) -> None:
    """Return when the person may be given exactly these. Invalid for mixed domains, Conflict for the last admin's."""
    domains.check_account(roles)
    for team in teams.of(tx, person.id):
        domains.check_team(tx, team, person.id, roles)
    if Role.ADMIN in person.roles and Role.ADMIN not in roles:
        _keep_an_admin(tx, without=person.id)


def _first_secret(tx: Tx) -> str:
    return tx.master.half("first-account", tx.store_id.encode()).hex()


def _has_admin(tx: Tx) -> bool:
    """Whether there ever was an administrator; a disabled one counts, so that the first link never opens again."""
    return any(Role.ADMIN in person.roles for person in parties.all_people(tx))


def _keep_an_admin(tx: Tx, *, without: PartyId) -> None:
    others = (p for p in parties.all_people(tx) if p.id != without and p.disabled_at is None)
    if not any(Role.ADMIN in person.roles for person in others):
        raise Conflict("this is the last administrator: make another one first")


def _organisation(tx: Tx, name: str) -> Organisation:
    """The organisation of that name, made when it is not known."""
    wanted = name.strip()
    if not 1 <= len(wanted) <= 200 or not wanted.isprintable():
        problem = Problem("/organisation", "bad_name", "name the organisation with 1 to 200 printable characters")
        raise Invalid("this organisation cannot be used", [problem])
    for held in parties.all_organisations(tx):
        if held.name.casefold() == wanted.casefold():
            return held
    made = Organisation(id=_party("O"), name=wanted)
    parties.add_organisation(tx, made)
    return made


def _account(tx: Tx, person: Person) -> Account:
    return Account(
        person=person,
        login=parties.login_of(tx, person.id),
        organisation=parties.organisation(tx, person.organisation),
        has_second_factor=factors.has(tx, person.id),
        is_joined=providers.is_joined(tx, person.id),
    )


def _check_names(*, name: str, login: str) -> None:
    problems = []
    if not 1 <= len(name.strip()) <= 200 or not name.isprintable():
        problems.append(Problem("/name", "bad_name", "give a name of 1 to 200 printable characters"))
    if not 1 <= len(_login(login)) <= 100 or not all(c.isalnum() or c in "._-@+" for c in _login(login)):
        reason = "a sign-in name has 1 to 100 letters, digits or . _ - @ +"
        problems.append(Problem("/login", "bad_login", reason))
    if problems:
        raise Invalid("this account cannot be made", problems)


def _login(login: str) -> str:
    """Sign-in names are compared without case and surrounding space."""
    return login.strip().casefold()


def _party(letter: str) -> PartyId:
    return PartyId(f"{letter}-" + code(secrets.token_bytes(8), 12))


def _words(roles: frozenset[Role]) -> str:
    return " ".join(sorted(role.value for role in roles))
