"""CVE Services at the terminal: the account, dry runs, proposals, and the second person who confirms them."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

Reason = Annotated[str, Parameter(help="why the id is rejected, in public words")]
ReplacedBy = Annotated[list[str] | None, Parameter(negative="", help="a CVE id that stands in its place; repeat it")]
Seen = Annotated[str, Parameter(help="SHA-256 of the request, as the dry run showed it")]


def account(
    *,
    org: Annotated[str, Parameter(help="short name of the numbering authority (CNA)")] = "",
    user: Annotated[str, Parameter(help="user there; best one that nobody else works with")] = "",
    key_file: Annotated[Path | None, Parameter(help="file with the user's key and nothing else")] = None,
    environment: Annotated[str, Parameter(help="prod or test")] = "test",
    host: Host = "",
    json: Json = False,
) -> None:
    """Show the account at CVE Services, or, with a key file, enter it. It is kept once CVE Services knew it."""
    with place(configured(host)) as there:
        if key_file is None:
            held = there.read("/cve-account")
        else:
            key = key_file.read_text(encoding="utf-8").strip()
            held = there.act("/cve-account", {"org": org, "user": user, "key": key, "environment": environment})
    if json:
        show.document(held)
    elif held is None:
        show.line("No account at CVE Services: `comity cve account --org ... --user ... --key-file ...`.")
    else:
        show.line(f"{held['org']} ({held['org_id']}) as {held['user']} at {held['environment']}, {held['address']}")


def end_account(*, host: Host = "") -> None:
    """End the account: its key is destroyed, and nothing goes out any more."""
    with place(configured(host)) as there:
        there.act("/cve-account/end")
    show.line("ended: the key is destroyed")


def shown(case: str, *, host: Host = "", json: Json = False) -> None:
    """The CVE id of a case, how it stands, and every request about it."""
    with place(configured(host)) as there:
        held = there.read(f"/cases/{case}/cve")
    if json:
        show.document(held)
        return
    show.line(f"{held['case']}: {held['cve'] or 'no CVE id'}{' ' + held['state'] if held['state'] else ''}")
    if held["todo"]:
        show.line(held["todo"], "yellow")
    _table(held["requests"], empty="Nothing was asked.")
    if held["possible"]:
        show.note(f"possible now: {', '.join(held['possible'])} (`comity cve dry-run {case} DEED`)")


def listed(*, host: Host = "", json: Json = False) -> None:
    """Requests that wait for a person or are on their way."""
    with place(configured(host)) as there:
        held = there.read("/cve-requests")
    if json:
        show.document(held)
    else:
        _table(held, empty="Nothing waits.")


def dry_run(
    case: str,
    deed: Annotated[str, Parameter(help="reserve, publish, update or reject")],
    *,
    reason: Reason = "",
    replaced_by: ReplacedBy = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """Show exactly what would be sent. Nothing is sent and nothing is kept."""
    with place(configured(host)) as there:
        body = {"deed": deed, "reason": reason, "replaced_by": replaced_by or []}
        held = there.act(f"/cases/{case}/cve/dry-run", body)
    if json:
        show.document(held)
        return
    show.line(f"As {held['user']} of {held['org']} at {held['environment']}; held against {held['schema']}.")
    _wire(held["request"])
    show.line(f"Nothing was sent. To propose exactly this: comity cve propose {case} {deed} --seen <that digest>")


def propose(
    case: str,
    deed: Annotated[str, Parameter(help="reserve, publish, update or reject")],
    *,
    seen: Seen,
    reason: Reason = "",
    replaced_by: ReplacedBy = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """Propose exactly what a dry run showed. Another person must confirm it."""
    with place(configured(host)) as there:
        body = {"deed": deed, "reason": reason, "replaced_by": replaced_by or [], "seen_sha256": seen}
        held = there.act(f"/cases/{case}/cve", body)
    _told(held, json=json)


def confirm(request: str, *, seen: Seen, host: Host = "", json: Json = False) -> None:
    """Confirm, as the second person, exactly those bytes. They are sent then."""
    with place(configured(host)) as there:
        held = there.act(f"/cve-requests/{request}/confirmation", {"seen_sha256": seen})
    _told(held, json=json)


def withdraw(request: str, *, host: Host = "", json: Json = False) -> None:
    """Withdraw a request that is not on its way."""
    with place(configured(host)) as there:
        held = there.act(f"/cve-requests/{request}/withdrawal")
    _told(held, json=json)


def again(request: str, *, host: Host = "", json: Json = False) -> None:
    """Send once more what was refused or given up: the same bytes."""
    with place(configured(host)) as there:
        held = there.act(f"/cve-requests/{request}/again")
    _told(held, json=json)


def adopt(request: str, cve: str, *, host: Host = "", json: Json = False) -> None:
    """Say which of several new ids an unanswered reservation brought."""
    with place(configured(host)) as there:
        held = there.act(f"/cve-requests/{request}/adoption", {"cve": cve})
    _told(held, json=json)


def _told(held: dict[str, Any], *, json: bool) -> None:
    if json:
        show.document(held)
        return
    who = f"proposed by {held['proposed_by']}" + (f", confirmed by {held['confirmed_by']}" * bool(held["confirmed_by"]))
    show.line(f"{held['id']}: {held['deed']} {held['cve']} for {held['case']}, {held['standing']}, {who}", "green")
    show.line(f"sha256 {held['request']['sha256']}")


def _wire(request: dict[str, Any]) -> None:
    query = "&".join(f"{name}={value}" for name, value in request["query"].items())
    show.line(f"{request['method']} {request['address']}{'?' + query if query else ''}")
    if request["body"]:
        for line in request["body"].splitlines():
            show.line(line)
    show.line(f"sha256 {request['sha256']}")


def _table(requests: list[dict[str, Any]], *, empty: str) -> None:
    rows = [
        (
            one["id"],
            one["case"],
            one["deed"],
            one["cve"],
            one["standing"],
            " / ".join(part for part in (one["proposed_by"], one["confirmed_by"]) if part),
            one["problem"] or ", ".join(one["candidates"]),
        )
        for one in requests
    ]
    show.table(("request", "case", "deed", "id", "standing", "proposed / confirmed", "why"), rows, empty=empty)
