"""The pages of a defender, an authority and a follower: each reads without script and says how sure its dates are."""

from collections.abc import Iterator

import pytest

from comity.formats import directive
from comity.model.asset import Domain, Reach
from comity.model.ids import digest
from tests.directives.hosts import LOG4SHELL, OTHER, Host, host, viewer
from tests.directives.test_authoring import local
from tests.directives.test_desk_deadlines import evidence
from tests.directives.web import Browser, browsing

MADE: dict[str, str] = {}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("pages")) as made:
        MADE["web"], MADE["files"] = made.estate("agency", Domain.FCEB)
        MADE["secret"], _ = made.estate("fort", Domain.NSS, exposed=Reach.INTERNAL)
        yield made


@pytest.fixture(scope="module")
def browser(held: Host) -> Iterator[Browser]:
    with browsing(held) as made:
        yield made


def test_every_page_with_a_date_says_transcription_certainty_and_whom_it_binds(browser: Browser) -> None:
    web = MADE["web"]
    for path in ("/deadlines", f"/deadlines/{web}/{LOG4SHELL}", "/what-if", f"/triage/{web}/{LOG4SHELL}"):
        text = browser.get(path, "ada").text
        assert "This is a transcription" in text, path
        assert "Certainty: agreed (secondary)" in text, path
        assert "binding on federal civilian executive branch agencies" in text, path


def test_the_list_shows_row_start_both_dates_and_what_was_assumed(browser: Browser) -> None:
    text = browser.get("/deadlines", "ada").text
    for words in (
        "row 1",
        "kev added",
        "overdue",
        "differs",
        "assumed: automatable, technical impact",
        "KEV catalogue of",
    ):
        assert words in text
    assert "<svg" in text
    assert "<script" not in text
    assert "style=" not in text


def test_one_deadline_shows_its_whole_why(browser: Browser) -> None:
    text = browser.get(f"/deadlines/{MADE['web']}/{LOG4SHELL}", "ada").text
    for words in (
        "CISA added it to KEV on 2021-12-10, before it was found here",
        "Date by the table",
        "Date in the KEV catalogue",
        "governing=earlier",
        "Vulnrichment",
        "index 15 in CERT/CC",
        "overdue when first seen",
        "The patch is locked",
    ):
        assert words.replace("'", "&#39;") in text, words


def test_a_past_day_is_shown_as_it_was_and_a_day_that_is_none_is_told(browser: Browser) -> None:
    path = f"/deadlines/{MADE['web']}/{OTHER}"
    assert "as it was at" in browser.get(f"{path}?day=2026-12-16", "ada").text
    assert "No date here" in browser.get(f"{path}?day=2026-12-01", "ada").text
    assert browser.get(f"{path}?day=2026-13-01", "ada").status_code == 422


@pytest.mark.parametrize("only", ["overdue", "triage", "ask", "silent", "done", "nonsense"])
def test_every_view_of_the_list_renders(browser: Browser, only: str) -> None:
    assert browser.get(f"/deadlines?only={only}", "ada").status_code == 200


def test_a_civil_viewer_gets_the_same_404_for_a_secret_asset_and_for_none(browser: Browser) -> None:
    hidden = browser.get(f"/deadlines/{MADE['secret']}/{LOG4SHELL}", "ada")
    missing = browser.get(f"/deadlines/A-0000-0000-0000/{LOG4SHELL}", "ada")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace(MADE["secret"], "X") == missing.text.replace("A-0000-0000-0000", "X")


def test_a_defender_without_any_pack_is_told_that_this_is_not_clean(browser: Browser) -> None:
    text = browser.get("/deadlines", "nell").text
    assert "No directive with dates is in force here" in text
    assert "no date here" in text


def test_what_if_shows_before_and_after_and_lists_what_cannot_be_read(browser: Browser) -> None:
    shown = browser.send("/what-if", "ada", {"changes": "exposure web no"})
    assert "1 of 4 findings would get another tier" in shown.text
    wrong = browser.send("/what-if", "ada", {"changes": "exposure web\nnonsense"})
    assert (wrong.status_code, "/changes/1" in wrong.text) == (422, True)


