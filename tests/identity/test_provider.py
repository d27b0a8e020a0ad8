"""A provider that lies in one thing at a time: wrong issuer, audience, nonce, time, key, algorithm, subject, address.

Tokens are made with the keys of a provider in this process; the real one is in `test_provider_real`.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from comity.access import oidc
from comity.access.oidc import Client
from comity.admin.counter import Accounts
from comity.admin.provider import Provider, configured
from comity.admin.second_factor import SecondFactors
from comity.admin.views import HalfWay, SignedIn
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unavailable
from comity.model.party import Role, Viewer
from comity.partners.identity import LIMIT_BYTES, ProviderHost
from comity.settings import Settings
from tests.admin.hosts import PASSWORD, Clock, accounts, first_admin, somebody, viewer

ISSUER = "https://login.example.org"
CLIENT = Client(issuer=ISSUER, id="comity", secret="s:ecret", name="Example login", address="https://comity.example")


@dataclass
class Lying:
    """A provider that answers rightly but for what a test sets."""

    clock: Clock
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}))
    signs: Any = None
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "kid": "one"})
    described: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    seen: list[httpx.Request] = field(default_factory=list)
    tokens: Callable[[], httpx.Response] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self._description())
            case "/keys":
                return httpx.Response(200, json=KeySet([self.key]).as_dict(private=False))
            case "/token":
                return self.tokens() if self.tokens else httpx.Response(200, json=self._answer())
            case "/me":
                return httpx.Response(200, json={"sub": "sub-ada", **self.info})
        return httpx.Response(404)

    def _description(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        names |= {"userinfo_endpoint": "me", "end_session_endpoint": "out"}
        told = {"issuer": ISSUER, **{name: f"{ISSUER}/{path}" for name, path in names.items()}}
        told |= {"response_types_supported": ["code"], "id_token_signing_alg_values_supported": ["RS256", "ES256"]}
        return told | self.described

    def _answer(self) -> dict[str, str]:
        now = int(self.clock().timestamp())
        claims = {"iss": ISSUER, "aud": "comity", "sub": "sub-ada", "nonce": self.nonce, "iat": now, "exp": now + 300}
        told = {name: value for name, value in (claims | self.claims).items() if value is not None}
        algorithms = [self.header["alg"]] if self.header["alg"] != "none" else ["none"]
        signed = jwt.encode(self.header, told, self.signs or self.key, algorithms=algorithms)
        return {"id_token": signed, "access_token": "access", "token_type": "Bearer"}


@dataclass
class Host:
    """A host with Ada and Bob, who have passwords, and Eve, who was only invited."""

    accounts: Accounts
    provider: Provider
    lying: Lying
    clock: Clock
    admin: Viewer
    ada: Viewer
    invitation: str

    def set(self, **changed: Any) -> None:
        """The operator's settings, changed."""
        values = {name: getattr(CLIENT, name) for name in CLIENT.__slots__}
        self.provider.client = Client(**{**values, **changed})

    def go(self, *, invitation: str = "", following: str = "/queue", **answer: str) -> SignedIn | HalfWay:
        there, cookie = self.provider.begin(following=following, invitation=invitation)
        asked = {name: value[0] for name, value in parse_qs(urlsplit(there).query).items()}
        self.lying.nonce = asked["nonce"]
        made, came = self.provider.finish(cookie, {"code": "code", "state": asked["state"], **answer})
        assert came == following
        return made

    def who(self, made: SignedIn | HalfWay) -> str:
        assert isinstance(made, SignedIn)
        return made.person.name


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        admin = viewer(held, first_admin(held))
        ada = viewer(held, somebody(held, admin, "ada", Role.READER))
        invitation = held.add(admin, name="Test eve", login="eve", organisation="Test Host", roles=frozenset())
        lying = Lying(clock=clock)
        there = ProviderHost(issuer=ISSUER, transport=httpx.MockTransport(lying))
        provider = Provider(accounts=held, client=CLIENT, host=there)
        yield Host(
            accounts=held,
            provider=provider,
            lying=lying,
            clock=clock,
            admin=admin,
            ada=ada,
            invitation=invitation,
        )


def test_an_invitation_joins_the_account_and_then_the_provider_signs_it_in(host: Host) -> None:
    assert host.who(host.go(invitation=host.invitation)) == "Test eve"
    assert host.who(host.go()) == "Test eve"
    with pytest.raises(Missing):
        host.accounts.invited(host.invitation)


