"""`comity conformance`: suites count honestly, say why they skip, and a failure is a failure."""

from pathlib import Path

import pytest

from comity.bench import conformance
from comity.bench import suite as base
from comity.bench.suite import Absent, Counted, Suite
from comity.bench.suites import SUITES, clients, csaf, grammars, tables, taxii
from comity.bench.suites import formats as documents
from comity.cli import commands
from comity.errors import Invalid, Unavailable

NOWHERE = Path("/nowhere")


def test_every_suite_has_a_name_of_its_own_and_a_source() -> None:
    names = [suite.name for suite in SUITES]
    assert len(set(names)) == len(names) >= 15
    assert all(suite.source for suite in SUITES)


def test_without_real_data_a_suite_is_skipped_with_the_reason_and_nothing_is_passed() -> None:
    for name in (
        "csaf-2.0-mandatory",
        "csaf-schemas",
        "csaf-written",
        "vex-written",
        "osv",
        "cve",
        "sarif",
        "vers",
        "purl",
        "ssvc",
        "rfc9497",
        "version-orders",
    ):
        (row,) = conformance.run(NOWHERE, suite=name)["suites"]
        assert (row["passed"], row["failed"], row["skipped"]) == (0, 0, 1)
        assert row["reasons"][0].startswith("no corpora:")


def test_a_tool_that_is_not_there_skips_its_suite() -> None:
    with pytest.raises(Absent, match="peer not installed: some-package"):
        base.tool("no_such_module_here", "some-package")


def test_a_failure_and_a_suite_that_breaks_make_the_whole_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_corpora: Path) -> Counted:
        return base.counted([("a", True), ("b", False)], skipped=["c: not here"])

    def broken(_corpora: Path) -> Counted:
        raise Unavailable("the server did not begin")

    made = (Suite(name="wrong", source="x", run=wrong), Suite(name="broken", source="x", run=broken))
    monkeypatch.setattr("comity.bench.suites.SUITES", made)
    result = conformance.run(NOWHERE)
    assert [(r["passed"], r["failed"], r["skipped"]) for r in result["suites"]] == [(1, 1, 1), (0, 1, 0)]
    assert result["suites"][0]["reasons"] == ["b", "c: not here"]
    assert not conformance.is_good(result)
    assert commands.run(["conformance"]) == 1


def test_a_suite_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        conformance.run(NOWHERE, suite="none")
    assert "taxii-2.1" in refused.value.problems[0].reason


def test_the_rows_of_taxii_hold() -> None:
    found = taxii.run(NOWHERE)
    assert (found.failed, found.reasons) == (0, ())
    assert found.passed >= 35


@pytest.mark.parametrize("suite", clients.SUITES, ids=lambda suite: suite.name)
def test_foreign_clients_read_us_end_to_end(suite: Suite) -> None:
    try:
        found = suite.run(NOWHERE)
    except Absent as absent:
        pytest.skip(str(absent))
    assert (found.failed, found.reasons) == (0, ())
    assert found.passed >= 8


def test_documents_of_the_field_hold(corpora: Path) -> None:
    for suite in (
        csaf.written,
        csaf.vex,
        documents.csaf_2_0,
        documents.osv,
        documents.sarif,
        tables.ssvc,
        tables.rfc9497,
        grammars.purl_spec,
    ):
        found = suite(corpora)
        assert (found.failed, found.reasons) == (0, ())
        assert found.passed > 0


def test_what_a_library_does_not_hold_to_is_told_and_one_case_more_would_fail(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = grammars.purl_types(corpora)
    assert (found.failed, found.skipped) == (0, 49)
    assert all(reason.startswith("not met") for reason in found.reasons)
    monkeypatch.setitem(grammars.NOT_MET, "cpan-test", 4)
    assert grammars.purl_types(corpora).failed == 1
