"""The editors' pages: the queue, a draft with its source beside it, reviewing, correcting, sharing, error history."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.brief.desk import Briefs, Counted, Decision, Rejected, Shared, Voided
from comity.console.briefs import CLASSES
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.article import ReviewState, Span
from comity.model.party import Viewer

DONE = {
    "edited": "Saved. Whatever review there was is void.",
    "reviewed": "The review counts. The brief can be published.",
    "rejected": "The brief is rejected; the reason stands beside it.",
    "voided": "A planted error was missed: nothing of this review counts. Another one can be begun.",
    "published": "Published in every channel.",
    "corrected": "Corrected. Every channel shows the note and the new words as unreviewed; notices are on their way.",
    "withdrawn": "Withdrawn. A tombstone stands in every channel; the notices are on their way.",
}
LARGE = 512 * 1024


def add(paths: Paths, briefs: Briefs) -> None:
    """The pages of whoever edits."""

    @paths.show("/drafts", Action.EDIT_BRIEFS)
    def queue(request: Ask) -> Response[Any]:
        wanted = asked(request, "state")
        state = next((one.value for one in ReviewState if one.value == wanted), "")
        found = briefs.drafts(caller_of(request).viewer, state=state, after=asked(request, "after"))
        return page(
            request,
            "brief/queue.html",
            rows=found.rows,
            following=found.next,
            state=state,
            states=tuple(ReviewState),
            rates=briefs.rates(caller_of(request).viewer),
        )

    @paths.show("/drafts/errors", Action.EDIT_BRIEFS)
    def errors(request: Ask) -> Response[Any]:
        return page(request, "brief/errors.html", rows=briefs.errors(caller_of(request).viewer))

    def shown(
        request: Ask,
        id_: str,
        *,
        status: int = 200,
        problems: Sequence[Problem] = (),
        shared: Shared | None = None,
        kept: dict[str, str] | None = None,
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        view = briefs.draft(viewer, id_)
        record = view.record
        return page(
            request,
            "brief/draft.html",
            status=status,
            view=view,
            record=record,
            brief=record.brief,
            source=record.source,
            words={span: record.source.text[span.start : span.end] for span in _spans(view)},
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
            shared=shared,
            kept=kept or {},
            members=briefs.members(viewer),
            classes=CLASSES,
            decisions=tuple(Decision),
        )

    @paths.show("/drafts/{brief:str}", Action.EDIT_BRIEFS)
    def draft(request: Ask) -> Response[Any]:
        return shown(request, named(request, "brief"))

    @paths.show("/drafts/{brief:str}/source", Action.EDIT_BRIEFS)
    def source(request: Ask) -> Response[Any]:
        id_ = named(request, "brief")
        viewer = caller_of(request).viewer
        found = briefs.open_source(viewer, id_, asked(request, "url"))
        view = briefs.draft(viewer, id_)
        spans = _spans(view) if found.url == view.record.source.url else ()
        pieces = marked(found.text, spans)
        return page(request, "brief/source.html", id=id_, source=found, pieces=pieces, sits=view.sits)

    @paths.press("/drafts/{brief:str}/review", Action.REVIEW_BRIEFS)
    def begin(request: Ask) -> Response[Any]:
        id_ = named(request, "brief")
        return done(request, id_, "", lambda viewer: briefs.begin(viewer, id_))

    @paths.take("/drafts/{brief:str}/decisions", Action.REVIEW_BRIEFS, limit_bytes=LARGE)
    def decide(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "brief")
        chosen = {
            number: Decision(form.text(f"line-{number}"))
            for number in range(200)
            if form.text(f"line-{number}") in set(Decision)
        }
        kept = {f"line-{number}": value.value for number, value in chosen.items()}
        kept |= {"editor": form.text("editor"), "reason": form.text("reason")}
        try:
            outcome = briefs.decide(
                caller_of(request).viewer,
                id_,
                chosen,
                editor_of_record=form.text("editor"),
                reason=form.text("reason"),
            )
        except Invalid as error:
            return shown(request, id_, status=422, problems=error.problems, kept=kept)
        except (Conflict, Forbidden) as error:
            return shown(request, id_, status=409, problems=(Problem("", "not_now", str(error)),), kept=kept)
        word = {Counted: "reviewed", Rejected: "rejected", Voided: "voided"}[type(outcome)]
        return see(f"/drafts/{id_}?done={word}")

    @paths.take("/drafts/{brief:str}/edit", Action.EDIT_BRIEFS, limit_bytes=LARGE)
    def edit(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "brief")
        kind = form.text("class")
        return done(
            request,
            id_,
            "edited",
            lambda viewer: briefs.edit(
                viewer,
                id_,
                title=form.text("title"),
                sentences=_lines(form),
                class_primary=kind if kind in CLASSES else "",
            ),
        )

    @paths.press("/drafts/{brief:str}/publish", Action.PUBLISH_BRIEFS)
    def publish(request: Ask) -> Response[Any]:
        id_ = named(request, "brief")
        return done(request, id_, "published", lambda viewer: briefs.publish(viewer, id_))

    @paths.take("/drafts/{brief:str}/correct", Action.PUBLISH_BRIEFS, limit_bytes=LARGE)
    def correct(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "brief")
        return done(
            request,
            id_,
            "corrected",
            lambda viewer: briefs.correct(
                viewer,
                id_,
                note=form.text("note"),
                title=form.text("title"),
                sentences=_lines(form),
                whose=form.text("whose") or "ours",
            ),
        )

    @paths.take("/drafts/{brief:str}/withdraw", Action.PUBLISH_BRIEFS)
    def withdraw(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "brief")
        return done(
            request,
            id_,
            "withdrawn",
            lambda viewer: briefs.withdraw(viewer, id_, reason=form.text("reason"), whose=form.text("whose") or "ours"),
        )

    @paths.take("/drafts/{brief:str}/share", Action.PUBLISH_BRIEFS)
    def share(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "brief")
        keep = {form.text("keep"): form.text("why")} if form.text("keep") else {}
        try:
            made = briefs.share(
                caller_of(request).viewer,
                id_,
                organisation=form.text("organisation"),
                legal_basis=form.text("basis"),
                keep=keep,
            )
        except Invalid as error:
            return shown(request, id_, status=422, problems=error.problems)
        except (Conflict, Forbidden) as error:
            return shown(request, id_, status=409, problems=(Problem("", "not_now", str(error)),))
        return shown(request, id_, shared=made)

    def done(request: Ask, id_: str, word: str, act: Callable[[Viewer], object]) -> Response[Any]:
        """Do it, or show the draft with the reason why it cannot be done now."""
        try:
            act(caller_of(request).viewer)
        except (Conflict, Forbidden, Invalid) as error:
            status = 422 if isinstance(error, Invalid) else 409
            return shown(request, id_, status=status, problems=told(error))
        return see(f"/drafts/{id_}?done={word}" if word else f"/drafts/{id_}")


def _lines(form: Form) -> tuple[str, ...]:
    """The sentences of a form: one in each field, and what was added below them."""
    numbered = [form.text(f"sentence-{number}") for number in range(60)]
    return tuple(one for one in (*numbered, *form.text("more").splitlines()) if one.strip())


def _spans(view: Any) -> tuple[Span, ...]:
    held = view.record.sitting.items if view.sits else ()
    return tuple(span for one in (*view.record.brief.sentences, *held) for span in one.spans)


def marked(text: str, spans: Sequence[Span]) -> tuple[tuple[str, bool], ...]:
    """A text in pieces: (words, whether a sentence of the brief rests on them)."""
    edges = sorted({0, len(text), *(edge for span in spans for edge in (span.start, span.end) if 0 < edge < len(text))})
    return tuple(
        (text[start:end], any(span.start <= start and end <= span.end for span in spans))
        for start, end in pairwise(edges)
    )
