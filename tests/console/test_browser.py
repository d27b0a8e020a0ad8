"""A real browser on the pages: sign-in by link, a report, a case from evidence to publication, and how it all looks.

Screenshots of every page, light and dark, desktop and phone, go to `screenshots/` (ignored by git) for people to see.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

from comity.bench import loopback
from comity.model.case import Stage
from comity.model.ids import CaseId
from tests.api.fakes import CASE
from tests.console.hosts import Pages, pages

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
VIEWS = {
    "home": ("", "/"),
    "style": ("", "/style"),
    "affected": ("", "/affected"),
    "assessments": ("", "/assessments"),
    "briefs": ("", "/briefs"),
    "directives": ("", "/directives"),
    "sign-in": ("", "/sign-in"),
    "advisories": ("", "/advisories"),
    "advisory": ("", "/advisories/COMITY-2026-0001"),
    "order": ("", "/order"),
    "search": ("coordinator", "/search?q=traversal"),
    "partners": ("admin", "/partners"),
    "hand-over": ("coordinator", "/cases/C-0000-0000-0001/hand-over"),
    "verify": ("", "/verify"),
    "missing": ("", "/nothing-here"),
    "submit": ("submitter", "/report"),
    "reports": ("submitter", "/reports"),
    "batches": ("submitter", "/batches"),
    "report": ("submitter", "/reports/R-0000-0000-0001"),
    "queue": ("coordinator", "/queue"),
    "case": ("coordinator", f"/cases/{CASE}"),
    "account": ("coordinator", "/account"),
    "people": ("admin", "/people"),
    "teams": ("admin", "/teams"),
    "host": ("admin", "/host"),
    "overview": ("coordinator", "/"),
    "claims": ("submitter", "/claims"),
    "blind": ("submitter", "/blind"),
    "following": ("reader", "/following"),
    "sharing": ("submitter", "/sharing"),
    "engagements": ("developer", "/engagements"),
    "rules": ("", "/assessments/rules"),
    "drafts": ("editor", "/drafts"),
    "estate": ("defender", "/estate"),
    "deadlines": ("defender", "/deadlines"),
    "what-if": ("defender", "/what-if"),
    "advice": ("defender", "/advice"),
    "ai": ("defender", "/ai"),
    "directive-drafts": ("authority", "/authoring"),
}
"""Every page that stands alone, with who looks at it."""
ROLES = tuple(dict.fromkeys(role for role, _ in VIEWS.values()))
AXE = Path(__file__).parents[1] / "npm" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""Rule sets of axe: WCAG 2.2 to level AA, and what its makers call good practice."""


