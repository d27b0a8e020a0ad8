"""Times in one's own zone with UTC beside them, and filters of the queue that only their owner sees."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.admin.preferences import MOST, Preferences
from comity.errors import Conflict, Forbidden, Invalid
from tests.console.hosts import Pages, pages


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Pages]:
    with pages(tmp_path) as made:
        yield made


def test_times_are_shown_in_the_viewers_zone_with_utc_on_hover_and_for_nobody_else(here: Pages) -> None:
    ann, bob = here.browser("coordinator"), here.browser("second")
    assert ann.post("/account/zone", {"zone": "America/New_York"}, page="/account").status_code == 303
    shown = ann.get("/account").text
    exact = '<time datetime="2026-11-22T12:00:00Z" title="22 Nov 2026, 12:00 UTC">22 Nov 2026, 07:00 EST</time>'
    assert exact in shown
    plain = '<time datetime="2026-11-22T12:00:00Z">22 Nov 2026, 12:00 UTC</time>'
    assert plain in bob.get("/account").text
    assert ann.post("/account/zone", {"zone": ""}, page="/account").status_code == 303
    assert plain in ann.get("/account").text


def test_a_zone_without_letters_says_how_far_it_is_from_utc(here: Pages) -> None:
    ann = here.browser("coordinator")
    ann.post("/account/zone", {"zone": "America/Sao_Paulo"}, page="/account")
    assert ">22 Nov 2026, 09:00 UTC-03</time>" in ann.get("/account").text


@pytest.mark.parametrize("zone", ["Nowhere/At_All", "../../etc/passwd", "/etc/passwd", "x" * 100, "Europe\x00/Berlin"])
def test_a_zone_that_is_none_is_told_so(here: Pages, zone: str) -> None:
    assert here.browser("reader").post("/account/zone", {"zone": zone}, page="/account").status_code == 422


def test_a_filter_is_kept_shown_to_its_owner_alone_and_forgotten(here: Pages) -> None:
    ann, bob = here.browser("coordinator"), here.browser("second")
    kept = ann.post("/queue/filters", {"name": "<b>mine", "stage": "coordinating"}, page="/queue?stage=coordinating")
    assert kept.headers["location"] == "/queue?stage=coordinating"
    assert '<a href="/queue?stage=coordinating">&lt;b&gt;mine</a>' in ann.get("/queue").text
    assert "mine" not in bob.get("/queue").text
    ann.post("/queue/filters/forget", {"name": "<b>mine"}, page="/queue")
    assert "mine" not in ann.get("/queue").text


def test_filters_are_bounded_named_and_for_coordinators(here: Pages) -> None:
    preferences = Preferences(accounts=here.site.accounts)
    ann = here.site.viewers["coordinator"]
    for number in range(MOST):
        preferences.keep_filter(ann, name=f"filter {number}", stage="")
    with pytest.raises(Conflict):
        preferences.keep_filter(ann, name="one more", stage="")
    preferences.keep_filter(ann, name="filter 0", stage="ready")
    assert preferences.filters(ann)["filter 0"] == "ready"
    with pytest.raises(Invalid):
        preferences.keep_filter(ann, name=" ", stage="")
    with pytest.raises(Forbidden):
        preferences.filters(here.site.viewers["submitter"])
