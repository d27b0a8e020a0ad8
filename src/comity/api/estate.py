"""Inventories, assets and what reaches them; a scan that keeps nothing; the small operator's question."""

from datetime import date
from typing import Annotated, Final

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from comity.access.policy import Action
from comity.api import asking, estate_wire
from comity.api.asking import After, Ask, Limit
from comity.api.estate_shapes import (
    Accepted,
    AcceptRisk,
    AffectedBody,
    AskWatch,
    AssetBody,
    AssetChange,
    Assets,
    AssetTable,
    AssetView,
    EstateBody,
    Inventories,
    InventoryView,
    Kept,
    KeptClaims,
    KeptStatements,
    ScanBody,
    WatchAsked,
)
from comity.api.wire import shaped
from comity.defend.desk import Defend, Document
from comity.defend.desk_watch import Watches
from comity.errors import Invalid, Problem
from comity.formats.listings import table as tables
from comity.model.asset import Confidence, Domain, ExposureTag, Reach
from comity.model.ids import AssetId, InventoryId
from comity.model.party import Viewer
from comity.settings import Settings

LISTS: Final = ("application/json", "application/xml", "text/csv", "text/plain", "application/octet-stream")
WHAT: Final = (
    "One document as it stands: CycloneDX or SPDX, a package manager's list, a lock file, a CSV table, a VEX document, "
    "a scanner's export. The content says which; `file` is the name it has where it lies, which lock files need."
)
DomainName = Annotated[
    str, QueryParameter(name="domain", description="fceb, critical-infrastructure, other; nss, dow: own roles")
]
FileName = Annotated[str, QueryParameter(name="file", max_length=255, description="what the document is called")]
Release = Annotated[
    str, QueryParameter(name="release", max_length=80, description="distribution and release, such as Debian:12")
]
Columns = Annotated[
    str, QueryParameter(name="columns", max_length=500, description="CSV headings, such as name=Product,version=Ver")
]
Day = Annotated[date | None, QueryParameter(name="as_of", description="ask by what was known on an earlier day")]


def named(text: str) -> Domain:
    """A domain by its word. Invalid for another word."""
    try:
        return Domain(text)
    except ValueError as error:
        problem = Problem("/domain", "bad_value", f"must be one of: {', '.join(Domain)}")
        raise Invalid("no such domain", [problem]) from error


def reach(text: str) -> Reach:
    """An exposure by its word. Invalid for another word."""
    try:
        return Reach(text)
    except ValueError as error:
        problem = Problem("/exposure", "bad_value", f"must be one of: {', '.join(Reach)}")
        raise Invalid("no such exposure", [problem]) from error


def document(data: bytes, *, file: str, release: str = "", columns: str = "") -> Document:
    """Bytes with what the sender says about them."""
    return Document(name=file, data=data, release=release, columns=tables.mapping(columns) if columns else None)


def changed(desk: Defend, viewer: Viewer, asset: AssetId, data: AssetChange) -> AssetBody:
    """Change what is said of an asset, for every door."""
    tag = None
    if data.exposure:
        if not data.source.strip():
            reason = "say who says so, or how it is known"
            raise Invalid("an exposure has a source", [Problem("/source", "missing_field", reason)])
        tag = ExposureTag(
            value=reach(data.exposure),
            confidence=Confidence.CONFIRMED,
            source=data.source.strip()[:500],
            at=desk.machines.now(),
            expires_at=data.expires_at,
        )
    saved = desk.change_asset(viewer, asset, exposure=tag, planned_upgrade=data.planned_upgrade, retired=data.retired)
    return shaped(saved, AssetBody)


ASKED: Final = "If this address takes mail, a letter with a link is on its way: nothing happens before it is used."


