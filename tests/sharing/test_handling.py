"""Shares with their ground, looks that the owner sees, marks on copies, personal information with a reason."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.bench import sample
from comity.clearing import scrub
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import personal
from comity.library.exchange import Exchange, Filter
from comity.model.basis import BASES, CISA_2015, ground
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Viewer
from comity.model.sharing import KeptField
from comity.store import published
from tests.api.site import Site, site
from tests.console.hosts import Pages
from tests.sharing.values import envelope, vulnerability


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as held:
        yield held


def seen(exchange: Exchange, viewer: Viewer, id_: str) -> bool:
    return bool(exchange.objects(viewer, "exchange", Filter(ids=(id_,)), limit=10).objects)


def test_one_object_is_shared_with_one_party_and_its_owner_sees_who_looked(made: Site) -> None:
    lab, rival = made.viewers["submitter"], made.viewers["rival"]
    first, second = vulnerability("CVE-2020-0001", tlp=Tlp.AMBER), vulnerability("CVE-2020-0002", tlp=Tlp.AMBER)
    made.exchange.post(lab, "exchange", envelope(first, second))
    assert not seen(made.exchange, rival, first["id"])
    share = made.sharing.share(lab, first["id"], "Rival Lab", basis="nda")
    assert seen(made.exchange, rival, first["id"])
    assert not seen(made.exchange, rival, second["id"])
    (got,) = made.sharing.received(rival)
    assert got.share.restriction == (
        "TLP:AMBER. Not for use in a vulnerabilities equities process. "
        "Shared on the ground of a non-disclosure agreement."
    )
    told = {(one.access.subject, one.who, one.access.what) for one in made.sharing.looks(lab)}
    assert told == {(first["id"], "Test rival, Rival Lab", "read over TAXII (TLP:AMBER)")}
    assert made.sharing.looks(rival) == ()
    with pytest.raises(Conflict, match="read in already"):
        made.sharing.share(lab, first["id"], "Rival Lab", basis="nda")
    with pytest.raises(Missing):
        made.sharing.end(rival, share.id)
    made.sharing.end(lab, share.id)
    assert not seen(made.exchange, rival, first["id"])
    (kept,) = made.sharing.made(lab)
    assert kept.share.ended_at is not None
    assert made.sharing.received(rival) == ()


def test_red_goes_to_people_and_nobody_is_read_in_above_their_clearance(made: Site) -> None:
    lab, rival = made.viewers["submitter"], made.viewers["rival"]
    red = vulnerability("CVE-2020-0003", tlp=Tlp.RED)
    made.exchange.post(lab, "exchange", envelope(red))
    with pytest.raises(Invalid, match="RED is for named people"):
        made.sharing.share(lab, red["id"], "Rival Lab", basis="consent")
    with pytest.raises(Conflict, match="roles do not reach TLP:RED"):
        made.sharing.share(lab, red["id"], "reader", basis="consent")
    made.sharing.share(lab, red["id"], "rival", basis="consent")
    assert seen(made.exchange, rival, red["id"])
    assert not seen(made.exchange, replace(rival, person=PartyId("P-other")), red["id"])


def test_only_what_is_ones_own_is_shared_and_only_with_somebody_who_is_here(made: Site) -> None:
    lab, rival = made.viewers["submitter"], made.viewers["rival"]
    own = vulnerability("CVE-2020-0004", tlp=Tlp.AMBER)
    made.exchange.post(lab, "exchange", envelope(own))
    with pytest.raises(Missing):
        made.sharing.share(rival, own["id"], "reader", basis="consent")
    with pytest.raises(Invalid, match="nobody of that name"):
        made.sharing.share(lab, own["id"], "nobody here", basis="consent")
    with pytest.raises(Forbidden, match="coordinators"):
        made.sharing.share(lab, "COMITY-2026-0001", "reader", basis="consent")
    with pytest.raises(Forbidden):
        made.sharing.share(made.viewers["reader"], own["id"], "rival", basis="consent")


def test_an_advisory_is_shared_with_everything_made_of_it_after_the_scrub(made: Site) -> None:
    coordinator, rival = made.viewers["coordinator"], made.viewers["rival"]
    amber = replace(sample.advisory(1, tlp=Tlp.AMBER), details="Ask Dr Ada Sample or write to ada@vendor.example.")
    made.publish(amber)
    made.exchange.take_advisory(amber.id)
    with pytest.raises(Invalid, match="personal information") as refused:
        made.sharing.share(coordinator, amber.id, "Rival Lab", basis="contract")
    assert len(refused.value.problems) == 2
    assert "ada@" not in str(refused.value.problems)
    reasons = {"ada@vendor.example": "published contact", "Dr Ada Sample": "named with her consent"}
    with pytest.raises(Missing):
        made.library.advisory(rival, amber.id)
    made.sharing.share(coordinator, amber.id, "Rival Lab", basis="contract", no_equities_use=False, keep=reasons)
    view = made.library.advisory(rival, amber.id)
    assert view.mark.startswith("TLP:AMBER. Shown to Test rival on ")
    other = made.library.advisory(coordinator, amber.id).mark
    assert view.mark.rpartition("Mark ")[2] != other.rpartition("Mark ")[2]
    objects = made.exchange.objects(rival, "advisories", Filter(kinds=("report",)), limit=10).objects
    assert len(objects) == 1
    (got,) = made.sharing.received(rival)
    assert got.share.no_equities_use, "an advisory's own restriction stays"
    assert any(one.who == "Test rival, Rival Lab" for one in made.sharing.looks(coordinator))
    assert made.library.advisory(made.viewers["reader"], _clear(made)).mark == ""


def _clear(made: Site) -> str:
    one = sample.advisory(2)
    with made.accounts.store.write() as tx:
        published.put(tx, one, [])
    return one.id


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2025, 9, 30), date(2015, 12, 18), date(2025, 9, 30)),
        (date(2025, 10, 1), None, None),
        (date(2025, 11, 11), None, None),
        (date(2025, 11, 12), date(2025, 11, 12), date(2026, 1, 30)),
        (date(2026, 1, 30), date(2025, 11, 12), date(2026, 1, 30)),
        (date(2026, 1, 31), None, None),
        (date(2026, 2, 3), date(2026, 2, 3), date(2026, 9, 30)),
        (date(2026, 9, 30), date(2026, 2, 3), date(2026, 9, 30)),
        (date(2026, 10, 1), None, None),
    ],
)
def test_the_act_of_2015_is_cited_on_the_days_it_was_in_force(day: date, first: date | None, last: date | None) -> None:
    if first is None:
        with pytest.raises(Conflict, match="not known to be in force"):
            ground(CISA_2015, day)
    else:
        found = ground(CISA_2015, day)
        assert (found.in_force_from, found.in_force_until) == (first, last)
        assert str(last) in found.sentence


def test_a_setting_says_whether_it_holds_since_and_every_other_ground_always_does() -> None:
    day = date(2026, 11, 25)
    assert ground(CISA_2015, day, cisa2015="yes").in_force_until is None
    for said in ("no", "unknown"):
        with pytest.raises(Conflict):
            ground(CISA_2015, day, cisa2015=said)
    for id_ in set(BASES) - {CISA_2015}:
        assert ground(id_, day).name == BASES[id_].name
    with pytest.raises(Invalid):
        ground("because", day)


AT = datetime(2026, 11, 25, tzinfo=UTC)


@given(
    words=st.lists(st.sampled_from(["ada@lab.example", "555-12-3456", "Dr Ada Sample", "plain", "1.2.3"]), max_size=6)
)
def test_a_draft_passes_when_and_only_when_each_piece_has_a_reason(words: list[str]) -> None:
    advisory = replace(sample.advisory(1), details=" and ".join(words))
    found = {one.text for one in scrub.unexplained(advisory, ())}
    assert found == {one.text for one in personal.found("details", advisory.details)}
    kept = [
        KeptField(field="details", kind="x", text=text, reason="its owner agreed", by=PartyId("p"), at=AT)
        for text in sorted(found)
    ]
    assert scrub.unexplained(advisory, kept) == ()
    for left_out in range(len(kept)):
        some = kept[:left_out] + kept[left_out + 1 :]
        assert [one.text for one in scrub.unexplained(advisory, some)] == [kept[left_out].text]
        blank = [*some, replace(kept[left_out], reason="  ")]
        assert len(scrub.unexplained(advisory, blank)) == 1


def test_the_page_of_sharing_shows_both_sides(here: Pages) -> None:
    lab = here.site.viewers["submitter"]
    own = vulnerability("CVE-2020-0009", tlp=Tlp.AMBER)
    here.site.exchange.post(lab, "exchange", envelope(own))
    browser = here.browser("submitter")
    values = {"subject": own["id"], "recipient": "Rival Lab", "basis": "nda", "no_equities_use": "yes"}
    assert browser.post("/sharing", values, page="/sharing").status_code == 303
    assert "a non-disclosure agreement" in browser.get("/sharing").text
    assert browser.post("/sharing", values, page="/sharing").status_code == 409
    lapsed = values | {"basis": "cisa-2015", "recipient": "reader"}
    assert browser.post("/sharing", lapsed, page="/sharing").status_code == 409
    theirs = here.browser("rival").get("/sharing").text
    assert "Not for use in a vulnerabilities equities process" in theirs
    assert "Read somebody in" not in here.browser("reader").get("/sharing").text
    assert own["id"] not in here.browser("reader").get("/sharing").text
