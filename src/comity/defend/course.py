"""Work out one finding under one pack, from its clock's start to the tier and date it has now.

Pure: the facts carry their own dates, so asking about a past day gives the answer of that day, and the answer says why.
Rules (BOD 26-04 as transcribed by CERT/CC and quoted by others; each unsettled one is a parameter of the pack):
 (1) the pack must hold on the day asked about, and its catalogue must be fresh, else nothing is assessed;
 (2) each input is what was last said of it by then; a statement past its expiry says nothing any more;
 (3) the table decides; an unknown input is assumed only under a parameter, and never for a CVE in KEV's metadata;
 (4) the clock starts with the first of the pack's events; both events are kept, and which one won;
 (5) a change of inputs makes a new stretch: tightening counts from the first start or from the change, by parameter;
     relaxing moves the date, and days that were overdue stay on record;
 (6) the catalogue's own due date stands beside the table's; which leads is a parameter, and a difference is flagged.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from comity.defend.due import (
    Answer,
    AskPerson,
    Due,
    Leads,
    NotAssessed,
    NotBound,
    Standing,
    Start,
    State,
    Used,
    standing_of,
)
from comity.defend.facts import Facts, Feeds
from comity.defend.reading import IN_KEV, METADATA, Open, Reader, Stretch, midnight
from comity.model import clock
from comity.model.age import age, in_days
from comity.model.directive import Asked, Kind, Outcome, Pack, Policy, Unit

KEV_ADDED: Final = "kev_added"
FOUND: Final = "found_on_asset"
TRIAGE: Final = "forensic_triage"


@dataclass(frozen=True, slots=True)
class Where:
    """Whose days count, and when a day ends there."""

    zone: ZoneInfo
    ends: time


@dataclass(frozen=True, slots=True)
class _Laid:
    """How the inputs went since the clock's start."""

    start: Start
    stretches: tuple[Stretch, ...]
    kev_due: datetime | None


@dataclass(frozen=True, slots=True)
class _Left:
    """The inputs as they are now leave several tiers open."""

    start: Start
    last: Open
    kev_due: datetime | None


