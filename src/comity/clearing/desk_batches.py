"""The counter for batches: send many findings as one document, signed or not, and follow what became of each.

A batch is received in pieces, sealed as they come, so neither memory nor the disk ever holds it in clear. Sent again
under the same idempotency key, or with equal bytes within seven days, it is answered with the batch of before.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from comity.access.policy import Action, allow
from comity.clearing import flow, flow_batches, views
from comity.durable.engine import Control
from comity.errors import Conflict, Invalid, Problem, Tampered, TooLarge
from comity.model import ids
from comity.model.batch import Batch, BatchState, Item, SenderKey
from comity.model.events import Event, Kind
from comity.model.ids import BatchId, Digest, Receipt, ReportId
from comity.model.party import Viewer
from comity.sealing import dsse, keys
from comity.store import batches, blobs, cases, journal, reports
from comity.store.engine import Tx

PIECE: Final = 1024 * 1024
MANIFEST: Final = "application/vnd.comity.batch-manifest+json"
MANIFEST_SCHEMA: Final = "comity-batch-manifest/1"
KEY_CHARACTERS: Final = 128
STALE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one item, for its sender: nothing of any other party's text."""

    place: int
    receipt: Receipt | None
    report: ReportId | None
    repeat: bool
    summary: str
    gaps: tuple[str, ...]
    rules: tuple[str, ...]
    outcome: str
    """What deconfliction said; empty for an item that was refused."""
    validation: str
    problems: tuple[Problem, ...]


