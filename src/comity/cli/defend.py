"""Commands of whoever defends: scan a list of what runs, keep inventories and assets, and see what reaches them."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.api.estate_shapes import (
    AssetRow,
    AssetView,
    EstateBody,
    InventoryBody,
    InventoryView,
    Kept,
    KeptClaims,
    KeptStatements,
    ScanBody,
)
from comity.cli import show, show_defend
from comity.cli.desks import desk, on_this_machine, read
from comity.cli.options import Host, Json, configured
from comity.errors import Conflict, Invalid, Problem

Release = Annotated[
    str,
    Parameter(
        name=("--release", "--distribution"), help="distribution and release of a package list, e.g. Debian:12, rocky:9"
    ),
]
Columns = Annotated[str, Parameter(name="--columns", help="CSV headings, e.g. name=Product,version=Ver")]
DomainOption = Annotated[
    str, Parameter(name="--domain", help="fceb, critical-infrastructure, other (nss, dow: own roles)")
]


def scan(
    sbom: Path | None = None,
    *,
    here: Annotated[bool, Parameter(negative="", help="scan what this machine runs")] = False,
    as_of: Annotated[str, Parameter(help="ask about an earlier day, e.g. 2024-10-10")] = "",
    exposure: Annotated[str, Parameter(help="public, internal or unknown: who can reach it")] = "unknown",
    release: Release = "",
    columns: Columns = "",
    strict: Annotated[bool, Parameter(negative="", help="exit 1 unless every component is known to be clean")] = False,
    every: Annotated[bool, Parameter(negative="", help="list every finding, not only the first")] = False,
    host: Host = "",
    json: Json = False,
) -> int:
    """What of a list is affected, not affected, unknown, not assessed. Reads SBOMs, package lists and lock files.

    With `--host` the list is sent there and answered by what that host's mirrors say; nothing of it is kept.
    """
    if (sbom is None) is not here:
        raise Invalid(
            "name one file, or give --here", [Problem("", "nothing_to_scan", "comity defend scan SBOM | --here")]
        )
    if sbom is None:
        answer = _here(host, as_of=as_of, exposure=exposure)
    else:
        with desk(host) as there:
            answer = there.send(
                "/scans",
                sbom.read_bytes(),
                file=sbom.name,
                as_of=as_of,
                exposure=exposure,
                release=release,
                columns=columns,
            )
    found = read(answer, ScanBody)
    if json:
        show.document(answer | {"strict": strict})
    else:
        show_defend.scan(found, every=every)
    bad = not found.whole or any(one.answer == "affected" for one in found.findings)
    return 1 if strict and (bad or not any(found.counts.values())) else 0


def _here(host: str, *, as_of: str, exposure: str) -> Any:
    """What this machine runs is asked about on this machine only."""
    if configured(host).remote:
        raise Conflict("--here looks at this machine: run it without --host, or send a list of what runs")
    with desk() as there:
        return there.send("/scans/here", b"", as_of=as_of, exposure=exposure)


def register(
    document: Path,
    *,
    name: Annotated[str, Parameter(help="the inventory's name; a newer document under it is its next state")] = "",
    domain: DomainOption = "other",
    release: Release = "",
    columns: Columns = "",
    host: Host = "",
    json: Json = False,
) -> None:
    """Keep an inventory, a VEX document or a scanner's export, and match it against what the mirrors say."""
    with desk(host) as there:
        answer = there.send(
            "/inventories",
            document.read_bytes(),
            file=document.name,
            name=name,
            domain=domain,
            release=release,
            columns=columns,
        )
    taken: Kept | KeptStatements | KeptClaims = read(answer, Kept | KeptStatements | KeptClaims)  # type: ignore[arg-type]  # a union is a type to the decoder
    show.document(answer) if json else show_defend.outcome(taken)


