"""Decide what bytes are and read them as sources: a page, plain text, a feed, or a CSAF, OSV, CVE or KEV record.

What a reader would not see is gone before anything else reads a page (`page`); the article is found by two readers
(`extractors`). A source keeps the hash of its bytes and of its text, when it was retrieved, and every date it states; a
date it does not state is unknown and never the day of retrieval (T13). Nothing of a source is an instruction.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from comity.brief import extractors, page, records
from comity.brief.check.budget import hidden_in
from comity.brief.page import LIMIT_BYTES, LIMIT_DEPTH, clean, name_of
from comity.errors import Invalid, Problem, TooLarge
from comity.formats import feed, parse
from comity.formats.feed import moment
from comity.model.article import SeenDate, Source
from comity.model.handling import Tlp

__all__ = ["LIMIT_BYTES", "LIMIT_DEPTH", "Registered", "clean", "read", "read_page"]
LIMIT_CHARACTERS: Final = 200_000
"""Of the text itself: about 30,000 words. A longer one is no article, and every gate reads all of it."""
MOST_ENTRIES: Final = 40
"""Entries of one feed that are read at once; the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What whoever registered a source says of it; a page never says this of itself. `signals` came with the fetch."""

    name: str
    tlp: Tlp = Tlp.CLEAR
    openly_licensed: bool = False
    licence: str = ""
    signals: tuple[str, ...] = ()


def read(
    content: bytes, *, url: str, retrieved_at: datetime, about: Registered, media_type: str = "", name: str = ""
) -> tuple[Source, ...]:
    """The sources in `content`, newest first. `name` of the file helps where no media type is given.

    Raises Invalid when it is nothing that is read here or breaks its own format, TooLarge over a limit.
    """
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if feed.is_feed(content):
        return _feed(content, url=url, retrieved_at=retrieved_at, about=about)
    if head[:1] in (b"{", b"[") and ("json" in media_type or name.endswith((".json", ".jsonl")) or not media_type):
        return _records(content, url=url, retrieved_at=retrieved_at, about=about)
    if media_type in ("text/plain", "text/markdown") or (not media_type and name.endswith((".txt", ".md"))):
        return (_plain(content, url=url, retrieved_at=retrieved_at, about=about),)
    if media_type and media_type not in ("text/html", "application/xhtml+xml", "text/xml", "application/xml"):
        raise Invalid(
            "this is nothing that a brief is made from", [Problem("", "media_type", f"not {media_type[:60]}")]
        )
    return (_page(content, url=url, retrieved_at=retrieved_at, about=about),)


def read_page(
    content: bytes, *, url: str, name: str, retrieved_at: datetime, tlp: Tlp = Tlp.CLEAR, openly_licensed: bool = False
) -> Source:
    """A page as a source. TooLarge over the limits, Invalid when its encoding is unknown or it holds no words."""
    about = Registered(name=name, tlp=tlp, openly_licensed=openly_licensed)
    return _page(content, url=url, retrieved_at=retrieved_at, about=about)


def _page(content: bytes, *, url: str, retrieved_at: datetime, about: Registered) -> Source:
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"a page holds at most {LIMIT_BYTES} bytes")
    seen = page.see(_decoded(content))
    found = extractors.extract(seen)
    if not found.text:
        raise Invalid("the page holds no words", [Problem("", "empty", "send the address of the article itself")])
    _short_enough(found.text)
    dates = page.dates(seen, url)
    published, origin = _published(dates)
    needs = list(found.needs_person)
    if parted := _disagree(dates):
        needs.append(parted)
    canonical = urljoin(url, seen.canonical) if seen.canonical else ""
    return Source(
        name=about.name or clean(seen.meta.get("og:site_name", "")) or urlsplit(url).hostname or url,
        url=url,
        title=seen.title,
        text=found.text,
        author=clean(seen.meta.get("author", "") or name_of(seen.linked.get("author"))),
        publisher=clean(seen.meta.get("og:site_name", "") or name_of(seen.linked.get("publisher"))),
        published_at=published,
        published_from=origin,
        dates=dates,
        retrieved_at=retrieved_at,
        sha256=hashlib.sha256(content).hexdigest(),
        text_sha256=hashlib.sha256(found.text.encode()).hexdigest(),
        tlp=about.tlp,
        openly_licensed=about.openly_licensed,
        licence=about.licence,
        marks=page.marks(seen),
        stripped=seen.stripped,
        canonical_url=canonical if urlsplit(canonical).scheme in ("http", "https") else "",
        reservations=(*about.signals, *page.reservations(seen)),
        extractor=found.extractor,
        agreement=found.agreement,
        needs_person=tuple(needs),
    )


def _decoded(content: bytes) -> str:
    """UTF-8; else the encoding that the page itself names in its first kilobyte, when it is a single-byte one."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        head = content[:1024].lower().replace(b'"', b"").replace(b"'", b"")
        for told in ("windows-1252", "iso-8859-1", "iso-8859-15", "windows-1251", "windows-1250", "koi8-r"):
            if f"charset={told}".encode() in head:
                return content.decode(told, "replace")
        raise Invalid("the page is not UTF-8", [Problem("", "encoding", "send the page as UTF-8")]) from error


