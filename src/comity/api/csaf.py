"""The CSAF provider's places: `/.well-known/csaf/`, `/csaf/`, `/csaf/v2.1/` and `security.txt` (CSAF, section 7.1).

Anybody reads what is open, from any origin. A closed level takes the host's own tokens, as a bearer or as the password
of HTTP Basic, since CSAF readers know the latter.
"""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from anyio import to_thread
from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler

from comity.access.caller import STRANGER, Directory
from comity.access.policy import Action
from comity.access.routes import basic, caller_of
from comity.errors import Unauthenticated
from comity.formats.csaf_provider import EDITIONS, FIRST, METADATA, SERVICE, WELL_KNOWN, Edition
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

    @get("/.well-known/security.txt", opt=READ, include_in_schema=False, sync_to_thread=True)
    def security(request: Ask) -> Response[bytes]:
        return _sent(provider.security_txt(caller_of(request).viewer))

    @get("/csaf/openpgp/{name:str}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def key(request: Ask) -> Response[bytes]:
        return _sent(provider.key(caller_of(request).viewer, request.path_params["name"]))

    addresses = [(WELL_KNOWN, FIRST), *((edition.well_known, edition) for edition in EDITIONS)]
    known = [handler for address, edition in addresses for handler in _known(provider, address, edition)]
    places = [handler for edition in EDITIONS for handler in _places(provider, edition)]
    return Router("/", route_handlers=[security, key, *known, *places], guards=[guard])


def _known(provider: Provider, address: str, edition: Edition) -> Sequence[HTTPRouteHandler]:
    """The two files under a well-known address."""

    @get(f"{address}/{METADATA}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def metadata(request: Ask) -> Response[bytes]:
        return _sent(provider.metadata(caller_of(request).viewer, edition))

    @get(f"{address}/{SERVICE}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def service(request: Ask) -> Response[bytes]:
        return _sent(provider.service(caller_of(request).viewer, edition))

    return metadata, service


def _places(provider: Provider, edition: Edition) -> Sequence[HTTPRouteHandler]:
    """The folders of one version, level by level and year by year."""
    root = edition.root

    @get(f"{root}/{{level:str}}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def folder(request: Ask) -> Response[bytes]:
        level = request.path_params["level"]
        entries = provider.folder(caller_of(request).viewer, level, edition)
        names = [*provider.names(level), *sorted(e.path for e in entries)]
        return _listed(f"{root}/{level}", names, is_open=level == edition.open_level)

    @get(f"{root}/{{level:str}}/{{name:str}}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def listing(request: Ask) -> Response[bytes]:
        level, name = request.path_params["level"], request.path_params["name"]
        viewer, is_open = caller_of(request).viewer, level == edition.open_level
        if name.isascii() and name.isdigit():
            paths = sorted(e.path for e in provider.folder(viewer, level, edition) if e.path.startswith(f"{name}/"))
            return _listed(f"{root}/{level}/{name}", [path.partition("/")[2] for path in paths], is_open=is_open)
        return _sent(provider.listing(viewer, level, name, edition), is_open=is_open)

    @get(f"{root}/{{level:str}}/{{year:str}}/{{name:str}}", opt=READ, include_in_schema=False, sync_to_thread=True)
    def document(request: Ask) -> Response[bytes]:
        level, year, name = (request.path_params[part] for part in ("level", "year", "name"))
        held = provider.document(caller_of(request).viewer, level, year, name, edition)
        return _sent(held, is_open=level == edition.open_level)

    return folder, listing, document


def _sent(held: Download, *, is_open: bool = True) -> Response[bytes]:
    headers = {"ETag": f'"{held.digest}"', **_kept(is_open=is_open)}
    return Response(held.data, media_type=held.media_type, headers=headers)


def _listed(place: str, names: Sequence[str], *, is_open: bool) -> Response[bytes]:
    """A plain directory listing (requirement 14): links and nothing else."""
    rows = "".join(f'<li><a href="{escape(place)}/{escape(name)}">{escape(name)}</a></li>\n' for name in names)
    head = f"<!doctype html>\n<html lang='en'><meta charset='utf-8'><title>{escape(place)}</title>\n"
    page = f"{head}<h1>{escape(place)}</h1>\n<ul>\n{rows}</ul>\n"
    return Response(page.encode(), media_type="text/html", headers=_kept(is_open=is_open))


def _kept(*, is_open: bool) -> dict[str, str]:
    return dict(OPEN) if is_open else {"Cache-Control": "no-store"}


def _secret(header: str) -> str:
    """The token: of `Bearer`, or the password of `Basic`."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        held = basic(value)
        if held is None:
            raise Unauthenticated("this authorization cannot be read")
        return held[1]
    return ""
