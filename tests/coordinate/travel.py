"""A scenario for the crash tests: a case is coordinated, a clock runs out, a break is declared, it is published."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from comity.clearing import flow, flow_coordination
from comity.clearing.desk_coordination import Coordinations
from comity.durable import engine as durable
from comity.errors import Conflict
from comity.mail import outbox
from comity.model.case import Stage
from comity.model.coordination import Breach, Part
from comity.model.ids import CaseId, PartyId
from comity.model.party import Person, Role
from comity.settings import Settings
from comity.store import cases, coordinations, journal, parties
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, START, coordinator, host
from tests.clearing.travel import until

ADA, GRACE = coordinator("ada"), coordinator("grace")
SENDER = "clearing@host.example"


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """From the start, or from wherever a crash left it, to the end; every act is one that a person may repeat."""
    settings = replace(settings, mail_from=SENDER)
    with host(settings.data.parent, settings=settings, seam=seam, coordinated=True) as comity:
        _account(comity)
        desk, control = comity.desk, comity.desk.control
        counter = Coordinations(machines=comity.machines, control=control)
        desk.resume()
        desk.submit(LAB, [document(FINDING)])
        until(lambda: _stages(comity) and _stages(comity)[0] in {Stage.COORDINATING, Stage.READY, Stage.PUBLISHED})
        (row,) = desk.cases(ADA).rows
        case: CaseId = row.id
        _woken(comity, counter, case)
        held = counter.view(ADA, case).held
        if not any(one.part is Part.MAINTAINER for one in held.participants):
            counter.read_in(ADA, case, name="Vendor", part=Part.MAINTAINER, why="owns it", contact="v@project.example")
        comity.clock.jump_to(max(comity.clock.now(), START + timedelta(days=25)))
        until(lambda: any(name.startswith("embargo-warning") for name in counter.view(ADA, case).held.told))
        if not counter.view(ADA, case).held.breaks:
            counter.declare_break(ADA, case, kind=Breach.LEAK, evidence="a post names the function")
        _woken(comity, counter, case)
        for viewer in (ADA, GRACE):
            seen = desk.case(viewer, case).case
            if viewer.person not in {a.person for a in seen.approvals}:
                desk.approve(viewer, case, seen.draft)
        try:
            desk.publish(ADA, case)
        except Conflict:  # a flow that was cut off after the release published meanwhile
            assert desk.case(ADA, case).case.stage is Stage.PUBLISHED
        until(lambda: control.status(flow.coordination(case)).state is durable.State.DONE)
        flow_coordination.wake(control, case, key="published")
        until(lambda: not control.unfinished())


def _woken(comity: Any, counter: Coordinations, case: CaseId) -> None:
    """What the journal's subscriber does: it may do it again after a crash."""
    with comity.machines.store.read() as tx:
        entries = journal.about(tx, case)
    for entry in entries:
        if str(entry.event.kind) in ("draft.made", "case.coordinated"):
            counter.wake(case, key=entry.event.key)


def _account(comity: Any) -> None:
    with comity.machines.store.write() as tx:
        if not any(one.id == LAB.person for one in parties.all_people(tx)):
            held = Person(
                id=PartyId(LAB.person), name="Finder", organisation=LAB.organisation, roles=frozenset({Role.SUBMITTER})
            )
            parties.add_person(tx, held, login="finder", password_hash=None)


def _stages(comity: Any) -> list[Stage]:
    return [row.stage for row in comity.desk.cases(ADA).rows]


def state(settings: Settings) -> Any:
    """What must be the same however often it crashed, without times and random ids."""
    with host(settings.data.parent, settings=settings, run=False) as comity, comity.machines.store.read() as tx:
        (case,) = cases.page(tx, flow.FLOW).items
        held = coordinations.find(tx, case.id)
        assert held is not None
        entries = [str(e.event.kind) for e in journal.about(tx, case.id)]
        letters = sorted(slip.purpose for one in held.participants for slip in outbox.of(tx, one.id))
        found = {
            "stage": str(case.stage),
            "quiet": str(held.quiet),
            "world": sorted(held.world),
            "breaks": [str(one.kind) for one in held.breaks],
            "participants": [[one.name, str(one.part), str(one.consent)] for one in held.participants],
            "clocks": sorted(name.partition(":")[0] for name in held.told),
            "log": [[e.act, e.told.partition(" until ")[0]] for e in held.log],
            "noted": entries.count("case.clock"),
            "letters": letters,
        }
    return json.loads(json.dumps(found))