def _published(dates: Sequence[SeenDate]) -> tuple[datetime | None, str]:
    for one in dates:
        if one.role == "published" and (at := moment(one.value)) is not None:
            return at, one.origin
    return None, "unknown"


def _disagree(dates: Sequence[SeenDate]) -> str:
    days = {at.date() for one in dates if one.role == "published" and (at := moment(one.value)) is not None}
    if days and (max(days) - min(days)).days > 1:
        return f"the page states different days of publication: {', '.join(sorted(day.isoformat() for day in days))}"
    return ""


def _plain(content: bytes, *, url: str, retrieved_at: datetime, about: Registered) -> Source:
    if len(content) > LIMIT_BYTES:
        raise TooLarge(f"a text holds at most {LIMIT_BYTES} bytes")
    raw = _decoded(content)
    text = clean(raw)
    if not text:
        raise Invalid("the text holds no words", [Problem("", "empty", "send the article itself")])
    return _source(
        content,
        text=text,
        title=text.partition("\n")[0][:200],
        kind="text",
        url=url,
        retrieved_at=retrieved_at,
        about=about,
        stripped=("invisible characters",) if hidden_in(raw.replace("\r", "")) else (),
    )


def _records(content: bytes, *, url: str, retrieved_at: datetime, about: Registered) -> tuple[Source, ...]:
    document = parse.decode(content, records.LIMITS, controls=True)
    kind = records.kind_of(document)
    if not kind:
        problem = Problem("", "unknown_json", "send a CSAF, OSV, CVE or KEV record, or a JSON Feed")
        raise Invalid("this JSON is nothing that a brief is made from", [problem])
    made = []
    for told in records.read(content, document, kind):
        note = (f"{told.left_out} older entries of the catalogue were left out",) if told.left_out else ()
        made.append(
            _source(
                content,
                text=told.text,
                title=told.title,
                kind=kind,
                url=told.url or url,
                retrieved_at=retrieved_at,
                about=about,
                published_at=told.published_at,
                published_from="record" if told.published_at else "unknown",
                publisher=told.publisher,
                tlp=max(about.tlp, told.tlp),
                needs_person=note,
            )
        )
    return tuple(made)


def _feed(content: bytes, *, url: str, retrieved_at: datetime, about: Registered) -> tuple[Source, ...]:
    held = feed.read(content)
    oldest = datetime.min.replace(tzinfo=UTC)
    newest = sorted(held.entries, key=lambda one: one.published_at or one.modified_at or oldest, reverse=True)
    made = []
    for entry in newest[:MOST_ENTRIES]:
        seen = page.see(f"<body>{entry.html}</body>")
        text = seen.text or clean(entry.title)
        if not text:
            continue
        link = urljoin(url, entry.url) if entry.url else ""
        dates = tuple(SeenDate("feed", role, value[:40]) for role, value in entry.told)
        made.append(
            _source(
                content,
                text=text,
                title=page.see(entry.title).text or clean(entry.title),
                kind="feed entry",
                url=link if urlsplit(link).scheme in ("http", "https") else url,
                retrieved_at=retrieved_at,
                about=about,
                published_at=entry.published_at,
                published_from="feed" if entry.published_at else "unknown",
                publisher=clean(held.title),
                author=clean(entry.author),
                dates=dates,
                stripped=seen.stripped,
                marks=page.marks(seen),
                needs_person=("a feed's entry is often a summary of the article",),
            )
        )
    if not made:
        raise Invalid("the feed holds no entry with words", [Problem("", "empty", "give the address of an article")])
    return tuple(made)


def _short_enough(text: str) -> None:
    if len(text) > LIMIT_CHARACTERS:
        raise TooLarge(f"a text holds at most {LIMIT_CHARACTERS} characters: give one article")


def _source(content: bytes, *, text: str, about: Registered, **given: object) -> Source:
    _short_enough(text)
    fields: dict[str, object] = {
        "name": about.name or str(given.get("publisher") or "") or urlsplit(str(given.get("url"))).hostname or "a file",
        "text": text,
        "sha256": hashlib.sha256(content).hexdigest(),
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "tlp": about.tlp,
        "openly_licensed": about.openly_licensed,
        "licence": about.licence,
        "reservations": about.signals,
    }
    return Source(**(fields | given))  # type: ignore[arg-type]  # the keys are field names, each set above or by name
