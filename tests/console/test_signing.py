"""Signing in and out as a browser sees it: cookies, rotation, links, and where it leads."""

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyotp
import pytest
from litestar import Response

from comity import console
from comity.access.attempts import FREE
from comity.admin import kinds
from comity.admin.second_factor import SecondFactors
from comity.console import cookies
from comity.console.signing import is_on_this_host, own_path
from tests.admin.hosts import PASSWORD
from tests.api.site import site
from tests.console.hosts import TOKEN, Browser, Pages


def sign_in(browser: Browser, login: str = "coordinator", password: str = PASSWORD, **more: str) -> Any:
    return browser.post("/sign-in", {"login": login, "password": password, **more})


def test_signing_in_gives_a_fresh_session_that_no_script_reads_and_no_site_sends(here: Pages) -> None:
    browser = here.browser()
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith("comity=")]
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute.lower() in cookie.lower()
    assert browser.get("/queue").status_code == 200


def test_over_tls_the_cookies_are_bound_to_this_host() -> None:
    response = Response(b"")
    cookies.sign_in(response, "secret", is_https=True)
    session, visit, _half_way = response.cookies
    assert (session.key, visit.key) == ("__Host-comity", "__Host-comity_visit")
    assert session.secure
    assert visit.secure


def test_over_tls_a_cookie_that_another_host_of_the_site_could_set_is_read_nowhere(tmp_path: Path) -> None:
    with site(
        tmp_path, more=console.routes, page_error=console.page_error, public_url="https://comity.example"
    ) as made:
        secret = made.secrets["coordinator"]
        assert Browser(site=made, cookies={"__Host-comity": secret}).get("/queue").status_code == 200
        assert Browser(site=made, cookies={"comity": secret}).get("/queue").status_code == 303
        planted = Browser(site=made, cookies={"comity_visit": "planted-by-a-sibling"})
        shown = TOKEN.search(planted.get("/sign-in").text)
        assert shown is not None
        assert shown.group(1) != cookies._token("planted-by-a-sibling"), "a form never follows from a planted visit"
        assert "__Host-comity_visit" in planted.cookies, "it gets a visit of its own"
        answer = Browser(site=made, cookies={"comity_visit": "planted-by-a-sibling"}).post(
            "/sign-in", {"login": "coordinator", "password": PASSWORD, "csrf": cookies._token("planted-by-a-sibling")}
        )
        assert answer.status_code == 403
        assert sign_in(planted).status_code == 303


def test_a_session_planted_before_signing_in_is_worth_nothing_after(here: Pages) -> None:
    planted = "planted-by-somebody-else"
    browser = Browser(site=here.site, cookies={"comity": planted})
    assert sign_in(browser).status_code == 303
    assert browser.cookies["comity"] != planted
    assert Browser(site=here.site, cookies={"comity": planted}).get("/queue").status_code == 303


def test_signing_in_again_ends_the_session_of_before(here: Pages) -> None:
    browser = here.browser()
    sign_in(browser)
    before = browser.cookies["comity"]
    sign_in(browser)
    assert browser.cookies["comity"] != before
    assert Browser(site=here.site, cookies={"comity": before}).get("/queue").status_code == 303


def test_the_form_token_of_before_is_worth_nothing_after_signing_in(here: Pages) -> None:
    browser = here.browser()
    before = TOKEN.search(browser.get("/sign-in").text)
    assert before is not None
    sign_in(browser)
    answer = browser.post("/account/tokens", {"csrf": before.group(1), "label": "x"}, page="/account")
    assert answer.status_code == 403


def test_signing_out_ends_the_session_here_and_on_the_host(here: Pages) -> None:
    browser = here.browser("coordinator")
    secret = browser.cookies["comity"]
    assert browser.post("/sign-out", page="/account").status_code == 303
    assert "comity" not in browser.cookies
    assert here.site.accounts.by_session(secret) is None


def test_a_wrong_name_and_a_wrong_password_get_the_same_page(here: Pages) -> None:
    wrong = sign_in(here.browser(), "coordinator", "wrong")
    nobody = sign_in(here.browser(), "nobodyhere", "wrong")
    assert wrong.status_code == nobody.status_code == 401
    assert strip(wrong.text, "coordinator") == strip(nobody.text, "nobodyhere")
    assert "wrong" not in strip(wrong.text, "coordinator")


def strip(text: str, login: str) -> str:
    return TOKEN.sub("", text.replace(login, ""))


def test_too_many_attempts_are_told_how_long_to_wait(here: Pages) -> None:
    browser = here.browser()
    for _ in range(FREE):
        answer = sign_in(browser, password="wrong")
    assert answer.status_code == 429
    assert "Wait 2 seconds" in answer.text
    assert answer.headers["retry-after"] == "2"


def test_after_signing_in_the_page_that_was_wanted_opens(here: Pages) -> None:
    browser = here.browser()
    led = browser.get("/cases/C-0000-0000-0001?x=1").headers["location"]
    assert led == "/sign-in?next=%2Fcases%2FC-0000-0000-0001%3Fx%3D1"
    assert 'value="/cases/C-0000-0000-0001?x=1"' in browser.get(led).text
    assert sign_in(browser, next="/cases/C-0000-0000-0001?x=1").headers["location"] == "/cases/C-0000-0000-0001?x=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "",
        "evil.example",
        " /queue",
        "/%0d%0a/../..//evil",
        "/" + "a" * 400,
    ],
)
def test_signing_in_never_leads_to_another_site(here: Pages, target: str) -> None:
    answer = sign_in(here.browser(), next=target)
    assert answer.headers["location"].startswith("/")
    assert "evil.example" not in answer.headers["location"]
    assert own_path(target) == answer.headers["location"]


