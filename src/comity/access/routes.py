"""Make every web route declare the action it is for, and check the caller against it before the body is read.

A route without a declared action stops the server from starting (`check_declared`), so none can be forgotten. Browser
pages take sessions only and the API takes tokens only: neither can be used through the other's door.
"""

import base64
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from anyio import to_thread
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler

from comity.access.caller import STRANGER, Caller, Directory
from comity.access.policy import Action
from comity.access.rates import Rates
from comity.errors import Unauthenticated

ACTION: Final = "action"
"""Key of the declared action in a route's `opt`."""

REFUSED: Final = "refused"
"""Key in a request's state: the guard refused it, however that is answered (a page leads strangers to sign in)."""

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def token_guard(directory: Directory, rates: Rates | None = None) -> Guard:
    """For the API: `Authorization: Bearer ...` or nothing. An unusable token is refused, even where none is needed.

    Whoever asks more often than `rates` allow is told with a 429 how many seconds to wait; unusable tokens count as
    strangers, so that guessing them has a pace too.
    """
    limits = rates or Rates()

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        caller = STRANGER
        header = connection.headers.get("authorization")
        if header is not None:
            scheme, _, secret = header.partition(" ")
            found = None
            if scheme.lower() == "bearer" and secret.strip():
                found = await to_thread.run_sync(directory.by_token, secret.strip())
            if found is None:
                _pace(limits.stranger(address_of(connection)))
                raise Unauthenticated("this token is not known or has ended: make a new one on your account page")
            caller = found
        connection.scope["state"]["caller"] = caller
        _pace(limits.stranger(address_of(connection)) if caller is STRANGER else limits.person(caller.viewer.person))
        _admit(connection, handler, caller)

    return guard


def _pace(wait: int) -> None:
    if wait:
        raise HTTPException(status_code=429, headers={"Retry-After": str(wait)})


def address_of(connection: Connection) -> str:
    """The peer's address, as the connection has it. Headers that a client can write are not believed."""
    return connection.client.host if connection.client else "unknown"


def session_guard(directory: Directory, cookie: str) -> Guard:
    """For the pages: the session cookie or nothing. An ended session is a stranger's, who is asked to sign in."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        secret = connection.cookies.get(cookie)
        found = await to_thread.run_sync(directory.by_session, secret) if secret else None
        caller = found or STRANGER
        _admit(connection, handler, caller if connection.scope.get("method") == "GET" else caller.to_change())

    return guard


def _admit(connection: Connection, handler: BaseRouteHandler, caller: Caller) -> None:
    connection.scope["state"]["caller"] = caller
    connection.scope["state"][REFUSED] = True
    caller.check(handler.opt[ACTION])
    connection.scope["state"][REFUSED] = False


def basic(credentials: str) -> tuple[str, str] | None:
    """Name and password of HTTP Basic (RFC 7617), for doors whose tools know nothing else. None for what is none."""
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:  # of base64, of UTF-8, and of a header that is no ASCII
        return None
    return name, password


def caller_of(connection: Connection) -> Caller:
    """Who the guard found; a stranger where no guard ran (an error before any route was chosen)."""
    found = connection.scope.get("state", {}).get("caller", STRANGER)
    return found if isinstance(found, Caller) else STRANGER


def declared(app: Litestar) -> Iterator[tuple[str, str, Action | None]]:
    """Every route as (method, path, action); None for one that declares nothing. OPTIONS only tells methods."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]:
            methods = sorted(handler.http_methods) if isinstance(handler, HTTPRouteHandler) else ["ASGI"]
            for method in methods:
                if method == "OPTIONS":
                    continue
                action = handler.opt.get(ACTION) if handler is not None else None
                yield method, route.path, action if isinstance(action, Action) else None


def check_declared(app: Litestar) -> None:
    """Return when every route declares its action; else refuse to start, naming those that do not."""
    silent = [f"{method} {path}" for method, path, action in declared(app) if action is None]
    if silent:
        raise ImproperlyConfiguredException(f"routes without a declared action: {', '.join(sorted(silent))}")
