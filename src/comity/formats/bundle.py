"""Bundles: a few named files in one archive, made the same way every time, and opened within limits.

The archive is a plain ZIP without compression, with sorted members and one date: equal files, equal bytes. Nothing is
ever unpacked to disk; names are plain, and an archive that claims more than the limits is refused before it is read.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Final

from comity.errors import Invalid, Problem

MEDIA_TYPE: Final = "application/zip"
DATE: Final = (2020, 1, 1, 0, 0, 0)
MOST_FILES: Final = 64
MOST_BYTES: Final = 512 * 1024 * 1024
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(?:/[a-z0-9][a-z0-9._-]{0,99})?\Z")


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive. ValueError for a name that `unpack` would refuse."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as out:
        for name, data in sorted(files.items()):
            if not NAME.match(name):
                raise ValueError(f"{name!r} is no plain file name")
            member = zipfile.ZipInfo(name, date_time=DATE)
            member.external_attr = 0o100644 << 16
            member.create_system = 3
            out.writestr(member, data)
    return held.getvalue()


def unpack(data: bytes, *, most_bytes: int = MOST_BYTES) -> dict[str, bytes]:
    """The files by name. Invalid for anything but a small archive of plain, stored files, each once."""
    if len(data) > most_bytes:
        raise _refused("archive_too_large", f"over {most_bytes} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            members = held.infolist()
            _check(members, most_bytes)
            return {member.filename: held.read(member) for member in members}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise _refused("not_an_archive", "give the bundle as it was made: it is no whole archive") from error


def _check(members: list[zipfile.ZipInfo], most_bytes: int) -> None:
    names = [member.filename for member in members]
    if not 1 <= len(names) <= MOST_FILES or len(set(names)) != len(names):
        raise _refused("bad_members", f"a bundle holds 1 to {MOST_FILES} files, each once")
    if any(not NAME.match(name) for name in names):
        raise _refused("bad_name", "a file in the bundle has no plain name")
    if any(
        member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size for member in members
    ):
        raise _refused("compressed", "a bundle is stored without compression: this one was made by something else")
    if sum(member.file_size for member in members) > most_bytes:
        raise _refused("archive_too_large", f"over {most_bytes} bytes")


def _refused(code: str, reason: str) -> Invalid:
    return Invalid("this is no bundle", [Problem("", code, reason)])
