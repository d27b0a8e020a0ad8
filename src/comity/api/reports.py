"""Reports: hand findings in, follow a receipt, read one's own."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter, RawBody

from comity.access.failures import Failure
from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import After, Ask, Limit
from comity.api.problems import response
from comity.api.shapes import ReceiptStatus, ReportBody, Reports, Submitted
from comity.clearing.desk import Accepted, Answer, Clearing, Document, Refused
from comity.errors import Forbidden, Invalid, Missing, Problem, Unauthenticated
from comity.model.ids import Digest, ReportId
from comity.model.party import Viewer
from comity.settings import Settings

ENVELOPE: Final = "application/vnd.comity.documents+json"
TAKEN: Final = (
    "application/json",
    "application/sarif+json",
    "application/csaf+json",
    "application/osv+json",
    "application/vnd.comity.report+json",
    ENVELOPE,
)
"""Content types that the contract names. Any other `application/...+json` is taken too and read by its content."""

WHAT: Final = (
    "One document as it stands (SARIF, OSV, CSAF, the TAP report or Comity's own report; the content says which), or, "
    f"as {ENVELOPE}, several: `documents[]` of `name`, `media_type` and base64 `data`. Safe to resend: equal bytes "
    "from one organisation get the receipt of before, with `repeat` true."
)


class Enclosed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One document of an envelope; `data` is base64."""

    name: str
    data: bytes
    media_type: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several documents in one request, answered one by one."""

    documents: list[Enclosed]


def routes(clearing: Clearing, settings: Settings) -> list[HTTPRouteHandler]:
    """The operations on reports."""

    @post(
        "/reports",
        opt={"action": Action.SUBMIT},
        operation_id="submitReports",
        operation_class=asking.raw_body(TAKEN, WHAT),
        request_max_body_size=settings.body_limit_bytes,
        status_code=202,
        sync_to_thread=True,
        summary="Hand in one or several findings",
        responses={200: asking.success(Submitted, "A dry run: nothing was stored"), **asking.ERRORS},
    )
    def submit(
        request: Ask,
        body: RawBody,
        dry_run: Annotated[bool, QueryParameter(name="dry_run", description="check only, store nothing")] = False,
        file_name: Annotated[
            str, QueryParameter(name="name", max_length=255, description="what the sender calls the document")
        ] = "document",
    ) -> Response[Any]:
        """Take documents in: one answer for each finding. 422 when nothing could be taken, with every reason."""
        documents = _documents(request, body, file_name, settings.batch_limit)
        answers = clearing.submit(asking.viewer_of(request), documents, dry_run=dry_run)
        if answers and all(isinstance(one, Refused) for one in answers):
            return _refusal(answers)
        accepted = [one for one in answers if isinstance(one, Accepted)]
        headers = {}
        if len(accepted) == 1:
            headers["Link"] = f'</api/v1/submissions/{accepted[0].receipt}>; rel="monitor"'
        return Response(wire.submitted(answers), status_code=200 if dry_run else 202, headers=headers)

    @get(
        "/submissions/{receipt:str}",
        opt={"action": Action.FOLLOW_RECEIPT},
        operation_id="followReceipt",
        sync_to_thread=True,
        summary="What became of a receipt",
        responses=asking.ERRORS,
    )
    def follow(request: Ask, receipt: FromPath[str]) -> ReceiptStatus:
        """A receipt is a capability: whoever holds it may ask. It says queued, processing or done, and no more.

        With a token of the organisation that sent it, `detail` says what deconfliction and validation made of it.
        """
        return followed(clearing, asking.viewer_of(request), asking.name(receipt))

    @get(
        "/reports",
        opt={"action": Action.READ_OWN_REPORTS},
        operation_id="listReports",
        sync_to_thread=True,
        summary="Reports of one's own organisation",
        responses=asking.ERRORS,
    )
    def listed(request: Ask, after: After = "", limit: Limit = 50) -> Reports:
        """Newest first. A coordinator sees every report that read-in does not withhold."""
        viewer = asking.viewer_of(request)
        rows, following = clearing.reports(viewer, after=after, limit=limit)
        own = viewer.organisation
        return Reports(
            rows=tuple(wire.report(row, is_own=row.report.organisation == own) for row in rows), next=following
        )

    @get(
        "/reports/{report:str}",
        opt={"action": Action.READ_OWN_REPORTS},
        operation_id="readReport",
        sync_to_thread=True,
        summary="One report",
        responses=asking.ERRORS,
    )
    def one(request: Ask, report: FromPath[str]) -> ReportBody:
        """With what deconfliction said of it, and nothing of any other party's text."""
        viewer = asking.viewer_of(request)
        row = clearing.report(viewer, ReportId(asking.name(report)))
        return wire.report(row, is_own=row.report.organisation == viewer.organisation)

    @get(
        "/reports/{report:str}/attachments/{sha256:str}",
        opt={"action": Action.READ_OWN_REPORTS},
        operation_id="downloadAttachment",
        sync_to_thread=True,
        summary="The bytes of an attachment",
        responses={200: asking.download("The bytes, inert"), **asking.ERRORS},
    )
    def attachment(request: Ask, report: FromPath[str], sha256: FromPath[str]) -> Response[bytes]:
        """Always as a download of unknown type: it may be an exploit."""
        wanted = Digest(asking.digest_name(sha256))
        _, data = clearing.attachment(asking.viewer_of(request), ReportId(asking.name(report)), wanted)
        return asking.inert(data, f"{wanted}.bin")

    return [submit, follow, listed, one, attachment]


def followed(clearing: Clearing, viewer: Viewer, receipt: str) -> ReceiptStatus:
    """The status of a receipt, with the detail for its own organisation."""
    status = clearing.status(receipt)
    try:
        detail = clearing.detail(viewer, status.receipt)
    except (Missing, Forbidden, Unauthenticated):
        return wire.receipt_status(status)
    return wire.receipt_status(status, detail)


def _documents(request: Ask, body: bytes, file_name: str, limit: int) -> list[Document]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == ENVELOPE:
        try:
            envelope = msgspec.json.decode(body, type=Envelope)
        except msgspec.DecodeError as error:
            raise Invalid("the envelope cannot be read", [Problem("", "bad_envelope", _reason(error))]) from error
        if not 1 <= len(envelope.documents) <= limit:
            reason = f"send 1 to {limit} documents at once"
            raise Invalid("the envelope holds too few or too many", [Problem("/documents", "too_many_items", reason)])
        return [Document(name=d.name[:255], data=d.data, media_type=d.media_type) for d in envelope.documents]
    if kind == "application/json":
        return [Document(name=file_name, data=body)]
    if kind.startswith("application/") and kind.endswith("+json"):
        return [Document(name=file_name, data=body, media_type=kind)]
    raise asking.unsupported_type()


def _reason(error: msgspec.DecodeError) -> str:
    """msgspec's sentence for a broken shape names types and places; for broken JSON only that it is broken."""
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    return "not one JSON document"


def _refusal(answers: tuple[Answer, ...]) -> Response[bytes]:
    refused = [one for one in answers if isinstance(one, Refused)]
    problems = tuple(
        Problem((f"/documents/{number}" if len(refused) > 1 else "") + p.pointer, p.code, p.reason)
        for number, one in enumerate(refused)
        for p in one.problems
    )
    detail = "every document breaks its contract: mend what is listed and send it again; nothing was stored"
    return response(Failure(status=422, detail=detail, problems=problems))