def assets(
    table: Path | None = None,
    *,
    domain: DomainOption = "other",
    columns: Columns = "",
    find: Annotated[str, Parameter(help="only assets whose name holds this")] = "",
    limit: int = 50,
    host: Host = "",
    json: Json = False,
) -> None:
    """List assets, most pressing first; with a CSV TABLE, make or change them as it says."""
    with desk(host) as there:
        if table is not None:
            made = there.send("/assets", table.read_bytes(), domain=domain, columns=columns)
            show.note(f"{made['kept']} assets kept")
        answer = there.read("/assets", find=find, limit=limit)
    if json:
        show.document(answer["rows"])
        return
    show_defend.lines(read(answer["rows"], list[AssetRow]))
    if answer["next"]:
        show.note("there are more: --limit, or the page /estate")


def asset(asset: str, *, host: Host = "", json: Json = False) -> None:
    """One asset: what reaches it, with reason and age, what was accepted, and what lapsed."""
    with desk(host) as there:
        answer = there.read(f"/assets/{asset}")
    show.document(answer) if json else show_defend.asset(read(answer, AssetView))


def inventories(*, host: Host = "", json: Json = False) -> None:
    """Inventories, newest document first."""
    with desk(host) as there:
        answer = there.read("/inventories", limit=200)
    if json:
        show.document(answer["rows"])
        return
    show_defend.inventories(read(answer["rows"], list[InventoryBody]))


def inventory(inventory: str, *, host: Host = "", json: Json = False) -> None:
    """One inventory: its counts, its answers, and what its newest document changed."""
    with desk(host) as there:
        answer = there.read(f"/inventories/{inventory}")
    show.document(answer) if json else show_defend.inventory(read(answer, InventoryView))


def estate(
    *,
    as_of: Annotated[str, Parameter(help="by what was known on an earlier day, e.g. 2024-10-10")] = "",
    host: Host = "",
    json: Json = False,
) -> None:
    """Everything in counts: affected, not affected, unknown, not assessed, how long, who can reach it."""
    with desk(host) as there:
        answer = there.read("/estate", as_of=as_of)
    show.document(answer) if json else show_defend.estate(read(answer, EstateBody))


def rematch(*, json: Json = False) -> None:
    """Match every inventory again. A running host does this by itself whenever a mirror changes."""
    with on_this_machine() as (held, viewer):
        held.defend.inventories(viewer, limit=1)  # asks for the right before anything is done
        number = held.defend.rematch(because="terminal")
    show.document({"matched": number}) if json else show.line(f"{number} inventories were matched again")


def sample_estate(
    *,
    assets: Annotated[int, Parameter(help="how many assets")] = 10_000,
    seed: Annotated[int, Parameter(help="the same seed makes the same estate")] = 14409,
    sboms: Annotated[
        Path | None, Parameter(help="make the images of the SBOMs in this folder, not of the starter advisories")
    ] = None,
    domain: DomainOption = "fceb",
    json: Json = False,
) -> None:
    """Make a sample estate. Nothing in it is anybody's: names say that it is a sample, and so are its dates.

    Its images count as found over the ninety days before a documented day, so that `deadline list --on` has dates.
    """
    from comity.api.estate import named
    from comity.api.estate_wire import estate as shape
    from comity.bench.sample_estate import DAY, make, take_in_starter
    from comity.formats.pack import STARTER_DAY

    with on_this_machine() as (office, viewer):
        taken = take_in_starter(office.defend)
        made = make(office.defend, viewer, assets=assets, seed=seed, domain=named(domain), sboms=sboms)
        held = shape(office.defend.estate(viewer))
    if json:
        import msgspec

        show.document(made | {"estate": msgspec.to_builtins(held)})
        return
    show.line(f"{made['assets']} sample assets, {made['inventories']} inventories, seed {seed}", "green")
    for name, why in made["left_out"]:
        show.line(f"left out {name}: {why}", "yellow")
    if taken:
        show.line(f"mirrors were empty: the starter data was taken in ({', '.join(taken)})", "dim")
    show_defend.estate(held)
    if held.counts["not assessed"]:
        show.line(f"by what was known on its own day: comity defend estate --as-of {STARTER_DAY}", "yellow")
    choice = "COMITY_DIRECTIVE_CHOICES=kev_max_age=unlimited"
    show.line(f"sample dates, by a catalogue as old as it is: {choice} comity deadline list --on {DAY}", "yellow")
