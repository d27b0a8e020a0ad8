"""Read what advisories say of a finding, and have a model choose among their leads: the IO of `leads`.

A model is asked only while the register of AI defence has the triage assistant in use. It is shown public advisories
and numbered leads, nothing of the asset; whatever goes wrong, the leads stand as they are, with why nothing was chosen.
"""

from collections.abc import Sequence
from typing import Any

from comity.defend import flow, leads
from comity.defend.finding import FindingView
from comity.defend.leads import Lead
from comity.errors import Problem
from comity.language import Limits, Prompt, ask, endpoint
from comity.model.advisory import Advisory
from comity.model.asked import Answered
from comity.store.engine import Tx


def advisories(tx: Tx, view: FindingView) -> tuple[Advisory, ...]:
    """What is held about the finding's vulnerability: mirrored advisories and those this host published."""
    named = {view.vulnerability: None} | {name: None for one in view.exposures for name in one.advisories}
    return tuple({one.id: one for one in flow.advisories(tx, tuple(named))}.values())


def by_model(
    machines: flow.Machines, found: Sequence[Lead], told: Sequence[Advisory]
) -> tuple[tuple[str, ...], str, str]:
    """What a model chooses: keys of leads, its name, and how it was asked or why it chose nothing."""
    prompt = Prompt(
        name="triage.leads",
        version="1",
        instructions=leads.INSTRUCTIONS,
        data=leads.to_choose(found, told),
        schema=leads.SCHEMA,
    )

    def held(value: Any) -> Sequence[Problem]:
        return leads.problems(value, found)

    answer = ask(endpoint(machines.settings), prompt, check=held, limits=Limits())
    if not isinstance(answer, Answered):
        return (), "", answer.sentence
    chosen = leads.chosen(answer.value, found)
    note = answer.asked.sentence if chosen else f"the model chose none of the leads. {answer.asked.sentence}"
    return chosen, answer.asked.model, note
