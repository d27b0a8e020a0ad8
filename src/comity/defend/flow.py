"""What happens to inventories and assets: the only file of this desk, with `flow_*`, that does IO and reads the clock.

Registering, matching and re-matching commit their change and its journal entry in one transaction. Events carry ids and
counts only: no name of an asset, no package, no vulnerability, since every desk reads the journal.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from comity.defend import expose, flow_kept
from comity.defend.expose import Said
from comity.model import signals
from comity.model.advisory import Advisory
from comity.model.asset import FLOW_NAME, Asset, Domain
from comity.model.ids import PartyId
from comity.model.inventory import Exposure
from comity.model.party import ANONYMOUS, Viewer, system
from comity.settings import Settings
from comity.store import inventories, mirrored, published, upstream
from comity.store.engine import Store, Tx

FLOW = system(FLOW_NAME)
"""On whose behalf the flow reads: it alone meets inventories of every domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What this desk works with, handed over by `app`. `now` is the one clock."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]


def exposures(
    tx: Tx,
    asset: Asset,
    viewer: Viewer,
    *,
    now: datetime,
    gone: bool = False,
) -> Iterator[Exposure]:
    """Everything that reaches one asset; with `gone` also what reached it once."""
    said = said_of(tx, asset.organisation, asset.domain, viewer)
    read = {runs.inventory: flow_kept.newest(tx, runs.inventory, viewer) for runs in asset.runs}
    held = {inventory: one for inventory, one in read.items() if one is not None}
    yield from expose.exposures(asset, held, said, now=now, gone=gone)


def said_of(tx: Tx, organisation: PartyId, domain: Domain, viewer: Viewer) -> Said:
    """What was said for one owner and domain: VEX statements, acceptances, and which weaknesses are in KEV."""
    return expose.said(
        (one for owner, where, one in inventories.vex(tx, viewer) if (owner, where) == (organisation, domain)),
        (one for one in inventories.accepted(tx, viewer) if (one.organisation, one.domain) == (organisation, domain)),
        kev(tx),
    )


def advisories(tx: Tx, names: Iterable[str]) -> tuple[Advisory, ...]:
    """Mirrored advisories that bear one of these ids or aliases, and this host's own that everybody may read."""
    wanted = tuple(dict.fromkeys(names))
    found = {advisory.id: advisory for _, advisory in mirrored.named(tx, wanted)}
    found |= {one.id: one for one in published.named(tx, "alias", wanted, ANONYMOUS)}
    return tuple(found.values())


def kev(tx: Tx) -> dict[str, date | None]:
    """CVE -> the day it entered CISA's catalogue, as mirrored. Empty when the catalogue was never fetched."""
    return {
        subject: date.fromisoformat(value) if value else None
        for subject, value in upstream.values(tx, signals.KEV_SOURCE, signals.KEV_ADDED)
    }
