"""How the defender's answers look in a terminal, and as JSON. All four answers stand in every headline."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from comity.cli import show
from comity.model.asset import Reach
from comity.model.inventory import Answer, Exposure, Inventory

if TYPE_CHECKING:
    from comity.defend.desk import AssetLine, AssetView, Estate, InventoryView, Outcome, Scan, Source, Todo

STYLES: Final = {
    Answer.AFFECTED: "red",
    Answer.NOT_AFFECTED: "green",
    Answer.UNKNOWN: "yellow",
    Answer.NOT_ASSESSED: "yellow",
}
ORDER: Final = (Answer.AFFECTED, Answer.UNKNOWN, Answer.NOT_ASSESSED, Answer.NOT_AFFECTED)
"""What needs a look first; the clean ones last."""
BAR: Final = 32
STARTER: Final = "starter data: "


def scan(found: "Scan", todo: Sequence["Todo"], *, every: bool) -> None:
    """The headline, how sure, the tiers, what to do first."""
    contents = found.contents
    show.line(f"{contents.subject or 'an inventory'}: {len(contents.components)} components, {contents.format}", "bold")
    if found.as_of:
        show.line(f"as of {found.at:%Y-%m-%d}: what is dated later was left out; this is not today's answer", "yellow")
    headline(found.counts)
    for note in contents.notes:
        show.line(f"  {note}", "dim")
    show.line("")
    for source in found.sources:
        _source(source, found.at)
    if found.missing:
        show.line(f"  no advisories are held for: {', '.join(found.missing)}", "yellow")
    refresh = [f"the OSV bundle of {name}" for name in (*_old(found.sources), *found.missing)]
    refresh += [name.removeprefix(STARTER) for name in _old(found.sources, osv=False)]
    if refresh:
        show.line(f"  refresh with: comity mirror add FILE  ({', '.join(refresh)})", "yellow")
    for answer, reason, number in found.reasons[:6]:
        show.line(f"  {number} {answer.value}: {reason}", "dim")
    affected = [one for one in found.found if one.answer is Answer.AFFECTED]
    _tiers(found, affected_number=len(affected))
    _todo(todo)
    _findings(found, every=every)
    if not found.whole:
        rest = found.counts[Answer.UNKNOWN] + found.counts[Answer.NOT_ASSESSED]
        show.line("")
        show.line(f"This is not a clean result: of {rest} components nothing can be said.", "yellow")


def _old(sources: Sequence["Source"], *, osv: bool = True) -> list[str]:
    """Names of the sources that are too old: ecosystems of advisories, or the other ones."""
    stale = [one.name.removeprefix(STARTER) for one in sources if one.stale]
    return [name.removeprefix("OSV ") for name in stale if name.startswith("OSV ") is osv]


def headline(counts: Mapping[Answer, int]) -> None:
    """All four counts, the clean ones last."""
    text = Text()
    for place, answer in enumerate(ORDER):
        number = counts[answer]
        text.append("   " if place else "", style="")
        text.append(f"{number} {answer.value}", style=STYLES[answer] if number else "dim")
    show.out.print(text)


def _source(source: "Source", at: datetime) -> None:
    if source.as_of is None:
        show.line(f"  {source.name}: never fetched", "yellow")
        return
    age = max(at - source.as_of, timedelta(0)) / timedelta(days=1)
    cut = ", later entries left out" if source.cut else ""
    stale = ": too old, it assesses nothing" if source.stale else ""
    show.line(
        f"  {source.name} of {source.as_of:%Y-%m-%d}, {age:.0f} days old{cut}{stale}",
        "yellow" if source.stale else "dim",
    )


def _tiers(found: "Scan", *, affected_number: int) -> None:
    if not affected_number:
        return
    exposure = {Reach.PUBLIC: "public", Reach.INTERNAL: "internal", Reach.UNKNOWN: "exposure unknown"}[found.reach]
    show.line("")
    show.line(f"BOD 26-04 tiers of the affected ({exposure}; a transcription of the table, and no dates)", "bold")
    most = max(number for _, number in found.tiers)
    for name, number in found.tiers:
        bar = "█" * max(1, round(BAR * number / most)) if number else ""
        show.out.print(Text(f"  {name:<34}{number:>6}  {bar}", style="" if number else "dim"))


def _todo(todo: Sequence["Todo"]) -> None:
    if not todo:
        return
    show.line("")
    show.line("Do first", "bold")
    for one in todo[:8]:
        kev = f", {one.in_kev} of them known to be exploited" if one.in_kev else ""
        to = f"upgrade to {one.to}" if one.to else "no version is named as fixed for all of it: mitigate"
        show.line(f"  {one.component.name} {one.component.version}: {to}", "red" if one.in_kev else "")
        number = len(one.vulnerabilities)
        show.line(f"    {number} {'vulnerability' if number == 1 else 'vulnerabilities'}{kev}", "dim")
    if len(todo) > 8:
        show.line(f"and {len(todo) - 8} more components", "dim")


def _findings(found: "Scan", *, every: bool) -> None:
    shown = found.found if every else found.found[:10]
    if not shown:
        return
    show.line("")
    show.line("Findings" if every else "First findings", "bold")
    for one in shown:
        tier = f", {one.tier}" if one.answer is Answer.AFFECTED else ""
        text = Text(f"  {show.plain(one.vulnerability)}  ", style="")
        text.append(one.answer.value, style=STYLES[one.answer])
        text.append(f"{tier}, known exploited: {_kev(one.in_kev)}")
        show.out.print(text)
        show.line(f"    {one.component.name} {one.component.version}: {one.vex or one.rule}", "dim")
    if len(found.found) > len(shown):
        show.line(f"{len(found.found) - len(shown)} more findings: give --every", "dim")


def _kev(in_kev: bool | None) -> str:
    return "unknown" if in_kev is None else "yes" if in_kev else "no"


def scan_document(found: "Scan", todo: Sequence["Todo"], *, strict: bool) -> dict[str, Any]:
    """The same for programs."""
    return {
        "subject": found.contents.subject,
        "format": found.contents.format,
        "at": found.at.isoformat(),
        "as_of": found.as_of,
        "counts": {answer.value: number for answer, number in found.counts.items()},
        "whole": found.whole,
        "strict": strict,
        "notes": list(found.contents.notes),
        "sources": [
            {"name": s.name, "as_of": s.as_of.isoformat() if s.as_of else None, "stale": s.stale, "cut": s.cut}
            for s in found.sources
        ],
        "missing": list(found.missing),
        "reasons": [{"answer": a.value, "reason": r, "components": n} for a, r, n in found.reasons],
        "exposure": found.reach.value,
        "tiers": dict(found.tiers),
        "actions": [
            {
                "component": one.component.purl or f"{one.component.name} {one.component.version}",
                "to": one.to,
                "settles": list(one.vulnerabilities),
                "known_exploited": one.in_kev,
            }
            for one in todo
        ],
        "findings": [
            {
                "vulnerability": one.vulnerability,
                "advisories": list(one.advisories),
                "component": one.component.name,
                "version": one.component.version,
                "purl": one.component.purl,
                "place": one.component.place,
                "answer": one.answer.value,
                "reason": one.rule,
                "fixed": list(one.fixed),
                "in_kev": one.in_kev,
                "automatable": one.automatable,
                "technical_impact": one.impact,
                "tier": one.tier,
                "vex": one.vex,
            }
            for one in found.found
        ],
        "components": [
            {
                "name": found.contents.components[one.place].name,
                "version": found.contents.components[one.place].version,
                "identity": found.contents.components[one.place].identity.value,
                "answer": one.answer.value,
                "reason": one.reason,
                "source": one.source,
                "as_of": one.as_of.isoformat() if one.as_of else None,
            }
            for one in found.answers
        ],
    }


def outcome(outcome: "Outcome") -> None:
    """What became of a document."""
    from comity.defend.desk import ClaimsTaken, Registered, StatementsTaken

    match outcome:
        case Registered():
            held = outcome.inventory
            word = (
                "the same document: nothing changed" if outcome.same else "new" if outcome.is_new else "a newer state"
            )
            show.line(f"{held.id}  {held.name}: {word}", "green")
            show.line(
                f"  {held.components} components in {held.format}: {held.identified} identified, "
                f"{held.in_part} in part, {held.not_identified} not"
            )
            if outcome.matched is not None:
                headline(_counts(outcome.matched.answers))
            change = held.difference
            if not outcome.same and not outcome.is_new:
                show.line(
                    f"  {len(change.added)} added, {len(change.removed)} removed, "
                    f"{len(change.changed)} in other versions"
                )
            for note in outcome.notes:
                show.line(f"  {note}", "dim")
            if outcome.unresolved:
                show.line(f"  {outcome.unresolved} statements are about documents not known here", "yellow")
        case StatementsTaken():
            show.line(
                f"{outcome.new} new VEX statements; {outcome.unresolved} are about documents not known here", "green"
            )
        case ClaimsTaken():
            again = " (sent before)" if outcome.same else ""
            show.line(
                f"{outcome.claims} claims of {outcome.scanner}{again}: kept beside the matches, never as one", "green"
            )
            for note in outcome.notes:
                show.line(f"  {note}", "dim")


def outcome_document(outcome: "Outcome") -> dict[str, Any]:
    """The same for programs."""
    from comity.defend.desk import ClaimsTaken, Registered

    if isinstance(outcome, Registered):
        counts = _counts(outcome.matched.answers) if outcome.matched else {}
        return {
            "kind": "inventory",
            **inventory_document(outcome.inventory),
            "new": outcome.is_new,
            "same": outcome.same,
            "counts": {answer.value: number for answer, number in counts.items()},
            "notes": list(outcome.notes),
            "statements": outcome.statements,
            "unresolved": outcome.unresolved,
        }
    if isinstance(outcome, ClaimsTaken):
        return {"kind": "claims", "scanner": outcome.scanner, "claims": outcome.claims, "same": outcome.same}
    return {"kind": "statements", "new": outcome.new, "unresolved": outcome.unresolved}


def _counts(answers: Sequence[Any]) -> dict[Answer, int]:
    found = dict.fromkeys(Answer, 0)
    for one in answers:
        found[one.answer] += 1
    return found


def inventories(rows: Sequence[Inventory]) -> None:
    """A list."""
    show.table(
        ("inventory", "name", "domain", "components", "not whole", "received"),
        [
            (
                one.id,
                one.name,
                one.domain.value,
                str(one.components),
                str(one.in_part + one.not_identified),
                f"{one.received_at:%Y-%m-%d}",
            )
            for one in rows
        ],
        empty="No inventory is kept. Keep one with `comity defend register FILE`.",
    )


def inventory_document(one: Inventory) -> dict[str, Any]:
    """One inventory for programs."""
    return {
        "id": one.id,
        "name": one.name,
        "domain": one.domain.value,
        "subject": one.subject,
        "format": one.format,
        "document": one.document,
        "received_at": one.received_at.isoformat(),
        "number": one.number,
        "components": one.components,
        "identified": one.identified,
        "in_part": one.in_part,
        "not_identified": one.not_identified,
        "difference": {
            "added": list(one.difference.added),
            "removed": list(one.difference.removed),
            "changed": [list(pair) for pair in one.difference.changed],
        },
    }


def inventory(view: "InventoryView", now: datetime) -> None:
    """One inventory with its answers."""
    held = view.inventory
    show.line(f"{held.id}  {held.name}  ({held.domain.value}), state {held.number}", "bold")
    show.line(f"{held.components} components in {held.format}, {len(view.assets)} assets run it")
    if view.matched is None:
        show.line("It was never matched: nothing is assessed.", "yellow")
        return
    headline(_counts(view.matched.answers))
    rows = []
    for one in view.matched.answers:
        component = view.contents.components[one.place]
        if one.answer is not Answer.NOT_AFFECTED:
            age = f"{(now - one.as_of).days} days" if one.as_of else "no data"
            rows.append((f"{component.name} {component.version}", one.answer.value, age, one.reason))
    show.table(("component", "answer", "data", "why"), rows[:60])
    if len(rows) > 60:
        show.line(f"and {len(rows) - 60} more: --json lists all", "dim")


def view_document(view: "InventoryView") -> dict[str, Any]:
    """One inventory with its answers, for programs."""
    matched = view.matched
    return inventory_document(view.inventory) | {
        "assets": list(view.assets),
        "matched_at": matched.at.isoformat() if matched else None,
        "answers": [
            {
                "component": view.contents.components[one.place].name,
                "version": view.contents.components[one.place].version,
                "purl": view.contents.components[one.place].purl,
                "identity": view.contents.components[one.place].identity.value,
                "answer": one.answer.value,
                "reason": one.reason,
                "source": one.source,
                "as_of": one.as_of.isoformat() if one.as_of else None,
                "hits": [
                    {"vulnerability": h.vulnerability, "advisory": h.advisory, "rule": h.rule, "certain": h.certain}
                    for h in one.hits
                ],
            }
            for one in (matched.answers if matched else ())
        ],
    }


def lines(found: Sequence["AssetLine"]) -> None:
    """Assets in counts."""
    show.table(
        ("asset", "name", "exposure", "affected", "KEV", "unknown", "not assessed", "upgrade"),
        [
            (
                one.asset.id,
                one.asset.name,
                one.reach.value,
                str(one.affected),
                str(one.kev),
                str(one.counts[Answer.UNKNOWN]),
                str(one.counts[Answer.NOT_ASSESSED]),
                f"{one.asset.planned_upgrade}" if one.asset.planned_upgrade else "none planned",
            )
            for one in found
        ],
        empty="No asset is kept. Make some with `comity defend assets TABLE.csv`.",
    )


def line_document(one: "AssetLine") -> dict[str, Any]:
    """One asset's line for programs."""
    return {
        "id": one.asset.id,
        "name": one.asset.name,
        "domain": one.asset.domain.value,
        "exposure": one.reach.value,
        "counts": {answer.value: number for answer, number in one.counts.items()},
        "vulnerabilities": one.affected,
        "known_exploited": one.kev,
        "planned_upgrade": one.asset.planned_upgrade.isoformat() if one.asset.planned_upgrade else None,
    }


