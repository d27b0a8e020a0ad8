"""Sources in conflict: the ten claims about the order that circulate, each beside better evidence. All texts are ours.

The claims and what is known better are those of the project's list of conflict fixtures, F1 to F10.
"""

import pytest
from tests.brief.conftest import make_brief, make_source

from comity.brief.check.gates import check
from comity.brief.conflict import conflicts
from comity.brief.make import make
from comity.brief.told import text as told
from comity.model.article import Gate, Origin, Sentence, Source, Span, Weight
from comity.model.story import Status

FIXTURES: dict[str, tuple[str, str]] = {
    "F1": (
        "The clearinghouse scans unreleased AI systems of the largest labs.",
        "The clearinghouse coordinates scanning for software vulnerabilities.",
    ),
    "F2": (
        "The order adds an AI Fraud Task Force at the Justice Department and a Security Council recipient.",
        "The order sets up a clearinghouse and a voluntary framework for models.",
    ),
    "F3": (
        "GOLD EAGLE requires developers to share findings with the government.",
        "Sharing findings through GOLD EAGLE is voluntary for developers, the White House says.",
    ),
    "F4": (
        "Members receive anonymised targeting telemetry from the clearinghouse.",
        "Members of the clearinghouse report weaknesses and see published advisories.",
    ),
    "F5": (
        "BOD 26-04 uses severity, prevalence, criticality and mission to set dates.",
        "BOD 26-04 uses exposure, known exploitation, automation and impact.",
    ),
    "F6": (
        "The final transparency Code of Practice was published on 28 June 2026.",
        "The final Code of Practice on transparency was published on 10 June 2026.",
    ),
    "F7": (
        "All of Article 50 was postponed to December 2026.",
        "Only Article 50(2) was postponed, for systems on the market before 2 August 2026, to December 2026.",
    ),
    "F8": (
        "Rollouts to partners need government approval, digests of a broadcast report say.",
        "Rollouts to partners need no government approval, since firms control release, the White House says.",
    ),
    "F9": ("The framework was completed on 1 August 2026.", "The framework was completed on 4 August 2026."),
    "F10": (
        "The NSA alone owns the benchmark for frontier models.",
        "The benchmark for frontier models is developed jointly by Treasury, CISA and the NSA.",
    ),
}
MORE = " Further paragraphs give background that nobody disputes, and name no agency at all."


def pair(number: str, *, openly: bool = True) -> list[Source]:
    claim, better = FIXTURES[number]
    return [
        make_source(f"{claim}{MORE}", name="Seen Somewhere", url="https://seen.example/a", openly_licensed=openly),
        make_source(better, name="Better Evidence", url="https://better.example/a", title="Another title"),
    ]


@pytest.mark.parametrize("number", FIXTURES)
def test_the_claim_never_stands_as_fact_and_both_origins_are_shown(number: str) -> None:
    sources = pair(number)
    claim = FIXTURES[number][0]
    found = conflicts(sources, ((0,), (1,)))
    about = [one for one in found if any(side.text == claim for side in one.sides)]
    assert about, "the conflict is seen"
    assert {side.name for side in about[0].sides} == {"Seen Somewhere", "Better Evidence"}
    brief = make_brief(claim, sources[0], claim, origin=Origin.HUMAN)
    checked = check(brief, sources[0], conflicts=found)
    assert any(one.gate is Gate.CONFLICT and one.weight is Weight.BLOCK for one in checked.findings)


@pytest.mark.parametrize("number", FIXTURES)
def test_the_keyless_extract_leaves_the_claim_out(number: str) -> None:
    sources = pair(number)
    held = make(sources, together=True)
    assert FIXTURES[number][0] not in [sentence.text for sentence in held.brief.sentences]
    shown = told(held)
    assert "Seen Somewhere: " in shown
    assert "Better Evidence: " in shown


@pytest.mark.parametrize("number", ["F1", "F3", "F5", "F6", "F7", "F8", "F9", "F10"])
def test_what_origins_dispute_is_called_disputed(number: str) -> None:
    assert Status.DISPUTED in {one.status for one in conflicts(pair(number), ((0,), (1,)))}


@pytest.mark.parametrize("number", ["F2", "F4"])
def test_what_one_origin_says_alone_is_called_uncorroborated(number: str) -> None:
    found = conflicts(pair(number), ((0,), (1,)))
    assert {one.status for one in found} == {Status.UNCORROBORATED}


def test_three_dates_of_one_event_are_one_conflict_with_three_origins() -> None:
    texts = [f"The framework was completed on {day} August 2026." for day in (1, 3, 4)]
    sources = [make_source(text, name=f"Paper {n}", url=f"https://paper{n}.example/") for n, text in enumerate(texts)]
    found = conflicts(sources, ((0,), (1,), (2,)))
    assert len(found) == 1
    assert [side.name for side in found[0].sides] == ["Paper 0", "Paper 1", "Paper 2"]


def test_a_brief_that_says_disputed_or_reported_passes_the_gate() -> None:
    sources = pair("F9")
    found = conflicts(sources, ((0,), (1,)))
    claim = FIXTURES["F9"][0]
    brief = make_brief("The day the framework was completed is disputed.", sources[0], claim)
    assert not any(
        one.gate is Gate.CONFLICT and one.weight is Weight.BLOCK
        for one in check(brief, sources[0], conflicts=found).findings
    )
    assert any(one.gate is Gate.CONFLICT for one in check(brief, sources[0], conflicts=found).findings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "CISA added CVE-2026-10001 to its list on 14 July 2026.",
            "On 14 July 2026 CISA added CVE-2026-10001 to the list.",
        ),
        ("The port closed on 3 June 2026.", "The airport of another town opened on 9 July 2026."),
        ("Up to 400 operators joined.", "The clearinghouse has 12 members of staff."),
        ("The framework is voluntary.", "The voluntary framework names no deadline."),
    ],
)
def test_agreement_and_other_subjects_are_no_conflict(one: str, other: str) -> None:
    sources = [
        make_source(one, name="A", url="https://a.example"),
        make_source(other, name="B", url="https://b.example"),
    ]
    assert [c for c in conflicts(sources, ((0,), (1,))) if c.status is Status.DISPUTED] == []


def test_sources_of_one_origin_are_never_in_conflict_with_themselves() -> None:
    assert conflicts(pair("F9"), ((0, 1),)) == ()


def test_a_template_of_ours_may_rest_on_a_disputed_place_since_it_claims_nothing() -> None:
    sources = pair("F9", openly=False)
    found = conflicts(sources, ((0,), (1,)))
    at = Span(0, len(FIXTURES["F9"][0]))
    line = Sentence(text="The source published an article.", spans=(at,), template=True)
    brief = make_brief("x", sources[0], FIXTURES["F9"][0], origin=Origin.EXTRACTIVE, bottom_line=line)
    assert not any(
        one.gate is Gate.CONFLICT and one.weight is Weight.BLOCK
        for one in check(brief, sources[0], conflicts=found).findings
    )
