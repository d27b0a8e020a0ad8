"""The TAP-compatible door (revision 911320e): `POST /v1/reports`, `GET /v1/submissions/{receipt}`.

A TAP client works unchanged: its paths, status codes, problem types and codes. Tokens are this host's own. What TAP
announces and does not serve yet (dedupe outcome, validation) is under `/api/v1/submissions/{receipt}` for the sender.
Order of the checks, each before the body is read: cross-origin, token, content type, rate.
"""

from typing import Any, Final

import msgspec
from anyio import to_thread
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, RawBody

from comity.access.caller import STRANGER, Directory
from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.problems import MEDIA_TYPE
from comity.clearing.desk import Accepted, Clearing, Document, Refused
from comity.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from comity.formats import parse, tap_multipart, tap_problem
from comity.formats.parse import Limits
from comity.formats.tap import Tap
from comity.settings import Settings

OLD_HEADER: Final = "tap-submission-token"
TAKEN: Final = ("application/json", tap_multipart.MULTIPART)
RETRY_SECONDS: Final = 30
Connection = ASGIConnection[Any, Any, Any, Any]
Ask = Request[Any, Any, Any]


class TapStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Status of a receipt: queued, processing or done, and nothing more."""

    receipt: str
    status: str
    at: Any


class TapTaken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The receipt of a report. `warnings` carry the code `deprecated_field` alone."""

    receipt: str
    message: str
    warnings: list[dict[str, Any]] = []


def router(clearing: Clearing, directory: Directory, settings: Settings) -> Router:
    """The door, with its own guard: TAP takes a token in either of two headers."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        headers = connection.headers
        sends = connection.scope.get("method") == "POST"
        if sends and _cross_origin(headers, settings.address):
            raise Forbidden("a browser's request from another origin is not taken here")
        caller = STRANGER
        secret = _secret(headers)
        if secret:
            found = await to_thread.run_sync(directory.by_token, secret)
            if found is None:
                raise Unauthenticated("no usable token")
            caller = found
        connection.scope["state"]["caller"] = caller
        caller.check(handler.opt["action"])
        if sends and headers.get("content-type", "").partition(";")[0].strip().lower() not in TAKEN:
            raise HTTPException(status_code=415)
        if sends and not await to_thread.run_sync(clearing.within_rate, caller.viewer):
            raise HTTPException(status_code=429, headers={"Retry-After": "600"})

    @post(
        "/reports",
        opt={"action": Action.SUBMIT},
        operation_id="tapSubmit",
        operation_class=asking.raw_body(TAKEN, "One TAP report, as JSON or as multipart/mixed"),
        request_max_body_size=settings.body_limit_bytes,
        status_code=202,
        sync_to_thread=True,
        summary="TAP: hand in one report",
        responses=asking.ERRORS | {429: asking.problem("Too many reports in this hour: wait as `Retry-After` says")},
        response_headers=None,
    )
    def submit(request: Ask, body: RawBody) -> Response[Any]:
        """202 with a receipt and the address that follows it; equal bytes within seven days get the same receipt."""
        limits = Limits(document_bytes=settings.body_limit_bytes, attachment_bytes=settings.attachment_limit_bytes)
        stated = request.headers.get("content-type", "")
        try:
            if stated.partition(";")[0].strip().lower() == tap_multipart.MULTIPART:
                reading = tap_multipart.read(body, stated, limits)
            else:
                reading = Tap(limits=limits).read_document(parse.decode(body, limits, controls=True))
            document = Document(name="tap", data=body, media_type=Tap().media_type)
            (answer,) = clearing.accept(asking.viewer_of(request), document, Tap().name, reading)
        except tap_multipart.Broken as error:
            return _answer({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": str(error)})
        except Invalid as error:
            return _answer(tap_problem.document(error.problems, settings.tap_problem_base))
        except Unavailable as error:
            held = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": str(error)}
            return _answer(held, {"Retry-After": str(RETRY_SECONDS)})
        assert not isinstance(answer, Refused)
        assert isinstance(answer, Accepted)
        deprecated = [warning for warning in answer.warnings if warning.code == "deprecated_field"]
        taken = TapTaken(
            receipt=answer.receipt,
            message="received before: this is its receipt" if answer.repeat else "received",
            warnings=list(tap_problem.entries(deprecated)),
        )
        return Response(taken, status_code=202, headers={"Link": f'</v1/submissions/{answer.receipt}>; rel="monitor"'})

    @get(
        "/submissions/{receipt:str}",
        opt={"action": Action.FOLLOW_RECEIPT},
        operation_id="tapFollow",
        sync_to_thread=True,
        summary="TAP: what became of a receipt",
        responses=asking.ERRORS,
    )
    def follow(receipt: FromPath[str]) -> TapStatus:
        """The receipt is a capability: whoever holds it may ask."""
        status = clearing.status(asking.name(receipt))
        return TapStatus(receipt=status.receipt, status=status.status, at=wire.utc(status.at))

    return Router(
        "/v1",
        route_handlers=[submit, follow],
        request_class=asking.Nested,
        guards=[guard],
        request_max_body_size=settings.body_limit_bytes,
    )


def _secret(headers: Any) -> str:
    """The token of either header. 400 when both are given and differ."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    old = headers.get(OLD_HEADER, "").strip()
    bearer = bearer.strip()
    if bearer and scheme.lower() != "bearer":
        raise Unauthenticated("no usable token")
    if bearer and old and bearer != old:
        raise HTTPException(status_code=400)
    return str(bearer or old)


def _cross_origin(headers: Any, address: str) -> bool:
    origin = headers.get("origin", "")
    return headers.get("sec-fetch-site", "") in {"cross-site", "same-site"} or (origin != "" and origin != address)


def _answer(held: Any, headers: dict[str, str] | None = None) -> Response[Any]:
    body = msgspec.json.encode(held)
    return Response(body, status_code=int(held["status"]), media_type=MEDIA_TYPE, headers=headers)
