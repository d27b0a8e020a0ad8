"""Decide which cases go to a maintainer now, within what they can take, and tell each other one where it stands.

Pure: `plan` takes the contract, what waits and what was released, and a moment. Its promises, each held by a property
test: no week gets more than the contract's number but for the reasons the contract names; nothing is released on a
day of a pause but for those, and only where the contract lets them through; whatever the contract wants is released in
the end, since age raises a case and after `OVERDUE` the oldest goes first, before everything; and who sent a report
plays no part. A day is a day of the contract's own calendar.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from comity.clearing.prioritise import BANDS
from comity.errors import Invalid, Problem
from comity.formats import cwe
from comity.model import clock, signals
from comity.model.capacity import WORDS, Contract, Escalation, Pause, Released
from comity.model.case import Case, Priority, Stage
from comity.model.evidence import Level, Reproduced
from comity.model.ids import CaseId
from comity.model.report import Finding

AGES: Final = timedelta(days=14)
"""After each such span a waiting case stands one band higher, up to URGENT (policy parameter)."""
OVERDUE: Final = timedelta(days=56)
"""After this a waiting case goes before every other, the oldest first (policy parameter)."""
HORIZON: Final = 260
"""Weeks that an expectation looks ahead; beyond it nobody knows."""
QUEUED: Final = frozenset({Stage.NEEDS_INFO, Stage.VALID, Stage.COORDINATING, Stage.READY})
"""Stages in which a case may wait for a maintainer."""
UNKNOWN: Final = "unknown"

_PACKAGE: Final = re.compile(r"(?:pkg:[a-z0-9.+-]{1,32}/|[a-z0-9._ -]{1,64}:)[^\s@?#]{1,400}\Z")
_CWE: Final = re.compile(r"CWE-[1-9]\d{0,4}\Z")
TEXT_LIMIT: Final = 300


class Hold(StrEnum):
    """Why a case waits."""

    EVIDENCE = "the maintainer asks for better evidence"
    CLASS = "the maintainer does not take this weakness class"
    PAUSE = "the maintainer is away"
    NONE_TAKEN = "the contract takes no new case"
    WEEK = "this week's budget is used up"
    OPEN = "as many cases as the maintainer takes at once are open"
    TURN = "others come first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case that is to go to the maintainer. `place` is what `prioritise.place` gives: smaller comes first."""

    case: CaseId
    band: str
    place: tuple[float, ...]
    since: datetime
    cwes: tuple[str, ...] = ()
    level: Level = Level.E0
    reasons: frozenset[Escalation] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where one waiting case stands. `position` None: it is not in the row at all, `hold` says why."""

    case: CaseId
    band: str
    since: datetime
    position: int | None
    hold: Hold
    detail: str = ""
    expected: date | None = None
    """Monday of the week in which it is released if nothing more pressing comes; None is unknown."""
    aged: int = 0
    """How many bands age has raised it."""
    is_overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is released now, and the queue that remains."""

    release: tuple[tuple[CaseId, Escalation | None], ...]
    queue: tuple[Line, ...]
    week: date
    """Monday of the running week there."""
    used: int
    """Released in the running week, with what is released now."""
    escalated: int
    """How many of them passed by a named reason."""
    pause: Pause | None
    next_look: datetime
    """When the answer may change by the clock alone: the next week there, or the end of a pause. UTC."""


