"""What a model may say about who can reach an asset: only where the rules leave it open, only out of the facts.

It is given the facts by number and a closed schema. Its answer is held against them: "public" rests on a fact that
opens a way in, "internal" on one that closes it while none that holds opens one. What passes is a proposal, which
counts as unknown until a person says it in their own name.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from comity.defend.tagging import Fact, Proposal
from comity.errors import Problem
from comity.model.asset import Confidence, Reach

INSTRUCTIONS: Final = (
    "Below are observed facts about one computer system, each with a number, a kind and a value. Say whether "
    "unauthenticated parties on public networks can reach it: public, internal or unknown. Name the numbers of the "
    "facts that you rest on. Say unknown unless the facts show it. Add no fact of your own."
)
SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["exposure", "rests_on"],
    "properties": {
        "exposure": {"enum": ["public", "internal", "unknown"]},
        "rests_on": {"type": "array", "maxItems": 200, "items": {"type": "integer", "minimum": 1}},
    },
}
OPENS: Final = frozenset({"scan-from-outside", "public-address", "listener", "dns-name", "firewall-open"})
CLOSES: Final = frozenset({"firewall-closed", "no-route"})
NEVER_INTERNAL: Final = frozenset({"scan-from-outside", "public-address", "firewall-open"})
"""While one of these holds, nobody may call an asset internal on a model's word."""


def to_judge(facts: Sequence[Fact], at: datetime) -> dict[str, Any]:
    """The facts that hold, as a model is given them: kind and value, without sources and names."""
    held = _held(facts, at)
    return {"facts": [{"number": n, "kind": fact.kind, "value": fact.value} for n, fact in enumerate(held, 1)]}


def problems(answer: Any, facts: Sequence[Fact], at: datetime) -> tuple[Problem, ...]:
    """Why an answer in the schema does not hold against the facts; empty when it does."""
    held = _held(facts, at)
    value, rests = Reach(answer["exposure"]), answer["rests_on"]
    if any(number > len(held) for number in rests):
        return (Problem("/rests_on", "no_such_fact", "a number names no fact"),)
    kinds = {held[number - 1].kind for number in rests}
    if value is Reach.PUBLIC and not kinds & OPENS:
        return (Problem("/rests_on", "opens_nothing", "no fact named opens a way in"),)
    if value is Reach.INTERNAL and not kinds & CLOSES:
        return (Problem("/rests_on", "closes_nothing", "no fact named closes the way in"),)
    if value is Reach.INTERNAL and any(fact.kind in NEVER_INTERNAL for fact in held):
        return (Problem("/exposure", "a_way_is_open", "a fact that holds opens a way in"),)
    return ()


def proposed(answer: Any, facts: Sequence[Fact], at: datetime, *, model: str) -> Proposal:
    """The answer as a proposal. UNKNOWN stays open."""
    held = _held(facts, at)
    value = Reach(answer["exposure"])
    named = [held[number - 1] for number in dict.fromkeys(answer["rests_on"])]
    if value is Reach.UNKNOWN or not named:
        return Proposal(
            value=Reach.UNKNOWN,
            because=f"the rules leave it open, and the model {model} too",
            likely=Confidence.UNKNOWN,
            facts=tuple(held),
            expires_at=None,
        )
    kinds = ", ".join(dict.fromkeys(fact.kind for fact in named))
    return Proposal(
        value=value,
        because=f"the rules leave it open; the model {model} proposes it from: {kinds}",
        likely=Confidence.PROPOSED,
        facts=tuple(named),
        expires_at=min(fact.expires_at for fact in named),
    )


def _held(facts: Sequence[Fact], at: datetime) -> list[Fact]:
    return [fact for fact in facts if fact.holds(at)]
