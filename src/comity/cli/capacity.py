"""Commands of capacity contracts: what a maintainer takes in a week, and the honest queue behind it."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place
from comity.errors import Invalid, Problem

Many = Annotated[list[str] | None, Parameter(negative="", help="may be given several times")]
Pauses = Annotated[list[str] | None, Parameter(negative="", help="'2026-12-20 2027-01-06 holidays', or '... open'")]
Word = Annotated[str, Parameter(help="on whose word a coordinator enters it, and how it came: needed of coordinators")]


def listed(*, host: Host = "", json: Json = False) -> None:
    """Contracts: every one for a coordinator, one's own organisation's for a maintainer."""
    with place(configured(host)) as there:
        held = there.read("/capacity")
    if json:
        show.document(held)
        return
    rows = [
        (c["contract"], c["maintainer"], f"{c['weekly']} a week", c["evidence"], _force(c), ", ".join(c["packages"]))
        for c in held
    ]
    show.table(("contract", "maintainer", "takes", "evidence", "in force", "packages"), rows, empty="No contract yet.")


def set_(
    maintainer: str,
    *,
    package: Many = None,
    weekly: Annotated[int, Parameter(help="new cases a week; 0 takes none but what is escalated")],
    at_once: Annotated[int | None, Parameter(help="open cases at once")] = None,
    zone: Annotated[str, Parameter(help="IANA time zone whose weeks and days count")] = "UTC",
    pause: Annotated[
        list[str] | None, Parameter(negative="", help="'2026-12-20 2027-01-06 holidays', or '... open'")
    ] = None,
    want: Many = None,
    refuse: Many = None,
    evidence: Annotated[str, Parameter(help="least evidence, E0 to E4")] = "E3",
    escalate: Annotated[list[str] | None, Parameter(negative="", help="exploited, kev, public or stated")] = None,
    through_pauses: Annotated[bool, Parameter(negative="", help="let what is escalated through a pause")] = False,
    on_word: Word = "",
    contract: Annotated[str, Parameter(help="change this contract instead of making one")] = "",
    organisation: Annotated[str, Parameter(help="the organisation whose people may change it")] = "",
    host: Host = "",
    json: Json = False,
) -> None:
    """Enter what a maintainer takes, or change it."""
    body = {
        "maintainer": maintainer,
        "packages": package or [],
        "weekly": weekly,
        "at_once": at_once,
        "zone": zone,
        "pauses": [_pause(one, number) for number, one in enumerate(pause or [])],
        "wanted": want or [],
        "refused": refuse or [],
        "evidence": evidence,
        "escalates": escalate,
        "through_pauses": through_pauses,
        "on_word": on_word,
        "contract": contract,
        "organisation": organisation,
    }
    with place(configured(host)) as there:
        held = there.act("/capacity", body)
    _kept(held, json=json)


def confirm(contract: str, *, host: Host = "", json: Json = False) -> None:
    """Confirm that a contract's packages are that maintainer's: from then on it is in force for them."""
    with place(configured(host)) as there:
        held = there.act(f"/capacity/{contract}/confirmation")
    _kept(held, json=json)


def queue(contract: str, *, host: Host = "", json: Json = False) -> None:
    """What waits behind a contract: place, why, and the week it is expected in, unknown where nobody knows."""
    with place(configured(host)) as there:
        held = there.read(f"/capacity/{contract}")
    if json:
        show.document(held)
        return
    one = held["contract"]
    over = f", {held['escalated']} of them by a named reason" if held["escalated"] else ""
    show.line(
        f"{one['maintainer']}: {held['used']} of {one['weekly']} used in the week of {held['week']}{over}", "bold"
    )
    if one["on_word"]:
        show.line(f"entered by {one['entered_by']} on the maintainer's word: {one['on_word']}", "yellow")
    if held["away"]:
        show.line("away: nothing is released now", "yellow")
    rows = [
        (
            str(w["position"] or "-"),
            w["case"] or "not told before it comes to you",
            w["band"]
            + (" (overdue)" if w["overdue"] else f" (+{w['raised_by_age']} by age)" if w["raised_by_age"] else ""),
            w["expected"] or "unknown",
            w["why"] + (f": {w['detail']}" if w["detail"] else ""),
        )
        for w in held["waiting"]
    ]
    if rows:
        show.table(("place", "case", "band", "week of", "why it waits"), rows)
        show.line(f"Weeks hold {held['assumes']}.", "dim")
    else:
        counts = ", ".join(f"{number} {band}" for band, number in held["bands"].items())
        show.line(f"waiting: {counts or 'nothing'}")
    for done in held["released"]:
        show.line(f"released {show.moment(done['at'])} {done['case']} {done['reason']}", "dim")


def _age(waiting: dict[str, Any]) -> str:
    if waiting["overdue"]:
        return " (overdue)"
    return f" (+{waiting['raised_by_age']} by age)" if waiting["raised_by_age"] else ""


def _pause(text: str, number: int) -> dict[str, Any]:
    words = text.split(maxsplit=2)
    if not words:
        raise Invalid(
            "this is no pause", [Problem(f"/pauses/{number}", "invalid_time", "first day and last day, or open")]
        )
    last = words[0] if len(words) < 2 else None if words[1] == "open" else words[1]
    return {"first": words[0], "last": last, "note": words[2] if len(words) > 2 else ""}


def _force(held: dict[str, Any]) -> str:
    if held["confirmed"] == held["packages"]:
        return "yes"
    return f"{len(held['confirmed'])} of {len(held['packages'])}"


def _kept(held: dict[str, Any], *, json: bool) -> None:
    if json:
        show.document(held)
        return
    show.line(
        f"{held['contract']} version {held['version']}: {held['weekly']} a week for {held['maintainer']}", "green"
    )
    if held["confirmed"] != held["packages"]:
        show.line(f"not in force yet for all its packages: comity capacity confirm {held['contract']}", "yellow")
