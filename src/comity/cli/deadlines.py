"""Commands of a defender about dates: what is due and why, and what a change would move."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from cyclopts import Parameter

from comity.api.deadline_shapes import (
    AskBody,
    DeadlineBody,
    DeadlineRow,
    DeadlinesBody,
    DifferenceMade,
    DueBody,
    StandingBody,
    UnboundBody,
)
from comity.cli import show
from comity.cli.desks import Domain, desk, read
from comity.cli.options import Host, Json
from comity.cli.places import Place
from comity.errors import Missing

Day = Annotated[str, Parameter(name=["--on"], help="as it was at the end of a past day, such as 2026-12-31")]
Only = Annotated[
    Literal["", "overdue", "upcoming", "triage", "ask", "silent", "done"],
    Parameter(
        help="only these: overdue, still to come, triage asked for, a person decides, without an answer, or done"
    ),
]
Dated: TypeAlias = DueBody | AskBody


def listed(
    *,
    only: Only = "",
    on: Day = "",
    limit: Annotated[int, Parameter(help="findings to list, at most 500")] = 20,
    domain: Domain = "civil",
    host: Host = "",
    json: Json = False,
) -> None:
    """What is due, earliest first, with row, start and both dates; what has no date is told once for each reason."""
    with desk(host, domain=domain) as there:
        answer = there.read("/deadlines", on=on, only=only or "dated", limit=min(max(limit, 1), 500))
    if json:
        show.document(answer)
        return
    found = read(answer, DeadlinesBody)
    for pack in found.packs:
        sure = f"{pack.certainty}{' (secondary)' if pack.secondary else ''}"
        show.line(f"{pack.name}: {pack.sentence} Certainty: {sure}, as of {pack.as_of}.", "yellow")
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
    if not found.rows and not (found.silent and not only):
        show.line(_empty(found.assets))
    for row in found.rows:
        _listed(row)
    if only in {"", "silent"}:
        _silent(found, each=only == "silent")
    if found.total > len(found.rows):
        show.note(f"{found.total - len(found.rows)} more: --limit, or the page /deadlines")


def _silent(found: DeadlinesBody, *, each: bool) -> None:
    """What has no date, one line for each reason."""
    for one in found.silent:
        word = "NOT ASSESSED" if one.kind == "not assessed" else "no date"
        show.line(
            f"{word}  {one.findings} findings on {one.assets} assets: {one.reason}",
            "red" if one.kind == "not assessed" else "",
        )
        if one.remedy:
            show.line(f"  {one.remedy}", "dim")
    if found.silent and not each:
        show.line("  each of them: --only silent", "dim")


def shown(
    asset: str, vulnerability: str, *, on: Day = "", domain: Domain = "civil", host: Host = "", json: Json = False
) -> None:
    """One deadline with its whole why; `--on` asks why it was due then."""
    with desk(host, domain=domain) as there:
        answer = there.read(f"/deadlines/{asset_id(there, asset)}/{vulnerability}", on=on)
    if json:
        show.document(answer)
        return
    view = read(answer, DeadlineBody)
    show.line(f"{vulnerability} on {view.asset_name} ({view.asset})", "bold")
    if view.pack is not None:
        show.line(view.pack.sentence, "yellow")
    match view.answer:
        case DueBody():
            _due(view.answer)
        case AskBody() as held:
            show.line(f"A person decides: {held.why}.", "yellow")
            show.line(f"  still possible: {', '.join(f'row {row} ({tier})' for row, tier in held.possible)}")
            show.line(f"  plan by {_day(held.strictest_due, held)}; KEV date {_day(held.kev_due, held)}")
        case UnboundBody() as held:
            show.line(f"No date here: {held.reason}.")
        case held:
            show.line(f"Not assessed: {held.reason}. {held.remedy}", "red")
    _questions(view)
    if view.locked:
        show.line(f"The patch is locked: {view.locked}", "red")
    for one in view.reached:
        fixed = ", ".join(one.fixed) or "no fix is named"
        show.line(f"  {one.name} {one.version}: {one.reason}; fixed in {fixed}", "dim")


def fixed(asset: str, vulnerability: str, how: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Record that a finding is remediated. Refused while a triage asks for evidence first."""
    with desk(host, domain=domain) as there:
        there.act(f"/deadlines/{asset_id(there, asset)}/{vulnerability}/work", {"what": "remediated", "how": how})
    show.line("recorded as remediated", "green")


