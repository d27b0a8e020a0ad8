"""Read a TAXII request: media types, filters, limits, and who asks."""

import re
from typing import Any, Final

from anyio import to_thread
from litestar import Request
from litestar.handlers.base import BaseRouteHandler

from comity.access.caller import STRANGER, Caller
from comity.access.routes import ACTION, Connection, Guard, basic
from comity.admin.counter import Accounts
from comity.errors import Unauthenticated
from comity.formats import times
from comity.library.exchange import Filter

VERSION: Final = "2.1"
MEDIA: Final = f"application/taxii+json;version={VERSION}"
_TYPE: Final = re.compile(r"application/taxii\+json(?:;version=(?P<version>[0-9.]+))?\Z")
_ANY: Final = frozenset(("*/*", "application/*"))
MATCHES: Final = ("id", "type", "version", "spec_version")
LISTED: Final = 200
"""Values of one filter."""

Ask = Request[Any, Any, Any]


class Refused(Exception):
    """This request cannot be served: an HTTP status, and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def guard(accounts: Accounts) -> Guard:
    """Basic (sign-in name and API token) or a token; nothing at all is a stranger. What does not hold is refused."""

    async def check(connection: Connection, handler: BaseRouteHandler) -> None:
        caller = STRANGER
        header = connection.headers.get("authorization")
        if header is not None:
            found = await to_thread.run_sync(_caller, accounts, header)
            if found is None:
                raise Unauthenticated(
                    "these credentials do not hold: give your sign-in name and one of your API tokens"
                )
            caller = found
        connection.scope["state"]["caller"] = caller
        caller.check(handler.opt[ACTION])

    return check


def _caller(accounts: Accounts, header: str) -> Caller | None:
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    if scheme.lower() in ("bearer", "token"):
        return accounts.by_token(secret) if secret else None
    if scheme.lower() != "basic":
        return None
    login, password = basic(secret) or ("", "")
    return accounts.by_login_and_token(login, password) if login and password else None


def accepts(request: Ask) -> None:
    """406 unless the caller takes TAXII 2.1 (or TAXII of any version, or anything)."""
    for part in request.headers.get("accept", "").split(","):
        pieces = [piece.strip().lower() for piece in part.split(";")]
        kept = ";".join(piece for piece in pieces if not piece.startswith("q="))
        held = _TYPE.match(kept)
        if kept in _ANY or (held is not None and held["version"] in (None, VERSION)):
            return
    raise Refused(406, f"ask with `Accept: {MEDIA}`")


def sends(request: Ask) -> None:
    """415 unless the body is TAXII 2.1."""
    held = _TYPE.match(request.headers.get("content-type", "").replace(" ", "").lower())
    if held is None or held["version"] not in (None, VERSION):
        raise Refused(415, f"send with `Content-Type: {MEDIA}`")


def limit(request: Ask, most: int) -> int:
    """How many objects on the page: what is asked for, up to the host's own limit. 400 for anything but 1 and more."""
    values = request.query_params.getall("limit", [])
    if not values:
        return most
    text = values[0]
    if len(values) > 1 or not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise Refused(400, "`limit` is one whole number from 1 on")
    return min(int(text), most)


def following(request: Ask) -> str:
    """`next` of the page before, "" for the first page."""
    return _one(request, "next")


def by(request: Ask, allowed: tuple[str, ...]) -> Filter:
    """The filters of this address. 400 for one that cannot be read, or that this address does not take."""
    matches = {name: _values(request, name) for name in MATCHES}
    named = {key for key in request.query_params if key.startswith("match[")}
    if unknown := sorted(named - {f"match[{name}]" for name in allowed}):
        raise Refused(400, f"this address does not filter by {unknown[0][:40]}")
    after = _one(request, "added_after")
    try:
        versions = tuple(one if one in ("first", "last", "all") else times.read(one) for one in matches["version"])
        return Filter(
            after=times.read(after) if after else None,
            ids=matches["id"],
            kinds=matches["type"],
            versions=versions or ("last",),
            spec_versions=matches["spec_version"],
        )
    except ValueError as error:
        raise Refused(400, "a time is written as 2026-01-31T09:00:00.000000Z") from error


def _values(request: Ask, name: str) -> tuple[str, ...]:
    found = [
        one.strip()
        for text in request.query_params.getall(f"match[{name}]", [])
        for one in text.split(",")
        if one.strip()
    ]
    if len(found) > LISTED or any(len(one) > 128 for one in found):
        raise Refused(400, f"at most {LISTED} values of at most 128 characters in one filter")
    return tuple(dict.fromkeys(found))


def _one(request: Ask, name: str) -> str:
    values = request.query_params.getall(name, [])
    if len(values) > 1:
        raise Refused(400, f"`{name}` stands twice")
    return values[0] if values else ""
