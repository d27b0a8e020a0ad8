"""Signing in and out, the first account, invitations and single-use links."""

import ipaddress
import re
from typing import Any, Final
from urllib.parse import quote

from litestar import Response

from comity.access.passkeys import Site
from comity.access.passkeys import site_of as passkey_site
from comity.access.policy import Action
from comity.access.routes import address_of, caller_of
from comity.admin.counter import Accounts
from comity.admin.passkeys import Passkeys
from comity.admin.provider import Provider
from comity.admin.second_factor import SecondFactors
from comity.admin.views import Account, HalfWay, Refused, SignedIn
from comity.console import cookies
from comity.console.forms import Form
from comity.console.pages import Ask, page, passkey_page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Invalid, Missing, Problem
from comity.settings import Settings

LOCAL_PATH: Final = re.compile(r"/(?![/\\])[A-Za-z0-9._~/?&=%+-]{0,300}\Z")
"""A page of this very host. Two slashes, or a slash and a backslash, would name another one."""
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


def add(paths: Paths, accounts: Accounts, settings: Settings, provider: Provider) -> None:
    """The pages around sessions."""
    factors = SecondFactors(accounts)
    passkeys = Passkeys(factors=factors, site=site_of(settings))

    def sign_in_shown(
        request: Ask, following: str, *, login: str = "", refused: int | None = None, by: str = "password"
    ) -> Response[Any]:
        """The page itself; after a wrong attempt with what it says of it."""
        response = passkey_page(
            request,
            "admin/sign_in.html",
            status=200 if refused is None else 429 if refused else 401,
            login=login,
            following=following,
            refused=refused,
            by=by,
            needs_first=refused is None and accounts.first_secret() is not None,
            asking=passkeys.ask_to_sign_in(),
            provider=provider.name,
        )
        if refused:
            response.headers["Retry-After"] = str(refused)
        return response

    @paths.show("/sign-in", Action.SIGN_IN)
    def sign_in_page(request: Ask) -> Response[Any]:
        return sign_in_shown(request, own_path(asked(request, "next")))

    @paths.take("/sign-in", Action.SIGN_IN)
    def sign_in(request: Ask, form: Form) -> Response[Any]:
        answer = accounts.sign_in(form.text("login")[:200], form.text("password")[:1000], address=address_of(request))
        following = own_path(form.text("next"))
        if isinstance(answer, Refused):
            seconds = int(answer.wait.total_seconds())
            return sign_in_shown(request, following, login=form.text("login")[:200], refused=seconds)
        return into_or_half_way(paths, accounts, request, answer, following)

    @paths.take("/sign-in/passkey", Action.SIGN_IN)
    def passkey(request: Ask, form: Form) -> Response[Any]:
        following = own_path(form.text("next"))
        answer = passkeys.sign_in(form.text("answer"), address=address_of(request))
        if isinstance(answer, Refused):
            return sign_in_shown(request, following, refused=int(answer.wait.total_seconds()), by="passkey")
        return into(paths, accounts, request, answer, following)

    def code_page(request: Ask, following: str, *, refused: int | None = None) -> Response[Any]:
        response = passkey_page(
            request,
            "admin/code.html",
            status=200 if refused is None else 429 if refused else 401,
            following=following,
            refused=refused,
            asking=passkeys.ask_half_way(cookies.half_way_of(request)),
        )
        if refused:
            response.headers["Retry-After"] = str(refused)
        return response

    @paths.show("/sign-in/code", Action.SIGN_IN)
    def code_asked(request: Ask) -> Response[Any]:
        if not factors.half_way(cookies.half_way_of(request)):
            return see("/sign-in")
        return code_page(request, own_path(asked(request, "next")))

    @paths.take("/sign-in/code", Action.SIGN_IN)
    def code(request: Ask, form: Form) -> Response[Any]:
        following = own_path(form.text("next"))
        try:
            if form.text("answer"):
                answer = passkeys.finish(cookies.half_way_of(request), form.text("answer"))
            else:
                answer = factors.finish(cookies.half_way_of(request), form.text("code")[:100])
        except Missing:
            return see("/sign-in")
        if isinstance(answer, Refused):
            return code_page(request, following, refused=int(answer.wait.total_seconds()))
        return into(paths, accounts, request, answer, following)

    @paths.press("/sign-out", Action.OWN_ACCOUNT)
    def sign_out(request: Ask) -> Response[Any]:
        session, _ = cookies.names(is_https=paths.is_https)
        is_joined = provider.joined(caller_of(request).viewer) is not None
        accounts.sign_out(request.cookies.get(session, ""))
        response = see("/signed-out" if is_joined else "/")
        cookies.sign_out(response, is_https=paths.is_https)
        return response

    @paths.show("/setup/{secret:str}", Action.SIGN_IN)
    def first_page(request: Ask) -> Response[Any]:
        if not accounts.is_first(named(request, "secret")):
            raise Missing("there is no such page")
        return page(request, "admin/setup.html", problems=(), name="", login="", organisation="")

    @paths.take("/setup/{secret:str}", Action.SIGN_IN)
    def first(request: Ask, form: Form) -> Response[Any]:
        values = {name: form.text(name)[:200] for name in ("name", "login", "organisation")}
        try:
            made = accounts.make_first(named(request, "secret"), password=new_password(form), **values)
        except Invalid as error:
            return page(request, "admin/setup.html", status=422, problems=error.problems, **values)
        return into(paths, accounts, request, made, "/people")

    @paths.show("/invitation/{secret:str}", Action.SIGN_IN)
    def invitation_page(request: Ask) -> Response[Any]:
        account = accounts.invited(str(request.path_params["secret"]))
        return invitation_shown(request, account, secret=str(request.path_params["secret"]))

    def invitation_shown(
        request: Ask, account: Account, *, secret: str, status: int = 200, problems: tuple[Problem, ...] = ()
    ) -> Response[Any]:
        values = {"account": account, "problems": problems, "secret": secret, "provider": provider.name}
        return page(request, "admin/invitation.html", status=status, **values)

    @paths.take("/invitation/{secret:str}", Action.SIGN_IN)
    def invitation(request: Ask, form: Form) -> Response[Any]:
        secret = str(request.path_params["secret"])
        account = accounts.invited(secret)
        try:
            made = accounts.accept(secret, password=new_password(form))
        except Invalid as error:
            return invitation_shown(request, account, secret=secret, status=422, problems=error.problems)
        return into_or_half_way(paths, accounts, request, made, "/")

    @paths.show("/link/{secret:str}", Action.SIGN_IN)
    def link_page(request: Ask) -> Response[Any]:
        return page(request, "admin/link.html", following=own_path(asked(request, "next")))

    @paths.take("/link/{secret:str}", Action.SIGN_IN)
    def link(request: Ask, form: Form) -> Response[Any]:
        made = accounts.use_link(str(request.path_params["secret"]), on_this_host=is_on_this_host(request))
        return into(paths, accounts, request, made, own_path(form.text("next")))

    @paths.show("/read-in/{secret:str}", Action.SIGN_IN)
    def read_in_page(request: Ask) -> Response[Any]:
        return page(request, "admin/read_in.html", following=own_path(asked(request, "next")))

    @paths.take("/read-in/{secret:str}", Action.SIGN_IN)
    def read_in(request: Ask, form: Form) -> Response[Any]:
        made = accounts.use_read_in(str(request.path_params["secret"]))
        return into(paths, accounts, request, made, own_path(form.text("next")))


