"""Write down every finished run before anything follows from it, so that a killed campaign loses none and repeats none.

One line per entry, in order, each naming the digest of the one before. A line is with the operating system when
`append` returns, so a killed process loses none; it is on the disk (fdatasync, beside the next run) before another line
follows, so a power cut can lose the last one and no other. A line cut short is the last one: it is dropped. Any other
damage is Tampered. With `seal` and `unseal` (an engagement's own key) the content of a line is ciphertext.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

import msgspec
import rfc8785

from comity.errors import Conflict, Tampered

Cipher: TypeAlias = Callable[[bytes], bytes]
FIRST: Final = "0" * 64


class Ledger:
    """An open ledger. One process at a time: a second one gets Conflict."""

    def __init__(self, path: Path, *, seal: Cipher | None = None, unseal: Cipher | None = None) -> None:
        self.path, self._seal, self._unseal = path, seal, unseal
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise Conflict("another process is running this campaign") from error
        try:
            self.entries: list[dict[str, Any]] = []
            self._head, whole = FIRST, 0
            for line, ends in _lines(path.read_bytes()):
                self.entries.append(self._opened(line))
                whole = ends
            os.ftruncate(self._file, whole)
            os.lseek(self._file, whole, os.SEEK_SET)
        except BaseException:
            os.close(self._file)
            raise
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="comity-ledger")
        self._synced: Future[None] | None = None

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._settle()
        finally:
            self._disk.shutdown()
            os.close(self._file)

    @property
    def head(self) -> str:
        """Digest of the last line: what a checkpoint names."""
        return self._head

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry, once the one before is on the disk."""
        self._settle()
        body = rfc8785.dumps(dict(entry))
        held = base64.b64encode(self._seal(body)).decode() if self._seal is not None else body.decode()
        line = rfc8785.dumps({"before": self._head, "n": len(self.entries), "body": held})
        _write(self._file, line + b"\n")
        self._synced = self._disk.submit(os.fdatasync, self._file)
        self._head = hashlib.sha256(line).hexdigest()
        self.entries.append(dict(entry))

    def _settle(self) -> None:
        """Wait until the last line is on the disk; an error of the disk is raised here."""
        if self._synced is not None:
            self._synced.result()
            self._synced = None

    def _opened(self, line: bytes) -> dict[str, Any]:
        try:
            held = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError as error:
            raise Tampered(f"{self.path.name} line {len(self.entries) + 1} is no entry of a run ledger") from error
        if held.before != self._head or held.n != len(self.entries):
            raise Tampered(f"{self.path.name} line {len(self.entries) + 1} does not follow from the line before")
        self._head = hashlib.sha256(line).hexdigest()
        body = self._unseal(base64.b64decode(held.body)) if self._unseal is not None else held.body.encode()
        try:
            entry: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Tampered(f"{self.path.name} line {len(self.entries) + 1} cannot be opened with this key") from error
        return entry


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    before: str
    n: int
    body: str


def _lines(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Whole lines with where each ends; a last line without its end was cut while it was written."""
    begin = 0
    while (end := content.find(b"\n", begin)) >= 0:
        yield content[begin:end], end + 1
        begin = end + 1


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
