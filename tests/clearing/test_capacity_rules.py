"""The scheduler of capacity contracts: never above the budget, nobody waits for ever, pauses hold in their own zone."""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.clearing import capacity as rules
from comity.clearing.capacity import Hold, Waiting, Wish, plan
from comity.errors import Invalid
from comity.model.capacity import DEFAULT, Contract, Escalation, Pause, Released
from comity.model.evidence import Level
from comity.model.ids import CaseId

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
CONTRACT = Contract(
    id="M-1", version=1, maintainer="The reader team", organisation=None, packages=("pkg:pypi/reader",),
    confirmed=("pkg:pypi/reader",), weekly=2, at=MONDAY,
)  # fmt: skip
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia")


def waiting(name: str, *, band: str = "STANDARD", days: int = 0, **more: object) -> Waiting:
    rank = float(rules.BANDS.index(band))
    made = {"since": MONDAY - timedelta(days=days), "level": Level.E3, **more}
    return Waiting(case=CaseId(name), band=band, place=(rank, 0.0), **made)  # type: ignore[arg-type]  # its own fields


def names(found: rules.Plan) -> list[str]:
    return [case for case, _ in found.release]


def test_the_budget_of_a_week_is_spent_by_priority() -> None:
    found = plan(CONTRACT, [waiting("a"), waiting("b", band="URGENT"), waiting("c", band="INCIDENT")], [], MONDAY)
    assert names(found) == ["c", "b"]
    (line,) = found.queue
    assert (line.case, line.position, line.hold, line.expected) == ("a", 1, Hold.WEEK, date(2026, 11, 30))


def test_only_a_named_reason_passes_a_full_budget_and_it_is_noted() -> None:
    spent = [Released(case=CaseId(n), at=MONDAY) for n in ("x", "y")]
    row = [
        waiting("stated", band="INCIDENT", reasons=frozenset({Escalation.STATED})),
        waiting("kev", band="INCIDENT", reasons=frozenset({Escalation.KEV, Escalation.STATED})),
        waiting("urgent", band="URGENT"),
    ]
    found = plan(CONTRACT, row, spent, MONDAY)
    assert found.release == ((CaseId("kev"), Escalation.KEV),)
    assert (found.used, found.escalated) == (3, 1)
    assert plan(replace(CONTRACT, escalates=frozenset()), row, spent, MONDAY).release == ()


def test_a_pause_holds_everything_unless_the_contract_lets_named_reasons_through() -> None:
    away = replace(CONTRACT, pauses=(Pause(first=date(2026, 11, 20), last=date(2026, 12, 6)),))
    row = [waiting("a", reasons=frozenset({Escalation.EXPLOITED})), waiting("b")]
    held = plan(away, row, [], MONDAY)
    assert held.release == ()
    assert {line.hold for line in held.queue} == {Hold.PAUSE}
    assert "a coordinator must look" in held.queue[0].detail
    assert [line.expected for line in held.queue] == [date(2026, 12, 7)] * 2
    assert held.next_look == datetime(2026, 11, 30, tzinfo=UTC)
    assert names(plan(replace(away, through_pauses=True), row, [], MONDAY)) == ["a"]


def test_an_open_ended_pause_is_honest_about_when() -> None:
    away = replace(CONTRACT, pauses=(Pause(first=date(2026, 11, 20)),))
    assert plan(away, [waiting("a")], [], MONDAY).queue[0].expected is None


