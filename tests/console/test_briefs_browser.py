"""A real browser on the pages of briefs: how they look, whether the label can be read, and a review without script."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.console.briefs import Filled, filled
from tests.console.hosts import pages
from tests.console.test_browser import CHROMIUM, FLAGS, SCREENSHOTS, SIZES, Served, serving

pytestmark = pytest.mark.browser

LOOKS = (
    ("briefs", "", "/briefs"),
    ("brief", "", "/briefs/{public}"),
    ("brief-model", "", "/briefs/{model}"),
    ("brief-disputed", "", "/briefs/{disputed}"),
    ("brief-corrected", "", "/briefs/{corrected}"),
    ("brief-withdrawn", "", "/briefs/{withdrawn}"),
    ("brief-print", "", "/briefs/{public}/brief.html"),
    ("brief-conflicts", "", "/briefs/conflicts"),
    ("brief-corrections", "", "/briefs/corrections"),
    ("brief-principles", "", "/briefs/principles"),
    ("brief-detect", "", "/detect"),
    ("brief-subscribe", "", "/subscribe"),
    ("drafts", "editor", "/drafts"),
    ("draft", "second-editor", "/drafts/{draft}"),
    ("draft-nasty", "editor", "/drafts/{nasty}"),
    ("draft-public", "editor", "/drafts/{corrected}"),
    ("draft-errors", "editor", "/drafts/errors"),
    ("draft-source", "editor", "/drafts/{draft}/source?url=https://example.org/new"),
    ("notices", "reader", "/notices"),
)

DARK = ("brief", "brief-model", "brief-subscribe", "draft", "drafts")
"""Pages that are looked at in the dark as well: the others are made of the same parts."""
CONTRAST = """element => {
  const number = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const part = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  let ground = element;
  while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
  const one = light(number(getComputedStyle(element).color));
  const other = light(number(getComputedStyle(ground).backgroundColor));
  return (Math.max(one, other) + .05) / (Math.min(one, other) + .05); }"""
"""WCAG 2.2, 1.4.3: contrast of an element's words against the ground that they stand on."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Filled]]:
    """The filled site behind a real server, and Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install the OS package chromium")
    with pages(tmp_path_factory.mktemp("briefs")) as made, serving(made.site.app) as port, sync_playwright() as driver:
        held = filled(made.site)
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield Served(pages=made, address=f"http://127.0.0.1:{port}", chromium=chromium), held
        finally:
            chromium.close()


def at(there: tuple[Served, Filled], path: str) -> str:
    served, held = there
    names = {name: getattr(held, name) for name in Filled.__dataclass_fields__}
    return served.address + path.format(**names)


@pytest.mark.parametrize(("name", "role", "path"), LOOKS, ids=[name for name, _, _ in LOOKS])
def test_every_page_shows_without_script_and_without_sideways_scrolling(
    there: tuple[Served, Filled], name: str, role: str, path: str
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    dark = [("desktop", "dark")] if name in DARK else []
    for size, scheme in (("desktop", "light"), ("phone", "light"), *dark):
        with there[0].window(role, size=size, scheme=scheme) as window:
            page = window.new_page()
            seen: list[str] = []
            page.on("console", lambda message, seen=seen: seen.append(message.text))
            page.goto(at(there, path))
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size][0], f"{name} scrolls sideways on {size}"
            if name == "drafts" and size == "phone":
                inner = "[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth)"
                assert page.evaluate(inner)[0] <= 0, "the queue scrolls inside its own box"
            assert page.locator("h1").count() == 1
            assert not [text for text in seen if "Content Security Policy" in text], seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["public", "model", "corrected", "withdrawn"])
def test_t16_the_label_can_be_read_by_everybody(there: tuple[Served, Filled], which: str, scheme: Any) -> None:
    with there[0].window(scheme=scheme) as window:
        page = window.new_page()
        page.goto(at(there, f"/briefs/{{{which}}}"))
        label = page.locator(".brief-label").first
        assert label.evaluate(CONTRAST) >= 7, "WCAG 2.2 AAA, 1.4.6"
        words = label.inner_text().strip()
        assert "AI" in words
        tree = page.locator("article").aria_snapshot()
        assert "note" in tree
        assert "How this text was made" in tree
        assert tree.index("note") < tree.index("heading")
        first = page.evaluate(
            "document.querySelector('.brief-label').compareDocumentPosition(document.querySelector('h1')) & 4"
        )
        assert first, "the label stands before the title in document order"
        box, title = label.bounding_box(), page.locator("h1").bounding_box()
        assert box is not None
        assert title is not None
        assert box["y"] + box["height"] <= title["y"], "and above it on the screen"
        page.emulate_media(forced_colors="active")
        assert label.is_visible()
        assert label.inner_text().strip() == words, "no word of it is a colour or a picture"


def test_the_label_stays_on_paper(there: tuple[Served, Filled]) -> None:
    with there[0].window() as window:
        page = window.new_page()
        page.goto(at(there, "/briefs/{public}"))
        page.emulate_media(media="print")
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "brief-paper.png", full_page=True)
        assert page.locator(".brief-label").first.is_visible()
        assert page.locator(".rests").first.is_visible()


def test_everything_in_an_article_is_reached_by_keyboard(there: tuple[Served, Filled]) -> None:
    with there[0].window() as window:
        page = window.new_page()
        page.goto(at(there, "/briefs/{public}"))
        links = page.locator("main a").count()
        reached = set()
        for _ in range(links + 30):
            page.keyboard.press("Tab")
            place = page.evaluate("document.activeElement.closest('main') ? document.activeElement.href : ''")
            if place:
                reached.add(place)
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert reached >= set(page.evaluate("[...document.querySelectorAll('main a')].map(one => one.href)"))


def test_an_editor_reviews_and_publishes_without_script(there: tuple[Served, Filled]) -> None:
    served, held = there
    site = served.pages.site
    with served.window("second-editor") as window:
        page = window.new_page()
        page.goto(at(there, "/drafts/{draft}"))
        page.get_by_role("button", name="Begin a review").click()
        assert "Your review" in page.content()
        page.get_by_role("link", name="Open the source").click()
        assert "counts as opened" in page.content()
        assert page.locator("mark").count() >= 1
        page.get_by_role("link", name="back to the draft").click()
        page.get_by_role("button", name="End the review").click()
        assert "undecided" in page.content()
        assert "too_quick" in page.content()
        site.clock.now += timedelta(seconds=60)
        record = site.briefs.draft(site.viewers["second-editor"], held.draft).record
        assert record.sitting is not None
        planted = record.sitting.planted
        for number in range(len(record.sitting.items)):
            word = "wrong" if number in planted else "holds"
            page.locator(f"input[name='line-{number}'][value='{word}']").check()
        page.screenshot(path=SCREENSHOTS / "draft-sitting.png", full_page=True)
        page.locator("#editor").select_option(site.viewers["editor"].person)
        page.get_by_role("button", name="End the review").click()
        assert "The review counts" in page.content()
        page.get_by_role("button", name="Publish").click()
        assert "Published in every channel" in page.content()
    with served.window() as window:
        page = window.new_page()
        page.goto(at(there, "/briefs/{draft}"))
        assert page.locator(".brief-label").first.inner_text().endswith("reviewed by Test second-editor on 2026-11-22.")
