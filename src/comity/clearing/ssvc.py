"""Ask every decision table about a case, from signals alone: equal signals and tables, equal answers.

The tables are files (`formats/packs/tables`), so a rule that changes is another file and never an edit here. A value
comes from a mirror, from the finders, from the verdict, or from a coordinator by name. Where mirrors and people speak
of the same fact the most pressing counts, so that nobody lowers what a mirror says. A question nobody has answered
stays open, and the answer is then the set of outcomes still possible. None of these answers is a queue place by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from comity.errors import Invalid
from comity.model import signals as names
from comity.model.case import TreeAnswer
from comity.model.decision import Settled, Table, Value, decide
from comity.model.evidence import Signal
from comity.model.ids import Digest

BOD_26_04: Final = "cisa:DT_BOD2604:1.0.0"
UTILITY: Final = "ssvc:DT_U:1.0.0"
PUBLIC_SAFETY: Final = "ssvc:DT_PSI:1.0.0"
ASKED: Final = (
    BOD_26_04,
    UTILITY,
    PUBLIC_SAFETY,
    "ssvc:DT_COORD_TRIAGE:1.0.0",
    "ssvc:DT_COORD_PUBLISH:1.0.0",
    "cisa:DT_CO:2.0.3",
    "ssvc:DT_SP:1.0.0",
    "ssvc:DT_DP:1.0.0",
)
"""In this order, since the second and third answer questions of later ones."""

ANSWERS: Final[Mapping[str, str]] = {
    "in_kev": names.KEV,
    "exploitation": names.EXPLOITATION,
    "automatable": names.AUTOMATABLE,
    "technical_impact": names.IMPACT,
    "report_public": names.STATED_PUBLIC,
    "supplier_contacted": names.CONTACTED,
    "report_credibility": names.CREDIBILITY,
    "supplier_cardinality": names.CARDINALITY,
    "supplier_engagement": names.ENGAGEMENT,
    "value_density": names.DENSITY,
    "safety_impact": names.SAFETY,
    "mission_and_well_being": names.MISSION,
    "supplier_involvement": names.INVOLVEMENT,
    "public_value_added": names.VALUE_ADDED,
}
"""Question of a table -> the signal that answers it. Exposure and human impact are facts about one deployer's systems:
the clearinghouse never knows them, so the tables that ask them stay open here."""

MIRRORED: Final = frozenset({names.KEV, names.EXPLOITATION, names.AUTOMATABLE, names.IMPACT})
OPINIONS: Final = frozenset(question for question, signal in ANSWERS.items() if signal not in MIRRORED)
"""Questions whose newest answer by a coordinator counts, whatever the finders state: they are about this case."""

NOTES: Final[Mapping[str, str]] = {
    BOD_26_04: "exposure is a fact about one agency's asset: the clearinghouse never knows it",
    "ssvc:DT_DP:1.0.0": "each deployer knows their own exposure and human impact: here the answer stays open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table as it is used, with the SHA-256 of its file."""

    table: Table
    digest: Digest
    outcome: str = ""
    """The outcome's own id, `namespace:key:version`."""


def answers(signals: Sequence[Signal], sheets: Mapping[str, Sheet]) -> tuple[TreeAnswer, ...]:
    """What each table of `ASKED` that is given says, in that order. Pure."""
    made: dict[str, str | None] = {}
    found = []
    for id_ in ASKED:
        sheet = sheets.get(id_)
        if sheet is None:
            continue
        one = _answer(sheet, signals, made)
        found.append(one)
        if id_ == UTILITY:
            made["utility"] = one.outcome or None
        elif id_ == PUBLIC_SAFETY:
            made["public_safety_impact"] = one.outcome or None
    return tuple(found)


def _answer(sheet: Sheet, signals: Sequence[Signal], made: Mapping[str, str | None]) -> TreeAnswer:
    table = sheet.table
    given = {
        one.name: made[one.name] if one.name in made else value_of(table, one.name, signals) for one in table.inputs
    }
    answer = decide(table, given, parameters=())
    words = tuple((one.name, _word(table, one.name, given[one.name])) for one in table.inputs)
    settled = isinstance(answer, Settled)
    return TreeAnswer(
        table=table.id,
        title=table.title,
        digest=sheet.digest,
        inputs=words,
        outcome=answer.outcome.name if isinstance(answer, Settled) else "",
        row=f"row {answer.rows[0].number}" if settled and len(answer.rows) == 1 else "",
        possible=() if isinstance(answer, Settled) else tuple(value.name for value in answer.outcomes),
        missing=tuple(name.replace("_", " ") for name in answer.missing),
        note=NOTES.get(table.id, ""),
    )


def value_of(table: Table, question: str, signals: Sequence[Signal]) -> str | None:
    """The key of the value that counts for one question of a table; None when nobody knows.

    Several mirrors or people: the most pressing. Of `OPINIONS` the newest answer of a coordinator, else the finders'.
    A value that the table lacks is nobody's answer.
    """
    asked = table.input(question)
    known = []
    for signal in signals:
        if signal.name == ANSWERS.get(question) and signal.value is not None:
            try:
                known.append((signal, asked.read(signal.value)))
            except Invalid:
                continue
    if question in OPINIONS:
        said = [(signal.as_of, key) for signal, key in known if is_by_person(signal) and signal.as_of is not None]
        if said:
            return max(said, key=lambda pair: pair[0])[1]
    order = [value.key for value in asked.values]
    return max((key for _, key in known), key=order.index, default=None)


PERSON: Final = "coordinator "
"""Prefix of the source of a signal that a coordinator gave by name."""


def is_by_person(signal: Signal) -> bool:
    """Whether a named coordinator gave this signal."""
    return signal.source.startswith(PERSON)


def _word(table: Table, question: str, key: str | None) -> str | None:
    if key is None:
        return None
    asked = table.input(question)
    wanted = asked.read(key)
    return next(value.name for value in asked.values if value.key == wanted)


def selections(trees: Sequence[TreeAnswer], sheets: Mapping[str, Sheet], *, at: str) -> list[dict[str, Any]]:
    """Every table's answer as an SSVC SelectionList 2.0.0, with what is known and the outcomes that are possible.

    `at` is RFC 3339. A question nobody answered is left out: a list of every value would say that somebody chose.
    """
    made = []
    for tree in trees:
        table = sheets[tree.table].table
        chosen = [
            _selection(one.standard, one.name, [value for value in one.values if value.name == word])
            for one, (_, word) in zip(table.inputs, tree.inputs, strict=True)
            if word is not None
        ]
        words = (tree.outcome,) if tree.outcome else tree.possible
        outcome = [value for value in table.outcomes if value.name in words]
        standard = sheets[tree.table].outcome
        chosen.append(_selection(standard, tree.title, outcome))
        made.append({"timestamp": at, "schemaVersion": "2.0.0", "selections": chosen})
    return made


def _selection(standard: str, name: str, values: Sequence[Value]) -> dict[str, Any]:
    namespace, key, version = standard.split(":")
    return {
        "namespace": namespace,
        "key": key,
        "version": version,
        "name": name.replace("_", " "),
        "values": [{"key": value.key, "name": value.name} for value in values],
    }