def test_a_pause_is_the_maintainers_calendar_not_the_hosts() -> None:
    tuesday = Pause(first=date(2026, 11, 24), last=date(2026, 11, 24))
    away = replace(CONTRACT, zone="Pacific/Auckland", pauses=(tuesday,))
    still_monday_here = datetime(2026, 11, 23, 12, tzinfo=UTC)  # Tuesday in Auckland already
    assert plan(away, [waiting("a")], [], still_monday_here).release == ()
    over = plan(away, [waiting("a")], [], datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
    assert names(over) == ["a"]


@pytest.mark.parametrize(
    ("change", "case", "hold"),
    [
        ({"evidence": Level.E4}, waiting("a"), Hold.EVIDENCE),
        ({"wanted": ("CWE-119",)}, waiting("a"), Hold.CLASS),
        ({"wanted": ("CWE-119",)}, waiting("a", cwes=("CWE-79",)), Hold.CLASS),
        ({"refused": ("CWE-400",)}, waiting("a", cwes=("CWE-770",)), Hold.CLASS),
        ({"weekly": 0}, waiting("a"), Hold.NONE_TAKEN),
    ],
)
def test_what_the_maintainer_did_not_ask_for_waits_and_says_why(
    change: dict[str, object], case: Waiting, hold: Hold
) -> None:
    found = plan(replace(CONTRACT, **change), [case], [], MONDAY)  # type: ignore[arg-type]  # its own fields
    assert found.release == ()
    assert (found.queue[0].hold, found.queue[0].expected) == (hold, None)


def test_a_class_is_wanted_with_everything_below_it() -> None:
    found = plan(replace(CONTRACT, wanted=("CWE-119",)), [waiting("a", cwes=("CWE-787",))], [], MONDAY)
    assert names(found) == ["a"]


def test_open_cases_at_once_hold_and_the_week_is_unknown() -> None:
    full = replace(CONTRACT, at_once=1)
    found = plan(full, [waiting("a")], [Released(case=CaseId("x"), at=MONDAY - timedelta(days=30))], MONDAY)
    assert (found.release, found.queue[0].hold, found.queue[0].expected) == ((), Hold.OPEN, None)
    closed = [Released(case=CaseId("x"), at=MONDAY - timedelta(days=30), is_open=False)]
    assert names(plan(full, [waiting("a")], closed, MONDAY)) == ["a"]


def test_age_raises_a_band_but_never_to_incident() -> None:
    assert [rules.aged(waiting("a", days=days), MONDAY) for days in (0, 13, 14, 200)] == [0, 0, 1, 1]
    assert rules.aged(waiting("a", band="INCIDENT", days=200), MONDAY) == 0
    assert rules.aged(waiting("a", band="NEEDS-INFO", days=200), MONDAY) == 2


def test_the_oldest_goes_before_everything_once_it_is_overdue() -> None:
    row = [waiting(f"i{n}", band="INCIDENT") for n in range(5)] + [waiting("old", days=57)]
    found = plan(CONTRACT, row, [], MONDAY)
    assert names(found)[0] == "old"


def test_position_and_week_are_those_the_release_then_has() -> None:
    row = [waiting(f"c{n}", days=n) for n in range(7)]
    found = plan(CONTRACT, row, [], MONDAY)
    promised = {line.case: line.expected for line in found.queue}
    done = [Released(case=case, at=MONDAY) for case, _ in found.release]
    now = MONDAY
    while promised:
        now += timedelta(days=7)
        left = [one for one in row if one.case not in {r.case for r in done}]
        made = plan(CONTRACT, left, done, now)
        for case, _ in made.release:
            assert promised.pop(case) == made.week
            done.append(Released(case=case, at=now))


# Properties ----------------------------------------------------------------------------------------------------------

REASONS = st.frozensets(st.sampled_from(list(Escalation)), max_size=2)
PAUSES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(
        lambda p: Pause(first=MONDAY.date() + timedelta(days=p[0]), last=MONDAY.date() + timedelta(days=sum(p)))
    ),
    max_size=3,
).map(tuple)
CONTRACTS = st.builds(
    replace,
    st.just(CONTRACT),
    weekly=st.integers(0, 4),
    zone=st.sampled_from(ZONES),
    pauses=PAUSES,
    at_once=st.one_of(st.none(), st.integers(1, 6)),
    escalates=st.one_of(st.just(DEFAULT), st.just(frozenset[Escalation]())),
    through_pauses=st.booleans(),
)


ARRIVALS = st.lists(st.tuples(st.integers(0, 1600), st.sampled_from(rules.BANDS), REASONS), max_size=25)
ROWS = st.lists(st.tuples(st.sampled_from(rules.BANDS), st.integers(0, 80), REASONS), max_size=12)


@dataclass(slots=True)
class World:
    """A queue in time: cases come, plans run at odd moments, some cases are closed."""

    contract: Contract
    rows: list[Waiting] = field(default_factory=list)
    done: list[Released] = field(default_factory=list)

    def look(self, now: datetime) -> rules.Plan:
        gone = {one.case for one in self.done}
        made = plan(self.contract, [one for one in self.rows if one.case not in gone], self.done, now)
        self.done += [Released(case=case, at=now, reason=reason) for case, reason in made.release]
        return made

    def week(self, at: datetime) -> tuple[int, int]:
        year, week, _ = at.astimezone(ZoneInfo(self.contract.zone)).date().isocalendar()
        return year, week

    def away(self, at: datetime) -> bool:
        return any(pause.holds(at.astimezone(ZoneInfo(self.contract.zone)).date()) for pause in self.contract.pauses)


