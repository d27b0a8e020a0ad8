"""The counter of coordination: who takes part in a case, how long all keep quiet, what is said, and who hears of it.

Two sides. Coordinators act on a case they see; participants act on their own seat, whose name says nothing of the case.
A case that is not there and one that is not theirs are the same `Missing`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from comity.access.policy import Action, allow
from comity.clearing import (
    contacts,
    deadlines,
    embargo,
    flow,
    flow_canaries,
    flow_capacity,
    flow_contacts,
    flow_coordination,
    flow_looks,
    flow_patches,
    flow_supplier,
    letters,
    publish,
    readin,
    supplier_told,
    supplier_vex,
    team_seats,
)
from comity.clearing.contacts import Wanted
from comity.clearing.readin import Workspace
from comity.clearing.supplier_told import Line
from comity.clearing.supplier_vex import Wish
from comity.clearing.team_seats import Through
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, TooLarge
from comity.mail import openpgp, outbox
from comity.model import ids
from comity.model.case import Case
from comity.model.contact import Standing
from comity.model.coordination import (
    TIER_LABEL,
    TIERS_OF,
    Attempt,
    Awareness,
    Breach,
    Clock,
    Coordination,
    Duty,
    Enclosed,
    Entry,
    Fact,
    Handled,
    Limit,
    Message,
    Part,
    Participant,
    Source,
    Terms,
    Tier,
)
from comity.model.events import Event, Kind
from comity.model.evidence import Role as FileRole
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, PartyId
from comity.model.letter import Letter, is_address
from comity.model.party import Organisation, Person, Role, Viewer
from comity.model.team import Team
from comity.store import blobs, cases, coordinations, journal, parties, reports, teams
from comity.store.engine import Tx

__all__ = [
    "Breach",
    "Coordinations",
    "Duty",
    "Fact",
    "Handled",
    "Line",
    "Part",
    "Said",
    "Source",
    "Tier",
    "View",
    "Wish",
    "Workspace",
]

TEXT_LIMIT: Final = 20_000
LINE_LIMIT: Final = 300
FILES: Final = 8
EXPIRES: Final = timedelta(days=365)
"""A read-in ends by itself after so long, if nobody ends it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Files with a message: name and bytes, as they were sent."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A letter to a participant as a coordinator sees it: for whom and how it stands."""

    to: str
    purpose: str
    state: str
    made_at: datetime
    tries: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All of a case's coordination, for its coordinators."""

    held: Coordination
    clocks: tuple[Clock, ...]
    late: frozenset[str]
    """Names of clocks that have run out."""
    thread: tuple[Message, ...]
    letters: tuple[Slip, ...]
    withheld: bool
    mail: bool
    """Whether this host can send mail: without, letters wait."""
    suggested: Wanted
    """What the reports give to look for a contact by."""
    stated: tuple[Line, ...] = ()
    """What maintainers state as VEX."""
    vex_waits: bool = False
    """A statement stands that the draft does not hold."""
    log: tuple[Entry, ...]
    """What was done, and whom a team's seat added or took away."""
    through: tuple[Through, ...]
    """Who could see it through a team, and when."""
    teams: tuple[tuple[Team, str], ...]
    """Teams of this host, each with the name of its organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinations:
    """The calls."""

    machines: flow.Machines
    control: Control

    # For coordinators ------------------------------------------------------------------------------------------------

    def view(self, viewer: Viewer, case: CaseId) -> View:
        """The coordination of a case. Missing for a case they do not see, Conflict for one not yet in coordination."""
        allow(viewer, Action.READ_CASES)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            seen = cases.get(tx, case, viewer)
            held = flow_coordination.opened(self.machines, tx, seen)
            names = {one.id: one.name for one in held.participants}
            sent = [(name, slip) for id_, name in names.items() for slip in outbox.of(tx, id_)]
            thread = coordinations.thread(tx, case, viewer, at=now)
            withheld = cases.is_withheld(tx, case)
            stated = supplier_told.lines(held, seen, flow.draft_of(tx, seen) if seen.draft else None)
            affected = [a for one in flow.findings_of(tx, seen).values() for a in one.affected]
            seated = {one.team for one in held.participants if one.team is not None}
            people = {one.id: one.name for one in parties.all_people(tx)} if seated else {}
            through = team_seats.through(held, teams.memberships(tx, seated), people, now=now)
            homes = {one.id: one.name for one in parties.all_organisations(tx)}
            known = tuple((one, homes[one.organisation]) for one in teams.everything(tx))
        clocks = deadlines.clocks(held, final_from_notice=self.machines.settings.cra_final_from_notice)
        return View(
            held=held,
            clocks=clocks,
            late=frozenset(clock.name for clock in clocks if clock.due <= now),
            thread=thread,
            letters=tuple(
                Slip(
                    to=name,
                    purpose=slip.purpose,
                    state=slip.state,
                    made_at=slip.made_at,
                    tries=slip.tries,
                    problem=slip.problem,
                )
                for name, slip in sent
            ),
            withheld=withheld,
            mail=bool(self.machines.settings.smtp_host),
            suggested=contacts.wanted(affected),
            stated=stated,
            vex_waits=supplier_vex.is_waiting(held),
            log=team_seats.log(held, through),
            through=through,
            teams=known,
        )

    def read_in(
        self,
        viewer: Viewer,
        case: CaseId,
        *,
        name: str,
        part: Part,
        tier: Tier | None = None,
        why: str,
        login: str = "",
        contact: str = "",
        key: str = "",
        team: str = "",
    ) -> str:
        """Read somebody in, and say why; gives the seat. `login` names an account; without one they get a link by mail.

        `team` names a team instead: whoever is in it has the seat while they are, as far as their own roles reach. A
        team of coordinators sees the case where it is kept from others, and its seat ends when it is read out.
        Invalid: no reason, no way to reach them, a tier that does not fit, a key that is none.
        """
        allow(viewer, Action.COORDINATE)
        tier = tier or (Tier.ZERO if part in (Part.FINDER, Part.MAINTAINER, Part.COORDINATOR) else _first(part))
        readin.check_tier(part, tier)
        problems = [*(() if team else _line("/name", name)), *_line("/why", why)]
        if contact and not is_address(contact):
            problems.append(Problem("/contact", "bad_address", "give one mail address"))
        if team and (contact or login or key):
            problems.append(Problem("/team", "one_way", "a team is read in by its id alone: its members sign in"))
        elif not contact and not login and not team:
            problems.append(Problem("/contact", "no_way", "give an account of this host, or a mail address"))
        if problems:
            raise Invalid("nobody was read in", problems)
        if key:
            openpgp.check(key)
        now = self.machines.now()
        seat = ids.seat_id(secrets.token_bytes(8))
        with self.machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            contacts.check_writable(before, contact)
            group = _team(tx, team) if team else None
            person = None if group else self._account(tx, viewer, name, login, now)
            held_by = (person, group.id if group else None)
            if any((one.person, one.team) == held_by and one.is_seated(now) for one in before.participants):
                raise Conflict("they take part already: one seat for each person or team and case")
            one = Participant(
                id=seat,
                name=group.name if group else name.strip(),
                part=part,
                tier=tier,
                person=person,
                team=group.id if group else None,
                contact=contact,
                openpgp=key,
                read_in_at=now,
                read_in_by=who,
                why=why.strip(),
                expires_at=None if group and part is Part.COORDINATOR else now + EXPIRES,
                handled=Handled.RECEIVED if part is Part.MAINTAINER else Handled.START,
            )
            after = embargo.joined(before, one, at=now)
            saved = self._kept(tx, viewer, held_case, before, after, "read in")
            facts = {"seat": seat, "tier": str(tier), "part": str(part)} | ({"team": group.id} if group else {})
            self._note(tx, viewer, Kind.CASE_READ_IN, f"read-in:{seat}", case, now, facts)
            if contact:
                host = self.machines.settings.organisation
                letter = letters.read_in(one, saved, key=f"read-in:{seat}", link="", host=host)
                flow_coordination.post(self.machines, tx, letter, one)
        self._wake(case, saved)
        return seat

    def read_out(self, viewer: Viewer, case: CaseId, seat: str, *, why: str) -> None:
        """End a read-in at once, with the reason. Letters that have not gone are called back."""
        allow(viewer, Action.COORDINATE)
        _check_line("/why", why)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            after = embargo.left(before, seat, by=who, why=why.strip(), at=now)
            saved = self._kept(tx, viewer, held_case, before, after, "read out")
            self._note(tx, viewer, Kind.CASE_READ_OUT, f"read-out:{seat}", case, now, {"seat": seat})
            outbox.withdraw(tx, seat, at=now)
            gone = next(one for one in before.participants if one.id == seat)
            if gone.person is not None and not parties.has_password(tx, gone.person):
                parties.end_sessions(tx, gone.person)
        self._wake(case, saved)

    def withhold(self, viewer: Viewer, case: CaseId, *, withheld: bool, why: str) -> None:
        """Keep a case from coordinators who are not named for it, or open it to all of them again."""
        allow(viewer, Action.COORDINATE)
        _check_line("/why", why)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            cases.read_in(tx, case, viewer.person, at=now)
            cases.withhold(tx, case, withheld=withheld)
            told = "kept from other coordinators" if withheld else "opened to all coordinators"
            after = embargo.logged(before, at=now, by=who, act="withhold", told=told, why=why)
            self._kept(tx, viewer, held_case, before, after, "withhold")

    def limit(
        self, viewer: Viewer, case: CaseId, *, source: Source, until: datetime, basis: str, where: str = ""
    ) -> None:
        """Note a date that somebody's rule gives, with where it was read. What then governs is in force."""
        _check_line("/basis", basis)
        self._change(
            viewer,
            case,
            "limit",
            lambda held, who, now: embargo.limited(
                held,
                Limit(source=source, until=until, by=who, basis=basis, where=where[:LINE_LIMIT], read_at=now),
                at=now,
            ),
        )

    def propose(
        self, viewer: Viewer, case: CaseId, *, until: datetime, why: str, for_slower_vendors: bool = False
    ) -> None:
        """Ask everybody for another date. A shorter one than that in force holds at once."""
        _check_line("/why", why)
        self._change(
            viewer,
            case,
            "propose",
            lambda held, who, now: embargo.propose(
                held,
                Terms(until=until, source=Source.AGREEMENT, by=who, basis=why),
                at=now,
                for_slower_vendors=for_slower_vendors,
            ),
        )

    def end(self, viewer: Viewer, case: CaseId, *, why: str) -> None:
        """End the embargo by decision. Nothing is published by that: two named people still must."""
        _check_line("/why", why)
        self._change(viewer, case, "end", lambda held, who, now: embargo.end(held, by=who, why=why, at=now))

    def learn(self, viewer: Viewer, case: CaseId, *, fact: Fact, why: str) -> None:
        """Note a fact of the world, and let the embargo do what it must."""
        _check_line("/why", why)
        ends = self.machines.settings.embargo_ends_on_attacks
        self._change(
            viewer,
            case,
            "learn",
            lambda held, who, now: embargo.happened(held, fact, by=who, at=now, why=why, ends_on_attacks=ends),
        )

    def declare_break(self, viewer: Viewer, case: CaseId, *, kind: Breach, evidence: str) -> None:
        """Declare a break on stated evidence: a leak, attacks, a fix or an exploit seen in public."""
        _check_line("/evidence", evidence)
        ends = self.machines.settings.embargo_ends_on_attacks
        self._change(
            viewer,
            case,
            "break",
            lambda held, who, now: embargo.broken(held, kind, by=who, evidence=evidence, at=now, ends_on_attacks=ends),
        )

    def aware(
        self,
        viewer: Viewer,
        case: CaseId,
        *,
        duty: Duty,
        at: datetime,
        stated_by: str,
        notified_at: datetime | None = None,
        measure_at: datetime | None = None,
    ) -> None:
        """Note since when a manufacturer knows, so that the clocks of CRA Article 14 run."""
        _check_line("/stated_by", stated_by)
        known = Awareness(duty=duty, at=at, stated_by=stated_by, notified_at=notified_at, measure_at=measure_at)

        def change(held: Coordination, who: str, now: datetime) -> Coordination:
            if at > now:
                raise Invalid("nobody knows yet", [Problem("/at", "in_the_future", "give a moment that has passed")])
            told = f"aware since {at:%Y-%m-%d %H:%M} UTC of {duty}, as {stated_by} states"
            return embargo.logged(replace(held, awareness=known), at=now, by=who, act="aware", told=told)

        self._change(viewer, case, "aware", change)

    def attempt(self, viewer: Viewer, case: CaseId, *, channel: str, address: str, outcome: str) -> None:
        """Log one try to reach a maintainer: where, and what came of it."""
        for pointer, text in (("/channel", channel), ("/address", address), ("/outcome", outcome)):
            _check_line(pointer, text)

        def change(held: Coordination, who: str, now: datetime) -> Coordination:
            one = Attempt(at=now, channel=channel, address=address, outcome=outcome, by=who)
            told = f"tried to reach the maintainer by {channel}: {outcome}"
            tried = replace(held, attempts=(*held.attempts, one))
            return embargo.logged(tried, at=now, by=who, act="contact", told=told)

        self._change(viewer, case, "contact", change)

    def seek(self, viewer: Viewer, case: CaseId, asked: Wanted) -> str:
        """Look for the project's own words on how to reach it; what is found is proposed. Says how much that is.

        Nobody is written to, and no attempt is counted. Invalid for an address that is none.
        """
        allow(viewer, Action.COORDINATE)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            self._of(tx, viewer, case)  # whoever does not see the case sets nothing in motion
            who = parties.person(tx, viewer.person).name
        sought = flow_contacts.seek(self.machines.settings, asked, by=who, now=now)
        told = f"looked in {len(sought.looks)} places for a contact: {len(sought.contacts)} proposals"

        def change(held: Coordination, who: str, now: datetime) -> Coordination:
            after = contacts.added(held, sought.looks, sought.contacts)
            return embargo.logged(after, at=now, by=who, act="seek", told=told)

        self._change(viewer, case, "seek", change)
        return told

    def judge_contact(self, viewer: Viewer, case: CaseId, contact: str, *, standing: Standing, why: str) -> None:
        """Confirm or refuse what was found, with the reason. Only then may the address be read in."""
        _check_line("/why", why)

        def change(held: Coordination, who: str, now: datetime) -> Coordination:
            after = contacts.judged(held, contact, standing, by=who, why=why.strip(), at=now)
            one = next(c for c in after.contacts if c.id == contact)
            told = f"{standing} {one.address}, found in {one.origin}"
            return embargo.logged(after, at=now, by=who, act="contact", told=told, why=why.strip())

        self._change(viewer, case, "judge contact", change)

    def write_maintainer(self, viewer: Viewer, case: CaseId, seat: str) -> str:
        """Send a maintainer the report itself, with proof, patch and test where the case has them. Says how it goes.

        Conflict without a reproduction that somebody other than the finder ran. Where the label may not travel in
        clear, a notice goes instead: everything is on the page.
        """
        allow(viewer, Action.COORDINATE)
        machines, now = self.machines, self.machines.now()
        with machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            one = before.participant(seat)
            if one is None or one.part is not Part.MAINTAINER or not one.is_seated(now):
                raise Missing("no maintainer has this seat")
            if not one.contact:
                raise Conflict(f"{one.name} gave no mail address: write on the page")
            contacts.check_writable(before, one.contact)
            if before.is_bound() and one.consent not in readin.BOUND:
                raise Conflict(f"{one.name} has not agreed to the embargo: nothing of the case is sent before")
            if not flow_capacity.released(tx, case):
                raise Conflict("the maintainer's capacity contract has not released this case: it waits in their queue")
            letter, way = self._report(tx, held_case, before, one)
            outbox.queue(tx, letter, settings=machines.settings, at=now)
            tried = Attempt(at=now, channel="mail", address=one.contact, outcome=way, by=who)
            after = replace(before, attempts=(*before.attempts, tried))
            after = embargo.logged(after, at=now, by=who, act="write", told=f"wrote to {one.name}: {way}")
            saved = self._kept(tx, viewer, held_case, before, after, "write")
        self._wake(case, saved)
        return way

    def take_vex(self, viewer: Viewer, case: CaseId) -> None:
        """Draft the case with every statement that its maintainers made; approvals begin again."""
        allow(viewer, Action.COORDINATE)
        with self.machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            saved = flow_supplier.take_in(self.machines, tx, held_case, before, by=who, actor=viewer.person)
        self._wake(case, saved)

    def say(
        self, viewer: Viewer, case: CaseId, *, text: str, readers: Sequence[str], files: Sequence[Said] = ()
    ) -> str:
        """A coordinator's word in the thread, to the named seats. Gives the message's name."""
        allow(viewer, Action.COORDINATE)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, held, who = self._of(tx, viewer, case)
            return self._say(tx, viewer, held_case, held, "", who, text, readers, files, now)

    def wake(self, case: CaseId, *, key: str) -> None:
        """After a crash: begin what was not begun, and let the flows look again. For the journal's subscriber."""
        flow_coordination.wake(self.control, case, key=key)

    # For participants ------------------------------------------------------------------------------------------------

    def seats(self, viewer: Viewer) -> tuple[Workspace, ...]:
        """The cases in which the viewer takes part, each as they may see it."""
        allow(viewer, Action.READ_SEATS)
        with self.machines.store.read() as tx:
            held = coordinations.seats(tx, viewer, at=self.machines.now())
            return tuple(self._workspace(tx, viewer, case, seat, may_read) for case, seat, may_read in held)

    def seat(self, viewer: Viewer, seat: str) -> Workspace:
        """One of the viewer's own seats. Missing for any other."""
        allow(viewer, Action.READ_SEATS)
        with self.machines.store.read() as tx:
            case, may_read = coordinations.seat(tx, seat, viewer, at=self.machines.now())
            space = self._workspace(tx, viewer, case, seat, may_read)
            members = [reports.get(tx, one.report, flow.FLOW) for one in space.shared]
        flow_looks.looked(self.machines, viewer, members, "read it as a participant")
        return space

    def agree(self, viewer: Viewer, seat: str) -> None:
        """Agree to the embargo, or to what is proposed."""
        self._own(viewer, seat, "agree", lambda held, _who, now: embargo.agree(held, seat, at=now))

    def refuse(self, viewer: Viewer, seat: str, *, why: str = "") -> None:
        """Refuse what is proposed, or decline the embargo."""
        self._own(
            viewer, seat, "refuse", lambda held, _w, now: embargo.refuse(held, seat, at=now, why=why[:LINE_LIMIT])
        )

    def ask(self, viewer: Viewer, seat: str, *, until: datetime, why: str) -> None:
        """Ask for another date; a shorter one than that in force holds at once. Only for those who may set dates."""
        _check_line("/why", why)

        def change(held: Coordination, who: str, now: datetime) -> Coordination:
            one = held.participant(seat)
            if one is None or one.part not in embargo.NEGOTIATES:
                raise Forbidden("who is read in for the fix alone sets no dates: write to the coordinators")
            terms = Terms(until=until, source=Source.AGREEMENT, by=who, basis=why)
            return embargo.propose(held, terms, at=now, participant=seat)

        self._own(viewer, seat, "propose", change)

    def handle(self, viewer: Viewer, seat: str, *, to: Handled, why: str = "") -> None:
        """Move the report on, as this participant."""
        self._own(
            viewer,
            seat,
            "handle",
            lambda held, who, now: embargo.handled(held, seat, to, by=who, at=now, why=why[:LINE_LIMIT]),
            reading=True,
        )

    def answer(
        self, viewer: Viewer, seat: str, *, text: str, readers: Sequence[str] = (), files: Sequence[Said] = ()
    ) -> str:
        """A participant's word in the thread: to the coordinators, and to those they work with. Gives its name."""
        allow(viewer, Action.TAKE_PART)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, held, one = self._seated(tx, viewer, seat, reading=True)
            readin.may_write_to(one, frozenset(readers), held)
            return self._say(tx, viewer, held_case, held, seat, one.name, text, [seat, *readers], files, now)

    def state_vex(self, viewer: Viewer, seat: str, wish: Wish) -> str:
        """A maintainer's statement about one product of the case, as VEX. Gives its name."""
        allow(viewer, Action.TAKE_PART)
        with self.machines.store.write() as tx:
            case, held, one = self._seated(tx, viewer, seat, reading=True)
            saved, name = flow_supplier.state(self.machines, tx, case, held, one, wish, actor=viewer.person)
        self._wake(case.id, saved)
        return name

    def take_vex_back(self, viewer: Viewer, seat: str, statement: str) -> None:
        """Take back a statement of one's own that never went out."""
        allow(viewer, Action.TAKE_PART)
        with self.machines.store.write() as tx:
            case, held, one = self._seated(tx, viewer, seat, reading=True)
            saved = flow_supplier.take_back(self.machines, tx, case, held, one, statement, actor=viewer.person)
        self._wake(case.id, saved)

    def enclosed(self, viewer: Viewer, message: str, digest: Digest) -> tuple[str, bytes]:
        """Name and bytes of a file of the thread. Missing for whoever may not read the message."""
        allow(viewer, Action.READ_SEATS)
        with self.machines.store.read() as tx:
            held = coordinations.message(tx, message, viewer, at=self.machines.now())
            for one in held.enclosed:
                if one.digest == digest:
                    return one.name, blobs.get(tx, digest, record=coordinations.message_record(message))
        raise Missing("no such file")

    def file(self, viewer: Viewer, seat: str, digest: Digest) -> tuple[str, bytes]:
        """Name and bytes of a report's file that this seat may see: proofs for whoever tests the fix, else patches."""
        allow(viewer, Action.READ_SEATS)
        space = self.seat(viewer, seat)
        held = ((shared.report, one) for shared in space.shared for one in shared.files)
        found = next(((report, one) for report, one in held if one.digest == digest), None)
        if found is None:
            raise Missing("no such file")
        report, one = found
        with self.machines.store.read() as tx:
            data = blobs.get(tx, digest, record=reports.record(report))
            members = [reports.get(tx, report, flow.FLOW)]
        flow_looks.looked(self.machines, viewer, members, "took a file of the report as a participant")
        return one.filename, data

    # Helpers, in call order ------------------------------------------------------------------------------------------

    def _change(
        self,
        viewer: Viewer,
        case: CaseId,
        act: str,
        change: Callable[[Coordination, str, datetime], Coordination],
    ) -> None:
        allow(viewer, Action.COORDINATE)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, before, who = self._of(tx, viewer, case)
            saved = self._kept(tx, viewer, held_case, before, change(before, who, now), act)
        self._wake(case, saved)

    def _own(
        self,
        viewer: Viewer,
        seat: str,
        act: str,
        change: Callable[[Coordination, str, datetime], Coordination],
        *,
        reading: bool = False,
    ) -> None:
        allow(viewer, Action.TAKE_PART)
        now = self.machines.now()
        with self.machines.store.write() as tx:
            held_case, before, one = self._seated(tx, viewer, seat, reading=reading)
            after = change(before, one.name, now)
            if one.team is not None:
                after = embargo.logged(after, at=now, by=one.name, act="team", told=f"acted at the team's seat: {act}")
            saved = self._kept(tx, viewer, held_case, before, after, act)
        self._wake(held_case.id, saved)

    def _of(self, tx: Tx, viewer: Viewer, case: CaseId) -> tuple[Case, Coordination, str]:
        """The case that this coordinator sees, its coordination, and the coordinator's name."""
        held = cases.get(tx, case, viewer)
        before = flow_coordination.opened(self.machines, tx, held)
        return cases.get(tx, case, viewer), before, parties.person(tx, viewer.person).name

    def _seated(self, tx: Tx, viewer: Viewer, seat: str, *, reading: bool) -> tuple[Case, Coordination, Participant]:
        case_id, may_read = coordinations.seat(tx, seat, viewer, at=self.machines.now())
        if reading and not may_read:
            raise Conflict("agree to the embargo first, or decline it")
        case = cases.get(tx, case_id, flow.FLOW)
        held = flow_coordination.opened(self.machines, tx, case)
        one = held.participant(seat)
        if one is None:
            raise Missing("no such seat")
        if one.team is not None:
            one = replace(one, name=f"{parties.person(tx, viewer.person).name} for {one.name}")
        return cases.get(tx, case_id, flow.FLOW), held, one

    def _kept(
        self, tx: Tx, viewer: Viewer, case: Case, before: Coordination, after: Coordination, act: str
    ) -> Coordination:
        return flow_coordination.kept(self.machines, tx, case, before, after, act=act, actor=viewer.person)

    def _wake(self, case: CaseId, saved: Coordination) -> None:
        flow_coordination.wake(self.control, case, key=f"coordinated:{case}:{saved.version}")

    def _account(self, tx: Tx, viewer: Viewer, name: str, login: str, now: datetime) -> PartyId:
        """The account of that login, or a new one that only a mailed link opens, in an organisation of its own."""
        if login:
            person, _ = parties.by_login(tx, login)
            if person.disabled_at is not None:
                raise Conflict("this account is disabled")
            return person.id
        code = secrets.token_hex(8)
        home = Organisation(id=PartyId(f"O-{code}"), name=f"{name.strip()[:200]} (read in, {code[:6]})")
        parties.add_organisation(tx, home)
        roles = frozenset({Role.MAINTAINER})
        person = Person(id=PartyId(f"P-{code}"), name=name.strip(), organisation=home.id, roles=roles)
        parties.add_person(tx, person, login=f"read-in-{code}", password_hash=None)
        facts = {"roles": "maintainer", "by": "read-in"}
        self._note(tx, viewer, Kind.ACCOUNT_MADE, f"account:{person.id}", person.id, now, facts)
        return person.id

    def _report(self, tx: Tx, case: Case, held: Coordination, one: Participant) -> tuple[Letter, str]:
        if not case.validations or case.validations[-1].statement is None:
            raise Conflict("no report goes to a maintainer without a reproduction that somebody else ran")
        machines = self.machines
        held_reports = [reports.get(tx, id_, flow.FLOW) for id_ in case.reports]
        first = next(r for r in held_reports if r.id == case.validations[-1].report)
        key = f"report:{one.id}:{case.draft}"
        where = flow_coordination.link(machines, tx, one)
        label = max(TIER_LABEL[one.tier], case.handling.tlp)
        host = machines.settings.organisation
        if not outbox.may_go(label, encrypted=bool(one.openpgp), settings=machines.settings):
            what = "A vulnerability report for a project of yours waits, with its proof."
            notice = letters.notice(one, key=key, what=what, link=where, host=host)
            return notice, f"a notice with a link, since {label.label} is not mailed in clear"
        files: dict[str, bytes] = {}
        for attachment in first.finding.attachments:
            if attachment.role in (FileRole.PROOF, FileRole.REPRODUCER, FileRole.RECIPE, FileRole.PATCH):
                data = _held(tx, reports.record(first.id), attachment.digest)
                if data is not None:
                    files[_plain(attachment.filename, len(files))] = data
        best = flow_patches.best(tx, case.id)
        offer = letters.Offer(sentence=best.sentence, diff=best.diff, test=best.test) if best is not None else None
        letter = letters.to_maintainer(
            one,
            held,
            (first.finding,),
            key=key,
            link=where,
            host=host,
            verdict=publish.verdict_sentence(case.validations[-1].verdict),
            files=files,
            offer=offer,
            own_ai=flow_patches.own_ai(tx, case.id),
            tlp=label,
            reference=flow_canaries.reference(tx, one.id),
        )
        return letter, "the report, encrypted" if one.openpgp else "the report"

    def _say(
        self,
        tx: Tx,
        viewer: Viewer,
        case: Case,
        held: Coordination,
        author: str,
        name: str,
        text: str,
        readers: Sequence[str],
        files: Sequence[Said],
        now: datetime,
    ) -> str:
        unknown = [one for one in readers if (p := held.participant(one)) is None or not p.is_seated(now)]
        problems = [Problem("/readers", "no_seat", "only those who take part now can be written to")] if unknown else []
        if not text.strip() or len(text) > TEXT_LIMIT or any(ord(c) < 32 and c not in "\n\r\t" for c in text):
            problems.append(Problem("/text", "bad_text", f"plain text of 1 to {TEXT_LIMIT} characters"))
        if len(files) > FILES:
            problems.append(Problem("/files", "too_many_items", f"at most {FILES} files"))
        if problems:
            raise Invalid("the message was not kept", problems)
        limit = self.machines.settings.attachment_limit_bytes
        if any(len(one.data) > limit for one in files):
            raise TooLarge(f"a file is over {limit} bytes: send a smaller one")
        id_ = ids.message_id(secrets.token_bytes(8))
        record = coordinations.message_record(id_)
        kept = tuple(
            Enclosed(
                name=_plain(one.name, place),
                media_type="application/octet-stream",
                digest=blobs.put(tx, one.data, record=record),
                size_bytes=len(one.data),
            )
            for place, one in enumerate(files)
        )
        message = Message(
            id=id_,
            case=case.id,
            at=now,
            author=author,
            name=name,
            text=text.replace("\r\n", "\n").replace("\r", "\n"),
            tlp=case.handling.tightened_to(Tlp.AMBER_STRICT).tlp,
            readers=tuple(sorted(set(readers))),
            enclosed=kept,
        )
        coordinations.add_message(tx, message)
        facts = {"act": "message", "files": str(len(kept))}
        self._note(tx, viewer, Kind.CASE_COORDINATED, f"message:{id_}", case.id, now, facts)
        for reader in message.readers:
            one = held.participant(reader)
            if one is not None and one.contact and reader != author and readin.is_reading(held, one):
                self._post(tx, message, one)
        return id_

    def _post(self, tx: Tx, message: Message, one: Participant) -> None:
        machines = self.machines
        host = machines.settings.organisation
        if outbox.may_go(message.tlp, encrypted=bool(one.openpgp), settings=machines.settings):
            where = flow_coordination.link(machines, tx, one)
            mark = flow_canaries.reference(tx, one.id)
            letter = letters.message(one, message, link=where, host=host, reference=mark)
            outbox.queue(tx, letter, settings=machines.settings, at=machines.now())
            return
        what = "A word was written to you in a case you take part in."
        letter = letters.notice(one, key=f"message:{message.id}:{one.id}", what=what, link="", host=host)
        flow_coordination.post(machines, tx, letter, one)

    def _workspace(self, tx: Tx, viewer: Viewer, case_id: CaseId, seat: str, may_read: bool) -> Workspace:
        now = self.machines.now()
        held = coordinations.find(tx, case_id)
        one = held.participant(seat) if held is not None else None
        if held is None or one is None:
            raise Missing("no such seat")
        if not may_read:
            return readin.invitation(held, one)
        case = cases.get(tx, case_id, flow.FLOW)
        return readin.workspace(
            held,
            one,
            case=case,
            reports={id_: reports.get(tx, id_, flow.FLOW) for id_ in case.reports},
            organisation=viewer.organisation,
            draft=flow.draft_of(tx, case) if case.draft else None,
            verdicts=tuple(publish.verdict_sentence(v.verdict) for v in case.validations),
            thread=coordinations.thread(tx, case_id, viewer, at=now),
            reference=flow_canaries.reference(tx, seat, viewer.person if one.team is not None else None),
            approvals=self.machines.settings.approvals,
        )

    def _note(
        self, tx: Tx, viewer: Viewer, kind: Kind, key: str, subject: str, at: datetime, facts: dict[str, str]
    ) -> None:
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(subject,), facts=facts, actor=viewer.person))


