"""Exports: the plan of action is valid OSCAL and passes through, tables run no formulas, calendars fold rightly."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import columns, ics, oscal, parse
from comity.model.remedy import Standing
from tests.advise.remedies import ALL, AT, PLANT, PORTAL, QUIET


def poam_of(data: bytes) -> object:
    """What NIST's model (as compliance-trestle generates it from the published schema) makes of a document."""
    from trestle.oscal.poam import PlanOfActionAndMilestones

    return PlanOfActionAndMilestones.model_validate(json.loads(data)["plan-of-action-and-milestones"])


def test_the_plan_of_action_is_valid_against_the_published_model() -> None:
    data = oscal.of(ALL, system="Billing", title="Plan of action", at=AT)
    held = poam_of(data)
    assert len(held.poam_items) == 3  # type: ignore[attr-defined]  # the oracle's own type
    plan = json.loads(data)["plan-of-action-and-milestones"]
    risks = {risk["uuid"]: risk for risk in plan["risks"]}
    first = risks[plan["poam-items"][0]["related-risks"][0]["risk-uuid"]]
    assert first["deadline"] == "2026-12-22T04:59:59Z"
    assert "deadline" not in risks[plan["poam-items"][1]["related-risks"][0]["risk-uuid"]]
    observed = {one["uuid"] for one in plan["observations"]}
    for item in plan["poam-items"]:
        assert {link["observation-uuid"] for link in item["related-observations"]} <= observed


def test_an_item_keeps_its_ids_when_the_plan_is_written_again() -> None:
    one = oscal.read(oscal.of([PORTAL], system="Billing", title="Plan", at=AT))
    later = oscal.read(oscal.of([PLANT, PORTAL], system="Billing", title="Plan", at=AT + timedelta(days=1)))
    assert one.items[0].uuid == later.items[1].uuid
    assert one.uuid != later.uuid


def test_a_plan_without_items_is_not_written() -> None:
    with pytest.raises(ValueError, match="without items"):
        oscal.of([], system="Billing", title="Plan", at=AT)


def test_what_was_written_is_read_and_written_back() -> None:
    data = oscal.of(ALL, system="Billing", title="Plan of action", at=AT)
    held = oscal.read(data)
    assert oscal.read(oscal.write(held)) == held
    assert parse.decode(oscal.write(held)) == parse.decode(data)
    assert {risk.status for risk in held.risks} == {"open", "remediating"}


