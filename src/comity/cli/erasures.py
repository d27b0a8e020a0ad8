"""Erasing closed cases at the terminal: ask, agree, withdraw, and what was erased."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place
from comity.errors import Invalid, Problem


def erase(
    case: Annotated[str, Parameter(help="a closed case to ask for, or an erasure that was asked for (E-...)")] = "",
    *,
    why: Annotated[str, Parameter(help="why, in one line that stays and tells nothing of the case")] = "",
    agree: Annotated[bool, Parameter(negative="", help="agree, as the second person: it is erased")] = False,
    withdraw: Annotated[bool, Parameter(negative="", help="withdraw what was asked for")] = False,
    host: Host = "",
    json: Json = False,
) -> None:
    """Erase a closed case with its reports: `CASE --why ...` by one person, then `E-... --agree` by another.

    Without a case: what was asked for and what was erased.
    """
    if agree and withdraw:
        raise Invalid("one of both", [Problem("/agree", "both", "--agree or --withdraw")])
    with place(configured(host)) as there:
        if not case:
            _listed(there.read("/erasures"), json=json)
            return
        if agree or withdraw:
            held = there.act(f"/erasures/{case}/{'agreement' if agree else 'withdrawal'}")
        else:
            held = there.act(f"/cases/{case}/erasure", {"why": why})
    if json:
        show.document(held)
        return
    show.line(f"{held['erasure']}: {_sentence(held)}", "yellow" if held["state"] == "asked" else "green")


def _listed(held: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        show.document(held)
        return
    rows = [(one["erasure"], one["case"], one["state"], one["asked_by"], one["ended_by"], one["why"]) for one in held]
    show.table(("erasure", "case", "state", "asked by", "then", "why"), rows, empty="Nothing was erased.")


def _sentence(held: dict[str, Any]) -> str:
    match held["state"]:
        case "asked":
            return f"{held['case']} is erased when another person agrees"
        case "done":
            return f"{held['case']} is erased with {held['reports']} report{'' if held['reports'] == 1 else 's'}"
        case _:
            return f"{held['case']} stays"
