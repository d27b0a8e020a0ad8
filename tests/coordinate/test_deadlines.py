"""Clocks of a case: Article 14, attempts to reach a maintainer, and the embargo's end, each noted once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from comity.clearing import deadlines
from comity.model.coordination import Attempt, Awareness, Duty, Handled
from tests.coordinate.test_machines import FINDER, MIDDLE, NOW, VENDOR, begun

AWARE = Awareness(duty=Duty.EXPLOITED, at=NOW, stated_by="the vendor")


def dues(known: Awareness, **more: bool) -> list[timedelta]:
    return [clock.due - NOW for clock in deadlines.article_14(known, **more)]


def test_an_exploited_weakness_has_24_and_72_hours_and_no_final_report_before_a_measure() -> None:
    assert dues(AWARE) == [timedelta(hours=24), timedelta(hours=72)]
    measured = replace(AWARE, measure_at=NOW + timedelta(days=3))
    assert dues(measured)[2] == timedelta(days=17)


def test_where_the_rule_is_read_both_ways_a_setting_chooses_and_the_certainty_says_so() -> None:
    told = replace(AWARE, measure_at=NOW + timedelta(days=3), notified_at=NOW + timedelta(days=1))
    assert dues(told, final_from_notice=True)[2] == timedelta(days=15)
    assert "both ways" in deadlines.article_14(told)[2].certainty


def test_a_severe_incident_has_a_month_after_the_notification() -> None:
    january = datetime(2027, 1, 31, 8, 30, tzinfo=UTC)
    incident = Awareness(duty=Duty.INCIDENT, at=january, stated_by="x", notified_at=january)
    assert deadlines.article_14(incident)[2].due == datetime(2027, 2, 28, 8, 30, tzinfo=UTC)


def test_before_article_14_applies_no_clock_of_it_runs() -> None:
    assert deadlines.article_14(replace(AWARE, at=datetime(2026, 9, 10, 23, 59, tzinfo=UTC))) == ()
    assert deadlines.article_14(replace(AWARE, at=datetime(2026, 9, 11, tzinfo=UTC)))


@pytest.mark.parametrize(("number", "days"), [(0, 0), (1, 7), (2, 14), (3, 21), (4, 30)])
def test_attempts_are_due_after_business_days(number: int, days: int) -> None:
    tries = tuple(Attempt(at=NOW, channel="mail", address="x", outcome="silence", by="Ada") for _ in range(number))
    clock = deadlines.contact_due(NOW, tries, reached=False)
    assert clock is not None
    assert clock.due == NOW + timedelta(days=days)


def test_nobody_is_tried_again_once_reached() -> None:
    assert not deadlines.is_reached(replace(begun(None), participants=(replace(VENDOR, handled=Handled.RECEIVED),)))
    assert deadlines.is_reached(replace(begun(None), participants=(replace(VENDOR, handled=Handled.INVALID),)))
    assert deadlines.contact_due(NOW, (), reached=True) is None


def test_a_weekend_is_no_business_day() -> None:
    saturday = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
    assert deadlines.business_day(saturday, 0) == datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    assert deadlines.business_day(saturday, 1) == datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def test_each_clock_is_noted_once_and_the_next_one_is_known() -> None:
    held = replace(begun(), participants=(FINDER, VENDOR), awareness=AWARE)
    names = [clock.name.partition(":")[0] for clock in deadlines.clocks(held)]
    assert names == ["cra-24h", "cra-72h", "embargo-warning", "embargo-end"]
    assert deadlines.following(held, now=NOW) == NOW + timedelta(hours=24)
    late = deadlines.fresh(held, now=MIDDLE)
    assert [clock.name.partition(":")[0] for clock in late] == names
    assert deadlines.fresh(replace(held, told=frozenset(c.name for c in late)), now=MIDDLE) == ()
