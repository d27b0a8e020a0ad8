"""Rows: what is written is what is read, and nothing else is."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Tampered, Unavailable
from comity.model.advisory import Advisory
from comity.model.article import Sentence, Span
from comity.model.case import Case, Disputed, New, Same
from comity.model.evidence import Flaky, NotReproduced, Reproduced, Verdict
from comity.model.recipe import Trial
from comity.model.report import Report
from comity.store import rows, tables
from tests.store import values

AWARE = st.datetimes(timezones=st.just(UTC))
st.register_type_strategy(datetime, AWARE)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


class Colour(StrEnum):
    """An enum whose values look like text."""

    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """Every shape that the model uses, in one value."""

    when: datetime
    wait: timedelta
    raw: bytes
    verdict: Verdict | None
    fate: New | Same | Disputed
    pair: tuple[int, str]
    nested: tuple[tuple[str, tuple[int, ...]], ...]
    names: frozenset[Colour]
    facts: dict[str, float]
    choice: int | str | None
    flag: bool = False


@given(st.from_type(Everything))
@settings(max_examples=100, deadline=None)
def test_any_value_comes_back_as_it_was(value: Everything) -> None:
    assert rows.decode(Everything, rows.encode(value, Everything)) == value


@pytest.mark.parametrize("kind", [Report, Case, Advisory, Trial], ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_model_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    assert rows.decode(kind, rows.encode(value, kind)) == value


def test_equal_values_have_equal_bytes() -> None:
    first = rows.encode({"b": 1, "a": 2}, dict[str, int])
    assert first == rows.encode({"a": 2, "b": 1}, dict[str, int]) == b'{"a":2,"b":1}'


def test_a_union_of_dataclasses_says_which_one_it_is() -> None:
    tree = msgspec.json.decode(rows.encode(NotReproduced(reason="silent"), Verdict))
    assert tree["@"] == "NotReproduced"


def test_verdicts_with_the_same_fields_are_never_confused() -> None:
    held = rows.encode(Reproduced(tallies=()), Verdict)
    assert not isinstance(rows.decode(Verdict, held), Flaky)  # type: ignore[arg-type]  # a union is no class


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="expected str, got int"):
        rows.encode((1, 2), tuple[str, str])
    with pytest.raises(TypeError, match="none of"):
        rows.encode(3.5, int | str)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(TypeError, match="timezone-aware"):
        rows.encode(datetime(2026, 1, 1), datetime)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'{"id": 7}', b'{"id": "R-1"}'],
)
def test_damaged_rows_are_named_as_such(damage: bytes) -> None:
    with pytest.raises(Tampered):
        rows.decode(Report, damage)


def test_a_row_of_a_newer_release_says_upgrade() -> None:
    held = msgspec.json.decode(rows.encode(values.report(), Report))
    with pytest.raises(Unavailable, match="upgrade"):
        rows.decode(Report, msgspec.json.encode({**held, "brand_new": 1}))
    with pytest.raises(Unavailable, match="upgrade"):
        rows.decode(Verdict, b'{"@": "Proven"}')  # type: ignore[arg-type]  # a union is no class


def test_a_field_added_with_a_default_reads_old_rows() -> None:
    held = msgspec.json.decode(rows.encode(values.report(), Report))
    del held["gaps"]
    assert "gaps" in {f.name for f in fields(Report)}
    assert rows.decode(Report, msgspec.json.encode(held)).gaps == ()


def test_a_named_tuple_keeps_its_parts_and_a_wrong_number_of_them_is_refused() -> None:
    kept = rows.encode(Sentence(text="t", spans=(Span(3, 9),)), Sentence)
    assert rows.decode(Sentence, kept) == Sentence(text="t", spans=(Span(3, 9),))
    with pytest.raises(Tampered, match="parts of Span"):
        rows.decode(Sentence, kept.replace(b"[3,9]", b"[3]"))


@given(st.datetimes(min_value=datetime(1001, 1, 1), max_value=datetime(9990, 1, 1), timezones=st.timezones()))
def test_a_moment_is_read_back_as_it_was_written_and_written_in_one_way(at: datetime) -> None:
    text = tables.moment_text(at)
    assert text == at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert tables.read_moment(text) == at.astimezone(UTC)
    assert tables.read_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-26",
        "2026-11-26T01:02:03.000000",
        "2026-11-26 01:02:03.000000Z",
        "2026-11-26T01:02:03.000000+00:00",
        "2026-W48-4T01:02:03.0000000Z",
        "2026-13-26T01:02:03.000000Z",
        "2026-11-26T01:02:03.00000xZ",
        "2026-11-26T01:02:03,000000Z",
    ],
)
def test_a_text_that_is_no_stored_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"moment|isoformat|month"):
        tables.read_moment(text)
