"""The signed list of a bundle of mirrors, and what it must be before anything of it is believed. Values only.

A bundle is refused whole when it is older than the newest one taken from its signer, when it is a delta on something
else than that one, when it is dated in the future, or when a feed of it is too old and nobody said that this is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
import rfc8785

from comity.errors import Conflict, Invalid, Problem
from comity.model.ids import Digest, digest
from comity.store import upstream
from comity.store.mirror_checks import TakenBundle

FORMAT: Final = "comity.mirrors.v1"
TYPE: Final = "application/vnd.comity.mirrors+json"
LIST: Final = "list.dsse.json"
FEEDS, RULES = "feeds", "rules"
MOST_FEEDS: Final = 500
MOST_RULES: Final = 500
LARGEST: Final = 4 * 1024 * 1024 * 1024
"""Bytes of one member."""
TOTAL: Final = 16 * 1024 * 1024 * 1024
AHEAD: Final = timedelta(hours=1)
"""How far two hosts' clocks may lie apart."""


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mirror as the exporting host held it. Not `carried`: the base of this delta holds these very bytes."""

    source: str
    form: str
    ecosystem: str
    sha256: str
    bytes: int
    as_of: datetime | None
    fetched_at: datetime
    confirmed_at: datetime | None
    limit_days: float
    """Past this age the exporting host assesses nothing by it."""
    carried: bool

    @property
    def known_at(self) -> datetime:
        """Since when nothing newer is known to the exporting host."""
        return upstream.current_as_of(self.source, self.as_of, self.confirmed_at) or self.fetched_at


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pack or table by which the exporting host decides, carried so that two hosts can see that they use the same."""

    name: str
    sha256: str
    bytes: int


class Listed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the signature covers. `number` grows from bundle to bundle of one host."""

    format: str
    number: int
    made_at: datetime
    host: str
    tool: str
    """Version of Comity that made it, whose matcher and readers it is meant for."""
    demo: bool
    base: str
    """Digest of the list that this delta stands on; "" for a full bundle."""
    feeds: tuple[Feed, ...]
    rules: tuple[Rule, ...]

    def encoded(self) -> bytes:
        """Canonical bytes (RFC 8785): equal lists, equal bytes."""
        return rfc8785.dumps(msgspec.to_builtins(self))

    @property
    def digest(self) -> Digest:
        """What a delta names as its base."""
        return digest(self.encoded())

    def members(self) -> dict[str, tuple[int, str]]:
        """Every file after the list, by name, with its size and SHA-256; in the order in which they are packed."""
        held = {f"{FEEDS}/{one.sha256}": (one.bytes, one.sha256) for one in self.feeds if one.carried}
        held |= {f"{RULES}/{one.name}": (one.bytes, one.sha256) for one in self.rules}
        return dict(sorted(held.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How old a feed may be here, and whether older ones were asked for in words."""

    age: timedelta
    stale_too: bool = False


def read(payload: bytes) -> Listed:
    """The list in a signed payload. Invalid for another one, and for one that would need too much room."""
    try:
        held = msgspec.json.decode(payload, type=Listed)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = f"this release reads {FORMAT}: if the bundle is of a newer form, import it with a newer release"
        raise Invalid("this is no list of a bundle", [Problem("", "unknown_format", reason)]) from error
    if held.format != FORMAT or held.encoded() != payload:
        reason = f"this release reads {FORMAT}, as a host writes it"
        raise Invalid("this is no list of a bundle", [Problem("/format", "unknown_format", reason)])
    sizes = [size for size, _ in held.members().values()]
    if (
        len(held.feeds) > MOST_FEEDS
        or len(held.rules) > MOST_RULES
        or any(not 0 <= size <= LARGEST for size in sizes)
        or sum(sizes) > TOTAL
    ):
        raise Invalid("too large", [Problem("/feeds", "document_too_large", "export fewer mirrors in one bundle")])
    if len({one.source for one in held.feeds}) != len(held.feeds):
        raise Invalid("this is no list of a bundle", [Problem("/feeds", "named_twice", "a source is named twice")])
    return held


def judge(listed: Listed, taken: TakenBundle | None, *, now: datetime, limits: Limits) -> None:
    """Return when the bundle may be taken in; else Conflict or Invalid, saying what to do."""
    if listed.made_at > now + AHEAD or any(one.known_at > now + AHEAD for one in listed.feeds):
        reason = "it is dated in this host's future: look at both clocks"
        raise Invalid("dated in the future", [Problem("/made_at", "future_date", reason)])
    if taken is not None and taken.digest == listed.digest:
        raise Conflict(f"this bundle was taken in already, on {taken.taken_at:%Y-%m-%d}")
    if taken is not None and listed.number <= taken.number:
        raise Conflict(
            f"this bundle is from {listed.made_at:%Y-%m-%d %H:%M} UTC, and one of {taken.made_at:%Y-%m-%d %H:%M} by "
            "the same host was taken in: a bundle never leads back"
        )
    if listed.base and (taken is None or taken.digest != listed.base):
        held = (
            f"the last one taken in is {taken.digest[:16]}" if taken is not None else "none of that host was taken in"
        )
        raise Conflict(f"this is a delta on the bundle {listed.base[:16]}, and {held}: bring the full bundle")
    too_old = tuple(_too_old(listed.feeds, now=now, age=limits.age))
    if too_old and not limits.stale_too:
        raise Invalid("feeds of this bundle are too old to be assessed by", too_old)


def _too_old(feeds: Sequence[Feed], *, now: datetime, age: timedelta) -> list[Problem]:
    found = []
    for place, one in enumerate(feeds):
        limit = min(age, timedelta(days=max(0.0, min(one.limit_days, 3650.0))))
        old = now - one.known_at
        if old > limit:
            reason = (
                f"{one.source} is {old.days} days old, and the limit is {limit.days}: bring a newer bundle, or give "
                "--stale-too to hold it all the same (it assesses nothing past its age)"
            )
            found.append(Problem(f"/feeds/{place}", "too_old", reason))
    return found
