"""Read packs: rules that come as data (an order's clauses, a decision table), checked before anybody relies on them.

A pack holds no code and no expressions, so it may come from a stranger: size and depth are limited before parsing, a
JSON Schema fixes the shape, and what a schema cannot say (references, dates, totality) is checked here and in the
values. Every violation is listed with its JSON pointer. The packs that ship with Comity go through the same door.
"""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

from comity.errors import Invalid, Problem
from comity.formats import parse, pointers
from comity.model.decision import Input, Origin, Parameter, Row, Table, Value
from comity.model.order import (
    Capability,
    Certainty,
    Clause,
    Deadline,
    Duty,
    Event,
    NotFound,
    Order,
    Side,
    Source,
    State,
)

LIMITS: Final = parse.Limits(document_bytes=256 * 1024, depth=12)

BOD_26_04: Final = "cisa:DT_BOD2604:1.0.0"
COORDINATOR_TRIAGE: Final = "ssvc:DT_COORD_TRIAGE:1.0.0"
COORDINATOR_PUBLISH: Final = "ssvc:DT_COORD_PUBLISH:1.0.0"
CISA_COORDINATOR: Final = "cisa:DT_CO:2.0.3"
SUPPLIER: Final = "ssvc:DT_SP:1.0.0"
DEPLOYER: Final = "ssvc:DT_DP:1.0.0"
UTILITY: Final = "ssvc:DT_U:1.0.0"
HUMAN_IMPACT: Final = "ssvc:DT_HI:1.0.0"
PUBLIC_SAFETY: Final = "ssvc:DT_PSI:1.0.0"

TABLES: Final = {
    BOD_26_04: "bod-26-04.json",
    COORDINATOR_TRIAGE: "coordinator-triage.json",
    COORDINATOR_PUBLISH: "coordinator-publish.json",
    CISA_COORDINATOR: "cisa-coordinator.json",
    SUPPLIER: "supplier.json",
    DEPLOYER: "deployer.json",
    UTILITY: "utility.json",
    HUMAN_IMPACT: "human-impact.json",
    PUBLIC_SAFETY: "public-safety-impact.json",
}
"""The decision tables that ship with Comity: id of the table -> file under `packs/tables`."""


@cache
def shipped_table(table_id: str) -> Table:
    """A table that ships with Comity; Invalid for an id that is not in `TABLES`."""
    if table_id not in TABLES:
        known = ", ".join(TABLES)
        raise Invalid("no such table ships with Comity", [Problem("", "unknown_table", f"these do: {known}")])
    return read_table(shipped(f"tables/{TABLES[table_id]}"))


@cache
def shipped_order() -> Order:
    """The pack of Executive Order 14409 that ships with Comity."""
    return read_order(shipped("us.eo-14409.json"))


def starter() -> tuple[bytes, ...]:
    """The dated starter data that ships with Comity (`packs/starter/README.md`): a KEV catalogue, and SSVC inputs."""
    files = ("starter/kev-2025-08-25.json.gz", "starter/vulnrichment-extract-2024-10-24.jsonl.gz")
    return tuple(gzip.decompress(shipped(name)) for name in files)


STARTER_DATES: Final = {"CISA KEV": date(2025, 8, 25), "CISA Vulnrichment": date(2024, 10, 24)}
"""What answers, and of when, while these sources were never fetched."""
STARTER_DAY: Final = date(2024, 10, 10)
"""The last day on which every file of the starter data is within the age limit, asked about with `--as-of`."""


def starter_advisories() -> tuple[tuple[bytes, datetime], ...]:
    """The advisory databases that ship, each as an OSV bundle with the day it was taken; both are whole as of it."""
    held = (
        ("starter/osv-pypi-2024-10-10.jsonl.gz", datetime(2024, 10, 10, 17, 22, tzinfo=UTC)),
        ("starter/osv-go-2026-08-21.jsonl.gz", datetime(2026, 8, 21, tzinfo=UTC)),
    )
    return tuple((gzip.decompress(shipped(name)), at) for name, at in held)


def shipped(name: str) -> bytes:
    """The bytes of a file under `packs/`, as installed."""
    return resources.files("comity.formats").joinpath("packs", *name.split("/")).read_bytes()


def read_table(data: bytes) -> Table:
    """A decision table from JSON; Invalid lists every violation, including gaps, overlaps and broken monotony."""
    document = _checked(data, "table.schema.json")
    return Table(
        id=document["table"],
        title=document["title"],
        inputs=tuple(
            Input(name=one["name"], standard=one["standard"], values=_values(one["values"]))
            for one in document["inputs"]
        ),
        outcomes=_values(document["outcomes"]),
        rows=tuple(
            Row(number=number, source_row=row["source_row"], given=tuple(row["given"]), then=row["then"])
            for number, row in enumerate(document["rows"], start=1)
        ),
        origin=Origin(**document["origin"]),
        monotone=document["monotone"],
        parameters=tuple(
            Parameter(
                name=one["name"],
                fills=tuple(one["fills"].items()),
                when=tuple(one["when"].items()),
                why=one["why"],
            )
            for one in document["parameters"]
        ),
    )


def outcome_standard(data: bytes) -> str:
    """The id of a table's outcome, `namespace:key:version`; Invalid as `read_table` says."""
    return str(_checked(data, "table.schema.json")["outcome_standard"])


