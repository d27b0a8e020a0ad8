"""The register of AI defence: nothing is widened unmeasured, what is stopped is stopped, and access dies by itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from comity.bench.sample_estate import take_in_starter
from comity.defend import capability as measuring
from comity.defend.capability import Pair, compare, interval, mcnemar, read_pairs
from comity.defend.desk import Defend, Document
from comity.defend.desk_ai import AiDefence, Description
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.asset import Domain
from comity.model.capability import MOVES, Capability, Stage, Task
from comity.model.ids import AssetId
from comity.store import journal
from tests.advise import desk
from tests.advise.desk import ADA, BOB, COORDINATOR, NED, START

PLANNER = Description(
    name="Planner",
    task=Task.PLANNER,
    model="example-model",
    model_version="1",
    tool="Comity",
    authority="words plans",
    data=("forms with slots",),
    gate="a defender",
    kill_switch="stop this entry",
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[desk.Place]:
    with desk.opened(tmp_path) as held:
        yield held


@pytest.fixture
def ai(place: desk.Place) -> AiDefence:
    return AiDefence(machines=place.machines)


def table(better: int, worse: int, both: int = 0) -> bytes:
    rows = ["yes,no"] * better + ["no,yes"] * worse + ["yes,yes"] * both
    return "\n".join(["case,with_ai,without", *(f"c{n},{row}" for n, row in enumerate(rows))]).encode()


def piloted(ai: AiDefence) -> Capability:
    added = ai.add(ADA, PLANNER, domain=Domain.FCEB)
    return ai.move(ADA, added.id, Stage.PILOT, reason="try it on ten assets")


def test_an_entry_without_its_kill_switch_is_none() -> None:
    with pytest.raises(Invalid) as refused:
        Capability(
            id="AI-1", organisation=ADA.organisation, domain=Domain.FCEB, name="x", task=Task.OTHER, model="m",
            model_version="", tool="t", authority="a", data=(), assets=(), gate=" ", kill_switch="", added_at=START,
        )  # fmt: skip
    assert {problem.pointer for problem in refused.value.problems} == {"/gate", "/kill_switch", "/data"}


def test_the_first_entries_are_proposals_and_are_entered_once(ai: AiDefence) -> None:
    entered = ai.begin(ADA, domain=Domain.FCEB)
    assert [one.task for one in entered] == [Task.PLANNER, Task.TAGGER, Task.TRIAGE, Task.PATCH]
    assert {one.stage for one in entered} == {Stage.PROPOSED}
    assert ai.begin(ADA, domain=Domain.FCEB) == ()


def test_a_proposal_is_not_asked_and_a_pilot_is(ai: AiDefence) -> None:
    assert "no entry" in ai.silent(ADA, Task.PLANNER)
    added = ai.add(ADA, PLANNER, domain=Domain.FCEB)
    assert "proposed only" in ai.silent(ADA, Task.PLANNER)
    ai.move(ADA, added.id, Stage.PILOT, reason="try")
    assert ai.silent(ADA, Task.PLANNER) == ""
    ai.move(ADA, added.id, Stage.STOPPED, reason="it drifts")
    assert "stopped" in ai.silent(ADA, Task.PLANNER)


def test_nothing_is_widened_that_was_not_measured(ai: AiDefence) -> None:
    held = piloted(ai)
    for to in (Stage.MEASURED, Stage.WIDENED):
        with pytest.raises(Conflict):
            ai.move(ADA, held.id, to, reason="we like it")


@pytest.mark.parametrize(("better", "worse", "both"), [(8, 4, 40), (3, 0, 2), (5, 5, 90), (0, 12, 60)])
def test_a_comparison_that_does_not_show_a_gain_widens_nothing(
    ai: AiDefence, better: int, worse: int, both: int
) -> None:
    held = piloted(ai)
    ai.measure(ADA, held.id, table(better, worse, both), measure="fixed in time")
    ai.move(ADA, held.id, Stage.MEASURED, reason="measured")
    with pytest.raises(Conflict, match="interval"):
        ai.move(ADA, held.id, Stage.WIDENED, reason="we like it")


def test_a_shown_gain_widens_and_a_changed_model_begins_again(ai: AiDefence) -> None:
    held = piloted(ai)
    ai.measure(ADA, held.id, table(20, 2, 30), measure="fixed in time")
    ai.move(ADA, held.id, Stage.MEASURED, reason="measured on 52 cases")
    widened = ai.move(ADA, held.id, Stage.WIDENED, reason="better in 20 of 22")
    assert widened.stage is Stage.WIDENED
    assert widened.measured is not None
    assert widened.measured.low > 0
    assert [decision.by_name for decision in widened.decisions] == ["Ada", "Ada", "Ada"]
    changed = ai.change(ADA, held.id, PLANNER.__class__(**{**vars_of(PLANNER), "model_version": "2"}))
    assert changed.stage is Stage.PROPOSED
    assert changed.measured is None


def vars_of(said: Description) -> dict[str, object]:
    return {name: getattr(said, name) for name in said.__dataclass_fields__}


def test_stopping_is_possible_from_every_stage_and_leads_to_a_new_proposal_only() -> None:
    assert all(Stage.STOPPED in to for stage, to in MOVES.items() if stage is not Stage.STOPPED)
    assert MOVES[Stage.STOPPED] == {Stage.PROPOSED}
    assert all(Stage.WIDENED not in to for stage, to in MOVES.items() if stage is not Stage.MEASURED)


def test_days_to_a_fix_are_counted_apart_for_covered_assets_from_the_day_each_runs_it(place: desk.Place) -> None:
    defend, ai = Defend(machines=place.machines), AiDefence(machines=place.machines)
    held = piloted(ai)

    def listed(version: str) -> None:
        document = json.dumps(
            {
                "bomFormat": "CycloneDX",
                "specVersion": "1.5",
                "components": [{"type": "library", "name": "jinja2", "purl": f"pkg:pypi/jinja2@{version}"}],
            }
        )
        defend.register(ADA, Document(name="a", data=document.encode()), name="image", domain=Domain.FCEB)

    take_in_starter(defend)
    listed("2.10")
    early, never = defend.import_assets(ADA, b"name,inventory\nearly,image\nnever,\n", domain=Domain.FCEB)
    place.clock.pass_(days=2)
    (late,) = defend.import_assets(ADA, b"name,inventory\nlate,image\n", domain=Domain.FCEB)
    ai.cover(ADA, held.id, [late.id])
    before = ai.register(ADA).coverage
    assert (before.assets, before.covered, before.fixed_with, before.median_days_without) == (3, 1, 0, None)
    place.clock.pass_(days=3)
    listed("3.1.6")
    found = ai.register(ADA).coverage
    assert found.fixed_with == found.fixed_without > 0
    assert (found.median_days_with, found.median_days_without) == (3, 5)
    defend.change_asset(ADA, late.id, retired=True)
    left = ai.register(ADA).coverage
    assert (left.assets, left.covered, left.fixed_with, left.median_days_without) == (2, 0, 0, 5)
    assert ai.register(BOB).coverage.assets == 0
    assert early.id != never.id


def test_other_organisations_and_domains_see_nothing(ai: AiDefence) -> None:
    held = piloted(ai)
    for other in (BOB, NED):
        with pytest.raises(Missing):
            ai.entry(other, held.id)
        assert ai.register(other).entries == ()
        with pytest.raises(Missing):
            ai.move(other, held.id, Stage.STOPPED, reason="x")
    with pytest.raises(Forbidden):
        ai.register(COORDINATOR)
    with pytest.raises(Missing):
        ai.add(ADA, PLANNER, domain=Domain.NSS)
    with pytest.raises(Missing):
        ai.cover(ADA, held.id, [AssetId("A-0000-0000-0001")])


def test_moves_stand_in_the_journal_by_stage_and_without_words(ai: AiDefence, place: desk.Place) -> None:
    held = piloted(ai)
    with place.store.read() as tx:
        entries = [entry.event for entry in journal.about(tx, held.id)]
    assert [dict(event.facts) for event in entries] == [{"stage": "proposed"}, {"stage": "pilot"}]
    assert all("try it" not in str(event) for event in entries)


# Access grants


def test_a_key_is_given_once_counts_its_calls_and_dies(ai: AiDefence, place: desk.Place) -> None:
    held = piloted(ai)
    grant, key = ai.grant(ADA, held.id, holder="Rural clinic", purpose="plans", days=30, calls=2)
    assert key not in repr(ai.register(ADA))
    assert ai.spend(ADA, key, Task.PLANNER).id == held.id
    ai.spend(ADA, key, Task.PLANNER)
    with pytest.raises(Forbidden, match="budget of 2"):
        ai.spend(ADA, key, Task.PLANNER)
    assert ai.register(ADA).grants[0].used == 2
    assert grant.used == 0


def test_a_key_ends_with_its_window_when_it_is_ended_and_when_the_capability_is_stopped(
    ai: AiDefence, place: desk.Place
) -> None:
    held = piloted(ai)
    _, first = ai.grant(ADA, held.id, holder="Clinic", purpose="plans", days=1, calls=9)
    second, key = ai.grant(ADA, held.id, holder="Bank", purpose="plans", days=9, calls=9)
    _, third = ai.grant(ADA, held.id, holder="Utility", purpose="plans", days=9, calls=9)
    place.clock.pass_(days=1)
    with pytest.raises(Forbidden, match="has ended"):
        ai.spend(ADA, first, Task.PLANNER)
    ai.revoke(ADA, second.id)
    with pytest.raises(Forbidden, match="was ended"):
        ai.spend(ADA, key, Task.PLANNER)
    ai.spend(ADA, third, Task.PLANNER)
    ai.move(ADA, held.id, Stage.STOPPED, reason="enough")
    with pytest.raises(Forbidden, match="not in use"):
        ai.spend(ADA, third, Task.PLANNER)
    with pytest.raises(Forbidden, match="no access grant"):
        ai.spend(ADA, "AIK-guess", Task.PLANNER)


def test_a_key_opens_its_own_entry_alone_and_on_its_own_side_alone(ai: AiDefence) -> None:
    held = piloted(ai)
    _, key = ai.grant(ADA, held.id, holder="Clinic", purpose="plans", days=1, calls=9)
    for task in set(Task) - {Task.PLANNER}:
        with pytest.raises(Forbidden, match="another work"):
            ai.spend(ADA, key, task)
    with pytest.raises(Forbidden) as other:
        ai.spend(NED, key, Task.PLANNER)
    with pytest.raises(Forbidden) as guessed:
        ai.spend(NED, "AIK-guess", Task.PLANNER)
    assert str(other.value) == str(guessed.value)
    assert ai.register(ADA).grants[0].used == 0


@pytest.mark.parametrize(("days", "calls", "holder"), [(0, 1, "x"), (91, 1, "x"), (1, 0, "x"), (1, 1, " ")])
def test_access_has_an_end_a_budget_and_a_holder(ai: AiDefence, days: int, calls: int, holder: str) -> None:
    held = piloted(ai)
    with pytest.raises(Invalid):
        ai.grant(ADA, held.id, holder=holder, purpose="", days=days, calls=calls)


def test_what_is_only_proposed_is_granted_to_nobody(ai: AiDefence) -> None:
    added = ai.add(ADA, PLANNER, domain=Domain.FCEB)
    with pytest.raises(Conflict):
        ai.grant(ADA, added.id, holder="Clinic", purpose="", days=1, calls=1)


# The comparison


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_is_the_exact_one(pair: tuple[int, int]) -> None:
    """Against SciPy's own Clopper-Pearson."""
    hits, of = pair
    if not of:
        assert interval(0, 0) == (0.0, 1.0)
        return
    exact = stats.binomtest(hits, of).proportion_ci(0.95, method="exact")
    assert interval(hits, of) == pytest.approx((exact.low, exact.high), abs=1e-9)


