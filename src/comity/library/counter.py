"""Published advisories, the order pack and the check of signed files: read-only calls for every door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Missing
from comity.formats import news
from comity.formats.times import EPOCH
from comity.formats.vex_supplier import edition_of
from comity.model.advisory import Advisory
from comity.model.canary import canary
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId, Digest, digest
from comity.model.order import Order
from comity.model.party import Viewer
from comity.model.sharing import HOST
from comity.sealing.seal import SUFFIX
from comity.store import parties, published, shares
from comity.store.engine import Store

FEED: Final = 100
"""Entries of a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One download of an advisory. `seal` names the file beside it that holds its seal, "" when there is none."""

    name: str
    media_type: str
    digest: Digest
    size_bytes: int
    seal: str = ""
    is_seal: bool = False
    has_lapsed: bool = False
    """An edition of a maintainer's VEX that a later one superseded: it stays, and says nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryView:
    """A published advisory with its downloads."""

    advisory: Advisory
    files: tuple[FileRow, ...]
    mark: str = ""
    """What stands on a restricted page: for whom it was made, and letters that tell this copy apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryPage:
    """Newest first; `next` is the cursor of the next page or "" at the end."""

    rows: tuple[Advisory, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Exactly the bytes that were sealed."""

    name: str
    media_type: str
    data: bytes
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A signed file holds: what it is, in one sentence, and the facts it states, for people.

    `is_demo` says that a demo key signed it: a script agreed to it, no person did.
    """

    sentence: str
    facts: tuple[tuple[str, str], ...] = ()
    is_demo: bool = False


Check: TypeAlias = Callable[[bytes, bytes | None], Verification]
"""`check(document, seal)`; `seal` is None when the document carries its own signature.

Raises `Tampered` naming what broke, and `Invalid` for what is no signed file at all."""


@dataclass(slots=True, kw_only=True)
class Library:
    """The counter. Threads share it."""

    store: Store
    order_pack: Callable[[], Order]
    check: Check
    now: Callable[[], datetime]
    publisher: str = ""
    address: str = ""
    """The host's own name and address, as feeds name them."""
    _feeds: dict[str, tuple[str, Download]] = field(default_factory=dict)
    """The last feed of each name, with the state of the shelf that it was made of."""

    def advisories(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> AdvisoryPage:
        """Published advisories that this viewer may see, newest first."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        with self.store.read() as tx:
            page = published.page(tx, viewer, start=after or None, limit=limit)
        return AdvisoryPage(rows=page.items, next=page.next or "")

    def advisory(self, viewer: Viewer, id_: AdvisoryId) -> AdvisoryView:
        """One advisory with its downloads. Missing when there is none for this viewer."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        with self.store.read() as tx:
            advisory = published.get(tx, id_, viewer)
            files = published.files(tx, id_, viewer)
        mark = self._seen(viewer, advisory, "read the advisory")
        names = {file.name for file in files}
        latest: dict[int, int] = {}
        for place, number in filter(None, map(edition_of, names)):
            latest[place] = max(number, latest.get(place, 0))
        rows = tuple(
            FileRow(
                name=file.name,
                media_type=file.media_type,
                digest=file.digest,
                size_bytes=len(file.data),
                seal=file.name + SUFFIX if file.name + SUFFIX in names else "",
                is_seal=file.name.endswith(SUFFIX),
                has_lapsed=_has_lapsed(file.name, latest),
            )
            for file in files
        )
        return AdvisoryView(advisory=advisory, files=rows, mark=mark)

    def file(self, viewer: Viewer, id_: AdvisoryId, name: str) -> Download:
        """One download. Missing when there is none for this viewer."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        with self.store.read() as tx:
            advisory = published.get(tx, id_, viewer)
            file = published.file(tx, id_, name, viewer)
        self._seen(viewer, advisory, "took a file of the advisory")
        return Download(name=file.name, media_type=file.media_type, data=file.data, digest=file.digest)

    def _seen(self, viewer: Viewer, advisory: Advisory, what: str) -> str:
        """Note who looked at what is not public, and give the mark of their copy; "" for what is CLEAR.

        The exact bytes of a file are sealed, so a mark stands on pages and not in files.
        """
        if advisory.handling.tlp is Tlp.CLEAR or viewer.is_system:
            return ""
        with self.store.write() as tx:
            at = self.now()
            shares.looked(tx, owner=HOST, subject=advisory.id, person=viewer.person, what=what, at=at)
            name = parties.person(tx, viewer.person).name
        letters = canary(self.store.master.derive("watermark"), viewer.person, advisory.id)
        return f"{advisory.handling.tlp.label}. Shown to {name} on {at:%Y-%m-%d %H:%M} UTC. Mark {letters}."

    def feed(self, viewer: Viewer, name: str) -> Download:
        """One feed of the public advisories that changed last, with tombstones. Missing for any other name.

        A feed is the same for everybody: it holds what is CLEAR, whoever asks.
        """
        policy.allow(viewer, Action.READ_PUBLISHED)
        if name not in news.TYPES:
            raise Missing(f"there is no feed {name}")
        with self.store.read() as tx:
            state = published.newest(tx)
            held = self._feeds.get(name)
            if held is not None and held[0] == state:
                return held[1]
            found = published.changed(tx, limit=FEED)
        updated = max((one.modified_at for one in found), default=EPOCH)
        channel = news.Channel(publisher=self.publisher, address=self.address, updated=updated)
        data = news.render(name, channel, found)
        made = Download(name=name, media_type=news.TYPES[name], data=data, digest=digest(data))
        self._feeds[name] = (state, made)
        return made

    def order(self, viewer: Viewer) -> Order:
        """The order pack: each clause, whom it binds, what is known, and what here serves it."""
        policy.allow(viewer, Action.READ_ORDER)
        return self.order_pack()

    def verify(self, viewer: Viewer, document: bytes, seal: bytes | None = None) -> Verification:
        """Check a signed file. Nothing of it is kept."""
        policy.allow(viewer, Action.VERIFY_DOCUMENT)
        return self.check(document, seal)


def _has_lapsed(name: str, latest: Mapping[int, int]) -> bool:
    edition = edition_of(name)
    return edition is not None and edition[1] < latest[edition[0]]
