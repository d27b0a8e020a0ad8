"""Read what a sign-in provider says (OpenID Connect Core 1.0, code flow with PKCE): pure, values in and values out.

Who somebody is comes from the provider; which account that is, and what it may do, from this host: an administrator's
invitation, a claim that the operator named, a list of roles that the operator wrote. The only importer of authlib.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from comity.errors import Forbidden, Invalid, Problem, Unavailable
from comity.model.party import Role

BACK: Final = "/sign-in/provider/back"
"""Where the provider sends the browser back to, on the public address."""
LIFE: Final = timedelta(minutes=10)
"""From leaving for the provider to coming back."""
SKEW_SECONDS: Final = 60
"""How far the provider's clock and ours may be apart."""
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that count. Never `none`, and never one made with a shared secret."""
LONGEST: Final = 2000
"""Characters of one parameter that comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """This host, as the provider knows it. `login_claim` and `roles` are the operator's; empty: neither is taken."""

    issuer: str
    id: str
    secret: str
    name: str
    address: str
    login_claim: str = ""
    roles: tuple[tuple[str, str, Role], ...] = ()

    @property
    def back(self) -> str:
        """The redirect URI, exactly as the provider must have it."""
        return self.address + BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the provider publishes of itself (OpenID Connect Discovery 1.0)."""

    authorize: str
    token: str
    keys: str
    userinfo: str
    leave: str
    names_issuer: bool
    by_post: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way to the provider and back. All of it stays in the browser's own cookie; nothing is kept here meanwhile.

    State, nonce and PKCE verifier follow from `secret`, which only this browser holds.
    """

    secret: str
    made_at: datetime
    following: str
    invitation: str = ""

    @property
    def state(self) -> str:
        """Ties the answer to this browser (RFC 6749, 10.12)."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Ties the ID token to this attempt (Core 1.0, 3.1.2.1)."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Ties the code to this attempt (RFC 7636, 4.1)."""
        return self._derived("verifier")

    def written(self) -> str:
        """The cookie's value."""
        told = [self.secret, int(self.made_at.timestamp()), self.following, self.invitation]
        return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")

    def _derived(self, what: str) -> str:
        digest = hmac.new(self.secret.encode(), f"comity provider v1 {what}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_attempt(cookie: str, *, now: datetime) -> Attempt:
    """The attempt that this browser is in. Forbidden without one, or when it took too long."""
    try:
        told = json.loads(base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        secret, made, following, invitation = told
        made_at = datetime.fromtimestamp(made, tz=now.tzinfo)
        held = Attempt(secret=str(secret), made_at=made_at, following=str(following), invitation=str(invitation))
    except (ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
        raise Forbidden("this browser began no sign-in with the provider: begin at the sign-in page") from error
    if not timedelta(0) <= now - made_at <= LIFE or len(held.secret) < 32:
        raise Forbidden("this sign-in took too long: begin again at the sign-in page")
    return held


def role_rules(text: str) -> tuple[tuple[str, str, Role], ...]:
    """`groups:comity-editors=editor, ...` as (claim, value, role). Invalid for anything else."""
    rules = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        given, equals, role = part.rpartition("=")
        claim, colon, value = given.partition(":")
        if not (equals and colon and claim and value and role in set(Role)):
            problem = Problem("/COMITY_OIDC_ROLES", "bad_setting", f"claim:value=role, with a role of ours: {part}")
            raise Invalid("the roles of the provider cannot be read", [problem])
        rules.append((claim, value, Role(role)))
    return tuple(rules)


def check_client(client: Client, *, private: bool) -> None:
    """Return for settings that go together; Invalid names each that does not."""
    problems = []
    parts = urlsplit(client.issuer)
    is_plain_here = private and parts.scheme == "http"
    if not parts.hostname or parts.query or parts.fragment or not (parts.scheme == "https" or is_plain_here):
        reason = "an https address without query (http only with COMITY_OIDC_PRIVATE)"
        problems.append(Problem("/COMITY_OIDC_ISSUER", "bad_setting", reason))
    if not client.id:
        problems.append(Problem("/COMITY_OIDC_CLIENT", "bad_setting", "the id this host has at the provider"))
    if problems:
        raise Invalid("the sign-in provider cannot be used as it is set", problems)


def read_metadata(document: bytes, client: Client) -> Metadata:
    """What the provider published. Unavailable for anything that is not the configured issuer's own."""
    told = _object(document, "what the provider publishes of itself cannot be read")
    if told.get("issuer") != client.issuer:
        raise Unavailable("the provider calls itself by another issuer: COMITY_OIDC_ISSUER must be exactly that")
    if "code" not in _list(told, "response_types_supported") or not set(ALGORITHMS) & set(
        _list(told, "id_token_signing_alg_values_supported")
    ):
        raise Unavailable("the provider offers no code flow, or no signature that counts here: ask its operator")
    methods = _list(told, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Metadata(
        authorize=_address(told, "authorization_endpoint", client),
        token=_address(told, "token_endpoint", client),
        keys=_address(told, "jwks_uri", client),
        userinfo=_address(told, "userinfo_endpoint", client, optional=True),
        leave=_address(told, "end_session_endpoint", client, optional=True),
        names_issuer=told.get("authorization_response_iss_parameter_supported") is True,
        by_post="client_secret_basic" not in methods and "client_secret_post" in methods,
    )


def way_out(metadata: Metadata, client: Client, attempt: Attempt) -> str:
    """Where the browser goes to be recognised."""
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    address: str = prepare_grant_uri(
        metadata.authorize,
        client.id,
        "code",
        redirect_uri=client.back,
        scope="openid profile email" if client.login_claim or client.roles else "openid",
        state=attempt.state,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
    )
    return address


def read_answer(query: Mapping[str, str], attempt: Attempt, metadata: Metadata, client: Client) -> str:
    """The code that came back. Forbidden, with what to do, for anything else."""
    if any(len(value) > LONGEST for value in query.values()):
        raise Forbidden("the provider's answer is too long: begin again at the sign-in page")
    if not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise Forbidden("this answer belongs to another sign-in: begin again at the sign-in page")
    issuer = query.get("iss")
    if (issuer is not None or metadata.names_issuer) and issuer != client.issuer:
        raise Forbidden("this answer names another provider (RFC 9207): nothing was done; tell the operator")
    if "error" in query:
        said = REFUSALS.get(query["error"], "the provider refused: ask whoever runs it")
        raise Forbidden(said)
    if not query.get("code"):
        raise Forbidden("the provider sent no code: begin again at the sign-in page")
    return query["code"]


REFUSALS: Final[Mapping[str, str]] = {
    "access_denied": "you were not signed in at the provider, or it did not let you: try again, or use your password",
    "login_required": "the provider wants you to sign in there first: begin again",
    "interaction_required": "the provider wants something of you first: begin again",
    "invalid_request": "the provider did not understand: the operator compares the redirect address registered there",
    "unauthorized_client": "the provider does not know this host: the operator checks COMITY_OIDC_CLIENT",
    "temporarily_unavailable": "the provider is not available: try again later, or use your password",
    "server_error": "the provider failed: try again later, or use your password",
}


def token_request(
    code: str, attempt: Attempt, metadata: Metadata, client: Client
) -> tuple[dict[str, str], dict[str, str]]:
    """Form and headers that turn the code into an ID token."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.back,
        "code_verifier": attempt.verifier,
    }
    if not client.secret:
        return form | {"client_id": client.id}, {}
    if metadata.by_post:
        return form | {"client_id": client.id, "client_secret": client.secret}, {}
    pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
    return form, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def read_tokens(status: int, document: bytes) -> tuple[str, str]:
    """ID token and access token out of the provider's answer. Forbidden for a code it did not take."""
    told = _object(document, "the provider's answer cannot be read")
    if status != 200:
        if told.get("error") == "invalid_client":
            raise Unavailable("the provider does not take this host's secret: the operator checks COMITY_OIDC_SECRET")
        raise Forbidden("the provider did not take its own code, or it was used before: begin again")
    id_token, access = told.get("id_token"), told.get("access_token", "")
    if not isinstance(id_token, str) or not isinstance(access, str):
        raise Unavailable("the provider sends no ID token: the operator checks that it speaks OpenID Connect")
    return id_token, access


def names_key(id_token: str) -> str:
    """The `kid` that a token names, "" for none: when it is not held, the keys may have been changed."""
    try:
        head = json.loads(base64.urlsafe_b64decode(id_token.partition(".")[0] + "=="))
        return str(head.get("kid", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


def read_claims(
    id_token: str, *, access: str, keys: bytes, attempt: Attempt, client: Client, now: datetime
) -> dict[str, Any]:
    """The claims of an ID token whose every check held (Core 1.0, 3.1.3.7). Forbidden, with what to do, otherwise.

    (1) signature by a key of the provider  (2) issuer  (3) audience and authorised party  (4) times, within the skew
    (5) nonce of this attempt  (6) hash of the access token  (7) a subject
    """
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        signing = KeySet.import_key_set({"keys": signing_keys(keys)})
        token = jwt.decode(id_token, signing, algorithms=list(ALGORITHMS))  # (1)
        options = {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.id}}
        more = {"nonce": attempt.nonce, "client_id": client.id, "access_token": access}
        claims = CodeIDToken(token.claims, token.header, options=options, params=more)
        claims.validate(now=int(now.timestamp()), leeway=SKEW_SECONDS)  # (2) to (6)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        said = "what the provider says of you does not hold here: begin again"
        raise Forbidden(f"{said}; if it stays so, the operator compares both clocks and the client id") from error
    _check_audience(token.claims, client)
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isascii():  # (7)
        raise Forbidden("the provider names nobody: ask whoever runs it")
    return dict(token.claims)


def signing_keys(keys: bytes) -> list[dict[str, Any]]:
    """The keys that the provider signs with. Unavailable for a document that is none."""
    held = _list(_object(keys, "the provider's keys cannot be read"), "keys")
    return [key for key in held if isinstance(key, dict) and key.get("use", "sig") == "sig"]


def read_userinfo(document: bytes, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims of the userinfo answer, about the same subject (Core 1.0, 5.3.2). Those of the ID token win."""
    told = _object(document, "what the provider says of you cannot be read")
    if told.get("sub") != claims.get("sub"):
        raise Forbidden("the provider answers about somebody else: begin again")
    return {**told, **claims}


def login_of(claims: Mapping[str, Any], client: Client) -> str:
    """The sign-in name that the operator's chosen claim names; "" where none was chosen or it cannot be relied on.

    An e-mail address counts only where the provider says that it verified it.
    """
    value = claims.get(client.login_claim) if client.login_claim else None
    if not isinstance(value, str) or not 1 <= len(value) <= 100 or not value.isprintable():
        return ""
    return "" if client.login_claim == "email" and claims.get("email_verified") is not True else value


def roles_of(held: frozenset[Role], claims: Mapping[str, Any], client: Client) -> frozenset[Role]:
    """The roles after a sign-in: those that the operator's list names come and go by it, all others stay."""
    listed = frozenset(role for _, _, role in client.roles)
    given = frozenset(role for claim, value, role in client.roles if value in _values(claims.get(claim)))
    return (held - listed) | given


def way_off(metadata: Metadata, client: Client) -> str:
    """Where somebody signs out at the provider too (RP-Initiated Logout 1.0); "" where it offers no such page."""
    if not metadata.leave:
        return ""
    joined = "&" if urlsplit(metadata.leave).query else "?"
    told = {"client_id": client.id, "post_logout_redirect_uri": client.address + "/"}
    return metadata.leave + joined + urlencode(told)


# ---- helpers, in call order


def _object(document: bytes, said: str) -> dict[str, Any]:
    try:
        told = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{said}: try again later") from error
    if not isinstance(told, dict):
        raise Unavailable(f"{said}: try again later")
    return told


def _list(told: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


def _address(told: Mapping[str, Any], name: str, client: Client, *, optional: bool = False) -> str:
    """An address the provider names: https, or as plain as the issuer itself."""
    value = told.get(name)
    if value is None and optional:
        return ""
    plain = urlsplit(client.issuer).scheme == "http"
    if isinstance(value, str) and value.isascii() and len(value) <= LONGEST and "#" not in value:
        parts = urlsplit(value)
        if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and plain)):
            return value
    raise Unavailable(f"the provider names no usable {name}: tell whoever runs it")


def _check_audience(claims: Mapping[str, Any], client: Client) -> None:
    """Core 1.0, 3.1.3.7, 3: a token for others too is taken only with us as its authorised party."""
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client.id:
        raise Forbidden("what the provider says was meant for others too: begin again; tell the operator")


def _values(value: Any) -> frozenset[str]:
    listed = value if isinstance(value, list) else [value]
    return frozenset(one for one in listed if isinstance(one, str))
