"""Sources of public briefs are looked at again, conditionally; what changed or is gone reopens what rests on it."""

from pathlib import Path

from tests.brief.hosts import EDITH, MEMBER, Host, host
from tests.feeds.site import Page, Site, site

from comity.brief.gather import Registered, read
from comity.model.article import ReviewState
from comity.model.brief import Published

WORDS = "The agency said on 3 November 2026 that operators of Northwind Gateway should install version 3.0.2."


def article(words: str = WORDS, etag: str = '"one"') -> Page:
    return Page(body=f"<html><title>Notice</title><p>{words}</p></html>".encode(), headers={"ETag": etag})


def shown(here: Host, served: Site) -> Published:
    """A public brief on the page as it stands now."""
    url = f"{served.address}/notice"
    about = Registered(name="Example Agency", openly_licensed=True, licence="test")
    content = served.pages["/notice"].body
    [source] = read(content, url=url, retrieved_at=here.clock.at, about=about, media_type="text/html")
    return here.published(source)


def outcomes(here: Host) -> list[tuple[str, int]]:
    return [(one.outcome, len(one.reopened)) for one in here.desk.recheck(EDITH)]


def test_an_unchanged_source_is_asked_conditionally_the_second_time(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        public = shown(here, served)
        assert outcomes(here) == [("the same words", 0)]
        assert outcomes(here) == [("not modified", 0)]
        assert served.headers[-1]["if-none-match"] == '"one"'
        assert here.desk.brief(MEMBER, public.id).public.review_state is ReviewState.REVIEWED


def test_other_words_reopen_the_brief_once_for_each_change(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        public = shown(here, served)
        served.pages["/notice"] = article(WORDS.replace("3.0.2", "3.0.3"), '"two"')
        assert outcomes(here) == [("changed", 1)]
        now = here.desk.brief(MEMBER, public.id).public
        assert now.review_state is ReviewState.UNREVIEWED
        assert "source changed" in now.banner
        here.clock.pass_(days=1)
        assert outcomes(here) == [("changed", 0)]
        served.pages["/notice"] = article(WORDS.replace("3.0.2", "3.0.4"), '"three"')
        assert outcomes(here) == [("changed", 1)]


def test_a_gone_source_is_said_and_one_that_does_not_answer_proves_nothing(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        public = shown(here, served)
        served.pages["/notice"] = Page(status=503)
        [(outcome, count)] = outcomes(here)
        assert outcome.startswith("not looked at")
        assert count == 0
        served.pages["/notice"] = Page(status=410)
        assert outcomes(here) == [("gone (410)", 1)]
        assert "can no longer be opened (410" in here.desk.brief(MEMBER, public.id).public.banner
        assert outcomes(here) == [("gone (410)", 0)]


def test_a_reservation_that_came_later_is_said_and_keeps_nothing(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        public = shown(here, served)
        served.pages["/notice"] = Page(body=b"<p>Other words.</p>", headers={"tdm-reservation": "1"})
        [(outcome, count)] = outcomes(here)
        assert outcome.startswith("reserved now")
        assert count == 0
        assert here.desk.brief(MEMBER, public.id).public.review_state is ReviewState.REVIEWED


def test_sources_of_a_withdrawn_brief_are_left_alone(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        here.desk.withdraw(EDITH, shown(here, served).id, reason="Wrong.")
        assert outcomes(here) == []
        assert served.asked == []
