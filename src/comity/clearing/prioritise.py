"""Order the queue by facts: each with its source and date, unknown shown as unknown, never by who sent the report.

KEV, EPSS, CVSS, the SSVC inputs, the rows of BOD 26-04 and of the SSVC trees, what coordinators answered by name, and
how many organisations here run it. Exposure is a property of an asset, not of a weakness, so the clearinghouse never
knows it: the answer is the set of rows that remain. `judge` is pure: a kept decision is computed again by `again`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from comity.clearing import ssvc
from comity.clearing.ssvc import Sheet
from comity.model.case import Priority
from comity.model.decided import Decided, Difference
from comity.model.decision import Assumed, Settled, Table, Undecided, decide
from comity.model.evidence import Signal
from comity.model.report import Exploitation, Finding, Known
from comity.model.signals import (
    AUTOMATABLE,
    EPSS,
    EXPLOITATION,
    EXPOSED,
    FIX,
    IMPACT,
    KEV,
    STATED_EXPLOITED,
    STATED_PUBLIC,
)

INPUTS: Mapping[str, str] = {KEV: "in_kev", AUTOMATABLE: "automatable", IMPACT: "technical_impact"}
"""Which signal answers which input of the BOD 26-04 table. `publicly_exposed` has none here, on purpose."""

BANDS = ("INCIDENT", "URGENT", "STANDARD", "NEEDS-INFO")
"""Akrites Report Prioritization Process v0.1 draft; highest justified band wins (names are a policy parameter)."""


def stated(findings: Iterable[Finding], *, source: str, at: datetime) -> tuple[Signal, ...]:
    """What the finders themselves say of exposure, as signals: claims, with the reports as their source."""
    items = tuple(findings)
    public = _loudest([f.exposure.public for f in items])
    exploited = Exploitation.ACTIVE in {f.exposure.exploitation for f in items}
    silent = all(f.exposure.exploitation is Exploitation.UNKNOWN for f in items)
    fixed = any(f.fix or f.fixed_commits or any(a.fixed_versions for a in f.affected) for f in items)
    return (
        Signal(name=STATED_PUBLIC, value=None if public is Known.UNKNOWN else str(public), source=source, as_of=at),
        Signal(
            name=STATED_EXPLOITED,
            value=None if silent else ("yes" if exploited else "no"),
            source=source,
            as_of=at,
        ),
        Signal(name=FIX, value="yes" if fixed else None, source=source, as_of=at),
    )


def judge(signals: Sequence[Signal], *, sheets: Mapping[str, Sheet], needs_person: bool, at: datetime) -> Priority:
    """Band, BOD 26-04 row, every tree's answer and the sentence "why now", from the signals alone. Pure.

    When one input has several signals (several identifiers), the most pressing known value counts. Who sent the report
    and how often they were right is no input, on purpose.
    """
    table = sheets[ssvc.BOD_26_04].table
    inputs = {name: _most_pressing(signals, signal, table, name) for signal, name in INPUTS.items()}
    answer = decide(table, inputs)
    row: str | None = None
    action: str | None = None
    possible: tuple[str, ...] = ()
    match answer:
        case Settled(outcome=outcome, rows=rows):
            action = outcome.name
            row = f"row {rows[0].number}" if len(rows) == 1 else None
            possible = tuple(f"row {r.number}: {outcome.name}" for r in rows)
        case Undecided(rows=rows, assumed=assumed):
            possible = tuple(f"row {r.number}: {table.outcome(r.then).name}" for r in rows)
            action = _assumption(assumed)
    band, why = _band(signals, needs_person=needs_person)
    return Priority(
        signals=tuple(signals),
        row=row,
        action=action,
        possible=possible,
        missing=tuple(n.replace("_", " ") for n in answer.missing),
        band=band,
        why_now=why,
        at=at,
        trees=ssvc.answers(signals, sheets),
    )


def again(held: Decided, sheets: Mapping[str, Sheet]) -> tuple[Difference, ...]:
    """Compute a kept decision once more from its kept inputs and tables; empty when the answer is the same."""
    fresh = judge(held.priority.signals, sheets=sheets, needs_person=held.needs_person, at=held.priority.at)
    return changes(held.priority, fresh)


def changes(before: Priority, after: Priority) -> tuple[Difference, ...]:
    """What differs between two answers: band, rows, each tree, each signal with its source."""
    pairs = [
        ("band", before.band, after.band),
        ("why now", before.why_now, after.why_now),
        ("BOD 26-04", before.row or "undecided", after.row or "undecided"),
        ("action", before.action or "none", after.action or "none"),
    ]
    old, new = ({t.title: _said(t.outcome, t.possible) for t in one.trees} for one in (before, after))
    pairs += [
        (title, old.get(title, "not asked"), new.get(title, "not asked")) for title in dict.fromkeys([*old, *new])
    ]
    told, tells = _valued(before.signals), _valued(after.signals)
    pairs += [
        (name, told.get(name, "not held"), tells.get(name, "not held")) for name in dict.fromkeys([*told, *tells])
    ]
    return tuple(Difference(what=what, before=one, after=two) for what, one, two in pairs if one != two)


def _said(outcome: str, possible: Sequence[str]) -> str:
    return outcome or f"open: {' or '.join(possible)}"


def _valued(signals: Sequence[Signal]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for signal in signals:
        found.setdefault(f"{signal.name} ({signal.source})", []).append(signal.value or "unknown")
    return {name: ", ".join(sorted(values)) for name, values in found.items()}


PLACE: Final = (
    "band",
    "public or exploited",
    "exploit evidence",
    "EPSS",
    "technical impact",
    "attack can be automated",
    "organisations reached",
    "age",
)
"""What orders cases, most important first, each compared only where all before it are equal (Akrites Report
Prioritization Process v0.1 draft; EPSS and counts are ours: policy parameter). There is no score."""
EVIDENCE: Final = ("", "none", "public poc", "active")


def place(priority: Priority, since: datetime) -> tuple[float, ...]:
    """Where a case stands among others: smaller comes first, in the order of `PLACE`. An unknown never helps or harms
    beyond its own comparison: it stands where the least pressing value stands."""
    values: dict[str, list[str]] = {}
    for signal in priority.signals:
        values.setdefault(signal.name, []).append((signal.value or "").casefold())
    loud = "yes" in [*values.get(KEV, []), *values.get(STATED_PUBLIC, []), *values.get(STATED_EXPLOITED, [])]
    evidence = max((EVIDENCE.index(v) for v in values.get(EXPLOITATION, []) if v in EVIDENCE), default=0)
    return (
        float(BANDS.index(priority.band)) if priority.band in BANDS else float(len(BANDS)),
        0.0 if loud else 1.0,
        -float(evidence),
        -max((_number(v) for v in values.get(EPSS, [])), default=0.0),
        0.0 if "total" in values.get(IMPACT, []) else 1.0,
        0.0 if "yes" in values.get(AUTOMATABLE, []) else 1.0,
        -max((_number(v.partition(" ")[0]) for v in values.get(EXPOSED, [])), default=0.0),
        since.timestamp(),
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _band(signals: Sequence[Signal], *, needs_person: bool) -> tuple[str, str]:
    values = {(s.name, (s.value or "").casefold()) for s in signals}
    if (KEV, "yes") in values:
        return "INCIDENT", "it is in the catalogue of known exploited vulnerabilities"
    if (EXPLOITATION, "active") in values:
        return "INCIDENT", "upstream data says it is actively exploited"
    if (STATED_EXPLOITED, "yes") in values:
        return "INCIDENT", "a finder states that it is exploited"
    if (STATED_PUBLIC, "yes") in values and (FIX, "yes") not in values:
        return "INCIDENT", "a finder states that it is public, and no fix is known"
    if (AUTOMATABLE, "yes") in values and (IMPACT, "total") in values:
        return "URGENT", "attacks can be automated and the impact is total"
    if needs_person:
        return "NEEDS-INFO", "the machine could not validate it; a person must look (this never means low)"
    return "STANDARD", "no signal asks for more speed; age raises it"


def _assumption(assumed: Assumed | None) -> str | None:
    if assumed is None:
        return None
    names = ", ".join(p.name for p in assumed.parameters)
    return f"{assumed.outcome.name} (assumed: policy parameter {names})"


def _most_pressing(signals: Sequence[Signal], signal: str, table: Table, name: str) -> str | None:
    asked = table.input(name)
    order = [value.key for value in asked.values]
    known = [asked.read(s.value) for s in signals if s.name == signal and s.value is not None]
    return max(known, key=order.index, default=None)


def _loudest(answers: Sequence[Known]) -> Known:
    for answer in (Known.YES, Known.NO):
        if answer in answers:
            return answer
    return Known.UNKNOWN
