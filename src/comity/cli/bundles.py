"""Commands of signed bundles: mirrors carried to a host without a network."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured

Keys = Annotated[
    tuple[Path, ...],
    Parameter(name="--key", help="key document of the host that made it (comity key there); may be given again"),
]


def export(
    file: Path,
    *,
    base: Annotated[Path | None, Parameter(help="an earlier bundle of this host: carry only what it has not")] = None,
    json: Json = False,
) -> None:
    """Write every mirror held here into one signed file, with its dates, the rules in force and this version."""
    from comity.cli.local_bundles import export_bundle

    held = export_bundle(configured(), file, base)
    if json:
        show.document(held)
        return
    kind = f"delta on {held['base'][:16]}" if held["base"] else "full bundle"
    show.line(f"{kind} {held['digest'][:16]} written to {file}: {held['bytes']:,} bytes, signed by {held['key'][:16]}")
    _feeds(held)
    for source in held["left_out"]:
        show.line(f"left out: {source}: its bytes are not kept here; fetch it or bring its file again", "yellow")


def take(
    file: Path,
    *,
    key: Keys = (),
    stale_too: Annotated[bool, Parameter(negative="", help="hold feeds past their age limit all the same")] = False,
    json: Json = False,
) -> int:
    """Take a bundle in: signature, order, base and ages first, then feed by feed, with what became of each."""
    from comity.cli.local_bundles import take_bundle

    held = take_bundle(configured(), file, key, stale_too=stale_too)
    failed = any(one["did"] == "failed" for one in held["feeds"])
    if json:
        show.document(held)
        return 1 if failed else 0
    show.line(f"bundle {held['digest'][:16]} of {held['host']}, made {show.moment(held['made_at'])}")
    if held["demo"]:
        show.line("it was signed by a demo key", "yellow")
    show.table(
        ("feed", "outcome", "what came of it"), [(one["source"], one["did"], one["said"]) for one in held["feeds"]]
    )
    if held["tool"] != held["here"]:
        show.line(f"made by Comity {held['tool']}, and this is {held['here']}: readers may differ", "yellow")
    if held["rules"]:
        show.line(
            f"rules that are not this release's, laid aside and not in force here: {', '.join(held['rules'])}", "yellow"
        )
    return 1 if failed else 0


def shown(file: Path, *, key: Keys = (), json: Json = False) -> None:
    """What a bundle holds, after its signature was checked. Nothing is taken in."""
    from comity.cli.local_bundles import look_at_bundle

    held = look_at_bundle(configured(), file, key)
    if json:
        show.document(held)
        return
    kind = f"delta on {held['base'][:16]}" if held["base"] else "full bundle"
    show.line(f"{kind} {held['digest'][:16]} of {held['host']}, made {show.moment(held['made_at'])} by {held['tool']}")
    show.line(f"signed by {held['key']}{', a demo key' if held['demo'] else ''}", "dim")
    _feeds(held)


def _feeds(held: dict[str, Any]) -> None:
    rows = [
        (
            one["source"],
            show.moment(one["known_at"]),
            f"{one['bytes']:,}",
            "carried" if one["carried"] else "in the base",
            one["sha256"][:16],
        )
        for one in held["feeds"]
    ]
    show.table(("feed", "known current", "bytes", "", "sha256"), rows)
