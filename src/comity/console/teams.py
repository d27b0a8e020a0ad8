"""Teams: who is in which, and changing that."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.admin.counter import Accounts
from comity.admin.teams import Teams
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Invalid, Problem
from comity.model.ids import PartyId

DONE = {
    "made": "The team was made. Nobody is in it yet.",
    "renamed": "The team has its new name.",
    "added": "They are in the team, and see from now on what it was read in to.",
    "removed": "They are out of the team, and see nothing through it any more.",
}


def add(paths: Paths, accounts: Accounts) -> None:
    """The pages of teams."""
    counter = Teams(accounts)

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        may_change = may(viewer, Action.KEEP_TEAMS)
        return page(
            request,
            "admin/teams.html",
            status=status,
            groups=counter.all(viewer),
            may_change=may_change,
            organisations=counter.organisations(viewer) if may_change else (),
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/teams", Action.READ_TEAMS)
    def teams(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/teams", Action.KEEP_TEAMS)
    def make(request: Ask, form: Form) -> Response[Any]:
        name, organisation = form.text("name")[:300], form.text("organisation")[:300]
        try:
            counter.make(caller_of(request).viewer, name=name, organisation=organisation)
        except (Invalid, Conflict) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see("/teams?done=made")

    @paths.take("/teams/{team:str}", Action.KEEP_TEAMS)
    def change(request: Ask, form: Form) -> Response[Any]:
        viewer, team = caller_of(request).viewer, PartyId(named(request, "team"))
        act = form.text("act")
        try:
            if act == "add":
                counter.add(viewer, team, login=form.text("login")[:300])
                return see("/teams?done=added")
            if act == "remove":
                counter.remove(viewer, team, login=form.text("login")[:300])
                return see("/teams?done=removed")
            counter.rename(viewer, team, name=form.text("name")[:300])
        except (Invalid, Conflict) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see("/teams?done=renamed")
