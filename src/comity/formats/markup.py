"""Text from outside made harmless for XML and HTML, and times as feeds write them."""

import html
import re
from datetime import UTC, datetime
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def escaped(text: str) -> str:
    """Text for XML and HTML, in elements and attributes alike, without characters that XML forbids."""
    return html.escape(_CONTROLS.sub("", text), quote=True)


def paragraphs(text: str) -> str:
    """Text as HTML, for places whose readers show what stands there as markup: blank lines part paragraphs.

    RSS 2.0's `description` is such a place; there the HTML is escaped once more, as any text of XML is.
    """
    parts = (escaped(part).replace("\n", "<br>") for part in text.split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in parts if part)


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
