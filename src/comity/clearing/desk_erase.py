"""The counter of erasure: one person asks, another agrees, and of a closed case only the fact remains.

What is erased loses its key, not only its row: the case with its drafts, verdicts, statements and runs; its reports
with their files, marks and words; its coordination, thread, letters not yet sent and seats; patches; what went to
partners and the words that came with what they brought; decisions, reasons for personal information; requests to CVE
Services. What was published stays published, and the journal stays whole: it holds ids and public facts alone.
"""

import secrets
from dataclasses import dataclass, replace
from typing import Final

from comity.access.policy import Action, allow
from comity.clearing import flow, flow_looks
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.mail import outbox
from comity.model.case import Stage
from comity.model.cve_services import Standing
from comity.model.erasure import Erasure, ErasureState
from comity.model.events import Event, Kind
from comity.model.federation import Delivery
from comity.model.ids import CaseId, code
from comity.model.party import Viewer
from comity.store import (
    blobs,
    cases,
    coordinations,
    cve_services,
    erasures,
    journal,
    parties,
    partners,
    patches,
    reports,
)
from comity.store.engine import Tx

__all__ = ["Erasure", "ErasureState", "Erasures"]

LOOKED: Final = "erased the report, together with a second person"
"""What its submitter reads in the log of who looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """The calls."""

    machines: flow.Machines

    def listed(self, viewer: Viewer) -> tuple[Erasure, ...]:
        """What was asked for and what was done, of cases that this viewer sees or saw, newest first."""
        allow(viewer, Action.ERASE_CASES)
        with self.machines.store.read() as tx:
            return erasures.every(tx, viewer)

    def ask(self, viewer: Viewer, case: CaseId, *, why: str) -> Erasure:
        """Ask for a closed case to be erased. `why` stays: one line that tells nothing of its content.

        Conflict for a case that is not closed, or of which something is on its way to somebody else.
        """
        allow(viewer, Action.ERASE_CASES)
        if not why.strip() or len(why) > 500 or not why.isprintable():
            raise Invalid("say why", [Problem("/why", "bad_text", "one line; it stays when the case is gone")])
        at = self.machines.now()
        with self.machines.store.write() as tx:
            self._is_quiet(tx, viewer, case)
            if erasures.asked(tx, case):
                raise Conflict("the erasure of this case is asked for already")
            made = Erasure(
                id="E-" + code(secrets.token_bytes(8), 12),
                case=case,
                why=why.strip(),
                asked_by=viewer.person,
                asked_by_name=self._named(tx, viewer),
                asked_at=at,
            )
            erasures.add(tx, made)
            self._note(tx, Kind.CASE_ERASURE_ASKED, made, viewer)
        return made

    def agree(self, viewer: Viewer, erasure: str) -> Erasure:
        """Agree as a second person. The case is gone when this returns; nothing brings it back but an older backup."""
        allow(viewer, Action.ERASE_CASES)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = erasures.get(tx, erasure, viewer)
            if held.state is not ErasureState.ASKED:
                raise Conflict(f"this erasure is {held.state}")
            if held.asked_by == viewer.person:
                raise Conflict("you asked for this: another person must agree")
            self._is_quiet(tx, viewer, held.case)
            case = cases.get(tx, held.case, viewer)
            members = [reports.get(tx, one, flow.FLOW) for one in case.reports]
            coordination = coordinations.find(tx, held.case)
            for one in coordination.participants if coordination is not None else ():
                outbox.withdraw(tx, one.id, at=at)
            flow_looks.note(tx, viewer, members, LOOKED, at=at)
            name = self._named(tx, viewer)
            cases.erase(tx, held.case, at=at)
            done = replace(
                held,
                state=ErasureState.DONE,
                ended_by=viewer.person,
                ended_by_name=name,
                ended_at=at,
                reports=len(members),
            )
            erasures.save(tx, done)
            self._note(tx, Kind.CASE_ERASED, done, viewer, reports=str(len(members)), asked_by=held.asked_by)
        with self.machines.store.write() as tx:
            blobs.sweep(tx)
        self.machines.store.scour()
        return done

    def withdraw(self, viewer: Viewer, erasure: str) -> Erasure:
        """Withdraw what was asked for; whoever sees the case may, the asker too."""
        allow(viewer, Action.ERASE_CASES)
        with self.machines.store.write() as tx:
            held = erasures.get(tx, erasure, viewer)
            if held.state is not ErasureState.ASKED:
                raise Conflict(f"this erasure is {held.state}")
            gone = replace(
                held,
                state=ErasureState.WITHDRAWN,
                ended_by=viewer.person,
                ended_by_name=self._named(tx, viewer),
                ended_at=self.machines.now(),
            )
            erasures.save(tx, gone)
            self._note(tx, Kind.CASE_ERASURE_WITHDRAWN, gone, viewer)
        return gone

    def _is_quiet(self, tx: Tx, viewer: Viewer, case: CaseId) -> None:
        """Conflict while the case is not closed, or while a flow still works with what would be erased."""
        held = cases.get(tx, case, viewer)
        if held.stage is not Stage.CLOSED:
            raise Conflict(f"case {case} is {held.stage}: close it first, with a reason")
        if any(one.state is Delivery.WAITING for one in partners.sent(tx, flow.FLOW, case=case)):
            raise Conflict("it is on its way to a partner: wait until that is settled")
        unsettled = {Standing.CONFIRMED, Standing.UNSURE}
        if any(one.standing in unsettled for one in cve_services.of(tx, case, flow.FLOW)):
            raise Conflict("a request to CVE Services is on its way: wait until that is settled")
        if any(not one.is_settled for one in patches.of(tx, case, flow.FLOW)):
            raise Conflict("a patch of it is being checked: wait until that is over")

    def _named(self, tx: Tx, viewer: Viewer) -> str:
        if viewer.is_script and not self.machines.demo:
            raise Forbidden("a script erases nothing on a host that signs as itself: a person must")
        return parties.person(tx, viewer.person).name

    def _note(self, tx: Tx, kind: Kind, held: Erasure, viewer: Viewer, **facts: str) -> None:
        event = Event(
            kind=kind,
            key=f"{kind}:{held.id}",
            at=held.ended_at or held.asked_at,
            subjects=(held.case, held.id),
            facts=facts,
            actor=viewer.person,
        )
        journal.append(tx, event)
