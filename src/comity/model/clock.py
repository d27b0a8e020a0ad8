"""Count time as directives do: calendar days that end at a wall-clock time somewhere, and hours that are hours.

A day is a day of the calendar there, also when it has 23 or 25 hours; an hour is 60 minutes, also across such a change.
Weekends and holidays count (CERT/CC's outcome module for BOD 26-04 speaks of calendar days).
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from comity.errors import Invalid, Problem
from comity.model.directive import DutyRule, Unit

DAY_END: Final = time(23, 59, 59)


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Invalid for a name this machine's zone data lacks."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = Problem("/zone", "unknown_zone", "give an IANA name such as America/New_York, or UTC")
        raise Invalid("no such time zone", [problem]) from error


@lru_cache(maxsize=8192)
def end_of_day(day: date, where: tzinfo, ends: time = DAY_END) -> datetime:
    """The last moment of a calendar day there, in UTC. A time that is skipped or repeated: the later moment."""
    late = datetime.combine(day, ends, tzinfo=where).replace(fold=1)
    early = late.replace(fold=0)
    return max(late.astimezone(UTC), early.astimezone(UTC))


def local_day(at: datetime, where: tzinfo) -> date:
    """The calendar day there at an aware moment."""
    return at.astimezone(where).date()


def later_day(day: date, amount: int, unit: Unit) -> date:
    """The calendar day that many days or months later. The 31st and a shorter month: its last day."""
    if unit is Unit.DAY:
        return day + timedelta(days=amount)
    if unit is not Unit.MONTH:
        raise ValueError(f"{unit} is no unit of the calendar")
    months = day.year * 12 + day.month - 1 + amount
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due(start: date | datetime, amount: int, unit: Unit, where: tzinfo, ends: time = DAY_END) -> datetime:
    """When a clock that began at `start` runs out, in UTC.

    Days and months end at the end of a day there, and the day of the start is not counted. Hours need a moment: a start
    that is only a date counts from that day's end, since nobody can be late within a day that is not told more exactly.
    """
    if unit is Unit.HOUR:
        begun = start if isinstance(start, datetime) else end_of_day(start, where, ends)
        return begun.astimezone(UTC) + timedelta(hours=amount)
    day = local_day(start, where) if isinstance(start, datetime) else start
    return end_of_day(later_day(day, amount, unit), where, ends)


def duty_due(rule: DutyRule, events: dict[str, datetime], where: tzinfo) -> datetime | None:
    """When a dated duty is due: its fixed day, or its time after an event. None while that event has not happened."""
    if rule.on is not None:
        return end_of_day(rule.on, where)
    begun = events.get(rule.after)
    if begun is None or rule.amount is None:
        return None
    return due(begun, rule.amount, rule.unit, where)
