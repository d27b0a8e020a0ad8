"""Carry mirrors to a host without a network: one signed archive out, checked and taken in feed by feed.

Out: (1) every mirror whose bytes are kept, with its dates as they are here; of a delta only what its base has not
     (2) the rules by which this host decides, and its version
     (3) one signed list over size and digest of each, first in the archive
In:  (1) the list's signature, by a key that somebody brought by hand
     (2) the list against what was taken before (`bundle_list.judge`): no way back, no wrong base, nothing too old
     (3) every member against the list: its name, its size before a byte is written, its digest after
     (4) only then each feed, by the way of every mirror; a feed that fails leaves what was held, and says so
Dates travel along: a feed is as old behind the gap as it was before it.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import BinaryIO, Final

from comity import __version__
from comity.admin import bundle_list, mirrors
from comity.admin.bundle_list import FEEDS, LIST, RULES, TYPE, Feed, Limits, Listed, Rule
from comity.admin.mirrors import Expected, Mirror
from comity.errors import ComityError, Conflict, Invalid, Missing, Tampered
from comity.feeds.kept import Kept
from comity.feeds.sources import CSAF
from comity.formats import ustar
from comity.formats.upstream_form import Form, form_of
from comity.model.ids import Digest, digest
from comity.sealing import dsse
from comity.sealing.keys import PublicKey, SigningKey
from comity.store import mirror_checks, mirrored
from comity.store.engine import Store
from comity.store.mirror_checks import TakenBundle

CHUNK: Final = 1024 * 1024
FOLDERS: Final = ("directives", "tables")
OTHER: Final = "rules-of-bundles"
"""Folder, beside the kept bytes, of rules that are not those of this release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went into a bundle. `left_out` are mirrors whose bytes this machine does not keep."""

    listed: Listed
    digest: Digest
    bytes: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What became of one feed: taken, confirmed, kept (what is held here is as new or newer), or failed."""

    source: str
    did: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What became of a bundle. `rules` names those that are not the ones of this release."""

    listed: Listed
    key: PublicKey
    fed: tuple[Fed, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """A host's side of bundles. `limit` is the age past which it assesses nothing; `age` what it takes in."""

    store: Store
    kept: Kept
    limit: timedelta
    age: timedelta

    def export(self, target: Path, key: SigningKey, *, at: datetime, host: str, base: Path | None = None) -> Exported:
        """Write a bundle to a new file. Conflict when the file is there, or there is nothing to carry.

        `base`: a bundle of this host; the new one is a delta on it. Tampered when that one is not this host's.
        """
        if target.exists():
            raise Conflict(f"{target.name} is there already: name a new file")
        before = self.look(base, [key.public])[0] if base is not None else None
        carried_before = {(one.source, one.sha256) for one in before.feeds} if before is not None else set()
        feeds, left_out = [], []
        for mirror in mirrors.held(self.store):
            data = self.kept.get(mirror.digest)
            if data is None:
                left_out.append(mirror.source)
                continue
            feeds.append(self._feed(mirror, data, carried=(mirror.source, mirror.digest) not in carried_before))
        if not feeds:
            raise Conflict("no mirror's bytes are kept here: fetch them, or bring the files again, then export")
        rules = shipped_rules()
        listed = Listed(
            format=bundle_list.FORMAT,
            number=int(at.timestamp() * 1000),
            made_at=at,
            host=host,
            tool=__version__,
            demo=key.public.demo,
            base=before.digest if before is not None else "",
            feeds=tuple(feeds),
            rules=tuple(Rule(name=name, sha256=digest(data), bytes=len(data)) for name, data in sorted(rules.items())),
        )
        self._write(target, listed, key, rules)
        return Exported(listed=listed, digest=listed.digest, bytes=target.stat().st_size, left_out=tuple(left_out))

    def look(self, source: Path, trusted: Sequence[PublicKey]) -> tuple[Listed, PublicKey]:
        """The signed list of a bundle, and whose key signed it. Tampered by the step that failed."""
        with _opened(source) as file:
            return _list_of(file, trusted)

    def take(
        self, source: Path, trusted: Sequence[PublicKey], *, at: datetime, stale_too: bool = False, actor: str = ""
    ) -> Took:
        """Take a bundle in. Tampered, Conflict or Invalid before anything of it counts; then feed by feed."""
        self.kept.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _opened(source) as file, tempfile.TemporaryDirectory(dir=self.kept.folder, prefix=".bundle-") as scratch:
            listed, key = _list_of(file, trusted)  # (1)
            with self.store.read() as tx:
                before = mirror_checks.taken(tx, key.id)
            bundle_list.judge(listed, before, now=at, limits=Limits(age=self.age, stale_too=stale_too))  # (2)
            place = Path(scratch)
            _unpacked(file, listed.members(), place)  # (3)
            fed = tuple(self._taken(one, place, at=at, actor=actor) for one in listed.feeds)  # (4)
            other = self._rules(listed, place)
        if not any(one.did == "failed" for one in fed):
            with self.store.write() as tx:
                mirror_checks.take(
                    tx,
                    TakenBundle(
                        key_id=key.id, digest=listed.digest, number=listed.number, made_at=listed.made_at, taken_at=at
                    ),
                )
        return Took(listed=listed, key=key, fed=fed, rules=other)

    def _feed(self, mirror: Mirror, data: bytes, *, carried: bool) -> Feed:
        return Feed(
            source=mirror.source,
            form=form_of(data).value,
            ecosystem=mirror.source.removeprefix(mirrored.OSV) if mirror.source.startswith(mirrored.OSV) else "",
            sha256=mirror.digest,
            bytes=len(data),
            as_of=mirror.as_of,
            fetched_at=mirror.fetched_at,
            confirmed_at=mirror.confirmed_at,
            limit_days=self.limit.total_seconds() / 86400,
            carried=carried,
        )

    def _write(self, target: Path, listed: Listed, key: SigningKey, rules: Mapping[str, bytes]) -> None:
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=".comity-bundle-")
        try:
            with os.fdopen(descriptor, "wb") as out:
                _put(out, LIST, dsse.sign(listed.encoded(), TYPE, key))
                for name, (_, sha256) in listed.members().items():
                    folder, _, file = name.partition("/")
                    data = rules[file] if folder == RULES else self.kept.get(Digest(sha256))
                    if data is None:
                        raise Conflict("a mirror was replaced while the bundle was made: export again")
                    _put(out, name, data)
                out.write(ustar.END)
                out.flush()
                os.fsync(out.fileno())
            os.link(draft, target)
        finally:
            Path(draft).unlink()

    def _taken(self, feed: Feed, place: Path, *, at: datetime, actor: str) -> Fed:
        held = mirrors.held_of(self.store, feed.source)
        if held is not None and held.digest == feed.sha256:
            if feed.confirmed_at is not None and (held.confirmed_at is None or feed.confirmed_at > held.confirmed_at):
                mirrors.confirm(self.store, feed.source, at=feed.confirmed_at, now=at, actor=actor)
                return Fed(source=feed.source, did="confirmed", said=f"as of {feed.confirmed_at:%Y-%m-%d %H:%M} UTC")
            return Fed(source=feed.source, did="kept", said="these very bytes are held already")
        if not feed.carried:
            said = "this delta does not carry it, and other bytes are held here: bring the full bundle"
            return Fed(source=feed.source, did="failed", said=said)
        if held is not None and held.current_as_of is not None and held.current_as_of > feed.known_at:
            said = f"what is held here is newer ({held.current_as_of:%Y-%m-%d %H:%M} UTC)"
            return Fed(source=feed.source, did="kept", said=said)
        data = (place / FEEDS / feed.sha256).read_bytes()
        try:
            taken = mirrors.take_in(
                self.store,
                data,
                at=at,
                older_too=feed.source.startswith(CSAF),  # a withdrawn document moves a provider's newest date back
                ecosystem=feed.ecosystem,
                as_of=feed.as_of if feed.ecosystem else None,
                expected=Expected(form=Form(feed.form), source=feed.source, may_shrink=feed.source.startswith(CSAF)),
                fetched_at=feed.fetched_at,
                confirmed_at=feed.confirmed_at,
                kept=self.kept,
                actor=actor,
            )
        except (ComityError, ValueError) as error:
            return Fed(source=feed.source, did="failed", said=mirrors.sentence(error))
        return Fed(source=feed.source, did="taken", said=f"{taken.subjects} entries, as of {feed.known_at:%Y-%m-%d}")

    def _rules(self, listed: Listed, place: Path) -> tuple[str, ...]:
        """Rules that are not this release's are laid beside the kept bytes; nothing here decides by them."""
        own = shipped_rules()
        found = []
        for one in listed.rules:
            if one.name not in own or digest(own[one.name]) != one.sha256:
                folder = self.kept.folder / OTHER
                folder.mkdir(mode=0o700, exist_ok=True)
                target = folder / f"{one.sha256[:16]}-{one.name}"
                target.write_bytes((place / RULES / one.name).read_bytes())
                found.append(one.name)
        return tuple(found)


