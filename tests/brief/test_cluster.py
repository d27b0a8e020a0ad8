"""Stories, copies and origins: links are not origins, and a different identifier never merges."""

from datetime import timedelta

import pytest
from tests.brief.conftest import PUBLISHED, make_source

from comity.bench.brief import sources_of_stories
from comity.bench.brief_stories import ITEMS, scores
from comity.brief import cluster
from comity.brief.likeness import copies
from comity.brief.make import make
from comity.model.article import Source

STORY = (
    "Northwind said on 29 September 2026 that attackers had used a flaw in its gateway, CVE-2026-10001, to "
    "read memory. "
    "The company released version 3.0.1 and asked operators to update. It did not say how many customers were "
    "affected. A spokesperson said that the investigation goes on and that law enforcement was informed. The "
    "gateway is used by utilities and hospitals in several countries, and its earlier flaws were exploited within days."
)


def source(text: str, name: str, *, hours: float = 0, **given: object) -> Source:
    fields = {
        "openly_licensed": False,
        "title": f"What {name} writes",
        "url": f"https://{name.split(maxsplit=1)[0].lower()}.example/a",
    }
    return make_source(text, name=name, published_at=PUBLISHED + timedelta(hours=hours), **(fields | given))


def test_a_republished_story_with_a_footer_of_curation_is_one_origin_and_the_footer_proves_nothing() -> None:
    original = source(STORY, "Example Wire")
    footer = (
        " This article was curated with AI assistance pursuant to Article 50 of the AI Act. All facts were verified."
    )
    curated = source(STORY + footer, "Curated Brief", hours=3)
    held = make([original, curated])
    assert held.story.members == (0, 1)
    assert held.story.independent == 1
    assert {tie.kind for tie in held.story.ties} == {"copy"}
    assert "2 sources, one origin: publish only as reported by it" in held.needs_person
    alone, theirs = make([original]), make([curated])
    assert theirs.brief.review_state == alone.brief.review_state
    assert (theirs.kind.primary, theirs.brief.origin) == (alone.kind.primary, alone.brief.origin)
    assert "verified" not in theirs.brief.bottom_line.text


@pytest.mark.parametrize(
    "credit",
    [
        "according to Example Wire.",
        "Example Wire reported on Tuesday.",
        "(first reported by the Example Wire)",
        "via Example Wire",
    ],
)
def test_stated_credit_ties_a_retelling_to_its_origin(credit: str) -> None:
    retold = source(
        f"Hospitals were told to update gateways because of CVE-2026-10001, {credit}", "Night Post", hours=5
    )
    groups, ties = cluster.origins([source(STORY, "Example Wire"), retold])
    assert groups == ((0, 1),)
    assert ties[0].kind == "credit"


def test_two_that_credit_the_same_third_are_one_origin_and_an_own_finding_is_another() -> None:
    first = source("The port closed, according to Harbour Radio. Trucks wait outside the gates.", "Night Post")
    second = source("Ships wait outside the port, Harbour Radio reported. It reopens soon.", "Day Post")
    third = source("We saw the booking system fail and called the port, which confirmed ransomware.", "Port Watch")
    assert cluster.origins([first, second, third])[0] == ((0, 1), (2,))


def test_the_same_address_under_tracking_marks_is_one_document() -> None:
    one = source("Some text about the port.", "A", url="https://www.example.org/a/?utm_source=x#top")
    other = source("Some text about the port, edited.", "A", url="https://example.org/a")
    assert [tie.because for tie in cluster.documents([one, other])] == ["same address"]
    assert cluster.canonical("https://example.org/a?b=2&a=1") == cluster.canonical("http://m.example.org/a?a=1&b=2")


def test_a_shared_identifier_joins_and_a_different_one_splits_however_alike_the_texts() -> None:
    other = source(
        STORY.replace("CVE-2026-10001", "CVE-2026-10777").replace("3.0.1", "3.0.2").replace("read", "write"), "B"
    )
    again = source("Our sensors saw requests for CVE-2026-10001 from rented servers.", "C", hours=50)
    found = cluster.stories([source(STORY, "A"), other, again])
    groups = sorted(sorted(one.members) for one in found)
    assert [0, 2] in groups


def test_a_copy_that_differs_only_in_its_identifier_is_shown_as_a_copy_and_not_lost() -> None:
    other = STORY.replace("CVE-2026-10001", "CVE-2026-10777")
    assert copies([STORY, other])[0][:2] == (0, 1)


def test_likeness_fades_with_time() -> None:
    text = "The port of Sampleton closed its gates after ransomware reached its booking system. Ships wait outside."
    later = "The port of Sampleton closed its gates. Ransomware reached the booking system and ships wait outside."
    near = cluster.stories([source(text, "A"), source(later, "B", hours=4)])
    far = cluster.stories([source(text, "A"), source(later, "B", hours=24 * 30)])
    assert (len(near), len(far)) == (1, 2)


def test_hand_labelled_stories_have_no_false_merge_and_their_origins_are_counted_right() -> None:
    found = [0] * len(ITEMS)
    for number, story in enumerate(cluster.stories(sources_of_stories())):
        for place in story.members:
            found[place] = number
    got = scores([item.story for item in ITEMS], found)
    assert got["false_merges"] == 0
    assert got["b_cubed_f1"] >= 0.9
    for label in {item.story for item in ITEMS}:
        places = [place for place, item in enumerate(ITEMS) if item.story == label]
        assert len(cluster.origins(sources_of_stories(), places)[0]) == len({ITEMS[place].origin for place in places})


def test_the_scores_are_those_of_their_definitions() -> None:
    assert scores(["a", "a", "b"], [0, 0, 1])["b_cubed_f1"] == pytest.approx(1)
    merged = scores(["a", "a", "b", "b"], [0, 0, 0, 0])
    assert (merged["b_cubed_precision"], merged["b_cubed_recall"], merged["false_merges"]) == (0.5, 1.0, 4)
    assert merged["v_measure"] == pytest.approx(0)
    split = scores(["a", "a"], [0, 1])
    assert (split["b_cubed_recall"], split["false_splits"]) == (0.5, 1)


def test_the_order_of_sources_never_changes_which_are_together() -> None:
    held = sources_of_stories()
    forward = {frozenset(held[place].url for place in one.members) for one in cluster.stories(held)}
    backward = list(reversed(held))
    assert {frozenset(backward[place].url for place in one.members) for one in cluster.stories(backward)} == forward
