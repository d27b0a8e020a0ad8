"""Read a directive pack from a stranger's YAML or JSON, and say everything that is wrong with it, line by line.

In order: (1) limits and plain values; (2) the JSON Schema `packs/directive.schema.json`; (3) what a schema cannot say:
days that exist, references that lead somewhere, a table without gap, overlap or broken monotony, an SSVC table by the
digest of its original; (4) the pack's own examples and counter-examples, which are its tests. A pack that fails any of
them is never in force. Nothing in a pack is executed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from comity.errors import Invalid, Problem
from comity.formats import directive_check, directive_table, plain_yaml, pointers
from comity.formats import pack as shipped_packs
from comity.model.asset import Domain
from comity.model.directive import (
    Asked,
    Choice,
    Citation,
    ClockRule,
    Compare,
    DutyRule,
    Example,
    Exemption,
    Kind,
    Of,
    Outcome,
    Pack,
    Phase,
    Standing,
    Timer,
    TriageRule,
    Unit,
    Unknown,
    Wanted,
    Wrong,
)
from comity.model.ids import digest
from comity.model.order import Certainty, Order

SCHEMA: Final = "directive.schema.json"
SHIPPED: Final = (
    "us.cisa.bod-26-04",
    "us.cisa.bod-22-01",
    "us.cisa.bod-19-02",
    "us.fedramp.vdr",
    "eu.cra.article-14",
    "us.cnss.deliverables",
    "local.nss.template",
    "local.dow.template",
)
"""Packs that ship with Comity, as `packs/directives/<id>.yaml`; the order's own duties come out of its pack."""


@cache
def shipped(name: str) -> Pack:
    """A pack that ships with Comity. Invalid for another id."""
    if name == "us.eo-14409":
        return of_order(shipped_packs.shipped_order(), shipped_packs.shipped("us.eo-14409.json"))
    if name not in SHIPPED:
        known = ", ".join((*SHIPPED, "us.eo-14409"))
        raise Invalid("no such pack ships with Comity", [Problem("", "unknown_pack", f"these do: {known}")])
    return read(shipped_bytes(name))


def shipped_bytes(name: str) -> bytes:
    """The file of a shipped pack."""
    return shipped_packs.shipped(f"directives/{name}.yaml")


def every_shipped() -> tuple[Pack, ...]:
    """Every pack that ships, the order's own duties last."""
    return tuple(shipped(name) for name in (*SHIPPED, "us.eo-14409"))


def read(data: bytes) -> Pack:
    """The pack in these bytes. Invalid lists every violation with its pointer and line."""
    held = plain_yaml.read(data)
    problems = _against_schema(held.value)
    if problems or not isinstance(held.value, dict):
        raise Invalid("the pack breaks its schema", _with_lines(problems, held.lines))
    document: dict[str, Any] = dict(held.value)
    problems = directive_check.document(document)
    if problems:
        raise Invalid("the pack does not hold together", _with_lines(problems, held.lines))
    try:
        made = _made(document, data)
    except Invalid as error:
        raise Invalid("the pack's table is not sound", _with_lines(error.problems, held.lines)) from error
    problems = directive_check.tests(made)
    if problems:
        raise Invalid("the pack fails its own tests", _with_lines(problems, held.lines))
    return made


