"""The patches of a case: what each one reached, with the evidence of every rung, and the forms that people use."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_patches import Consent, Patches, Rung
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem, Unavailable
from comity.formats import udiff
from comity.model.ids import CaseId

FORM_LIMIT = 2 * udiff.LIMIT_BYTES


def add(paths: Paths, patches: Patches) -> None:
    """The pages of patches."""

    @paths.show("/cases/{case:str}/patches", Action.READ_CASES)
    def listed(request: Ask) -> Response[Any]:
        return shown(request, CaseId(named(request, "case")))

    def shown(request: Ask, id_: CaseId, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        held = patches.listed(viewer, id_)
        terms, silent = _terms(patches, request, id_)
        return page(
            request,
            "clearing/patches.html",
            status=status,
            case=id_,
            patches=held,
            problems=problems,
            terms=terms,
            silent=silent,
            rungs=tuple(Rung),
        )

    @paths.take("/cases/{case:str}/patches", Action.WORK_PATCHES, limit_bytes=FORM_LIMIT)
    def offered(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        diff, test = (form.text(key).replace("\r\n", "\n").encode() for key in ("diff", "test"))
        uploads = form.uploads("file")
        try:
            made = patches.offer(caller_of(request).viewer, id_, uploads[0].data if uploads else diff, test=test)
        except (Conflict, Invalid) as error:
            return shown(request, id_, status=status_of(error), problems=told(error))
        return see(f"/cases/{id_}/patches/{made.id}")

    @paths.take("/cases/{case:str}/patch-requests", Action.WORK_PATCHES)
    def asked(request: Ask, form: Form) -> Response[Any]:
        id_ = CaseId(named(request, "case"))
        try:
            made = patches.ask(
                caller_of(request).viewer,
                id_,
                model="",
                consent=form.text("consent"),
                purpose=form.text("purpose"),
            )
        except (Conflict, Invalid, Forbidden, Unavailable) as error:
            return shown(request, id_, status=status_of(error), problems=told(error))
        return see(f"/cases/{id_}/patches/{made.id}")

    @paths.show("/cases/{case:str}/patches/{patch:str}", Action.READ_CASES)
    def one(request: Ask) -> Response[Any]:
        return single(request)

    def single(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        held = patches.one(viewer, CaseId(named(request, "case")), named(request, "patch"))
        reached = {rise.rung: rise for rise in held.patch.rises}
        return page(
            request,
            "clearing/patch.html",
            status=status,
            view=held,
            patch=held.patch,
            problems=problems,
            ladder=tuple((rung, reached.get(rung)) for rung in reversed(Rung)),
            lines=tuple((_kind(text), text) for text in held.diff.splitlines()),
            can_review=held.patch.is_settled and held.patch.level is Rung.L5 and viewer.person != held.patch.offered_by,
        )

    @paths.show("/cases/{case:str}/patches/{patch:str}/diff", Action.READ_CASES)
    def diff(request: Ask) -> Response[Any]:
        held = patches.one(caller_of(request).viewer, CaseId(named(request, "case")), named(request, "patch"))
        return download(held.diff.encode(), f"{held.patch.id}.diff")

    @paths.show("/cases/{case:str}/patches/{patch:str}/statement", Action.READ_CASES)
    def statement(request: Ask) -> Response[Any]:
        name = named(request, "patch")
        data = patches.statement(caller_of(request).viewer, CaseId(named(request, "case")), name)
        return download(data, f"{name}.dsse.json")

    @paths.take("/cases/{case:str}/patches/{patch:str}/review", Action.REVIEW_PATCHES)
    def reviewed(request: Ask, form: Form) -> Response[Any]:
        case, name = CaseId(named(request, "case")), named(request, "patch")
        try:
            patches.review(caller_of(request).viewer, case, name, form.text("root_cause"))
        except (Conflict, Invalid, Forbidden) as error:
            return single(request, status=status_of(error), problems=told(error))
        return see(f"/cases/{case}/patches/{name}")


def _terms(patches: Patches, request: Ask, case: CaseId) -> tuple[Consent | None, str]:
    """What a model would be sent, or why none is asked."""
    try:
        return patches.consent(caller_of(request).viewer, case), ""
    except (Conflict, Forbidden, Unavailable) as error:
        return None, str(error)


def _kind(text: str) -> str:
    if text.startswith(("+++", "---", "diff ", "index ")):
        return "head"
    return {"+": "added", "-": "removed", "@": "place"}.get(text[:1], "")
