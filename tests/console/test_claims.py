"""The page of scan claims: one's own, an answer before the spend, and the map for coordinators alone."""

from datetime import date

from comity.clearing.desk_claims import Authorisation, Claims, Wish
from tests.api.site import claiming
from tests.console.hosts import Pages

ALLOWED = Authorisation(
    owner="Example Foundation", scope="all", contact="security@example.org",
    starts_on=date(2020, 1, 1), ends_on=date(2040, 1, 1),
)  # fmt: skip
NASTY = "<script>alert(1)</script>"


def claims(here: Pages) -> Claims:
    site = here.site
    return claiming(site.accounts, site.settings, site.clock)


def test_a_submitter_sees_own_claims_and_asks_without_being_told_who(here: Pages) -> None:
    held = claims(here)
    held.take(here.site.viewers["rival"], Wish(repository="https://git.example.org/a/b", paths=["src"]), ALLOWED)
    held.take(here.site.viewers["submitter"], Wish(repository="https://git.example.org/a/c"), ALLOWED)
    page = here.browser("submitter").get("/claims?repository=git.example.org/a/b&path=src/x").text
    assert "<strong>100 %</strong>" in page
    assert "another party, unnamed" in page
    assert "Rival Lab" not in page
    assert "git.example.org/a/c" in page
    assert "open claims" not in page


def test_a_coordinator_sees_the_map_with_holders(here: Pages) -> None:
    claims(here).take(here.site.viewers["rival"], Wish(repository="https://git.example.org/m/n"), ALLOWED)
    page = here.browser("coordinator").get("/claims").text
    assert "git.example.org/m/n" in page
    assert "Rival Lab" in page


def test_the_map_is_drawn_with_its_values_in_words_and_says_which_claims_meet(here: Pages) -> None:
    held = claims(here)
    for viewer, path in (("rival", "src"), ("submitter", "src/parser")):
        held.take(
            here.site.viewers[viewer], Wish(repository="https://git.example.org/map/drawn", paths=[path]), ALLOWED
        )
    page = here.browser("coordinator").get("/claims").text
    svg = page[page.index("<svg") : page.index("</svg>")]
    assert 'role="img"' in svg
    told = svg[svg.index("<desc") : svg.index("</desc>")]
    assert "Rival Lab: map/drawn src: 0 days from now, between 0 and 7, 0 % done; meets 1 other claim" in told
    assert "marked: now at 0 days from now" in told
    assert "<svg" not in here.browser("submitter").get("/claims").text


def test_a_bad_area_is_explained_and_shown_inert(here: Pages) -> None:
    answer = here.browser("submitter").get(f"/claims?repository={NASTY}")
    assert answer.status_code == 422
    assert "bad_repository" in answer.text
    assert NASTY not in answer.text
