"""Charts say everything in words too, cannot be broken out of, and draw what they are given."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import chart
from comity.formats.chart import Bar, Interval, Mark, Series

NAMES = st.text(max_size=60)
AMOUNTS = st.floats(min_value=0, max_value=1e12, allow_nan=False)


def tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def marks(svg: str, tag: str, css: str) -> list[ElementTree.Element]:
    return [e for e in tree(svg).iter("{http://www.w3.org/2000/svg}" + tag) if css in e.get("class", "").split()]


def alternative(svg: str) -> str:
    return tree(svg).get("aria-label", "")


def test_every_bar_is_read_out_with_its_number_and_note():
    svg = chart.bars("Tiers", [Bar(label="3 days", value=4, note="1 overdue"), Bar(label="14 days", value=1200)])
    assert alternative(svg) == "Tiers. 3 days: 4, 1 overdue; 14 days: 1,200"


def test_bars_are_as_long_as_their_amounts():
    svg = chart.bars("Tiers", [Bar(label="a", value=10), Bar(label="b", value=5), Bar(label="c", value=0)])
    long = [float(e.get("width", "")) for e in marks(svg, "rect", "mark")]
    assert long[0] == pytest.approx(2 * long[1], abs=0.05)
    assert long[2] == 0


def test_a_chart_of_nothing_is_still_a_chart():
    assert alternative(chart.bars("Tiers", [])) == "Tiers. "
    assert tree(chart.lines("Ageing", [], across="day", up="cases")) is not None


def test_an_open_interval_is_an_arrow_and_says_at_least():
    svg = chart.intervals("Horizon", [Interval(label="subject", value=300, low=170, high=None)], unit="min", log=True)
    assert "at least 170, with no upper bound" in alternative(svg)
    assert len(marks(svg, "polygon", "mark")) == 1


def test_a_value_lies_within_its_interval_on_the_axis():
    svg = chart.intervals("Horizon", [Interval(label="x", value=60, low=30, high=240)], log=True)
    (line,) = marks(svg, "line", "mark")
    (dot,) = marks(svg, "circle", "mark")
    one, here, two = float(line.get("x1", "")), float(dot.get("cx", "")), float(line.get("x2", ""))
    assert one < here < two
    assert (here - one) / (two - one) == pytest.approx(1 / 3, abs=0.01)  # one doubling of three


def test_marks_are_drawn_and_read_out():
    row = Interval(label="x", value=2, low=1, high=3)
    svg = chart.intervals("Horizon", [row], marks=[Mark(label="threshold", at=2.5)])
    assert "marked: threshold at 2.5" in alternative(svg)
    assert len(marks(svg, "line", "rule")) == 1


def test_a_stepped_line_has_a_corner_for_each_change():
    points = [(0.0, 5.0), (1.0, 3.0), (2.0, 3.0)]
    smooth = chart.lines("Burn-down", [Series(label="open", points=points)], across="day", up="open")
    stairs = chart.lines("Burn-down", [Series(label="open", points=points, stepped=True)], across="day", up="open")
    count = [len(marks(svg, "polyline", "line")[0].get("points", "").split()) for svg in (smooth, stairs)]
    assert count == [3, 5]


def test_long_lines_are_read_out_by_their_ends_and_extremes():
    points = [(float(x), float((x - 20) ** 2)) for x in range(50)]
    told = alternative(chart.lines("Curve", [Series(label="s", points=points)], across="x", up="y"))
    assert "50 points, among them 400 at 0, 0 at 20, 841 at 49" in told


def test_labels_cannot_break_out():
    nasty = '"><script>alert(1)</script>'
    svg = chart.bars(nasty, [Bar(label=nasty, value=1, note=nasty)])
    assert {e.tag.rpartition("}")[2] for e in tree(svg).iter()} == {"svg", "title", "desc", "text", "rect"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_cannot_be_drawn_is_refused(value):
    with pytest.raises(Invalid, match="not a finite number"):
        chart.bars("Tiers", [Bar(label="a", value=value)])


def test_a_negative_bar_and_a_zero_on_a_logarithmic_axis_are_refused():
    with pytest.raises(Invalid, match="negative"):
        chart.bars("Tiers", [Bar(label="a", value=-1)])
    with pytest.raises(Invalid, match="above zero"):
        chart.intervals("Horizon", [Interval(label="x", value=0, low=None, high=1)], log=True)


def test_charts_hold_no_inline_style_or_script():
    svg = chart.lines(
        "C", [Series(label="s", points=[(1, 2), (2, 3)], band=[(1, 1, 3), (2, 2, 4)])], across="x", up="y"
    )
    assert "style" not in svg
    assert "script" not in svg


@given(rows=st.lists(st.builds(Bar, label=NAMES, value=AMOUNTS, note=NAMES), max_size=8))
def test_any_labels_and_amounts_give_well_formed_svg_inside_its_box(rows):
    for rect in marks(chart.bars("T", rows), "rect", "mark"):
        assert 0 <= float(rect.get("width", "")) <= chart.WIDTH


@given(values=st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=1, max_size=6), log=st.booleans())
def test_every_value_is_drawn_inside_the_box(values, log):
    rows = [Interval(label=str(v), value=v, low=v / 2, high=v * 2) for v in values]
    for dot in marks(chart.intervals("T", rows, log=log), "circle", "mark"):
        assert 0 <= float(dot.get("cx", "")) <= chart.WIDTH
