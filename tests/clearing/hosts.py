"""A whole clearinghouse in a temporary folder: real store, real engine, a laboratory that answers from a script."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from comity.clearing import flow, flow_batches, flow_coordination, flow_cross
from comity.clearing.desk import Clearing
from comity.clearing.desk_batches import Batches
from comity.clearing.desk_canaries import Canaries
from comity.clearing.desk_coordination import Coordinations
from comity.clearing.desk_regroup import Regroup
from comity.clearing.desk_rules import Rules
from comity.durable.clock import JumpingClock
from comity.durable.engine import connect, launch
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Organisation, Person, Role, Viewer
from comity.model.recipe import Observation, PlannedRun, Recipe, Sight, Trial
from comity.settings import Settings
from comity.store import engine, parties
from comity.store.crypt import MasterKey

START = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
PEOPLE = ("ada", "grace")
LAB = Viewer(person=PartyId("lab-1"), organisation=PartyId("lab"), roles=frozenset({Role.SUBMITTER}), tlp=Tlp.RED)


def coordinator(name: str) -> Viewer:
    """A coordinator of the host, cleared for RED."""
    return Viewer(person=PartyId(name), organisation=PartyId("cert"), roles=frozenset({Role.COORDINATOR}), tlp=LAB.tlp)


@dataclass(slots=True)
class ScriptedLaboratory:
    """Stands in for the sandbox: the effect occurs on the vulnerable build, or what `fires` says."""

    fires: Mapping[str, bool] = field(default_factory=dict)
    made: int = 0
    before: Callable[[], object] = lambda: None

    def make(self, recipe: Recipe, plan: tuple[PlannedRun, ...], attached: Mapping[str, bytes]) -> Trial:
        self.made += 1
        self.before()
        return Trial(
            observations=tuple(
                Observation(
                    dress=run.dress,
                    index=run.index,
                    sight=Sight.FIRED if self.fires.get(run.dress, not run.dress.fixed_code) else Sight.SILENT,
                )
                for run in plan
            ),
            origins={},
            contained_fully=True,
            environment={},
            wall=timedelta(seconds=1),
        )


@dataclass(frozen=True, slots=True)
class PlainSigner:
    """Stands in for the host's key where signatures are not what is tested."""

    def validation(self, recipe, trial, verdict, *, report, at) -> bytes:
        return json.dumps({"recipe": recipe.digest, "verdict": type(verdict).__name__}).encode()

    def seal(self, name, data, *, approved_by, at) -> bytes:
        return json.dumps({"sealed": name}).encode()

    def scan_result(self, statement) -> bytes:
        return statement

    def blind_receipt(self, receipt) -> bytes:
        return json.dumps({"question": receipt.question}).encode()


@dataclass(slots=True)
class Host:
    """What a test works with."""

    desk: Clearing
    machines: flow.Machines
    clock: JumpingClock
    laboratory: ScriptedLaboratory


@contextmanager
def host(
    folder: Path,
    *,
    settings: Settings | None = None,
    run: bool = True,
    seam=engine.no_seam,
    worker: str = "worker-1",
    fires=None,
    coordinated: bool = False,
    more: Callable[[flow.Machines, Any], tuple[Any, ...]] = lambda _machines, _control: (),
    start: datetime = START,
) -> Iterator[Host]:
    """A clearinghouse with one lab and two coordinators; with `run` its worker runs, with `more` flows beside."""
    settings = settings or Settings(data=folder / "data", keys=folder / "keys")
    store = engine.open(settings, MasterKey(b"k" * 32), seam=seam)
    clock = JumpingClock(start)
    with store.write() as tx:
        if not parties.count_people(tx):
            for org in ("lab", "rival", "cert"):
                parties.add_organisation(tx, Organisation(id=PartyId(org), name=org))
            for name in PEOPLE:
                person = Person(
                    id=PartyId(name),
                    name=name.title(),
                    organisation=PartyId("cert"),
                    roles=frozenset({Role.COORDINATOR}),
                )
                parties.add_person(tx, person, login=name, password_hash=None)
    laboratory = ScriptedLaboratory()
    machines = flow.Machines(
        store=store,
        settings=settings,
        laboratory=laboratory,
        signer=PlainSigner(),
        now=clock.now,
    )
    control = connect(settings)
    poll = timedelta(milliseconds=50)
    flows = (
        *flow.flows(machines, control),
        *flow_batches.flows(machines, control),
        *(flow_coordination.flows(machines) if coordinated else ()),
        *more(machines, control),
    )
    if fires is not None:
        flows += flow_cross.flows(machines, control, fires)
    running = launch(settings, flows, clock=clock, poll=poll, seam=seam, worker=worker) if run else None
    try:
        yield Host(
            desk=Clearing(machines=machines, control=control), machines=machines, clock=clock, laboratory=laboratory
        )
    finally:
        if running is not None:
            running.stop()
        control.close()
        store.close()


def further(machines: flow.Machines, control: Any) -> dict[str, Any]:
    """The counters beside the main one, on the same machines."""
    return {
        "coordination": Coordinations(machines=machines, control=control),
        "canaries": Canaries(machines=machines),
        "regroup": Regroup(machines=machines, control=control),
        "batches": Batches(machines=machines, control=control),
        "rules": Rules(machines=machines),
    }


RIVAL = replace(LAB, person=PartyId("rival-1"), organisation=PartyId("rival"))
