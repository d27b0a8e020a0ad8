"""Times as documents write them: RFC 3339 in, aware datetimes inside, `Z` out."""

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that a document did not give."""

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?P<fraction>\.\d{1,12})?(?P<zone>[Zz]|[+-]\d{2}:\d{2})?\Z", re.ASCII
)


def read(text: str, *, zone_optional: bool = False) -> datetime:
    """An aware datetime in UTC. ValueError for anything else.

    `zone_optional`: a time without a zone is UTC (the CVE record format says so; RFC 3339 itself refuses it).
    Fractions are kept to the microsecond.
    """
    match = _RFC3339.match(text)
    if match is None or not (match["zone"] or zone_optional):
        raise ValueError("not an RFC 3339 time with a zone, such as 2026-01-31T09:00:00Z")
    fraction = match["fraction"] or ""
    plain = text[:19] + fraction[:7].ljust(7, "0") if fraction else text[:19]
    zone = (match["zone"] or "Z").upper()
    try:
        return datetime.fromisoformat(plain.upper() + ("+00:00" if zone == "Z" else zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("no such time in the calendar") from error


def maybe(value: object) -> datetime | None:
    """What a document says where a time may stand, without a zone in UTC; None for anything that is no such time."""
    try:
        return read(value, zone_optional=True) if isinstance(value, str) else None
    except ValueError:
        return None


def write(moment: datetime) -> str:
    """RFC 3339 in UTC, ending in `Z`; fractions only where there are any. Raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be written")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
