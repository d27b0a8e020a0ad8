"""The addresses of the TAXII 2.1 server (OASIS TAXII 2.1, sections 4 and 5), each with its method and its right.

Authorisation is per object, decided in the query: what a caller may not see is missing, and a collection has no right
of its own but that of adding.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response, Router, delete, get, post
from litestar.params import FromPath, RawBody

from comity.access.policy import Action
from comity.access.routes import ACTION, caller_of
from comity.counters import Counters
from comity.model.party import Viewer
from comity.taxii import asking, telling
from comity.taxii.asking import Ask, Refused

PREFIX: Final = "/taxii2"
ROOT: Final = "comity"
"""The one API root."""
ALL: Final = ("id", "type", "version", "spec_version")
ONE: Final = ("version", "spec_version")

PageError = Callable[[Request[Any, Any, Any], Exception], Response[Any]]


def errors(others: PageError) -> PageError:
    """How errors are told under this door's prefix, and by `others` elsewhere."""
    told: PageError = telling.split(PREFIX, others)
    return told


def routes(counters: Counters) -> list[Router]:
    """The door over these counters."""
    exchange, settings = counters.exchange, counters.settings
    read: dict[str, Any] = {"opt": {ACTION: Action.READ_SHARED}, "sync_to_thread": True, "include_in_schema": False}
    share: dict[str, Any] = read | {"opt": {ACTION: Action.SHARE}}
    root = f"{settings.address}{PREFIX}/{ROOT}/"

    @get("/", **read)
    def discovery(request: Ask) -> Response[bytes]:
        asking.accepts(request)
        about = "Shared objects of a Comity host: published advisories, and what members exchange."
        contact = {"contact": settings.help_contact} if settings.help_contact else {}
        title = settings.organisation
        return telling.resource({"title": title, "description": about, **contact, "default": root, "api_roots": [root]})

    @get(f"/{ROOT}", **read)
    def api_root(request: Ask) -> Response[bytes]:
        asking.accepts(request)
        return telling.resource(
            {
                "title": settings.organisation,
                "versions": [asking.MEDIA],
                "max_content_length": settings.taxii_body_limit_bytes,
            }
        )

    @get(f"/{ROOT}/status/{{status:str}}", **read)
    def status(request: Ask, status: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        return telling.resource(exchange.status(_viewer(request), status))

    @get(f"/{ROOT}/collections", **read)
    def collections(request: Ask) -> Response[bytes]:
        asking.accepts(request)
        found = exchange.collections(_viewer(request))
        return telling.resource({"collections": [telling.collection(one) for one in found]})

    @get(f"/{ROOT}/collections/{{name:str}}", **read)
    def collection(request: Ask, name: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        return telling.resource(telling.collection(exchange.collection(_viewer(request), name)))

    @get(f"/{ROOT}/collections/{{name:str}}/manifest", **read)
    def manifest(request: Ask, name: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        by, most = asking.by(request, ALL), asking.limit(request, settings.taxii_page)
        return telling.manifest(
            exchange.manifest(_viewer(request), name, by, limit=most, after=asking.following(request))
        )

    @get(f"/{ROOT}/collections/{{name:str}}/objects", **read)
    def objects(request: Ask, name: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        by, most = asking.by(request, ALL), asking.limit(request, settings.taxii_page)
        return telling.envelope(
            exchange.objects(_viewer(request), name, by, limit=most, after=asking.following(request))
        )

    @get(f"/{ROOT}/collections/{{name:str}}/objects/{{id_:str}}", **read)
    def one(request: Ask, name: FromPath[str], id_: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        by, most = asking.by(request, ONE), asking.limit(request, settings.taxii_page)
        return telling.envelope(
            exchange.object(_viewer(request), name, id_, by, limit=most, after=asking.following(request))
        )

    @get(f"/{ROOT}/collections/{{name:str}}/objects/{{id_:str}}/versions", **read)
    def versions(request: Ask, name: FromPath[str], id_: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        by, most = asking.by(request, ("spec_version",)), asking.limit(request, settings.taxii_page)
        return telling.versions(
            exchange.versions(_viewer(request), name, id_, by, limit=most, after=asking.following(request))
        )

    @post(
        f"/{ROOT}/collections/{{name:str}}/objects",
        **share,
        status_code=202,
        request_max_body_size=settings.taxii_body_limit_bytes,
    )
    def add(request: Ask, name: FromPath[str], body: RawBody) -> Response[bytes]:
        asking.accepts(request)
        asking.sends(request)
        _sized(request)
        return telling.resource(exchange.post(_viewer(request), name, body), status=202)

    @delete(f"/{ROOT}/collections/{{name:str}}/objects/{{id_:str}}", **share, status_code=200)
    def remove(request: Ask, name: FromPath[str], id_: FromPath[str]) -> Response[bytes]:
        asking.accepts(request)
        exchange.delete(_viewer(request), name, id_, asking.by(request, ONE))
        return telling.resource(b"")

    handlers = [
        discovery,
        api_root,
        status,
        collections,
        collection,
        manifest,
        objects,
        one,
        versions,
        add,
        remove,
    ]
    return [Router(PREFIX, route_handlers=handlers, guards=[asking.guard(counters.accounts)])]


def _viewer(request: Ask) -> Viewer:
    return caller_of(request).viewer


def _sized(request: Ask) -> None:
    """400 for a length that is no number; the framework itself refuses what is longer than it may be."""
    length = request.headers.get("content-length")
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Refused(400, "`Content-Length` is a whole number")
