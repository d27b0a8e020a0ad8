"""Commands on duplicates: what a case may be the same as; merge and split, each for a stated reason."""

from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

Reason = Annotated[str, Parameter(help="why, in one line: it is kept with both cases")]


def duplicates(case: str, *, host: Host = "", json: Json = False) -> None:
    """What a case may be the same as, with reasons, likeliest first."""
    with place(configured(host)) as there:
        held = there.read(f"/cases/{case}/duplicates")
    if json:
        show.document(held)
        return
    show.line(f"{held['case']}  {held['title']}", "bold")
    for one in held["others"]:
        kind = "probability" if one["calibrated"] else "estimate"
        word = "identity" if one["identity"] else f"{kind} {one['probability']:.2f}"
        show.line(f"{one['case']}  {one['stage']}, {one['reports']} reports, {word}: {one['title']}", "cyan")
        for reason in (*one["identity"], *one["bars"], *one["reasons"]):
            show.line(f"    {reason}")
    if not held["others"]:
        show.line("nothing that is held here is like it")
    figures = held["figures"]
    show.line(f"on this host: {figures['automatic']} automatic merges, {figures['reversed']} of them undone", "dim")


def merge(case: str, other: str, *, reason: Reason, host: Host = "", json: Json = False) -> None:
    """Take the reports of another case in; the other is closed as a duplicate. A split undoes it."""
    with place(configured(host)) as there:
        held = there.act(f"/cases/{case}/merge", {"other": other, "reason": reason})
    show.document(held) if json else show.line(held["sentence"], "green")


def split(case: str, *reports: str, reason: Reason, host: Host = "", json: Json = False) -> None:
    """Give reports of a case a case of their own, linked to it."""
    with place(configured(host)) as there:
        held = there.act(f"/cases/{case}/split", {"reports": list(reports), "reason": reason})
    show.document(held) if json else show.line(held["sentence"], "green")
