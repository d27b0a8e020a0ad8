"""Commands of a defender about dates: what is due and why, what a change would move, and forensic triage."""

import hashlib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from comity.cli import show
from comity.cli.directives import Domain, acting
from comity.cli.options import Json
from comity.errors import Invalid, Problem

Day = Annotated[str, Parameter(name=["--on"], help="as it was at the end of a past day, such as 2026-12-31")]
Only = Annotated[
    Literal["", "overdue", "triage", "ask", "silent", "done"],
    Parameter(help="only these: overdue, triage asked for, a person decides, without an answer, or done"),
]


def listed(
    *,
    only: Only = "",
    on: Day = "",
    limit: Annotated[int, Parameter(help="findings to list, at most 200")] = 20,
    domain: Domain = "civil",
    json: Json = False,
) -> None:
    """What is due, earliest first, with row, start and both dates."""
    with acting(domain) as (office, viewer):
        found = office.deadlines.deadlines(viewer, at=_moment(on), only=only)
    if json:
        show.document(_plain({"rows": found.rows, "summary": found.summary, "at": found.at, "total": found.total}))
        return
    for pack in found.packs:
        standing = pack.standing
        sure = f"{standing.certainty}{' (secondary)' if standing.secondary else ''}"
        show.line(f"{pack.name}: {standing.sentence} Certainty: {sure}, as of {standing.as_of}.", "yellow")
    counts = found.summary
    tiers = ", ".join(f"{key} {count}" for key, count in counts.tiers.items()) or "none"
    show.line(
        f"{counts.findings} findings on {found.assets} assets; overdue {counts.overdue}, triage {counts.triage}, "
        f"a person decides {counts.ask}, assumed {counts.defaulted}, not assessed {counts.not_assessed}, "
        f"no date {counts.not_bound}; tiers: {tiers}"
    )
    if found.undecided or found.not_assessed:
        text = (
            f"{found.undecided} more could not be matched and {found.not_assessed} were not assessed: that is not clean"
        )
        show.line(text, "yellow")
    if not found.rows:
        show.line(_empty(found.assets))
    for row in found.rows[:limit]:
        _listed(row)
    if found.total > limit:
        show.note(f"{found.total - limit} more: --limit, or the page /deadlines")


def shown(asset: str, vulnerability: str, *, on: Day = "", domain: Domain = "civil", json: Json = False) -> None:
    """One deadline with its whole why; `--on` asks why it was due then."""
    with acting(domain) as (office, viewer):
        view = office.deadlines.deadline(viewer, _asset(office, viewer, asset), vulnerability, at=_moment(on))
    if json:
        show.document(_plain({"answer": view.answer, "kind": type(view.answer).__name__, "locked": view.locked}))
        return
    show.line(f"{vulnerability} on {view.asset.name} ({view.asset.id})", "bold")
    if view.pack is not None:
        show.line(view.pack.standing.sentence, "yellow")
    answer: Any = view.answer
    match type(answer).__name__:
        case "Due":
            _due(answer)
        case "AskPerson":
            show.line(f"A person decides: {answer.why}.", "yellow")
            show.line(f"  still possible: {', '.join(f'row {row} ({tier})' for row, tier in answer.possible)}")
            show.line(f"  plan by {_day(answer.strictest_due, answer)}; KEV date {_day(answer.kev_due, answer)}")
        case "NotAssessed":
            show.line(f"Not assessed: {answer.reason}. {answer.remedy}", "red")
        case _:
            show.line(f"No date here: {answer.reason}.")
    if view.locked:
        show.line(f"The patch is locked: {view.locked}", "red")
    for one in view.exposures:
        fixed = ", ".join(one.fixed) or "no fix is named"
        show.line(f"  {one.component.name} {one.component.version}: {one.reason}; fixed in {fixed}", "dim")


