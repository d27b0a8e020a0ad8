"""Gather what advice stands on: the IO of `evidence`, `plan`, `remedies` and `attest`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from comity import __version__
from comity.defend import evidence, flow, flow_deadlines, flow_register, packs, remedies
from comity.defend.attest import FeedUse, Inputs, Listed, Mirrors, Parameters
from comity.defend.clock import Clocks
from comity.defend.evidence import Dates, Held
from comity.defend.facts import Facts
from comity.defend.match import MAX_AGE, Row
from comity.defend.plan_facts import Tables
from comity.defend.segments import Feed, Index, Statement, index, statements
from comity.defend.solve import Solution, solve
from comity.errors import Missing
from comity.formats import directive
from comity.formats.versions.identity import Package, package
from comity.model import signals
from comity.model.asset import Asset, Domain
from comity.model.authoring import Stage
from comity.model.directive import Pack, Policy
from comity.model.ids import AssetId
from comity.model.inventory import Answer, Exposure
from comity.model.party import Viewer
from comity.model.plan import EvidencePack
from comity.model.remedy import Remedy
from comity.store import directives, inventories, mirrored, parties, upstream
from comity.store.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a plan for one asset stands on."""

    asset: Asset
    pack: EvidencePack
    tables: Tables
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """The directive packs of a domain, and the host's choices."""

    packs: tuple[Pack, ...]
    policy: Policy
    zone: str
    clocks: Clocks

    def dates(self, facts: Facts) -> Dates | None:
        course = self.clocks.course(facts)
        if course is None:
            return None
        answer = course.answer()
        rule = next(one for one in self.packs if (one.id, one.version) == (answer.pack, answer.version))
        return Dates(answer=answer, facts=facts, rule=rule, policy=self.policy, zone=self.zone)


def gather(tx: Tx, machines: flow.Machines, viewer: Viewer, id_: AssetId) -> Gathered:
    """Asset, exposures, advisories, feeds and dates, closed into a pack. Missing for an asset of somebody else's."""
    at = machines.now()
    asset = inventories.asset(tx, id_, viewer)
    exposures = tuple(flow.exposures(tx, asset, viewer, now=at))
    todo = evidence.work(exposures)
    known = _knowledge(tx, _packages(todo))
    rules = _rules(tx, machines, viewer, asset.domain, at=at)
    found = flow_deadlines.gather(tx, viewer, at=at, only=id_)
    dates = {}
    for finding in found.findings:
        dated = rules.dates(finding.facts)
        if dated is not None:
            dates[finding.facts.vulnerability] = dated
    pack = evidence.pack_of(
        asset=asset,
        exposures=exposures,
        advisories=list(_held(known, todo)),
        feeds=list(known.feeds.values()),
        dates=dates,
        at=at,
    )
    tables = {one.table.id: one.table for one in rules.packs if one.table is not None}
    return Gathered(asset=asset, pack=pack, tables=tables, exposures=exposures)


def listed(
    tx: Tx,
    machines: flow.Machines,
    viewer: Viewer,
    only: AssetId | None = None,
    *,
    wanted: flow_deadlines.Wanted | None = None,
) -> tuple[Remedy, ...]:
    """Every finding that this viewer meets, one asset's, or those `wanted`, most pressing first."""
    at = machines.now()
    found = flow_deadlines.gather(tx, viewer, at=at, only=only, wanted=wanted)
    exposures = [one for finding in found.findings for one in finding.exposures]
    known = _knowledge(tx, _packages(exposures))
    titles = _titles(known, exposures)
    names = {one.id: one.name for one in parties.all_organisations(tx)}
    rules: dict[Domain, _Rules] = {}
    solved: dict[Row, Solution] = {}
    made = []
    for finding in found.findings:
        domain = finding.asset.domain
        if domain not in rules:
            rules[domain] = _rules(tx, machines, viewer, domain, at=at)
        dated = rules[domain].dates(finding.facts)
        for exposure in finding.exposures:
            row = _row(exposure)
            if row not in solved and exposure.gone_at is None:
                solved[row] = solve(known.index, row, now=at, max_age=MAX_AGE)
            made.append(
                remedies.remedy(
                    asset=finding.asset,
                    exposure=exposure,
                    facts=finding.facts,
                    answer=dated.answer if dated else None,
                    rule=dated.rule if dated else None,
                    solution=solved.get(row) if exposure.gone_at is None else None,
                    title=titles.get(exposure.vulnerability, ""),
                    organisation=names.get(finding.asset.organisation, str(finding.asset.organisation)),
                    zone=dated.counted_in if dated else "UTC",
                    at=at,
                )
            )
    return tuple(sorted(made, key=remedies.urgency))


