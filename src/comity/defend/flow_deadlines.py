"""Gather what the clock needs from the store: assets with all their states, findings, what upstream says of each."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TypeAlias

from comity.defend import expose, flow_kept, inputs
from comity.defend.expose import Said
from comity.defend.facts import Facts, Feeds, Told
from comity.defend.flow import Machines, said_of
from comity.errors import Invalid, Missing, Problem
from comity.formats import directive
from comity.model import signals
from comity.model.asset import Asset, Confidence, Domain, Reach, StatedInput
from comity.model.directive import Policy
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Answer, Contents, Exposure, Matched
from comity.model.party import Viewer
from comity.model.signals import Fact
from comity.model.triage import Work
from comity.store import directives, inventories, upstream
from comity.store.engine import Tx
from comity.store.upstream import Mirror

WORDS = {Reach.PUBLIC: "yes", Reach.INTERNAL: "no", Reach.UNKNOWN: None}
EARLY = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a statement without a date: it always held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One vulnerability on one asset with everything the clock asks, and the components it is in."""

    asset: Asset
    facts: Facts
    exposures: tuple[Exposure, ...]
    work: Work | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Every finding a viewer meets. `undecided`: findings whose matching could not be decided, which have no date.
    Of findings that were asked for by name, the counts are of these alone."""

    findings: tuple[Finding, ...]
    assets: int
    undecided: int
    not_assessed: int
    feeds: Feeds


def policy(machines: Machines) -> Policy:
    """The host's choices. Invalid for a text that is no list of `parameter=value`, and for one no shipped pack knows:
    a slip of the pen does not pass for a choice."""
    return _policy(machines.settings.directive_choices)


@cache
def _policy(text: str) -> Policy:
    found: dict[str, str] = {}
    problems: list[Problem] = []
    known = _choices()
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, equals, value = (one.strip() for one in part.partition("="))
        found[name] = value
        if not equals:
            reason = "give parameter=value, separated by commas"
        elif name not in known:
            reason = f"no shipped pack has such a parameter: one of {', '.join(sorted(known))}"
        elif known[name] and value not in known[name]:
            reason = f"one of {', '.join(sorted(known[name]))}"
        else:
            continue
        problems.append(Problem(f"/directive_choices/{name[:64]}", "bad_choice", reason))
    if problems:
        raise Invalid("COMITY_DIRECTIVE_CHOICES cannot be read", problems)
    return found


def _choices() -> dict[str, set[str]]:
    """Every parameter of a shipped pack with its choices; an empty set takes any text of the right form."""
    found: dict[str, set[str]] = {}
    for pack in directive.every_shipped():
        for one in pack.parameters:
            found.setdefault(one.id, set()).update(one.choices)
    return found


Wanted: TypeAlias = Mapping[AssetId, Collection[str]]
"""Some assets, and of each some vulnerabilities."""


def gather(
    tx: Tx, viewer: Viewer, *, at: datetime, only: AssetId | None = None, wanted: Wanted | None = None
) -> Gathered:
    """The findings of every asset this viewer meets, of one, or those `wanted`. Missing for one that is not theirs."""
    if wanted is not None:
        assets: list[Asset] = list(inventories.assets_of(tx, list(wanted), viewer))
    elif only is not None:
        assets = [inventories.asset(tx, only, viewer)]
    else:
        assets = list(inventories.assets_of(tx, list(inventories.asset_versions(tx, viewer)), viewer))
    is_whole = wanted is None and only is None
    done = directives.every_work(tx, viewer) if is_whole else directives.works_of(tx, [a.id for a in assets], viewer)
    works = {(one.asset, one.vulnerability): one for one in done}
    held: dict[InventoryId, tuple[Contents, Matched]] = {}
    saids: dict[tuple[str, Domain], Said] = {}
    grouped: list[tuple[Asset, dict[str, list[Exposure]]]] = []
    undecided = not_assessed = 0
    for asset in assets:
        owner = (asset.organisation, asset.domain)
        if owner not in saids:
            saids[owner] = said_of(tx, asset.organisation, asset.domain, viewer)
        _held(tx, asset, viewer, held)
        by_flaw: dict[str, list[Exposure]] = {}
        flaws = None if wanted is None else wanted[asset.id]
        for one in expose.exposures(asset, held, saids[owner], now=at, gone=True, flaws=flaws):
            undecided += one.answer is Answer.UNKNOWN
            not_assessed += one.answer is Answer.NOT_ASSESSED
            if is_finding(one):
                by_flaw.setdefault(one.vulnerability, []).append(one)
        grouped.append((asset, by_flaw))
    said = upstream.several(tx, {flaw for _, by_flaw in grouped for flaw in by_flaw})
    findings = [
        _finding(tx, viewer, asset, flaw, exposures, said.get(flaw, {}), works.get((asset.id, flaw)))
        for asset, by_flaw in grouped
        for flaw, exposures in by_flaw.items()
    ]
    return Gathered(
        findings=tuple(findings),
        assets=len(assets),
        undecided=undecided,
        not_assessed=not_assessed,
        feeds=feeds(tx),
    )


def is_finding(one: Exposure) -> bool:
    """What the clock is asked about: what reaches the asset, or did.

    A finding out of advisories that have grown old is still a finding: its date stands, and the age is told.
    """
    return one.answer in {Answer.AFFECTED, Answer.NOT_ASSESSED} or one.gone_at is not None


def feeds(tx: Tx) -> Feeds:
    """The dates of the mirrors: when last known to be upstream's newest, else when they were fetched."""
    return Feeds(kev_as_of=_dated(tx, signals.KEV_SOURCE), ssvc_as_of=_dated(tx, signals.SSVC_SOURCE))


