"""Commands of priority: why a case stood where it stood on a day, and the answers that a coordinator gives by name."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

On = Annotated[str, Parameter(help="a day, such as 2026-11-24; the newest decision without one", show_default=False)]
Ssvc = Annotated[bool, Parameter(negative="", help="the newest answers as SSVC SelectionLists 2.0.0 (JSON)")]
Note = Annotated[str, Parameter(help="why you answer so, in one line")]


def why(case: str, *, on: On = "", ssvc: Ssvc = False, host: Host = "", json: Json = False) -> int:
    """Why that day's answer? From inputs and tables kept then, computed again now. 1 when it comes out otherwise."""
    with place(configured(host)) as there:
        if ssvc:
            show.document(there.read(f"/cases/{case}/ssvc"))
            return 0
        held = there.read(f"/cases/{case}/why", **({"on": on} if on else {}))
    if json:
        show.document(held)
    else:
        _why(held)
    return 0 if held["same_again"] else 1


def answer(
    case: str = "", question: str = "", value: str = "", *, note: Note = "", host: Host = "", json: Json = False
) -> None:
    """Answer one question of the tables in your own name. Without a case: which questions there are."""
    with place(configured(host)) as there:
        if not case or not question:
            held = there.read("/questions")
            if json:
                show.document(held)
                return
            rows = [(q["question"], " | ".join(q["choices"]) or "a CVSS vector") for q in held]
            show.table(("question", "answers"), rows)
            return
        kept = there.act(f"/cases/{case}/answers", {"question": question, "value": value, "note": note})
    if json:
        show.document(kept)
        return
    show.line(f"{kept['question']}: {kept['value'] or 'unknown again'} ({kept['person_name']})", "green")


def _why(held: dict[str, Any]) -> None:
    priority = held["priority"]
    show.line(
        f"Decision {held['number']} of {held['case']}, {show.moment(held['at'])}, after {held['because']}", "bold"
    )
    show.line(f"{priority['band']}: {priority['why_now']}", "bold")
    show.line("")
    show.table(
        ("input", "value", "source", "as of", "note"),
        [
            (s["name"], s["value"] or "unknown", s["source"], (s["as_of"] or "no date")[:10], s["note"])
            for s in priority["signals"]
        ],
    )
    show.line("")
    trees(priority["trees"])
    show.line("")
    for table, digest in sorted(held["tables"].items()):
        show.line(f"table {table}  sha256:{digest[:16]}", "dim")
    for mirror in held["mirrors"]:
        dated = (mirror["as_of"] or "no date")[:10]
        show.line(f"mirror {mirror['source']} as of {dated}  sha256:{mirror['digest'][:16]}", "dim")
    if held["same_again"]:
        show.line("Computed again from these inputs and tables: the same answer.", "green")
    else:
        show.line("Computed again it comes out otherwise:", "red")
        _changes(held["differences"])
    if held["newest"]:
        show.line("It is the newest decision.", "dim")
    elif held["since"]:
        show.line("Since then:", "bold")
        _changes(held["since"])
    else:
        show.line("Newer decisions say the same.", "dim")


def trees(answers: list[dict[str, Any]]) -> None:
    """What each decision table says."""
    for tree in answers:
        row = f" ({tree['row']})" if tree["row"] else ""
        said = f"{tree['outcome']}{row}" if tree["outcome"] else f"open: {' or '.join(tree['possible'])}"
        unknown = f"; unknown: {', '.join(tree['missing'])}" if tree["missing"] else ""
        show.line(f"{tree['title']}: {said}{unknown}")


def _changes(found: list[dict[str, str]]) -> None:
    show.table(("what", "before", "after"), [(c["what"], c["before"], c["after"]) for c in found])
