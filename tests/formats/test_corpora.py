"""Real documents: everything valid is read, nothing is lost on the way back, nothing crashes."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import catalogue, residue, schema
from comity.formats.csaf import Csaf, CsafReport
from comity.formats.cve import Cve
from comity.formats.osv import Osv
from comity.formats.sarif import Sarif


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def plain(record: dict[str, Any]) -> Any:
    """The record without the schema's version and empty lists, and with the credit type that silence stands for."""
    thanks = [{"type": "OTHER"} | credit for credit in record.get("credits", [])]
    return filled(record | {"schema_version": "", "credits": thanks})


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items() if inner not in ([], "")}
    return [filled(inner) for inner in value] if isinstance(value, list) else value


def lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from file


def test_every_sarif_file_is_read_and_every_result_becomes_a_finding(corpora: Path) -> None:
    total = files = 0
    for path in sorted((corpora / "formats" / "sarif").iterdir()):
        document = json.loads(content(path))
        wanted = sum(len(run.get("results") or []) for run in document["runs"])
        codec = catalogue.detect(content(path))
        assert codec.name == "sarif", path.name
        found = codec.read(content(path)).findings
        assert len(found) == wanted, path.name
        total, files = total + wanted, files + 1
    assert (files, total) == (34, 921)


def test_no_sarif_location_is_lost(corpora: Path) -> None:
    for path in sorted((corpora / "formats" / "sarif").iterdir()):
        document = json.loads(content(path))
        results = [result for run in document["runs"] for result in run.get("results") or []]
        for result, finding in zip(results, Sarif().read(content(path)).findings, strict=True):
            kept = {u.pointer.rpartition("/")[2]: json.loads(u.json) for u in finding.unknown}
            for key in ("locations", "relatedLocations", "codeFlows", "stacks"):
                assert kept.get(key) == result.get(key), path.name


def test_osv_records_are_read_and_written_back_valid(corpora: Path) -> None:
    codec, read, refused = Osv(), 0, []
    folders = [corpora / "formats" / "osv" / name for name in ("osv-linter", "ghsa")]
    paths = [p for folder in folders for p in sorted(folder.iterdir())]
    for path in paths:
        data = content(path)
        if path.parent.name == "ghsa" and ".osv." not in path.name:
            with pytest.raises(Invalid):
                codec.read(data)
            continue
        try:
            advisory = codec.read(data)
        except Invalid:
            refused.append(path.name)
            assert codec.check(data), "refused, though the schema accepts it"
            continue
        read += 1
        back = codec.write(advisory)
        assert codec.read(back) == residue.public(advisory)
        assert codec.check(back) == ()
        assert plain(json.loads(back)) == plain(json.loads(data)), path.name
    assert refused == ["nointroduced-CVE-2023-41045.json"]
    assert read + len(refused) + sum(".osv." not in p.name for p in paths if p.parent.name == "ghsa") == len(paths)


def test_every_pypa_record_that_the_schema_accepts_is_read_and_survives(corpora: Path) -> None:
    codec, refused = Osv(), 0
    for number, line in enumerate(lines(corpora / "advisories" / "pypa.jsonl.gz")):
        try:
            advisory = codec.read(line)
        except Invalid:
            refused += 1
            assert codec.check(line), "refused, though the schema accepts it"
            continue
        if number % 10 == 0:
            assert codec.read(codec.write(advisory)) == residue.public(advisory)
    assert refused == 7, "short commit hashes, which the schema refuses too"


def test_every_sampled_cve_record_is_read_and_survives(corpora: Path) -> None:
    codec, count, rewritten = Cve(), 0, 0
    for line in lines(corpora / "upstream" / "cve-records-sample.jsonl.gz"):
        count += 1
        advisory = codec.read(line)
        assert advisory.id == json.loads(line)["cveMetadata"]["cveId"]
        if advisory.withdrawn_at is None and count % 10 == 0:
            back = codec.write(advisory)
            assert codec.read(back) == residue.public(advisory)
            assert codec.check(back) == ()
            rewritten += 1
    assert count == 1500
    assert rewritten > 100


def test_published_cve_fixtures_are_read_and_bodies_that_are_no_records_are_refused(corpora: Path) -> None:
    for path in sorted((corpora / "formats" / "cve" / "fixtures").iterdir()):
        document = json.loads(content(path))
        if "containers" in document:
            Cve().read(content(path))
        else:
            with pytest.raises(Invalid):
                Cve().read(content(path))


def csaf_rows(corpora: Path) -> Iterator[dict[str, Any]]:
    for line in lines(corpora / "formats" / "csaf" / "documents.jsonl.gz"):
        row: dict[str, Any] = json.loads(line)
        if row["csaf_version"] == "2.0" and row["kind"] in ("validator-test", "example"):
            yield row


def test_every_csaf_2_0_document_is_read_and_survives(corpora: Path) -> None:
    read = findings = 0
    others: list[str] = []
    for row in csaf_rows(corpora):
        data = row["text"].encode()
        try:
            advisory = Csaf().read(data)
        except Invalid:
            others.append(row["path"])
            continue
        read += 1
        assert Csaf().read(Csaf().write(advisory)) == residue.public(advisory), row["path"]
        findings += len(CsafReport().read(data).findings)
    assert read == 239 + 19
    assert findings > read
    assert all(("ROLIE" in p or "aggregator" in p or "provider" in p) for p in others), "only what is no CSAF document"


def test_valid_documents_of_the_standards_own_suite_pass_our_check(corpora: Path) -> None:
    count = 0
    for row in csaf_rows(corpora):
        mandatory = [expectation for expectation in row["expectations"] if expectation["group"] == "mandatory"]
        if mandatory and all(expectation["valid"] for expectation in mandatory):
            count += 1
            assert Csaf().check(row["text"].encode()) == (), row["path"]
    assert count > 50


def test_the_tests_that_our_check_names_fail_where_the_suite_says_so(corpora: Path) -> None:
    ours = {"6.1.14", "6.1.16", "6.1.22", "6.1.27.4", "6.1.27.5", "6.1.27.6", "6.1.27.11"}
    wrong: list[str] = []
    seen = 0
    for row in csaf_rows(corpora):
        for expectation in row["expectations"]:
            if expectation["test_id"] in ours and not expectation["valid"]:
                seen += 1
                codes = {problem.code for problem in Csaf().check(row["text"].encode())}
                if f"csaf_{expectation['test_id']}" not in codes:
                    wrong.append(f"{row['path']} {expectation['test_id']} {codes}")
    assert wrong == []
    assert seen > 10


def test_shipped_schemas_are_the_bytes_that_the_readme_names() -> None:
    folder = resources.files("comity.formats").joinpath("schemas")
    readme = folder.joinpath("README.md").read_text("utf-8")
    for name in (
        "osv-1.7.schema.json",
        "cve-5.1.schema.json",
        "cwe-names.json",
        "cwe-history.json",
        "ssvc-points.json",
    ):
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() in readme, name


def test_the_shipped_osv_schema_is_the_published_one(corpora: Path) -> None:
    assert schema.load("osv") == json.loads(content(corpora / "formats" / "osv" / "schema.json"))
