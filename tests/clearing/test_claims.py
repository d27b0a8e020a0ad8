"""Scan claims: overlap is set arithmetic, nobody is named without consent, nothing is exclusive."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from comity.clearing import claims as rules
from comity.clearing.desk import Document
from comity.clearing.desk_claims import Authorisation, Claims, Ending, Method, Wish
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import cwe
from comity.formats.report import ReportDocument
from comity.model.claim import Area, Claim, Overlap
from comity.model.ids import PartyId
from comity.model.report import Finding
from comity.settings import Settings
from comity.store import tables
from tests.clearing import hosts
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
REPOSITORY = "https://git.example.org/widgets/reader.git"
ALLOWED = Authorisation(
    owner="Example Foundation", scope="the reader, all branches", contact="security@example.org",
    starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
)  # fmt: skip


def wish(*paths: str, **more: object) -> Wish:
    return Wish(repository=REPOSITORY, paths=paths, **more)  # type: ignore[arg-type]  # its own fields


HERE = rules.area(wish())


def claim(*paths: str, cwes: tuple[str, ...] = (), named: bool = False) -> Claim:
    return Claim(
        id="K-1", organisation=PartyId("o"), person=PartyId("p"), authorisation=ALLOWED, may_be_named=named,
        area=replace(rules.area(wish(*paths)), cwes=cwes), made_at=AT, ends_at=AT + timedelta(days=7), beat_at=AT,
    )  # fmt: skip


def overlap(area: Area, others: list[tuple[Claim, str]], *, may_be_named: bool) -> Overlap:
    met = [
        rules.met(area, one.area, rules.state_of(one, name, AT, may_be_named=may_be_named))
        for one, name in others
        if one.area is not None
    ]
    return rules.overlap(area, [one for one in met if one is not None], AT)


@dataclass(slots=True)
class Site:
    """A host and its counter of claims."""

    host: Host
    claims: Claims

    def later(self, days: int) -> None:
        self.host.clock.jump_to(self.host.clock.now() + timedelta(days=days))


class Signer:
    """Stands in for the host's key."""

    def scan_result(self, statement: bytes) -> bytes:
        return b"signed " + statement


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Site]:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", claim_quota=3)
    with hosts.host(tmp_path, settings=settings, run=False) as host:
        yield Site(
            host,
            Claims(
                store=host.machines.store,
                settings=settings,
                signer=Signer(),
                now=host.clock.now,
                own_report=host.desk.own_report,
            ),
        )


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.org/widgets/reader.git",
        "HTTPS://git.example.org/widgets/reader/",
        "git@git.example.org:widgets/reader.git",
        "ssh://git@git.example.org/widgets/reader",
        "git.example.org/widgets/reader",
    ],
)
def test_a_repository_has_one_name_however_it_is_written(text):
    assert rules.area(Wish(repository=text)).repository == "git.example.org/widgets/reader"


def test_every_fault_of_an_area_is_listed():
    with pytest.raises(Invalid) as caught:
        rules.area(
            Wish(repository="x", paths=["../up", "ok"], cwes=["CWE-0"], methods=["looking hard"], commits=["abc"])
        )
    assert [p.pointer for p in caught.value.problems] == [
        "/repository",
        "/paths/0",
        "/cwes/0",
        "/methods/0",
        "/commits",
    ]


def test_a_path_within_another_is_said_once():
    assert rules.area(wish("src/", "src/parser", "./docs//a.md")).paths == ("docs/a.md", "src")


@pytest.mark.parametrize(
    ("ours", "theirs", "percent", "partly"),
    [
        (("a", "b", "c", "d"), ("a", "b/x"), 25, 1),
        (("a/x", "a/y"), ("a",), 100, 0),
        (("a",), (), 100, 0),
        ((), ("a",), 0, 0),
        ((), (), 100, 0),
        (("ab",), ("a",), 0, 0),
    ],
)
def test_the_held_part_is_counted_in_the_askers_paths(ours, theirs, percent, partly):
    found = overlap(rules.area(wish(*ours)), [(claim(*theirs), "Lab")], may_be_named=False)
    assert (found.held_percent, found.partly) == (percent, partly)


