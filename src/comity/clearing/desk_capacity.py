"""The counter of capacity contracts: enter one, confirm it, and see the queue behind it."""

import secrets
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec
import rfc8785

from comity.access.policy import Action, allow
from comity.clearing import capacity as rules
from comity.clearing import flow, flow_capacity
from comity.clearing.capacity import Hold, Line, Plan, Wish, pause
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.capacity import WORDS, Contract, Escalation, Pause, Released
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, PartyId, ReportId, code, digest
from comity.model.party import Role, Viewer
from comity.store import capacity, journal, parties, reports
from comity.store.engine import Tx

__all__ = [
    "ASSUMES",
    "WORDS",
    "Capacity",
    "Contract",
    "Escalation",
    "Hold",
    "Line",
    "Pause",
    "Queue",
    "Released",
    "Standing",
    "Wish",
    "pause",
]

ASSUMES: Final = "if nothing more pressing comes, and nobody changes the contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A contract with what stands behind it. `titles` are for coordinators alone. A maintainer meets places, bands and
    reasons without a case's name or class: one that has not come to them is not theirs to read yet."""

    contract: Contract
    plan: Plan
    lines: tuple[Line, ...]
    titles: dict[CaseId, str]
    bands: tuple[tuple[str, int], ...]
    oldest_days: int | None
    overdue: int
    released: tuple[Released, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a report's case stands with one maintainer, in words no finer than a submitter may have.

    `near` is "" outside the row and once it went to them. `why` is "" then too.
    """

    gone_at: datetime | None
    """When it went to the maintainer."""
    near: str = ""
    soon: str = ""
    why: str = ""
    is_raised: bool = False
    """Its age has raised it, or puts it before every other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The calls. A maintainer changes the contracts of their own organisation; a coordinator any, marked as on whose
    word."""

    machines: flow.Machines
    control: Control

    def contracts(self, viewer: Viewer) -> tuple[Contract, ...]:
        """Every contract for a coordinator, one's own organisation's for a maintainer."""
        allow(viewer, Action.KEEP_CAPACITY)
        with self.machines.store.read() as tx:
            return capacity.every(tx, organisation=_own(viewer))

    def enter(self, viewer: Viewer, wish: Wish, *, id_: str = "", organisation: str = "") -> Contract:
        """Make a contract or its next version. A coordinator says on whose word; Invalid lists every violation.

        What a maintainer enters is in force for the packages that a coordinator confirmed, and for no other.
        """
        allow(viewer, Action.KEEP_CAPACITY)
        fields = rules.read(wish)
        is_coordinator = Role.COORDINATOR in viewer.roles
        if is_coordinator and not fields["on_word"]:
            reason = "say on whose word you enter it, and how it reached you: mail of the 3rd, their SECURITY.md, ..."
            problem = Problem("/on_word", "missing_field", reason)
            raise Invalid("a coordinator enters a contract on the maintainer's word", [problem])
        if not is_coordinator:
            fields = {**fields, "on_word": ""}
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = capacity.newest(tx, id_, organisation=_own(viewer)) if id_ else None
            owner = held.organisation if held else (PartyId(organisation) if is_coordinator and organisation else None)
            if not is_coordinator:
                owner = viewer.organisation
            elif organisation and organisation not in {one.id for one in parties.all_organisations(tx)}:
                raise Invalid("no such organisation", [Problem("/organisation", "unknown_organisation", "see /people")])
            before = held.confirmed if held else ()
            contract = Contract(
                id=held.id if held else "M-" + code(secrets.token_bytes(8), 12),
                version=held.version + 1 if held else 1,
                organisation=owner,
                confirmed=tuple(one for one in fields["packages"] if is_coordinator or one in before),
                entered_by=parties.person(tx, viewer.person).name,
                at=at,
                **fields,
            )
            capacity.keep(tx, contract)
            self._note(tx, viewer, contract)
        self._clock(contract)
        return contract

    def confirm(self, viewer: Viewer, id_: str) -> Contract:
        """A coordinator confirms that the packages of a contract are that maintainer's."""
        allow(viewer, Action.CONFIRM_CAPACITY)
        with self.machines.store.write() as tx:
            held = capacity.newest(tx, id_)
            if held.confirmed == held.packages:
                raise Conflict(f"contract {id_} is confirmed for all its packages already")
            if held.organisation == viewer.organisation and not held.on_word:
                raise Forbidden("your own organisation entered it: a coordinator of another one confirms it")
            contract = replace(held, version=held.version + 1, confirmed=held.packages, at=self.machines.now())
            capacity.keep(tx, contract)
            self._note(tx, viewer, contract)
        self._clock(contract)
        return contract

    def queue(self, viewer: Viewer, id_: str) -> Queue:
        """A contract and what waits behind it, as this viewer may know it."""
        allow(viewer, Action.KEEP_CAPACITY)
        is_coordinator = Role.COORDINATOR in viewer.roles
        now = self.machines.now()
        with self.machines.store.read() as tx:
            contract = capacity.newest(tx, id_, organisation=_own(viewer))
            seen_by = viewer if is_coordinator else flow.FLOW
            made = flow_capacity.plan_of(tx, contract, seen_by, now)
            done = flow_capacity.released_of(tx, contract, seen_by, now)
            titles = {}
            if is_coordinator:
                for case in (*(line.case for line in made.queue), *(one.case for one in done)):
                    titles[case] = flow.case_for(tx, case, viewer).title
        counts = Counter(line.band for line in made.queue)
        ages = [(now - line.since).days for line in made.queue]
        return Queue(
            contract=contract,
            plan=made,
            lines=made.queue if is_coordinator else tuple(_bare(line) for line in made.queue),
            titles=titles,
            bands=tuple(sorted(counts.items())),
            oldest_days=max(ages, default=None),
            overdue=sum(line.is_overdue for line in made.queue),
            released=done[::-1],
        )

    def standing(self, viewer: Viewer, report: ReportId) -> tuple[Standing, ...]:
        """Where the case of one's own report stands in the queues of its maintainers, one for each contract in force.

        Empty where no contract is in force, the case is not that far, or it is withheld. Missing for a report that is
        not theirs.
        """
        allow(viewer, Action.READ_OWN_REPORTS)
        now = self.machines.now()
        with self.machines.store.read() as tx:
            reports.get(tx, report, viewer)
            case, _ = flow.report_with_case(tx, report)
            if case is None or capacity.is_withheld(tx, case.id):
                return ()
            found = [self._standing(tx, contract, case.id, now) for contract in flow_capacity.contracts_of(tx, case)]
        return tuple(one for one in found if one is not None)

    def _standing(self, tx: Tx, contract: Contract, case: CaseId, now: datetime) -> Standing | None:
        for one in flow_capacity.released_of(tx, contract, flow.FLOW, now):
            if one.case == case:
                return Standing(gone_at=one.at)
        made = flow_capacity.plan_of(tx, contract, flow.FLOW, now)
        for line in made.queue:
            if line.case == case:
                return Standing(
                    gone_at=None,
                    near=rules.near(line.position),
                    soon=rules.soon(line.expected, made.week) if line.position else rules.UNKNOWN,
                    why=line.hold.value,
                    is_raised=line.is_overdue or line.aged > 0,
                )
        return None

    def react(self, case: CaseId) -> int:
        """Something happened to a case: its queues may have changed. Gives how many contracts are in force for it."""
        met = flow_capacity.touched(self.machines, case)
        for contract, following in met:
            flow_capacity.start_clock(self.control, contract, following)
        return len(met)

    def resume(self) -> None:
        """Plan every contract and start its clock. Called once when a worker starts; safe at any time."""
        with self.machines.store.read() as tx:
            held = capacity.every(tx)
        for contract in held:
            flow_capacity.start_clock(self.control, contract.id, flow_capacity.planned(self.machines, contract.id))

    def _clock(self, contract: Contract) -> None:
        flow_capacity.start_clock(self.control, contract.id, flow_capacity.gather(self.machines, contract))

    def _note(self, tx: Tx, viewer: Viewer, contract: Contract) -> None:
        """What was agreed can be proved later: the journal holds its digest."""
        facts = {
            "version": str(contract.version),
            "sha256": digest(rfc8785.dumps(msgspec.to_builtins(contract, str_keys=True, order="sorted"))),
            "entered": "on their word" if contract.on_word else "by the maintainer",
        }
        key = f"capacity:{contract.id}:{contract.version}"
        at = self.machines.now()
        journal.append(
            tx,
            Event(kind=Kind.CAPACITY_AGREED, key=key, at=at, subjects=(contract.id,), facts=facts, actor=viewer.person),
        )


def _bare(line: Line) -> Line:
    """A line without what names its case: a class or an evidence in it may be a hint at another finding."""
    return replace(line, case=CaseId(""), detail="")


def _own(viewer: Viewer) -> PartyId | None:
    return None if Role.COORDINATOR in viewer.roles else viewer.organisation
