"""The IO of an estate: assets and inventories in counts, decoded once and kept while their state stays the same.

What a viewer sees is asked anew at every call; only the decoding of sealed rows is remembered, by id and state, within
one process and never across domains: a row that the query does not name is not looked up.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import Final

from comity.defend import answer, by_cpe, estate, flow_scan
from comity.defend.answer import Answering
from comity.defend.estate import Estate, Tally
from comity.defend.flow import Machines, kev
from comity.errors import Missing
from comity.model import signals
from comity.model.asset import Asset
from comity.model.ids import AssetId, InventoryId
from comity.model.party import Viewer
from comity.store import inventories, upstream
from comity.store.engine import Tx

KEPT_ASSETS: Final = 50_000
KEPT_TALLIES: Final = 5_000
KEPT_ESTATES: Final = 8
KEPT_FOR: Final = timedelta(minutes=1)
"""How long a whole estate is given again while no asset, matching or mirror of it changed, and no tag
ended: its ages are of its moment."""


@dataclass(slots=True)
class _Kept:
    """Decoded rows of one store, least recently used first."""

    lock: Lock = field(default_factory=Lock)
    assets: OrderedDict[AssetId, Asset] = field(default_factory=OrderedDict)
    tallies: OrderedDict[tuple[InventoryId, int, int, str], Tally] = field(default_factory=OrderedDict)
    estates: OrderedDict[tuple[object, ...], tuple[Estate, datetime]] = field(default_factory=OrderedDict)
    """By every asset and inventory in it, each with its state: whoever sees other rows asks under another name. Each
    with the moment from which it is made anew."""


_KEPT: dict[str, _Kept] = {}
_GUARD = Lock()


def of(machines: Machines, viewer: Viewer, *, now: datetime) -> Estate:
    """The estate that this viewer sees."""
    with machines.store.read() as tx:
        kept = _of_store(tx.store_id)
        with kept.lock:
            versions, named = inventories.asset_versions(tx, viewer), _named(tx, viewer)
            name = (*versions.items(), *named)
            held = kept.estates.get(name)
            if held is not None and held[0].at <= now < held[1]:
                kept.estates.move_to_end(name)
                return held[0]
            found, tallies = _assets(tx, kept, versions, viewer), _tallies(tx, kept, named, viewer)
    made = estate.of(found, tallies, now=now)
    ends = [one.exposure.expires_at for one in found if one.exposure.expires_at and one.exposure.expires_at > now]
    with kept.lock:
        kept.estates[name] = made, min([now + KEPT_FOR, *ends])
        while len(kept.estates) > KEPT_ESTATES:
            kept.estates.popitem(last=False)
    return made


def assets(tx: Tx, viewer: Viewer) -> list[Asset]:
    """The live assets that this viewer sees, in id order."""
    kept = _of_store(tx.store_id)
    with kept.lock:
        return _assets(tx, kept, inventories.asset_versions(tx, viewer), viewer)


def counted(tx: Tx, viewer: Viewer) -> dict[InventoryId, Tally]:
    """What each inventory that this viewer sees counts."""
    kept = _of_store(tx.store_id)
    with kept.lock:
        return _tallies(tx, kept, _named(tx, viewer), viewer)


def as_of(machines: Machines, viewer: Viewer, day: date) -> Estate:
    """The estate as it stands, answered by what was known at the end of an earlier day. Nothing is kept."""
    at = min(machines.now(), datetime.combine(day, time(23, 59, 59), tzinfo=UTC))
    with machines.store.read() as tx:
        found = assets(tx, viewer)
        numbers = inventories.numbers(tx, viewer)
        listed = {id_: inventories.contents(tx, id_, viewer, number=number) for id_, number in numbers.items()}
        named = by_cpe.keys(listed.values())
        known, _ = flow_scan.knowledge_at(tx, machines, answer.packages(listed.values()), at=at, cut=True, named=named)
        said = flow_scan.signals_at(tx, machines, at=at, cut=True)
    answering = Answering(known, now=at, max_age=machines.settings.feed_age)
    tallies = {
        id_: estate.tally(
            contents,
            answer.matched(
                id_, numbers[id_], contents, answering.contents(contents), feeds=known.feeds, at=at, before=None
            ),
            said.kev,
        )
        for id_, contents in listed.items()
    }
    return replace(estate.of(found, tallies, now=at), as_of=True)


def _of_store(id_: str) -> _Kept:
    with _GUARD:
        return _KEPT.setdefault(id_, _Kept())


def _assets(tx: Tx, kept: _Kept, versions: Mapping[AssetId, int], viewer: Viewer) -> list[Asset]:
    stale = [
        id_ for id_, version in versions.items() if (one := kept.assets.get(id_)) is None or one.version != version
    ]
    for asset in inventories.assets_of(tx, stale, viewer):
        kept.assets[asset.id] = asset
    found = []
    for id_ in versions:
        if id_ in kept.assets:
            kept.assets.move_to_end(id_)
            found.append(kept.assets[id_])
    while len(kept.assets) > KEPT_ASSETS:
        kept.assets.popitem(last=False)
    return found


def _named(tx: Tx, viewer: Viewer) -> list[tuple[InventoryId, int, int, str]]:
    """The inventories that this viewer sees, each with the state that its tally is kept under."""
    catalogue, sequences = _catalogue(tx), inventories.match_sequences(tx, viewer)
    return [(id_, number, sequences.get(id_, 0), catalogue) for id_, number in inventories.numbers(tx, viewer).items()]


def _tallies(
    tx: Tx, kept: _Kept, named: Sequence[tuple[InventoryId, int, int, str]], viewer: Viewer
) -> dict[InventoryId, Tally]:
    exploited: dict[str, date | None] | None = None
    found: dict[InventoryId, Tally] = {}
    for name in named:
        id_, number, _, _ = name
        if name not in kept.tallies:
            exploited = kev(tx) if exploited is None else exploited
            listed = inventories.contents(tx, id_, viewer, number=number)
            kept.tallies[name] = estate.tally(listed, inventories.match(tx, id_, viewer), exploited)
        kept.tallies.move_to_end(name)
        found[id_] = kept.tallies[name]
    while len(kept.tallies) > KEPT_TALLIES:
        kept.tallies.popitem(last=False)
    return found


def _catalogue(tx: Tx) -> str:
    """Which state of the catalogue of known exploited vulnerabilities is held; "" for none."""
    try:
        return upstream.mirror(tx, signals.KEV_SOURCE).digest
    except Missing:
        return ""