def test_a_name_needs_the_consent_of_both():
    for named, asked in ((True, False), (False, True), (False, False)):
        found = overlap(HERE, [(claim(named=named), "Lab")], may_be_named=asked)
        assert found.names == ()
    found = overlap(HERE, [(claim(named=True), "Lab")], may_be_named=True)
    assert found.names == ("Lab",)


def test_weaknesses_meet_by_ancestry():
    assert cwe.related(["CWE-121"], ["CWE-787"])  # a stack overflow is a write out of bounds
    assert cwe.related(["CWE-119"], ["CWE-121"])
    assert not cwe.related(["CWE-79"], ["CWE-121"])
    assert cwe.related([], ["CWE-79"])


@given(
    ours=st.lists(st.sampled_from(["a", "a/b", "c", "d/e"]), max_size=4),
    theirs=st.lists(st.lists(st.sampled_from(["a", "a/b", "c", "d/e"]), max_size=3), max_size=3),
)
def test_overlap_never_depends_on_the_order_and_more_claims_never_hold_less(ours, theirs):
    area = rules.area(wish(*ours))
    held = [(claim(*paths), "Lab") for paths in theirs]
    whole = overlap(area, held, may_be_named=False)
    assert overlap(area, held[::-1], may_be_named=False) == whole
    for place in range(len(held)):
        fewer = overlap(area, held[:place], may_be_named=False)
        assert fewer.held_percent <= whole.held_percent <= 100


def test_two_claims_on_one_area_are_both_good_and_each_is_told(held):
    first, alone = held.claims.take(LAB, wish("src"), ALLOWED)
    second, found = held.claims.take(RIVAL, wish("src"), ALLOWED)
    assert (alone.held_percent, found.held_percent) == (0, 100)
    assert found.until == first.ends_at
    assert found.names == ()
    assert first.is_open(held.host.clock.now())
    assert second.is_open(held.host.clock.now())


def test_asking_keeps_nothing(held):
    held.claims.ask(LAB, wish("src"))
    with held.host.machines.store.read() as tx:
        assert tx.connection.execute(select(tables.journal.c.kind)).all() == []
    assert held.claims.own(LAB).lines == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"owner": ""},
        {"scope": " "},
        {"contact": "x" * 501},
        {"ends_on": date(2026, 1, 2)},
        {"starts_on": date(2027, 1, 1)},
    ],
)
def test_without_an_authorisation_in_force_no_claim_is_taken(held, changed):
    with pytest.raises(Invalid, match="only with an authorisation"):
        held.claims.take(LAB, wish("src"), replace(ALLOWED, **changed))


def test_a_claim_ends_by_its_clock_and_progress_renews_it(held):
    taken, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    held.later(5)
    renewed = held.claims.beat(LAB, taken.id, progress=40)
    assert renewed.ends_at > taken.ends_at
    held.later(1)
    assert held.claims.beat(LAB, taken.id, progress=40).ends_at == renewed.ends_at
    with pytest.raises(Invalid, match="percentage"):
        held.claims.beat(LAB, taken.id, progress=30)
    held.later(8)
    with pytest.raises(Conflict, match="expired"):
        held.claims.beat(LAB, taken.id, progress=50)
    assert held.claims.ask(RIVAL, wish("src")).held_percent == 0


def test_claims_without_a_result_stay_on_their_holders_record(held):
    for number in range(3):
        taken, _ = held.claims.take(LAB, wish(f"src/{number}"), ALLOWED)
        held.claims.end(LAB, taken.id, Ending.ABANDONED)
    with pytest.raises(Forbidden, match="as many claims"):
        held.claims.take(LAB, wish("src/9"), ALLOWED)
    held.later(91)
    renewed = replace(ALLOWED, ends_on=date(2027, 12, 31))
    held.claims.take(LAB, wish("src/9"), renewed)


