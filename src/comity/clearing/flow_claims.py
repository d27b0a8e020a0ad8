"""Tell partner hosts of the claims that their holders let pass, durably, and keep what partners tell.

Each letter is the whole as of its sending, composed anew for every try: what a partner holds is never older than what
it answered for. A kill between its answer and our note of it sends once more, which changes nothing there.
"""

import base64
import json
from datetime import datetime
from typing import Final

import msgspec

from comity.clearing import claim_letters, flow
from comity.clearing import claims as rules
from comity.clearing.claim_letters import Letter
from comity.clearing.claims import Met
from comity.clearing.flow_handover import Machines
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered, Unavailable
from comity.model.claim import Area
from comity.model.events import Event, Kind
from comity.model.federation import PAUSES, ClaimLetter, Door, Partner, Way
from comity.model.ids import digest
from comity.model.party import Viewer
from comity.partners.carrier import CLAIMS
from comity.sealing import keys, letters
from comity.store import claims, journal, parties, partners
from comity.store.engine import Store, Tx

EXCHANGE: Final = "clearing.claims-exchange"


class _Answer(msgspec.Struct):
    receipt: bytes


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The way of what is to be told to one partner."""

    @named(EXCHANGE)
    def exchange(partner: str, since: str) -> None:
        for number in range(len(PAUSES) + 1):
            again = step(f"tell {number}", told, machines, partner, since, number)
            if not again:
                return
            sleep_until(datetime.fromisoformat(again))

    return (exchange,)


def start(machines: Machines, control: Control) -> None:
    """Something changed: every partner with whom claims are exchanged is to be told."""
    since = machines.now().isoformat()
    with machines.store.read() as tx:
        wanted = [one.id for one in partners.every(tx) if one.exchanges_claims]
    for partner in wanted:
        control.start(EXCHANGE, f"{partner}:{since}", partner, since)


def told(machines: Machines, partner_id: str, since: str, number: int) -> str:
    """Try once; gives when to try again (ISO), or "" when it is done, refused, given up, or done by a later letter."""
    at = machines.now()
    with machines.store.read() as tx:
        try:
            partner = partners.get(tx, partner_id)
        except Missing:
            return ""
        last = partners.claim_letter(tx, partner_id, Way.OUT)
        is_done = last is not None and last.receipt and last.at >= datetime.fromisoformat(since)
        if not partner.exchanges_claims or is_done:
            return ""
        names = {one.id: one.name for one in parties.all_organisations(tx)}
        held = [(one, names.get(one.organisation, "")) for one in claims.told(tx, since=at - rules.MEMORY)]
    own = machines.key
    letter = Letter(from_key=own.public.id, to_key=partner.key_id, sent_at=at, claims=claim_letters.tellable(held, at))
    envelope = letters.sign_claims(claim_letters.letter_bytes(letter), own)
    body = json.dumps({"letter": base64.b64encode(envelope).decode()}).encode()
    try:
        answer = machines.carrier.bring(partner.address, body, path=CLAIMS)
    except (Unavailable, Invalid) as error:
        return _later(machines, partner, envelope, at, number, str(error))
    if answer.is_refused:
        return _note(machines, partner, envelope, at, problem=answer.reason())
    if not answer.is_taken:
        return _later(machines, partner, envelope, at, number, answer.reason())
    try:
        receipt = _receipt(partner, answer.body)
        payload = letters.open_claims_receipt(receipt, keys.read_public(partner.key))
        claim_letters.check_receipt(payload, letter=digest(envelope), number=len(letter.claims))
    except (Tampered, Invalid) as error:
        return _later(machines, partner, envelope, at, number, f"the answer is no receipt of this partner: {error}")
    return _note(machines, partner, envelope, at, receipt=receipt, number=len(letter.claims))


def take(machines: Machines, envelope: bytes) -> bytes:
    """Take what a partner tells; gives the signed receipt, the same one for the same letter.

    Forbidden when no partner with whom claims are exchanged signed it, or it is addressed to another host; Invalid for
    what breaks the contract; Conflict for a letter that is older than what is held.
    """
    now = machines.now()
    with machines.store.read() as tx:
        known = [partners.by_key(tx, one) for one in letters.signer_named(envelope)]
    partner = next((one for one in known if one is not None and one.door is Door.COMITY), None)
    if partner is None or not partner.exchanges_claims:
        raise Forbidden("no partner with whom this host exchanges claims signed this: an agreement comes first")
    payload = letters.open_claims(envelope, keys.read_public(partner.key))
    letter = claim_letters.read_letter(payload, now=now)
    own = machines.key
    if letter.to_key != own.public.id or letter.from_key != partner.key_id:
        raise Forbidden("this letter is addressed to another host")
    mark = digest(envelope)
    receipt = letters.sign_claims_receipt(
        claim_letters.receipt_bytes(letter=mark, number=len(letter.claims), key=own.public.id, at=now), own
    )
    with machines.store.write() as tx:
        held = partners.claim_letter(tx, partner.id, Way.IN)
        if held is not None and digest(held.letter) == mark:
            return held.receipt
        if held is not None and held.at >= letter.sent_at:
            raise Conflict("a newer letter about claims came before this one")
        made = ClaimLetter(
            partner=partner.id,
            way=Way.IN,
            at=letter.sent_at,
            letter=envelope,
            receipt=receipt,
            number=len(letter.claims),
        )
        partners.keep_claim_letter(tx, made)
        _journal(tx, Kind.CLAIMS_HEARD, partner, mark, now, claims=str(len(letter.claims)))
    return receipt


def heard(tx: Tx, viewer: Viewer, now: datetime, *, may_be_named: bool) -> tuple[tuple[str, Area, Met], ...]:
    """Claims of partner hosts within the viewer's label: id, area, and what each says of itself. The partner is named,
    the holder only where both agreed."""
    found = []
    for partner in partners.every(tx):
        held = partners.claim_letter(tx, partner.id, Way.IN) if partner.exchanges_claims else None
        if held is None:
            continue
        for one in claim_letters.read_letter(letters.payload(held.letter), now=now).claims:
            is_over = one.at <= now if one.ending is None else now - one.at >= rules.MEMORY
            if one.tlp <= viewer.tlp and not is_over:
                name = one.name if may_be_named else ""
                state = Met(methods=one.area.methods, at=one.at, ending=one.ending, name=name, host=partner.name)
                found.append((f"{partner.id} {one.id}", one.area, state))
    return tuple(found)


def catch_up(machines: Machines, control: Control) -> None:
    """Tell partners who have taken no letter yet: one that refused may have agreed since."""
    if any(out is None or not out.receipt for out, _ in standing(machines.store).values()):
        start(machines, control)


def standing(store: Store) -> dict[str, tuple[ClaimLetter | None, ClaimLetter | None]]:
    """The last letter out and in for each partner with whom claims are exchanged, by the partner's id."""
    with store.read() as tx:
        return {
            one.id: (partners.claim_letter(tx, one.id, Way.OUT), partners.claim_letter(tx, one.id, Way.IN))
            for one in partners.every(tx)
            if one.exchanges_claims
        }


