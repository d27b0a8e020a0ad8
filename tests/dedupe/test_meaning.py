"""Meaning is one signal more: asked only of candidates, off by default, and never alone a reason for anything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.clearing import combine, flow_compare, flow_meaning
from comity.clearing.aliases import Statement, republished
from comity.clearing.combine import decide, signals
from comity.model.case import Disputed, New, Same
from comity.settings import Settings
from tests.clearing.findings import without_alias
from tests.dedupe.test_combine import MOVED, ONE, PATCH, opinion, profiled

BARE = replace(without_alias(), symbols=(), crash_frames=(), introduced_commits=(), fixed_commits=(), cwes=())
OTHER = replace(BARE, summary="Quite other words", description="Nothing that was said before is said here again.")


@given(st.floats(-1, 1))
def test_meaning_alone_neither_merges_nor_links(meaning) -> None:
    heard = opinion(BARE, OTHER, meaning=meaning)
    assert not heard.structural
    assert not heard.identity
    assert decide(flow_compare.weights(), {ONE: [heard]}) == New()


@given(st.floats(-1, 1))
def test_meaning_never_turns_a_dispute_into_a_merge_nor_a_merge_away(meaning) -> None:
    placed = without_alias()
    linked = decide(flow_compare.weights(), {ONE: [opinion(placed, placed, meaning=meaning)]})
    assert isinstance(linked, Disputed)
    joined = decide(
        flow_compare.weights(), {ONE: [opinion(placed, placed, mine=[PATCH], theirs=[MOVED], meaning=meaning)]}
    )
    assert isinstance(joined, Same)


def test_meaning_speaks_where_words_did_not_and_never_against() -> None:
    one, other = profiled(BARE, "R-1"), profiled(OTHER, "R-2")
    assert "meaning alike" in signals(one, other, meaning=0.9)
    assert "text unlike" not in signals(one, other, meaning=0.9)
    assert signals(one, other, meaning=0.1) == signals(one, other)
    assert "meaning alike" not in signals(one, one, meaning=1.0)
    assert opinion(BARE, OTHER, meaning=0.9).probability > opinion(BARE, OTHER).probability


def test_nobody_reads_meanings_unless_the_host_asked() -> None:
    assert flow_meaning.reader(Settings()) is None


def test_identifiers_are_hidden_before_a_text_is_read() -> None:
    text = flow_meaning.text_of(replace(BARE, summary="CVE-2020-14343 in the loader"))
    assert "14343" not in text
    assert "loader" in text
    assert combine.MEANING_ALIKE < 1


def words(name: str, **more) -> Statement:
    text = "An attacker who controls the length of a chunk reads past the end of the buffer in the decoder."
    return Statement(id=name, text=text, **more)


def test_two_statements_that_name_other_commits_are_two_even_with_equal_texts() -> None:
    page = "https://git.example.org/w/r/commit/"
    same = [words(f"PYSEC-{n}", links=frozenset({page + "a" * 40}), packages=frozenset({"w"})) for n in (1, 2)]
    assert republished(same) == {frozenset({"PYSEC-1", "PYSEC-2"})}
    apart = [same[0], replace(same[1], links=frozenset({page + "b" * 40}))]
    assert republished(apart) == frozenset()


def test_packages_of_two_ecosystems_with_other_names_are_two() -> None:
    link = frozenset({"https://blog.example.org/smuggling"})
    pair = [words("PYSEC-1", links=link, packages=frozenset({"w"}))]
    pair.append(words("RUSTSEC-1", links=link, packages=frozenset({"v"})))
    assert republished(pair) == frozenset()
    assert republished([pair[0], replace(pair[1], packages=frozenset({"w"}))]) != frozenset()


@pytest.mark.parametrize(("cosine", "joined"), [(1.0, True), (0.0, False)])
def test_vectors_move_the_nearness_of_statements_that_share_a_fact(cosine, joined) -> None:
    pair = [
        Statement(id="CVE-1", text="one two three four five six seven eight nine", packages=frozenset({"widget"})),
        Statement(id="PYSEC-1", text="one two three four five more words stand here", packages=frozenset({"widget"})),
        Statement(id="PYSEC-2", text="something else altogether is told about another", packages=frozenset({"other"})),
    ]
    turned = (cosine, (1 - cosine**2) ** 0.5)
    meanings = {"CVE-1": (1.0, 0.0), "PYSEC-1": turned, "PYSEC-2": (0.0, 1.0)}
    assert bool(republished(pair, meanings=meanings)) == joined
