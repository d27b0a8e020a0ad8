"""Decide which pack answers for a finding on a day, and what its clock says. The rules themselves are in `course`."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

from comity.defend.course import Course, Where
from comity.defend.due import Answer, AskPerson, Due, Leads, NotAssessed, NotBound, State
from comity.defend.facts import Facts, Feeds, Told
from comity.defend.reading import Reader, Ruled
from comity.errors import Invalid, Problem
from comity.model import clock
from comity.model.asset import Domain
from comity.model.directive import DutyRule, Kind, Pack, Policy

__all__ = [
    "Answer",
    "AskPerson",
    "Clock",
    "Clocks",
    "Due",
    "Facts",
    "Feeds",
    "Leads",
    "NotAssessed",
    "NotBound",
    "State",
    "Told",
    "choose",
    "deadline",
    "duty_due",
    "first_answer",
]


def choose(packs: Iterable[Pack], day: date, domain: Domain = Domain.FCEB) -> Pack | None:
    """The pack with a table that holds on that day for that domain: the newest issue, then the newest version."""
    fitting = [
        one
        for one in packs
        if one.table is not None
        and one.kind is not Kind.TEMPLATE
        and one.holds_on(day)
        and one.domain in {domain, None}
    ]
    fitting.sort(key=lambda one: (one.domain is domain, one.issued, tuple(map(int, one.version.split(".")))))
    return fitting[-1] if fitting else None


def deadline(pack: Pack, facts: Facts, *, at: datetime, feeds: Feeds, policy: Policy, zone: str = "") -> Answer:
    """The answer of one pack for one finding, as of `at`. `zone` is the agency's; "" takes the pack's parameter.

    Invalid for a zone or time of day that does not exist.
    """
    return Clock(pack, at=at, feeds=feeds, policy=policy, zone=zone).course(facts).answer()


class Clock:
    """One pack at one moment, for any number of findings: what it made of inputs once, it keeps."""

    def __init__(self, pack: Pack, *, at: datetime, feeds: Feeds, policy: Policy, zone: str = "") -> None:
        self.pack, self.at, self.feeds, self.policy = pack, at, feeds, policy
        self.where = _where(pack, policy, zone)
        self.ruled: dict[tuple[str | None, ...], Ruled] = {}

    def course(self, facts: Facts) -> Course:
        """The course of one finding, worked out up to its asset's planned upgrade."""
        reader = Reader(
            pack=self.pack,
            facts=facts,
            feeds=self.feeds,
            policy=self.policy,
            zone=self.where.zone,
            at=self.at,
            ruled=self.ruled,
        )
        return Course(
            pack=self.pack,
            facts=facts,
            feeds=self.feeds,
            policy=self.policy,
            at=self.at,
            where=self.where,
            reader=reader,
            upgrade_on=facts.upgrade_on,
        )


def first_answer(
    packs: Iterable[Pack], facts: Facts, *, at: datetime, feeds: Feeds, policy: Policy, zone: str = ""
) -> Answer | None:
    """The answer of the newest pack that holds on that day and says anything; else why the newest one is silent."""
    course = Clocks(packs, at=at, feeds=feeds, policy=policy, zone=zone).course(facts)
    return None if course is None else course.answer()


class Clocks:
    """Several packs at one moment, newest first: what `first_answer` asks, for any number of findings."""

    def __init__(self, packs: Iterable[Pack], *, at: datetime, feeds: Feeds, policy: Policy, zone: str = "") -> None:
        self.packs = tuple(packs)
        self.at, self.feeds, self.policy, self.zone = at, feeds, policy, zone
        self.clocks: dict[Domain, list[Clock]] = {}

    def course(self, facts: Facts) -> Course | None:
        """The course under the newest pack that says anything; else under the newest. None: no pack holds."""
        silent: Course | None = None
        for one in self._of(facts.domain):
            course = one.course(facts)
            if not course.is_silent:
                return course
            silent = silent or course
        return silent

    def _of(self, domain: Domain) -> list[Clock]:
        """The clocks of one domain in the order they are asked in."""
        if domain not in self.clocks:
            held = self.packs
            self.clocks[domain] = []
            while (pack := choose(held, self.at.date(), domain)) is not None:
                own = Clock(pack, at=self.at, feeds=self.feeds, policy=self.policy, zone=self.zone)
                self.clocks[domain].append(own)
                held = tuple(one for one in held if one is not pack)
        return self.clocks[domain]


def duty_due(
    rule: DutyRule, pack: Pack, events: Mapping[str, datetime], *, policy: Policy, zone: str
) -> datetime | None:
    """When a dated duty of a pack is due; a parameter may name another event to count from."""
    moved = pack.parameter(rule.param) if rule.param else None
    held = dict(events)
    if moved is not None and rule.after:
        other = held.get(moved.chosen(policy))
        held.pop(rule.after, None)
        if other is not None:
            held[rule.after] = other
    return clock.duty_due(rule, held, clock.zone(zone))


def _where(pack: Pack, policy: Policy, zone: str) -> Where:
    rule = pack.clock
    stated = pack.parameter(rule.zone) if rule is not None and rule.zone else None
    name = zone or (stated.chosen(policy) if stated is not None else "UTC")
    ends = clock.DAY_END
    closing = pack.parameter(rule.day_end) if rule is not None and rule.day_end else None
    if closing is not None:
        try:
            ends = time.fromisoformat(closing.chosen(policy))
        except ValueError as error:
            problem = Problem("/day_end", "bad_time", "give a time of day such as 23:59:59")
            raise Invalid("no such time of day", [problem]) from error
    return Where(clock.zone(name), ends)
