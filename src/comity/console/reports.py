"""Reporting a finding, and what became of one's reports."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk import Accepted, Checked, Clearing, Document
from comity.clearing.desk_capacity import ASSUMES, Capacity
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, digest_named, named
from comity.errors import Problem
from comity.model.ids import ReportId
from comity.settings import Settings

ROOM = 64 * 1024
"""Bytes that the rest of the form may take beside the documents."""


def add(paths: Paths, clearing: Clearing, capacity: Capacity, settings: Settings) -> None:
    """The pages of whoever submits."""

    def asking(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        limits = {"limit_bytes": settings.body_limit_bytes, "batch_limit": settings.batch_limit}
        return page(request, "clearing/submit.html", status=status, problems=problems, **limits)

    @paths.show("/report", Action.SUBMIT)
    def submit_page(request: Ask) -> Response[Any]:
        return asking(request)

    @paths.take("/report", Action.SUBMIT, limit_bytes=settings.body_limit_bytes + ROOM)
    def submit(request: Ask, form: Form) -> Response[Any]:
        documents = [Document(name=upload.name or "file", data=upload.data) for upload in form.uploads("file")]
        pasted = form.text("pasted").strip()
        if pasted:
            documents.append(Document(name="pasted text", data=pasted.encode()))
        if not documents:
            nothing = Problem("/file", "empty", "choose a file or paste a report")
            return asking(request, status=422, problems=(nothing,))
        is_dry = form.text("dry_run") == "yes"
        answers = clearing.submit(caller_of(request).viewer, documents, dry_run=is_dry)
        taken = any(isinstance(answer, Accepted | Checked) for answer in answers)
        return page(request, "clearing/answers.html", status=200 if taken else 422, answers=answers, is_dry=is_dry)

    @paths.show("/reports", Action.READ_OWN_REPORTS)
    def listed(request: Ask) -> Response[Any]:
        rows, following = clearing.reports(caller_of(request).viewer, after=asked(request, "after"))
        return page(request, "clearing/reports.html", rows=rows, following=following)

    @paths.show("/reports/{report:str}", Action.READ_OWN_REPORTS)
    def one(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        row = clearing.report(viewer, ReportId(named(request, "report")))
        is_own = row.report.organisation == viewer.organisation
        standings = capacity.standing(viewer, row.report.id) if is_own else ()
        return page(
            request,
            "clearing/report.html",
            row=row,
            report=row.report,
            is_own=is_own,
            standings=standings,
            assumes=ASSUMES,
        )

    @paths.show("/reports/{report:str}/attachments/{sha256:str}", Action.READ_OWN_REPORTS)
    def attachment(request: Ask) -> Response[Any]:
        wanted = digest_named(request, "sha256")
        _, data = clearing.attachment(caller_of(request).viewer, ReportId(named(request, "report")), wanted)
        return download(data, f"{wanted}.bin")
