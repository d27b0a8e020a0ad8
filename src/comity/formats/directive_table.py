"""Make a pack's decision table: written out from its rows, or a shipped SSVC table by id and digest.

A `*` in a row stands for every value of that input. Overlaps, gaps and values nobody asked are told at the row of the
file that holds them; the rest (monotony) is the table's own check.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Final

from comity.errors import Invalid, Problem
from comity.formats import pack as shipped_packs
from comity.formats import pointers
from comity.model.decision import Input, Origin, Row, Table, Value

ALL: Final = "*"
EXPANDED: Final = 4096
"""Rows of a table once `*` is written out."""


def made(document: dict[str, Any], whole: str) -> tuple[Table, tuple[tuple[str, ...], ...]]:
    """The table, and per row the ids of its citations. Invalid lists what makes it unsound."""
    stated = document["table"]
    if "ssvc" in stated:
        table = _referred(document, stated)
        return table, (tuple(stated.get("cite", ())),) * len(table.rows)
    inputs = tuple(
        Input(
            name=one["name"],
            standard=f"pack:{one['name']}:1.0.0",
            values=tuple(Value(key=value, name=value) for value in one["values"]),
        )
        for one in document["inputs"]
    )
    rows: list[Row] = []
    cites: list[tuple[str, ...]] = []
    seen: dict[tuple[str, ...], int] = {}
    problems: list[Problem] = []
    for place, stated_row in enumerate(stated["rows"]):
        for given in _expanded(stated_row["given"], inputs, f"/table/rows/{place}/given"):
            if given in seen:
                reason = f"row {seen[given] + 1} of the file already answers {', '.join(given)}"
                problems.append(Problem(f"/table/rows/{place}", "overlap", reason))
                continue
            seen[given] = place
            rows.append(Row(number=len(rows) + 1, source_row=place, given=given, then=stated_row["then"]))
            cites.append(tuple(stated_row["cite"]))
    keys = {one["key"] for one in document["outcomes"]}
    problems += [
        Problem(f"/table/rows/{row.source_row}/then", "unknown_outcome", "the pack has no such outcome")
        for row in rows
        if row.then not in keys
    ]
    whole_space = [tuple(value.key for value in one.values) for one in inputs]
    lacking = [given for given in product(*whole_space) if given not in seen]
    if lacking:
        reason = f"{len(lacking)} combinations have no row, the first is {', '.join(lacking[0])}"
        problems.append(Problem("/table/rows", "not_total", reason))
    if problems:
        raise Invalid("the table is not total", problems)
    origin = Origin(
        title=document["title"],
        repository="",
        commit="",
        path="",
        sha256=whole,
        licence="",
        taken=document["standing"]["as_of"],
    )
    try:
        table = Table(
            id=f"{document['pack']}:{document['version']}",
            title=document["title"],
            inputs=inputs,
            outcomes=tuple(Value(key=one["key"], name=one["name"]) for one in document["outcomes"]),
            rows=tuple(rows),
            origin=origin,
            monotone=stated["monotone"],
        )
    except Invalid as error:
        told = [replace(one, pointer=f"/table{_file_row(one.pointer, rows)}") for one in error.problems]
        raise Invalid(str(error), told) from error
    return table, tuple(cites)


def _file_row(pointer: str, rows: Sequence[Row]) -> str:
    parts = pointers.split(pointer)
    if len(parts) > 1 and parts[0] == "rows":
        return pointers.join("", "rows", rows[int(parts[1])].source_row)
    return pointer


def _referred(document: dict[str, Any], stated: dict[str, Any]) -> Table:
    if stated["ssvc"] not in shipped_packs.TABLES:
        reason = f"these tables ship: {', '.join(shipped_packs.TABLES)}"
        raise Invalid("no such table", [Problem("/table/ssvc", "unknown_table", reason)])
    table = shipped_packs.shipped_table(stated["ssvc"])
    problems = []
    if stated["sha256"] != table.origin.sha256:
        reason = f"the table's original has the digest {table.origin.sha256}"
        problems.append(Problem("/table/sha256", "other_table", reason))
    asked = [(one["name"], tuple(one["values"])) for one in document["inputs"]]
    if asked != [(one.name, tuple(value.name for value in one.values)) for one in table.inputs]:
        reason = "the table asks: " + "; ".join(
            f"{one.name} ({', '.join(value.name for value in one.values)})" for one in table.inputs
        )
        problems.append(Problem("/inputs", "other_inputs", reason))
    if [one["key"] for one in document["outcomes"]] != [value.key for value in table.outcomes]:
        reason = f"the table's outcomes are, in this order: {', '.join(value.key for value in table.outcomes)}"
        problems.append(Problem("/outcomes", "other_outcomes", reason))
    if problems:
        raise Invalid("the pack and its table disagree", problems)
    return table


def _expanded(given: list[str], inputs: Sequence[Input], pointer: str) -> Iterator[tuple[str, ...]]:
    if len(given) != len(inputs):
        raise Invalid("bad row", [Problem(pointer, "wrong_width", f"give {len(inputs)} values, one per input")])
    columns = []
    number = 1
    for place, (text, one) in enumerate(zip(given, inputs, strict=True)):
        keys = tuple(value.key for value in one.values)
        if text != ALL and text not in keys:
            raise Invalid(
                "bad row", [Problem(f"{pointer}/{place}", "unknown_value", f"one of {', '.join(keys)}, or *")]
            )
        columns.append(keys if text == ALL else (text,))
        number *= len(columns[-1])
    if number > EXPANDED:
        raise Invalid("bad row", [Problem(pointer, "too_many_rows", f"it stands for more than {EXPANDED} rows")])
    yield from product(*columns)
