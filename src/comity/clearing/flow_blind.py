"""The host's side of the blind check: keys that live for an epoch, tags of what is held here, answers, openings.

(1) a question is kept, with its commitments, and its receipt is signed, before anything is evaluated
(2) only committed elements are evaluated, under the epoch's published key, with a proof
(3) a shelf goes only to an open question, only at a level it committed to, always filled up to a round length; two of
    its entries are the asking organisation's own, so that a shelf that turns up outside names whom it was given to
(4) at the end of an epoch its key and tags are destroyed: an old tag matches nothing again
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.clearing import blind as rules
from comity.clearing import flow, flow_canaries
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import Conflict, Forbidden, Missing
from comity.model.blind import Epoch, Label, Level, Part, Question, Standing
from comity.model.events import Event, Kind
from comity.model.ids import Digest, PartyId, ReportId, code, digest
from comity.model.party import Viewer
from comity.sealing import blind as seals
from comity.store import blind, journal
from comity.store.engine import Tx

EPOCH: Final = "clearing.blind-epoch"
CHUNK: Final = 200
"""Reports tagged in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What goes back to the asker: the receipt first, then elements and the proof over all of them."""

    question: Question
    public: bytes
    """The key's element that the proof holds against."""
    receipt: bytes
    evaluated: tuple[bytes, ...]
    proof: bytes
    bits: Mapping[Level, int]
    """How many leading bits of a tag name its bucket, per level asked."""


def flows(machines: flow.Machines, control: Control) -> tuple[Flow, ...]:
    """The flow that ends each epoch in time, even on a host that nobody asks."""

    @named(EPOCH)
    def epoch(_number: str, ends_at: str) -> None:
        sleep_until(datetime.fromisoformat(ends_at))
        following = step("turn", turned, machines)
        step("hand on", start_epoch, control, following)

    return (epoch,)


def start_epoch(control: Control, epoch: str) -> None:
    """Start the clock of an epoch: once, however often it is asked for."""
    number, _, ends_at = epoch.partition(" ")
    control.start(EPOCH, number, number, ends_at)


def turned(machines: flow.Machines) -> str:
    """The running epoch as the clock's flow keeps it, a new one when the last is over."""
    epoch = running(machines)
    return f"{epoch.number} {epoch.ends_at.isoformat()}"


def running(machines: flow.Machines) -> Epoch:
    """The epoch of now. A new one destroys the key and the tags of the one before, in one transaction (4)."""
    from comity.sealing.oprf import Key

    now = machines.now()
    with machines.store.read() as tx:
        held = blind.newest(tx)
    if held is not None and now < held.ends_at:
        return held
    with machines.store.write() as tx:
        held = blind.newest(tx)
        if held is not None and now < held.ends_at:
            return held
        key = Key.fresh()
        epoch = Epoch(
            number=held.number + 1 if held else 1,
            public=key.public,
            starts_at=now,
            ends_at=now + machines.settings.blind_epoch,
        )
        blind.begin(tx, epoch, key.secret)
        facts = {"epoch": str(epoch.number), "public": epoch.public.hex(), "ends_at": epoch.ends_at.isoformat()}
        _note(tx, machines, Kind.BLIND_EPOCH_BEGAN, f"blind-epoch:{epoch.number}", (), facts, actor=flow.FLOW.person)
    return epoch


def has_begun(machines: flow.Machines) -> bool:
    """Whether anybody has asked this host yet."""
    with machines.store.read() as tx:
        return blind.newest(tx) is not None


def catch_up(machines: flow.Machines) -> int:
    """Make the tags of every report in a case that has none in this epoch. Gives the number of reports."""
    from comity.sealing.oprf import Key

    running(machines)
    number = 0
    while True:
        with machines.store.write() as tx:
            waiting = blind.untagged(tx, limit=CHUNK)
            if not waiting:
                return number
            epoch = blind.newest(tx)
            assert epoch is not None
            key = Key(secret=blind.secret(tx, epoch.number))
            tags = [
                blind.Tagged(report=report, level=one.level, tag=key.tag(one.secret_input))
                for report, finding, patches in flow.comparable(tx, waiting)
                for one in rules.prints(finding, patches)
            ]
            blind.tag(tx, waiting, tags)
        number += len(waiting)


