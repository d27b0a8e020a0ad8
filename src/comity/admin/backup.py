"""Take a copy of a whole host while it works, and put one back into an empty place, from the host's own terminal.

A copy is a tar archive: a signed list of what is in it, then rows and sealed files. It holds no key: without the master
key nobody reads a record in it, and without the custody folder nothing of an assessment. The workflow engine's rows are
copied before the store's, in two snapshots: a flow that is older than the store does a step again, and every step asks
whether its act was done; a flow that was newer would believe in acts that the store does not hold.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from comity.errors import Conflict, Invalid, Missing, Tampered
from comity.sealing import dsse
from comity.sealing.keys import PublicKey, SigningKey
from comity.settings import Settings
from comity.store import backup
from comity.store.backup import Part
from comity.store.crypt import MasterKey
from comity.store.engine import Store

TYPE: Final = "application/vnd.comity.backup+json"
FORMAT: Final = "comity.backup.v1"
LIST: Final = "list.dsse.json"
FILES: Final = "files.json"
ROWS, FLOWS, BLOBS = "rows", "flows", "blobs"
CHUNK: Final = 1024 * 1024


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the signature covers."""

    format: str
    made_at: datetime
    store: str
    entries: int
    head: str
    revision: str
    master: str
    rows: dict[str, Part]
    flows: dict[str, Part]
    members: str
    """SHA-256 of the list of members with their sizes and digests, which stands beside as `files.json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a copy holds, as the terminal tells it."""

    made_at: datetime
    store: str
    entries: int
    head: str
    rows: int
    digest: str
    """One digest of every row of the store, the same after a restore."""
    files: int
    bytes: int


def take(
    store: Store,
    settings: Settings,
    key: SigningKey,
    target: Path,
    *,
    at: datetime,
    seam: Callable[[], None] = lambda: None,
) -> Copy:
    """Write a copy of this host to a new file. Conflict when it is there. `seam`: between the snapshots, for tests."""
    if target.exists():
        raise Conflict(f"{target.name} is there already: name a new file")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".comity-backup-") as scratch:
        place = Path(scratch)
        for name in (ROWS, FLOWS):
            (place / name).mkdir()
        flows = backup.copy_workflows(settings.workflows, place / FLOWS)
        seam()
        with store.read() as tx:
            held = backup.copy_store(tx, place / ROWS)
            members = {f"{path.parent.name}/{path.name}": path for path in sorted(place.glob("*/*.ndjson"))}
            members |= dict(_blobs(store, held.files, place / BLOBS))
            list_of = {name: _described(path) for name, path in members.items()}
            body = msgspec.json.encode(list_of)
            listed = Listed(
                format=FORMAT,
                made_at=at,
                store=held.head.store,
                entries=held.head.seq,
                head=held.head.hash,
                revision=held.revision,
                master=held.master,
                rows=dict(held.parts),
                flows=dict(flows),
                members=hashlib.sha256(body).hexdigest(),
            )
            (place / LIST).write_bytes(dsse.sign(msgspec.json.encode(listed), TYPE, key))
            (place / FILES).write_bytes(body)
            ready = place / "copy.tar"
            with tarfile.open(ready, "x:", format=tarfile.PAX_FORMAT) as archive:
                for name in (LIST, FILES):
                    archive.add(place / name, name, recursive=False, filter=_nameless)
                for name, path in members.items():
                    archive.add(path, name, recursive=False, filter=_nameless)
        with ready.open("rb") as written:
            os.fsync(written.fileno())
        ready.chmod(0o600)
        os.link(ready, target)
    return _told(listed, list_of)


def look(source: Path, trusted: Sequence[PublicKey]) -> Copy:
    """Read a copy's list without putting anything back, and check every member against it."""
    with tempfile.TemporaryDirectory(prefix="comity-restore-") as scratch:
        listed, list_of = _unpacked(source, trusted, Path(scratch))
    return _told(listed, list_of)