def routes(desk: Defend, watches: Watches, settings: Settings) -> list[HTTPRouteHandler]:
    """The operations on what is run."""

    @get(
        "/inventories",
        opt={"action": Action.READ_ESTATE},
        operation_id="listInventories",
        sync_to_thread=True,
        summary="Inventories of one's own organisation and domain",
        responses=asking.ERRORS,
    )
    def inventories(request: Ask, after: After = "", limit: Limit = 50) -> Inventories:
        """Newest document first. What another domain keeps is not there."""
        return estate_wire.inventories(desk.inventories(asking.viewer_of(request), after=after, limit=limit))

    @post(
        "/inventories",
        opt={"action": Action.REGISTER},
        operation_id="registerInventory",
        operation_class=asking.raw_body(LISTS, WHAT),
        request_max_body_size=settings.inventory_limit_bytes,
        status_code=200,
        sync_to_thread=True,
        summary="Keep an inventory, a VEX document or a scanner's export",
        responses=asking.ERRORS,
    )
    def register(
        request: Ask,
        body: RawBody,
        name: Annotated[str, QueryParameter(name="name", max_length=200, description="the inventory's name")] = "",
        domain: DomainName = "other",
        file: FileName = "document",
        release: Release = "",
        columns: Columns = "",
    ) -> Kept | KeptStatements | KeptClaims:
        """Equal bytes change nothing; a newer document under the same name is its next state. 422 lists every place."""
        taken = document(body, file=file, release=release, columns=columns)
        return estate_wire.outcome(desk.register(asking.viewer_of(request), taken, name=name, domain=named(domain)))

    @get(
        "/inventories/{inventory:str}",
        opt={"action": Action.READ_ESTATE},
        operation_id="readInventory",
        sync_to_thread=True,
        summary="One inventory with its answers",
        responses=asking.ERRORS,
    )
    def inventory(request: Ask, inventory: FromPath[str]) -> InventoryView:
        """One answer for each component, with its reason and the age of the data."""
        view = desk.inventory(asking.viewer_of(request), InventoryId(asking.name(inventory)))
        return estate_wire.inventory_view(view, desk.machines.now())

    @post(
        "/scans",
        opt={"action": Action.READ_ESTATE},
        operation_id="scan",
        operation_class=asking.raw_body(LISTS, WHAT),
        request_max_body_size=settings.inventory_limit_bytes,
        status_code=200,
        sync_to_thread=True,
        summary="Answer a list without keeping it",
        responses=asking.ERRORS,
    )
    def scan(
        request: Ask,
        body: RawBody,
        file: FileName = "document",
        release: Release = "",
        columns: Columns = "",
        as_of: Day = None,
        exposure: Annotated[
            str, QueryParameter(name="exposure", description="public, internal or unknown: who can reach it")
        ] = "unknown",
    ) -> ScanBody:
        """By what this host's mirrors say. Read all four counts: only a `whole` answer may be called clean."""
        taken = document(body, file=file, release=release, columns=columns)
        found = desk.scan(asking.viewer_of(request), taken, day=as_of, reach=reach(exposure))
        return estate_wire.scan(found, desk.actions(found))

    @get(
        "/assets",
        opt={"action": Action.READ_ESTATE},
        operation_id="listAssets",
        sync_to_thread=True,
        summary="Assets, most pressing first",
        responses=asking.ERRORS,
    )
    def assets(
        request: Ask,
        find: Annotated[
            str, QueryParameter(name="find", max_length=200, description="only assets whose name holds this")
        ] = "",
        after: After = "",
        limit: Limit = 50,
    ) -> Assets:
        """Known to be exploited and public first, then by how much reaches them."""
        return estate_wire.assets(desk, asking.viewer_of(request), query=find, after=after, limit=limit)

    @post(
        "/assets",
        opt={"action": Action.REGISTER},
        operation_id="importAssets",
        operation_class=asking.raw_body(("text/csv",), "A CSV table of assets; docs/defend.md names the columns"),
        request_max_body_size=settings.inventory_limit_bytes,
        status_code=200,
        sync_to_thread=True,
        summary="Make or change assets by a table",
        responses=asking.ERRORS,
    )
    def table(request: Ask, body: RawBody, domain: DomainName = "other", columns: Columns = "") -> AssetTable:
        """All of it or nothing: 422 names every cell that cannot be read, by line."""
        chosen = tables.mapping(columns, tables.ASSET_FIELDS) if columns else None
        return estate_wire.table(
            desk.import_assets(asking.viewer_of(request), body, domain=named(domain), columns=chosen)
        )

    @get(
        "/assets/{asset:str}",
        opt={"action": Action.READ_ESTATE},
        operation_id="readAsset",
        sync_to_thread=True,
        summary="One asset and what reaches it",
        responses=asking.ERRORS,
    )
    def asset(request: Ask, asset: FromPath[str]) -> AssetView:
        """With every reason, what was accepted, what lapsed, and what scanners claim."""
        view = desk.asset(asking.viewer_of(request), AssetId(asking.name(asset)))
        return estate_wire.asset_view(view, desk.machines.now())

    @post(
        "/assets/{asset:str}",
        opt={"action": Action.REGISTER},
        operation_id="changeAsset",
        status_code=200,
        sync_to_thread=True,
        summary="Change what is said of an asset",
        responses=asking.ERRORS,
    )
    def change(request: Ask, asset: FromPath[str], data: JSONBody[AssetChange]) -> AssetBody:
        """Due dates follow. The statement before stays in the asset's history."""
        return changed(desk, asking.viewer_of(request), AssetId(asking.name(asset)), data)

    @post(
        "/assets/{asset:str}/acceptances",
        opt={"action": Action.ACCEPT_RISK},
        operation_id="acceptRisk",
        sync_to_thread=True,
        summary="Accept a risk for a time",
        responses=asking.ERRORS,
    )
    def accept(request: Ask, asset: FromPath[str], data: JSONBody[AcceptRisk]) -> Accepted:
        """Lapses, and says so, when the version, the reach or the KEV state changes, and at its end."""
        made = desk.accept(
            asking.viewer_of(request),
            AssetId(asking.name(asset)),
            data.vulnerability,
            reason=data.reason,
            expires_at=data.expires_at,
        )
        return estate_wire.accepted(made)

    @get(
        "/estate",
        opt={"action": Action.READ_ESTATE},
        operation_id="readEstate",
        sync_to_thread=True,
        summary="All that one's organisation runs, in counts",
        responses=asking.ERRORS,
    )
    def estate(request: Ask, as_of: Day = None) -> EstateBody:
        """Affected, not affected, unknown, not assessed; for how long; who can reach it. Now, or by earlier data."""
        return estate_wire.estate(desk.estate(asking.viewer_of(request), day=as_of))

    @get(
        "/affected",
        opt={"action": Action.ASK_AFFECTED},
        operation_id="askAffected",
        sync_to_thread=True,
        summary="Is this product affected?",
        responses=asking.ERRORS,
    )
    def affected(
        request: Ask,
        product: Annotated[str, QueryParameter(name="product", max_length=200, description="such as Product 1.2")],
    ) -> AffectedBody:
        """yes, no or cannot tell, from the product's name. Anybody may ask, and nothing of it is kept."""
        return estate_wire.affected(desk.affected(asking.viewer_of(request), product))

    @post(
        "/affected/watches",
        opt={"action": Action.ASK_AFFECTED},
        operation_id="askWatch",
        status_code=202,
        sync_to_thread=True,
        summary="Mail when the answer for a product changes",
        responses=asking.ERRORS,
    )
    def watch(request: Ask, data: JSONBody[AskWatch]) -> WatchAsked:
        """The address gets one letter to agree by, whoever asks; 503 on a host that sends no mail."""
        watches.ask(asking.viewer_of(request), data.address, data.product)
        return WatchAsked(outcome=ASKED)

    return [
        inventories, register, inventory, scan, assets, table, asset, change, accept, estate, affected, watch
    ]  # fmt: skip
