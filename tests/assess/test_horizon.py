"""The horizon fit against its own definition, and against the closed forms that exist for it."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from comity.assess import resample
from comity.assess.horizon import ALWAYS, NEVER, RIDGE, Fit, Runs, SlopePrior, fit, horizons, newton, weights
from comity.errors import Invalid


def runs(score: Sequence[float], minutes: Sequence[float], family: list[str] | None = None) -> Runs:
    return Runs(
        task=tuple(f"t{n}" for n in range(len(score))),
        family=tuple(family or ["f"] * len(score)),
        score=np.array(score, dtype=np.float64),
        minutes=np.array(minutes, dtype=np.float64),
    )


def many(seed: int = 3, number: int = 120) -> Runs:
    generator = np.random.default_rng(seed)
    x = generator.uniform(-1, 10, number)
    y = (generator.random(number) < 1 / (1 + np.exp(0.8 * (x - 5)))).astype(np.float64)
    return runs(y.tolist(), np.exp2(x).tolist(), [f"f{n % 5}" for n in range(number)])


def objective(data: Runs, weight: np.ndarray, alpha: float, beta: float) -> float:
    z = alpha + beta * data.log2_minutes
    return float(weight @ (np.logaddexp(0, z) - data.score * z)) + RIDGE / 2 * beta**2


def test_the_fit_is_the_minimum_of_the_stated_objective() -> None:
    data = many()
    weight = weights(data)
    found = fit(data)
    best = objective(data, weight, found.intercept, found.slope)
    for da, db in ((1e-4, 0), (-1e-4, 0), (0, 1e-4), (0, -1e-4), (1e-4, -1e-4)):
        assert objective(data, weight, found.intercept + da, found.slope + db) > best


def test_with_two_lengths_the_curve_goes_through_both_success_rates() -> None:
    data = runs([1, 1, 1, 0, 1, 0, 0, 0], [2] * 4 + [32] * 4)
    found = fit(data)
    at_2, at_32 = found.intercept + found.slope, found.intercept + 5 * found.slope
    assert at_2 == pytest.approx(math.log(3), abs=1e-3)
    assert at_32 == pytest.approx(-math.log(3), abs=1e-3)
    assert found.p50 == pytest.approx(8, rel=1e-3)


def test_p80_is_where_success_is_four_in_five() -> None:
    found = fit(many())
    z = found.intercept + found.slope * math.log2(found.p80)
    assert 1 / (1 + math.exp(-z)) == pytest.approx(0.8, abs=1e-12)


def test_weights_sum_to_one_and_give_a_family_the_root_of_its_size() -> None:
    data = runs([1, 0, 1, 0, 1], [1, 2, 3, 4, 5], ["big", "big", "big", "big", "small"])
    weight = weights(data)
    assert weight.sum() == pytest.approx(1)
    assert weight[:4].sum() / weight[4] == pytest.approx(2)
    assert np.allclose(weights(data, scheme="equal"), 0.2)


def test_repeated_runs_of_a_task_share_its_weight() -> None:
    data = Runs(task=("a", "a", "b"), family=("f",) * 3, score=np.array([1.0, 0, 1]), minutes=np.array([1.0, 1, 2]))
    weight = weights(data)
    assert weight[0] + weight[1] == pytest.approx(weight[2])


def test_a_half_score_counts_as_half_a_solve_and_half_a_failure() -> None:
    half = fit(runs([1, 0.5, 0], [1, 8, 64]), weight=np.array([0.25, 0.5, 0.25]))
    split = fit(runs([1, 1, 0, 0], [1, 8, 8, 64]), weight=np.full(4, 0.25))
    assert (half.intercept, half.slope) == pytest.approx((split.intercept, split.slope), rel=1e-9)


def test_an_agent_that_never_succeeds_has_horizon_zero_and_one_that_never_fails_has_none() -> None:
    never, always = fit(runs([0, 0], [1, 2])), fit(runs([1, 1], [1, 2]))
    assert never == NEVER
    assert (never.p50, never.p80) == (0.0, 0.0)
    assert always == ALWAYS
    assert always.p50 == math.inf


def test_separated_data_stay_finite_and_a_slope_prior_pulls_them_to_public_slopes() -> None:
    data = runs([1, 1, 1, 0, 0, 0], [1, 2, 4, 64, 128, 256])
    ridge, prior = fit(data), fit(data, prior=SlopePrior())
    assert ridge.slope < -1.5
    assert -1.5 < prior.slope < -0.3
    assert 4 < prior.p50 < 64


def test_solving_many_draws_at_once_gives_what_solving_each_alone_gives() -> None:
    data = many()
    generator = np.random.default_rng(0)
    table = generator.poisson(1.0, (40, len(data.task))) * weights(data)
    together = newton(data.log2_minutes, data.score, table)
    for draw in range(40):
        alone = newton(data.log2_minutes, data.score, table[draw : draw + 1], start=(2.0, -0.5))
        assert alone[0][0] == pytest.approx(together[0][draw], rel=1e-8)
        assert alone[1][0] == pytest.approx(together[1][draw], rel=1e-8)


def test_a_design_of_its_own_per_draw_is_solved_like_a_shared_one() -> None:
    data = many()
    weight = np.repeat(weights(data)[None, :], 3, axis=0)
    shared = newton(data.log2_minutes, data.score, weight)
    own = newton(np.repeat(data.log2_minutes[None, :], 3, axis=0), data.score, weight)
    assert np.allclose(shared, own, rtol=1e-9)


def test_a_draw_with_one_class_or_no_run_is_skipped_and_never_guessed() -> None:
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0])
    alpha, beta = newton(x, y, np.array([[1.0, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0.5, 1]]))
    assert np.isnan(alpha[:3]).all()
    assert np.isnan(beta[:3]).all()
    assert np.isfinite(horizons(alpha, beta, 0.5)[3])


@pytest.mark.parametrize(
    ("score", "minutes"), [([1.2], [1]), ([1], [0]), ([1], [math.inf]), ([], []), ([math.nan], [1])]
)
def test_runs_that_cannot_be_fitted_are_refused_at_the_door(score: list[float], minutes: list[float]) -> None:
    with pytest.raises(Invalid):
        runs(score, minutes)


def test_every_draw_holds_as_many_families_as_there_are_and_is_repeatable() -> None:
    tasks = {f"t{n}": f"f{n % 3}" for n in range(30)}
    names, table = resample.counts(tasks, draws=20)
    assert names == tuple(sorted(tasks))
    assert (table.sum(axis=1) == 30).all(), "three families of ten tasks each"
    assert (table == resample.counts(tasks, draws=20)[1]).all()
    assert (table[:5] == resample.counts(tasks, draws=5)[1]).all(), "draw b depends on b alone"


def test_the_first_draw_follows_the_stated_generator_order() -> None:
    tasks = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "b3": "b"}
    generator = np.random.default_rng(42)
    expected = dict.fromkeys(sorted(tasks), 0)
    members = {0: ["a1", "a2"], 1: ["b1", "b2", "b3"]}
    for family in generator.choice(2, size=2, replace=True):
        pool = members[int(family)]
        for pick in generator.choice(len(pool), size=len(pool), replace=True):
            expected[pool[int(pick)]] += 1
    names, table = resample.counts(tasks, draws=1)
    assert dict(zip(names, table[0].tolist(), strict=True)) == expected


def test_intervals_hold_the_point_and_leave_out_unusable_draws() -> None:
    data = many(number=200)
    draws = resample.draws({"x": data}, number=200)["x"]
    low, high = draws.interval()
    assert low < fit(data).p50 < high
    assert draws.interval(80)[1] < high
    hole = resample.Draws(p50=np.array([np.nan, 2.0, 2.0]), p80=np.array([np.nan] * 3))
    assert hole.interval() == (2.0, 2.0)
    assert math.isnan(hole.interval(80)[0])


def test_leaving_out_a_family_that_holds_everything_is_not_a_number() -> None:
    data = runs([1, 0, 1], [1, 4, 2])
    assert math.isnan(resample.family_sensitivity(data)["f"])
    assert set(resample.family_sensitivity(many())) == {"f0", "f1", "f2", "f3", "f4"}


def test_simex_without_noise_in_the_times_changes_nothing() -> None:
    data = many(number=200)
    assert resample.simex(data, sd_log2=0.0, copies=2) == pytest.approx(fit(data).p50, rel=1e-6)


def test_simex_moves_a_flattened_curve_back_towards_the_truth() -> None:
    generator = np.random.default_rng(5)
    x = generator.uniform(-1, 7, 3000)
    y = (generator.random(3000) < 1 / (1 + np.exp(1.2 * (x - 5)))).astype(np.float64)
    noisy = np.exp2(x + generator.normal(0, 1.0, 3000))
    data = runs(y.tolist(), noisy.tolist())
    plain, mended = math.log2(fit(data).p50), math.log2(resample.simex(data, copies=20))
    assert abs(mended - 5) < abs(plain - 5)


def test_a_curve_without_slope_has_no_horizon():
    assert math.isnan(Fit(intercept=0.5, slope=0.0).p50)
