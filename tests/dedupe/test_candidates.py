"""Which held reports a new one meets: no identity is missed in any crowd, and the cost does not follow the pool."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from comity import app
from comity.clearing import combine, deconflict, flow_compare
from comity.model.case import Case, Disputed, New, Same, Stage
from comity.model.handling import Handling, Tlp
from comity.model.ids import BatchId, CaseId, Digest, PartyId, Receipt, ReportId, digest
from comity.model.product import Affected, Symbol
from comity.model.report import Finding, Report
from comity.sealing import keys
from comity.settings import Settings
from comity.store import cases, engine, report_keys, reports
from comity.store.crypt import MasterKey
from comity.store.engine import Store, Tx
from comity.store.tables import constants

AT = datetime(2026, 11, 26, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Brought:
    """One report with what came beside its text."""

    report: Report
    recipe: Digest | None = None
    patches: tuple[bytes, ...] = ()


class Undo(Exception):
    """Ends a transaction of which nothing is kept."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("candidates")
    opened = engine.open(Settings(data=folder / "data", keys=folder / "keys"), MasterKey(bytes(32)))
    yield opened
    opened.close()


@contextmanager
def pool(store: Store, held: Iterable[tuple[Brought, CaseId | None]]) -> Iterator[Tx]:
    """A transaction in which these reports are held, each in its case or still without one; undone at the end."""
    try:
        with store.write() as tx:
            found: dict[CaseId, list[ReportId]] = {}
            everything = list(held)
            marked = [(b.report, flow_compare.marks_of(b.report.finding, b.recipe)) for b, _ in everything]
            reports.add_all(tx, marked)
            flow_compare.file(tx, [(b.report, b.recipe, b.patches) for b, _ in everything])
            for brought, case in everything:
                if case is not None:
                    found.setdefault(case, []).append(brought.report.id)
            for case, names in found.items():
                cases.add(tx, opened(case, names))
            yield tx
            raise Undo
    except Undo:
        return


def opened(case: CaseId, names: Iterable[ReportId]) -> Case:
    return Case(
        id=case,
        stage=Stage.NEEDS_INFO,
        title="held",
        handling=Handling(tlp=Tlp.AMBER_STRICT),
        opened_at=AT,
        reports=tuple(names),
    )


def brought(number: int, finding: Finding, *, recipe: str = "", hunks: Iterable[str] = (), hours: int = 0) -> Brought:
    report = Report(
        id=ReportId(f"R-{number:06d}"),
        finding=finding,
        submitter=PartyId("finder"),
        organisation=PartyId("lab"),
        batch=BatchId("B-1"),
        received_at=AT + timedelta(hours=hours),
        format="comity-report/1",
        document=digest(f"{number}".encode()),
        receipt=Receipt(f"SUB-{number}"),
    )
    diff = "".join(f"--- a/{h}.c\n+++ b/{h}.c\n@@ -1 +1 @@\n-old {h}\n+new {h}\n" for h in hunks)
    return Brought(
        report=report,
        recipe=digest(recipe.encode()) if recipe else None,
        patches=(diff.encode(),) if diff else (),
    )


def finding(package: str = "pkg:generic/one", **more: Any) -> Finding:
    return Finding(summary="a weakness", affected=(Affected(purl=package),) if package else (), **more)


def fully(one: Brought, held: Iterable[tuple[Brought, CaseId]]) -> Any:
    """The verdict of comparing with every held report, without any index."""
    mine = flow_compare.profile_of(one.report, one.recipe, one.patches)
    prints = deconflict.fingerprints(one.report.finding, recipe=one.recipe)
    found: dict[CaseId, list[combine.Opinion]] = {}
    for other, case in held:
        theirs = flow_compare.profile_of(other.report, other.recipe, other.patches)
        shared = prints & deconflict.fingerprints(other.report.finding, recipe=other.recipe)
        opinion = combine.weigh(mine, theirs, weights=flow_compare.weights(), model=flow_compare.model(), prints=shared)
        found.setdefault(case, []).append(opinion)
    return combine.decide(flow_compare.weights(), found)


def asked(tx: Tx, one: Brought) -> Any:
    return flow_compare.compared(tx, one.report, one.recipe, one.patches)[0]


