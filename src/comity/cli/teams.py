"""Teams at the terminal: which there are, who is in them, and changing that."""

from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

Team = Annotated[str, Parameter(help="a team's id, as `comity team list` shows it")]
Login = Annotated[str, Parameter(help="a sign-in name")]


def listed(*, host: Host = "", json: Json = False) -> None:
    """Which teams there are, and who is in them now; with --json also who was before."""
    with place(configured(host)) as there:
        held = there.read("/teams")
    if json:
        show.document(held)
        return
    rows = [
        (
            one["team"],
            one["name"],
            one["organisation"],
            ", ".join(f"{m['name']} ({m['login']})" for m in one["members"] if m["left_at"] is None) or "nobody",
        )
        for one in held["rows"]
    ]
    show.table(("team", "name", "organisation", "who is in it"), rows, empty="There is no team yet.")


def make(name: str, *, organisation: str, host: Host = "", json: Json = False) -> None:
    """Make a team of an organisation that has accounts on the host; nobody is in it at first."""
    with place(configured(host)) as there:
        made = there.act("/teams", {"name": name, "organisation": organisation})
    show.document(made) if json else show.line(f"{made['team']}: the team is made, and nobody is in it yet.", "green")


def rename(team: Team, name: str, *, host: Host = "") -> None:
    """Give a team another name."""
    with place(configured(host)) as there:
        there.act(f"/teams/{team}", {"act": "rename", "name": name})
    show.line(f"{team} is called {name}.", "green")


def add(team: Team, login: Login, *, host: Host = "") -> None:
    """Add somebody of the team's own organisation: they see from now on what it was read in to."""
    with place(configured(host)) as there:
        there.act(f"/teams/{team}", {"act": "add", "login": login})
    show.line(f"{login} is in {team}.", "green")


def remove(team: Team, login: Login, *, host: Host = "") -> None:
    """Remove somebody: they see nothing through the team from now on."""
    with place(configured(host)) as there:
        there.act(f"/teams/{team}", {"act": "remove", "login": login})
    show.line(f"{login} is no longer in {team}.", "green")
