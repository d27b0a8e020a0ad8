"""The access ledger of one engagement: who looked at what, in which seat, why and when. It never says what they saw.

Each entry holds the hash of the one before it, from a beginning that names the engagement. The ledger stays when the
evidence is erased, since there is no content in it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

import rfc8785

from comity.errors import Tampered
from comity.model.ids import EngagementId

WHY_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One access. `parts` names the parts of the record that were shown or changed, never their content."""

    place: int
    at: datetime
    person: str
    seat: str
    what: str
    why: str
    parts: tuple[str, ...]
    previous: str
    hash: str


def beginning(engagement: EngagementId) -> str:
    """What the first entry names as its predecessor."""
    return hashlib.sha256(f"comity access ledger v1\n{engagement}".encode()).hexdigest()


def next_entry(
    last: Entry | None,
    engagement: EngagementId,
    *,
    at: datetime,
    person: str,
    seat: str,
    what: str,
    why: str,
    parts: Sequence[str],
) -> Entry:
    """The entry that follows `last`. `why` is cut to 200 characters: it is a reason, not a text."""
    plain = "".join(c for c in why if c.isprintable())[:WHY_LIMIT]
    draft = Entry(
        place=1 if last is None else last.place + 1,
        at=at,
        person=person,
        seat=seat,
        what=what,
        why=plain,
        parts=tuple(parts),
        previous=beginning(engagement) if last is None else last.hash,
        hash="",
    )
    return replace(draft, hash=entry_hash(draft))


def entry_hash(entry: Entry) -> str:
    """SHA-256 over the entry's canonical bytes (RFC 8785), which hold the hash of the entry before it."""
    held = asdict(entry)
    held.pop("hash")
    held["at"] = entry.at.isoformat()
    held["parts"] = list(entry.parts)
    return hashlib.sha256(b"comity access entry v1\n" + rfc8785.dumps(held)).hexdigest()


def verify(entries: Sequence[Entry], engagement: EngagementId) -> str:
    """Return the head of a whole ledger. Tampered names the first entry that does not fit."""
    previous = beginning(engagement)
    for place, entry in enumerate(entries, 1):
        if entry.place != place or entry.previous != previous or entry.hash != entry_hash(entry):
            raise Tampered(f"the access ledger of {engagement} breaks at entry {place}")
        previous = entry.hash
    return previous
