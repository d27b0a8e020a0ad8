"""Scenarios for the crash tests: what the clearinghouse does later, by the clock or by a flow of its own.

One module, so that one process serves all of them; the organisation's name in the settings says which is played. Each
act of a person is one that may be repeated, and the clock never goes back: what it showed is kept beside the store.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from comity.clearing import capacity as capacity_rules
from comity.clearing import flow, flow_blind, flow_capacity, flow_claims, flow_coordination, flow_cve, flow_handover
from comity.clearing.desk_capacity import Capacity
from comity.clearing.desk_claims import Claims, Wish
from comity.clearing.desk_coordination import Coordinations
from comity.clearing.desk_cve import CveDesk, Deed, Standing
from comity.clearing.desk_handover import HandOvers
from comity.durable import engine as durable
from comity.errors import Unavailable
from comity.mail import outbox
from comity.model.case import Case, Closing, Stage
from comity.model.coordination import Part
from comity.model.federation import Way
from comity.model.handling import Tlp
from comity.model.party import Role, Viewer
from comity.model.recipe import Sight
from comity.partners.carrier import CLAIMS, PATH, Answer, Carrier
from comity.partners.cve_services import CveServices
from comity.partners.tap import TapIntake
from comity.sealing import keys
from comity.settings import Settings
from comity.store import blind, capacity, cases, coordinations, crosses, cve_services, done, journal, partners, reports
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING, without_alias
from tests.clearing.hosts import LAB, RIVAL, START, Host, coordinator, host
from tests.clearing.ledger import within
from tests.clearing.test_capacity import another
from tests.clearing.test_claims import ALLOWED
from tests.clearing.test_cross import OTHER, PATCH, THEIRS, brought, saw
from tests.clearing.travel import until
from tests.cve.services import KEY, ORG, USER, Kept
from tests.engagement.hosts import SilentControl

ADA = coordinator("ada")
ROOT = Viewer(person=ADA.person, organisation=ADA.organisation, roles=frozenset({Role.ADMIN}))
DAY = timedelta(days=1)


def run(settings: Settings, seam: Callable[[str], None]) -> None:
    """Play the scenario that the settings name, from the start or from where a crash left it."""
    PLAYED[settings.organisation](settings, within(seam))


def state(settings: Settings) -> Any:
    """How it ended, without times and random ids."""
    with here(settings, run=False) as held, held.machines.store.read() as tx:
        found = TOLD[settings.organisation](tx)
        kinds = [str(e.event.kind) for e in journal.after(tx, 0)]
    found["journal"] = sorted(kind for kind in kinds if kind in COUNTED)
    return json.loads(json.dumps(found, default=str))


COUNTED = frozenset(
    [
        "case.clock",
        "case.merged",
        "case.hand-over-settled",
        "claims.told",
        "cve.settled",
        "intake.released",
        "blind.epoch-began",
    ]
)


@contextmanager
def here(settings: Settings, **more: Any) -> Iterator[Host]:
    """The host of a scenario, whose clock goes on from where it was."""
    kept = settings.data.parent / "clock"
    start = datetime.fromisoformat(kept.read_text()) if kept.exists() else START
    with host(settings.data.parent, settings=settings, start=start, **more) as held:
        yield held


def jump(held: Host, settings: Settings, to: datetime) -> None:
    """Show this moment, now and after every restart."""
    if held.clock.now() < to:
        (settings.data.parent / "clock").write_text(to.isoformat())
        held.clock.jump_to(to)


def every(held: Host) -> tuple[Case, ...]:
    with held.machines.store.read() as tx:
        return cases.page(tx, flow.FLOW).items


def ended(held: Host, id_: str) -> bool:
    return held.desk.control.status(id_).state is durable.State.DONE


# Two reports whose fixes silence each other's proofs -----------------------------------------------------------------


def cross_pair(settings: Settings, seam: Callable[[str], None]) -> None:
    """Both are coordinated before either fix is tried, so that a flow of the case that empties waits to be told."""
    running: list[Host] = []

    def fires(*asked: Any) -> Any:
        until(lambda: all(one.stage in (Stage.COORDINATING, Stage.CLOSED) for one in every(running[0])))
        return saw(Sight.SILENT)(*asked)

    with here(settings, seam=seam, fires=fires) as held:
        running.append(held)
        held.desk.resume()
        finding = without_alias()
        held.desk.submit(LAB, [brought(finding, RECIPE, PATCH)])
        until(lambda: [one for one in every(held) if one.stage is Stage.COORDINATING])
        held.desk.submit(RIVAL, [brought(replace(finding, summary="another view"), THEIRS, OTHER)])
        until(lambda: any(len(one.reports) == 2 for one in every(held)))
        until(lambda: len(held.desk.control.unfinished()) == 1)  # the coordination of the case that took both


def told_cross(tx: Any) -> dict[str, Any]:
    held = [one for one in cases.page(tx, flow.FLOW).items if one.stage is not Stage.CLOSED]
    words = tx.connection.execute(select(crosses.report_crosses.c.silenced)).scalars()
    gone = [one.id for one in cases.page(tx, flow.FLOW).items if one.stage is Stage.CLOSED]
    ordered = [done.is_done(tx, f"order:{one.id}:merged:{other}") for one in held for other in gone]
    return {
        "open": [[str(one.stage), len(one.reports), [r.reasons for r in one.regroupings]] for one in held],
        "words": sorted(words),
        "ordered anew": ordered,
    }


# A contract of one case a week, over two Mondays ---------------------------------------------------------------------


def two_weeks(settings: Settings, seam: Callable[[str], None]) -> None:
    with here(settings, seam=seam, more=flow_capacity.flows) as held:
        desk = Capacity(machines=held.machines, control=held.desk.control)
        held.desk.resume()
        for number in range(3):
            own = RECIPE.replace(b'args = ["x"]', f'args = ["{number}"]'.encode())
            if len(every(held)) == number:
                held.desk.submit(LAB, [document(replace(another(number), affected=FINDING.affected), recipe=own)])
            until(lambda n=number: sum(one.stage is Stage.COORDINATING for one in every(held)) > n)
        if not desk.contracts(ADA):
            desk.enter(
                ADA,
                capacity_rules.Wish(maintainer="The YAML team", packages=["pkg:pypi/PyYAML"], weekly=1, on_word="mail"),
            )
        (contract,) = desk.contracts(ADA)
        monday = datetime(2026, 6, 15, tzinfo=START.tzinfo)
        for number, week in enumerate((monday, monday + 7 * DAY)):
            _look(held, contract.id, week)
            jump(held, settings, week + timedelta(hours=1))
            until(lambda w=week: ended(held, f"{flow_capacity.CLOCK}:{contract.id}:{w.isoformat()}"))
            until(lambda n=number: len(_released(held, contract.id)) >= n + 2)


def _look(held: Host, contract: str, week: datetime) -> None:
    """The clock of this Monday waits already: the plan of before started it."""
    assert held.desk.control.status(f"{flow_capacity.CLOCK}:{contract}:{week.isoformat()}")


def _released(held: Host, contract: str) -> list[Any]:
    with held.machines.store.read() as tx:
        return list(capacity.released(tx, contract, since=START - DAY))


def told_weeks(tx: Any) -> dict[str, Any]:
    (contract,) = capacity.every(tx)
    found = capacity.released(tx, contract.id, since=START - DAY)
    return {"released": sorted([at.date().isoformat(), str(reason)] for _, at, reason, _ in found)}


# Two epochs of the blind check that end ------------------------------------------------------------------------------


def two_epochs(settings: Settings, seam: Callable[[str], None]) -> None:
    with here(settings, seam=seam, more=flow_blind.flows) as held:
        if not flow_blind.has_begun(held.machines):
            flow_blind.running(held.machines)
        flow_blind.start_epoch(held.desk.control, _first(held))
        for number in (1, 2):
            jump(held, settings, START + (31 * number) * DAY)
            until(lambda n=number: ended(held, f"{flow_blind.EPOCH}:{n}"))


def _first(held: Host) -> str:
    """The first epoch as its clock was started: begun when the scenario began."""
    with held.machines.store.read() as tx:
        epochs = tx.connection.execute(select(blind.blind_epochs).order_by(blind.blind_epochs.c.number)).all()
    return f"1 {epochs[0].ends_at.isoformat()}"


def told_epochs(tx: Any) -> dict[str, Any]:
    rows = tx.connection.execute(select(blind.blind_epochs).order_by(blind.blind_epochs.c.number)).all()
    return {"epochs": [[row.number, row.sealed is not None] for row in rows], "keys": len({row.public for row in rows})}


# A hand-over that the partner takes at the second try ----------------------------------------------------------------


@dataclass(slots=True)
class Beside:
    """Another host in this process, which nobody reaches before its time. It knows a letter by its bytes."""

    counter: HandOvers
    key: keys.SigningKey
    now: Callable[[], datetime]

    def checked(self, address: str) -> str:
        return address

    def bring(self, _address: str, body: bytes) -> Answer:
        if self.now() < START + DAY:
            raise Unavailable("the partner's address cannot be reached")
        sent = json.loads(body)
        letter, *documents = (base64.b64decode(one) for one in (sent["letter"], *sent["documents"]))
        receipt = base64.b64encode(self.counter.take(letter, documents)).decode()
        return Answer(status=200, body=json.dumps({"receipt": receipt}).encode())


def second_try(settings: Settings, seam: Callable[[str], None]) -> None:
    folder = settings.data.parent / "beside"
    machines: list[flow_handover.Machines] = []
    with host(folder, run=False) as other:

        def flows(held: flow.Machines, _control: Any) -> tuple[Any, ...]:
            there = _passing(other.machines, folder / "keys", carrier=Carrier())
            counter = HandOvers(
                machines=there, control=SilentControl(), clearing=other.desk, settings=other.machines.settings
            )
            beside = Beside(counter=counter, key=there.key, now=held.now)
            machines.append(_passing(held, settings.keys, carrier=beside))
            return flow_handover.flows(machines[0])

        with here(settings, seam=seam, more=flows) as held:
            _handed(held, settings, machines[0])


def _passing(held: flow.Machines, folder: Path, carrier: Any) -> flow_handover.Machines:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = keys.load_or_make(folder / "partner.pem")
    return flow_handover.Machines(
        store=held.store, key=key, carrier=carrier, intake=TapIntake(), now=held.now, organisation="A host"
    )


def _handed(held: Host, settings: Settings, passing: flow_handover.Machines) -> None:
    control = held.desk.control
    counter = HandOvers(machines=passing, control=control, clearing=held.desk, settings=settings)
    beside: Any = passing.carrier
    held.desk.resume()
    flow_handover.resume(passing, control)
    if not every(held):
        held.desk.submit(LAB, [document(FINDING)])
    until(lambda: [one for one in every(held) if one.stage is Stage.COORDINATING])
    for mine, theirs in ((counter, beside.key), (beside.counter, passing.key)):
        if not mine.partners(ROOT):
            mine.add(ROOT, name="A partner", address="https://partner.example", key=theirs.public.export())
    (case,), (to,) = every(held), counter.partners(ROOT)
    if not counter.sent(ADA, case=case.id):
        counter.hand_over(ADA, case.id, partner=to.id, basis="consent", why="it is their product")
    (made,) = counter.sent(ADA, case=case.id)
    way = f"{flow_handover.HAND_OVER}:{made.id}:{made.round}"
    until(lambda: "send 0" in control.status(way).steps)
    jump(held, settings, START + 2 * DAY)
    until(lambda: ended(held, way))
    with beside.counter.machines.store.read() as tx:
        (settings.data.parent / "taken").write_text(str(len(reports.page(tx, flow.FLOW).items)))


def told_second_try(tx: Any) -> dict[str, Any]:
    (case,) = cases.page(tx, flow.FLOW).items
    (made,) = partners.sent(tx, flow.FLOW, case=case.id)
    return {"state": str(made.state), "receipts": len(made.receipts)}


# Scan claims that the partner hears of at the second try ------------------------------------------------------------


@dataclass(slots=True)
class Hearing(Beside):
    """Another host in this process, which takes letters about claims."""

    def bring(self, _address: str, body: bytes, *, path: str = PATH) -> Answer:
        if self.now() < START + DAY:
            raise Unavailable("the partner's address cannot be reached")
        assert path == CLAIMS
        receipt = self.counter.take_claims(base64.b64decode(json.loads(body)["letter"]))
        return Answer(status=200, body=json.dumps({"receipt": base64.b64encode(receipt).decode()}).encode())


def claims_told(settings: Settings, seam: Callable[[str], None]) -> None:
    folder = settings.data.parent / "beside"
    machines: list[flow_handover.Machines] = []
    with host(folder, run=False) as other:

        def flows(held: flow.Machines, _control: Any) -> tuple[Any, ...]:
            there = replace(_passing(other.machines, folder / "keys", carrier=Carrier()), now=held.now)
            counter = HandOvers(
                machines=there, control=SilentControl(), clearing=other.desk, settings=other.machines.settings
            )
            machines.append(
                _passing(held, settings.keys, carrier=Hearing(counter=counter, key=there.key, now=held.now))
            )
            return flow_claims.flows(machines[0])

        with here(settings, seam=seam, more=flows) as held:
            _told(held, settings, machines[0])


def _told(held: Host, settings: Settings, passing: flow_handover.Machines) -> None:
    hearing: Any = passing.carrier
    counter = HandOvers(machines=passing, control=SilentControl(), clearing=held.desk, settings=settings)
    for mine, theirs in ((counter, hearing.key), (hearing.counter, passing.key)):
        if not mine.partners(ROOT):
            made = mine.add(ROOT, name="A partner", address="https://partner.example", key=theirs.public.export())
            mine.exchange_claims(ROOT, made.id, on=True)
    claims = Claims(
        store=held.machines.store, settings=settings, signer=held.machines.signer, now=held.clock.now,
        own_report=held.desk.own_report,
    )  # fmt: skip
    if not claims.own(LAB).lines:
        claims.take(LAB, Wish(repository="https://git.example.org/a/b"), ALLOWED, shared=Tlp.GREEN)
    (to,) = counter.partners(ROOT)
    control = held.desk.control
    control.start(flow_claims.EXCHANGE, to.id, to.id, START.isoformat())
    way = f"{flow_claims.EXCHANGE}:{to.id}"
    until(lambda: "tell 0" in control.status(way).steps)
    jump(held, settings, max(START + 2 * DAY, held.clock.now()))
    (settings.data.parent / "clock").write_text(
        (held.clock.now() + timedelta(hours=1)).isoformat()
    )  # a restart takes time
    until(lambda: ended(held, way))


def told_claims(tx: Any) -> dict[str, Any]:
    (to,) = partners.every(tx)
    out = partners.claim_letter(tx, to.id, Way.OUT)
    assert out is not None
    return {"claims": out.number, "receipt": bool(out.receipt), "problem": out.problem}


# A CVE id that is asked for once -------------------------------------------------------------------------------------


def one_id(settings: Settings, seam: Callable[[str], None]) -> None:
    services = CveServices(loopback=True, transport=httpx.MockTransport(Kept(settings.data.parent / "ids")))

    def flows(held: flow.Machines, _control: Any) -> tuple[Any, ...]:
        return flow_cve.flows(flow_cve.Machines(desk=held, services=services))

    with here(settings, seam=seam, more=flows) as held:
        control = held.desk.control
        counter = CveDesk(machines=flow_cve.Machines(desk=held.machines, services=services), control=control)
        held.desk.resume()
        flow_cve.resume(counter.machines, control)
        if not every(held):
            held.desk.submit(LAB, [document(without_alias())])
        until(lambda: [one for one in every(held) if one.stage is Stage.COORDINATING])
        (case,) = every(held)
        if counter.account(ROOT) is None:
            counter.enter(ROOT, org=ORG, user=USER, key=KEY, environment="http://localhost/api")
        if not counter.state(ADA, case.id).requests:
            run_ = counter.dry_run(ADA, case.id, Deed.RESERVE)
            counter.propose(ADA, case.id, Deed.RESERVE, seen=run_.digest)
        (asked,) = counter.state(ADA, case.id).requests
        if asked.standing is Standing.PROPOSED:
            asked = counter.confirm(coordinator("grace"), asked.id, seen=asked.wire.digest)
        way = f"{flow_cve.SEND}:{asked.id}:{asked.round}"
        until(lambda: "send 0" in control.status(way).steps)
        jump(held, settings, START + DAY)
        until(lambda: ended(held, way))


def told_one_id(tx: Any) -> dict[str, Any]:
    (case,) = cases.page(tx, flow.FLOW).items
    (asked,) = cve_services.of(tx, case.id, flow.FLOW)
    return {"id": case.cve, "standing": str(asked.standing)}


# The clocks of a case in coordination, one tick after the other ------------------------------------------------------


def clocks(settings: Settings, seam: Callable[[str], None]) -> None:
    """Each wake and each jump is made once the tick of the one before is noted, so the ticks come in one order."""
    with here(settings, seam=seam, coordinated=True) as held:
        desk, control = held.desk, held.desk.control
        counter = Coordinations(machines=held.machines, control=control)
        desk.resume()
        if not every(held):
            desk.submit(LAB, [document(FINDING)])
        until(lambda: [one for one in every(held) if one.stage in (Stage.COORDINATING, Stage.CLOSED)])
        (case,) = every(held)
        clock = control.start(flow_coordination.CLOCKS, case.id, case.id)

        def ticked(number: int) -> None:
            until(lambda: sum(one.startswith("tick ") for one in control.status(clock).steps) >= number)

        ticked(1)
        if case.stage is not Stage.CLOSED and not _maintained(counter, case):
            counter.read_in(ADA, case.id, name="Vendor", part=Part.MAINTAINER, why="owns it", contact="v@b.example")
        with held.machines.store.read() as tx:  # what the journal's subscriber does, once more after a crash
            acts = {entry.event.key: entry.event.facts.get("act") for entry in journal.about(tx, case.id)}
        for key in (key for key, act in acts.items() if act == "read in"):
            counter.wake(case.id, key=key)
        ticked(2)
        for number, days in enumerate((26, 31), 3):
            jump(held, settings, START + days * DAY)
            ticked(number)
        if case.stage is not Stage.CLOSED:
            desk.close(ADA, case.id, Closing.OUT_OF_SCOPE)
        control.signal(clock, flow.CHANGED, key="closed")
        until(lambda: ended(held, clock))


def _maintained(counter: Coordinations, case: Case) -> bool:
    return any(one.part is Part.MAINTAINER for one in counter.view(ADA, case.id).held.participants)


def told_clocks(tx: Any) -> dict[str, Any]:
    (case,) = cases.page(tx, flow.FLOW).items
    held = coordinations.find(tx, case.id)
    assert held is not None
    seats = [one.id for one in held.participants]
    return {
        "quiet": str(held.quiet),
        "told": sorted(name.partition(":")[0] for name in held.told),
        "log": [[entry.act, entry.told.partition(" until ")[0].partition(", at ")[0]] for entry in held.log],
        "letters": sorted(slip.purpose for id_ in seats for slip in outbox.of(tx, id_)),
    }


PLAYED: Mapping[str, Callable[[Settings, Callable[[str], None]], None]] = {
    "cross": cross_pair,
    "capacity": two_weeks,
    "epochs": two_epochs,
    "hand-over": second_try,
    "claims": claims_told,
    "cve": one_id,
    "clocks": clocks,
}
TOLD: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "cross": told_cross,
    "capacity": told_weeks,
    "epochs": told_epochs,
    "hand-over": told_second_try,
    "claims": told_claims,
    "cve": told_one_id,
    "clocks": told_clocks,
}
