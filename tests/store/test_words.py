"""Search: which words find what, for whom, and what of it rests in the store."""

from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from comity.access.pace import paced
from comity.clearing.desk_search import CaseSearch
from comity.errors import Invalid
from comity.library.search import AdvisorySearch
from comity.library.searching import LONGEST, Searching
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import ANONYMOUS, Viewer
from comity.model.search import Kind
from comity.model.words import LONGEST as WORD
from comity.model.words import MOST, asked, holds, words
from comity.settings import Settings
from comity.store import cases, engine, published, reports
from comity.store import words as index
from comity.store.tables import constants
from comity.store.words import record_words
from tests.store.values import ADMIN, COORDINATOR, NOW, SECRET, advisory, case, report, submitter


def searching(store: engine.Store) -> Searching:
    """The search over cases, reports and advisories."""
    return Searching(searchers=(CaseSearch(store=store), AdvisorySearch(store=store)))


def found(store: engine.Store, viewer: Viewer, question: str) -> list[tuple[Kind, str]]:
    """Kind and id of every hit."""
    return [(hit.kind, hit.id) for hit in searching(store).search(viewer, question)]


@pytest.mark.parametrize(
    "question",
    [
        "CVE-2024-1234",
        "cve-2024-1234",
        "2024",
        "pkg:pypi/Jinja2",
        "jinja2",
        "URLLIB.PARSE",
        "parse",
        "naive",
        "Ｎaïve,",
    ],
)
def test_a_text_is_found_by_its_pieces_and_by_their_parts(question: str) -> None:
    texts = ("(CVE-2024-1234) in pkg:pypi/jinja2:", "a naïve urllib.parse.")
    assert holds(texts, asked(question))


@given(st.lists(st.text(max_size=300), max_size=5))
def test_no_text_gives_more_words_than_are_kept_or_longer_ones(texts: list[str]) -> None:
    held = words(texts)
    assert len(held) <= MOST
    assert len(set(held)) == len(held)
    assert all(2 <= len(word) <= WORD for word in held)


@given(st.text(max_size=100))
def test_a_record_holds_every_word_that_its_own_text_asks_for(line: str) -> None:
    assert holds((line,), asked(line))


