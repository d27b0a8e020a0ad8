"""CSV lists with a column mapping: components of an inventory, or the assets of an organisation.

A mapping says which column holds which field (`name=Product,version=Ver`). Fields that it does not name are looked for
under their usual headings. What a cell says is taken as it stands; a word that a field does not know is a problem.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.asset import Criticality, Domain, Environment, Reach
from comity.model.inventory import Component, Contents

W = TypeVar("W", bound=StrEnum)

COMPONENT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "package", "component", "product", "software", "software name", "display name"),
    "version": ("version", "ver", "package version", "software version", "display version"),
    "ecosystem": ("ecosystem", "type", "package type", "manager"),
    "purl": ("purl", "package url"),
    "cpe": ("cpe", "cpe23", "cpe 2.3"),
    "vendor": ("vendor", "publisher", "supplier", "manufacturer"),
}
"""Field -> headings it is found under, in lower case."""
ASSET_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("asset", "asset id", "asset name", "name", "host", "hostname", "dns name"),
    "kind": ("asset type", "type", "kind"),
    "owner": ("owner", "asset owner", "contact"),
    "sub_organisation": (
        "sub-organisation",
        "sub organization",
        "sub-organization",
        "component",
        "bureau",
        "department",
    ),
    "environment": ("environment", "env"),
    "exposure": ("exposure", "publicly exposed", "internet facing", "internet-facing"),
    "exposure_source": ("exposure source",),
    "exposure_expires": ("exposure expires", "exposure expiry"),
    "criticality": ("criticality", "impact level"),
    "planned_upgrade": ("planned upgrade", "planned upgrade date", "next rebuild"),
    "domain": ("domain",),
    "inventory": ("inventory", "image", "sbom"),
}
_REACH_WORDS: Final = {
    "yes": Reach.PUBLIC, "true": Reach.PUBLIC, "internet": Reach.PUBLIC, "external": Reach.PUBLIC,
    "no": Reach.INTERNAL, "false": Reach.INTERNAL, "private": Reach.INTERNAL, "": Reach.UNKNOWN,
}  # fmt: skip
_ENVIRONMENT_WORDS: Final = {
    "prod": Environment.PRODUCTION, "live": Environment.PRODUCTION, "dev": Environment.DEVELOPMENT,
    "staging": Environment.TEST, "qa": Environment.TEST, "": Environment.UNKNOWN,
}  # fmt: skip
_CRITICALITY_WORDS: Final = {
    "critical": Criticality.HIGH, "medium": Criticality.MODERATE, "": Criticality.UNKNOWN,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """One line of an asset table. `domain` None: the line does not say."""

    line: int
    name: str
    kind: str = ""
    owner: str = ""
    sub_organisation: str = ""
    environment: Environment = Environment.UNKNOWN
    exposure: Reach = Reach.UNKNOWN
    exposure_source: str = ""
    exposure_expires: date | None = None
    criticality: Criticality = Criticality.UNKNOWN
    planned_upgrade: date | None = None
    domain: Domain | None = None
    inventories: tuple[str, ...] = ()
    """Names of inventories, `;` between them."""


def mapping(text: str, fields: Mapping[str, tuple[str, ...]] = COMPONENT_FIELDS) -> dict[str, str]:
    """`name=Product,version=Ver` as field -> heading. Invalid for a field that there is not."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for place, part in enumerate(one for one in text.split(",") if one.strip()):
        field, sign, heading = part.partition("=")
        if not sign or field.strip() not in fields:
            problems.append(
                Problem(f"/{place}", "unknown_field", f"say field=heading; the fields are {', '.join(fields)}")
            )
        else:
            found[field.strip()] = heading.strip()
    listing.settle(problems)
    return found


def components(data: bytes, columns: Mapping[str, str] | None = None, *, limits: Limits = listing.LIMITS) -> Contents:
    """Components of a CSV list. A line with a purl is that; one with vendor and product alone is identified in part."""
    found: list[Component] = []
    for line, row in _rows(
        listing.text_of(data, limits), COMPONENT_FIELDS, columns or {}, needed=("name", "purl", "cpe")
    ):
        place = f"/line/{line}"
        made = listing.by_purl(row["purl"], name=row["name"], version=row["version"], cpe=row["cpe"], place=place)
        vendor = (
            f"{row['vendor']} " if row["vendor"] and not row["name"].lower().startswith(row["vendor"].lower()) else ""
        )
        found.append(
            made
            or listing.component(
                ecosystem=row["ecosystem"],
                name=row["name"] if row["ecosystem"] else f"{vendor}{row['name']}",
                version=row["version"],
                cpe=row["cpe"],
                place=place,
            )
        )
    listing.refuse_too_many(found)
    if not found:
        raise listing.no_packages("the table", "no line under the headings names anything")
    return Contents(components=tuple(found), format="CSV")


