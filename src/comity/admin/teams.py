"""Teams: every call that pages, API and terminal make to them.

Administrators make them and say who is in them; coordinators read which there are, so as to read them in to cases. A
team belongs to one organisation, as do all who are in it. Every change is journalled in its own transaction: ids alone.
"""

import secrets
from dataclasses import dataclass

from comity.access import policy
from comity.access.policy import Action
from comity.admin import domains
from comity.admin.counter import Accounts
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.model.events import Event, Kind
from comity.model.ids import PartyId, code
from comity.model.party import Organisation, Person, Viewer
from comity.model.team import Membership, Team
from comity.store import journal, parties, teams
from comity.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One time that somebody was in a team, with their names."""

    held: Membership
    name: str
    login: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A team as it is shown. `candidates`: sign-in names of whoever could be added, for those who may."""

    team: Team
    organisation: str
    members: tuple[Member, ...]
    candidates: tuple[tuple[str, str], ...] = ()

    @property
    def present(self) -> tuple[Member, ...]:
        """Who is in it now."""
        return tuple(one for one in self.members if one.held.left_at is None)

    @property
    def past(self) -> tuple[Member, ...]:
        """Times in it that have ended, the newest first."""
        return tuple(one for one in reversed(self.members) if one.held.left_at is not None)


@dataclass(frozen=True, slots=True)
class Teams:
    """The counter, over the one of accounts."""

    accounts: Accounts

    def all(self, viewer: Viewer) -> tuple[Group, ...]:
        """Every team, by name."""
        policy.allow(viewer, Action.READ_TEAMS)
        may_change = policy.may(viewer, Action.KEEP_TEAMS)
        with self.accounts.store.read() as tx:
            held = teams.everything(tx)
            times = teams.memberships(tx, [one.id for one in held])
            people = {one.id: one for one in parties.all_people(tx)}
            logins = parties.logins(tx)
            homes = {one.id: one.name for one in parties.all_organisations(tx)}
        return tuple(
            _group(one, homes, [time for time in times if time.team == one.id], people, logins, may_change=may_change)
            for one in held
        )

    def organisations(self, viewer: Viewer) -> tuple[Organisation, ...]:
        """Whose teams may be made."""
        policy.allow(viewer, Action.KEEP_TEAMS)
        with self.accounts.store.read() as tx:
            return parties.all_organisations(tx)

    def make(self, viewer: Viewer, *, name: str, organisation: str) -> PartyId:
        """Make an empty team of an organisation that is known, by its name; gives its id."""
        policy.allow(viewer, Action.KEEP_TEAMS)
        now, id_ = self.accounts.clock(), PartyId("G-" + code(secrets.token_bytes(8), 12))
        with self.accounts.store.write() as tx:
            wanted = organisation.strip().casefold()
            home = next((one for one in parties.all_organisations(tx) if one.name.casefold() == wanted), None)
            problems = _name_problems(name)
            if home is None:
                problems = (
                    *problems,
                    Problem("/organisation", "unknown", "name an organisation with accounts here"),
                )
            if problems or home is None:
                raise Invalid("this team cannot be made", problems)
            made = Team(id=id_, name=name.strip(), organisation=home.id, made_at=now, made_by=viewer.person)
            teams.add(tx, made)
            self._note(tx, viewer, Kind.TEAM_MADE, id_, organisation=home.id)
        return id_

    def rename(self, viewer: Viewer, team: PartyId, *, name: str) -> None:
        """Give it another name; seats that it has keep the one they were given under."""
        policy.allow(viewer, Action.KEEP_TEAMS)
        problems = _name_problems(name)
        if problems:
            raise Invalid("this team cannot be called so", problems)
        with self.accounts.store.write() as tx:
            teams.get(tx, team)
            teams.rename(tx, team, name.strip())
            self._note(tx, viewer, Kind.TEAM_CHANGED, team, change="renamed")

    def add(self, viewer: Viewer, team: PartyId, *, login: str) -> None:
        """From now on they may see what the team was read in to. Invalid for another organisation's or domain's."""
        policy.allow(viewer, Action.KEEP_TEAMS)
        with self.accounts.store.write() as tx:
            held, person = teams.get(tx, team), _person(tx, login)
            if person.organisation != held.organisation:
                problem = Problem("/login", "other_organisation", "a team's members are of its own organisation")
                raise Invalid("this person cannot be in the team", [problem])
            if person.disabled_at is not None:
                raise Conflict("this account is disabled")
            domains.check_team(tx, team, person.id, person.roles)
            teams.join(tx, team, person.id, by=viewer.person, at=self.accounts.clock())
            self._note(tx, viewer, Kind.TEAM_CHANGED, team, person.id, change="joined")

    def remove(self, viewer: Viewer, team: PartyId, *, login: str) -> None:
        """From now on they see nothing through the team. Missing for somebody who is not in it."""
        policy.allow(viewer, Action.KEEP_TEAMS)
        with self.accounts.store.write() as tx:
            teams.get(tx, team)
            person = _person(tx, login)
            teams.leave(tx, team, person.id, by=viewer.person, at=self.accounts.clock())
            self._note(tx, viewer, Kind.TEAM_CHANGED, team, person.id, change="left")

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, team: PartyId, *others: PartyId, **facts: str) -> None:
        key = f"{kind}:{secrets.token_hex(16)}"
        subjects = (team, *others)
        journal.append(
            tx, Event(kind=kind, key=key, at=self.accounts.clock(), subjects=subjects, facts=facts, actor=viewer.person)
        )


def _group(
    team: Team,
    homes: dict[PartyId, str],
    times: list[Membership],
    people: dict[PartyId, Person],
    logins: dict[PartyId, str],
    *,
    may_change: bool,
) -> Group:
    inside = {time.person for time in times if time.left_at is None}
    free = [
        one
        for one in people.values()
        if one.organisation == team.organisation and one.id not in inside and one.disabled_at is None
    ]
    return Group(
        team=team,
        organisation=homes[team.organisation],
        members=tuple(
            Member(
                held=time,
                name=people[time.person].name,
                login=logins[time.person],
                by=people[time.joined_by].name if time.joined_by in people else time.joined_by,
            )
            for time in times
        ),
        candidates=tuple((logins[one.id], one.name) for one in free) if may_change else (),
    )


def _person(tx: Tx, login: str) -> Person:
    try:
        return parties.by_login(tx, login.strip().casefold())[0]
    except Missing as error:
        raise Invalid("nobody was found", [Problem("/login", "unknown", "the sign-in name of an account")]) from error


def _name_problems(name: str) -> tuple[Problem, ...]:
    if 1 <= len(name.strip()) <= 200 and name.isprintable():
        return ()
    return (Problem("/name", "bad_name", "give a name of 1 to 200 printable characters"),)