def test_nothing_found_is_a_result_that_others_hear_of(held):
    taken, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    with pytest.raises(Invalid) as caught:
        held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND)
    assert [p.pointer for p in caught.value.problems] == ["/coverage"]
    done = held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND, coverage="every entry point of src, 40 h of fuzzing")
    assert held.claims.result(LAB, done.id).startswith(b"signed ")
    (before,) = held.claims.ask(RIVAL, wish("src/parser")).looked_before
    assert before[1:] == (Ending.NOTHING_FOUND, 100)
    assert held.claims.own(LAB).left == 3


def test_asking_tells_of_ones_own_claims_too_open_and_ended(held):
    ended, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    held.claims.end(LAB, ended.id, Ending.NOTHING_FOUND, coverage="every entry point")
    _, found = held.claims.take(LAB, wish("src/parser"), ALLOWED)
    assert [(one.claim, one.ending, one.percent, one.coverage) for one in found.own] == [
        (ended.id, Ending.NOTHING_FOUND, 100, "every entry point")
    ]
    asked = held.claims.ask(LAB, wish("src/parser", "doc"))
    assert [(one.ending, one.percent) for one in asked.own] == [(None, 50), (Ending.NOTHING_FOUND, 50)]
    assert (asked.held_percent, asked.looked_before) == (0, ())
    assert held.claims.ask(LAB, wish("test")).own == ()
    assert held.claims.ask(RIVAL, wish("src")).own == ()
    held.later(98)
    assert held.claims.ask(LAB, wish("src")).own == ()


def test_findings_are_named_by_receipts_of_ones_own(held):
    taken, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    document = ReportDocument().write(Finding(summary="a fault"), {})
    (mine,) = held.host.desk.submit(LAB, [Document(name="r", data=document)])
    (other,) = held.host.desk.submit(RIVAL, [Document(name="r", data=document)])
    with pytest.raises(Missing):
        held.claims.end(LAB, taken.id, Ending.FINDINGS, receipts=[other.receipt])
    done = held.claims.end(LAB, taken.id, Ending.FINDINGS, receipts=[mine.receipt])
    assert done.reports == (mine.report,)
    assert mine.receipt.encode() not in held.claims.result(LAB, done.id)
    with pytest.raises(Conflict, match="is over"):
        held.claims.end(LAB, taken.id, Ending.ABANDONED)


def test_nobody_else_sees_or_touches_a_claim(held):
    taken, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    assert held.claims.own(RIVAL).lines == ()
    for act in (
        lambda: held.claims.beat(RIVAL, taken.id, progress=1),
        lambda: held.claims.end(RIVAL, taken.id, Ending.ABANDONED),
        lambda: held.claims.result(RIVAL, taken.id),
    ):
        with pytest.raises(Missing):
            act()
    with pytest.raises(Forbidden):
        held.claims.map(LAB)
    (line,) = held.claims.map(coordinator("ada"))
    assert line.holder == "lab"


def test_where_somebody_looks_is_neither_in_the_journal_nor_in_a_column(held):
    held.claims.take(LAB, wish("src/secret-parser", methods=[Method.FUZZING]), ALLOWED)
    with held.host.machines.store.read() as tx:
        journal = " ".join(tx.connection.execute(select(tables.journal.c.body)).scalars())
        rows = str(tx.connection.exec_driver_sql("select * from scan_claims").all())
    for word in ("reader", "secret-parser", "Example Foundation"):
        assert word not in journal
        assert word not in rows


def test_areas_meet_where_repository_paths_and_weaknesses_do() -> None:
    def at(repository: str, *paths: str, cwes: tuple[str, ...] = ()) -> Area:
        return Area(repository=repository, paths=paths, cwes=cwes)

    areas = [
        at("h/a", "src"),
        at("h/a", "src/parser", cwes=("CWE-787",)),
        at("h/a", "docs"),
        at("h/a", "src/parser/x.c", cwes=("CWE-79",)),
        at("h/b", "src"),
    ]
    assert rules.meeting(areas) == (2, 1, 0, 1, 0)
    assert rules.meeting(areas[::-1]) == (0, 1, 0, 1, 2)
    assert rules.meeting([]) == ()
