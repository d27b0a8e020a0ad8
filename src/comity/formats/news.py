"""Published advisories as feeds: Atom (RFC 4287, with RFC 6721 tombstones), RSS 2.0 and JSON Feed 1.1.

Only what is TLP:CLEAR is written. An entry's id is the advisory's address and never changes; its `updated` is the
advisory's own and moves with its content only. A withdrawn advisory leaves its tombstone where its words were.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from comity.formats.markup import escaped, paragraphs, stamp
from comity.model.advisory import Advisory
from comity.model.handling import Tlp

TYPES: Final = {
    "advisories.atom": "application/atom+xml",
    "advisories.rss": "application/rss+xml",
    "advisories.json": "application/feed+json",
}
"""File name of each feed and its media type."""
LABEL: Final = Tlp.CLEAR.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Whose feed: the host's name and address, and the newest change in it."""

    publisher: str
    address: str
    updated: datetime

    @property
    def title(self) -> str:
        """What a reader's list shows."""
        return f"Advisories of {self.publisher}"

    def link(self, one: Advisory) -> str:
        """Where an advisory is read: its id in every feed."""
        return f"{self.address}/advisories/{one.id}"


def render(name: str, channel: Channel, advisories: Sequence[Advisory]) -> bytes:
    """The feed of this file name. KeyError for any other name; ValueError when something in it is not CLEAR."""
    if any(one.handling.tlp is not Tlp.CLEAR or one.published_at is None for one in advisories):
        raise ValueError("a feed holds published advisories that are TLP:CLEAR, and no others")
    return {"advisories.atom": _atom, "advisories.rss": _rss, "advisories.json": _json}[name](channel, advisories)


def title(one: Advisory) -> str:
    """The entry's title; a withdrawn one says so."""
    return f"Withdrawn: {one.id}" if one.withdrawn_at is not None else f"{one.id}: {one.title}"


def words(one: Advisory) -> str:
    """The entry's text: the label first, then what to do, and who stands behind it."""
    if one.withdrawn_at is not None:
        return f"{LABEL}\n\nThis advisory was withdrawn on {stamp(one.withdrawn_at)[:10]}."
    parts = (LABEL, one.summary, one.remediation, ", ".join(one.aliases), one.approved_by)
    return "\n\n".join(part for part in parts if part)


def _atom(channel: Channel, advisories: Sequence[Advisory]) -> bytes:
    entries = "".join(
        f"<entry><title>{escaped(title(one))}</title><id>{escaped(channel.link(one))}</id>"
        f"<published>{stamp(one.published_at or one.modified_at)}</published>"
        f"<updated>{stamp(one.modified_at)}</updated>"
        f"<author><name>{escaped(channel.publisher)}</name></author>"
        f'<link rel="alternate" type="text/html" href="{escaped(channel.link(one))}"/>'
        + "".join(f'<category term="{escaped(name)}"/>' for name in (*one.aliases, *one.cwes))
        + f'<content type="text">{escaped(words(one))}</content></entry>\n'
        for one in advisories
    )
    gone = "".join(
        f'<at:deleted-entry ref="{escaped(channel.link(one))}" when="{stamp(one.withdrawn_at)}"/>\n'
        for one in advisories
        if one.withdrawn_at is not None
    )
    base = escaped(channel.address)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">\n'
        f"<title>{escaped(channel.title)}</title><id>{base}/advisories</id>\n"
        f"<updated>{stamp(channel.updated)}</updated>\n"
        f'<link rel="self" href="{base}/feeds/advisories.atom"/>\n'
        f'<link rel="alternate" type="text/html" href="{base}/advisories"/>\n'
        f"{entries}{gone}</feed>\n"
    ).encode()


def _rss(channel: Channel, advisories: Sequence[Advisory]) -> bytes:
    items = "".join(
        f"<item><title>{escaped(title(one))}</title><link>{escaped(channel.link(one))}</link>"
        f'<guid isPermaLink="true">{escaped(channel.link(one))}</guid>'
        f"<pubDate>{format_datetime((one.published_at or one.modified_at).astimezone(UTC))}</pubDate>"
        f"<atom:updated>{stamp(one.modified_at)}</atom:updated>"
        + "".join(f"<category>{escaped(name)}</category>" for name in (*one.aliases, *one.cwes))
        + f"<description>{escaped(paragraphs(words(one)))}</description></item>\n"
        for one in advisories
    )
    base = escaped(channel.address)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
        f"<title>{escaped(channel.title)}</title><link>{base}/advisories</link>\n"
        "<description>What to do about weaknesses, with the evidence beside it.</description>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{base}/feeds/advisories.rss"/>\n'
        f"<lastBuildDate>{format_datetime(channel.updated.astimezone(UTC))}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def _json(channel: Channel, advisories: Sequence[Advisory]) -> bytes:
    held = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": f"{channel.address}/advisories",
        "feed_url": f"{channel.address}/feeds/advisories.json",
        "items": [_item(channel, one) for one in advisories],
    }
    return json.dumps(held, ensure_ascii=False, indent=1).encode() + b"\n"


def _item(channel: Channel, one: Advisory) -> dict[str, Any]:
    return {
        "id": channel.link(one),
        "url": channel.link(one),
        "title": title(one),
        "content_text": words(one),
        "date_published": stamp(one.published_at or one.modified_at),
        "date_modified": stamp(one.modified_at),
        "tags": [*one.aliases, *one.cwes],
        "_comity": {"id": str(one.id), "label": LABEL, "withdrawn": one.withdrawn_at is not None},
    }
