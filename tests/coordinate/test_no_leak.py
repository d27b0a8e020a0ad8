"""Random acts of every party and jumps of the clock: nothing is published before its time, and nobody who is not read
in meets a word of the case through any door, feed, event, log or error.

The flows run as the engine would run them, after every act. Doors are the real web application: each address that can
be read is asked for by strangers, a rival finder, and participants who may not read.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from litestar.testing import TestClient

from comity.access.policy import Scope
from comity.access.routes import declared
from comity.clearing.desk_coordination import Wish
from comity.errors import ComityError, Missing
from comity.model.case import Stage
from comity.model.coordination import KEEPS_QUIET, Breach, Fact, Handled, Part
from comity.model.ids import PartyId
from comity.model.inventory import VexStatus
from comity.model.party import ANONYMOUS, Viewer
from comity.store import coordinations, journal, parties, published
from tests.coordinate.hosts import ADA, DISTRO, FINDER, GRACE, RIVAL, VENDOR, Host, finding, host
from tests.mail.conftest import SENDER

SECRET = count(1)
OUTSIDERS = {"rival": RIVAL, "distro": DISTRO, "vendor": VENDOR}


class Heard(logging.Handler):
    """Keeps every line of every log."""

    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage() + (record.exc_text or ""))


class Doors:
    """The web application on this host, with a token for each outsider."""

    def __init__(self, comity: Host, client: TestClient) -> None:
        self.client = client
        self.tokens = {}
        for name, viewer in OUTSIDERS.items():
            held = replace(viewer, roles=viewer.roles)
            self.tokens[name] = comity.office.accounts.make_token(
                held, label="test", scopes=frozenset(Scope), days=365
            )[0]
        self.paths = sorted(
            {path for method, path, _ in declared(client.app) if method == "GET" and "static" not in path}
        )

    def told(self, who: str, known: dict[str, str], *, seats_alone: bool = False) -> Iterator[tuple[str, str]]:
        """Every answer that this caller gets, headers too; with `seats_alone` only of addresses that name a seat."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        for path in self.paths:
            if seats_alone and "{seat" not in path:
                continue
            address = path
            for part in [p for p in path.split("/") if p.startswith("{")]:
                name = part.strip("{}").partition(":")[0]
                address = address.replace(part, known.get(name, "x"))
            answer = self.client.get(address, headers=headers if address.startswith("/api") else {})
            yield address, answer.text + repr(dict(answer.headers))


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Host, Doors, Heard]]:
    """One host for all examples; each has a case of its own."""
    heard = Heard()
    root = logging.getLogger()
    root.addHandler(heard)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with host(folder, mail_from=SENDER) as comity:
            office = replace(comity.office, clearing=comity.clearing, coordination=comity.desk)
            with TestClient(office.web(), base_url=office.settings.address, raise_server_exceptions=False) as client:
                yield comity, Doors(comity, client), heard
    finally:
        root.setLevel(level)
        root.removeHandler(heard)


