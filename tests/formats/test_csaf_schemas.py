"""The schemas of CSAF that ship: the published bytes under their notice, and their word on the official documents."""

import gzip
import hashlib
import json
from collections import Counter
from importlib import resources
from pathlib import Path

from comity.formats import csaf_check, parse, schema
from comity.formats.csaf import Csaf
from tests.formats.values import ADVISORY

SHIPPED = {
    "2.0/csaf_json_schema.json": "2.0/schema/csaf_json_schema.json",
    "2.0/provider_json_schema.json": "2.0/schema/provider_json_schema.json",
    "2.1/csaf.json": "2.1/schema/csaf.json",
    "2.1/provider.json": "2.1/schema/provider.json",
    "2.1/meta.json": "2.1/schema/meta.json",
    "2.1/extension-content.json": "2.1/schema/extension-content.json",
    "2.1/extension-metaschema.json": "2.1/schema/extension-metaschema.json",
    "cvss/cvss-v2.0.json": "2.1/referenced_schema/first/cvss-v2.0.json",
    "cvss/cvss-v3.0.json": "2.1/referenced_schema/first/cvss-v3.0.json",
    "cvss/cvss-v3.1.json": "2.1/referenced_schema/first/cvss-v3.1.json",
    "cvss/cvss-v4.0.json": "2.1/referenced_schema/first/cvss-v4.0.json",
    "cvss/meta.json": "2.1/referenced_schema/first/meta.json",
    "ssvc/SelectionList_2_0_0.schema.json": "2.1/referenced_schema/certcc/SelectionList_2_0_0.schema.json",
}
"""Where each file lies here, and where it lies among what the committee published."""
HERE = Path(str(resources.files("comity.formats").joinpath("schemas")))


def test_every_shipped_schema_is_in_the_readme_with_its_digest_and_goes_with_the_notice() -> None:
    readme = (HERE / "README.md").read_text("utf-8")
    folder = HERE / "csaf"
    assert {str(one.relative_to(folder)) for one in folder.rglob("*.json")} == set(SHIPPED)
    for name in SHIPPED:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() in readme, name
    assert "may be copied and furnished to others" in " ".join((folder / "NOTICE-OASIS.txt").read_text().split())


def test_each_of_them_is_used_and_nothing_that_they_refer_to_is_missing() -> None:
    used = {*schema.REFERRED.values(), *(file for file in schema.FILES.values() if file.startswith("csaf/"))}
    assert {f"csaf/{name}" for name in SHIPPED} == used


def test_they_are_the_published_ones_byte_for_byte(corpora: Path) -> None:
    for name, place in SHIPPED.items():
        assert (HERE / "csaf" / name).read_bytes() == (corpora / "formats" / "csaf" / place).read_bytes(), name


def test_every_official_document_that_is_listed_as_valid_keeps_the_schema_but_one(corpora: Path) -> None:
    """The one has a property that revision 2 of FIRST's schema of CVSS 4.0 does not know."""
    broken, seen = [], Counter[str]()
    with gzip.open(corpora / "formats" / "csaf" / "documents.jsonl.gz") as file:
        for row in map(json.loads, file):
            if row["kind"] == "validator-test" and all(one["valid"] for one in row["expectations"]):
                seen[row["csaf_version"]] += 1
                if schema.check(json.loads(row["text"]), f"csaf-{row['csaf_version']}"):
                    broken.append(row["path"].rpartition("/")[2])
    assert seen == {"2.0": 152, "2.1": 593}
    assert broken == ["oasis_csaf_tc-csaf_2_1-2024-6-2-20-02.json"]


def test_what_breaks_the_schema_is_told_at_its_place() -> None:
    document = json.loads(Csaf().write(ADVISORY))
    document["document"]["publisher"]["category"] = "neighbour"
    document["document"]["tracking"]["current_release_date"] = "yesterday"
    del document["document"]["title"]
    found = {(one.pointer, one.code) for one in csaf_check.check(parse.encode(document)).problems}
    assert {
        ("/document", "schema_required"),
        ("/document/publisher/category", "schema_enum"),
        ("/document/tracking/current_release_date", "schema_format"),
    } <= found


def test_a_score_is_a_multiple_of_a_tenth_in_decimals() -> None:
    """In binary fractions 5.3 is none of 0.1."""
    score = {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", "baseScore": 5.3}
    document = json.loads(Csaf().write(ADVISORY))
    entry = {"products": ["CSAFPID-0001"], "cvss_v3": {**score, "baseSeverity": "MEDIUM"}}
    document["vulnerabilities"][0]["scores"] = [entry]
    assert schema.check(document, "csaf-2.0") == ()
    entry["cvss_v3"] |= {"baseScore": 11}  # type: ignore[operator]  # a dict beside a list
    assert {one.code for one in schema.check(document, "csaf-2.0")} != set()
