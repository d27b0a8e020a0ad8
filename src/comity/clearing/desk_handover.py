"""The counter of partner hosts: who they are, what goes to them, and what they bring."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.access.policy import Action, allow
from comity.clearing import flow_claims, flow_handover, flow_leaving, flow_looks, flow_tap, handover
from comity.clearing.desk import Clearing
from comity.clearing.views import Accepted, Document
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, Unavailable
from comity.formats.codec import Reading
from comity.formats.parse import Limits
from comity.formats.report import MEDIA_TYPE, NAME, ReportDocument
from comity.model.advisory import Publisher
from comity.model.basis import BASES, Basis, ground
from comity.model.events import Event, Kind
from comity.model.federation import STATEMENT, ClaimLetter, Delivery, Door, HandOver, Letter, Partner, Taken
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, PartyId, ReportId, code, digest, is_digest
from comity.model.party import Organisation, Role, Viewer
from comity.sealing import keys, letters
from comity.settings import Settings
from comity.store import cases, journal, parties, partners, reports
from comity.store.engine import Tx

__all__ = ["ClaimLetter", "Delivery", "Door", "HandOver", "HandOvers", "Incoming", "Partner"]

LINE: Final = 500
_TOKEN: Final = re.compile(r"[\x21-\x7e]{8,500}\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What came in: the letter's own words, and the reports that it became."""

    taken: Taken
    letter: Letter

    @property
    def statements(self) -> tuple[Digest, ...]:
        """The signed statements that came with it, in their order."""
        return tuple(one.digest for one in self.letter.enclosed if one.kind == STATEMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOvers:
    """The calls. What comes in goes over the counter that everybody's reports go over."""

    machines: flow_handover.Machines
    control: Control
    clearing: Clearing
    settings: Settings

    def bases(self) -> Mapping[str, Basis]:
        """Every ground that may be cited."""
        return BASES

    def partners(self, viewer: Viewer) -> tuple[Partner, ...]:
        """Hosts with which this one has an agreement."""
        allow(viewer, Action.READ_PARTNERS)
        with self.machines.store.read() as tx:
            return partners.every(tx)

    def add(self, viewer: Viewer, *, name: str, address: str, key: bytes) -> Partner:
        """Enter a partner, with the key document that somebody brought by hand (`comity key show` makes it there).

        Invalid for a name, an address or a key that is none; Conflict when an organisation of this name is here: what
        a partner hands over must not be taken for somebody else's.
        """
        allow(viewer, Action.KEEP_PARTNERS)
        held = keys.read_public(key)
        if held.demo and not self.machines.key.public.demo:
            raise Invalid("a demo key", [Problem("/key", "demo_key", "a script signs with it: get the host's own key")])
        if held.id == self.machines.key.public.id:
            raise Invalid("this host's own key", [Problem("/key", "own_key", "get the key document of the other host")])
        _line("/name", name, 200)
        checked = self.machines.carrier.checked(address.strip())
        return self._entered(viewer, name=name.strip(), address=checked, key=key, key_id=held.id)

    def add_tap(self, viewer: Viewer, *, name: str, address: str, token: str) -> Partner:
        """Enter a TAP intake of another host, with the token that its host gave this one. It brings nothing here.

        Invalid for a name, an address or a token that is none; Conflict when this intake or name is here already.
        """
        allow(viewer, Action.KEEP_PARTNERS)
        _line("/name", name, 200)
        if not _TOKEN.match(token):
            raise Invalid("this is no token", [Problem("/tap_token", "bad_text", "one word of 8 to 500 characters")])
        checked = self.machines.carrier.checked(address.strip())
        mark = f"tap-{digest(checked.encode())[:40]}"
        return self._entered(
            viewer, name=name.strip(), address=checked, key=b"", key_id=mark, door=Door.TAP, token=token
        )

    def _entered(
        self,
        viewer: Viewer,
        *,
        name: str,
        address: str,
        key: bytes,
        key_id: str,
        door: Door = Door.COMITY,
        token: str = "",
    ) -> Partner:
        made = Partner(
            id="P-" + code(secrets.token_bytes(8), 12),
            organisation=PartyId(f"partner-{secrets.token_hex(8)}"),
            name=name,
            address=address,
            key=key,
            key_id=key_id,
            added_by=viewer.person,
            added_at=self.machines.now(),
            door=door,
            token=token,
        )
        with self.machines.store.write() as tx:
            if any(one.name.casefold() == made.name.casefold() for one in parties.all_organisations(tx)):
                raise Conflict("an organisation of this name is here: give the partner a name of its own")
            parties.add_organisation(tx, Organisation(id=made.organisation, name=made.name))
            partners.add(tx, made)
            self._changed(tx, viewer, made, made.added_at, "added")
        return made

    def end(self, viewer: Viewer, partner: str) -> None:
        """End an agreement: nothing goes there and nothing is taken from there any more. What was, stays."""
        allow(viewer, Action.KEEP_PARTNERS)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = partners.get(tx, partner)
            partners.save(tx, replace(held, ended_at=at))
            partners.forget_claims(tx, partner)
            self._changed(tx, viewer, held, at, "ended")

    def exchange_claims(self, viewer: Viewer, partner: str, *, on: bool) -> Partner:
        """Tell this partner of claims that their holders let pass, and hear of theirs; or stop, and forget what was
        heard. Conflict for a TAP intake, which knows no claims."""
        allow(viewer, Action.KEEP_PARTNERS)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = partners.get(tx, partner)
            if held.door is not Door.COMITY:
                raise Conflict("a TAP intake takes reports and knows no claims")
            held = replace(held, exchanges_claims=on)
            partners.save(tx, held)
            if not on:
                partners.forget_claims(tx, partner)
            self._changed(tx, viewer, held, at, "claims" if on else "no-claims")
        if on:
            flow_claims.start(self.machines, self.control)
        return held

    def exchanges(self, viewer: Viewer) -> Mapping[str, tuple[ClaimLetter | None, ClaimLetter | None]]:
        """The last letter about claims to and from each partner with whom they are exchanged, by the partner's id."""
        allow(viewer, Action.READ_PARTNERS)
        return flow_claims.standing(self.machines.store)

    def take_claims(self, envelope: bytes) -> bytes:
        """Take what a partner tells of claims on its host; gives the signed receipt (see `flow_claims.take`)."""
        receipt = flow_claims.take(self.machines, envelope)
        flow_claims.catch_up(self.machines, self.control)
        return receipt

    def hand_over(
        self,
        viewer: Viewer,
        case: CaseId,
        *,
        partner: str,
        basis: str,
        why: str,
        keep: Mapping[str, str] | None = None,
    ) -> HandOver:
        """Hand a case to a partner: every report with its files and handling, the signed statements, the embargo.

        `keep` gives a reason for each piece of personal information that goes along. A TAP intake gets each report as
        TAP takes it, and the letter stays here, as the record of what was sent on which ground. Conflict, Invalid and
        Missing say what to mend (`flow_leaving`).
        """
        allow(viewer, Action.HAND_OVER)
        _line("/why", why, LINE)
        at = self.machines.now()
        cited = ground(basis, at.date(), cisa2015=self.machines.cisa2015)
        if viewer.is_script and not self.machines.key.public.demo:
            raise Forbidden("a script hands nothing over on a host that signs as itself: a person must")
        with self.machines.store.write() as tx:
            to = partners.get(tx, partner)
            leaving = flow_leaving.for_partner(tx, viewer, case, to, basis=basis, keep=keep or {})
            held = leaving.case
            documents, statements = flow_leaving.documents(tx, leaving, to, publisher=self._publisher(), at=at)
            letter = Letter(
                id="H-" + code(secrets.token_bytes(8), 12),
                sent_at=at,
                case=held.id,
                from_key=self.machines.key.public.id,
                to_key=to.key_id if to.door is Door.COMITY else "",
                by=f"{parties.person(tx, viewer.person).name}, {self.machines.organisation}",
                why=why.strip(),
                ground=cited,
                tlp=leaving.tlp,
                no_equities_use=leaving.no_equities_use,
                embargo_until=held.embargo_until,
                embargo_basis=held.embargo_basis[:LINE],
                enclosed=handover.enclose(documents, statements),
            )
            made = HandOver(
                id=letter.id,
                case=held.id,
                partner=to.id,
                partner_name=to.name,
                by=viewer.person,
                at=at,
                letter=letters.sign_letter(handover.letter_bytes(letter), self.machines.key),
            )
            enclosed = (*documents, *statements)
            if (
                to.door is Door.COMITY
                and len(flow_handover.body(made.letter, enclosed)) > self.settings.body_limit_bytes
            ):
                raise Conflict("the case with its files is larger than a host takes at once: bring it another way")
            partners.hand_over(tx, made, enclosed)
            flow_looks.note(tx, viewer, leaving.reports, f"handed it to {to.name}", at=at)
            flow_handover.note(
                tx, Kind.CASE_HANDED_OVER, made, at=at, actor=viewer.person, partner=to.id, basis=cited.id
            )
        flow_handover.start(self.control, made)
        return made

    def again(self, viewer: Viewer, hand_over: str) -> HandOver:
        """Send once more what was refused or given up: the same letter. Conflict for anything else, and where the same
        could not be handed over today: its ground has ended, the case is closed, or is held more strictly by now."""
        allow(viewer, Action.HAND_OVER)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = partners.out(tx, hand_over, viewer)
            if held.state not in (Delivery.REFUSED, Delivery.GIVEN_UP):
                raise Conflict(f"this hand-over is {held.state}")
            partners.get(tx, held.partner)
            letter = handover.read_letter(letters.payload(held.letter))
            ground(letter.ground.id, at.date(), cisa2015=self.machines.cisa2015)
            flow_leaving.is_open(tx, viewer, held.case, held.partner)
            if reason := flow_leaving.outgrown(tx, letter):
                raise Conflict(reason)
            more = replace(held, state=Delivery.WAITING, round=held.round + 1, problem="", settled_at=None)
            partners.move(tx, more)
            flow_handover.note(tx, Kind.CASE_HANDED_OVER, more, at=at, actor=viewer.person, partner=held.partner)
        flow_handover.start(self.control, more)
        return more

    def follow(self, viewer: Viewer, hand_over: str) -> tuple[tuple[str, str], ...]:
        """What the TAP intake says now of each receipt: receipt and its words. Conflict for any other partner, whose
        receipts anybody may follow there."""
        allow(viewer, Action.HAND_OVER)
        with self.machines.store.read() as tx:
            held = partners.out(tx, hand_over, viewer)
            to = partners.get(tx, held.partner)
        if to.door is not Door.TAP:
            raise Conflict(f"ask that host: comity status RECEIPT --host {to.address}")
        return tuple(zip(held.receipts, flow_tap.followed(self.machines.intake, to, held), strict=True))

    def vulnerability_reports(
        self, viewer: Viewer, case: CaseId, *, keep: Mapping[str, str] | None = None
    ) -> tuple[tuple[ReportId, bytes], ...]:
        """Each report of a case as a vulnerability report of CSAF 2.1, for another coordinator. It is noted that this
        viewer took it. Invalid for personal information without a reason, and for a report that names no product."""
        allow(viewer, Action.HAND_OVER)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = flow_leaving.gathered(tx, viewer, cases.get(tx, case, viewer), keep=keep or {})
            made = tuple(
                (one.id, flow_leaving.csaf(held, one, publisher=self._publisher(), at=at)) for one in held.reports
            )
            flow_looks.note(tx, viewer, held.reports, "took it as a CSAF vulnerability report", at=at)
        return made

    def _publisher(self) -> Publisher:
        address = self.machines.address or "https://comity.invalid"
        return Publisher(name=self.machines.organisation, namespace=address)

    def sent(self, viewer: Viewer, *, case: CaseId | None = None) -> tuple[HandOver, ...]:
        """What went out of cases that this viewer sees, newest first."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            return partners.sent(tx, viewer, case=case)

    def received(self, viewer: Viewer) -> tuple[Incoming, ...]:
        """What came in, newest first: within the viewer's label, and of reports that this viewer may see."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            return tuple(one for one in map(_incoming, partners.received(tx)) if _is_seen(tx, viewer, one))

    def statement(self, viewer: Viewer, mark: str, digest_: Digest) -> bytes:
        """A signed statement (DSSE envelope) that came with a case, as the partner sent it. The other host's key
        verifies it. Missing for a letter or a statement that is none, or none for this viewer."""
        allow(viewer, Action.READ_CASES)
        missing = Missing("no such statement came")
        if not is_digest(mark):
            raise missing
        with self.machines.store.read() as tx:
            held = partners.taken(tx, Digest(mark))
            if held is None or not held.letter:
                raise missing
            incoming = _incoming(held)
            if digest_ not in incoming.statements or not _is_seen(tx, viewer, incoming):
                raise missing
            (data,) = partners.statements(tx, held, [digest_])
        return data

    def take(self, envelope: bytes, documents: Sequence[bytes]) -> bytes:
        """Take a case in from a partner; gives the signed receipt, the same one for the same letter.

        (1) the envelope names the key of a partner of this host, and that key signed it;
        (2) it is addressed to this host's own key, so that nobody forwards what was meant for another;
        (3) every document is the one that the letter names;
        (4) every report keeps this host's contract, and all of them before any is taken;
        (5) each is taken over the ordinary counter, as of the partner's organisation, no looser than the letter says.
        Forbidden for (1) and (2), Invalid for the others, Unavailable when it may be sent again later.
        """
        # (1)
        with self.machines.store.read() as tx:
            known = [partners.by_key(tx, one) for one in letters.signer_named(envelope)]
        partner = next((one for one in known if one is not None and one.door is Door.COMITY), None)
        if partner is None:
            raise Forbidden("no partner of this host signed this: an agreement comes first")
        payload = letters.open_letter(envelope, keys.read_public(partner.key))
        # (2)
        letter = handover.read_letter(payload)
        if letter.to_key != self.machines.key.public.id or letter.from_key != partner.key_id:
            raise Forbidden("this letter is addressed to another host")
        mark = digest(envelope)
        with self.machines.store.read() as tx:
            held = partners.taken(tx, mark)
        if held is not None:
            return held.receipt
        # (3)
        enclosed, statements = handover.parted(letter, documents)
        # (4)
        readings = [(data, self._reading(place, data, letter)) for place, data in enumerate(enclosed)]
        # (5)
        viewer = Viewer(
            person=PartyId(partner.id),
            organisation=partner.organisation,
            roles=frozenset({Role.SUBMITTER}),
            tlp=Tlp.RED,
        )
        receipts = []
        for place, (data, reading) in enumerate(readings):
            document = Document(name=f"{letter.id}-{place}.json", media_type=MEDIA_TYPE, data=data)
            answer = self.clearing.accept(viewer, document, NAME, reading)[0]
            if not isinstance(answer, Accepted):  # too many today, by how its earlier reports held
                raise Unavailable("this host takes no more reports of this partner today: send it again later")
            receipts.append(answer.receipt)
        return self._taken(partner, letter, mark, envelope, statements, receipts)

    def _taken(
        self,
        partner: Partner,
        letter: Letter,
        mark: Digest,
        envelope: bytes,
        statements: tuple[bytes, ...],
        receipts: Sequence[str],
    ) -> bytes:
        at = self.machines.now()
        own = self.machines.key
        signed = letters.sign_receipt(
            handover.receipt_bytes(letter=mark, receipts=receipts, key=own.public.id, at=at), own
        )
        with self.machines.store.write() as tx:
            held = partners.taken(tx, mark)
            if held is not None:  # the same letter came twice at once
                return held.receipt
            made = Taken(
                mark=mark,
                partner=partner.id,
                partner_name=partner.name,
                at=at,
                letter=envelope,
                receipts=tuple(receipts),  # type: ignore[arg-type]  # each is a Receipt
                receipt=signed,
            )
            partners.take(tx, made, statements)
            facts = {"partner": partner.id, "reports": str(len(receipts)), "basis": letter.ground.id}
            event = Event(
                kind=Kind.CASE_TAKEN_OVER,
                key=f"taken-over:{mark}",
                at=at,
                subjects=(letter.id,),
                facts=facts,
                actor=partner.id,
            )
            journal.append(tx, event)
        return signed

    def _reading(self, place: int, data: bytes, letter: Letter) -> Reading:
        limits = Limits(
            document_bytes=self.settings.body_limit_bytes,
            attachment_bytes=self.settings.attachment_limit_bytes,
            batch=1,
        )
        try:
            read = ReportDocument(limits=limits).read(data)
        except Invalid as error:
            problems = [replace(one, pointer=f"/documents/{place}{one.pointer}") for one in error.problems]
            raise Invalid("a report breaks the contract comity-report/1", problems) from error
        if len(read.findings) != 1:
            raise Invalid("one report each", [Problem(f"/documents/{place}", "not_one", "one finding in a document")])
        return replace(read, findings=(handover.kept_to(letter, read.findings[0]),))

    def _changed(self, tx: Tx, viewer: Viewer, partner: Partner, at: datetime, what: str) -> None:
        facts = {"state": what, "key": partner.key_id}
        event = Event(
            kind=Kind.PARTNER_CHANGED,
            key=f"partner-{what}:{partner.id}",
            at=at,
            subjects=(partner.id,),
            facts=facts,
            actor=viewer.person,
        )
        journal.append(tx, event)


def _incoming(one: Taken) -> Incoming:
    return Incoming(taken=one, letter=handover.read_letter(letters.payload(one.letter)))


def _is_seen(tx: Tx, viewer: Viewer, one: Incoming) -> bool:
    """Whether this viewer may see every report that it became and that still is: one of a case that is withheld from
    them hides the letter and what came with it."""
    return one.letter.tlp <= viewer.tlp and not reports.is_hidden(tx, one.taken.receipts, viewer)


def _line(pointer: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or not text.isprintable():
        raise Invalid("a line is missing", [Problem(pointer, "bad_text", f"one line of 1 to {most} characters")])
