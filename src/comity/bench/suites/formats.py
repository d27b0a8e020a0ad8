"""Documents of the field: mandatory cases of CSAF 2.0 and 2.1, OSV, CVE and SARIF records, and STIX that we write."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from comity.bench.suite import Counted, Suite, counted, needs, tool
from comity.errors import Invalid
from comity.formats import catalogue, residue, stix_advisory
from comity.formats.csaf_rules.mandatory import MANDATORY
from comity.formats.csaf_rules.paper import Paper
from comity.formats.csaf_rules_2_1 import mandatory as mandatory_2_1
from comity.formats.csaf_rules_2_1.paper import NewPaper
from comity.formats.cve import Cve
from comity.formats.osv import Osv
from comity.model.advisory import Advisory

STIX_SAMPLE: Final = 25
"""Every so many-th record of the sample becomes STIX and is validated whole."""


OPEN_2_1: Final = {
    "oasis_csaf_tc-csaf_2_1-2024-6-1-48-05.json": "decision points of the namespace cvss do not ship",
    "oasis_csaf_tc-csaf_2_1-2024-6-1-48-06.json": "decision points of the namespace cvss do not ship",
    "oasis_csaf_tc-csaf_2_1-2024-6-1-48-19.json": "listed as valid with the order of values that 48-08 fails for",
}
"""Official cases of CSAF 2.1 that do not get the expected verdict, each with the reason."""


def csaf_2_0(corpora: Path) -> Counted:
    """Every official case of a mandatory test gives the verdict that the committee expects."""
    return counted([(f"{test} {name}", right) for test, name, right in csaf_cases(corpora, "2.0")])


def csaf_2_1(corpora: Path) -> Counted:
    """The same for the draft of 2.1; what is known not to be met is told, and one case more is a failure."""
    cases, told = [], []
    for test, name, right in csaf_cases(corpora, "2.1"):
        reason = mandatory_2_1.NOT_RUN.get(test, "") or ("" if right else OPEN_2_1.get(name, ""))
        if reason:
            told.append(f"not met: {test} {name}: {reason}")
        else:
            cases.append((f"{test} {name}", right))
    return counted(cases, skipped=told)


def csaf_cases(corpora: Path, version: str) -> Iterator[tuple[str, str, bool]]:
    """Each official case of a mandatory test: its test, its name, and whether ours gives the expected verdict."""
    folder = needs(corpora / "formats" / "csaf")
    held = {
        row["path"].rpartition("/")[2]: row["text"]
        for row in map(json.loads, _lines(folder / "documents.jsonl.gz"))
        if row["csaf_version"] == version
    }
    for test in json.loads((folder / version / "testcases.json").read_text())["tests"]:
        for kind in ("failures", "valid") if test["group"] == "mandatory" else ():
            for case in test.get(kind, []):
                name = case["name"].rpartition("/")[2]
                document = json.loads(held[name])
                if version == "2.0":
                    broken = any(MANDATORY[test["id"]](Paper(document)))
                else:
                    rule = mandatory_2_1.MANDATORY.get(test["id"])
                    broken = rule is not None and any(rule(NewPaper(document)))
                yield test["id"], name, broken is (kind == "failures")


def osv(corpora: Path) -> Counted:
    """Records of the linter and of a converter: accepted and survive, or refused just where the schema refuses."""
    folders = [needs(corpora / "formats" / "osv" / name) for name in ("osv-linter", "ghsa")]
    return counted([(path.name, _osv_holds(path)) for folder in folders for path in sorted(folder.iterdir())])


def cve(corpora: Path) -> Counted:
    """Real CVE records: read, written back valid for the schema, and equal."""
    codec, cases = Cve(), list[tuple[str, bool]]()
    for line in _lines(needs(corpora / "upstream" / "cve-records-sample.jsonl.gz")):
        advisory = codec.read(line)
        right = advisory.id == json.loads(line)["cveMetadata"]["cveId"]
        if right and advisory.withdrawn_at is None and len(cases) % 5 == 0:
            back = codec.write(advisory)
            right = codec.check(back) == () and codec.read(back) == residue.public(advisory)
        cases.append((str(advisory.id), right))
    return counted(cases)


def sarif(corpora: Path) -> Counted:
    """Files of many scanners: every result becomes a finding."""
    cases = []
    for path in sorted(needs(corpora / "formats" / "sarif").iterdir()):
        data = _content(path)
        wanted = sum(len(run.get("results") or []) for run in json.loads(data)["runs"])
        cases.append((path.name, len(catalogue.detect(data).read(data).findings) == wanted))
    return counted(cases)


def stix(corpora: Path) -> Counted:
    """Real records written as STIX 2.1 objects pass the OASIS validator, without errors."""
    validator = tool("stix2validator", "stix2-validator")
    source = needs(corpora / "upstream" / "cve-records-sample.jsonl.gz")
    cases = []
    for number, line in enumerate(_lines(source)):
        if number % STIX_SAMPLE:
            continue
        advisory = Cve().read(line)
        if advisory.published_at is not None:
            cases.append((str(advisory.id), not stix_errors(validator, advisory)))
    return counted(cases)


def stix_errors(validator: Any, advisory: Advisory) -> list[str]:
    """What the validator says is wrong with an advisory's objects, as one bundle."""
    made = stix_advisory.write(
        advisory, namespace="https://comity.invalid", publisher="Comity host", case="C-1", restriction="Consent."
    )
    bundle = {
        "type": "bundle",
        "id": "bundle--00000000-0000-4000-8000-000000000001",
        "objects": [one.fields for one in made],
    }
    options = validator.ValidationOptions(version="2.1", strict=False)
    found = validator.validate_instance(bundle, options)
    return [str(error) for error in found.errors or []]


def _osv_holds(path: Path) -> bool:
    codec, data = Osv(), _content(path)
    other = path.parent.name == "ghsa" and ".osv." not in path.name
    try:
        advisory = codec.read(data)
    except Invalid:
        return other or bool(codec.check(data))
    back = codec.write(advisory)
    return not other and codec.check(back) == () and codec.read(back) == residue.public(advisory)


def _content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(needs(path)) as file:
        yield from file


SUITES: Final = (
    Suite(name="csaf-2.0-mandatory", source="OASIS CSAF 2.0, official test cases", run=csaf_2_0),
    Suite(name="csaf-2.1-mandatory", source="OASIS CSAF 2.1 (draft), official test cases", run=csaf_2_1),
    Suite(name="osv", source="OSV schema 1.7, linter and converter records", run=osv),
    Suite(name="cve", source="CVE record format 5.1, published records", run=cve),
    Suite(name="sarif", source="SARIF 2.1.0, files of scanners", run=sarif),
    Suite(name="stix-2.1", source="stix2-validator (OASIS) over what we write", run=stix),
)
