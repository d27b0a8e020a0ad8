"""Advice: plans with their evidence, one page, who can reach an asset, exports, signed snapshots."""

from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import advice_wire, asking
from comity.api.advice_shapes import (
    ConfirmExposure,
    ExposureFacts,
    OnePageBody,
    PlanBody,
    ProposalBody,
    SnapshotBody,
    WordedBy,
)
from comity.api.asking import Ask
from comity.api.estate import reach
from comity.api.estate_shapes import AssetBody
from comity.api.wire import shaped
from comity.defend.desk_advice import Advice
from comity.defend.desk_attest import Attest
from comity.model.ids import AssetId


def routes(advice: Advice, attest: Attest) -> list[HTTPRouteHandler]:
    """The operations of advice."""

    @get(
        "/assets/{asset:str}/plan",
        opt={"action": Action.READ_ESTATE},
        operation_id="readPlan",
        sync_to_thread=True,
        summary="What to do about one asset",
        responses=asking.ERRORS,
    )
    def plan(request: Ask, asset: FromPath[str]) -> PlanBody:
        """Every sentence cites the records it stands on and was held against them. No model takes part."""
        return advice_wire.plan(advice.plan(asking.viewer_of(request), AssetId(asking.name(asset))))

    @post(
        "/assets/{asset:str}/plan",
        opt={"action": Action.READ_ESTATE},
        operation_id="wordPlan",
        status_code=200,
        sync_to_thread=True,
        summary="The same plan, worded by a model where its words hold",
        responses=asking.ERRORS,
    )
    def worded(request: Ask, asset: FromPath[str], data: JSONBody[WordedBy]) -> PlanBody:
        """While the register has the planner in use, or under a grant, which this spends; else `note` says why not."""
        viewer = asking.viewer_of(request)
        return advice_wire.plan(advice.plan(viewer, AssetId(asking.name(asset)), model=True, grant=data.grant))

    @get(
        "/assets/{asset:str}/one-page",
        opt={"action": Action.READ_ESTATE},
        operation_id="readOnePage",
        sync_to_thread=True,
        summary="One page for a small operator",
        responses=asking.ERRORS,
    )
    def one_page(request: Ask, asset: FromPath[str]) -> OnePageBody:
        """One action, by when, whom to ask; then the same facts as the analyst's list."""
        return advice_wire.one_page(advice.one_page(asking.viewer_of(request), AssetId(asking.name(asset))))

    @post(
        "/assets/{asset:str}/exposure-proposal",
        opt={"action": Action.READ_ESTATE},
        operation_id="proposeExposure",
        status_code=200,
        sync_to_thread=True,
        summary="Who can reach an asset, by rules over facts",
        responses=asking.ERRORS,
    )
    def propose(request: Ask, asset: FromPath[str], data: JSONBody[ExposureFacts]) -> ProposalBody:
        """Nothing is changed. Where the rules leave it open, a model may propose, if it is asked to and in use."""
        made = advice.propose_exposure(
            asking.viewer_of(request),
            AssetId(asking.name(asset)),
            advice_wire.facts(data.facts),
            model=data.model,
            grant=data.grant,
        )
        return advice_wire.proposal(made)

    @post(
        "/assets/{asset:str}/exposure-confirmation",
        opt={"action": Action.CONFIRM_EXPOSURE},
        operation_id="confirmExposure",
        status_code=200,
        sync_to_thread=True,
        summary="Take a proposal over as one's own word",
        responses=asking.ERRORS,
    )
    def confirm(request: Ask, asset: FromPath[str], data: JSONBody[ConfirmExposure]) -> AssetBody:
        """Due dates follow. 409 when the facts say nothing and nothing is said, or say otherwise."""
        saved = advice.confirm_exposure(
            asking.viewer_of(request),
            AssetId(asking.name(asset)),
            advice_wire.facts(data.facts),
            value=reach(data.value) if data.value else None,
        )
        return shaped(saved, AssetBody)

    @get(
        "/exports/{kind:str}",
        opt={"action": Action.READ_ESTATE},
        operation_id="downloadExport",
        sync_to_thread=True,
        summary="What leaves the house: plan of action, dashboard rows, reports, calendar, VEX",
        responses={200: asking.download("The file"), **asking.ERRORS},
    )
    def export(
        request: Ask,
        kind: FromPath[str],
        asset: Annotated[str, QueryParameter(name="asset", max_length=100, description="only this asset")] = "",
    ) -> Response[bytes]:
        """oscal, fedramp-poam, fedramp-vdr, cdm, ics, openvex, cyclonedx-vex or csaf-vex. `Left-Out` counts what
        the format has no place for.
        """
        only = AssetId(asking.name(asset)) if asset else None
        made = advice.export(asking.viewer_of(request), asking.name(kind), asset=only)
        answer = asking.inert(made.data, made.name, made.media_type)
        answer.headers["Left-Out"] = str(made.left_out)
        return answer

    @post(
        "/snapshots",
        opt={"action": Action.READ_ESTATE},
        operation_id="makeSnapshot",
        sync_to_thread=True,
        summary="A signed snapshot of all that the caller sees",
        responses=asking.ERRORS,
    )
    def snapshot(request: Ask) -> SnapshotBody:
        """Anybody computes it again, offline, with `comity snapshot verify` and this host's public key."""
        return advice_wire.snapshot(attest.make(asking.viewer_of(request)))

    return [plan, worded, one_page, propose, confirm, export, snapshot]
