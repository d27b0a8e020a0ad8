"""Feeds of advisories: three forms of the same, CLEAR only, ids that never change, tombstones for withdrawals."""

import json
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from defusedxml import ElementTree

from comity.bench import sample
from comity.errors import Missing
from comity.formats import feed as reading
from comity.formats import news
from comity.formats.markup import paragraphs
from comity.model.handling import Tlp
from comity.model.party import ANONYMOUS
from tests.console.hosts import Pages

ATOM = "{http://www.w3.org/2005/Atom}"
TOMB = "{http://purl.org/atompub/tombstones/1.0}"
CHANNEL = news.Channel(publisher="Host & Sons", address="https://host.example", updated=sample.AT)
ONE = replace(sample.advisory(1), title="Weakness in <parser> & co", aliases=("CVE-2020-0001",))
GONE = replace(
    sample.advisory(2), withdrawn_at=sample.AT + timedelta(days=1), modified_at=sample.AT + timedelta(days=1)
)


def test_atom_is_read_back_with_its_tombstone() -> None:
    root = ElementTree.fromstring(news.render("advisories.atom", CHANNEL, [ONE, GONE]))
    entries = root.findall(f"{ATOM}entry")
    assert [one.findtext(f"{ATOM}id") for one in entries] == [
        "https://host.example/advisories/SAMPLE-2026-0001",
        "https://host.example/advisories/SAMPLE-2026-0002",
    ]
    assert entries[0].findtext(f"{ATOM}title") == "SAMPLE-2026-0001: Weakness in <parser> & co"
    assert entries[0].findtext(f"{ATOM}content").startswith("TLP:CLEAR\n\n")
    assert "Sample advisory 2" not in (entries[1].findtext(f"{ATOM}content") or "")
    (tombstone,) = root.findall(f"{TOMB}deleted-entry")
    assert tombstone.get("ref") == "https://host.example/advisories/SAMPLE-2026-0002"


def test_rss_and_json_say_the_same() -> None:
    channel = ElementTree.fromstring(news.render("advisories.rss", CHANNEL, [ONE, GONE])).find("channel")
    items = channel.findall("item")
    told = json.loads(news.render("advisories.json", CHANNEL, [ONE, GONE]))["items"]
    assert [one.findtext("guid") for one in items] == [one["id"] for one in told]
    assert [one.findtext("description") for one in items] == [paragraphs(one["content_text"]) for one in told]
    assert parsedate_to_datetime(items[0].findtext("pubDate")) == sample.AT
    assert told[1]["_comity"]["withdrawn"] is True


def test_a_feed_refuses_what_is_not_clear() -> None:
    with pytest.raises(ValueError, match="CLEAR"):
        news.render("advisories.atom", CHANNEL, [sample.advisory(1, tlp=Tlp.GREEN)])


def test_our_own_reader_reads_them() -> None:
    for name in ("advisories.atom", "advisories.rss", "advisories.json"):
        found = reading.read(news.render(name, CHANNEL, [ONE]))
        assert len(found.entries) == 1, name


def test_a_host_serves_them_to_everybody_and_makes_them_anew_when_something_changed(here: Pages) -> None:
    library = here.site.library
    first = library.feed(ANONYMOUS, "advisories.json")
    assert library.feed(ANONYMOUS, "advisories.json") is first
    here.site.publish(sample.advisory(7))
    here.site.publish(sample.advisory(8, tlp=Tlp.GREEN))
    second = json.loads(library.feed(ANONYMOUS, "advisories.json").data)
    assert "SAMPLE-2026-0007" in str(second)
    assert "SAMPLE-2026-0008" not in str(second)
    for name, media in news.TYPES.items():
        answer = here.browser("").get(f"/feeds/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert here.browser("").get("/feeds/briefs.atom").status_code == 200
    with pytest.raises(Missing):
        library.feed(ANONYMOUS, "advisories.xml")


def test_a_subscriber_manages_hooks_on_pages(here: Pages) -> None:
    reader = here.browser("reader")
    assert here.browser("").get("/following").status_code == 303
    assert "Your subscriptions" in reader.get("/following").text
    refused = reader.post("/following/webhooks", {"url": "http://inside.example/"}, page="/following")
    assert refused.status_code == 422
    made = reader.post("/following/webhooks", {"url": "https://receiver.example/hook"}, page="/following")
    assert "shown this once" in made.text
    viewer = here.site.viewers["reader"]
    (line,) = here.site.hooks.own(viewer)
    assert line.hook.secret in made.text
    place = f"/following/{line.hook.id}"
    assert line.hook.secret not in reader.get(place).text
    assert reader.post(f"{place}/ring", page=place).status_code == 303
    text = reader.get(place).text
    assert "waiting" in text
    assert here.browser("rival").get(place).status_code == 404
    assert here.browser("rival").post(f"{place}/end", page="/following").status_code == 404
    assert reader.post(f"{place}/pause", page=place).status_code == 303
    assert "Go on" in reader.get(place).text
    digest = reader.post("/following/digests", {"address": "r@reader.example", "every": "week"}, page="/following")
    assert digest.status_code == 303
    assert "not confirmed" in reader.get("/following").text
    assert reader.post(f"{place}/end", page=place).status_code == 303
    assert reader.get(place).status_code == 404
