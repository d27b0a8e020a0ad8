"""Look for a project's own words on how to reach it: fetch public files politely, keep what was looked for and found.

The fetch is made before any transaction is open, by the guarded reader of `feeds`: public addresses alone, decided on
the address that is connected to, robots.txt heard, size and time limited. The owner of a site sees that this host asked
for its security.txt; nothing of a case is in what is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.clearing import contacts
from comity.clearing.contacts import Place, Wanted
from comity.errors import Forbidden, Invalid, TooLarge, Unavailable
from comity.feeds.web import Fetched, Gone, Reader, Reserved
from comity.formats import cna_list
from comity.model.contact import Contact, Look, Origin
from comity.settings import Settings

PATIENCE: Final = timedelta(seconds=8)
"""For one file: a person waits for the page."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What was looked for, and what it proposes."""

    looks: tuple[Look, ...]
    contacts: tuple[Contact, ...]


def seek(settings: Settings, asked: Wanted, *, by: str, now: datetime) -> Sought:
    """Look in every place. What cannot be fetched is a look with that outcome, never an error.

    Invalid for an address that is none.
    """
    places = contacts.places(asked, private=settings.fetch_private)
    looks: list[Look] = []
    found: list[Contact] = []
    ended: set[str] = set()
    reader = Reader(
        now=now,
        private=settings.fetch_private,
        limit_bytes=contacts.MD_BYTES,
        patience=PATIENCE,
        contact=settings.public_url,
    )
    for place in places:
        if place.group in ended:
            continue
        proposals, outcome, over = _look(reader, place, now)
        looks.append(Look(at=now, by=by, origin=place.origin, address=place.address, outcome=outcome))
        found += proposals
        if over:
            ended.add(place.group)
    if asked.vendor:
        proposals, outcome = _in_list(settings, asked.vendor, now)
        looks.append(Look(at=now, by=by, origin=Origin.CNA_LIST, address=asked.vendor, outcome=outcome))
        found += proposals
    return Sought(tuple(looks), tuple(found))


def _look(reader: Reader, place: Place, now: datetime) -> tuple[tuple[Contact, ...], str, bool]:
    """Proposals, what came of it, and whether the rest of the group need not be looked for."""
    try:
        answer = reader.fetch(place.address)
    except (Forbidden, Unavailable) as error:  # of the host: its other files would fare no better now
        return (), f"not fetched: {error}", True
    except (Invalid, TooLarge) as error:
        return (), f"not fetched: {error}", False
    if isinstance(answer, Gone):
        return (), f"no such file ({answer.status})", False
    if isinstance(answer, Reserved):
        return (), f"not read: {'; '.join(answer.signals)}", False
    if not isinstance(answer, Fetched):
        return (), "not fetched: the host says that nothing changed, though nothing was known", False
    proposals, outcome = contacts.read(place, answer.content, final=answer.url, now=now)
    return proposals, outcome, bool(proposals)


def _in_list(settings: Settings, vendor: str, now: datetime) -> tuple[tuple[Contact, ...], str]:
    if settings.cna_list is None:
        return (), "no list of CNAs is here (COMITY_CNA_LIST)"
    try:
        if settings.cna_list.stat().st_size > cna_list.LIMITS.document_bytes:
            return (), "the list of CNAs is too large: look at COMITY_CNA_LIST"
        authorities, lost = cna_list.read(settings.cna_list.read_bytes())
    except OSError:
        return (), "the list of CNAs cannot be read: look at COMITY_CNA_LIST"
    except Invalid as error:
        return (), f"{error}: look at COMITY_CNA_LIST"
    proposals = contacts.listed(authorities, vendor, now=now)
    gaps = f", {lost} could not be read" if lost else ""
    return proposals, f"{len(authorities)} CNAs looked through{gaps}: {len(proposals)} ways to reach one of them"
