"""The queue, one case with all its evidence, and the decisions that people take on it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.admin.preferences import Preferences
from comity.clearing.desk import Clearing
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, live_page, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, digest_named, named, see
from comity.errors import Conflict, Invalid, Missing, Problem
from comity.model.case import MOVES, Closing, Stage
from comity.model.ids import CaseId, Digest, is_digest
from comity.model.party import Viewer

BUSY = frozenset({Stage.SCREENING, Stage.VALIDATING, Stage.VALID, Stage.READY})
"""Stages that a case leaves by itself, so that its page follows it."""
DONE = {
    "approved": "Your approval of this draft was recorded.",
    "closed": "The case is closed.",
    "drafted": "The draft holds every statement now; approvals begin again.",
    "kept": "The reason is kept with the case.",
}


def add(paths: Paths, clearing: Clearing, preferences: Preferences) -> None:
    """The pages of whoever coordinates."""

    @paths.show("/queue", Action.READ_CASES)
    def queue(request: Ask) -> Response[Any]:
        wanted = asked(request, "stage")
        stage = next((stage for stage in Stage if stage.value == wanted), None)
        found = clearing.cases(caller_of(request).viewer, stage=stage, after=asked(request, "after"))
        return page(
            request,
            "clearing/queue.html",
            rows=found.rows,
            following=found.next,
            stage=stage,
            stages=tuple(Stage),
            kept=preferences.filters(caller_of(request).viewer),
        )

    @paths.take("/queue/filters", Action.READ_CASES)
    def keep_filter(request: Ask, form: Form) -> Response[Any]:
        stage = next((stage.value for stage in Stage if stage.value == form.text("stage")), "")
        preferences.keep_filter(caller_of(request).viewer, name=form.text("name")[:200], stage=stage)
        return see(f"/queue?stage={quote(stage, safe='')}")

    @paths.take("/queue/filters/forget", Action.READ_CASES)
    def forget_filter(request: Ask, form: Form) -> Response[Any]:
        preferences.forget_filter(caller_of(request).viewer, form.text("name")[:200])
        return see("/queue")

    @paths.show("/cases/{case:str}", Action.READ_CASES)
    def case(request: Ask) -> Response[Any]:
        return shown(request, CaseId(named(request, "case")))

    def shown(
        request: Ask, id_: CaseId, *, status: int = 200, problems: tuple[Problem, ...] = (), done: str = ""
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        view = clearing.case(viewer, id_)
        agreed = {approval.person for approval in view.case.approvals if approval.draft == view.case.draft}
        return live_page(
            request,
            "clearing/case.html",
            live=f"/cases/{id_}/pulse" if view.case.stage in BUSY else "",
            pulse=f"v{view.case.version}",
            status=status,
            view=view,
            case=view.case,
            renderings=clearing.preview(viewer, id_) if view.draft else (),
            problems=problems,
            has_approved=viewer.person in agreed,
            can_approve=view.case.draft is not None
            and (view.is_revised or view.case.stage in {Stage.COORDINATING, Stage.READY}),
            can_publish=(view.is_revised or view.case.stage is Stage.COORDINATING)
            and len(agreed) >= view.approvals_needed,
            can_close=Stage.CLOSED in MOVES[view.case.stage],
            closings=tuple(Closing),
            done=done or DONE.get(asked(request, "done"), ""),
        )

    @paths.follow("/cases/{case:str}/pulse", Action.READ_CASES)
    def pulse(request: Ask) -> str:
        return clearing.pulse(caller_of(request).viewer, CaseId(named(request, "case")))

    @paths.show("/cases/{case:str}/preview/{format:str}", Action.READ_CASES)
    def preview(request: Ask) -> Response[Any]:
        wanted = named(request, "format")
        for rendering in clearing.preview(caller_of(request).viewer, CaseId(named(request, "case"))):
            if rendering.format == wanted:
                return download(rendering.data, rendering.filename)
        raise Missing("there is no such format")

    @paths.show("/cases/{case:str}/statements/{sha256:str}", Action.READ_CASES)
    def statement(request: Ask) -> Response[Any]:
        wanted = digest_named(request, "sha256")
        data = clearing.statement(caller_of(request).viewer, CaseId(named(request, "case")), wanted)
        return download(data, f"{wanted}.dsse.json")

    @paths.take("/cases/{case:str}/approve", Action.APPROVE)
    def approve(request: Ask, form: Form) -> Response[Any]:
        id_, draft = CaseId(named(request, "case")), form.text("draft")
        if not is_digest(draft):
            raise Invalid("the draft is named by its digest", [Problem("/draft", "bad_digest", "load the page again")])
        return decided(request, id_, "approved", lambda viewer: clearing.approve(viewer, id_, Digest(draft)))

    @paths.take("/cases/{case:str}/keep", Action.APPROVE)
    def keep(request: Ask, form: Form) -> Response[Any]:
        id_, text = CaseId(named(request, "case")), form.text("text")[:500]
        return decided(
            request, id_, "kept", lambda viewer: clearing.keep_personal(viewer, id_, text, form.text("reason")[:600])
        )

    @paths.press("/cases/{case:str}/publish", Action.PUBLISH)
    def publish(request: Ask) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        try:
            outcome = clearing.publish(caller_of(request).viewer, id_)
        except Conflict as error:
            return shown(request, id_, status=409, problems=(Problem("", "not_now", str(error)),))
        return shown(request, id_, done=outcome[:1].upper() + outcome[1:])

    @paths.take("/cases/{case:str}/close", Action.CLOSE)
    def close(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        reason = next((closing for closing in Closing if closing.name == form.text("reason")), None)
        if reason is None:
            return shown(request, id_, status=422, problems=(Problem("/reason", "no_reason", "choose a reason"),))
        return decided(request, id_, "closed", lambda viewer: clearing.close(viewer, id_, reason))

    def decided(request: Ask, id_: CaseId, word: str, decide: Callable[[Viewer], object]) -> Response[Any]:
        """Do it, or show the case with the reason why it cannot be done now."""
        try:
            decide(caller_of(request).viewer)
        except (Conflict, Invalid) as error:
            return shown(request, id_, status=status_of(error), problems=told(error))
        return see(f"/cases/{id_}?done={word}")
