"""What was looked for and not found is stated in one form, with scope, number and day, as far as a search backs it."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.brief.conftest import make_source
from tests.brief.hosts import ADA, EDITH, MEMBER, START, Host, host
from tests.brief.test_join import advisory

from comity.brief import flow_recheck
from comity.brief.channels import page, text
from comity.brief.check import absence
from comity.brief.check.absence import absence_gate, sentence, stated
from comity.errors import Conflict
from comity.model.article import ReviewState
from comity.model.brief import Absence
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, Digest
from comity.model.signals import KEV, KEV_SOURCE, Fact
from comity.store import drafts, published, upstream

CVE = "CVE-2026-10001"
SOURCE = make_source(f"The agency named {CVE} in Northwind Gateway. Operators must install the update.")
SEARCH = Absence(subject=CVE, scope="advisory of this host", searched=12, at=START, until=START + timedelta(days=30))
SAID = f"No advisory of this host names {CVE} (12 searched on 2026-11-02)."


def reasons(words: str, *searches: Absence) -> list[str]:
    return [one.reason for one in absence_gate(words, searches)]


def test_the_one_form_reads_back_to_what_was_searched() -> None:
    assert sentence(SEARCH) == SAID
    said = stated(SAID)
    assert said is not None
    assert (said.scope, said.subject, said.searched, f"{said.day}") == (SEARCH.scope, CVE, 12, "2026-11-02")
    assert reasons(SAID, SEARCH) == []
    mirror = replace(SEARCH, scope=f"entry of the mirror {KEV_SOURCE}")
    assert reasons(sentence(mirror), mirror) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (SAID.replace("10001", "10002"), "nobody searched"),
        (SAID.replace("advisory of this host", "entry of the mirror kev"), "nobody searched"),
        (SAID.replace("12 searched", "900 searched"), "12 were searched"),
        (SAID.replace("2026-11-02", "2026-09-02"), "good for 30 days"),
        (SAID.replace("2026-11-02", "2026-11-03"), "searched on 2026-11-02"),
        (SAID.replace("2026-11-02", "2026-13-02"), "one form"),
        (f"There is no advisory about {CVE} on this host.", "one form"),
        (f"{CVE} is not in our mirror.", "one form"),
        (f"{SAID} It is harmless.", "one form"),
    ],
)
def test_an_absence_that_no_search_backs_is_blocked(words: str, why: str) -> None:
    [reason] = reasons(words, SEARCH)
    assert why in reason


def test_an_absence_is_blocked_as_soon_as_the_thing_is_there() -> None:
    found = Absence(subject=CVE, scope=SEARCH.scope, searched=13, at=START, until=START, found=("COMITY-2026-0001",))
    assert reasons(SAID, found) == ["it is named now: COMITY-2026-0001"]


def test_words_of_a_source_about_its_own_absences_are_no_absence_here() -> None:
    assert reasons("The agency found no evidence of exploitation.") == []


def with_absence(here: Host) -> str:
    """A draft whose last sentence states the host's own search."""
    record = here.kept(SOURCE)
    said = next(sentence(one) for one in record.absences if one.scope == "advisory of this host")
    words = [one.text for one in record.brief.sentences]
    here.desk.edit(ADA, record.id, title=record.brief.title, sentences=[*words, said])
    return record.id


def test_a_stated_absence_is_published_with_its_search_and_falls_when_an_advisory_comes(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        id_ = with_absence(here)
        assert here.desk.draft(ADA, id_).checked.findings == ()
        here.reviewed(id_)
        public = here.desk.publish(EDITH, id_)
        assert public.lines[-1].text == f"No advisory of this host names {CVE} (0 searched on 2026-11-02)."
        assert "Good until 2026-12-02" in text.render(public)
        assert "Looked for and not found" in page.article(public)
        with here.machines.store.write() as tx:
            published.put(tx, advisory(), [], case=CaseId("C-1"))  # type: ignore[arg-type]  # an advisory
        event = Event(kind=Kind.ADVISORY_PUBLISHED, key="p:1", at=here.clock.at, subjects=("COMITY-2026-0001",))
        assert here.desk.react(event) == 1
        after = here.desk.brief(MEMBER, id_).public
        assert after.absences == ()
        assert "it is named now" in here.desk.draft(ADA, id_).checked.findings[0].reason


def test_a_public_absence_reopens_its_brief_when_its_days_are_over_once(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        id_ = with_absence(here)
        here.reviewed(id_)
        here.desk.publish(EDITH, id_)
        here.clock.pass_(days=30)
        with here.machines.store.read() as tx:
            assert absence.over(drafts.get(tx, id_, ADA).brief, here.clock.at) is None, "the thirtieth day is inside"
        assert flow_recheck.ended(here.machines) == []
        here.clock.pass_(days=1)
        assert flow_recheck.ended(here.machines) == [id_]
        public = here.desk.brief(MEMBER, id_).public
        assert public.review_state is ReviewState.UNREVIEWED
        assert f"({CVE}, 2026-11-02) is older than 30 days" in public.banner
        assert flow_recheck.ended(here.machines) == [], "once for each search"


def test_an_absence_that_waited_too_long_is_not_published(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        id_ = with_absence(here)
        here.reviewed(id_)
        here.clock.pass_(days=31)
        with pytest.raises(Conflict):
            here.desk.publish(EDITH, id_)


def test_an_identifier_is_called_not_in_our_mirror_only_where_a_mirror_was_looked_into(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        assert [one.in_mirror for one in here.kept(SOURCE).entities if one.kind == "cve"] == [None]
        with here.machines.store.write() as tx:
            other = [Fact(subject="CVE-2025-1", name=KEV, value="yes")]
            digest = Digest(hashlib.sha256(b"kev").hexdigest())
            upstream.replace_mirror(tx, KEV_SOURCE, other, as_of=START, fetched_at=START, digest=digest)
        public = here.published(make_source(SOURCE.text + " More follows.", url="https://example.org/two"))
        assert f"Not in our mirror: {CVE}." in text.render(public)
        assert f"No entry of the mirror {KEV_SOURCE} names {CVE} (1 searched" in text.render(public)


def test_what_other_briefs_of_the_week_took_from_a_site_counts_against_the_budget(tmp_path: Path) -> None:
    closed = " ".join(
        ["The agency said that operators should look at their gateways before the end of the month."] * 12
    )
    with host(tmp_path) as here:
        first = here.kept(make_source(closed, url="https://news.example/1", openly_licensed=False))
        here.reviewed(first.id)
        here.desk.publish(EDITH, first.id)
        second = here.kept(make_source(closed + " Today.", url="https://news.example/2", openly_licensed=False))
        used = here.desk.draft(ADA, second.id).week_words
        assert used > 0
        here.clock.pass_(days=8)
        assert here.desk.draft(ADA, second.id).week_words == 0
