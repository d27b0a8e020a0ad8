"""Gathering an estate in columns gives, row by row, what gathering each asset by itself gives."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.defend import flow_columns, flow_deadlines, flow_kept
from comity.defend.desk_deadlines import Deadlines, Lists, Row
from comity.defend.due import standing_of
from comity.defend.whatif import summed
from comity.errors import Missing
from comity.model.asset import Confidence, Domain, ExposureTag, Reach
from comity.model.remedy import Standing
from tests.advise.desk import advice_of
from tests.defend.hosts import CIVIL, DOW, NOW, NSS, OTHER, SALT, Host, bom, host

IMAGES = (("pkg:pypi/salt@3000.1",), ("pkg:pypi/salt@3000.3",), ("pkg:pypi/salt@3000.1", "pkg:pypi/six@1.16.0"))
Asset = tuple[frozenset[int], str, int]
UPGRADES = ("", "2027-02-01", "2027-03-01")
ASSETS = st.tuples(
    st.frozensets(st.integers(0, 2), min_size=1, max_size=3), st.sampled_from(["yes", "no", ""]), st.integers(0, 2)
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ASSETS, min_size=1, max_size=5), st.booleans(), st.booleans(), st.booleans())
def test_columns_equal_one_asset_at_a_time(
    tmp_path_factory: object, assets: list[Asset], accepted: bool, tagged: bool, upgraded: bool
) -> None:
    folder: Path = tmp_path_factory.mktemp("c")  # type: ignore[attr-defined]  # pytest's own factory
    with host(folder) as here:
        here.mirror(SALT)
        here.kev("CVE-2020-11651")
        for number, parts in enumerate(IMAGES):
            here.register(bom(*parts), name=f"image {number}")
        rows = [
            f"a-{place},{reach},{UPGRADES[month]},{';'.join(f'image {n}' for n in sorted(runs))}"
            for place, (runs, reach, month) in enumerate(assets)
        ]
        made = here.desk.import_assets(
            CIVIL, ("asset,exposure,planned upgrade,inventory\n" + "\n".join(rows)).encode(), domain=Domain.FCEB
        )
        first = made[0].id
        with here.store.read() as tx:
            before = flow_columns.gather(tx, CIVIL, at=NOW)
        reached = here.desk.exposure(CIVIL, first, "CVE-2020-11651")[1]
        if accepted and reached:
            here.desk.accept(
                CIVIL, first, "CVE-2020-11651", reason="a reason that is long", expires_at=NOW + timedelta(days=9)
            )
        if tagged:
            tag = ExposureTag(value=Reach.INTERNAL, confidence=Confidence.CONFIRMED, source="x", at=NOW)
            here.desk.tag(CIVIL, first, tag)
        here.at(NOW + timedelta(days=3))
        if upgraded:
            here.register(bom("pkg:pypi/salt@3000.3"), name="image 0")
        _compare(here, NOW + timedelta(days=4), before)
        _first(here)


def test_what_was_read_of_an_inventory_is_remembered_for_nobody_who_may_not_see_it(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        here.mirror(SALT)
        held = here.register(bom("pkg:pypi/salt@3000.1"), name="image").inventory.id
        with here.store.read() as tx:
            assert flow_kept.newest(tx, held, CIVIL) is flow_kept.newest(tx, held, CIVIL)
            for other in (NSS, DOW, OTHER):
                with pytest.raises(Missing):
                    flow_kept.newest(tx, held, other)
        here.register(bom("pkg:pypi/salt@3000.3"), name="image")
        with here.store.read() as tx:
            found = flow_kept.newest(tx, held, CIVIL)
        assert found is not None
        assert ([one.version for one in found[0].components], found[1].number) == (["3000.3"], 2)


def _first(here: Host) -> None:
    """What is most pressing, out of the columns, equals the head of the whole list."""
    advice = advice_of(here.desk.machines)
    every = advice.remedies(CIVIL)
    open_ = {(one.asset_id, one.vulnerability) for one in every if one.standing is not Standing.DONE}
    whole = advice.first(CIVIL, limit=500)
    assert whole.open == len(open_)
    assert whole.rows == tuple(one for one in every if (one.asset_id, one.vulnerability) in open_)
    head = advice.first(CIVIL, limit=1)
    assert (head.open, len({(one.asset_id, one.vulnerability) for one in head.rows})) == (
        len(open_),
        min(1, len(open_)),
    )
    assert {one.due for one in head.rows} <= {whole.rows[0].due} if open_ else head.rows == ()


def _planned(row: Row) -> datetime | None:
    return standing_of(row.answer).due


def _compare(here: Host, at: datetime, before: flow_columns.Columns) -> None:
    desk = Deadlines(machines=here.desk.machines, lists=Lists(machines=here.desk.machines))
    with here.store.read() as tx:
        slow = flow_deadlines.gather(tx, CIVIL, at=at)
        fast = flow_columns.gather(tx, CIVIL, at=at, before=before)
    assert sorted((f.asset, f.vulnerability) for f in fast.facts()) == sorted(
        (one.facts.asset, one.facts.vulnerability) for one in slow.findings
    )
    by_key = {(one.facts.asset, one.facts.vulnerability): one for one in slow.findings}
    for facts in fast.facts():
        assert facts == by_key[facts.asset, facts.vulnerability].facts
    assert (fast.undecided, fast.not_assessed, fast.feeds) == (slow.undecided, slow.not_assessed, slow.feeds)
    listed = desk.deadlines(CIVIL, at=at, limit=500)
    answers = [desk.deadline(CIVIL, *key, at=at).answer for key in by_key]
    assert listed.summary == summed((standing_of(one), 1) for one in answers)
    places = [(due is None, due or at, row.asset, row.vulnerability) for row in listed.rows for due in [_planned(row)]]
    assert places == sorted(places)
    for only in ("overdue", "dated", "upcoming", "ask", "triage", "silent", "done"):
        some = desk.deadlines(CIVIL, at=at, only=only, limit=500)
        assert some.total == len(some.rows) <= listed.total
    for row in listed.rows:
        assert row.answer == desk.deadline(CIVIL, row.asset, row.vulnerability, at=at).answer
        assert row.component == flow_columns.component_of(by_key[row.asset, row.vulnerability].exposures)
