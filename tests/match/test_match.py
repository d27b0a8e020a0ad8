"""Matching an inventory: four answers with reason and age, and the fast way equal to asking statement by statement."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.defend.match import Component, Matching
from comity.defend.segments import Feed, Index, Statement, index, statements
from comity.formats.versions import Inside, Undecided, covers
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId
from comity.model.inventory import Answer
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
FEEDS = (
    Feed(ecosystem="PyPI", source="pypa 2026-11-21", as_of=YESTERDAY),
    Feed(ecosystem="Debian", source="debian 2026-11-21", as_of=YESTERDAY),
)


def ranged(*events: tuple[str, str], kind: RangeKind = RangeKind.ECOSYSTEM) -> Range:
    return Range(kind=kind, events=tuple(RangeEvent(kind=EventKind(name), version=at) for name, at in events))


def says(
    advisory: str,
    *ranges: Range,
    versions: tuple[str, ...] = (),
    name: str = "thing",
    ecosystem: str = "PyPI",
    aliases: tuple[str, ...] = (),
) -> Statement:
    affected = Affected(ecosystem=ecosystem, name=name, versions=versions, ranges=ranges)
    return Statement(advisory=advisory, affected=affected, aliases=aliases)


BELOW_2 = ranged(("introduced", "0"), ("fixed", "2.0"))


def ask(index_: Index, name: str, version: str, ecosystem: str = "PyPI", *, now: datetime = NOW) -> Component:
    matching = Matching(index_, now=now)
    (number,) = matching.add(ecosystem, [name], [version]).numbers
    found = matching.component(number)
    assert found.answer is matching.answer(number)
    return found


@pytest.fixture
def small() -> Index:
    return index(
        [
            says("A-1", BELOW_2, versions=("2.1",), aliases=("CVE-2026-0001",)),
            says("A-2", ranged(("introduced", "1.0"), ("last_affected", "1.5")), aliases=("CVE-2026-0001",)),
            says("A-3", ranged(("introduced", "0"), ("fixed", "oops")), name="odd"),
            says("A-4", versions=("4.11-final",), name="legacy"),
            says("D-1", ranged(("introduced", "0"), ("fixed", "1.2-3+deb12u1")), ecosystem="Debian:12", name="src"),
            says("D-2", ranged(("introduced", "0"), ("fixed", "1.2-9")), ecosystem="Debian", name="any"),
        ],
        feeds=FEEDS,
    )


def test_an_affected_component_names_each_advisory_the_rule_that_fired_and_the_age(small: Index) -> None:
    found = ask(small, "Thing", "1.5")
    assert found.answer is Answer.AFFECTED
    assert [(f.advisory, f.rule) for f in found.findings] == [
        ("A-1", "introduced 0, fixed 2.0"),
        ("A-2", "introduced 1.0, last_affected 1.5"),
    ]
    assert found.age == timedelta(days=1)
    assert found.source == "pypa 2026-11-21"


def test_a_listed_version_is_found_in_any_spelling_and_says_that_the_list_fired(small: Index) -> None:
    for spelling in ("2.1", "2.1.0", "v2.1"):
        assert [f.rule for f in ask(small, "thing", spelling).findings] == ["listed version"]


def test_advisories_that_share_an_alias_are_one_vulnerability(small: Index) -> None:
    assert {f.vulnerability for f in ask(small, "thing", "1.2").findings} == {"CVE-2026-0001"}


def test_a_version_that_no_advisory_reaches_is_not_affected_with_the_number_of_those_checked(small: Index) -> None:
    found = ask(small, "thing", "2.0")
    assert found.answer is Answer.NOT_AFFECTED
    assert "2 advisories name this package and none reaches" in found.reason


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("thing", "2.0-final", "no pypi version"),
        ("thing", "", "no version was given"),
        ("odd", "1.0", "fixed bound is no"),
        ("legacy", "4.12-final", "no pypi version"),
    ],
)
def test_what_cannot_be_placed_is_unknown_and_never_clean(small: Index, name: str, version: str, words: str) -> None:
    found = ask(small, name, version)
    assert found.answer is Answer.UNKNOWN
    assert words in found.reason
    assert found.undecided


def test_a_version_without_order_matches_the_list_as_written(small: Index) -> None:
    assert ask(small, "legacy", "4.11-final").answer is Answer.AFFECTED


@pytest.mark.parametrize(
    ("ecosystem", "name", "words"),
    [
        ("", "thing", "does not say which package"),
        ("PyPI", "", "does not say which package"),
        ("npm", "thing", "there are no advisories here for npm"),
    ],
)
def test_without_identity_or_feed_nothing_is_assessed(small: Index, ecosystem: str, name: str, words: str) -> None:
    found = ask(small, name, "1.0", ecosystem)
    assert found.answer is Answer.NOT_ASSESSED
    assert words in found.reason


def test_a_feed_past_its_age_limit_assesses_nothing_and_still_shows_what_it_knew(small: Index) -> None:
    late = NOW + timedelta(days=6, seconds=1)
    for version, findings in (("1.5", 2), ("9.9", 0)):
        found = ask(small, "thing", version, now=late)
        assert found.answer is Answer.NOT_ASSESSED
        assert "7 days old and the limit is 7 days" in found.reason
        assert len(found.findings) == findings
    assert ask(small, "thing", "9.9", now=NOW + timedelta(days=6)).answer is Answer.NOT_AFFECTED


def test_a_feed_from_the_future_assesses_nothing(small: Index) -> None:
    found = ask(small, "thing", "9.9", now=YESTERDAY - timedelta(seconds=1))
    assert found.answer is Answer.NOT_ASSESSED
    assert "future" in found.reason


def test_a_distribution_package_needs_its_release(small: Index) -> None:
    assert ask(small, "src", "1.2-3", "Debian").answer is Answer.UNKNOWN
    assert ask(small, "src", "1.2-3", "Debian:12").answer is Answer.AFFECTED
    assert ask(small, "src", "1.2-3+deb12u1", "Debian:12").answer is Answer.NOT_AFFECTED


def test_a_statement_that_names_no_release_leaves_every_release_unknown(small: Index) -> None:
    found = ask(small, "any", "1.2-1", "Debian:12")
    assert found.answer is Answer.UNKNOWN
    assert [f.advisory for f in found.undecided] == ["D-2"]


def test_a_withdrawn_advisory_says_nothing() -> None:
    advisory = Advisory(
        id=AdvisoryId("A-9"),
        title="t",
        summary="s",
        modified_at=NOW,
        affected=(Affected(ecosystem="PyPI", name="thing", ranges=(BELOW_2,)),),
    )
    assert [s.advisory for s in statements(advisory)] == ["A-9"]
    withdrawn = Advisory(
        id=advisory.id, title="t", summary="s", modified_at=NOW, withdrawn_at=NOW, affected=advisory.affected
    )
    assert list(statements(withdrawn)) == []


def test_rows_come_in_pieces_of_any_size_and_give_the_same_answers(small: Index) -> None:
    names = ["thing", "Thing", "odd", "other", "thing"] * 7
    versions = ["1.5", "1.5", "1.0", "1.0", "9"] * 7
    whole = Matching(small, now=NOW)
    rows = whole.add("PyPI", names, versions)
    pieces = Matching(small, now=NOW)
    parts = [pieces.add("PyPI", names[at : at + 3], versions[at : at + 3]) for at in range(0, len(names), 3)]
    assert [n for part in parts for n in part.numbers] == list(rows.numbers)
    assert b"".join(part.states for part in parts) == rows.states
    assert whole.components == pieces.components
    assert rows.tally() == {
        Answer.AFFECTED: 14, Answer.NOT_AFFECTED: 14, Answer.UNKNOWN: 7, Answer.NOT_ASSESSED: 0,
    }  # fmt: skip
    assert list(rows.places(Answer.AFFECTED)) == [at for at in range(35) if at % 5 < 2]
    assert whole.findings(rows) == 28


def test_columns_of_different_length_are_refused(small: Index) -> None:
    with pytest.raises(ValueError, match="2 names and 1 versions"):
        Matching(small, now=NOW).add("PyPI", ["a", "b"], ["1"])


def test_every_component_ends_in_exactly_one_of_the_four_answers(small: Index) -> None:
    matching = Matching(small, now=NOW)
    rows = matching.add("PyPI", ["thing", "odd", "x", ""], ["1", "1", "1", "1"])
    assert sum(rows.tally().values()) == 4
    assert [matching.answer(n) for n in rows.numbers] == [
        Answer.AFFECTED, Answer.UNKNOWN, Answer.NOT_AFFECTED, Answer.NOT_ASSESSED,
    ]  # fmt: skip


VERSIONS = st.sampled_from(["0", "1.0", "1.0.0", "1.5", "2.0rc1", "2.0", "2.0.post1", "3", "bad-version", ""])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), VERSIONS.filter(bool)), min_size=1, max_size=4
)
RANGES = st.builds(lambda events: ranged(*events), EVENTS) | st.just(ranged(("introduced", "0"), kind=RangeKind.GIT))
STATEMENTS = st.lists(
    st.tuples(st.lists(RANGES, max_size=3), st.lists(VERSIONS.filter(bool), max_size=3)), min_size=1, max_size=5
)


@settings(max_examples=300)
@given(STATEMENTS, VERSIONS)
def test_segments_answer_as_every_statement_asked_alone(
    made: list[tuple[list[Range], list[str]]], version: str
) -> None:
    kept = [says(f"A-{n}", *ranges, versions=tuple(listed)) for n, (ranges, listed) in enumerate(made)]
    found = ask(index(kept, feeds=FEEDS), "thing", version)
    alone = [covers(statement.affected, version) for statement in kept]
    assert [f.advisory for f in found.findings] == [f"A-{n}" for n, a in enumerate(alone) if isinstance(a, Inside)]
    assert {f.advisory for f in found.undecided} >= {f"A-{n}" for n, a in enumerate(alone) if isinstance(a, Undecided)}
    if any(isinstance(a, Inside) for a in alone):
        assert found.answer is Answer.AFFECTED
    elif any(isinstance(a, Undecided) for a in alone):
        assert found.answer is Answer.UNKNOWN


@given(st.permutations(range(5)))
def test_the_order_of_advisories_never_changes_the_answer(order: list[int]) -> None:
    kept = [
        says("A-0", BELOW_2, aliases=("CVE-1", "GHSA-x")),
        says("A-1", ranged(("introduced", "1.0")), aliases=("GHSA-x",)),
        says("A-2", versions=("1.5",), aliases=("CVE-1",)),
        says("A-3", ranged(("introduced", "oops"))),
        says("A-4", ranged(("introduced", "3"))),
    ]
    found = ask(index([kept[n] for n in order], feeds=FEEDS), "thing", "1.5")
    assert found.answer is Answer.AFFECTED
    assert sorted((f.advisory, f.vulnerability, f.rule) for f in found.findings) == [
        ("A-0", "CVE-1", "introduced 0, fixed 2.0"),
        ("A-1", "CVE-1", "introduced 1.0"),
        ("A-2", "CVE-1", "listed version"),
    ]


@pytest.mark.parametrize(
    ("published", "ours"),
    [
        ("Rocky Linux:9", "Rocky Linux:9.3"),
        ("AlmaLinux:9", "AlmaLinux:9.4"),
        ("Red Hat:enterprise_linux:9::baseos", "Red Hat:9.4"),
        ("Red Hat:enterprise_linux:9::appstream", "Red Hat:9"),
        ("openSUSE:Leap 15.5", "openSUSE:15.5"),
        ("Azure Linux:3", "Azure Linux:3.0"),
        ("Debian:12", "Debian:12.5"),
    ],
)
def test_a_release_in_the_words_of_os_release_meets_what_osv_publishes_for_it(published: str, ours: str) -> None:
    family = published.partition(":")[0]
    fixed = says("X-1", ranged(("introduced", "0"), ("fixed", "5.2-1")), ecosystem=published, name="bash")
    built = index([fixed], feeds=[Feed(ecosystem=family, source="x", as_of=NOW)])
    assert ask(built, "bash", "5.1-1", ours).answer is Answer.AFFECTED
    assert ask(built, "bash", "5.3-1", ours).answer is Answer.NOT_AFFECTED


RELEASES = frozenset({"debian:11", "debian:12", "debian:13"})


def test_a_release_that_the_feed_never_names_is_not_assessed_and_never_clean() -> None:
    fixed = says("D-1", ranged(("introduced", "0"), ("fixed", "5.2-1")), ecosystem="Debian:12", name="bash")
    built = index([fixed], feeds=[Feed(ecosystem="Debian", source="OSV Debian", as_of=NOW, releases=RELEASES)])
    for name in ("bash", "a package without any advisory"):
        found = ask(built, name, "5.1-1", "Debian:99")
        assert found.answer is Answer.NOT_ASSESSED
        assert "names Debian:99" in found.reason
        assert "debian:11, debian:12, debian:13" in found.reason
    assert ask(built, "bash", "5.1-1", "Debian:12").answer is Answer.AFFECTED
    assert ask(built, "bash", "5.1-1", "Debian:13").answer is Answer.NOT_AFFECTED


def test_what_is_said_without_a_release_is_shown_beside_a_release_that_the_feed_never_names() -> None:
    anywhere = says("D-2", ranged(("introduced", "0"), ("fixed", "5.2-1")), ecosystem="Debian", name="bash")
    built = index([anywhere], feeds=[Feed(ecosystem="Debian", source="x", as_of=NOW, releases=RELEASES)])
    found = ask(built, "bash", "5.1-1", "Debian:99")
    assert found.answer is Answer.NOT_ASSESSED
    assert [one.advisory for one in found.undecided] == ["D-2"]


def test_a_distribution_whose_records_name_no_release_is_answered_as_before() -> None:
    built = index([], feeds=[Feed(ecosystem="Wolfi", source="x", as_of=NOW, releases=frozenset())])
    assert ask(built, "bash", "5.1-r0", "Wolfi:20230201").answer is Answer.NOT_AFFECTED


def test_a_suse_host_named_by_number_is_unknown_and_never_clean() -> None:
    for releases in (None, frozenset({"suse:linux enterprise server 15 sp5"})):
        feed = Feed(ecosystem="SUSE", source="x", as_of=NOW, releases=releases)
        found = ask(index([], feeds=[feed]), "bash", "5.1-1", "SUSE:15.5")
        assert found.answer is Answer.UNKNOWN
        assert "by product and module" in found.reason


@pytest.mark.parametrize(
    ("ecosystem", "words"),
    [("debian:12", "fetch the OSV bundle of Debian"), ("Fedora:40", "OSV publishes no bundle of them")],
)
def test_where_no_feed_is_held_the_reason_names_the_bundle_to_fetch_or_says_that_there_is_none(
    ecosystem: str, words: str
) -> None:
    found = ask(index([], feeds=[]), "bash", "5.1-1", ecosystem)
    assert found.answer is Answer.NOT_ASSESSED
    assert words in found.reason
