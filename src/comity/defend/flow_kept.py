"""What inventories list and what was matched, decoded once: a state and a matching never change once they are kept.

Whether this viewer sees the inventory, and which matching is its newest, is asked at every call; only the decoding of
sealed rows is remembered, by inventory and matching, within one process.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from comity.model.ids import InventoryId
from comity.model.inventory import Contents, Matched
from comity.model.party import Viewer
from comity.store import inventories
from comity.store.engine import Tx

KEPT_COMPONENTS: Final = 100_000
"""Components of all that is remembered."""


@dataclass(slots=True)
class _Kept:
    """Least recently used first."""

    lock: Lock = field(default_factory=Lock)
    read: OrderedDict[tuple[str, InventoryId, int], tuple[Contents, Matched]] = field(default_factory=OrderedDict)
    components: int = 0


_KEPT: Final = _Kept()


def newest(tx: Tx, id_: InventoryId, viewer: Viewer) -> tuple[Contents, Matched] | None:
    """The newest matching of an inventory with the contents that it is about; None before the first. Missing for an
    inventory that this viewer does not see.
    """
    sequence = inventories.match_sequence(tx, id_, viewer)
    if sequence is None:
        return None
    name = (tx.store_id, id_, sequence)
    with _KEPT.lock:
        held = _KEPT.read.get(name)
        if held is not None:
            _KEPT.read.move_to_end(name)
            return held
    matched = inventories.match(tx, id_, viewer)
    if matched is None:
        return None
    found = (inventories.contents(tx, id_, viewer, number=matched.number), matched)
    with _KEPT.lock:
        if name not in _KEPT.read:
            _KEPT.read[name] = found
            _KEPT.components += len(found[0].components)
        while _KEPT.components > KEPT_COMPONENTS:
            _KEPT.components -= len(_KEPT.read.popitem(last=False)[1][0].components)
    return found
