"""Decide what reaches an asset: the hits of what it runs, weighed against what people have said about them.

Order of truth: a supplier's VEX for exactly this product and version goes before an advisory; an accepted risk changes
no answer. Statements and acceptances lapse, and a lapsed one stays on the exposure it no longer settles, with why.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from comity.formats.versions import Inside, Undecided, vers
from comity.formats.versions.encode import HIGHEST
from comity.formats.versions.identity import Package, package
from comity.model.asset import Asset
from comity.model.ids import InventoryId
from comity.model.inventory import (
    Acceptance,
    Answer,
    Answered,
    Component,
    Contents,
    Exposure,
    Hit,
    Lapse,
    Lapsed,
    Matched,
    Vex,
    VexStatus,
)

BOUND_TO_SURROUNDINGS: Final = frozenset(
    {
        "requires_configuration",
        "requires_environment",
        "protected_at_perimeter",
        "protected_by_mitigating_control",
        "inline_mitigations_already_exist",
    }
)
"""Justifications (CycloneDX 1.4 impact analysis; CISA VEX status justifications) that hold only while the asset stands
where it stood: they lapse when who can reach it changes."""
_SETTLES: Final = frozenset({VexStatus.NOT_AFFECTED, VexStatus.FIXED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What people have said, by package: statements for one owner and domain, acceptances for its assets."""

    statements: Mapping[Package, tuple[Vex, ...]]
    acceptances: Mapping[str, tuple[Acceptance, ...]]
    """By asset."""
    kev: Mapping[str, date | None]
    """Vulnerability -> the day it entered CISA's catalogue; None when the catalogue gives no day."""


NOTHING_SAID: Final = Said(statements={}, acceptances={}, kev={})


def said(statements: Iterable[Vex], acceptances: Iterable[Acceptance], kev: Mapping[str, date | None]) -> Said:
    """Lay out what was said so that each exposure finds its own."""
    by_package: defaultdict[Package, list[Vex]] = defaultdict(list)
    for statement in statements:
        by_package[package(statement.ecosystem, statement.name)].append(statement)
    by_asset: defaultdict[str, list[Acceptance]] = defaultdict(list)
    for acceptance in acceptances:
        by_asset[acceptance.asset].append(acceptance)
    return Said(
        statements={key: tuple(sorted(some, key=lambda s: s.said_at)) for key, some in by_package.items()},
        acceptances={key: tuple(some) for key, some in by_asset.items()},
        kev=kev,
    )


def exposures(
    asset: Asset,
    held: Mapping[InventoryId, tuple[Contents, Matched]],
    said: Said,
    *,
    now: datetime,
    gone: bool = False,
    flaws: Collection[str] | None = None,
) -> Iterator[Exposure]:
    """Everything that reaches one asset now, one exposure per component and vulnerability, in the inventory's order.

    With `gone` also what reached it once and no longer does; with `flaws` what these vulnerabilities do alone. An
    inventory that was never matched gives nothing: the caller shows its components as not assessed.
    """
    for runs in asset.runs:
        if runs.inventory not in held:
            continue
        contents, matched = held[runs.inventory]
        for answered in matched.answers:
            component = contents.components[answered.place]
            for found in _of_component(asset, runs.inventory, component, answered, matched.at, flaws):
                yield _weighed(replace(found, found_at=max(found.found_at, runs.since)), asset, said, now)
        seen = frozenset((a.place, h.vulnerability) for a in matched.answers for h in a.hits)
        yield from (
            _accepted_too(replace(one, found_at=max(one.found_at, runs.since)), asset, said, now)
            for one in _by_statement(asset, runs.inventory, contents, said, seen=seen)
            if flaws is None or one.vulnerability in flaws
        )
        if gone:
            for one in matched.gone:
                if one.gone_at > runs.since and (flaws is None or one.vulnerability in flaws):
                    yield Exposure(
                        asset=asset.id,
                        inventory=runs.inventory,
                        component=Component(
                            name=one.name, version=one.version, ecosystem=one.ecosystem, match_name=one.name,
                            match_version=one.version,
                        ),
                        vulnerability=one.vulnerability,
                        advisories=(),
                        answer=Answer.NOT_AFFECTED,
                        reason="it is gone from the inventory, or no advisory reaches it any more",
                        found_at=max(one.found_at, runs.since),
                        gone_at=one.gone_at,
                    )  # fmt: skip