def asset(view: "AssetView", now: datetime) -> None:
    """One asset and what reaches it."""
    held = view.asset
    tag = held.exposure
    show.line(f"{held.id}  {held.name}  ({held.domain.value})", "bold")
    until = f", until {tag.expires_at:%Y-%m-%d}" if tag.expires_at else ""
    said = f"{tag.value.value} ({tag.confidence.value}), said by {tag.source or 'nobody'}{until}"
    show.line(f"exposure now: {tag.reach(now).value}; tag: {said}")
    show.line(f"next upgrade: {held.planned_upgrade or 'none planned'}")
    if view.unmatched:
        show.line(f"{view.unmatched} components were never matched: not assessed", "yellow")
    rows = [
        (one.vulnerability, f"{one.component.name} {one.component.version}", one.answer.value, _why(one))
        for one in view.exposures
    ]
    show.table(("vulnerability", "component", "answer", "why"), rows, empty="No advisory held here reaches it.")
    for scanner, claim in view.claims:
        last = f"{claim.last_seen:%Y-%m-%d}" if claim.last_seen else "no date"
        names = ", ".join(claim.vulnerabilities) or "no CVE"
        show.line(f"claimed by {scanner} ({claim.plugin}, last {last}): {claim.title} [{names}]", "dim")


def _why(one: Exposure) -> str:
    lapsed = "; ".join(f"no longer counts: {gone.what} ({gone.why.value})" for gone in one.lapsed)
    taken = f"accepted until {one.acceptance.expires_at:%Y-%m-%d}: {one.acceptance.reason}" if one.acceptance else ""
    return "; ".join(part for part in (one.reason, taken, lapsed) if part)


