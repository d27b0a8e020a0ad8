"""Carry the journal's head out of the store: a signed file every N entries, in a folder of its own.

Whoever changes the database cannot change these files as well, when the folder is on other storage or copied away. Each
file names the digest of the one before, so a missing one shows. A crash between commit and file leaves the newest file
out; it is made at the next start, marked `remade`, and only ever after the newest one that is there: an older gap is
never filled, since the entries under it may have been changed meanwhile.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import rfc8785

from comity.errors import Tampered
from comity.model.ids import digest
from comity.sealing import dsse
from comity.sealing.keys import PublicKey, SigningKey
from comity.store import journal, proof
from comity.store.engine import Head, Store, Tx
from comity.store.proof import Checkpoint, Proof

TYPE: Final = "application/vnd.comity.checkpoint+json"
_NAME: Final = re.compile(r"checkpoint-(\d{12})\.dsse\.json\Z")


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    store: str
    entries: int
    head: str
    at: str
    previous: str
    remade: bool


@dataclass(slots=True, kw_only=True)
class Checkpoints:
    """The store's witness: `store.witness = Checkpoints(...)`, then `catch_up` once at start."""

    folder: Path
    key: SigningKey
    every: int
    now: Callable[[], datetime]

    def saw(self, before: Head, after: Head) -> None:
        """Write a checkpoint when the journal passed a multiple of `every`; its head is the newest one."""
        if before.seq // self.every != after.seq // self.every:
            self.write(after)

    def catch_up(self, store: Store) -> bool:
        """Write the newest checkpoint when a crash left it out; True when one was written."""
        with store.read() as tx:
            head = journal.head(tx)
        newest = max(found(self.folder), default=0)
        if head.seq // self.every <= newest // self.every:
            return False
        return self.write(head, remade=True)

    def write(self, head: Head, *, remade: bool = False) -> bool:
        """Write a checkpoint of this head; False and nothing written when there is one as new or newer already."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(self.folder):
            held = found(self.folder)
            newest = max(held, default=0)
            if head.seq <= newest:
                return False
            payload = rfc8785.dumps(
                {
                    "store": head.store,
                    "entries": head.seq,
                    "head": head.hash,
                    "at": self.now().isoformat(),
                    "previous": digest(held[newest].read_bytes()) if held else "",
                    "remade": remade,
                }
            )
            _place(self.folder / f"checkpoint-{head.seq:012}.dsse.json", dsse.sign(payload, TYPE, self.key))
            return True


def read(folder: Path, trusted: Sequence[PublicKey]) -> tuple[Checkpoint, ...]:
    """Every checkpoint of the folder, oldest first. Tampered for a file that no trusted key signed, by name."""
    return tuple(_read(path, seq, trusted) for seq, path in sorted(found(folder).items()))


def verify(tx: Tx, folder: Path, trusted: Sequence[PublicKey]) -> Proof:
    """Prove the journal against its chain and the signed checkpoints of the folder (`comity journal verify`)."""
    return proof.verify(tx, read(folder, trusted))


def found(folder: Path) -> dict[int, Path]:
    """The checkpoint files of a folder, each by the entry that it stands at; other files are none of them."""
    if not folder.is_dir():
        return {}
    matches = ((_NAME.match(path.name), path) for path in folder.iterdir())
    return {int(match.group(1)): path for match, path in matches if match}


def _read(path: Path, seq: int, trusted: Sequence[PublicKey]) -> Checkpoint:
    data = path.read_bytes()
    try:
        opened = dsse.verify(data, TYPE, trusted)
        held = msgspec.json.decode(opened.payload, type=_Payload)
        at = datetime.fromisoformat(held.at)
    except (Tampered, msgspec.DecodeError, ValueError) as error:
        raise Tampered(f"{path.name} is no checkpoint of this host: {error}") from error
    if held.entries != seq:
        raise Tampered(f"{path.name} holds the checkpoint at entry {held.entries}: it was renamed")
    head = Head(store=held.store, seq=held.entries, hash=held.head)
    return Checkpoint(head=head, at=at, previous=held.previous, digest=digest(data))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, in this process and in others: each checkpoint names the one before it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _place(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with draft.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
