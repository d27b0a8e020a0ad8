"""Bring the reports of a case to a TAP intake, one after the other, each receipt kept before the next is sent.

TAP has no rule against repeats: when an answer is lost after the intake took a report, the same bytes are sent again.
A Comity host knows them for seven days and gives the earlier receipt; another host may hold the report twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Protocol

from comity.errors import Invalid, Unavailable
from comity.formats import tap_write
from comity.model.federation import Delivery, HandOver, Partner
from comity.model.ids import Receipt
from comity.partners.carrier import Answer
from comity.store import partners
from comity.store.engine import Store

TAKEN = 202
NOT_THERE = (404, 410)


class Intake(Protocol):
    """Reaches a TAP intake."""

    def report(self, address: str, token: str, body: bytes) -> Answer:
        """Its answer to one report. Unavailable when there is none."""

    def follow(self, address: str, monitor: str) -> Answer:
        """Its answer to a monitor path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """How far one try came. `state` is None when it is to be tried again, after `wait_seconds` at least."""

    held: HandOver
    state: Delivery | None
    problem: str = ""
    wait_seconds: int = 0


def bring(store: Store, intake: Intake, held: HandOver, partner: Partner, documents: Sequence[bytes]) -> Stands:
    """Send what has no receipt yet, in its order. A refusal ends it, and says how many were taken before."""
    for place in range(len(held.receipts), len(documents)):
        try:
            answer = intake.report(partner.address, partner.token, documents[place])
        except (Unavailable, Invalid) as error:
            return Stands(held=held, state=None, problem=str(error))
        said = tap_write.refusal(answer.body) or f"the intake answered {answer.status}"
        told = f"report {place + 1} of {len(documents)}: {said}"
        if answer.is_refused:
            return Stands(held=held, state=Delivery.REFUSED, problem=told)
        if answer.status != TAKEN:
            return Stands(held=held, state=None, problem=told, wait_seconds=answer.wait_seconds)
        try:
            receipt, monitor = tap_write.taken(answer.body, answer.link)
        except Invalid as error:  # it was taken: sending it again would only bring it twice
            return Stands(held=held, state=Delivery.GIVEN_UP, problem=f"report {place + 1} was taken, and {error}")
        receipts, monitors = (*held.receipts, Receipt(receipt)), (*held.monitors, monitor)
        held = replace(held, receipts=receipts, monitors=monitors)
        with store.write() as tx:
            partners.move(tx, held)
    return Stands(held=held, state=Delivery.TAKEN)


def followed(intake: Intake, partner: Partner, held: HandOver) -> tuple[str, ...]:
    """What the intake says of each receipt, in their order, in one line each: also that it does not say."""
    return tuple(_line(intake, partner, monitor) for monitor in held.monitors)


def _line(intake: Intake, partner: Partner, monitor: str) -> str:
    try:
        answer = intake.follow(partner.address, monitor)
        if answer.status in NOT_THERE:
            return "the intake knows no such receipt"
        if not answer.is_taken:
            return f"the intake answered {answer.status}"
        word, at = tap_write.status(answer.body)
    except (Unavailable, Invalid) as error:
        return str(error)
    return f"{word} since {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
