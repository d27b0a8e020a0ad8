"""Briefs: what is public in every form, whether a text was published here, and the editors' work on drafts."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import After, Ask, Limit
from comity.brief.desk import HEADER, Briefs, BriefView, Counted, Decision, DraftView, File, Rejected
from comity.errors import Invalid, Problem
from comity.model.article import ReviewState
from comity.model.brief import Published

WORDS: Final = 20_000
Few = Annotated[str, msgspec.Meta(max_length=400)]
Text = Annotated[str, msgspec.Meta(max_length=WORDS)]


class ToDetect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to ask about. Nothing of it is kept."""

    text: Text


class ToTakeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page to make a draft of: its bytes (base64) and address, and why its words may be copied, "" if not."""

    content: bytes
    url: Annotated[str, msgspec.Meta(max_length=2000)]
    name: Few = ""
    open_licence: Few = ""


class ToDecide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a review: one of `holds` and `wrong` for each line, by its number as a word."""

    decisions: dict[str, str]
    editor_of_record: Few = ""
    reason: Text = ""


class ToOpen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address of a source to open."""

    url: Annotated[str, msgspec.Meta(max_length=2000)]


class ToEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New words of a draft: bottom line first."""

    title: Few
    sentences: Annotated[list[Text], msgspec.Meta(max_length=60)]
    class_primary: Few = ""


class ToCorrect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New words of a public brief, with the note that readers see. `whose` error: ours or source."""

    note: Text
    title: Few
    sentences: Annotated[list[Text], msgspec.Meta(max_length=60)]
    whose: Few = "ours"


class ToWithdraw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a brief is taken back."""

    reason: Text
    whose: Few = "ours"


class ToShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member share: to whom, on what legal basis, and a reason for each piece of personal information that stays."""

    organisation: Few
    legal_basis: Few
    keep: dict[str, str] = {}


def routes(briefs: Briefs) -> list[HTTPRouteHandler]:
    """The operations on briefs."""
    return [*_public(briefs), *_editing(briefs), *_reviewing(briefs), *_releasing(briefs)]


def _public(briefs: Briefs) -> list[HTTPRouteHandler]:
    @get(
        "/briefs",
        opt={"action": Action.READ_BRIEFS},
        operation_id="listBriefs",
        sync_to_thread=True,
        summary="Published briefs",
        responses=asking.ERRORS,
    )
    def listed(
        request: Ask,
        kind: Annotated[str, QueryParameter(name="class", max_length=64, description="only briefs of this class")] = "",
        after: After = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Newest first, tombstones among them; the label is the first thing to show."""
        found = briefs.published(asking.viewer_of(request), kind=kind, after=after, limit=limit)
        return {"rows": [line(one) for one in found.rows], "next": found.next}

    @get(
        "/briefs/{brief:str}",
        opt={"action": Action.READ_BRIEFS},
        operation_id="readBrief",
        sync_to_thread=True,
        summary="One brief with its provenance",
        responses=asking.ERRORS,
    )
    def one(request: Ask, brief: FromPath[str]) -> Response[dict[str, Any]]:
        """Label, words with the places they rest on, provenance, links, conflicts, corrections."""
        view = briefs.brief(asking.viewer_of(request), asking.name(brief))
        headers = {HEADER: view.public.mark} if view.public.mark else {}
        return Response(body(view), headers=headers)

    @get(
        "/briefs/{brief:str}/files/{file:str}",
        opt={"action": Action.READ_BRIEFS},
        operation_id="downloadBrief",
        sync_to_thread=True,
        summary="One form of a brief",
        responses={200: asking.download("The bytes in their own media type"), **asking.ERRORS},
    )
    def file(request: Ask, brief: FromPath[str], file: FromPath[str]) -> Response[bytes]:
        """`brief.json` is signed; its seal is `brief.json.seal.json`. The header `Digital-Source-Type` has the mark."""
        found = briefs.file(asking.viewer_of(request), asking.name(brief), asking.name(file))
        return _inert(found)

    @post(
        "/detections",
        opt={"action": Action.DETECT_TEXT},
        operation_id="detectText",
        status_code=200,
        sync_to_thread=True,
        summary="Whether a text was published here",
        responses=asking.ERRORS,
    )
    def detect(request: Ask, data: JSONBody[ToDetect]) -> dict[str, Any]:
        """`yes`: exactly these words; `near`: an edited copy; `no`, which says nothing about who wrote it."""
        return _fields(wire.plain(briefs.detect(asking.viewer_of(request), data.text)))

    @get(
        "/notices",
        opt={"action": Action.READ_NOTICES},
        operation_id="listNotices",
        sync_to_thread=True,
        summary="What was corrected or withdrawn after it was shared with you",
        responses=asking.ERRORS,
    )
    def notices(request: Ask) -> dict[str, Any]:
        """Each is told once, with a receipt."""
        return {"rows": wire.plain(briefs.notices(asking.viewer_of(request)))}

    return [listed, one, file, detect, notices]