SOME = st.frozensets
FINDINGS = st.builds(
    lambda package, aliases, fixes, files, functions, frames: finding(
        package,
        aliases=tuple(sorted(aliases)),
        fixed_commits=tuple(sorted(fixes)),
        symbols=tuple(Symbol(file=file, function=function) for file, function in zip(files, functions, strict=False)),
        crash_frames=tuple(frames),
        cwes=("CWE-787",),
    ),
    st.sampled_from(["pkg:generic/one", "pkg:generic/two", ""]),
    SOME(st.sampled_from(["CVE-2026-1001", "CVE-2026-1002", "GHSA-2222-3333-4444"]), max_size=1),
    SOME(st.sampled_from(["a" * 40, "b" * 40]), max_size=1),
    st.lists(st.sampled_from(["x.c", "y.c"]), max_size=1),
    st.lists(st.sampled_from(["f", "g"]), max_size=1),
    st.lists(st.sampled_from(["main", "parse", "copy", "next"]), max_size=4),
)
BROUGHT = st.tuples(
    FINDINGS,
    st.sampled_from(["", "", "", "recipe a", "recipe b"]),
    SOME(st.sampled_from([f"h{n}" for n in range(9)]), max_size=7),
    st.integers(0, 9000),
)


def made(number: int, drawn: tuple[Finding, str, frozenset[str], int]) -> Brought:
    told, recipe, hunks, hours = drawn
    return brought(number, told, recipe=recipe, hunks=sorted(hunks) if hours % 3 == 0 else (), hours=hours)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(BROUGHT, st.integers(0, 5)), max_size=14), BROUGHT)
def test_the_index_gives_the_same_identity_as_comparing_with_every_report(store, held, new) -> None:
    pairs = [(made(n, drawn), CaseId(f"C-{case}")) for n, (drawn, case) in enumerate(held)]
    one = made(999, new)
    with pool(store, pairs) as tx:
        answer, full = asked(tx, one), fully(one, pairs)
    if isinstance(full, Same) or isinstance(answer, Same):
        assert isinstance(answer, Same)
        assert isinstance(full, Same)
        assert (answer.case, answer.reasons) == (full.case, full.reasons)
    elif isinstance(full, Disputed):
        assert isinstance(answer, Disputed)


def test_a_shared_hunk_is_found_behind_any_crowd_of_hints_and_whichever_of_many_hunks_it_is(store) -> None:
    hints = finding(symbols=(Symbol(file="x.c", function="f"),), cwes=("CWE-787",), crash_frames=("f", "g", "h"))
    crowd = [(brought(n, hints), CaseId(f"C-{n}")) for n in range(60)]
    target = brought(100, finding(cwes=("CWE-125",)), hunks=[f"h{n:02d}" for n in range(16)], hours=9000)
    one = brought(999, hints, hunks=["h15"])
    with pool(store, [*crowd, (target, CaseId("C-TARGET"))]) as tx:
        answer = asked(tx, one)
    assert isinstance(answer, Same)
    assert answer.case == "C-TARGET"


def test_a_crowd_that_waits_for_screening_hides_neither_an_identifier_nor_a_hint(store) -> None:
    named = finding(aliases=("CVE-2026-1001",), symbols=(Symbol(file="x.c", function="f"),))
    hinted = finding(symbols=(Symbol(file="x.c", function="f"),))
    waiting = [(brought(n, named), None) for n in range(300)]
    case = (brought(900, named), CaseId("C-NAMED"))
    with pool(store, [*waiting, case]) as tx:
        answer = asked(tx, brought(999, named))
        assert isinstance(answer, Same)
        assert answer.case == "C-NAMED"
    near = [(brought(n, hinted), None) for n in range(20)]
    with pool(store, [*near, (brought(900, hinted), CaseId("C-HINT"))]) as tx:
        assert asked(tx, brought(999, hinted)).cases == ("C-HINT",)


def test_hints_are_filed_as_keys_and_only_identities_as_marks(store) -> None:
    told = finding(
        aliases=("CVE-2026-1001",),
        symbols=(Symbol(file="x.c", function="f"),),
        cwes=("CWE-787",),
        crash_frames=("f", "g", "h"),
        fixed_commits=("a" * 40,),
        introduced_commits=("b" * 40,),
    )
    kinds = {mark.kind.removeprefix(flow_compare.MARKS) for mark in flow_compare.marks_of(told, digest(b"recipe"))}
    assert kinds == {"identifier", "proof", "fix at place"}
    keys_ = {
        key.split()[0] for key in flow_compare.profile.keys(flow_compare.profile_of(brought(1, told).report, None, ()))
    }
    assert {"place", "frame", "fix", "origin"} <= keys_


