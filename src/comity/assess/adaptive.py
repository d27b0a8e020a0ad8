"""Choose the next item, and say when enough is known: which runs a determination needs, and no more.

Rules: assess.md 5.3. Items are picked at random among the few most informative at the threshold, so that no item is
given to everybody; a few easy, a few hard and a few very easy items are always mixed in, because items near even odds
cannot show misfit. The session stops when the belief is beyond the agreed error on either side, after a floor of runs.
When the answers do not fit the model (|lz| above the limit), adaptive choice ends and a fixed form is given in full.

Choosing items at the threshold tells whoever sees the items roughly where it lies: the custodian runs this.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

import numpy as np

from comity.assess.ability import Bank, Belief, Likelihoods, prior, update
from comity.assess.horizon import Floats
from comity.errors import Invalid, Problem


class Side(StrEnum):
    """Where the belief lies against the threshold."""

    ABOVE = "above"
    BELOW = "below"
    OPEN = "open"


class Mode(StrEnum):
    """How the session ended up choosing its items."""

    ADAPTIVE = "adaptive"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything about choosing and stopping, fixed before the first run. Each field is a policy parameter."""

    alpha: float = 0.025
    """Above the threshold is declared at P(theta > theta_T) >= 1 - alpha."""
    beta: float = 0.025
    """Below it is declared at P(theta > theta_T) <= beta."""
    least_runs: int = 10
    most_runs: int | None = None
    """None runs until the items are used up."""
    among: int = 5
    """The next item is drawn from this many most informative ones."""
    probes: int = 4
    """Items that are rather easy or rather hard at the threshold, mixed in, in turn, from the start."""
    traps: int = 4
    """Items below the floor, mixed in from the start and not counted in `least_runs`: whoever holds back fails some of
    them, and they cost next to no tokens."""
    misfit_limit: float = 3.0
    fixed_form: int = 60
    """Items of the form that is given in full after misfit."""
    margin_log2: float = 0.0
    """Guard against misstated human times: a side is declared only if it holds with the threshold moved this many
    doublings against it. 0 trusts the times; 1 survives a common error of a factor of two."""
    reach: float = 0.5
    """With a margin: once the threshold as stated is settled at alpha or beta, runs go on only while the belief puts
    at least this share beyond the margin. What stays open then is open because of the human times, and no run tells
    those. 0 goes on in any case; 1 ends as soon as the threshold as stated is settled."""

    def __post_init__(self) -> None:
        problems = []
        if not (0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            problems.append(Problem("/alpha", "error_range", "alpha and beta lie between 0 and 0.5"))
        if self.least_runs < 1 or self.among < 1 or not 0 <= self.probes <= self.least_runs:
            problems.append(
                Problem("/probes", "counts", "least_runs and among are at least 1, probes fit in least_runs")
            )
        if self.margin_log2 < 0:
            problems.append(Problem("/margin_log2", "margin_range", "a margin is not negative"))
        if not 0 <= self.reach <= 1:
            problems.append(Problem("/reach", "reach_range", "reach is a share from 0 to 1"))
        if problems:
            raise Invalid("this policy cannot be followed", problems)

    @property
    def floor(self) -> int:
        """Runs before anything is declared."""
        return self.least_runs + self.traps

    def opening(self) -> tuple[str, ...]:
        """What each of the first `floor` runs is for: "easy", "hard", "trap" or "best", spread evenly."""
        checks = [("easy", "hard")[n % 2] for n in range(self.probes)]
        for n in range(self.traps):
            checks.insert(min(2 * n + 1, len(checks)), "trap")
        out = ["best"] * self.floor
        for n, kind in enumerate(checks):
            out[n * self.floor // len(checks)] = kind
        return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What choosing needs for one threshold on one bank, worked out once."""

    policy: Policy
    threshold_minutes: float
    opening: tuple[str, ...]
    orders: Mapping[str, tuple[int, ...]]
    """For each kind of run in the policy's opening, the items from best to worst for it."""
    at: float
    """Ability at the threshold as stated."""
    above_at: float
    """Ability that must be passed to declare ABOVE (the threshold, moved up by the margin)."""
    below_at: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """A finished session: what was given, what came back, and what is believed now."""

    given: tuple[int, ...]
    solved: tuple[bool, ...]
    belief: Belief
    side: Side
    mode: Mode
    misfit: float
    """lz over all runs; NaN when it cannot be worked out."""


Answer: TypeAlias = Callable[[int], bool]
"""Item -> solved. In a bench this looks up a recorded run; nothing here starts one."""

EASY: Final = 0.95
HARD: Final = 0.05
SURE: Final = (0.02, 0.98)
FLOOR_BELOW: Final = 3.0
"""Traps are the items most surely solved by an ability this far below the threshold."""


def plan(bank: Bank, policy: Policy, threshold_minutes: float) -> Plan:
    """Rank the items once: information at the threshold decides, ties by position."""
    at = bank.theta(threshold_minutes)
    odds = bank.probability(np.array([at]))[:, 0]
    return Plan(
        policy=policy,
        threshold_minutes=threshold_minutes,
        opening=policy.opening(),
        orders={
            "best": _order(-bank.information(at)),
            "easy": _order(np.abs(odds - EASY)),
            "hard": _order(np.abs(odds - HARD)),
            "trap": _order(-bank.odds(at - FLOOR_BELOW, range(len(bank.items)))),
        },
        at=at,
        above_at=bank.theta(threshold_minutes * 2**policy.margin_log2),
        below_at=bank.theta(threshold_minutes * 2**-policy.margin_log2),
    )


def next_item(
    wanted: Plan, given: Sequence[int], generator: np.random.Generator, *, spent: frozenset[int] = frozenset()
) -> int | None:
    """The next item to give, or None when all are used. `spent` are items over their exposure cap elsewhere."""
    used = set(given) | spent
    kind = wanted.opening[len(given)] if len(given) < len(wanted.opening) else "best"
    pool = []
    for item in wanted.orders[kind]:
        if item not in used:
            pool.append(item)
            if len(pool) == wanted.policy.among:
                break
    return pool[int(generator.integers(len(pool)))] if pool else None


def side(wanted: Plan, belief: Belief, runs: int) -> Side:
    """Which side is declared after so many runs; OPEN before the floor of runs."""
    if runs < wanted.policy.floor:
        return Side.OPEN
    if belief.above(wanted.above_at) >= 1 - wanted.policy.alpha:
        return Side.ABOVE
    if belief.above(wanted.below_at) <= wanted.policy.beta:
        return Side.BELOW
    return Side.OPEN


def settled(wanted: Plan, belief: Belief, runs: int) -> bool:
    """Whether runs can do no more: the threshold as stated is settled, and the margin on human times is out of reach.

    A common error of all minutes moves the link's origin and no answer, so it stands in no record of runs: a side that
    the margin leaves open is not brought nearer by them, unless the ability itself may still turn out to lie beyond.
    """
    policy = wanted.policy
    if not policy.margin_log2 or runs < policy.floor:
        return False
    share = belief.above(wanted.at)
    if share >= 1 - policy.alpha:
        return belief.above(wanted.above_at) < policy.reach
    return share <= policy.beta and belief.above(wanted.below_at) > 1 - policy.reach


def misfit(bank: Bank, belief: Belief, given: Sequence[int], solved: Sequence[bool]) -> float:
    """lz, the standardised log likelihood of the answers at the believed ability (assess.md 5.3).

    Far below 0: answers too erratic for the model (rather easy items failed, rather hard ones solved). Far above 0: too
    orderly. Items that the believed ability solves more or less surely (outside `SURE`) are left out, because one slip
    there swamps a sum that is read as normal; `validity` judges those exactly. NaN when what is left tells nothing.
    """
    if not given:
        return math.nan
    odds = bank.odds(belief.mean, given)
    inside = (odds >= SURE[0]) & (odds <= SURE[1])
    p, u = odds[inside], np.asarray(solved, dtype=np.float64)[inside]
    right, wrong = np.log(p), np.log1p(-p)
    spread = float(np.sum(p * (1 - p) * (right - wrong) ** 2))
    if spread < 1e-9:
        return math.nan
    return float(np.sum(u * right + (1 - u) * wrong) - np.sum(p * right + (1 - p) * wrong)) / math.sqrt(spread)


def fixed_form(bank: Bank, size: int, generator: np.random.Generator) -> tuple[int, ...]:
    """A form that does not depend on the answers: one random item from each of `size` equal slices of difficulty."""
    order = np.argsort(bank.difficulty, kind="stable")
    slices = np.array_split(order, min(size, order.size))
    return tuple(int(part[int(generator.integers(part.size))]) for part in slices)


def administer(
    bank: Bank,
    tables: Likelihoods,
    wanted: Plan,
    answer: Answer,
    generator: np.random.Generator,
    *,
    order: Literal["information", "random"] = "information",
) -> Session:
    """Run a whole session against recorded or simulated answers. `random` order is the baseline for benches."""
    policy = wanted.policy
    given: list[int] = []
    solved: list[bool] = []
    belief = prior(bank)
    shuffled = [int(i) for i in generator.permutation(len(bank.items))] if order == "random" else []
    most = min(policy.most_runs or len(bank.items), len(bank.items))
    while len(given) < most:
        item = shuffled[len(given)] if order == "random" else next_item(wanted, given, generator)
        if item is None:
            break
        given.append(item)
        solved.append(answer(item))
        belief = update(belief, tables, item, solved=solved[-1])
        if len(given) < policy.floor:
            continue
        if order == "information" and abs(misfit(bank, belief, given, solved)) > policy.misfit_limit:
            return _fixed(bank, tables, wanted, answer, generator, given, solved)
        if side(wanted, belief, len(given)) is not Side.OPEN or settled(wanted, belief, len(given)):
            break
    return Session(
        given=tuple(given),
        solved=tuple(solved),
        belief=belief,
        side=side(wanted, belief, len(given)),
        mode=Mode.ADAPTIVE,
        misfit=misfit(bank, belief, given, solved),
    )


def _fixed(
    bank: Bank,
    tables: Likelihoods,
    wanted: Plan,
    answer: Answer,
    generator: np.random.Generator,
    given: list[int],
    solved: list[bool],
) -> Session:
    """Give the fixed form in full; what was already answered counts and is not repeated."""
    known = dict(zip(given, solved, strict=True))
    for item in fixed_form(bank, wanted.policy.fixed_form, generator):
        if item not in known:
            known[item] = answer(item)
    belief = prior(bank)
    for item, hit in known.items():
        belief = update(belief, tables, item, solved=hit)
    items, hits = tuple(known), tuple(known.values())
    return Session(
        given=items,
        solved=hits,
        belief=belief,
        side=side(wanted, belief, len(items)),
        mode=Mode.FIXED,
        misfit=misfit(bank, belief, items, hits),
    )


def _order(key: Floats) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(key, kind="stable"))
