"""Briefs as feeds: Atom (RFC 4287, with RFC 6721 tombstones), RSS 2.0 and JSON Feed 1.1, with ids that never change.

In each an entry's text starts with the label, the mark is the one of the record, and a withdrawn brief leaves its
tombstone where its words were.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from comity.brief.channels.common import IPTC, body, correction_lines, escaped, lead, note, stamp
from comity.formats.markup import paragraphs
from comity.model.brief import Published, SourceFacts

TYPES: Final = {
    "briefs.atom": "application/atom+xml",
    "briefs.rss": "application/rss+xml",
    "briefs.json": "application/feed+json",
}
"""File name of each feed and its media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Whose feed: the host's name and address, and the newest change in it."""

    title: str
    address: str
    updated: datetime


def render(name: str, channel: Channel, briefs: Sequence[Published]) -> bytes:
    """The feed of this file name. KeyError for any other name."""
    return {"briefs.atom": atom, "briefs.rss": rss, "briefs.json": json_feed}[name](channel, briefs)


def words(public: Published) -> str:
    """The text of an entry: it starts with the label."""
    return "\n\n".join([*lead(public), *body(public), *correction_lines(public)])


def atom(channel: Channel, briefs: Sequence[Published]) -> bytes:
    """RFC 4287. A withdrawn brief stays as an entry with its tombstone, and is named as deleted (RFC 6721)."""
    entries = "".join(_entry(one) for one in briefs)
    gone = "".join(
        f'<at:deleted-entry ref="{escaped(one.url)}" when="{stamp(one.tombstone.at)}">'
        f"<at:comment>{escaped(one.tombstone.reason)}</at:comment></at:deleted-entry>\n"
        for one in briefs
        if one.tombstone is not None
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">\n'
        f"<title>{escaped(channel.title)}</title><id>{escaped(channel.address)}/briefs</id>\n"
        f"<updated>{stamp(channel.updated)}</updated>\n"
        f'<link rel="self" href="{escaped(channel.address)}/feeds/briefs.atom"/>\n'
        f'<link rel="alternate" type="text/html" href="{escaped(channel.address)}/briefs"/>\n'
        f"{entries}{gone}</feed>\n"
    ).encode()


def _entry(public: Published) -> str:
    mark = f'<category scheme="{IPTC}" term="{escaped(public.mark)}"/>' if public.mark else ""
    via = "".join(f'<link rel="via" href="{escaped(one.url)}"/>' for one in public.provenance.sources)
    source = "".join(_atom_source(one) for one in public.provenance.sources[:1])
    title = f"Withdrawn: {public.title}" if note(public) else public.title
    return (
        f"<entry><title>{escaped(title)}</title><id>{escaped(public.url)}</id>"
        f"<published>{stamp(public.published_at)}</published><updated>{stamp(public.modified_at)}</updated>"
        f"<author><name>{escaped(public.publisher)}</name></author>"
        f'<link rel="alternate" type="text/html" href="{escaped(public.url)}"/>{via}'
        f'<category term="{escaped(public.class_primary)}"/>{mark}'
        f'<content type="text">{escaped(words(public))}</content>{source}</entry>\n'
    )


def _atom_source(source: SourceFacts) -> str:
    updated = f"<updated>{stamp(source.published_at)}</updated>" if source.published_at else ""
    return f"<source><id>{escaped(source.url)}</id><title>{escaped(source.name)}</title>{updated}</source>"


def rss(channel: Channel, briefs: Sequence[Published]) -> bytes:
    """RSS 2.0. `guid` is the brief's address and never changes; corrections move `atom:updated`."""
    items = "".join(_item(one) for one in briefs)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>\n'
        f"<title>{escaped(channel.title)}</title><link>{escaped(channel.address)}/briefs</link>\n"
        "<description>Short, sourced, labelled briefs. The label comes before every text.</description>\n"
        f'<atom:link rel="self" type="application/rss+xml" href="{escaped(channel.address)}/feeds/briefs.rss"/>\n'
        f"<lastBuildDate>{format_datetime(channel.updated.astimezone(UTC))}</lastBuildDate>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def _item(public: Published) -> str:
    mark = f'<category domain="{IPTC}">{escaped(public.mark)}</category>' if public.mark else ""
    first = public.provenance.sources[0] if public.provenance.sources else None
    source = f'<source url="{escaped(first.url)}">{escaped(first.name)}</source>' if first else ""
    title = f"Withdrawn: {public.title}" if note(public) else public.title
    return (
        f"<item><title>{escaped(title)}</title><link>{escaped(public.url)}</link>"
        f'<guid isPermaLink="true">{escaped(public.url)}</guid>'
        f"<pubDate>{format_datetime(public.published_at.astimezone(UTC))}</pubDate>"
        f"<atom:updated>{stamp(public.modified_at)}</atom:updated>"
        f"<category>{escaped(public.class_primary)}</category>{mark}"
        f"<description>{escaped(paragraphs(words(public)))}</description>{source}</item>\n"
    )


def json_feed(channel: Channel, briefs: Sequence[Published]) -> bytes:
    """JSON Feed 1.1 with `_provenance`; readers ignore keys that they do not know."""
    return (
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": channel.title,
                "home_page_url": f"{channel.address}/briefs",
                "feed_url": f"{channel.address}/feeds/briefs.json",
                "items": [_json_item(one) for one in briefs],
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
    ).encode()


def _json_item(public: Published) -> dict[str, Any]:
    sources = public.provenance.sources
    provenance: dict[str, Any] = {
        "about": f"{public.url}/brief.json",
        "seal": f"{public.url}/brief.json.seal.json",
        "label": public.label,
        "origin": public.origin.value,
        "digital_source_type": public.mark,
        "review_state": public.review_state.value,
        "version": public.version,
        "withdrawn": public.tombstone is not None,
        "pipeline": public.provenance.pipeline_version,
        "model": public.provenance.model_id,
        "sources": [{"url": one.url, "sha256": one.sha256, "marks": list(one.marks)} for one in sources],
    }
    title = f"Withdrawn: {public.title}" if note(public) else public.title
    return {
        "id": public.url,
        "url": public.url,
        "external_url": sources[0].url if sources else public.url,
        "title": title,
        "content_text": words(public),
        "date_published": stamp(public.published_at),
        "date_modified": stamp(public.modified_at),
        "language": public.language,
        "tags": [public.class_primary, *public.classes],
        "_provenance": provenance,
    }