@contextmanager
def counted(store: Store) -> Iterator[dict[str, int]]:
    """Statements asked of the engine, and profiles that were opened."""
    found = {"statements": 0, "opened": 0}

    def saw(*_: object) -> None:
        found["statements"] += 1

    real = report_keys.profiles

    def opening(tx: Tx, names: Iterable[ReportId]) -> Any:
        given = list(names)
        found["opened"] += len(given)
        return real(tx, given)

    event.listen(store.engine, "before_cursor_execute", saw)
    report_keys.profiles = opening
    try:
        yield found
    finally:
        report_keys.profiles = real
        event.remove(store.engine, "before_cursor_execute", saw)


def test_a_new_report_opens_and_asks_as_much_in_a_large_pool_as_in_a_small_one(store) -> None:
    """All share package, place, class and frames, the worst there is; every report is a case of its own."""
    told = finding(
        symbols=(Symbol(file="x.c", function="f"),), cwes=("CWE-787",), crash_frames=("f", "g", "h", "i", "j", "k")
    )
    costs, rows = [], []
    for size in (60, 600):
        held = [(brought(n, told, hours=n), CaseId(f"C-{n}")) for n in range(size)]
        with pool(store, held) as tx:
            one = flow_compare.profile_of(brought(999_999, told, hours=size // 2).report, None, ())
            rows.append(len(report_keys.near(tx, dict.fromkeys(flow_compare.profile.asked(one), 24), one.at)))
            with counted(store) as cost:
                answer = asked(tx, brought(999_999, told, hours=size // 2))
            assert isinstance(answer, Disputed)
            costs.append(cost)
    assert costs[0] == costs[1]
    assert 0 < costs[1]["opened"] <= flow_compare.WEIGHED
    assert rows[1] <= 2 * flow_compare.EACH * 2, "equal times or not, each key gives so many on either side"


def test_reports_of_an_earlier_release_are_filed_under_todays_keys_once_and_found(store, monkeypatch) -> None:
    told = finding(symbols=(Symbol(file="x.c", function="f"),))
    case = CaseId("C-1")
    held = brought(1, told)
    one = brought(2, told).report
    with monkeypatch.context() as earlier, store.write() as tx:
        earlier.setattr(report_keys, "_mark", lambda secret, key, _groups: report_keys._number(secret, key))
        reports.add_all(tx, [(held.report, ())])
        flow_compare.file(tx, [(held.report, None, ())])
        cases.add(tx, opened(case, [held.report.id]))
    with store.read() as tx:
        assert flow_compare.compared(tx, one, None, ())[0] == New()
    flow_compare.catch_up(store)
    with store.read() as tx:
        assert isinstance(flow_compare.compared(tx, one, None, ())[0], Disputed)
    weighed: list[bytes] = []

    class Slower:
        """The store as a second worker meets it: the first one is done between its look and its turn to write."""

        read = store.read

        def write(self) -> Any:
            report_keys.regroup(store, weigh)
            return store.write()

    def weigh(profile: bytes) -> list[str]:
        weighed.append(profile)
        return list(flow_compare.profile.keys(msgspec.msgpack.decode(profile, type=flow_compare.Profile)))

    with store.write() as tx:
        tx.connection.execute(delete(constants).where(constants.c.name == report_keys._GROUPED))
    report_keys.regroup(cast("Store", Slower()), weigh)
    assert len(weighed) == 1, "workers that start together do not do each other's turns again"
    with counted(store) as cost:
        flow_compare.catch_up(store)
    assert cost["statements"] <= 3, "one look (pragma, begin, select): what was done once is not done again"
    with store.write() as tx:
        reports.erase(tx, held.report.id, at=AT)
        count = tx.connection.execute(report_keys.report_keys.select()).all()
    assert count == [], "nothing is left under the old keys or the new"


def test_no_flow_runs_before_earlier_reports_are_filed_under_todays_keys(tmp_path, monkeypatch) -> None:
    settings_ = Settings(data=tmp_path / "data", keys=tmp_path / "keys", offline=True)
    noted: list[str] = []

    def launch(*_given: object, **_named: object) -> None:
        held = engine.open(settings_, keys.master_key(settings_))
        with held.read() as tx:
            noted.extend(tx.connection.execute(select(constants.c.name)).scalars())
        held.close()
        raise Undo

    monkeypatch.setattr(app.durable, "launch", launch)
    with pytest.raises(Undo), app.opened(settings_):
        pass
    assert report_keys._GROUPED in noted
