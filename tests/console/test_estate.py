"""The estate's charts: every week of the burn-down is drawn and read out, and an empty estate draws none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from comity.console.estate import _charts
from comity.defend import estate

NOW = datetime(2026, 11, 25, tzinfo=UTC)
EMPTY = estate.of([], {}, now=NOW)


def test_the_burn_down_reads_out_each_week() -> None:
    weeks = tuple((NOW - timedelta(weeks=back), number) for back, number in ((2, 5), (1, 7), (0, 3)))
    drawn = _charts(replace(EMPTY, burn=weeks))["burn"]
    assert "5 at -2, 7 at -1, 3 at 0" in drawn


def test_an_estate_without_a_weakness_draws_no_burn_down() -> None:
    assert set(_charts(EMPTY)) == {"answers"}
