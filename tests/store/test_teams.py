"""Teams in the queries: on random histories of joining, leaving, reading in and out, everybody sees what the rules say.

The rules are written here a second time, in plain Python over what happened; every query that tells of a case must
agree with them, on both engines, after every act.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from comity.errors import Conflict, Missing
from comity.model.coordination import (
    KEEPS_QUIET,
    SEES,
    TIER_LABEL,
    Consent,
    Coordination,
    Message,
    Part,
    Participant,
    Quiet,
    Thing,
    Tier,
)
from comity.model.handling import Tlp
from comity.model.ids import CaseId, PartyId, ReportId
from comity.model.party import ANONYMOUS, Organisation, Person, Role, Viewer
from comity.model.team import Team
from comity.store import cases, coordinations, engine, parties, published, reports, teams
from tests.store.values import FLOW, NOW, advisory, case, report

NUMBERS = count(1)
ROLES = {
    "ada": (Role.COORDINATOR, Tlp.RED),
    "low": (Role.COORDINATOR, Tlp.AMBER),
    "mia": (Role.MAINTAINER, Tlp.RED),
    "rea": (Role.READER, Tlp.GREEN),
    "adm": (Role.ADMIN, Tlp.CLEAR),
}
VIEWERS = {
    name: Viewer(person=PartyId(name), organisation=PartyId("home"), roles=frozenset({role}), tlp=tlp)
    for name, (role, tlp) in ROLES.items()
}
SEATS = {"work": (Part.COORDINATOR, Tier.ZERO), "fix": (Part.MAINTAINER, Tier.ZERO), "far": (Part.OBSERVER, Tier.THREE)}
"""Each team with the part and tier that it is read in with."""
ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["join", "leave"]), st.sampled_from(sorted(SEATS)), st.sampled_from(sorted(ROLES))),
        st.tuples(st.sampled_from(["in", "out", "agree"]), st.sampled_from(sorted(SEATS)), st.just("")),
        st.tuples(st.sampled_from(["withhold", "open", "embargo", "year"]), st.just(""), st.just("")),
    ),
    min_size=4,
    max_size=14,
)


class World:
    """One case, its teams, and what the rules say of both."""

    def __init__(self, store: engine.Store, tlp: Tlp) -> None:
        self.store, self.now, self.tlp = store, NOW, tlp
        self.number = next(NUMBERS)
        self.team = {name: PartyId(f"G-{name}-{self.number}") for name in SEATS}
        self.inside: set[tuple[str, str]] = set()
        self.withheld = self.bound = False
        self.readers: set[str] = set()
        held = report(tlp=tlp)
        with store.write() as tx:
            if parties.count_people(tx) == 0:
                parties.add_organisation(tx, Organisation(id=PartyId("home"), name="Home"))
                for name, (role, _) in ROLES.items():
                    one = Person(id=PartyId(name), name=name, organisation=PartyId("home"), roles=frozenset({role}))
                    parties.add_person(tx, one, login=name, password_hash=None)
            for id_ in self.team.values():
                made = Team(id=id_, name=id_, organisation=PartyId("home"), made_at=NOW, made_by=PartyId("adm"))
                teams.add(tx, made)
            reports.add(tx, held)
            made_case = replace(case(held.id, tlp=tlp), title=f"okapi{self.number}")
            self.case: CaseId = cases.add(tx, made_case).id
            self.report: ReportId = held.id
            number = 9000 - self.number
            self.advisory = replace(advisory(number, tlp=max(tlp, Tlp.AMBER), alias=f"CVE-1999-{number}"))
            published.put(tx, self.advisory, [], case=self.case)
            self.held = coordinations.save(tx, Coordination(case=self.case, began_at=NOW))
            self.message = f"M-{self.number}"

    def act(self, what: str, team: str, who: str) -> None:
        self.now += timedelta(minutes=1)
        with self.store.write() as tx:
            match what:
                case "join":
                    if (team, who) not in self.inside:
                        teams.join(tx, self.team[team], PartyId(who), by=PartyId("adm"), at=self.now)
                        self.inside.add((team, who))
                case "leave":
                    if (team, who) in self.inside:
                        teams.leave(tx, self.team[team], PartyId(who), by=PartyId("adm"), at=self.now)
                        self.inside.remove((team, who))
                case "withhold" | "open":
                    self.withheld = what == "withhold"
                    cases.withhold(tx, self.case, withheld=self.withheld)
                case "year":
                    self.now += timedelta(days=366)
                case _:
                    self.held = coordinations.save(tx, self.changed(what, team))
        if what == "in":
            self.say()

    def changed(self, what: str, team: str) -> Coordination:
        if what == "embargo":
            self.bound = not self.bound
            return replace(self.held, quiet=Quiet.ACTIVE if self.bound else Quiet.NONE)
        seat = self.seat(team)
        if what == "in" and seat is None:
            part, tier = SEATS[team]
            one = Participant(
                id=f"N-{next(NUMBERS)}",
                name=team,
                part=part,
                tier=tier,
                team=self.team[team],
                read_in_at=self.now,
                read_in_by="ada",
                why="x",
                expires_at=None if part is Part.COORDINATOR else self.now + timedelta(days=365),
                consent=Consent.INVITED,
            )
            return replace(self.held, participants=(*self.held.participants, one))
        if seat is None:
            return self.held
        after = replace(seat, read_out_at=self.now) if what == "out" else replace(seat, consent=Consent.SIGNATORY)
        rest = tuple(one for one in self.held.participants if one.id != seat.id)
        return replace(self.held, participants=(*rest, after))

    def say(self) -> None:
        """A word in the thread to every seat there is."""
        self.message = f"M-{next(NUMBERS)}"
        seats = tuple(sorted(one.id for one in self.held.participants))
        word = Message(
            id=self.message, case=self.case, at=self.now, author="", name="Ada", text="x", tlp=Tlp.AMBER, readers=seats
        )
        with self.store.write() as tx:
            coordinations.add_message(tx, word)
        self.readers = set(seats)

    # The rules ------------------------------------------------------------------------------------------------------

    def seat(self, team: str) -> Participant | None:
        mine = (one for one in self.held.participants if one.team == self.team[team] and one.is_seated(self.now))
        return next(mine, None)

    def sits(self, name: str) -> dict[str, bool]:
        """The seats that somebody has, and whether they may read the case there."""
        held = {}
        for team in SEATS:
            one = self.seat(team)
            if one is None or (team, name) not in self.inside:
                continue
            reaches = max(TIER_LABEL[one.tier], self.tlp if Thing.FINDING in SEES[one.tier] else Tlp.CLEAR)
            if VIEWERS[name].tlp >= reaches:
                held[one.id] = not self.bound or one.consent in KEEPS_QUIET
        return held

    def sees(self, name: str) -> bool:
        """Whether somebody sees the case and its reports in the queue."""
        seat = self.seat("work")
        through = seat is not None and ("work", name) in self.inside
        through = through and (not self.bound or (seat is not None and seat.consent in KEEPS_QUIET))
        is_coordinator = ROLES[name][0] is Role.COORDINATOR
        return is_coordinator and VIEWERS[name].tlp >= self.tlp and (not self.withheld or through)

    # What the queries say -------------------------------------------------------------------------------------------

    def check(self) -> None:
        with self.store.read() as tx:
            for name, viewer in VIEWERS.items():
                told = {
                    "get": found(lambda v=viewer: cases.get(tx, self.case, v)),
                    "version": found(lambda v=viewer: cases.version(tx, self.case, v)),
                    "page": self.case in {one.id for one in cases.page(tx, viewer, limit=500).items},
                    "search": bool(cases.find(tx, viewer, [f"okapi{self.number}"], most=5)),
                    "report": found(lambda v=viewer: reports.get(tx, self.report, v)),
                    "reports": self.report in {one.id for one in reports.page(tx, viewer, limit=500).items},
                }
                if self.held.participants:
                    told["copies"] = self.case in {held for _, held, _ in coordinations.seats_seen(tx, viewer)}
                assert set(told.values()) == {self.sees(name)}, (name, told)
                seats = coordinations.seats(tx, viewer, at=self.now)
                shown = {seat: may for held, seat, may in seats if held == self.case}
                assert shown == self.sits(name), name
                reads = self.sees(name) or any(may and seat in self.readers for seat, may in shown.items())
                at = self.now
                assert bool(coordinations.thread(tx, self.case, viewer, at=at)) == (reads and bool(self.readers)), name
                assert found(lambda v=viewer, at=at: coordinations.message(tx, self.message, v, at=at)) == (
                    reads and bool(self.readers)
                )
                within = VIEWERS[name].tlp >= self.advisory.handling.tlp
                mine = ROLES[name][0] is Role.COORDINATOR and (not self.withheld or self.sees_as_team(name))
                assert found(lambda v=viewer: published.get(tx, self.advisory.id, v)) == (within and mine), name
            assert found(lambda: cases.get(tx, self.case, FLOW))
            assert coordinations.seats(tx, ANONYMOUS, at=self.now) == coordinations.seats(tx, FLOW, at=self.now) == ()

    def sees_as_team(self, name: str) -> bool:
        seat = self.seat("work")
        return seat is not None and ("work", name) in self.inside and (not self.bound or seat.consent in KEEPS_QUIET)


def found(ask: object) -> bool:
    try:
        ask()  # type: ignore[operator]  # a call without arguments
    except Missing:
        return False
    return True


@example(
    acts=[
        ("join", "work", "ada"),
        ("join", "work", "mia"),
        ("join", "fix", "mia"),
        ("join", "far", "rea"),
        ("in", "work", ""),
        ("withhold", "", ""),
        ("in", "fix", ""),
        ("in", "far", ""),
        ("embargo", "", ""),
        ("agree", "work", ""),
        ("agree", "fix", ""),
        ("leave", "fix", "mia"),
        ("join", "fix", "mia"),
        ("year", "", ""),
        ("leave", "work", "ada"),
        ("join", "work", "ada"),
        ("out", "work", ""),
    ],
    tlp=Tlp.RED,
)
@given(acts=ACTS, tlp=st.sampled_from([Tlp.AMBER, Tlp.RED]))
@settings(
    max_examples=7,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
    print_blob=True,
)
def test_who_is_in_a_team_at_the_moment_sees_what_the_rules_say(
    store: engine.Store, acts: list[tuple[str, str, str]], tlp: Tlp
) -> None:
    world = World(store, tlp)
    world.check()
    for act in acts:
        world.act(*act)
        world.check()
    with store.write() as tx:
        cases.erase(tx, world.case, at=world.now)
    with store.read() as tx:
        for viewer in VIEWERS.values():
            assert not found(lambda v=viewer: cases.get(tx, world.case, v))
            assert world.case not in {held for held, _, _ in coordinations.seats(tx, viewer, at=world.now)}


def test_a_time_in_a_team_stays_when_it_ends_and_nobody_is_in_it_twice(store: engine.Store) -> None:
    world = World(store, Tlp.RED)
    team, mia, adm = world.team["fix"], PartyId("mia"), PartyId("adm")
    with store.write() as tx:
        teams.join(tx, team, mia, by=adm, at=NOW)
        with pytest.raises(Conflict):
            teams.join(tx, team, mia, by=adm, at=NOW)
        teams.leave(tx, team, mia, by=adm, at=NOW)
        with pytest.raises(Missing):
            teams.leave(tx, team, mia, by=adm, at=NOW)
        teams.join(tx, team, mia, by=adm, at=NOW)
        assert [one.left_at for one in teams.memberships(tx, {team})].count(NOW) == 1
        assert teams.of(tx, mia) == (team,)
        with pytest.raises(Conflict):
            teams.rename(tx, team, world.team["work"])
