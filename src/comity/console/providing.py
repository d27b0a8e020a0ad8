"""To the sign-in provider and back, and out of both."""

from typing import Any
from urllib.parse import quote

from litestar import Response

from comity.access.failures import failure_of
from comity.access.oidc import BACK
from comity.access.policy import Action
from comity.admin.counter import Accounts
from comity.admin.provider import Provider
from comity.admin.views import HalfWay
from comity.console import cookies
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked
from comity.console.signing import into, own_path
from comity.errors import ComityError


def add(paths: Paths, accounts: Accounts, provider: Provider) -> None:
    """The pages around the provider. They are links, since a form may not lead to another site here."""

    def leave(*, following: str, invitation: str = "") -> Response[Any]:
        there, attempt = provider.begin(following=following, invitation=invitation)
        response = Response(b"", status_code=303, headers={"Location": there})
        cookies.to_provider(response, attempt, is_https=paths.is_https)
        return response

    @paths.show("/sign-in/provider", Action.SIGN_IN)
    def begin(request: Ask) -> Response[Any]:
        return leave(following=own_path(asked(request, "next")))

    @paths.show("/invitation/{secret:str}/provider", Action.SIGN_IN)
    def follow_invitation(request: Ask) -> Response[Any]:
        return leave(following="/", invitation=str(request.path_params["secret"]))

    @paths.show(BACK, Action.SIGN_IN)
    def back(request: Ask) -> Response[Any]:
        """The browser comes from another site, so it shows no cookie of ours at once: a page of ours leads on."""
        query = {name: str(value) for name, value in request.query_params.items()}
        try:
            made, following = provider.finish(cookies.provider_of(request), query)
        except ComityError as error:
            values = {"said": str(error), "provider": provider.name, "following": ""}
            refused = page(request, "admin/provider_back.html", status=failure_of(error).status, **values)
            cookies.back_from_provider(refused, is_https=paths.is_https)
            return refused
        there = own_path(following)
        if isinstance(made, HalfWay):
            there = f"/sign-in/code?next={quote(there, safe='')}"
        response = page(request, "admin/provider_back.html", said="", provider=provider.name, following=there)
        if isinstance(made, HalfWay):
            cookies.half_way(response, made.secret, is_https=paths.is_https)
        else:
            response.cookies.extend(into(paths, accounts, request, made, there).cookies)
        cookies.back_from_provider(response, is_https=paths.is_https)
        return response

    @paths.show("/signed-out", Action.SIGN_IN)
    def signed_out(request: Ask) -> Response[Any]:
        return page(request, "admin/signed_out.html", provider=provider.name, there=provider.way_off())