def _receipt(partner: Partner, body: bytes) -> bytes:
    try:
        return msgspec.json.decode(body, type=_Answer).receipt
    except (msgspec.DecodeError, RecursionError) as error:
        raise Tampered(f"{partner.id} sent none") from error


def _later(machines: Machines, partner: Partner, envelope: bytes, at: datetime, number: int, problem: str) -> str:
    _note(machines, partner, envelope, at, problem=problem)
    return "" if number >= len(PAUSES) else (machines.now() + PAUSES[number]).isoformat()


def _note(
    machines: Machines,
    partner: Partner,
    envelope: bytes,
    at: datetime,
    *,
    receipt: bytes = b"",
    problem: str = "",
    number: int = 0,
) -> str:
    made = ClaimLetter(
        partner=partner.id,
        way=Way.OUT,
        at=at,
        letter=envelope,
        receipt=receipt,
        number=number,
        problem=problem[:500],
    )
    with machines.store.write() as tx:
        partners.keep_claim_letter(tx, made)
        if receipt:
            _journal(tx, Kind.CLAIMS_TOLD, partner, digest(envelope), at, claims=str(number))
    return ""


def _journal(tx: Tx, kind: Kind, partner: Partner, mark: str, at: datetime, **facts: str) -> None:
    event = Event(
        kind=kind,
        key=f"{kind}:{mark}",
        at=at,
        subjects=(partner.id,),
        facts={"letter": mark, **facts},
        actor=flow.FLOW.person,
    )
    journal.append(tx, event)