def restore(
    source: Path,
    settings: Settings,
    master: MasterKey,
    trusted: Sequence[PublicKey],
    *,
    make_flows: Callable[[], None],
) -> Copy:
    """Put a copy back into an empty place, on either engine. `make_flows` lets the workflow engine make its tables.

    Conflict when anything is there, or when the copy was made under another master key. Tampered when the copy is not
    whole: then nothing was put back.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    blobs = settings.data / "blobs"
    if blobs.exists() and any(blobs.iterdir()):
        raise Conflict(f"there are files already in {blobs.name}: restore into an empty place, and keep this one aside")
    with tempfile.TemporaryDirectory(dir=settings.data, prefix=".comity-restore-") as scratch:
        place = Path(scratch)
        listed, list_of = _unpacked(source, trusted, place)
        if listed.master != master.name:
            raise Conflict(f"this copy was made under master key {listed.master}, and {master.name} was given")
        if settings.database.startswith("sqlite"):
            os.close(os.open(settings.data / "comity.db", os.O_RDWR | os.O_CREAT, 0o600))
        backup.fill_store(settings.database, place / ROWS, listed.rows, revision=listed.revision)
        make_flows()
        backup.fill_workflows(settings.workflows, place / FLOWS, listed.flows)
        (place / BLOBS).mkdir(exist_ok=True)
        if blobs.exists():
            blobs.rmdir()
        for path in (place / BLOBS).iterdir():
            folder = place / "sorted" / path.name[:2]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(folder / path.name)
        (place / "sorted").mkdir(mode=0o700, exist_ok=True)
        (place / "sorted").rename(blobs)
    return _told(listed, list_of)


def _blobs(store: Store, names: Sequence[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """Files that rows speak of, held by a second name so that nothing pulls them away while they are copied.

    One that was erased since the snapshot is gone for good, here as there: its key went with its row's erasure.
    """
    folder.mkdir()
    for name in names:
        held = store.blob_folder / name[:2] / name
        try:
            os.link(held, folder / name)
        except FileNotFoundError:
            continue
        except OSError:  # another file system has no second name for it
            shutil.copyfile(held, folder / name)
        yield f"{BLOBS}/{name}", folder / name


def _described(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return path.stat().st_size, digest.hexdigest()


def _nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _unpacked(source: Path, trusted: Sequence[PublicKey], place: Path) -> tuple[Listed, Mapping[str, tuple[int, str]]]:
    """Check signature and list first, then unpack what the list names, each member in full or not at all."""
    try:
        with tarfile.open(source, "r:") as archive:
            return _checked(archive, trusted, place)
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(f"{source.name} is no whole copy of a Comity host: take another one") from error
    except FileNotFoundError as error:
        raise Missing(f"there is no file {source.name}") from error


def _checked(
    archive: tarfile.TarFile, trusted: Sequence[PublicKey], place: Path
) -> tuple[Listed, Mapping[str, tuple[int, str]]]:
    listed = msgspec.json.decode(dsse.verify(_small(archive, LIST), TYPE, trusted).payload, type=Listed)
    body = _small(archive, FILES, limit=512 * CHUNK)
    if listed.format != FORMAT or hashlib.sha256(body).hexdigest() != listed.members:
        raise Tampered("the list of this copy's members is not the signed one: take another copy")
    list_of = msgspec.json.decode(body, type=dict[str, tuple[int, str]])
    left = dict(list_of)
    while (member := archive.next()) is not None:
        expected = left.pop(member.name, None)
        name = PurePosixPath(member.name)
        if expected is None or not member.isreg() or len(name.parts) != 2 or ".." in name.parts:
            raise Tampered(f"the copy holds {name.name[:80]!r}, which its list does not name: take another copy")
        target = place / name.parts[0] / name.parts[1]
        target.parent.mkdir(mode=0o700, exist_ok=True)
        content = archive.extractfile(member)
        if content is None or member.size != expected[0]:
            raise Tampered(f"{member.name} has another size than the list says: take another copy")
        with target.open("xb") as out:
            shutil.copyfileobj(content, out, CHUNK)
        if _described(target) != expected:
            raise Tampered(f"{member.name} holds other bytes than were copied: take another copy")
    if left:
        raise Tampered(f"{len(left)} parts are missing from the copy, first {min(left)}: take another copy")
    return listed, list_of


def _small(archive: tarfile.TarFile, name: str, *, limit: int = CHUNK) -> bytes:
    member = archive.next()
    if member is None or member.name != name or not member.isreg() or member.size > limit:
        raise Invalid("this is no copy of a Comity host: `comity backup` makes one")
    content = archive.extractfile(member)
    return b"" if content is None else content.read()


def _told(listed: Listed, list_of: Mapping[str, tuple[int, str]]) -> Copy:
    return Copy(
        made_at=listed.made_at,
        store=listed.store,
        entries=listed.entries,
        head=listed.head,
        rows=sum(part.rows for part in listed.rows.values()),
        digest=backup.whole(listed.rows),
        files=sum(name.startswith(f"{BLOBS}/") for name in list_of),
        bytes=sum(size for size, _ in list_of.values()),
    )
