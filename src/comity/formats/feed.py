"""Read RSS 0.9x, 1.0 and 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.x: what each entry says of itself, nothing more.

An entry without an id gets one from its address, else from its title and date, so that the same entry stays the same
(many feeds give none). A date that cannot be read is None and kept as written. No document type, no entities.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from comity.errors import Invalid, Problem, TooLarge
from comity.formats import parse
from comity.formats.parse import Json

LIMIT_BYTES: Final = 4_000_000
LIMIT_DEPTH: Final = 100
LIMIT_ENTRIES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`html` is the fullest text the feed gives (markup or plain). `told` are the dates as written."""

    id: str
    url: str
    title: str
    author: str = ""
    html: str = ""
    published_at: datetime | None = None
    modified_at: datetime | None = None
    told: tuple[tuple[str, str], ...] = ()
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`left_out` counts entries beyond the limit."""

    kind: str
    title: str
    home: str
    entries: tuple[Entry, ...]
    left_out: int = 0


def read(data: bytes) -> Feed:
    """The feed in `data`. Invalid when it is none, TooLarge over the limits."""
    if len(data) > LIMIT_BYTES:
        raise TooLarge(f"a feed holds at most {LIMIT_BYTES} bytes")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(parse.decode(data, parse.Limits(document_bytes=LIMIT_BYTES), controls=True))
    return _xml(_tree(data))


def is_feed(data: bytes) -> bool:
    """True when the first bytes look like a feed of one of these kinds."""
    head = data[:2000].lower()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return b"jsonfeed.org/version" in head
    return any(mark in head for mark in (b"<rss", b"<rdf:rdf", b"http://www.w3.org/2005/atom"))


def _tree(data: bytes) -> Element:
    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > LIMIT_DEPTH:
                raise TooLarge(f"a feed nests at most {LIMIT_DEPTH} elements")
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Invalid("this is no feed", [Problem("", "malformed_xml", "send RSS, Atom or JSON Feed")]) from error
    if root is None:
        raise Invalid("this is no feed", [Problem("", "malformed_xml", "send RSS, Atom or JSON Feed")])
    return root


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _xml(root: Element) -> Feed:
    kind = _local(root)
    if kind == "feed":
        found = [one for one in root if _local(one) == "entry"]
        entries = tuple(_atom(one) for one in found[:LIMIT_ENTRIES])
        return Feed(
            kind="atom",
            title=_text(root, "title"),
            home=_link(root),
            entries=entries,
            left_out=max(0, len(found) - LIMIT_ENTRIES),
        )
    if kind not in ("rss", "rdf"):
        raise Invalid("this is no feed", [Problem("", "unknown_root", "send RSS, Atom or JSON Feed")])
    channel = next((one for one in root if _local(one) == "channel"), root)
    found = [one for one in (*channel, *root) if _local(one) == "item"]
    return Feed(
        kind="rss",
        title=_text(channel, "title"),
        home=_text(channel, "link"),
        entries=tuple(_rss(one) for one in found[:LIMIT_ENTRIES]),
        left_out=max(0, len(found) - LIMIT_ENTRIES),
    )


def _text(element: Element, *names: str) -> str:
    for name in names:
        for child in element:
            if _local(child) == name and (text := "".join(child.itertext()).strip()):
                return text
    return ""


def _link(element: Element) -> str:
    links = [child for child in element if _local(child) == "link"]
    for child in links:
        if child.get("rel", "alternate") == "alternate" and child.get("href"):
            return str(child.get("href"))
    return ""


def _rss(item: Element) -> Entry:
    told = tuple(_told(item, (("published", ("pubdate", "date", "issued")), ("modified", ("modified", "updated")))))
    url = _text(item, "link", "origlink") or (_text(item, "guid") if _text(item, "guid").startswith("http") else "")
    return _entry(
        id_=_text(item, "guid"),
        url=url,
        title=_text(item, "title"),
        author=_text(item, "creator", "author"),
        html=_text(item, "encoded", "description"),
        told=told,
        licence=_text(item, "rights", "licence", "license", "copyright"),
    )


def _atom(entry: Element) -> Entry:
    told = tuple(_told(entry, (("published", ("published", "issued")), ("modified", ("updated", "modified")))))
    author = next((_text(child, "name") for child in entry if _local(child) == "author"), "")
    return _entry(
        id_=_text(entry, "id"),
        url=_link(entry),
        title=_text(entry, "title"),
        author=author,
        html=_text(entry, "content", "summary"),
        told=told,
        licence=_text(entry, "rights"),
    )


def _told(element: Element, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> Iterator[tuple[str, str]]:
    for role, names in wanted:
        if value := _text(element, *names):
            yield role, value


def _json_feed(document: Json) -> Feed:
    if not isinstance(document, dict) or "jsonfeed.org/version" not in str(document.get("version", "")):
        raise Invalid("this is no feed", [Problem("/version", "unknown_version", "send RSS, Atom or JSON Feed 1.x")])
    items = document.get("items")
    found = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    return Feed(
        kind="json feed",
        title=_word(document, "title"),
        home=_word(document, "home_page_url"),
        entries=tuple(_json_entry(one) for one in found[:LIMIT_ENTRIES]),
        left_out=max(0, len(found) - LIMIT_ENTRIES),
    )


def _json_entry(item: dict[str, Json]) -> Entry:
    authors = item.get("authors")
    first: Any = authors[0] if isinstance(authors, list) and authors else item.get("author")
    told = tuple(
        (role, value)
        for role, key in (("published", "date_published"), ("modified", "date_modified"))
        if (value := _word(item, key))
    )
    return _entry(
        id_=_word(item, "id"),
        url=_word(item, "url") or _word(item, "external_url"),
        title=_word(item, "title"),
        author=_word(first, "name") if isinstance(first, dict) else "",
        html=_word(item, "content_html") or _word(item, "content_text") or _word(item, "summary"),
        told=told,
    )


def _word(held: dict[str, Json], key: str) -> str:
    value = held.get(key)
    return value.strip() if isinstance(value, str) else ""


def _entry(
    *, id_: str, url: str, title: str, author: str, html: str, told: tuple[tuple[str, str], ...], licence: str = ""
) -> Entry:
    dates = {role: moment(value) for role, value in told}
    made = id_ or url or "sha256:" + hashlib.sha256(f"{title}\n{dict(told).get('published', '')}".encode()).hexdigest()
    return Entry(
        id=made,
        url=url,
        title=title,
        author=author,
        html=html,
        published_at=dates.get("published"),
        modified_at=dates.get("modified"),
        told=told,
        licence=licence,
    )


def moment(text: str) -> datetime | None:
    """A date of RFC 3339, ISO 8601 or RFC 5322; None when it is none of these. Without a zone it counts as UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            at = parsedate_to_datetime(text.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