def _held(tx: Tx, record: str, digest: Digest) -> bytes | None:
    try:
        return blobs.get(tx, digest, record=record)
    except Missing:
        return None  # named by digest only: the finder kept the bytes


def _plain(name: str, place: int) -> str:
    """A file name that no system reads as a path or a command, and that is a download everywhere."""
    kept = "".join(mark if mark.isascii() and (mark.isalnum() or mark in "._+-") else "_" for mark in name)
    kept = kept.lstrip("._+-")[:100]
    return kept or f"file-{place + 1}"


def _team(tx: Tx, id_: str) -> Team:
    try:
        return teams.get(tx, PartyId(id_))
    except Missing as error:
        raise Invalid("nobody was read in", [Problem("/team", "no_team", "name a team by its id")]) from error


def _first(part: Part) -> Tier:
    return min(TIERS_OF[part], key=lambda tier: tier.value)


def _line(pointer: str, text: str) -> list[Problem]:
    if not text.strip() or len(text) > LINE_LIMIT or not text.isprintable():
        return [Problem(pointer, "bad_line", f"one line of 1 to {LINE_LIMIT} characters")]
    return []


def _check_line(pointer: str, text: str) -> None:
    found = _line(pointer, text)
    if found:
        raise Invalid("a word is missing", found)
