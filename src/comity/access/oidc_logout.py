"""Read what a sign-in provider says when somebody signed out there (OpenID Connect Back-Channel Logout 1.0): pure.

Nobody's browser is in between, so the token is all there is: whoever could make one could end sessions here, and do
nothing else. An ID token is none, and one token counts once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from comity.access.oidc import ALGORITHMS, SKEW_SECONDS, Client
from comity.errors import Forbidden

PATH: Final = "/sign-in/provider/logout"
"""Where the provider tells of it, under the prefix of the API."""
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LONGEST: Final = 16 * 1024
"""Bytes of the whole message."""
OLDEST: Final = timedelta(minutes=10)
"""How long after its making a token is taken: it is sent at once, and kept from being taken again for as long."""
TYPES: Final = frozenset({"", "jwt", "logout+jwt", "application/logout+jwt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """Who signed out: by subject, by session, or both; "" for what was not said. `mark` is the token's own digest."""

    subject: str
    session: str
    mark: str
    until: datetime
    """From then on the token is too old anyhow."""


def session_mark(session: str) -> str:
    """What is kept of the provider's name for a session."""
    return hashlib.sha256(session.encode()).hexdigest()


def read_logout(token: str, *, keys: list[dict[str, Any]], client: Client, now: datetime) -> SignedOut:
    """A logout token whose every check held (Back-Channel Logout 1.0, 2.6). Forbidden otherwise, never said which.

    (1) signature by a key of the provider, and a type that fits  (2) issuer and audience  (3) times, within the skew
    (4) the event  (5) no nonce, which ID tokens have  (6) who  (7) a name of its own
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    refused = Forbidden("this logout token does not hold here")
    try:
        held = jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=list(ALGORITHMS))  # (1)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused from error
    said = held.claims
    audience = said.get("aud")
    is_ours = audience == client.id or (isinstance(audience, list) and client.id in audience)
    events = said.get("events")
    made, ends = _seconds(said, "iat"), _seconds(said, "exp")
    subject, session, name = _text(said, "sub"), _text(said, "sid"), _text(said, "jti")
    holds = (
        str(held.header.get("typ", "")).lower() in TYPES
        and said.get("iss") == client.issuer
        and is_ours  # (2)
        and made is not None
        and -SKEW_SECONDS <= now.timestamp() - made <= OLDEST.total_seconds()
        and ("exp" not in said or (ends is not None and now.timestamp() - SKEW_SECONDS < ends))  # (3)
        and isinstance(events, dict)
        and isinstance(events.get(EVENT), dict)  # (4)
        and "nonce" not in said  # (5)
        and bool(subject or session)  # (6)
        and bool(name)  # (7)
    )
    if not holds:
        raise refused
    mark = hashlib.sha256(f"{client.issuer}\n{name}".encode()).hexdigest()
    return SignedOut(subject=subject, session=session, mark=mark, until=now + OLDEST + timedelta(seconds=SKEW_SECONDS))


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    return value if isinstance(value, str) and len(value) <= 255 and value.isascii() and value.isprintable() else ""


def _seconds(said: dict[str, Any], name: str) -> float | None:
    value = said.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12:
        return float(value)
    return None
