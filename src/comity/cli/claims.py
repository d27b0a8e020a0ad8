"""Scan claims at the terminal: ask before the spend, take, show progress, end with a result."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import blind_claims, show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place
from comity.errors import Invalid, Problem

Repository = Annotated[str, Parameter(help="where the source lives, such as https://host/owner/name")]
Paths = Annotated[list[str] | None, Parameter(name=["--path"], negative="", help="a file or folder; repeat it")]
Cwes = Annotated[list[str] | None, Parameter(name=["--cwe"], negative="", help="a weakness class; repeat it")]
Methods = Annotated[list[str] | None, Parameter(name=["--method"], negative="", help="how you look; repeat it")]
Commits = Annotated[list[str] | None, Parameter(name=["--commit"], negative="", help="first and last commit")]
Named = Annotated[bool, Parameter(name=["--named"], negative="", help="agree to be named to those who agree too")]
Blind = Annotated[bool, Parameter(name=["--blind"], negative="", help="without showing the area to the host")]


def ask(
    repository: Repository,
    *,
    path: Paths = None,
    cwe: Cwes = None,
    method: Methods = None,
    commit: Commits = None,
    named: Named = False,
    blind: Blind = False,
    host: Host = "",
    json: Json = False,
) -> int:
    """How far an area is held, by others and by you, before you spend anything. Exit status 1: others are there."""
    area = _area(repository, path, cwe, method, commit)
    with place(configured(host), work=blind) as there:
        if blind:
            found, question = blind_claims.ask(configured(host), there, area, named=named)
        else:
            found, question = there.act("/claims/overlap", {"area": area, "may_be_named": named}), ""
    if json:
        show.document({**found, "question": question} if blind else found)
    else:
        _overlap(found, of=bool(path))
    if blind and not json:
        show.line(f"  question {question}, withdrawn: the host learned neither the area nor this answer", "dim")
        show.line(blind_claims.FEW, "dim")
    return int(_is_held(found))


def take(
    repository: Repository,
    *,
    owner: Annotated[str, Parameter(help="who owns the target, or under which programme it may be looked at")],
    scope: Annotated[str, Parameter(help="what they allowed")],
    contact: Annotated[str, Parameter(help="whom to ask about it")],
    starts_on: Annotated[date, Parameter(name=["--from"], help="first day of the authorisation")],
    ends_on: Annotated[date, Parameter(name=["--until"], help="last day of the authorisation")],
    path: Paths = None,
    cwe: Cwes = None,
    method: Methods = None,
    commit: Commits = None,
    named: Named = False,
    blind: Blind = False,
    share: Annotated[str, Parameter(name=["--share"], help="tell partner hosts too, under this label: TLP:GREEN")] = "",
    unmatched: Annotated[
        bool,
        Parameter(name=["--unmatched"], negative="", help="blindly: tell only those who ask blindly themselves"),
    ] = False,
    host: Host = "",
    json: Json = False,
) -> None:
    """Claim an area for a scan. It tells others that you are there; it keeps nobody out."""
    authorisation = {
        "owner": owner,
        "scope": scope,
        "contact": contact,
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }
    if unmatched and not blind:
        raise Invalid(
            "only a blind claim is kept from others", [Problem("/unmatched", "not_blind", "give --blind too")]
        )
    if share and blind:
        reason = "it opens under this host's key alone: take it on the other host too"
        raise Invalid("a blind claim is not passed on", [Problem("/share", "blind", reason)])
    area = _area(repository, path, cwe, method, commit)
    body = {"area": area, "authorisation": authorisation, "may_be_named": named, "shared": share}
    with place(configured(host), work=blind) as there:
        if blind:
            taken = blind_claims.take(configured(host), there, body, is_compared=not unmatched)
        else:
            taken = there.act("/claims", body)
    if json:
        show.document(taken)
        return
    how = ", blindly: the host holds no place of it" if blind else ""
    show.line(f"claimed: {taken['claim']['claim']} until {show.moment(taken['claim']['ends_at'])}{how}", "bold")
    _overlap(taken["overlap"], of=bool(path))
    if blind:
        show.line(blind_claims.FEW, "dim")


def listed(*, host: Host = "", json: Json = False) -> None:
    """Your organisation's claims, and how many more it may take."""
    with place(configured(host)) as there:
        held = there.read("/claims")
    if json:
        show.document(held)
        return
    settings = configured(host)
    rows = [
        (
            c["claim"],
            c["standing"],
            f"{c['progress']} %",
            show.moment(c["ends_at"]),
            c["repository"] or blind_claims.where(settings, c["claim"]),
        )
        for c in held["rows"]
    ]
    show.table(("claim", "standing", "progress", "ends", "repository"), rows, empty="No claims: `comity claim take`.")
    show.line(f"{held['left']} more may be taken", "dim")


