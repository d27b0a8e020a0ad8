"""Every decision on priority is kept with its inputs and comes out the same when it is computed again."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from comity.admin import mirrors
from comity.clearing import flow, flow_priority, prioritise, ssvc
from comity.clearing.desk_priority import QUESTIONS, Priorities
from comity.defend.desk_counts import coarse
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import epss
from comity.model import signals
from comity.model.case import Case, Closing, Priority, Stage
from comity.model.evidence import Reproduced, Signal
from comity.model.ids import CaseId, ReportId
from comity.store import cases, decisions
from tests.clearing.documents import document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, Host, coordinator, host

ADA = coordinator("ada")
AT = datetime(2026, 6, 10, 9, tzinfo=UTC)
HEAD = b"#model_version:v2025.03.14,score_date:2026-06-09T12:55:00+0000\ncve,epss,percentile\n"
EPSS = HEAD + b"CVE-2020-14343,0.01234,0.84512\n"
LATER = EPSS.replace(b"2026-06-09", b"2026-06-12").replace(b"0.01234", b"0.91000")
KEV = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.06.12",
       "dateReleased": "2026-06-12T12:00:00.000Z", "count": 1,
       "vulnerabilities": [{"cveID": "CVE-2020-14343", "dateAdded": "2026-06-12"}]}  # fmt: skip
"""The shape of CISA's catalogue; that it names this weakness is the test's own doing."""


@pytest.fixture
def comity(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path, run=False) as held:
        yield held


def case_on(comity: Host) -> CaseId:
    """One report, screened, validated by the scripted laboratory, and ordered."""
    comity.desk.submit(LAB, [document(FINDING)])
    with comity.machines.store.read() as tx:
        batch = comity.desk.reports(ADA)[0][0].report.batch
        assert tx
    (report,) = flow.reports_of(comity.machines, batch)
    ((name, _),) = flow.screen(comity.machines, [ReportId(report)])
    case = CaseId(name)
    trial = flow.run(comity.machines, case, ReportId(report))
    flow.judge(comity.machines, case, ReportId(report), trial)
    flow.order(comity.machines, case, report)
    return case


def desk(comity: Host) -> Priorities:
    return Priorities(machines=comity.machines)


def mirror(comity: Host, data: bytes) -> None:
    taken = mirrors.take_in(comity.machines.store, data, at=comity.clock.now())
    comity.desk.reorder(because=f"mirror {taken.mirror.digest}")


def value(priority: Priority, name: str) -> str | None:
    return next(one.value for one in priority.signals if one.name == name)


def tree(priority: Priority, title: str) -> ssvc.TreeAnswer:
    return next(one for one in priority.trees if title in one.title)


def test_tuesdays_answer_is_told_on_friday_and_comes_out_the_same(comity: Host) -> None:
    mirror(comity, EPSS)
    case = case_on(comity)
    comity.clock.jump_to(comity.clock.now() + timedelta(days=3))
    mirror(comity, LATER)
    mirror(comity, json.dumps(KEV).encode())
    now = desk(comity).why(ADA, case)
    then = desk(comity).why(ADA, case, on=date(2026, 6, 10))
    assert (then.decided.priority.band, now.decided.priority.band) == ("STANDARD", "INCIDENT")
    assert then.differences == now.differences == ()
    assert (value(then.decided.priority, signals.EPSS), value(now.decided.priority, signals.EPSS)) == (
        "0.01234",
        "0.91000",
    )
    said = {one.what: (one.before, one.after) for one in then.since}
    assert said["band"] == ("STANDARD", "INCIDENT")
    assert said["EPSS (FIRST EPSS)"] == ("0.01234", "0.91000")
    assert now.newest
    assert now.since == ()


def test_each_input_has_a_source_and_a_date_and_what_is_unknown_is_named(comity: Host) -> None:
    mirror(comity, EPSS)
    priority = desk(comity).why(ADA, case_on(comity)).decided.priority
    score = next(one for one in priority.signals if one.name == signals.EPSS)
    assert score.note == "percentile 0.845, model v2025.03.14"
    assert score.as_of == datetime(2026, 6, 9, 12, 55, tzinfo=UTC)
    assert all(one.source for one in priority.signals)
    assert tree(priority, "coordinator take").missing != ()
    assert tree(priority, "coordinator take").outcome == ""
    assert len(priority.trees) == len(ssvc.ASKED)


def test_a_day_before_the_first_decision_has_no_answer(comity: Host) -> None:
    case = case_on(comity)
    with pytest.raises(Missing, match="had no priority"):
        desk(comity).why(ADA, case, on=date(2026, 6, 9))


def test_a_decision_whose_kept_inputs_were_changed_says_that_it_comes_out_otherwise(comity: Host) -> None:
    case = case_on(comity)
    with comity.machines.store.write() as tx:
        held = decisions.newest(tx, case)
        assert held is not None
        decisions.add(tx, replace(held, sequence=2, priority=replace(held.priority, band="INCIDENT")))
    found = desk(comity).why(ADA, case)
    assert [one.what for one in found.differences] == ["band"]


def test_the_tables_of_that_day_are_kept_with_it(comity: Host) -> None:
    held = desk(comity).why(ADA, case_on(comity)).decided
    with comity.machines.store.read() as tx:
        sheets = flow_priority.sheets_of(tx, held)
    assert set(sheets) == set(ssvc.ASKED)
    assert all(sheet.digest == digest for (_, digest), sheet in zip(held.tables, sheets.values(), strict=True))


def test_an_equal_answer_is_kept_once(comity: Host) -> None:
    case = case_on(comity)
    flow.order(comity.machines, case, "again")
    assert len(desk(comity).why(ADA, case).others) == 1


def test_a_coordinators_answers_settle_the_triage_tree(comity: Host) -> None:
    case = case_on(comity)
    for question, word in (
        ("report-public", "no"),
        ("supplier-contacted", "yes"),
        ("supplier-cardinality", "multiple"),
        ("supplier-engagement", "unresponsive"),
    ):
        desk(comity).answer(ADA, case, question, word, note="as the maintainers' list shows")
    answer = tree(desk(comity).why(ADA, case).decided.priority, "coordinator take")
    assert (answer.outcome, dict(answer.inputs)["report_credibility"]) == ("coordinate", "credible")
    assert set(answer.missing) == {"utility", "public safety impact"}


def test_an_answer_can_be_withdrawn_and_both_stay(comity: Host) -> None:
    case = case_on(comity)
    desk(comity).answer(ADA, case, "safety-impact", "critical", note="it steers a pump")
    assert tree(desk(comity).why(ADA, case).decided.priority, "safety of the public").outcome == "significant"
    desk(comity).answer(ADA, case, "safety-impact", "", note="it was another product")
    assert tree(desk(comity).why(ADA, case).decided.priority, "safety of the public").outcome == ""
    assert [one.value for one in desk(comity).answers(ADA, case)] == ["critical", ""]


@pytest.mark.parametrize(
    ("question", "word", "note", "code"),
    [
        ("weather", "fine", "why", "unknown_question"),
        ("safety-impact", "purple", "why", "unknown_value"),
        ("safety-impact", "critical", " ", "missing_field"),
        ("assessed-severity", "CVSS:9/nonsense", "why", "bad_vector"),
    ],
)
def test_an_answer_that_answers_nothing_is_refused(
    comity: Host, question: str, word: str, note: str, code: str
) -> None:
    case = case_on(comity)
    with pytest.raises(Invalid) as refused:
        desk(comity).answer(ADA, case, question, word, note=note)
    assert code in {problem.code for problem in refused.value.problems}


def test_a_submitter_answers_nothing_and_reads_no_reasons(comity: Host) -> None:
    case = case_on(comity)
    with pytest.raises(Forbidden):
        desk(comity).answer(LAB, case, "safety-impact", "critical", note="mine")
    with pytest.raises(Forbidden):
        desk(comity).why(LAB, case)


def test_a_settled_case_takes_no_more_answers(comity: Host) -> None:
    case = case_on(comity)
    comity.desk.close(ADA, case, Closing.WITHDRAWN)
    with pytest.raises(Conflict):
        desk(comity).answer(ADA, case, "safety-impact", "critical", note="late")


def test_a_withheld_case_is_missing_to_whoever_is_not_read_in(comity: Host) -> None:
    case = case_on(comity)
    with comity.machines.store.write() as tx:
        cases.withhold(tx, case, withheld=True)
    for call in (
        lambda: desk(comity).why(ADA, case),
        lambda: desk(comity).answers(ADA, case),
        lambda: desk(comity).selections(ADA, case),
        lambda: desk(comity).answer(ADA, case, "safety-impact", "critical", note="x"),
    ):
        with pytest.raises(Missing):
            call()


def test_an_erased_case_leaves_no_reasons(comity: Host) -> None:
    case = case_on(comity)
    desk(comity).answer(ADA, case, "safety-impact", "critical", note="it steers a pump")
    with comity.machines.store.write() as tx:
        cases.erase(tx, case, at=AT)
        assert decisions.newest(tx, case) is None
        assert decisions.answers(tx, case) == ()


def test_selections_are_valid_ssvc_selection_lists(comity: Host, corpora: Path) -> None:
    path = corpora / "formats" / "ssvc" / "schema" / "v2" / "SelectionList_2_0_0.schema.json"
    found = desk(comity).selections(ADA, case_on(comity))
    check = Draft202012Validator(json.loads(path.read_text()))
    assert len(found) == len(ssvc.ASKED)
    assert [list(check.iter_errors(one)) for one in found] == [[]] * len(found)


# Counts of the defender's desk ---------------------------------------------------------------------------------------


def test_below_three_organisations_no_count_is_told() -> None:
    assert [coarse(number) for number in (0, 1, 2)] == [None, None, None]
    assert [coarse(number) for number in (3, 9, 10, 99, 100)] == [
        "3 to 9",
        "3 to 9",
        "10 to 29",
        "30 to 99",
        "100 or more",
    ]


def test_a_coarse_count_reaches_the_case_and_is_told_with_its_date(comity: Host) -> None:
    case = case_on(comity)
    asked: list[str] = []

    def count(names: object) -> dict[str, str | None]:
        asked.extend(names)  # type: ignore[call-overload]  # a sequence of names
        return {"CVE-2020-14343": "3 to 9"}

    assert desk(comity).recount(count, because="event 1") == 1
    assert desk(comity).recount(count, because="event 2") == 0
    assert set(asked) == {"CVE-2020-14343"}
    priority = desk(comity).why(ADA, case).decided.priority
    assert value(priority, signals.EXPOSED) == "3 to 9"


# Pure rules ----------------------------------------------------------------------------------------------------------

SHEETS = {id_: sheet for id_, (sheet, _) in flow_priority.shipped().items()}
NAMES = sorted({*ssvc.ANSWERS.values(), signals.EPSS, signals.FIX, signals.EXPOSED, signals.STATED_EXPLOITED})
VALUES = st.sampled_from(
    [None, "yes", "no", "active", "total", "partial", "public poc", "none", "0.5", "critical", "junk"]
)
SIGNALS = st.lists(
    st.builds(
        Signal,
        name=st.sampled_from(NAMES),
        value=VALUES,
        source=st.sampled_from(["a mirror", "coordinator Ada"]),
        as_of=st.sampled_from([AT, AT + timedelta(days=1)]),
        note=st.just(""),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(SIGNALS)
def test_equal_inputs_give_equal_answers_in_any_order(held: list[Signal]) -> None:
    clean = [one for one in held if one.value != "junk"]
    clean = [one for one in clean if one.name not in prioritise.INPUTS or _fits(one)]
    first = prioritise.judge(clean, sheets=SHEETS, needs_person=False, at=AT)
    newest = sorted({(o.name, o.source, o.as_of): o for o in clean}.values(), key=repr)
    again = prioritise.judge(newest, sheets=SHEETS, needs_person=False, at=AT)
    turned = prioritise.judge(newest[::-1], sheets=SHEETS, needs_person=False, at=AT)
    assert again.trees == turned.trees
    assert (again.band, again.row) == (turned.band, turned.row)
    assert len(first.trees) == len(ssvc.ASKED)


def _fits(signal: Signal) -> bool:
    asked = SHEETS[ssvc.BOD_26_04].table.input(prioritise.INPUTS[signal.name])
    try:
        asked.read(signal.value or asked.values[0].key)
    except Invalid:
        return False
    return True


def test_nobody_lowers_what_a_mirror_says() -> None:
    mirrored = Signal(name=signals.EXPLOITATION, value="active", source=signals.SSVC_SOURCE, as_of=AT)
    said = Signal(name=signals.EXPLOITATION, value="none", source="coordinator Ada", as_of=AT + timedelta(days=1))
    table = SHEETS["cisa:DT_CO:2.0.3"].table
    assert ssvc.value_of(table, "exploitation", [mirrored, said]) == "A"


def test_places_are_ordered_by_band_then_facts_then_age() -> None:
    def priority(band: str, *facts: tuple[str, str]) -> Priority:
        found = tuple(Signal(name=n, value=v, source="s", as_of=AT) for n, v in facts)
        return Priority(signals=found, row=None, action=None, band=band, at=AT)

    ordered = [
        (priority("INCIDENT"), AT),
        (priority("URGENT"), AT),
        (priority("STANDARD", (signals.EXPLOITATION, "public poc")), AT),
        (priority("STANDARD", (signals.EPSS, "0.9")), AT),
        (priority("STANDARD", (signals.EPSS, "0.1")), AT),
        (priority("STANDARD", (signals.EXPOSED, "30 to 99")), AT),
        (priority("STANDARD", (signals.EXPOSED, "3 to 9")), AT),
        (priority("STANDARD"), AT - timedelta(days=3)),
        (priority("STANDARD", (signals.EPSS, "nan")), AT),
    ]
    places = [prioritise.place(one, since) for one, since in ordered]
    assert places == sorted(places)
    assert len(places[0]) == len(prioritise.PLACE)


def test_every_question_is_asked_by_a_table_or_is_the_severity() -> None:
    assert {one.name for one in QUESTIONS} >= {"supplier-contacted", "public-value-added", "assessed-severity"}
    assert "publicly-exposed" not in {one.name for one in QUESTIONS}
    assert "system-exposure" not in {one.name for one in QUESTIONS}


# EPSS ----------------------------------------------------------------------------------------------------------------


def test_a_packed_epss_file_is_read_like_a_plain_one() -> None:
    assert epss.recognises(gzip.compress(EPSS))
    assert epss.read(gzip.compress(EPSS)) == epss.read(EPSS)
    assert epss.read(EPSS).subjects == 1


@pytest.mark.parametrize(
    "data",
    [
        b"cve,epss,percentile\nCVE-2020-14343,0.1,0.5\n",
        b"#model_version:v1,score_date:yesterday\ncve,epss,percentile\n",
        EPSS.replace(b"cve,epss,percentile", b"cve,score"),
        b"\x1f\x8bnot gzip",
        b"",
    ],
)
def test_what_is_no_epss_file_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        epss.read(data)


def test_rows_that_cannot_be_read_are_listed_and_never_zero() -> None:
    bad = EPSS + b"CVE-2020-1,1.5,0.2\nCVE-2020-0001,nan,0.2\nnonsense\nCVE-2020-14343,0.9,0.9\nCVE-2021-0001,x,0\n"
    found = epss.read(bad)
    assert [fact.subject for fact in found.facts] == ["CVE-2020-14343"]
    assert found.facts[0].value == "0.01234"
    assert len(found.left_out) == 5


def test_a_bomb_is_refused_before_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epss, "LIMIT", 1000)
    with pytest.raises(Invalid):
        epss.read(gzip.compress(EPSS + b"x" * 100_000))


def test_a_validated_case_is_credible_by_what_was_seen_here() -> None:
    from comity.clearing import flow_signals
    from comity.model.case import Validation
    from comity.model.handling import Handling

    made = Validation(verdict=Reproduced(tallies=()), report=None, recipe=None, statement=None, at=AT)  # type: ignore[arg-type]  # not read
    case = Case(
        id=CaseId("C-1"),
        stage=Stage.VALID,
        title="t",
        handling=Handling(),
        opened_at=AT,
        reports=(),
        validations=(made,),
    )
    assert [one.value for one in flow_signals.seen_here(case)] == ["credible"]
    assert flow_signals.seen_here(replace(case, validations=())) == []
