"""The API and the pages of CVE Services and of erasure, on a real store: what each shows, refuses and keeps inert."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from comity.clearing import flow
from comity.model.case import Closing
from comity.model.cve_services import Account
from comity.model.ids import CaseId, PartyId
from comity.store import cases, cve_services
from tests.api.site import numbering
from tests.console.hosts import Pages, pages
from tests.cve.services import KEY, ORG, ORG_ID, USER
from tests.patches.hosts import SAMPLES, case_of

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with pages(tmp_path_factory.mktemp("doors")) as made:
        yield made


@pytest.fixture
def here(held: Pages) -> tuple[Pages, CaseId]:
    """A case with a draft, and an account at CVE Services."""
    site = held.site
    machines = numbering(site.accounts, site.settings, site.clock).machines.desk
    case = case_of(site.accounts.store, SAMPLES["page-resolved"])
    flow.draft(machines, case)
    account = Account(
        id="A-1",
        org=ORG,
        org_id=ORG_ID,
        user=USER,
        key=KEY,
        environment="test",
        address="https://cve.example/api/",
        added_by=PartyId("x"),
        added_at=site.clock(),
    )
    with site.accounts.store.write() as tx:
        if cve_services.account(tx) is None:
            cve_services.enter(tx, account)
    return held, case


def test_a_request_goes_through_the_api_up_to_the_second_person(here: tuple[Pages, CaseId]) -> None:
    made, case = here
    site, at = made.site, f"/cases/{case}/cve"
    run = site.call("POST", f"{at}/dry-run", "coordinator", json={"deed": "reserve"}).json()
    assert (run["request"]["method"], run["request"]["query"]["amount"], run["user"]) == ("POST", "1", USER)
    body = {"deed": "reserve", "seen_sha256": run["request"]["sha256"]}
    assert site.call("POST", at, "coordinator", json={**body, "seen_sha256": "0" * 64}).status_code == 409
    proposed = site.call("POST", at, "coordinator", json=body).json()
    assert proposed["standing"] == "proposed"
    seen = {"seen_sha256": run["request"]["sha256"]}
    confirmed = site.call("POST", f"/cve-requests/{proposed['id']}/confirmation", "coordinator", json=seen)
    assert confirmed.status_code == 409
    assert "another person" in confirmed.json()["detail"]
    assert [one["id"] for one in site.call("GET", "/cve-requests", "coordinator").json()] == [proposed["id"]]
    withdrawn = site.call("POST", f"/cve-requests/{proposed['id']}/withdrawal", "coordinator").json()
    assert withdrawn["standing"] == "withdrawn"
    assert site.call("POST", f"{at}/dry-run", "coordinator", json={"deed": "steal"}).status_code == 422
    shown = site.call("GET", "/cve-account", "coordinator")
    assert (shown.json()["user"], KEY in shown.text) == (USER, False)


def test_the_pages_show_every_byte_and_who_must_act_and_never_the_key(here: tuple[Pages, CaseId]) -> None:
    made, case = here
    browser, at = made.browser("coordinator"), f"/cases/{case}/cve"
    assert "Reserve an id" in browser.get(at).text
    run = browser.post(f"{at}/dry-run", {"deed": "reserve"}, page=at)
    assert "https://cve.example/api/cve-id?cve_year=2026&amp;amount=1" in run.text
    seen = run.text.partition('name="seen" value="')[2][:64]
    sent = browser.post(at, {"deed": "reserve", "seen": seen})
    assert sent.status_code == 303
    page = browser.get(at).text
    assert "another person must confirm it" in page
    assert "Confirm exactly this and send it" not in page
    overview = browser.get("/cve").text
    assert USER in overview
    assert KEY not in overview + page
    request = page.partition(f"{at}/V-")[2][:14]
    assert browser.post(f"{at}/V-{request}/confirmed", {"seen": seen}, page=at).status_code == 409
    assert browser.post(f"{at}/V-{request}/burnt", page=at).status_code == 404
    assert browser.post(f"{at}/V-{request}/withdrawn", page=at).status_code == 303


def test_an_administrator_enters_the_account_and_a_refusal_is_shown(here: tuple[Pages, CaseId]) -> None:
    made, _case = here
    browser = made.browser("admin")
    words = {"org": ORG, "user": USER, "key": "another-key", "environment": "test"}
    answer = browser.post("/cve", words)
    assert answer.status_code == 403
    assert "CVE Services answered 401" in answer.text
    assert "another-key" not in answer.text
    assert made.browser("reader").get("/cve").status_code == 403


def test_erasure_goes_through_the_api_and_the_page_up_to_the_second_person(here: tuple[Pages, CaseId]) -> None:
    made, case = here
    site, browser = made.site, made.browser("coordinator")
    assert site.call("POST", f"/cases/{case}/erasure", "coordinator", json={"why": "x"}).status_code == 409
    with site.accounts.store.write() as tx:
        held = cases.get(tx, case, flow.FLOW)
        cases.save(tx, replace(held, stage=held.stage.CLOSED, closing=Closing.WITHDRAWN))
    asked = browser.post(f"/cases/{case}/erase", {"why": f"asked for {NASTY}"}, page="/account")
    assert asked.status_code == 303
    page = browser.get("/erasures").text
    assert case in page
    assert "Another person must agree" in page
    assert NASTY not in page
    (one,) = site.call("GET", "/erasures", "coordinator").json()
    assert site.call("POST", f"/erasures/{one['erasure']}/agreement", "coordinator").status_code == 409
    gone = browser.post(f"/erasures/{one['erasure']}/withdraw", page="/erasures")
    assert gone.status_code == 303
    assert "withdrawn" in browser.get("/erasures").text
