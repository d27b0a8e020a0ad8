"""A published advisory in the three formats of VEX: what it says and no more; what a format cannot say is left out."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.formats import csaf_vex, openvex, vex_advisory, vex_paper
from comity.formats.vex_advisory import FORMATS, Format
from comity.model.advisory import Advisory
from comity.model.handling import Handling, Tlp
from comity.model.inventory import VexStatus
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind
from tests.formats.values import ADVISORY, IDS, WHEN, advisories

EVERY = pytest.mark.parametrize("form", FORMATS, ids=lambda one: one.name)


def test_an_advisory_says_which_versions_are_affected_and_which_are_fixed_and_nothing_else() -> None:
    said = [(one.status, one.version, one.versions) for one in vex_advisory.statements(ADVISORY)]
    assert said == [
        (VexStatus.AFFECTED, "1.0", ""),
        (VexStatus.AFFECTED, "1.1", ""),
        (VexStatus.AFFECTED, "", "vers:pypi/<2.0"),
        (VexStatus.FIXED, "2.0", ""),
    ]
    assert {one.author for one in vex_advisory.statements(ADVISORY)} == {"A host"}
    assert {one.vulnerability for one in vex_advisory.statements(ADVISORY)} == {"CVE-2026-12345"}


@EVERY
def test_each_format_says_just_that_when_it_is_read_back(form: Format) -> None:
    assert vex_advisory.why_not(ADVISORY, form.name) == ""
    assert form.check(form.write(ADVISORY), ADVISORY) == ()
    other = replace(ADVISORY, affected=(replace(ADVISORY.affected[0], versions=("1.0",)),))
    assert form.check(form.write(other), ADVISORY) != ()


@given(advisories(st.sampled_from(Tlp), IDS))
@settings(max_examples=40, deadline=None)
def test_whatever_an_advisory_holds_a_format_is_right_or_says_why_it_is_not_there(advisory: Advisory) -> None:
    for form in FORMATS:
        if not vex_advisory.why_not(advisory, form.name):
            assert form.check(form.write(advisory), advisory) == ()


def test_a_range_alone_is_not_written_as_openvex() -> None:
    """A document that held the fixed version only would read as if nothing were affected."""
    ranged = replace(ADVISORY, affected=(replace(ADVISORY.affected[0], versions=()),))
    assert "range" in vex_advisory.why_not(ranged, openvex.NAME)
    assert vex_advisory.why_not(ranged, csaf_vex.NAME) == ""


@pytest.mark.parametrize("tlp", [tlp for tlp in Tlp if tlp is not Tlp.CLEAR])
def test_a_format_without_labels_holds_nothing_but_clear(tlp: Tlp) -> None:
    labelled = replace(ADVISORY, handling=Handling(tlp=tlp))
    written = [one.name for one in FORMATS if not vex_advisory.why_not(labelled, one.name)]
    assert written == [csaf_vex.NAME, vex_paper.NEWER]
    document = json.loads(FORMATS[0].write(labelled))["document"]
    assert document["distribution"]["tlp"]["label"] == {"GREEN": "GREEN", "AMBER": "AMBER"}.get(tlp.name, "RED")


@EVERY
def test_what_cannot_be_said_is_not_written(form: Format) -> None:
    nameless = (Affected(vendor="V", name="N", versions=("1",)),)
    unsaid = (Affected(ecosystem="PyPI", name="n"),)
    for one in (
        replace(ADVISORY, affected=nameless),
        replace(ADVISORY, affected=unsaid),
        replace(ADVISORY, withdrawn_at=WHEN),
        replace(ADVISORY, publisher=None),
    ):
        assert vex_advisory.statements(one) == ()
        assert vex_advisory.why_not(one, form.name)


def test_a_version_that_is_affected_by_another_range_is_not_said_to_be_fixed() -> None:
    def between(first: str, fixed: str) -> Range:
        ends = ((EventKind.INTRODUCED, first), (EventKind.FIXED, fixed))
        return Range(kind=RangeKind.ECOSYSTEM, events=tuple(RangeEvent(kind=k, version=v) for k, v in ends))

    def fixes(*ranges: Range, versions: tuple[str, ...] = ()) -> list[str]:
        product = Affected(purl="pkg:pypi/n", ecosystem="PyPI", name="n", ranges=ranges, versions=versions)
        said = vex_advisory.statements(replace(ADVISORY, affected=(product,)))
        return [one.version for one in said if one.status is VexStatus.FIXED]

    assert fixes(between("0", "1.5"), between("2.0", "2.5")) == ["1.5", "2.5"]
    assert fixes(between("0", "1.5"), between("1.4", "2.5")) == ["2.5"]
    assert fixes(between("0", "1.5"), versions=("1.5",)) == []


def test_a_commit_is_no_version_that_a_statement_can_bind() -> None:
    events = (RangeEvent(kind=EventKind.INTRODUCED, version="0"), RangeEvent(kind=EventKind.FIXED, version="a" * 40))
    commits = Range(kind=RangeKind.GIT, events=events, repo="https://example.org/n")
    one = replace(ADVISORY, affected=(Affected(purl="pkg:pypi/n", ecosystem="PyPI", name="n", ranges=(commits,)),))
    assert vex_advisory.statements(one) == ()


def test_the_files_have_names_of_their_own() -> None:
    assert [one.file_name(ADVISORY) for one in FORMATS] == [
        "comity-2026-0001.csaf-vex.json",
        "comity-2026-0001.csaf-vex-2.1.json",
        "comity-2026-0001.openvex.json",
        "comity-2026-0001.vex.cdx.json",
    ]