def _editing(briefs: Briefs) -> list[HTTPRouteHandler]:
    @get(
        "/drafts",
        opt={"action": Action.EDIT_BRIEFS},
        operation_id="listDrafts",
        sync_to_thread=True,
        summary="The editors' queue",
        responses=asking.ERRORS,
    )
    def listed(
        request: Ask,
        standing: Annotated[ReviewState | None, QueryParameter(name="state", description="only drafts here")] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Newest first."""
        viewer = asking.viewer_of(request)
        found = briefs.drafts(viewer, state=standing.value if standing else "", after=after, limit=limit)
        return {"rows": wire.plain(found.rows), "next": found.next}

    @get(
        "/drafts/{brief:str}",
        opt={"action": Action.EDIT_BRIEFS},
        operation_id="readDraft",
        sync_to_thread=True,
        summary="One draft with what the gates say",
        responses=asking.ERRORS,
    )
    def one(request: Ask, brief: FromPath[str]) -> dict[str, Any]:
        """In your own review, `lines` are what to decide on: sentences, and errors planted between them."""
        return draft(briefs.draft(asking.viewer_of(request), asking.name(brief)))

    @post(
        "/drafts",
        opt={"action": Action.EDIT_BRIEFS},
        operation_id="makeDraft",
        status_code=200,
        sync_to_thread=True,
        summary="Make a draft of a page",
        responses=asking.ERRORS,
    )
    def made(request: Ask, data: JSONBody[ToTakeIn]) -> dict[str, Any]:
        """Keyless: sentences of an open source, or one line about any other. Nothing is fetched here."""
        viewer = asking.viewer_of(request)
        held = briefs.take_in(viewer, data.content, url=data.url, name=data.name, open_licence=data.open_licence)
        return draft(briefs.draft(viewer, held.id))

    @post(
        "/drafts/{brief:str}/words",
        opt={"action": Action.EDIT_BRIEFS},
        operation_id="editDraft",
        status_code=200,
        sync_to_thread=True,
        summary="Change the words of a draft",
        responses=asking.ERRORS,
    )
    def edit(request: Ask, brief: FromPath[str], data: JSONBody[ToEdit]) -> dict[str, Any]:
        """Any change voids the review, and whoever makes it becomes a maker."""
        viewer, id_ = asking.viewer_of(request), asking.name(brief)
        briefs.edit(viewer, id_, title=data.title, sentences=data.sentences, class_primary=data.class_primary)
        return draft(briefs.draft(viewer, id_))

    return [listed, one, made, edit]


def _reviewing(briefs: Briefs) -> list[HTTPRouteHandler]:
    @post(
        "/drafts/{brief:str}/review",
        opt={"action": Action.REVIEW_BRIEFS},
        operation_id="beginReview",
        status_code=200,
        sync_to_thread=True,
        summary="Begin a review",
        responses=asking.ERRORS,
    )
    def begin(request: Ask, brief: FromPath[str]) -> dict[str, Any]:
        """403 for whoever made or changed the text."""
        viewer, id_ = asking.viewer_of(request), asking.name(brief)
        briefs.begin(viewer, id_)
        return draft(briefs.draft(viewer, id_))

    @post(
        "/drafts/{brief:str}/opened",
        opt={"action": Action.EDIT_BRIEFS},
        operation_id="openSource",
        status_code=200,
        sync_to_thread=True,
        summary="Open a source",
        responses=asking.ERRORS,
    )
    def opened(request: Ask, brief: FromPath[str], data: JSONBody[ToOpen]) -> dict[str, Any]:
        """The whole source as it is held. In your own review this counts as having opened it."""
        return _fields(wire.plain(briefs.open_source(asking.viewer_of(request), asking.name(brief), data.url)))

    @post(
        "/drafts/{brief:str}/decisions",
        opt={"action": Action.REVIEW_BRIEFS},
        operation_id="decideReview",
        status_code=200,
        sync_to_thread=True,
        summary="End a review with a decision for every line",
        responses=asking.ERRORS,
    )
    def decide(request: Ask, brief: FromPath[str], data: JSONBody[ToDecide]) -> dict[str, Any]:
        """`counted`, `rejected`, or `voided` by a planted error that was missed. 422 while something is missing."""
        outcome = briefs.decide(
            asking.viewer_of(request),
            asking.name(brief),
            decisions_of(data.decisions),
            editor_of_record=data.editor_of_record,
            reason=data.reason,
        )
        word = "counted" if isinstance(outcome, Counted) else "rejected" if isinstance(outcome, Rejected) else "voided"
        return {"outcome": word, "state": outcome.record.brief.review_state.value}

    return [begin, opened, decide]


def _releasing(briefs: Briefs) -> list[HTTPRouteHandler]:
    @post(
        "/drafts/{brief:str}/publication",
        opt={"action": Action.PUBLISH_BRIEFS},
        operation_id="publishBrief",
        status_code=200,
        sync_to_thread=True,
        summary="Publish a brief",
        responses=asking.ERRORS,
    )
    def publish(request: Ask, brief: FromPath[str]) -> dict[str, Any]:
        """409 says what stands in the way."""
        return line(briefs.publish(asking.viewer_of(request), asking.name(brief)))

    @post(
        "/drafts/{brief:str}/corrections",
        opt={"action": Action.PUBLISH_BRIEFS},
        operation_id="correctBrief",
        status_code=200,
        sync_to_thread=True,
        summary="Correct a public brief",
        responses=asking.ERRORS,
    )
    def correct(request: Ask, brief: FromPath[str], data: JSONBody[ToCorrect]) -> dict[str, Any]:
        """A new version with a visible note, unreviewed until somebody reviews it; those it reached are told once."""
        changed = briefs.correct(
            asking.viewer_of(request),
            asking.name(brief),
            note=data.note,
            title=data.title,
            sentences=data.sentences,
            whose=data.whose,
        )
        return line(changed)

    @post(
        "/drafts/{brief:str}/withdrawal",
        opt={"action": Action.PUBLISH_BRIEFS},
        operation_id="withdrawBrief",
        status_code=200,
        sync_to_thread=True,
        summary="Withdraw a public brief",
        responses=asking.ERRORS,
    )
    def withdraw(request: Ask, brief: FromPath[str], data: JSONBody[ToWithdraw]) -> dict[str, Any]:
        """Its words leave every channel; a tombstone with the reason stays."""
        gone = briefs.withdraw(asking.viewer_of(request), asking.name(brief), reason=data.reason, whose=data.whose)
        return line(gone)

    @post(
        "/drafts/{brief:str}/shares",
        opt={"action": Action.PUBLISH_BRIEFS},
        operation_id="shareBrief",
        status_code=200,
        sync_to_thread=True,
        summary="Share a brief with a member organisation",
        responses=asking.ERRORS,
    )
    def share(request: Ask, brief: FromPath[str], data: JSONBody[ToShare]) -> dict[str, Any]:
        """Personal information is taken out first; 422 when something is left without a reason."""
        made = briefs.share(
            asking.viewer_of(request),
            asking.name(brief),
            organisation=data.organisation,
            legal_basis=data.legal_basis,
            keep=data.keep,
        )
        return {"url": made.url, "ends_at": made.ends_at, "removed": dict(made.removed), "kept": wire.plain(made.kept)}

    return [publish, correct, withdraw, share]


def decisions_of(given: dict[str, str]) -> dict[int, Decision]:
    """Decisions by number. Invalid for a number or a word that is none."""
    problems = []
    found: dict[int, Decision] = {}
    for number, word in given.items():
        if not (number.isascii() and number.isdigit() and len(number) < 5) or word not in set(Decision):
            reason = f"a line's number, with one of {', '.join(Decision)}"
            problems.append(Problem("/decisions", "bad_decision", reason))
        else:
            found[int(number)] = Decision(word)
    if problems:
        raise Invalid("these are no decisions", problems[:20])
    return found


def line(public: Published) -> dict[str, Any]:
    """A brief in a list: label first."""
    return {
        "label": public.label,
        "id": public.id,
        "title": public.title,
        "bottom_line": public.lines[0].text if public.lines else "",
        "class": public.class_primary,
        "origin": public.origin.value,
        "review_state": public.review_state.value,
        "digital_source_type": public.mark,
        "version": public.version,
        "published_at": wire.plain(public.published_at),
        "modified_at": wire.plain(public.modified_at),
        "banner": public.banner,
        "withdrawn": public.tombstone is not None,
        "url": public.url,
    }


def body(view: BriefView) -> dict[str, Any]:
    """A brief in full."""
    fields: dict[str, Any] = {"label": view.public.label, **_fields(wire.plain(view.public))}
    fields["files"] = list(view.files)
    return fields


def draft(view: DraftView) -> dict[str, Any]:
    """A draft. Which lines of a review are planted is told to nobody."""
    record = view.record
    held = _fields(wire.plain(record))
    sitting = record.sitting
    held["sitting"] = None
    if sitting is not None:
        held["sitting"] = {"reviewer": sitting.reviewer_name, "began_at": wire.plain(sitting.began_at)}
    lines = []
    if view.sits and sitting is not None:
        lines = [
            {
                "number": number,
                "text": item.text,
                "rests_on": [record.source.text[span.start : span.end] for span in item.spans],
            }
            for number, item in enumerate(sitting.items)
        ]
    return {
        "id": record.id,
        "state": record.brief.review_state.value,
        "checks": view.checked.wording,
        "findings": wire.plain(view.checked.findings),
        "hindrance": view.hindrance,
        "may_review": view.may_review,
        "lines": lines,
        "editors": wire.plain(view.editors),
        "notices": wire.plain(view.notices),
        "record": held,
    }


def _inert(found: File) -> Response[bytes]:
    response = asking.inert(found.data, found.name, found.media_type)
    if found.mark:
        response.headers[HEADER] = found.mark
    return response


def _fields(value: Any) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value