def plan(contract: Contract, waiting: Sequence[Waiting], released: Sequence[Released], now: datetime) -> Plan:
    """What to release at `now`, and what is told of the rest. The order of the arguments' items never matters."""
    where = clock.zone(contract.zone)
    today = clock.local_day(now, where)
    week = _monday(today)
    within = [one for one in released if _monday(clock.local_day(one.at, where)) == week]
    is_open = sum(one.is_open for one in released)
    pause = next((one for one in contract.pauses if one.holds(today)), None)
    fit, unfit = _sorted(contract, waiting, now)
    slots = 0 if pause else max(0, contract.weekly - len(within))
    if contract.at_once is not None:
        slots = min(slots, max(0, contract.at_once - is_open))
    chosen: list[tuple[CaseId, Escalation | None]] = [(one.case, None) for one in fit[:slots]]
    rest = fit[slots:]
    if pause is None or contract.through_pauses:
        for one in rest:
            named = sorted(one.reasons & contract.escalates, key=list(Escalation).index)
            if named:
                chosen.append((one.case, named[0]))
    gone = {case for case, _ in chosen}
    left = [one for one in rest if one.case not in gone]
    full = _full(contract, pause, used=len(within) + len(chosen), is_open=is_open + len(chosen))
    weeks = _expected(contract, len(left), week, used=len(within) + len(chosen), is_open=is_open + len(chosen))
    lines = [
        _line(contract, one, now, position=place + 1, hold=full or Hold.TURN, expected=weeks[place])
        for place, one in enumerate(left)
    ]
    lines += [_line(contract, one, now, hold=hold, detail=detail) for one, hold, detail in unfit]
    return Plan(
        release=tuple(chosen),
        queue=tuple(lines),
        week=week,
        used=len(within) + len(chosen),
        escalated=sum(one.reason is not None for one in within) + sum(reason is not None for _, reason in chosen),
        pause=pause,
        next_look=_next_look(contract, today, week),
    )


def _sorted(
    contract: Contract, waiting: Sequence[Waiting], now: datetime
) -> tuple[list[Waiting], list[tuple[Waiting, Hold, str]]]:
    fit, unfit = [], []
    for one in waiting:
        held = _unfit(contract, one)
        if held is None:
            fit.append(one)
        else:
            unfit.append((one, *held))
    fit.sort(key=lambda one: _turn(one, now))
    unfit.sort(key=lambda row: _turn(row[0], now))
    return fit, unfit


def _turn(one: Waiting, now: datetime) -> tuple[Any, ...]:
    if now - one.since >= OVERDUE:
        return (0, one.since.timestamp(), one.case)
    return (1, _rank(one.band) - aged(one, now), one.place[1:], one.since.timestamp(), one.case)


def _rank(band: str) -> int:
    return BANDS.index(band) if band in BANDS else len(BANDS)


