"""The counter of the defender's desk: inventories, assets and what reaches them. Each call checks access first.

Which rows a caller then meets is decided in the store's queries: own organisation, own domain. A hidden thing and a
missing thing are the same `Missing`, whatever the call.
"""

from dataclasses import dataclass

from comity.access.policy import Action, allow
from comity.defend import flow
from comity.model.asset import Asset
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Contents, Exposure, Inventory, Matched
from comity.model.party import Viewer
from comity.store import inventories

__all__ = ["AssetView", "Defend", "InventoryPage", "InventoryView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPage:
    """Newest document first; `next` is the cursor of the next page or "" at the end."""

    rows: tuple[Inventory, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryView:
    """One inventory, what it lists, and the newest answers. `matched` None: it was never matched."""

    inventory: Inventory
    contents: Contents
    matched: Matched | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetView:
    """One asset, what reaches it, and every state it has had, oldest first."""

    asset: Asset
    exposures: tuple[Exposure, ...]
    history: tuple[Asset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defend:
    """The calls, on the flow's machines."""

    machines: flow.Machines

    def inventories(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> InventoryPage:
        """Inventories that this viewer may see, newest document first."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            page = inventories.page(tx, viewer, start=after or None, limit=limit)
        return InventoryPage(rows=page.items, next=page.next or "")

    def inventory(self, viewer: Viewer, id_: InventoryId) -> InventoryView:
        """One inventory with its contents and answers. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            return InventoryView(
                inventory=inventories.get(tx, id_, viewer),
                contents=inventories.contents(tx, id_, viewer),
                matched=inventories.match(tx, id_, viewer),
            )

    def asset(self, viewer: Viewer, id_: AssetId) -> AssetView:
        """One asset with what reaches it. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            asset = inventories.asset(tx, id_, viewer)
            return AssetView(
                asset=asset,
                exposures=tuple(flow.exposures(tx, asset, viewer, now=self.machines.now())),
                history=inventories.history(tx, id_, viewer),
            )
