"""Batches: many findings as one document, signed or not, safe to resend, answered item by item."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from anyio import to_thread
from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.api.problems import Place, places
from comity.clearing.desk_batches import Answered, Batches
from comity.errors import Invalid, Problem
from comity.model.batch import Batch, SenderKey
from comity.model.ids import BatchId
from comity.settings import Settings

TAKEN: Final = (
    "application/json",
    "application/sarif+json",
    "application/vnd.comity.batch+json",
    "application/vnd.comity.documents+json",
)
WHAT: Final = (
    "A SARIF log, a `comity-batch/1` document, or an envelope of documents. It is read item by item, so thousands of "
    "results are no matter. `Idempotency-Key` makes resending safe; `Comity-Manifest` is a signed manifest in base64."
)


class BatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """One batch, and how far it is."""

    id: str
    state: str
    received_at: datetime
    bytes: int
    sha256: str
    signed_by: str
    taken: int
    refused: int
    repeats: int
    problems: tuple[Place, ...]


class BatchList(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation's batches, newest first."""

    rows: tuple[BatchBody, ...]


class ItemBody(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item. A refused one has problems and no receipt."""

    place: int
    receipt: str
    report: str
    repeat: bool
    summary: str
    gaps: tuple[str, ...]
    rules: tuple[str, ...]
    outcome: str
    """What deconfliction said: new, a duplicate of one already held, may be a duplicate, or waiting."""
    validation: str
    problems: tuple[Place, ...]


class ItemList(msgspec.Struct, frozen=True, kw_only=True):
    """Items in order. `next` goes into `after`; null when there are no more for now."""

    items: tuple[ItemBody, ...]
    next: int | None


class KeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A key that this organisation signs batches with."""

    id: str
    demo: bool
    added_at: datetime
    revoked_at: datetime | None


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's keys."""

    keys: tuple[KeyBody, ...]


def routes(batches: Batches, settings: Settings) -> list[HTTPRouteHandler]:
    """The operations on batches."""

    @post(
        "/batches",
        opt={"action": Action.SEND_BATCH},
        operation_id="sendBatch",
        operation_class=asking.raw_body(TAKEN, WHAT),
        request_max_body_size=settings.bulk_limit_bytes,
        status_code=202,
        summary="Hand in many findings as one document",
        responses=asking.ERRORS,
    )
    async def send(request: Ask) -> Response[BatchBody]:
        """202 as soon as it is received whole: a job takes it in, and its items are answered one by one."""
        viewer = asking.viewer_of(request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not (kind.startswith("application/") and kind.endswith(("json", "+json"))):
            raise asking.unsupported_type()
        key = request.headers.get("idempotency-key", "")
        manifest = _manifest(request.headers.get("comity-manifest", ""))
        held = await _received(request, batches, viewer, key, manifest)
        link = f'</api/v1/batches/{held.id}>; rel="monitor"'
        return Response(body_of(held), status_code=202, headers={"Link": link})

    @get(
        "/batches",
        opt={"action": Action.SEND_BATCH},
        operation_id="listBatches",
        sync_to_thread=True,
        summary="Batches of one's own organisation",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> BatchList:
        """Newest first, the last fifty."""
        return BatchList(rows=tuple(body_of(one) for one in batches.listed(asking.viewer_of(request))))

    @get(
        "/batches/{batch:str}",
        opt={"action": Action.SEND_BATCH},
        operation_id="readBatch",
        sync_to_thread=True,
        summary="How far a batch is",
        responses=asking.ERRORS,
    )
    def one(request: Ask, batch: FromPath[str]) -> BatchBody:
        """Counts grow while it is taken in."""
        return body_of(batches.batch(asking.viewer_of(request), BatchId(asking.name(batch))))

    @get(
        "/batches/{batch:str}/items",
        opt={"action": Action.SEND_BATCH},
        operation_id="listBatchItems",
        sync_to_thread=True,
        summary="What became of each item",
        responses=asking.ERRORS,
    )
    def items(
        request: Ask,
        batch: FromPath[str],
        after: Annotated[
            int, QueryParameter(name="after", ge=-1, description="`next` of the page before; -1 first")
        ] = -1,
        limit: Annotated[int, QueryParameter(name="limit", ge=1, le=500, description="items on one page")] = 200,
    ) -> ItemList:
        """Receipt, dedupe outcome and validation, or the problems with JSON pointers into what was sent."""
        viewer = asking.viewer_of(request)
        return items_of(batches.answers(viewer, BatchId(asking.name(batch)), after=after, limit=limit))

    @get(
        "/keys",
        opt={"action": Action.SEND_BATCH},
        operation_id="listSenderKeys",
        sync_to_thread=True,
        summary="Keys that one's organisation signs batches with",
        responses=asking.ERRORS,
    )
    def keys(request: Ask) -> KeyList:
        """The revoked ones too."""
        return KeyList(keys=tuple(key_of(one) for one in batches.keys(asking.viewer_of(request))))

    @post(
        "/keys",
        opt={"action": Action.SEND_BATCH},
        operation_id="addSenderKey",
        status_code=201,
        sync_to_thread=True,
        summary="Register a key for signing batches",
        responses=asking.ERRORS,
    )
    def add_key(request: Ask, data: JSONBody[dict[str, Any]]) -> KeyBody:
        """The document that `comity key` exports."""
        return key_of(batches.add_key(asking.viewer_of(request), msgspec.json.encode(data)))

    @delete(
        "/keys/{key:str}",
        opt={"action": Action.SEND_BATCH},
        operation_id="revokeSenderKey",
        status_code=200,
        sync_to_thread=True,
        summary="Revoke a key",
        responses=asking.ERRORS,
    )
    def revoke(request: Ask, key: FromPath[str]) -> KeyBody:
        """Nothing that it signs is taken from now on."""
        return key_of(batches.revoke_key(asking.viewer_of(request), asking.name(key)))

    return [send, listed, one, items, keys, add_key, revoke]


async def _received(request: Ask, batches: Batches, viewer: Any, key: str, manifest: bytes) -> Batch:
    """The body, piece by piece into the store: it is never whole in memory."""
    with batches.receiving(viewer, name="batch") as receiving:
        async for chunk in request.stream():
            await to_thread.run_sync(receiving.add, chunk)
        return await to_thread.run_sync(lambda: batches.finish(viewer, receiving, key=key, manifest=manifest))


def _manifest(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Invalid(
            "bad manifest", [Problem("/comity-manifest", "invalid_base64", "base64 of a DSSE envelope")]
        ) from error


def body_of(batch: Batch) -> BatchBody:
    """A batch as the API writes it."""
    return BatchBody(
        id=batch.id,
        state=batch.state.value,
        received_at=wire.utc(batch.received_at),
        bytes=batch.size_bytes,
        sha256=batch.document or "",
        signed_by=batch.signed_by,
        taken=batch.taken,
        refused=batch.refused,
        repeats=batch.repeats,
        problems=places(batch.problems),
    )


def items_of(found: tuple[tuple[Answered, ...], int | None]) -> ItemList:
    """Items as the API writes them."""
    answers, following = found
    return ItemList(
        items=tuple(
            ItemBody(
                place=one.place,
                receipt=one.receipt or "",
                report=one.report or "",
                repeat=one.repeat,
                summary=one.summary,
                gaps=one.gaps,
                rules=one.rules,
                outcome=one.outcome,
                validation=one.validation,
                problems=places(one.problems),
            )
            for one in answers
        ),
        next=following,
    )


def key_of(key: SenderKey) -> KeyBody:
    """A key as the API writes it."""
    ended = wire.utc(key.revoked_at) if key.revoked_at else None
    return KeyBody(id=key.id, demo=key.demo, added_at=wire.utc(key.added_at), revoked_at=ended)
