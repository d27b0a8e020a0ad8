"""Choosing items, stopping, and noticing answers that do not fit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.assess import ability, adaptive
from comity.assess.adaptive import Mode, Policy, Side
from comity.errors import Invalid
from tests.assess.worlds import answers, bank

MADE = bank()
TABLES = ability.likelihoods(MADE)


def session(theta: float, policy: Policy | None = None, minutes: float = 60, seed: int = 0) -> adaptive.Session:
    given = answers(MADE, theta, seed)
    wanted = adaptive.plan(MADE, policy or Policy(), minutes)
    return adaptive.administer(MADE, TABLES, wanted, lambda i: bool(given[i]), np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(st.floats(-6, 8), st.integers(0, 999))
def test_no_item_is_given_twice_and_nothing_is_declared_before_the_floor(theta: float, seed: int) -> None:
    done = session(theta, seed=seed)
    assert len(set(done.given)) == len(done.given) == len(done.solved)
    assert done.side is Side.OPEN or len(done.given) >= Policy().floor


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_the_same_seed_gives_the_same_session(seed: int) -> None:
    assert session(1.0, seed=seed).given == session(1.0, seed=seed).given


def test_subjects_far_from_the_threshold_are_decided_on_the_right_side_in_few_runs() -> None:
    at = MADE.theta(60)
    lengths = []
    for seed in range(20):
        high, low = session(at + 4, seed=seed), session(at - 4, seed=seed)
        assert (high.side, low.side) == (Side.ABOVE, Side.BELOW)
        lengths += [len(high.given), len(low.given)]
    assert sorted(lengths)[35] <= 20, "nine in ten end near the floor; a misfit's fixed form may be longer"


def test_a_wrong_side_is_declared_no_more_often_than_agreed() -> None:
    generator = np.random.default_rng(11)
    wrong = total = 0
    for seed in range(300):
        theta = float(generator.normal(0.5, 3.0))
        done = session(theta, seed=seed)
        if done.side is not Side.OPEN:
            total += 1
            wrong += (done.side is Side.ABOVE) != (theta > MADE.theta(60))
    assert total > 200
    assert wrong / total <= 0.05, "alpha and beta are 0.025 each; 300 draws leave room for chance"


def test_the_next_item_is_among_the_most_informative_and_varies() -> None:
    wanted = adaptive.plan(MADE, Policy(), 60)
    given_so_far = list(range(90, 90 + Policy().floor))
    best = [i for i in wanted.orders["best"] if i not in given_so_far][:5]
    picked = {adaptive.next_item(wanted, given_so_far, np.random.default_rng(s)) for s in range(60)}
    assert picked == set(best)


def test_items_over_their_exposure_cap_are_never_given() -> None:
    wanted = adaptive.plan(MADE, Policy(), 60)
    spent = frozenset(wanted.orders["best"][:100])
    for start in range(20):
        assert adaptive.next_item(wanted, list(range(start)), np.random.default_rng(start), spent=spent) not in spent
    assert adaptive.next_item(wanted, [], np.random.default_rng(0), spent=frozenset(range(120))) is None


def test_the_opening_mixes_in_every_probe_and_trap() -> None:
    opening = Policy(probes=4, traps=4, least_runs=10).opening()
    assert len(opening) == 14
    assert [opening.count(kind) for kind in ("easy", "hard", "trap", "best")] == [2, 2, 4, 6]
    assert Policy(probes=0, traps=0, least_runs=3).opening() == ("best",) * 3


def test_probes_lie_where_they_should_at_the_threshold() -> None:
    wanted = adaptive.plan(MADE, Policy(), 60)
    odds = MADE.odds(MADE.theta(60), range(120))
    assert odds[wanted.orders["easy"][0]] == pytest.approx(adaptive.EASY, abs=0.03)
    assert odds[wanted.orders["hard"][0]] == pytest.approx(adaptive.HARD, abs=0.03)
    assert odds[wanted.orders["trap"][0]] > 0.97


def test_answers_upside_down_end_adaptive_mode_and_leave_misfit() -> None:
    easy_failed = MADE.difficulty > np.median(MADE.difficulty)
    wanted = adaptive.plan(MADE, Policy(alpha=1e-6, beta=1e-6), 60)
    done = adaptive.administer(MADE, TABLES, wanted, lambda i: bool(easy_failed[i]), np.random.default_rng(0))
    assert done.mode is Mode.FIXED
    assert done.misfit < -3


def test_misfit_of_fitting_answers_is_seldom_large() -> None:
    form = adaptive.fixed_form(MADE, 60, np.random.default_rng(0))
    beyond = 0
    for seed in range(200):
        hits = answers(MADE, 1.0, seed)[list(form)]
        beyond += abs(adaptive.misfit(MADE, ability.after(MADE, TABLES, form, hits), form, hits.tolist())) > 3
    assert beyond <= 4


def test_misfit_matches_its_formula_over_items_that_are_not_nearly_sure() -> None:
    items = [int(i) for i in np.argsort(np.abs(MADE.difficulty - 0.5))[:8]]
    hits = [n % 3 != 0 for n in range(8)]
    belief = ability.after(MADE, TABLES, items, hits)
    sure = int(np.argmax(MADE.odds(belief.mean, range(120))))
    p, u = MADE.odds(belief.mean, items), np.array(hits, dtype=np.float64)
    l0 = np.sum(u * np.log(p) + (1 - u) * np.log(1 - p))
    mean = np.sum(p * np.log(p) + (1 - p) * np.log(1 - p))
    var = np.sum(p * (1 - p) * np.log(p / (1 - p)) ** 2)
    expected = (l0 - mean) / math.sqrt(var)
    assert adaptive.misfit(MADE, belief, items, hits) == pytest.approx(expected)
    assert MADE.odds(belief.mean, [sure])[0] > adaptive.SURE[1]
    assert adaptive.misfit(MADE, belief, [*items, sure], [*hits, False]) == pytest.approx(expected)
    assert math.isnan(adaptive.misfit(MADE, belief, [], []))


def test_a_fixed_form_spans_all_difficulties_without_repeats() -> None:
    form = adaptive.fixed_form(MADE, 30, np.random.default_rng(3))
    ranks = np.argsort(np.argsort(MADE.difficulty))[list(form)]
    assert len(set(form)) == 30
    assert all(4 * n <= rank < 4 * (n + 1) for n, rank in enumerate(ranks))
    assert len(adaptive.fixed_form(MADE, 500, np.random.default_rng(3))) == 120


def test_a_margin_asks_more_of_both_sides() -> None:
    plain, guarded = adaptive.plan(MADE, Policy(), 60), adaptive.plan(MADE, Policy(margin_log2=1), 60)
    assert guarded.above_at == pytest.approx(MADE.theta(120))
    assert guarded.below_at == pytest.approx(MADE.theta(30))
    belief = ability.after(MADE, TABLES, range(60), answers(MADE, MADE.theta(100), 2)[:60])
    order = [Side.BELOW, Side.OPEN, Side.ABOVE]
    assert order.index(adaptive.side(guarded, belief, 60)) in {1, order.index(adaptive.side(plain, belief, 60))}


def test_runs_end_when_only_the_human_times_leave_a_side_open() -> None:
    """An ability half a doubling above: the threshold as stated is passed, and no run shows that minutes are right."""
    theta = MADE.theta(60 * 2**0.5)
    patient = Policy(margin_log2=1.0, reach=0.0, among=1, misfit_limit=math.inf)
    for seed in range(8):
        ended = session(theta, Policy(margin_log2=1.0, among=1, misfit_limit=math.inf), seed=seed)
        whole = session(theta, patient, seed=seed)
        assert whole.given[: len(ended.given)] == ended.given
        if ended.side is not Side.OPEN:
            assert ended.given == whole.given, "what the margin lets pass is declared all the same"
    usual = Policy(margin_log2=1.0, misfit_limit=math.inf)
    runs = [sum(len(session(theta, policy, seed=seed).given) for seed in range(8)) for policy in (usual, patient)]
    assert runs[0] < runs[1]


def test_reading_with_a_margin_asks_for_no_run_more_than_without_one() -> None:
    for seed in range(6):
        plain = session(MADE.theta(60) + 1.0, Policy(among=1), seed=seed)
        read = session(MADE.theta(60) + 1.0, Policy(among=1, margin_log2=1.0, reach=1.0), seed=seed)
        assert read.given == plain.given
        assert read.side in {plain.side, Side.OPEN}


def test_a_common_error_of_all_minutes_changes_no_answer_so_no_run_can_show_it() -> None:
    """Calibrated on doubled minutes, the bank is the same up to its origin: the threshold moves, nothing else does."""
    from comity.assess.ability import calibrate

    minutes = np.exp2(np.arange(12.0) % 6)
    outcomes = (np.arange(4.0)[:, None] * 1.5 > np.log2(minutes)[None, :]).astype(float)
    made = [
        calibrate(items=[str(n) for n in range(12)], families=["f"] * 12, minutes=minutes * by, outcomes=outcomes)
        for by in (1.0, 2.0)
    ]
    gaps = [one.difficulty - one.theta(by) for one, by in zip(made, (15, 30), strict=True)]
    assert np.allclose(*gaps, atol=0.1), "the little that is left is the pull of the wide priors"


def test_the_most_runs_end_a_session_that_stays_open() -> None:
    done = session(MADE.theta(60), Policy(most_runs=20, alpha=1e-9, beta=1e-9))
    assert len(done.given) == 20
    assert done.side is Side.OPEN


@pytest.mark.parametrize(
    "bad", [{"alpha": 0.0}, {"beta": 0.5}, {"least_runs": 0}, {"probes": 11}, {"margin_log2": -1}, {"reach": 2}]
)
def test_a_policy_that_cannot_be_followed_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        Policy(**bad)  # type: ignore[arg-type]
