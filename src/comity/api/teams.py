"""Teams: which there are, who is in them, and changing that."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.admin.teams import Group, Member, Teams
from comity.api import asking
from comity.api.asking import Ask
from comity.errors import Invalid, Problem
from comity.model.ids import PartyId
from comity.model.party import Viewer


class TeamMember(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody was in the team."""

    login: str
    name: str
    joined_at: datetime
    joined_by: str
    left_at: datetime | None


class TeamBody(msgspec.Struct, frozen=True, kw_only=True):
    """One team; `members` holds ended times too."""

    team: str
    name: str
    organisation: str
    members: tuple[TeamMember, ...]


class TeamRows(msgspec.Struct, frozen=True, kw_only=True):
    """Every team."""

    rows: tuple[TeamBody, ...]


class NewTeam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team to make, of an organisation that has accounts here."""

    name: str
    organisation: str


class TeamChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`act` is rename (with `name`), add or remove (with `login`)."""

    act: str
    name: str = ""
    login: str = ""


class TeamId(msgspec.Struct, frozen=True, kw_only=True):
    """The team that was made or changed."""

    team: str


def routes(counter: Teams) -> list[HTTPRouteHandler]:
    """The operations on teams."""

    @get(
        "/teams",
        opt={"action": Action.READ_TEAMS},
        operation_id="listTeams",
        sync_to_thread=True,
        summary="Which teams there are, and who is in them",
        responses=asking.ERRORS,
    )
    def list_teams(request: Ask) -> TeamRows:
        """By name, with every time that somebody was in one."""
        return listed(counter, asking.viewer_of(request))

    @post(
        "/teams",
        opt={"action": Action.KEEP_TEAMS},
        operation_id="makeTeam",
        sync_to_thread=True,
        summary="Make a team",
        responses=asking.ERRORS,
    )
    def make_team(request: Ask, data: JSONBody[NewTeam]) -> TeamId:
        """Empty at first."""
        return make(counter, asking.viewer_of(request), data)

    @post(
        "/teams/{team:str}",
        opt={"action": Action.KEEP_TEAMS},
        operation_id="changeTeam",
        sync_to_thread=True,
        status_code=200,
        summary="Rename a team, add somebody or remove them",
        responses=asking.ERRORS,
    )
    def change_team(request: Ask, team: FromPath[str], data: JSONBody[TeamChange]) -> TeamId:
        """Joining and leaving take effect at once: the next question is answered by who is in the team then."""
        return change(counter, asking.viewer_of(request), asking.name(team), data)

    return [list_teams, make_team, change_team]


def listed(counter: Teams, viewer: Viewer) -> TeamRows:
    """Every team, for every door."""
    return TeamRows(rows=tuple(_body(one) for one in counter.all(viewer)))


def make(counter: Teams, viewer: Viewer, data: NewTeam) -> TeamId:
    """Make a team, for every door."""
    return TeamId(team=counter.make(viewer, name=data.name, organisation=data.organisation))


def change(counter: Teams, viewer: Viewer, team: str, data: TeamChange) -> TeamId:
    """Change a team, for every door."""
    id_ = PartyId(team)
    match data.act:
        case "rename":
            counter.rename(viewer, id_, name=data.name)
        case "add":
            counter.add(viewer, id_, login=data.login)
        case "remove":
            counter.remove(viewer, id_, login=data.login)
        case _:
            raise Invalid("no such act", [Problem("/act", "unknown_act", "one of rename, add, remove")])
    return TeamId(team=id_)


def _body(one: Group) -> TeamBody:
    return TeamBody(
        team=one.team.id,
        name=one.team.name,
        organisation=one.organisation,
        members=tuple(_member(held) for held in one.members),
    )


def _member(one: Member) -> TeamMember:
    return TeamMember(
        login=one.login, name=one.name, joined_at=one.held.joined_at, joined_by=one.by, left_at=one.held.left_at
    )
