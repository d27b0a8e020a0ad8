"""The page that says whose copy a text from outside was made from, and what that does not show."""

from comity.clearing.canaries import TEXT_LIMIT
from tests.console.hosts import Pages

NASTY = "<script>alert(1)</script>"


def test_a_text_without_a_reference_is_told_so_and_not_shown_again(here: Pages) -> None:
    answer = here.browser("coordinator").post("/canaries", {"text": f"they say {NASTY}"})
    assert answer.status_code == 200
    assert "speaks for and against nobody" in answer.text
    assert NASTY not in answer.text
    assert "they say" not in answer.text


def test_nothing_and_too_much_are_problems_of_the_form(here: Pages) -> None:
    browser = here.browser("coordinator")
    assert browser.post("/canaries", {"text": "  "}).status_code == 422
    assert browser.post("/canaries", {"text": "x" * (TEXT_LIMIT + 1)}).status_code == 413


def test_nobody_but_a_coordinator_meets_it(here: Pages) -> None:
    for role in ("submitter", "admin", ""):
        assert here.browser(role).get("/canaries").status_code != 200
