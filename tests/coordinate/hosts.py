"""A whole host, doors and all, whose flows the test itself drives step by step: fast, and the clock is in its hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from comity import app
from comity.app import Office
from comity.clearing import flow, flow_coordination
from comity.clearing.desk import Clearing
from comity.clearing.desk_coordination import Coordinations
from comity.durable.clock import JumpingClock
from comity.model.case import Stage
from comity.model.handling import Tlp
from comity.model.ids import CaseId, PartyId
from comity.model.party import Organisation, Person, Role, Viewer
from comity.model.report import Finding
from comity.settings import Settings
from comity.store import cases, parties, reports
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import ScriptedLaboratory

NAME = b"wheel-of-two-versions"
NUMBERS = count(1)
START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def finding(**more: object) -> Finding:
    """A finding that is like no other: another identifier, place and text each time."""
    number = next(NUMBERS)
    held = replace(
        FINDING,
        summary=f"full_load number {number} builds objects that it must not",
        description=f"A document with tag number {number} is built by the full loader.",
        aliases=(f"CVE-2020-{20000 + number}",),
        symbols=(replace(FINDING.symbols[0], file=f"yaml/part{number}.py", function=f"make_{number}"),),
    )
    return replace(held, **more)  # type: ignore[arg-type]  # fields of a finding


def person(name: str, organisation: str, *roles: Role) -> Viewer:
    """Somebody with an account."""
    return Viewer(person=PartyId(name), organisation=PartyId(organisation), roles=frozenset(roles), tlp=Tlp.RED)


ADA = person("ada", "cert", Role.COORDINATOR)
GRACE = person("grace", "cert", Role.COORDINATOR)
FINDER = person("finder", "lab", Role.SUBMITTER)
RIVAL = person("rival", "rival", Role.SUBMITTER)
VENDOR = person("vendor", "project", Role.MAINTAINER)
DISTRO = person("distro", "distribution", Role.READER)
PEOPLE = (ADA, GRACE, FINDER, RIVAL, VENDOR, DISTRO)


class Still:
    """Stands in for the engine: nothing runs but what the test runs itself."""

    def start(self, flow_: str, key: str, *_args: object) -> str:
        return f"{flow_}:{key}"

    def signal(self, *_args: object, **_more: object) -> None:
        """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a test works with."""

    office: Office
    clearing: Clearing
    desk: Coordinations
    machines: flow.Machines
    clock: JumpingClock

    def case_of(self, finding: Finding, viewer: Viewer = FINDER, *, recipe: str = "") -> CaseId:
        """Send a finding and let it travel to coordination."""
        name = recipe or f"wheel-{next(NUMBERS)}"
        (answer,) = self.clearing.submit(viewer, [document(finding, recipe=RECIPE.replace(NAME, name.encode()))])
        flow.screen(self.machines, [answer.report])  # type: ignore[union-attr]  # it was accepted
        with self.machines.store.read() as tx:
            case = reports.case_of(tx, answer.report)  # type: ignore[union-attr]  # as before
            assert case is not None
            stage = cases.get(tx, case, flow.FLOW).stage
        if stage is not Stage.VALIDATING:
            return case  # it joined a case that is coordinated already
        trial = flow.run(self.machines, case, answer.report)  # type: ignore[union-attr]  # as before
        flow.judge(self.machines, case, answer.report, trial)  # type: ignore[union-attr]  # as before
        flow.draft(self.machines, case)
        flow_coordination.tick(self.machines, case)
        return case

    def run_flows(self, case: CaseId) -> str:
        """What the durable flows of a case would do now: note clocks, look, and publish when it is time."""
        flow_coordination.tick(self.machines, case)
        outlook = flow.look(self.machines, case)
        if outlook not in (flow.WAIT, flow.ENDED) and datetime.fromisoformat(outlook) <= self.clock.now():
            done = flow.release(self.machines, case)
            flow_coordination.tick(self.machines, case)
            return done
        return ""

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.jump_to(self.clock.now() + span)


@contextmanager
def host(folder: Path, **more: object) -> Iterator[Host]:
    """A host with two coordinators, two finders, a maintainer and a distributor; no worker runs."""
    settings = Settings(data=folder / "data", keys=folder / "keys", offline=True, **more)  # type: ignore[arg-type]  # names of settings
    clock = JumpingClock(START)
    with app.opened(settings, clock=clock, work=False) as office:
        with office.store.write() as tx:
            for home in sorted({str(one.organisation) for one in PEOPLE}):
                parties.add_organisation(tx, Organisation(id=PartyId(home), name=home))
            for one in PEOPLE:
                held = Person(id=one.person, name=one.person.title(), organisation=one.organisation, roles=one.roles)
                parties.add_person(tx, held, login=one.person, password_hash="x")
        machines = replace(office.clearing.machines, laboratory=ScriptedLaboratory())
        clearing = replace(office.clearing, machines=machines, control=Still())
        desk = replace(office.coordination, machines=machines, control=Still())
        yield Host(office=office, clearing=clearing, desk=desk, machines=machines, clock=clock)
