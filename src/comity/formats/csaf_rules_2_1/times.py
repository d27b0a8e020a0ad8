"""CSAF 2.1 6.1.37, 6.1.45, 6.1.49 and 6.1.51 to 6.1.53: dates can be read, and none is later than the document."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final, TypeAlias

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Held, items, text
from comity.formats.csaf_rules_2_1.paper import NewPaper
from comity.formats.csaf_rules_2_1.sharing import label
from comity.formats.parse import Json

DATES: Final = (
    "current_release_date",
    "date",
    "disclosure_date",
    "discovery_date",
    "exploitation_date",
    "initial_release_date",
    "timestamp",
)
"""CSAF 2.1, 2.3: every property that holds a date and time."""
_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))\Z", re.ASCII
)
_START: Final = datetime(1, 1, 1, tzinfo=UTC)

Moment: TypeAlias = Fraction
"""Seconds since the year 1, of any precision: a document may tell more digits than a clock has."""


def moment(value: Json) -> Moment | None:
    """The moment, or None for what is no date and time as RFC 3339 and CSAF write it: no leap second, upper case."""
    match = _FORM.match(text(value))
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        told = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    seconds = Fraction((told - _START) // timedelta(seconds=1)) + Fraction(
        int(match[7] or 0), 10 ** len(match[7] or "")
    )
    if match[8]:
        offset = int(match[9]) * 3600 + int(match[10]) * 60
        seconds -= offset if match[8] == "+" else -offset
    return seconds


def unreadable_dates(paper: NewPaper) -> Iterator[Problem]:
    """6.1.37: every date is one of the calendar, as RFC 3339 writes it: T and Z in upper case, no leap second."""
    for held in paper.objects():
        for key in DATES:
            if isinstance(held.value.get(key), str) and moment(held.value[key]) is None:
                yield Problem(f"{held.pointer}/{key}", "csaf_6.1.37", "this is no date and time of the calendar")


def late_disclosure(paper: NewPaper) -> Iterator[Problem]:
    """6.1.45: what is public and released was not disclosed after its newest revision."""
    if label(paper) == "CLEAR":
        for held in paper.vulnerabilities:
            yield from _late(paper, held, "disclosure_date", "6.1.45")


def late_ssvc(paper: NewPaper) -> Iterator[Problem]:
    """6.1.49: no SSVC decision of a released document is later than its newest revision."""
    for _, held in paper.contents("ssvc_v2"):
        yield from _late(paper, held, "timestamp", "6.1.49")


def late_epss(paper: NewPaper) -> Iterator[Problem]:
    """6.1.51: no EPSS score of a released document is later than its newest revision."""
    for _, held in paper.contents("epss"):
        yield from _late(paper, held, "timestamp", "6.1.51")


def late_exploitation(paper: NewPaper) -> Iterator[Problem]:
    """6.1.52: no exploitation of a released document became known or happened after its newest revision."""
    for held in _exploitations(paper):
        yield from _late(paper, held, "date", "6.1.52")
        yield from _late(paper, held, "exploitation_date", "6.1.52")


def known_before_it_happened(paper: NewPaper) -> Iterator[Problem]:
    """6.1.53: an exploitation happened no later than it became known."""
    for held in _exploitations(paper):
        known, happened = moment(held.value.get("date")), moment(held.value.get("exploitation_date"))
        if known is not None and happened is not None and happened > known:
            yield Problem(f"{held.pointer}/exploitation_date", "csaf_6.1.53", "is later than the date it became known")


def _exploitations(paper: NewPaper) -> Iterator[Held]:
    for vulnerability in paper.vulnerabilities:
        yield from items(vulnerability.value, vulnerability.pointer, "first_known_exploitation_dates")


def _late(paper: NewPaper, held: Held, key: str, number: str) -> Iterator[Problem]:
    told = [moment(one.value.get("date")) for one in items(paper.tracking, "/document/tracking", "revision_history")]
    newest = max((one for one in told if one is not None), default=None)
    said = moment(held.value.get(key))
    is_released = paper.tracking.get("status") in ("final", "interim")
    if is_released and newest is not None and said is not None and said > newest:
        yield Problem(f"{held.pointer}/{key}", f"csaf_{number}", "is later than the newest revision")
