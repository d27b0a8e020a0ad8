"""The vulnerability-report profile of CSAF 2.1: what a finding says comes back, and the profile's own tests bite."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import csaf_check, csaf_report, parse
from comity.formats.csaf import CsafReport
from comity.formats.cvss import read as vector
from comity.model.advisory import Publisher
from comity.model.handling import Handling, Tlp
from comity.model.product import Affected
from comity.model.report import AiModel, AiUse, Degree, Exploitation, Exposure, Finding, Known, Provenance, Wishes
from comity.model.report import Reference as Link
from tests.clearing.findings import FINDING

AT = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2027, 1, 31, 12, tzinfo=UTC)
WHO = Publisher(name="CERT of Example", namespace="https://cert.example")
WHOLE = replace(
    FINDING,
    trigger="A document with a tag.",
    impact="Whoever writes the document runs code.",
    preconditions="The full loader reads it.",
    severities=(vector("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),),
    references=(Link(url="https://project.example/issue/420", kind="REPORT"),),
    fix="Update to 5.4.",
    workaround="Use the safe loader.",
    wishes=Wishes(credit="A Finder", publish_after=UNTIL),
    exposure=Exposure(exploitation=Exploitation.POC),
    provenance=Provenance(
        discovery=AiUse(
            used=Known.YES, degree=Degree.ASSISTED, models=(AiModel(name="model-7"),), phases=("discovery",)
        )
    ),
)
CARRIED = [
    "summary",
    "description",
    "trigger",
    "impact",
    "preconditions",
    "affected",
    "cwes",
    "aliases",
    "severities",
    "references",
    "fix",
    "workaround",
]


def written(finding: Finding = WHOLE, **more: Any) -> bytes:
    return csaf_report.write(finding, name="R-7", publisher=WHO, at=AT, disclose_at=UNTIL, **more)


def codes(data: bytes | dict[str, Any]) -> set[str]:
    held = data if isinstance(data, bytes) else parse.encode(data)
    return {problem.code for problem in csaf_check.check(held).problems}


def test_what_the_profile_carries_comes_back_and_the_document_passes_every_test() -> None:
    data = written()
    assert codes(data) == set()
    (back,) = CsafReport().read(data).findings
    for name in CARRIED:
        assert getattr(back, name) == getattr(WHOLE, name), name
    assert (back.wishes.credit, back.wishes.publish_after) == ("A Finder", UNTIL)
    assert back.own_id == "R-7"
    assert back.handling.tlp is Tlp.RED
    notes = {note["title"]: note for note in json.loads(data)["vulnerabilities"][0]["notes"]}
    assert notes["Vulnerability Discovery Method"]["audience"] == "coordinator"
    assert "model-7" not in data.decode(), "tools are named at the party's wish alone"
    assert notes["Handling"]["text"].startswith("Not for use in a vulnerabilities equities process")


@pytest.mark.parametrize("tlp", list(Tlp))
def test_the_label_is_the_findings_own_and_is_read_as_red(tlp: Tlp) -> None:
    data = written(replace(WHOLE, handling=Handling(tlp=tlp)))
    assert json.loads(data)["document"]["distribution"]["tlp"]["label"] == tlp.label.removeprefix("TLP:")
    (back,) = CsafReport().read(data).findings
    assert back.handling.tlp is Tlp.RED


def test_a_product_without_a_version_is_affected_and_no_version_is_made_up() -> None:
    finding = replace(WHOLE, affected=(Affected(purl="pkg:npm/left-pad", ecosystem="npm", name="left-pad"),))
    data = written(finding)
    assert codes(data) == set()
    (vulnerability,) = json.loads(data)["vulnerabilities"]
    assert list(vulnerability["product_status"]) == ["known_affected"]
    assert csaf_report.UNBOUND in [note["text"] for note in vulnerability["notes"]]
    (back,) = CsafReport().read(data).findings
    assert back.affected == finding.affected


def test_a_finding_without_an_identifier_goes_under_its_own_name() -> None:
    data = written(replace(WHOLE, aliases=()))
    assert codes(data) == set()
    (vulnerability,) = json.loads(data)["vulnerabilities"]
    assert [one["text"] for one in vulnerability["ids"]] == ["R-7"]


def test_a_finding_without_a_product_and_a_nameless_publisher_are_refused() -> None:
    with pytest.raises(Invalid, match="names no product"):
        written(replace(WHOLE, affected=()))
    with pytest.raises(Invalid, match="who publishes"):
        csaf_report.write(WHOLE, name="R-7", publisher=replace(WHO, namespace="cert"), at=AT)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda d: d["vulnerabilities"][0]["notes"].pop(0), "csaf_6.1.27.20"),
        (lambda d: d["vulnerabilities"][0]["notes"][0].update(category="general"), "csaf_6.1.27.20"),
        (lambda d: d["vulnerabilities"][0].pop("cve"), "csaf_6.1.27.8"),
        (lambda d: d["vulnerabilities"][0].pop("product_status"), "csaf_6.1.27.6"),
        (lambda d: d.pop("product_tree"), "csaf_6.1.27.4"),
        (lambda d: d.pop("vulnerabilities"), "csaf_6.1.27.11"),
    ],
)
def test_each_demand_of_the_profile_is_missed_when_it_is_not_met(spoil: Any, code: str) -> None:
    document = json.loads(written())
    spoil(document)
    assert code in codes(document)


def test_the_notes_of_any_other_profile_are_not_taken_for_a_reports() -> None:
    document = json.loads(written())
    document["document"]["category"] = "csaf_base"
    (back,) = CsafReport().read(parse.encode(document)).findings
    assert (back.trigger, back.wishes.publish_after) == ("", None)
