"""Hold a plan against its evidence, whoever wrote it: what the records do not carry is refused, sentence by sentence.

Steps, each naming the sentence it refuses:
 (1) the plan says that it stands on exactly this pack, and is about the pack's one asset;
 (2) every cited digest is a record of the pack, and none is cited twice;
 (3) the cited records carry a sentence of that kind (versions, dates, rows, tiers and counts are computed again);
 (4) the text says that and nothing else (`plan_forms`);
 (5) no claim stands twice, and none that the pack asks for is missing.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from comity.defend.plan import expected
from comity.defend.plan_facts import Tables, Unfounded, slots
from comity.defend.plan_forms import FORMS, misfit
from comity.errors import Problem
from comity.model.ids import Digest
from comity.model.plan import EvidencePack, Plan, RecordKind, Sentence, SentenceKind

Claim: TypeAlias = tuple[SentenceKind, frozenset[Digest]]


def check(plan: Plan, pack: EvidencePack, tables: Tables) -> tuple[Problem, ...]:
    """Every sentence that does not hold, at its place; empty when the plan may be shown."""
    return Checker(pack, tables).check(plan)


class Checker:
    """One pack, for any number of plans over it: what it carries is computed once."""

    def __init__(self, pack: EvidencePack, tables: Tables) -> None:
        self._pack, self._tables = pack, tables
        self._carried: dict[tuple[SentenceKind, tuple[Digest, ...]], dict[str, str] | str] = {}

    def check(self, plan: Plan) -> tuple[Problem, ...]:
        """Every sentence that does not hold, at its place; empty when the plan may be shown."""
        # (1) this very pack
        if plan.evidence != self._pack.digest:
            return (Problem("/evidence", "other_evidence", "the plan was made from other records: make it again"),)
        if [record.fact("asset") for record in self._pack.of(RecordKind.ASSET)] != [plan.asset]:
            return (Problem("/asset", "other_asset", "the plan is about another asset than its records"),)
        problems = [
            Problem(f"/sentences/{place}", code, reason)
            for place, sentence in enumerate(plan.sentences)
            for code, reason in self._faults(sentence)
        ]
        # (5) each once, none missing
        said: set[Claim] = set()
        for place, sentence in enumerate(plan.sentences):
            claim = (sentence.kind, frozenset(sentence.cites))
            if claim in said:
                problems.append(Problem(f"/sentences/{place}", "said_twice", "the same claim stands twice"))
            said.add(claim)
        for kind, cites in self._owed:
            if (kind, cites) not in said:
                reason = f"the records ask for a sentence about: {kind}"
                problems.append(Problem("/sentences", "missing_sentence", reason))
        return tuple(problems)

    def part(self, plan: Plan, original: Plan) -> tuple[Problem, ...]:
        """The same for some sentences of a plan: each holds, none stands twice, and no duty of the original is gone."""
        problems = [
            Problem(f"/sentences/{place}", code, reason)
            for place, sentence in enumerate(plan.sentences)
            for code, reason in self._faults(sentence)
        ]
        said = [(one.kind, frozenset(one.cites)) for one in plan.sentences]
        if len(set(said)) != len(said):
            problems.append(Problem("/sentences", "said_twice", "the same claim stands twice"))
        owed = {(one.kind, frozenset(one.cites)) for one in original.sentences if not FORMS[one.kind].may_go}
        if owed - set(said):
            problems.append(Problem("/sentences", "missing_sentence", "a sentence that is no option was left out"))
        return tuple(problems)

    @cached_property
    def _owed(self) -> tuple[Claim, ...]:
        return tuple((one.kind, frozenset(one.cites)) for one in expected(self._pack, self._tables))

    def _faults(self, sentence: Sentence) -> Iterator[tuple[str, str]]:
        # (2) records of this pack, each once
        known = self._pack.by_digest
        if not sentence.cites or any(cite not in known for cite in sentence.cites):
            yield "unknown_record", "it cites no record, or one that is not in the pack"
            return
        if len(set(sentence.cites)) != len(sentence.cites):
            yield "cited_twice", "it cites a record twice"
            return
        # (3) what they carry
        values = self._slots(sentence.kind, sentence.cites)
        if isinstance(values, str):
            yield "not_carried", values
            return
        # (4) what it says
        reason = misfit(sentence.kind, values, sentence.text)
        if reason:
            yield "not_said_by_records", reason

    def _slots(self, kind: SentenceKind, cites: tuple[Digest, ...]) -> dict[str, str] | str:
        """The values that these records carry, or why they carry none."""
        if (kind, cites) not in self._carried:
            try:
                found: dict[str, str] | str = slots(
                    kind, [self._pack.by_digest[cite] for cite in cites], self._pack, self._tables
                )
            except Unfounded as error:
                found = str(error)
            self._carried[kind, cites] = found
        return self._carried[kind, cites]
