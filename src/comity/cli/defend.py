"""Commands of whoever defends: scan a list of what runs, keep inventories and assets, and see what reaches them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from comity.cli import show, show_defend
from comity.cli.options import Json, configured
from comity.cli.places import office, shell_user
from comity.errors import Conflict, Invalid, Problem
from comity.model.asset import Domain, Reach
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Answer

if TYPE_CHECKING:
    from comity.defend.desk import Defend
    from comity.model.party import Viewer

Release = Annotated[str, Parameter(help="distribution and release of a package list, e.g. Debian:12")]
Columns = Annotated[str, Parameter(name="--columns", help="CSV headings, e.g. name=Product,version=Ver")]
DomainOption = Annotated[
    str, Parameter(name="--domain", help="fceb, critical-infrastructure, other (nss, dow: own roles)")
]


@contextmanager
def _desk() -> Iterator[tuple["Defend", "Viewer"]]:
    settings = configured()
    if settings.remote:
        raise Conflict("this command reads files and lists of this machine: run it on the host itself, without --host")
    with office(settings, work=False) as held:
        yield held.defend, shell_user(held)


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
    json: Json = False,
) -> int:
    """What of a list is affected, not affected, unknown, not assessed. Reads SBOMs, package lists and lock files."""
    if (sbom is None) is not here:
        raise Invalid(
            "name one file, or give --here", [Problem("", "nothing_to_scan", "comity defend scan SBOM | --here")]
        )
    with _desk() as (desk, viewer):
        document = None
        if sbom is not None:
            document = _document(sbom, release, columns)
        found = desk.scan(viewer, document, day=_day(as_of), reach=_reach(exposure))
        todo = desk.actions(found)
    if json:
        show.document(show_defend.scan_document(found, todo, strict=strict))
    else:
        show_defend.scan(found, todo, every=every)
    counts = found.counts
    bad = not found.whole or any(one.answer.value == "affected" for one in found.found)
    return 1 if strict and (bad or not any(counts.values())) else 0


def register(
    document: Path,
    *,
    name: Annotated[str, Parameter(help="the inventory's name; a newer document under it is its next state")] = "",
    domain: DomainOption = "other",
    release: Release = "",
    columns: Columns = "",
    json: Json = False,
) -> None:
    """Keep an inventory, a VEX document or a scanner's export, and match it against what the mirrors say."""
    with _desk() as (desk, viewer):
        outcome = desk.register(viewer, _document(document, release, columns), name=name, domain=_domain(domain))
    show.document(show_defend.outcome_document(outcome)) if json else show_defend.outcome(outcome)


def assets(
    table: Path | None = None,
    *,
    domain: DomainOption = "other",
    columns: Columns = "",
    find: Annotated[str, Parameter(help="only assets whose name holds this")] = "",
    limit: int = 50,
    json: Json = False,
) -> None:
    """List assets, most pressing first; with a CSV TABLE, make or change them as it says."""
    from comity.formats.listings import table as tables

    with _desk() as (desk, viewer):
        if table is not None:
            chosen = tables.mapping(columns, tables.ASSET_FIELDS) if columns else None
            made = desk.import_assets(viewer, table.read_bytes(), domain=_domain(domain), columns=chosen)
            show.note(f"{len(made)} assets kept")
        lines = desk.assets(viewer, query=find, limit=limit)
    if json:
        show.document([show_defend.line_document(one) for one in lines])
        return
    show_defend.lines(lines)


def asset(asset: str, *, json: Json = False) -> None:
    """One asset: what reaches it, with reason and age, what was accepted, and what lapsed."""
    with _desk() as (desk, viewer):
        view = desk.asset(viewer, AssetId(asset))
        now = desk.machines.now()
    show.document(show_defend.asset_document(view)) if json else show_defend.asset(view, now)


def inventories(*, json: Json = False) -> None:
    """Inventories, newest document first."""
    with _desk() as (desk, viewer):
        rows = desk.inventories(viewer, limit=200).rows
    if json:
        show.document([show_defend.inventory_document(one) for one in rows])
        return
    show_defend.inventories(rows)


def inventory(inventory: str, *, json: Json = False) -> None:
    """One inventory: its counts, its answers, and what its newest document changed."""
    with _desk() as (desk, viewer):
        view = desk.inventory(viewer, InventoryId(inventory))
        now = desk.machines.now()
    show.document(show_defend.view_document(view)) if json else show_defend.inventory(view, now)


def estate(
    *,
    as_of: Annotated[str, Parameter(help="by what was known on an earlier day, e.g. 2024-10-10")] = "",
    json: Json = False,
) -> None:
    """Everything in counts: affected, not affected, unknown, not assessed, how long, who can reach it."""
    with _desk() as (desk, viewer):
        held = desk.estate(viewer, day=_day(as_of))
    show.document(show_defend.estate_document(held)) if json else show_defend.estate(held)


def rematch(*, json: Json = False) -> None:
    """Match every inventory again. A running host does this by itself whenever a mirror changes."""
    with _desk() as (desk, viewer):
        desk.inventories(viewer, limit=1)  # asks for the right before anything is done
        number = desk.rematch(because="terminal")
    show.document({"matched": number}) if json else show.line(f"{number} inventories were matched again")


def sample_estate(
    *,
    assets: Annotated[int, Parameter(help="how many assets")] = 10_000,
    seed: Annotated[int, Parameter(help="the same seed makes the same estate")] = 14409,
    domain: DomainOption = "fceb",
    json: Json = False,
) -> None:
    """Make a sample estate out of the starter data. Nothing in it is anybody's: names say that it is a sample."""
    from comity.cli.sample_estate import make, take_in_starter
    from comity.formats.pack import STARTER_DAY

    with _desk() as (desk, viewer):
        taken = take_in_starter(desk)
        made = make(desk, viewer, assets=assets, seed=seed, domain=_domain(domain))
        held = desk.estate(viewer)
    if json:
        show.document(made | {"estate": show_defend.estate_document(held)})
        return
    show.line(f"{made['assets']} sample assets, {made['inventories']} inventories, seed {seed}", "green")
    if taken:
        show.line(f"mirrors were empty: the starter data was taken in ({', '.join(taken)})", "dim")
    show_defend.estate(held)
    if held.counts[Answer.NOT_ASSESSED]:
        show.line(f"by what was known on its own day: comity defend estate --as-of {STARTER_DAY}", "yellow")


def _document(file: Path, release: str, columns: str) -> Any:
    from comity.defend.desk import Document
    from comity.formats.listings.table import mapping

    return Document(
        name=file.name, data=file.read_bytes(), release=release, columns=mapping(columns) if columns else None
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        problem = Problem("/as_of", "invalid_time", "a day is written 2024-10-10")
        raise Invalid("no such day", [problem]) from error


def _reach(text: str) -> Reach:
    try:
        return Reach(text)
    except ValueError as error:
        problem = Problem("/exposure", "bad_value", f"must be one of: {', '.join(Reach)}")
        raise Invalid("no such exposure", [problem]) from error


def _domain(text: str) -> Domain:
    try:
        return Domain(text)
    except ValueError as error:
        problem = Problem("/domain", "bad_value", f"must be one of: {', '.join(Domain)}")
        raise Invalid("no such domain", [problem]) from error