def snapshot_inputs(tx: Tx, machines: flow.Machines, viewer: Viewer) -> Inputs:
    """What a snapshot of all that this viewer sees is computed from."""
    at = machines.now()
    held = [
        Listed(
            inventory=one.id,
            document=one.document,
            components=inventories.contents(tx, one.id, viewer).components,
        )
        for one in inventories.every(tx, viewer)
    ]
    packages = {package(component.ecosystem, component.match_name) for one in held for component in one.components}
    known = _knowledge(tx, packages)
    found = flow_deadlines.gather(tx, viewer, at=at)
    exposures = [one for finding in found.findings for one in finding.exposures]
    return Inputs(
        inventories=tuple(held),
        statements=known.index.statements,
        mirrors=Mirrors(
            feeds=tuple(
                FeedUse(
                    ecosystem=one.ecosystem,
                    source=one.source,
                    as_of=one.as_of or one.fetched_at,
                    digest=one.digest,
                    releases=_sorted(known.feeds[one.ecosystem].releases),
                )
                for one in mirrored.feeds(tx)
            ),
            kev_as_of=found.feeds.kev_as_of,
            kev_digest=_digest(tx, signals.KEV_SOURCE),
            ssvc_as_of=found.feeds.ssvc_as_of,
            ssvc_digest=_digest(tx, signals.SSVC_SOURCE),
        ),
        facts=tuple(finding.facts for finding in found.findings),
        parameters=Parameters(
            at=at,
            organisation=viewer.organisation,
            tool=f"comity {__version__}",
            max_age_days=MAX_AGE.days,
            zone=machines.settings.zone,
            policy=flow_deadlines.policy(machines),
            accepted=sum(one.acceptance is not None for one in exposures),
            settled_by_vex=sum(one.vex is not None and one.answer is Answer.NOT_AFFECTED for one in exposures),
        ),
        packs={f"{name}.yaml": directive.shipped_bytes(name) for name in packs.BY_DEFAULT},
        own_packs=followed(tx, viewer),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The advisories about some packages, laid out, with what their sources wrote."""

    index: Index
    feeds: Mapping[str, Feed]
    titles: Mapping[str, str]
    texts: Mapping[str, str]


def _knowledge(tx: Tx, packages: Iterable[Package]) -> _Known:
    wanted = set(packages)
    mirrors = mirrored.feeds(tx)
    releases = flow_register.releases(tx, mirrors, wanted)
    feeds = {
        one.ecosystem: Feed(
            ecosystem=one.ecosystem,
            source=one.source,
            as_of=one.as_of or one.fetched_at,
            releases=releases.get(one.source),
        )
        for one in mirrors
    }
    advisories = [advisory for _, advisory in mirrored.about(tx, wanted)]
    advisories += flow_register.own_advisories(tx)
    laid: list[Statement] = [one for advisory in advisories for one in statements(advisory)]
    return _Known(
        index=index(laid, feeds=feeds.values()),
        feeds=feeds,
        titles={advisory.id: advisory.title or advisory.summary for advisory in advisories},
        texts={advisory.id: advisory.summary or advisory.details[:600] for advisory in advisories},
    )


def _sorted(releases: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if releases is None else tuple(sorted(releases))


def _packages(exposures: Iterable[Exposure]) -> set[Package]:
    return {package(one.component.ecosystem, one.component.match_name) for one in exposures}


def _row(exposure: Exposure) -> Row:
    held = exposure.component
    return Row(held.ecosystem, held.match_name, held.match_version)


def _held(known: _Known, todo: Iterable[Exposure]) -> Iterator[Held]:
    """Each statement under the name that the exposures use for its vulnerability."""
    named = {advisory: one.vulnerability for one in todo for advisory in one.advisories}
    for place, statement in enumerate(known.index.statements):
        yield Held(
            statement=statement,
            vulnerability=named.get(statement.advisory, known.index.vulnerability[place]),
            text=known.texts.get(statement.advisory, ""),
        )


def _titles(known: _Known, exposures: Iterable[Exposure]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in exposures:
        for advisory in one.advisories:
            found.setdefault(one.vulnerability, known.titles.get(advisory, ""))
    return found


def _rules(tx: Tx, machines: flow.Machines, viewer: Viewer, domain: Domain, *, at: datetime) -> _Rules:
    own = [directive.read(data) for data in followed(tx, viewer).values()]
    held = packs.for_domain(domain, directive.every_shipped(), own)
    policy, zone = flow_deadlines.policy(machines), machines.settings.zone
    clocks = Clocks(held, at=at, feeds=flow_deadlines.feeds(tx), policy=policy, zone=zone)
    return _Rules(packs=held, policy=policy, zone=zone, clocks=clocks)


def followed(tx: Tx, viewer: Viewer) -> dict[str, bytes]:
    """The packs that the viewer's organisation follows and has, published here or shipped: file name and bytes."""
    wanted = {one.pack_id for one in directives.followed(tx, viewer.organisation, viewer)}
    shipped = {one.id for one in directive.every_shipped()}
    found = {f"{name}.yaml": directive.shipped_bytes(name) for name in sorted(wanted & shipped)}
    for one in directives.every(tx, viewer, stage=Stage.PUBLISHED):
        if one.pack_id in wanted:
            found[f"{one.pack_id}-{len(found)}.yaml"] = one.pack
    return found


def _digest(tx: Tx, source: str) -> str:
    try:
        return upstream.mirror(tx, source).digest
    except Missing:
        return ""