def ask(machines: flow.Machines, viewer: Viewer, document: Digest, parts: Sequence[Part]) -> Answered:
    """Answer a question of somebody who committed to it. Forbidden when the organisation's meter is spent."""
    from comity.sealing.oprf import Key

    epoch = running(machines)
    catch_up(machines)
    now = machines.now()
    # (1) the commitments are kept and journalled first; a second question on one of them is a Conflict
    with machines.store.write() as tx:
        blind.lapse(tx, now=now)
        left = _left(machines, tx, viewer.organisation, epoch.number)
        if left < rules.guesses(parts):
            raise Forbidden(
                "this organisation's questions of this epoch are used up: what you filed gives back when it proves real"
            )
        question = Question(
            id="Q-" + code(secrets.token_bytes(8), 12),
            organisation=viewer.organisation,
            person=viewer.person,
            epoch=epoch.number,
            document=document,
            parts=tuple(parts),
            asked_at=now,
            opens_by=now + machines.settings.blind_open_within,
            standing=Standing.OPEN,
        )
        blind.ask(tx, question)
        facts = {"epoch": str(epoch.number), "fingerprints": str(len(parts))}
        _note(tx, machines, Kind.BLIND_ASKED, f"blind-asked:{question.id}", (question.id,), facts, actor=viewer.person)
    receipt = machines.signer.blind_receipt(
        seals.Receipt(
            question=question.id,
            document=document,
            commitments=tuple(part.commitment for part in parts),
            epoch=epoch.number,
            public=epoch.public.hex(),
            asked_at=now,
        )
    )
    # (2)
    with machines.store.write() as tx:
        key = Key(secret=blind.secret(tx, epoch.number))
        sizes = {level: rules.bits(blind.tags_held(tx, level)) for level in {part.level for part in parts}}
        blind.widen(tx, question.id, sizes)
    answer = key.answer([part.element for part in parts])
    return Answered(
        question=question,
        public=epoch.public,
        receipt=receipt,
        evaluated=answer.evaluated,
        proof=answer.proof,
        bits=sizes,
    )


def shelf(machines: flow.Machines, viewer: Viewer, id_: str, level: Level, bucket: int) -> tuple[bytes, ...]:
    """The entries of one bucket for an open question. Missing for a level that was not committed to (3)."""
    with machines.store.write() as tx:
        question = still_open(machines, tx, viewer, id_)
        asked = sum(part.level is level for part in question.parts)
        if not asked or level is Level.AREA:  # claims lie on a shelf of their own
            raise Missing(f"question {id_} committed to nothing at this level")
        told = blind.width(tx, id_, level)  # as it was told: the asker chose the bucket by that
        bits = rules.bits(blind.tags_held(tx, level)) if told is None else told
        if not 0 <= bucket < 1 << bits:
            raise Missing(f"there is no such shelf: {bits} bits of a tag name one")
        blind.give(tx, id_, level, bucket, most=asked)
        tags = blind.shelf(tx, level, bucket=bucket, bits=bits)
        entries, number = _entries(tx, tags, question.organisation), len({one.tag for one in tags})
        seed = blind.secret(tx, question.epoch) + bytes([level]) + bucket.to_bytes(4, "big")
        own = flow_canaries.marked(tx, question.organisation, epoch=question.epoch, level=level, bucket=bucket)
    size = rules.shelf_size(number + len(own))
    fillers = [seals.filler(seed, place) for place in range(size - len(entries) - len(own))]
    return tuple(sorted([*entries, *own, *fillers]))


def _entries(tx: Tx, tags: Sequence[blind.Tagged], asker: PartyId) -> list[bytes]:
    """One entry per tag, about the reports of others."""
    by_tag: defaultdict[bytes, list[ReportId]] = defaultdict(list)
    for one in tags:
        by_tag[one.tag].append(one.report)
    entries = []
    for tag, found in by_tag.items():
        others, is_published = flow.others(tx, found, asker)
        if others:
            entries.append(seals.entry(tag, Label(prior=rules.prior(others), is_published=is_published)))
    return entries


