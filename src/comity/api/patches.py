"""Patches of a case: offer one, ask a model for one, see how far each got and why, agree with a root cause."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_patches import Consent, Patch, Patches, PatchView
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.model.patch import Rise, level_word


class OfferPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unified diff, and if there are any: the author's own regression test, a ladder kit (both TOML)."""

    diff: str
    test: str = ""
    kit: str = ""


class AskForPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`consent` is the provider's address as the terms give it; `purpose` says what for. No `model`: the host's."""

    consent: str
    purpose: str
    model: str = ""


class ReviewPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root cause, in the reviewer's own words."""

    root_cause: str


class RungBody(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: what it asks, whether it was reached, what was seen. `facts` are pairs of name and value."""

    rung: str
    asks: str
    reached: bool
    said: str
    facts: tuple[tuple[str, str], ...]
    seconds: float


class PatchLine(msgspec.Struct, frozen=True, kw_only=True):
    """A patch in a list. `level` is none, or L0 to L6."""

    patch: str
    origin: str
    by: str
    offered_at: datetime
    is_settled: bool
    level: str
    sentence: str


class PatchList(msgspec.Struct, frozen=True, kw_only=True):
    """A case's patches, oldest first."""

    rows: tuple[PatchLine, ...]


class PatchTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What asking a model would send, and to whom. Nothing was sent. `withheld` are pairs of group and reason."""

    provider: str
    model: str
    label: str
    fields: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]


class PatchAsking(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was asked, on whose word; the prompt itself is sealed."""

    by: str
    is_script: bool
    purpose: str
    provider: str
    model: str
    fields: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]
    at: datetime
    outcome: str


class PatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """A patch with its rungs and texts. `claim` is the author's own word about the root cause, unchecked."""

    line: PatchLine
    recipe: str
    kit: str
    seed: str
    rungs: tuple[RungBody, ...]
    diff: str
    test: str
    claim: str
    asking: PatchAsking | None
    reviewed_by: str
    review_is_script: bool
    root_cause: str
    has_statement: bool


def line(patch: Patch) -> PatchLine:
    """In the API's shape."""
    return PatchLine(
        patch=patch.id,
        origin=str(patch.origin),
        by=patch.offered_name,
        offered_at=patch.offered_at,
        is_settled=patch.is_settled,
        level=level_word(patch.level),
        sentence=patch.sentence,
    )


def listing(patches: tuple[Patch, ...]) -> PatchList:
    """In the API's shape."""
    return PatchList(rows=tuple(line(one) for one in patches))


def rung(rise: Rise) -> RungBody:
    """In the API's shape."""
    return RungBody(
        rung=f"L{rise.rung.value}",
        asks=rise.rung.words,
        reached=rise.reached,
        said=rise.said,
        facts=rise.facts,
        seconds=rise.seconds,
    )


def view(held: PatchView) -> PatchBody:
    """In the API's shape."""
    patch = held.patch
    asked_, review = patch.asking, patch.review
    return PatchBody(
        line=line(patch),
        recipe=patch.recipe,
        kit=patch.kit or "",
        seed=str(patch.seed),
        rungs=tuple(rung(one) for one in patch.rises),
        diff=held.diff,
        test=held.test,
        claim=patch.claim,
        asking=None
        if asked_ is None
        else PatchAsking(
            by=asked_.by_name,
            is_script=asked_.is_script,
            purpose=asked_.purpose,
            provider=asked_.provider,
            model=asked_.model,
            fields=asked_.fields,
            withheld=asked_.withheld,
            at=asked_.at,
            outcome=asked_.asked.sentence if asked_.asked is not None else "not answered yet",
        ),
        reviewed_by=review.name if review is not None else "",
        review_is_script=review is not None and review.is_script,
        root_cause=review.root_cause if review is not None else "",
        has_statement=patch.statement is not None,
    )


def terms(held: Consent) -> PatchTerms:
    """In the API's shape."""
    return PatchTerms(
        provider=held.provider, model=held.model, label=held.label, fields=held.fields, withheld=held.withheld
    )


def offered(patches: Patches, viewer: Viewer, case: str, data: OfferPatch) -> PatchLine:
    """Offer a patch, for every door."""
    test, kit = data.test.encode(), data.kit.encode()
    return line(patches.offer(viewer, CaseId(case), data.diff.encode(), test=test, kit=kit))


