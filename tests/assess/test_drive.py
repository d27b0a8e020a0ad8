"""What is run next, decided from the record alone."""

from dataclasses import replace

import numpy as np
import pytest

from comity.assess import drive
from comity.assess.adaptive import Policy
from comity.assess.drive import Seen, Step, Stop
from comity.assess.protocol import Budget, Entry, Protocol, bank
from comity.assess.treat import CLEAR_ONLY, Outcome
from comity.errors import Invalid

ENTRIES = tuple(Entry(id=f"i{n}", family=f"f{n % 4}", minutes=float(2 ** (n % 11))) for n in range(120))
BANK = bank(ENTRIES)
PROTOCOL = Protocol(
    subject="simulated", level="C0", battery="x", battery_root="0" * 64, items=120, budget=Budget(stages=(100, 1000))
)


def play(protocol: Protocol, answer, threshold: float | None = 30.0, *, most: int = 400) -> tuple[list[Seen], Stop]:
    """A whole campaign against `answer(step) -> Seen`."""
    at = drive.course(protocol, BANK, threshold)
    seen: list[Seen] = []
    for _ in range(most):
        following = drive.next_steps(at, seen)
        if isinstance(following, Stop):
            return seen, following
        seen.extend(answer(step) for step in following)
    raise AssertionError("it never ends")


def able(theta_log2: float, *, seed: int = 1):
    theta = BANK.theta(2.0**theta_log2)
    hit = np.random.default_rng(seed).random(len(ENTRIES)) < 1 / (1 + np.exp(-(theta - BANK.difficulty)))

    def answer(step: Step) -> Seen:
        return Seen(step=step, outcome=Outcome.SOLVED if hit[step.item] else Outcome.FAILED, tokens=50, seconds=1.0)

    return answer


def test_clear_subjects_are_decided_long_before_the_battery_is_used_up():
    for theta in (0.0, 10.0):
        seen, stop = play(PROTOCOL, able(theta))
        assert stop.reason == "the stopping rule was met"
        assert PROTOCOL.policy.floor <= len(seen) < 60
        assert len({run.step.item for run in seen}) == len(seen)


def test_the_record_alone_decides_so_any_prefix_goes_on_to_the_same_end():
    answer = able(6.0)
    whole, stop = play(PROTOCOL, answer)
    at = drive.course(PROTOCOL, BANK, 30.0)
    for cut in range(0, len(whole), 5):
        again = list(whole[:cut])
        while not isinstance(following := drive.next_steps(at, again), Stop):
            again.extend(answer(step) for step in following)
        assert (again, following) == (whole, stop)


def test_a_campaign_ends_when_only_the_margin_on_human_times_is_left_open():
    """The ability is half a doubling above the threshold: settled as stated, never with a margin of one."""
    wary = replace(PROTOCOL, policy=Policy(margin_log2=1.0, misfit_limit=99.0))
    ends = {seed: play(wary, able(6.0, seed=seed), 2.0**5.5) for seed in range(6)}
    within = [seen for seen, stop in ends.values() if stop.reason == drive.WITHIN]
    assert within
    for seen in within:
        now = drive.belief(drive.course(wary, BANK, 2.0**5.5), seen, CLEAR_ONLY)
        assert now.above(BANK.theta(2.0**5.5)) >= 0.975 or now.above(BANK.theta(2.0**5.5)) <= 0.025


def test_without_a_threshold_it_ends_when_the_estimate_is_narrow_enough():
    seen, stop = play(replace(PROTOCOL, estimate_sd_log2=1.2), able(5.0), None)
    assert stop.reason == "the stopping rule was met"
    assert PROTOCOL.policy.floor <= len(seen) <= PROTOCOL.estimate_runs


def test_a_broken_run_is_repeated_once_and_no_more():
    first = {}

    def answer(step: Step) -> Seen:
        first.setdefault(step.item, step)
        return Seen(step=step, outcome=Outcome.INFRASTRUCTURE if step.item % 2 else Outcome.SOLVED)

    seen, _ = play(replace(PROTOCOL, policy=Policy(most_runs=20)), answer)
    broken = [run.step for run in seen if run.outcome is Outcome.INFRASTRUCTURE]
    assert broken
    assert all([s.retry for s in broken if s.item == item] == [0, 1] for item in {s.item for s in broken})


def test_cut_runs_go_to_the_next_stage_when_only_they_keep_it_open():
    honest = able(8.0)

    def answer(step: Step) -> Seen:
        told = honest(step)
        long = told.outcome is Outcome.SOLVED and ENTRIES[step.item].minutes > 4
        return replace(told, outcome=Outcome.CENSORED, tokens=100) if long and step.stage == 0 else told

    seen, stop = play(PROTOCOL, answer)
    again = [run.step for run in seen if run.step.stage == 1]
    assert again
    assert stop.reason == "the stopping rule was met"
    assert {step.item for step in again} <= {run.step.item for run in seen if run.outcome is Outcome.CENSORED}
    assert len(set(again)) == len(again)


def test_spent_budgets_end_it_and_the_reason_names_which():
    for budget, reason in (
        (Budget(most_tokens=500), "tokens"),
        (Budget(most_seconds=5.0), "time"),
        (Budget(most_cost=1.0, price_in=1.0, price_out=1.0), "money"),
    ):
        answer = able(5.0)
        _, stop = play(replace(PROTOCOL, budget=budget), lambda step, a=answer: replace(a(step), cost=0.2))
        assert reason in stop.reason


def test_the_last_run_of_a_campaign_gets_what_is_left_and_is_cut_not_failed():
    tight = replace(PROTOCOL, budget=Budget(stages=(1000,), most_tokens=1500))
    spent = [Seen(step=Step(item=0), outcome=Outcome.FAILED, tokens=900)]
    assert drive.tokens_for(tight, Step(item=1), []) == (1000, True)
    assert drive.tokens_for(tight, Step(item=1), spent) == (600, False)


def test_several_at_once_never_give_an_item_twice():
    at = drive.course(replace(PROTOCOL, at_once=4), BANK, 30.0)
    answer, seen, running = able(5.0), [], []
    for _ in range(40):
        following = drive.next_steps(at, seen, running)
        if isinstance(following, Stop):
            break
        running.extend(following)
        assert len(running) <= 4
        if running:
            seen.append(answer(running.pop(0)))
    items = [run.step.item for run in seen]
    assert len(set(items)) == len(items)


def test_answers_that_do_not_fit_end_adaptive_choice_and_the_fixed_form_is_given():
    def backwards(step: Step) -> Seen:
        return Seen(step=step, outcome=Outcome.SOLVED if ENTRIES[step.item].minutes > 30 else Outcome.FAILED)

    seen, stop = play(PROTOCOL, backwards)
    assert stop.reason == "the fixed form was given in full"
    form = set(drive.course(PROTOCOL, BANK, 30.0).form)
    assert form <= {run.step.item for run in seen}


def test_budgets_that_make_no_sense_are_refused():
    for bad in ({"stages": ()}, {"stages": (5, 5)}, {"stages": (9, 3)}, {"most_cost": 1.0}):
        with pytest.raises(Invalid):
            Budget(**bad)
