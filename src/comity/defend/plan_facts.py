"""What a sentence of a plan may say: its slots, computed again from the records it cites and from nothing else.

Versions come out of the solver run over the cited advisories, dates out of the calendar, rows out of the decision
table, counts out of the pack. Writing a plan and checking one both go through here, and a checker that is handed a
plan from anywhere needs no more than the pack.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from comity.defend.match import Row
from comity.defend.plan_forms import FORMS, name
from comity.defend.segments import Feed, Statement, index
from comity.defend.solve import NoFix, Partial, Solution, Step, Upgrade, solve
from comity.errors import Invalid
from comity.formats.versions import Inside, Outside, covers
from comity.model import clock
from comity.model.decision import Table, decide
from comity.model.directive import Unit
from comity.model.plan import EvidencePack, Record, RecordKind, SentenceKind
from comity.model.product import Affected

Tables: TypeAlias = Mapping[str, Table]
"""Decision tables by id: the rules that rows are looked up in again."""

DUE: Final = "due"
UPGRADE: Final = "upgrade"
UNDECIDED: Final = "undecided"
UNTIMED: Final = "untimed"
STATES: Final = (DUE, UPGRADE, UNDECIDED, UNTIMED)
"""What a deadline record may be: a moment, the next upgrade, a question for a person, or nothing yet."""
_INPUTS: Final = ("publicly_exposed", "in_kev", "automatable", "technical_impact")
_LONGEST_REASON: Final = 240


class Unfounded(Exception):
    """The cited records do not carry the sentence; the text says why. Never leaves the desk's planning steps."""


def slots(kind: SentenceKind, cited: Sequence[Record], pack: EvidencePack, tables: Tables) -> dict[str, str]:
    """The values that a sentence of this kind may and must give. Unfounded when the records do not carry it."""
    form = FORMS[kind]
    held: dict[RecordKind, Record] = {}
    many: list[Record] = []
    for record in cited:
        if record.kind in form.many:
            many.append(record)
        elif record.kind in held or record.kind not in form.needs:
            raise Unfounded(f"it cites a record about {record.kind} too many")
        else:
            held[record.kind] = record
    lacking = [str(needed) for needed in form.needs if needed not in held]
    if lacking:
        raise Unfounded(f"it cites no record about {lacking[0]}")
    _one_story(held, many)
    return _SAID[kind](held, many, pack, tables)


def feed_of(record: Record) -> Feed:
    """The feed that a record stands for."""
    if record.as_of is None:
        raise Unfounded("the feed has no date")
    return Feed(ecosystem=record.fact("ecosystem"), source=record.source, as_of=record.as_of)


def statement_of(record: Record) -> Statement:
    """The advisory's statement that a record holds."""
    try:
        affected = msgspec.json.decode(record.fact("affected"), type=Affected)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unfounded("the advisory's statement cannot be read") from error
    return Statement(advisory=record.fact("advisory"), affected=affected, aliases=_names(record))


def row_of(component: Record) -> Row:
    """What a component is matched by."""
    return Row(component.fact("ecosystem"), component.fact("match_name"), component.fact("match_version"))


def solution(component: Record, feed: Record, advisories: Sequence[Record], pack: EvidencePack) -> Solution:
    """The smallest upgrade, found again over the cited advisories: all that the pack holds about this package."""
    known = {record.digest for record in about(component, pack)}
    if {record.digest for record in advisories} != known:
        raise Unfounded("it leaves out an advisory about this package, or cites one about another")
    if feed.fact("ecosystem") != component.fact("ecosystem").partition(":")[0] and feed.fact(
        "ecosystem"
    ) != component.fact("ecosystem"):
        raise Unfounded("the feed is of another ecosystem")
    name = (component.digest, feed.digest, *sorted(known))
    if name not in pack.worked_out:
        built = index([statement_of(record) for record in advisories], feeds=[feed_of(feed)])
        pack.worked_out[name] = solve(built, row_of(component), now=pack.at)
    found: Solution = pack.worked_out[name]
    return found


