"""Plain counts with honest uncertainty: attempts per task, shares of few trials, means over clustered items.

Formulas: assess.md 5.6. None of them uses a percentile bootstrap, which gives a width of nothing at 0 and at 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from comity.assess.horizon import Floats
from comity.errors import Invalid, Problem
from comity.model.beta import beta_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over items and its standard error with items of one cluster moving together."""

    value: float
    error: float
    clusters: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central interval by Student's t with clusters - 1 degrees of freedom; infinite below two clusters."""
        if self.clusters < 2:
            return -math.inf, math.inf
        reach = student((1 + level) / 2, self.clusters - 1) * self.error
        return self.value - reach, self.value + reach


def pass_at(k: int, *, attempts: int, solved: int) -> float:
    """Chance that at least one of k attempts drawn from these is solved: 1 - C(n-c, k) / C(n, k), in stable form."""
    _attempts(k, attempts, solved)
    if attempts - solved < k:
        return 1.0
    return 1 - math.prod(1 - k / i for i in range(attempts - solved + 1, attempts + 1))


def pass_all(k: int, *, attempts: int, solved: int) -> float:
    """Chance that all of k attempts drawn from these are solved (pass^k): C(c, k) / C(n, k)."""
    _attempts(k, attempts, solved)
    return math.comb(solved, k) / math.comb(attempts, k)


def clopper_pearson(solved: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share: never too narrow, also at 0 and at all."""
    tail = (1 - level) / 2
    low = 0.0 if solved == 0 else beta_quantile(tail, solved, trials - solved + 1)
    high = 1.0 if solved == trials else beta_quantile(1 - tail, solved + 1, trials - solved)
    return low, high


def jeffreys(solved: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Bayesian interval of a share under Jeffreys' prior; the end at 0 or at all is closed."""
    tail = (1 - level) / 2
    low = 0.0 if solved == 0 else beta_quantile(tail, solved + 0.5, trials - solved + 0.5)
    high = 1.0 if solved == trials else beta_quantile(1 - tail, solved + 0.5, trials - solved + 0.5)
    return low, high


def clustered(scores: Floats, clusters: Sequence[str]) -> Mean:
    """Mean with clustered error: SE^2 = (1/n^2) sum over clusters of (sum of residuals)^2, times C / (C - 1).

    The sum over a cluster holds both the variance terms of the central limit error and the cross terms of its items.
    """
    names = sorted(set(clusters))
    if len(scores) != len(clusters) or not names:
        raise Invalid("scores and clusters differ", [Problem("/clusters", "ragged_columns", "one cluster per score")])
    rest = scores - scores.mean()
    label = np.asarray(clusters)
    total = sum(float(rest[label == name].sum()) ** 2 for name in names)
    scale = len(names) / (len(names) - 1) if len(names) > 1 else math.nan
    return Mean(value=float(scores.mean()), error=math.sqrt(total * scale) / len(scores), clusters=len(names))


def paired(first: Floats, second: Floats, clusters: Sequence[str]) -> Mean:
    """Mean difference on the same items. Taking differences first is the paired formula with its correlation in it."""
    return clustered(first - second, clusters)


def items_needed(
    difference: float,
    *,
    item_variance: float,
    within: tuple[float, float] = (0.0, 0.0),
    attempts: tuple[int, int] = (1, 1),
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Items that show a difference: (z_a/2 + z_b)^2 (w^2 + s_A^2 / K_A + s_B^2 / K_B) / d^2, rounded up.

    `item_variance` is the variance of paired item differences; `within` the variance of one attempt for each side.
    """
    reach = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)
    noise = item_variance + within[0] / attempts[0] + within[1] / attempts[1]
    return math.ceil(reach**2 * noise / difference**2)


def student(share: float, freedom: int) -> float:
    """Quantile of Student's t for 1/2 <= share < 1."""
    x = beta_quantile(2 * (1 - share), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - x) / x)


def _attempts(k: int, attempts: int, solved: int) -> None:
    if not (1 <= k <= attempts and 0 <= solved <= attempts):
        raise Invalid(
            "these attempts cannot be counted", [Problem("/k", "attempts", "need 1 <= k <= attempts, 0 <= solved")]
        )
