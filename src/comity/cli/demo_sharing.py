"""Demo step 7, its end: the same advisory beside its files, as STIX objects over TAXII and in the feeds."""

import json
from collections import Counter
from collections.abc import Callable

from comity.app import Office
from comity.library.exchange import Filter
from comity.model.advisory import Advisory
from comity.model.party import ANONYMOUS, Viewer

Say = Callable[..., None]
EVERYTHING = Filter(versions=("all",))


def is_shared(office: Office, advisory: Advisory) -> bool:
    """Whether the event of the publication has reached the collection."""
    return str(advisory.id) in _names(office, ANONYMOUS)


def show(office: Office, coordinator: Viewer, advisories: tuple[Advisory, ...], say: Say) -> bool:
    """Say what a stranger and what somebody read in finds over TAXII, and that the feeds hold the same advisories."""
    public = _kinds(office, ANONYMOUS)
    closed = _kinds(office, coordinator) - public
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(public.items()))
    say(f"TAXII 2.1 at /taxii2/, collection advisories, for everybody: {told}", "green")
    more = ", ".join(f"{number} {kind}" for kind, number in sorted(closed.items())) or "nothing more"
    say(f"    for those read in to the cases also: {more} (TLP:AMBER+STRICT, decided object by object)", "dim")
    feed = json.loads(office.library.feed(ANONYMOUS, "advisories.json").data)
    in_feed = {item["_comity"]["id"] for item in feed["items"]}
    say(f"feeds (Atom, RSS, JSON Feed): {len(in_feed)} advisories, CLEAR only", "green")
    ids = {str(one.id) for one in advisories}
    return ids <= _names(office, ANONYMOUS) and ids <= in_feed and public["report"] == len(ids)


def _kinds(office: Office, viewer: Viewer) -> Counter[str]:
    found = office.exchange.objects(viewer, "advisories", EVERYTHING, limit=1000).objects
    return Counter(json.loads(data)["type"] for data in found)


def _names(office: Office, viewer: Viewer) -> set[str]:
    by = Filter(kinds=("report",), versions=("all",))
    found = office.exchange.objects(viewer, "advisories", by, limit=1000).objects
    return {json.loads(data)["external_references"][0]["external_id"] for data in found}
