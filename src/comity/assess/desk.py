"""The counter of assessments: every call that doors may make. Each checks access first, so doors cannot disagree.

Who has no part in an engagement gets the same `Missing` as for one that does not exist. Everything a person does goes
through `do`, which reads the one table of acts; every reading and every act leaves a line in the access ledger.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from comity.access.policy import Action, allow
from comity.assess import (
    acts,
    clocks,
    flow,
    flow_acts,
    flow_export,
    flow_gateway,
    flow_measure,
    flow_own,
    ledger,
    pairs,
    papers,
    redact,
    scope,
    views,
    watermark,
)
from comity.assess.acts import ACTS, Act, Open
from comity.assess.admit import Refused
from comity.assess.flow_acts import Told, hand
from comity.assess.flow_gateway import BODY_LIMIT, LARGE, Answer, Completed
from comity.assess.flow_measure import Ran, Subject
from comity.assess.views import Counts, LedgerLine, Part, Row, View
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model import engagement as table
from comity.model import ids
from comity.model.dossier import Appointment, Engagement, Joint
from comity.model.engagement import OVER, Claim, Seat, State, public_word
from comity.model.events import Event, Kind
from comity.model.ids import EngagementId, PartyId
from comity.model.party import Role, Viewer
from comity.store import engagement_calls, engagements, journal, parties
from comity.store.engine import Tx

__all__ = [
    "ACTS",
    "BODY_LIMIT",
    "LARGE",
    "Act",
    "Answer",
    "Assess",
    "Claim",
    "Completed",
    "Counts",
    "LedgerLine",
    "Open",
    "Ran",
    "Refused",
    "Row",
    "Subject",
    "Told",
    "View",
]

TAKE = "take"
"""A coordinator of this host takes the coordinator's seat of an engagement that has nobody in it."""
PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The tables behind the rules page."""

    acts: tuple[Act, ...]
    pairs: Mapping[Joint, pairs.Pair]
    sees: Mapping[Part, frozenset[Seat]]
    why: Mapping[Part, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assess:
    """The calls, on the flow's machines. `control` starts and signals the flows; see `flow` for what they do."""

    machines: flow.Machines
    control: Control

    # ---- what anybody may know

    def counts(self, viewer: Viewer) -> Counts:
        """How many engagements are under way and how many are over, and nothing else about either."""
        allow(viewer, Action.READ_ASSESSING)
        with self.machines.store.read() as tx:
            held = engagements.count(tx)
        over = sum(number for state, number in held.items() if state in OVER)
        return Counts(under_way=sum(held.values()) - over, over=over)

    def claims(self, viewer: Viewer) -> tuple[Claim, ...]:
        """The model check of the table of states and moves: what it promises, and whether it holds."""
        allow(viewer, Action.READ_ASSESSING)
        return table.check()

    def times(self, viewer: Viewer) -> clocks.Times:
        """How long the clocks run on this host."""
        allow(viewer, Action.READ_ASSESSING)
        return self.machines.times

    def rules(self, viewer: Viewer) -> Rules:
        """Who may do and see what, as the tables say that the code reads."""
        allow(viewer, Action.READ_ASSESSING)
        return Rules(acts=tuple(ACTS.values()), pairs=pairs.PAIRS, sees=views.SEES, why=views.WHY)

    # ---- beginning and looking

    def invite(
        self, viewer: Viewer, *, subject: str, question: str, declaration: str, planned: str = ""
    ) -> tuple[EngagementId, bytes]:
        """A developer asks for an assessment. Gives the id and a signed receipt; nothing is decided by asking."""
        allow(viewer, Action.INVITE)
        machines = self.machines
        written = {"subject": subject, "question": question, "declaration": declaration, "planned_release": planned}
        named = scope.text(written, "subject", most=scope.SHORT_LIMIT)
        asked = scope.text(written, "question")
        declared = scope.text(written, "declaration")
        scope.moment(written, "planned_release")
        at = machines.now()
        id_ = ids.engagement_id(secrets.token_bytes(8))
        with machines.store.write() as tx:
            by = hand(tx, machines, viewer, Seat.SIGNATORY)
            developer = parties.organisation(tx, by.organisation)
            mine = Appointment(
                seat=Seat.SIGNATORY,
                person=by.person,
                login=by.login,
                name=by.name,
                organisation=by.organisation,
                is_script=by.is_script,
                at=at,
                declared=declared,
            )
            made = Engagement(
                id=id_,
                state=State.ENQUIRY,
                since=at,
                opened_at=at,
                developer=developer.id,
                developer_name=developer.name,
                subject=named,
                question=asked if not planned else f"{asked}\n\nPlanned partner release: {planned}",
                seats=(mine,),
            )
            engagements.add(tx, machines.custody, made)
            receipt = machines.signer.paper(
                "enquiry receipt", {"enquiry": ids.digest(asked.encode())}, {"engagement": id_}, at=at
            )
            flow.note(tx, id_, at=at, person=by.person, seat=by.seat.value, what="invite", why="", parts=("record",))
            event = Event(
                kind=Kind.ENGAGEMENT_STARTED,
                key=f"started:{id_}",
                at=at,
                subjects=(id_,),
                facts={"state": public_word(State.ENQUIRY)},
                actor=by.person,
            )
            journal.append(tx, event)
        self.control.start(flow.WATCH, id_, id_)
        return id_, receipt

    def resume(self) -> int:
        """Start every watch that a crash kept from starting, and tell each what it was not told; safe at any time."""
        with self.machines.store.read() as tx:
            found = engagements.unfinished(tx)
        for id_ in found:
            self.control.start(flow.WATCH, id_, id_)
            self.wake(id_)
        return len(found)

    def wake(self, id_: EngagementId) -> None:
        """Let the engagement's flow look at the record as it is now. Told twice of the same state, it looks once."""
        with self.machines.store.read() as tx:
            try:
                version = engagements.get(tx, self.machines.custody, id_, flow.FLOW).version
            except Missing:
                return  # erased, or being erased: the flow goes on by itself
        flow.nudge(self.control, id_, version)

    def pulse(self, viewer: Viewer, id_: EngagementId) -> str:
        """A word that is another one once the engagement changed. It shows nothing, so the ledger does not note it."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.read() as tx:
            return f"v{engagements.version(tx, id_, viewer)}"

    def page(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> tuple[tuple[Row, ...], str]:
        """The engagements that this viewer has a part in, newest first, and the next cursor."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.read() as tx:
            found = engagements.page(tx, self.machines.custody, viewer, start=after or None, limit=limit)
            names = {one.id: one.name for one in parties.all_organisations(tx)}
        rows = []
        for outline, held in found.items:
            seats = held.seats_of(viewer.person, declared=False) if held else frozenset()
            is_theirs = bool(seats) or Role.COORDINATOR in viewer.roles or outline.developer == viewer.organisation
            rows.append(
                Row(
                    id=outline.id,
                    state=outline.state,
                    subject=held.subject if held and is_theirs else "",
                    developer=names.get(outline.developer, ""),
                    since=outline.since,
                    opened_at=outline.opened_at,
                    seats=tuple(sorted(seats, key=lambda seat: seat.value)),
                )
            )
        return tuple(rows), found.next or ""

    def view(self, viewer: Viewer, id_: EngagementId) -> View:
        """One engagement as this viewer may see it. Reading it is written into the access ledger."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        machines = self.machines
        at = machines.now()
        with machines.store.write() as tx:
            outline = engagements.outline(tx, id_, viewer)
            names = {one.id: one.name for one in parties.all_organisations(tx)}
            developer = names.get(outline.developer, "")
            if outline.erased_at is not None or outline.receipt is not None:
                return _remains(outline, developer)
            held = engagements.get(tx, machines.custody, id_, viewer)
            declared = held.seats_of(viewer.person)
            more = self._more(tx, held, declared)
            shown = views.parts_of(held, declared, more=more) if declared else {}
            mark = None
            if declared:
                key = engagements.data_key(tx, machines.custody, id_)
                name = parties.person(tx, viewer.person).name
                mark = watermark.mark(key, engagement=id_, person=viewer.person, viewer=name, part=PAGE, at=at)
                self._read(tx, held, viewer, declared, parts=tuple(sorted(shown)))
        return View(
            id=id_,
            state=held.state,
            meaning=views.meaning(held.state),
            since=held.since,
            opened_at=held.opened_at,
            subject=held.subject,
            developer=developer,
            seats=tuple(sorted(held.seats_of(viewer.person, declared=False), key=lambda seat: seat.value)),
            undeclared=held.seats_of(viewer.person, declared=False) != declared,
            due=clocks.due(held, machines.times),
            waits_for=views.waits_for(held),
            next=views.next_sentence(held),
            acts=acts.open_to(held, viewer.person),
            parts=shown,
            can_take=_can_take(held, viewer),
            mark=mark,
            receipt=None,
            version=held.version,
        )

    def ledger(self, viewer: Viewer, id_: EngagementId) -> tuple[tuple[LedgerLine, ...], str]:
        """The access ledger, checked as a chain, and its head; live for the developer, and kept after erasure."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.read() as tx:
            outline = engagements.outline(tx, id_, viewer)
            if outline.receipt is None:
                held = engagements.get(tx, self.machines.custody, id_, viewer)
                if not views.sees(Part.LEDGER, held.seats_of(viewer.person), held.state):
                    raise Forbidden("the access ledger is for the developer, the host coordinator and the auditor")
            return self._ledger(tx, id_)

    # ---- acting

    def do(self, viewer: Viewer, id_: EngagementId, name: str, values: Mapping[str, str]) -> Told:
        """Do one act of the table. Conflict when it cannot be done in this state; Forbidden for another seat."""
        allow(viewer, Action.ENGAGE)
        machines = self.machines
        if name == TAKE:
            told = self._take(viewer, id_, values)
        else:
            act = ACTS.get(name)
            if act is None:
                raise Missing(f"there is no act {name!r}")
            as_ = self._seat(viewer, id_, act)
            handler = flow_acts.HANDLERS.get(name) or flow_measure.HANDLERS.get(name)
            if handler is not None:
                told = handler(machines, viewer, id_, as_, values)
            else:
                told = self._on_paper(viewer, id_, act, as_, values)
        flow.nudge(self.control, id_, told.engagement.version)
        return told

    def reveal(self, viewer: Viewer, id_: EngagementId, leaf: str) -> dict[str, Any]:
        """Open one sealed leaf, after two persons agreed to exactly that: the leaf with its way to the root."""
        allow(viewer, Action.ENGAGE)
        joint = Joint.THRESHOLD if leaf == "threshold" else Joint.BATTERY
        with self.machines.store.write() as tx:
            held = engagements.get(tx, self.machines.custody, id_, viewer)
            as_ = _one_of(held, viewer, pairs.PAIRS[joint])
            by = hand(tx, self.machines, viewer, as_)
            used, told = flow_acts.reveal(tx, self.machines, held, joint, leaf, by=by)
            done = papers.Done(engagement=used, sentence="")
            flow.finish(self.machines, tx, held, done, by, act=f"{joint.value}: {leaf}"[:120])
        return told

    def transcript(self, viewer: Viewer, id_: EngagementId, name: str) -> bytes:
        """One raw transcript or call record, after two persons agreed to exactly that one; marked for this viewer."""
        allow(viewer, Action.ENGAGE)
        with self.machines.store.write() as tx:
            held = engagements.get(tx, self.machines.custody, id_, viewer)
            as_ = _one_of(held, viewer, pairs.PAIRS[Joint.TRANSCRIPT])
            if not name.startswith(("call-", "transcript-")):
                raise Missing(f"engagement {id_} holds no transcript {name}")
            data = engagements.file(tx, self.machines.custody, id_, name)
            by = hand(tx, self.machines, viewer, as_)
            used = pairs.used(held, Joint.TRANSCRIPT, name, at=by.at, reader=viewer.person)
            done = papers.Done(engagement=used, sentence="")
            flow.finish(self.machines, tx, held, done, by, act="read a raw transcript")
            key = engagements.data_key(tx, self.machines.custody, id_)
        mark = watermark.mark(key, engagement=id_, person=viewer.person, viewer=by.name, part=name, at=by.at)
        return f"{mark.line}\n".encode() + data

    def export(self, viewer: Viewer, id_: EngagementId, what: str) -> bytes:
        """A copy of the card, or of its released sections, for this viewer: after two persons agreed to exactly that.

        The pair names the recipient (`card for LOGIN`) and is used once. The copy carries the recipient's mark in a
        wrapper that the host signed; the card inside is byte for byte what was signed.
        """
        allow(viewer, Action.ENGAGE)
        if what not in flow_export.WHAT:
            raise Invalid("no such copy", [Problem("/what", "unknown", f"one of {', '.join(flow_export.WHAT)}")])
        machines = self.machines
        with machines.store.write() as tx:
            held = engagements.get(tx, machines.custody, id_, viewer)
            declared = held.seats_of(viewer.person)
            shown = self._exported(tx, held, declared, what)
            by = hand(tx, machines, viewer, min(declared, key=lambda seat: seat.value))
            used = pairs.used(held, Joint.EXPORT, export_subject(what, by.login), at=by.at)
            key = engagements.data_key(tx, machines.custody, id_)
            mark = watermark.mark(key, engagement=id_, person=viewer.person, viewer=by.name, part=what, at=by.at)
            assert held.card is not None
            about = {f"{what} of {id_}": flow_export.digest_of(what, shown), f"card file of {id_}": held.card.digest}
            fields = {"engagement": id_, "given_to": by.name, "seat": _words(declared), "mark": mark.line}
            statement = machines.signer.paper(flow_export.KIND, about, fields, at=by.at)
            done = papers.Done(engagement=used, sentence="")
            flow.finish(machines, tx, held, done, by, act=f"export: {export_subject(what, by.login)}"[:120])
        return flow_export.wrap(what, shown, mark=mark.line, statement=statement)

    def card_page(self, viewer: Viewer, id_: EngagementId) -> str:
        """The card to read here, as one page with this viewer's mark, for those whose seat reads it now."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.write() as tx:
            held = engagements.get(tx, self.machines.custody, id_, viewer)
            declared = held.seats_of(viewer.person)
            data = self._card(tx, held, declared)
            key = engagements.data_key(tx, self.machines.custody, id_)
            at, name = self.machines.now(), parties.person(tx, viewer.person).name
            mark = watermark.mark(key, engagement=id_, person=viewer.person, viewer=name, part="card page", at=at)
            self._read(tx, held, viewer, declared, parts=("card page",))
        return self.machines.cards.page(data, mark=mark.line)

    def _card(self, tx: Tx, held: Engagement, seats: frozenset[Seat]) -> bytes:
        if held.card is None or not views.sees(Part.CARD, seats, held.state):
            raise Missing(f"engagement {held.id} has no card for this seat now")
        return engagements.file(tx, self.machines.custody, held.id, flow_acts.CARD)

    def _exported(self, tx: Tx, held: Engagement, seats: frozenset[Seat], what: str) -> Any:
        if what == flow_export.CARD:
            return self._card(tx, held, seats)
        if not seats or held.card is None or held.state is not State.ENDED:
            raise Missing(f"nothing of engagement {held.id} is released")
        data = engagements.file(tx, self.machines.custody, held.id, flow_acts.CARD)
        key = engagements.data_key(tx, self.machines.custody, held.id)
        sections = {name: self.machines.cards.section(data, name) for name in held.card.sections}
        salts = {name: redact.salt(key, f"{held.id} {held.card.digest}", name) for name in sections}
        return redact.redacted(sections, salts, keep=held.released)

    def papers(self, viewer: Viewer, id_: EngagementId) -> tuple[tuple[str, bytes], ...]:
        """The host's signed statements about who signed what: for both sides to keep."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.write() as tx:
            held = engagements.get(tx, self.machines.custody, id_, viewer)
            declared = held.seats_of(viewer.person)
            if not views.sees(Part.SIGNATURES, declared, held.state):
                raise Forbidden("signatures are for the two sides")
            self._read(tx, held, viewer, declared, parts=("signatures",))
            names = [name for name in engagements.file_names(tx, id_) if name.startswith("signature-")]
            return tuple((name, engagements.file(tx, self.machines.custody, id_, name)) for name in names)

    def receipt(self, viewer: Viewer, id_: EngagementId) -> bytes:
        """The signed erasure receipt. Missing before the evidence is erased."""
        allow(viewer, Action.READ_ENGAGEMENTS)
        with self.machines.store.read() as tx:
            outline = engagements.outline(tx, id_, viewer)
        if outline.erased_at is None or outline.receipt is None:
            raise Missing(f"the evidence of engagement {id_} is not erased yet")
        return outline.receipt

    def conduct(
        self, viewer: Viewer, id_: EngagementId, subject: Subject, *, progress: Callable[[Any], None] = lambda _: None
    ) -> Ran:
        """Make the runs inside the window, in this process; called again it goes on. For the operator.

        `progress` is told what is known after each run. The window's end, the developer's stop and a withdrawal cut it.
        """
        allow(viewer, Action.ENGAGE)
        return flow_measure.conduct(self.machines, viewer, id_, subject, progress=progress)

    # ---- the gateway

    def complete(self, secret: str, *, run: str, data: bytes) -> Completed:
        """One model call with a gateway key: the endpoint's checked answer, or why there is none."""
        return flow_gateway.complete(self.machines, self.control, secret, run=run, data=data)

    def models(self, secret: str) -> tuple[str, ...] | Refused:
        """The model that a gateway key is about."""
        return flow_gateway.models(self.machines, secret)

    # ---- a weakness on its way to the clearinghouse

    def hand_over(self, key: str) -> bytes | None:
        """The sealed report behind a `weakness.found` event. None when it was handed over, or erased, already."""
        prefix, _, rest = key.partition(":")
        id_, _, number = rest.rpartition(":")
        if prefix != "weakness" or not number.isdigit():
            return None
        with self.machines.store.read() as tx:
            try:
                held = engagements.get(tx, self.machines.custody, EngagementId(id_), flow.FLOW)
                if f"handed-{number}" in engagements.file_names(tx, held.id):
                    return None
                return engagements.file(tx, self.machines.custody, held.id, f"weakness-{number}")
            except Missing:
                return None

    def handed_over(self, key: str, receipt: str) -> None:
        """Remember the clearinghouse's receipt, so that the same event hands over once."""
        _, _, rest = key.partition(":")
        id_, _, number = rest.rpartition(":")
        with self.machines.store.write() as tx:
            try:
                held = engagements.get(tx, self.machines.custody, EngagementId(id_), flow.FLOW)
            except Missing:
                return
            engagements.keep_file(tx, self.machines.custody, held.id, f"handed-{number}", receipt.encode())

    # ---- inside

    def _on_paper(self, viewer: Viewer, id_: EngagementId, act: Act, as_: Seat, values: Mapping[str, str]) -> Told:
        machines = self.machines
        with machines.store.write() as tx:
            held = engagements.get(tx, machines.custody, id_, viewer)
            by = hand(tx, machines, viewer, as_)
            if as_ not in acts.seats_for(act, held.state):
                raise Conflict(f"engagement {id_} is in {held.state}: that cannot be done there now")
            own = flow_own.checked(held, act.name, as_, values)
            by = replace(by, key=own.key if own else "")
            done = papers.PURE[act.name](held, by, values)
            saved = flow.finish(machines, tx, held, done, by, act=act.name, own=own.envelope if own else b"")
        return Told(engagement=saved, sentence=done.sentence)

    def _seat(self, viewer: Viewer, id_: EngagementId, act: Act) -> Seat:
        """In which seat this viewer does the act. Says what is in the way, and never more than they may know."""
        with self.machines.store.read() as tx:
            held = engagements.get(tx, self.machines.custody, id_, viewer)
        declared = held.seats_of(viewer.person)
        mine = held.seats_of(viewer.person, declared=not act.undeclared)
        possible = acts.seats_for(act, held.state)
        if not possible:
            raise Conflict(f"engagement {id_} is in {held.state}: {act.label.lower()} cannot be done there")
        if not mine & possible:
            if held.seats_of(viewer.person, declared=False) & possible:
                raise Forbidden("declare your conflicts of interest first: nothing else is open before")
            names = " or ".join(sorted(seat.value for seat in possible))
            raise Forbidden(f"that takes the seat {names}, and you hold {_words(declared)}")
        return min(mine & possible, key=lambda seat: seat.value)

    def _take(self, viewer: Viewer, id_: EngagementId, values: Mapping[str, str]) -> Told:
        machines = self.machines
        with machines.store.write() as tx:
            held = engagements.get(tx, machines.custody, id_, viewer)
            if not _can_take(held, viewer):
                raise Conflict("the coordinator's seat is taken, or is not yours to take")
            by = hand(tx, machines, viewer, Seat.COORDINATOR)
            declared = scope.text(values, "declaration")
            mine = Appointment(
                seat=Seat.COORDINATOR,
                person=by.person,
                login=by.login,
                name=by.name,
                organisation=by.organisation,
                is_script=by.is_script,
                at=by.at,
                declared=declared,
            )
            done = papers.Done(
                engagement=replace(held, seats=(*held.seats, mine)), sentence="You are the host coordinator here."
            )
            saved = flow.finish(machines, tx, held, done, by, act=TAKE)
        return Told(engagement=saved, sentence=done.sentence)

    def _read(
        self, tx: Tx, held: Engagement, viewer: Viewer, seats: frozenset[Seat], *, parts: tuple[str, ...]
    ) -> None:
        flow.note(
            tx,
            held.id,
            at=self.machines.now(),
            person=viewer.person,
            seat=_words(seats),
            what="read",
            why="",
            parts=parts,
        )

    def _more(self, tx: Tx, held: Engagement, seats: frozenset[Seat]) -> dict[Part, Any]:
        made: dict[Part, Any] = {}
        spent = engagement_calls.spent(tx, held.id)
        made[Part.USAGE] = {
            "calls": spent.calls,
            "tokens": spent.tokens,
            "live_keys": engagement_calls.live_keys(tx, held.id, at=self.machines.now()),
        }
        if views.sees(Part.LEDGER, seats, held.state):
            lines, head = self._ledger(tx, held.id)
            made[Part.LEDGER] = {
                "entries": [views.plain(one) for one in lines[-20:]],
                "head": head,
                "count": len(lines),
            }
        return made

    def _ledger(self, tx: Tx, id_: EngagementId) -> tuple[tuple[LedgerLine, ...], str]:
        entries = [flow.entry_of(line) for line in engagements.ledger(tx, id_)]
        head = ledger.verify(entries, id_)
        names = {one.id: one.name for one in parties.all_people(tx)}
        lines = tuple(
            LedgerLine(
                place=one.place,
                at=one.at,
                who=names.get(PartyId(one.person), one.person),
                seat=one.seat,
                what=one.what,
                why=one.why,
                parts=one.parts,
                hash=one.hash,
            )
            for one in entries
        )
        return lines, head