def of_order(order: Order, data: bytes) -> Pack:
    """The order's own duties as a pack: each clause with its clock, from the order pack, nothing repeated by hand."""
    duties = []
    for clause in order.clauses:
        if clause.deadline.on is None:
            continue
        results = [f"{event.when}: {event.text}" for event in clause.events]
        results += [f"not found as of {one.looked_on}: {one.what}" for one in clause.not_found]
        for place, duty in enumerate(clause.duties):
            duties.append(
                DutyRule(
                    id=clause.id if len(clause.duties) == 1 else f"{clause.id}.{place + 1}",
                    actor=duty.actor,
                    text=duty.text,
                    binding_on=duty.binding_on,
                    on=clause.deadline.on,
                    after="signed",
                    amount=clause.deadline.days,
                    unit=Unit.DAY,
                    result=" ".join(results),
                    certainty=clause.certainty,
                    secondary=clause.secondary,
                    cite=tuple(source.id for source in clause.sources),
                )
            )
    citations = tuple(Citation(id=one.id, title=one.title, kind=one.kind, read=one.read) for one in order.sources)
    return Pack(
        id=order.pack,
        version=order.version,
        kind=Kind.DUTIES,
        title=order.title,
        authority="President of the United States",
        domain=None,
        binding_on=tuple(sorted({name for duty in duties for name in duty.binding_on})),
        standing=Standing(sentence=order.notice, certainty=Certainty.AGREED, secondary=True, as_of=order.as_of),
        issued=order.signed,
        applies_from=order.signed,
        until=None,
        review_due=date(order.as_of.year + 1, order.as_of.month, order.as_of.day),
        review_note="the date is ours: a year after the facts were gathered",
        supersedes=(),
        sources=citations,
        digest=digest(data),
        duties=tuple(duties),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of packs, as shipped."""
    document: dict[str, Any] = json.loads(shipped_packs.shipped(SCHEMA))
    return document


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _against_schema(value: object) -> list[Problem]:
    found = []
    for error in _validator().iter_errors(value):
        pointer = pointers.shown(pointers.from_path(error.absolute_path))
        found.append(Problem(pointer, "schema", _reason(error)))
    return sorted(dict.fromkeys(found), key=lambda one: pointers.order(one.pointer))


def _reason(error: Any) -> str:
    rule, value = str(error.validator), error.validator_value
    if rule == "required":
        lacking = [name for name in value if name not in error.instance]
        return f"missing: {', '.join(lacking)}"
    if rule == "additionalProperties" and value is False:
        return f"not known here: give only {', '.join(sorted(error.schema['properties']))}"
    if rule in {"enum", "const", "type", "pattern", "minItems", "maxItems", "minimum", "maximum", "maxLength"}:
        return f"the schema asks here: {rule} {json.dumps(value)}"
    return f"the schema's rule {rule} does not hold here"


def _with_lines(problems: Sequence[Problem], lines: Mapping[str, int]) -> list[Problem]:
    return [replace(one, reason=f"{one.reason} (line {_line(one.pointer, lines)})") for one in problems]


def _line(pointer: str, lines: Mapping[str, int]) -> int:
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer, 1)


def _made(document: dict[str, Any], data: bytes) -> Pack:
    whole = digest(data)
    dates, standing = document["dates"], document["standing"]
    table, cites = directive_table.made(document, whole) if "table" in document else (None, ())
    clock = document.get("clock")
    return Pack(
        id=document["pack"],
        version=document["version"],
        kind=Kind(document["kind"]),
        title=document["title"],
        authority=document["authority"],
        domain=None if document["domain"] == "any" else Domain(document["domain"]),
        binding_on=_bound(document["binding_on"]),
        scope=document.get("scope", ""),
        standing=Standing(
            sentence=standing["sentence"],
            certainty=Certainty(standing["certainty"]),
            secondary=standing["secondary"],
            as_of=date.fromisoformat(standing["as_of"]),
        ),
        issued=date.fromisoformat(dates["issued"]),
        applies_from=date.fromisoformat(dates["applies_from"]),
        until=None if dates["until"] is None else date.fromisoformat(dates["until"]),
        review_due=date.fromisoformat(dates["review_due"]),
        review_note=dates["review_note"],
        supersedes=tuple(document.get("supersedes", ())),
        sources=tuple(Citation(**one) for one in document["sources"]),
        digest=whole,
        asked=tuple(_asked(one) for one in document.get("inputs", ())),
        table=table,
        row_cites=cites,
        outcomes=tuple(_outcome(one) for one in document.get("outcomes", ())),
        clock=None if clock is None else ClockRule(**clock | {"starts": tuple(clock["starts"])}),
        phases=tuple(
            Phase(id=one["id"], on=date.fromisoformat(one["on"]), text=one["text"], cite=tuple(one["cite"]))
            for one in document.get("phases", ())
        ),
        exemptions=tuple(
            Exemption(**one | {"evidence": tuple(one["evidence"]), "cite": tuple(one["cite"])})
            for one in document.get("exceptions", ())
        ),
        evidence=tuple(
            Wanted(outcome=one["outcome"], wants=tuple(one["wants"])) for one in document.get("evidence", ())
        ),
        duties=tuple(_duty(one) for one in document.get("duties", ())),
        parameters=tuple(Choice(**one | {"choices": tuple(one["choices"])}) for one in document.get("parameters", ())),
        triage=_triage(document["triage"]) if "triage" in document else None,
        examples=tuple(
            Example(given=tuple(one["given"].items()), then=one["then"]) for one in document.get("examples", ())
        ),
        wrong=tuple(_wrong(one) for one in document.get("counter_examples", ())),
    )


def _bound(names: list[str]) -> tuple[str, ...]:
    return () if names == ["none"] else tuple(names)


def _asked(one: dict[str, Any]) -> Asked:
    unknown = one["unknown"]
    said = (
        Unknown(use=unknown["use"], param=unknown["param"])
        if isinstance(unknown, dict)
        else Unknown(refuse=unknown == "not_assessed")
    )
    compare = one.get("compare")
    return Asked(
        name=one["name"],
        of=Of(one["of"]),
        source=one["source"],
        unknown=said,
        max_age=timedelta(days=int(one["max_age"][1:-1])) if "max_age" in one else None,
        implied_by=tuple((rule["input"], rule["value"], rule["then"]) for rule in one.get("implied_by", ())),
        compare=None if compare is None else Compare(**compare),
    )


def _outcome(one: dict[str, Any]) -> Outcome:
    return Outcome(
        key=one["key"],
        name=one["name"],
        unit=Unit(one["unit"]),
        amount=one.get("amount"),
        duties=tuple(one.get("duties", ())),
        mitigation_closes=one.get("mitigation_closes", False),
        alarm_if_missing=one.get("alarm_if_missing", False),
        cite=tuple(one.get("cite", ())),
    )


def _duty(one: dict[str, Any]) -> DutyRule:
    due = one["due"]
    return DutyRule(
        id=one["id"],
        actor=one["actor"],
        text=one["text"],
        binding_on=_bound(one["binding_on"]),
        on=date.fromisoformat(due["on"]) if "on" in due else None,
        after=due.get("after", ""),
        amount=due.get("amount"),
        unit=Unit(due.get("unit", "calendar_day")),
        result=one.get("result", ""),
        certainty=Certainty(one["certainty"]),
        secondary=one["secondary"],
        param=due.get("param", ""),
        cite=tuple(one.get("cite", ())),
    )


def _triage(one: dict[str, Any]) -> TriageRule:
    return TriageRule(
        outcomes=tuple(one["outcomes"]),
        start=one["start"],
        timers=tuple(Timer(**timer) for timer in one["timers"]),
        retention=one["retention"],
        cite=tuple(one["cite"]),
    )


def _wrong(one: dict[str, Any]) -> Wrong:
    phase = one.get("phase")
    return Wrong(
        claim=one["claim"],
        origin=one["origin"],
        amounts=tuple(one.get("amounts", ())),
        inputs=tuple(one.get("inputs", ())),
        differ=tuple(tuple(case.items()) for case in one.get("differ", ())),
        phase="" if phase is None else phase["id"],
        day=None if phase is None else date.fromisoformat(phase["on"]),
    )
