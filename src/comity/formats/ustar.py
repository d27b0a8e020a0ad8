"""The plainest tar there is (POSIX.1-1988 ustar): regular files with short names, and nothing else is read or written.

No links, no folders, no extended headers and no sparse files: what such an archive cannot say, nobody has to refuse.
Every owner, mode and time is fixed, so that equal files give equal bytes; any `tar` lists and unpacks it.
"""

import re
from typing import Final

from comity.errors import Invalid, Problem

BLOCK: Final = 512
END: Final = b"\0" * (2 * BLOCK)
LARGEST: Final = 8**11 - 1
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?\Z", re.ASCII)
"""One folder at most, and nothing that begins with a dot."""
_ZEROS: Final = b"\0" * BLOCK


def header(name: str, size: int) -> bytes:
    """The block before a file. ValueError for a name or size that this form has no room for."""
    if len(name) > 99 or not NAME.match(name) or not 0 <= size <= LARGEST:
        raise ValueError(f"no ustar member: {name[:80]!r} of {size} bytes")
    fields = (
        name.encode("ascii").ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        f"{size:011o}\0".encode(),
        b"00000000000\0",
        b" " * 8,
        b"0",
        b"\0" * 100,
        b"ustar\00000",
        b"\0" * 64,
        b"0000000\0",
        b"0000000\0",
        b"\0" * 167,
    )
    block = b"".join(fields)
    return block[:148] + f"{sum(block):06o}\0 ".encode() + block[156:]


def padding(size: int) -> bytes:
    """What fills the last block of a file."""
    return b"\0" * (-size % BLOCK)


def read_header(block: bytes) -> tuple[str, int] | None:
    """Name and size of the file that follows; None at the end. Invalid for anything that `header` would not write."""
    if block == _ZEROS:
        return None
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        size = int(block[124:135], 8)
        expected = header(name, size)
    except ValueError as error:
        raise _other() from error
    if block != expected:
        raise _other()
    return name, size


def _other() -> Invalid:
    reason = "it holds something else than plain files as Comity packs them"
    return Invalid("this is no bundle of a Comity host", [Problem("", "other_archive", reason)])
