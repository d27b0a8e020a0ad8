"""How old something is, in whole days: one rule for every page, command and reason, so that no two of them differ."""

from datetime import datetime, timedelta


def whole_days(since: datetime, until: datetime) -> int:
    """Whole days that have passed; never below zero, as a source dated later than now is simply new."""
    return max((until - since) // timedelta(days=1), 0)


def in_days(span: timedelta) -> str:
    """`1 day`, `776 days`: whole days, rounded down."""
    number = max(span // timedelta(days=1), 0)
    return f"{number} day{'' if number == 1 else 's'}"


def age(since: datetime, until: datetime) -> str:
    """The same for a moment."""
    return in_days(until - since)