def asked(patches: Patches, viewer: Viewer, case: str, data: AskForPatch) -> PatchLine:
    """Have a model asked, for every door."""
    return line(patches.ask(viewer, CaseId(case), model=data.model, consent=data.consent, purpose=data.purpose))


def reviewed(patches: Patches, viewer: Viewer, case: str, patch: str, data: ReviewPatch) -> PatchLine:
    """Agree with a root cause, for every door."""
    return line(patches.review(viewer, CaseId(case), patch, data.root_cause))


Model = Annotated[str, QueryParameter(name="model", max_length=200, description="instead of the host's own model")]


def routes(patches: Patches) -> list[HTTPRouteHandler]:
    """The operations on patches."""

    @get(
        "/cases/{case:str}/patches",
        opt={"action": Action.READ_CASES},
        operation_id="listPatches",
        sync_to_thread=True,
        summary="A case's patches and how far each got",
        responses=asking.ERRORS,
    )
    def listed(request: Ask, case: FromPath[str]) -> PatchList:
        """Oldest first."""
        return listing(patches.listed(asking.viewer_of(request), CaseId(asking.name(case))))

    @post(
        "/cases/{case:str}/patches",
        opt={"action": Action.WORK_PATCHES},
        operation_id="offerPatch",
        sync_to_thread=True,
        status_code=202,
        summary="Have a patch checked",
        responses=asking.ERRORS,
    )
    def offer(request: Ask, case: FromPath[str], data: JSONBody[OfferPatch]) -> PatchLine:
        """It climbs by itself; ask for it again. 409 when the case has no reproducer."""
        return offered(patches, asking.viewer_of(request), asking.name(case), data)

    @get(
        "/cases/{case:str}/patch-terms",
        opt={"action": Action.WORK_PATCHES},
        operation_id="patchTerms",
        sync_to_thread=True,
        summary="What asking a model for a patch would send, and to whom",
        responses=asking.ERRORS,
    )
    def consent(request: Ask, case: FromPath[str], model: Model = "") -> PatchTerms:
        """Nothing is sent."""
        return terms(patches.consent(asking.viewer_of(request), CaseId(asking.name(case)), model=model))

    @post(
        "/cases/{case:str}/patch-requests",
        opt={"action": Action.WORK_PATCHES},
        operation_id="askForPatch",
        sync_to_thread=True,
        status_code=202,
        summary="Have a model asked for a patch",
        responses=asking.ERRORS,
    )
    def ask(request: Ask, case: FromPath[str], data: JSONBody[AskForPatch]) -> PatchLine:
        """Consent, purpose, provider and fields are recorded first. What comes back climbs like any other patch."""
        return asked(patches, asking.viewer_of(request), asking.name(case), data)

    @get(
        "/cases/{case:str}/patches/{patch:str}",
        opt={"action": Action.READ_CASES},
        operation_id="readPatch",
        sync_to_thread=True,
        summary="One patch with its rungs, diff and test",
        responses=asking.ERRORS,
    )
    def one(request: Ask, case: FromPath[str], patch: FromPath[str]) -> PatchBody:
        """Why it stopped stands at the rung that was not reached."""
        return view(patches.one(asking.viewer_of(request), CaseId(asking.name(case)), asking.name(patch)))

    @get(
        "/cases/{case:str}/patches/{patch:str}/statement",
        opt={"action": Action.READ_CASES},
        operation_id="downloadPatchStatement",
        sync_to_thread=True,
        summary="The signed statement of how far a patch got",
        responses={200: asking.download("A DSSE envelope"), **asking.ERRORS},
    )
    def statement(request: Ask, case: FromPath[str], patch: FromPath[str]) -> Response[bytes]:
        """Check it with `comity verify`; climb again with the seed in it."""
        name = asking.name(patch)
        data = patches.statement(asking.viewer_of(request), CaseId(asking.name(case)), name)
        return asking.inert(data, f"{name}.dsse.json")

    @post(
        "/cases/{case:str}/patches/{patch:str}/review",
        opt={"action": Action.REVIEW_PATCHES},
        operation_id="reviewPatch",
        sync_to_thread=True,
        status_code=200,
        summary="Agree with the root cause of a patch",
        responses=asking.ERRORS,
    )
    def review(request: Ask, case: FromPath[str], patch: FromPath[str], data: JSONBody[ReviewPatch]) -> PatchLine:
        """After L5, by another named person than who brought it."""
        return reviewed(patches, asking.viewer_of(request), asking.name(case), asking.name(patch), data)

    return [listed, offer, consent, ask, one, statement, review]
