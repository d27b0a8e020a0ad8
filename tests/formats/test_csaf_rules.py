"""The mandatory tests of CSAF 2.0 on the official cases: every one gives the verdict that the committee expects."""

import copy
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from comity.formats.csaf import Csaf
from comity.formats.csaf_rules import revisions, words
from comity.formats.csaf_rules.mandatory import MANDATORY, check
from comity.formats.csaf_rules.paper import Paper
from tests.formats.values import ADVISORY

OPEN: Mapping[str, str] = {}
"""Official cases that do not give the expected verdict, each with the reason. None."""


@pytest.fixture(scope="module")
def cases(corpora: Path) -> list[tuple[str, str, bool, Any]]:
    """(rule, name, is valid, document) of every official case of a mandatory test (data/formats/csaf)."""
    folder = corpora / "formats" / "csaf"
    held = {}
    with gzip.open(folder / "documents.jsonl.gz", "rt") as file:
        for line in file:
            row = json.loads(line)
            if row["csaf_version"] == "2.0":
                held[row["path"].rpartition("/")[2]] = row["text"]
    found = []
    for test in json.loads((folder / "2.0" / "testcases.json").read_text())["tests"]:
        for kind in ("failures", "valid"):
            for case in test.get(kind, []):
                if test["group"] == "mandatory":
                    name = case["name"].rpartition("/")[2]
                    found.append((test["id"], name, kind == "valid", json.loads(held[name])))
    return found


def test_there_is_a_rule_for_every_mandatory_test(cases):
    assert {rule for rule, _, _, _ in cases} == set(MANDATORY)
    assert len(MANDATORY) == 43


def test_every_official_case_gives_the_expected_verdict(cases):
    wrong = [
        name
        for rule, name, is_valid, document in cases
        if any(MANDATORY[rule](Paper(document))) is is_valid and name not in OPEN
    ]
    assert len(cases) == 147
    assert wrong == []


def test_a_valid_case_breaks_no_other_mandatory_test_either(cases):
    wrong = {name: check(document) for _, name, is_valid, document in cases if is_valid and check(document)}
    assert wrong == {}


def test_a_problem_names_its_test_and_a_place_that_the_document_or_its_owner_has(cases):
    for rule, name, is_valid, document in cases:
        for problem in MANDATORY[rule](Paper(document)):
            assert problem.code == f"csaf_{rule}", name
            assert not is_valid, name
            assert problem.pointer == "" or problem.pointer.startswith("/"), name


def test_no_rule_falls_over_any_part_of_the_wrong_kind(cases):
    for _, _, _, document in cases[::9]:
        for broken in deformed(document):
            check(broken)


def deformed(document: Any) -> Any:
    """The document with each part, one at a time, replaced by something of another kind."""
    places = [((key,), value) for key, value in document.items()]
    while places:
        path, value = places.pop()
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        places.extend(((*path, key), one) for key, one in inner)
        for odd in (None, 7, "x", [], {}, [[]], [{}]):
            copied = copy.deepcopy(document)
            owner = copied
            for key in path[:-1]:
                owner = owner[key]
            owner[path[-1]] = odd
            yield copied


def test_what_we_write_meets_all_of_them():
    assert Csaf().check(Csaf().write(ADVISORY)) == ()


@pytest.mark.parametrize("tag", ["en", "de-CH", "zh-Hant-TW", "sr-Latn", "x-private", "i-klingon", "sl-rozaj", "EN-us"])
def test_languages_are_known(tag):
    assert words.is_language(tag)


@pytest.mark.parametrize("tag", ["EZ", "e", "en_US", "en--US", "", "qq-DE", "en-"])
def test_made_up_languages_are_not(tag):
    assert not words.is_language(tag)


def test_prereleases_come_before_their_release_and_in_their_own_order():
    told = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    read = [revisions.read(number) for number in told]
    assert [
        read[place] for place in sorted(range(8), key=lambda one: read[one])
    ] == read  # Semantic Versioning 2.0, section 11


@pytest.mark.parametrize("number", ["01", "1.0", "1.0.0.0", "v1", "", "-1", "1" * 40])
def test_what_is_no_version_is_not_read_as_one(number):
    assert revisions.read(number) is None
