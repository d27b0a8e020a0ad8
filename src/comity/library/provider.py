"""The CSAF provider: published advisories under the names, folders, feeds and signatures that CSAF readers expect.

Every call asks the store as its viewer, so a level's folder holds what this viewer may see of it and nothing else. Both
versions are served, each as an edition of its own; one of 2.1 holds the advisories that were published in 2.1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Missing, Unauthenticated
from comity.formats import csaf_provider
from comity.formats.csaf import file_name
from comity.formats.csaf_provider import FIRST, About, Edition, Entry
from comity.formats.times import EPOCH
from comity.library.counter import Download
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId, digest
from comity.model.party import ANONYMOUS, Viewer
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
    _open: dict[str, tuple[str, dict[str, Entry]]] = field(default_factory=dict)
    """Each version's open folder: its entries by path, with the state of the shelf that they were made of."""

    def metadata(self, viewer: Viewer, edition: Edition = FIRST) -> Download:
        """The provider's metadata: the same for everybody."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        newest = max(
            (one.updated for one in self._entries(ANONYMOUS, edition, edition.open_level).values()), default=EPOCH
        )
        return _made(csaf_provider.METADATA, JSON, csaf_provider.metadata(self._about(), edition, updated=newest))

    def service(self, viewer: Viewer, edition: Edition = FIRST) -> Download:
        """The ROLIE service document."""
        policy.allow(viewer, Action.READ_PUBLISHED)
        return _made(csaf_provider.SERVICE, JSON, csaf_provider.service(self._about(), edition))

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

    def folder(self, viewer: Viewer, level: str, edition: Edition = FIRST) -> tuple[Entry, ...]:
        """What this viewer may see of a level, for a listing. Unauthenticated for a stranger at a closed level."""
        self._may(viewer, edition, level)
        return tuple(self._entries(viewer, edition, level).values())

    def names(self, level: str) -> tuple[str, ...]:
        """What lies at a level beside its documents."""
        return ("index.txt", "changes.csv", csaf_provider.feed_name(level), csaf_provider.CATEGORIES)

    def listing(self, viewer: Viewer, level: str, name: str, edition: Edition = FIRST) -> Download:
        """`index.txt`, `changes.csv`, the ROLIE feed or the categories of a level. Missing for any other name."""
        entries = self.folder(viewer, level, edition)
        newest = max((one.updated for one in entries), default=EPOCH)
        match name:
            case "index.txt":
                return _made(name, TEXT, csaf_provider.index(entries))
            case "changes.csv":
                return _made(name, "text/csv; charset=utf-8", csaf_provider.changes(edition, entries))
            case csaf_provider.CATEGORIES:
                return _made(name, JSON, csaf_provider.categories(self._about(), entries))
            case _ if name == csaf_provider.feed_name(level):
                return _made(name, JSON, csaf_provider.feed(self._about(), edition, level, entries, updated=newest))
        raise Missing(f"there is no {name} at this level")

    def document(self, viewer: Viewer, level: str, year: str, name: str, edition: Edition = FIRST) -> Download:
        """A document, or its hash or signature by suffix. Missing for what this viewer does not see at that place."""
        self._may(viewer, edition, level)
        stem, suffix = name, ""
        for one in (*csaf_provider.HASHES, ".asc"):
            if name.endswith(one):
                stem, suffix = name.removesuffix(one), one
        entry = self._entries(viewer, edition, level).get(f"{year}/{stem}")
        if entry is None:
            raise Missing(f"there is no {name} at this place")
        with self.store.read() as tx:
            held = stem.removesuffix(".json") + edition.dialect.suffix
            file = published.file(tx, AdvisoryId(entry.id), held, viewer)
        if not suffix:
            return Download(name=stem, media_type=JSON, data=file.data, digest=file.digest)
        if suffix != ".asc":
            return _made(name, TEXT, csaf_provider.hash_file(suffix, file.data, stem))
        signer = self.signer()
        if signer is None:
            raise Missing("this host signs with no OpenPGP key")
        return _made(name, "application/pgp-signature", signer.sign(file.data))

    def _may(self, viewer: Viewer, edition: Edition, level: str) -> None:
        policy.allow(viewer, Action.READ_PUBLISHED)
        if level not in edition.levels:
            raise Missing(f"there is no level {level}")
        if level != edition.open_level and not viewer.person:
            raise Unauthenticated("this level is for people and tools that sign in")

    def _entries(self, viewer: Viewer, edition: Edition, level: str) -> dict[str, Entry]:
        is_open = level == edition.open_level
        with self.store.read() as tx:
            state = published.newest(tx)
            held = self._open.get(edition.version)
            if is_open and held is not None and held[0] == state:
                return held[1]
            ours = None if edition is FIRST else published.with_file(tx, edition.dialect.suffix)
            found = (
                _entry(one)
                for one in published.every(tx, viewer)
                if edition.folders[one.handling.tlp] == level and (ours is None or one.id in ours)
            )
            entries = {one.path: one for one in found}
        if is_open:
            self._open[edition.version] = (state, entries)
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
        products=tuple(dict.fromkeys(one.purl or one.name for one in advisory.affected if one.purl or one.name)),
    )


def _made(name: str, media_type: str, data: bytes) -> Download:
    return Download(name=name, media_type=media_type, data=data, digest=digest(data))