def assets(
    data: bytes, columns: Mapping[str, str] | None = None, *, limits: Limits = listing.LIMITS
) -> tuple[AssetRow, ...]:
    """Assets of a CSV table. `Invalid` lists each cell that says no word its field knows."""
    problems: list[Problem] = []
    found: list[AssetRow] = []
    names: dict[str, int] = {}
    for line, row in _rows(listing.text_of(data, limits), ASSET_FIELDS, columns or {}, needed=("name",)):
        place = f"/line/{line}"
        name = listing.printable(row["name"])
        if not name:
            problems.append(Problem(place, "missing_field", "an asset has a name"))
            continue
        if (first := names.setdefault(name.casefold(), line)) != line:
            problems.append(Problem(place, "repeated_key", f"line {first} names the same asset: keep one"))
            continue
        found.append(
            AssetRow(
                line=line,
                name=name,
                kind=listing.printable(row["kind"])[:64],
                owner=listing.printable(row["owner"])[:200],
                sub_organisation=listing.printable(row["sub_organisation"])[:200],
                environment=_word(row["environment"], Environment, _ENVIRONMENT_WORDS, place, "environment", problems),
                exposure=_word(row["exposure"], Reach, _REACH_WORDS, place, "exposure", problems),
                exposure_source=listing.printable(row["exposure_source"])[:200],
                exposure_expires=_day(row["exposure_expires"], place, problems),
                criticality=_word(row["criticality"], Criticality, _CRITICALITY_WORDS, place, "criticality", problems),
                planned_upgrade=_day(row["planned_upgrade"], place, problems),
                domain=_word(row["domain"], Domain, {}, place, "domain", problems) if row["domain"] else None,
                inventories=tuple(part.strip() for part in row["inventory"].split(";") if part.strip()),
            )
        )
    listing.settle(problems)
    listing.refuse_too_many(found)
    if not found:
        raise listing.no_packages("the table", "no line under the headings names an asset")
    return tuple(found)


def _rows(
    text: str, fields: Mapping[str, tuple[str, ...]], columns: Mapping[str, str], *, needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    sample = text[:8192]
    delimiter = max(",;\t", key=sample.split("\n", 1)[0].count)
    reader = listing.csv_rows(io.StringIO(text, newline=""), delimiter)
    try:
        headings = [heading.strip().lower() for heading in next(reader, [])]
        listing.refuse_repeated(headings, reader.line_num)
        places = {field: _place(headings, columns.get(field, ""), usual) for field, usual in fields.items()}
        missing = [columns[field] for field in columns if places[field] is None]
        if missing:
            raise listing.one_problem(
                "missing_column", "a heading that the mapping names is not in the table", "/line/1"
            )
        if all(places[field] is None for field in needed):
            raise listing.one_problem(
                "missing_column", f"no heading for {' or '.join(needed)}: give a mapping, such as {needed[0]}=Heading",
                "/line/1",
            )  # fmt: skip
        for row in reader:
            if any(cell.strip() for cell in row):
                yield (
                    reader.line_num,
                    {
                        field: row[place].strip() if place is not None and place < len(row) else ""
                        for field, place in places.items()
                    },
                )
    except csv.Error as error:
        raise listing.one_problem("malformed_csv", "this is not one CSV table", f"/line/{reader.line_num}") from error


def _place(headings: list[str], wanted: str, usual: tuple[str, ...]) -> int | None:
    names = (wanted.lower(),) if wanted else usual
    return next((headings.index(name) for name in names if name in headings), None)


def _word(text: str, words: type[W], others: Mapping[str, W], place: str, field: str, problems: list[Problem]) -> W:
    lowered = text.strip().lower()
    if lowered in others:
        return others[lowered]
    try:
        return words(lowered)
    except ValueError:
        problems.append(Problem(place, "bad_value", f"{field} must be one of: {', '.join(words)}"))
        return next(iter(words))


def _day(text: str, place: str, problems: list[Problem]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(place, "invalid_time", "a day is written 2026-12-07"))
        return None