def mitigated(asset: str, vulnerability: str, how: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Record a mitigation; the tier says whether that closes the finding."""
    with desk(host, domain=domain) as there:
        work = {"what": "mitigated", "how": how}
        held = there.act(f"/deadlines/{asset_id(there, asset)}/{vulnerability}/work", work)
    show.line(f"recorded as mitigated; the finding is {held['state']}", "green")


def stated(
    asset: str,
    vulnerability: str,
    value: Annotated[list[str], Parameter(negative="", help="input=value, as many as are to be stated")],
    *,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """State what a directive asks of a person: potential_impact=N3, or evaluated=2026-12-09 for when an event was.

    `deadline show` lists what is asked, with the values there are. Each statement is dated and bears your name.
    """
    with desk(host, domain=domain) as there:
        place = asset_id(there, asset)
        there.act(f"/deadlines/{place}/{vulnerability}/work", {"what": "stated", "how": " ".join(value)})
        view = read(there.read(f"/deadlines/{place}/{vulnerability}"), DeadlineBody)
    show.line("recorded", "green")
    _questions(view)


def _questions(view: DeadlineBody) -> None:
    for one in view.questions:
        said = f"{one.stated} ({one.stated_by})" if one.stated else "not stated"
        choice = "|".join(one.values) or "DAY"
        show.line(f"  asked of a person by {one.pack}: {one.name}={choice}, of the {one.of}: {said}")


def what_if(
    change: Annotated[list[str], Parameter(negative="", help="a change, repeatable; see below")],
    *,
    domain: Domain = "civil",
    host: Host = "",
    json: Json = False,
) -> None:
    """What changes would move, before anybody makes them. Nothing is changed and nothing is journalled.

    A change is one of: "exposure ASSET yes|no|unknown", "kev CVE [DAY [DUE]]",
    "ssvc CVE automatable=yes|no impact=total|partial", "upgrade ASSET DAY|none", "choose PARAMETER=VALUE", "pack ID".
    """
    with desk(host, domain=domain) as there:
        answer = there.act("/what-if", {"changes": change})
    if json:
        show.document(answer)
        return
    found = read(answer, DifferenceMade)
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


def asset_id(there: Place, name: str) -> str:
    """An asset's id; an asset's name is looked up. Missing when there is none, or several, for this account."""
    found = [one for one in there.read("/assets", find=name, limit=500)["rows"] if one["name"] == name]
    if len(found) > 1:
        raise Missing(f"several assets are called {name}: give an id")
    return str(found[0]["id"]) if found else name


def _listed(row: DeadlineRow) -> None:
    """One finding in two lines: what is due where, and why with what to mind."""
    answer = row.answer
    what = f"{row.vulnerability} on {row.asset_name} ({row.component})"
    match answer:
        case DueBody():
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
        case AskBody():
            rows = ", ".join(f"{number} {tier}" for number, tier in answer.possible)
            show.line(f"{_day(answer.strictest_due, answer)} plan by  rows {rows}  {what}", "yellow")
            show.line(
                f"  a person decides: {', '.join(answer.missing)} unknown; KEV date {_day(answer.kev_due, answer)}",
                "yellow",
            )
        case UnboundBody():
            show.line(f"no date  {what}")
            show.line(f"  {answer.reason}", "dim")
        case _:
            show.line(f"NOT ASSESSED  {what}", "red")
            show.line(f"  {answer.reason}", "dim")


def _due(answer: DueBody) -> None:
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


def _day(value: datetime | None, answer: Dated) -> str:
    """The calendar day there, since a day ends where the agency is."""
    return "none" if value is None else value.astimezone(ZoneInfo(answer.zone)).date().isoformat()


def _side(one: StandingBody) -> str:
    when = one.due.date().isoformat() if one.due is not None else "no date"
    return f"{one.tier or one.kind}, {when}{', overdue' if one.overdue else ''}{', triage' if one.triage else ''}"


def _empty(assets: int) -> str:
    if assets:
        return "No finding of this kind."
    return "No asset is registered yet, so nothing is known to be due. That is not the same as clean."