def fixed(asset: str, vulnerability: str, how: str, *, domain: Domain = "civil") -> None:
    """Record that a finding is remediated. Refused while a triage asks for evidence first."""
    with acting(domain) as (office, viewer):
        office.deadlines.patched(viewer, _asset(office, viewer, asset), vulnerability, how)
    show.line("recorded as remediated", "green")


def mitigated(asset: str, vulnerability: str, how: str, *, domain: Domain = "civil") -> None:
    """Record a mitigation; the tier says whether that closes the finding."""
    with acting(domain) as (office, viewer):
        held = _asset(office, viewer, asset)
        office.deadlines.mitigated(viewer, held, vulnerability, how)
        state = getattr(office.deadlines.deadline(viewer, held, vulnerability).answer, "state", "open")
    show.line(f"recorded as mitigated; the finding is {state}", "green")


def what_if(
    change: Annotated[list[str], Parameter(negative="", help="a change, repeatable; see below")],
    *,
    domain: Domain = "civil",
    json: Json = False,
) -> None:
    """What changes would move, before anybody makes them. Nothing is changed and nothing is journalled.

    A change is one of: "exposure ASSET yes|no|unknown", "kev CVE [DAY [DUE]]",
    "ssvc CVE automatable=yes|no impact=total|partial", "upgrade ASSET DAY|none", "choose PARAMETER=VALUE", "pack ID".
    """
    with acting(domain) as (office, viewer):
        found = office.deadlines.what_if(viewer, office.deadlines.changes(viewer, change))
    if json:
        show.document(_plain(found))
        return
    names = ("overdue", "triage", "ask", "defaulted", "not_assessed", "not_bound", "done")
    rows = [(name.replace("_", " "), getattr(found.before, name), getattr(found.after, name)) for name in names]
    rows += [
        (f"tier {key}", found.before.tiers.get(key, 0), found.after.tiers.get(key, 0))
        for key in sorted({*found.before.tiers, *found.after.tiers})
    ]
    show.table(("findings", "now", "after"), [(name, str(was), str(would)) for name, was, would in rows])
    show.line(f"{found.moved_count} of {found.before.findings} findings would move", "bold")
    if found.before.not_assessed:
        show.line(
            f"{found.before.not_assessed} of them are not assessed and cannot move: this is not a clean result. "
            "`comity deadline list` says why",
            "yellow",
        )
    for one in found.moved[:20]:
        show.line(f"  {one.asset} {one.vulnerability}: {_side(one.before)} -> {_side(one.after)}")


def triage_show(asset: str, vulnerability: str, *, domain: Domain = "civil") -> int:
    """The triage of a finding: timers, evidence, queries and their coverage. Exit status 1: it cannot be told."""
    with acting(domain) as (office, viewer):
        held = office.deadlines.triage(viewer, _asset(office, viewer, asset), vulnerability)
    if held.triage is None:
        show.line(held.finding.locked or held.finding.untriaged)
    else:
        show.line(f"hours count {held.triage.counts_from}", "dim")
        show.table(
            ("step", "within", "by", "done"),
            [
                (
                    step.step,
                    f"{step.hours} h",
                    show.moment(step.due_at.isoformat()) + (" LATE" if step.late else ""),
                    f"{show.moment(step.done_at.isoformat())} by {step.by_name}" if step.done_at else "open",
                )
                for step in held.steps
            ],
        )
        for item in held.triage.items:
            word = " (volatile)" if item.volatile else ""
            show.line(f"  {item.number}. {item.name}{word}, {item.tool}, {item.place}, sha256 {item.sha256}")
        if held.broken:
            show.line(f"The evidence chain does not hold: {held.broken}", "red")
        if held.triage.ended is not None:
            ended = held.triage.ended
            show.line(f"{ended.compromise}, decided by {ended.by_name}: {ended.reason}", "bold")
        elif held.finding.locked:
            show.line(f"The patch is locked: {held.finding.locked}", "red")
    show.line(held.coverage.sentence, "dim")
    for query in held.queries:
        word = "generic" if query.generic else f"rule {query.rule} by {query.author}"
        show.line(f"[{word}] {query.title} ({query.logsource}): {query.text}")
    return 0 if held.triage is not None or held.finding.has_tier else 1