def aged(one: Waiting, now: datetime) -> int:
    """How many bands age raises it: one for each `AGES`, never above URGENT."""
    room = max(0, _rank(one.band) - BANDS.index("URGENT"))
    return min(room, max(0, (now - one.since) // AGES))


def _unfit(contract: Contract, one: Waiting) -> tuple[Hold, str] | None:
    above = {name for own in one.cwes for name in cwe.ancestors(own)}
    refused = sorted(above.intersection(contract.refused))
    if refused:
        return Hold.CLASS, f"{refused[0]} is refused"
    if contract.wanted and not above.intersection(contract.wanted):
        return Hold.CLASS, "no weakness class is stated" if not one.cwes else f"{', '.join(one.cwes)} is not wanted"
    if one.level < contract.evidence:
        return Hold.EVIDENCE, f"it has {one.level.name}, the contract asks for {contract.evidence.name}"
    return None


def _full(contract: Contract, pause: Pause | None, *, used: int, is_open: int) -> Hold | None:
    if pause is not None:
        return Hold.PAUSE
    if contract.weekly == 0:
        return Hold.NONE_TAKEN
    if contract.at_once is not None and is_open >= contract.at_once:
        return Hold.OPEN
    return Hold.WEEK if used >= contract.weekly else None


def _expected(contract: Contract, number: int, week: date, *, used: int, is_open: int) -> list[date | None]:
    """Monday of the week of each place in the row, if nothing else comes. None: nobody knows."""
    found: list[date | None] = []
    if contract.weekly == 0:
        return [None] * number
    room = None if contract.at_once is None else max(0, contract.at_once - is_open)
    left = max(0, contract.weekly - used)
    monday, looked = week, 0
    while len(found) < number and looked < HORIZON:
        for _ in range(left if _has_day(contract, monday) else 0):
            if len(found) == number or (room is not None and len(found) >= room):
                break
            found.append(monday)
        if room is not None and len(found) >= room:
            break
        monday, left, looked = monday + timedelta(days=7), contract.weekly, looked + 1
    return [*found, *([None] * (number - len(found)))]


def _has_day(contract: Contract, monday: date) -> bool:
    days = (monday + timedelta(days=n) for n in range(7))
    return any(not any(pause.holds(day) for pause in contract.pauses) for day in days)


def _line(
    contract: Contract,
    one: Waiting,
    now: datetime,
    *,
    hold: Hold,
    position: int | None = None,
    detail: str = "",
    expected: date | None = None,
) -> Line:
    if hold is Hold.PAUSE and one.reasons & contract.escalates:
        detail = "it is named for escalation, and the contract lets nothing through a pause: a coordinator must look"
    return Line(
        case=one.case,
        band=one.band,
        since=one.since,
        position=position,
        hold=hold,
        detail=detail,
        expected=expected,
        aged=aged(one, now),
        is_overdue=now - one.since >= OVERDUE,
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _next_look(contract: Contract, today: date, week: date) -> datetime:
    days = [week + timedelta(days=7)]
    days += [one.last + timedelta(days=1) for one in contract.pauses if one.last is not None and one.last >= today]
    return start_of(min(days), contract.zone)


def start_of(day: date, zone: str) -> datetime:
    """The first moment of a calendar day there, in UTC: just after the last of the day before."""
    where = clock.zone(zone)
    moment = datetime.combine(day, time.min, tzinfo=where).astimezone(UTC)
    while clock.local_day(moment, where) < day:  # a midnight that the clocks skip
        moment += timedelta(minutes=15)
    return moment


# What a submitter is told --------------------------------------------------------------------------------------------

NEAR: Final = ((5, "among the first five"), (20, "among the first twenty"))
FURTHER: Final = "further back"
SOON: Final = ((1, "this week or the next"), (4, "within five weeks"))
LATER: Final = "later"


def near(position: int | None) -> str:
    """A place in words, no finer: the exact one would tell a submitter how many others wait for the same project.

    "" for a case that is not in the row.
    """
    if position is None:
        return ""
    return next((word for most, word in NEAR if position <= most), FURTHER)


def soon(expected: date | None, week: date) -> str:
    """The week it is expected in, as coarse as `near`; `UNKNOWN` where nobody knows."""
    if expected is None:
        return UNKNOWN
    weeks = (expected - week).days // 7
    return next((word for most, word in SOON if weeks <= most), LATER)


# What waits ----------------------------------------------------------------------------------------------------------


def waiting(case: Case, findings: Iterable[Finding], place: tuple[float, ...]) -> Waiting:
    """A case as the scheduler sees it. Evidence is what was reproduced here; a claim is E0."""
    levels = [v.verdict.level for v in case.validations if isinstance(v.verdict, Reproduced)]
    made = [v.at for v in case.validations if isinstance(v.verdict, Reproduced)]
    return Waiting(
        case=case.id,
        band=case.priority.band if case.priority else "",
        place=place,
        since=min(made, default=case.opened_at),
        cwes=tuple(sorted({name.upper() for finding in findings for name in finding.cwes})),
        level=max(levels, default=Level.E0),
        reasons=reasons(case.priority),
    )


def reasons(priority: Priority | None) -> frozenset[Escalation]:
    """Which named reasons the facts of a case give."""
    said = {(s.name, (s.value or "").casefold()) for s in (priority.signals if priority else ())}
    found = set()
    if (signals.KEV, "yes") in said:
        found.add(Escalation.KEV)
    if (signals.EXPLOITATION, "active") in said:
        found.add(Escalation.EXPLOITED)
    if (signals.STATED_EXPLOITED, "yes") in said:
        found.add(Escalation.STATED)
    if (signals.STATED_PUBLIC, "yes") in said and (signals.FIX, "yes") not in said:
        found.add(Escalation.PUBLIC)
    return frozenset(found)


# What people write ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A contract as somebody writes it, not yet looked at."""

    maintainer: str
    packages: Sequence[str]
    weekly: int
    at_once: int | None = None
    zone: str = "UTC"
    pauses: Sequence[tuple[date, date | None, str]] = ()
    wanted: Sequence[str] = ()
    refused: Sequence[str] = ()
    evidence: str = "E3"
    escalates: Sequence[str] | None = None
    """None: the default of this host."""
    through_pauses: bool = False
    on_word: str = ""


def read(wish: Wish) -> Mapping[str, Any]:
    """The fields of a contract; Invalid with every violation."""
    problems: list[Problem] = []
    if not 1 <= len(wish.maintainer.strip()) <= TEXT_LIMIT or not wish.maintainer.isprintable():
        problems.append(Problem("/maintainer", "missing_field", "name the team or person, in one line"))
    names = tuple(dict.fromkeys(package(one) for one in wish.packages if one.strip()))
    if not 1 <= len(names) <= 100:
        problems.append(Problem("/packages", "too_many_items", "1 to 100 packages, such as pkg:pypi/pyyaml"))
    for place, one in enumerate(names[:100]):
        if not _PACKAGE.match(one):
            problems.append(Problem(f"/packages/{place}", "bad_package", "a purl without a version"))
    if not 0 <= wish.weekly <= 1000:
        problems.append(Problem("/weekly", "out_of_range", "0 to 1000 new cases a week"))
    if wish.at_once is not None and not 1 <= wish.at_once <= 10000:
        problems.append(Problem("/at_once", "out_of_range", "1 to 10000 open cases, or nothing for no limit"))
    try:
        clock.zone(wish.zone)
    except Invalid as error:
        problems.extend(error.problems)
    pauses = _pauses(wish.pauses, problems)
    wanted, refused = (_classes(name, getattr(wish, name), problems) for name in ("wanted", "refused"))
    if wish.evidence not in Level.__members__:
        problems.append(Problem("/evidence", "unknown_level", f"one of {', '.join(Level.__members__)}"))
    if len(wish.on_word) > TEXT_LIMIT or not wish.on_word.isprintable():
        problems.append(Problem("/on_word", "bad_text", "one line: who said so, and how it reached you"))
    by_word = {word: one for one, word in WORDS.items()}
    for place, word in enumerate(wish.escalates or ()):
        if word not in by_word:
            problems.append(Problem(f"/escalates/{place}", "unknown_reason", f"one of {', '.join(by_word)}"))
    if problems:
        raise Invalid("this is no capacity contract", problems)
    fields = {
        "maintainer": wish.maintainer.strip(),
        "packages": names,
        "weekly": wish.weekly,
        "at_once": wish.at_once,
        "zone": wish.zone,
        "pauses": pauses,
        "wanted": wanted,
        "refused": refused,
        "evidence": Level[wish.evidence],
        "through_pauses": wish.through_pauses,
        "on_word": wish.on_word.strip(),
    }
    if wish.escalates is not None:
        fields["escalates"] = frozenset(by_word[word] for word in wish.escalates)
    return fields


def pause(text: str) -> tuple[date, date | None, str]:
    """A pause as people write it: `2026-12-20 2027-01-06 holidays`; `2026-12-20 open` has no end. Invalid otherwise."""
    words = text.split(maxsplit=2)
    try:
        first = date.fromisoformat(words[0])
        last = first if len(words) < 2 else None if words[1] == "open" else date.fromisoformat(words[1])
    except (IndexError, ValueError) as error:
        problem = Problem("/pauses", "invalid_time", "first day, last day (or open) and a note, on one line each")
        raise Invalid("this is no pause", [problem]) from error
    return first, last, words[2] if len(words) > 2 else ""


def package(text: str) -> str:
    """A package as `deconflict.packages` names it."""
    return text.strip().split("?")[0].split("#")[0].split("@")[0].lower()


def _pauses(given: Sequence[tuple[date, date | None, str]], problems: list[Problem]) -> tuple[Pause, ...]:
    found = []
    if len(given) > 50:
        problems.append(Problem("/pauses", "too_many_items", "at most 50 pauses"))
    for place, (first, last, note) in enumerate(given[:50]):
        if last is not None and last < first:
            problems.append(Problem(f"/pauses/{place}", "wrong_order", "a pause ends on or after its first day"))
        if len(note) > TEXT_LIMIT or not note.isprintable():
            problems.append(Problem(f"/pauses/{place}/note", "bad_text", "one short line"))
        found.append(Pause(first=first, last=last, note=note.strip()))
    return tuple(sorted(found, key=lambda one: (one.first, one.last or date.max)))


def _classes(field: str, given: Sequence[str], problems: list[Problem]) -> tuple[str, ...]:
    if len(given) > 50:
        problems.append(Problem(f"/{field}", "too_many_items", "at most 50 weakness classes"))
        return ()
    found = set()
    for place, text in enumerate(given):
        name = text.strip().upper()
        if _CWE.match(name) and cwe.name(name):
            found.add(name)
        else:
            problems.append(Problem(f"/{field}/{place}", "unknown_weakness", "a weakness of the CWE list"))
    return tuple(sorted(found))
