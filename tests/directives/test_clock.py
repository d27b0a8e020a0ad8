"""The clock: which row, which start, which date; and what an unknown, a change or a late catalogue does to them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given as properties
from hypothesis import settings as tuning
from hypothesis import strategies as st

from comity.defend.clock import AskPerson, Clock, Due, Leads, NotAssessed, NotBound, State, Told, choose, first_answer
from comity.defend.clock import Feeds as FeedDates
from comity.defend.due import standing_of
from comity.defend.packs import for_domain
from comity.errors import Invalid
from comity.formats import directive
from comity.model import clock
from comity.model.asset import Domain
from comity.model.decision import edges
from comity.model.directive import Unit
from tests.directives.findings import BOD, NOW, added, ask, day, due, facts, told

ROWS = [
    # BOD 26-04, Table 1 as three transcriptions have it: exposed, in KEV, automatable, impact, tier
    ("yes", "yes", "yes", "total", "3DF"),
    ("yes", "yes", "yes", "partial", "3D"),
    ("yes", "yes", "no", "total", "3DF"),
    ("yes", "yes", "no", "partial", "14D"),
    ("yes", "no", "yes", "total", "3D"),
    ("yes", "no", "yes", "partial", "14D"),
    ("yes", "no", "no", "total", "14D"),
    ("yes", "no", "no", "partial", "60D"),
    ("no", "yes", "yes", "total", "3DF"),
    ("no", "yes", "yes", "partial", "14D"),
    ("no", "yes", "no", "total", "14D"),
    ("no", "yes", "no", "partial", "14D"),
    ("no", "no", "yes", "total", "60D"),
    ("no", "no", "yes", "partial", "60D"),
    ("no", "no", "no", "total", "FSU"),
    ("no", "no", "no", "partial", "FSU"),
]
DAYS = {"3DF": 3, "3D": 3, "14D": 14, "60D": 60}


def in_row(number: int, **more: object) -> Due:
    exposed, kev, automatable, impact, _ = ROWS[number - 1]
    given = facts(exposed=exposed, automatable=automatable, impact=impact, kev_added=added(4) if kev == "yes" else None)
    return due(replace(given, **more), at=day(2027, 1, 4, 18))  # type: ignore[arg-type]  # fields of Facts


@pytest.mark.parametrize("number", range(1, 17))
def test_each_of_the_sixteen_rows_gives_its_tier_and_its_date(number: int) -> None:
    answer = in_row(number, upgrade_on=date(2027, 5, 1))
    tier = ROWS[number - 1][4]
    assert (answer.row, answer.tier) == (number, tier)
    expected = date(2027, 1, 4) + timedelta(days=DAYS[tier]) if tier in DAYS else date(2027, 5, 1)
    assert answer.table_due == datetime(expected.year, expected.month, expected.day, 23, 59, 59, tzinfo=UTC)
    assert answer.start.day == date(2027, 1, 4)


def test_raising_one_input_never_gives_a_later_date_along_any_of_the_32_edges() -> None:
    assert BOD.table is not None
    found = edges(BOD.table)
    assert len(found) == 32
    for lower, higher in found:
        soft, hard = (in_row(row.number, upgrade_on=date(2030, 1, 1)).due for row in (lower, higher))
        assert soft is not None
        assert hard is not None
        assert hard <= soft


def test_forensic_triage_is_asked_in_rows_1_3_and_9_and_nowhere_else() -> None:
    assert [number for number in range(1, 17) if in_row(number).triage] == [1, 3, 9]


def test_days_are_the_calendars_and_end_where_the_agency_is() -> None:
    given = facts(found=datetime(2027, 1, 5, 2, 0, tzinfo=UTC))  # still 4 January in New York
    here, there = due(given, zone="America/New_York"), due(given, zone="UTC")
    assert here.start.day == date(2027, 1, 4)
    assert there.start.day == date(2027, 1, 5)
    assert here.due == datetime(2027, 1, 19, 4, 59, 59, tzinfo=UTC)
    assert there.due == datetime(2027, 1, 19, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "amount", "expected"),
    [
        (date(2027, 3, 12), 3, datetime(2027, 3, 16, 3, 59, 59, tzinfo=UTC)),  # over the change to summer time
        (date(2027, 11, 5), 3, datetime(2027, 11, 9, 4, 59, 59, tzinfo=UTC)),  # and back
        (date(2026, 12, 30), 3, datetime(2027, 1, 3, 4, 59, 59, tzinfo=UTC)),  # over the year's end and a weekend
    ],
)
def test_a_change_of_clocks_or_a_weekend_moves_no_date(start: date, amount: int, expected: datetime) -> None:
    assert clock.due(start, amount, Unit.DAY, clock.zone("America/New_York")) == expected


def test_hours_are_hours_even_when_the_clocks_change() -> None:
    aware = datetime(2027, 3, 13, 20, 0, tzinfo=UTC)
    assert clock.due(aware, 24, Unit.HOUR, clock.zone("America/New_York")) - aware == timedelta(hours=24)


@pytest.mark.parametrize(
    ("day_", "amount", "expected"),
    [(date(2027, 1, 31), 1, date(2027, 2, 28)), (date(2027, 8, 31), 6, date(2028, 2, 29))],
)
def test_a_month_later_is_the_same_day_or_the_months_last(day_: date, amount: int, expected: date) -> None:
    assert clock.later_day(day_, amount, Unit.MONTH) == expected


def test_a_zone_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(Invalid):
        ask(facts(), zone="Moon/Tranquility")


def test_the_late_kev_trap_a_finding_can_be_overdue_when_first_seen() -> None:
    answer = due(facts(found=day(2027, 1, 14), kev_added=added(4), automatable="yes"), at=day(2027, 1, 14, 13))
    assert (answer.start.event, answer.start.day, answer.start.found_on) == (
        "kev_added",
        date(2027, 1, 4),
        date(2027, 1, 14),
    )
    assert answer.overdue
    assert any("overdue when first seen" in note for note in answer.notes)
    assert answer.overdue_periods == ((day(2027, 1, 14), day(2027, 1, 14, 13)),)  # never before it was seen


def test_a_finding_outside_kev_has_no_date_before_it_is_found() -> None:
    assert isinstance(ask(facts(found=day(2027, 1, 20)), at=NOW), NotBound)
    assert isinstance(ask(replace(facts(), found_at=None)), NotBound)


def test_found_before_kev_starts_with_the_finding_and_keeps_both_days() -> None:
    answer = due(facts(found=day(2027, 1, 4), kev_added=added(10)))
    assert (answer.start.event, answer.start.kev_added, answer.start.found_on) == (
        "found_on_asset",
        date(2027, 1, 10),
        date(2027, 1, 4),
    )


@pytest.mark.parametrize(
    ("choice", "expected"), [("first_start", date(2027, 1, 7)), ("change_date", date(2027, 1, 13))]
)
def test_a_tightening_counts_from_the_first_start_or_from_the_change_by_parameter(choice: str, expected: date) -> None:
    answer = due(facts(found=day(2027, 1, 4), kev_added=added(10)), on_tighten=choice)
    assert answer.table_due is not None
    assert answer.table_due.date() == expected
    assert [(used.id, used.value) for used in answer.params if used.id == "on_tighten"] == [("on_tighten", choice)]


def test_a_parameter_that_changed_nothing_is_not_shown() -> None:
    assert due(facts(found=day(2027, 1, 14))).params == ()


def test_relaxing_moves_the_date_and_keeps_the_days_that_were_overdue() -> None:
    public = Told(value="yes", at=day(2026, 12, 1), source="scan")
    taken_off = Told(value="no", at=day(2027, 1, 14), source="change 12")
    given = replace(facts(automatable="yes", found=day(2027, 1, 4)), exposure=(public, taken_off))
    answer = due(given)
    assert answer.tier == "60D"
    assert not answer.overdue
    three_days = datetime(2027, 1, 7, 23, 59, 59, tzinfo=UTC)
    assert answer.overdue_periods == ((three_days, day(2027, 1, 14)),)


def test_any_past_day_is_answered_as_it_was_known_then() -> None:
    public = Told(value="yes", at=day(2026, 12, 1), source="scan")
    taken_off = Told(value="no", at=day(2027, 1, 14), source="change 12")
    given = replace(facts(found=day(2027, 1, 4), kev_added=added(12)), exposure=(public, taken_off))
    then = due(given, at=day(2027, 1, 6))
    assert (then.tier, then.row, then.kev_due, then.start.kev_added) == ("14D", 7, None, None)
    later = due(given, at=day(2027, 1, 13))
    assert (later.tier, later.row) == ("3DF", 3)
    now = due(given, at=day(2027, 1, 15))
    assert (now.tier, now.row) == ("14D", 11)


def test_unknown_exposure_is_taken_as_exposed_and_says_so() -> None:
    answer = due(facts(exposed=None))
    assert answer.unknown == ("publicly_exposed",)
    assert [(one.input, one.value, one.param) for one in answer.defaulted] == [
        ("publicly_exposed", "yes", "exposure_unknown")
    ]
    assert answer.row == 7


def test_an_exposure_tag_past_its_end_is_unknown_again() -> None:
    given = replace(facts(), exposure=told("no", until=day(2027, 1, 10)))
    assert due(given, at=day(2027, 1, 9)).tier == "FSU"
    after = due(given, at=NOW)
    assert after.row == 7
    assert after.defaulted[0].param == "exposure_unknown"


def test_a_host_may_let_a_person_decide_unknown_exposure() -> None:
    answer = ask(facts(exposed=None), exposure_unknown="ask")
    assert isinstance(answer, AskPerson)
    assert answer.possible == ((15, "FSU"), (7, "14D"))


def test_missing_metadata_outside_kev_is_row_7_exposed_and_row_15_inside() -> None:
    outside = due(facts(automatable=None, impact=None))
    inside = due(facts(exposed="no", automatable=None, impact=None))
    assert (outside.row, outside.tier, inside.row) == (7, "14D", 15)
    assert {one.param for one in outside.defaulted} == {"metadata_missing"}


def test_missing_metadata_may_mean_60_days_instead_and_says_so() -> None:
    answer = due(facts(automatable=None, impact=None), metadata_missing="sixty_days")
    assert answer.tier == "60D"
    assert [used.value for used in answer.params] == ["sixty_days"]


def test_missing_metadata_of_a_cve_in_kev_goes_to_a_person_with_the_strictest_date() -> None:
    answer = ask(facts(automatable=None, impact=None, kev_added=added(4), kev_due=added(25)))
    assert isinstance(answer, AskPerson)
    assert answer.missing == ("automatable", "technical_impact")
    assert {tier for _, tier in answer.possible} == {"14D", "3D", "3DF"}
    assert answer.strictest_due == datetime(2027, 1, 7, 23, 59, 59, tzinfo=UTC)
    assert answer.kev_due == datetime(2027, 1, 25, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("as_of", [None, NOW - timedelta(days=8)])
def test_without_a_fresh_catalogue_nothing_is_assessed(as_of: datetime | None) -> None:
    from comity.defend.clock import deadline

    answer = deadline(BOD, facts(), at=NOW, feeds=FeedDates(kev_as_of=as_of), policy={}, zone="UTC")
    assert isinstance(answer, NotAssessed)
    assert "comity mirror add" in answer.remedy


def test_how_old_the_catalogue_may_be_is_a_parameter() -> None:
    old = NOW - timedelta(days=8)
    assert isinstance(ask(facts(), kev_as_of=old), NotAssessed)
    assert isinstance(ask(facts(), kev_as_of=old, kev_max_age="P14D"), Due)
    lifted = due(facts(), kev_as_of=old, kev_max_age="unlimited")
    assert [(used.id, used.value) for used in lifted.params] == [("kev_max_age", "unlimited")]


def test_both_dates_stand_side_by_side_and_the_earlier_leads_with_a_flag() -> None:
    given = facts(kev_added=added(4), kev_due=added(25), automatable="yes")
    answer = due(given)
    assert (answer.leads, answer.conflict) == (Leads.TABLE, True)
    assert answer.table_due == datetime(2027, 1, 7, 23, 59, 59, tzinfo=UTC)
    assert answer.kev_due == datetime(2027, 1, 25, 23, 59, 59, tzinfo=UTC)
    assert due(given, governing="kev").due == answer.kev_due
    sooner = due(replace(given, kev_due=added(5)))
    assert (sooner.leads, sooner.due) == (Leads.KEV, sooner.kev_due)
    same = due(replace(given, kev_due=added(7)))
    assert not same.conflict


def test_until_7_december_the_catalogues_date_leads_and_says_why() -> None:
    given = facts(found=day(2026, 11, 2), kev_added=added(2, 11, 2026), kev_due=added(23, 11, 2026))
    answer = due(given, at=day(2026, 11, 20))
    assert (answer.leads, answer.standing) == (Leads.KEV, "interim")
    assert [used.id for used in answer.params] == ["interim_rule"]
    assert due(given, at=day(2026, 11, 20), interim_rule="table").leads is Leads.TABLE
    assert due(given, at=day(2026, 12, 7)).standing == "binding"


def test_fix_on_system_upgrade_waits_for_the_planned_day_and_alarms_without_one() -> None:
    without = due(facts(exposed="no"))
    assert (without.tier, without.due, without.leads) == ("FSU", None, Leads.NOTHING)
    assert "plan one" in without.alarm
    planned = due(replace(facts(exposed="no"), upgrade_on=date(2027, 6, 1)))
    assert (planned.leads, planned.alarm) == (Leads.UPGRADE, "")


def test_mitigation_closes_a_three_day_tier_and_leaves_a_slower_one_open() -> None:
    fast = replace(facts(automatable="yes"), mitigated_at=day(2027, 1, 6))
    slow = replace(facts(), mitigated_at=day(2027, 1, 6))
    assert due(fast).state is State.DONE
    assert due(slow).state is State.MITIGATED
    assert due(slow, mitigation_closes="yes").state is State.DONE
    assert [used.id for used in due(slow).params] == ["mitigation_closes"]


def test_what_is_done_is_not_overdue_and_its_late_days_stay() -> None:
    answer = due(replace(facts(automatable="yes"), done_at=day(2027, 1, 10)))
    assert (answer.state, answer.overdue) == (State.DONE, False)
    assert answer.overdue_periods == ((datetime(2027, 1, 7, 23, 59, 59, tzinfo=UTC), day(2027, 1, 10)),)


def test_the_day_asked_about_chooses_the_directive_not_the_day_of_the_run() -> None:
    packs = directive.every_shipped()
    names = {
        moment: getattr(choose(for_domain(Domain.FCEB, packs), moment), "id", None)
        for moment in (date(2019, 1, 1), date(2020, 1, 1), date(2025, 1, 1), date(2026, 6, 9), date(2026, 6, 10))
    }
    assert list(names.values()) == [
        None,
        "us.cisa.bod-19-02",
        "us.cisa.bod-22-01",
        "us.cisa.bod-22-01",
        "us.cisa.bod-26-04",
    ]


def test_an_audit_of_2025_is_held_against_22_01_and_the_catalogues_date() -> None:
    given = replace(
        facts(found=day(2025, 3, 10)),
        vulnerability="CVE-2019-0708",
        kev_added=date(2025, 3, 3),
        kev_due=date(2025, 3, 24),
    )
    packs = for_domain(Domain.FCEB, directive.every_shipped())
    at = day(2025, 3, 20)
    answer = first_answer(packs, given, at=at, feeds=FeedDates(kev_as_of=at), policy={}, zone="UTC")
    assert isinstance(answer, Due)
    assert (answer.pack, answer.tier, answer.leads) == ("us.cisa.bod-22-01", "6M", Leads.KEV)
    assert answer.table_due == datetime(2025, 9, 3, 23, 59, 59, tzinfo=UTC)


def test_outside_kev_in_2025_the_older_directive_still_speaks() -> None:
    given = replace(facts(found=day(2025, 3, 10)), other={"severity": told("critical", day(2025, 3, 1))})
    packs = for_domain(Domain.FCEB, directive.every_shipped())
    at = day(2025, 3, 20)
    given = replace(given, exposure=told("yes", day(2025, 1, 1)))
    answer = first_answer(packs, given, at=at, feeds=FeedDates(kev_as_of=at), policy={}, zone="UTC")
    assert isinstance(answer, Due)
    assert (answer.pack, answer.tier) == ("us.cisa.bod-19-02", "15D")


def test_critical_infrastructure_gets_dates_that_bind_nobody() -> None:
    [pack] = for_domain(Domain.CRITICAL_INFRASTRUCTURE, directive.every_shipped())
    answer = due(replace(facts(), domain=Domain.CRITICAL_INFRASTRUCTURE), pack=pack)
    assert (answer.binds, answer.standing) == ("none", "advisory")


@pytest.mark.parametrize("domain", [Domain.NSS, Domain.DOW])
def test_nothing_civil_speaks_to_national_security_or_war_systems(domain: Domain) -> None:
    assert for_domain(domain, directive.every_shipped(), directive.every_shipped()[3:6]) == tuple(
        one for one in directive.every_shipped()[3:6] if one.domain is None
    )
    assert isinstance(ask(replace(facts(), domain=domain)), NotBound)


def test_fedramp_counts_from_evaluation_and_may_count_half_a_day() -> None:
    pack = directive.shipped("us.fedramp.vdr")
    inputs = {"certification_level": "high", "likely_exploitable": "yes", "potential_impact": "N5"}
    given = replace(facts(), other={name: told(value) for name, value in inputs.items()})
    assert isinstance(ask(given, pack=pack), NotBound)
    answer = due(replace(given, events={"evaluated": day(2027, 1, 14, 9)}), pack=pack)
    assert (answer.tier, answer.due) == ("12H", day(2027, 1, 14, 21))
    assert any("follows from publicly_exposed" in one.source for one in answer.known)


_answers = st.sampled_from(["yes", "no", None])


@st.composite
def _histories(draw: st.DrawFn) -> tuple[Told, ...]:
    days = sorted(draw(st.lists(st.integers(1, 40), max_size=4, unique=True)))
    return tuple(
        Told(value=draw(_answers), at=day(2026, 12, 1) + timedelta(days=number), source="drawn") for number in days
    )


@tuning(max_examples=150, deadline=None)
@properties(
    exposure=_histories(),
    kev=st.none() | st.dates(date(2026, 12, 1), date(2027, 1, 10)),
    found=st.integers(0, 40),
    late=st.integers(0, 30),
    choice=st.sampled_from(["first_start", "change_date"]),
)
def test_days_once_overdue_are_never_taken_back_by_a_later_answer(
    exposure: tuple[Told, ...], kev: date | None, found: int, late: int, choice: str
) -> None:
    given = replace(
        facts(found=day(2026, 12, 1) + timedelta(days=found), automatable="yes"), exposure=exposure, kev_added=kev
    )
    first = day(2027, 1, 11)
    early = ask(given, at=first, on_tighten=choice)
    then = ask(given, at=first + timedelta(days=late), on_tighten=choice)
    if isinstance(early, Due) and isinstance(then, Due):
        for begins, ends in early.overdue_periods:
            assert any(low <= begins and ends <= high for low, high in then.overdue_periods)


@tuning(max_examples=300, deadline=None)
@properties(
    exposure=_histories(),
    kev=st.none() | st.dates(date(2026, 12, 1), date(2027, 1, 10)),
    kev_due=st.none() | st.dates(date(2026, 12, 1), date(2027, 2, 10)),
    metadata=st.tuples(_answers, st.sampled_from(["total", "partial", None])),
    closed=st.tuples(st.none() | st.integers(1, 40), st.none() | st.integers(1, 40)),
    upgrades=st.lists(st.none() | st.dates(date(2026, 12, 1), date(2027, 12, 1)), min_size=1, max_size=3),
    choices=st.fixed_dictionaries(
        {},
        optional={
            "on_tighten": st.sampled_from(["first_start", "change_date"]),
            "metadata_missing": st.sampled_from(["ask", "sixty_days"]),
            "governing": st.sampled_from(["table", "kev_due"]),
            "mitigation_closes": st.just("yes"),
            "exposure_unknown": st.sampled_from(["no", "ask"]),
        },
    ),
)
def test_what_an_estate_counts_of_a_finding_is_what_its_answer_says(
    exposure: tuple[Told, ...],
    kev: date | None,
    kev_due: date | None,
    metadata: tuple[str | None, str | None],
    closed: tuple[int | None, int | None],
    upgrades: list[date | None],
    choices: dict[str, str],
) -> None:
    done, mitigated = (None if one is None else day(2026, 12, 1) + timedelta(days=one) for one in closed)
    given = replace(
        facts(automatable=metadata[0], impact=metadata[1]),
        exposure=exposure, kev_added=kev, kev_due=kev_due if kev else None, done_at=done, mitigated_at=mitigated,
    )  # fmt: skip
    at = day(2027, 1, 20)
    course = Clock(BOD, at=at, feeds=FeedDates(kev_as_of=at, ssvc_as_of=at), policy=choices, zone="UTC").course(given)
    seen = set()
    for upgrade in upgrades:
        answer = ask(replace(given, upgrade_on=upgrade), at=at, **choices)
        assert course.standing(upgrade) == standing_of(answer)
        seen.add(standing_of(answer))
    assert course.waits or len(seen) == 1


@tuning(max_examples=100, deadline=None)
@properties(
    at=st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31)),
    zone=st.sampled_from(["America/New_York", "UTC", "Pacific/Apia"]),
)
def test_the_end_of_a_day_is_the_last_second_of_that_day_there(at: datetime, zone: str) -> None:
    where = clock.zone(zone)
    today = clock.local_day(at.replace(tzinfo=UTC), where)
    ends = clock.end_of_day(today, where)
    assert clock.local_day(ends, where) == today
    assert clock.local_day(ends + timedelta(seconds=1), where) > today


def test_the_tier_mix_of_the_corpora_is_the_published_one_to_a_tenth_of_a_point(corpora: Path) -> None:
    """Vulnrichment of October 2024 (44,026 records with SSVC) with KEV of August 2025: the measured mix, both ways."""
    import pyarrow.parquet as parquet

    kev = {one["cveID"] for one in json.loads((corpora / "upstream" / "kev.json").read_bytes())["vulnerabilities"]}
    columns = ["id", "ssvc_automatable", "ssvc_technical_impact"]
    held = parquet.read_table(corpora / "upstream" / "vulnrichment.parquet", columns=columns).to_pylist()
    counts: dict[tuple[str, str, str], int] = {}
    for one in held:
        said = (one["ssvc_automatable"] or "", one["ssvc_technical_impact"] or "")
        if all(said):  # upstream also writes "Total" and "Yes": 126 records, none of them dropped
            key = ("yes" if one["id"] in kev else "no", *(word.lower() for word in said))
            counts[key] = counts.get(key, 0) + 1
    number = sum(counts.values())
    assert number == 44_026
    for exposed, expected in (
        ("yes", {"3DF": 0.4, "3D": 6.9, "14D": 35.0, "60D": 57.6}),
        ("no", {"3DF": 0.2, "14D": 0.4, "60D": 17.6, "FSU": 81.8}),
    ):
        mix: dict[str, int] = {}
        for (in_kev, automatable, impact), count in counts.items():
            listed = added(4) if in_kev == "yes" else None
            given = facts(exposed=exposed, automatable=automatable, impact=impact, kev_added=listed)
            tier = due(given).tier
            mix[tier] = mix.get(tier, 0) + count
        assert {tier: round(100 * count / number, 1) for tier, count in mix.items()} == expected


def test_every_combination_of_known_and_unknown_gives_an_answer_and_never_a_guess_in_kev() -> None:
    for exposed, kev, automatable, impact in product(
        ("yes", "no", None), (None, added(4)), ("yes", "no", None), ("total", "partial", None)
    ):
        answer = ask(facts(exposed=exposed, automatable=automatable, impact=impact, kev_added=kev))
        assert isinstance(answer, (Due, AskPerson))
        if isinstance(answer, Due) and kev is not None:
            assert all(one.param != "metadata_missing" for one in answer.defaulted)
