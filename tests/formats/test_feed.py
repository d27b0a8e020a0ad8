"""Feeds: what each entry says of itself. The feeds are written for these tests."""

from datetime import UTC, datetime

import pytest

from comity.errors import Invalid, TooLarge
from comity.formats import feed

RSS = b"""<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Agency news</title><link>https://example.org/</link>
<item><title>Notice one</title><link>https://example.org/1</link><guid>tag:1</guid><dc:creator>Press office</dc:creator>
<pubDate>Tue, 14 Jul 2026 08:00:00 GMT</pubDate><description>Short.</description>
<content:encoded><![CDATA[<p>Long <b>text</b>.</p>]]></content:encoded></item>
<item><title>Notice two</title><pubDate>yesterday</pubDate></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><link href="https://example.org/"/>
<entry><id>urn:1</id><title>One</title><link rel="edit" href="https://example.org/e"/><link href="https://example.org/1"/>
<author><name>A. Writer</name></author><published>2026-07-14T08:00:00Z</published>
<updated>2026-07-15T08:00:00Z</updated>
<summary>Short.</summary></entry></feed>"""
JSON_FEED = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "News", "home_page_url": "https://example.org/",
"items": [{"id": "1", "url": "https://example.org/1", "title": "One", "content_text": "Text.",
"date_published": "2026-07-14T08:00:00Z", "authors": [{"name": "A. Writer"}]}]}"""
DAY = datetime(2026, 7, 14, 8, tzinfo=UTC)


def test_rss_gives_the_fullest_text_and_its_own_date() -> None:
    held = feed.read(RSS)
    one, two = held.entries
    assert (held.kind, held.title, held.home) == ("rss", "Agency news", "https://example.org/")
    assert (one.id, one.url, one.author, one.published_at) == ("tag:1", "https://example.org/1", "Press office", DAY)
    assert one.html == "<p>Long <b>text</b>.</p>"
    assert (two.published_at, dict(two.told)["published"]) == (None, "yesterday")


def test_an_entry_without_an_id_gets_the_same_one_each_time() -> None:
    first, second = feed.read(RSS).entries[1].id, feed.read(RSS).entries[1].id
    assert first == second
    assert first.startswith("sha256:")


def test_atom_and_json_feed_say_the_same() -> None:
    for data, kind in ((ATOM, "atom"), (JSON_FEED, "json feed")):
        held = feed.read(data)
        one = held.entries[0]
        assert held.kind == kind
        assert (one.url, one.title, one.author, one.published_at) == ("https://example.org/1", "One", "A. Writer", DAY)
        assert feed.is_feed(data)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<html><p>no feed</p></html>", Invalid),
        (b"<rss><channel>", Invalid),
        (b'{"version": "1"}', Invalid),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel><title>&a;</title></channel></rss>', Invalid),
        (b"<rss>" + b"<a>" * 200 + b"</a>" * 200 + b"</rss>", TooLarge),
        (b"<rss>" + b"a" * feed.LIMIT_BYTES, TooLarge),
        (b"\x00\x01", Invalid),
    ],
)
def test_what_is_no_feed_or_too_much_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        feed.read(data)


def test_entries_over_the_limit_are_counted() -> None:
    many = b"<rss><channel>" + b"<item><title>x</title></item>" * (feed.LIMIT_ENTRIES + 3) + b"</channel></rss>"
    held = feed.read(many)
    assert (len(held.entries), held.left_out) == (feed.LIMIT_ENTRIES, 3)
