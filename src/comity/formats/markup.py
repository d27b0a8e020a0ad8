"""Text from outside made harmless for XML and HTML, and times as feeds write them."""

import html
import re
from datetime import UTC, datetime
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def escaped(text: str) -> str:
    """Text for XML and HTML, in elements and attributes alike, without characters that XML forbids."""
    return html.escape(_CONTROLS.sub("", text), quote=True)


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
