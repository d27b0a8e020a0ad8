"""A reproduced case in a real store with a real engine; who climbs is a script, or the sandbox of this machine."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from comity.clearing import flow_patches
from comity.clearing.desk_patches import Patches, PatchView
from comity.clearing.flow_ladder import Attempt
from comity.durable.clock import JumpingClock
from comity.durable.engine import connect, launch
from comity.formats.patch_archive import SamplePatch, sample_patches
from comity.formats.recipe import read
from comity.model.case import Case, Stage, Validation
from comity.model.evidence import Attachment, Build, Reproduced, Role, Tally
from comity.model.handling import Handling, Tlp
from comity.model.ids import CaseId, Digest, PartyId, batch_id, case_id, digest, receipt, report_id
from comity.model.party import Organisation, Person, Viewer
from comity.model.party import Role as PartyRole
from comity.model.patch import Patch, Rise, Rung
from comity.model.recipe import Recipe
from comity.model.report import Finding, Report
from comity.sealing import keys
from comity.sealing.signer import HostSigner
from comity.settings import Settings
from comity.store import blobs, cases, engine, parties, reports
from comity.store.crypt import MasterKey
from tests.clearing.hosts import START

SAMPLES: Mapping[str, SamplePatch] = {one.id: one for one in sample_patches()}
SUMMARY = "A sentence of the report that nobody else may read"
PEOPLE = ("ada", "grace")


def viewer(
    name: str, *, tlp: Tlp = Tlp.RED, roles: frozenset[PartyRole] = frozenset({PartyRole.COORDINATOR})
) -> Viewer:
    """Somebody of the host."""
    return Viewer(person=PartyId(name), organisation=PartyId("cert"), roles=roles, tlp=tlp)


ADA, GRACE = viewer("ada"), viewer("grace")


@dataclass(slots=True)
class ScriptedClimber:
    """Reaches every rung below `stops`; says what it was given."""

    stops: Rung | None = None
    raises: Mapping[Rung, Exception] = field(default_factory=dict)
    given: list[tuple[Rung, Attempt]] = field(default_factory=list)
    is_public: bool = True
    tier: str = "full"

    def rise(self, attempt: Attempt, rung: Rung) -> Rise:
        self.given.append((rung, attempt))
        if rung in self.raises:
            raise self.raises[rung]
        return Rise(rung=rung, reached=rung is not self.stops, said=f"rung {rung.value} by script")

    def files(self, recipe: Recipe, attached: Mapping[Digest, bytes]) -> tuple[Mapping[str, bytes], bool]:
        return {"ledger/export.py": b"def page(): ...\n", "tests/test_export.py": b"secret test\n"}, self.is_public

    def environment(self) -> Digest:
        return digest(b"environment")

    def climb(self, attempt: Attempt, progress: Any = None) -> Any:
        raise AssertionError("this script climbs in its flow alone")


@dataclass(slots=True)
class Patching:
    """What a test works with."""

    patches: Patches
    machines: flow_patches.Machines
    climber: Any
    case: CaseId
    key: keys.SigningKey

    def settled(self, patch: Patch, seconds: float = 120) -> PatchView:
        """The patch once its climb is over."""
        tick, end = threading.Event(), time.monotonic() + seconds
        while time.monotonic() < end:
            held = self.patches.one(ADA, self.case, patch.id)
            if held.patch.is_settled:
                return held
            tick.wait(0.01)
        raise TimeoutError("the patch still climbs")


@contextmanager
def patching(
    folder: Path,
    *,
    sample: str = "page-resolved",
    climber: Any = None,
    settings: Settings | None = None,
    run: bool = True,
    seam: Callable[[str], None] = engine.no_seam,
    leave: Callable[[], str] = lambda: "",
    demo: bool = False,
    is_reproduced: bool = True,
) -> Iterator[Patching]:
    """A store with one case about the sample's proof, and the flow of patches."""
    settings = settings or Settings(data=folder / "data", keys=folder / "keys")
    store = engine.open(settings, MasterKey(b"k" * 32), seam=seam)
    clock = JumpingClock(START)
    key = keys.signing_key(settings, demo=demo)
    climber = climber if climber is not None else ScriptedClimber()
    control = connect(settings)
    machines = flow_patches.Machines(
        store=store,
        settings=settings,
        climber=climber,
        signer=HostSigner(key=key, organisation=PartyId("cert")),
        now=clock.now,
        leave=leave,
        demo=demo,
    )
    poll = timedelta(milliseconds=50)
    running = launch(settings, flow_patches.flows(machines), clock=clock, poll=poll, seam=seam) if run else None
    try:
        case = case_of(store, SAMPLES[sample], is_reproduced=is_reproduced)
        patches = Patches(machines=machines, control=control, climber=climber)
        yield Patching(patches=patches, machines=machines, climber=climber, case=case, key=key)
    finally:
        if running is not None:
            running.stop()
        control.close()
        store.close()


def case_of(store: engine.Store, sample: SamplePatch, *, is_reproduced: bool = True) -> CaseId:
    """The one case of the store, about the sample's proof; made with its people when there is none yet."""
    recipe = read(sample.case.recipe)
    files = {"recipe.toml": sample.case.recipe, **sample.case.attachments}
    finding = Finding(
        summary=SUMMARY,
        attachments=tuple(
            Attachment(
                filename=name,
                media_type="application/octet-stream",
                digest=digest(data),
                size_bytes=len(data),
                role=Role.RECIPE if name == "recipe.toml" else Role.PROOF,
            )
            for name, data in files.items()
        ),
        handling=Handling(tlp=Tlp.RED),
    )
    with store.write() as tx:
        held = cases.page(tx, flow_patches.flow.FLOW).items
        if held:
            return held[0].id
        parties.add_organisation(tx, Organisation(id=PartyId("cert"), name="cert"))
        for name in PEOPLE:
            person = Person(
                id=PartyId(name),
                name=name.title(),
                organisation=PartyId("cert"),
                roles=frozenset({PartyRole.COORDINATOR}),
            )
            parties.add_person(tx, person, login=name, password_hash=None)
        report = Report(
            id=report_id(secrets.token_bytes(8)),
            finding=finding,
            submitter=PartyId("lab-1"),
            organisation=PartyId("lab"),
            batch=batch_id(secrets.token_bytes(8)),
            received_at=START,
            format="comity",
            document=digest(b"document"),
            receipt=receipt(secrets.token_bytes(20)),
        )
        reports.add(tx, report)
        for data in files.values():
            blobs.put(tx, data, record=reports.record(report.id))
        verdict = Reproduced(tallies=(Tally(build=Build.VULNERABLE, fired=10, runs=10),))
        validation = Validation(verdict=verdict, report=report.id, recipe=recipe.digest, statement=None, at=START)
        case = Case(
            id=case_id(secrets.token_bytes(8)),
            stage=Stage.VALID if is_reproduced else Stage.NEEDS_INFO,
            title=SUMMARY,
            handling=Handling(tlp=Tlp.AMBER_STRICT),
            opened_at=START,
            reports=(report.id,),
            validations=(validation,) if is_reproduced else (),
        )
        return cases.add(tx, case).id
