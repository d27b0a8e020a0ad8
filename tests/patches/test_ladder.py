"""The judge of each rung, on values: what counts as silence, worse, a new test, and a meaningful variant."""

from dataclasses import replace

import pytest

from comity.clearing import ladder, mutate, reach
from comity.errors import Invalid
from comity.formats import ladder_kit
from comity.formats.patch_archive import sample_patches
from comity.formats.recipe import read
from comity.model.patch import Check, Outcome, Rung
from comity.model.recipe import Dress, Observation, Sight, Step

SAMPLES = {one.id: one for one in sample_patches()}
JOIN = read(SAMPLES["join-size"].case.recipe)
PAGE = read(SAMPLES["page-resolved"].case.recipe)
P, F, M = Outcome.PASSED, Outcome.FAILED, Outcome.MISSING


def seen(sight: Sight, *, status: int | None = 0, index: int = 0) -> Observation:
    return Observation(dress=Dress.VULNERABLE, index=index, sight=sight, status=status)


FIRES = [seen(Sight.FIRED, status=86)] * 3
QUIET = [seen(Sight.SILENT)] * 3


def test_silence_counts_only_where_the_proof_fires_in_the_same_climb():
    assert ladder.silences(FIRES, QUIET, [], recipe=JOIN).reached
    assert not ladder.silences(QUIET, QUIET, [], recipe=JOIN).reached
    assert not ladder.silences([], QUIET, [], recipe=JOIN).reached
    assert not ladder.silences(FIRES, [], [], recipe=JOIN).reached


@pytest.mark.parametrize(
    "loud",
    [
        seen(Sight.FIRED), seen(Sight.BROKEN), seen(Sight.UNREACHED),
        seen(Sight.SILENT, status=86), seen(Sight.SILENT, status=-11),
    ],
)  # fmt: skip
def test_one_run_that_is_no_silence_ends_the_climb(loud):
    held = ladder.silences(FIRES, [*QUIET, loud], [], recipe=JOIN)
    assert (held.rung, held.reached) == (Rung.L2, False)
    assert not ladder.silences(FIRES, QUIET, [loud], recipe=JOIN).reached


def test_a_test_that_passed_before_must_pass_each_time_after():
    before = [{"a": P, "b": F, "c": P}] * 3
    assert ladder.no_worse(before, [{"a": P, "b": F, "c": P}] * 2).reached
    for worse in ({"a": F, "b": P, "c": P}, {"a": P, "b": P, "c": M}, {"a": P, "b": P}):
        held = ladder.no_worse(before, [{"a": P, "b": P, "c": P}, worse])
        assert not held.reached


def test_a_flaky_test_is_told_and_not_counted():
    before = [{"a": P, "lot": P}, {"a": P, "lot": F}, {"a": P, "lot": P}]
    held = ladder.no_worse(before, [{"a": P, "lot": F}])
    assert held.reached
    assert ("flaky before, not counted", "lot") in held.facts


def test_without_a_test_nothing_is_said_to_be_no_worse():
    assert not ladder.no_worse([], []).reached
    assert not ladder.no_worse([{"a": F}] * 3, [{"a": P}] * 2).reached


def check(name: str, call: str = "ledger.export.page") -> Check:
    return Check(name=name, steps=(Step(call=call),))


def test_a_new_test_fails_before_and_passes_after():
    own = [check("x")]
    good = ladder.new_tests(own, [], [{"case: x": F}] * 2, [{"case: x": P}] * 2, recipe=PAGE)
    assert good.reached
    assert not ladder.new_tests(own, [], [{"case: x": P}] * 2, [{"case: x": P}] * 2, recipe=PAGE).reached
    assert not ladder.new_tests(own, [], [{"case: x": F}] * 2, [{"case: x": P}, {"case: x": F}], recipe=PAGE).reached
    assert not ladder.new_tests([], [], [], [], recipe=PAGE).reached


def test_an_authors_test_of_something_else_lifts_nothing():
    before, after = [{"author: y": F}], [{"author: y": P}]
    assert not ladder.new_tests([], [check("y", "ledger.words.count")], before, after, recipe=PAGE).reached
    held = ladder.new_tests([], [check("y")], before, after, recipe=PAGE)
    assert held.reached
    assert ("written by", "the author alone") in held.facts


def test_an_authors_test_never_stands_in_for_the_cases_own():
    before = [{"case: x": F, "author: y": F}]
    after = [{"case: x": F, "author: y": P}]
    assert not ladder.new_tests([check("x")], [check("y")], before, after, recipe=PAGE).reached


def test_variants_count_only_if_they_fire_unpatched():
    fuzz = SAMPLES["join-size"].kit.fuzz
    fine = [("v", seen(Sight.FIRED), seen(Sight.SILENT))] * 3
    assert ladder.stays_silent(fine, fuzz, 9, (0, ""), (0, ""), seed=1).reached
    assert not ladder.stays_silent(fine[:2], fuzz, 9, (0, ""), (0, ""), seed=1).reached
    assert not ladder.stays_silent(fine, None, 0, (0, ""), (0, ""), seed=1).reached
    assert not ladder.stays_silent(fine, fuzz, 9, (1, "x"), (1, "input 3: x"), seed=1).reached
    one_fires = [*fine, ("w", seen(Sight.SILENT), seen(Sight.FIRED))]
    assert not ladder.stays_silent(one_fires, fuzz, 9, (0, ""), (0, ""), seed=1).reached


