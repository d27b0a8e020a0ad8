"""What coordination does with the store: open it, keep it together with its case, and let its clocks run, durably.

One flow, `clearing.clocks`, for each case in coordination: it sleeps until the next clock and notes what ran out, once.
A clock, the case and the journal entry change in one transaction. Whatever shortens or ends an embargo changes the
case's own date in that same transaction, so that the flow that publishes reads nothing stale.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.admin import kinds
from comity.clearing import deadlines, embargo, letters
from comity.clearing.flow import CHANGED, ENDED, FLOW, WAIT, Machines, coordination
from comity.durable.engine import Control
from comity.durable.flows import Flow, flow, signal, step
from comity.errors import Conflict, Missing
from comity.mail import outbox
from comity.model import ids
from comity.model.case import Case, Stage
from comity.model.coordination import Coordination, Fact, Handled, Limit, Part, Participant, Source, Tier
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, PartyId
from comity.model.letter import Letter
from comity.store import cases, coordinations, journal, parties, reports
from comity.store.engine import Tx

CLOCKS: Final = "clearing.clocks"
COORDINATED: Final = frozenset({Stage.COORDINATING, Stage.READY, Stage.PUBLISHED})


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The flow of a case's clocks."""

    @flow(CLOCKS)
    def run_clocks(case: str) -> None:
        looks = 0
        while True:
            following = step(f"tick {looks}", tick, machines, case)
            looks += 1
            if following == ENDED:
                return
            signal(CHANGED, until=None if following == WAIT else datetime.fromisoformat(following))

    return (run_clocks,)


def wake(control: Control, case: CaseId, *, key: str) -> None:
    """Let both flows of a case look again. Safe to repeat; what does not run yet is started or left alone."""
    clocks = control.start(CLOCKS, case, case)
    for one in (clocks, coordination(case)):
        try:
            control.signal(one, CHANGED, key=key)
        except Missing:
            continue  # the case is not in coordination: nothing there reads a date yet


def tick(machines: Machines, case_id: CaseId) -> str:
    """Note every clock that ran out; gives when to look again, `WAIT` or `ENDED`. Run twice, it finds nothing more."""
    now = machines.now()
    late = machines.settings.cra_final_from_notice
    with machines.store.write() as tx:
        case = cases.get(tx, case_id, FLOW)
        if case.stage not in COORDINATED:
            return ENDED
        before = opened(machines, tx, case)
        held = embargo.expired(before, at=now)
        if case.stage is Stage.PUBLISHED and Fact.PUBLIC_AWARE not in held.world:
            held = embargo.happened(
                held, Fact.PUBLIC_AWARE, by=embargo.HOST, at=now, why=f"published as {case.advisory}"
            )
        for clock in deadlines.fresh(held, now=now, final_from_notice=late):
            told = embargo.logged(held, at=now, by=embargo.HOST, act="clock", told=clock.sentence)
            held = replace(told, told=held.told | {clock.name})
            remind(machines, tx, held, clock.name, clock.sentence)
            _note(tx, Kind.CASE_CLOCK, f"clock:{case_id}:{clock.name}", (case_id,), now, clock=clock.name.split(":")[0])
        kept(machines, tx, case, before, held, act="clock", actor=FLOW.person)
        following = deadlines.following(held, now=now, final_from_notice=late)
        if following is not None:
            return following.isoformat()
        return ENDED if case.stage is Stage.PUBLISHED and held.awareness is None else WAIT


def opened(machines: Machines, tx: Tx, case: Case) -> Coordination:
    """The coordination of a case, begun now if it has none, and brought to what the case itself says meanwhile.

    Conflict for a case that is not in coordination.
    """
    if case.stage not in COORDINATED:
        raise Conflict(f"case {case.id} is {case.stage}; it is coordinated once its advisory is drafted")
    held = coordinations.find(tx, case.id)
    now = machines.now()
    if held is None:
        begun = Coordination(case=case.id, began_at=now, participants=_finders(tx, case, now))
        source = Source.PARTY if "finder asked" in case.embargo_basis else Source.HOUSE
        held = embargo.begin(begun, case.embargo_until, case.embargo_basis or "none", at=now, source=source)
        if case.embargo_until is None:
            held = replace(held, world=_world(case))
        return coordinations.save(tx, held)
    seated = {one.person for one in held.participants}
    newcomers = tuple(one for one in _finders(tx, case, now) if one.person not in seated)
    return _reconciled(held, case, newcomers, now)