def _dated(tx: Tx, source: str) -> datetime | None:
    try:
        mirror: Mirror = upstream.mirror(tx, source)
    except Missing:
        return None
    return mirror.current_as_of or mirror.fetched_at


def _held(tx: Tx, asset: Asset, viewer: Viewer, held: dict[InventoryId, tuple[Contents, Matched]]) -> None:
    for runs in asset.runs:
        if runs.inventory in held:
            continue
        found = flow_kept.newest(tx, runs.inventory, viewer)
        if found is not None:
            held[runs.inventory] = found


def _finding(
    tx: Tx,
    viewer: Viewer,
    asset: Asset,
    flaw: str,
    exposures: list[Exposure],
    said: Mapping[tuple[str, str], Fact],
    work: Work | None,
) -> Finding:
    gone = [one.gone_at for one in exposures if one.gone_at is not None]
    is_gone = len(gone) == len(exposures)
    done = max(gone) if is_gone else None if work is None else work.done_at
    facts = facts_of(
        asset,
        flaw,
        found_at=min(one.found_at for one in exposures),
        exposure=exposed(tx, viewer, asset),
        said=said,
        done_at=done,
        mitigated_at=None if work is None else work.mitigated_at,
        stated=() if work is None else work.inputs,
    )
    return Finding(asset=asset, facts=facts, exposures=tuple(exposures), work=work)


def facts_of(
    asset: Asset,
    flaw: str,
    *,
    found_at: datetime,
    exposure: tuple[Told, ...],
    said: Mapping[tuple[str, str], Fact],
    done_at: datetime | None,
    mitigated_at: datetime | None,
    stated: tuple[StatedInput, ...] = (),
) -> Facts:
    """What the clock asks, out of what is held about asset and vulnerability, and what people stated for it."""
    other, events = inputs.other((*asset.inputs, *stated)) if asset.inputs or stated else ({}, {})
    return Facts(
        asset=asset.id,
        vulnerability=flaw,
        domain=asset.domain,
        found_at=found_at,
        exposure=exposure,
        kev_added=_day(said, signals.KEV_ADDED),
        kev_due=_day(said, signals.KEV_DUE),
        automatable=_told(said, signals.AUTOMATABLE),
        technical_impact=_told(said, signals.IMPACT),
        other=other,
        events=events,
        upgrade_on=asset.planned_upgrade,
        done_at=done_at,
        mitigated_at=mitigated_at,
    )


def exposed(tx: Tx, viewer: Viewer, asset: Asset) -> tuple[Told, ...]:
    """What was said of an asset's reach, oldest first."""
    return tuple(_exposed(inventories.history(tx, asset.id, viewer))) if asset.version > 1 else _tag(asset)


def _exposed(history: tuple[Asset, ...]) -> Iterator[Told]:
    """What was said of an asset's reach over its states, each said once."""
    before: object = None
    for state in history:
        if state.exposure != before:
            yield from _tag(state)
            before = state.exposure


def _tag(asset: Asset) -> tuple[Told, ...]:
    tag = asset.exposure
    if not tag.source and tag.value is Reach.UNKNOWN:
        return ()
    value = None if tag.confidence is Confidence.PROPOSED else WORDS[tag.value]
    source = tag.source or "asset register"
    return (Told(value=value, at=max(tag.at or asset.changed_at, asset.added_at), source=source, until=tag.expires_at),)


def _told(said: Mapping[tuple[str, str], Fact], name: str) -> tuple[Told, ...]:
    fact = said.get((signals.SSVC_SOURCE, name))
    if fact is None or fact.value is None:
        return ()
    return (Told(value=fact.value, at=fact.as_of or EARLY, source=signals.SSVC_SOURCE),)


def _day(said: Mapping[tuple[str, str], Fact], name: str) -> date | None:
    fact = said.get((signals.KEV_SOURCE, name))
    return None if fact is None or fact.value is None else date.fromisoformat(fact.value)
