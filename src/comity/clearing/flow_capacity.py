"""Keep the queues of capacity contracts and release what fits: on every event of a case, and by a durable clock.

One transaction plans and notes its releases with their journal entries, so that a step that runs again releases nothing
twice and two workers cannot spend one budget twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from comity.clearing import capacity as rules
from comity.clearing import deconflict, flow, prioritise
from comity.clearing.capacity import Plan, Waiting
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import Missing
from comity.model.capacity import Contract, Released
from comity.model.case import Case
from comity.model.events import Event, Kind
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.store import capacity, journal
from comity.store.engine import Tx

CLOCK: Final = "clearing.capacity"
CHUNK: Final = 100
KEPT: Final = timedelta(days=90)
"""How far back releases are looked at; a week is what the budget needs."""


def flows(machines: flow.Machines, control: Control) -> tuple[Flow, ...]:
    """The clock of a contract: it looks again when a week begins or a pause ends, for ever."""

    @named(CLOCK)
    def look_again(contract: str, at: str) -> None:
        sleep_until(datetime.fromisoformat(at))
        following = step("plan", planned, machines, contract)
        step("hand on", start_clock, control, contract, following)

    return (look_again,)


def start_clock(control: Control, contract: str, at: str) -> None:
    """Start the clock for one moment: once, however often it is asked for."""
    if at:
        control.start(CLOCK, f"{contract}:{at}", contract, at)


def planned(machines: flow.Machines, contract: str) -> str:
    """Release what fits now; gives when to look again (ISO), or "" for a contract that is gone."""
    with machines.store.write() as tx:
        try:
            held = capacity.newest(tx, contract)
        except Missing:
            return ""
        return _planned(machines, tx, held).next_look.isoformat()


def _planned(machines: flow.Machines, tx: Tx, contract: Contract) -> Plan:
    made = plan_of(tx, contract, flow.FLOW, machines.now())
    for case, reason in made.release:
        if capacity.release(tx, contract.id, case, reason, at=machines.now()):
            facts = {"week": made.week.isoformat(), "reason": reason.name.lower() if reason else "within the budget"}
            journal.append(
                tx,
                Event(
                    kind=Kind.INTAKE_RELEASED,
                    key=f"intake-released:{contract.id}:{case}",
                    at=machines.now(),
                    subjects=(case, contract.id),
                    facts=facts,
                    actor=flow.FLOW.person,
                ),
            )
    return made


def plan_of(tx: Tx, contract: Contract, viewer: Viewer, now: datetime) -> Plan:
    """The plan as this viewer may know it: cases they may not see are in no count and no place."""
    return rules.plan(contract, _waiting(tx, contract, viewer), released_of(tx, contract, viewer, now), now)


def _waiting(tx: Tx, contract: Contract, viewer: Viewer) -> list[Waiting]:
    found = []
    for id_ in capacity.waiting(tx, contract.id):
        try:
            case = flow.case_for(tx, id_, viewer)
        except Missing:
            continue
        if case.stage in rules.QUEUED and case.priority is not None:
            findings = tuple(flow.findings_of(tx, case).values())
            found.append(rules.waiting(case, findings, prioritise.place(case.priority, case.opened_at)))
    return found


def released_of(tx: Tx, contract: Contract, viewer: Viewer, now: datetime) -> tuple[Released, ...]:
    """Recent and open releases under a contract that this viewer may know of, oldest first."""
    found = []
    for case, at, reason, is_open in capacity.released(tx, contract.id, since=now - KEPT):
        try:
            if not viewer.is_system:
                flow.case_for(tx, case, viewer)
        except Missing:
            continue
        found.append(Released(case=case, at=at, reason=reason, is_open=is_open))
    return tuple(found)


def touched(machines: flow.Machines, case_id: CaseId) -> tuple[tuple[str, str], ...]:
    """After something happened to a case: put it into its queues or take it out, then plan these.

    Gives each contract with the moment of its next look.
    """
    with machines.store.write() as tx:
        try:
            case = flow.case_for(tx, case_id, flow.FLOW)
        except Missing:
            return ()
        met = contracts_of(tx, case)
        for contract in met:
            _sorted_in(tx, contract, case)
        return tuple((one.id, _planned(machines, tx, one).next_look.isoformat()) for one in met)


def _sorted_in(tx: Tx, contract: Contract, case: Case) -> None:
    if case.stage in rules.QUEUED and case.priority is not None:
        capacity.enqueue(tx, contract.id, case.id)
    else:
        capacity.leave(tx, contract.id, case.id)


def gather(machines: flow.Machines, contract: Contract) -> str:
    """After a contract was made or changed: look at every open case once, then plan. Gives when to look again."""
    start: str | None = None
    while True:
        with machines.store.write() as tx:
            page, following = flow.cases_in(tx, start=start, limit=CHUNK)
            for case in page:
                if contract.id in {one.id for one in contracts_of(tx, case, among=(contract,))}:
                    _sorted_in(tx, contract, case)
                else:
                    capacity.leave(tx, contract.id, case.id)
        if following is None:
            return planned(machines, contract.id)
        start = following


def contracts_of(tx: Tx, case: Case, among: Sequence[Contract] | None = None) -> tuple[Contract, ...]:
    """The contracts that are in force for what a case is about."""
    names: set[str] = set()
    for finding in flow.findings_of(tx, case).values():
        names |= deconflict.packages(finding)
    held = capacity.every(tx) if among is None else among
    return tuple(one for one in held if names.intersection(one.confirmed))


def released(tx: Tx, case_id: CaseId) -> bool:
    """Whether a case may go to its maintainers: each contract in force for it has released it, or there is none.

    A withheld case is in no queue: whoever is read in writes by hand, so the answer is True.
    """
    case = flow.case_for(tx, case_id, flow.FLOW)
    if capacity.is_withheld(tx, case_id):
        return True
    needed = {one.id for one in contracts_of(tx, case)}
    return needed <= capacity.released_under(tx, case_id)
