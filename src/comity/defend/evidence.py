"""Put together what a plan for one asset may stand on: the asset, what it runs, who says what of it, and the dates.

The pack is closed here, once. It holds every advisory about each package that something reaches, not only those that
reach it: an upgrade is proven against all of them. What was accepted or settled by VEX is no work and stays out.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

import msgspec

from comity.defend.due import Answer as Dated
from comity.defend.due import AskPerson, Due, Leads, NotAssessed
from comity.defend.facts import Facts, Told
from comity.defend.plan_facts import DUE, UNDECIDED, UNTIMED, UPGRADE
from comity.defend.segments import Feed, Statement
from comity.formats.versions.identity import Package, canonical_ecosystem, package, package_of
from comity.model import clock
from comity.model.asset import Asset, Reach
from comity.model.directive import Outcome, Pack, Policy, Unit
from comity.model.inventory import Answer, Exposure
from comity.model.plan import EvidencePack, Record, RecordKind

REACHES: Final = {Reach.PUBLIC: "yes", Reach.INTERNAL: "no", Reach.UNKNOWN: "unknown"}
_KEV_SOURCE: Final = "CISA KEV"
_SSVC_SOURCE: Final = "CISA Vulnrichment"
_EVENTS: Final = {"kev_added": "added to KEV", "found_on_asset": "found on the asset"}
_WORK: Final = frozenset({Answer.AFFECTED, Answer.UNKNOWN, Answer.NOT_ASSESSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One advisory's statement, the name its vulnerability goes by here, and what its source wrote in free words."""

    statement: Statement
    vulnerability: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The answer of the clock for one vulnerability of the asset, the facts it was given, and the pack that gave it."""

    answer: Dated
    facts: Facts
    rule: Pack
    policy: Policy = field(default_factory=dict)
    zone: str = ""
    """The agency's own; "" takes the pack's parameter."""

    def chosen(self, parameter: str, absent: str) -> str:
        """The value in force of one of the pack's parameters."""
        choice = self.rule.parameter(parameter) if parameter else None
        return choice.chosen(self.policy) if choice is not None else absent

    @property
    def counted_in(self) -> str:
        """The zone that days are counted in."""
        return self.zone or self.chosen(self.rule.clock.zone if self.rule.clock else "", "UTC")

    @property
    def day_end(self) -> str:
        """When a day ends there."""
        return self.chosen(self.rule.clock.day_end if self.rule.clock else "", "23:59:59")


