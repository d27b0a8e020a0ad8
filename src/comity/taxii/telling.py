"""Write TAXII answers: resources, envelopes and the error resource, all in one media type."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from comity.access.failures import failure_of, note
from comity.errors import ComityError, Invalid, Unauthenticated
from comity.library.exchange import MEDIA as STIX
from comity.library.exchange import Collection, Slice
from comity.taxii.asking import MEDIA, Refused

TITLES: Final = {
    400: "Bad request",
    401: "Unknown caller",
    403: "Not for this caller",
    404: "Not found",
    406: "Media type not acceptable",
    413: "Too large",
    415: "Media type not supported",
    422: "Cannot be processed",
    503: "Not available now",
}


def resource(fields: Any, *, status: int = 200) -> Response[bytes]:
    """Any resource."""
    data = fields if isinstance(fields, bytes) else msgspec.json.encode(fields)
    return Response(data, status_code=status, media_type=MEDIA)


def collection(one: Collection) -> dict[str, Any]:
    """TAXII 2.1, collection resource."""
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "alias": one.alias,
        "can_read": True,
        "can_write": one.can_write,
        "media_types": [STIX],
    }


def envelope(found: Slice) -> Response[bytes]:
    """TAXII 2.1, envelope resource: the objects' own bytes; an empty one is `{}`."""
    parts = []
    if found.next:
        parts.append(b'"more":true,"next":' + msgspec.json.encode(found.next))
    if found.objects:
        parts.append(b'"objects":[' + b",".join(found.objects) + b"]")
    return _paged(b"{" + b",".join(parts) + b"}", found)


def manifest(found: Slice) -> Response[bytes]:
    """TAXII 2.1, manifest resource."""
    rows = [
        {
            "id": row.id,
            "date_added": row.added,
            "version": row.version,
            "media_type": f"application/stix+json;version={row.spec_version}",
        }
        for row in found.rows
    ]
    more = {"more": True, "next": found.next} if found.next else {}
    return _paged(msgspec.json.encode(more | ({"objects": rows} if rows else {})), found)


def versions(found: Slice) -> Response[bytes]:
    """TAXII 2.1, versions resource."""
    more = {"more": True, "next": found.next} if found.next else {}
    listed = {"versions": [row.version for row in found.rows]} if found.rows else {}
    return _paged(msgspec.json.encode(more | listed), found)


def error(request: Request[Any, Any, Any], problem: Exception) -> Response[bytes]:
    """TAXII 2.1, error resource. Bad pages and limits are 400, as TAXII wants it; nothing sent is repeated."""
    headers, details = {}, {}
    if isinstance(problem, Refused):
        status, sentence = problem.status, str(problem)
    else:
        failure = failure_of(problem)
        status, sentence = failure.status, failure.detail
        if failure.is_unforeseen:
            note(request, problem)
        if isinstance(problem, Invalid):
            if any(one.code == "bad_cursor" for one in problem.problems):
                status = 400
            details = {one.pointer or "/": one.reason for one in problem.problems[:50]}
    if isinstance(problem, Unauthenticated):
        headers["WWW-Authenticate"] = 'Basic realm="TAXII", charset="UTF-8"'
    if isinstance(problem, HTTPException) and not isinstance(problem, ComityError):
        headers.update(problem.headers or {})
    body: dict[str, Any] = {
        "title": TITLES.get(status, "Error"),
        "description": sentence,
        "http_status": str(status),
    }
    if details:
        body["details"] = details
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA, headers=headers)


def split(prefix: str, others: Callable[[Request[Any, Any, Any], Exception], Response[Any]]) -> Any:
    """How errors are told: as TAXII under its own prefix, as `others` do everywhere else."""

    def told(request: Request[Any, Any, Any], problem: Exception) -> Response[Any]:
        if request.url.path.startswith(prefix):
            return error(request, problem)
        return others(request, problem)

    return told


def _paged(data: bytes, found: Slice) -> Response[bytes]:
    headers = {}
    if found.first:
        headers = {"X-TAXII-Date-Added-First": found.first, "X-TAXII-Date-Added-Last": found.last}
    return Response(data, media_type=MEDIA, headers=headers)