def into_or_half_way(
    paths: Paths, accounts: Accounts, request: Ask, made: SignedIn | HalfWay, following: str
) -> Response[Any]:
    """Begin the session, or ask for the second factor first."""
    if isinstance(made, SignedIn):
        return into(paths, accounts, request, made, following)
    response = see(f"/sign-in/code?next={quote(following, safe='')}")
    cookies.half_way(response, made.secret, is_https=paths.is_https)
    return response


def into(paths: Paths, accounts: Accounts, request: Ask, made: SignedIn, following: str) -> Response[Any]:
    """Begin the session in this browser; the one it had, if any, ends."""
    session, _ = cookies.names(is_https=paths.is_https)
    before = request.cookies.get(session)
    if before:
        accounts.sign_out(before)
    response = see(following)
    cookies.sign_in(response, made.secret, is_https=paths.is_https)
    return response


def site_of(settings: Settings) -> Site:
    """Whom passkeys are bound to here."""
    return passkey_site(settings.address, domain=settings.passkey_domain, name=settings.organisation)


def own_path(text: str) -> str:
    """Where to go after signing in: a page of this host, else the first page."""
    return text if LOCAL_PATH.match(text) else "/"


def is_on_this_host(request: Ask) -> bool:
    """Whether the browser runs on this very machine: a loopback peer that no proxy speaks for."""
    if any(header in request.headers for header in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def new_password(form: Form) -> str:
    """The password that was typed twice; Invalid when the two differ."""
    password = form.text("password")[:1000]
    if password != form.text("again")[:1000]:
        raise Invalid("typed differently", [Problem("/again", "not_the_same", "type the same password twice")])
    return password
