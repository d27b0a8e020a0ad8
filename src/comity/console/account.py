"""One's own account: password, API tokens, signing out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from litestar import Response
from markupsafe import Markup

from comity.access.policy import Action, Scope
from comity.access.routes import address_of, caller_of
from comity.admin import kinds
from comity.admin.counter import Accounts
from comity.admin.passkeys import Passkeys
from comity.admin.preferences import Preferences
from comity.admin.provider import Provider
from comity.admin.second_factor import SecondFactors
from comity.console import cookies
from comity.console.forms import Form
from comity.console.pages import Ask, passkey_page
from comity.console.routing import Paths, asked, named, see
from comity.console.signing import new_password, site_of
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.settings import Settings

ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
)
"""Offered in the field; any other IANA name is taken too."""
DONE = {
    "password": "The password was changed. Every other session of yours has ended.",
    "zone": "From now on times are shown like that.",
    "ended": "The token has ended.",
    "factor": "Your codes have ended.",
    "passkey": "The passkey is registered.",
    "unkeyed": "The passkey is removed here. Your device may still offer it: remove it there too.",
}


def add(
    paths: Paths, accounts: Accounts, settings: Settings, clock: Callable[[], datetime], provider: Provider
) -> None:
    """The account page and its forms."""

    factors = SecondFactors(accounts)
    preferences = Preferences(accounts=accounts)
    passkeys = Passkeys(factors=factors, site=site_of(settings))

    def shown(
        request: Ask,
        *,
        status: int = 200,
        problems: tuple[Problem, ...] = (),
        fresh: str = "",
        recovery: tuple[str, ...] = (),
        done: str = "",
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        factor = factors.mine(viewer)
        return passkey_page(
            request,
            "admin/account.html",
            status=status,
            account=accounts.account(viewer),
            tokens=accounts.tokens(viewer),
            scopes=tuple(Scope),
            days=kinds.TOKEN_DAYS,
            zones=ZONES,
            problems=problems,
            fresh=fresh,
            factor=factor,
            picture=Markup(factor.picture),  # noqa: S704  drawn by us from the secret and an escaped name
            needs_factor=accounts.needs_second_factor and factor.is_missing,
            passkeys=passkeys.mine(viewer),
            provider=provider.name,
            joined=provider.joined(viewer),
            asking=passkeys.ask_to_make(viewer),
            why_not=passkeys.why_not,
            recovery=recovery,
            address=settings.address,
            now=clock(),
            done=done or DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/account", Action.OWN_ACCOUNT)
    def account(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/account/zone", Action.OWN_ACCOUNT)
    def zone(request: Ask, form: Form) -> Response[Any]:
        try:
            preferences.set_zone(caller_of(request).viewer, form.text("zone")[:200])
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        return see("/account?done=zone")

    @paths.take("/account/password", Action.OWN_ACCOUNT)
    def password(request: Ask, form: Form) -> Response[Any]:
        try:
            new = new_password(form)
            made = accounts.change_password(
                caller_of(request).viewer, old=form.text("old")[:1000], new=new, address=address_of(request)
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/old", "wrong_password", str(error)),))
        response = see("/account?done=password")
        cookies.sign_in(response, made.secret, is_https=paths.is_https)
        return response

    @paths.take("/account/codes", Action.OWN_ACCOUNT)
    def begin_factor(request: Ask, form: Form) -> Response[Any]:
        try:
            viewer = caller_of(request).viewer
            factors.begin(viewer, password=form.text("password")[:1000], address=address_of(request))
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/password", "wrong_password", str(error)),))
        return see("/account#second")

    @paths.take("/account/codes/confirm", Action.OWN_ACCOUNT)
    def confirm_factor(request: Ask, form: Form) -> Response[Any]:
        try:
            return shown(request, recovery=factors.confirm(caller_of(request).viewer, form.text("code")[:100]))
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/code", "wrong_code", str(error)),))

    @paths.take("/account/codes/recovery", Action.OWN_ACCOUNT)
    def renew_recovery(request: Ask, form: Form) -> Response[Any]:
        try:
            return shown(request, recovery=factors.renew_recovery(caller_of(request).viewer, form.text("code")[:100]))
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/code", "wrong_code", str(error)),))

    @paths.take("/account/codes/end", Action.OWN_ACCOUNT)
    def end_factor(request: Ask, form: Form) -> Response[Any]:
        try:
            factors.end(caller_of(request).viewer, form.text("code")[:100])
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/code", "wrong_code", str(error)),))
        return see("/account?done=factor")

    @paths.take("/account/passkeys", Action.OWN_ACCOUNT)
    def add_passkey(request: Ask, form: Form) -> Response[Any]:
        try:
            recovery = passkeys.make(
                caller_of(request).viewer,
                name=form.text("passkey-name")[:200],
                password=form.text("password")[:1000],
                address=address_of(request),
                text=form.text("answer"),
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/passkey", "refused", str(error)),))
        except Conflict as error:
            return shown(request, status=409, problems=(Problem("/passkey-name", "taken", str(error)),))
        return shown(request, recovery=recovery, done=DONE["passkey"])

    @paths.take("/account/passkeys/{passkey:str}/remove", Action.OWN_ACCOUNT)
    def remove_passkey(request: Ask, form: Form) -> Response[Any]:
        try:
            passkeys.remove(
                caller_of(request).viewer,
                named(request, "passkey"),
                password=form.text("password")[:1000],
                address=address_of(request),
            )
        except Forbidden as error:
            return shown(request, status=403, problems=(Problem("/password", "wrong_password", str(error)),))
        return see("/account?done=unkeyed#passkeys")

    @paths.take("/account/tokens", Action.OWN_ACCOUNT)
    def make_token(request: Ask, form: Form) -> Response[Any]:
        scopes = frozenset(scope for scope in Scope if scope.value in form.all("scope"))
        days = form.text("days")
        try:
            fresh, _ = accounts.make_token(
                caller_of(request).viewer,
                label=form.text("label")[:200],
                scopes=scopes,
                days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        return shown(request, fresh=fresh)

    @paths.press("/account/tokens/{token:str}/end", Action.OWN_ACCOUNT)
    def end_token(request: Ask) -> Response[Any]:
        accounts.revoke_token(caller_of(request).viewer, named(request, "token"))
        return see("/account?done=ended")
