"""Decide what is run next, from nothing but what is already on record: so a killed campaign goes on where it stood.

Order of the rules, each a policy parameter of the protocol:
(1) a budget that is spent ends the campaign: tokens, time, money, runs that broke
(2) what broke in the harness is repeated once
(3) answers that do not fit end adaptive choice: the fixed form is given in full
(4) the stopping rule, under cut runs counted as failed and as solved: both must agree; likewise that only the margin
    on human times is left open, which runs cannot close
(5) when only cut runs keep them apart, the most telling of them is given again at the next stage of the budget
(6) else the next item: by information at the threshold, or at the present estimate where no threshold was sealed
Randomness comes from the seed and the number of items given, never from a generator that must be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from comity.assess import adaptive
from comity.assess.ability import Bank, Belief, Likelihoods, after, likelihoods
from comity.assess.protocol import NEUTRAL_MINUTES, Protocol
from comity.assess.treat import CLEAR_ONLY, PROTOCOL, Outcome, Treatment

CUT_FAILED: Final = replace(PROTOCOL, name="cut runs failed", censored=False)
CUT_SOLVED: Final = replace(PROTOCOL, name="cut runs solved", censored=True)

WITHIN: Final = "the ability lies within the margin on human times, which more runs cannot narrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run to start: item by its place in the bank, stage of the budget, and whether it repeats a broken run."""

    item: int
    stage: int = 0
    retry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One finished run."""

    step: Step
    outcome: Outcome
    tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing more is started. `reason` goes on the card."""

    reason: str


Next: TypeAlias = "tuple[Step, ...] | Stop"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What choosing needs, worked out once per campaign."""

    protocol: Protocol
    bank: Bank
    tables: Likelihoods
    threshold_minutes: float | None
    plan: adaptive.Plan
    """Ranks items at the threshold; without one, at neutral minutes, for probes and traps only."""
    form: tuple[int, ...]
    """The fixed form, in the order in which it is given."""


def course(protocol: Protocol, bank: Bank, threshold_minutes: float | None) -> Course:
    """Prepare a campaign."""
    generator = np.random.default_rng([protocol.seed, 1])
    form = adaptive.fixed_form(bank, protocol.policy.fixed_form, generator)
    return Course(
        protocol=protocol,
        bank=bank,
        tables=likelihoods(bank),
        threshold_minutes=threshold_minutes,
        plan=adaptive.plan(bank, protocol.policy, threshold_minutes or NEUTRAL_MINUTES),
        form=tuple(int(i) for i in generator.permutation(form)),
    )


def next_steps(at: Course, seen: Sequence[Seen], running: Sequence[Step] = ()) -> Next:
    """What to start now. An empty tuple: wait for what runs."""
    room = at.protocol.at_once - len(running)
    found: list[Step] = []
    busy = list(running)
    while len(found) < room:
        step = _next(at, seen, busy)
        if isinstance(step, Stop):
            return step if not busy else tuple(found)
        found.append(step)
        busy.append(step)
    return tuple(found)


def latest(seen: Sequence[Seen]) -> dict[int, Seen]:
    """The run that counts for each item, in the order in which items were first given: the highest stage and retry."""
    out: dict[int, Seen] = {}
    for run in seen:
        known = out.get(run.step.item)
        if known is None or (run.step.stage, run.step.retry) >= (known.step.stage, known.step.retry):
            out[run.step.item] = run
    return out


def belief(at: Course, runs: Sequence[Seen], treatment: Treatment) -> Belief:
    """What is believed of the subject under one reading of unclear outcomes."""
    items, solved = scored(runs, treatment)
    return after(at.bank, at.tables, items, solved)


def scored(runs: Sequence[Seen], treatment: Treatment) -> tuple[list[int], list[bool]]:
    """Items that this reading counts, and how."""
    pairs = [(run.step.item, treatment.score(run.outcome)) for run in runs]
    return [item for item, score in pairs if score is not None], [score for _, score in pairs if score is not None]


def is_fixed(at: Course, runs: Sequence[Seen]) -> bool:
    """Whether the fixed form is in force: from the start, or since answers stopped fitting."""
    policy = at.protocol.policy
    if at.protocol.form == "fixed":
        return True
    items, solved = scored(runs, CLEAR_ONLY)
    return any(
        abs(adaptive.misfit(at.bank, after(at.bank, at.tables, items[:n], solved[:n]), items[:n], solved[:n]))
        > policy.misfit_limit
        for n in range(policy.floor, len(items) + 1)
    )


def _next(at: Course, seen: Sequence[Seen], running: Sequence[Step]) -> "Step | Stop":
    started = {(step.item, step.stage, step.retry) for step in running} | {
        (run.step.item, run.step.stage, run.step.retry) for run in seen
    }
    # (1) before anything is repeated: an endpoint that never answers would else be asked for every item, twice
    if reason := spent(at.protocol, seen):
        return Stop(reason)
    # (2)
    for run in seen:
        again = replace(run.step, retry=1)
        broke = run.outcome is Outcome.INFRASTRUCTURE and run.step.retry == 0
        if broke and (again.item, again.stage, again.retry) not in started:
            return again
    runs = list(latest(seen).values())
    given = _given(seen, running)
    # (3)
    if is_fixed(at, runs):
        rest = [item for item in at.form if item not in given]
        return Step(item=rest[0]) if rest else _again(at, runs, started) or Stop("the fixed form was given in full")
    # (4) and (5)
    low, high = belief(at, runs, CUT_FAILED), belief(at, runs, CUT_SOLVED)
    sides = (_side(at, low, len(runs)), _side(at, high, len(runs)))
    if sides[0] == sides[1] != "open":
        return Stop("the stopping rule was met")
    if at.threshold_minutes is not None and all(adaptive.settled(at.plan, now, len(runs)) for now in (low, high)):
        return Stop(WITHIN)
    most = at.protocol.policy.most_runs
    full = len(given) >= (most if most is not None else len(at.bank.items))
    apart = sides[0] != sides[1] and len(runs) >= at.protocol.policy.floor
    if (full or apart) and (cut := _again(at, runs, started)) is not None:
        return cut
    if full:
        return Stop("the most runs were made" if most is not None else "every item was given")
    # (6)
    item = _choose(at, given, low)
    return Step(item=item) if item is not None else _again(at, runs, started) or Stop("every item was given")


def spent(protocol: Protocol, seen: Sequence[Seen]) -> str:
    """Which budget is spent, or nothing."""
    budget = protocol.budget
    if sum(run.tokens for run in seen) >= budget.most_tokens:
        return "the budget in tokens was spent"
    if sum(run.seconds for run in seen) >= budget.most_seconds:
        return "the budget in time was spent"
    if budget.most_cost is not None and sum(run.cost for run in seen) >= budget.most_cost:
        return "the budget in money was spent"
    if sum(run.outcome is Outcome.INFRASTRUCTURE for run in seen) >= budget.most_broken:
        return "the budget of broken runs was spent: the harness or the endpoint failed too often"
    return ""


def tokens_for(protocol: Protocol, step: Step, seen: Sequence[Seen]) -> tuple[int, bool]:
    """Tokens that a run may use, and whether it has its whole last stage: what the campaign's budget cuts is a cut."""
    left = max(1, protocol.budget.most_tokens - sum(run.tokens for run in seen))
    stage = protocol.budget.stages[step.stage]
    return min(stage, left), step.stage == len(protocol.budget.stages) - 1 and left >= stage