def _of_component(
    asset: Asset,
    inventory: InventoryId,
    component: Component,
    answered: Answered,
    at: datetime,
    flaws: Collection[str] | None,
) -> Iterator[Exposure]:
    by_vulnerability: dict[str, list[Hit]] = {}
    for hit in answered.hits:
        if flaws is None or hit.vulnerability in flaws:
            by_vulnerability.setdefault(hit.vulnerability, []).append(hit)
    for vulnerability, hits in by_vulnerability.items():
        certain = [hit for hit in hits if hit.certain]
        best = certain[0] if certain else hits[0]
        answer = Answer.AFFECTED if certain else Answer.UNKNOWN
        if answered.answer is Answer.NOT_ASSESSED:
            answer = Answer.NOT_ASSESSED
        stale = f"; {answered.reason}" if answer is Answer.NOT_ASSESSED else ""
        yield Exposure(
            asset=asset.id,
            inventory=inventory,
            component=component,
            vulnerability=vulnerability,
            advisories=tuple(dict.fromkeys(hit.advisory for hit in hits)),
            answer=answer,
            reason=f"{best.advisory}: {best.rule}{stale}",
            fixed=tuple(dict.fromkeys(version for hit in certain or hits for version in hit.fixed)),
            source=answered.source,
            as_of=answered.as_of,
            found_at=min((hit.found_at for hit in hits if hit.found_at is not None), default=at),
        )


def _by_statement(
    asset: Asset,
    inventory: InventoryId,
    contents: Contents,
    said: Said,
    *,
    seen: frozenset[tuple[int, str]],
) -> Iterator[Exposure]:
    """What a supplier says reaches a component although no advisory held here does."""
    if not said.statements:
        return
    for place, component in enumerate(contents.components):
        bound: dict[str, Vex] = {}
        for statement in said.statements.get(package(component.ecosystem, component.match_name), ()):
            if statement.version and statement.version == component.match_version:
                bound[statement.vulnerability] = statement  # the newest one of each, since they are in order
        for vulnerability, statement in bound.items():
            if statement.status in _SETTLES or (place, vulnerability) in seen:
                continue
            affected = statement.status is VexStatus.AFFECTED
            yield Exposure(
                asset=asset.id,
                inventory=inventory,
                component=component,
                vulnerability=vulnerability,
                advisories=(),
                answer=Answer.AFFECTED if affected else Answer.UNKNOWN,
                reason=f"{_author(statement)} says {statement.status.value.replace('_', ' ')}",
                source=statement.author or statement.source,
                as_of=statement.said_at,
                found_at=statement.said_at,
                vex=statement,
            )


def _weighed(exposure: Exposure, asset: Asset, said: Said, now: datetime) -> Exposure:
    component = exposure.component
    names = {exposure.vulnerability, *exposure.advisories}
    lapsed: list[Lapsed] = []
    settled: Vex | None = None
    about = said.statements.get(package(component.ecosystem, component.match_name), ())
    for statement in (one for one in about if one.vulnerability in names):
        why = _vex_lapse(statement, about, exposure, asset, said, now)
        if why is not None and statement.status in _SETTLES:
            lapsed.append(Lapsed(what=f"{_author(statement)}: {statement.status.value.replace('_', ' ')}", why=why))
        elif why is None:
            settled = statement
    if settled is not None and exposure.answer is not Answer.NOT_ASSESSED:
        because = f" ({settled.justification.replace('_', ' ')})" if settled.justification else ""
        word = settled.status.value.replace("_", " ")
        answer = {
            VexStatus.AFFECTED: Answer.AFFECTED,
            VexStatus.UNDER_INVESTIGATION: exposure.answer,
        }.get(settled.status, Answer.NOT_AFFECTED)
        exposure = replace(
            exposure, answer=answer, reason=f"{_author(settled)} says {word}{because}; {exposure.reason}", vex=settled
        )
    acceptance, also = _accepted(exposure, asset, said, now)
    return replace(exposure, acceptance=acceptance, lapsed=(*lapsed, *also))


