"""Script in every text that the host takes: forms, operations of the API, documents of every format, public articles.

A whole host is filled with it by a walk (`walk`, `planted`), then everything that the host shows is read as a browser
or a feed reader reads it, and a browser without the pages' own policy opens each page and must stay silent.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Route, sync_playwright

from comity.admin import mirrors
from comity.app import opened
from comity.bench.pages import ask
from comity.brief import desk_make
from comity.formats.osv import Osv
from comity.model.ids import AdvisoryId
from comity.settings import Settings
from comity.store import published
from tests.attacks import planted
from tests.attacks.markup import MARK, dangers, feed_dangers
from tests.attacks.planted import TEXT
from tests.attacks.walk import Walk
from tests.console.test_browser import CHROMIUM, FLAGS

HTML = "text/html"
FEEDS = ("/feeds/", "/api/v1/feeds/")
SHOWN = 150
"""Pages that hold something planted, at least."""
TAKEN = 25
"""Forms and operations that took something planted, at least."""
OWN_STYLE = ("/card",)
"""Documents that bring their style sheet: they are files on their own."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A host after the walk."""
    place = tmp_path_factory.mktemp("planted")
    settings = Settings(
        data=place / "data",
        keys=place / "keys",
        offline=True,
        api_per_minute=0,
        api_open_per_minute=0,
        smtp_host="127.0.0.1",
        smtp_port=9,
        mail_from="host@example.org",
    )
    sent = (*planted.reports(), *planted.inventories(), *planted.mirrors(), *planted.packs(), *planted.shared())
    with opened(settings, demo=True) as office:
        walk = Walk(office, office.web(), sent)
        walk.people()
        import_all(walk, place)
        asyncio.run(over(walk))
        yield walk


def import_all(walk: Walk, place: Path) -> None:
    """What no form brings: mirrors, articles for briefs, and an advisory as it is when it was published."""
    office = walk.office
    for one in planted.mirrors():
        mirrors.take_in(office.store, one.data, at=office.now())
    for one in planted.articles():
        (place / one.name).write_bytes(one.data)
        made = desk_make.made([str(place / one.name)], office.settings, name=TEXT)
        office.briefs.keep(walk.viewers["editor"], desk_make.as_draft(made))
    advisory = Osv().read(planted.mirrors()[0].data.splitlines()[0])
    shown = replace(advisory, id=AdvisoryId("COMITY-2026-0001"), published_at=office.now())
    with office.store.write() as tx:
        published.put(tx, shown, [])
    office.exchange.catch_up()


async def over(walk: Walk) -> None:
    """Look, fill in what is seen, and look again: what was made opens further forms."""
    document = json.loads((await ask(walk.app, "/api/v1/openapi.json", "")).body)
    for _ in range(2):
        for role in walk.cookies:
            await walk.crawl(role, each=1)
            await walk.fill(role)
    await walk.operate(document)
    for role in walk.cookies:
        await walk.crawl(role)
    await walk.fetch()


def test_what_is_planted_would_be_found_if_it_stood_in_a_page_or_a_feed_as_it_is() -> None:
    for text in planted.PLAIN[:3]:
        assert dangers(f"<p title='{text}'>{text}</p>")
    for text in planted.ADDRESS[:3]:
        assert dangers(f'<a href="{text}">x</a>')
    assert feed_dangers(f'<feed><link href="{planted.LINK}"/></feed>'.encode(), "xml")
    assert feed_dangers(b"<rss><description>&lt;svg onload=x&gt;</description></rss>", "xml")
    assert feed_dangers(json.dumps({"items": [{"content_html": TEXT}]}).encode(), "json")
    assert not dangers("<p>words</p><a href='/order'>x</a><script src='/static/live.js' defer></script>")


def test_most_texts_of_every_document_could_be_planted() -> None:
    some = (*planted.reports(), *planted.inventories(), *planted.mirrors(), *planted.articles(), *planted.shared())
    assert len(some) >= 20
    assert sum(one.places for one in some) > 0.75 * sum(one.of for one in some)


def test_the_walk_reaches_and_plants_in_all_parts(walked: Walk) -> None:
    holding = {walked.kind(address) for (_, address), one in walked.seen.items() if MARK.encode() in one.body}
    pages = [one for one in walked.seen.values() if one.kind.startswith(HTML) and MARK.encode() in one.body]
    assert len(pages) >= SHOWN
    for part in ("/cases/", "/reports/", "/advisories/", "/inventories/", "/drafts/", "/engagements", "/people"):
        assert [kind for kind in holding if kind.startswith(part)], part
    assert sum(status < 400 for status in walked.sent.values()) >= TAKEN


def test_no_page_holds_planted_text_as_markup_or_in_a_link_that_runs(walked: Walk) -> None:
    found = {
        (walked.kind(address) or address, danger)
        for (_, address), one in walked.seen.items()
        if one.kind.startswith(HTML)
        for danger in dangers(one.body.decode(), own_style=address.endswith(OWN_STYLE))
    }
    assert found == set()


def test_no_feed_carries_markup_from_outside_to_its_readers(walked: Walk) -> None:
    feeds = {
        address: one
        for (_, address), one in walked.seen.items()
        if one.status == 200 and any(word in one.kind for word in ("atom", "rss", "feed+json"))
    }
    assert len(feeds) >= 6
    assert {address: found for address, one in feeds.items() if (found := feed_dangers(one.body, one.kind))} == {}


def test_no_other_answer_can_be_taken_for_a_page(walked: Walk) -> None:
    for (_, address), one in walked.seen.items():
        if one.body:
            assert one.headers.get("x-content-type-options") == "nosniff", address
            assert one.kind.startswith(HTML) or "html" not in one.kind, address
            assert "svg" not in one.kind or address.startswith("/static/"), address


@pytest.mark.browser
def test_a_browser_without_any_policy_opens_every_planted_page_and_stays_silent(walked: Walk) -> None:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install the OS package chromium")
    shown = {}
    for (role, address), one in walked.seen.items():
        if one.kind.startswith(HTML) and MARK.encode() in one.body:
            shown.setdefault((walked.kind(address), role if len(shown) < SHOWN else ""), one.body)
    pages = [f"<title>x</title><p>{TEXT}".encode(), *shown.values()]
    said: list[int] = []

    def answer(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        if number.isdigit():
            route.fulfill(body=pages[int(number)], content_type="text/html; charset=utf-8")
        else:
            route.abort()

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = chromium.new_page()
        page.route("**/*", answer)
        page.on("dialog", lambda dialog: (said.append(int(page.url.rpartition("/")[2])), dialog.dismiss()))
        for number in range(len(pages)):
            page.goto(f"http://planted.invalid/{number}", wait_until="load")
        chromium.close()
    assert set(said) == {0}