@dataclass(slots=True, kw_only=True)
class Course:
    """One finding under one pack. An estate asks for the standing on many planned upgrades, a page for the answer."""

    pack: Pack
    facts: Facts
    feeds: Feeds
    policy: Policy
    at: datetime
    where: Where
    reader: Reader
    upgrade_on: date | None
    used: dict[str, Used] = field(default_factory=dict)
    found: "_Laid | _Left | NotAssessed | NotBound | None" = None

    def answer(self) -> Answer:
        """The whole answer with its why."""
        laid = self._laid()
        if isinstance(laid, _Left):
            return self._ask(laid.last, laid.start, laid.kev_due)
        if isinstance(laid, _Laid):
            return self._due(laid.start, laid.stretches, laid.kev_due)
        return laid

    @property
    def is_silent(self) -> bool:
        """True when the pack says nothing about this finding on this day."""
        return isinstance(self._laid(), NotBound)

    @property
    def waits(self) -> bool:
        """True when the standing depends on the asset's planned upgrade."""
        laid = self._laid()
        if isinstance(laid, _Left):
            return any(self.pack.outcome(row.then).unit is Unit.EVENT for row in laid.last.rows)
        return isinstance(laid, _Laid) and laid.stretches[-1].tier.unit is Unit.EVENT

    @property
    def family(self) -> Hashable:
        """Courses of one family have the same standing on the same planned upgrade."""
        laid = self._laid()
        if not isinstance(laid, _Laid) or not self.waits:
            return id(self)
        tier = laid.stretches[-1].tier
        own = (tier.key, laid.kev_due, self._closed(tier) is not None, bool(laid.stretches[-1].defaulted))
        return (self.pack.id, self.pack.version, self.where, self.at, *own)

    def standing(self, upgrade_on: date | None) -> Standing:
        """What is counted of the answer, were the asset's upgrade planned for then. Equals `answer` (tested)."""
        laid = self._laid()
        self.upgrade_on = upgrade_on
        if isinstance(laid, _Left):
            due = self._strictest(laid.last, laid.start) or laid.kev_due
            return Standing("ask", due=due, overdue=self._late_by(laid.kev_due))
        if isinstance(laid, _Laid):
            last = laid.stretches[-1]
            table_due = self._dates(laid.start, laid.stretches)[-1]
            due, _ = self._leading(table_due, laid.kev_due, last.tier, conflict=False)
            if self._closed(last.tier) is not None:
                return Standing("done", last.tier.key, due)
            late = due is not None and self.at > due
            return Standing("due", last.tier.key, due, late, TRIAGE in last.tier.duties, bool(last.defaulted))
        return standing_of(laid)

    def _laid(self) -> "_Laid | _Left | NotAssessed | NotBound":
        """The rules of the file's head, in their order."""
        if self.found is None:
            self.found = self._lay()
        return self.found

    def _lay(self) -> "_Laid | _Left | NotAssessed | NotBound":
        # (1) does the pack speak of this at all, and is its data fresh
        silent = self._silent()
        if silent is not None:
            return silent
        start = self._start()
        if start is None:
            return self._not_bound("no event that starts this pack's clock has happened yet")
        # (2) (3) what the inputs were, and what the table said, over time
        stretches = self._stretches(start)
        last = stretches[-1]
        kev_due = self._kev_due()
        if isinstance(last, Open):
            return _Left(start, last, kev_due)
        if last.tier.unit is Unit.NONE:
            return self._not_bound(f"{last.tier.name} (row {last.row.number})")
        return _Laid(start, tuple(one for one in stretches if isinstance(one, Stretch)), kev_due)

    # (1)

    def _silent(self) -> NotAssessed | NotBound | None:
        pack, facts = self.pack, self.facts
        today = clock.local_day(self.at, self.where.zone)
        if pack.table is None or pack.clock is None:
            return self._not_bound("this pack has duties and no table")
        if pack.kind is Kind.TEMPLATE:
            return self._not_bound("a template is no rule: its times are not filled in")
        if pack.domain not in {None, facts.domain}:
            return self._not_bound("the asset belongs to another domain")
        if not pack.holds_on(today):
            return self._not_bound(f"it does not hold on {today.isoformat()}")
        if facts.found_at is None or facts.found_at > self.at:
            return self._not_bound("it was not found on this asset by then")
        asked = pack.ask(IN_KEV)
        if asked is not None and asked.unknown.refuse:
            return self._stale(asked)
        return None

    def _stale(self, asked: Asked) -> NotAssessed | None:
        limit = self._max_age(asked)
        seen = self.feeds.kev_as_of
        command = "fetch the catalogue, then `comity mirror add FILE`"
        if seen is None:
            return self._not_assessed("no KEV catalogue is held, so nobody can say what is in it", command)
        if limit is not None and self.at - seen > limit:
            reason = f"the KEV catalogue held is {age(seen, self.at)} old, older than {in_days(limit)}"
            return self._not_assessed(reason, command + "; or ask about the catalogue's own day with --on")
        return None

    def _max_age(self, asked: Asked) -> timedelta | None:
        choice = self.pack.parameter("kev_max_age")
        if choice is None:
            return asked.max_age
        value = choice.chosen(self.policy)
        if value == "unlimited":
            seen = self.feeds.kev_as_of
            old = in_days(timedelta(0)) if seen is None else age(seen, self.at)
            self._use("kev_max_age", f"the catalogue is {old} old and counts all the same, by this host's choice")
            return None
        return timedelta(days=int(value[1:-1]))

    # (4)

    def _start(self) -> Start | None:
        facts, rule = self.facts, self.pack.clock
        found = None if facts.found_at is None else clock.local_day(facts.found_at, self.where.zone)
        added = self.reader.kev_added(self.at)
        days: list[tuple[date, int, str]] = []
        for place, event in enumerate(rule.starts if rule is not None else ()):
            day = self._event_day(event, added, found)
            if day is not None:
                days.append((day, place, event))
        if not days:
            return None
        day, _, event = min(days)
        return Start(event=event, day=day, kev_added=added, found_on=found, because=_because(event, added, found))

    def _event_day(self, event: str, added: date | None, found: date | None) -> date | None:
        if event == KEV_ADDED:
            return added
        if event == FOUND:
            return found
        at = self.facts.events.get(event)
        return None if at is None or at > self.at else clock.local_day(at, self.where.zone)

    # (2) (3)

    def _stretches(self, start: Start) -> list[Stretch | Open]:
        begins = midnight(start.day, self.where.zone)
        moments = sorted({begins, *(one for one in self.reader.changes() if begins < one <= self.at)})
        ends = [*moments[1:], self.at]
        return [self.reader.stretch(one, until) for one, until in zip(moments, ends, strict=True)]

    # (5) (6)

    def _kev_due(self) -> datetime | None:
        if self.facts.kev_due is None or self.reader.kev_added(self.at) is None:
            return None
        return clock.end_of_day(self.facts.kev_due, self.where.zone, self.where.ends)

    def _dates(self, start: Start, stretches: Sequence[Stretch]) -> list[datetime | None]:
        """The table's date in each stretch."""
        restarts = self._chosen("on_tighten") == "change_date"
        rank = {one.key: place for place, one in enumerate(self.pack.outcomes)}
        begun = start.day
        dates: list[datetime | None] = []
        before: Stretch | None = None
        for one in stretches:
            if before is not None and rank[one.tier.key] > rank[before.tier.key]:
                changed = clock.local_day(one.begins, self.where.zone)
                if restarts:
                    begun = changed
                word = f"the tier tightened on {changed.isoformat()}; the clock counts from {begun.isoformat()}"
                self._use("on_tighten", word)
            dates.append(self._tier_due(one.tier, begun))
            before = one
        return dates

    def _tier_due(self, tier: Outcome, begun: date) -> datetime | None:
        if tier.unit is Unit.EVENT:
            day = self.upgrade_on
            return None if day is None else clock.end_of_day(day, self.where.zone, self.where.ends)
        if tier.amount is None:
            return None
        event = self.facts.events.get(self.pack.clock.starts[0]) if self.pack.clock is not None else None
        begin: date | datetime = event if tier.unit is Unit.HOUR and event is not None else begun
        return clock.due(begin, tier.amount, tier.unit, self.where.zone, self.where.ends)

    def _due(self, start: Start, stretches: Sequence[Stretch], kev_due: datetime | None) -> Due:
        dates = self._dates(start, stretches)
        last, table_due = stretches[-1], dates[-1]
        conflict = kev_due is not None and table_due is not None and kev_due != table_due
        due, leads = self._leading(table_due, kev_due, last.tier, conflict=conflict)
        closed = self._closed(last.tier)
        state = State.DONE if closed is not None else self._mitigated()
        periods = self._overdue(stretches, dates, kev_due, closed)
        alarm = ""
        if last.tier.alarm_if_missing and table_due is None and closed is None:
            alarm = "no upgrade is planned for this asset, so this finding has no date: plan one"
        for one in last.defaulted:
            self._use(one.param, f"{one.input} is unknown and was taken as {one.value}")
        if (
            last.defaulted
            and self._chosen(METADATA) == "sixty_days"
            and any(d.param == METADATA for d in last.defaulted)
        ):
            self._use(METADATA, "metadata is missing: 60 days, whatever the row says")
        return Due(
            **self._common(),
            tier=last.tier.key,
            tier_name=last.tier.name,
            row=last.row.number,
            source_row=last.row.source_row,
            known=last.known,
            start=start,
            table_due=table_due,
            kev_due=kev_due,
            due=due,
            leads=leads,
            conflict=conflict,
            overdue=closed is None and due is not None and self.at > due,
            overdue_periods=periods,
            state=state,
            duties=last.tier.duties,
            unknown=last.unknown,
            defaulted=last.defaulted,
            params=tuple(self.used.values()),
            standing=self._standing(),
            notes=self._notes(start, stretches, table_due),
            citation=self._cites(last),
            alarm=alarm,
        )

    def _leading(
        self, table_due: datetime | None, kev_due: datetime | None, tier: Outcome, *, conflict: bool
    ) -> tuple[datetime | None, Leads]:
        own = Leads.UPGRADE if tier.unit is Unit.EVENT else Leads.TABLE
        if kev_due is None:
            return table_due, own if table_due is not None else Leads.NOTHING
        if self._is_interim() and self._chosen("interim_rule") == "kev_due":
            self._use("interim_rule", "the table is not in force yet: the catalogue's date leads")
            return kev_due, Leads.KEV
        choice = self._chosen("governing") or "earlier"
        if table_due is None:
            return kev_due, Leads.KEV
        if conflict:
            self._use("governing", "the catalogue's date and the table's date differ")
        if choice == "table" or (choice == "earlier" and table_due <= kev_due):
            return table_due, own
        return kev_due, Leads.KEV

    def _overdue(
        self,
        stretches: Sequence[Stretch],
        dates: Sequence[datetime | None],
        kev_due: datetime | None,
        closed: datetime | None,
    ) -> tuple[tuple[datetime, datetime], ...]:
        """(5) relaxing never erases days that were overdue: each stretch is held against the date it had then."""
        until = self.at if closed is None else closed
        found: list[tuple[datetime, datetime]] = []
        for one, table_due in zip(stretches, dates, strict=True):
            in_kev = any(known.input == IN_KEV and known.value == "yes" for known in one.known)
            due, _ = self._leading(table_due, kev_due if in_kev else None, one.tier, conflict=False)
            if due is None:
                continue
            begins, ends = max(one.begins, due), min(one.ends, until)
            if self.facts.found_at is not None:
                begins = max(begins, self.facts.found_at)
            if begins < ends:
                if found and found[-1][1] == begins:
                    begins = found.pop()[0]
                found.append((begins, ends))
        return tuple(found)

    def _closed(self, tier: Outcome) -> datetime | None:
        done, mitigated = self.facts.done_at, self.facts.mitigated_at
        if done is not None and done <= self.at:
            return done
        if mitigated is None or mitigated > self.at:
            return None
        if tier.mitigation_closes:
            return mitigated
        if self._chosen("mitigation_closes") == "yes":
            self._use("mitigation_closes", "a mitigation alone counts as done in this tier")
            return mitigated
        self._use("mitigation_closes", "mitigated, and still open: a mitigation alone does not close this tier")
        return None

    def _mitigated(self) -> State:
        mitigated = self.facts.mitigated_at
        return State.MITIGATED if mitigated is not None and mitigated <= self.at else State.OPEN

    def _ask(self, last: Open, start: Start, kev_due: datetime | None) -> AskPerson:
        rank = {one.key: place for place, one in enumerate(self.pack.outcomes)}
        rows = sorted(last.rows, key=lambda row: (rank[row.then], row.number))
        strictest = self._strictest(last, start)
        why = f"{' and '.join(last.missing)} {'is' if len(last.missing) == 1 else 'are'} unknown"
        if any(one.input == IN_KEV and one.value == "yes" for one in last.known):
            why += ", and a CVE in KEV is never assumed to be harmless: a person decides"
        else:
            why += ", and this host lets a person decide"
        return AskPerson(
            **self._common(),
            possible=tuple((row.number, row.then) for row in rows),
            missing=last.missing,
            known=last.known,
            kev_due=kev_due,
            strictest_due=strictest,
            overdue=self._late_by(kev_due),
            why=why,
        )

    def _strictest(self, last: Open, start: Start) -> datetime | None:
        """The date, were the most pressing of the possible tiers the right one."""
        rank = {one.key: place for place, one in enumerate(self.pack.outcomes)}
        then = max((row.then for row in last.rows), key=lambda key: rank[key])
        return self._tier_due(self.pack.outcome(then), start.day)

    def _late_by(self, kev_due: datetime | None) -> bool:
        """Whether the catalogue's date is over and nobody has closed it."""
        open_ = self.facts.done_at is None or self.facts.done_at > self.at
        return open_ and kev_due is not None and self.at > kev_due

    def _notes(self, start: Start, stretches: Sequence[Stretch], table_due: datetime | None) -> tuple[str, ...]:
        notes = []
        found = self.facts.found_at
        if start.event == KEV_ADDED and start.found_on is not None and start.found_on > start.day:
            late = f"the clock ran {(start.found_on - start.day).days} days before it was found on this asset"
            if found is not None and table_due is not None and found > table_due:
                late += ": it was overdue when first seen"
            notes.append(late)
        tiers = [one.tier.key for one in stretches]
        changes = [
            f"{one.tier.key} from {one.begins:%Y-%m-%d}"
            for n, one in enumerate(stretches)
            if n == 0 or tiers[n] != tiers[n - 1]
        ]
        if len(changes) > 1:
            notes.append("tiers over time: " + ", ".join(changes))
        if self._is_interim():
            notes.append(f"the table applies from {self.pack.applies_from.isoformat()}; until then its date is a plan")
        return tuple(notes)

    def _standing(self) -> str:
        if self.pack.kind is Kind.HISTORY:
            return "history"
        if not self.pack.binding_on:
            return "advisory"
        return "interim" if self._is_interim() else "binding"

    def _is_interim(self) -> bool:
        return clock.local_day(self.at, self.where.zone) < self.pack.applies_from

    def _cites(self, last: Stretch) -> tuple[str, ...]:
        titles = {
            one.id: f"{one.title} ({one.kind}{'' if one.read else ', not read first-hand'})"
            for one in self.pack.sources
        }
        ids = [*self.pack.row_cites[last.row.number - 1], *last.tier.cite]
        return tuple(titles[name] for name in dict.fromkeys(ids))

    def _chosen(self, name: str) -> str:
        choice = self.pack.parameter(name)
        return "" if choice is None else choice.chosen(self.policy)

    def _use(self, name: str, effect: str) -> None:
        choice = self.pack.parameter(name)
        if choice is not None:
            self.used[name] = Used(id=name, value=choice.chosen(self.policy), effect=effect)

    def _common(self) -> dict[str, Any]:
        standing = self.pack.standing
        return {
            "asset": self.facts.asset,
            "vulnerability": self.facts.vulnerability,
            "pack": self.pack.id,
            "version": self.pack.version,
            "at": self.at,
            "binds": self.pack.binds,
            "zone": self.where.zone.key,
            "certainty": f"{standing.certainty}{' (secondary)' if standing.secondary else ''}",
        }

    def _not_bound(self, reason: str) -> NotBound:
        return NotBound(**self._common(), reason=reason)

    def _not_assessed(self, reason: str, remedy: str) -> NotAssessed:
        return NotAssessed(**self._common(), reason=reason, remedy=remedy)


def _because(event: str, added: date | None, found: date | None) -> str:
    if event == KEV_ADDED:
        then = (
            "before it was found here"
            if found is None or (added is not None and added < found)
            else "the day it was found here"
        )
        return f"CISA added it to KEV on {added}, {then}" if found is not None else f"CISA added it to KEV on {added}"
    if event == FOUND:
        return f"it was found on this asset on {found}, " + (
            f"before CISA added it to KEV on {added}" if added else "and it is not in KEV"
        )
    return f"the event {event}"
