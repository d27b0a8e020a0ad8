"""Small findings for the clock's tests. Identifiers are made up; dates are chosen around 7 December 2026."""

from datetime import UTC, date, datetime
from typing import Any

from comity.defend.clock import Answer, Due, Facts, Feeds, Told, deadline
from comity.formats import directive
from comity.model.directive import Pack

BOD: Pack = directive.shipped("us.cisa.bod-26-04")


def day(year: int, month: int, number: int, hour: int = 12) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)


NOW = day(2027, 1, 15)


def told(value: str | None, at: datetime | None = None, until: datetime | None = None) -> tuple[Told, ...]:
    return (Told(value=value, at=at or day(2025, 1, 1), source="a register", until=until),)


def facts(
    *,
    exposed: str | None = "yes",
    automatable: str | None = "no",
    impact: str | None = "total",
    found: datetime | None = None,
    **more: Any,
) -> Facts:
    held: dict[str, Any] = {
        "asset": "A-1",
        "vulnerability": "CVE-2026-0001",
        "found_at": found or day(2027, 1, 4),
        "exposure": told(exposed),
        "automatable": told(automatable),
        "technical_impact": told(impact),
    }
    return Facts(**held | more)


def ask(
    given: Facts,
    *,
    at: datetime = NOW,
    pack: Pack = BOD,
    zone: str = "UTC",
    kev_as_of: datetime | None = None,
    **policy: str,
) -> Answer:
    feeds = Feeds(kev_as_of=kev_as_of or at, ssvc_as_of=at)
    return deadline(pack, given, at=at, feeds=feeds, policy=policy, zone=zone)


def due(given: Facts, **more: Any) -> Due:
    answer = ask(given, **more)
    assert isinstance(answer, Due), answer
    return answer


def added(number: int, month: int = 1, year: int = 2027) -> date:
    return date(year, month, number)