def machine(comity: Host, doors: Doors, heard: Heard) -> type[RuleBasedStateMachine]:
    class Coordinating(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.words: tuple[str, ...] = ()
            self.said = f"okapi{next(SECRET)}"
            self.excused = False
            self.refused: list[str] = []
            self.allowed: set[str] = set()

        @initialize(vendor=st.booleans(), distro=st.booleans(), answered=st.booleans())
        def begin(self, vendor: bool, distro: bool, answered: bool) -> None:
            mark = next(SECRET)
            self.words = (f"zebra{mark}", f"quagga{mark}", f"dugong{mark}")
            held = finding(
                summary=f"{self.words[0]} builds objects",
                description=f"A document with {self.words[1]} is built.",
            )
            self.case = comity.case_of(held)
            self.began = comity.clock.now()
            self.digest = comity.clearing.case(ADA, self.case).reports[0].finding.attachments[0].digest
            self.message = ""
            if vendor:
                self.read_in("vendor", mail=True)
            if distro:
                self.read_in("distro", mail=False)
            if answered:
                self.agree(VENDOR)
                self.agree(DISTRO)

        # Acts: each may be refused, and a refusal is an answer too ---------------------------------------------------

        def act(self, do: object, *, excuses: bool = False) -> None:
            try:
                do()  # type: ignore[operator]  # a call without arguments
            except ComityError as error:
                self.refused.append(str(error))
            else:
                self.excused = self.excused or excuses
            self.flows()

        def flows(self) -> None:
            """Whether it may be published is judged before the flows run, on what all have agreed to by then."""
            before = self.held()
            now = comity.clock.now()
            bound = before.is_bound() and before.terms is not None and before.terms.until > now
            case = comity.clearing.case(ADA, self.case).case
            ready = case.stage is Stage.READY
            agreed = {one.person for one in case.approvals if one.draft == case.draft}
            done = comity.run_flows(self.case)
            if done:
                assert not bound, "published while an embargo was in force"
                assert ready
                assert len(agreed) >= 2
                assert self.excused or now >= self.began + timedelta(days=30)

        def held(self):
            with comity.machines.store.read() as tx:
                found = coordinations.find(tx, self.case)
            assert found is not None
            return found

        def seat(self, viewer: Viewer) -> str:
            now = comity.clock.now()
            return next(
                (o.id for o in self.held().participants if o.person == viewer.person and o.is_seated(now)), "N-NONE"
            )

        @rule(who=st.sampled_from(["vendor", "distro"]), mail=st.booleans())
        def read_in(self, who: str, mail: bool) -> None:
            part = Part.MAINTAINER if who == "vendor" else Part.DISTRIBUTOR
            contact = f"{who}@project.example" if mail else ""
            self.act(
                lambda: comity.desk.read_in(
                    ADA, self.case, name=who, part=part, why="needs it", login=who, contact=contact
                )
            )

        @rule(who=st.sampled_from(["vendor", "distro"]))
        def read_out(self, who: str) -> None:
            self.act(lambda: comity.desk.read_out(ADA, self.case, self.seat(OUTSIDERS[who]), why="done"))

        @rule(who=st.sampled_from([FINDER, VENDOR, DISTRO]))
        def agree(self, who: Viewer) -> None:
            self.act(lambda: comity.desk.agree(who, self.seat(who)))

        @rule(who=st.sampled_from([FINDER, VENDOR, DISTRO]))
        def refuse(self, who: Viewer) -> None:
            self.act(lambda: comity.desk.refuse(who, self.seat(who), why="no"))

        @rule(who=st.sampled_from([FINDER, VENDOR]), days=st.integers(1, 60))
        def ask(self, who: Viewer, days: int) -> None:
            until = comity.clock.now() + timedelta(days=days)
            self.act(lambda: comity.desk.ask(who, self.seat(who), until=until, why="our release"), excuses=True)

        @rule(days=st.integers(1, 60), slower=st.booleans())
        def propose(self, days: int, slower: bool) -> None:
            until = comity.clock.now() + timedelta(days=days)
            self.act(
                lambda: comity.desk.propose(ADA, self.case, until=until, why="x", for_slower_vendors=slower),
                excuses=True,
            )

        @rule(fact=st.sampled_from(list(Fact)), rarely=st.integers(0, 5))
        def learn(self, fact: Fact, rarely: int) -> None:
            if rarely != 5:  # most facts end an embargo, and then nothing is left to leak early
                return
            self.act(lambda: comity.desk.learn(ADA, self.case, fact=fact, why="seen"), excuses=True)

        @rule(kind=st.sampled_from(list(Breach)), rarely=st.integers(0, 5))
        def declare_break(self, kind: Breach, rarely: int) -> None:
            if rarely != 5:
                return
            self.act(lambda: comity.desk.declare_break(ADA, self.case, kind=kind, evidence="seen"), excuses=True)

        @rule(to=st.sampled_from(list(Handled)))
        def handle(self, to: Handled) -> None:
            self.act(lambda: comity.desk.handle(VENDOR, self.seat(VENDOR), to=to))

        @rule(readers=st.sets(st.sampled_from(["vendor", "distro", "finder"])))
        def say(self, readers: set[str]) -> None:
            people = {"finder": FINDER, **OUTSIDERS}
            seats = [self.seat(people[one]) for one in sorted(readers)]

            def do() -> None:
                self.message = comity.desk.say(ADA, self.case, text=f"about {self.said}", readers=seats)
                self.allowed |= readers

            self.act(do)

        @rule(status=st.sampled_from(list(VexStatus)), version=st.sampled_from(["5.2", "5.3"]))
        def state_vex(self, status: VexStatus, version: str) -> None:
            wish = Wish(
                product="pkg:pypi/pyyaml",
                status=status,
                version=version,
                detail=f"about {self.words[2]}",
                namespace="https://project.example",
            )
            self.act(lambda: comity.desk.state_vex(VENDOR, self.seat(VENDOR), wish))

        @rule()
        def take_vex(self) -> None:
            self.act(lambda: comity.desk.take_vex(ADA, self.case))

        @rule(who=st.sampled_from([ADA, GRACE]))
        def approve(self, who: Viewer) -> None:
            draft = comity.clearing.case(ADA, self.case).case.draft
            assert draft is not None
            self.act(lambda: comity.clearing.approve(who, self.case, draft))

        @rule()
        def publish(self) -> None:
            self.act(lambda: comity.clearing.publish(ADA, self.case))

        @rule(span=st.sampled_from([timedelta(hours=1), timedelta(days=5), timedelta(days=20)]))
        def time_passes(self, span: timedelta) -> None:
            comity.wait(span)
            self.flows()

        # What must hold ----------------------------------------------------------------------------------------------

        @invariant()
        def nobody_who_may_not_read_meets_a_word_at_the_counter(self) -> None:
            if not self.words:
                return
            now = comity.clock.now()
            held = self.held()
            for name, viewer in OUTSIDERS.items():
                one = next((o for o in held.participants if o.person == viewer.person and o.is_seated(now)), None)
                reads = one is not None and (not held.is_bound() or one.consent in KEEPS_QUIET)
                shown = repr(comity.desk.seats(viewer))
                if not reads:
                    assert not any(word in shown for word in (*self.words, self.said)), name
                elif name not in self.allowed:
                    assert self.said not in shown, name
                if one is None or one.part is not Part.MAINTAINER:
                    assert self.words[2] not in shown, name
                if one is not None and one.part is Part.DISTRIBUTOR:
                    assert f"description='A document with {self.words[1]}" not in shown
                with pytest.raises(ComityError) as refused:
                    comity.clearing.case(viewer, self.case)
                assert not any(word in str(refused.value) for word in (*self.words, self.said))
            if comity.clearing.case(ADA, self.case).case.stage is not Stage.PUBLISHED:
                with comity.machines.store.read() as tx, pytest.raises(Missing):
                    published.get(tx, comity.clearing.case(ADA, self.case).case.advisory, ANONYMOUS)

        @invariant()
        def events_and_logs_say_nothing(self) -> None:
            if not self.words:
                return
            is_public = comity.clearing.case(ADA, self.case).case.stage is Stage.PUBLISHED
            secret = (self.said,) if is_public else (*self.words, self.said)
            with comity.machines.store.read() as tx:
                told = repr(journal.about(tx, self.case))
            assert not any(word in told for word in secret)
            assert not any(word in line for line in (*heard.lines, *self.refused) for word in (*secret,))
            heard.lines.clear()

        def teardown(self) -> None:
            """Every address of every door, asked by everybody who may not read; then whoever had a seat loses it."""
            if not self.words:
                return
            now = comity.clock.now()
            held = self.held()
            is_public = comity.clearing.case(ADA, self.case).case.stage is Stage.PUBLISHED
            seats = [one.id for one in held.participants]
            known = {"case": str(self.case), "sha256": self.digest, "message": self.message or "M-NONE"}
            known |= {"advisory": str(comity.clearing.case(ADA, self.case).case.advisory), "file": "osv.json"}
            secret = (self.said,) if is_public else (*self.words, self.said)
            for name in ("", *OUTSIDERS):
                if any(name and o.person == PartyId(name) and o.is_seated(now) for o in held.participants):
                    continue  # the counter's invariant says what a participant may see
                for place, seat in enumerate(seats[:2]):
                    for address, text in doors.told(name, known | {"seat": seat}, seats_alone=place > 0):
                        found = [word for word in secret if word in text]
                        assert not found, f"{name or 'a stranger'} met {found} at {address}"
            for one in held.participants:
                if one.is_seated(now) and one.part is not Part.FINDER:
                    comity.desk.read_out(ADA, self.case, one.id, why="the example ended")

    return Coordinating


@pytest.mark.timeout(600)
def test_nothing_is_published_early_and_nobody_who_is_not_read_in_meets_a_word(tmp_path: Path) -> None:
    with opened(tmp_path) as (comity, doors, heard):
        with comity.machines.store.read() as tx:
            assert parties.count_people(tx) >= len(OUTSIDERS)
        held = settings(
            max_examples=7,
            stateful_step_count=22,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a whole host would take an hour
        )
        run_state_machine_as_test(machine(comity, doors, heard), settings=held)
