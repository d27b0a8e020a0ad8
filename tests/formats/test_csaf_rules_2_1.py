"""The mandatory tests of CSAF 2.1 on the official cases (a draft), and on documents made wrong on purpose."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from comity.bench.suites.formats import OPEN_2_1, csaf_2_1, csaf_cases
from comity.errors import Invalid
from comity.formats import csaf_check, cvss4, cwe
from comity.formats.csaf_rules_2_1 import products, sharing, times
from comity.formats.csaf_rules_2_1.mandatory import MANDATORY, NOT_RUN, check
from comity.formats.csaf_rules_2_1.paper import NewPaper
from tests.formats.test_csaf_rules import deformed

UNCLEAN = {
    "oasis_csaf_tc-csaf_2_1-2024-6-1-10-13.json": {"6.1.9"},  # its CVSS v2 base score is the temporal one
    "oasis_csaf_tc-csaf_2_1-2024-6-1-14-32.json": {"6.1.30"},
    "oasis_csaf_tc-csaf_2_1-2024-6-1-27-13-16.json": {"6.1.1", "6.1.2"},
    "oasis_csaf_tc-csaf_2_1-2024-6-1-48-19.json": {"6.1.48"},
    "oasis_csaf_tc-csaf_2_1-2024-6-1-50-14.json": {"6.1.2"},
    "oasis_csaf_tc-csaf_2_1-2024-6-1-50-15.json": {"6.1.2"},
}
"""Cases that are valid by their own test and break another one."""


@pytest.fixture(scope="module")
def documents(corpora: Path) -> dict[str, Any]:
    """Every validator test of CSAF 2.1 by its file name (data/formats/csaf)."""
    found = {}
    with gzip.open(corpora / "formats" / "csaf" / "documents.jsonl.gz", "rt") as file:
        for line in file:
            row = json.loads(line)
            if row["csaf_version"] == "2.1" and row["kind"] == "validator-test":
                found[row["path"].rpartition("/")[2]] = json.loads(row["text"])
    return found


def test_every_official_case_gives_the_expected_verdict_but_for_those_that_are_named(corpora: Path) -> None:
    cases = list(csaf_cases(corpora, "2.1"))
    assert len(cases) == 496
    assert {test for test, _, _ in cases} == set(MANDATORY) | set(NOT_RUN)
    assert {name for test, name, right in cases if not right and test not in NOT_RUN} == set(OPEN_2_1)


def test_the_suite_counts_what_is_not_met_as_skipped_and_never_as_passed(corpora: Path) -> None:
    found = csaf_2_1(corpora)
    assert (found.passed, found.failed, found.skipped) == (485, 0, 11)


def test_a_valid_case_breaks_no_other_test_but_for_six_that_are_unclean(corpora: Path, documents: Any) -> None:
    listed = json.loads((corpora / "formats" / "csaf" / "2.1" / "testcases.json").read_text())["tests"]
    valid = [case["name"] for test in listed if test["group"] == "mandatory" for case in test.get("valid", [])]
    wrong = {}
    for path in valid:
        name = path.rpartition("/")[2]
        found = {problem.code.removeprefix("csaf_") for problem in check(documents[name])}
        if found:
            wrong[name] = found
    assert wrong == UNCLEAN


def test_no_rule_falls_over_any_part_of_the_wrong_kind(documents: Any) -> None:
    for name in sorted(documents)[::211]:
        for broken in deformed(documents[name]):
            check(broken)


def test_a_document_of_another_version_is_told_so() -> None:
    with pytest.raises(Invalid) as refused:
        csaf_check.check(b'{"document": {"csaf_version": "3.0"}}')
    assert refused.value.problems[0].pointer == "/document/csaf_version"


def test_the_version_that_a_document_names_decides_which_tests_run(documents: Any) -> None:
    document = copy.deepcopy(next(iter(documents.values())))
    document["document"]["distribution"] = {"tlp": {"label": "CLEAR"}, "sharing_group": {"id": sharing.NOBODY_ID}}
    found = csaf_check.check(json.dumps(document).encode())
    assert (found.version, found.tests) == ("2.1", 79)
    assert {"csaf_6.1.39", "csaf_6.1.41"} <= {problem.code for problem in found.problems}
    document["document"]["csaf_version"] = "2.0"
    older = csaf_check.check(json.dumps(document).encode())
    assert (older.version, older.tests, older.not_run) == ("2.0", 43, {})
    assert not {"csaf_6.1.39", "csaf_6.1.41"} & {problem.code for problem in older.problems}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024-01-24T10:00:00Z", "2024-01-24T09:00:00-01:00"),
        ("2024-01-24T10:00:00.5Z", "2024-01-24T10:00:00.50000000000Z"),
        ("2024-03-01T00:00:00+23:59", "2024-02-29T00:01:00Z"),
    ],
)
def test_moments_are_compared_whatever_their_zone_and_precision(one: str, other: str) -> None:
    assert times.moment(one) == times.moment(other) is not None


@pytest.mark.parametrize(
    "told",
    ["2023-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "2024-01-24t10:00:00Z", "2024-01-24T10:00:00+24:00", "", None, 7],
)
def test_what_is_no_date_and_time_is_no_moment(told: Any) -> None:
    assert times.moment(told) is None


@pytest.mark.parametrize("told", ["MIT", "(MIT OR Apache-2.0) AND CC0-1.0", "GPL-2.0+ WITH Classpath-exception-2.0"])
def test_licence_expressions_are_known(told: str) -> None:
    assert list(sharing.license_expression(licensed(told))) == []


@pytest.mark.parametrize("told", ["MIT OR", "(MIT", "MIT)", "MIT Apache-2.0", "AND", "MIT AND (OR)", "()", "a/b", ")("])
def test_what_is_no_licence_expression_is_told(told: str) -> None:
    assert [problem.code for problem in sharing.license_expression(licensed(told))] == ["csaf_6.1.54"]


def licensed(told: str) -> NewPaper:
    """A document under this licence."""
    return NewPaper({"document": {"license_expression": told}})


def test_a_weakness_has_the_name_that_its_list_gave_it() -> None:
    assert cwe.name_in("CWE-79", "4.13").startswith("Improper Neutralization of Input")
    assert cwe.name_in("CWE-1419", "4.12") == ""  # came with 4.13
    assert cwe.name_in("CWE-79", "99.0") == ""
    assert not cwe.has_list("99.0")


def test_a_vector_of_cvss_4_is_read_into_the_words_of_its_schema() -> None:
    told = cvss4.read("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:P")
    assert told is not None
    assert (told["baseScore"], told["baseSeverity"], told["exploitMaturity"]) == (9.3, "CRITICAL", "PROOF_OF_CONCEPT")
    assert cvss4.read("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") is None
    assert cvss4.read("no vector") is None


def test_branches_that_lie_too_deep_are_told_once() -> None:
    tree: dict[str, Any] = {"category": "product_family", "name": "x"}
    for _ in range(40):
        tree = {"category": "product_family", "name": "x", "branches": [tree]}
    assert len(list(products.deep_branches(NewPaper({"product_tree": {"branches": [tree]}})))) == 1