def about(component: Record, pack: EvidencePack) -> list[Record]:
    """Every advisory record of the pack that is about a component's package."""
    return list(
        pack.of(RecordKind.ADVISORY, ecosystem=component.fact("ecosystem"), package=component.fact("match_name"))
    )


def spoken(moment: datetime, zone: str) -> str:
    """`2026-12-21 23:59 (America/New_York)`."""
    return f"{moment.astimezone(clock.zone(zone)):%Y-%m-%d %H:%M} ({zone})"


def due_of(deadline: Record) -> datetime:
    """When it is due, computed again from start, days and zone, and from the catalogue's own date.

    The record's governing date must be one of the two, and the earlier one unless a policy parameter or the interim
    rule says otherwise. Unfounded when the record's own date is another.
    """
    where, ends = _where(deadline)
    stated = _moment(deadline, "due")
    governing = deadline.fact("governing")
    dates: dict[str, datetime] = {}
    if deadline.fact("amount"):
        unit = _unit(deadline)
        begun = _moment(deadline, "counted_from") if unit is Unit.HOUR else _day(deadline, "counted_from")
        dates["table"] = clock.due(begun, _number(deadline, "amount"), unit, where, ends)
    if deadline.fact("kev_due"):
        dates["catalogue"] = clock.end_of_day(_day(deadline, "kev_due"), where, ends)
    if governing not in dates:
        raise Unfounded("the deadline does not say which date governs")
    params = dict(one.partition("=")[::2] for one in deadline.fact("params").split())
    chosen = deadline.fact("standing") == "interim" or params.get("governing", "earlier") != "earlier"
    if len(dates) == 2 and dates[governing] != min(dates.values()) and not chosen:
        raise Unfounded("the later of two dates is said to govern")
    moved = deadline.fact("counted_from")[:10] != deadline.fact("start_day")
    if "table" in dates and moved and "on_tighten" not in params:
        raise Unfounded("the time is counted from another day than the clock was started on")
    if dates[governing] != stated:
        raise Unfounded(f"counting again gives {spoken(dates[governing], deadline.fact('zone'))}")
    return stated


def _one_story(held: Mapping[RecordKind, Record], many: Sequence[Record]) -> None:
    """All cited records are about the same asset and the same vulnerability, wherever they name one."""
    for key in ("asset", "vulnerability"):
        named = {
            record.fact(key)
            for record in (*held.values(), *(r for r in many if r.kind is RecordKind.SSVC))
            if record.fact(key) and not (key == "vulnerability" and record.kind is RecordKind.ADVISORY)
        }
        if len(named) > 1:
            raise Unfounded(f"it cites records about more than one {key}")


def _names(advisory: Record) -> tuple[str, ...]:
    return tuple(advisory.fact("aliases").split())


def _where(deadline: Record) -> tuple[ZoneInfo, time]:
    try:
        return clock.zone(deadline.fact("zone")), time.fromisoformat(deadline.fact("day_end") or "23:59:59")
    except (Invalid, ValueError) as error:
        raise Unfounded("the deadline names no zone or time of day that there is") from error


def _unit(deadline: Record) -> Unit:
    if deadline.fact("unit") not in (Unit.DAY, Unit.MONTH, Unit.HOUR):
        raise Unfounded("the deadline counts in no unit of time")
    return Unit(deadline.fact("unit"))


def _number(record: Record, fact: str) -> int:
    text = record.fact(fact)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Unfounded(f"the record's {fact} is no number")
    return int(text)


def _day(record: Record, fact: str) -> date:
    try:
        return date.fromisoformat(record.fact(fact))
    except ValueError as error:
        raise Unfounded(f"the record's {fact} is no day") from error


def _moment(record: Record, fact: str) -> datetime:
    try:
        found = datetime.fromisoformat(record.fact(fact))
    except ValueError as error:
        raise Unfounded(f"the record's {fact} is no moment") from error
    if found.tzinfo is None:
        raise Unfounded(f"the record's {fact} has no zone")
    return found.astimezone(UTC)