def asset_document(view: "AssetView") -> dict[str, Any]:
    """One asset for programs."""
    return {
        "id": view.asset.id,
        "name": view.asset.name,
        "domain": view.asset.domain.value,
        "exposures": [
            {
                "vulnerability": one.vulnerability,
                "component": one.component.name,
                "version": one.component.version,
                "answer": one.answer.value,
                "reason": one.reason,
                "fixed": list(one.fixed),
                "found_at": one.found_at.isoformat(),
                "as_of": one.as_of.isoformat() if one.as_of else None,
                "accepted_until": one.acceptance.expires_at.isoformat() if one.acceptance else None,
                "lapsed": [{"what": gone.what, "why": gone.why.value} for gone in one.lapsed],
            }
            for one in view.exposures
        ],
        "unmatched": view.unmatched,
    }


def estate(held: "Estate") -> None:
    """The whole in counts."""
    show.line(f"{held.assets} assets, {held.inventories} inventories", "bold")
    if held.as_of:
        show.line(
            f"as of {held.at:%Y-%m-%d}: the estate as it stands, by what was known then; not today's answer", "yellow"
        )
    headline(held.counts)
    reach = ", ".join(f"{number} {one.value}" for one, number in held.reach.items())
    show.line(f"exposure: {reach}")
    exploited = f"{held.vulnerabilities} vulnerabilities reach it, {len(held.kev)} of them known to be exploited"
    show.line(exploited, "red" if held.kev else "")
    if held.stale:
        show.line(
            f"data too old to assess by names {held.stale} vulnerabilities, "
            f"{len(held.stale_kev)} of them known to be exploited",
            "yellow",
        )
    if held.oldest:
        show.line(f"oldest data behind an answer: {held.oldest:%Y-%m-%d}, {(held.at - held.oldest).days} days old")
    if held.unlisted:
        show.line(f"{held.unlisted} assets run nothing that is known here: of them nothing can be said", "yellow")
    show.line("")
    lines(held.lines[:10])


def estate_document(held: "Estate") -> dict[str, Any]:
    """The same for programs."""
    return {
        "at": held.at.isoformat(),
        "assets": held.assets,
        "inventories": held.inventories,
        "counts": {answer.value: number for answer, number in held.counts.items()},
        "vulnerabilities": held.vulnerabilities,
        "known_exploited": list(held.kev),
        "exposure": {one.value: number for one, number in held.reach.items()},
        "oldest": held.oldest.isoformat() if held.oldest else None,
        "unlisted": held.unlisted,
        "without_planned_upgrade": held.no_upgrade,
        "ageing": dict(held.ageing),
        "burn": [{"at": at.isoformat(), "open": number} for at, number in held.burn],
    }
