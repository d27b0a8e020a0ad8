"""Which format a document is of, by name, by media type and by what it says."""

import json
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import catalogue
from comity.formats.parse import Limits
from tests.formats.test_fuzz import SEEDS
from tests.formats.values import ADVISORY


@pytest.mark.parametrize(("name", "seed"), list(SEEDS.items()))
def test_a_document_is_recognised_by_what_it_says(name: str, seed: dict[str, Any]) -> None:
    assert catalogue.detect(json.dumps(seed).encode()).name == name


@pytest.mark.parametrize("seed", list(SEEDS.values()))
def test_no_two_formats_claim_one_document(seed: dict[str, Any]) -> None:
    assert sum(codec.recognises(seed) for codec in catalogue.report_codecs()) == 1


@pytest.mark.parametrize("document", ["[]", "{}", '"runs"', '{"title":"x"}', "null"])
def test_a_document_of_no_known_format_is_refused_by_name(document: str) -> None:
    with pytest.raises(Invalid) as caught:
        catalogue.detect(document.encode())
    assert [problem.code for problem in caught.value.problems] == ["unknown_format"]


def test_codecs_are_found_by_name_and_by_media_type_without_parameters() -> None:
    for codec in catalogue.report_codecs():
        assert catalogue.report_codec(codec.name).name == codec.name
        assert catalogue.report_codec(f"{codec.media_type.upper()}; charset=utf-8").name == codec.name
    with pytest.raises(Invalid):
        catalogue.report_codec("stix")
    with pytest.raises(Invalid):
        catalogue.advisory_codec("tap")


def test_the_hosts_limits_reach_every_codec() -> None:
    for codec in catalogue.report_codecs(Limits(document_bytes=10)):
        with pytest.raises(Invalid) as caught:
            codec.read(b'{"a":"0123456789"}')
        assert [problem.code for problem in caught.value.problems] == ["document_too_large"]


def test_what_we_publish_we_can_take_in_as_a_report() -> None:
    for name in ("osv", "csaf"):
        codec, reading = catalogue.read(catalogue.advisory_codec(name).write(ADVISORY))
        assert codec.name == name
        assert reading.findings[0].summary == ADVISORY.title
        assert reading.findings[0].affected == ADVISORY.affected


def test_published_files_have_the_names_their_formats_want() -> None:
    names = {codec.name: codec.file_name(ADVISORY) for codec in catalogue.advisory_codecs()}
    assert names == {
        "osv": "x_COMITY-2026-0001.json",
        "csaf": "comity-2026-0001.json",
        "csaf-2.1": "comity-2026-0001.csaf-2.1.json",
        "cve": "CVE-2026-12345.json",
    }
