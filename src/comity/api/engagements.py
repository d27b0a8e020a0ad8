"""Engagements: inviting an assessment, one engagement as the caller may see it, and every act of the table of acts."""

import base64
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import After, Ask, Limit
from comity.api.engagement_shapes import (
    ActBody,
    Claims,
    CountsBody,
    EngagementBody,
    Engagements,
    Export,
    Invitation,
    Invited,
    LedgerBody,
    Opening,
    Outcome,
    Papers,
    body_of,
    ledger_of,
    line_of,
)
from comity.assess.desk import ACTS, Assess
from comity.errors import Missing
from comity.model.ids import EngagementId
from comity.settings import Settings

FORM_LIMIT: Final = 16 * 1024 * 1024
"""A custodian's battery and a signed card are the largest things that are sent."""


def routes(assess: Assess, settings: Settings) -> list[HTTPRouteHandler]:
    """The operations on engagements."""

    @get(
        "/assessments",
        opt={"action": Action.READ_ASSESSING},
        operation_id="countAssessments",
        sync_to_thread=True,
        summary="How many assessments were under way and are over",
        responses=asking.ERRORS,
    )
    def counts(request: Ask) -> CountsBody:
        """Two numbers. How one came to be over is told nowhere: ended, lapsed and withdrawn are one."""
        held = assess.counts(asking.viewer_of(request))
        return CountsBody(under_way=held.under_way, over=held.over)

    @get(
        "/assessments/rules",
        opt={"action": Action.READ_ASSESSING},
        operation_id="checkAssessmentRules",
        sync_to_thread=True,
        summary="What the table of states and moves promises, checked now",
        responses=asking.ERRORS,
    )
    def rules(request: Ask) -> Claims:
        """The model check: walks every state, move and need, and says of each promise whether it holds."""
        found = assess.claims(asking.viewer_of(request))
        return Claims(claims=tuple({"sentence": c.sentence, "holds": c.holds, "broken": list(c.broken)} for c in found))

    @get(
        "/engagements",
        opt={"action": Action.READ_ENGAGEMENTS},
        operation_id="listEngagements",
        sync_to_thread=True,
        summary="The engagements that the caller has a part in",
        responses=asking.ERRORS,
    )
    def listed(request: Ask, after: After = "", limit: Limit = 50) -> Engagements:
        """Newest first."""
        rows, following = assess.page(asking.viewer_of(request), after=after, limit=limit)
        return Engagements(rows=tuple(line_of(row) for row in rows), next=following)

    @post(
        "/engagements",
        opt={"action": Action.INVITE},
        operation_id="inviteAssessment",
        sync_to_thread=True,
        summary="Invite an assessment",
        responses=asking.ERRORS,
    )
    def invite(request: Ask, data: JSONBody[Invitation]) -> Invited:
        """An enquiry without a model. Goes no further unless the developer wants; then a receipt is all that stays."""
        id_, receipt = assess.invite(
            asking.viewer_of(request),
            subject=data.subject,
            question=data.question,
            declaration=data.declaration,
            planned=data.planned_release,
        )
        return Invited(id=id_, receipt=base64.b64encode(receipt).decode(), url=f"{settings.address}/engagements/{id_}")

    @get(
        "/engagements/{engagement:str}",
        opt={"action": Action.READ_ENGAGEMENTS},
        operation_id="readEngagement",
        sync_to_thread=True,
        summary="One engagement as the caller may see it",
        responses=asking.ERRORS,
    )
    def one(request: Ask, engagement: FromPath[str]) -> EngagementBody:
        """Parts that the caller's seat does not see are not in the answer. The reading is written into the ledger."""
        return body_of(assess.view(asking.viewer_of(request), EngagementId(asking.name(engagement))))

    @post(
        "/engagements/{engagement:str}/acts/{act:str}",
        opt={"action": Action.ENGAGE},
        operation_id="act",
        status_code=200,
        request_max_body_size=FORM_LIMIT,
        sync_to_thread=True,
        summary="Do one act of the table of acts",
        responses=asking.ERRORS,
    )
    def act(request: Ask, engagement: FromPath[str], act: FromPath[str], data: JSONBody[ActBody]) -> Outcome:
        """`take`, or an act that `readEngagement` lists for the caller, with its fields as text."""
        wanted = asking.name(act)
        if wanted != "take" and wanted not in ACTS:
            raise Missing("there is no such act")
        told = assess.do(asking.viewer_of(request), EngagementId(asking.name(engagement)), wanted, data.values)
        return Outcome(outcome=told.sentence, state=told.engagement.state.value, secret=told.secret)

    @get(
        "/engagements/{engagement:str}/ledger",
        opt={"action": Action.READ_ENGAGEMENTS},
        operation_id="readAccessLedger",
        sync_to_thread=True,
        summary="Who looked at what, when and in which seat",
        responses=asking.ERRORS,
    )
    def ledger(request: Ask, engagement: FromPath[str]) -> LedgerBody:
        """Hash-chained and without content; checked before it is given. Stays when the evidence is erased."""
        return ledger_of(*assess.ledger(asking.viewer_of(request), EngagementId(asking.name(engagement))))

    @get(
        "/engagements/{engagement:str}/papers",
        opt={"action": Action.READ_ENGAGEMENTS},
        operation_id="readPapers",
        sync_to_thread=True,
        summary="The host's signed statements about who signed what",
        responses=asking.ERRORS,
    )
    def papers(request: Ask, engagement: FromPath[str]) -> Papers:
        """Each is a DSSE envelope, base64: check it offline with `comity verify FILE`."""
        found = assess.papers(asking.viewer_of(request), EngagementId(asking.name(engagement)))
        return Papers(papers={name: base64.b64encode(data).decode() for name, data in found})

    @post(
        "/engagements/{engagement:str}/exports",
        opt={"action": Action.ENGAGE},
        operation_id="exportCopy",
        status_code=200,
        sync_to_thread=True,
        summary="Take out a copy of the card, or of its released sections, after two persons agreed",
        responses=asking.ERRORS,
    )
    def export(request: Ask, engagement: FromPath[str], data: JSONBody[Export]) -> dict[str, Any]:
        """Two persons agree to `export anything` on `card for LOGIN` or `released for LOGIN`, used once.

        The file, base64, carries the caller's mark in a signed wrapper; `comity assess recompute` opens it.
        """
        id_ = EngagementId(asking.name(engagement))
        return {"file": base64.b64encode(assess.export(asking.viewer_of(request), id_, data.what)).decode()}

    @post(
        "/engagements/{engagement:str}/openings",
        opt={"action": Action.ENGAGE},
        operation_id="openLeaf",
        status_code=200,
        sync_to_thread=True,
        summary="Open one sealed leaf, after two persons agreed",
        responses=asking.ERRORS,
    )
    def opening(request: Ask, engagement: FromPath[str], data: JSONBody[Opening]) -> dict[str, Any]:
        """The leaf with its salt and its way to the root that was journalled before anything ran."""
        return assess.reveal(asking.viewer_of(request), EngagementId(asking.name(engagement)), data.leaf)

    @get(
        "/engagements/{engagement:str}/receipt",
        opt={"action": Action.READ_ENGAGEMENTS},
        operation_id="downloadErasureReceipt",
        sync_to_thread=True,
        summary="The signed erasure receipt",
        responses={200: asking.download("A DSSE envelope with an in-toto statement"), **asking.ERRORS},
    )
    def receipt(request: Ask, engagement: FromPath[str]) -> Response[bytes]:
        """Check it offline with `comity verify FILE`."""
        id_ = EngagementId(asking.name(engagement))
        return asking.inert(assess.receipt(asking.viewer_of(request), id_), f"{id_}.erasure.dsse.json")

    return [counts, rules, listed, invite, one, act, ledger, papers, export, opening, receipt]
