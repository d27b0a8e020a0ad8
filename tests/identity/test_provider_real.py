"""A real OpenID provider (npm `oidc-provider`, loopback, started once) and a real browser between it and our pages."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from comity import console
from comity.bench import loopback
from comity.model.party import Role
from tests.api.site import Site, site
from tests.console.test_browser import CHROMIUM, FLAGS
from tests.identity.test_passkeys_browser import photograph

NPM = Path(__file__).parents[1] / "npm"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Any]]:
    """Our pages, the provider, and Chromium."""
    node = shutil.which("node")
    if node is None or not (NPM / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no npm: run `npm ci` in tests/npm for the provider of sign-ins")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: install the OS package chromium")
    ours, theirs = loopback.free_port(), loopback.free_port()
    here = f"http://127.0.0.1:{ours}"
    command = [node, "oidc-provider.mjs", str(theirs), f"{here}/sign-in/provider/back", f"{here}/"]
    with subprocess.Popen(command, cwd=NPM, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        try:
            assert provider.stdout is not None
            assert provider.stdout.readline().strip() == "ready"
            with (
                site(
                    tmp_path_factory.mktemp("provider"),
                    more=console.routes,
                    page_error=console.page_error,
                    public_url=here,
                    oidc_issuer=f"http://127.0.0.1:{theirs}",
                    oidc_client="comity",
                    oidc_secret="a secret of the test",
                    oidc_name="Example login",
                    oidc_login_claim="email",
                    oidc_roles="groups:comity-coordinators=coordinator",
                    oidc_private=True,
                ) as there,
                loopback.served(there.app, ours),
                sync_playwright() as driver,
            ):
                chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
                try:
                    # the provider keeps the real time
                    there.clock.now = there.clock.now.now(there.clock.now.tzinfo)
                    yield there, chromium
                finally:
                    chromium.close()
        finally:
            provider.terminate()


def recognised(page: Page, login: str) -> None:
    """What the provider asks: a name, then leave to tell it to us."""
    page.fill("[name=login]", login)
    page.fill("[name=password]", "anything")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


def test_an_invitation_joins_roles_follow_the_list_and_signing_out_offers_both(made: Any) -> None:
    there, chromium = made
    address = there.settings.address
    admin = there.viewers["admin"]
    invitation = there.accounts.add(
        admin, name="Boss Invited", login="boss", organisation="Test Host", roles=frozenset({Role.READER})
    )
    page = chromium.new_context().new_page()
    page.goto(f"{address}/invitation/{invitation}")
    photograph(page, "invitation-provider")
    page.click("text=Go on with Example login")
    recognised(page, "boss-1")
    expect(page.locator(".who")).to_contain_text("Boss Invited")
    page.goto(f"{address}/account")
    expect(page.locator("dl")).to_contain_text("coordinator")
    expect(page.locator("dl")).to_contain_text("Example login too")

    page.click("text=Sign out")
    expect(page).to_have_url(f"{address}/signed-out")
    photograph(page, "signed-out")
    page.goto(f"{address}/sign-in?next=/queue")
    photograph(page, "sign-in-provider")
    page.click("text=Sign in with Example login")
    expect(page).to_have_url(f"{address}/queue")  # recognised without another word

    secret = there.accounts.link("boss").rpartition("/")[2]
    elsewhere = there.accounts.use_link(secret, on_this_host=True).secret  # a second browser of the same person
    page.goto(f"{address}/account")
    page.click("text=Sign out")
    assert there.accounts.by_session(elsewhere) is not None
    page.click("text=Sign out there too")
    page.click("button[autofocus]")  # the provider asks whether it is meant
    expect(page).to_have_url(f"{address}/")
    assert there.accounts.by_session(elsewhere) is None  # the provider told us over the back channel
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with Example login")
    expect(page.locator("[name=login]")).to_be_visible()  # nobody is recognised any more


def test_somebody_without_an_account_is_told_what_to_do_and_a_verified_mail_joins_its_own(made: Any) -> None:
    there, chromium = made
    address = there.settings.address
    page = chromium.new_context().new_page()
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with Example login")
    recognised(page, "stranger")
    expect(page.get_by_role("alert")).to_contain_text("ask an administrator for an invitation")
    photograph(page, "provider-unknown")

    there.accounts.provide(
        name="Mail Owner", login="owner@example.org", organisation="Test Host", roles=frozenset({Role.READER})
    )
    for name, who in (("unowner", None), ("owner", "Mail Owner")):
        page = chromium.new_context().new_page()
        page.goto(f"{address}/sign-in?next=/advisories")
        page.click("text=Sign in with Example login")
        recognised(page, name)
        if who is None:
            expect(page.get_by_role("alert")).to_contain_text("no account here")
        else:
            expect(page).to_have_url(f"{address}/advisories")
            expect(page.locator(".who")).to_contain_text(who)
