"""Gather the signals of a case for the flow: what the mirrors say, and how the reports rate it."""

from collections.abc import Sequence
from datetime import datetime

from comity.clearing import ssvc
from comity.formats import cvss
from comity.model import signals
from comity.model.case import Case
from comity.model.evidence import Reproduced, Signal
from comity.model.report import Finding
from comity.store import decisions, upstream
from comity.store.engine import Tx

ANSWERS = (
    (signals.KEV_SOURCE, (signals.KEV,), "no"),
    (signals.SSVC_SOURCE, (signals.EXPLOITATION, signals.AUTOMATABLE, signals.IMPACT), None),
    (signals.EPSS_SOURCE, (signals.EPSS,), None),
)
"""Mirror, the inputs it answers, and what its silence means: a held KEV catalogue that lacks a CVE says "no" as of its
date; a gap in the SSVC or EPSS data is unknown."""


def rated(findings: tuple[Finding, ...], at: datetime) -> list[Signal]:
    """CVSS as the reports state it, scored by the library and marked as a claim."""
    found = []
    for severity in dict.fromkeys(s for f in findings for s in f.severities):
        score = cvss.score(severity)
        value = f"{score.base} {score.rating} {severity.vector}"
        found.append(Signal(name=signals.CVSS, value=value, source="a report of this case (claim)", as_of=at))
    return found


def upstream_says(tx: Tx, names: Sequence[str]) -> list[Signal]:
    """What the mirrors say of these CVE ids; with none to ask by, every input they could answer is unknown."""
    if not names:
        return [
            Signal(name=wanted, value=None, source=source, as_of=None, note="no CVE id to ask by")
            for source, answered, _ in ANSWERS
            for wanted in answered
        ]
    return [signal for name in names for signal in _about(tx, name)]


def seen_here(case: Case) -> list[Signal]:
    """What validation makes of the report's credibility: reproduced here is credible; anything else says nothing."""
    made = [v for v in case.validations if isinstance(v.verdict, Reproduced)]
    if not made:
        return []
    source = "validation on this host"
    return [Signal(name=signals.CREDIBILITY, value="credible", source=source, as_of=made[-1].at, note="reproduced")]


def answered(tx: Tx, case: Case) -> list[Signal]:
    """What coordinators answered by name. Of each question the newest; a withdrawn answer is none."""
    newest = {one.signal: one for one in decisions.answers(tx, case.id)}
    return [
        Signal(
            name=one.signal,
            value=one.value,
            source=f"{ssvc.PERSON}{one.person_name}{' (a script)' if one.is_script else ''}",
            as_of=one.at,
            note=one.note,
        )
        for one in newest.values()
        if one.value
    ]


def reached(tx: Tx, names: Sequence[str]) -> list[Signal]:
    """How many organisations of this host run it, as far as the defender's desk told. Never whose."""
    found = []
    for name in names:
        held = decisions.reach(tx, name)
        note = f"{name}: civil inventories of this host; below three organisations no count is told"
        value, at = held if held is not None else (None, None)
        found.append(Signal(name=signals.EXPOSED, value=value, source="inventories on this host", as_of=at, note=note))
    return found


def _about(tx: Tx, name: str) -> list[Signal]:
    found = list(upstream.about(tx, name))
    said = {signal.name for signal in found}
    for source, wanted, answer in ANSWERS:
        held = next((m for m in upstream.all_mirrors(tx) if m.source == source), None)
        as_of = held.as_of if held else None
        note = f"{name}: no row in this mirror" if held else "this mirror was never fetched"
        value = answer if held else None
        found.extend(
            Signal(name=missing, value=value, source=source, as_of=as_of, note=note)
            for missing in wanted
            if missing not in said
        )
    return found
