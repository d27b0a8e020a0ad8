"""How often would this rule err on this very battery? Subjects of known ability, simulated with the frozen plan.

Bayesian stopping alone bounds no error when the bank misfits, so the error rates of a rule are simulated on the bank it
is used with, and printed on the card. Each simulated subject meets the battery with difficulties drawn around the ones
the bank believes, as far as the bank says it knows them. Nothing here is measured on a model.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from comity.assess import adaptive
from comity.assess.ability import Bank, likelihoods
from comity.assess.adaptive import Policy, Side

OFFSETS: Final = (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)
"""Doublings between the simulated subject's horizon and the threshold."""
SUBJECTS: Final = 60
"""Simulated subjects at each offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What became of subjects at one distance from the threshold. Shares sum to 1."""

    doublings: float
    above: float
    below: float
    open: float
    runs: float
    """Mean number of runs."""

    @property
    def wrong(self) -> float:
        """Share declared on the wrong side; at the threshold itself neither side is wrong."""
        return self.below if self.doublings > 0 else self.above if self.doublings < 0 else 0.0


def rates(
    bank: Bank, policy: Policy, threshold_minutes: float, *, seed: int, subjects: int = SUBJECTS
) -> tuple[Rate, ...]:
    """Simulate the rule at each offset. The same seed gives the same rates."""
    plan = adaptive.plan(bank, policy, threshold_minutes)
    tables = likelihoods(bank)
    out = []
    for place, offset in enumerate(OFFSETS):
        theta = bank.theta(threshold_minutes * 2**offset)
        counts = dict.fromkeys(Side, 0)
        runs = 0
        for number in range(subjects):
            generator = np.random.default_rng([seed, 3, place, number])
            difficulty = bank.difficulty + bank.spread * generator.normal(size=len(bank.items))
            odds = bank.guess + (1 - bank.guess - bank.lapse) / (1 + np.exp(-bank.slope * (theta - difficulty)))
            answers = generator.random(odds.size) < odds
            session = adaptive.administer(
                bank,
                tables,
                plan,
                lambda item, answers=answers: bool(answers[item]),  # type: ignore[misc]  # mypy cannot infer defaults of a lambda
                generator,
            )
            misfit = abs(session.misfit) > policy.misfit_limit
            counts[Side.OPEN if misfit else session.side] += 1
            runs += len(session.given)
        out.append(
            Rate(
                doublings=offset,
                above=counts[Side.ABOVE] / subjects,
                below=counts[Side.BELOW] / subjects,
                open=counts[Side.OPEN] / subjects,
                runs=runs / subjects,
            )
        )
    return tuple(out)
