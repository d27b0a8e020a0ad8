"""Cookies and the tokens in forms: which browser this is, and that a form came from one of our own pages.

The session cookie is readable by no script, sent by no other site (SameSite=Strict), and over TLS bound to this very
host (`__Host-`). A form's token follows from the browser's own secret, so another browser's token does not fit.
"""

import hashlib
import hmac
import secrets
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie

from comity.access import oidc
from comity.access.headers import IS_HTTPS
from comity.admin import kinds
from comity.errors import Forbidden

SESSION: Final = "comity"
VISIT: Final = "comity_visit"
"""A random value for browsers that are not signed in, so that the sign-in form has a token too."""
HALF_WAY: Final = "comity_halfway"
"""Names the sign-in whose password was right, until its code is given; opens nothing by itself."""
PROVIDER: Final = "comity_provider"
"""What ties an answer of the sign-in provider to this browser."""
NEW_VISIT: Final = "comity.new_visit"


def names(*, is_https: bool) -> tuple[str, str]:
    """Names of the session cookie and of the visit cookie."""
    return _prefixed(SESSION, is_https=is_https), _prefixed(VISIT, is_https=is_https)


def _prefixed(name: str, *, is_https: bool) -> str:
    return ("__Host-" if is_https else "") + name


def _read(request: Request[Any, Any, Any], name: str) -> str:
    """Over https the name bound to this host alone: another host of the same site can set every other name."""
    return request.cookies.get(_prefixed(name, is_https=bool(request.app.state.get(IS_HTTPS)))) or ""


def csrf_of(request: Request[Any, Any, Any]) -> str:
    """The token for the forms of the page that is being made, from the session or, without one, from the visit."""
    secret = _read(request, SESSION) or _read(request, VISIT)
    if not secret:
        secret = request.scope["state"].setdefault(NEW_VISIT, secrets.token_urlsafe(32))
    return _token(secret)


def check_form(request: Request[Any, Any, Any], token: str) -> None:
    """Return when a form was sent from one of our pages by this very browser; else `Forbidden`."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("this form was sent from another site: nothing was done")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("this form was sent from another site: nothing was done")
    secret = _read(request, SESSION) or _read(request, VISIT)
    if not secret or not hmac.compare_digest(_token(secret).encode(), token.encode()):
        raise Forbidden("this form has grown old: go back, load the page again and send it once more")


def _token(secret: str) -> str:
    return hashlib.sha256(b"comity form v1\n" + secret.encode()).hexdigest()


def keep_visit(request: Request[Any, Any, Any], response: Response[Any], *, is_https: bool) -> None:
    """Hand out the visit cookie where a page with a form was made for a browser without any."""
    fresh = request.scope["state"].get(NEW_VISIT)
    if fresh:
        response.set_cookie(_cookie(names(is_https=is_https)[1], fresh, is_https=is_https, max_age=None))


def sign_in(response: Response[Any], secret: str, *, is_https: bool) -> None:
    """Give the browser its session; the visit ends, so no token from before is good any more."""
    session, visit = names(is_https=is_https)
    lifetime = int(kinds.SESSION.lifetime.total_seconds())
    response.set_cookie(_cookie(session, secret, is_https=is_https, max_age=lifetime))
    response.set_cookie(_cookie(visit, "", is_https=is_https, max_age=0))
    response.set_cookie(_cookie(_prefixed(HALF_WAY, is_https=is_https), "", is_https=is_https, max_age=0))


def half_way(response: Response[Any], secret: str, *, is_https: bool) -> None:
    """Remember in the browser which sign-in waits for its code."""
    lifetime = int(kinds.HALF_WAY.lifetime.total_seconds())
    response.set_cookie(_cookie(_prefixed(HALF_WAY, is_https=is_https), secret, is_https=is_https, max_age=lifetime))


def half_way_of(request: Request[Any, Any, Any]) -> str:
    """The sign-in of this browser that waits for its code; "" for none."""
    return _read(request, HALF_WAY)


def to_provider(response: Response[Any], attempt: str, *, is_https: bool) -> None:
    """Remember the way to the provider. Lax, since the browser comes back from another site; it opens nothing here."""
    lifetime = int(oidc.LIFE.total_seconds())
    cookie = _cookie(_prefixed(PROVIDER, is_https=is_https), attempt, is_https=is_https, max_age=lifetime)
    cookie.samesite = "lax"
    response.set_cookie(cookie)


def provider_of(request: Request[Any, Any, Any]) -> str:
    """The way to the provider that this browser is on; "" for none."""
    return _read(request, PROVIDER)


def back_from_provider(response: Response[Any], *, is_https: bool) -> None:
    """That way is used up, however it ended."""
    response.set_cookie(_cookie(_prefixed(PROVIDER, is_https=is_https), "", is_https=is_https, max_age=0))


def sign_out(response: Response[Any], *, is_https: bool) -> None:
    """Take the session from the browser."""
    response.set_cookie(_cookie(names(is_https=is_https)[0], "", is_https=is_https, max_age=0))


def _cookie(name: str, value: str, *, is_https: bool, max_age: int | None) -> Cookie:
    strict: Literal["strict"] = "strict"
    return Cookie(key=name, value=value, max_age=max_age, path="/", secure=is_https, httponly=True, samesite=strict)
