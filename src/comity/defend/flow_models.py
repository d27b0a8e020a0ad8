"""What a model is asked for in defence: a plan's words, and who can reach a system. Its answers are held against the
records before anybody reads them.

Whatever goes wrong, the template plan stands, or nothing is proposed, and the reason is said. The records of asking
are given back, so that a model can be measured (`comity bench wording`) as well as used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from comity.defend import tagging_model
from comity.defend.plan import INSTRUCTIONS, SCHEMA, to_word, worded
from comity.defend.plan_check import Checker
from comity.defend.plan_facts import Tables
from comity.defend.tagging import Fact, Proposal
from comity.errors import Problem
from comity.language import Endpoint, Limits, Prompt, ask
from comity.model.asked import Answered, Asked
from comity.model.plan import EvidencePack, Plan

AT_ONCE: Final = 10
"""Sentences that one question to a model holds: more would pass its limit of output."""
MOST_WORDED: Final = 60
"""A longer plan is worded by template: nobody reads sixty questions' answers sooner than the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworded:
    """`plan` is the model's where `plan.worded_by` names one, else the template's. `asked`: one record a question."""

    plan: Plan
    asked: tuple[Asked, ...] = ()


def reworded(place: Endpoint | None, plan: Plan, pack: EvidencePack, tables: Tables) -> Reworded:
    """Ask until a part does not hold. No endpoint, a long plan or a failed part leave the template plan standing."""
    if len(plan.sentences) > MOST_WORDED:
        return Reworded(plan=replace(plan, note=f"over {MOST_WORDED} sentences: worded by template"))
    checker = Checker(pack, tables)
    made: list[Plan] = []
    asked: list[Asked] = []
    for start in range(0, len(plan.sentences), AT_ONCE):
        part = replace(plan, sentences=plan.sentences[start : start + AT_ONCE])

        def held(value: Any, part: Plan = part) -> Sequence[Problem]:
            return checker.part(worded(part, value, pack, tables, model="x"), part)

        prompt = Prompt(name="advise.plan", version="1", instructions=INSTRUCTIONS, data=to_word(part), schema=SCHEMA)
        answer = ask(place, prompt, check=held, limits=Limits())
        asked.append(answer.asked)
        if not isinstance(answer, Answered):
            return Reworded(plan=replace(plan, note=answer.sentence), asked=tuple(asked))
        made.append(worded(part, answer.value, pack, tables, model=answer.asked.model))
    whole = replace(
        plan,
        sentences=tuple(sentence for part in made for sentence in part.sentences),
        worded_by=made[0].worded_by if made else "",
        note=asked[-1].sentence if asked else "",
    )
    if checker.check(whole):
        note = "the model's wording did not hold as a whole: worded by template"
        return Reworded(plan=replace(plan, note=note), asked=tuple(asked))
    return Reworded(plan=whole, asked=tuple(asked))


def judged(place: Endpoint | None, facts: Sequence[Fact], at: datetime) -> tuple[Proposal | None, Asked]:
    """What a model proposes about facts that the rules leave open, held against them; None with why not."""
    prompt = Prompt(
        name="advise.exposure",
        version="1",
        instructions=tagging_model.INSTRUCTIONS,
        data=tagging_model.to_judge(facts, at),
        schema=tagging_model.SCHEMA,
    )

    def held(value: Any) -> Sequence[Problem]:
        return tagging_model.problems(value, facts, at)

    answer = ask(place, prompt, check=held, limits=Limits())
    if not isinstance(answer, Answered):
        return None, answer.asked
    return tagging_model.proposed(answer.value, facts, at, model=answer.asked.model), answer.asked
