"""Passkeys in a real browser: Chromium's own virtual authenticator on the real pages, under their strict policy.

Screenshots of the pages go to `screenshots/` (ignored by git).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from comity import console
from comity.bench import loopback
from tests.admin.hosts import PASSWORD
from tests.api.site import Site, site
from tests.console.test_browser import CHROMIUM, FLAGS, SCREENSHOTS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Any]]:
    """The pages at a name, since a number can have no passkeys, and Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install the OS package chromium")
    port = loopback.free_port()
    folder = tmp_path_factory.mktemp("passkeys")
    with (
        site(
            folder, more=console.routes, page_error=console.page_error, public_url=f"http://comity.localhost:{port}"
        ) as there,
        loopback.served(there.app, port),
        sync_playwright() as driver,
    ):
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield there, chromium
        finally:
            chromium.close()


@contextmanager
def window(made: tuple[Site, Any], role: str = "", *, verifies: bool = True) -> Iterator[tuple[Page, Any, str]]:
    """A browser with a virtual security key in it: its page, the way to its tools, and the key's name there."""
    there, chromium = made
    context: BrowserContext = chromium.new_context()
    if role:
        secret = there.secrets[role]
        where = there.settings.address
        context.add_cookies([{"name": "comity", "value": secret, "url": where, "sameSite": "Strict"}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": verifies,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    key = tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    try:
        yield page, tools, key
        assert [one for one in complaints if "status of 4" not in one] == []
    finally:
        context.close()


def register(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/account")
    page.fill("#passkey-name", name)
    page.fill("#passkey-password", PASSWORD)
    page.click("text=Register a passkey")
    expect(page.get_by_text("The passkey is registered.")).to_be_visible()


def test_a_passkey_is_registered_signs_in_alone_then_beside_the_password_and_is_removed(made: Any) -> None:
    there, _ = made
    address = there.settings.address
    with window(made, "coordinator") as (page, tools, key):
        register(page, address, "built-in")
        assert page.locator("[aria-label='Your recovery codes'] li").count() == 10
        photograph(page, "account-passkeys")
        page.click("text=Sign out")

        page.goto(f"{address}/sign-in?next=/queue")
        photograph(page, "sign-in-passkey")
        page.click("text=Sign in with a passkey")
        expect(page).to_have_url(f"{address}/queue")

        page.goto(f"{address}/account")
        page.click("text=Sign out")
        page.goto(f"{address}/sign-in")
        page.fill("#login", "coordinator")
        page.fill("#password", PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        photograph(page, "code-passkey")
        page.click("text=Use a passkey")
        expect(page.locator(".who")).to_contain_text("Test coordinator")

        counted = tools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]
        assert [one["signCount"] for one in counted] == [3]
        page.goto(f"{address}/account")
        page.locator("form[action*='/remove'] input[name=password]").fill(PASSWORD)
        page.click("text=Remove the passkey built-in")
        expect(page.get_by_text("The passkey is removed here.")).to_be_visible()


def test_a_device_without_a_holder_is_refused_alone_and_says_what_still_works(made: Any) -> None:
    there, _ = made
    address = there.settings.address
    with window(made, "editor", verifies=False) as (page, _tools, _key):
        register(page, address, "bare")
        page.click("text=Sign out")
        page.goto(f"{address}/sign-in")
        page.click("text=Sign in with a passkey")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
        page.fill("#login", "editor")
        page.fill("#password", PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.click("text=Use a passkey")
        expect(page.locator(".who")).to_contain_text("Test editor")


def test_without_script_the_pages_offer_what_needs_none(made: Any) -> None:
    there, chromium = made
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{there.settings.address}/sign-in")
        assert page.get_by_role("button", name="Sign in with a passkey").count() == 0
        expect(page.get_by_text("Name and password need none.")).to_be_visible()
    finally:
        context.close()


def photograph(page: Page, name: str) -> None:
    """The page, wide in light colours and narrow in dark ones."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme, size, width, height in (("light", "desktop", 1280, 900), ("dark", "phone", 390, 844)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
