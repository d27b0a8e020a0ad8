"""The API and the pages of patches, on a real store: what each shows, refuses, and keeps inert."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comity.clearing import flow_patches
from comity.clearing.desk_patches import Patches
from comity.model.ids import CaseId
from comity.model.patch import CLIMBED, Rung
from tests.api.site import patching as counter
from tests.console.hosts import Pages, pages
from tests.patches.hosts import SAMPLES, ScriptedClimber, case_of

RIGHT = SAMPLES["page-resolved"].diff.decode()
CAUSE = "The page's name is joined to the folder without resolving it, so dots lead out of it."
NASTY = "</pre><script>alert(1)</script>"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[Pages, CaseId, Patches]]:
    with pages(tmp_path) as made:
        site = made.site
        case = case_of(site.accounts.store, SAMPLES["page-resolved"])
        yield made, case, counter(site.accounts, site.settings, site.clock)


def climbed(patches: Patches, id_: str, *, stops: Rung | None = None) -> None:
    """What the flow does, in this process."""
    machines = replace(patches.machines, climber=ScriptedClimber(stops=stops))
    if flow_patches.asked(machines, id_) == flow_patches.REACHED:
        for rung in CLIMBED:
            if flow_patches.climbed(machines, id_, rung.value) != flow_patches.REACHED:
                break
    flow_patches.settled(machines, id_)


def test_a_patch_goes_through_the_api_from_offer_to_statement(here):
    made, case, patches = here
    site = made.site
    answer = site.call("POST", f"/cases/{case}/patches", "coordinator", json={"diff": RIGHT})
    assert answer.status_code == 202
    id_ = answer.json()["patch"]
    assert answer.json()["is_settled"] is False
    assert site.call("GET", f"/cases/{case}/patches/{id_}/statement", "coordinator").status_code == 409
    climbed(patches, id_, stops=Rung.L4)
    (row,) = site.call("GET", f"/cases/{case}/patches", "coordinator").json()["rows"]
    assert (row["level"], row["is_settled"]) == ("L3", True)
    held = site.call("GET", f"/cases/{case}/patches/{id_}", "coordinator").json()
    assert [rung["rung"] for rung in held["rungs"]] == ["L0", "L1", "L2", "L3", "L4"]
    assert held["diff"] == RIGHT
    statement = site.call("GET", f"/cases/{case}/patches/{id_}/statement", "coordinator")
    assert statement.headers["content-disposition"].startswith("attachment")
    review = site.call("POST", f"/cases/{case}/patches/{id_}/review", "coordinator", json={"root_cause": CAUSE})
    assert review.status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"diff": 7}, 400),
        ({"diff": RIGHT, "speed": 1}, 400),
        ({"diff": "x" * 300_000}, 422),
        ({"diff": RIGHT, "test": "schema = 1"}, 422),
        ({"diff": RIGHT, "kit": "schema = 1"}, 422),
    ],
)
def test_a_body_that_breaks_the_contract_is_refused_and_keeps_nothing(here, body, status):
    made, case, _ = here
    answer = made.site.call("POST", f"/cases/{case}/patches", "coordinator", json=body)
    assert answer.status_code in {status, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert made.site.call("GET", f"/cases/{case}/patches", "coordinator").json()["rows"] == []


def test_a_model_is_not_asked_where_there_is_none(here):
    made, case, _ = here
    site = made.site
    assert site.call("GET", f"/cases/{case}/patch-terms", "coordinator").status_code == 503
    body = {"consent": "https://models.example.org/v1", "purpose": "x"}
    assert site.call("POST", f"/cases/{case}/patch-requests", "coordinator", json=body).status_code == 503


def test_the_page_shows_each_rung_why_it_stopped_and_the_diff_inert(here):
    made, case, patches = here
    browser = made.browser("coordinator")
    diff = RIGHT.replace("leads out of the folder", NASTY)
    sent = browser.post(f"/cases/{case}/patches", {"diff": diff.replace("\n", "\r\n")})
    assert sent.status_code == 303
    place = sent.headers["location"]
    id_ = place.rpartition("/")[2]
    assert "being climbed" in browser.get(place).text.lower()
    climbed(patches, id_, stops=Rung.L3)
    page = browser.get(place).text
    assert "stopped at L3" in page
    assert page.count("not tried") == 2
    assert '<span class="added">+' in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert browser.get(f"{place}/diff").text == diff
    assert browser.get(f"{place}/statement").status_code == 200
    listed = browser.get(f"/cases/{case}/patches").text
    assert id_ in listed
    assert "No model is configured" in listed


def test_who_brought_a_patch_is_not_offered_its_review(here):
    made, case, patches = here
    browser = made.browser("coordinator")
    place = browser.post(f"/cases/{case}/patches", {"diff": RIGHT}).headers["location"]
    climbed(patches, place.rpartition("/")[2])
    assert "by another person than who brought the patch" in browser.get(place).text
    told = browser.post(f"{place}/review", {"root_cause": CAUSE}, page=f"/cases/{case}/patches")
    assert told.status_code == 403
    assert "another named person must" in told.text


def test_another_role_and_another_case_see_nothing(here):
    made, case, patches = here
    place = made.browser("coordinator").post(f"/cases/{case}/patches", {"diff": RIGHT}).headers["location"]
    climbed(patches, place.rpartition("/")[2])
    for role in ("submitter", "editor", "defender", "reader"):
        assert made.browser(role).get(place).status_code == 403
    other = place.replace(case, "C-0000-0000-0000")
    assert made.browser("coordinator").get(other).status_code == 404
    assert made.site.call("GET", other, "coordinator").status_code == 404
