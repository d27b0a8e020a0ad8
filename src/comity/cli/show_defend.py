"""How the defender's answers look in a terminal. All four answers stand in every headline.

What is shown are the shapes of the API, so that this store and a remote host read alike.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from comity.api.estate_shapes import (
    AffectedBody,
    AssetRow,
    AssetView,
    EstateBody,
    ExposureBody,
    FoundBody,
    InventoryBody,
    InventoryView,
    Kept,
    KeptClaims,
    KeptStatements,
    ScanBody,
    SourceBody,
    ToDo,
)
from comity.cli import show
from comity.model.age import age
from comity.model.inventory import Answer

STYLES: Final = {
    Answer.AFFECTED.value: "red",
    Answer.NOT_AFFECTED.value: "green",
    Answer.UNKNOWN.value: "yellow",
    Answer.NOT_ASSESSED.value: "yellow",
}
ORDER: Final = ("affected", "unknown", "not assessed", "not affected")
"""What needs a look first; the clean ones last."""
WORDS: Final = {"yes": "bold red", "no": "bold green", "cannot tell": "bold yellow"}
BAR: Final = 32
STARTER: Final = "starter data: "


def scan(found: ScanBody, *, every: bool) -> None:
    """The headline, how sure, the tiers, what to do first."""
    show.line(f"{found.subject or 'an inventory'}: {len(found.components)} components, {found.format}", "bold")
    if found.as_of:
        show.line(f"as of {found.at:%Y-%m-%d}: what is dated later was left out; this is not today's answer", "yellow")
    headline(found.counts)
    for note in found.notes:
        show.line(f"  {note}", "dim")
    show.line("")
    for source in found.sources:
        _source(source, found.at)
    if found.missing:
        show.line(f"  no advisories are held for: {', '.join(found.missing)}", "yellow")
    if found.unpublished:
        names = ", ".join(found.unpublished)
        show.line(f"  no bundle of advisories is published for: {names}; ask whoever supports it for VEX", "yellow")
    refresh = [f"the OSV bundle of {name}" for name in (*_old(found.sources), *found.missing)]
    refresh += [name.removeprefix(STARTER) for name in _old(found.sources, osv=False)]
    if refresh:
        show.line(f"  refresh with: comity mirror add FILE  ({', '.join(refresh)})", "yellow")
    for one in found.reasons[:6]:
        show.line(f"  {one.components} {one.answer}: {one.reason}", "dim")
    _tiers(found, affected_number=sum(one.answer == "affected" for one in found.findings))
    _todo(found.actions)
    _findings(found.findings, every=every)
    if not found.whole:
        rest = found.counts["unknown"] + found.counts["not assessed"]
        show.line("")
        lack = f"of {rest} components nothing can be said" if rest else "part of it was not read"
        show.line(f"This is not a clean result: {lack}.", "yellow")


def _old(sources: Sequence[SourceBody], *, osv: bool = True) -> list[str]:
    """Names of the sources that are too old: ecosystems of advisories, or the other ones."""
    stale = [one.name.removeprefix(STARTER) for one in sources if one.stale]
    return [name.removeprefix("OSV ") for name in stale if name.startswith("OSV ") is osv]


def headline(counts: Mapping[str, int]) -> None:
    """All four counts, the clean ones last."""
    text = Text()
    for place, answer in enumerate(ORDER):
        number = counts[answer]
        text.append("   " if place else "", style="")
        text.append(f"{number} {answer}", style=STYLES[answer] if number else "dim")
    show.out.print(text)


def _source(source: SourceBody, at: datetime) -> None:
    if source.as_of is None:
        show.line(f"  {source.name}: never fetched", "yellow")
        return
    cut = ", later entries left out" if source.cut else ""
    stale = ": too old, it assesses nothing" if source.stale else ""
    show.line(
        f"  {source.name} of {source.as_of:%Y-%m-%d}, {age(source.as_of, at)} old{cut}{stale}",
        "yellow" if source.stale else "dim",
    )


def _tiers(found: ScanBody, *, affected_number: int) -> None:
    if not affected_number:
        return
    exposure = "exposure unknown" if found.exposure == "unknown" else found.exposure
    show.line("")
    show.line(f"BOD 26-04 tiers of the affected ({exposure}; a transcription of the table, and no dates)", "bold")
    most = max(found.tiers.values())
    for name, number in found.tiers.items():
        bar = "█" * max(1, round(BAR * number / most)) if number else ""
        show.out.print(Text(f"  {name:<34}{number:>6}  {bar}", style="" if number else "dim"))


def _todo(todo: Sequence[ToDo]) -> None:
    if not todo:
        return
    show.line("")
    show.line("Do first", "bold")
    for one in todo[:8]:
        kev = f", {one.known_exploited} of them known to be exploited" if one.known_exploited else ""
        to = f"upgrade to {one.to}" if one.to else "no version is named as fixed for all of it: mitigate"
        show.line(f"  {one.name} {one.version}: {to}", "red" if one.known_exploited else "")
        number = len(one.settles)
        show.line(f"    {number} {'vulnerability' if number == 1 else 'vulnerabilities'}{kev}", "dim")
    if len(todo) > 8:
        show.line(f"and {len(todo) - 8} more components", "dim")


def _findings(found: Sequence[FoundBody], *, every: bool) -> None:
    shown = found if every else found[:10]
    if not shown:
        return
    show.line("")
    show.line("Findings" if every else "First findings", "bold")
    for one in shown:
        tier = f", {one.tier}" if one.answer == "affected" else ""
        text = Text(f"  {show.plain(one.vulnerability)}  ", style="")
        text.append(one.answer, style=STYLES[one.answer])
        text.append(f"{tier}, known exploited: {_kev(one.in_kev)}")
        show.out.print(text)
        show.line(f"    {one.component} {one.version}: {one.vex or one.reason}", "dim")
    if len(found) > len(shown):
        show.line(f"{len(found) - len(shown)} more findings: give --every", "dim")


def _kev(in_kev: bool | None) -> str:
    return "unknown" if in_kev is None else "yes" if in_kev else "no"


def outcome(taken: Kept | KeptStatements | KeptClaims) -> None:
    """What became of a document."""
    match taken:
        case Kept():
            word = "the same document: nothing changed" if taken.same else "new" if taken.new else "a newer state"
            show.line(f"{taken.id}  {taken.name}: {word}", "green")
            show.line(
                f"  {taken.components} components in {taken.format}: {taken.identified} identified, "
                f"{taken.in_part} in part, {taken.not_identified} not"
            )
            headline(taken.counts)
            change = taken.difference
            if not taken.same and not taken.new:
                show.line(
                    f"  {len(change.added)} added, {len(change.removed)} removed, "
                    f"{len(change.changed)} in other versions"
                )
            for note in taken.notes:
                show.line(f"  {note}", "dim")
            if taken.unresolved:
                show.line(f"  {taken.unresolved} statements are about documents not known here", "yellow")
        case KeptStatements():
            show.line(f"{taken.new} new VEX statements; {taken.unresolved} are about documents not known here", "green")
        case KeptClaims():
            again = " (sent before)" if taken.same else ""
            show.line(
                f"{taken.claims} claims of {taken.scanner}{again}: kept beside the matches, never as one", "green"
            )
            for note in taken.notes:
                show.line(f"  {note}", "dim")


def inventories(rows: Sequence[InventoryBody]) -> None:
    """A list."""
    show.table(
        ("inventory", "name", "domain", "components", "not whole", "received"),
        [
            (
                one.id,
                one.name,
                one.domain,
                str(one.components),
                str(one.in_part + one.not_identified),
                f"{one.received_at:%Y-%m-%d}",
            )
            for one in rows
        ],
        empty="No inventory is kept. Keep one with `comity defend register FILE`.",
    )


def inventory(view: InventoryView) -> None:
    """One inventory with its answers."""
    show.line(f"{view.id}  {view.name}  ({view.domain}), state {view.number}", "bold")
    show.line(f"{view.components} components in {view.format}, {len(view.assets)} assets run it")
    if view.matched_at is None:
        show.line("It was never matched: nothing is assessed.", "yellow")
        return
    headline(view.counts)
    rows = [
        (
            f"{one.name} {one.version}",
            one.answer,
            age(one.as_of, view.at) if one.as_of else "no data",
            one.reason,
        )
        for one in view.answers
        if one.answer != "not affected"
    ]
    show.table(("component", "answer", "data", "why"), rows[:60])
    if len(rows) > 60:
        show.line(f"and {len(rows) - 60} more: --json lists all", "dim")


def lines(found: Sequence[AssetRow]) -> None:
    """Assets in counts."""
    show.table(
        ("asset", "name", "exposure", "affected", "KEV", "unknown", "not assessed", "upgrade"),
        [
            (
                one.id,
                one.name,
                one.exposure,
                str(one.vulnerabilities),
                str(one.known_exploited),
                str(one.counts["unknown"]),
                str(one.counts["not assessed"]),
                f"{one.planned_upgrade}" if one.planned_upgrade else "none planned",
            )
            for one in found
        ],
        empty="No asset is kept. Make some with `comity defend assets TABLE.csv`.",
    )


def asset(view: AssetView) -> None:
    """One asset and what reaches it."""
    held = view.asset
    tag = held.exposure
    show.line(f"{held.id}  {held.name}  ({held.domain})", "bold")
    until = f", until {tag.expires_at:%Y-%m-%d}" if tag.expires_at else ""
    said = f"{tag.value} ({tag.confidence}), said by {tag.source or 'nobody'}{until}"
    show.line(f"exposure now: {view.reach}; tag: {said}")
    show.line(f"next upgrade: {held.planned_upgrade or 'none planned'}")
    if view.unmatched:
        show.line(f"{view.unmatched} components were never matched: not assessed", "yellow")
    rows = [
        (one.vulnerability, f"{one.component.name} {one.component.version}", one.answer, _why(one))
        for one in view.exposures
    ]
    show.table(("vulnerability", "component", "answer", "why"), rows, empty="No advisory held here reaches it.")
    for claim in view.claims:
        last = f"{claim.last_seen:%Y-%m-%d}" if claim.last_seen else "no date"
        names = ", ".join(claim.vulnerabilities) or "no CVE"
        show.line(f"claimed by {claim.scanner} ({claim.plugin}, last {last}): {claim.title} [{names}]", "dim")


def _why(one: ExposureBody) -> str:
    lapsed = "; ".join(f"no longer counts: {gone.what} ({gone.why})" for gone in one.lapsed)
    taken = f"accepted until {one.acceptance.expires_at:%Y-%m-%d}: {one.acceptance.reason}" if one.acceptance else ""
    return "; ".join(part for part in (one.reason, taken, lapsed) if part)


def estate(held: EstateBody) -> None:
    """The whole in counts."""
    show.line(f"{held.assets} assets, {held.inventories} inventories", "bold")
    if held.as_of:
        show.line(
            f"as of {held.at:%Y-%m-%d}: the estate as it stands, by what was known then; not today's answer", "yellow"
        )
    headline(held.counts)
    reach = ", ".join(f"{number} {one}" for one, number in held.exposure.items())
    show.line(f"exposure: {reach}")
    exploited = (
        f"{held.vulnerabilities} vulnerabilities reach it, {len(held.known_exploited)} of them known to be exploited"
    )
    show.line(exploited, "red" if held.known_exploited else "")
    if held.stale:
        show.line(
            f"data too old to assess by names {held.stale} vulnerabilities, "
            f"{len(held.stale_known_exploited)} of them known to be exploited",
            "yellow",
        )
    if held.oldest:
        show.line(f"oldest data behind an answer: {held.oldest:%Y-%m-%d}, {age(held.oldest, held.at)} old")
    if held.unlisted:
        show.line(f"{held.unlisted} assets run nothing that is known here: of them nothing can be said", "yellow")
    show.line("")
    lines(held.first)


def affected(reply: AffectedBody) -> None:
    """The small operator's answer: the word, one action, and what it rests on."""
    show.line(reply.answer.upper(), WORDS[reply.answer])
    show.line(reply.sentence)
    for choice in reply.choices:
        show.line(f"  {choice}")
    if reply.action:
        show.line("")
        show.line(f"Do this {reply.do}: {reply.action}", "bold")
        show.line(reply.mitigation)
    if reply.plan_by:
        show.line(f"Plan to be done by {reply.plan_by}. This binds nobody; it is a date to plan by.", "dim")
    if reply.kev_due:
        show.line(f"CISA's catalogue asks civil agencies to act by {reply.kev_due}.", "dim")
    if reply.sharpen:
        show.line(reply.sharpen, "yellow")
    _weaknesses(reply)
    for source in reply.sources:
        dated = f"of {source.as_of:%Y-%m-%d}" if source.as_of else "never fetched"
        show.line(f"  {source.name} {dated}{': too old' if source.stale else ''}", "dim")


def _weaknesses(reply: AffectedBody) -> None:
    """Those that reach it and those nobody could decide, each marked as which."""
    reached = [one for one in reply.weaknesses if one.reached]
    open_ = [one for one in reply.weaknesses if one.reached is None]
    for title, some, style in (
        ("It has:", reached, "red"),
        ("Nobody can say whether it has:", open_, "yellow"),
    ):
        if some:
            show.line(title, style)
        for one in some[:5]:
            used = ", used in attacks" if one.in_kev else ""
            name = one.id if one.title == one.id else f"{one.id}: {one.title}"
            show.line(f"  {name}{used}; {one.why}", "dim")
        if len(some) > 5:
            show.line(f"  and {len(some) - 5} more", "dim")
