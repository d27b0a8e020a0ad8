"""Read what each input of a pack was at a moment, and which row of its table that gives (rules 2 and 3 of `clock`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from comity.defend.due import Defaulted, Known
from comity.defend.facts import Facts, Feeds, Told
from comity.model import clock
from comity.model.decision import Input, Row, Settled, decide
from comity.model.decision import Parameter as Assumption
from comity.model.directive import Asked, Outcome, Pack, Policy, Unit

EXPOSED: Final = "publicly_exposed"
IN_KEV: Final = "in_kev"
AUTOMATABLE: Final = "automatable"
IMPACT: Final = "technical_impact"
METADATA: Final = "metadata_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which the inputs did not change, and what the table said in it."""

    begins: datetime
    ends: datetime
    row: Row
    tier: Outcome
    known: tuple[Known, ...]
    unknown: tuple[str, ...]
    defaulted: tuple[Defaulted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A time in which the table left several rows open."""

    begins: datetime
    ends: datetime
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    known: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the table made of one set of inputs. `tier` None: `rows` are all still possible."""

    rows: tuple[Row, ...]
    tier: Outcome | None
    missing: tuple[str, ...]
    defaulted: tuple[Defaulted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads one finding's facts for one pack. `at` is the moment asked about: nothing said later is seen."""

    pack: Pack
    facts: Facts
    feeds: Feeds
    policy: Policy
    zone: ZoneInfo
    at: datetime
    ruled: dict[tuple[str | None, ...], "Ruled"] = field(default_factory=dict)
    """What the table said of inputs met before under these rules; shared by the findings of one question."""

    def kev_added(self, at: datetime) -> date | None:
        """The day CISA added it, once that day has come there."""
        added = self.facts.kev_added
        return added if added is not None and added <= clock.local_day(at, self.zone) else None

    def changes(self) -> Iterable[datetime]:
        """Every moment at which an input may have changed."""
        facts = self.facts
        told = [*facts.exposure, *facts.automatable, *facts.technical_impact]
        for many in facts.other.values():
            told.extend(many)
        for one in told:
            yield one.at
            if one.until is not None:
                yield one.until
        if facts.kev_added is not None:
            yield midnight(facts.kev_added, self.zone)

    def stretch(self, begins: datetime, ends: datetime) -> "Stretch | Open":
        """What the inputs were when this time began, and what the table says of them."""
        known = self.known(begins)
        values = tuple(one.value for one in known)
        ruled = self.ruled.get(values)
        if ruled is None:
            ruled = self.ruled[values] = self._rule({one.input: one.value for one in known})
        if ruled.tier is None:
            return Open(begins=begins, ends=ends, rows=ruled.rows, missing=ruled.missing, known=known)
        return Stretch(
            begins=begins,
            ends=ends,
            row=ruled.rows[0],
            tier=ruled.tier,
            known=known,
            unknown=ruled.missing,
            defaulted=ruled.defaulted,
        )

    def _rule(self, given: dict[str, str | None]) -> "Ruled":
        table = self.pack.table
        if table is None:
            raise ValueError("a pack without a table has no stretches")
        in_kev = given.get(IN_KEV) == "yes"
        missing = tuple(name for name, value in given.items() if value is None)
        assumptions = [one for name in missing for one in self._assumption(name, in_kev=in_kev)]
        decision = decide(table, given, parameters=assumptions)
        if isinstance(decision, Settled):
            return Ruled(decision.rows, self.pack.outcome(decision.rows[0].then), missing, ())
        if decision.assumed is None:
            return Ruled(decision.rows, None, missing, ())
        defaulted = tuple(
            Defaulted(input=name, value=_word(table.input(name), key), param=one.name, why=one.why)
            for one in decision.assumed.parameters
            for name, key in one.fills
        )
        row = decision.assumed.row
        sixty = self._sixty(missing) if any(one.param == METADATA for one in defaulted) else None
        return Ruled((row,), sixty or self.pack.outcome(row.then), missing, defaulted)

    def _sixty(self, missing: tuple[str, ...]) -> Outcome | None:
        """The reading under which a CVE outside KEV without metadata simply has 60 days."""
        choice = self.pack.parameter(METADATA)
        if choice is None or choice.chosen(self.policy) != "sixty_days" or not {AUTOMATABLE, IMPACT} & set(missing):
            return None
        return next((one for one in self.pack.outcomes if one.unit is Unit.DAY and one.amount == 60), None)

    def _assumption(self, name: str, *, in_kev: bool) -> Iterable[Assumption]:
        asked = self.pack.ask(name)
        if asked is None or not asked.unknown.param:
            return ()
        choice = self.pack.parameter(asked.unknown.param)
        if choice is None:
            return ()
        value = choice.chosen(self.policy)
        if value == "ask" or (choice.id == METADATA and in_kev):
            return ()
        table = self.pack.table
        if table is None:
            return ()
        use = value if value in {one.name for one in table.input(name).values} else asked.unknown.use
        return (Assumption(name=choice.id, fills=((name, table.input(name).read(use)),), why=choice.why),)

    def known(self, at: datetime) -> tuple[Known, ...]:
        """Every input of the pack as it stood, in the pack's order."""
        found: dict[str, Known] = {}
        for asked in self.pack.asked:
            found[asked.name] = self._one(asked, at)
        for asked in self.pack.asked:
            for name, value, then in asked.implied_by:
                basis = found.get(name) or self._said(name, self._told(name), at)
                if found[asked.name].value is None and basis.value == value:
                    source = f"follows from {name}: {basis.source}"
                    found[asked.name] = Known(input=asked.name, value=then, source=source, at=basis.at)
        return tuple(found.values())

    def _one(self, asked: Asked, at: datetime) -> Known:
        if asked.name == IN_KEV:
            added = self.kev_added(at)
            value = "yes" if added is not None else "no"
            return Known(input=IN_KEV, value=value, source="CISA KEV", at=self.feeds.kev_as_of)
        if asked.compare is not None:
            return self._compared(asked)
        return self._said(asked.name, self._told(asked.name), at)

    def _told(self, name: str) -> Sequence[Told]:
        facts = self.facts
        own = {EXPOSED: facts.exposure, AUTOMATABLE: facts.automatable, IMPACT: facts.technical_impact}
        return own[name] if name in own else facts.other.get(name, ())

    def _said(self, name: str, told: Sequence[Told], at: datetime) -> Known:
        """What was last said by then. Nothing said before the clock's start: the first statement speaks for it."""
        by_then = [one for one in told if one.at <= at]
        if not by_then and told and told[0].at <= self.at:
            by_then = [told[0]]
        if not by_then:
            return Known(input=name, value=None, source="nobody said", at=None)
        last = by_then[-1]
        if last.until is not None and last.until <= at:
            return Known(input=name, value=None, source=f"{last.source}, expired", at=last.until)
        return Known(input=name, value=last.value, source=last.source, at=last.at)

    def _compared(self, asked: Asked) -> Known:
        table = self.pack.table
        parts = self.facts.vulnerability.split("-")
        year = int(parts[1]) if len(parts) > 2 and parts[0] == "CVE" and parts[1].isdigit() else None
        if year is None or asked.compare is None or table is None:
            return Known(input=asked.name, value=None, source="the identifier bears no year", at=None)
        values = table.input(asked.name).values
        value = values[0] if year < asked.compare.below else values[-1]
        return Known(input=asked.name, value=value.name, source=f"identifier of {year}", at=None)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a calendar day there, in UTC."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _word(one: Input, key: str) -> str:
    return next(value.name for value in one.values if value.key == key)