def triage_open(asset: str, vulnerability: str, *, domain: Domain = "civil") -> None:
    """Open the triage that a three-day tier asks for."""
    with acting(domain) as (office, viewer):
        office.deadlines.open_triage(viewer, _asset(office, viewer, asset), vulnerability)
    triage_show(asset, vulnerability, domain=domain)


def triage_step(asset: str, vulnerability: str, step: str, *, domain: Domain = "civil") -> None:
    """Mark a step done in your own name, such as `scope`."""
    with acting(domain) as (office, viewer):
        office.deadlines.step(viewer, _asset(office, viewer, asset), vulnerability, step)
    show.line(f"{step}: done", "green")


def triage_collect(
    asset: str,
    vulnerability: str,
    file: Path,
    *,
    tool: Annotated[str, Parameter(help="what it was collected with, and its version")],
    place: Annotated[str, Parameter(help="where it is kept")],
    name: Annotated[str, Parameter(help="what it is; else the file's name")] = "",
    stable: Annotated[bool, Parameter(negative="", help="a patch would not destroy it")] = False,
    domain: Domain = "civil",
) -> None:
    """Record a piece of evidence by its digest; the file stays where it is."""
    sha256 = hashlib.sha256()
    with file.open("rb") as held:
        while part := held.read(1 << 20):
            sha256.update(part)
    item = {
        "name": name or file.name,
        "tool": tool,
        "place": place,
        "sha256": sha256.hexdigest(),
        "volatile": "" if stable else "yes",
    }
    with acting(domain) as (office, viewer):
        made = office.deadlines.collect(viewer, _asset(office, viewer, asset), vulnerability, item)
    show.line(f"item {len(made.items)} recorded, sha256 {sha256.hexdigest()}", "green")


def triage_override(asset: str, vulnerability: str, reason: str, *, domain: Domain = "civil") -> None:
    """Let the patch go before evidence, in your own name; the reason stays in the manifest."""
    with acting(domain) as (office, viewer):
        office.deadlines.override(viewer, _asset(office, viewer, asset), vulnerability, reason)
    show.line("overridden in your name", "yellow")


def triage_decide(
    asset: str,
    vulnerability: str,
    compromise: Literal["no evidence", "suspected", "confirmed"],
    reason: str,
    *,
    domain: Domain = "civil",
) -> None:
    """Decide in your own name; the manifest is signed with it."""
    with acting(domain) as (office, viewer):
        office.deadlines.decide(viewer, _asset(office, viewer, asset), vulnerability, compromise, reason)
    show.line(f"decided: {compromise}", "green")


def triage_manifest(asset: str, vulnerability: str, *, into: Path = Path(), domain: Domain = "civil") -> None:
    """Write the manifest and, once decided, its signature; then `comity verify` the signature."""
    with acting(domain) as (office, viewer):
        held = _asset(office, viewer, asset)
        document, envelope = office.deadlines.manifest(viewer, held, vulnerability)
    into.mkdir(parents=True, exist_ok=True)
    for name, data in ((f"triage-{held}-{vulnerability}.json", document), (f"triage-{held}.dsse.json", envelope)):
        if data:
            (into / name).write_bytes(data)
            show.line(str(into / name))


def _asset(office: Any, viewer: Any, name: str) -> Any:
    """An asset by id, or by its name."""
    return office.deadlines.asset_named(viewer, name)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(23, 59, 59), tzinfo=UTC)
    except ValueError as error:
        problem = Problem("/on", "no_such_day", "give a day such as 2026-12-31")
        raise Invalid("that is no day", [problem]) from error