def kept(
    machines: Machines,
    tx: Tx,
    case: Case,
    before: Coordination,
    after: Coordination,
    *,
    act: str,
    actor: PartyId,
) -> Coordination:
    """Keep what changed: the coordination, the date in the case, and one journal entry that names nobody."""
    if after == before and coordinations.find(tx, case.id) == after:
        return after
    until = after.terms.until if after.is_bound() and after.terms is not None else None
    basis = after.terms.basis if after.is_bound() and after.terms is not None else _ended_because(after, case)
    if case.stage is not Stage.PUBLISHED and (until, basis) != (case.embargo_until, case.embargo_basis):
        cases.save(tx, replace(case, embargo_until=until, embargo_basis=basis))
    saved = coordinations.save(tx, after)
    facts = {"act": act, "embargo": str(saved.quiet)}
    key = f"coordinated:{case.id}:{saved.version}"
    journal.append(
        tx,
        Event(kind=Kind.CASE_COORDINATED, key=key, at=machines.now(), subjects=(case.id,), facts=facts, actor=actor),
    )
    return saved


def remind(machines: Machines, tx: Tx, held: Coordination, key: str, what: str) -> None:
    """A notice of a clock to whoever is bound by it: maintainers of theirs, everybody of an embargo's."""
    for one in held.participants:
        if not one.is_seated(machines.now()) or not one.contact:
            continue
        if key.startswith(("embargo-", "proposal-")) or (key.startswith("cra-") and one.part is Part.MAINTAINER):
            # the sentence goes into a letter in clear: it names a rule and a date, never a product
            said = f"A clock of a case you take part in has run out: {what}."
            post(
                machines,
                tx,
                letters.notice(one, key=f"{key}:{one.id}", what=said, link="", host=machines.settings.organisation),
                one,
            )


def post(machines: Machines, tx: Tx, letter: Letter, one: Participant) -> str:
    """Queue a letter to a participant. A link for one use stands where the letter has none of its own."""
    text = letter.text.replace("Read it here:\n\n", f"Read it here:\n{link(machines, tx, one)}\n\n", 1)
    return outbox.queue(tx, replace(letter, text=text), settings=machines.settings, at=machines.now())


def link(machines: Machines, tx: Tx, one: Participant) -> str:
    """Where a participant reads: for whoever has no password a link for one use, for others the page itself."""
    address = machines.settings.address
    if one.person is None or parties.has_password(tx, one.person):
        return f"{address}/seats/{one.id}"
    secret = kinds.fresh()
    now = machines.now()
    ends = now + kinds.READ_IN.lifetime
    parties.add_session(tx, kinds.READ_IN.prefix + secret, one.person, at=now, expires_at=ends)
    return f"{address}/read-in/{secret}?next=/seats/{one.id}"


def _finders(tx: Tx, case: Case, now: datetime) -> tuple[Participant, ...]:
    """Whoever sent a report of the case takes part from the beginning. Flows hold no account and no seat."""
    known: dict[PartyId, Participant] = {}
    people: Mapping[PartyId, str] = {p.id: p.name for p in parties.all_people(tx)}
    for report_id in case.reports:
        report = reports.get(tx, report_id, FLOW)
        if report.submitter in people and report.submitter not in known:
            known[report.submitter] = Participant(
                id=ids.seat_id(secrets.token_bytes(8)),
                name=people[report.submitter],
                part=Part.FINDER,
                tier=Tier.ZERO,
                person=report.submitter,
                read_in_at=now,
                read_in_by=embargo.HOST,
                why="sent a report of this case",
                handled=Handled.ACCEPTED,
            )
    return tuple(known.values())


def _reconciled(held: Coordination, case: Case, newcomers: tuple[Participant, ...], now: datetime) -> Coordination:
    """A report that joined may have shortened or ended the embargo of the case: coordination follows the case."""
    for finder in newcomers:
        held = embargo.joined(held, finder, at=now)
    if case.stage is Stage.PUBLISHED or held.terms is None or case.embargo_until == held.terms.until:
        return held
    if case.embargo_until is None:
        fact = Fact.ATTACKS_SEEN if "exploited" in case.embargo_basis else Fact.PUBLIC_AWARE
        known = embargo.happened(held, fact, by=embargo.HOST, at=now, why=case.embargo_basis)
        if not known.is_bound():
            return known
        return embargo.end(known, by=embargo.HOST, why=case.embargo_basis, at=now)
    if case.embargo_until > now:
        limit = Limit(
            source=Source.PARTY,
            until=case.embargo_until,
            by=embargo.HOST,
            basis=case.embargo_basis,
            read_at=now,
        )
        return embargo.limited(held, limit, at=now)
    return embargo.end(held, by=embargo.HOST, why=case.embargo_basis, at=now)


def _world(case: Case) -> frozenset[Fact]:
    if "exploited" in case.embargo_basis:
        return frozenset({Fact.ATTACKS_SEEN})
    if "public" in case.embargo_basis:
        return frozenset({Fact.PUBLIC_AWARE, Fact.VENDOR_AWARE})
    return frozenset()


def _ended_because(held: Coordination, case: Case) -> str:
    if held.is_bound() or not held.log:
        return case.embargo_basis
    return next((entry.told for entry in reversed(held.log) if entry.act == "end"), case.embargo_basis)


def _note(tx: Tx, kind: Kind, key: str, subjects: tuple[str, ...], at: datetime, **facts: str) -> None:
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=FLOW.person))
