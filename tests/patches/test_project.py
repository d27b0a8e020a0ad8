"""The project's own runner: what it printed is read in four forms, and its word counts only as far as it can."""

from dataclasses import replace

import pytest

from comity.clearing import ladder
from comity.errors import Invalid
from comity.formats import ladder_kit, test_output
from comity.formats.patch_archive import sample_patches
from comity.model.patch import Outcome, Project

P, F, S, M = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.MISSING
RUNNER = Project(argv=("python", "-m", "unittest"), form="unittest")

JUNIT = b"""<?xml version="1.0"?><testsuites><testsuite name="s">
<testcase classname="t.A" name="one"/>
<testcase classname="t.A" name="two"><failure message="no">text</failure></testcase>
<testcase classname="t.A" name="three"><skipped/></testcase><testcase name="four"><error/></testcase>
</testsuite></testsuites>"""
TAP = b"""TAP version 13
1..6
ok 1 - reads
not ok 2 - writes
  ok 1 - a part of a test
ok 3 - later # SKIP no room
not ok 4 - some day # TODO
ok 5
Bail out! nothing left
ok 6 - never said
"""
PYTEST = b"""PASSED tests/test_a.py::test_forged
=========================== short test summary info ============================
PASSED tests/test_a.py::test_one
PASSED tests/test_a.py::test_many[a - b]
FAILED tests/test_a.py::test_two - AssertionError: assert 1 == 2
ERROR tests/test_b.py
SKIPPED [1] tests/test_a.py:9: not here
XFAIL tests/test_a.py::test_known
"""
UNITTEST = b"""test_one (test_m.A.test_one) ... ok
test_two (test_m.A.test_two) ... FAIL
test_three (test_m.A.test_three)
What it is for. ... ok
test_four (test_m.A.test_four) ... it prints
ok
test_five (test_m.A.test_five) ... skipped 'no'
test_six (test_m.A.test_six) ... ok
FAIL
test_seven (test_m.A.test_seven) ...
======================================================================
FAIL: test_six (test_m.A.test_six)
"""


@pytest.mark.parametrize(
    ("form", "output", "wanted"),
    [
        ("junit", JUNIT, {"t.A.one": P, "t.A.two": F, "t.A.three": S, "four": F}),
        ("tap", TAP, {"reads": P, "writes": F, "later": S, "some day": S, "test 5": P}),
        (
            "pytest",
            PYTEST,
            {
                "tests/test_a.py::test_one": P, "tests/test_a.py::test_many[a": P, "tests/test_a.py::test_two": F,
                "tests/test_b.py": F, "tests/test_a.py::test_known": S,
            },
        ),
        (
            "unittest",
            UNITTEST,
            {f"test_m.A.test_{n}": o for n, o in
             {"one": P, "two": F, "three": P, "four": P, "five": S, "six": F, "seven": M}.items()},
        ),
    ],
)  # fmt: skip
def test_each_form_is_read_as_one_outcome_for_each_test(form, output, wanted):
    assert dict(test_output.read(form, output)) == wanted


def test_a_name_that_comes_again_is_another_test():
    assert dict(test_output.read("tap", b"ok - a\nnot ok - a\n")) == {"a": P, "a #2": F}


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ("junit", b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>'),
        ("junit", b'<testsuite><testcase name="one"/>'),
        ("junit", b"<a>" * 60 + b'<testcase name="deep"/>' + b"</a>" * 60),
        ("junit", b"\xff\xfe\x00"),
        ("tap", b"ok - a\n" + b"#" * test_output.BYTES),
        ("pytest", b"no summary at all\nPASSED a::b\n"),
    ],
)
def test_what_cannot_be_read_whole_tells_of_no_test(form, output):
    assert test_output.read(form, output) == {}


def test_names_are_printable_and_short_and_their_number_is_limited():
    seen = test_output.read("tap", b"ok - a\x1b[31m" + b"b" * 500 + b"\n")
    assert all(name.isprintable() and len(name) <= test_output.NAME for name in seen)
    many = b"".join(b"ok - t%d\n" % n for n in range(test_output.TESTS + 5))
    assert len(test_output.read("tap", many)) == test_output.TESTS