@pytest.fixture(params=["few", "many"])
def held_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words asked for are in few records, or in so many that each row is looked at."""
    if request.param == "many":
        monkeypatch.setattr(index, "MANY", 1)


@pytest.mark.usefixtures("held_by")
def test_a_search_finds_what_its_asker_may_read_and_nothing_else(store: engine.Store) -> None:
    held, other = report(organisation="lab-a"), report(organisation="lab-b", document=b"[]")
    with store.write() as tx:
        reports.add_all(tx, [(held, ()), (other, ())])
        made = cases.add(tx, case(held.id, other.id))
    reports_found = {(Kind.REPORT, held.id), (Kind.REPORT, other.id)}
    assert set(found(store, COORDINATOR, "parser length")) == reports_found
    assert found(store, COORDINATOR, "LENGTH trusted title") == []
    assert found(store, COORDINATOR, "trusted length") == [(Kind.CASE, made.id)]
    assert found(store, COORDINATOR, made.id.lower()) == [(Kind.CASE, made.id)]
    assert found(store, submitter("lab-a"), "tinyparse") == [(Kind.REPORT, held.id)]
    assert found(store, submitter("lab-b"), "lab-7") == [(Kind.REPORT, other.id)]
    for stranger in (ANONYMOUS, ADMIN, submitter("lab-c")):
        assert found(store, stranger, "tinyparse") == []
        assert found(store, stranger, held.id) == []


@pytest.mark.usefixtures("held_by")
def test_a_withheld_case_is_found_by_those_read_in_alone(store: engine.Store) -> None:
    held = report()
    with store.write() as tx:
        reports.add(tx, held)
        made = cases.add(tx, case(held.id))
        cases.withhold(tx, made.id, withheld=True)
        cases.read_in(tx, made.id, PartyId("p-other"), at=NOW)
    assert found(store, COORDINATOR, "length") == []
    other = replace(COORDINATOR, person=PartyId("p-other"))
    assert {kind for kind, _ in found(store, other, "length")} == {Kind.CASE, Kind.REPORT}


@pytest.mark.usefixtures("held_by")
def test_advisories_are_found_within_their_label_and_by_their_newest_words(store: engine.Store) -> None:
    first, amber = advisory(1), advisory(2, tlp=Tlp.AMBER)
    with store.write() as tx:
        published.put(tx, first, ())
        published.put(tx, amber, ())
    assert found(store, ANONYMOUS, "cve-2020-0001") == [(Kind.ADVISORY, first.id)]
    assert len(found(store, COORDINATOR, "tinyparse")) == 2
    with store.write() as tx:
        published.put(tx, replace(first, title="Renamed"), ())
    assert found(store, ANONYMOUS, "trusted") == []
    assert found(store, ANONYMOUS, "renamed upgrade") == [(Kind.ADVISORY, first.id)]


def test_an_erased_record_leaves_no_word(store: engine.Store) -> None:
    held = report()
    with store.write() as tx:
        reports.add(tx, held)
        made = cases.add(tx, case(held.id))
    with store.write() as tx:
        reports.erase(tx, held.id, at=NOW)
        cases.erase(tx, made.id, at=NOW)
        assert tx.connection.execute(select(record_words)).all() == []
    assert found(store, COORDINATOR, "length") == []


def test_no_word_can_be_read_at_rest(store: engine.Store, settings: Settings) -> None:
    with store.write() as tx:
        reports.add(tx, report())
    with store.read() as tx:
        rows = tx.connection.execute(text("SELECT place, mark, record FROM record_words")).all()
    assert len(rows) >= 6
    for word in words((SECRET, "tinyparse", "LAB-7")):
        assert all(word.encode() not in bytes(mark) for _, mark, _ in rows)


def test_an_older_store_is_indexed_once(store: engine.Store) -> None:
    held = [report(minutes=minute, document=str(minute).encode()) for minute in range(3)]
    with store.write() as tx:
        reports.add_all(tx, [(one, ()) for one in held])
        published.put(tx, advisory(), ())
        tx.connection.execute(delete(record_words))
    assert found(store, COORDINATOR, "tinyparse") == []
    searching(store).catch_up()
    assert len(found(store, COORDINATOR, "tinyparse")) == 4
    with store.write() as tx:
        done = (
            tx.connection.execute(select(constants.c.name).where(constants.c.name.like("words of %"))).scalars().all()
        )
        tx.connection.execute(delete(record_words))
    assert {"words of cases", "words of reports", "words of advisories"} <= set(done)
    searching(store).catch_up()
    assert found(store, COORDINATOR, "tinyparse") == [], "done once, it is not done again"


@pytest.mark.parametrize("question", ["", " ", "a", "- . /", "x" * (LONGEST + 1)])
def test_a_question_without_a_word_says_what_to_ask(store: engine.Store, question: str) -> None:
    with pytest.raises(Invalid) as refused:
        searching(store).search(COORDINATOR, question)
    assert refused.value.problems[0].pointer == "/q"


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=2, max_size=8))
def test_an_answer_leaves_at_a_whole_step_of_time(gone: list[float]) -> None:
    slept: list[float] = []
    for begun, ended in pairwise([0.0, *(sum(gone[: i + 1]) for i in range(len(gone)))]):
        times = iter((begun, ended))
        with paced(0.25, clock=lambda times=times: next(times), sleep=slept.append):  # type: ignore[misc]
            pass
        whole = (ended - begun + slept[-1]) / 0.25
        assert slept[-1] >= 0
        assert round(whole) >= 1
        assert abs(whole - round(whole)) < 1e-6


def test_an_error_leaves_at_a_whole_step_too() -> None:
    slept: list[float] = []
    times = iter((10.0, 10.1))
    with pytest.raises(Invalid), paced(0.25, clock=lambda: next(times), sleep=slept.append):
        raise Invalid("no word", [])
    assert slept == [pytest.approx(0.15)]


def test_a_worker_finds_that_another_one_built_the_index_meanwhile(store: engine.Store) -> None:
    with store.write() as tx:
        tx.connection.execute(delete(constants).where(constants.c.name.like("words of %")))

    class Slower:
        """The store as a second worker meets it: the first one is done between its look and its turn to write."""

        read = store.read

        def write(self) -> Any:
            index.build(store, "reports", reports.searched)
            return store.write()

    index.build(cast("engine.Store", Slower()), "reports", reports.searched)
    with store.read() as tx:
        noted = select(constants.c.value).where(constants.c.name == "words of reports")
        assert tx.connection.execute(noted).scalars().all() == ["1"]
