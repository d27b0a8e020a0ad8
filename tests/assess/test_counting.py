"""Counts against values that can be worked out by hand or are given in assess.md 5.6."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.assess import counting
from comity.assess.asymmetry import Twin, asymmetry, by_family
from comity.errors import Invalid
from comity.model import beta


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_is_the_share_of_draws_with_a_solve_and_pass_all_the_share_of_only_solves(
    case: tuple[int, int, int],
) -> None:
    n, c, k = case
    attempts = [True] * c + [False] * (n - c)
    draws = list(combinations(attempts, k))
    assert counting.pass_at(k, attempts=n, solved=c) == pytest.approx(sum(any(d) for d in draws) / len(draws))
    assert counting.pass_all(k, attempts=n, solved=c) == pytest.approx(sum(all(d) for d in draws) / len(draws))


def test_impossible_attempts_are_refused() -> None:
    with pytest.raises(Invalid):
        counting.pass_at(3, attempts=2, solved=1)


def test_six_of_ten_gives_the_intervals_of_the_domain_page() -> None:
    assert counting.clopper_pearson(6, 10) == pytest.approx((0.26, 0.88), abs=0.005)
    assert counting.jeffreys(6, 10) == pytest.approx((0.30, 0.85), abs=0.005)


def test_none_of_ten_and_ten_of_ten_keep_a_width() -> None:
    assert counting.clopper_pearson(0, 10) == pytest.approx((0, 1 - 0.025 ** (1 / 10)))
    assert counting.clopper_pearson(10, 10) == pytest.approx((0.025 ** (1 / 10), 1))
    assert counting.jeffreys(0, 10)[0] == 0


def test_exact_intervals_hold_the_share_at_least_as_often_as_they_say() -> None:
    for share in (0.05, 0.3, 0.5, 0.9):
        held = sum(
            math.comb(20, k) * share**k * (1 - share) ** (20 - k)
            for k in range(21)
            if counting.clopper_pearson(k, 20)[0] <= share <= counting.clopper_pearson(k, 20)[1]
        )
        assert held >= 0.95


def test_the_incomplete_beta_function_matches_the_binomial_tail() -> None:
    for k, n, p in ((1, 5, 0.2), (7, 20, 0.5), (60, 100, 0.55)):
        tail = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
        assert beta.incomplete_beta(p, k, n - k + 1) == pytest.approx(tail, rel=1e-12)


@pytest.mark.parametrize(("freedom", "value"), [(1, 12.7062047), (6, 2.4469119), (30, 2.0422725)])
def test_student_quantiles_are_the_tabled_ones(freedom: int, value: float) -> None:
    assert counting.student(0.975, freedom) == pytest.approx(value, rel=1e-7)


def test_single_item_clusters_give_the_central_limit_error_and_copies_do_not_shrink_it() -> None:
    scores = np.array([1.0, 0, 1, 1, 0, 1])
    alone = counting.clustered(scores, list("abcdef"))
    assert alone.error == pytest.approx(scores.std(ddof=1) / math.sqrt(6))
    copied = counting.clustered(np.repeat(scores, 5), [c for c in "abcdef" for _ in range(5)])
    assert copied.error == pytest.approx(alone.error)
    assert copied.interval()[0] < scores.mean() < copied.interval()[1]


def test_one_cluster_tells_nothing_about_spread() -> None:
    assert counting.clustered(np.array([1.0, 0.0]), ["a", "a"]).interval() == (-math.inf, math.inf)


def test_a_paired_difference_that_never_varies_is_certain() -> None:
    first = np.array([1.0, 1.0, 0.0, 1.0])
    assert counting.paired(first, first, list("abcd")).error == 0


def test_the_sample_size_formula_gives_its_textbook_value() -> None:
    assert counting.items_needed(0.5, item_variance=1.0) == 32
    assert counting.items_needed(0.5, item_variance=1.0, within=(1.0, 1.0), attempts=(4, 4)) == 48


def test_the_index_is_zero_for_even_twins_and_signed_otherwise() -> None:
    even = [Twin(family="F1", offence=True, defence=False), Twin(family="F2", offence=False, defence=True)]
    assert asymmetry(even).index == 0
    ahead = asymmetry([Twin(family="F1", offence=True, defence=False)] * 12)
    assert ahead.index > 0
    assert ahead.low > 0
    assert ahead.high == math.inf
    assert ahead.chance < 0.001
    assert list(by_family(even)) == ["F1", "F2"]


def test_twins_that_never_differ_say_nothing() -> None:
    found = asymmetry([Twin(family="F1", offence=True, defence=True)] * 5)
    assert (found.index, found.low, found.high, found.chance) == (0, -math.inf, math.inf, 1)
