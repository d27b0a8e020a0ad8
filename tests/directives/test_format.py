"""The pack format: what a stranger's file may do, which is to be read whole or to be told what is wrong with it."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given as properties
from hypothesis import settings as tuning
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import directive, pack, plain_yaml
from comity.model.directive import Kind, Unit

BOD = directive.shipped_bytes("us.cisa.bod-26-04").decode()
OLD = directive.shipped_bytes("us.cisa.bod-19-02").decode()
ROOT = Path(__file__).parents[2]


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        directive.read(text.encode())
    return [(one.pointer, one.code) for one in caught.value.problems]


def read_or_told(data: bytes) -> bool:
    try:
        return bool(directive.read(data).digest)
    except Invalid as error:
        return bool(error.problems)


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("name", directive.SHIPPED)
def test_every_shipped_pack_reads_and_says_that_it_is_a_transcription_how_sure_and_as_of_when(name: str) -> None:
    held = directive.shipped(name)
    assert held.id == name
    assert held.standing.as_of.isoformat() == "2026-11-22"
    words = held.standing.sentence.lower()
    assert any(word in words for word in ("transcription", "secondary", "form"))
    assert held.review_due > held.issued


def test_the_same_pack_as_json_is_the_same_pack() -> None:
    value = plain_yaml.read(BOD.encode()).value
    again = directive.read(json.dumps(value).encode())
    assert again.table == directive.shipped("us.cisa.bod-26-04").table
    assert again.parameters == directive.shipped("us.cisa.bod-26-04").parameters


def test_the_order_gives_its_duties_from_its_own_pack_with_30_and_60_days() -> None:
    order = directive.shipped("us.eo-14409")
    assert {duty.amount for duty in order.duties} == {30, 60}
    dated = [clause for clause in pack.shipped_order().clauses if clause.deadline.on is not None]
    assert {duty.id.partition(".")[0].split(".")[0] for duty in order.duties} <= {c.id.split(".")[0] for c in dated}
    assert len(order.duties) == sum(len(clause.duties) for clause in dated)


def test_the_templates_hold_no_day_count() -> None:
    for name in ("local.nss.template", "local.dow.template"):
        held = directive.shipped(name)
        assert held.kind is Kind.TEMPLATE
        assert all(one.amount is None and one.unit is Unit.UNSET for one in held.outcomes)
        assert held.binding_on == ()


def test_a_template_becomes_a_rule_only_when_every_time_is_filled_in() -> None:
    text = directive.shipped_bytes("local.nss.template").decode().replace("kind: template", "kind: local")
    assert {code for _, code in problems(text)} == {"not_filled_in"}
    filled = re.sub(r"unit: to_be_set", "unit: calendar_day, amount: 30", text)
    assert directive.read(filled.encode()).kind is Kind.LOCAL


def test_yes_and_no_stay_words_and_dates_stay_text() -> None:
    held = plain_yaml.read(b"a: no\nb: yes\nc: 2026-06-10\nd: on\ne: 12\nf: null\ng: 1_000\nh: 0x10\ni: 012\nj: true\n")
    assert held.value == {
        "a": "no",
        "b": "yes",
        "c": "2026-06-10",
        "d": "on",
        "e": 12,
        "f": None,
        "g": "1_000",
        "h": "0x10",
        "i": 12,
        "j": True,
    }
    assert held.lines["/c"] == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x [1, 2]\nb: *x\n", "alias"),
        ("a: !!python/object/apply:os.system ['true']\n", "tag"),
        ("a: 1\na: 2\n", "repeated_key"),
        ("a: 1\n---\nb: 2\n", "several_documents"),
        ("a: [\n", "malformed_yaml"),
        ("[" * 13 + "]" * 13, "structure_too_deep"),
        ("? [a, b]\n: 1\n", "key_not_text"),
        ("a: \x07\n", "malformed_yaml"),
        ('a: "\\x07"\n', "control_characters"),
        ("a: " + "x" * (256 * 1024), "document_too_large"),
        ("- 1\n" * 20_001, "too_many_values"),
    ],
)
def test_what_a_strangers_yaml_may_not_do(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        plain_yaml.read(text.encode())
    assert [one.code for one in caught.value.problems] == [code]


def test_deep_flow_collections_are_refused_and_never_exhaust_the_stack() -> None:
    for text in ("[" * 100_000, "{a: " * 30_000, "- " * 60_000):
        with pytest.raises(Invalid):
            plain_yaml.read(text.encode())


@tuning(max_examples=150, deadline=None)
@properties(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_place(data: bytes) -> None:
    assert read_or_told(data)


@tuning(max_examples=60, deadline=None)
@properties(st.integers(0, len(BOD) - 1), st.sampled_from(["", "x", ":", "[", "\n", "'"]))
def test_one_changed_letter_gives_another_pack_or_a_place_never_a_crash(place: int, letter: str) -> None:
    changed = BOD[:place] + letter + BOD[place + 1 :]
    assert read_or_told(changed.encode())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("issued: 2026-06-10", "issued: 2026-06-31", ("/dates/issued", "no_such_day")),
        ("applies_from: 2026-12-07", "applies_from: 2026-01-07", ("/dates/applies_from", "wrong_order")),
        ("cite: [S1, S3]}", "cite: [S1, S33]}", ("/outcomes/3/cite/1", "unknown_source")),
        ("on_tighten: on_tighten", "on_tighten: on_relax", ("/clock/on_tighten", "unknown_parameter")),
        ("param: exposure_unknown", "param: exposure_unknwon", ("/inputs/0/unknown/param", "unknown_parameter")),
        ("default: first_start", "default: last_start", ("/parameters/2/default", "unknown_choice")),
        ("amount: 14,", "", ("/outcomes/2", "no_amount")),
        (
            "sha256: 7ca1bcf951d6dba92ed1ff72a5eff2de8aa666939a0bea9c7ca506b973b474ea, cite",
            "sha256: 7ca1bcf951d6dba92ed1ff72a5eff2de8aa666939a0bea9c7ca506b973b474eb, cite",
            ("/table/sha256", "other_table"),
        ),
        ('ssvc: "cisa:DT_BOD2604:1.0.0"', 'ssvc: "cisa:DT_BOD2204:1.0.0"', ("/table/ssvc", "unknown_table")),
        ("outcome: 60D, wants", "outcome: 30D, wants", ("/evidence/3/outcome", "unknown_outcome")),
        (
            "technical_impact: partial}, then: 60D",
            "technical_impact: partial}, then: 14D",
            ("/examples/7", "example_fails"),
        ),
        ("amounts: [7, 14, 30]", "amounts: [3, 14, 60]", ("/counter_examples/0", "counter_example_holds")),
        ("on: 2026-08-07", "on: 2026-08-09", ("/counter_examples/3", "counter_example_holds")),
    ],
)
def test_what_a_schema_cannot_say_is_still_found_at_its_place(old: str, new: str, expected: tuple[str, str]) -> None:
    assert expected in problems(swapped(BOD, old, new))


def test_a_problem_names_the_line_of_the_file() -> None:
    with pytest.raises(Invalid) as caught:
        directive.read(swapped(BOD, "on: 2026-08-09", "on: 2026-08-32").encode())
    line = next(n for n, text in enumerate(BOD.splitlines(), 1) if "2026-08-09" in text)
    assert f"(line {line})" in caught.value.problems[0].reason


def test_an_unknown_field_is_told_and_never_ignored() -> None:
    assert ("", "schema") in problems(BOD + "script: rm\n")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('    - {given: ["yes", high], then: 30D, cite: [S1]}\n', "", ("/table/rows", "not_total")),
        (
            '    - {given: ["yes", high], then: 30D',
            '    - {given: ["*", high], then: 30D',
            ("/table/rows/2", "overlap"),
        ),
        ("then: 30D", "then: 31D", ("/table/rows/2/then", "unknown_outcome")),
        ('["yes", high]', '["yes", severe]', ("/table/rows/2/given/1", "unknown_value")),
        ('["yes", high]', '["yes"]', ("/table/rows/2/given", "wrong_width")),
        ("critical], then: 15D", "critical], then: NONE", ("/table/rows/3", "not_monotone")),
    ],
)
def test_an_own_table_with_a_gap_an_overlap_or_a_fall_never_loads(
    old: str, new: str, expected: tuple[str, str]
) -> None:
    assert expected in problems(swapped(OLD, old, new))


WRONG_TABLES = {
    "7, 14 or 30 days (cybrsecmedia.com)": {"amount: 3,": "amount: 7,", "amount: 60,": "amount: 30,"},
    "severity, usage, criticality, mission (securityarsenal.com)": {
        "name: publicly_exposed": "name: severity",
        "name: automatable": "name: usage",
    },
    "second phase on 7 August": {"on: 2026-08-09, text": "on: 2026-08-07, text"},
}


@pytest.mark.parametrize("claim", WRONG_TABLES)
def test_a_pack_made_of_a_wrong_reading_in_circulation_never_loads(claim: str) -> None:
    text = BOD
    for old, new in WRONG_TABLES[claim].items():
        assert old in text
        text = text.replace(old, new)
    assert problems(text)


def test_a_table_in_which_the_number_of_criteria_decides_fails_the_packs_own_counter_example() -> None:
    value = plain_yaml.read(BOD.encode()).value
    assert isinstance(value, dict)
    table = pack.shipped_table(pack.BOD_26_04)
    tiers = ["FSU", "60D", "14D", "3D", "3DF"]
    names = [{v.key: v.name for v in one.values} for one in table.inputs]
    rows = [
        {
            "given": [names[n][key] for n, key in enumerate(row.given)],
            "then": tiers[sum(key in {"Y", "T"} for key in row.given)],
            "cite": ["S1"],
        }
        for row in table.rows
    ]
    wrong = {**value, "table": {"monotone": True, "rows": rows}, "examples": []}
    found = problems(json.dumps(wrong))
    assert ("/counter_examples/2", "counter_example_holds") in found


def test_the_schema_describes_every_field_at_the_top_level() -> None:
    assert all(part.get("description") for part in directive.schema()["properties"].values())


def test_the_page_of_the_format_is_what_the_schema_says() -> None:
    from comity.formats.directive_page import reference

    page = (ROOT / "docs" / "directives.md").read_text(encoding="utf-8")
    assert reference() in page
    assert all(f"`{name}`" in page for name in directive.SHIPPED)


def test_the_example_of_the_page_is_yaml_that_the_reader_takes_as_far_as_it_goes() -> None:
    page = (ROOT / "docs" / "directives.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    with pytest.raises(Invalid) as caught:
        directive.read(example.encode())
    [problem] = caught.value.problems
    assert problem.reason.startswith("missing: title, authority, standing, dates, sources")