def test_a_triage_goes_from_open_to_a_signed_decision_in_the_browser(browser: Browser, held: Host) -> None:
    here = f"/triage/{MADE['web']}/{LOG4SHELL}"
    work = f"/deadlines/{MADE['web']}/{LOG4SHELL}"
    locked = browser.send(f"{work}/work", "ada", {"kind": "fix", "how": "2.17.1"}, page=work)
    assert (locked.status_code, "before anything is patched" in locked.text) == (409, True)
    for data in (
        {"act": "open"},
        {"act": "step", "step": "scope"},
        {"act": "collect", **evidence()},
        {"act": "decide", "compromise": "no evidence", "reason": "memory and logs hold nothing"},
    ):
        assert browser.send(here, "ada", data).status_code == 303, data
    text = browser.get(here, "ada").text
    assert "The patch may go" in text
    assert "Download the manifest" in text
    assert "generic" in text
    assert browser.get(f"{here}/signature", "ada").content.startswith(b"{")
    assert browser.send(f"{work}/work", "ada", {"kind": "fix", "how": "2.17.1"}, page=work).status_code == 303


def test_every_shipped_pack_has_a_page_that_anybody_may_read(browser: Browser) -> None:
    listed = browser.get("/directives").text
    for pack in directive.every_shipped():
        assert f"/directives/{pack.id}" in listed
        page = browser.get(f"/directives/{pack.id}")
        assert page.status_code == 200
        assert "Certainty:" in page.text
        if pack.id != "us.eo-14409":
            assert browser.get(f"/directives/{pack.id}/file").content == directive.shipped_bytes(pack.id)


def test_an_authority_writes_consults_signs_and_publishes_and_an_agency_follows(browser: Browser, held: Host) -> None:
    data = local("fceb")
    bad = browser.send("/authoring", "edith", {"pasted": "pack: x\n"})
    assert (bad.status_code, "(line 1)" in bad.text) == (422, True)
    made = browser.send("/authoring", "edith", {"pasted": data.decode()})
    here = made.headers["location"]
    assert "day 1 of 30" in browser.get(here, "edith").text
    assert browser.get(here, "ada").status_code == 404
    assert browser.send(here, "edith", {"act": "consult", "office": ["agency"], "days": "5"}).status_code == 303
    assert (
        browser.send(f"{here}/comment", "ada", {"text": "<b>clear</b>", "agrees": "yes"}, page=here).status_code == 303
    )
    assert "&lt;b&gt;clear" in browser.get(here, "edith").text
    assert browser.send(here, "edith", {"act": "sign", "draft": digest(data)}).status_code == 303
    assert browser.send(here, "edith", {"act": "publish"}).status_code == 303
    public = browser.get("/directives/local.fceb.fast").text
    assert "Signed" in public
    assert "by Edith" in public
    for act in (
        {"act": "follow"},
        {"act": "acknowledge", "version": "1.0.0"},
        {"act": "report", "adoption": "adopted"},
    ):
        assert browser.send("/directives/local.fceb.fast", "ada", act).status_code == 303, act
    assert "1.0.0 by Ada" in browser.get("/directives/local.fceb.fast", "edith").text
    assert "adopted" in browser.get(here, "edith").text


def test_pages_of_a_defender_are_nobody_elses(browser: Browser) -> None:
    assert browser.get("/deadlines").status_code == 303
    assert browser.get("/deadlines", "carl").status_code == 403
    assert browser.send("/authoring", "ada", {"pasted": "x"}).status_code == 403
    assert viewer("ada").roles


def test_what_a_pack_asks_of_a_person_is_stated_on_the_findings_page(browser: Browser, held: Host) -> None:
    path = f"/deadlines/{MADE['files']}/{OTHER}"
    assert "What a person states" not in browser.get(path, "ada").text
    held.directives.follow(viewer("ada"), "us.fedramp.vdr")
    assert "not stated" in browser.get(path, "ada").text
    wrong = browser.send(f"{path}/inputs", "ada", {"input-potential_impact": "N77"}, page=path)
    assert wrong.status_code == 422
    assert "one of N1" in wrong.text
    day = f"{held.clock.now():%Y-%m-%d}"
    given = {"input-potential_impact": "N3", "input-certification_level": "low", "input-evaluated": day}
    assert browser.send(f"{path}/inputs", "ada", given, page=path).status_code == 303
    text = browser.get(path, "ada").text
    assert "N3<br>" in text
    assert "32 days, due" in text