def _listed(row: Any) -> None:
    """One finding in two lines: what is due where, and why with what to mind."""
    answer: Any = row.answer
    kind = type(answer).__name__
    what = f"{row.vulnerability} on {row.asset_name} ({row.component})"
    if kind == "Due":
        late = " OVERDUE" if answer.overdue else ""
        show.line(
            f"{_day(answer.due, answer)}{late}  {answer.tier} row {answer.row}  {what}", "red" if late else "bold"
        )
        marks = ["triage asked for"] if answer.triage else []
        marks += [f"{one.input} unknown, taken as {one.value} ({one.param})" for one in answer.defaulted]
        marks += ["the two dates differ"] if answer.conflict else []
        marks += [answer.standing] if answer.standing != "binding" else []
        marks += [answer.alarm] if answer.alarm else []
        marks += [f"{used.id}={used.value}" for used in answer.params if used.id == "kev_max_age"]
        event = answer.start.event.replace("_", " ")
        why = f"started {answer.start.day} ({event}); KEV date {_day(answer.kev_due, answer)}"
        show.line(f"  {'; '.join([why, *marks])}", "yellow" if answer.defaulted else "dim")
    elif kind == "AskPerson":
        rows = ", ".join(f"{number} {tier}" for number, tier in answer.possible)
        show.line(f"{_day(answer.strictest_due, answer)} plan by  rows {rows}  {what}", "yellow")
        show.line(
            f"  a person decides: {', '.join(answer.missing)} unknown; KEV date {_day(answer.kev_due, answer)}",
            "yellow",
        )
    else:
        word = "NOT ASSESSED" if kind == "NotAssessed" else "no date"
        show.line(f"{word}  {what}", "red" if kind == "NotAssessed" else "")
        show.line(f"  {answer.reason}", "dim")


def _due(answer: Any) -> None:
    late = " OVERDUE" if answer.overdue else ""
    show.line(f"{answer.tier_name}, row {answer.row}: due {_day(answer.due, answer)}{late}", "red" if late else "bold")
    show.line(f"  clock started {answer.start.day}: {answer.start.because}")
    conflict = "; the two differ" if answer.conflict else ""
    both = f"table {_day(answer.table_due, answer)}, KEV {_day(answer.kev_due, answer)}"
    show.line(f"  dates: {both}; {answer.leads} leads{conflict}")
    show.line(f"  {answer.standing}, binds {answer.binds}; {answer.state}; certainty {answer.certainty}")
    for one in answer.known:
        at = f", {one.at:%Y-%m-%d}" if one.at is not None and one.at.year > 1970 else ""
        show.line(f"  {one.input}: {one.value or 'UNKNOWN'} ({one.source}{at})", "" if one.value else "yellow")
    for used in answer.params:
        show.line(f"  {used.id}={used.value}: {used.effect}", "yellow")
    for begins, ends in answer.overdue_periods:
        show.line(f"  overdue {show.moment(begins.isoformat())} to {show.moment(ends.isoformat())}")
    for note in (*answer.notes, *((answer.alarm,) if answer.alarm else ())):
        show.line(f"  {note}")
    for source in answer.citation:
        show.line(f"  source: {source}", "dim")


def _day(value: datetime | None, answer: Any) -> str:
    """The calendar day there, since a day ends where the agency is."""
    from zoneinfo import ZoneInfo

    return "none" if value is None else value.astimezone(ZoneInfo(answer.zone)).date().isoformat()


def _side(one: Any) -> str:
    when = one.due.date().isoformat() if one.due is not None else "no date"
    return f"{one.tier or one.kind}, {when}{', overdue' if one.overdue else ''}{', triage' if one.triage else ''}"


def _empty(assets: int) -> str:
    if assets:
        return "No finding of this kind."
    return "No asset is registered yet, so nothing is known to be due. That is not the same as clean."


def _plain(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value, enc_hook=str)
