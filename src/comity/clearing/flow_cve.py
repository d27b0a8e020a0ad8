"""Bring a confirmed request to CVE Services, durably: tried again until it is done, refused, or given up in sight.

CVE Services know no repeat of a reservation, so the flow must not make one. What is known before each call is noted
before it, and after a lost answer or a crash the ids that were reserved since are listed first:

(1) list what is reserved already, and note it with the time, while no other reservation is being asked for;
(2) ask;
(3) note the id with the case. Cut off between (2) and (3): wait until the other side must be done, list again. One new
    id of this account's own is the one that was asked for; none means that nothing was heard, so ask again; several,
    and a person says which.

A record is compared with what was sent whenever an answer was lost: what stands there already is not sent twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from comity.clearing import cve, flow
from comity.clearing.cve import Compare, Done, Later, Refused, Settled
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import Conflict, Forbidden, Invalid, Unavailable
from comity.model.case import Case, Stage
from comity.model.cve_services import (
    LOOK_BACK,
    SETTLING,
    Account,
    Answer,
    CveRequest,
    Deed,
    Listed,
    Standing,
    Wire,
)
from comity.model.events import Event, Kind
from comity.model.federation import PAUSES
from comity.model.ids import CaseId, PartyId
from comity.store import cases, cve_services, journal
from comity.store.engine import Store, Tx

SEND: Final = "clearing.cve"


class Services(Protocol):
    """Speaks to CVE Services."""

    def address(self, environment: str) -> str:
        """The address of an environment."""

    def schema(self) -> str:
        """Which schema containers are held against."""

    def organisation(self, account: Account) -> str:
        """The organisation's UUID."""

    def wire(
        self, account: Account, deed: Deed, *, cve: str, year: int, container: Mapping[str, Any], stands: bool
    ) -> Wire:
        """What would be sent."""

    def send(self, account: Account, wire: Wire) -> Answer:
        """The answer."""

    def reserved(self, account: Account, *, year: int, since: datetime) -> tuple[Listed, ...]:
        """Ids that were reserved since."""

    def record(self, account: Account, cve: str) -> Mapping[str, Any]:
        """The record of an id, {} for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the flow works with: the desk's own machines, and who speaks to CVE Services."""

    desk: flow.Machines
    services: Services

    @property
    def store(self) -> Store:
        """The desk's store."""
        return self.desk.store

    @property
    def now(self) -> Callable[[], datetime]:
        """The desk's clock."""
        return self.desk.now


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The way of one request."""

    @named(SEND)
    def bring(id_: str) -> None:
        for number in range(len(PAUSES) + 1):
            again = step(f"send {number}", sent, machines, id_, number)
            if not again:
                return
            sleep_until(datetime.fromisoformat(again))

    return (bring,)


def start(control: Control, held: CveRequest) -> None:
    """Start the flow of this round of a request: once, however often it is asked for."""
    control.start(SEND, f"{held.id}:{held.round}", held.id)


def resume(machines: Machines, control: Control) -> None:
    """Start what a crash kept from starting."""
    with machines.store.read() as tx:
        waiting = cve_services.standing(tx, flow.FLOW, Standing.CONFIRMED)
    for held in waiting:
        start(control, held)


def sent(machines: Machines, id_: str, number: int) -> str:
    """Try once; gives when to try again (ISO), or "" when it is settled."""
    with machines.store.read() as tx:
        held, account = cve_services.get(tx, id_, flow.FLOW), cve_services.account(tx)
    if held.standing is not Standing.CONFIRMED:
        return ""
    if account is None or account.place != held.account:
        return _refuse(machines, held, "the account at CVE Services is another one now: propose it anew")
    try:
        if held.deed is Deed.RESERVE:
            return _reserve(machines, account, held, number)
        return _settle(machines, held, number, _told(machines, account, held))
    except (Unavailable, Invalid) as error:
        return _later(machines, held, number, Later(problem=str(error)))
    except (Forbidden, Conflict) as error:
        return _refuse(machines, held, str(error))


def _told(machines: Machines, account: Account, held: CveRequest) -> Settled:
    outcome = cve.judged(held, machines.services.send(account, held.wire))
    if isinstance(outcome, Compare):
        record = machines.services.record(account, held.cve)
        return Done(cve=held.cve) if cve.is_sent(record, held) else outcome.otherwise
    return outcome


def _reserve(machines: Machines, account: Account, held: CveRequest, number: int) -> str:
    year = int(dict(held.wire.query)["cve_year"])
    now = machines.now()
    if held.asked_from is None:
        # (1)
        listed = machines.services.reserved(account, year=year, since=now - LOOK_BACK)
        with machines.store.write() as tx:
            if cve_services.asking(tx, held.id):
                raise Unavailable("another reservation is being asked for: one at a time")
            before = tuple(sorted(one.cve for one in listed))
            held = replace(held, asked_from=now, asked_at=now, asked_as=account.user, before=before)
            cve_services.save(tx, held)
    else:
        # (3) the answer was lost
        assert held.asked_at is not None
        if now < held.asked_at + SETTLING:
            wait = held.asked_at + SETTLING - now
            return _later(machines, held, number, Later(problem="waiting for what was asked before", wait=wait))
        found = _found(machines, account, held, year)
        if len(found) == 1:
            return _settle(machines, held, number, Done(cve=found[0]))
        if found:
            return _unsure(machines, held, found)
        held = replace(held, asked_at=now, asked_as=account.user)
        with machines.store.write() as tx:
            cve_services.save(tx, held)
    # (2)
    return _settle(machines, held, number, _told(machines, account, held))


def _found(machines: Machines, account: Account, held: CveRequest, year: int) -> tuple[str, ...]:
    assert held.asked_from is not None
    listed = machines.services.reserved(account, year=year, since=held.asked_from - LOOK_BACK)
    with machines.store.read() as tx:
        bound = frozenset(one.cve for one in listed if cve_services.is_bound(tx, one.cve))
    return cve.fresh(listed, before=frozenset(held.before), bound=bound, user=held.asked_as)


def _settle(machines: Machines, held: CveRequest, number: int, outcome: Settled) -> str:
    match outcome:
        case Done(cve=found):
            settle(machines, held, found, actor=flow.FLOW.person)
            return ""
        case Refused(problem=problem):
            return _refuse(machines, held, problem, is_answer=True)
        case Later():
            return _later(machines, held, number, outcome)


def settle(machines: Machines, held: CveRequest, found: str, *, actor: PartyId) -> CveRequest:
    """Note what was done, with the case, in one transaction: the id is the case's from here on, and no other's."""
    at = machines.now()
    done = replace(
        held,
        standing=Standing.DONE,
        cve=found,
        tries=held.tries + 1,
        problem="",
        candidates=(),
        asked_from=None,
        settled_at=at,
    )
    with machines.store.write() as tx:
        cve_services.save(tx, done)
        case = cases.get(tx, held.case, flow.FLOW)
        if held.deed is Deed.RESERVE:
            _bind(machines, tx, replace(case, cve=found))
        elif held.deed is Deed.REJECT and case.stage is not Stage.PUBLISHED:
            _bind(machines, tx, replace(case, cve=""))
        note(tx, Kind.CVE_SETTLED, done, at=at, actor=actor, standing=done.standing.value)
    return done


def _bind(machines: Machines, tx: Tx, case: Case) -> None:
    """The case with its id, or without it: a draft that names another id is another draft, and is approved anew."""
    if case.stage in (Stage.COORDINATING, Stage.READY):
        case = flow.redrafted(machines.desk, tx, case)
    cases.save(tx, case)


def _unsure(machines: Machines, held: CveRequest, found: tuple[str, ...]) -> str:
    problem = f"an answer was lost, and {len(found)} new ids could be it: say which (adopt)"
    return _ended(machines, held, Standing.UNSURE, problem, candidates=found)


def _refuse(machines: Machines, held: CveRequest, problem: str, *, is_answer: bool = False) -> str:
    return _ended(machines, held, Standing.REFUSED, problem, is_answer=is_answer)


def _ended(
    machines: Machines, held: CveRequest, standing: Standing, problem: str, *, is_answer: bool = False, **more: Any
) -> str:
    """`is_answer`: a reservation was answered with a refusal, so it brought nothing. Whatever else ends it leaves open
    whether an earlier call was heard, and what was noted of that stays: it is looked at before anything is asked anew.
    """
    at = machines.now()
    with machines.store.write() as tx:
        newest = cve_services.get(tx, held.id, flow.FLOW)
        asked = None if is_answer else newest.asked_from
        ended = replace(
            newest,
            standing=standing,
            tries=newest.tries + 1,
            problem=problem[:500],
            asked_from=asked,
            settled_at=at,
            **more,
        )
        cve_services.save(tx, ended)
        note(tx, Kind.CVE_SETTLED, ended, at=at, actor=flow.FLOW.person, standing=standing.value)
    return ""


def _later(machines: Machines, held: CveRequest, number: int, outcome: Later) -> str:
    if number >= len(PAUSES):
        return _ended(machines, held, Standing.GIVEN_UP, outcome.problem)
    with machines.store.write() as tx:
        newest = cve_services.get(tx, held.id, flow.FLOW)
        cve_services.save(tx, replace(newest, tries=newest.tries + 1, problem=outcome.problem[:500]))
    return (machines.now() + max(PAUSES[number], outcome.wait)).isoformat()


def note(tx: Tx, kind: Kind, held: CveRequest, *, at: datetime, actor: PartyId, **facts: str) -> None:
    """Journal it, under the case: what was asked, and the digest of what two people agreed to."""
    key = f"{kind}:{held.id}:{held.round}:{held.tries}"
    told = {"deed": held.deed.value, "sha256": held.wire.digest, **facts}
    subjects: tuple[CaseId | str, ...] = (held.case, held.id)
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=told, actor=actor))