def beat(claim: str, *, progress: Annotated[int, Parameter(help="percent")], host: Host = "") -> None:
    """Show progress. More than before renews the claim."""
    with place(configured(host)) as there:
        held = there.act(f"/claims/{claim}/heartbeat", {"progress": progress})
    show.line(f"{claim}: {held['progress']} %, held until {show.moment(held['ends_at'])}")


def end(
    claim: str,
    *,
    found: Annotated[list[str] | None, Parameter(negative="", help="receipt of a finding's report; repeat it")] = None,
    nothing_found: Annotated[str, Parameter(help="nothing found: one line that says what was looked at")] = "",
    abandoned: Annotated[bool, Parameter(negative="", help="you stopped without a result")] = False,
    host: Host = "",
    json: Json = False,
) -> None:
    """End a claim with its result: findings, nothing found, or abandoned."""
    ending = "findings" if found else "nothing found" if nothing_found else "abandoned" if abandoned else ""
    body = {"ending": ending, "receipts": found or [], **blind_claims.coverage(configured(host), claim, nothing_found)}
    with place(configured(host)) as there:
        held = there.act(f"/claims/{claim}/end", body)
    show.document(held) if json else show.line(f"{claim}: {held['standing']}")


def result(claim: str, *, out: Path, host: Host = "") -> None:
    """The signed result of your own claim."""
    with place(configured(host)) as there:
        data = there.fetch(f"/claims/{claim}/result")
    out.write_bytes(data)
    show.line(f"written to {out}")


def _area(
    repository: str,
    path: list[str] | None,
    cwe: list[str] | None,
    method: list[str] | None,
    commit: list[str] | None,
) -> dict[str, Any]:
    return {
        "repository": repository,
        "paths": path or [],
        "cwes": cwe or [],
        "methods": method or [],
        "commits": commit or [],
    }


def _is_held(found: dict[str, Any]) -> bool:
    return bool(found["held_percent"] or found["partly"] or found["parts_of_repository"])


def _overlap(found: dict[str, Any], *, of: bool) -> None:
    what = "of your paths" if of else "of the repository"
    if not _is_held(found):
        show.line(f"0 % {what} is held by others")
    else:
        by = " and ".join(found["names"]) or "another party (nobody is named without both sides' consent)"
        by += f", on {' and '.join(found['hosts'])}" if found["hosts"] else ""
        part = "parts" if found["parts_of_repository"] else f"{found['held_percent']} %"
        show.line(f"{part} {what} held until {show.moment(found['until'])} by {by}")
        if found["partly"]:
            show.line(f"  others hold parts of {found['partly']} more")
        same = ", ".join(found["same_methods"]) or "another way of looking, as far as is said"
        weak = "the same weaknesses" if found["same_weaknesses"] else "other weaknesses"
        commits = "" if found["commits"] == "same" else "; whether the commits meet is unknown"
        show.line(f"  {weak}; {same}{commits}", "dim")
    for one in found["looked_before"]:
        show.line(f"  looked at before: {one['percent']} %, {one['ending']}, {show.moment(one['ended_at'])}", "dim")
    for one in found["own"]:
        what = (
            f"held until {show.moment(one['at'])}"
            if not one["ending"]
            else f"{one['ending']}, {show.moment(one['at'])}"
        )
        more = f": {one['coverage']}" if one["coverage"] else ""
        show.line(f"  your own {one['claim']}: {one['percent']} %, {what}{more}", "dim")
