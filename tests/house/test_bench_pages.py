"""The bench of the pages walks a small full host as each role and finds the pages by their links."""

from typing import Any

import pytest

from comity.app import opened
from comity.bench import filled, pages
from comity.errors import Conflict
from comity.settings import Settings


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("full")
    settings = Settings(data=folder / "data", keys=folder / "keys", offline=True)
    with pytest.MonkeyPatch.context() as patched, opened(settings, work=False, demo=True) as office:
        patched.setattr(filled, "ADVISORIES", 3)
        held = filled.fill(office, reports=60, assets=0)
        again = filled.fill(office, reports=60, assets=0)
        assert again["was_there"]
        assert not held["was_there"]
        with pytest.raises(Conflict):
            filled.fill(office, reports=61, assets=0)
        return pages.measured(office, held, ("", "coordinator", "submitter"), times=1)


def test_each_role_meets_its_own_pages_and_no_link_on_them_breaks(told: dict[str, Any]) -> None:
    assert told["errors"] == []
    seen = {(row["role"], row["path"]) for row in told["rows"]}
    assert {("coordinator", "/queue"), ("coordinator", "/cases/{case:str}"), ("coordinator", "/search")} <= seen
    assert {("submitter", "/reports"), ("submitter", "/reports/{report:str}"), ("", "/advisories")} <= seen
    assert ("submitter", "/queue") not in seen
    assert ("", "/queue") not in seen


def test_a_first_visit_fetches_at_most_150_kib_and_every_page_is_timed(told: dict[str, Any]) -> None:
    assert 5 < told["first_load_kib"] <= pages.GOAL_KIB
    assert all(row["cpu_ms"] > 0 and row["kib"] > 0 for row in told["rows"])
    assert told["renders"] >= told["pages"]
    assert all(row["wall_ms"] <= row["wall_p95_ms"] for row in told["rows"])
    lines = pages.table(told).splitlines()
    assert "cpu p95" in "".join(lines)
    assert sum("/cases/" in line for line in lines) >= 5, "each page of each role has its line"


def test_pages_that_no_link_leads_to_are_measured_too(told: dict[str, Any]) -> None:
    assert ("coordinator", "/cases/{case:str}/coordination") in {(row["role"], row["path"]) for row in told["rows"]}
