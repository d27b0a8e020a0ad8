"""Cases: the queue, one case with its evidence, and the decisions that people take on it."""

from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import After, Ask, Limit
from comity.api.shapes import Approve, CaseBody, Cases, Close, Keep, Outcome, Previews
from comity.clearing.desk import Clearing
from comity.errors import Invalid, Problem
from comity.model.case import Closing, Stage
from comity.model.ids import CaseId, Digest, is_digest

REASONS: Final = {closing.name.lower().replace("_", "-"): closing for closing in Closing}
"""What a caller writes -> why a case is closed."""


def routes(clearing: Clearing) -> list[HTTPRouteHandler]:
    """The operations on cases."""

    @get(
        "/cases",
        opt={"action": Action.READ_CASES},
        operation_id="listCases",
        sync_to_thread=True,
        summary="The queue",
        responses=asking.ERRORS,
    )
    def listed(
        request: Ask,
        stage: Annotated[Stage | None, QueryParameter(name="stage", description="only cases that stand here")] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Cases:
        """Newest first, without totals: a count may tell too much."""
        page = clearing.cases(asking.viewer_of(request), stage=stage, after=after, limit=limit)
        return Cases(rows=tuple(wire.case_line(row) for row in page.rows), next=page.next)

    @get(
        "/cases/{case:str}",
        opt={"action": Action.READ_CASES},
        operation_id="readCase",
        sync_to_thread=True,
        summary="One case with its evidence",
        responses=asking.ERRORS,
    )
    def one(request: Ask, case: FromPath[str]) -> CaseBody:
        """Reports, verdicts with tallies, history, and what stands between the case and publication."""
        return wire.case_body(clearing.case(asking.viewer_of(request), CaseId(asking.name(case))))

    @get(
        "/cases/{case:str}/preview",
        opt={"action": Action.READ_CASES},
        operation_id="previewAdvisory",
        sync_to_thread=True,
        summary="The draft in every format",
        responses=asking.ERRORS,
    )
    def preview(request: Ask, case: FromPath[str]) -> Previews:
        """As it would be published, with what each format's own check finds wrong."""
        found = clearing.preview(asking.viewer_of(request), CaseId(asking.name(case)))
        return Previews(renderings=tuple(wire.preview(rendering) for rendering in found))

    @get(
        "/cases/{case:str}/statements/{sha256:str}",
        opt={"action": Action.READ_CASES},
        operation_id="downloadStatement",
        sync_to_thread=True,
        summary="The signed statement of a validation",
        responses={200: asking.download("A DSSE envelope with an in-toto statement"), **asking.ERRORS},
    )
    def statement(request: Ask, case: FromPath[str], sha256: FromPath[str]) -> Response[bytes]:
        """Check it offline with `comity verify FILE`."""
        wanted = Digest(asking.digest_name(sha256))
        data = clearing.statement(asking.viewer_of(request), CaseId(asking.name(case)), wanted)
        return asking.inert(data, f"{wanted}.dsse.json")

    @post(
        "/cases/{case:str}/approvals",
        opt={"action": Action.APPROVE},
        operation_id="approveDraft",
        sync_to_thread=True,
        summary="Approve exactly one draft",
        responses=asking.ERRORS,
    )
    def approve(request: Ask, case: FromPath[str], data: JSONBody[Approve]) -> dict[str, Any]:
        """Adds this person's approval. 409 when the draft has changed since: read it again, then decide."""
        if not is_digest(data.draft_sha256):
            problem = Problem("/draft_sha256", "bad_digest", "64 lower-case hex characters")
            raise Invalid("the draft is named by its SHA-256", [problem])
        viewer = asking.viewer_of(request)
        held = clearing.approve(viewer, CaseId(asking.name(case)), Digest(data.draft_sha256))
        return _fields(wire.plain(held))

    @post(
        "/cases/{case:str}/kept",
        opt={"action": Action.APPROVE},
        operation_id="keepPersonalInformation",
        status_code=200,
        sync_to_thread=True,
        summary="Give the reason for which personal information stays",
        responses=asking.ERRORS,
    )
    def keep(request: Ask, case: FromPath[str], data: JSONBody[Keep]) -> dict[str, Any]:
        """A draft with personal information that nobody gave a reason for is not approved (6 USC 1503(d)(2))."""
        viewer = asking.viewer_of(request)
        return _fields(wire.plain(clearing.keep_personal(viewer, CaseId(asking.name(case)), data.text, data.reason)))

    @post(
        "/cases/{case:str}/publication",
        opt={"action": Action.PUBLISH},
        operation_id="publishAdvisory",
        status_code=200,
        sync_to_thread=True,
        summary="Release an approved case",
        responses=asking.ERRORS,
    )
    def publish(request: Ask, case: FromPath[str]) -> Outcome:
        """Published now, or by the durable clock when the embargo ends; the answer says which."""
        return Outcome(outcome=clearing.publish(asking.viewer_of(request), CaseId(asking.name(case))))

    @post(
        "/cases/{case:str}/closing",
        opt={"action": Action.CLOSE},
        operation_id="closeCase",
        status_code=200,
        sync_to_thread=True,
        summary="Close a case for a listed reason",
        responses=asking.ERRORS,
    )
    def close(request: Ask, case: FromPath[str], data: JSONBody[Close]) -> dict[str, Any]:
        """Nothing leaves the closed state: a new fact opens a linked case."""
        reason = REASONS.get(data.reason)
        if reason is None:
            problem = Problem("/reason", "unknown_reason", f"one of {', '.join(REASONS)}")
            raise Invalid("this is no reason to close a case", [problem])
        return _fields(wire.plain(clearing.close(asking.viewer_of(request), CaseId(asking.name(case)), reason)))

    return [listed, one, preview, statement, approve, keep, publish, close]


def _fields(value: Any) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value
