"""Say what a directive pack's schema cannot: days that exist, names that lead somewhere, tests that hold.

`document` works on the plain values, `tests` on the finished pack: its examples, the wrong readings it contradicts, and
what its kind demands. Both list every problem with its pointer.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from comity.errors import Invalid, Problem
from comity.model.decision import Settled, Table, decide
from comity.model.directive import Kind, Pack, Unit, Wrong


def document(held: dict[str, Any]) -> list[Problem]:
    """Every violation in a document that keeps its schema."""
    return [*_days(held), *_repeats(held), *_loose_ends(held)]


def tests(made: Pack) -> list[Problem]:
    """Every test of the pack itself that does not hold."""
    return [*_examples(made), *_counter_examples(made), *_gaps_of_kind(made)]


def _days(held: dict[str, Any]) -> Iterator[Problem]:
    dates = held["dates"]
    places = [(f"/dates/{name}", dates[name]) for name in ("issued", "applies_from", "until", "review_due")]
    places.append(("/standing/as_of", held["standing"]["as_of"]))
    places += [(f"/phases/{n}/on", one["on"]) for n, one in enumerate(held.get("phases", ()))]
    places += [
        (f"/duties/{n}/due/on", one["due"]["on"]) for n, one in enumerate(held.get("duties", ())) if "on" in one["due"]
    ]
    places += [
        (f"/counter_examples/{n}/phase/on", one["phase"]["on"])
        for n, one in enumerate(held.get("counter_examples", ()))
        if "phase" in one
    ]
    bad = False
    for pointer, text in places:
        if text is not None and _day(text) is None:
            bad = True
            yield Problem(pointer, "no_such_day", "the calendar has no such day")
    if bad:
        return
    if date.fromisoformat(dates["applies_from"]) < date.fromisoformat(dates["issued"]):
        yield Problem("/dates/applies_from", "wrong_order", "nothing applies before it is issued")
    if dates["until"] is not None and date.fromisoformat(dates["until"]) <= date.fromisoformat(dates["issued"]):
        yield Problem("/dates/until", "wrong_order", "the end comes after the issue")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _repeats(held: dict[str, Any]) -> Iterator[Problem]:
    keys = {"sources": "id", "inputs": "name", "outcomes": "key", "phases": "id", "duties": "id", "parameters": "id"}
    for kind, key in keys.items():
        seen: set[str] = set()
        for place, one in enumerate(held.get(kind, ())):
            if one[key] in seen:
                yield Problem(f"/{kind}/{place}/{key}", "repeated_id", "each is named once")
            seen.add(one[key])


def _loose_ends(held: dict[str, Any]) -> Iterator[Problem]:
    sources = {one["id"] for one in held["sources"]}
    for pointer, cites in _citing(held):
        for place, name in enumerate(cites):
            if name not in sources:
                yield Problem(f"{pointer}/{place}", "unknown_source", "the pack lists no such source")
    parameters = {one["id"]: one for one in held.get("parameters", ())}
    for pointer, name in _naming_parameters(held):
        if name not in parameters:
            yield Problem(pointer, "unknown_parameter", "the pack defines no such parameter")
    for place, one in enumerate(held.get("parameters", ())):
        if one["choices"] and one["default"] not in one["choices"]:
            yield Problem(f"/parameters/{place}/default", "unknown_choice", "the default is one of the choices")
    yield from _loose_inputs(held)
    outcomes = {one["key"] for one in held.get("outcomes", ())}
    named = [(f"/evidence/{n}/outcome", one["outcome"]) for n, one in enumerate(held.get("evidence", ()))]
    if "triage" in held:
        named += [(f"/triage/outcomes/{n}", key) for n, key in enumerate(held["triage"]["outcomes"])]
    for pointer, key in named:
        if key not in outcomes:
            yield Problem(pointer, "unknown_outcome", "the pack has no such outcome")
    for place, one in enumerate(held.get("outcomes", ())):
        wants = one["unit"] in {"calendar_day", "calendar_month", "hour"}
        if wants and "amount" not in one:
            yield Problem(f"/outcomes/{place}", "no_amount", f"{one['unit']} needs an amount")
        if one["unit"] in {"planned_event", "none", "to_be_set"} and "amount" in one:
            yield Problem(f"/outcomes/{place}/amount", "amount_without_unit", f"{one['unit']} takes no amount")
    if ("table" in held) != bool(held.get("inputs")) or ("table" in held) != bool(held.get("outcomes")):
        yield Problem("/table", "half_a_table", "a table, its inputs and its outcomes come together")
    if "table" in held and "clock" not in held:
        yield Problem("/clock", "no_clock", "a table needs a clock")


def _loose_inputs(held: dict[str, Any]) -> Iterator[Problem]:
    values = {one["name"]: one["values"] for one in held.get("inputs", ())}
    for place, one in enumerate(held.get("inputs", ())):
        unknown = one["unknown"]
        if isinstance(unknown, dict) and unknown["use"] not in one["values"]:
            yield Problem(f"/inputs/{place}/unknown/use", "unknown_value", "use one of the input's values")
        for spot, rule in enumerate(one.get("implied_by", ())):
            if rule["then"] not in one["values"]:
                yield Problem(f"/inputs/{place}/implied_by/{spot}/then", "unknown_value", "one of the input's values")
    for kind in ("examples",):
        for place, one in enumerate(held.get(kind, ())):
            for name, value in one["given"].items():
                if value not in values.get(name, ()):
                    yield Problem(
                        f"/{kind}/{place}/given", "unknown_value", "it names an input or value the pack does not ask"
                    )
                    break


def _citing(held: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for kind in ("outcomes", "phases", "exceptions", "duties"):
        for place, one in enumerate(held.get(kind, ())):
            yield f"/{kind}/{place}/cite", one.get("cite", [])
    table = held.get("table", {})
    yield "/table/cite", table.get("cite", [])
    for place, row in enumerate(table.get("rows", ())):
        yield f"/table/rows/{place}/cite", row["cite"]
    if "triage" in held:
        yield "/triage/cite", held["triage"]["cite"]


def _naming_parameters(held: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for place, one in enumerate(held.get("inputs", ())):
        if isinstance(one["unknown"], dict):
            yield f"/inputs/{place}/unknown/param", one["unknown"]["param"]
    for name, value in held.get("clock", {}).items():
        if name != "starts":
            yield f"/clock/{name}", value
    if "triage" in held:
        yield "/triage/start", held["triage"]["start"]
        for place, one in enumerate(held["triage"]["timers"]):
            yield f"/triage/timers/{place}/param", one["param"]
    for place, one in enumerate(held.get("duties", ())):
        if "param" in one["due"]:
            yield f"/duties/{place}/due/param", one["due"]["param"]


def _examples(made: Pack) -> Iterator[Problem]:
    if made.table is None:
        return
    for place, example in enumerate(made.examples):
        answer = decide(made.table, dict(example.given), parameters=())
        found = answer.outcome.key if isinstance(answer, Settled) else "several"
        if found != example.then:
            reason = f"the example says {example.then}, the table says {found}"
            yield Problem(f"/examples/{place}", "example_fails", reason)


def _counter_examples(made: Pack) -> Iterator[Problem]:
    for place, wrong in enumerate(made.wrong):
        if not refuted(made, wrong):
            reason = "the pack does not contradict this claim, so it is no counter-example"
            yield Problem(f"/counter_examples/{place}", "counter_example_holds", reason)


def refuted(made: Pack, wrong: Wrong) -> bool:
    """True when the pack itself contradicts the claim, in every way the claim was written down."""
    days = {one.amount for one in made.outcomes if one.unit is Unit.DAY}
    asked = {one.name for one in made.asked}
    found = []
    if wrong.amounts:
        found.append(not days.issuperset(wrong.amounts))
    if wrong.inputs:
        found.append(not asked.issuperset(wrong.inputs))
    if wrong.differ and made.table is not None:
        found.append(len({_settled(made.table, dict(case)) for case in wrong.differ}) > 1)
    if wrong.phase:
        found.append(any(one.id == wrong.phase and one.on != wrong.day for one in made.phases))
    return bool(found) and all(found)


def _settled(table: Table, given: Mapping[str, str]) -> str:
    try:
        answer = decide(table, given, parameters=())
    except Invalid:
        return "unreadable"
    return answer.outcome.key if isinstance(answer, Settled) else "several"


def _gaps_of_kind(made: Pack) -> Iterator[Problem]:
    unset = [place for place, one in enumerate(made.outcomes) if one.unit is Unit.UNSET]
    if made.kind is not Kind.TEMPLATE:
        for place in unset:
            reason = "only a template leaves a time open: whoever has the authority fills it in"
            yield Problem(f"/outcomes/{place}/unit", "not_filled_in", reason)
    if made.kind is Kind.ADVISORY and made.binding_on:
        yield Problem("/binding_on", "advisory_binds", "an advisory pack binds nobody: binding_on is [none]")
