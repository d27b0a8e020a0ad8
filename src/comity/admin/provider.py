"""Signing in with somebody else's sign-in: every call that pages make about it.

The provider says who somebody is. An account is joined to that by an administrator's invitation, or by a claim that the
operator named; never by likeness, and never by a stranger's own wish. A second factor kept here is still asked for.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from comity.access import oidc, oidc_logout, policy
from comity.access.oidc import Attempt, Client, Metadata
from comity.access.policy import Action
from comity.admin import kinds
from comity.admin.counter import Accounts, check_roles
from comity.admin.views import HalfWay, SignedIn
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unavailable
from comity.model.ids import PartyId
from comity.model.party import Person, Viewer
from comity.partners.identity import ProviderHost
from comity.settings import Settings
from comity.store import parties, providers
from comity.store.engine import Tx

KEPT: Final = timedelta(hours=1)
"""How long what the provider publishes of itself is kept in this process."""
AGAIN: Final = timedelta(minutes=1)
"""How long the keys are not read again for a logout token that names an unknown one: anybody may send one."""
UNKNOWN: Final = (
    "the provider recognised you, and no account here is joined to that: ask an administrator for an invitation and "
    "follow it with the provider"
)


@dataclass(slots=True, kw_only=True)
class Provider:
    """The counter. `client` None: no provider is configured."""

    accounts: Accounts
    client: Client | None
    host: ProviderHost
    _metadata: Metadata | None = None
    _keys: bytes = b""
    _read_at: datetime | None = field(default=None)
    _keys_at: datetime | None = field(default=None)

    @property
    def name(self) -> str:
        """What the button says; "" where there is no provider."""
        return "" if self.client is None else self.client.name

    # ---- signing in

    def begin(self, *, following: str, invitation: str = "") -> tuple[str, str]:
        """Where the browser goes, and what its cookie holds meanwhile. Missing without a provider."""
        client = self._configured()
        if invitation:
            self.accounts.invited(invitation)
        metadata = self._known()
        attempt = Attempt(
            secret=secrets.token_urlsafe(32),
            made_at=self.accounts.clock(),
            following=following,
            invitation=invitation,
        )
        return oidc.way_out(metadata, client, attempt), attempt.written()

    def finish(self, cookie: str, query: Mapping[str, str]) -> tuple[SignedIn | HalfWay, str]:
        """Begin the session of whom the provider recognised, and where they wanted to go.

        (1) this browser's attempt  (2) the answer is to it  (3) code for tokens  (4) the ID token holds
        (5) further claims, where the operator maps any  (6) the account  (7) mapped roles  (8) session
        """
        client, now = self._configured(), self.accounts.clock()
        attempt = oidc.read_attempt(cookie, now=now)  # (1)
        metadata = self._known()
        code = oidc.read_answer(query, attempt, metadata, client)  # (2)
        form, headers = oidc.token_request(code, attempt, metadata, client)
        id_token, access = oidc.read_tokens(*self.host.post(metadata.token, form, headers))  # (3)
        claims = oidc.read_claims(
            id_token,
            access=access,
            keys=self._keys_for(id_token, metadata),
            attempt=attempt,
            client=client,
            now=now,
        )  # (4)
        if metadata.userinfo and access and (client.login_claim or client.roles):  # (5)
            claims = oidc.read_userinfo(self.host.fetch(metadata.userinfo, bearer=access), claims)
        with self.accounts.store.write() as tx:
            person = self._account(tx, claims, attempt, client)  # (6)
            person = self._with_roles(tx, person, claims, client)  # (7)
            self._remember(tx, person, claims, client)
            return self.accounts.in_or_half_way(tx, person), attempt.following  # (8)

    # ---- afterwards

    def signed_out(self, token: str) -> None:
        """Somebody signed out at the provider: every session of theirs here ends, however it began.

        Forbidden for a token that does not hold or was taken before. Nothing happens for whom nobody knows here.
        """
        client, now = self._configured(), self.accounts.clock()
        keys = oidc.signing_keys(self._keys_again(token, self._known()))
        said = oidc_logout.read_logout(token, keys=keys, client=client, now=now)
        with self.accounts.store.write() as tx:
            if not providers.take_logout(tx, said.mark, at=now, until=said.until):
                raise Forbidden("this logout token was taken before")
            marked = oidc_logout.session_mark(said.session)
            known = {
                providers.person_of(tx, client.issuer, said.subject) if said.subject else None,
                providers.person_of_session(tx, client.issuer, marked) if said.session and not said.subject else None,
            }
            for person in known - {None}:
                assert person is not None
                parties.end_sessions(tx, person)
                self.accounts.note_change(tx, person, actor="provider", change="signed out at the sign-in provider")

    def joined(self, viewer: Viewer) -> datetime | None:
        """Since when the viewer's account is joined to the provider, None when it is not."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        if self.client is None:
            return None
        with self.accounts.store.read() as tx:
            return providers.since(tx, self.client.issuer, viewer.person)

    def part(self, viewer: Viewer, person: PartyId) -> None:
        """End the join of a person's account, and their sessions. Missing when there is none."""
        policy.allow(viewer, Action.MANAGE_ACCOUNTS)
        with self.accounts.store.write() as tx:
            providers.part(tx, person)
            parties.end_sessions(tx, person)
            self.accounts.note_change(tx, person, actor=viewer.person, change="parted from the sign-in provider")

    def way_off(self) -> str:
        """Where somebody signs out at the provider too; "" where that is not known."""
        try:
            return oidc.way_off(self._known(), self._configured())
        except (Missing, Unavailable):
            return ""

    # ---- helpers, in call order

    def _configured(self) -> Client:
        if self.client is None:
            raise Missing("there is no such page")
        return self.client

    def _known(self) -> Metadata:
        """What the provider publishes, read again after an hour."""
        client, now = self._configured(), self.accounts.clock()
        if self._metadata is None or self._read_at is None or not timedelta(0) <= now - self._read_at < KEPT:
            self._metadata = oidc.read_metadata(self.host.described(), client)
            self._keys, self._read_at = b"", now
        return self._metadata

    def _keys_for(self, id_token: str, metadata: Metadata) -> bytes:
        """The provider's keys; read again, once, when the token names one that is not among them."""
        kid = oidc.names_key(id_token)
        if not self._keys or (kid and kid.encode() not in self._keys):
            self._keys = self.host.fetch(metadata.keys)
        return self._keys

    def _keys_again(self, token: str, metadata: Metadata) -> bytes:
        """The provider's keys for a token that anybody may have sent: read again at most once in `AGAIN`."""
        now = self.accounts.clock()
        if self._keys and self._keys_at is not None and timedelta(0) <= now - self._keys_at < AGAIN:
            return self._keys
        before, held = self._keys, self._keys_for(token, metadata)
        if held is not before:
            self._keys_at = now
        return held

    def _remember(self, tx: Tx, person: Person, claims: Mapping[str, Any], client: Client) -> None:
        """Whose session at the provider this is, for a logout that names it alone."""
        session = claims.get("sid")
        if isinstance(session, str) and 1 <= len(session) <= 255:
            now = self.accounts.clock()
            ends = now + kinds.HALF_WAY.lifetime + kinds.SESSION.lifetime
            mark = oidc_logout.session_mark(session)
            providers.remember_session(tx, client.issuer, mark, person.id, at=now, until=ends)

    def _account(self, tx: Tx, claims: Mapping[str, Any], attempt: Attempt, client: Client) -> Person:
        """Whose account this is: by an invitation, by an earlier join, or by the operator's claim, in that order."""
        subject = str(claims["sub"])
        known = providers.person_of(tx, client.issuer, subject)
        if attempt.invitation:
            person = self.accounts.spend_invitation(tx, attempt.invitation)
            if known not in (None, person.id):
                raise Conflict("this sign-in at the provider belongs to another account here: use that one")
            if known is None:
                self._join(tx, client, subject, person, how="by invitation")
            return _usable(person)
        if known is not None:
            return _usable(parties.person(tx, known))
        person = self._claimed(tx, oidc.login_of(claims, client))
        if person.is_script or providers.since(tx, client.issuer, person.id) is not None:
            raise Forbidden(UNKNOWN)
        self._join(tx, client, subject, _usable(person), how=f"by the claim {client.login_claim}")
        return person

    def _claimed(self, tx: Tx, login: str) -> Person:
        try:
            return parties.by_login(tx, login.strip().casefold())[0]
        except Missing as error:
            raise Forbidden(UNKNOWN) from error

    def _join(self, tx: Tx, client: Client, subject: str, person: Person, *, how: str) -> None:
        providers.join(tx, client.issuer, subject, person.id, at=self.accounts.clock())
        change = f"joined to the sign-in provider {how}"
        self.accounts.note_change(tx, person.id, actor=person.id, change=change)

    def _with_roles(self, tx: Tx, person: Person, claims: Mapping[str, Any], client: Client) -> Person:
        wanted = oidc.roles_of(person.roles, claims, client)
        if wanted == person.roles:
            return person
        try:
            check_roles(tx, person, wanted)
        except (Invalid, Conflict) as error:
            raise Forbidden("the provider gives you roles that do not go together here: tell the operator") from error
        parties.set_roles(tx, person.id, wanted)
        words = " ".join(sorted(role.value for role in wanted))
        self.accounts.note_change(tx, person.id, actor="provider", change="roles by the provider", roles=words)
        return parties.person(tx, person.id)


def configured(settings: Settings, accounts: Accounts) -> Provider:
    """The provider of the settings, or the one that is none. Invalid for settings that do not go together."""
    client = None
    if settings.oidc_issuer:
        client = Client(
            issuer=settings.oidc_issuer,
            id=settings.oidc_client,
            secret=settings.oidc_secret,
            name=settings.oidc_name,
            address=settings.address,
            login_claim=settings.oidc_login_claim,
            roles=oidc.role_rules(settings.oidc_roles),
        )
        oidc.check_client(client, private=settings.oidc_private)
    host = ProviderHost(issuer=settings.oidc_issuer, private=settings.oidc_private)
    return Provider(accounts=accounts, client=client, host=host)


def _usable(person: Person) -> Person:
    if person.disabled_at is not None:
        raise Forbidden(UNKNOWN)
    return person