def test_a_plan_made_elsewhere_passes_through_unharmed(corpora: Path) -> None:
    """NIST's own example plan (usnistgov/oscal-content, public domain)."""
    data = (corpora / "formats" / "oscal" / "ifa_plan-of-action-and-milestones.json").read_bytes()
    held = oscal.read(data)
    assert [len(held.items), len(held.risks), len(held.observations)] == [2, 2, 2]
    assert parse.decode(oscal.write(held)) == parse.decode(data)
    poam_of(oscal.write(held))


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (b"{}", ""),
        (b"[]", ""),
        (b'{"plan-of-action-and-milestones": {"poam-items": []}}', "/plan-of-action-and-milestones/uuid"),
        (
            b'{"plan-of-action-and-milestones": {"poam-items": [{"title": 3}]}}',
            "/plan-of-action-and-milestones/poam-items/0/title",
        ),
    ],
)
def test_what_is_no_plan_is_refused_at_its_place(document: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        oscal.read(document)
    assert pointer in {problem.pointer for problem in refused.value.problems}


@pytest.mark.parametrize("name", columns.SHIPPED)
def test_every_shipped_table_has_a_row_per_remedy_and_runs_no_formula(name: str) -> None:
    shipped = columns.shipped(name)
    rows = list(csv.reader(io.StringIO(columns.write(shipped, ALL).decode(), newline="")))
    assert rows[0] == [column.heading for column in shipped.columns]
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\t"))]
    assert json.loads(columns.report(shipped, ALL))["rows"][0]


def test_the_dashboard_says_which_input_was_filled_in_and_what_nobody_knows() -> None:
    rows = list(csv.DictReader(io.StringIO(columns.write(columns.shipped("cdm"), ALL).decode(), newline="")))
    assert rows[0]["defaulted_inputs"] == "metadata_missing: automatable = no"
    assert rows[0]["due"] == "2026-12-22T04:59:59Z"
    assert rows[0]["table_row"] == "7"
    assert (rows[2]["exposure"], rows[2]["due"], rows[2]["in_kev"]) == ("unknown", "", "unknown")


@given(st.text(max_size=20))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = columns.safe(text)
    assert not cell.lstrip(" \u00a0").startswith(
        ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    )
    assert cell.removeprefix("'") == text.replace("\x00", "").removeprefix("'") or cell == text


def test_a_map_that_asks_for_an_unknown_field_is_refused_at_its_column() -> None:
    listed = [{"heading": "A", "field": "id"}, {"heading": "B", "field": "__class__"}]
    data = json.dumps({"id": "x", "title": "x", "origin": "x", "columns": listed}).encode()
    with pytest.raises(Invalid) as refused:
        columns.read_map(data)
    assert [problem.pointer for problem in refused.value.problems] == ["/columns/1/field"]


def unfolded(data: bytes) -> list[str]:
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    return data.decode("utf-8").replace("\r\n ", "").split("\r\n")[:-1]


def test_the_calendar_holds_due_moments_in_utc_and_planned_days() -> None:
    made = ics.calendar(ALL, name="Due; dates, 2026", at=AT)
    lines = unfolded(made.data)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert "DTSTART:20261222T045959Z" in lines
    assert "DTSTART;VALUE=DATE:20270301" in lines
    assert "DTEND;VALUE=DATE:20270302" in lines
    assert "X-WR-CALNAME:Due\\; dates\\, 2026" in lines
    assert "UID:RM-portal-1@comity.invalid" in lines
    assert made.left_out == (QUIET.id,)
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2


def test_what_is_done_leaves_the_calendar() -> None:
    made = ics.calendar([replace(PORTAL, standing=Standing.DONE)], name="x", at=AT)
    assert b"VEVENT" not in made.data
    assert made.left_out == ()


def test_a_local_day_end_is_written_as_its_moment_in_utc() -> None:
    from zoneinfo import ZoneInfo

    due = datetime(2026, 12, 21, 23, 59, 59, tzinfo=ZoneInfo("America/New_York"))
    lines = unfolded(ics.calendar([replace(PORTAL, due=due)], name="x", at=AT).data)
    assert "DTSTART:20261222T045959Z" in lines


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_folds_and_unfolds_to_itself(action: str, asset: str) -> None:
    remedy = replace(PORTAL, action=action, asset=asset or "a")
    try:
        data = ics.calendar([remedy], name=asset, at=AT).data
        lines = unfolded(data)
    except UnicodeDecodeError:
        pytest.fail("a character was cut in two")
    assert lines.count("BEGIN:VEVENT") == 1
    described = next(line for line in lines if line.startswith("DESCRIPTION:")).removeprefix("DESCRIPTION:")
    plain = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], described)
    wanted = "".join(
        c if c == "\n" or (ord(c) >= 32 and ord(c) != 127) else " "
        for c in action.replace("\r\n", "\n").replace("\r", "\n")
    )
    assert plain.encode("utf-8", "replace").startswith(wanted.encode("utf-8", "replace"))


def test_two_moments_of_the_same_item_are_one_event_in_a_calendar_that_is_subscribed_to() -> None:
    first = unfolded(ics.calendar([PORTAL], name="x", at=AT).data)
    moved = replace(PORTAL, due=datetime(2026, 12, 9, tzinfo=UTC))
    second = unfolded(ics.calendar([moved], name="x", at=AT).data)
    assert [line for line in first if line.startswith("UID:")] == [line for line in second if line.startswith("UID:")]
