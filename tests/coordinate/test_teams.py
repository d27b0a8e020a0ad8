"""A team at the desk: read in as a whole, one agrees for all, who could see is answerable, each copy is its own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.admin.teams import Teams
from comity.clearing import canaries, flow
from comity.clearing.desk_canaries import Canaries
from comity.clearing.desk_coordination import Coordinations
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.asset import mixes
from comity.model.coordination import Part
from comity.model.handling import Tlp
from comity.model.ids import CaseId, PartyId
from comity.model.party import Person, Role, Viewer
from comity.store import cases, journal, parties
from tests.coordinate.hosts import ADA, GRACE, RIVAL, VENDOR, Host, finding, host, person

BOSS = replace(person("boss", "cert", Role.ADMIN), tlp=Tlp.CLEAR)
MATE = person("mate", "project", Role.MAINTAINER)
CLERK = replace(person("clerk", "project", Role.READER), tlp=Tlp.GREEN)
NSS = person("nss", "project", Role.MAINTAINER, Role.NSS_DEFENDER)
CIVIL = person("civil", "project", Role.MAINTAINER, Role.DEFENDER)


@pytest.fixture(scope="module")
def comity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("host")) as running:
        with running.office.store.write() as tx:
            for one in (BOSS, MATE, CLERK, NSS, CIVIL):
                held = Person(id=one.person, name=one.person.title(), organisation=one.organisation, roles=one.roles)
                parties.add_person(tx, held, login=one.person, password_hash="x")
        yield running


@pytest.fixture
def teams(comity: Host) -> Teams:
    return Teams(replace(comity.office.accounts, clock=comity.clock.now))


@pytest.fixture
def case(comity: Host) -> CaseId:
    comity.wait(timedelta(days=1))
    return comity.case_of(finding())


@pytest.fixture
def team(comity: Host, teams: Teams, request: pytest.FixtureRequest) -> PartyId:
    made = teams.make(BOSS, name=f"Fixers {request.node.name[:60]}", organisation="project")
    teams.add(BOSS, made, login="vendor")
    return made


def seats(desk: Coordinations, viewer: Viewer, seat: str) -> list[bool]:
    return [one.may_read for one in desk.seats(viewer) if one.seat == seat]


def test_a_team_is_read_in_as_a_whole_and_joining_and_leaving_hold_at_once(comity, teams, case, team):
    desk = comity.desk
    seat = desk.read_in(ADA, case, name="", part=Part.MAINTAINER, why="owns the code", team=team)
    assert seats(desk, VENDOR, seat) == [False]
    assert seats(desk, MATE, seat) == []
    teams.add(BOSS, team, login="mate")
    assert seats(desk, MATE, seat) == [False]
    desk.agree(MATE, seat)
    assert seats(desk, VENDOR, seat) == seats(desk, MATE, seat) == [True]
    desk.answer(MATE, seat, text="a fix is on its way")
    assert desk.view(ADA, case).thread[-1].name.startswith("Mate for Fixers")
    comity.wait(timedelta(hours=1))
    teams.remove(BOSS, team, login="mate")
    assert seats(desk, MATE, seat) == []
    for ask in (lambda: desk.seat(MATE, seat), lambda: desk.agree(MATE, seat)):
        with pytest.raises(Missing):
            ask()
    desk.read_out(ADA, case, seat, why="done")
    assert seats(desk, VENDOR, seat) == []


def test_whoever_is_in_the_team_without_the_label_sees_nothing_of_it(comity, teams, case, team):
    teams.add(BOSS, team, login="clerk")
    seat = comity.desk.read_in(ADA, case, name="", part=Part.MAINTAINER, why="owns the code", team=team)
    comity.desk.agree(VENDOR, seat)
    assert seats(comity.desk, CLERK, seat) == []
    with pytest.raises(Missing):
        comity.desk.seat(CLERK, seat)


def test_the_log_says_whom_a_team_added_and_took_away_and_who_could_see_on_a_day(comity, teams, case, team):
    start = comity.clock.now()
    seat = comity.desk.read_in(ADA, case, name="", part=Part.MAINTAINER, why="owns the code", team=team)
    comity.wait(timedelta(days=2))
    teams.add(BOSS, team, login="mate")
    comity.wait(timedelta(days=2))
    teams.remove(BOSS, team, login="mate")
    comity.wait(timedelta(days=2))
    comity.desk.read_out(GRACE, case, seat, why="done")
    view = comity.desk.view(ADA, case)
    told = [(one.person, one.began_by, one.ended_by) for one in view.through]
    assert told == [("Vendor", "Ada", "Grace"), ("Mate", "Boss", "Boss")]
    on = [sorted(one.person for one in view.through if one.was_there(start + timedelta(days=d))) for d in (1, 3, 5, 7)]
    assert on == [["Vendor"], ["Mate", "Vendor"], ["Vendor"], []]
    lines = [(one.told.split(" in the place")[0], one.by) for one in view.log if one.act == "team"]
    assert lines == [
        ("Vendor takes part", "Ada"),
        ("Mate takes part", "Boss"),
        ("Mate no longer takes part", "Boss"),
        ("Vendor no longer takes part", "Grace"),
    ]
    with comity.machines.store.read() as tx:
        changes = [
            (one.event.facts["change"], one.event.actor)
            for one in journal.about(tx, team)
            if "change" in one.event.facts
        ]
    assert changes == [("joined", "boss"), ("joined", "boss"), ("left", "boss")]


def test_a_disabled_account_leaves_its_teams(comity, teams, case, team):
    with comity.office.store.write() as tx:
        gone = Person(id=PartyId("gone"), name="Gone", organisation=PartyId("project"), roles=frozenset({Role.READER}))
        parties.add_person(tx, gone, login="gone", password_hash="x")
    teams.add(BOSS, team, login="gone")
    teams.accounts.disable(BOSS, gone.id)
    (group,) = [one for one in teams.all(BOSS) if one.team.id == team]
    assert [one.login for one in group.present] == ["vendor"]
    assert [one.login for one in group.past] == ["gone"]
    with pytest.raises(Conflict):
        teams.add(BOSS, team, login="gone")


def test_a_team_has_one_organisation_and_one_domain_whatever_changes_afterwards(comity, teams, team):
    with pytest.raises(Invalid, match="cannot be in the team"):
        teams.add(BOSS, team, login="rival")
    teams.add(BOSS, team, login="nss")
    with pytest.raises(Invalid, match="mix domains"):
        teams.add(BOSS, team, login="civil")
    with pytest.raises(Invalid, match="mix domains"):
        teams.accounts.set_roles(BOSS, PartyId("vendor"), frozenset({Role.MAINTAINER, Role.DEFENDER}))
    teams.remove(BOSS, team, login="nss")
    teams.add(BOSS, team, login="civil")
    (group,) = [one for one in teams.all(BOSS) if one.team.id == team]
    with comity.office.store.read() as tx:
        held = [parties.person(tx, one.held.person).roles for one in group.present]
    assert not mixes(frozenset().union(*held))


def test_administrators_keep_teams_coordinators_read_them_and_nobody_else_does_either(teams, team):
    assert [one.candidates for one in teams.all(ADA)] == [()] * len(teams.all(ADA))
    for viewer in (ADA, VENDOR, RIVAL):
        for ask in (
            lambda v=viewer: teams.make(v, name="x", organisation="project"),
            lambda v=viewer: teams.rename(v, team, name="x"),
            lambda v=viewer: teams.add(v, team, login="mate"),
            lambda v=viewer: teams.remove(v, team, login="vendor"),
        ):
            with pytest.raises(Forbidden):
                ask()
    for viewer in (VENDOR, RIVAL):
        with pytest.raises(Forbidden):
            teams.all(viewer)
    with pytest.raises(Invalid):
        teams.make(BOSS, name="\n", organisation="nobody known")
    with pytest.raises(Missing):
        teams.rename(BOSS, PartyId("G-NONE"), name="x")


def test_a_team_of_coordinators_sees_a_case_that_is_kept_from_others(comity, teams, case):
    own = teams.make(BOSS, name=f"Night shift {case}", organisation="cert")
    teams.add(BOSS, own, login="grace")
    comity.desk.withhold(ADA, case, withheld=True, why="few may know")
    with pytest.raises(Missing):
        comity.clearing.case(GRACE, case)
    seat = comity.desk.read_in(ADA, case, name="", part=Part.COORDINATOR, why="takes over at night", team=own)
    with pytest.raises(Missing):
        comity.clearing.case(GRACE, case)
    comity.desk.agree(GRACE, seat)
    comity.wait(timedelta(days=500))
    assert comity.clearing.case(GRACE, case).case.id == case
    teams.remove(BOSS, own, login="grace")
    with pytest.raises(Missing):
        comity.clearing.case(GRACE, case)
    with comity.machines.store.read() as tx:
        assert cases.get(tx, case, flow.FLOW).id == case


def test_each_members_copy_is_their_own_and_is_traced_to_them(comity, teams, case, team):
    teams.add(BOSS, team, login="mate")
    seat = comity.desk.read_in(ADA, case, name="", part=Part.MAINTAINER, why="owns the code", team=team)
    comity.desk.agree(VENDOR, seat)
    mine, theirs = (comity.desk.seat(who, seat).reference for who in (VENDOR, MATE))
    assert canaries.bare(mine) != canaries.bare(theirs)
    traced = Canaries(machines=comity.machines).look(ADA, f"seen on a wall: {theirs}".encode())
    assert [(one.seat, one.name.partition(",")[0]) for one in traced.copies] == [(seat, "Mate")]


def test_a_team_is_named_by_its_id_alone_and_sits_once(comity, case, team):
    read_in = {"name": "", "part": Part.MAINTAINER, "why": "owns the code"}
    for more in ({"login": "mate"}, {"contact": "a@project.example"}):
        with pytest.raises(Invalid):
            comity.desk.read_in(ADA, case, team=team, **read_in, **more)
    with pytest.raises(Invalid, match="nobody was read in"):
        comity.desk.read_in(ADA, case, team="G-NONE", **read_in)
    comity.desk.read_in(ADA, case, team=team, **read_in)
    with pytest.raises(Conflict):
        comity.desk.read_in(ADA, case, team=team, **read_in)