def export_subject(what: str, login: str) -> str:
    """What two persons agree to: which copy, for whom."""
    return f"{what} for {login}"


def _can_take(held: Engagement, viewer: Viewer) -> bool:
    return (
        Role.COORDINATOR in viewer.roles
        and viewer.organisation != held.developer
        and not held.holders(Seat.COORDINATOR)
        and held.state not in OVER
    )


def _one_of(held: Engagement, viewer: Viewer, pair: pairs.Pair) -> Seat:
    mine = held.seats_of(viewer.person) & (pair[0] | pair[1])
    if not mine:
        raise Forbidden("that takes another seat")
    return min(mine, key=lambda seat: seat.value)


def _words(seats: frozenset[Seat]) -> str:
    return ", ".join(sorted(seat.value for seat in seats)) or "no seat"


def _remains(outline: engagements.Outline, developer: str) -> View:
    is_erased = outline.erased_at is not None
    return View(
        id=outline.id,
        state=outline.state,
        meaning=views.meaning(State.ERASED) if is_erased else "The evidence is being erased now.",
        since=outline.since,
        opened_at=outline.opened_at,
        subject="",
        developer=developer,
        seats=(),
        undeclared=False,
        due=None,
        waits_for=(),
        next="The receipt and the access ledger can be checked.",
        acts=(),
        parts={},
        can_take=False,
        mark=None,
        receipt=outline.receipt if is_erased else None,
        version=0,
    )