def _vex_lapse(
    statement: Vex, about: Sequence[Vex], exposure: Exposure, asset: Asset, said: Said, now: datetime
) -> Lapse | None:
    if not statement.version:
        if not statement.versions or not _is_bounded(statement.versions):
            return Lapse.UNBOUND
        if not isinstance(vers.contains(statement.versions, exposure.component.match_version), Inside):
            return Lapse.VERSION
    elif statement.version != exposure.component.match_version:
        return Lapse.VERSION
    if statement.expires_at is not None and now >= statement.expires_at:
        return Lapse.EXPIRED
    contrary = any(
        other.said_at > statement.said_at
        and other.vulnerability == statement.vulnerability
        and (other.version, other.versions) == (statement.version, statement.versions)
        and (other.status in _SETTLES) is not (statement.status in _SETTLES)
        for other in about
    )
    if contrary:
        return Lapse.CONTRARY
    if statement.status is VexStatus.NOT_AFFECTED:
        if _entered_kev(exposure, said, statement.said_at):
            return Lapse.KEV
        tagged = asset.exposure.at
        if statement.justification in BOUND_TO_SURROUNDINGS and tagged is not None and tagged > statement.said_at:
            return Lapse.REACH
    return None


def _is_bounded(text: str) -> bool:
    """A range that ends: one that goes on for ever would speak of versions that nobody has seen yet."""
    try:
        name, constraints = vers.read(text)
    except ValueError:
        return False
    laid_out = vers.spans(name, constraints)
    return not isinstance(laid_out, Undecided) and bool(laid_out) and all(one.high != HIGHEST for one in laid_out)


def _entered_kev(exposure: Exposure, said: Said, since: datetime) -> bool:
    for name in (exposure.vulnerability, *exposure.advisories):
        if name in said.kev:
            added = said.kev[name]
            if added is None or added > since.date():
                return True
    return False


def _accepted_too(exposure: Exposure, asset: Asset, said: Said, now: datetime) -> Exposure:
    acceptance, lapsed = _accepted(exposure, asset, said, now)
    return replace(exposure, acceptance=acceptance, lapsed=(*exposure.lapsed, *lapsed))


def _accepted(
    exposure: Exposure, asset: Asset, said: Said, now: datetime
) -> tuple[Acceptance | None, tuple[Lapsed, ...]]:
    names = {exposure.vulnerability, *exposure.advisories}
    mine = package(exposure.component.ecosystem, exposure.component.match_name)
    lapsed: list[Lapsed] = []
    for acceptance in said.acceptances.get(asset.id, ()):
        if acceptance.vulnerability not in names or package(acceptance.ecosystem, acceptance.name) != mine:
            continue
        why = _acceptance_lapse(acceptance, exposure, asset, said, now)
        if why is None:
            return acceptance, tuple(lapsed)
        lapsed.append(Lapsed(what=f"risk accepted by {acceptance.by_name} on {acceptance.at:%Y-%m-%d}", why=why))
    return None, tuple(lapsed)


def _acceptance_lapse(
    acceptance: Acceptance, exposure: Exposure, asset: Asset, said: Said, now: datetime
) -> Lapse | None:
    if acceptance.withdrawn_at is not None:
        return Lapse.WITHDRAWN
    if now >= acceptance.expires_at:
        return Lapse.EXPIRED
    if acceptance.version != exposure.component.match_version:
        return Lapse.VERSION
    if acceptance.reach is not asset.exposure.reach(now):
        return Lapse.REACH
    if not acceptance.in_kev and any(name in said.kev for name in (exposure.vulnerability, *exposure.advisories)):
        return Lapse.KEV
    return None


def _author(statement: Vex) -> str:
    return statement.author or "a VEX statement"