def test_a_session_ends_after_its_time(here: Pages) -> None:
    browser = here.browser()
    sign_in(browser)
    here.site.clock.move(kinds.SESSION.lifetime + timedelta(seconds=1))
    assert browser.get("/queue").status_code == 303


def test_the_first_account_is_made_with_the_terminals_link_and_then_the_link_is_gone(tmp_path: Path) -> None:
    with site(tmp_path, more=console.routes, page_error=console.page_error, is_empty=True) as made:
        browser = Browser(site=made, cookies={})
        assert "no administrator yet" in browser.get("/sign-in").text
        secret = made.accounts.first_secret()
        assert browser.get("/setup/" + "0" * 64).status_code == 404
        values = {"name": "A", "organisation": "Host", "login": "a", "password": "short", "again": "other"}
        assert browser.post(f"/setup/{secret}", values).status_code == 422
        values |= {"password": PASSWORD, "again": PASSWORD}
        answer = browser.post(f"/setup/{secret}", values)
        assert (answer.status_code, answer.headers["location"]) == (303, "/people")
        assert browser.get("/people").status_code == 200
        assert browser.get(f"/setup/{secret}").status_code == 404


def test_an_invitation_sets_a_password_once(here: Pages) -> None:
    admin = here.browser("admin")
    page = admin.post(
        "/people", {"name": "New Person", "login": "new", "organisation": "Lab", "role": "submitter"}, page="/people"
    )
    assert page.status_code == 200
    path = page.text.partition("/invitation/")[2].partition("<")[0]
    guest = here.browser()
    assert "Welcome, New Person" in guest.get(f"/invitation/{path}").text
    assert guest.post(f"/invitation/{path}", {"password": PASSWORD, "again": "x"}).status_code == 422
    assert guest.post(f"/invitation/{path}", {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert guest.get("/report").status_code == 200
    assert here.browser().get(f"/invitation/{path}").status_code == 404


def test_a_single_use_link_is_refused_to_a_browser_on_another_host(here: Pages) -> None:
    """The test client's peer is no loopback address; the other way round is walked by the browser test."""
    link = here.site.accounts.link("coordinator")
    assert here.browser().post(f"/link/{link}").status_code == 404
    assert here.site.accounts.use_link(link, on_this_host=True).person.name == "Test coordinator"


def test_a_proxy_or_a_header_never_makes_a_stranger_local() -> None:
    def asked(host: str, **headers: str) -> Any:
        return cast("Any", SimpleNamespace(client=SimpleNamespace(host=host), headers=headers))

    assert is_on_this_host(asked("127.0.0.1"))
    assert is_on_this_host(asked("::1"))
    assert not is_on_this_host(asked("192.0.2.1"))
    assert not is_on_this_host(asked("127.0.0.1", **{"x-forwarded-for": "127.0.0.1"}))
    assert not is_on_this_host(asked("localhost.evil.example"))


def test_a_second_factor_is_set_up_on_the_page_and_then_asked_for(here: Pages) -> None:
    browser = here.browser("coordinator")
    assert browser.post("/account/codes", {"password": PASSWORD}, page="/account").status_code == 303
    shown = browser.get("/account").text
    secret = re.search(r"secret=([A-Z2-7]{32})", shown)
    assert secret is not None
    assert "<svg" in shown
    code = pyotp.TOTP(secret[1]).at(here.site.clock.now)
    done = browser.post("/account/codes/confirm", {"code": code}, page="/account")
    recovery = re.findall(r'<code class="secret">([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</code>', done.text)
    assert len(recovery) == 10
    assert secret[1] not in browser.get("/account").text

    fresh = here.browser()
    half = fresh.post("/sign-in", {"login": "coordinator", "password": PASSWORD, "next": "/queue"})
    assert half.headers["location"] == "/sign-in/code?next=%2Fqueue"
    assert fresh.get("/queue").status_code == 303
    assert fresh.post("/sign-in/code", {"code": "000000"}, page="/sign-in/code").status_code == 401
    full = fresh.post("/sign-in/code", {"code": recovery[0], "next": "/queue"}, page="/sign-in/code")
    assert full.headers["location"] == "/queue"
    assert fresh.get("/queue").status_code == 200
    assert "comity_halfway" not in fresh.cookies


def test_the_page_for_a_code_leads_back_without_a_password_first(here: Pages) -> None:
    assert here.browser().get("/sign-in/code").headers["location"] == "/sign-in"


def test_an_administrator_removes_a_second_factor_on_the_page(here: Pages) -> None:
    factors = SecondFactors(here.site.accounts)
    ada = here.site.viewers["coordinator"]
    factors.begin(ada, password=PASSWORD, address="192.0.2.7")
    factors.confirm(ada, pyotp.TOTP(pyotp.parse_uri(factors.mine(ada).address).secret).at(here.site.clock.now))
    admin = here.browser("admin")
    assert "with second factor" in admin.get("/people").text
    assert admin.post(f"/people/{ada.person}/second-factor", page="/people").status_code == 303
    assert factors.mine(ada).since is None
