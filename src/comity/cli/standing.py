"""Commands of standing: how often reports held, with what is not known about it; appeals and their decision."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

Asked = Annotated[str, Parameter(help="what it is counted wrongly for: valid, duplicate or severity")]
Why = Annotated[str, Parameter(help="why, in your words")]


def shown(*, host: Host = "", json: Json = False) -> None:
    """Rates with 95 % intervals: one's own organisation's and tools', for a coordinator everybody's."""
    with place(configured(host)) as there:
        held = there.read("/standing")
    if json:
        show.document(held)
        return
    rows = [
        (
            one["name"] + (" (tool)" if one["is_tool"] else ""),
            _rate(one["precision"]),
            _rate(one["duplicates"]),
            _rate(one["overstated"]),
        )
        for one in held["lines"]
    ]
    show.table(("who", "held", "duplicates", "overstated"), rows, empty="No report is counted yet.")
    for one in held["lines"]:
        show.line(f"{one['name']}: {one['why']}", "dim")
    a, b = held["prior"]
    show.line(f"95 % credible intervals under the prior Beta({a:g}, {b:g}). No priority reads any of this.", "dim")
    for report in held["reports"]:
        words = [word for word, against in _against(report) if against]
        if words:
            show.line(f"{report['report']}: {', '.join(words)}; appeal with comity standing appeal", "dim")
    for one in held["appeals"]:
        word = "upheld" if one["upheld"] else "refused"
        state = "open" if one["upheld"] is None else f"{word} by {one['decided_by']}: {one['reason']}"
        show.line(f"appeal {one['appeal']} about {one['asked']} of {one['report']}: {state}")


def appeal(report: str, asked: Asked, text: Why, *, host: Host = "", json: Json = False) -> None:
    """Appeal what a report of yours counts for. A named person decides."""
    with place(configured(host)) as there:
        held = there.act("/standing/appeals", {"report": report, "asked": asked, "text": text})
    show.document(held) if json else show.line(f"appeal {held['appeal']} is open", "green")


def decide(
    appeal: str,
    reason: Why,
    *,
    uphold: Annotated[bool, Parameter(negative="--refuse", help="uphold it, or --refuse")],
    host: Host = "",
    json: Json = False,
) -> None:
    """Decide an appeal in your own name. Upheld, it changes the counts at once."""
    with place(configured(host)) as there:
        held = there.act(f"/standing/appeals/{appeal}/decision", {"upheld": uphold, "reason": reason})
    if json:
        show.document(held)
        return
    word = "upheld" if held["upheld"] else "refused"
    show.line(f"appeal {held['appeal']} is {word} by {held['decided_by']}", "green")


def _against(report: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    return (
        ("did not hold (valid)", report["valid"] is False),
        ("duplicate", bool(report["duplicate"])),
        ("overstated (severity)", bool(report["overstated"])),
    )


def _rate(rate: dict[str, Any]) -> str:
    if not rate["trials"]:
        return "none decided"
    return f"{rate['hits']} of {rate['trials']}: {rate['low']:.0%} to {rate['high']:.0%}"