Held: TypeAlias = Mapping[RecordKind, Record]
_A, _C, _F, _V = RecordKind.ASSET, RecordKind.COMPONENT, RecordKind.FEED, RecordKind.ADVISORY
_K, _X, _D, _N = RecordKind.KEV, RecordKind.EXPOSURE, RecordKind.DEADLINE, RecordKind.FINDING


def _asset(held: Held, pack: EvidencePack) -> str:
    """The asset's name, by the pack's own record of the asset that the cited records name."""
    wanted = {record.fact("asset") for record in held.values() if record.fact("asset")}
    found = [record.fact("name") for record in pack.of(_A) if record.fact("asset") in wanted]
    if len(found) != 1:
        raise Unfounded("the pack does not hold the asset that the records name")
    return name(found[0])


def _count(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    asset = held[_A].fact("asset")
    all_of_it = list(pack.of(_D, asset=asset))
    if {record.digest for record in many} != {record.digest for record in all_of_it}:
        raise Unfounded("it does not count every deadline of the asset")
    certain = {record.fact("vulnerability") for record in all_of_it if record.fact("certain") == "yes"}
    possible = {record.fact("vulnerability") for record in all_of_it} - certain
    return {"asset": _asset(held, pack), "count": str(len(certain)), "open": str(len(possible))}


def _component(held: Held) -> dict[str, str]:
    component = held[_C]
    return {"component": name(component.fact("name")), "version": name(component.fact("version"))}


def _solved(held: Held, many: Sequence[Record], pack: EvidencePack) -> Solution:
    if held[_C].fact("version") != held[_C].fact("match_version") and not held[_C].fact("match_name"):
        raise Unfounded("the component does not say what it is matched by")
    return solution(held[_C], held[_F], many, pack)


def _upgrade(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    found = _solved(held, many, pack)
    if not isinstance(found, Upgrade):
        raise Unfounded("matching again does not give an upgrade that clears the component")
    return _moved(held, pack, found.to, len(found.clears), 0)


def _partial(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    found = _solved(held, many, pack)
    if not isinstance(found, Partial):
        raise Unfounded("matching again does not give an upgrade that clears a part")
    return _moved(held, pack, found.to, len(found.clears), len(found.stays))


def _moved(held: Held, pack: EvidencePack, to: str, cleared: int, left: int) -> dict[str, str]:
    return {
        "asset": _asset(held, pack),
        "component": name(held[_C].fact("name")),
        "version": name(held[_C].fact("match_version")),
        "fix": name(to),
        "count": str(cleared),
        "left": str(left),
    }


def _major(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    found = _solved(held, many, pack)
    if not isinstance(found, Upgrade | Partial) or found.step is Step.MINOR:
        raise Unfounded("the upgrade does not change the major version")
    moved = _moved(held, pack, found.to, 0, 0)
    return {key: moved[key] for key in ("component", "version", "fix")} | {"step": str(found.step)}


def _no_fix(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    found = _solved(held, many, pack)
    if not isinstance(found, NoFix) or not found.decided:
        raise Unfounded("matching again gives an upgrade, or cannot be done")
    said = {"asset": _asset(held, pack), "left": str(len(found.stays)), "component": name(held[_C].fact("name"))}
    return said | {"version": name(held[_C].fact("match_version"))}


def _unsolved(held: Held, many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    found = _solved(held, many, pack)
    if not isinstance(found, NoFix) or found.decided:
        raise Unfounded("matching again gives an answer")
    component = {"component": name(held[_C].fact("name")), "version": name(held[_C].fact("match_version"))}
    return component | {"asset": _asset(held, pack), "reason": _plain(found.reason)}


def _shield(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    return {"asset": _asset(held, pack)}


def _reached(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if not isinstance(_touch(held), Inside):
        raise Unfounded("the advisory does not reach this version")
    return _hit(held, pack)


def _possible(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if isinstance(_touch(held), Inside):
        raise Unfounded("the advisory reaches this version")
    if isinstance(_touch(held), Outside):
        raise Unfounded("the advisory does not reach this version")
    return _hit(held, pack)


def _touch(held: Held) -> object:
    advisory, component = held[_V], held[_C]
    if (advisory.fact("ecosystem"), advisory.fact("package")) != (
        component.fact("ecosystem"),
        component.fact("match_name"),
    ):
        raise Unfounded("the advisory is about another package")
    return covers(statement_of(advisory).affected, component.fact("match_version"))


def _hit(held: Held, pack: EvidencePack) -> dict[str, str]:
    advisory = held[_V]
    vulnerability = advisory.fact("vulnerability")
    if vulnerability not in (advisory.fact("advisory"), *_names(advisory)):
        raise Unfounded("the advisory does not bear that name")
    return {
        "vulnerability": name(vulnerability),
        "advisory": name(advisory.fact("advisory")),
        "asset": _asset(held, pack),
        **_component(held),
    }


def _exploited(held: Held, _many: Sequence[Record], _pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if held[_K].fact("in_kev") != "yes":
        raise Unfounded("the catalogue does not hold it")
    return {"vulnerability": name(held[_K].fact("vulnerability")), "added": _day(held[_K], "added").isoformat()}


def _row(held: Held, many: Sequence[Record], pack: EvidencePack, tables: Tables) -> dict[str, str]:
    deadline = held[_D]
    table = tables.get(deadline.fact("table"))
    if table is None:
        raise Unfounded("the table that the deadline came from is not at hand")
    if len(many) > 1:
        raise Unfounded("it cites a record about ssvc too many")
    given = {fact: deadline.fact(fact) for fact in _INPUTS}
    try:
        decision = decide(table, dict(given), parameters=())
    except Invalid as error:
        raise Unfounded("the deadline's inputs are none of the table's") from error
    if len(decision.rows) != 1 or str(decision.rows[0].number) != deadline.fact("row"):
        raise Unfounded("looking the inputs up again gives another row")
    tier = table.outcome(decision.rows[0].then)
    if tier.name != deadline.fact("tier"):
        raise Unfounded(f"row {deadline.fact('row')} asks for {tier.name}")
    stated = {
        "publicly_exposed": held[_X].fact("value"),
        "in_kev": held[_K].fact("in_kev"),
        "automatable": many[0].fact("automatable") if many else "unknown",
        "technical_impact": many[0].fact("technical_impact") if many else "unknown",
    }
    for fact, value in stated.items():
        if value not in (given[fact], "unknown"):
            raise Unfounded(f"the record about {fact} says otherwise")
        if value == "unknown" and fact not in deadline.fact("assumed_inputs").split():
            raise Unfounded(f"nobody knows {fact}, and the deadline does not say that it was assumed")
    return {
        **_rule(held, pack),
        "row": deadline.fact("row"),
        "tier": tier.name,
        "exposure": given["publicly_exposed"],
        "kev": given["in_kev"],
        "automatable": given["automatable"],
        "impact": given["technical_impact"],
    }


def _rule(held: Held, pack: EvidencePack) -> dict[str, str]:
    deadline = held[_D]
    return {
        "directive": name(deadline.fact("directive")),
        "vulnerability": name(deadline.fact("vulnerability")),
        "asset": _asset(held, pack),
    }


def _due(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    deadline = _in_state(held, DUE)
    due = due_of(deadline)
    start = _day(deadline, "start_day")
    event = deadline.fact("event")
    starts = {"found on the asset": held[_N].fact("day"), "added to KEV": held[_K].fact("added")}
    if event in starts and starts[event] != start.isoformat():
        raise Unfounded("the clock was not started by that event on that day")
    same = pack.of(_N, asset=deadline.fact("asset"), vulnerability=deadline.fact("vulnerability"))
    if start.isoformat() > min([finding.fact("day") for finding in same] + [d for d in starts.values() if d]):
        raise Unfounded("an earlier event started the clock")
    said = _rule(held, pack)
    del said["directive"]
    return said | {"due": spoken(due, deadline.fact("zone")), "start": start.isoformat(), "event": event}


def _in_state(held: Held, state: str) -> Record:
    if held[_D].fact("state") != state:
        raise Unfounded(f"the deadline is not of that kind: it is {name(held[_D].fact('state'))}")
    return held[_D]


def _overdue(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    deadline = _in_state(held, DUE)
    due = due_of(deadline)
    if due >= pack.at:
        raise Unfounded("it is not overdue")
    said = _rule(held, pack)
    del said["directive"]
    return said | {"due": spoken(due, deadline.fact("zone"))}


def _kev_due(held: Held, _many: Sequence[Record], _pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    deadline, kev = held[_D], held[_K]
    if not kev.fact("due") or kev.fact("due") != deadline.fact("kev_due"):
        raise Unfounded("the catalogue gives another date")
    due_of(deadline)
    governing = f"{deadline.fact('governing')}'s"
    return {
        "vulnerability": name(deadline.fact("vulnerability")),
        "kev_due": _day(kev, "due").isoformat(),
        "governing": governing,
    }


def _next_upgrade(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    _in_state(held, UPGRADE)
    planned = held[_A].fact("planned_upgrade")
    if not planned:
        raise Unfounded("no upgrade of the asset is planned")
    said = _rule(held, pack)
    del said["directive"]
    return said | {"planned": _day(held[_A], "planned_upgrade").isoformat()}


def _no_upgrade_date(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    _in_state(held, UPGRADE)
    if held[_A].fact("planned_upgrade"):
        raise Unfounded("an upgrade of the asset is planned")
    said = _rule(held, pack)
    del said["directive"]
    return said


def _undecided(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    deadline = _in_state(held, UNDECIDED)
    return _rule(held, pack) | {"missing": _plain(deadline.fact("missing"))}


def _untimed(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    deadline = _in_state(held, UNTIMED)
    said = _rule(held, pack)
    del said["directive"]
    return said | {"reason": _plain(deadline.fact("reason"))}


def _plain(text: str) -> str:
    """A reason of the engine's own as one slot: printable, one line, without a full stop at its end."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_LONGEST_REASON].rstrip(" .") or "nobody said why"


def _triage(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if held[_D].fact("triage") != "yes":
        raise Unfounded("no forensic triage belongs to this deadline")
    return _rule(held, pack)


def _assumed(held: Held, _many: Sequence[Record], pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if not held[_D].fact("assumed"):
        raise Unfounded("nothing was assumed")
    return _rule(held, pack) | {"assumed": _plain(held[_D].fact("assumed"))}


def _advice_only(held: Held, _many: Sequence[Record], _pack: EvidencePack, _tables: Tables) -> dict[str, str]:
    if held[_D].fact("binding") != "no":
        raise Unfounded("the rule binds the owner of the asset")
    return {"directive": name(held[_D].fact("directive"))}


_SAID: Final = {
    SentenceKind.COUNT: _count,
    SentenceKind.UPGRADE: _upgrade,
    SentenceKind.PARTIAL: _partial,
    SentenceKind.MAJOR: _major,
    SentenceKind.NO_FIX: _no_fix,
    SentenceKind.UNSOLVED: _unsolved,
    SentenceKind.SHIELD: _shield,
    SentenceKind.REACHED: _reached,
    SentenceKind.POSSIBLE: _possible,
    SentenceKind.EXPLOITED: _exploited,
    SentenceKind.ROW: _row,
    SentenceKind.DUE: _due,
    SentenceKind.OVERDUE: _overdue,
    SentenceKind.KEV_DUE: _kev_due,
    SentenceKind.NEXT_UPGRADE: _next_upgrade,
    SentenceKind.NO_UPGRADE_DATE: _no_upgrade_date,
    SentenceKind.UNDECIDED: _undecided,
    SentenceKind.UNTIMED: _untimed,
    SentenceKind.TRIAGE: _triage,
    SentenceKind.ASSUMED: _assumed,
    SentenceKind.ADVICE_ONLY: _advice_only,
}