def work(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """The exposures that ask for something: still there, not settled by a statement, not accepted for a time."""
    return tuple(one for one in exposures if one.gone_at is None and one.answer in _WORK and one.acceptance is None)


def pack_of(
    *,
    asset: Asset,
    exposures: Sequence[Exposure],
    advisories: Sequence[Held],
    feeds: Sequence[Feed],
    dates: Mapping[str, Dates],
    at: datetime,
) -> EvidencePack:
    """The closed pack. `dates` is by vulnerability; one without an entry has no date, and a record says so."""
    todo = work(exposures)
    records = [
        *_asset(asset, at),
        *_components(asset, todo),
        *_feeds(feeds, todo),
        *_advisories(advisories, todo),
        *_findings(asset, todo, dates),
    ]
    for vulnerability, some in _by_vulnerability(todo).items():
        records.extend(_dated(asset, vulnerability, some, dates.get(vulnerability), at))
    return EvidencePack(at=at, records=tuple(_distinct(records)))


def component_key(exposure: Exposure) -> str:
    """How records name one component of the asset: what it is matched by."""
    held = exposure.component
    return f"{held.ecosystem}/{held.match_name}@{held.match_version}"


def _distinct(records: Iterable[Record]) -> Iterator[Record]:
    seen = set()
    for record in records:
        if record.digest not in seen:
            seen.add(record.digest)
            yield record


def _asset(asset: Asset, at: datetime) -> Iterator[Record]:
    planned = asset.planned_upgrade.isoformat() if asset.planned_upgrade else ""
    yield Record(
        kind=RecordKind.ASSET,
        facts={
            "asset": asset.id,
            "name": asset.name,
            "planned_upgrade": planned,
            "environment": str(asset.environment),
            "criticality": str(asset.criticality),
        },
        source="asset register",
        as_of=asset.changed_at,
    )
    tag = asset.exposure
    yield Record(
        kind=RecordKind.EXPOSURE,
        facts={
            "asset": asset.id,
            "value": REACHES[tag.reach(at)],
            "confidence": str(tag.confidence),
            "expires": tag.expires_at.isoformat() if tag.expires_at else "",
        },
        source=tag.source or "nobody said",
        as_of=tag.at,
    )


def _components(asset: Asset, todo: Iterable[Exposure]) -> Iterator[Record]:
    for one in todo:
        held = one.component
        yield Record(
            kind=RecordKind.COMPONENT,
            facts={
                "asset": asset.id,
                "component": component_key(one),
                "name": held.name,
                "version": held.version or held.match_version,
                "ecosystem": canonical_ecosystem(held.ecosystem),
                "feed": canonical_ecosystem(held.ecosystem),
                "match_name": package(held.ecosystem, held.match_name).name,
                "match_version": held.match_version,
                "inventory": one.inventory,
            },
            source=f"inventory {one.inventory}",
        )


def _feeds(feeds: Sequence[Feed], todo: Iterable[Exposure]) -> Iterator[Record]:
    by_name = {canonical_ecosystem(feed.ecosystem): feed for feed in feeds}
    for folded in dict.fromkeys(canonical_ecosystem(one.component.ecosystem) for one in todo):
        feed = by_name.get(folded) or by_name.get(folded.partition(":")[0])
        if feed is not None:
            yield Record(kind=RecordKind.FEED, facts={"ecosystem": folded}, source=feed.source, as_of=feed.as_of)


def _advisories(advisories: Iterable[Held], todo: Iterable[Exposure]) -> Iterator[Record]:
    """Each advisory beside each package it is about; a word about a distribution without release counts for all."""
    wanted = dict.fromkeys(package(one.component.ecosystem, one.component.match_name) for one in todo)
    by_package: defaultdict[Package, list[Held]] = defaultdict(list)
    for held in advisories:
        by_package[package_of(held.statement.affected)].append(held)
    for about in wanted:
        family = Package(about.ecosystem.partition(":")[0], about.name)
        for held in (*by_package[about], *(by_package[family] if family != about else ())):
            yield _advisory(held, about)


def _advisory(held: Held, about: Package) -> Record:
    names = {held.vulnerability, held.statement.advisory, *held.statement.aliases}
    return Record(
        kind=RecordKind.ADVISORY,
        facts={
            "advisory": held.statement.advisory,
            "vulnerability": held.vulnerability,
            "aliases": " ".join(sorted(names)),
            "ecosystem": about.ecosystem,
            "package": about.name,
            "affected": msgspec.json.encode(held.statement.affected).decode(),
        },
        source=held.statement.advisory,
        text=held.text,
    )


def _by_vulnerability(todo: Iterable[Exposure]) -> dict[str, list[Exposure]]:
    grouped: defaultdict[str, list[Exposure]] = defaultdict(list)
    for one in todo:
        grouped[one.vulnerability].append(one)
    return dict(grouped)


def _findings(asset: Asset, todo: Iterable[Exposure], dates: Mapping[str, Dates]) -> Iterator[Record]:
    for one in todo:
        dated = dates.get(one.vulnerability)
        where = clock.zone(dated.counted_in) if dated else clock.zone("UTC")
        yield Record(
            kind=RecordKind.FINDING,
            facts={
                "asset": asset.id,
                "component": component_key(one),
                "vulnerability": one.vulnerability,
                "day": clock.local_day(one.found_at, where).isoformat(),
                "answer": str(one.answer),
            },
            source=one.source or "matching",
            as_of=one.as_of,
        )


def _dated(
    asset: Asset, vulnerability: str, some: Sequence[Exposure], dated: Dates | None, at: datetime
) -> Iterator[Record]:
    facts = {
        "asset": asset.id,
        "vulnerability": vulnerability,
        "certain": "yes" if any(one.answer is Answer.AFFECTED for one in some) else "no",
    }
    if dated is None:
        reason = "no rule that gives dates applies to this asset"
        yield Record(
            kind=RecordKind.DEADLINE,
            facts=facts | {"state": UNTIMED, "reason": reason, "directive": "", "binding": ""},
            source="clock",
            as_of=at,
        )
        return
    yield _kev(vulnerability, dated)
    told = {name: _latest(some_, at) for name, some_ in _ssvc(dated.facts).items()}
    if any(told.values()):
        yield Record(
            kind=RecordKind.SSVC,
            facts={
                "vulnerability": vulnerability,
                **{name: one.value or "unknown" if one else "unknown" for name, one in told.items()},
            },
            source=_SSVC_SOURCE,
            as_of=max((one.at for one in told.values() if one), default=None),
        )
    yield Record(
        kind=RecordKind.DEADLINE,
        facts=facts | _rule(dated) | _answer(dated),
        source=f"{dated.rule.name}, SHA-256 {dated.rule.digest}",
        as_of=at,
    )


def _kev(vulnerability: str, dated: Dates) -> Record:
    held = dated.facts
    known = "unknown" if isinstance(dated.answer, NotAssessed) else "yes" if held.kev_added else "no"
    return Record(
        kind=RecordKind.KEV,
        facts={
            "vulnerability": vulnerability,
            "in_kev": known,
            "added": held.kev_added.isoformat() if held.kev_added else "",
            "due": held.kev_due.isoformat() if held.kev_due else "",
        },
        source=_KEV_SOURCE,
    )


def _ssvc(facts: Facts) -> dict[str, tuple[Told, ...]]:
    return {"automatable": facts.automatable, "technical_impact": facts.technical_impact}


def _latest(told: Sequence[Told], at: datetime) -> Told | None:
    said = [one for one in told if one.at <= at and (one.until is None or at < one.until)]
    return said[-1] if said else None


def _rule(dated: Dates) -> dict[str, str]:
    rule = dated.rule
    return {
        "directive": rule.id,
        "pack_version": rule.version,
        "binding": "yes" if rule.binding_on else "no",
        "table": rule.table.id if rule.table else "",
        "zone": dated.counted_in,
        "day_end": dated.day_end,
        "certainty": dated.answer.certainty,
    }


def _answer(dated: Dates) -> dict[str, str]:
    match dated.answer:
        case Due() as due:
            return _due(due, dated)
        case AskPerson() as ask:
            return {"state": UNDECIDED, "missing": ", ".join(ask.missing)}
        case NotAssessed() as silent:
            return {"state": UNTIMED, "reason": f"{silent.reason}; {silent.remedy}"}
        case silent_:
            return {"state": UNTIMED, "reason": silent_.reason}


def _due(due: Due, dated: Dates) -> dict[str, str]:
    values = {one.input: one.value or "" for one in due.known} | {one.input: one.value for one in due.defaulted}
    table = dated.rule.table
    if table is not None:
        names = {one.name: {v.key: v.name for v in one.values} for one in table.inputs}
        values = {name: names.get(name, {}).get(value, value) for name, value in values.items()}
    facts = {
        **values,
        "row": str(due.row),
        "tier": due.tier_name,
        "standing": due.standing,
        "triage": "yes" if due.triage else "no",
        "assumed": "; ".join(f"{one.param}: {one.input} = {one.value}" for one in due.defaulted),
        "assumed_inputs": " ".join(one.input for one in due.defaulted),
        "params": " ".join(f"{one.id}={one.value}" for one in due.params),
        "conflict": "yes" if due.conflict else "no",
    }
    if due.due is None or due.leads in {Leads.UPGRADE, Leads.NOTHING}:
        return facts | {"state": UPGRADE}
    tier = dated.rule.outcome(due.tier)
    where = clock.zone(dated.counted_in)
    facts |= {
        "state": DUE,
        "start_day": due.start.day.isoformat(),
        "event": _EVENTS.get(due.start.event, due.start.event),
        "due": due.due.isoformat(),
        "governing": "catalogue" if due.leads is Leads.KEV else "table",
    }
    if due.kev_due is not None:
        facts["kev_due"] = clock.local_day(due.kev_due, where).isoformat()
    if due.table_due is not None and tier.amount is not None and tier.unit in {Unit.DAY, Unit.MONTH}:
        facts |= {"amount": str(tier.amount), "unit": str(tier.unit), "counted_from": _begun(due, tier, dated)}
    return facts


def _begun(due: Due, tier: Outcome, dated: Dates) -> str:
    """The day that the time was counted from: the start, or the day of a tightening where a parameter says so.

    The engine does not tell the day of a tightening, so it is looked for: the day from which the tier gives the date.
    """
    where, ends = clock.zone(dated.counted_in), time.fromisoformat(dated.day_end)
    last = clock.local_day(due.at, where)
    day = due.start.day
    while day <= last:
        if tier.amount is not None and clock.due(day, tier.amount, tier.unit, where, ends) == due.table_due:
            return day.isoformat()
        day += timedelta(days=1)
    return due.start.day.isoformat()
