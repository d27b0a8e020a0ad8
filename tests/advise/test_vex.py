"""VEX in three formats: valid by other people's validators, read back as said, and bound to its versions only."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import csaf_dialect, csaf_vex, cyclonedx_vex, openvex, vex
from comity.formats.csaf_dialect import V2_1, Dialect
from comity.formats.listings import cyclonedx as cyclonedx_list
from comity.model.advisory import Publisher
from comity.model.handling import Tlp
from comity.model.inventory import Vex, VexStatus

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
US = Publisher(name="Water works", namespace="https://water.example", category="vendor")


def said(status: VexStatus = VexStatus.NOT_AFFECTED, **changes: object) -> Vex:
    usual: dict[str, object] = {
        "vulnerability": "CVE-2023-32681",
        "status": status,
        "ecosystem": "PyPI",
        "name": "requests",
        "version": "2.19.0",
        "justification": "vulnerable_code_not_in_execute_path" if status is VexStatus.NOT_AFFECTED else "",
        "author": US.name,
        "said_at": AT,
    }
    return Vex(**(usual | changes))  # type: ignore[arg-type]  # each test changes the fields it is about


FOUR = (
    said(),
    said(VexStatus.AFFECTED, version="2.18.0", detail="Upgrade to 2.31.0."),
    said(VexStatus.FIXED, version="2.31.0"),
    said(VexStatus.UNDER_INVESTIGATION, ecosystem="Debian:12", name="requests", version="2.28.1+dfsg-1"),
)


RANGES = (
    said(version="", versions="vers:pypi/>=2.0|<2.20"),
    said(VexStatus.AFFECTED, version="", versions="vers:pypi/<2.0", detail="Upgrade."),
)


def csaf(statements: tuple[Vex, ...]) -> bytes:
    return csaf_vex.write(statements, publisher=US, at=AT)


def test_each_format_gives_back_what_was_said() -> None:
    assert openvex.read(openvex.write(FOUR, at=AT)).statements == FOUR
    assert sorted(map(repr, csaf_vex.read(csaf(FOUR)).statements)) == sorted(map(repr, FOUR))


BOTH = pytest.mark.parametrize("dialect", csaf_dialect.EVERY, ids=lambda one: one.version)


@BOTH
def test_csaf_vex_breaks_neither_schema_nor_mandatory_test(dialect: Dialect) -> None:
    for some in (FOUR, (said(justification="", detail="We removed the code."),), RANGES):
        data = csaf_vex.write(some, publisher=US, at=AT, dialect=dialect)
        assert csaf_vex.check(data) == ()
        assert json.loads(data)["document"]["csaf_version"] == dialect.version
        assert sorted(map(repr, csaf_vex.read(data).statements)) == sorted(map(repr, some))


@pytest.mark.parametrize("tlp", Tlp)
def test_the_label_of_a_csaf_vex_is_never_weaker_than_asked(tlp: Tlp) -> None:
    for dialect in csaf_dialect.EVERY:
        data = csaf_vex.write(FOUR, publisher=US, at=AT, dialect=dialect, tlp=tlp)
        label = json.loads(data)["document"]["distribution"]["tlp"]["label"]
        assert label == dialect.labels[tlp]
    without = json.loads(csaf_vex.write(FOUR, publisher=US, at=AT, dialect=V2_1))
    assert without["document"]["distribution"]["tlp"]["label"] == "RED"


def test_a_range_is_bound_in_csaf_and_cyclonedx_and_refused_by_openvex() -> None:
    found = cyclonedx_list.read(json.loads(cyclonedx_vex.write(RANGES, at=AT))).statements
    assert [(one.version, one.versions, one.status) for one in found] == [
        (one.version, one.versions, one.status) for one in RANGES
    ]
    with pytest.raises(Invalid) as refused:
        openvex.write(RANGES, at=AT)
    assert {problem.code for problem in refused.value.problems} == {"range_not_expressible"}


def test_cyclonedx_vex_is_valid_by_the_published_schema() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    data = cyclonedx_vex.write(FOUR, at=AT).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data) is None
    document = json.loads(data)
    assert [one["analysis"]["state"] for one in document["vulnerabilities"]] == [
        "not_affected",
        "exploitable",
        "resolved",
        "in_triage",
    ]
    assert document["components"][3]["purl"] == "pkg:deb/debian/requests@2.28.1%2Bdfsg-1?distro=debian-12"


def test_cyclonedx_vex_that_is_written_is_read_back_as_the_same_statements() -> None:
    found = cyclonedx_list.read(json.loads(cyclonedx_vex.write(FOUR, at=AT))).statements

    def key(one: Vex) -> tuple[str, ...]:
        return (
            one.vulnerability,
            one.status,
            one.ecosystem.casefold(),
            one.name,
            one.version,
            one.justification,
            one.detail,
            one.author,
        )

    assert sorted(map(key, found)) == sorted(map(key, FOUR))


def test_a_lapse_survives_where_the_format_has_no_field_for_it() -> None:
    lapsing = said(expires_at=datetime(2027, 1, 1, tzinfo=UTC), detail="Not called.")
    assert openvex.read(openvex.write([lapsing], at=AT)).statements == (lapsing,)
    assert csaf_vex.read(csaf((lapsing,))).statements == (lapsing,)
    (read,) = cyclonedx_list.read(json.loads(cyclonedx_vex.write([lapsing], at=AT))).statements
    assert (read.expires_at, read.author, read.justification) == (lapsing.expires_at, US.name, lapsing.justification)


def test_statements_alike_share_one_entry_with_all_their_products() -> None:
    pair = (said(), said(version="2.20.0"))
    document = json.loads(openvex.write(pair, at=AT))
    assert [len(one["products"]) for one in document["statements"]] == [2]
    assert openvex.read(openvex.write(pair, at=AT)).statements == pair


def test_a_statement_without_a_version_stays_without_one() -> None:
    (held,) = openvex.read(openvex.write([said(version="")], at=AT)).statements
    assert held.version == ""


def test_a_document_has_one_author() -> None:
    with pytest.raises(ValueError, match="one named author"):
        openvex.write([said(), said(author="Other")], at=AT)
    with pytest.raises(ValueError, match="published by the author"):
        csaf_vex.write([said(author="Other")], publisher=US, at=AT)


def test_an_ecosystem_without_a_purl_type_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        openvex.write([said(ecosystem="Linux")], at=AT)
    assert refused.value.problems[0].code == "no_purl_type"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"status": "safe"}, "/statements/0/status"),
        ({"justification": "trust_me"}, "/statements/0/justification"),
        ({"justification": None, "status": "not_affected"}, "/statements/0/justification"),
        ({"vulnerability": {}}, "/statements/0/vulnerability/name"),
        ({"timestamp": "yesterday"}, "/statements/0/timestamp"),
    ],
)
def test_what_breaks_openvex_is_refused_at_its_place(change: dict[str, object], pointer: str) -> None:
    document = json.loads(openvex.write([said()], at=AT))
    document["statements"][0].update(change)
    with pytest.raises(Invalid) as refused:
        openvex.read(json.dumps(document).encode())
    assert pointer in {problem.pointer for problem in refused.value.problems}


def test_a_product_that_is_no_purl_is_told_and_answers_for_nothing() -> None:
    document = json.loads(openvex.write([said()], at=AT))
    document["statements"][0]["products"] = [{"@id": "https://water.example/pump"}]
    reading = openvex.read(json.dumps(document).encode())
    assert reading.statements == ()
    assert [problem.code for problem in reading.warnings] == ["unknown_product"]


def test_a_csaf_advisory_is_no_vex() -> None:
    document = json.loads(csaf(FOUR))
    document["document"]["category"] = "csaf_security_advisory"
    with pytest.raises(Invalid) as refused:
        csaf_vex.read(json.dumps(document).encode())
    assert "/document/category" in {problem.pointer for problem in refused.value.problems}


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=30).map(
    lambda text: re.sub(r"[\x7f-\x9f]", "", text).strip()
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda number, status, justification, detail, version: said(
                status,
                vulnerability=f"CVE-2026-{number:04}",
                justification=justification if status is VexStatus.NOT_AFFECTED else "",
                detail=detail,
                version=version,
            ),
            st.integers(1, 9999),
            st.sampled_from(VexStatus),
            st.sampled_from(vex.JUSTIFICATIONS),
            WORDS,
            st.sampled_from(["", "1.0", "2.0rc1", "1!2.0+x"]),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one.vulnerability,
    )
)
def test_any_statements_survive_openvex_and_csaf(statements: list[Vex]) -> None:
    assert sorted(map(repr, openvex.read(openvex.write(statements, at=AT)).statements)) == sorted(map(repr, statements))
    assert csaf_vex.read(csaf(tuple(statements))).statements == tuple(statements)
    assert csaf_vex.check(csaf(tuple(statements))) == ()