def shipped_rules() -> dict[str, bytes]:
    """The packs and decision tables of this release, by file name."""
    root = resources.files("comity.formats").joinpath("packs")
    found = {}
    for folder in FOLDERS:
        for file in root.joinpath(folder).iterdir():
            if file.name.endswith((".json", ".yaml")):
                found[file.name] = file.read_bytes()
    return found


def _put(out: BinaryIO, name: str, data: bytes) -> None:
    out.write(ustar.header(name, len(data)))
    out.write(data)
    out.write(ustar.padding(len(data)))


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except FileNotFoundError as error:
        raise Missing(f"there is no file {source.name}") from error


def _list_of(file: BinaryIO, trusted: Sequence[PublicKey]) -> tuple[Listed, PublicKey]:
    name, size = next(_headers(file), ("", 0))
    if name != LIST or size > dsse.LIMIT_BYTES:
        raise Invalid("this is no bundle of a Comity host: `comity bundle export` makes one")
    envelope = _exactly(file, size)
    _filled(file, size)
    opened = dsse.verify(envelope, TYPE, trusted)
    listed = bundle_list.read(opened.payload)
    if listed.demo is not opened.key.demo:
        raise Tampered("(5) the list hides, or pretends, that a demo key signed it")
    return listed, opened.key


def _unpacked(file: BinaryIO, expected: Mapping[str, tuple[int, str]], place: Path) -> None:
    """Every member that the list names, each in full, and nothing else."""
    for folder in (FEEDS, RULES):
        (place / folder).mkdir(mode=0o700)
    left = dict(expected)
    for name, size in _headers(file):
        wanted = left.pop(name, None)
        if wanted is None:
            raise Tampered(f"the bundle holds {name!r}, which its list does not name there: get it again")
        if size != wanted[0]:
            raise Tampered(f"{name} has another size than the list says: get the bundle again")
        found = hashlib.sha256()
        with (place / name).open("xb") as out:
            while size:
                chunk = _exactly(file, min(size, CHUNK))
                found.update(chunk)
                out.write(chunk)
                size -= len(chunk)
        if found.hexdigest() != wanted[1]:
            raise Tampered(f"{name} holds other bytes than were signed: get the bundle again")
        _filled(file, wanted[0])
    if file.read(ustar.BLOCK + 1) != ustar.END[ustar.BLOCK :]:
        raise Tampered("the bundle does not end where its list does: get it again")
    if left:
        raise Tampered(f"{len(left)} parts are missing from the bundle, first {min(left)}: get it again")


def _headers(file: BinaryIO) -> Iterator[tuple[str, int]]:
    while (found := ustar.read_header(_exactly(file, ustar.BLOCK))) is not None:
        yield found


def _filled(file: BinaryIO, size: int) -> None:
    if _exactly(file, len(ustar.padding(size))) != ustar.padding(size):
        raise Tampered("the bundle holds bytes between its files: get it again")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise Tampered("the bundle ends in the middle: get it again")
    return data
