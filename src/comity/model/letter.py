"""A letter that Comity sends: one address, plain text, and a label that comes first wherever the text is read.

Nothing here goes into a header unchecked: a line break in an address or a subject is how headers are injected.
"""

import re
from dataclasses import dataclass
from typing import Final

from comity.errors import Invalid, Problem
from comity.model.handling import Tlp

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
"""RFC 5321's Mailbox without quoted names and address literals, which no contact of a project uses."""
ADDRESS_LIMIT: Final = 254
LINE_LIMIT: Final = 200
TEXT_LIMIT: Final = 200_000
ENCLOSURES: Final = 16
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}\Z")
_MEDIA: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that goes along, always as an attachment. Never HTML and never a message: a mailer would render them."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is to be sent to whom. Equal keys are one letter, for ever.

    `tlp` None: the text has no handling (a confirmation link). `about` is the id of the record it belongs to. `purpose`
    is a short public word for the operator: no content, no name. `openpgp` is the recipient's armoured public key: with
    it everything but the addresses and the label is encrypted.
    """

    key: str
    to: str
    purpose: str
    subject: str
    text: str
    tlp: Tlp | None = None
    about: str = ""
    unsubscribe: str = ""
    openpgp: str = ""
    enclosures: tuple[Enclosure, ...] = ()

    def problems(self) -> tuple[Problem, ...]:
        """Everything that keeps this letter from being sent as it is; empty when it may be."""
        found = []
        if not is_address(self.to):
            found.append(Problem("/to", "bad_address", "give one address such as security@example.org, in ASCII"))
        for name, text, limit in (
            ("key", self.key, 200),
            ("purpose", self.purpose, 64),
            ("subject", self.subject, LINE_LIMIT),
        ):
            if not text.strip() or len(text) > limit or not _is_one_line(text):
                found.append(Problem(f"/{name}", "bad_line", f"one line of 1 to {limit} printable characters"))
        if not _is_one_line(self.about) or len(self.about) > 128:
            found.append(Problem("/about", "bad_line", "at most 128 printable characters"))
        if self.unsubscribe and not re.match(r"https?://[!-;=?-~]{1,500}\Z", self.unsubscribe):
            found.append(Problem("/unsubscribe", "bad_address", "an address that begins with https:// or http://"))
        if len(self.text) > TEXT_LIMIT or any(ord(mark) < 32 and mark not in "\n\t" for mark in self.text):
            found.append(Problem("/text", "bad_text", f"plain text of at most {TEXT_LIMIT} characters"))
        if len(self.enclosures) > ENCLOSURES:
            found.append(Problem("/enclosures", "too_many_items", f"at most {ENCLOSURES} files go along"))
        for place, one in enumerate(self.enclosures):
            if not _FILE.match(one.name):
                found.append(Problem(f"/enclosures/{place}/name", "bad_file_name", "letters, digits and . _ + - only"))
            if not _MEDIA.match(one.media_type) or one.media_type.startswith(("message/", "multipart/")):
                found.append(Problem(f"/enclosures/{place}/media_type", "bad_media_type", "a type such as text/plain"))
            elif one.media_type in ("text/html", "application/xhtml+xml", "image/svg+xml"):
                found.append(Problem(f"/enclosures/{place}/media_type", "rendered_type", "no file that mailers render"))
        return tuple(found)

    def check(self) -> None:
        """Raises Invalid, with every problem, for a letter that may not be sent."""
        found = self.problems()
        if found:
            raise Invalid("this letter cannot be sent as it is", found)


def is_address(text: str) -> bool:
    """Whether this is one mail address that may be written to."""
    return len(text) <= ADDRESS_LIMIT and _ADDRESS.match(text) is not None and len(text.partition("@")[0]) <= 64


def _is_one_line(text: str) -> bool:
    return all(mark.isprintable() for mark in text)
