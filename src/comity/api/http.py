"""Make the web application out of the routes of every door: limits, headers, errors and the API's own description."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.types import BeforeMessageSendHookHandler, ControllerRouterHandler

from comity import __version__
from comity.access.headers import IS_HTTPS, SecurityHeaders
from comity.access.patience import patient
from comity.access.policy import Action
from comity.access.routes import check_declared
from comity.api import problems
from comity.api.routes import PREFIX
from comity.settings import Settings

PageError: TypeAlias = Callable[[Request[Any, Any, Any], Exception], Response[Any]]
"""How the pages show an error; everything under `/api/` is answered as problem+json."""

ABOUT: Final = (
    "The calls of a Comity host. Errors are RFC 9457 problem+json; for bad input `problems` lists every place with a "
    "stable code and a reason. What is hidden from a caller and what is missing look the same."
)


def build(
    *,
    routes: Sequence[ControllerRouterHandler],
    settings: Settings,
    page_error: PageError | None = None,
    hooks: Sequence[BeforeMessageSendHookHandler] = (),
) -> Litestar:
    """The application. Raises at start when a route declares no action. `hooks`: for every message that goes out."""

    def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        if page_error is None or request.url.path.startswith(("/api/", "/v1/")):
            return problems.answer(request, error)
        return page_error(request, error)

    is_https = settings.address.startswith("https://")
    app = Litestar(
        route_handlers=[*routes, _description(routes)],
        state=State({IS_HTTPS: is_https}),
        exception_handlers={Exception: on_error},
        middleware=[DefineMiddleware(patient, seconds=settings.body_seconds)],
        before_send=[SecurityHeaders(is_https=is_https), *hooks],
        request_max_body_size=settings.body_limit_bytes,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    check_declared(app)
    return app


def contract(routes: Sequence[ControllerRouterHandler]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes; pages leave themselves out of it.

    It is made from an application of its own, because the framework serves a description only together with pages of
    its own, which declare no action and know nothing of problem+json.
    """
    described = Litestar(
        route_handlers=list(routes),
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Comity",
            version=__version__,
            description=ABOUT,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            components=Components(
                security_schemes={
                    "token": SecurityScheme(
                        type="http", scheme="bearer", description="A token made on one's own account page"
                    )
                }
            ),
            security=[{"token": []}, {}],
            use_handler_docstrings=True,
        ),
    )
    return described.openapi_schema.to_schema()


def _description(routes: Sequence[ControllerRouterHandler]) -> HTTPRouteHandler:
    """The route that serves the description. It is made when it is first asked for, since that takes a while."""

    @cache
    def described() -> bytes:
        return msgspec.json.encode(contract(routes))

    @get(f"{PREFIX}/openapi.json", opt={"action": Action.READ_CONTRACT}, sync_to_thread=True)
    def describe() -> Response[bytes]:
        return Response(described(), media_type="application/json")

    return describe
