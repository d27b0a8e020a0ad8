"""Bench `plans`: how many planted falsehoods a remediation plan's checker lets pass, and how much truth it refuses.

Estates are drawn with a seed from the PyPA advisories given, with the KEV catalogue and the SSVC inputs that ship with
Comity, and dated by the shipped BOD 26-04 table. Each asset's template plan must be accepted; then one falsehood at a
time is put into it (`plans_lies`, `plans_lies_spelling`). `unsupported_rate` is accepted falsehoods / planted ones. A
checker that refuses everything would score 0 too, so the share of true plans and of faithful rewordings that pass
stands beside it.
"""

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from comity.bench.match import read_statements
from comity.bench.plans_lies import LIARS, Liar
from comity.bench.plans_lies_spelling import SPELLINGS
from comity.defend.plan import compose
from comity.defend.plan_check import Checker
from comity.defend.plan_facts import Tables
from comity.defend.segments import Feed, Index, index
from comity.defend.solve import releases
from comity.formats import pack as packs
from comity.formats import upstream
from comity.formats.versions import Inside, Outside, covers
from comity.formats.versions.identity import Package
from comity.model import clock, signals
from comity.model.decision import Undecided, decide
from comity.model.plan import EvidencePack, Plan, Record, RecordKind, SentenceKind