@settings(max_examples=120, deadline=None)
@given(
    CONTRACTS, st.lists(st.tuples(st.integers(0, 1600), st.sampled_from(rules.BANDS), REASONS), max_size=25), st.data()
)
def test_no_week_gets_more_than_its_budget_and_no_pause_gets_any_but_for_named_reasons(
    contract: Contract, arrivals: list[tuple[int, str, frozenset[Escalation]]], data: st.DataObject
) -> None:
    world = World(contract)
    for number, (hours, band, reasons) in enumerate(sorted(arrivals, key=lambda one: one[0])):
        now = MONDAY + timedelta(hours=hours)
        world.rows.append(replace(waiting(f"c{number}", band=band, reasons=reasons), since=now))
        world.look(now)
        if world.done and data.draw(st.booleans()):
            world.done[0] = replace(world.done[0], is_open=False)
        world.look(now + timedelta(minutes=7))
    for one in world.done:
        within = [o for o in world.done if world.week(o.at) == world.week(one.at) and o.reason is None]
        assert len(within) <= contract.weekly
        if one.reason is None:
            before = [o for o in world.done[: world.done.index(one)] if world.week(o.at) == world.week(one.at)]
            assert len(before) < contract.weekly  # an escalation spends budget too: nothing ordinary comes after it
            assert not world.away(one.at)
        else:
            case = next(row for row in world.rows if row.case == one.case)
            assert one.reason in contract.escalates
            assert one.reason in case.reasons
            assert contract.through_pauses or not world.away(one.at)
    assert len({one.case for one in world.done}) == len(world.done)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), PAUSES, st.sampled_from(ZONES), st.integers(0, 2**32), st.integers(1, 4))
def test_nobody_waits_for_ever_however_many_more_pressing_cases_keep_coming(
    weekly: int, pauses: tuple[Pause, ...], zone: str, seed: int, flood: int
) -> None:
    world = World(replace(CONTRACT, weekly=weekly, pauses=pauses, zone=zone))
    dice = random.Random(seed)
    row = [waiting(f"low{n}", band="NEEDS-INFO") for n in range(3)]
    world.rows += row
    paused_weeks = 15
    bound = rules.OVERDUE // timedelta(days=7) + len(row) + paused_weeks + 2
    now = MONDAY
    for week in range(bound):
        for number in range(flood * weekly):
            band = dice.choice(["INCIDENT", "URGENT"])
            world.rows.append(replace(waiting(f"w{week}-{number}", band=band), since=now))
        now = rules.start_of(rules._monday(now.astimezone(ZoneInfo(zone)).date()) + timedelta(days=7), zone)
        for _ in range(7):
            world.look(now)
            now += timedelta(days=1)
    assert {one.case for one in row} <= {one.case for one in world.done}


@settings(max_examples=60, deadline=None)
@given(
    CONTRACTS, st.lists(st.tuples(st.sampled_from(rules.BANDS), st.integers(0, 80), REASONS), max_size=12), st.randoms()
)
def test_the_order_in_which_cases_are_handed_in_never_matters(
    contract: Contract, given_: list[tuple[str, int, frozenset[Escalation]]], dice: random.Random
) -> None:
    row = [waiting(f"c{n}", band=band, days=days, reasons=reasons) for n, (band, days, reasons) in enumerate(given_)]
    shuffled = list(row)
    dice.shuffle(shuffled)
    assert plan(contract, row, [], MONDAY) == plan(contract, shuffled, [], MONDAY)


@settings(max_examples=60, deadline=None)
@given(CONTRACTS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))
def test_the_next_look_is_later_and_never_more_than_a_week_away(contract: Contract, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    found = plan(contract, [], [], now).next_look
    assert now < found <= now + timedelta(days=8)


# What people write ---------------------------------------------------------------------------------------------------


def test_every_violation_of_a_contract_is_listed() -> None:
    bad = Wish(
        maintainer=" ", packages=["nonsense"], weekly=-1, at_once=0, zone="Mars/Base", evidence="E9",
        pauses=[(date(2026, 12, 2), date(2026, 12, 1), "")], wanted=["CWE-0"], escalates=["because"],
    )  # fmt: skip
    with pytest.raises(Invalid) as refused:
        rules.read(bad)
    found = {problem.pointer for problem in refused.value.problems}
    assert found == {
        "/maintainer", "/packages/0", "/weekly", "/at_once", "/zone", "/evidence", "/pauses/0", "/wanted/0",
        "/escalates/0",
    }  # fmt: skip


def test_a_package_is_read_without_version_and_letter_case() -> None:
    fields = rules.read(Wish(maintainer="Team", packages=["pkg:pypi/PyYAML@5.3?x=1", "pkg:pypi/pyyaml"], weekly=1))
    assert fields["packages"] == ("pkg:pypi/pyyaml",)
