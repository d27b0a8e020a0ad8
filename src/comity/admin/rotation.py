"""Change the keys of a host from its own terminal, while nothing else of it runs; each act is journalled."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from comity.errors import Conflict
from comity.model.events import Event, Kind
from comity.sealing import keys
from comity.settings import Settings
from comity.store import engine, journal, rewrap
from comity.store.crypt import MasterKey
from comity.store.custody import Custody
from comity.store.engine import Seam, no_seam

PRESENCE: Final = "open.flock"
"""A file in the data folder: whoever has the host open shares its lock, whoever changes a key has it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A key that was changed: short names of the old and of the new one."""

    old: str
    new: str
    rewrapped: int = 0
    """Data keys wrapped anew in this run."""
    beyond: int = 0
    """Engagements whose half was destroyed: nothing opens them, before as after."""
    kept: Path | None = None
    """Where the old master key lies now. None when a setting or a command gives the key: exchange it there."""


@contextmanager
def present(settings: Settings) -> Iterator[None]:
    """Have the host open. Conflict while a key is being changed."""
    with _locked(settings, fcntl.LOCK_SH, "a key of this host is being changed: wait until that has ended"):
        yield


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Have the host to oneself. Conflict when any process of this machine has it open."""
    with _locked(settings, fcntl.LOCK_EX, "the host runs: stop web and workers, then change its key"):
        yield


def signing(settings: Settings, *, at: datetime, seam: Seam = no_seam) -> Changed:
    """Sign with a fresh key from now on; what the old one signed goes on verifying."""
    with alone(settings):
        held = keys.master_key(settings)

        def note(old: str, new: str) -> None:
            _note(settings, held, "signing key", old[:16], new[:16], at)

        old, new = keys.rotate_signing(settings, note, seam=seam)
    return Changed(old=old[:16], new=new[:16])


def master(settings: Settings, given: MasterKey | None, *, at: datetime, seam: Seam = no_seam) -> Changed:
    """Bring the store under another master key: `given`, or where the key lies in a file, a fresh one.

    Conflict without `given` when a setting or a command gives the key, since this host cannot change it there.
    """
    is_elsewhere = bool(settings.master_key or settings.master_key_command)
    if given is None and is_elsewhere:
        raise Conflict("the master key comes from a setting or a command: name the new one with --to FILE")
    if given is not None and not is_elsewhere:
        raise Conflict("the master key lies in a file of this host, which makes the new one itself: leave --to out")
    with alone(settings):
        old = keys.master_key(settings)
        new = given or keys.replacement(settings)
        held = rewrap.opened(settings, old)
        try:
            custody = Custody(folder=settings.custody_folder, data=settings.data)
            done = rewrap.rotate(held, old, new, custody, seam=seam)
        finally:
            held.close()
        _note(settings, new, "master key", old.name, new.name, at)
        seam("rotation:before-files")
        kept = keys.keep_replacement(settings, old) if given is None else None
    return Changed(old=old.name, new=new.name, rewrapped=done.keys, beyond=done.beyond, kept=kept)


def _note(settings: Settings, key: MasterKey, what: str, old: str, new: str, at: datetime) -> None:
    store = engine.open(settings, key)
    try:
        with store.write() as tx:
            facts = {"what": what, "from": old, "to": new}
            event = Event(kind=Kind.KEY_CHANGED, key=f"{what}:{old}:{new}", at=at, facts=facts, actor="terminal")
            journal.append(tx, event)
    finally:
        store.close()


@contextmanager
def _locked(settings: Settings, how: int, busy: str) -> Iterator[None]:
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(settings.data / PRESENCE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(busy) from error
        yield
    finally:
        os.close(descriptor)