@given(st.integers(0, 80), st.integers(0, 80))
def test_the_p_value_is_mcnemars_exact_one(better: int, worse: int) -> None:
    wanted = stats.binomtest(better, better + worse, 0.5).pvalue if better + worse else 1.0
    assert mcnemar(better, worse) == pytest.approx(wanted, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_swapping_the_sides_turns_the_result_around(sides: list[tuple[bool, bool]]) -> None:
    def of(pairs: list[tuple[bool, bool]]) -> object:
        held = [Pair(case=str(n), with_ai=a, without=b) for n, (a, b) in enumerate(pairs)]
        return compare(held, revision=1, measure="x", at=START, by="Ada")

    one, other = of(sides), of([(b, a) for a, b in sides])
    assert one.difference == pytest.approx(-other.difference)  # type: ignore[attr-defined]  # both are comparisons
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)  # type: ignore[attr-defined]  # as above
    assert one.low <= one.difference <= one.high  # type: ignore[attr-defined]  # as above


def test_a_table_is_read_line_by_line_and_every_fault_is_named() -> None:
    data = b"case,with_ai,without,minutes_with\na,yes,no,12\na,yes,no,\nb,perhaps,no,\nc,yes,yes,-4\n"
    with pytest.raises(Invalid) as refused:
        read_pairs(data)
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == [
        ("/line/3", "bad_case"),
        ("/line/4", "bad_value"),
        ("/line/5", "bad_minutes"),
    ]
    assert read_pairs(b"case,with_ai,without\na,1,0\n") == (Pair(case="a", with_ai=True, without=False),)
    for empty in (b"", b"case,with_ai\n", b"case,with_ai,without\n"):
        with pytest.raises(Invalid):
            read_pairs(empty)


def test_medians_of_minutes_are_of_the_cases_that_were_timed() -> None:
    pairs = read_pairs(b"case,with_ai,without,minutes_with,minutes_without\na,1,1,10,40\nb,1,1,30,\n")
    held = compare(pairs, revision=1, measure="x", at=START, by="Ada")
    assert (held.minutes_with, held.minutes_without) == (20.0, 40.0)


def test_no_entry_is_no_leave() -> None:
    assert all("no entry" in measuring.silent(task, ()) for task in Task)
