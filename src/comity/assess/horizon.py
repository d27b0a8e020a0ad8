"""Fit how task length drives success: one logistic curve per agent in log2 human minutes, read off at 50 % and 80 %.

Source of the rule: METR's time-horizon method as the domain page states it (assess.md 5.1). The objective is

    sum_r w_r [ln(1 + e^z_r) - y_r z_r] + (strength / 2) (beta - centre)^2,    z = alpha + beta x,    x = log2 minutes

with weights that sum to 1, so that the ridge means the same for every agent. It is solved by Newton's method on the
2 x 2 Hessian, for many weight vectors at once, until the gradient is below 1e-12: a solver stopped at a library's
default tolerance leaves p50 up to 0.15 % and p80 up to 0.32 % off the optimum.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from comity.errors import Invalid, Problem

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

RIDGE: Final = 1e-5
"""METR's regularisation strength on the slope (scikit-learn's C = 1e5)."""
GRADIENT_LIMIT: Final = 1e-12
"""A fit has converged when no component of its gradient exceeds this."""
STEPS: Final = 200
"""Newton steps before a fit is called unfinished. Real draws need 4 to 25."""
BLOCK: Final = 250
"""Draws solved together: a block of 250 x 300 numbers stays in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """The runs of one agent, one element per run, all columns of equal length and at least one run.

    `score` lies in [0, 1]; `minutes` is the human time of the task, finite and above 0.
    """

    task: tuple[str, ...]
    family: tuple[str, ...]
    score: Floats
    minutes: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.task), len(self.family), len(self.score), len(self.minutes)}
        problems = []
        if lengths == {0} or len(lengths) != 1:
            problems.append(Problem("", "ragged_columns", "give every column the same length, at least 1"))
        elif not np.all((self.score >= 0) & (self.score <= 1)):
            problems.append(Problem("/score", "score_range", "scores lie between 0 and 1"))
        elif not np.all(np.isfinite(self.minutes) & (self.minutes > 0)):
            problems.append(Problem("/minutes", "minutes_range", "human minutes are finite and above 0"))
        if problems:
            raise Invalid("these runs cannot be fitted", problems)

    @property
    def log2_minutes(self) -> Floats:
        """Task length on the scale of the fit."""
        return np.log2(self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopePrior:
    """Normal prior on the slope, against separation. Named in the card when used.

    The default follows public fits after 2023, whose slopes lie between -0.63 and -0.93 (assess.md 5.1 c).
    """

    mean: float = -0.6
    sd: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fitted curve P(success) = 1 / (1 + exp(-(intercept + slope log2 minutes))).

    An agent that never succeeds has slope -inf and every horizon 0; one that never fails has slope 0, intercept +inf
    and every horizon +inf, which the card must print as "above the longest task".
    """

    intercept: float
    slope: float

    def horizon(self, success: float) -> float:
        """Human minutes at which success has the given probability, 0 < success < 1."""
        if self.slope == -math.inf:
            return 0.0
        if self.intercept == math.inf:
            return math.inf
        if self.slope == 0:
            return math.nan  # length tells nothing: no length has this chance
        return _exp2((math.log(success / (1 - success)) - self.intercept) / self.slope)

    @property
    def p50(self) -> float:
        """Minutes of a task that is solved every second time."""
        return self.horizon(0.5)

    @property
    def p80(self) -> float:
        """Minutes of a task that is solved four times in five."""
        return self.horizon(0.8)


NEVER: Final = Fit(intercept=0.0, slope=-math.inf)
ALWAYS: Final = Fit(intercept=math.inf, slope=0.0)


def weights(runs: Runs, *, scheme: Literal["invsqrt", "equal"] = "invsqrt") -> Floats:
    """Weight per run, summing to 1: 1 / runs of its task, and for `invsqrt` also 1 / sqrt(tasks of its family).

    The root keeps a family of 200 near-copies from outvoting one of 14 without silencing it.
    """
    per_task: dict[str, int] = {}
    family_tasks: dict[str, set[str]] = {}
    for task, family in zip(runs.task, runs.family, strict=True):
        per_task[task] = per_task.get(task, 0) + 1
        family_tasks.setdefault(family, set()).add(task)
    raw = np.array(
        [
            1 / (per_task[task] * (math.sqrt(len(family_tasks[family])) if scheme == "invsqrt" else 1.0))
            for task, family in zip(runs.task, runs.family, strict=True)
        ]
    )
    total = float(raw.sum())
    return np.asarray(raw / total, dtype=np.float64)


def fit(runs: Runs, *, weight: Floats | None = None, prior: SlopePrior | None = None) -> Fit:
    """Fit one agent. Without a prior the slope has METR's ridge towards 0; with one, the ridge is replaced.

    The prior's strength is set against Kish's effective number of runs, 1 / sum w^2, because the weights sum to 1.
    """
    weight = weights(runs) if weight is None else weight
    if not np.any(runs.score > 0):
        return NEVER
    if not np.any(runs.score < 1):
        return ALWAYS
    strength, centre = RIDGE, 0.0
    if prior is not None:
        total = float(weight.sum())
        strength, centre = float(weight @ weight) / (total * prior.sd**2), prior.mean
    alpha, beta = newton(runs.log2_minutes, runs.score, weight[None, :], strength=strength, centre=centre)
    return Fit(intercept=float(alpha[0]), slope=float(beta[0]))


def newton(
    x: Floats,
    y: Floats,
    weight: Floats,
    *,
    strength: float = RIDGE,
    centre: float = 0.0,
    start: tuple[float, float] = (0.0, 0.0),
) -> tuple[Floats, Floats]:
    """Minimise the objective for every row of `weight` (draws, runs); return (alpha, beta), each (draws,).

    `x` is (runs,) when all draws share it or (draws, runs); `y` is (runs,). Weights are at least 0 and need not sum to
    1. A draw whose weighted scores are all 0 or all 1, or that holds no run, has no finite optimum and yields NaN, as
    does one that does not converge: such draws are skipped, never guessed. `start` changes the road, not the end.
    """
    draws = weight.shape[0]
    alpha, beta = np.full(draws, np.nan), np.full(draws, np.nan)
    good, all_of = weight @ y, weight.sum(axis=1)
    usable = np.flatnonzero((good > 0) & (all_of - good > 1e-15 * all_of))
    for begin in range(0, usable.size, BLOCK):
        rows = usable[begin : begin + BLOCK]
        problem = _Problem(x=x if x.ndim == 1 else x[rows], y=y, w=weight[rows], strength=strength, centre=centre)
        alpha[rows], beta[rows] = _solve(problem, start)
    return alpha, beta


def horizons(alpha: Floats, beta: Floats, success: float) -> Floats:
    """Horizon of many fits in minutes; NaN where the fit is NaN, infinity where 2 to that power overflows."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return np.asarray(np.exp2((math.log(success / (1 - success)) - alpha) / beta), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    """A block of draws: design, scores, weights (draws, runs) and the pull on the slope."""

    x: Floats
    y: Floats
    w: Floats
    strength: float
    centre: float

    def take(self, keep: Bools) -> "_Problem":
        return replace(self, x=self.x if self.x.ndim == 1 else self.x[keep], w=self.w[keep])


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Gradient and Hessian of every draw of a block at its present point (a, b)."""

    a: Floats
    b: Floats
    da: Floats
    db: Floats
    haa: Floats
    hab: Floats
    hbb: Floats

    def take(self, keep: Bools) -> "_State":
        return _State(*(getattr(self, name)[keep] for name in self.__slots__))


def _solve(problem: _Problem, start: tuple[float, float]) -> tuple[Floats, Floats]:
    draws = problem.w.shape[0]
    alpha, beta = np.full(draws, np.nan), np.full(draws, np.nan)
    rows = np.arange(draws)
    state = _evaluate(problem, np.full(draws, start[0]), np.full(draws, start[1]))
    stuck = np.zeros(draws, dtype=np.bool_)
    for _ in range(STEPS):
        done = stuck | (np.maximum(np.abs(state.da), np.abs(state.db)) <= GRADIENT_LIMIT)
        if np.any(done):
            alpha[rows[done]], beta[rows[done]] = state.a[done], state.b[done]
            rows, problem, state = rows[~done], problem.take(~done), state.take(~done)
        if rows.size == 0:
            break
        state, stuck = _step(problem, state)
    return alpha, beta


def _evaluate(problem: _Problem, a: Floats, b: Floats) -> _State:
    x = problem.x
    z = b[:, None] * x
    z += a[:, None]
    with np.errstate(over="ignore"):  # exp(-z) overflows to infinity where p is 0 to the last bit
        np.exp(np.negative(z, out=z), out=z)
    p = np.reciprocal(np.add(z, 1.0, out=z), out=z)
    spread = problem.w * p
    spread -= spread * p
    off = np.multiply(np.subtract(p, problem.y, out=p), problem.w, out=p)
    if x.ndim == 1:
        ones = np.ones_like(x)
        da, db = (off @ np.stack([ones, x], axis=1)).T
        haa, hab, hbb = (spread @ np.stack([ones, x, x * x], axis=1)).T
    else:
        da, db = off.sum(axis=1), np.einsum("ij,ij->i", off, x)
        haa, hab = spread.sum(axis=1), np.einsum("ij,ij->i", spread, x)
        hbb = np.einsum("ij,ij,ij->i", spread, x, x)
    db = db + problem.strength * (b - problem.centre)
    return _State(a, b, da, db, haa, hab, hbb + problem.strength)


def _step(problem: _Problem, state: _State) -> tuple[_State, Bools]:
    """One damped Newton step for every draw; also which draws no longer move, because rounding hides any descent.

    The objective is convex, so its slope along the step only rises. A step is taken when the slope at its end is no
    steeper than 0.9 of the slope at its start; else it has overshot and is halved.
    """
    det = np.maximum(state.haa * state.hbb - state.hab**2, 1e-300)
    move_a = (state.hab * state.db - state.hbb * state.da) / det
    move_b = (state.hab * state.da - state.haa * state.db) / det
    slope = np.abs(state.da * move_a + state.db * move_b)
    scale = np.ones_like(slope)
    for _ in range(60):
        fresh = _evaluate(problem, state.a + scale * move_a, state.b + scale * move_b)
        far = ~(np.abs(fresh.da * move_a + fresh.db * move_b) <= 0.9 * slope + 1e-30)
        if not np.any(far):
            break
        scale = np.where(far, scale / 2, scale)
    stuck = (np.abs(scale * move_a) <= 1e-14 * (1 + np.abs(state.a))) & (
        np.abs(scale * move_b) <= 1e-14 * (1 + np.abs(state.b))
    )
    return fresh, stuck


def _exp2(power: float) -> float:
    return math.inf if power > 1023 else 2.0**power
