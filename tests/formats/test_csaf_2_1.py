"""CSAF 2.1, a draft: what is written keeps its schema and its mandatory tests, and reads back as it was."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import csaf_dialect, cvss, parse, residue, schema
from comity.formats.csaf import Csaf, CsafReport
from comity.formats.csaf_dialect import V2_0, V2_1
from comity.model.advisory import Advisory
from comity.model.handling import Handling, Tlp
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind
from tests.formats.values import ADVISORY, IDS, WHEN, advisories

NEWER = Csaf(dialect=V2_1)
V4 = cvss.read("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")


def written(advisory: Advisory) -> Any:
    return json.loads(NEWER.write(advisory))


@given(advisories(st.sampled_from(Tlp), IDS))
@settings(max_examples=60, deadline=None)
def test_any_advisory_reads_back_as_it_was_and_breaks_neither_schema_nor_test(advisory: Advisory) -> None:
    data = NEWER.write(advisory)
    assert NEWER.read(data) == residue.public(advisory)
    assert NEWER.check(data) == ()


def test_an_ordinary_advisory_needs_no_extension() -> None:
    document = written(ADVISORY)
    assert document.keys() == {"$schema", "document", "product_tree", "vulnerabilities"}
    assert next(iter(document)) == "$schema"
    assert document["document"]["category"] == "csaf_security_advisory"


@pytest.mark.parametrize("tlp", Tlp)
def test_every_label_of_tlp_2_has_its_own(tlp: Tlp) -> None:
    labelled = replace(ADVISORY, handling=Handling(tlp=tlp))
    distribution = written(labelled)["document"]["distribution"]
    assert distribution == {"tlp": {"label": tlp.label.removeprefix("TLP:")}}
    assert NEWER.read(NEWER.write(labelled)).handling.tlp is tlp


def test_a_document_without_a_label_is_held_as_red_and_one_of_tlp_1_is_refused() -> None:
    document = written(ADVISORY)
    document["document"]["distribution"]["tlp"]["label"] = "WHITE"
    with pytest.raises(Invalid):
        NEWER.read(parse.encode(document))
    del document["document"]["distribution"]
    assert NEWER.read(parse.encode(document)).handling.tlp is Tlp.RED


def test_all_weaknesses_stand_under_their_names_and_so_do_scores_of_cvss_4() -> None:
    told = replace(ADVISORY, cwes=("CWE-674", "CWE-400"), severities=(*ADVISORY.severities, V4))
    (one,) = written(told)["vulnerabilities"]
    assert [(c["id"], c["version"]) for c in one["cwes"]] == [("CWE-674", "4.17"), ("CWE-400", "4.17")]
    assert [list(metric["content"]) for metric in one["metrics"]] == [["cvss_v3"], ["cvss_v4"]]
    assert not any(note["title"] in ("All weaknesses", "Further severity vectors") for note in one["notes"])
    assert "x_extensions" not in written(told)


def test_a_range_that_only_words_can_say_stands_outside_the_branches() -> None:
    commits = (RangeEvent(kind=EventKind.INTRODUCED, version="a" * 40),)
    ranges = (Range(kind=RangeKind.GIT, events=commits, repo="https://example.org/n"),)
    wordy = replace(ADVISORY, affected=(Affected(vendor="V", name="N", versions=("before 2", "4"), ranges=ranges),))
    tree = written(wordy)["product_tree"]
    assert tree["full_product_names"][0]["name"] == "N before 2"
    assert [leaf["name"] for leaf in tree["branches"][0]["branches"][0]["branches"]] == ["4"]
    assert NEWER.check(NEWER.write(wordy)) == ()
    assert NEWER.read(NEWER.write(wordy)) == wordy


def test_what_names_no_affected_product_does_not_pass_for_a_security_advisory() -> None:
    silent = replace(ADVISORY, affected=(Affected(vendor="V", name="N"),))
    only_fixed = RangeEvent(kind=EventKind.FIXED, version="2.0")
    fixed = Affected(vendor="V", name="N", ranges=(Range(kind=RangeKind.GIT, events=(only_fixed,), repo=""),))
    for one in (silent, replace(ADVISORY, affected=(fixed,))):
        assert written(one)["document"]["category"] == "csaf_base"
        assert NEWER.check(NEWER.write(one)) == ()
        assert NEWER.read(NEWER.write(one)) == one


def test_a_withdrawn_advisory_says_why_and_speaks_of_no_product() -> None:
    gone = replace(ADVISORY, withdrawn_at=WHEN + timedelta(days=3), modified_at=WHEN + timedelta(days=3))
    document = written(gone)
    assert document["document"]["category"] == "csaf_withdrawn"
    assert not document.keys() & {"product_tree", "vulnerabilities"}
    assert [one["title"] for one in document["document"]["notes"]] == ["Reasoning for Withdrawal"]
    assert len(document["document"]["tracking"]["revision_history"]) == 2
    assert NEWER.check(NEWER.write(gone)) == ()
    assert NEWER.read(NEWER.write(gone)) == gone


def test_the_extension_keeps_its_own_schema_and_that_schema_the_one_of_oasis() -> None:
    beyond = replace(ADVISORY, related=("CVE-2020-1",))
    (extension,) = written(beyond)["x_extensions"]
    own = json.loads(resources.files("comity.formats").joinpath("schemas", "comity-advisory_1.0.0.json").read_text())
    assert own["$id"] == extension["$schema"] == csaf_dialect.EXTENSION
    assert schema.check(own, "csaf-extension") == ()
    jsonschema.Draft202012Validator(own).validate(extension)
    assert extension["critical"] is False


def test_an_extension_of_somebody_else_is_kept_and_put_back() -> None:
    document = written(ADVISORY)
    other = {"$schema": "https://example.org/a_1.0.0.json", "category": "supplementary", "content": {"a": 1}}
    document["x_extensions"] = [other | {"critical": False}]
    read = NEWER.read(parse.encode(document))
    assert written(read)["x_extensions"][0] == document["x_extensions"][0]
    assert NEWER.read(NEWER.write(read)) == read


def test_each_version_reads_the_other_and_writes_itself() -> None:
    assert Csaf().read(NEWER.write(ADVISORY)) == NEWER.read(Csaf().write(ADVISORY)) == ADVISORY
    assert written(Csaf().read(NEWER.write(ADVISORY)))["document"]["csaf_version"] == "2.1"
    (problem, *_) = NEWER.check(Csaf().write(ADVISORY))
    assert problem.code.startswith("schema_")


def test_the_two_files_of_an_advisory_have_two_names() -> None:
    assert Csaf().file_name(ADVISORY) == "comity-2026-0001.json"
    assert NEWER.file_name(ADVISORY) == "comity-2026-0001.csaf-2.1.json"
    assert V2_0.name != V2_1.name


def test_a_report_may_come_as_either() -> None:
    (older,) = CsafReport().read(Csaf().write(ADVISORY)).findings
    (newer,) = CsafReport().read(NEWER.write(ADVISORY)).findings
    assert newer == older


def test_a_vulnerability_report_of_another_coordinator_is_read_as_a_report_and_held_as_red() -> None:
    document = written(replace(ADVISORY, handling=Handling(tlp=Tlp.AMBER)))
    document["document"]["category"] = "csaf_vulnerability_report"
    (finding,) = CsafReport().read(parse.encode(document)).findings
    assert finding.summary == ADVISORY.title
    assert finding.affected == ADVISORY.affected
    assert finding.handling.tlp is Tlp.RED


def test_every_official_document_is_read_survives_and_what_was_valid_stays_so(corpora: Path) -> None:
    read = stayed = 0
    with gzip.open(corpora / "formats" / "csaf" / "documents.jsonl.gz") as file:
        rows = [
            row for row in map(json.loads, file) if row["csaf_version"] == "2.1" and row["kind"] == "validator-test"
        ]
    for row in rows[::4]:
        try:
            advisory = NEWER.read(row["text"].encode())
        except Invalid:
            assert not all(one["valid"] for one in row["expectations"]), row["path"]
            continue
        read += 1
        back = NEWER.write(advisory)
        assert NEWER.read(back) == residue.public(advisory), row["path"]
        if NEWER.check(row["text"].encode()) == ():
            stayed += 1
            assert NEWER.check(back) == (), row["path"]
    assert read > 190
    assert stayed > 120