class Receiving:
    """A batch while its bytes come in. Each full piece is sealed at once."""

    def __init__(self, desk: "Batches", batch: Batch) -> None:
        self.desk, self.batch = desk, batch
        self.hash = hashlib.sha256()
        self.held = bytearray()
        self.pieces: list[Digest] = []
        self.size = 0

    def add(self, data: bytes) -> None:
        """Some more bytes. TooLarge beyond the limit of the settings."""
        limit = self.desk.machines.settings.bulk_limit_bytes
        self.size += len(data)
        if self.size > limit:
            raise TooLarge(f"a batch of over {limit} bytes: send it in parts")
        self.hash.update(data)
        self.held += data
        while len(self.held) >= PIECE:
            self._keep(bytes(self.held[:PIECE]))
            del self.held[:PIECE]

    def _keep(self, piece: bytes) -> None:
        with self.desk.machines.store.write() as tx:
            self.pieces.append(blobs.put(tx, piece, record=batches.record(self.batch.id)))

    def done(self) -> tuple[Digest, tuple[Digest, ...]]:
        """The digest of the whole, and its pieces."""
        if self.held:
            self._keep(bytes(self.held))
            self.held.clear()
        return Digest(self.hash.hexdigest()), tuple(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """The calls, on the flow's machines."""

    machines: flow.Machines
    control: Control

    def by_key(self, viewer: Viewer, key: str) -> Batch | None:
        """The batch that this organisation sent under an idempotency key, so that a door need not read it again."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.read() as tx:
            return batches.by_key(tx, viewer.organisation, _key(key)) if key else None

    @contextmanager
    def receiving(self, viewer: Viewer, *, name: str = "") -> Iterator[Receiving]:
        """Take bytes in with `add`; `finish` makes a batch of them. Whatever fails before, nothing is kept."""
        allow(viewer, Action.SEND_BATCH)
        batch = Batch(
            id=ids.batch_id(secrets.token_bytes(8)),
            organisation=viewer.organisation,
            submitter=viewer.person,
            received_at=self.machines.now(),
            state=BatchState.RECEIVING,
            name=name[:255],
            piece_bytes=PIECE,
        )
        receiving = Receiving(self, batch)
        try:
            yield receiving
        except BaseException:
            self._forget(batch.id)
            raise

    def finish(self, viewer: Viewer, receiving: Receiving, *, key: str = "", manifest: bytes = b"") -> Batch:
        """The batch of what was received: checked, kept, and given to the job that takes it in. Safe to repeat.

        Conflict when the key stands for other bytes. Tampered when a manifest was given and does not hold.
        """
        allow(viewer, Action.SEND_BATCH)
        at = self.machines.now()
        key = _key(key)
        whole, pieces = receiving.done()
        batch = receiving.batch
        if not pieces:
            raise Invalid("the batch is empty", [Problem("", "malformed_json", "send one JSON document")])
        with self.machines.store.write() as tx:
            earlier = batches.by_key(tx, viewer.organisation, key) if key else None
            if earlier is not None and earlier.document != whole:
                raise Conflict("this idempotency key stands for other bytes: use a new one")
            earlier = earlier or batches.same_document(tx, viewer.organisation, whole, at - flow_batches.REPEAT_WINDOW)
            if earlier is not None:
                blobs.release(tx, batches.record(batch.id))
            else:
                signed_by = self._signed(tx, viewer, whole, manifest) if manifest else ""
                batch = replace(
                    batch,
                    state=BatchState.QUEUED,
                    document=whole,
                    pieces=pieces,
                    size_bytes=receiving.size,
                    signed_by=signed_by,
                )
                batches.add(tx, batch, key=key)
                facts = {"bytes": str(batch.size_bytes), "organisation": batch.organisation, "document": whole}
                facts["signed"] = signed_by[:16] or "no"
                note = Event(
                    kind=Kind.BATCH_RECEIVED,
                    key=f"batch:{batch.id}",
                    at=at,
                    subjects=(batch.id,),
                    facts=facts,
                    actor=viewer.person,
                )
                journal.append(tx, note)
        found = earlier or batch
        if found.state is not BatchState.DONE:
            self.control.start(flow_batches.TAKE, found.id, found.id)
        return found

    def send(self, viewer: Viewer, data: bytes, *, name: str = "", key: str = "", manifest: bytes = b"") -> Batch:
        """A whole batch at once, for callers that hold it already."""
        with self.receiving(viewer, name=name) as receiving:
            for start in range(0, len(data), PIECE):
                receiving.add(data[start : start + PIECE])
            return self.finish(viewer, receiving, key=key, manifest=manifest)

    def resume(self) -> int:
        """Start the job of every batch that was received whole and is not done. Safe to call at any time."""
        with self.machines.store.read() as tx:
            waiting = batches.unfinished(tx)
        for batch in waiting:
            self.control.start(flow_batches.TAKE, batch, batch)
        return len(waiting)

    def batch(self, viewer: Viewer, batch: BatchId) -> Batch:
        """One batch of the viewer's own organisation. Missing for any other."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.read() as tx:
            return batches.get(tx, batch, viewer.organisation)

    def pulse(self, viewer: Viewer, batch: BatchId) -> str:
        """A word that changes when the state of a batch, or one of its counts, does."""
        held = self.batch(viewer, batch)
        return f"{held.state}-{held.taken}-{held.refused}-{held.repeats}"

    def listed(self, viewer: Viewer) -> tuple[Batch, ...]:
        """The batches of the viewer's organisation, newest first."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.read() as tx:
            return batches.of(tx, viewer.organisation)

    def answers(
        self, viewer: Viewer, batch: BatchId, *, after: int = -1, limit: int = 200
    ) -> tuple[tuple[Answered, ...], int | None]:
        """What became of the items after a place, in order, and the place to go on from; None: no more for now."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.read() as tx:
            held = batches.get(tx, batch, viewer.organisation)
            found = batches.items(tx, held.id, after=after, limit=limit)
            answers = tuple(_answered(tx, item) for item in found)
        return answers, found[-1].place if len(found) == limit else None

    def add_key(self, viewer: Viewer, document: bytes) -> SenderKey:
        """Register a key that this organisation signs its batches with: the document that `comity key` exports."""
        allow(viewer, Action.SEND_BATCH)
        public = keys.read_public(document)
        held = SenderKey(
            organisation=viewer.organisation,
            id=public.id,
            public=public.raw.hex(),
            demo=public.demo,
            added_by=viewer.person,
            added_at=self.machines.now(),
        )
        with self.machines.store.write() as tx:
            batches.add_key(tx, held)
        return held

    def revoke_key(self, viewer: Viewer, id_: str) -> SenderKey:
        """From now on nothing that this key signs is taken. Conflict for a key that is not held."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.write() as tx:
            for key in batches.keys_of(tx, viewer.organisation):
                if key.id == id_:
                    ended = replace(key, revoked_at=key.revoked_at or self.machines.now())
                    batches.save_key(tx, ended)
                    return ended
        raise Conflict("your organisation holds no such key: see the list")

    def keys(self, viewer: Viewer) -> tuple[SenderKey, ...]:
        """The organisation's keys, the revoked ones too."""
        allow(viewer, Action.SEND_BATCH)
        with self.machines.store.read() as tx:
            return batches.keys_of(tx, viewer.organisation)

    def _signed(self, tx: Tx, viewer: Viewer, whole: Digest, manifest: bytes) -> str:
        trusted = [
            keys.PublicKey(raw=bytes.fromhex(key.public), demo=key.demo)
            for key in batches.keys_of(tx, viewer.organisation)
            if key.revoked_at is None
        ]
        opened = dsse.verify(manifest, MANIFEST, trusted)
        try:
            said = json.loads(opened.payload)
        except ValueError as error:
            raise Tampered("the manifest is not JSON: sign it again") from error
        if not isinstance(said, dict) or said.get("schema") != MANIFEST_SCHEMA or said.get("sha256") != whole:
            raise Tampered("the manifest names other bytes than those that were sent: sign what you send")
        return opened.key.id

    def _forget(self, batch: BatchId) -> None:
        with self.machines.store.write() as tx:
            blobs.release(tx, batches.record(batch))


def manifest_of(data: bytes) -> bytes:
    """What is signed over a batch: its digest and size, as canonical JSON."""
    said = {"schema": MANIFEST_SCHEMA, "sha256": ids.digest(data), "size": len(data)}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def signed_manifest(data: bytes, key: keys.SigningKey) -> bytes:
    """The manifest in an envelope signed by this key."""
    return dsse.sign(manifest_of(data), MANIFEST, key)


def _key(text: str) -> str:
    if len(text) > KEY_CHARACTERS or not text.isprintable():
        reason = f"at most {KEY_CHARACTERS} printable characters"
        raise Invalid("bad idempotency key", [Problem("/idempotency-key", "limits", reason)])
    return text


def _answered(tx: Tx, item: Item) -> Answered:
    if item.report is None:
        return Answered(
            place=item.place,
            receipt=None,
            report=None,
            repeat=False,
            summary="",
            gaps=(),
            rules=(),
            outcome="",
            validation="",
            problems=item.problems,
        )
    report = reports.get(tx, item.report, flow.FLOW)
    case_id = reports.case_of(tx, report.id)
    case = cases.get(tx, case_id, flow.FLOW) if case_id is not None else None
    return Answered(
        place=item.place,
        receipt=report.receipt,
        report=report.id,
        repeat=item.repeat,
        summary=report.finding.summary,
        gaps=report.gaps,
        rules=report.rules,
        outcome=views.deconflicted(report.id, case),
        validation=views.validated(report.id, case),
        problems=(),
    )
