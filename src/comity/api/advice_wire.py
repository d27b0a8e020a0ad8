"""Turn plans, pages, snapshots and the register of AI defence into the shapes of the API."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from comity.api import wire
from comity.api.advice_shapes import (
    CapabilityBody,
    ComparisonBody,
    CoverageBody,
    EnterAi,
    GrantBody,
    OnePageBody,
    PlanBody,
    ProposalBody,
    RecordBody,
    RegisterBody,
    RemedyLine,
    SentenceBody,
    SnapshotBody,
)
from comity.defend.desk_advice import OnePage, PlanView, Proposed
from comity.defend.desk_ai import Description, Register, Task
from comity.defend.desk_attest import Snapshot
from comity.errors import Invalid, Problem
from comity.model.capability import Capability, Comparison, Grant, Stage
from comity.model.ids import digest


def plan(view: PlanView) -> PlanBody:
    """A plan with every record."""
    return PlanBody(
        asset=view.asset.id,
        name=view.asset.name,
        at=wire.utc(view.plan.at),
        evidence_sha256=view.plan.evidence,
        worded_by=view.plan.worded_by or "template",
        note=view.plan.note,
        accepted_left_out=view.accepted,
        sentences=tuple(
            SentenceBody(kind=str(one.kind), about=one.about, text=one.text, cites=tuple(one.cites))
            for one in view.plan.sentences
        ),
        records={
            one.digest: RecordBody(
                kind=str(one.kind),
                facts=dict(one.facts),
                source=one.source,
                as_of=wire.utc(one.as_of) if one.as_of is not None else None,
                text=one.text,
            )
            for one in view.pack.records
        },
    )


def one_page(page: OnePage) -> OnePageBody:
    """One page."""
    return OnePageBody(
        asset=page.asset.id,
        name=page.asset.name,
        when=page.when,
        action=page.action,
        by=wire.utc(page.by) if page.by is not None else None,
        meanwhile=page.meanwhile,
        others=page.others,
        contact=page.contact,
        findings=tuple(wire.shaped(one, RemedyLine) for one in page.remedies),
    )


def facts(given: Sequence[Mapping[str, Any]]) -> bytes:
    """Facts of a request as the file they would be."""
    return msgspec.json.encode(given)


def proposal(made: Proposed) -> ProposalBody:
    """Who can reach an asset, as proposed."""
    found = made.proposal
    return ProposalBody(
        asset=made.asset.id,
        name=made.asset.name,
        value=found.value.value,
        confidence=found.likely.value,
        because=found.because,
        expires_at=wire.utc(found.expires_at) if found.expires_at is not None else None,
        open=found.is_open,
        by_model=made.by_model,
        note=made.note,
    )


def snapshot(made: Snapshot) -> SnapshotBody:
    """A signed snapshot with its bytes."""
    summary = wire.plain(made.summary)
    return SnapshotBody(name=made.name.lower(), sha256=digest(made.data), summary=summary, bundle=made.data)


def capability(one: Capability) -> CapabilityBody:
    """An entry."""
    return CapabilityBody(
        id=one.id,
        name=one.name,
        domain=one.domain.value,
        task=str(one.task),
        stage=str(one.stage),
        model=one.model,
        model_version=one.model_version,
        tool=one.tool,
        authority=one.authority,
        data=one.data,
        gate=one.gate,
        kill_switch=one.kill_switch,
        assets=one.assets,
        measured=_comparison(one.measured),
    )


def _comparison(held: Comparison | None) -> ComparisonBody | None:
    return None if held is None else wire.shaped(held, ComparisonBody)


def grant(one: Grant, *, key: str = "") -> GrantBody:
    """A grant; the key only in the answer that makes it."""
    return GrantBody(
        id=one.id,
        capability=one.capability,
        holder=one.holder,
        ends_at=wire.utc(one.ends_at),
        used=one.used,
        budget=one.budget,
        ended=one.revoked_at is not None,
        key=key,
    )


def register(held: Register) -> RegisterBody:
    """The whole register."""
    return RegisterBody(
        entries=tuple(capability(one) for one in held.entries),
        grants=tuple(grant(one) for one in held.grants),
        coverage=CoverageBody(
            assets=held.coverage.assets,
            covered=held.coverage.covered,
            median_days_covered=held.coverage.median_days_with,
            median_days_other=held.coverage.median_days_without,
        ),
        least_pairs=held.least_pairs,
    )


def described(data: EnterAi) -> Description:
    """What a request says of a tool from elsewhere."""
    return Description(
        name=data.name,
        task=Task.OTHER,
        model=data.model,
        model_version=data.model_version,
        tool=data.tool,
        authority=data.authority,
        data=tuple(data.data),
        gate=data.gate,
        kill_switch=data.kill_switch,
    )


def stage(text: str) -> Stage:
    """A stage by its word. Invalid for another word."""
    if text not in set(Stage):
        raise Invalid("no such stage", [Problem("/stage", "unknown_stage", f"one of {', '.join(Stage)}")])
    return Stage(text)
