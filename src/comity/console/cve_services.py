"""Pages of CVE Services: the host's account there, what waits, and the id of a case."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_cve import CveDesk, DryRun, deed_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, Unavailable
from comity.model.ids import CaseId

DONE = {
    "entered": "CVE Services know this account: it is kept.",
    "ended": "The account has ended: its key is destroyed.",
    "proposed": "Proposed. Another person must confirm exactly this before it is sent.",
    "confirmed": "Confirmed: it is being sent.",
    "withdrawn": "Withdrawn: it is not sent.",
    "again": "It is being sent once more: the same bytes.",
    "adopted": "The id is the case's now.",
}
NOT_DONE = "not_done"
ACTS = frozenset({"confirmed", "withdrawn", "again", "adopted"})


def add(paths: Paths, counter: CveDesk) -> None:
    """The pages and their forms."""

    def overview(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "clearing/cve_services.html",
            status=status,
            account=counter.account(viewer),
            may_keep=may(viewer, Action.KEEP_CVE_ACCOUNT),
            requests=counter.open(viewer) if may(viewer, Action.READ_CASES) else None,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    def of_case(
        request: Ask,
        *,
        status: int = 200,
        problems: tuple[Problem, ...] = (),
        run: DryRun | None = None,
        reason: str = "",
        replaced_by: str = "",
    ) -> Response[Any]:
        viewer, case = caller_of(request).viewer, CaseId(named(request, "case"))
        return page(
            request,
            "clearing/cve.html",
            status=status,
            held=counter.state(viewer, case),
            account=counter.account(viewer),
            person=viewer.person,
            may_work=may(viewer, Action.WORK_CVE),
            run=run,
            reason=reason,
            replaced_by=replaced_by,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    @paths.show("/cve", Action.READ_PARTNERS)
    def shown(request: Ask) -> Response[Any]:
        return overview(request)

    @paths.take("/cve", Action.KEEP_CVE_ACCOUNT)
    def enter(request: Ask, form: Form) -> Response[Any]:
        words = {name: form.text(name).strip() for name in ("org", "user", "key", "environment")}
        try:
            counter.enter(caller_of(request).viewer, **words)
        except (Conflict, Forbidden, Invalid, Unavailable) as error:
            return overview(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see("/cve?done=entered")

    @paths.press("/cve/end", Action.KEEP_CVE_ACCOUNT)
    def end(request: Ask) -> Response[Any]:
        counter.end(caller_of(request).viewer)
        return see("/cve?done=ended")

    @paths.show("/cases/{case:str}/cve", Action.READ_CASES)
    def case_shown(request: Ask) -> Response[Any]:
        return of_case(request)

    @paths.take("/cases/{case:str}/cve/dry-run", Action.WORK_CVE)
    def dry_run(request: Ask, form: Form) -> Response[Any]:
        deed, reason, replaced_by = form.text("deed"), form.text("reason"), form.text("replaced_by")
        try:
            run = counter.dry_run(
                caller_of(request).viewer,
                CaseId(named(request, "case")),
                deed_of(deed),
                reason=reason,
                replaced_by=replaced_by.split(),
            )
        except (Conflict, Invalid, Unavailable) as error:
            return of_case(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return of_case(request, run=run, reason=reason, replaced_by=replaced_by)

    @paths.take("/cases/{case:str}/cve", Action.WORK_CVE)
    def propose(request: Ask, form: Form) -> Response[Any]:
        case = CaseId(named(request, "case"))
        try:
            counter.propose(
                caller_of(request).viewer,
                case,
                deed_of(form.text("deed")),
                seen=form.text("seen"),
                reason=form.text("reason"),
                replaced_by=form.text("replaced_by").split(),
            )
        except (Conflict, Forbidden, Invalid, Unavailable) as error:
            return of_case(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see(f"/cases/{case}/cve?done=proposed")

    @paths.take("/cases/{case:str}/cve/{entry:str}/{act:str}", Action.WORK_CVE)
    def act(request: Ask, form: Form) -> Response[Any]:
        viewer, case, entry = caller_of(request).viewer, CaseId(named(request, "case")), named(request, "entry")
        what = named(request, "act")
        if what not in ACTS:
            raise Missing("there is no such page")
        try:
            match what:
                case "confirmed":
                    counter.confirm(viewer, entry, seen=form.text("seen"))
                case "withdrawn":
                    counter.withdraw(viewer, entry)
                case "again":
                    counter.again(viewer, entry)
                case "adopted":
                    counter.adopt(viewer, entry, cve_id=form.text("cve"))
        except (Conflict, Forbidden, Invalid, Unavailable) as error:
            return of_case(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see(f"/cases/{case}/cve?done={what}")
