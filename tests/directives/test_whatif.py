"""What-if: what a change would move, equal to making the change and counting everything anew."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as properties
from hypothesis import settings as tuning
from hypothesis import strategies as st

from comity.defend.clock import Facts, Feeds, Told
from comity.defend.whatif import (
    Change,
    Estate,
    Rules,
    SetExposure,
    SetKev,
    SetSsvc,
    SetUpgrade,
    UseRules,
    applied,
)
from comity.errors import Missing
from comity.formats import directive
from tests.directives.findings import BOD, NOW, added, day, facts, told

RULES = Rules(pack=BOD, policy={}, feeds=Feeds(kev_as_of=NOW, ssvc_as_of=NOW), zone="America/New_York", at=NOW)


def estate() -> list[Facts]:
    return [
        replace(facts(automatable="yes"), asset=asset, vulnerability=cve)
        for asset in ("web", "mail", "files")
        for cve in ("CVE-2026-1", "CVE-2026-2")
    ]


def test_taking_an_asset_off_the_internet_shows_what_moves_and_changes_nothing() -> None:
    held = Estate.of(estate(), RULES)
    found = held.what_if([SetExposure(asset="web", value="no")])
    assert (found.before.tiers, found.after.tiers) == ({"3D": 6}, {"3D": 4, "60D": 2})
    assert (found.before.overdue, found.after.overdue) == (6, 4)
    assert (found.touched, found.moved_count, {one.asset for one in found.moved}) == (2, 2, {"web"})
    assert held.summary() == found.before


def test_an_addition_to_kev_brings_triage_duties_everywhere_at_once() -> None:
    found = Estate.of(estate(), RULES).what_if([SetKev(vulnerability="CVE-2026-2", added=NOW.date())])
    assert (found.before.triage, found.after.triage) == (0, 3)
    assert found.after.tiers == {"3D": 3, "3DF": 3}


def test_another_choice_of_a_parameter_is_a_change_like_any_other() -> None:
    rows = [replace(one, automatable=(), technical_impact=()) for one in estate()]
    change = UseRules(pack=BOD, policy={"metadata_missing": "sixty_days"})
    found = Estate.of(rows, RULES).what_if([change])
    assert (found.before.tiers, found.after.tiers) == ({"14D": 6}, {"60D": 6})
    assert (found.moved_count, len(found.moved)) == (6, 6)


def test_a_name_that_no_open_finding_has_is_told() -> None:
    with pytest.raises(Missing):
        Estate.of(estate(), RULES).what_if([SetExposure(asset="nowhere", value="no")])


_values = st.sampled_from(["yes", "no", None])
_impacts = st.sampled_from(["total", "partial", None])


def _told(value: str | None, number: int) -> tuple[Told, ...]:
    return () if value is None else (Told(value=value, at=day(2026, 12, 1) + timedelta(days=number), source="drawn"),)


@st.composite
def _estates(draw: st.DrawFn) -> list[Facts]:
    flaws = {
        f"CVE-{2019 + n}-{n}": {
            "kev_added": draw(st.none() | st.dates(date(2026, 12, 1), date(2027, 1, 14))),
            "automatable": _told(draw(_values), draw(st.integers(0, 60))),
            "technical_impact": _told(draw(_impacts), draw(st.integers(0, 60))),
        }
        for n in range(4)
    }
    rows = []
    for name in ("a", "b", "c"):
        exposure = tuple(
            Told(value=draw(_values), at=day(2026, 12, 1) + timedelta(days=n), source="s", until=draw(_ends))
            for n in sorted(draw(st.lists(st.integers(0, 50), max_size=2, unique=True)))
        )
        upgrade = draw(st.none() | st.just(date(2027, 3, 1)))
        for cve in draw(st.lists(st.sampled_from(sorted(flaws)), unique=True)):
            found = day(2026, 12, 10) + timedelta(days=draw(st.integers(0, 35)))
            rows.append(
                replace(
                    facts(found=found),
                    **flaws[cve],
                    asset=name,
                    vulnerability=cve,
                    exposure=exposure,
                    upgrade_on=upgrade,
                )
            )
    return rows


_ends = st.none() | st.just(day(2027, 1, 10))
_changes = st.one_of(
    st.builds(SetExposure, asset=st.sampled_from(["a", "b", "c"]), value=_values),
    st.builds(SetUpgrade, asset=st.sampled_from(["a", "b", "c"]), on=st.none() | st.just(date(2027, 9, 1))),
    st.builds(SetKev, vulnerability=st.sampled_from(["CVE-2019-0", "CVE-2020-1"]), added=st.just(NOW.date())),
    st.builds(
        SetSsvc,
        vulnerability=st.sampled_from(["CVE-2021-2", "CVE-2022-3"]),
        automatable=_values,
        technical_impact=_impacts,
    ),
    st.builds(
        UseRules,
        pack=st.sampled_from([BOD, directive.shipped("us.cisa.bod-26-04")]),
        policy=st.fixed_dictionaries(
            {
                "exposure_unknown": st.sampled_from(["yes", "no", "ask"]),
                "on_tighten": st.sampled_from(["first_start", "change_date"]),
                "metadata_missing": st.sampled_from(["as_total", "sixty_days", "ask"]),
            }
        ),
    ),
)


@tuning(max_examples=150, deadline=None)
@properties(rows=_estates(), changes=st.lists(_changes, min_size=1, max_size=3))
def test_what_if_followed_by_the_real_change_gives_the_same_estate(rows: list[Facts], changes: list[Change]) -> None:
    names = {one.asset for one in rows} | {one.vulnerability for one in rows}
    fitting = [
        one
        for one in changes
        if isinstance(one, UseRules) or getattr(one, "asset", getattr(one, "vulnerability", "")) in names
    ]
    rules = RULES
    real = rows
    for change in fitting:
        if isinstance(change, UseRules):
            rules = replace(rules, pack=change.pack, policy=change.policy)
        real = [applied(change, one, NOW) for one in real]
    found = Estate.of(rows, RULES).what_if(fitting)
    assert found.before == Estate.of(rows, RULES).summary()
    assert found.after == Estate.of(real, rules).summary()


@tuning(max_examples=60, deadline=None)
@properties(rows=_estates(), order=st.randoms(use_true_random=False))
def test_the_order_of_findings_never_changes_the_numbers(rows: list[Facts], order: object) -> None:
    mixed = list(rows)
    order.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    assert Estate.of(mixed, RULES).summary() == Estate.of(rows, RULES).summary()


def test_equal_statements_from_two_sources_are_one_cell() -> None:
    one = replace(facts(), exposure=told("yes", day(2026, 1, 1)), kev_added=added(4))
    two = replace(one, asset="other", exposure=told("yes", day(2026, 5, 1)))
    assert len(Estate.of([one, two], RULES).warm().cells) == 1


def test_the_bench_finds_every_kind_of_change_identical_to_counting_anew() -> None:
    from comity.bench import whatif

    found = whatif.run(["--rows", "30000", "--repeat", "1"])
    assert found["identical"]
    assert found["rows"] == 30_000
    assert all(one["touched"] for one in found["changes"].values())
    assert "identical: yes" in whatif.table(found)
