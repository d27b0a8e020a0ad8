"""Accounts of others, for administrators; and the host's health and journal for those who answer for them."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.admin.counter import Accounts
from comity.admin.provider import Provider
from comity.admin.second_factor import SecondFactors
from comity.admin.views import Proof
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Invalid, Problem
from comity.model.ids import PartyId
from comity.model.party import Role
from comity.settings import Settings

DONE = {
    "roles": "The roles were changed.",
    "disabled": "The account is disabled; its sessions and tokens have ended.",
    "parted": "Their account is parted from the sign-in provider, and their sessions have ended.",
    "factor": "Their second factor was removed and their sessions have ended: the password alone signs them in.",
}


def add(paths: Paths, accounts: Accounts, settings: Settings, provider: Provider) -> None:
    """The pages that run the host."""

    def shown(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), invitation: str = ""
    ) -> Response[Any]:
        return page(
            request,
            "admin/people.html",
            status=status,
            accounts=accounts.accounts(caller_of(request).viewer),
            roles=tuple(Role),
            problems=problems,
            invitation=f"{settings.address}/invitation/{invitation}" if invitation else "",
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/people", Action.MANAGE_ACCOUNTS)
    def people(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/people", Action.MANAGE_ACCOUNTS)
    def add_person(request: Ask, form: Form) -> Response[Any]:
        try:
            invitation = accounts.add(
                caller_of(request).viewer,
                name=form.text("name")[:300],
                login=form.text("login")[:300],
                organisation=form.text("organisation")[:300],
                roles=_roles(form),
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems)
        except Conflict as error:
            return shown(request, status=409, problems=(Problem("/login", "taken", str(error)),))
        return shown(request, invitation=invitation)

    @paths.take("/people/{person:str}/roles", Action.MANAGE_ACCOUNTS)
    def roles(request: Ask, form: Form) -> Response[Any]:
        accounts.set_roles(caller_of(request).viewer, PartyId(named(request, "person")), _roles(form))
        return see("/people?done=roles")

    @paths.press("/people/{person:str}/invitation", Action.MANAGE_ACCOUNTS)
    def invite(request: Ask) -> Response[Any]:
        return shown(request, invitation=accounts.invite(caller_of(request).viewer, PartyId(named(request, "person"))))

    @paths.press("/people/{person:str}/disable", Action.MANAGE_ACCOUNTS)
    def disable(request: Ask) -> Response[Any]:
        accounts.disable(caller_of(request).viewer, PartyId(named(request, "person")))
        return see("/people?done=disabled")

    @paths.press("/people/{person:str}/second-factor", Action.MANAGE_ACCOUNTS)
    def remove_factor(request: Ask) -> Response[Any]:
        try:
            SecondFactors(accounts).remove(caller_of(request).viewer, PartyId(named(request, "person")))
        except Conflict as error:
            return shown(request, status=409, problems=(Problem("", "own_factor", str(error)),))
        return see("/people?done=factor")

    @paths.press("/people/{person:str}/provider", Action.MANAGE_ACCOUNTS)
    def part(request: Ask) -> Response[Any]:
        provider.part(caller_of(request).viewer, PartyId(named(request, "person")))
        return see("/people?done=parted")

    def host_page(request: Ask, proof: Proof | None) -> Response[Any]:
        viewer = caller_of(request).viewer
        lines = accounts.doctor(viewer) if may(viewer, Action.READ_DOCTOR) else ()
        return page(request, "admin/host.html", lines=lines, proof=proof)

    @paths.show("/host", Action.VERIFY_JOURNAL)
    def host(request: Ask) -> Response[Any]:
        return host_page(request, None)

    @paths.press("/host/journal", Action.VERIFY_JOURNAL)
    def journal(request: Ask) -> Response[Any]:
        return host_page(request, accounts.verify_journal(caller_of(request).viewer))


def _roles(form: Form) -> frozenset[Role]:
    return frozenset(role for role in Role if role.value in form.all("role"))
