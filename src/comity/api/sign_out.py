"""What a sign-in provider tells without anybody's browser: that somebody signed out there."""

from urllib.parse import parse_qsl

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from comity.access.oidc_logout import LONGEST, PATH
from comity.access.policy import Action
from comity.admin.provider import Provider
from comity.api.asking import Ask
from comity.errors import Forbidden


def routes(provider: Provider) -> list[HTTPRouteHandler]:
    """The one operation."""

    @post(
        PATH,
        opt={"action": Action.SIGN_IN},
        include_in_schema=False,  # a form of the provider's own protocol, made by no client of this API
        sync_to_thread=True,
        status_code=200,
        request_max_body_size=LONGEST,
    )
    def signed_out(request: Ask, body: RawBody) -> Response[dict[str, str]]:  # noqa: ARG001  the framework's signature
        """Ends every session of whom the token names. 400 for a token that does not hold, without saying why."""
        try:
            provider.signed_out(_token(body))
        except Forbidden as error:
            return _answer(400, {"error": "invalid_request", "error_description": str(error)})
        return _answer(200, {})

    return [signed_out]


def _token(body: bytes) -> str:
    """The one token of the form. Forbidden for a body that is no such form."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError as error:
        raise Forbidden("send the logout token as a form") from error
    tokens = [value for name, value in pairs if name == "logout_token"]
    if len(tokens) != 1 or tokens[0].count(".") != 2:
        raise Forbidden("send one logout token as a form")
    return tokens[0]


def _answer(status: int, body: dict[str, str]) -> Response[dict[str, str]]:
    return Response(body, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})
