"""What we write: real records as CSAF of both versions and as VEX; and the schemas that ship, over official cases."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from comity.bench.suite import Counted, Suite, counted, needs
from comity.formats import csaf_dialect, residue, schema, vex_advisory
from comity.formats.csaf import Csaf
from comity.formats.cve import Cve
from comity.formats.osv import Osv
from comity.model.advisory import Advisory, Publisher

SAMPLE: Final = 25
"""Every so many-th CVE record of the sample is written and checked whole."""
HOST: Final = Publisher(name="Comity host", namespace="https://comity.invalid")
BROKEN_BY_ITSELF: Final = {
    "oasis_csaf_tc-csaf_2_1-2024-6-2-20-02.json": "has a property that FIRST's schema of CVSS 4.0 refuses"
}
"""Official documents that are listed as valid and break the published schema, each with the reason."""


def schemas(corpora: Path) -> Counted:
    """Every official document that is listed as valid keeps the schema of its version, as it ships here."""
    cases, told = [], []
    with gzip.open(needs(corpora / "formats" / "csaf" / "documents.jsonl.gz")) as file:
        for row in map(json.loads, file):
            if row["kind"] != "validator-test" or not all(one["valid"] for one in row["expectations"]):
                continue
            name = row["path"].rpartition("/")[2]
            is_right = not schema.check(json.loads(row["text"]), f"csaf-{row['csaf_version']}")
            if is_right or name not in BROKEN_BY_ITSELF:
                cases.append((name, is_right))
            else:
                told.append(f"not met: {name}: {BROKEN_BY_ITSELF[name]}")
    return counted(cases, skipped=told)


def written(corpora: Path) -> Counted:
    """Real CVE records, written in both versions: schema and mandatory tests hold, and they are read back equal."""
    cases = []
    for advisory in _records(corpora):
        for dialect in csaf_dialect.EVERY:
            codec = Csaf(dialect=dialect)
            data = codec.write(advisory)
            is_right = codec.check(data) == () and codec.read(data) == residue.public(advisory)
            cases.append((f"{advisory.id} CSAF {dialect.version}", is_right))
    return counted(cases)


def vex(corpora: Path) -> Counted:
    """Real OSV records as VEX: what is written says what the record says, in each format that can hold it."""
    cases = []
    for advisory in _packages(corpora):
        for form in vex_advisory.FORMATS:
            if not vex_advisory.why_not(advisory, form.name):
                found = form.check(form.write(advisory), advisory)
                cases.append((f"{advisory.id} {form.name}", found == ()))
    return counted(cases)


def _records(corpora: Path) -> Iterator[Advisory]:
    with gzip.open(needs(corpora / "upstream" / "cve-records-sample.jsonl.gz")) as file:
        for number, line in enumerate(file):
            if number % SAMPLE == 0:
                yield replace(Cve().read(line), publisher=HOST)


def _packages(corpora: Path) -> Iterator[Advisory]:
    for path in sorted(needs(corpora / "formats" / "osv" / "ghsa").iterdir()):
        if ".osv." in path.name:
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            yield replace(Osv().read(data), publisher=HOST)


SUITES: Final = (
    Suite(name="csaf-schemas", source="OASIS CSAF 2.0 and 2.1 (draft), documents listed as valid", run=schemas),
    Suite(name="csaf-written", source="published CVE records, written in both versions", run=written),
    Suite(name="vex-written", source="published OSV records, written as CSAF VEX, OpenVEX and CycloneDX", run=vex),
)
