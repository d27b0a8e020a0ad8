"""Write tables of remedies as CSV by a column map that is data, for dashboards whose vocabulary we do not know.

A map names the columns in order and the field each is taken from; it may come from a stranger, so it is read through
the same door as every pack. Values stay raw: nothing is translated into words that the receiving system might mean
otherwise. A cell that a spreadsheet would take for a formula is neutralised (OWASP, "CSV Injection").
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import parse, times
from comity.model.remedy import Remedy

LIMITS: Final = parse.Limits(document_bytes=64 * 1024, depth=6)
SHIPPED: Final = ("cdm", "fedramp-poam", "fedramp-vdr")
"""The maps under `packs/columns`."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST_COLUMNS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading, the field it is taken from ("" for a column that people fill in), and a fixed text."""

    heading: str
    field: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """A table's columns in order. `origin` says where the headings come from, and how sure that is."""

    id: str
    title: str
    origin: str
    columns: tuple[Column, ...]


def safe(text: str) -> str:
    """The cell as no spreadsheet runs it: an apostrophe goes before a text that begins like a formula.

    Blanks are looked through, since spreadsheets trim them. NUL is dropped: readers disagree on what it ends.
    """
    plain = text.replace("\x00", "")
    return f"'{plain}" if plain.lstrip(" \u00a0").startswith(_FORMULA) or plain.startswith(_FORMULA) else plain


def _moment(value: datetime | None) -> str:
    return times.write(value) if value else ""


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


FIELDS: Final[Mapping[str, Callable[[Remedy], str]]] = {
    "id": lambda r: r.id,
    "vulnerability": lambda r: r.vulnerability,
    "advisory": lambda r: r.advisory,
    "title": lambda r: r.title,
    "asset": lambda r: r.asset,
    "organisation": lambda r: r.organisation,
    "sub_organisation": lambda r: r.sub_organisation,
    "environment": lambda r: r.environment,
    "asset_type": lambda r: r.asset_type,
    "exposure": lambda r: r.exposure,
    "exposure_source": lambda r: r.exposure_source,
    "component": lambda r: r.component,
    "version": lambda r: r.version,
    "found_at": lambda r: _moment(r.found_at),
    "found_by": lambda r: r.found_by,
    "evaluated_at": lambda r: _moment(r.evaluated_at),
    "directive": lambda r: r.directive,
    "binding": lambda r: _yes(r.binding),
    "tier": lambda r: r.tier,
    "row": lambda r: "" if r.row is None else str(r.row),
    "started_by": lambda r: r.started_by,
    "due": lambda r: _moment(r.due),
    "kev_due": lambda r: _day(r.kev_due),
    "conflict": lambda r: _yes(r.conflict),
    "overdue": lambda r: _yes(r.overdue),
    "triage": lambda r: _yes(r.triage),
    "standing": lambda r: str(r.standing),
    "reason": lambda r: r.reason,
    "unknown": lambda r: "; ".join(r.unknown),
    "defaulted": lambda r: "; ".join(r.defaulted),
    "in_kev": lambda r: r.in_kev,
    "automatable": lambda r: r.automatable,
    "impact": lambda r: r.impact,
    "fix": lambda r: r.fix,
    "action": lambda r: r.action,
    "planned_upgrade": lambda r: _day(r.planned_upgrade),
    "": lambda _: "",
}
"""Everything that a column may be taken from."""


@cache
def shipped(name: str) -> ColumnMap:
    """A map that ships with Comity; Invalid for another name."""
    if name not in SHIPPED:
        raise Invalid("no such column map", [Problem("", "unknown_map", f"one of: {', '.join(SHIPPED)}")])
    return read_map(resources.files("comity.formats").joinpath("packs", "columns", f"{name}.json").read_bytes())


def read_map(data: bytes) -> ColumnMap:
    """A column map from JSON; Invalid lists every column that asks for a field there is none of."""
    document = parse.decode(data, LIMITS)
    problems: list[Problem] = []
    if not isinstance(document, dict):
        raise Invalid("this is no column map", [Problem("", "wrong_type", "must be an object")])
    texts = {}
    for key in ("id", "title", "origin"):
        value = document.get(key)
        if not isinstance(value, str) or not value:
            problems.append(Problem(f"/{key}", "missing_field", "must be a text"))
        else:
            texts[key] = value
    listed = document.get("columns")
    columns: list[Column] = []
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_COLUMNS:
        problems.append(Problem("/columns", "bad_columns", f"must hold 1 to {_MOST_COLUMNS} columns"))
        listed = []
    for place, one in enumerate(listed):
        pointer = f"/columns/{place}"
        heading = one.get("heading") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(heading, str) or not heading:
            problems.append(Problem(pointer, "bad_column", "needs a heading"))
            continue
        field, text = one.get("field", ""), one.get("text", "")
        if field not in FIELDS or not isinstance(text, str):
            known = ", ".join(name for name in FIELDS if name)
            problems.append(Problem(f"{pointer}/field", "unknown_field", f"one of: {known}"))
            continue
        columns.append(Column(heading=heading, field=str(field), text=text))
    if problems:
        raise Invalid("the column map does not hold together", problems)
    return ColumnMap(columns=tuple(columns), **texts)


def write(columns: ColumnMap, remedies: Iterable[Remedy]) -> bytes:
    """RFC 4180 with a header line, UTF-8, every cell quoted, one line per remedy in the order given."""
    held = io.StringIO()
    out = csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    out.writerow([safe(column.heading) for column in columns.columns])
    for remedy in remedies:
        out.writerow([safe(column.text or FIELDS[column.field](remedy)) for column in columns.columns])
    return held.getvalue().encode()


def report(columns: ColumnMap, remedies: Iterable[Remedy]) -> bytes:
    """The same rows as JSON, for readers that are programs."""
    rows = [
        {column.heading: column.text or FIELDS[column.field](remedy) for column in columns.columns}
        for remedy in remedies
    ]
    return json.dumps({"table": columns.id, "origin": columns.origin, "rows": rows}, indent=1).encode() + b"\n"