def test_what_is_sent_is_code_flow_with_pkce_and_the_secret_in_the_header(host: Host) -> None:
    there, cookie = host.provider.begin(following="/")
    asked = {name: value[0] for name, value in parse_qs(urlsplit(there).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == ("code", "S256", "openid")
    assert asked["redirect_uri"] == "https://comity.example/sign-in/provider/back"
    with pytest.raises(Forbidden):
        host.provider.finish(cookie, {"code": "code", "state": asked["state"]})
    (request,) = [one for one in host.lying.seen if one.url.path == "/token"]
    form = parse_qs(request.content.decode())
    assert len(form["code_verifier"][0]) >= 43
    assert "client_secret" not in form
    assert request.headers["authorization"] == "Basic Y29taXR5OnMlM0FlY3JldA=="


def test_nobody_is_joined_silently_whatever_the_provider_says_of_mail_and_names(host: Host) -> None:
    host.lying.claims = {"email": "ada", "email_verified": True, "preferred_username": "ada", "name": "Test ada"}
    with pytest.raises(Forbidden, match="ask an administrator for an invitation"):
        host.go()


@pytest.mark.parametrize(
    ("claim", "told", "joins"),
    [
        ("preferred_username", {"preferred_username": "Ada "}, True),
        ("email", {"email": "ada", "email_verified": True}, True),
        ("email", {"email": "ada", "email_verified": False}, False),
        ("email", {"email": "ada"}, False),
        ("email", {"email": "ada", "email_verified": "true"}, False),
        ("email", {"preferred_username": "ada"}, False),
        ("upn", {"upn": ["ada"]}, False),
        ("upn", {"upn": ""}, False),
    ],
)
def test_the_operators_claim_joins_an_account_and_mail_only_when_verified(
    host: Host, claim: str, told: dict[str, Any], joins: bool
) -> None:
    host.set(login_claim=claim)
    host.lying.info = told
    if joins:
        assert host.who(host.go()) == "Test ada"
    else:
        with pytest.raises(Forbidden):
            host.go()


def test_an_account_that_is_joined_is_not_taken_by_another_subject_with_its_name(host: Host) -> None:
    host.set(login_claim="upn")
    host.lying.claims = {"upn": "ada"}
    host.go()
    host.lying.claims, host.lying.info = {"upn": "ada", "sub": "sub-mallory"}, {"sub": "sub-mallory"}
    with pytest.raises(Forbidden):
        host.go()


def test_a_joined_subject_takes_no_second_account_by_an_invitation(host: Host) -> None:
    host.go(invitation=host.invitation)
    with pytest.raises(Conflict):
        host.go(invitation=host.accounts.invite(host.admin, host.ada.person))


def test_roles_come_only_by_the_operators_list_and_go_with_the_claim(host: Host) -> None:
    host.set(login_claim="upn")
    host.lying.claims = {"upn": "ada", "groups": ["comity-editors"], "roles": ["admin"]}
    host.go()
    assert host.accounts.account(host.ada).person.roles == {Role.READER}
    host.set(login_claim="upn", roles=oidc.role_rules("groups:comity-editors=editor, groups:boss=coordinator"))
    host.go()
    assert host.accounts.account(host.ada).person.roles == {Role.READER, Role.EDITOR}
    host.lying.claims = {"upn": "ada"}
    host.go()
    assert host.accounts.account(host.ada).person.roles == {Role.READER}


def test_roles_that_would_mix_domains_sign_nobody_in(host: Host) -> None:
    host.set(login_claim="upn", roles=oidc.role_rules("g:n=nss-defender,g:d=dow-defender"))
    host.lying.claims = {"upn": "ada", "g": ["n", "d"]}
    with pytest.raises(Forbidden):
        host.go()
    assert host.accounts.account(host.ada).person.roles == {Role.READER}


def test_a_second_factor_kept_here_is_still_asked_for(host: Host) -> None:
    import pyotp

    host.set(login_claim="upn")
    host.lying.claims = {"upn": "ada"}
    factors = SecondFactors(host.accounts)
    factors.begin(host.ada, password=PASSWORD, address="192.0.2.1")
    secret = pyotp.parse_uri(factors.mine(host.ada).address).secret
    factors.confirm(host.ada, pyotp.TOTP(secret).at(host.clock.now))
    assert isinstance(host.go(), HalfWay)


def test_a_disabled_account_is_not_signed_in(host: Host) -> None:
    host.set(login_claim="upn")
    host.lying.claims = {"upn": "ada"}
    host.go()
    host.accounts.disable(host.admin, host.ada.person)
    with pytest.raises(Forbidden):
        host.go()


def test_parting_ends_sessions_and_the_join(host: Host) -> None:
    made = host.go(invitation=host.invitation)
    assert isinstance(made, SignedIn)
    host.provider.part(host.admin, made.person.id)
    assert host.accounts.by_session(made.secret) is None
    with pytest.raises(Forbidden):
        host.go()
    with pytest.raises(Forbidden):
        host.provider.part(host.ada, made.person.id)


NOW = int(Clock().now.timestamp())
WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://login.example.org/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "somebody-else"},
    "an audience of many without us as authorised party": {"aud": ["comity", "other"]},
    "another authorised party": {"azp": "other"},
    "no audience": {"aud": None},
    "an end in the past": {"exp": NOW - 61},
    "no end": {"exp": None},
    "an end that is text": {"exp": "later"},
    "a making in the future": {"iat": NOW + 120},
    "no making": {"iat": None},
    "a time before which it does not count": {"nbf": NOW + 120},
    "another nonce": {"nonce": "theirs"},
    "no nonce": {"nonce": None},
    "another access token's hash": {"at_hash": "AAAA"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
    "an endless subject": {"sub": "x" * 256},
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
def test_no_token_counts_with(host: Host, wrong: str) -> None:
    host.lying.claims = WRONG_CLAIMS[wrong]
    with pytest.raises(Forbidden):
        host.go(invitation=host.invitation)
    host.lying.claims = {}
    assert host.who(host.go(invitation=host.invitation)) == "Test eve"


@pytest.mark.parametrize("claims", [{"exp": NOW - 59}, {"iat": NOW + 59}, {"aud": ["comity"]}])
def test_clocks_may_be_a_minute_apart(host: Host, claims: dict[str, Any]) -> None:
    host.lying.claims = claims
    assert host.who(host.go(invitation=host.invitation)) == "Test eve"


def test_only_signatures_of_the_provider_count(host: Host) -> None:
    host.lying.signs = ECKey.generate_key("P-256", {"kid": "one"})
    with pytest.raises(Forbidden):
        host.go(invitation=host.invitation)
    host.lying.signs, host.lying.header = OctKey.import_key("a shared secret of some length"), {"alg": "HS256"}
    with pytest.raises(Forbidden):
        host.go(invitation=host.invitation)


def test_a_token_without_signature_does_not_count(host: Host) -> None:
    def unsigned() -> httpx.Response:
        now = int(host.clock().timestamp())
        claims = {"iss": ISSUER, "aud": "comity", "sub": "s", "nonce": host.lying.nonce, "iat": now, "exp": now + 9}
        parts = ({"alg": "none"}, claims)
        encoded = [oidc.base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
        return httpx.Response(200, json={"id_token": ".".join([*encoded, ""]), "access_token": ""})

    host.lying.tokens = unsigned
    with pytest.raises(Forbidden):
        host.go(invitation=host.invitation)


def test_new_keys_of_the_provider_are_fetched_when_a_token_names_one(host: Host) -> None:
    host.go(invitation=host.invitation)
    host.lying.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
    host.lying.header = {"alg": "ES256", "kid": "two"}
    assert host.who(host.go()) == "Test eve"


@pytest.mark.parametrize(
    "answer",
    [
        {"state": "not-ours"},
        {"state": ""},
        {"code": ""},
        {"error": "access_denied"},
        {"error": "<script>"},
        {"iss": "https://evil.example"},
        {"code": "x" * 3000},
    ],
)
def test_an_answer_to_something_else_is_refused_and_never_repeated(host: Host, answer: dict[str, str]) -> None:
    with pytest.raises(Forbidden) as refused:
        host.go(invitation=host.invitation, **answer)
    assert not any(value and value in str(refused.value) for value in answer.values())


def test_a_provider_that_says_it_names_itself_must(host: Host) -> None:
    host.lying.described = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(Forbidden):
        host.go(invitation=host.invitation)
    assert host.who(host.go(invitation=host.invitation, iss=ISSUER)) == "Test eve"


def test_another_browser_cannot_finish_and_no_browser_after_ten_minutes(host: Host) -> None:
    there, cookie = host.provider.begin(following="/")
    _, theirs = host.provider.begin(following="/")
    state = parse_qs(urlsplit(there).query)["state"][0]
    for wrong in ("", "AAAA", theirs, cookie[:-4]):
        with pytest.raises(Forbidden):
            host.provider.finish(wrong, {"code": "code", "state": state})
    host.clock.move(oidc.LIFE + timedelta(seconds=1))
    with pytest.raises(Forbidden, match="took too long"):
        host.provider.finish(cookie, {"code": "code", "state": state})


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://login.example.org/"},
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://login.example.org/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"jwks_uri": "https://user:pass@"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://login.example.org/#x"},
        {"response_types_supported": ["token"]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    ],
)
def test_a_description_that_does_not_fit_is_not_followed(host: Host, described: dict[str, Any]) -> None:
    host.lying.described = described
    with pytest.raises(Unavailable):
        host.go(invitation=host.invitation)
    assert all(one.url.path == "/.well-known/openid-configuration" for one in host.lying.seen)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://127.0.0.1/keys", False),
        ("https://10.0.0.8/keys", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1]/keys", False),
        ("http://login.example.org/keys", False),
        ("http://127.0.0.1:2/keys", True),
        ("https://169.254.169.254/latest/meta-data", True),
    ],
)
def test_the_provider_sends_us_into_no_private_network(url: str, private: bool) -> None:
    issuer = "http://127.0.0.1:1" if private else "https://login.example.org"
    with pytest.raises(Unavailable):
        ProviderHost(issuer=issuer, private=private).fetch(url)


def test_redirects_are_not_followed_and_answers_are_bounded() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/keys":
            return httpx.Response(302, headers={"Location": "https://169.254.169.254/"})
        return httpx.Response(200, content=b" " * (LIMIT_BYTES + 1))

    there = ProviderHost(issuer=ISSUER, transport=httpx.MockTransport(answer))
    for path in ("/keys", "/me"):
        with pytest.raises(Unavailable):
            there.fetch(ISSUER + path)


def test_a_wrong_secret_is_told_to_the_operator_and_a_used_code_to_the_person(host: Host) -> None:
    host.lying.tokens = lambda: httpx.Response(401, json={"error": "invalid_client"})
    with pytest.raises(Unavailable, match="COMITY_OIDC_SECRET"):
        host.go(invitation=host.invitation)
    host.lying.tokens = lambda: httpx.Response(400, json={"error": "invalid_grant"})
    with pytest.raises(Forbidden, match="begin again"):
        host.go(invitation=host.invitation)


@pytest.mark.parametrize("text", ["groups=editor", "groups:x=emperor", ":x=editor", "groups:=editor", "a:b"])
def test_rules_for_roles_that_cannot_be_read_stop_the_start(host: Host, text: str) -> None:
    settings = Settings(oidc_issuer=ISSUER, oidc_client="comity", oidc_roles=text)
    with pytest.raises(Invalid):
        configured(settings, host.accounts)


@pytest.mark.parametrize("issuer", ["http://login.example.org", "login.example.org", "https://a.example/?x=1"])
def test_an_issuer_that_cannot_be_one_stops_the_start(host: Host, issuer: str) -> None:
    with pytest.raises(Invalid):
        configured(Settings(oidc_issuer=issuer, oidc_client="comity"), host.accounts)


def test_without_a_provider_there_is_none(host: Host) -> None:
    none = configured(Settings(), host.accounts)
    assert none.name == ""
    with pytest.raises(Missing):
        none.begin(following="/")


@given(st.text(max_size=300))
def test_no_cookie_of_a_strangers_making_is_an_attempt(cookie: str) -> None:
    with pytest.raises(Forbidden):
        oidc.read_attempt(cookie, now=Clock().now)


def test_reading_hostile_documents_takes_no_time() -> None:
    began = time.perf_counter()
    for document in (b"[" * 100_000, b'{"issuer":' * 20_000, b"\xff" * 1000, b"null", b"[]"):
        with pytest.raises(Unavailable):
            oidc.read_metadata(document, CLIENT)
    assert time.perf_counter() - began < 2