def judged(
    machines: flow.Machines,
    viewer: Viewer,
    id_: str,
    *,
    document: bytes,
    salts: Sequence[bytes],
    blinds: Sequence[bytes],
    prints: Sequence[bytes],
) -> bool:
    """Hold an opening against what was committed and asked. `salts`: of the document, then of each part.

    True: every commitment and every blinded element is that of a fingerprint of this document, given in `prints`. False
    ends the question as false. Conflict when it is not open any more.
    """
    from comity.sealing.oprf import Question as Blinded

    with machines.store.write() as tx:
        question = still_open(machines, tx, viewer, id_)
        holds = (
            len(salts) == len(question.parts) + 1
            and len(blinds) == len(question.parts)
            and seals.commitment(salts[0], digest(document).encode()) == question.document
            and all(
                any(
                    seals.commitment(salt, one) == part.commitment
                    and Blinded.blinded_by(scalar, one).element == part.element
                    for one in prints
                )
                for part, salt, scalar in zip(question.parts, salts[1:], blinds, strict=True)
            )
        )
        if not holds:
            _settle(machines, tx, viewer, id_, Standing.FALSE)
    return holds


def settle(
    machines: flow.Machines, viewer: Viewer, id_: str, standing: Standing, *, report: ReportId | None = None
) -> None:
    """End an open question of the viewer's organisation. `report`: what was filed, whose fate the meter follows."""
    with machines.store.write() as tx:
        still_open(machines, tx, viewer, id_)
        _settle(machines, tx, viewer, id_, standing, report)


def questions(machines: flow.Machines, viewer: Viewer) -> tuple[Epoch, tuple[Question, ...], int]:
    """The running epoch, the organisation's questions of it and the one before, and what its meter still holds."""
    epoch = running(machines)
    with machines.store.write() as tx:
        blind.lapse(tx, now=machines.now())
        held = blind.asked(tx, viewer.organisation, since_epoch=epoch.number - 1)
        return epoch, held, _left(machines, tx, viewer.organisation, epoch.number)


def epochs(machines: flow.Machines) -> tuple[tuple[Epoch, bool], ...]:
    """The last epochs, newest first, each with whether its key is still here."""
    with machines.store.read() as tx:
        return blind.epochs(tx)


def own_question(machines: flow.Machines, viewer: Viewer, id_: str) -> Question | None:
    """A question of the viewer's organisation; None for any other."""
    with machines.store.read() as tx:
        try:
            return blind.question(tx, id_, viewer.organisation)
        except Missing:
            return None


def _left(machines: flow.Machines, tx: Tx, organisation: PartyId, epoch: int) -> int:
    held = blind.asked(tx, organisation, since_epoch=epoch - 1)
    return machines.settings.blind_quota - rules.spent(held, blind.filed(tx, organisation, since_epoch=epoch - 1))


def still_open(machines: flow.Machines, tx: Tx, viewer: Viewer, id_: str) -> Question:
    """A question of the viewer's organisation that nobody has ended. Conflict for one that is over."""
    question = blind.question(tx, id_, viewer.organisation)
    epoch = blind.newest(tx)
    if question.standing is Standing.OPEN and machines.now() > question.opens_by:
        raise Conflict(f"question {id_} had to be opened by {question.opens_by:%Y-%m-%d %H:%M} UTC")
    if question.standing is not Standing.OPEN or epoch is None:
        raise Conflict(f"question {id_} is {question.standing}, not open any more")
    return question


def _settle(
    machines: flow.Machines, tx: Tx, viewer: Viewer, id_: str, standing: Standing, report: ReportId | None = None
) -> None:
    blind.settle(tx, id_, standing, report)
    key = f"blind-settled:{id_}"
    _note(tx, machines, Kind.BLIND_SETTLED, key, (id_,), {"standing": standing.value}, actor=viewer.person)


def _note(
    tx: Tx,
    machines: flow.Machines,
    kind: Kind,
    key: str,
    subjects: tuple[str, ...],
    facts: Mapping[str, str],
    *,
    actor: str,
) -> None:
    at = machines.now()
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=actor))
