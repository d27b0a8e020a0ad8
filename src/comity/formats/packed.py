"""Unpack what upstream packs, in a stream and within limits: a small file that would unpack to a huge one is refused.

Nothing is ever written to disk by a name that an archive chose, so an archive's paths are read as names and no more.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from comity.errors import Invalid, Problem

ZIP: Final = b"PK\x03\x04"
GZIP: Final = b"\x1f\x8b"
RATIO: Final = 200
"""Unpacked over packed size. JSON and CSV of upstream pack to between a fourth and a thirtieth."""
RATIO_FROM_BYTES: Final = 16 * 1024 * 1024
"""Below this size the ratio says nothing: a short text of blanks is no bomb."""
CHUNK: Final = 1024 * 1024
DAMAGE: Final = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, struct.error),
    *(EOFError, OSError, ValueError),
)
"""What the standard library raises for an archive that lies about itself."""


def gunzip(data: bytes, *, limit: int) -> bytes:
    """The file in a gzip stream. Invalid when it is damaged, larger than `limit`, or packed as only a bomb is."""
    out = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            while chunk := packed.read(CHUNK):
                out += chunk
                _within(len(out), len(data), limit)
    except (OSError, EOFError, zlib.error) as error:
        raise Invalid("not gzip", [Problem("", "malformed_gzip", "the file is damaged: fetch it again")]) from error
    return bytes(out)


def members(
    data: bytes, *, wanted: Callable[[str], bool], most: int, limit: int, each: int
) -> Iterator[tuple[str, bytes]]:
    """The wanted members of a zip as (`/file/N`, bytes), N counting the wanted ones from 1.

    At most `most` members, `limit` bytes together as the archive declares them, and `each` + 1 bytes of any one:
    whoever reads it then says that it is too large. A declared size is never exceeded: the reader stops there.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            chosen = [one for one in archive.infolist() if wanted(one.filename)]
            if len(chosen) > most:
                raise Invalid("too large", [Problem("", "too_many_items", f"over {most} files: split the archive")])
            _within(sum(one.file_size for one in chosen), len(data), limit)
            for place, one in enumerate(chosen, start=1):
                with archive.open(one) as file:
                    yield f"/file/{place}", file.read(each + 1)
    except DAMAGE as error:
        reason = "the archive is damaged or locked: fetch it again"
        raise Invalid("not a zip", [Problem("", "malformed_zip", reason)]) from error


def names(data: bytes) -> tuple[str, ...]:
    """What the members of a zip are called, in its own order. Empty for what is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple(archive.namelist())
    except DAMAGE:
        return ()


def _within(unpacked: int, packed: int, limit: int) -> None:
    if unpacked > limit:
        reason = f"it unpacks to over {limit} bytes: split it"
        raise Invalid("too large", [Problem("", "document_too_large", reason)])
    if unpacked > RATIO_FROM_BYTES and unpacked > packed * RATIO:
        reason = f"it unpacks to over {RATIO} times its size, as no honest feed does: look at where it came from"
        raise Invalid("too large", [Problem("", "packed_too_tightly", reason)])