def test_an_answer_that_is_missing_is_a_finding():
    fuzz = SAMPLES["page-resolved"].kit.fuzz
    fine = {"outcome": "returned", "strays": False}
    assert ladder.finds(fuzz, [fine] * 5, 5) == (0, "")
    for answers in (None, [], [fine] * 4, [fine] * 4 + [{"outcome": "", "strays": False}], [fine] * 4 + [7]):
        assert ladder.finds(fuzz, answers, 5)[0]
    assert ladder.finds(fuzz, [*[fine] * 4, {"outcome": "returned", "strays": True}], 5)[0]
    odd = {"outcome": "raised", "kinds": ["TypeError"], "strays": False}
    assert "TypeError" in ladder.finds(fuzz, [*[fine] * 4, odd], 5)[1]


def test_what_is_expected_never_goes_to_the_sandbox():
    for sample in (SAMPLES["join-size"], SAMPLES["formula-bounded"]):
        kit, recipe = sample.kit, read(sample.case.recipe)
        for checks in (kit.tests, kit.new):
            for one in ladder.suite(recipe, checks)["cases"]:
                assert set(one) <= {"steps", "files", "argv", "data"}
    sent = str(ladder.suite(JOIN, SAMPLES["join-size"].kit.tests))
    assert not any(one.stdout.strip() in sent for one in SAMPLES["join-size"].kit.tests if one.stdout != "end\n")


def test_true_is_not_one_and_a_file_that_is_missing_fails():
    one = Check(name="x", steps=(Step(call="a.b"),), returns=1, has_returns=True)
    answer = {"outcome": "returned", "value": True, "strays": False, "files": {}}
    assert ladder.results([one], [answer])["x"] is F
    assert ladder.results([one], [{**answer, "value": 1}])["x"] is P
    assert ladder.results([replace(one, files=(("f", "t"),))], [{**answer, "value": 1}])["x"] is F
    assert ladder.results([one], [{**answer, "value": 1, "strays": True}])["x"] is F
    assert ladder.results([one], None)["x"] is M


def test_the_same_seed_draws_the_same_and_another_draws_something_else():
    kit = SAMPLES["join-size"].kit
    assert ladder.variants(kit, 5) == ladder.variants(kit, 5)
    assert ladder.variants(kit, 5) != ladder.variants(kit, 6)
    assert mutate.inputs(kit.fuzz, 5) == mutate.inputs(kit.fuzz, 5)
    assert mutate.inputs(kit.fuzz, 5) != mutate.inputs(kit.fuzz, 6)
    assert len(mutate.inputs(kit.fuzz, 5)) == kit.fuzz.rounds


@pytest.mark.parametrize(
    "path",
    [
        "tests/x.py", "ledger/tests/x.py", "ledger/test_x.py", "Harness/probe.c", "fuzz/a.c", "ledger/conftest.py",
        "setup.py", "Makefile", "ledger/build.sh", "comity_ledger-1.0.0.dist-info/METADATA", "ledger/x.so", "a.pth",
    ],
)  # fmt: skip
def test_tests_harnesses_and_build_scripts_are_not_a_patchs_to_change(path):
    assert reach.touching(path, is_new=False, files=["ledger/a.py"], recipe=PAGE, kit=None)


@pytest.mark.parametrize("path", ["json.py", "runpy.py", "sitecustomize.py", "os/__init__.py", "unittest.py"])
def test_a_new_module_never_stands_in_the_way_of_the_interpreters_own(path):
    assert reach.touching(path, is_new=True, files=["ledger/a.py"], recipe=PAGE, kit=None)


def test_a_new_file_in_the_package_is_source_like_any_other():
    assert not reach.touching("ledger/paths.py", is_new=True, files=["ledger/a.py"], recipe=PAGE, kit=None)
    assert reach.touching("src/string.h", is_new=True, files=["src/tlv.c"], recipe=JOIN, kit=None)


def test_words_of_system_headers_are_not_the_patchs():
    text = '# 1 "/usr/include/unistd.h" 1\nint fork(void);\n# 3 "/target/src/a.c"\nint x;\n'
    assert not reach.words_of_c(text)
    assert reach.words_of_c(text + "int y = fork();\n") == {"fork": 1}
    assert reach.words_of_c(text + "void __asan_default_options(void);\n")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (("schema = ", 'shell = "x"\nschema = '), "/shell"),
        (("comity-ladder/1", "comity-ladder/9"), "/schema"),
        (("[fuzz]", "[fuzz]\nspeed = 1"), "/fuzz/speed"),
        (("rounds = 200", "rounds = 200000"), "/fuzz/rounds"),
        (('{ room = true }, "page.txt"', '{ host = true }, "page.txt"'), "/tests/0"),
        (("ledger.export.page", "ledger.export.__page"), "/tests/0"),
        (('{ var = "detour" }', '{ var = "nothing" }'), "/variants"),
    ],
)
def test_a_kit_that_breaks_its_contract_is_told_where(change, pointer):
    from importlib.resources import files

    text = (files("comity.formats") / "recipes" / "kits" / "ledger-page-traversal.toml").read_text()
    with pytest.raises(Invalid) as caught:
        ladder_kit.read(text.replace(*change, 1).encode())
    assert any(problem.pointer.startswith(pointer) for problem in caught.value.problems)
