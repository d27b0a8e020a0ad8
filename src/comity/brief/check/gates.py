"""Run every gate over a brief, certain ones first, and say what was found and which gates ran.

Nothing found is nothing found: the gates miss most invented facts (see docs/brief-checks.md), so the wording never goes
beyond "no mechanical mismatch found". The result depends on brief, source and budget alone, so a replay gives it again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from comity.brief.check import certainty, exact, naming, speech
from comity.brief.check.absence import absence_gate, stated
from comity.brief.check.accord import conflict_gate
from comity.brief.check.alignment import alignment_gate
from comity.brief.check.budget import Budget, budget_gate, character_gate
from comity.brief.check.evidence import Evidence, Mismatch, evidence
from comity.model.article import GATES, Brief, Checked, Finding, Gate, Origin, Sentence, Source, Weight
from comity.model.brief import Absence
from comity.model.handling import Tlp
from comity.model.story import Conflict

VERSION: Final = "3"
"""Raised with every change of a rule, and kept with each result (T12)."""

_Rule = Callable[[str, Evidence], Iterator[Mismatch]]
SENTENCE_GATES: Final[tuple[tuple[Gate, tuple[_Rule, ...]], ...]] = (
    (Gate.IDENTIFIERS, (exact.identifier_gate,)),
    (Gate.NUMBERS, (exact.number_gate,)),
    (Gate.DATES, (exact.date_gate,)),
    (Gate.QUOTES, (speech.quote_gate, speech.speaker_gate)),
    (Gate.NAMES, (naming.name_gate, naming.role_gate)),
    (
        Gate.CERTAINTY,
        (certainty.negation_gate, certainty.modality_gate, certainty.attribution_gate, certainty.amount_gate),
    ),
)
_TO_REVIEW: Final = frozenset({Gate.NAMES, Gate.CERTAINTY})
_MOST_FOUND: Final = 120


def check(
    brief: Brief,
    source: Source,
    *,
    budget: Budget | None = None,
    used_words: int = 0,
    conflicts: Sequence[Conflict] = (),
    place: int = 0,
    absences: Sequence[Absence] = (),
) -> Checked:
    """Every finding, in the order of the gates.

    Gates 5 and 6 block keyless and human text and send model text to review. Only TLP:CLEAR passes (T17). `used_words`
    were copied from this source in other briefs of the week; `conflicts` are those of the story, of whose sources
    `source` is number `place`. A statement of absence is held to `absences`, the searches, and to nothing else.
    """
    findings: list[Finding] = []
    absent = {number for number, one in enumerate(brief.sentences) if stated(one.text) is not None}
    held = [evidence(sentence, source) for sentence in brief.sentences]
    for gate, rules in SENTENCE_GATES:
        for number, sentence in enumerate(brief.sentences):
            if number in absent or (gate is Gate.CERTAINTY and _framed(sentence, brief)):
                continue
            for rule in (speech.verbatim_gate,) if gate is Gate.QUOTES and _framed(sentence, brief) else rules:
                findings += _findings(gate, number, rule(sentence.text, held[number]), brief.origin)
    for number, sentence in enumerate(brief.sentences):
        if number in absent:
            continue
        framed = _framed(sentence, brief)
        mismatches = alignment_gate(sentence, held[number], text_length=len(source.text), framed=framed)
        findings += _findings(Gate.ALIGNMENT, number, mismatches, brief.origin)
    findings += _findings(Gate.BUDGET, -1, budget_gate(brief, source, budget or Budget(), used_words), brief.origin)
    for number, one in conflict_gate(brief, conflicts, place=place):
        findings += _findings(Gate.CONFLICT, number, iter((one,)), brief.origin)
    for number, sentence in enumerate(brief.sentences):
        findings += _findings(Gate.ABSENCE, number, absence_gate(sentence.text, absences), brief.origin)
    findings += _findings(Gate.CHARACTERS, -1, _characters(brief), brief.origin)
    if max(source.tlp, brief.tlp) is not Tlp.CLEAR:
        findings.append(_closed(source))
    return Checked(gates=GATES, findings=tuple(findings))


def sentence_findings(text: str, held: Evidence, *, origin: Origin = Origin.HUMAN) -> tuple[Finding, ...]:
    """Gates 1 to 6 over one stretch of text against evidence given as it is."""
    found: list[Finding] = []
    for gate, rules in SENTENCE_GATES:
        for rule in rules:
            found += _findings(gate, 0, rule(text, held), origin)
    return tuple(found)


def _framed(sentence: Sentence, brief: Brief) -> bool:
    """A template of ours; in any other brief than an extract the mark is ignored."""
    return sentence.template and brief.origin is Origin.EXTRACTIVE


def _findings(gate: Gate, number: int, mismatches: Iterator[Mismatch], origin: Origin) -> list[Finding]:
    softer = gate in _TO_REVIEW and origin in (Origin.MODEL, Origin.MODEL_HUMAN)
    return [
        Finding(
            gate=gate,
            weight=Weight.WARN if softer else one.weight,
            sentence=number,
            found=one.found[:_MOST_FOUND],
            reason=one.reason,
        )
        for one in mismatches
    ]


def _characters(brief: Brief) -> Iterator[Mismatch]:
    for text in (brief.title, *(sentence.text for sentence in brief.sentences)):
        yield from character_gate(text)


def _closed(source: Source) -> Finding:
    reason = f"the source is {source.tlp.label}; only TLP:CLEAR enters a public brief"
    return Finding(gate=Gate.BUDGET, weight=Weight.BLOCK, sentence=-1, found="", reason=reason)


__all__ = ["SENTENCE_GATES", "VERSION", "Sentence", "check", "sentence_findings"]
