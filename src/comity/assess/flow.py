"""The clocks of an engagement, its erasure, and how a change of the record is written down: the IO of this desk.

One durable flow for each engagement sleeps until its next clock and makes the move. A killed process lengthens nothing:
the window's end stands in the record, which the gateway reads at every call, whether a worker runs or not. Erasure goes
in three steps that may each run again: the receipt's facts are noted, the custodian's half of the key is destroyed, and
only then does the signed receipt say so.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from comity.assess import clocks, ledger, moves, pairs
from comity.assess.flow_cards import Cards
from comity.assess.papers import EVIDENCE, Done, Hand
from comity.durable.engine import Control
from comity.durable.flows import Flow, flow, signal, step
from comity.errors import Missing
from comity.model.dossier import Engagement, Joint
from comity.model.engagement import Clock, Move, State, public_word
from comity.model.events import Event, Kind
from comity.model.ids import Digest, EngagementId, digest
from comity.model.party import system
from comity.partners.endpoint import ModelEndpoint
from comity.sandbox.containment import Containment
from comity.settings import Settings
from comity.store import engagement_calls, engagements, journal
from comity.store.custody import Custody
from comity.store.engine import Store, Tx

FLOW = system("assess-flow")
"""On whose behalf the clocks act."""
OWN: Final = "signature-own-"
"""How the files of a developer's own signatures begin."""
WATCH: Final = "assess.watch"
CHANGED: Final = "changed"
"""The signal to an engagement's flow that a person moved it."""
OVER: Final = "over"
WAIT: Final = "wait"
ERASE: Final = "erase"
CLOCK: Final = "clock"
"""What the access ledger calls a move that nobody made by hand."""


class Signer(Protocol):
    """Signs statements about papers on behalf of the host."""

    def paper(self, kind: str, subjects: Mapping[str, Digest], fields: Mapping[str, str], *, at: datetime) -> bytes:
        """A signed statement (DSSE envelope)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the desk works with, handed over by `app`. `now` is the one clock."""

    store: Store
    settings: Settings
    signer: Signer
    endpoint: ModelEndpoint
    cards: Cards
    contained: Containment
    now: Callable[[], datetime]
    demo: bool = False

    @property
    def custody(self) -> Custody:
        """Where the custodians' halves of the keys lie."""
        return Custody(folder=self.settings.custody_folder, data=self.settings.data)

    @property
    def times(self) -> clocks.Times:
        """How long the clocks run here."""
        held = self.settings
        return clocks.Times(
            silence=held.assess_silence,
            comment_days=held.assess_comment_days,
            erasure=held.assess_erasure,
            erasure_withdrawn=held.assess_erasure_withdrawn,
        )


def flows(machines: Machines) -> tuple[Flow, ...]:
    """The one flow of this desk."""

    @flow(WATCH)
    def watch(engagement: str) -> None:
        looks = 0
        while True:
            outlook = step(f"look {looks}", look, machines, engagement)
            looks += 1
            if outlook == OVER:
                return
            if outlook == ERASE:
                step("destroy the key", destroy, machines, engagement)
                step("erase", erase, machines, engagement)
            elif outlook == WAIT:
                signal(CHANGED)
            elif signal(CHANGED, until=datetime.fromisoformat(outlook)) is None:
                step(f"tick {looks}", tick, machines, engagement)

    return (watch,)


def watching(id_: EngagementId) -> str:
    """The flow that watches an engagement."""
    return f"{WATCH}:{id_}"


def nudge(control: Control, id_: EngagementId, version: int) -> None:
    """Tell the engagement's flow that something changed; harmless when it is not there any more."""
    try:
        control.signal(watching(id_), CHANGED, key=f"v{version}")
    except Missing:
        return


def look(machines: Machines, engagement: str) -> str:
    """What comes next: an ISO moment to wait for, `WAIT` for a person, `ERASE` to go on with one, or `OVER`."""
    id_ = EngagementId(engagement)
    with machines.store.read() as tx:
        outline = engagements.outline(tx, id_, FLOW)
        if outline.state is State.ERASED:
            return OVER
        if outline.receipt is not None:
            return ERASE
        held = engagements.get(tx, machines.custody, id_, FLOW)
    due = clocks.due(held, machines.times)
    if due is None:
        return WAIT
    if due.move is Move.ERASE and pairs.ready(held, Joint.ERASE, EVIDENCE):
        return machines.now().isoformat()
    return due.at.isoformat()


def tick(machines: Machines, engagement: str) -> str:
    """Make the move of the clock that ran out, if it still has. Gives the state the engagement is in now."""
    id_ = EngagementId(engagement)
    now = machines.now()
    with machines.store.write() as tx:
        outline = engagements.outline(tx, id_, FLOW)
        if outline.state is State.ERASED or outline.receipt is not None:
            return outline.state.value
        held = engagements.get(tx, machines.custody, id_, FLOW)
        due = clocks.due(held, machines.times)
        early = due is not None and due.move is Move.ERASE and pairs.ready(held, Joint.ERASE, EVIDENCE)
        if due is None or (now < due.at and not early):
            return held.state.value
        if due.move is Move.ERASE:
            engagements.note_erasure(tx, id_, _facts(tx, machines, held))
            return held.state.value
        moved = moves.by_clock(held, due.move, now=now)
        if due.clock is Clock.WINDOW:
            moved = replace(moved, ended_because="the window ended")
        saved = write(machines, tx, held, moved)
        note(tx, id_, at=now, person=CLOCK, seat=CLOCK, what=f"{due.clock} ran out", why="", parts=("state",))
    return saved.state.value


