"""Commands over the mirrors of upstream: fetch them, bring them as files, see how old they are."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place


def add(
    file: Path,
    *,
    older_too: Annotated[bool, Parameter(negative="", help="take it even when a newer one is held")] = False,
    ecosystem: Annotated[str, Parameter(help="whom an OSV bundle speaks for, when its records name several")] = "",
    fetched: Annotated[
        str, Parameter(help="the day an OSV bundle was fetched, e.g. 2026-11-24; bundles bear none")
    ] = "",
    json: Json = False,
) -> None:
    """Take in a file you fetched: KEV, CVE records, EPSS scores or OSV advisories (JSON, lines, zip)."""
    from comity.cli.local_mirrors import add_mirror

    held = add_mirror(configured(), file.read_bytes(), older_too=older_too, ecosystem=ecosystem, fetched=fetched)
    if json:
        show.document(held)
        return
    show.line(
        f"{held['source']} as of {held['as_of'] or 'no date'}: {held['subjects']} ids, {held['facts']} facts", "green"
    )
    show.problems(held["left_out"])


def listed(*, host: Host = "", json: Json = False) -> None:
    """Which mirrors are kept, how old each is, and what became of the last look."""
    with place(configured(host)) as there:
        held = there.read("/mirrors")
    if json:
        show.document(held)
        return
    empty = (
        "No mirror is held: every upstream signal is unknown. Name mirrors in COMITY_MIRRORS and run "
        "`comity mirror fetch`, or bring a file with `comity mirror add FILE`."
    )
    rows = [(one["source"], one["state"], f"{_dates(one)}\n{_look(one)}") for one in held["mirrors"]]
    show.table(("source", "state", "dates, and the last look"), rows, empty=empty)


def fetch(
    name: Annotated[str, Parameter(help="one of COMITY_MIRRORS, such as kev or osv:PyPI; empty: all of them")] = "",
    *,
    host: Host = "",
    json: Json = False,
) -> int:
    """Look at upstream now and take in what is new. On a remote host its worker does, and `mirror list` tells."""
    held = configured(host)
    if held.remote:
        with place(held) as there:
            names = [one["name"] for one in there.read("/mirrors")["mirrors"] if one["name"]] if not name else [name]
            asked = [there.act("/mirrors/looks", {"name": one}) for one in names]
        show.document({"asked": asked}) if json else show.line(f"asked for: {', '.join(names) or 'nothing is kept'}")
        return 0
    from comity.cli.local_mirrors import fetch_mirrors

    found = fetch_mirrors(held, name)
    if json:
        show.document({"looks": found})
    else:
        rows = [(one["source"], one["outcome"], one["said"]) for one in found]
        empty = "Nothing is fetched that you did not name: set COMITY_MIRRORS (docs/mirrors.md)."
        show.table(("mirror", "outcome", "what came of it"), rows, empty=empty)
    return 1 if not found or any(one["outcome"] == "failed" for one in found) else 0


def _dates(one: dict[str, Any]) -> str:
    """The date that upstream gives itself, and since when nothing newer is known."""
    if one["fetched_at"] is None:
        return "nothing is held: what it would answer is unknown"
    own = f"upstream's date {one['as_of'][:10]}" if one["as_of"] else "upstream gives no date"
    if one["is_old_copy"]:
        return f"{own}: the address serves an old copy, whatever it confirms"
    if one["age_seconds"] is None:
        return f"{own}; fetched {one['fetched_at'][:10]}, of no known age"
    days, seconds = divmod(one["age_seconds"], 86400)
    age = f"{days} d" if days else f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{own}; known current {age} ago"


def _look(one: dict[str, Any]) -> str:
    if not one["name"]:
        return "came as a file or in a bundle; this host does not fetch it"
    if one["checked_at"] is None:
        return f"none yet: comity mirror fetch {one['name']}"
    at = datetime.fromisoformat(one["checked_at"])
    again = f" ({one['failures']} times in a row)" if one["failures"] > 1 else ""
    return f"{at:%Y-%m-%d %H:%M} UTC {one['outcome']}{again}: {one['said']}"
