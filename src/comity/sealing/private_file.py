"""A file that somebody keeps on their own machine, secrets and all: JSON, read within a limit."""

from typing import TypeVar

import msgspec

from comity.errors import Invalid

Held = TypeVar("Held", bound=msgspec.Struct)


def write(held: msgspec.Struct) -> bytes:
    """The file."""
    return msgspec.json.format(msgspec.json.encode(held), indent=1) + b"\n"


def read(data: bytes, kind: type[Held], *, what: str, most: int) -> Held:
    """A file that `write` made. Invalid, saying that it is no `what`, for anything else and over `most` bytes."""
    if len(data) > most:
        raise Invalid(f"this is no {what}: it is too large")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise Invalid(f"this is no {what}: {error}") from error