def destroy(machines: Machines, engagement: str) -> str:
    """Destroy the custodian's half of the key: from here on nothing of the engagement opens, here or in any backup."""
    machines.custody.destroy(EngagementId(engagement))
    shutil.rmtree(
        machines.settings.data / "assess" / engagement, ignore_errors=True
    )  # ciphertext of runs, worth nothing now
    return ""


def erase(machines: Machines, engagement: str) -> str:
    """Delete what cannot be opened any more, and keep the signed receipt. Gives the receipt's digest."""
    id_ = EngagementId(engagement)
    now = machines.now()
    with machines.store.write() as tx:
        outline = engagements.outline(tx, id_, FLOW)
        if outline.state is State.ERASED or outline.receipt is None:
            return digest(outline.receipt or b"")
        note(tx, id_, at=now, person=CLOCK, seat=CLOCK, what="evidence erased", why="", parts=("all",))
        last = engagements.last_line(tx, id_)
        assert last is not None
        facts = {
            **json.loads(outline.receipt),
            "access_ledger_entries": str(last.place),
            "access_ledger_head": last.hash,
            "key_half_destroyed": "yes" if not machines.custody.holds(id_) else "no",
        }
        subjects = {f"access ledger of {id_}": Digest(last.hash)}
        receipt = machines.signer.paper("erasure receipt", subjects, facts, at=now)
        engagement_calls.forget(tx, id_)
        engagements.erase(tx, id_, at=now, receipt=receipt)
        event = Event(
            kind=Kind.EVIDENCE_ERASED,
            key=f"erased:{id_}",
            at=now,
            subjects=(id_,),
            facts={"state": public_word(State.ERASED), "receipt": digest(receipt)},
            actor=FLOW.person,
        )
        journal.append(tx, event)
    return digest(receipt)


def write(machines: Machines, tx: Tx, before: Engagement, after: Engagement, *, actor: str = FLOW.person) -> Engagement:
    """Save the next record, and what a change of state brings: dead keys, a journal entry, an enquiry's files gone."""
    saved = engagements.save(tx, machines.custody, after)
    if before.state is saved.state:
        return saved
    if before.state is State.OPEN:
        engagement_calls.end_keys(tx, saved.id, at=machines.now())
    if before.state is State.ENQUIRY and saved.state is not State.TERMS:
        engagements.drop_files(tx, saved.id)
    facts = {"state": public_word(saved.state), "number": str(saved.version)}
    event = Event(
        kind=Kind.ENGAGEMENT_MOVED,
        key=f"moved:{saved.id}:{saved.version}",
        at=machines.now(),
        subjects=(saved.id,),
        facts=facts,
        actor=actor,
    )
    journal.append(tx, event)
    if saved.state is State.FROZEN and saved.sealing is not None:
        frozen = replace(
            event, kind=Kind.PROTOCOL_FROZEN, key=f"frozen:{saved.id}:{saved.version}", facts=saved.sealing.public
        )
        journal.append(tx, frozen)
    return saved


def finish(
    machines: Machines, tx: Tx, before: Engagement, done: Done, hand: Hand, *, act: str, own: bytes = b""
) -> Engagement:
    """Write down what an act did: record, the host's statement about a signature, the access ledger.

    `own`: the developer's own signature, checked already; it is kept beside the host's statement.
    """
    saved = write(machines, tx, before, done.engagement, actor=hand.person)
    if done.signs is not None:
        fields = {
            "engagement": saved.id,
            "signed_by": hand.name,
            "seat": hand.seat.value,
            "is_script": "yes" if hand.is_script else "no",
            "act": act,
            "own_key": hand.key or "none: the host's statement is all there is",
        }
        envelope = machines.signer.paper("signature", {f"{act} of {saved.id}": done.signs}, fields, at=hand.at)
        engagements.keep_file(tx, machines.custody, saved.id, f"signature-{saved.version:05d}", envelope)
        if own:
            engagements.keep_file(tx, machines.custody, saved.id, f"{OWN}{saved.version:05d}-{act}", own)
    note(tx, saved.id, at=hand.at, person=hand.person, seat=hand.seat.value, what=act, why="", parts=("record",))
    return saved


def note(
    tx: Tx, id_: EngagementId, *, at: datetime, person: str, seat: str, what: str, why: str, parts: Sequence[str]
) -> None:
    """Append to the access ledger."""
    last = engagements.last_line(tx, id_)
    entry = ledger.next_entry(
        None if last is None else entry_of(last), id_, at=at, person=person, seat=seat, what=what, why=why, parts=parts
    )
    fields = {name: getattr(entry, name) for name in ("at", "person", "seat", "what", "why", "parts", "previous")}
    engagements.note(tx, id_, entry.place, fields, entry.hash)


def entry_of(line: engagements.Line) -> ledger.Entry:
    """A stored line as an entry of the chain."""
    held = line.fields
    return ledger.Entry(
        place=line.place,
        at=held["at"],
        person=held["person"],
        seat=held["seat"],
        what=held["what"],
        why=held["why"],
        parts=tuple(held["parts"]),
        previous=held["previous"],
        hash=line.hash,
    )


def _facts(tx: Tx, machines: Machines, held: Engagement) -> dict[str, str]:
    """What the erasure receipt will say: ids, digests and counts, and not how the engagement came to its end."""
    return {
        "engagement": held.id,
        "files": str(len(engagements.file_names(tx, held.id))),
        "terms_versions": str(len(held.terms)),
        "battery_roots": ",".join(one.battery_root[:16] for one in held.sealings) or "none",
        "card": held.card.digest if held.card else "none",
        "released_sections": ",".join(held.released) or "none",
        "live_gateway_keys": str(engagement_calls.live_keys(tx, held.id, at=machines.now())),
    }
