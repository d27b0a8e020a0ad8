"""Compute the clocks of a case: the embargo's end, attempts to reach a maintainer, and Article 14 of the CRA.

Each clock has a stable name, so that its running out is noted once. Comity computes, reminds and shows; it files
nothing with anybody.

Article 14 of Regulation (EU) 2024/2847 binds manufacturers, from 11 September 2026. Our table is a transcription: each
row says how well its rule was read. Its clocks run beside an embargo and are never stretched by one.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from comity.model.clock import due, later_day
from comity.model.coordination import Attempt, Awareness, Clock, Coordination, Duty, Handled, Part, Participant
from comity.model.directive import Unit

CRA_FROM: Final = date(2026, 9, 11)
READ: Final = "transcribed; compare with the Official Journal before relying on it"
SECOND_HAND: Final = "rests on guides: whether the 14 days begin with the measure or the first notice is read both ways"
CONTACT_DAYS: Final = (0, 5, 10)
"""Business days after the first need at which a maintainer is tried (Akrites templates, draft)."""
COORDINATOR_DAY: Final = 15
"""Business day at which another coordinator is asked to help."""
DECISION_DAYS: Final = 30
"""About when somebody decides what to do without an answer."""
WARNING: Final = timedelta(days=7)
"""So long before its end everybody who is bound hears of an embargo's end."""


def clocks(held: Coordination, *, final_from_notice: bool = False) -> tuple[Clock, ...]:
    """Every clock of the case, soonest first. `final_from_notice`: the other reading of the final report's start."""
    found = [*_embargo(held), *_contact(held), *article_14(held.awareness, final_from_notice=final_from_notice)]
    return tuple(sorted(found, key=lambda clock: (clock.due, clock.name)))


def fresh(held: Coordination, *, now: datetime, final_from_notice: bool = False) -> tuple[Clock, ...]:
    """Clocks that have run out and were not noted yet."""
    every = clocks(held, final_from_notice=final_from_notice)
    return tuple(clock for clock in every if clock.due <= now and clock.name not in held.told)


def following(held: Coordination, *, now: datetime, final_from_notice: bool = False) -> datetime | None:
    """When the next clock runs out; None when none runs."""
    every = clocks(held, final_from_notice=final_from_notice)
    return min((clock.due for clock in every if clock.due > now and clock.name not in held.told), default=None)


def article_14(known: Awareness | None, *, final_from_notice: bool = False) -> tuple[Clock, ...]:
    """The clocks of one awareness: 24 hours, 72 hours, and the final report.

    Hours are hours and begin with awareness. A final report on an exploited weakness is due 14 days after a corrective
    or mitigating measure is available; on an incident one month after the notification. Neither clock starts earlier.
    """
    if known is None or known.at.astimezone(UTC).date() < CRA_FROM:
        return ()
    what = str(known.duty)
    found = [
        Clock(
            name=f"cra-24h:{known.at.isoformat()}",
            due=due(known.at, 24, Unit.HOUR, UTC),
            sentence=f"CRA Article 14: early warning on {what}, 24 hours after awareness",
            certainty=READ,
        ),
        Clock(
            name=f"cra-72h:{known.at.isoformat()}",
            due=due(known.at, 72, Unit.HOUR, UTC),
            sentence=f"CRA Article 14: notification on {what}, 72 hours after awareness",
            certainty=READ,
        ),
    ]
    if known.duty is Duty.EXPLOITED:
        start = known.notified_at if final_from_notice else known.measure_at
        begins = "the first notice" if final_from_notice else "a measure is available"
        if start is not None:
            found.append(
                Clock(
                    name=f"cra-final:{start.isoformat()}",
                    due=start + timedelta(days=14),
                    sentence=f"CRA Article 14: final report, 14 days after {begins}",
                    certainty=SECOND_HAND,
                )
            )
    elif known.notified_at is not None:
        begun = known.notified_at.astimezone(UTC)
        found.append(
            Clock(
                name=f"cra-final:{begun.isoformat()}",
                due=datetime.combine(later_day(begun.date(), 1, Unit.MONTH), begun.timetz()),
                sentence="CRA Article 14: final report, one month after the notification",
                certainty=SECOND_HAND,
            )
        )
    return tuple(found)


def contact_due(began_at: datetime, attempts: tuple[Attempt, ...], *, reached: bool) -> Clock | None:
    """The next attempt that is due. None once somebody was reached.

    Attempts at business days 0, 5 and 10, another coordinator at 15, a decision near day 30, each logged.
    """
    if reached:
        return None
    number = len(attempts)
    if number < len(CONTACT_DAYS):
        at, what = business_day(began_at, CONTACT_DAYS[number]), f"attempt {number + 1} to reach the maintainer"
    elif number == len(CONTACT_DAYS):
        at, what = business_day(began_at, COORDINATOR_DAY), "ask another coordinator to help to reach the maintainer"
    else:
        at, what = began_at + timedelta(days=DECISION_DAYS), "decide what happens without an answer of the maintainer"
    return Clock(name=f"contact:{number}", due=at, sentence=what, certainty="practice, not law (Akrites, drafts)")


def business_day(start: datetime, number: int) -> datetime:
    """That many business days (Monday to Friday, UTC) later, at the same time of day. Holidays are not known here."""
    moment = start.astimezone(UTC)
    while number > 0 or moment.weekday() >= 5:
        moment += timedelta(days=1)
        if moment.weekday() < 5 and number > 0:
            number -= 1
    return moment


def is_reached(held: Coordination) -> bool:
    """Whether a maintainer has done anything with the report, or agreed to anything."""
    return any(one.part is Part.MAINTAINER and _answered(one) for one in held.participants)


def _answered(one: Participant) -> bool:
    return one.handled not in (Handled.START, Handled.RECEIVED) or one.consent.name in ("SIGNATORY", "DECLINED")


def _embargo(held: Coordination) -> Iterator[Clock]:
    if held.is_bound() and held.terms is not None:
        until = held.terms.until
        yield Clock(
            name=f"embargo-warning:{until.isoformat()}",
            due=max(until - WARNING, held.began_at),
            sentence=f"the embargo ends within {WARNING.days} days, at {until:%Y-%m-%d %H:%M} UTC",
        )
        yield Clock(name=f"embargo-end:{until.isoformat()}", due=until, sentence="the embargo ends")
    if held.proposal is not None:
        until = held.proposal.terms.until
        yield Clock(name=f"proposal-end:{until.isoformat()}", due=until, sentence="a proposed date passes")


def _contact(held: Coordination) -> Iterator[Clock]:
    if any(one.part is Part.MAINTAINER for one in held.participants) or held.attempts:
        clock = contact_due(held.began_at, held.attempts, reached=is_reached(held))
        if clock is not None:
            yield clock


def day_ends(day: date) -> datetime:
    """The last moment of a day in UTC: a date without a time means all of that day."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)
