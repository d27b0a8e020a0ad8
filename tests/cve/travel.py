"""A scenario for the crash tests: a case goes to a partner host and gets a CVE id; both other sides outlive a kill."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from comity.clearing import flow, flow_cve, flow_handover
from comity.clearing.desk_cve import CveDesk, Deed, Standing
from comity.clearing.desk_handover import HandOvers
from comity.durable.engine import Control, State, connect, launch
from comity.model.federation import Delivery
from comity.model.ids import CaseId, PartyId
from comity.model.party import Role, Viewer
from comity.partners.carrier import Answer, Carrier
from comity.partners.cve_services import CveServices
from comity.partners.tap import TapIntake
from comity.sealing import keys
from comity.settings import Settings
from comity.store import cases, cve_services, partners, reports
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, Host, coordinator, host
from tests.cve.services import KEY, ORG, USER, Kept
from tests.engagement.hosts import SilentControl

ADA, GRACE = coordinator("ada"), coordinator("grace")
ROOT = Viewer(person=PartyId("root"), organisation=PartyId("cert"), roles=frozenset({Role.ADMIN}))
OWN = replace(FINDING, aliases=())
LONGEST = 60.0


@dataclass(slots=True)
class Line:
    """Brings what A sends to B's counter, in this process."""

    there: HandOvers | None = None

    def checked(self, address: str) -> str:
        return Carrier().checked(address)

    def bring(self, _address: str, body: bytes) -> Answer:
        assert self.there is not None
        held = json.loads(body)
        letter, documents = base64.b64decode(held["letter"]), [base64.b64decode(one) for one in held["documents"]]
        receipt = self.there.take(letter, documents)
        return Answer(status=200, body=json.dumps({"receipt": base64.b64encode(receipt).decode()}).encode())


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """From the start, or from wherever a crash left it, to the end."""
    folder = settings.data.parent.parent
    line = Line()
    with host(folder / "a", settings=settings, run=False) as a, host(folder / "b", run=False) as b:
        passing, a_side = _side(a, folder / "a", "Host A", line)
        _, b_side = _side(b, folder / "b", "Host B", line)
        line.there = b_side
        numbering = flow_cve.Machines(desk=a.machines, services=_services(folder))
        case = _prepared(a, a_side, b_side, numbering)
        a.machines.store.seam = seam
        b.machines.store.seam = lambda name: seam(f"b:{name}")
        control = connect(settings)
        flows = (*flow_handover.flows(passing), *flow_cve.flows(numbering))
        running = launch(settings, flows, clock=a.clock, poll=timedelta(milliseconds=20), seam=seam, worker="worker-1")
        try:
            flow_handover.resume(passing, control)
            flow_cve.resume(numbering, control)
            _until_over(a, case, control)
        finally:
            running.stop()
            control.close()


def _side(made: Host, folder: Path, name: str, line: Line) -> tuple[flow_handover.Machines, HandOvers]:
    config = replace(made.machines.settings, keys=folder / "keys", organisation=name)
    key = keys.signing_key(config)
    machines = flow_handover.Machines(
        store=made.machines.store, key=key, carrier=line, intake=TapIntake(), now=made.clock.now, organisation=name
    )
    return machines, HandOvers(machines=machines, control=SilentControl(), clearing=made.desk, settings=config)


def _services(folder: Path) -> CveServices:
    return CveServices(loopback=True, transport=httpx.MockTransport(Kept(folder / "services.json")))


def _prepared(a: Host, a_side: HandOvers, b_side: HandOvers, numbering: flow_cve.Machines) -> CaseId:
    """The case, its hand-over and its reservation, each once, before anything is killed."""
    desk = CveDesk(machines=numbering, control=SilentControl())
    with a.machines.store.read() as tx:
        held = cases.page(tx, flow.FLOW).items
    if held:
        return held[0].id
    desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment="http://localhost/api")
    (answer,) = a.desk.submit(LAB, [document(OWN)])
    ((name, *_),) = flow.screen(a.machines, [answer.report])
    case = CaseId(name)
    flow.judge(a.machines, case, answer.report, flow.run(a.machines, case, answer.report))
    flow.draft(a.machines, case)
    run_ = desk.dry_run(ADA, case, Deed.RESERVE)
    made = desk.propose(ADA, case, Deed.RESERVE, seen=run_.digest)
    desk.confirm(GRACE, made.id, seen=run_.digest)
    to_b = a_side.add(ROOT, name="Host B", address="https://b.example", key=b_side.machines.key.public.export())
    b_side.add(ROOT, name="Host A", address="https://a.example", key=a_side.machines.key.public.export())
    a_side.hand_over(ADA, case, partner=to_b.id, basis="consent", why="it is their product")
    return case


def _until_over(a: Host, case: CaseId, control: Control) -> None:
    """Let time pass until both are settled and the flows are over."""
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        with a.machines.store.read() as tx:
            out = partners.sent(tx, flow.FLOW, case=case)
            asked = cve_services.of(tx, case, flow.FLOW)
        names = [f"{flow_handover.HAND_OVER}:{one.id}:{one.round}" for one in out]
        names += [f"{flow_cve.SEND}:{one.id}:{one.round}" for one in asked]
        is_open = any(one.state is Delivery.WAITING for one in out)
        is_asked = any(one.standing is Standing.CONFIRMED for one in asked)
        if not is_open and not is_asked and all(control.status(one).state is State.DONE for one in names):
            return
        a.clock.jump_to(a.clock.now() + timedelta(seconds=30))
        time.sleep(0.05)
    raise AssertionError("it did not end")


def state(settings: Settings) -> Any:
    """What must be the same however often it crashed, without times and random ids."""
    folder = settings.data.parent.parent
    with host(folder / "a", settings=settings, run=False) as a, host(folder / "b", run=False) as b:
        with a.machines.store.read() as tx:
            (case,) = cases.page(tx, flow.FLOW).items
            (out,) = partners.sent(tx, flow.FLOW)
            (asked,) = cve_services.of(tx, case.id, flow.FLOW)
        with b.machines.store.read() as tx:
            came, here = partners.received(tx), reports.page(tx, flow.FLOW).items
            own = [one.receipt for one in here]
    there = json.loads((folder / "services.json").read_text())
    return {
        "sent": out.state.value,
        "receipts are theirs": list(out.receipts) == own,
        "came": len(came),
        "reports there": len(here),
        "asked": asked.standing.value,
        "ids there": len(there),
        "bound": case.cve in there,
    }
