"""Find assets, inventories and directives by words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from comity.access.policy import Action, may
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind
from comity.model.words import holds
from comity.store import directives, inventories, words
from comity.store.engine import Store, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateSearch:
    """Name, owner, part and kind of assets; names of inventories; titles of directives. Components are for a scan."""

    store: Store

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """What is of the viewer's organisation and domains, and directives that the viewer may read."""
        hits: list[Hit] = []
        with self.store.read() as tx:
            if may(viewer, Action.READ_ESTATE):
                hits += (
                    Hit(kind=Kind.ASSET, id=one.id, title=one.name, at=one.added_at, note=one.kind)
                    for one in inventories.find_assets(tx, viewer, wanted, most=EACH)
                )
                hits += islice(_inventories(tx, viewer, wanted), EACH)
            if may(viewer, Action.READ_DIRECTIVES):
                hits += islice(_directives(tx, viewer, wanted), EACH)
        return tuple(hits)

    def catch_up(self) -> None:
        """Index what was kept before there was an index."""
        words.build(self.store, "assets", inventories.searched)


def _inventories(tx: Tx, viewer: Viewer, wanted: Sequence[str]) -> Iterator[Hit]:
    def received(hit: Hit) -> datetime:
        return hit.at

    found = (
        Hit(kind=Kind.INVENTORY, id=one.id, title=one.name, at=one.received_at)
        for one in inventories.every(tx, viewer)
        if holds((one.id, one.name), wanted)
    )
    yield from sorted(found, key=received, reverse=True)


def _directives(tx: Tx, viewer: Viewer, wanted: Sequence[str]) -> Iterator[Hit]:
    for one in directives.every(tx, viewer):
        if holds((one.id, one.title, one.pack_id, one.organisation_name), wanted):
            yield Hit(kind=Kind.DIRECTIVE, id=one.id, title=one.title, at=one.begun_at, note=one.stage.value)
