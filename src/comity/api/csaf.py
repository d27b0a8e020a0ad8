"""The CSAF provider's places: `/.well-known/csaf/`, `/csaf/...` and `security.txt` (CSAF 2.0, section 7.1).

Anybody reads what is open, from any origin. A closed level takes the host's own tokens, as a bearer or as the password
of HTTP Basic, since CSAF readers know the latter.
"""

import base64
import binascii
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from anyio import to_thread
from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from comity.access.caller import STRANGER, Directory
from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.errors import Unauthenticated
from comity.library.counter import Download
from comity.library.provider import Provider

Connection = ASGIConnection[Any, Any, Any, Any]
Ask = Request[Any, Any, Any]
READ: Final = {"action": Action.READ_PUBLISHED}
OPEN: Final = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=60"}


def router(provider: Provider, directory: Directory) -> Router:
    """The door, with its own guard."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        caller, secret = STRANGER, _secret(connection.headers.get("authorization", ""))
        if secret:
            found = await to_thread.run_sync(directory.by_token, secret)
            if found is None:
                raise Unauthenticated("no usable token")
            caller = found
        connection.scope["state"]["caller"] = caller
        caller.check(handler.opt["action"])

    @get("/.well-known/csaf/provider-metadata.json", opt=READ, include_in_schema=False, sync_to_thread=True)
    def metadata(request: Ask) -> Response[bytes]:
        return _sent(provider.metadata(caller_of(request).viewer))

    @get("/.well-known/security.txt", opt=READ, include_in_schema=False, sync_to_thread=True)
    def security(request: Ask) -> Response[bytes]:
        return _sent(provider.security_txt(caller_of(request).viewer))

    @get("/csaf/openpgp/{name:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def key(request: Ask) -> Response[bytes]:
        return _sent(provider.key(caller_of(request).viewer, request.path_params["name"]))

    @get("/csaf/{level:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def folder(request: Ask) -> Response[bytes]:
        level = request.path_params["level"]
        entries = provider.folder(caller_of(request).viewer, level)
        names = ["index.txt", "changes.csv", f"csaf-feed-tlp-{level}.json", *sorted(e.path for e in entries)]
        return _listed(f"csaf/{level}", names, level)

    @get("/csaf/{level:str}/{name:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def listing(request: Ask) -> Response[bytes]:
        level, name = request.path_params["level"], request.path_params["name"]
        viewer = caller_of(request).viewer
        if name.isascii() and name.isdigit():
            paths = sorted(e.path for e in provider.folder(viewer, level) if e.path.startswith(f"{name}/"))
            return _listed(f"csaf/{level}/{name}", [path.partition("/")[2] for path in paths], level)
        return _sent(provider.listing(viewer, level, name), level)

    @get("/csaf/{level:str}/{year:str}/{name:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def document(request: Ask) -> Response[bytes]:
        level, year, name = (request.path_params[part] for part in ("level", "year", "name"))
        return _sent(provider.document(caller_of(request).viewer, level, year, name), level)

    return Router("/", route_handlers=[metadata, security, key, folder, listing, document], guards=[guard])


def _sent(held: Download, level: str = "white") -> Response[bytes]:
    headers = {"ETag": f'"{held.digest}"', **_kept(level)}
    return Response(held.data, media_type=held.media_type, headers=headers)


def _listed(place: str, names: Sequence[str], level: str) -> Response[bytes]:
    """A plain directory listing (requirement 14): links and nothing else."""
    rows = "".join(f'<li><a href="/{place}/{escape(name)}">{escape(name)}</a></li>\n' for name in names)
    head = f"<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>{escape(place)}</title>\n"
    page = f"{head}<h1>{escape(place)}</h1>\n<ul>\n{rows}</ul>\n"
    return Response(page.encode(), media_type="text/html", headers=_kept(level))


def _kept(level: str) -> dict[str, str]:
    return dict(OPEN) if level == "white" else {"Cache-Control": "no-store"}


def _secret(header: str) -> str:
    """The token: of `Bearer`, or the password of `Basic`."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("this authorization cannot be read") from error
    return ""
