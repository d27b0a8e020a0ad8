"""OSV, CSAF and CVE: what is written is valid and reads back as it was."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import catalogue, parse, residue
from comity.formats.codec import AdvisoryCodec
from comity.formats.csaf import Csaf, file_name
from comity.formats.cve import UNREGISTERED, Cve
from comity.formats.osv import Osv
from comity.model.advisory import Advisory
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId, Digest
from comity.model.product import Affected, EventKind
from comity.model.report import AiUse, Degree, Known, ModelExposure, Provenance, Unknown
from tests.formats.values import ADVISORY, IDS, advisories

CLEAR = st.just(Tlp.CLEAR)
CVES = st.from_regex(r"CVE-20[0-9]{2}-[0-9]{4,6}", fullmatch=True)
TRANSCRIPT = Digest("5" * 64)
EVERY = [codec.name for codec in catalogue.advisory_codecs()]


def written(codec: AdvisoryCodec, advisory: Advisory) -> Any:
    return json.loads(codec.write(advisory))


@given(advisories(CLEAR, IDS))
@settings(max_examples=60, deadline=None)
def test_osv_reads_back_what_it_wrote_and_the_schema_accepts_it(advisory: Advisory) -> None:
    data = Osv().write(advisory)
    assert Osv().read(data) == residue.public(advisory)
    assert Osv().check(data) == ()


@given(advisories(CLEAR, CVES))
@settings(max_examples=40, deadline=None)
def test_a_cve_record_reads_back_what_it_wrote_and_the_schema_accepts_it(advisory: Advisory) -> None:
    data = Cve().write(advisory)
    assert Cve().read(data) == residue.public(advisory)
    assert Cve().check(data) == ()


@given(advisories(st.sampled_from(Tlp), IDS))
@settings(max_examples=60, deadline=None)
def test_csaf_reads_back_what_it_wrote_and_passes_our_own_tests(advisory: Advisory) -> None:
    data = Csaf().write(advisory)
    assert Csaf().read(data) == residue.public(advisory)
    assert Csaf().check(data) == ()


@pytest.mark.parametrize("name", EVERY)
def test_an_ordinary_advisory_needs_the_residue_only_for_what_the_format_lacks(name: str) -> None:
    document = written(catalogue.advisory_codec(name), ADVISORY)
    allowed = {
        "osv": {"publisher", "revisions"},
        "cve": {"id", "aliases", "affected", "publisher", "revisions"},
        "csaf": set(),
        "csaf-2.1": set(),
    }
    holder = {
        "osv": lambda d: d["database_specific"]["comity"]["residue"],
        "cve": lambda d: d["containers"]["cna"]["x_comity"]["residue"],
        "csaf": lambda d: d.get("x_comity", {}),
        "csaf-2.1": lambda d: d.get("x_extensions", {}),
    }
    assert set(holder[name](document)) == allowed[name]


@pytest.mark.parametrize("name", EVERY)
def test_the_approval_sentence_stands_in_every_rendering(name: str) -> None:
    assert ADVISORY.approved_by in catalogue.advisory_codec(name).write(ADVISORY).decode()


@pytest.mark.parametrize("name", EVERY)
def test_what_is_never_published_is_in_no_rendering(name: str) -> None:
    use = AiUse(
        used=Known.YES,
        degree=Degree.ASSISTED,
        exposure=ModelExposure.PUBLIC_SERVICE,
        transcript_digest=TRANSCRIPT,
        raw="a raw word",
    )
    secretive = replace(
        ADVISORY,
        provenance=Provenance(discovery=use, authoring=use),
        handling=replace(ADVISORY.handling, legal_basis="a basis nobody outside may read"),
    )
    text = catalogue.advisory_codec(name).write(secretive).decode()
    for hidden in ("public service", TRANSCRIPT, "a raw word", "a basis nobody"):
        assert hidden not in text


@pytest.mark.parametrize("name", EVERY)
def test_found_by_ai_never_becomes_text_made_by_ai(name: str) -> None:
    found = replace(ADVISORY, provenance=Provenance(discovery=AiUse(used=Known.YES, degree=Degree.GENERATED)))
    codec = catalogue.advisory_codec(name)
    assert codec.read(codec.write(found)).provenance == found.provenance
    assert "ai_annotations" not in codec.write(found).decode()


@pytest.mark.parametrize("name", ["osv", "cve"])
@pytest.mark.parametrize("tlp", [tlp for tlp in Tlp if tlp is not Tlp.CLEAR])
def test_a_format_without_labels_refuses_anything_but_clear(name: str, tlp: Tlp) -> None:
    with pytest.raises(Invalid) as caught:
        catalogue.advisory_codec(name).write(replace(ADVISORY, handling=Handling(tlp=tlp)))
    assert [problem.code for problem in caught.value.problems] == ["handling_not_expressible"]


@pytest.mark.parametrize(
    ("tlp", "label"),
    [(Tlp.CLEAR, "WHITE"), (Tlp.GREEN, "GREEN"), (Tlp.AMBER, "AMBER"), (Tlp.AMBER_STRICT, "RED"), (Tlp.RED, "RED")],
)
def test_csaf_labels_are_never_looser_and_strict_amber_reads_back(tlp: Tlp, label: str) -> None:
    advisory = replace(ADVISORY, handling=Handling(tlp=tlp))
    distribution = written(Csaf(), advisory)["document"]["distribution"]
    assert distribution["tlp"]["label"] == label
    assert (distribution.get("text") == "TLP v2.0: TLP:AMBER+STRICT") is (tlp is Tlp.AMBER_STRICT)
    assert Csaf().read(Csaf().write(advisory)).handling.tlp is tlp


def test_a_csaf_document_without_a_label_is_held_as_red() -> None:
    document = written(Csaf(), ADVISORY)
    del document["document"]["distribution"]
    assert Csaf().read(parse.encode(document)).handling.tlp is Tlp.RED


def test_an_id_of_a_home_that_osv_does_not_know_is_written_with_x() -> None:
    assert written(Osv(), ADVISORY)["id"] == "x_COMITY-2026-0001"
    assert written(Osv(), replace(ADVISORY, id=AdvisoryId("CVE-2026-1234")))["id"] == "CVE-2026-1234"
    assert Osv().read(Osv().write(ADVISORY)).id == ADVISORY.id


def test_osv_states_severity_once() -> None:
    record = written(Osv(), ADVISORY)
    assert "severity" in record
    assert all("severity" not in one for one in record["affected"])


@pytest.mark.parametrize(
    ("tracking_id", "name"),
    [
        ("COMITY-2026-0001", "comity-2026-0001.json"),
        ("Example Company - 2019-YH3234", "example_company_-_2019-yh3234.json"),
        ("RHBA-2019:0024", "rhba-2019_0024.json"),
        ("cisco-sa-20190513-secureboot", "cisco-sa-20190513-secureboot.json"),
        ("a//b__c", "a_b_c.json"),
    ],
)
def test_a_csaf_file_is_named_after_its_tracking_id(tracking_id: str, name: str) -> None:
    assert file_name(tracking_id) == name


def test_a_record_without_a_cve_id_cannot_be_written_as_cve() -> None:
    with pytest.raises(Invalid) as caught:
        Cve().write(replace(ADVISORY, aliases=()))
    assert [problem.code for problem in caught.value.problems] == ["missing_cve_id"]


def test_a_withdrawn_advisory_is_no_published_cve_record() -> None:
    with pytest.raises(Invalid):
        Cve().write(replace(ADVISORY, withdrawn_at=ADVISORY.modified_at))


def test_a_host_that_is_no_cna_says_so_in_its_organisation_id() -> None:
    assert written(Cve(), ADVISORY)["cveMetadata"]["assignerOrgId"].startswith(UNREGISTERED)
    known = "9368c7ac-adf9-4bc8-8381-dd12ee48043c"
    record = written(Cve(org_id=known, short_name="host"), ADVISORY)
    assert record["containers"]["cna"]["providerMetadata"]["orgId"] == known


def test_whoever_edits_a_standard_field_wins_over_the_residue() -> None:
    advisory = replace(ADVISORY, cwes=("CWE-674", "CWE-400"))
    document = written(Csaf(), advisory)
    assert "cwes" in document["x_comity"]
    document["vulnerabilities"][0]["cwe"] = {
        "id": "CWE-787",
        "name": "Out-of-bounds Write",
    }
    assert Csaf().read(parse.encode(document)).cwes == ("CWE-787",)


def test_nobody_having_said_which_versions_is_not_all_versions() -> None:
    silent = replace(ADVISORY, affected=(Affected(vendor="A vendor", name="A product"),))
    status = written(Csaf(), silent)["vulnerabilities"][0]["product_status"]
    assert list(status) == ["under_investigation"]
    assert written(Cve(), silent)["containers"]["cna"]["affected"][0]["defaultStatus"] == "unknown"


def test_a_fixed_version_reads_back_from_a_csaf_document() -> None:
    read = Csaf().read(Csaf().write(ADVISORY))
    assert read.affected == ADVISORY.affected
    assert [e.kind for e in read.affected[0].ranges[0].events] == [EventKind.INTRODUCED, EventKind.FIXED]


@pytest.mark.parametrize("name", EVERY)
def test_fields_of_other_formats_travel_along(name: str) -> None:
    strange = replace(ADVISORY, unknown=(Unknown(format="sarif", pointer="/runs/0/tool", json='{"a":[1]}'),))
    codec = catalogue.advisory_codec(name)
    assert codec.read(codec.write(strange)) == strange
