"""Turn what the defender's desk says about inventories, assets and scans into the shapes of the API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from comity.api import wire
from comity.api.estate_shapes import (
    AcceptanceBody,
    Accepted,
    AffectedBody,
    AssetRow,
    Assets,
    AssetTable,
    AssetView,
    BurnPoint,
    ComponentAnswer,
    EstateBody,
    FoundBody,
    HitBody,
    Inventories,
    InventoryBody,
    InventoryView,
    Kept,
    KeptClaims,
    KeptStatements,
    ReasonBody,
    ScanBody,
    SourceBody,
    ToDo,
    WeaknessBody,
)
from comity.defend import desk
from comity.defend.desk import ClaimsTaken, Outcome, Registered, StatementsTaken
from comity.errors import Invalid, Problem
from comity.model.asset import Asset
from comity.model.inventory import Acceptance, Answer, Answered, Component, Inventory


def inventory(one: Inventory) -> InventoryBody:
    """One line of the list."""
    return wire.shaped(one, InventoryBody)


def inventories(page: desk.InventoryPage) -> Inventories:
    """A page."""
    return Inventories(rows=tuple(inventory(one) for one in page.rows), next=page.next)


def inventory_view(view: desk.InventoryView, at: datetime) -> InventoryView:
    """One inventory with its answers."""
    answers = view.matched.answers if view.matched is not None else ()
    counts = counted(answers)
    if view.matched is None:
        counts[Answer.NOT_ASSESSED.value] = len(view.contents.components)
    return InventoryView(
        **_fields(view.inventory),
        at=wire.utc(at),
        assets=tuple(view.assets),
        matched_at=wire.utc(view.matched.at) if view.matched is not None else None,
        counts=counts,
        answers=tuple(_answer(view.contents.components[one.place], one) for one in answers),
    )


def outcome(taken: Outcome) -> Kept | KeptStatements | KeptClaims:
    """What became of a document."""
    match taken:
        case Registered():
            return Kept(
                **_fields(taken.inventory),
                counts=counted(taken.matched.answers if taken.matched is not None else ()),
                notes=taken.notes,
                statements=taken.statements,
                unresolved=taken.unresolved,
                new=taken.is_new,
                same=taken.same,
            )
        case StatementsTaken():
            return KeptStatements(new=taken.new, unresolved=taken.unresolved)
        case ClaimsTaken():
            return KeptClaims(scanner=taken.scanner, claims=taken.claims, notes=taken.notes, same=taken.same)


def asset_row(one: desk.AssetLine) -> AssetRow:
    """One asset in counts."""
    return AssetRow(
        id=one.asset.id,
        name=one.asset.name,
        domain=one.asset.domain.value,
        exposure=one.reach.value,
        counts=_plain(one.counts),
        vulnerabilities=one.affected,
        known_exploited=one.kev,
        planned_upgrade=one.asset.planned_upgrade,
    )


def assets(ask: desk.Defend, viewer: Any, *, query: str = "", after: str = "", limit: int = 50) -> Assets:
    """A page of assets, for every door. Invalid for a cursor that no page gave."""
    start = place(after)
    found = ask.assets(viewer, query=query, after=start, limit=limit + 1)
    more = str(start + limit) if len(found) > limit else ""
    return Assets(rows=tuple(asset_row(one) for one in found[:limit]), next=more)


def place(after: str) -> int:
    """A cursor that counts rows. Invalid for anything else."""
    if not after:
        return 0
    if not after.isascii() or not after.isdigit() or len(after) > 9:
        raise Invalid("no such page", [Problem("/after", "bad_cursor", "give `next` of the page before, unchanged")])
    return int(after)


def table(made: Sequence[Asset]) -> AssetTable:
    """What a table of assets made."""
    return AssetTable(kept=len(made), ids=tuple(one.id for one in made))


def asset_view(view: desk.AssetView, at: datetime) -> AssetView:
    """One asset and what reaches it."""
    held: dict[str, Any] = wire.plain(view)
    held["claims"] = [{"scanner": scanner, **wire.plain(claim)} for scanner, claim in view.claims]
    return wire.converted(held | {"at": wire.plain(at), "reach": view.asset.exposure.reach(at).value}, AssetView)


def accepted(made: Sequence[Acceptance]) -> Accepted:
    """Acceptances as they stand."""
    return Accepted(acceptances=tuple(wire.shaped(one, AcceptanceBody) for one in made))


def estate(held: desk.Estate, *, first: int = 10) -> EstateBody:
    """The whole in counts."""
    return EstateBody(
        at=wire.utc(held.at),
        as_of=held.as_of,
        assets=held.assets,
        inventories=held.inventories,
        counts=_plain(held.counts),
        vulnerabilities=held.vulnerabilities,
        known_exploited=held.kev,
        stale=held.stale,
        stale_known_exploited=held.stale_kev,
        exposure=_plain(held.reach),
        environments=_plain(held.environments),
        domains=_plain(held.domains),
        oldest=wire.utc(held.oldest) if held.oldest is not None else None,
        unlisted=held.unlisted,
        without_planned_upgrade=held.no_upgrade,
        ageing=dict(held.ageing),
        burn=tuple(BurnPoint(at=wire.utc(at), open=number) for at, number in held.burn),
        first=tuple(asset_row(one) for one in held.lines[:first]),
    )


def scan(found: desk.Scan, todo: Iterable[desk.Todo]) -> ScanBody:
    """What a scan found."""
    return ScanBody(
        subject=found.contents.subject,
        format=found.contents.format,
        at=wire.utc(found.at),
        as_of=found.as_of,
        counts=_plain(found.counts),
        whole=found.whole,
        exposure=found.reach.value,
        tiers=dict(found.tiers),
        notes=found.contents.notes,
        sources=tuple(_source(one) for one in found.sources),
        missing=found.missing,
        unpublished=found.unpublished,
        reasons=tuple(ReasonBody(answer=a.value, reason=r, components=n) for a, r, n in found.reasons),
        actions=tuple(
            ToDo(
                component=one.component.purl or f"{one.component.name} {one.component.version}",
                name=one.component.name,
                version=one.component.version,
                to=one.to,
                settles=tuple(one.vulnerabilities),
                known_exploited=one.in_kev,
            )
            for one in todo
        ),
        findings=tuple(
            FoundBody(
                vulnerability=one.vulnerability,
                advisories=one.advisories,
                component=one.component.name,
                version=one.component.version,
                purl=one.component.purl,
                place=one.component.place,
                answer=one.answer.value,
                reason=one.rule,
                fixed=one.fixed,
                in_kev=one.in_kev,
                automatable=one.automatable,
                technical_impact=one.impact,
                tier=one.tier,
                vex=one.vex,
            )
            for one in found.found
        ),
        components=tuple(_answer(found.contents.components[one.place], one) for one in found.answers),
    )


def affected(reply: desk.Reply) -> AffectedBody:
    """The answer to a small operator."""
    return AffectedBody(
        answer=reply.word.value,
        sentence=reply.sentence,
        product=reply.product,
        version=reply.question.version,
        do=reply.urgency.value,
        action=reply.action,
        mitigation=reply.mitigation,
        plan_by=reply.due,
        kev_due=reply.kev_due or None,
        choices=reply.choices,
        sharpen=reply.sharpen,
        stale=reply.stale,
        weaknesses=tuple(
            WeaknessBody(
                id=one.name,
                title=one.title,
                reached=one.reached,
                why=one.why,
                in_kev=one.in_kev,
                source=one.source,
            )
            for one in reply.weaknesses
        ),
        sources=tuple(_source(one) for one in reply.sources),
    )


def counted(answers: Iterable[Answered]) -> dict[str, int]:
    """All four answers with their numbers."""
    found = {one.value: 0 for one in Answer}
    for one in answers:
        found[one.answer.value] += 1
    return found


def _fields(one: Inventory) -> dict[str, Any]:
    return msgspec.structs.asdict(inventory(one))


def _answer(component: Component, one: Answered) -> ComponentAnswer:
    return ComponentAnswer(
        name=component.name,
        version=component.version,
        purl=component.purl,
        identity=component.identity.value,
        answer=one.answer.value,
        reason=one.reason,
        source=one.source,
        as_of=wire.utc(one.as_of) if one.as_of is not None else None,
        hits=tuple(
            HitBody(
                advisory=hit.advisory,
                vulnerability=hit.vulnerability,
                rule=hit.rule,
                certain=hit.certain,
                found_at=wire.utc(hit.found_at) if hit.found_at is not None else None,
            )
            for hit in one.hits
        ),
    )


def _source(one: desk.Source) -> SourceBody:
    return SourceBody(
        name=one.name, as_of=wire.utc(one.as_of) if one.as_of is not None else None, stale=one.stale, cut=one.cut
    )


def _plain(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): number for name, number in counts.items()}
