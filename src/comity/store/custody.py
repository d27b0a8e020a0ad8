"""The custodian's half of each engagement's key: a file of its own, outside the data folder and outside every backup.

What an engagement holds is sealed under its data key. That key is wrapped by one which takes two parts to make: the
host's master key, and 32 random bytes in this folder. Without either part nothing opens. Destroying the file is how
evidence is erased: the database, its backups and the master key together then hold noise.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from comity.errors import Forbidden, Tampered
from comity.model.ids import EngagementId
from comity.store.crypt import KEY_BYTES, MasterKey, decrypt, encrypt


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """The folder of the halves. `data` is where it may not lie."""

    folder: Path
    data: Path

    def new_key(self, master: MasterKey, id_: EngagementId) -> bytes:
        """A fresh data key for an engagement, wrapped; its other half is kept here."""
        self._make_half(id_)
        return encrypt(self._wrapping(master, id_), _place(id_), secrets.token_bytes(KEY_BYTES))

    def key(self, master: MasterKey, id_: EngagementId, wrapped: bytes) -> bytes:
        """The data key. Tampered when the half is gone or either part is another."""
        return decrypt(self._wrapping(master, id_), _place(id_), wrapped)

    def rewrapped(self, old: MasterKey, new: MasterKey, id_: EngagementId, wrapped: bytes) -> bytes | None:
        """The same data key under another master key. None when it is so already, or when its half was destroyed."""
        if not self.holds(id_):
            return None
        try:
            self.key(new, id_, wrapped)
        except Tampered:
            return encrypt(self._wrapping(new, id_), _place(id_), self.key(old, id_, wrapped))
        return None

    def destroy(self, id_: EngagementId) -> None:
        """Overwrite and delete the half: from now on nothing of the engagement opens. Doing it twice is harmless."""
        path = self._path(id_)
        try:
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return
        self._sync()

    def holds(self, id_: EngagementId) -> bool:
        """Whether the half is there."""
        return self._path(id_).exists()

    def _wrapping(self, master: MasterKey, id_: EngagementId) -> bytes:
        try:
            half = self._path(id_).read_bytes()
        except FileNotFoundError as error:
            raise Tampered(f"the custodian's half of the key of {id_} is not in the custody folder") from error
        return master.half(f"engagement key {id_}", half)

    def _make_half(self, id_: EngagementId) -> None:
        if self.folder.resolve().is_relative_to(self.data.resolve()):
            raise Forbidden(f"{self.folder} lies in the data folder, where a backup would copy it: set COMITY_CUSTODY")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path(id_), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        self._sync()

    def _path(self, id_: EngagementId) -> Path:
        return self.folder / f"{id_}.half"

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _place(id_: EngagementId) -> str:
    return f"key of engagements/{id_}"
