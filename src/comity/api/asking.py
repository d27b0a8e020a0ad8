"""Read what a request says, where the framework leaves it raw: names in addresses, cursors, who asks."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.params import QueryParameter

from comity.access.routes import caller_of
from comity.api.problems import MEDIA_TYPE, Body
from comity.errors import Invalid, Missing, Problem
from comity.model.ids import is_digest
from comity.model.party import Viewer

Ask: TypeAlias = Request[Any, Any, Any]
After: TypeAlias = Annotated[
    str,
    QueryParameter(
        name="after", max_length=400, description="`next` of the page before, unchanged; empty for the first"
    ),
]
Limit: TypeAlias = Annotated[int, QueryParameter(name="limit", ge=1, le=500, description="rows on one page")]

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
"""What an id or file name in an address looks like. Anything else names nothing here."""

FLAW: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,199}\Z")


def viewer_of(request: Ask) -> Viewer:
    """On whose behalf this request runs."""
    return caller_of(request).viewer


def name(text: str) -> str:
    """A name out of an address; Missing for one that could not be a name here."""
    if not NAME.match(text):
        raise Missing("there is no such thing, or not for this caller")
    return text


def flaw(text: str) -> str:
    """The name of a vulnerability out of an address, such as `RHSA-2024:1`; Missing for what could be none."""
    if not FLAW.match(text):
        raise Missing("there is no such thing, or not for this caller")
    return text


def digest_name(text: str) -> str:
    """A digest out of an address; Missing for anything else."""
    if not is_digest(text):
        raise Missing("there is no such thing, or not for this caller")
    return text


def problem(description: str) -> ResponseSpec:
    """How an error of this API is described in its contract."""
    return ResponseSpec(data_container=Body, generate_examples=False, description=description, media_type=MEDIA_TYPE)


ERRORS: Final = {
    400: problem("The request cannot be read"),
    401: problem("No token, or one that cannot be used"),
    403: problem("This caller may not do this"),
    404: problem("No such thing, or not for this caller: the two never differ"),
    405: problem("This address does not take that method"),
    408: problem("The body came too slowly, and nothing was stored"),
    409: problem("The thing is not in a state that allows this"),
    413: problem("The request is larger than this host takes"),
    415: problem("This address does not take that content type"),
    422: problem("The request breaks its contract; `problems` lists every place"),
    429: problem("Too many requests: `Retry-After` says how many seconds to wait"),
    500: problem("Something failed here; nothing more is told"),
    503: problem("Not available now"),
}
"""Every error that any operation may answer with."""


def raw_body(media_types: tuple[str, ...], description: str) -> type[Operation]:
    """An operation whose body is taken as bytes, described as any JSON of these media types."""

    @dataclass
    class RawBody(Operation):
        def __post_init__(self) -> None:
            content = {kind: OpenAPIMediaType(schema=Schema(description=description)) for kind in media_types}
            self.request_body = RequestBody(content=content, description=description, required=True)

    return RawBody


def success(shape: type, description: str) -> ResponseSpec:
    """How a second kind of success is described in the contract."""
    return ResponseSpec(data_container=shape, generate_examples=False, description=description)


def download(description: str) -> ResponseSpec:
    """How a download is described in the contract."""
    return ResponseSpec(
        data_container=bytes,
        generate_examples=False,
        description=description,
        media_type="application/octet-stream",
    )


def inert(data: bytes, file_name: str, media_type: str = "application/octet-stream") -> Response[bytes]:
    """Bytes as a download that no browser renders (with the headers that every answer gets).

    `Repr-Digest` (RFC 9530) carries their SHA-256.
    """
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return Response(data, media_type=media_type, headers=headers)


def unsupported_type() -> HTTPException:
    """415: the body's content type is none that this address takes."""
    return HTTPException(status_code=415)


class Nested(Request[Any, Any, Any]):
    """A request whose JSON may nest deeper than the decoder follows: that is the caller's fault, not the host's."""

    async def json(self) -> Any:
        """The body as JSON. Invalid when it is nested too deeply."""
        try:
            return await super().json()
        except RecursionError as error:
            problem = Problem("", "structure_too_deep", "send one flat JSON object")
            raise Invalid("the request is nested too deeply", [problem]) from error