@dataclass(slots=True)
class Served:
    """The pages behind a real server, and the browser in front of it."""

    pages: Pages
    address: str
    chromium: Chromium

    @contextmanager
    def window(
        self, role: str = "", *, size: str = "desktop", scheme: Any = "light", script: bool = False
    ) -> Iterator[BrowserContext]:
        """A fresh browser window, signed in or not; without script unless the test brings one (the pages have none)."""
        width, height = SIZES[size]
        context = self.chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
        )
        if role:
            secret = self.pages.site.secrets[role]
            context.add_cookies([{"name": "comity", "value": secret, "url": self.address, "sameSite": "Strict"}])
        try:
            yield context
        finally:
            context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application behind Granian on a loopback port, and Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install the OS package chromium")
    with pages(tmp_path_factory.mktemp("browser")) as made, serving(made.site.app) as port, sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield Served(pages=made, address=f"http://127.0.0.1:{port}", chromium=chromium)
        finally:
            chromium.close()


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """Granian in a thread of this process; the test client minds the lifespan."""
    port = loopback.free_port()
    with loopback.served(app, port):
        yield port


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_its_window_and_is_kept_as_a_picture(served: Served, size: str, scheme: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    wide: list[str] = []
    astray: list[str] = []
    for role in ROLES:
        with served.window(role, size=size, scheme=scheme) as window:
            page = window.new_page()
            for name, (viewer, path) in VIEWS.items():
                if viewer == role:
                    answer = page.goto(served.address + path)
                    if answer.status != (404 if name == "missing" else 200):
                        astray.append(f"{name}: {answer.status}")
                    picture = page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
                    if width(picture) > SIZES[size][0]:
                        wide.append(f"{name}: {width(picture)} px")
    assert (wide, astray) == ([], [])


def width(picture: bytes) -> int:
    """Pixels across, out of a PNG's header: a page that is wider than its window makes a wider picture."""
    return int.from_bytes(picture[16:20], "big")


def test_a_single_use_link_signs_in_on_this_machine_once(served: Served) -> None:
    link = f"{served.address}/link/{served.pages.site.accounts.link('coordinator')}?next=/queue"
    with served.window() as window:
        page = window.new_page()
        page.goto(link)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        assert page.url == f"{served.address}/queue"
        assert page.get_by_role("link", name="Test coordinator").is_visible()
    with served.window() as window:
        page = window.new_page()
        page.goto(link)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Not Found"


def test_a_submitter_signs_in_sends_a_file_and_reads_the_answer(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "finding.sarif"
    file.write_text('{"runs": ["browser"]}')
    with served.window() as window:
        page = window.new_page()
        page.goto(f"{served.address}/report")
        page.get_by_label("Sign-in name").fill("submitter")
        page.get_by_label("Password").fill("correct horse battery staple")
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        assert page.url == f"{served.address}/report"
        page.get_by_label("Files").set_input_files(file)
        page.get_by_role("button", name="Send").click()
        assert page.get_by_text("accepted").is_visible()
        page.get_by_role("link", name="See the report").click()
        assert page.get_by_text("New: nothing held here is the same.").is_visible()


def test_two_coordinators_walk_a_case_from_evidence_to_publication(served: Served) -> None:
    for person in ("coordinator", "second"):
        with served.window(person) as window:
            page = window.new_page()
            page.goto(f"{served.address}/queue")
            page.get_by_role("link", name=CASE).click()
            assert page.get_by_text("vulnerable 10/10, fixed 0/10").first.is_visible()
            page.get_by_role("button", name="Approve exactly this draft").click()
            assert page.get_by_role("status").inner_text() == "Your approval of this draft was recorded."
            if person == "second":
                page.get_by_role("button", name="Publish").click()
                assert "is being published now" in page.get_by_role("status").inner_text()


def test_the_keyboard_alone_reaches_the_content_and_shows_where_it_is(served: Served) -> None:
    with served.window("coordinator") as window:
        page = window.new_page()
        page.goto(f"{served.address}/queue")
        page.keyboard.press("Tab")
        skip = page.locator("a.skip")
        box = skip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        page.keyboard.press("Enter")
        assert page.url.endswith("#content")


def test_the_browser_reports_no_broken_policy_and_loads_nothing_from_elsewhere(served: Served) -> None:
    for role, path in VIEWS.values():
        with served.window(role) as window:
            page = window.new_page()
            told: list[str] = []
            asked: list[str] = []
            listen(page, told, asked)
            page.goto(served.address + path)
            assert all(url.startswith(served.address) for url in asked)
            assert [line for line in told if "404" not in line] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", ROLES)
def test_axe_finds_nothing_serious_on_any_page(served: Served, role: str, scheme: str) -> None:
    source = AXE.read_text()
    found: list[str] = []
    with served.window(role, scheme=scheme, script=True) as window:
        page = window.new_page()
        for name, (viewer, path) in VIEWS.items():
            if viewer == role:
                page.goto(served.address + path)
                page.evaluate(source)
                report = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
                assert report["passes"], f"{name}: axe looked at nothing"
                found += [
                    f"{name}: {one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]}"
                    for one in report["violations"]
                ]
    assert found == []


def test_the_menu_of_a_narrow_window_opens_without_script_and_shows_the_same_ways(served: Served) -> None:
    with served.window("coordinator", size="phone") as window:
        page = window.new_page()
        page.goto(f"{served.address}/advisories")
        assert not page.get_by_role("link", name="Case queue").is_visible()
        page.get_by_text("Menu", exact=True).click()
        page.get_by_role("link", name="Case queue").click()
        assert page.url == f"{served.address}/queue"
        assert page.get_by_role("heading", level=1).is_visible()


def test_the_page_of_a_running_case_brings_itself_up_to_date_and_then_stops(served: Served) -> None:
    held = served.pages.site.clearing.held.cases
    id_ = CaseId("C-0000-0000-0001")
    before = held[id_]
    told: list[str] = []
    try:
        held[id_] = replace(before, stage=Stage.VALIDATING)
        with served.window("coordinator", script=True) as window:
            page = window.new_page()
            listen(page, told, [])
            page.goto(f"{served.address}/cases/{id_}")
            assert page.locator("main[data-live]").count() == 1
            page.evaluate("document.body.dataset.kept = 'yes'")
            held[id_] = replace(before, title="Another title by now", stage=Stage.COORDINATING, version=2)
            page.get_by_text("Brought up to date.").wait_for(timeout=10_000)
            assert "Another title by now" in page.locator("h1").inner_text()
            assert page.evaluate("document.body.dataset.kept") == "yes", "the page was loaded again"
            page.reload()
            assert page.locator("main[data-live]").count() == 0
    finally:
        held[id_] = before
    assert told == []


def test_a_running_page_stands_as_it_is_without_script(served: Served) -> None:
    held = served.pages.site.clearing.held.cases
    id_ = CaseId("C-0000-0000-0001")
    before = held[id_]
    try:
        held[id_] = replace(before, stage=Stage.VALIDATING)
        with served.window("coordinator") as window:
            page = window.new_page()
            page.goto(f"{served.address}/cases/{id_}")
            assert before.title in page.locator("h1").inner_text()
    finally:
        held[id_] = before


def listen(page: Page, told: list[str], asked: list[str]) -> None:
    """Note what the browser complains of and what it asks for."""
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
