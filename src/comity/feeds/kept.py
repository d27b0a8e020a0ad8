"""Keep the bytes of each mirror as they came, by digest: what a bundle for another host is made of.

They are public, and can be fetched again: a backup leaves them out, and a host that lost them says so when asked.
"""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from comity.model.ids import Digest, digest, is_digest


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of files named by the SHA-256 of what is in them."""

    folder: Path

    def put(self, data: bytes) -> Digest:
        """Keep these bytes; another process sees the whole file or none."""
        name = digest(data)
        if not (self.folder / name).is_file():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.folder / name, data)
        return name

    def has(self, name: str) -> bool:
        """Whether a file of this name lies here."""
        return is_digest(name) and (self.folder / name).is_file()

    def get(self, name: Digest) -> bytes | None:
        """The bytes; None where they are not held, or are others than their name says."""
        path = self.folder / name
        if not is_digest(name) or not path.is_file():
            return None
        data = path.read_bytes()
        return data if digest(data) == name else None

    def only(self, names: Iterable[Digest]) -> None:
        """Let go of every file but these."""
        wanted = set(names)
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if is_digest(path.name) and path.name not in wanted:
                    path.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Another process sees the whole file or none; where it cannot be written, nothing of it stays behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
