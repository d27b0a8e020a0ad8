"""The bench on the real development data: what it reads, that nothing leaks, and figures that need no training."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.bench import dedupe_rules
from comity.bench.dedupe import Corpus, sighting
from comity.bench.dedupe_groups import alias_groups, kernel_pairs
from comity.bench.dedupe_training import folds, learn, written
from comity.clearing.likeness import assess, calibrated, read_model, surround, weigh


@pytest.fixture(scope="module")
def corpus(corpora: Path) -> Corpus:
    pytest.importorskip("sklearn", reason="peer not installed: scikit-learn")
    return Corpus(corpora / "dedupe")


def test_the_clean_subset_is_the_one_of_the_domain_page(corpus: Corpus) -> None:
    assert (len(corpus.clean), len(corpus.truth)) == (1611, 431)


def test_the_simple_rules_reach_the_figures_of_the_domain_page(corpus: Corpus) -> None:
    rules = corpus.baselines()
    published = {
        "ClusterFuzz CrashComparer": 0.076, "exact 3-frame state": 0.028, "top frame, 90 d": 0.153,
        "any shared frame, 90 d": 0.193, "shared frame and same regression range": 0.279,
        "same fuzz target, 30 d": 0.205, "same regression range": 0.237,
        "regression range or (shared frame, 30 d)": 0.225, "reported within 7 d": 0.280,
    }  # fmt: skip
    assert {name: one["f1"] for name, one in rules.items()} == pytest.approx(published, abs=0.0015)


@given(st.text("ab:_", max_size=12), st.text("ab:_", max_size=12))
def test_the_bound_that_spares_the_edit_distance_is_never_below_it(one: str, other: str) -> None:
    assert dedupe_rules._alike_at_most(one, other) >= dedupe_rules._alike(one, other)


def test_what_is_known_only_after_the_fix_changes_no_input(corpus: Corpus) -> None:
    row = next(iter(corpus.rows.values()))
    later = row | {"fixed_range": "x", "fix_commits": ["0"], "patch_bytes": 1, "verify": "9", "cve": "CVE-1"}
    assert sighting(later) == sighting(row)


def test_no_project_is_on_both_sides_of_a_split(corpus: Corpus) -> None:
    for known, held in folds(corpus.pairs, count=5, seed=0):
        assert not {pair.project for pair in known} & {pair.project for pair in held}


def test_blocking_keeps_nine_true_pairs_in_ten_at_a_fifth_of_the_comparisons(corpus: Corpus) -> None:
    blocking = corpus.blocking()
    assert blocking["recall"] > 0.9
    assert blocking["share"] < 0.2


def test_a_model_learned_without_a_project_beats_every_rule_there(corpus: Corpus) -> None:
    known, held = folds(corpus.pairs, count=2, seed=0)[0]
    model = learn(known, seed=0, missed=0, origin="test")
    again = read_model(written(model))
    assert again == model
    held_projects = {pair.project for pair in held}
    truth = {pair for pair in corpus.truth if corpus.clean[pair[0]].package in held_projects}
    linked = {p.ids for p in held if calibrated(model, weigh(model, p.numbers)[0]) >= model.link_at}
    assert 2 * len(linked & truth) / (len(linked) + len(truth)) > 0.28


def test_the_bench_measures_what_the_product_answers(corpus: Corpus) -> None:
    pair = next(pair for pair in corpus.pairs if pair.same)
    around = surround(one for one in corpus.everything if one.package == pair.project)
    model = read_model(written(learn(corpus.pairs[::6], seed=0, missed=0, origin="test")))
    one, other = (corpus.clean[name] for name in pair.ids)
    answered = assess(model, one, other, around)
    assert answered.probability == calibrated(model, weigh(model, pair.numbers)[0])
    assert answered.structural is pair.structural


def test_alias_groups_are_found_again_without_aliases(corpora: Path) -> None:
    found = alias_groups(corpora / "dedupe", corpora / "advisories", corpora / "upstream")
    assert found["f1"] > 0.95
    assert found["pairs"] == 575


def test_kernel_titles_find_little_and_wrongly_join_nothing(corpora: Path) -> None:
    found = kernel_pairs(corpora / "dedupe")
    assert (found["listed"], found["titled"], found["equal_titles"]) == (187, 140, 0)
    assert found["same_function"]["over_merges"] == 0
