"""A provider tells that somebody signed out: every session of theirs ends, once, and no other token ends any.

The real provider sends its own token in `test_provider_real`; here each claim lies in turn.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from comity.access.oidc_logout import EVENT
from comity.admin.views import SignedIn
from comity.errors import Forbidden, Missing
from tests.api.site import Site, site
from tests.identity.test_provider import ISSUER, Host, host

__all__ = ["host"]
PATH = "/sign-in/provider/logout"
OTHER = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"})


def token(host: Host, *, key: Any = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A logout token that holds but for what is changed; None leaves a claim out."""
    now = int(host.clock().timestamp())
    said = {"iss": ISSUER, "aud": "comity", "iat": now, "exp": now + 120, "jti": f"j{now}", "sub": "sub-ada"}
    said |= {"events": {EVENT: {}}, "sid": "session-1"}
    told = {name: value for name, value in (said | changed).items() if value is not None}
    head = {"alg": "ES256", "kid": "one", "typ": "logout+jwt"} | (header or {})
    return jwt.encode(head, told, key or host.lying.key, algorithms=[head["alg"]])


@pytest.fixture
def session(host: Host) -> SignedIn:
    """Eve's session, begun with the provider."""
    host.lying.claims = {"sid": "session-1"}
    made = host.go(invitation=host.invitation)
    assert isinstance(made, SignedIn)
    return made


def is_in(host: Host, made: SignedIn) -> bool:
    return host.accounts.by_session(made.secret) is not None


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"sid": None},
        {"sub": None},
        {"aud": ["comity", "others"]},
        {"exp": None},
    ],
)
def test_every_session_of_whom_the_token_names_ends(host: Host, session: SignedIn, named: dict[str, Any]) -> None:
    again = host.go()
    assert isinstance(again, SignedIn)
    host.provider.signed_out(token(host, **named))
    assert not is_in(host, session)
    assert not is_in(host, again)


def test_a_token_is_taken_once_so_that_nobody_sends_it_again(host: Host, session: SignedIn) -> None:
    held = token(host)
    host.provider.signed_out(held)
    again = host.go()
    with pytest.raises(Forbidden):
        host.provider.signed_out(held)
    assert isinstance(again, SignedIn)
    assert is_in(host, again)
    host.clock.move(timedelta(minutes=20))
    with pytest.raises(Forbidden):
        host.provider.signed_out(held)
    assert is_in(host, again)


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://other.example"},
    "another audience": {"aud": "others"},
    "audiences without us": {"aud": ["others"]},
    "no audience": {"aud": None},
    "made long ago": {"iat": 1},
    "made in the future": {"iat": 4_000_000_000},
    "no time": {"iat": None},
    "a time that is none": {"iat": "now"},
    "over": {"exp": 1},
    "no event": {"events": None},
    "an event of another kind": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is none": {"events": {EVENT: "yes"}},
    "events in a list": {"events": [EVENT]},
    "a nonce, as ID tokens have": {"nonce": "n"},
    "a nonce that is empty": {"nonce": ""},
    "nobody": {"sub": None, "sid": None},
    "nobody of text": {"sub": 7, "sid": ["session-1"]},
    "no name of its own": {"jti": None},
    "a type of another kind": {"header": {"typ": "at+jwt"}},
    "another key of the same name": {"key": OTHER},
    "a shared secret": {"key": OctKey.import_key("s:ecret" * 8), "header": {"alg": "HS256"}},
    "a subject without end": {"sub": "x" * 300, "sid": None},
}


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_token_that_lies_in_one_thing_ends_nothing(host: Host, session: SignedIn, lie: str) -> None:
    with pytest.raises(Forbidden) as refused:
        host.provider.signed_out(token(host, **LIES[lie]))
    assert str(refused.value) == "this logout token does not hold here"
    assert is_in(host, session)


@pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 9000, "\u2028"])
def test_what_is_no_token_ends_nothing(host: Host, session: SignedIn, text: str) -> None:
    with pytest.raises(Forbidden):
        host.provider.signed_out(text)
    assert is_in(host, session)


def test_an_id_token_is_no_logout_token(host: Host, session: SignedIn) -> None:
    with pytest.raises(Forbidden):
        host.provider.signed_out(host.lying._answer()["id_token"])
    assert is_in(host, session)


def test_whom_nobody_knows_here_ends_nothing_and_is_no_error(host: Host, session: SignedIn) -> None:
    host.provider.signed_out(token(host, sub="sub-nobody"))
    host.provider.signed_out(token(host, sub=None, sid="session-9", jti="j2"))
    assert is_in(host, session)


def test_a_stranger_cannot_make_this_host_ask_the_provider_without_end(host: Host, session: SignedIn) -> None:
    asked = len(host.lying.seen)
    for number in range(20):
        with pytest.raises(Forbidden):
            host.provider.signed_out(token(host, key=OTHER, header={"kid": f"unknown-{number}"}))
    assert len(host.lying.seen) - asked <= 2
    host.clock.move(timedelta(minutes=2))
    host.lying.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
    host.provider.signed_out(token(host, header={"kid": "two"}))
    assert not is_in(host, session)


def test_without_a_provider_there_is_no_such_page(host: Host) -> None:
    host.provider.client = None
    with pytest.raises(Missing):
        host.provider.signed_out("x")


# The door


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("logout"), oidc_issuer="https://127.0.0.1:9", oidc_client="comity") as made:
        yield made


def send(there: Site, body: str | bytes, kind: str = "application/x-www-form-urlencoded") -> httpx.Response:
    answer: httpx.Response = there.call("POST", PATH, content=body, headers={"Content-Type": kind})
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"logout_token",
        b"token=x",
        urlencode([("logout_token", "a"), ("logout_token", "b")]),
        b"\xff\xfe",
        b"&" * 99,
    ],
)
def test_a_form_without_one_token_is_a_bad_request_that_nobody_keeps(there: Site, body: bytes) -> None:
    answer = send(there, body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_over_the_limit_is_not_read(there: Site) -> None:
    assert send(there, b"logout_token=" + b"x" * 20_000).status_code == 413
