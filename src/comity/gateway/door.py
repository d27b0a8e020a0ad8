"""Serve `/v1/chat/completions` and `/v1/models` to whoever holds a gateway key, and nothing else.

Errors have the shape that clients of such an API read: `{"error": {"message", "type", "code", "param"}}`. A run names
itself by the header `X-Comity-Run`, so that its own token budget can be kept.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody
from litestar.types import BeforeMessageSendHookHandler

from comity.access.failures import failure_of
from comity.access.headers import SecurityHeaders
from comity.access.policy import Action
from comity.access.routes import ACTION, check_declared
from comity.assess.desk import BODY_LIMIT, LARGE, Answer, Assess, Refused

RUN_HEADER: Final = "x-comity-run"
RUN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\Z")
NO_RUN: Final = "unnamed"
RATE_STATUS: Final = 429

Ask = Request[Any, Any, Any]


def build(assess: Assess, *, hooks: Sequence[BeforeMessageSendHookHandler] = ()) -> Litestar:
    """The application over the counter. `hooks`: for every message that goes out."""
    app = Litestar(
        route_handlers=routes(assess),
        exception_handlers={Exception: _failed},
        before_send=[SecurityHeaders(is_https=False), *hooks],
        request_max_body_size=BODY_LIMIT.document_bytes,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    check_declared(app)
    return app


def routes(assess: Assess) -> list[HTTPRouteHandler]:
    """The two calls."""

    @post("/v1/chat/completions", opt={ACTION: Action.USE_GATEWAY}, status_code=200, sync_to_thread=True)
    def complete(request: Ask, body: RawBody) -> Response[bytes]:
        run = request.headers.get(RUN_HEADER, "")
        if run and not RUN.match(run):
            return _refused(
                Refused(status=400, code="invalid_run", reason="a run's name has 1 to 128 plain characters")
            )
        found = assess.complete(_key(request), run=run or NO_RUN, data=body)
        match found:
            case Answer(data=data):
                return Response(data, media_type="application/json")
            case Refused():
                return _refused(found)

    @get("/v1/models", opt={ACTION: Action.USE_GATEWAY}, sync_to_thread=True)
    def models(request: Ask) -> Response[bytes]:
        found = assess.models(_key(request))
        if isinstance(found, Refused):
            return _refused(found)
        listed = [{"id": name, "object": "model", "owned_by": "developer"} for name in found]
        return Response(msgspec.json.encode({"object": "list", "data": listed}), media_type="application/json")

    return [complete, models]


def _key(request: Ask) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _refused(refused: Refused) -> Response[bytes]:
    kind = "rate_limit_error" if refused.status == RATE_STATUS else "invalid_request_error"
    body = {"error": {"message": refused.reason, "type": kind, "code": refused.code, "param": None}}
    return Response(msgspec.json.encode(body), status_code=refused.status, media_type="application/json")


def _failed(_request: Ask, error: Exception) -> Response[bytes]:
    """What the framework itself refuses, and what nobody foresaw: told in the same shape, without details."""
    if isinstance(error, HTTPException):
        if error.status_code == LARGE.status:
            return _refused(LARGE)
        return _refused(
            Refused(status=error.status_code, code="invalid_request", reason="this call is not served here")
        )
    failure = failure_of(error)
    return _refused(Refused(status=failure.status, code="gateway_failed", reason=failure.detail))