EVERY: Final[Mapping[str, Liar]] = {**LIARS, **SPELLINGS}
"""Every kind of falsehood that is planted."""
AT: Final = datetime(2026, 12, 20, 12, tzinfo=UTC)
ZONE: Final = "America/New_York"
DAYS: Final = {"3DF": 3, "3D": 3, "14D": 14, "60D": 60}
REWORDINGS: Final[Mapping[SentenceKind, Sequence[tuple[str, str]]]] = {
    SentenceKind.UPGRADE: (("Upgrade ", "Please update "), ("; vulnerabilities", "; the vulnerabilities")),
    SentenceKind.DUE: (("Fix ", "Please fix "), ("; the clock started on", "; its clock started on")),
    SentenceKind.REACHED: ((" reaches ", " affects "),),
    SentenceKind.SHIELD: (("Until a fix is in,", "Please, until a fix is in,"), ("keep unt", "keep the unt")),
    SentenceKind.EXPLOITED: (("as known to be exploited", "as exploited"),),
    SentenceKind.TRIAGE: (("Collect volatile evidence", "Please collect the volatile evidence"),),
    SentenceKind.COUNT: (("Vulnerabilities to treat on", "The vulnerabilities to treat on"),),
    SentenceKind.MAJOR: ((": ", ", "), ("; test it first", "; please test it first")),
    SentenceKind.NO_FIX: (("No advisory names a version that", "There is no advisory that names a version which"),),
}
"""Faithful changes of words, such as a model may make."""
_FACTS: Final = (signals.KEV, signals.KEV_ADDED, signals.KEV_DUE, signals.AUTOMATABLE, signals.IMPACT)


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. Missing when the folder holds no `pypa.jsonl.gz`."""
    parser = argparse.ArgumentParser(prog="comity bench plans", description=__doc__)
    parser.add_argument("--advisories", default="../shared/data/advisories")
    parser.add_argument("--assets", type=int, default=24)
    parser.add_argument("--per-kind", type=int, default=60, help="falsehoods of one kind in one plan, drawn")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(args)
    statements = read_statements(Path(options.advisories) / "pypa.jsonl.gz")
    built = index(statements, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=AT - timedelta(days=1)),))
    return measure(built, assets=options.assets, per_kind=options.per_kind, seed=options.seed)


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    lines = [f"{'planted':<22} {'caught':>7} {'of':>7}"]
    lines += [f"{kind:<22} {row['caught']:>7,} {row['of']:>7,}" for kind, row in result["planted"].items()]
    rate, accepted = result["unsupported_rate"], result["accepted"]
    lines.append(f"unsupported rate {rate:.4f} ({accepted} of {result['of']:,} accepted)")
    lines.append(f"true plans accepted {result['true_plans']['accepted']} of {result['true_plans']['of']}")
    lines.append(f"faithful rewordings accepted {result['rewordings']['accepted']} of {result['rewordings']['of']}")
    lines.append(f"{result['sentences']:,} sentences on {result['records']:,} records of {result['assets']} assets")
    return "\n".join(lines)


def measure(built: Index, *, assets: int, per_kind: int, seed: int) -> dict[str, Any]:
    """Draw the assets, plan, plant, check."""
    tables: Tables = {packs.BOD_26_04: packs.shipped_table(packs.BOD_26_04)}
    draw = random.Random(seed)  # noqa: S311  a seeded draw, nothing secret
    planted = {kind: {"caught": 0, "of": 0} for kind in EVERY}
    true_plans, rewordings = {"accepted": 0, "of": 0}, {"accepted": 0, "of": 0}
    sentences = records = 0
    missed: list[dict[str, str]] = []
    for held in islice(Estate(built, draw).assets(tables), assets):
        plan, checker = compose(held, tables), Checker(held, tables)
        true_plans["of"] += 1
        true_plans["accepted"] += not checker.check(plan)
        sentences += len(plan.sentences)
        records += len(held.records)
        for reworded in _rewordings(plan):
            rewordings["of"] += 1
            rewordings["accepted"] += not checker.check(reworded)
        for kind, liar in EVERY.items():
            lies = [lie for lie in liar(plan, held) if lie != plan]
            for lie in draw.sample(lies, min(per_kind, len(lies))):
                planted[kind]["of"] += 1
                if checker.check(lie):
                    planted[kind]["caught"] += 1
                else:
                    missed.append({"kind": kind, "text": _difference(lie, plan)})
    planted_all = sum(row["of"] for row in planted.values())
    accepted = planted_all - sum(row["caught"] for row in planted.values())
    return {
        "unsupported_rate": accepted / planted_all if planted_all else None,
        "planted": planted,
        "accepted": accepted,
        "of": planted_all,
        "missed": missed[:20],
        "true_plans": true_plans,
        "rewordings": rewordings,
        "assets": true_plans["of"],
        "sentences": sentences,
        "records": records,
        "seed": seed,
        "missing": [],
    }


def _difference(lie: Plan, plan: Plan) -> str:
    changed = [one.text for one in lie.sentences if one not in plan.sentences]
    return changed[0] if changed else f"{len(lie.sentences)} sentences of {len(plan.sentences)}"


def _rewordings(plan: Plan) -> Iterator[Plan]:
    for place, one in enumerate(plan.sentences):
        for old, new in REWORDINGS.get(one.kind, ()):
            if old in one.text:
                changed = list(plan.sentences)
                changed[place] = replace(one, text=one.text.replace(old, new, 1))
                yield replace(plan, sentences=tuple(changed))
    yield replace(plan, sentences=tuple(reversed(plan.sentences)))
    optional = tuple(one for one in plan.sentences if one.kind not in {SentenceKind.ROW, SentenceKind.MAJOR})
    yield replace(plan, sentences=optional)


class Estate:
    """Assets drawn from the advisories: two to five packages each, at versions that some advisory lists."""

    def __init__(self, built: Index, draw: random.Random) -> None:
        self._index, self._draw = built, draw
        catalogue, vulnrichment = packs.starter()
        self._facts: dict[tuple[str, str], str] = {}
        for fact in (*upstream.kev(catalogue).facts, *upstream.cve_records(vulnrichment).facts):
            if fact.name in _FACTS and fact.value:
                self._facts[fact.subject, fact.name] = fact.value
        self._packages = [p for p in sorted(built.lines) if len(built.lines[p].everything) <= 40]
        self._told = [p for p in self._packages if any(self._known(name) for name in self._names(p))]

    def assets(self, tables: Tables) -> Iterator[EvidencePack]:
        """One asset after another, without end."""
        number = 0
        while True:
            number += 1
            chosen = {self._draw.choice(self._told), *self._draw.sample(self._packages, self._draw.randint(1, 4))}
            records = list(self._records(f"A-{number}", sorted(chosen), tables))
            if any(record.kind is RecordKind.DEADLINE for record in records):
                yield EvidencePack(at=AT, records=tuple(records))

    def _names(self, package: Package) -> set[str]:
        return {self._index.vulnerability[place] for place in self._index.lines[package].everything}

    def _known(self, vulnerability: str) -> bool:
        return any((vulnerability, name) in self._facts for name in _FACTS)

    def _records(self, asset: str, packages: Sequence[Package], tables: Tables) -> Iterator[Record]:
        exposure = self._draw.choice(["yes", "no", "unknown"])
        planned = self._draw.choice(["", "2027-03-01"])
        yield _record(RecordKind.ASSET, asset=asset, name=f"portal-{asset[2:]}", planned_upgrade=planned)
        yield _record(RecordKind.EXPOSURE, asset=asset, value=exposure)
        yield _record(RecordKind.FEED, source="pypa", ecosystem="PyPI")
        seen: dict[str, tuple[date, bool]] = {}
        for package in packages:
            known = releases(self._index, "PyPI", package.name)
            if not known:
                continue
            version = self._draw.choice(known)
            key = f"{package.name}@{version}"
            yield _record(
                RecordKind.COMPONENT, asset=asset, component=key, name=package.name, version=version,
                ecosystem="PyPI", feed="PyPI", match_name=package.name, match_version=version,
            )  # fmt: skip
            for place in self._index.lines[package].everything:
                statement = self._index.statements[place]
                vulnerability = self._index.vulnerability[place]
                yield _record(
                    RecordKind.ADVISORY, source="pypa", advisory=statement.advisory, vulnerability=vulnerability,
                    aliases=" ".join({vulnerability, *statement.aliases}), ecosystem="PyPI", package=package.name,
                    affected=msgspec.json.encode(statement.affected).decode(),
                )  # fmt: skip
                touch = covers(statement.affected, version)
                if isinstance(touch, Outside):
                    continue
                day = AT.date() - timedelta(days=self._draw.randint(0, 70))
                first, certain = seen.get(vulnerability, (day, False))
                seen[vulnerability] = (min(day, first), certain or isinstance(touch, Inside))
                yield _record(
                    RecordKind.FINDING, asset=asset, component=key, vulnerability=vulnerability, day=day.isoformat()
                )
        for vulnerability, (found, certain) in seen.items():
            yield from self._dated(asset, vulnerability, found, exposure, tables, certain="yes" if certain else "no")

    def _dated(
        self, asset: str, vulnerability: str, found: date, exposure: str, tables: Tables, *, certain: str
    ) -> Iterator[Record]:
        told = {name: self._facts.get((vulnerability, name), "") for name in _FACTS}
        added, due = told[signals.KEV_ADDED], told[signals.KEV_DUE]
        in_kev = "yes" if added else "no"
        automatable = told[signals.AUTOMATABLE] or "unknown"
        impact = told[signals.IMPACT] or "unknown"
        yield _record(
            RecordKind.KEV, source=signals.KEV_SOURCE, vulnerability=vulnerability, in_kev=in_kev, added=added, due=due
        )
        if told[signals.AUTOMATABLE]:
            yield _record(
                RecordKind.SSVC, source=signals.SSVC_SOURCE, vulnerability=vulnerability, automatable=automatable,
                technical_impact=impact,
            )  # fmt: skip
        held = {
            "publicly_exposed": exposure,
            "in_kev": in_kev,
            "automatable": automatable,
            "technical_impact": impact,
        }
        facts = {
            "asset": asset, "vulnerability": vulnerability, "certain": certain, "directive": "BOD 26-04",
            "binding": "yes", "standing": "binding", "table": packs.BOD_26_04, "zone": ZONE, "kev_due": due,
        }  # fmt: skip
        decision = decide(
            tables[packs.BOD_26_04], {name: None if value == "unknown" else value for name, value in held.items()}
        )
        if isinstance(decision, Undecided) and decision.assumed is None:
            missing = ", ".join(decision.missing)
            yield _record(RecordKind.DEADLINE, source="clock", **facts, state="undecided", missing=missing)
            return
        row = decision.assumed.row if isinstance(decision, Undecided) and decision.assumed else decision.rows[0]
        named = tables[packs.BOD_26_04]
        values = dict(zip((one.name for one in named.inputs), row.given, strict=True))
        used = {one.name: next(v.name for v in one.values if v.key == values[one.name]) for one in named.inputs}
        assumed = [name for name, value in held.items() if value == "unknown"]
        start, event = min((found.isoformat(), "found on the asset"), (added or "9999", "added to KEV"))
        facts |= {
            **used,
            "row": str(row.number),
            "tier": named.outcome(row.then).name,
            "triage": "yes" if row.then == "3DF" else "no",
            "assumed": ", ".join(f"{name} = {used[name]}" for name in assumed),
            "assumed_inputs": " ".join(assumed),
            "start_day": start,
            "counted_from": start,
            "event": event,
        }
        if row.then not in DAYS:
            yield _record(RecordKind.DEADLINE, source="clock", **facts, state="upgrade")
            return
        where = clock.zone(ZONE)
        table_due = clock.end_of_day(date.fromisoformat(start) + timedelta(days=DAYS[row.then]), where)
        kev_due = clock.end_of_day(date.fromisoformat(due), where) if due else None
        leads = "catalogue" if kev_due is not None and kev_due < table_due else "table"
        governing = kev_due if kev_due is not None and leads == "catalogue" else table_due
        conflict = "yes" if kev_due is not None and kev_due != table_due else "no"
        yield _record(
            RecordKind.DEADLINE, source="clock", **facts, state="due", amount=str(DAYS[row.then]), unit="calendar_day",
            governing=leads, conflict=conflict, due=governing.astimezone(UTC).isoformat(),
        )  # fmt: skip


def _record(kind: RecordKind, source: str = "estate", **facts: str) -> Record:
    return Record(kind=kind, facts=facts, source=source, as_of=AT - timedelta(days=1))