def _given(seen: Sequence[Seen], running: Sequence[Step]) -> list[int]:
    return list(dict.fromkeys([*(run.step.item for run in seen), *(step.item for step in running)]))


def _side(at: Course, now: Belief, runs: int) -> str:
    if at.threshold_minutes is not None:
        return adaptive.side(at.plan, now, runs).value
    protocol = at.protocol
    narrow = runs >= protocol.policy.floor and now.sd <= protocol.estimate_sd_log2 * at.bank.c1
    return "narrow" if narrow or runs >= max(protocol.estimate_runs, protocol.policy.floor) else "open"


def _again(at: Course, runs: Sequence[Seen], started: set[tuple[int, int, int]]) -> Step | None:
    """The cut run that tells most and has a stage left."""
    last = len(at.protocol.budget.stages) - 1
    cut = [
        run.step
        for run in runs
        if run.outcome is Outcome.CENSORED
        and run.step.stage < last
        and (run.step.item, run.step.stage + 1, 0) not in started
    ]
    if not cut:
        return None
    told = at.bank.information(_point(at, belief(at, runs, CUT_FAILED)))
    best = max(cut, key=lambda step: (float(told[step.item]), -step.item))
    return Step(item=best.item, stage=best.stage + 1)


def _choose(at: Course, given: list[int], now: Belief) -> int | None:
    generator = np.random.default_rng([at.protocol.seed, 2, len(given)])
    opening = at.plan.opening[len(given)] if len(given) < len(at.plan.opening) else "best"
    if at.threshold_minutes is not None or opening != "best":
        return adaptive.next_item(at.plan, given, generator)
    used = set(given)
    told = at.bank.information(_point(at, now))
    pool = [int(i) for i in np.argsort(-told, kind="stable") if int(i) not in used][: at.protocol.policy.among]
    return pool[int(generator.integers(len(pool)))] if pool else None


def _point(at: Course, now: Belief) -> float:
    return now.mean if at.threshold_minutes is None else at.bank.theta(at.threshold_minutes)