def read_order(data: bytes) -> Order:
    """An order pack from JSON; Invalid lists every violation, including a private party shown as bound (rule DR7)."""
    document = _checked(data, "order.schema.json")
    problems = [*_repeats(document), *_loose_ends(document)]
    dates: dict[str, date] = {}
    for name in ("signed", "published", "as_of"):
        with _gather(problems, f"/{name}"):
            dates[name] = _date(document[name])
    if problems:
        raise Invalid("the order pack does not hold together", problems)
    sources = {one["id"]: Source(**one) for one in document["sources"]}
    events = {one["id"]: _event(one, sources) for one in document["events"]}
    clauses = []
    for place, row in enumerate(document["clauses"]):
        with _gather(problems, f"/clauses/{place}"):
            clauses.append(_clause(row, dates["signed"], sources, events))
    if problems:
        raise Invalid("the order pack does not hold together", problems)
    return Order(
        pack=document["pack"],
        version=document["version"],
        title=document["title"],
        citation=document["citation"],
        signed=dates["signed"],
        published=dates["published"],
        as_of=dates["as_of"],
        compared=document["compared"],
        notice=document["notice"],
        sources=tuple(sources.values()),
        events=tuple(events.values()),
        clauses=tuple(clauses),
    )


def _event(one: dict[str, Any], sources: dict[str, Source]) -> Event:
    return Event(
        id=one["id"],
        when=one["when"],
        text=one["text"],
        certainty=Certainty(one["certainty"]),
        secondary=one["secondary"],
        disputed=one["disputed"],
        sources=tuple(sources[name] for name in one["sources"]),
    )


def _clause(row: dict[str, Any], signed: date, sources: dict[str, Source], events: dict[str, Event]) -> Clause:
    problems: list[Problem] = []
    duties: list[Duty] = []
    capabilities: list[Capability] = []
    not_found: list[NotFound] = []
    deadline = Deadline(days=None, on=None, words=row["deadline"]["words"])
    for place, one in enumerate(row["duties"]):
        with _gather(problems, f"/duties/{place}"):
            bound = () if one["binding_on"] == ["none"] else tuple(one["binding_on"])
            duties.append(Duty(**one | {"side": Side(one["side"]), "binding_on": bound}))
    for place, one in enumerate(row["served_by"]):
        with _gather(problems, f"/served_by/{place}"):
            parts = {"rooms": tuple(one["rooms"]), "commands": tuple(one["commands"]), "state": State(one["state"])}
            capabilities.append(Capability(**one | parts))
    for place, one in enumerate(row["not_found"]):
        with _gather(problems, f"/not_found/{place}/looked_on"):
            not_found.append(NotFound(what=one["what"], looked_on=_date(one["looked_on"])))
    with _gather(problems, "/deadline"):
        deadline = _deadline(row["deadline"], signed)
    if problems:
        raise Invalid(f"clause {row['id']} does not hold together", problems)
    return Clause(
        id=row["id"],
        clause=row["clause"],
        letter_inferred=row["letter_inferred"],
        title=row["title"],
        duties=tuple(duties),
        deadline=deadline,
        hard_limit=row["hard_limit"],
        certainty=Certainty(row["certainty"]),
        doubt=row["doubt"],
        secondary=row["secondary"],
        sources=tuple(sources[name] for name in row["sources"]),
        events=tuple(events[name] for name in row["events"]),
        not_found=tuple(not_found),
        served_by=tuple(capabilities),
    )


def _deadline(one: dict[str, Any], signed: date) -> Deadline:
    days, on = one["days"], None if one["on"] is None else _date(one["on"])
    expected = None if days is None else signed + timedelta(days=days)
    if expected != on:
        reason = f"{days} days after signing end on {expected}" if expected else "a date needs its number of days"
        raise Invalid("the deadline disagrees with itself", [Problem("/on", "wrong_date", reason)])
    return Deadline(days=days, on=on, words=one["words"])


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("no such day", [Problem("", "no_such_day", "the calendar has no such day")]) from error


def _values(many: list[dict[str, Any]]) -> tuple[Value, ...]:
    return tuple(Value(key=one["key"], name=one["name"], also=tuple(one.get("also", ()))) for one in many)


def _repeats(document: dict[str, Any]) -> Iterator[Problem]:
    for kind in ("sources", "events", "clauses"):
        seen: set[str] = set()
        for place, one in enumerate(document[kind]):
            if one["id"] in seen:
                yield Problem(f"/{kind}/{place}/id", "repeated_id", "each id is used once")
            seen.add(one["id"])


def _loose_ends(document: dict[str, Any]) -> Iterator[Problem]:
    known = {kind: {one["id"] for one in document[kind]} for kind in ("sources", "events")}
    for kind in ("events", "clauses"):
        for place, one in enumerate(document[kind]):
            for field in ("sources", "events"):
                for spot, name in enumerate(one.get(field, ())):
                    if name not in known[field]:
                        yield Problem(f"/{kind}/{place}/{field}/{spot}", "unknown_id", "the pack defines no such id")


@contextmanager
def _gather(problems: list[Problem], pointer: str) -> Iterator[None]:
    """Collect the problems of a part under its place in the whole, so that one reading lists them all."""
    try:
        yield
    except Invalid as error:
        problems.extend(Problem(pointer + one.pointer, one.code, one.reason) for one in error.problems)


def _checked(data: bytes, schema: str) -> dict[str, Any]:
    document = parse.decode(data, LIMITS)
    problems = [
        Problem(pointers.from_path(error.absolute_path), "schema", _reason(str(error.validator), error.validator_value))
        for error in _validator(schema).iter_errors(document)
    ]
    if problems or not isinstance(document, dict):
        raise Invalid("the pack breaks its schema", sorted(problems, key=lambda one: pointers.order(one.pointer)))
    return dict(document)


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(shipped(schema)))


def _reason(rule: str, value: object) -> str:
    if rule in {"required", "enum", "const", "type", "pattern", "minItems", "maxItems", "minimum", "maximum"}:
        return f"the schema asks here: {rule} {json.dumps(value)}"
    return f"the schema's rule {rule} does not hold here"
