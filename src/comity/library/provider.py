"""The CSAF provider: published advisories under the names, folders, feeds and signatures that CSAF readers expect.

Every call asks the store as its viewer, so a level's folder holds what this viewer may see of it and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Missing, Unauthenticated
from comity.formats import csaf_provider
from comity.formats.csaf import file_name
from comity.formats.csaf_provider import About, Entry
from comity.formats.times import EPOCH
from comity.library.counter import Download
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId, digest
from comity.model.party import Viewer
from comity.sealing.openpgp import OpenPgp
from comity.store import published
from comity.store.engine import Store

FRESH: Final = timedelta(days=90)
"""How long a reader may rely on `security.txt`."""
JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Provider:
    """The counter. Threads share it. `signer` gives the OpenPGP key, None where the host has no such library."""

    store: Store
    address: str
    publisher: str
    namespace: str
    contact: str
    listed: bool
    signer: Callable[[], OpenPgp | None]
    now: Callable[[], datetime]
    _white: tuple[str, dict[str, Entry]] = ("", {})
    """The open folder's entries by path, with the state of the shelf that they were made of."""

    def metadata(self, viewer: Viewer) -> Download:
        """The provider's metadata."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        newest = max((one.updated for one in self._entries(viewer, "white").values()), default=EPOCH)
        return _made("provider-metadata.json", JSON, csaf_provider.metadata(self._about(), updated=newest))

    def security_txt(self, viewer: Viewer) -> Download:
        """Whom to tell, and where the metadata is."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        ends = (self.now() + FRESH).replace(hour=0, minute=0, second=0, microsecond=0)
        data = csaf_provider.security_txt(self._about(), contact=self.contact, expires=ends)
        return _made("security.txt", TEXT, data)

    def key(self, viewer: Viewer, name: str) -> Download:
        """The public OpenPGP key. Missing for any other name."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        held = self.signer()
        if held is None or name != f"{held.fingerprint}.asc":
            raise Missing(f"there is no key {name}")
        return _made(name, "application/pgp-keys", held.public)

    def folder(self, viewer: Viewer, level: str) -> tuple[Entry, ...]:
        """What this viewer may see of a level, for a listing. Unauthenticated for a stranger at a closed level."""
        self._may(viewer, level)
        return tuple(self._entries(viewer, level).values())

    def listing(self, viewer: Viewer, level: str, name: str) -> Download:
        """`index.txt`, `changes.csv` or the ROLIE feed of a level. Missing for any other name."""
        entries = self.folder(viewer, level)
        newest = max((one.updated for one in entries), default=EPOCH)
        match name:
            case "index.txt":
                return _made(name, TEXT, csaf_provider.index(entries))
            case "changes.csv":
                return _made(name, "text/csv; charset=utf-8", csaf_provider.changes(entries))
            case _ if name == f"csaf-feed-tlp-{level}.json":
                return _made(name, JSON, csaf_provider.feed(self._about(), level, entries, updated=newest))
        raise Missing(f"there is no {name} at this level")

    def document(self, viewer: Viewer, level: str, year: str, name: str) -> Download:
        """A document, or its hash or signature by suffix. Missing for what this viewer does not see at that place."""
        self._may(viewer, level)
        stem, suffix = name, ""
        for one in (*csaf_provider.HASHES, ".asc"):
            if name.endswith(one):
                stem, suffix = name.removesuffix(one), one
        entry = self._entries(viewer, level).get(f"{year}/{stem}")
        if entry is None:
            raise Missing(f"there is no {name} at this place")
        with self.store.read() as tx:
            file = published.file(tx, AdvisoryId(entry.id), stem, viewer)
        if not suffix:
            return Download(name=file.name, media_type=JSON, data=file.data, digest=file.digest)
        if suffix != ".asc":
            return _made(name, TEXT, csaf_provider.hash_file(suffix, file.data, stem))
        signer = self.signer()
        if signer is None:
            raise Missing("this host signs with no OpenPGP key")
        return _made(name, "application/pgp-signature", signer.sign(file.data))

    def _may(self, viewer: Viewer, level: str) -> None:
        policy.allow(viewer, Action.READ_PUBLISHED)
        if level not in csaf_provider.LABELS:
            raise Missing(f"there is no level {level}")
        if level in csaf_provider.CLOSED and not viewer.person:
            raise Unauthenticated("this level is for people and tools that sign in")

    def _entries(self, viewer: Viewer, level: str) -> dict[str, Entry]:
        with self.store.read() as tx:
            state = published.newest(tx)
            if level == "white" and self._white[0] == state:
                return self._white[1]
            found = (
                _entry(one) for one in published.every(tx, viewer) if csaf_provider.FOLDERS[one.handling.tlp] == level
            )
            entries = {one.path: one for one in found}
        if level == "white":
            self._white = (state, entries)
        return entries

    def _about(self) -> About:
        signer = self.signer()
        return About(
            base=self.address,
            publisher=self.publisher,
            namespace=self.namespace,
            fingerprint="" if signer is None else signer.fingerprint,
            listed=self.listed,
        )


def _entry(advisory: Advisory) -> Entry:
    published_at = advisory.published_at or advisory.modified_at
    return Entry(
        id=advisory.id,
        title=advisory.title,
        summary=advisory.summary,
        path=f"{published_at:%Y}/{file_name(advisory.id)}",
        published=published_at,
        updated=advisory.modified_at,
    )


def _made(name: str, media_type: str, data: bytes) -> Download:
    return Download(name=name, media_type=media_type, data=data, digest=digest(data))
