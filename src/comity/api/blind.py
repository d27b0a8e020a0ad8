"""The blind check: ask whether a finding is known here without showing it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_blind import Answered, Asked, Blind, Terms
from comity.model.blind import Level


class BlindPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fingerprint: its level, the commitment (SHA-256, hex) and the blinded element (32 bytes, base64)."""

    level: str
    commitment: str
    element: bytes


class BlindQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A salted commitment to the report, and one part for each fingerprint."""

    document: str
    parts: list[BlindPart]


class BlindOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The report's bytes, the salts (of the report, then of each part) and the blinding scalars, all base64."""

    document: bytes
    salts: list[bytes]
    blinds: list[bytes]
    media_type: str = ""


class BlindAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as its own organisation sees it."""

    question: str
    standing: str
    asked_at: datetime
    opens_by: datetime
    levels: tuple[str, ...]


class BlindTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The running epoch, its public element (hex), what the meter holds, and the organisation's own questions."""

    epoch: int
    public: str
    ends_at: datetime
    left: int
    quota: int
    levels: dict[str, str]
    questions: tuple[BlindAsked, ...]


class BlindAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The signed receipt (DSSE, base64), the evaluated elements with one proof, and the size of each shelf in bits."""

    question: str
    epoch: int
    public: str
    opens_by: datetime
    receipt: bytes
    evaluated: tuple[bytes, ...]
    proof: bytes
    bits: dict[str, int]


class BlindShelf(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one bucket, base64, all of one length; a match is found by the asker alone."""

    entries: tuple[bytes, ...]


class BlindClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Every scan claim of others, locked: entries and states, each of one length, base64."""

    entries: tuple[bytes, ...]
    states: tuple[bytes, ...]


class BlindSettled(msgspec.Struct, frozen=True, kw_only=True):
    """How the question ended; `receipt` is that of the report where it was filed."""

    question: str
    standing: str
    receipt: str = ""
    report: str = ""


def terms(held: Terms) -> BlindTerms:
    """In the API's shape."""
    return BlindTerms(
        epoch=held.epoch,
        public=held.public.hex(),
        ends_at=held.ends_at,
        left=max(0, held.left),
        quota=held.quota,
        levels={level.name.lower(): level.words for level in sorted(Level, reverse=True)},
        questions=tuple(
            BlindAsked(
                question=one.id,
                standing=one.standing.value,
                asked_at=one.asked_at,
                opens_by=one.opens_by,
                levels=tuple(part.level.name.lower() for part in one.parts),
            )
            for one in held.questions
        ),
    )


def answer(held: Answered) -> BlindAnswer:
    """In the API's shape."""
    return BlindAnswer(
        question=held.question.id,
        epoch=held.question.epoch,
        public=held.public.hex(),
        opens_by=held.question.opens_by,
        receipt=held.receipt,
        evaluated=held.evaluated,
        proof=held.proof,
        bits={level.name.lower(): bits for level, bits in held.bits.items()},
    )


def asked(body: BlindQuestion) -> list[Asked]:
    """The parts of a request."""
    return [Asked(level=p.level, commitment=p.commitment, element=p.element) for p in body.parts]


def claims(blind: Blind, viewer: Any, question: str, *, methods: str, may_be_named: bool) -> BlindClaims:
    """The claims to look among, for every door."""
    held = blind.claims(viewer, question, methods=methods.split(","), may_be_named=may_be_named)
    return BlindClaims(entries=held.entries, states=held.states)


def routes(blind: Blind) -> list[HTTPRouteHandler]:
    """The operations of the blind check."""

    @get(
        "/blind",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="readBlindTerms",
        sync_to_thread=True,
        summary="The key of this epoch, the meter, one's own questions",
        responses=asking.ERRORS,
    )
    def read(request: Ask) -> BlindTerms:
        """The key is in the journal too, so that nobody can be given one of their own."""
        return terms(blind.terms(asking.viewer_of(request)))

    @post(
        "/blind/questions",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="askBlindly",
        sync_to_thread=True,
        summary="Ask about a finding that one has committed to",
        responses=asking.ERRORS,
    )
    def ask(request: Ask, data: JSONBody[BlindQuestion]) -> BlindAnswer:
        """Commitment first: the question is kept before anything is evaluated. 403 when the meter is spent."""
        held = blind.ask(asking.viewer_of(request), document=data.document, parts=asked(data))
        return answer(held)

    @get(
        "/blind/questions/{question:str}/shelves/{level:str}/{bucket:int}",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="readBlindShelf",
        sync_to_thread=True,
        summary="A shelf to look on",
        responses=asking.ERRORS,
    )
    def shelf(request: Ask, question: FromPath[str], level: FromPath[str], bucket: FromPath[int]) -> BlindShelf:
        """Filled up to a round length, so that it tells neither how much is held nor whether there was a match."""
        viewer = asking.viewer_of(request)
        return BlindShelf(entries=blind.shelf(viewer, asking.name(question), asking.name(level), bucket))

    @get(
        "/blind/questions/{question:str}/claims",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="readBlindClaims",
        sync_to_thread=True,
        summary="Scan claims to look among",
        responses=asking.ERRORS,
    )
    def among(
        request: Ask,
        question: FromPath[str],
        methods: Annotated[str, QueryParameter(name="methods", max_length=200, description="separated by commas")] = "",
        may_be_named: Annotated[
            bool, QueryParameter(name="may_be_named", description="agree to be named to those who agree too")
        ] = False,
    ) -> BlindClaims:
        """Of an open question about an area. Of `methods` those are told that a claim shares."""
        viewer = asking.viewer_of(request)
        return claims(blind, viewer, asking.name(question), methods=methods, may_be_named=may_be_named)

    @post(
        "/blind/questions/{question:str}/opening",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="openBlindQuestion",
        sync_to_thread=True,
        status_code=202,
        summary="Show what was asked, and file it",
        responses=asking.ERRORS,
    )
    def opening(request: Ask, question: FromPath[str], data: JSONBody[BlindOpening]) -> BlindSettled:
        """The report enters like any other; the receipt of the question proves when it was held already."""
        name = asking.name(question)
        taken = blind.open(
            asking.viewer_of(request),
            name,
            document=data.document,
            media_type=data.media_type,
            salts=data.salts,
            blinds=data.blinds,
        )
        return BlindSettled(question=name, standing="filed", receipt=taken.receipt, report=taken.report)

    @post(
        "/blind/questions/{question:str}/withdrawal",
        opt={"action": Action.ASK_BLINDLY},
        operation_id="withdrawBlindQuestion",
        sync_to_thread=True,
        status_code=200,
        summary="End a question without showing anything",
        responses=asking.ERRORS,
    )
    def withdraw(request: Ask, question: FromPath[str]) -> BlindSettled:
        """It stays on the meter of this epoch and the next."""
        name = asking.name(question)
        blind.withdraw(asking.viewer_of(request), name)
        return BlindSettled(question=name, standing="withdrawn")

    return [read, ask, shelf, among, opening, withdraw]
