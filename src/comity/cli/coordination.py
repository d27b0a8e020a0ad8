"""Coordination at the terminal: a case's participants, embargo and clocks; and one's own seats."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place
from comity.errors import Invalid, Problem

Words = Annotated[list[str] | None, Parameter(negative="", help="NAME=VALUE, as docs/coordination.md lists them")]
Files = Annotated[list[Path] | None, Parameter(name=["--file"], negative="", help="a file to send along; repeat it")]


def coordination(case: str, *, host: Host = "", json: Json = False) -> None:
    """Who takes part in a case, until when all keep quiet, what runs out when, and the log."""
    with place(configured(host)) as there:
        held = there.read(f"/cases/{case}/coordination")
    if json:
        show.document(held)
        return
    _embargo(held)
    rows = [
        (p["seat"], p["name"], f"{p['part']}, tier {p['tier']}", p["consent"], p["handled"], p["why"])
        for p in held["participants"]
    ]
    show.table(("seat", "name", "part", "embargo", "report", "read in because"), rows, empty="Nobody takes part yet.")
    clocks = [(show.moment(c["due"]), "ran out" if c["has_run_out"] else "", c["sentence"]) for c in held["clocks"]]
    show.table(("due", "", "clock"), clocks, empty="No clock runs.")
    _contacts(held)
    _stated(held["vex"])
    if held["vex_waits"]:
        show.line(f"A statement stands that the draft does not hold: comity case do {case} take-vex", "yellow")
    _thread(held["thread"])
    seen = [
        (one["person"], one["team"], show.moment(one["began_at"]), _until(one["ended_at"]))
        for one in held["through_teams"]
    ]
    if seen:
        show.table(("could see it", "through", "from", "until"), seen, empty="")
    for line in held["log"]:
        why = f": {line['why']}" if line["why"] else ""
        show.line(f"{show.moment(line['at'])}  {line['told']}{why}  ({line['by']})", "dim")
    if not held["can_mail"]:
        show.line("This host has no mail server: letters wait.", "yellow")


def _until(ended: str | None) -> str:
    return show.moment(ended) if ended else "now"


def do(case: str, act: str, *words: str, file: Files = None, host: Host = "", json: Json = False) -> None:
    """Coordinate: read-in, read-out, limit, propose, end, learn, break, aware, seek, confirm-contact, refuse-contact,
    attempt, write, say, take-vex, withhold, open.
    """
    with place(configured(host)) as there:
        done = there.act(f"/cases/{case}/coordination", _body(act, words, file))
    show.document(done) if json else show.line(done["outcome"], "green")


def seats(*, host: Host = "", json: Json = False) -> None:
    """The cases you take part in."""
    with place(configured(host)) as there:
        held = there.read("/seats")
    if json:
        show.document(held)
        return
    rows = [
        (
            s["seat"],
            f"{s['part']}, tier {s['tier']}",
            show.moment(s["terms"]["until"]) if s["terms"] else s["embargo"],
            s["consent"],
            s["title"] or ("agree first" if not s["may_read"] else ""),
        )
        for s in held["rows"]
    ]
    show.table(("seat", "you are", "embargo until", "consent", "case"), rows, empty="You take part in no case.")


def seat(seat: str, *, host: Host = "", json: Json = False) -> None:
    """One case you take part in, as you may see it."""
    with place(configured(host)) as there:
        held = there.read(f"/seats/{seat}")
    if json:
        show.document(held)
        return
    show.line(held["title"] or "You are invited to a case; agree or decline.", "bold")
    why = f"; read in because: {held['why']}" if held["why"] else ""
    show.line(f"{held['label']}  {held['part']}, tier {held['tier']}{why}", "dim")
    _embargo(held)
    for verdict in held["verdicts"]:
        show.line(verdict)
    if held["reference"]:
        show.line(f"This copy is yours alone. Its reference is {held['reference']}.", "dim")
    for one in held["shared"]:
        show.line(f"{one['report']}  {one['summary']}")
        for file in one["files"]:
            show.line(f"  {file['name']}  {file['size_bytes']} B  sha256:{file['sha256'][:16]}", "dim")
    show.line(f"For you the report is {held['handled']}; next: {', '.join(held['moves']) or 'nothing'}")
    if held["vex"]:
        _stated(held["vex"]["statements"])
        show.line(held["vex"]["rule"], "dim")
    _thread(held["thread"])


def seat_do(seat: str, act: str, *words: str, file: Files = None, host: Host = "", json: Json = False) -> None:
    """Take part: agree, refuse why=..., ask until=DATE why=..., handle to=accepted, answer text=..., vex-back
    statement=..."""
    with place(configured(host)) as there:
        done = there.act(f"/seats/{seat}", _body(act, words, file))
    show.document(done) if json else show.line(done["outcome"], "green")


def seat_vex(
    seat: str,
    status: Literal["affected", "not_affected", "fixed", "under_investigation"],
    /,
    *,
    product: str = "",
    version: str,
    justification: str = "",
    detail: str = "",
    author: str = "",
    at: Annotated[str, Parameter(name="--address", help="https address of your project, which VEX names")] = "",
    host: Host = "",
    json: Json = False,
) -> None:
    """State VEX of your product, at your seat: one version, or one range as VERS. It goes out once people agree.

    `product`, `author` and the address may be left out where there is one product, and where you said them before.
    """
    with place(configured(host)) as there:
        held = there.read(f"/seats/{seat}")["vex"] or {"products": [], "author": "", "namespace": "", "rule": ""}
        words = {
            "product": product or (held["products"][0] if len(held["products"]) == 1 else ""),
            "version": version,
            "status": status,
            "justification": justification,
            "detail": detail,
            "author": author or held["author"],
            "namespace": at or held["namespace"],
        }
        done = there.act(f"/seats/{seat}", {"act": "vex", "words": words, "files": []})
    if json:
        show.document(done)
        return
    show.line(done["outcome"], "green")
    show.line(held["rule"], "dim")


def _body(act: str, words: tuple[str, ...], files: list[Path] | None) -> dict[str, Any]:
    from base64 import b64encode

    held: dict[str, str] = {}
    for place_, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not equals:
            reason = "write NAME=VALUE, and quote what holds a space"
            raise Invalid("this word cannot be read", [Problem(f"/words/{place_}", "no_value", reason)])
        held[name.replace("-", "_")] = value
    enclosed = [{"name": one.name, "data": b64encode(one.read_bytes()).decode()} for one in files or []]
    return {"act": act, "words": held, "files": enclosed}


def _embargo(held: dict[str, Any]) -> None:
    terms = held["terms"]
    until = f" until {show.moment(terms['until'])} ({terms['source']}: {terms['basis']})" if terms else ""
    show.line(f"embargo: {held['embargo']}{until}", "bold")
    proposed = held["proposed"]
    if proposed:
        show.line(f"  proposed: {show.moment(proposed['until'])} by {proposed['by']}: {proposed['basis']}", "yellow")


def _stated(lines: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["statement"],
            one["author"],
            one["product"],
            one["words"] + (", meets what was reproduced" if one["is_against"] else ""),
            one["state"],
        )
        for one in lines
    ]
    if rows:
        show.table(("", "stated as VEX by", "about", "says", "stands"), rows, empty="")


def _contacts(held: dict[str, Any]) -> None:
    rows = [
        (c["contact"], c["address"], c["standing"], c["origin"], "; ".join(c["doubts"]) or c["quote"])
        for c in held["contacts"]
    ]
    if rows:
        show.table(("", "way to reach the project", "", "found in", "doubts, or its own words"), rows, empty="")
    for one in held["looks"]:
        show.line(f"{show.moment(one['at'])}  {one['address']}: {one['outcome']}  ({one['by']})", "dim")


def _thread(messages: list[dict[str, Any]]) -> None:
    for one in messages:
        show.line(f"{show.moment(one['at'])}  {one['name']}  {one['tlp']}", "bold")
        for line in one["text"].splitlines():
            show.line(f"  {line}")
        for file in one["files"]:
            show.line(f"  file {file['name']}  {file['size_bytes']} B", "dim")
