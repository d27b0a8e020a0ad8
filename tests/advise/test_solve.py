"""The smallest upgrade: equal to trying every version one by one, on generated advisories and on real ones."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.bench.match import statements_of
from comity.defend.match import Matching, Row
from comity.defend.segments import Feed, Index, Statement, index
from comity.defend.solve import Clear, NoFix, Partial, Step, Upgrade, releases, solve, solve_all, step
from comity.formats.versions import Inside, Undecided, covers, order
from comity.model.inventory import Answer
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEEDS = (Feed(ecosystem="PyPI", source="pypa", as_of=NOW - timedelta(days=1)),)
LAST = 11


def spelled(number: int) -> str:
    return f"{number // 4}.{number % 4}"


def says(advisory: str, *events: tuple[str, str], versions: tuple[str, ...] = (), name: str = "thing") -> Statement:
    ranges = (
        (
            Range(
                kind=RangeKind.ECOSYSTEM,
                events=tuple(RangeEvent(kind=EventKind(kind), version=at) for kind, at in events),
            ),
        )
        if events
        else ()
    )
    return Statement(
        advisory=advisory, affected=Affected(ecosystem="PyPI", name=name, versions=versions, ranges=ranges)
    )


def of(*statements: Statement) -> Index:
    return index(statements, feeds=FEEDS)


def thing(version: str) -> Row:
    return Row("PyPI", "thing", version)


def test_a_fix_that_another_advisory_reaches_is_never_named() -> None:
    built = of(
        says("A-1", ("introduced", "0"), ("fixed", "2.1")),
        says("A-2", ("introduced", "2.0"), ("fixed", "2.3")),
    )
    found = solve(built, thing("1.0"), now=NOW)
    assert isinstance(found, Upgrade)
    assert (found.to, found.clears, found.step) == ("2.3", ("A-1",), Step.MAJOR)
    assert found.proof.answer is Answer.NOT_AFFECTED
    assert found.proof.row == thing("2.3")


def test_a_regression_between_two_fixes_is_stepped_over() -> None:
    built = of(says("A-1", ("introduced", "0"), ("fixed", "1.2"), ("introduced", "1.3"), ("fixed", "1.5")))
    assert getattr(solve(built, thing("1.3"), now=NOW), "to", "") == "1.5"
    assert getattr(solve(built, thing("1.0"), now=NOW), "to", "") == "1.2"


def test_what_no_fix_removes_stays_and_the_rest_is_cleared() -> None:
    built = of(says("A-1", ("introduced", "0"), ("fixed", "1.2")), says("A-2", ("introduced", "0")))
    found = solve(built, thing("1.0"), now=NOW)
    assert isinstance(found, Partial)
    assert (found.to, found.clears) == ("1.2", ("A-1",))
    assert [(stays.vulnerability, stays.reason) for stays in found.stays] == [
        ("A-2", "introduced 0; the advisory names no fix")
    ]


def test_a_last_affected_version_is_no_fix_but_says_where_to_look() -> None:
    built = of(says("A-1", ("introduced", "0"), ("last_affected", "1.5")))
    found = solve(built, thing("1.0"), now=NOW)
    assert isinstance(found, NoFix)
    assert found.beyond == "1.5"
    assert "after 1.5" in found.reason
    offered = solve(built, thing("1.0"), now=NOW, offered=("1.5", "1.6", "2.0"))
    assert isinstance(offered, Upgrade)
    assert offered.to == "1.6"
    assert offered.earlier == "1.5"


def test_an_undecidable_range_is_never_cleared() -> None:
    built = of(says("A-1", ("introduced", "0"), ("fixed", "1.2")), says("A-3", ("introduced", "0"), ("fixed", "oops")))
    found = solve(built, thing("1.0"), now=NOW)
    assert isinstance(found, Partial)
    assert [stays.vulnerability for stays in found.stays] == ["A-3"]


def test_an_old_feed_proves_nothing() -> None:
    built = of(says("A-1", ("introduced", "0"), ("fixed", "1.2")))
    found = solve(built, thing("1.0"), now=NOW + timedelta(days=30))
    assert isinstance(found, NoFix)
    assert "fetch the feed again" in found.reason


def test_a_version_that_nobody_can_order_gets_no_upgrade() -> None:
    built = of(says("A-1", ("introduced", "0"), ("fixed", "1.2"), versions=("4.11-final",)))
    found = solve(built, thing("4.11-final"), now=NOW)
    assert isinstance(found, NoFix)
    assert "no version in PyPI" in found.reason


def test_a_commit_is_never_named_as_a_version() -> None:
    affected = Affected(
        ecosystem="PyPI",
        name="thing",
        versions=("1.0",),
        ranges=(
            Range(
                kind=RangeKind.GIT,
                events=(
                    RangeEvent(kind=EventKind.INTRODUCED, version="0"),
                    RangeEvent(kind=EventKind.FIXED, version="20240101"),
                ),
                repo="https://example.org/thing",
            ),
        ),
    )
    found = solve(of(Statement(advisory="A-1", affected=affected)), thing("1.0"), now=NOW)
    assert isinstance(found, NoFix)


def test_a_clean_component_needs_nothing() -> None:
    assert isinstance(solve(of(says("A-1", ("introduced", "0"), ("fixed", "1.2"))), thing("1.2"), now=NOW), Clear)


@pytest.mark.parametrize(
    ("current", "to", "expected"),
    [
        ("1.9", "2.0", Step.MAJOR),
        ("1.9", "1.10", Step.MINOR),
        ("0.3.1", "0.4.0", Step.ZERO),
        ("0.3.1", "0.3.2", Step.MINOR),
        ("v1.2", "v1.3", Step.MINOR),
        ("1:1.2-3", "2:1.2-4", Step.MINOR),
        ("abc", "1.0", Step.UNKNOWN),
    ],
)
def test_the_step_of_an_upgrade_is_read_off_the_versions(current: str, to: str, expected: Step) -> None:
    assert step(current, to) is expected


def test_an_asset_is_cleared_where_every_component_is() -> None:
    built = of(
        says("A-1", ("introduced", "0"), ("fixed", "1.2")),
        says("B-1", ("introduced", "0"), name="other"),
    )
    found = solve_all(built, [thing("1.0"), thing("0.1"), thing("1.0"), Row("PyPI", "other", "1.0")], now=NOW)
    assert [type(solution).__name__ for solution in found.solutions] == ["Upgrade", "Upgrade", "NoFix"]
    assert found.clears == ("A-1",)
    assert found.stays == ("B-1",)


numbers = st.integers(0, LAST)


@st.composite
def statements(draw: st.DrawFn, name: str) -> tuple[Statement, frozenset[int]]:
    """A statement, and the numbers of the versions it reaches, found by walking them one by one."""
    first = draw(numbers)
    length = draw(st.integers(1, 6))
    end = first + length
    kind = draw(st.sampled_from(["fixed", "last_affected", "open"]))
    listed = draw(st.frozensets(numbers, max_size=2))
    if kind == "fixed" and end <= LAST:
        events = (("introduced", spelled(first)), ("fixed", spelled(end)))
        reached = set(range(first, end))
    elif kind == "last_affected" and end <= LAST:
        events = (("introduced", spelled(first)), ("last_affected", spelled(end)))
        reached = set(range(first, end + 1))
    else:
        events = (("introduced", spelled(first)),)
        reached = set(range(first, LAST + 1))
    return says(name, *events, versions=tuple(map(spelled, sorted(listed)))), frozenset(reached | listed)


@settings(max_examples=300, deadline=None)
@given(
    several=st.lists(numbers, min_size=1, max_size=4).flatmap(
        lambda picks: st.tuples(*(statements(f"A-{place}") for place, _ in enumerate(picks)))
    ),
    current=numbers,
    offered=st.frozensets(numbers, max_size=5),
)
def test_the_answer_is_what_trying_every_version_gives(
    several: tuple[tuple[Statement, frozenset[int]], ...], current: int, offered: frozenset[int]
) -> None:
    built = of(*(statement for statement, _ in several))
    reached = [(statement.advisory, numbers_) for statement, numbers_ in several]
    named = {
        number
        for statement, _ in several
        for number in range(LAST + 1)
        if spelled(number) in statement.affected.fixed_versions
    }
    hits = {number: {name for name, at in reached if number in at} for number in range(LAST + 1)}
    candidates = [number for number in sorted(named | offered) if number > current]
    found = solve(built, thing(spelled(current)), now=NOW, offered=tuple(map(spelled, offered)))

    if not hits[current]:
        assert isinstance(found, Clear)
        return
    clean = [number for number in candidates if not hits[number]]
    fewer = [number for number in candidates if len(hits[number]) < len(hits[current])]
    if clean:
        assert isinstance(found, Upgrade)
        assert found.to == spelled(clean[0])
        assert set(found.clears) == hits[current]
    elif fewer:
        least = min(fewer, key=lambda number: (len(hits[number]), number))
        assert isinstance(found, Partial)
        assert found.to == spelled(least)
        assert {stays.vulnerability for stays in found.stays} == hits[least]
        assert set(found.clears) == hits[current] - hits[least]
    else:
        assert isinstance(found, NoFix)
        assert {stays.vulnerability for stays in found.stays} == hits[current]


@pytest.fixture(scope="module")
def pypa(corpora: Path) -> Index:
    """PyPA's advisory database, CC BY 4.0, a state of 2024."""
    with gzip.open(corpora / "advisories" / "pypa.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [statement for line in lines for statement in statements_of(json.loads(line))]
    return index(read, feeds=FEEDS)


def test_on_real_advisories_the_smallest_fix_is_what_asking_each_statement_gives(pypa: Index) -> None:
    """Every tenth package of the PyPA data, at its oldest, middle and newest affected version."""
    outcomes = {"Upgrade": 0, "Partial": 0, "NoFix": 0, "Clear": 0}
    for package in sorted(pypa.lines)[::10]:
        about = [pypa.statements[place] for place in pypa.lines[package].everything]
        known = releases(pypa, "PyPI", package.name)
        for version in {known[0], known[len(known) // 2], known[-1]} if known else ():
            row = Row("PyPI", package.name, version)
            found = solve(pypa, row, now=NOW)
            outcomes[type(found).__name__] += 1
            fixes = {fix for statement in about for fix in statement.affected.fixed_versions}
            newer = [fix for fix in fixes if order("PyPI", fix, version) == 1]
            clean = [
                fix for fix in newer if not any(isinstance(covers(s.affected, fix), Inside | Undecided) for s in about)
            ]
            if isinstance(found, Upgrade):
                assert found.to in clean
                assert all(order("PyPI", found.to, fix) in {-1, 0} for fix in clean)
                again = Matching(pypa, now=NOW)
                (number,) = again.add("PyPI", [package.name], [found.to]).numbers
                assert again.answer(number) is Answer.NOT_AFFECTED
            elif not isinstance(found, Clear):
                assert not clean
    assert outcomes["Upgrade"] > 50
    assert outcomes["NoFix"] > 5