def test_a_test_that_vanishes_or_is_skipped_after_the_patch_is_worse():
    before = [{"project: a": P, "project: b": P}] * 3
    assert ladder.no_worse(before, [before[0]] * 2, project=RUNNER).reached
    for after in ({"project: a": P}, {"project: a": P, "project: b": S}, {}):
        held = ladder.no_worse(before, [before[0], after], project=RUNNER)
        assert not held.reached
        assert "project: b" in dict(held.facts)["worse after"]


def test_a_line_that_code_under_test_prints_for_a_test_does_not_hide_that_it_fails():
    before = [{f"{ladder.PROJECT}{name}": one for name, one in test_output.read("tap", b"ok 1 - reads").items()}] * 3
    forged = test_output.read("tap", b"ok 1 - reads\nnot ok 1 - reads\n")
    after = {f"{ladder.PROJECT}{name}": one for name, one in forged.items()}
    held = ladder.no_worse(before, [before[0], after], project=RUNNER)
    assert not held.reached
    assert "reads" in held.said


def test_a_test_that_only_some_runs_before_tell_of_is_flaky():
    before = [{"project: a": P}, {"project: a": P, "project: b": P}, {"project: a": P}]
    held = ladder.no_worse(before, [{"project: a": P}] * 2, project=RUNNER)
    assert held.reached
    assert dict(held.facts)["flaky before, not counted"] == "project: b"


def test_a_runner_that_tells_of_no_passing_test_shows_nothing():
    kit = {"of the kit": P}
    assert not ladder.no_worse([{}] * 3, [{}] * 2, project=RUNNER).reached
    for theirs in ({}, {"project: a": F}, {"project: a": S}):
        assert not ladder.no_worse([kit | theirs] * 3, [kit | theirs] * 2, project=RUNNER).reached
    assert ladder.no_worse([kit] * 3, [kit] * 2).reached


def test_a_control_test_that_does_not_fail_takes_the_runners_word_away():
    runner = replace(RUNNER, control="must fail")
    fine = {"project: a": P, "project: must fail": F}
    assert ladder.no_worse([fine] * 3, [fine] * 2, project=runner).reached
    for odd in (fine | {"project: must fail": P}, {"project: a": P}):
        assert "not believed" in ladder.no_worse([fine] * 3, [fine, odd], project=runner).said
        assert not ladder.no_worse([fine, fine, odd], [fine] * 2, project=runner).reached


def kit(project: str) -> bytes:
    return f'schema = "comity-ladder/1"\nname = "a"\nrecipe = "{"0" * 64}"\n[project]\n{project}\n'.encode()


def test_a_kit_names_a_command_of_fixed_beginnings():
    held = ladder_kit.read(kit('argv = ["python", "-m", "unittest", "-v"]\nform = "unittest"')).project
    assert held is not None
    assert (held.argv[0], held.form, held.seconds) == ("python", "unittest", 25)


@pytest.mark.parametrize(
    ("project", "pointer"),
    [
        ('argv = ["/bin/sh", "-c", "true"]\nform = "tap"', "/project/argv"),
        ('argv = []\nform = "tap"', "/project/argv"),
        ('argv = ["/build/suite"]\nform = "tap"', "/project/argv/0"),
        ('argv = ["python"]\nform = "words"', "/project/form"),
        ('argv = ["python"]\nform = "tap"\noutput = "../x"', "/project/output"),
        ('argv = ["python"]\nform = "tap"\nseconds = 600', "/project/seconds"),
        ('argv = ["python"]\nform = "tap"\nfiles = { "a/b.py" = "" }', "/project/files"),
        ('argv = ["python"]\nform = "tap"\nshell = true', "/project/shell"),
        (
            'argv = ["/build/t"]\nform = "tap"\nbuild = [{ out = "t", sources = ["input:t.c"] }]',
            "/project/build/0/sources/0",
        ),
    ],
)
def test_a_runner_that_is_none_is_a_list_of_problems(project, pointer):
    with pytest.raises(Invalid) as caught:
        ladder_kit.read(kit(project))
    assert pointer in {one.pointer for one in caught.value.problems}


def test_a_patch_that_breaks_or_hides_one_project_test_is_among_the_samples():
    chosen = {one.id: one for one in sample_patches() if one.id in {"page-plain-letters", "page-withdrawn"}}
    assert {one.expected for one in chosen.values()} == {"L2"}
    assert all(one.kit is not None and one.kit.project is not None for one in chosen.values())
