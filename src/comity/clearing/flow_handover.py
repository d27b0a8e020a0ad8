"""Bring a case to a partner host, durably: tried again until it is taken, refused, or given up in sight.

The letter is signed once and its bytes never change. The partner knows a repeat by them and answers with the same
receipt, so a kill between its answer and our note of it brings nothing twice.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from comity.clearing import flow, flow_leaving, flow_tap, handover
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import Invalid, Missing, Tampered, Unavailable
from comity.model.events import Event, Kind
from comity.model.federation import PAUSES, REPORT, Delivery, Door, HandOver, Letter, Partner
from comity.model.ids import digest
from comity.partners.carrier import PATH, Answer
from comity.sealing import keys, letters
from comity.sealing.keys import SigningKey
from comity.store import cve_services, journal, partners
from comity.store.engine import Store, Tx

HAND_OVER: Final = "clearing.hand-over"


class Carrier(Protocol):
    """Brings bytes to a partner."""

    def checked(self, address: str) -> str:
        """The address, or Invalid."""

    def bring(self, address: str, body: bytes, *, path: str = PATH) -> Answer:
        """The answer. Unavailable when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the flow works with. `cisa2015` is the host's setting of that name."""

    store: Store
    key: SigningKey
    carrier: Carrier
    intake: flow_tap.Intake
    now: Callable[[], datetime]
    organisation: str
    address: str = ""
    """The host's own, as documents name their publisher."""
    cisa2015: str = "unknown"


class _Answer(msgspec.Struct):
    receipt: bytes


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The way of one case to one partner."""

    @named(HAND_OVER)
    def hand(id_: str) -> None:
        for number in range(len(PAUSES) + 1):
            again = step(f"send {number}", sent, machines, id_, number)
            if not again:
                return
            sleep_until(datetime.fromisoformat(again))

    return (hand,)


def start(control: Control, held: HandOver) -> None:
    """Start the flow of this round of a hand-over: once, however often it is asked for."""
    control.start(HAND_OVER, f"{held.id}:{held.round}", held.id)


def resume(machines: Machines, control: Control) -> None:
    """Start what a crash kept from starting."""
    with machines.store.read() as tx:
        waiting = [partners.out(tx, id_, flow.FLOW) for id_ in partners.waiting(tx)]
    for held in waiting:
        start(control, held)


def given_up(store: Store) -> tuple[int, int]:
    """How many hand-overs, and how many requests to CVE Services, were given up and wait for a person."""
    with store.read() as tx:
        return partners.given_up(tx), cve_services.given_up(tx)


def sent(machines: Machines, id_: str, number: int) -> str:
    """Try once; gives when to try again (ISO), or "" when it is settled."""
    with machines.store.read() as tx:
        held = partners.out(tx, id_, flow.FLOW)
        if held.state is not Delivery.WAITING:
            return ""
        letter = handover.read_letter(letters.payload(held.letter))
        documents = partners.documents(tx, held, [one.digest for one in letter.enclosed])
        outgrown = flow_leaving.outgrown(tx, letter)
        try:
            partner = partners.get(tx, held.partner)
        except Missing:
            partner = None
    if partner is None:
        return _settle(machines, held, Delivery.REFUSED, problem="the agreement with this partner has ended")
    if outgrown:
        return _settle(machines, held, Delivery.REFUSED, problem=outgrown)
    if partner.door is Door.TAP:
        stands = flow_tap.bring(machines.store, machines.intake, held, partner, documents)
        if stands.state is None:
            return _later(machines, stands.held, number, stands.problem, wait_seconds=stands.wait_seconds)
        return _settle(machines, stands.held, stands.state, problem=stands.problem)
    try:
        answer = machines.carrier.bring(partner.address, body(held.letter, documents))
    except (Unavailable, Invalid) as error:
        return _later(machines, held, number, str(error))
    if answer.is_refused:
        return _settle(machines, held, Delivery.REFUSED, problem=answer.reason())
    if not answer.is_taken:
        return _later(machines, held, number, answer.reason())
    try:
        taken = _with_receipt(held, letter, partner, answer.body)
    except (Tampered, Invalid) as error:
        return _later(machines, held, number, f"the answer is no receipt of this partner: {error}")
    return _settle(machines, taken, Delivery.TAKEN)


def body(letter: bytes, documents: Sequence[bytes]) -> bytes:
    """What is posted: the signed letter and the documents beside it."""
    text = [base64.b64encode(data).decode() for data in (letter, *documents)]
    return json.dumps({"letter": text[0], "documents": text[1:]}).encode()


def _with_receipt(held: HandOver, letter: Letter, partner: Partner, answer: bytes) -> HandOver:
    try:
        envelope = msgspec.json.decode(answer, type=_Answer).receipt
    except (msgspec.DecodeError, RecursionError) as error:
        raise Tampered("it holds none") from error
    payload = letters.open_receipt(envelope, keys.read_public(partner.key))
    number = sum(one.kind == REPORT for one in letter.enclosed)
    receipts = handover.read_receipt(payload, letter=digest(held.letter), reports=number)
    return replace(held, receipt=envelope, receipts=receipts)


def _later(machines: Machines, held: HandOver, number: int, problem: str, *, wait_seconds: int = 0) -> str:
    """When to try again: after the pause of this number, or after the longer one that the other side asks for."""
    if number >= len(PAUSES):
        return _settle(machines, held, Delivery.GIVEN_UP, problem=problem)
    with machines.store.write() as tx:
        partners.move(tx, replace(held, tries=held.tries + 1, problem=problem[:500]))
    return (machines.now() + max(PAUSES[number], timedelta(seconds=wait_seconds))).isoformat()


def _settle(machines: Machines, held: HandOver, state: Delivery, *, problem: str = "") -> str:
    at = machines.now()
    done = replace(held, state=state, tries=held.tries + 1, problem=problem[:500], settled_at=at)
    with machines.store.write() as tx:
        partners.move(tx, done)
        note(tx, Kind.HAND_OVER_SETTLED, done, at=at, actor=flow.FLOW.person, state=state.value)
    return ""


def note(tx: Tx, kind: Kind, held: HandOver, *, at: datetime, actor: str, **facts: str) -> None:
    """Journal it, under the case."""
    key = f"{kind}:{held.id}:{held.tries}"
    subjects = (held.case, held.id)
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=actor))
