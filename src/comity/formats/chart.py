"""Draw small charts as SVG that reads without eyes, without colour, without script, in light and in dark.

Every chart carries its title and the sentence of all its values as text alternative. Colours come from classes of the
page's stylesheet (or `STYLE` in a document of its own) and only repeat what a word beside the mark says. Nothing in the
text can break out: labels are escaped. SVG 2; `role="img"` with `title` and `desc` as WAI-ARIA 1.2 wants it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal, TypeAlias

from comity.errors import Invalid

Tone: TypeAlias = Literal["", "good", "warn", "bad", "soft"]
"""What a mark is about; "" is the plain accent."""

STYLE: Final = """\
.chart{max-width:100%;height:auto;font:13px system-ui,"DejaVu Sans",sans-serif;color:#1c2227}
.chart text{fill:currentColor}.chart .faint{fill:#56616b}.chart .axis{stroke:#d8dde1}
.chart .mark{fill:#14597a;stroke:#14597a}.chart .line{fill:none;stroke:#14597a;stroke-width:2}
.chart .good{fill:#1c6b3a;stroke:#1c6b3a}.chart .warn{fill:#7a5200;stroke:#7a5200}
.chart .bad{fill:#a3211b;stroke:#a3211b}.chart .soft{fill:#56616b;stroke:#56616b}
.chart .line.good,.chart .line.warn,.chart .line.bad,.chart .line.soft{fill:none}
.chart .band{fill-opacity:.16;stroke:none}.chart .rule{stroke:#56616b;stroke-dasharray:4 3}
@media (prefers-color-scheme:dark){.chart{color:#e4e8ea}.chart .faint{fill:#a2adb5}.chart .axis{stroke:#353d43}
.chart .mark{fill:#7cc0e0;stroke:#7cc0e0}.chart .line{stroke:#7cc0e0}.chart .rule{stroke:#a2adb5}
.chart .good{fill:#7fd6a0;stroke:#7fd6a0}.chart .warn{fill:#efc76a;stroke:#efc76a}
.chart .bad{fill:#f19a92;stroke:#f19a92}.chart .soft{fill:#a2adb5;stroke:#a2adb5}}
"""
"""The rules a document without our stylesheet needs; `console/static/comity.css` says the same in its own variables."""

WIDTH: Final = 720
ROW: Final = 26
"""Height of one row, in units of the view box."""
LETTER: Final = 7.2
"""Width taken for one letter at the chart's type size; wide enough for every common face."""
OPEN: Final = 18
"""How far an interval without a bound runs on beyond the axis, so that its arrow never hides a value."""
DASHES: Final = ("", "7 4", "2 3", "9 3 2 3", "1 4")
"""One stroke pattern per line, in order: lines differ without colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One amount. `note` follows the value (`3 of 40`). A negative or unknown amount is no bar: say so instead."""

    label: str
    value: float
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value with its interval. `low` or `high` None: not bounded on that side, drawn as an arrow."""

    label: str
    value: float
    low: float | None
    high: float | None
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line of points in order of x. `band` holds (x, low, high). `stepped` draws stairs, for counts over time."""

    label: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()
    tone: Tone = ""
    stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A named place on the value axis: a threshold, today."""

    label: str
    at: float


def bars(title: str, rows: Sequence[Bar], *, unit: str = "", spoken: Callable[[float], str] | None = None) -> str:
    """Amounts beside each other, in the given order, each with its number. Invalid for negative or unbounded ones."""
    say = spoken or plain
    _finite(title, (row.value for row in rows))
    if any(row.value < 0 for row in rows):
        raise Invalid(f"chart {title!r}: a bar cannot show a negative amount")
    left = _gutter(row.label for row in rows)
    tails = [_joined(f"{say(row.value)}{_unit(unit)}", row.note) for row in rows]
    right = min(260.0, max((len(tail) for tail in tails), default=0) * LETTER + 12)
    room = WIDTH - left - right
    most = max((row.value for row in rows), default=0.0) or 1.0
    body = []
    for place, (row, tail) in enumerate(zip(rows, tails, strict=True)):
        y = 8 + place * ROW
        long = room * row.value / most
        body.append(_text(left - 8, y + 15, _short(row.label, left), anchor="end"))
        body.append(
            f'<rect class="{_classes("mark", row.tone)}" x="{_n(left)}" y="{y + 3}" width="{_n(long)}" height="16"/>'
        )
        body.append(_text(left + long + 6, y + 15, tail))
    told = "; ".join(f"{row.label}: {tail}" for row, tail in zip(rows, tails, strict=True))
    return _svg(title, told, 16 + ROW * max(1, len(rows)), body)


def intervals(
    title: str,
    rows: Sequence[Interval],
    *,
    unit: str = "",
    log: bool = False,
    marks: Sequence[Mark] = (),
    spoken: Callable[[float], str] | None = None,
) -> str:
    """Values with their intervals on one axis. `log` wants amounts above zero. `spoken` says a value in words."""
    say = spoken or plain
    known = [v for row in rows for v in (row.value, row.low, row.high) if v is not None] + [m.at for m in marks]
    left = _gutter(row.label for row in rows)
    first = left + (OPEN if any(row.low is None for row in rows) else 0)
    last = WIDTH - 24 - (OPEN if any(row.high is None for row in rows) else 0)
    axis = _Axis.over(title, known, low=first, high=last, log=log)
    high = 8 + ROW * max(1, len(rows)) + (18 if marks else 0)
    body = axis.horizontal(8, high, say, unit)
    for mark in marks:
        x = axis.at(mark.at)
        body.append(f'<line class="rule" x1="{_n(x)}" x2="{_n(x)}" y1="8" y2="{high}"/>')
        anchor = "end" if x > WIDTH * 0.7 else "start"
        body.append(_text(x - 5 if anchor == "end" else x + 5, high - 6, mark.label, css="faint", anchor=anchor))
    for place, row in enumerate(rows):
        y = 8 + place * ROW + ROW // 2
        one, two = axis.end(row.low, first=True), axis.end(row.high, first=False)
        tone = _classes("mark", row.tone)
        body.append(_text(left - 8, y + 4, _short(row.label, left), anchor="end"))
        body.append(f'<line class="{tone}" stroke-width="3" x1="{_n(one)}" x2="{_n(two)}" y1="{y}" y2="{y}"/>')
        for value, x, way in ((row.low, one, -1), (row.high, two, 1)):
            if value is None:
                tip = f"{_n(x + 7 * way)},{y} {_n(x)},{y - 6} {_n(x)},{y + 6}"
                body.append(f'<polygon class="{tone}" points="{tip}"/>')
        body.append(f'<circle class="{tone}" cx="{_n(axis.at(row.value))}" cy="{y}" r="5"/>')
    told = [_joined(f"{row.label}: {say(row.value)}{_unit(unit)}, {_bounds(row, say)}", row.note) for row in rows]
    told += [f"marked: {mark.label} at {say(mark.at)}{_unit(unit)}" for mark in marks]
    return _svg(title, "; ".join(told), high + 30, body)


def lines(
    title: str,
    series: Sequence[Series],
    *,
    across: str,
    up: str,
    log_x: bool = False,
    log_y: bool = False,
    marks: Sequence[Mark] = (),
    spoken_x: Callable[[float], str] | None = None,
    spoken_y: Callable[[float], str] | None = None,
) -> str:
    """Lines over one x axis; `across` and `up` name the axes with their units. `marks` stand on the x axis."""
    say_x, say_y = spoken_x or plain, spoken_y or plain
    xs = [x for one in series for x, _ in one.points] + [mark.at for mark in marks]
    ys = [y for one in series for _, y in one.points] + [v for one in series for _, a, b in one.band for v in (a, b)]
    if not log_y:
        ys.append(0.0)
    top, bottom, left = 28, 260, 72
    flat = _Axis.over(title, xs, low=left, high=WIDTH - 24, log=log_x)
    tall = _Axis.over(title, ys, low=bottom, high=top, log=log_y)
    body = [*flat.horizontal(top, bottom, say_x, ""), *tall.vertical(left, WIDTH - 24, say_y)]
    body.append(_text(left, 16, up, css="faint"))
    body.append(_text(WIDTH - 24, bottom + 38, across, css="faint", anchor="end"))
    for mark in marks:
        x = flat.at(mark.at)
        body.append(f'<line class="rule" x1="{_n(x)}" x2="{_n(x)}" y1="{top}" y2="{bottom}"/>')
        anchor = "end" if x > WIDTH * 0.7 else "start"
        body.append(_text(x - 5 if anchor == "end" else x + 5, top + 12, mark.label, css="faint", anchor=anchor))
    for place, one in enumerate(series):
        body.extend(_line(one, DASHES[place % len(DASHES)], flat, tall))
    for place, one in enumerate(series):
        y = bottom + 58 + place * 20
        dash = DASHES[place % len(DASHES)]
        ends = f'x1="{left}" x2="{left + 34}" y1="{y - 4}" y2="{y - 4}"'
        body.append(f'<line class="{_classes("line", one.tone)}"{_dash(dash)} {ends}/>')
        body.append(_text(left + 42, y, one.label))
    told = [_path(one, say_x, say_y) for one in series] + [f"marked: {m.label} at {say_x(m.at)}" for m in marks]
    return _svg(title, f"{up} over {across}. " + "; ".join(told), bottom + 58 + 20 * len(series), body)


def plain(value: float) -> str:
    """A number for people: thousands parted, three digits that matter below that."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Values from `least` to `most` on the pixels from `low` to `high`."""

    least: float
    most: float
    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, title: str, values: Sequence[float], *, low: float, high: float, log: bool) -> "_Axis":
        _finite(title, values)
        if log and any(value <= 0 for value in values):
            raise Invalid(f"chart {title!r}: a logarithmic axis wants amounts above zero")
        least, most = min(values, default=1.0 if log else 0.0), max(values, default=1.0)
        ticks = _log_ticks(least, most) if log else _ticks(least, most)
        return cls(least=ticks[0], most=ticks[-1], low=low, high=high, log=log, ticks=ticks)

    def at(self, value: float) -> float:
        if self.log:
            part = math.log(value / self.least) / math.log(self.most / self.least)
        else:
            part = (value - self.least) / (self.most - self.least)
        return self.low + part * (self.high - self.low)

    def end(self, value: float | None, *, first: bool) -> float:
        if value is not None:
            return self.at(value)
        return self.low - OPEN if first else self.high + OPEN

    def horizontal(self, top: float, bottom: float, say: Callable[[float], str], unit: str) -> list[str]:
        body, free = [], -1.0
        for tick in self.ticks:
            x = self.at(tick)
            body.append(f'<line class="axis" x1="{_n(x)}" x2="{_n(x)}" y1="{_n(top)}" y2="{_n(bottom)}"/>')
            word = say(tick) + _unit(unit)
            half = len(word) * LETTER / 2
            if x - half > free:  # words that would touch are left out, the lines stay
                body.append(_text(min(x, WIDTH - half), bottom + 18, word, css="faint", anchor="middle"))
                free = x + half + 6
        return body

    def vertical(self, left: float, right: float, say: Callable[[float], str]) -> list[str]:
        body = []
        for tick in self.ticks:
            y = self.at(tick)
            body.append(f'<line class="axis" x1="{_n(left)}" x2="{_n(right)}" y1="{_n(y)}" y2="{_n(y)}"/>')
            body.append(_text(left - 8, y + 4, say(tick), css="faint", anchor="end"))
        return body


def _line(one: Series, dash: str, flat: _Axis, tall: _Axis) -> list[str]:
    body = []
    if one.band:
        upper = [f"{_n(flat.at(x))},{_n(tall.at(high))}" for x, _, high in one.band]
        lower = [f"{_n(flat.at(x))},{_n(tall.at(low))}" for x, low, _ in reversed(one.band)]
        body.append(f'<polygon class="{_classes("mark band", one.tone)}" points="{" ".join([*upper, *lower])}"/>')
    places: list[tuple[float, float]] = []
    for x, y in one.points:
        here = (flat.at(x), tall.at(y))
        if one.stepped and places:
            places.append((here[0], places[-1][1]))
        places.append(here)
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in places)
    if len(places) == 1:
        x, y = places[0]
        body.append(f'<circle class="{_classes("mark", one.tone)}" cx="{_n(x)}" cy="{_n(y)}" r="4"/>')
    elif places:
        body.append(f'<polyline class="{_classes("line", one.tone)}"{_dash(dash)} points="{path}"/>')
    return body


SPOKEN_POINTS: Final = 12
"""So many points of a line are read out; of a longer one the ends and the extremes."""


def _path(one: Series, say_x: Callable[[float], str], say_y: Callable[[float], str]) -> str:
    points = list(one.points)
    if not points:
        return f"{one.label}: no points"
    if len(points) > SPOKEN_POINTS:
        chosen = {0, len(points) - 1}
        chosen.add(min(range(len(points)), key=lambda place: points[place][1]))
        chosen.add(max(range(len(points)), key=lambda place: points[place][1]))
        told = ", ".join(f"{say_y(points[p][1])} at {say_x(points[p][0])}" for p in sorted(chosen))
        return f"{one.label}: {len(points)} points, among them {told}"
    return f"{one.label}: " + ", ".join(f"{say_y(y)} at {say_x(x)}" for x, y in points)


def _bounds(row: Interval, say: Callable[[float], str]) -> str:
    if row.low is None and row.high is None:
        return "not bounded on either side"
    if row.low is None:
        assert row.high is not None
        return f"at most {say(row.high)}, with no lower bound"
    if row.high is None:
        return f"at least {say(row.low)}, with no upper bound"
    return f"between {say(row.low)} and {say(row.high)}"


def _ticks(least: float, most: float) -> tuple[float, ...]:
    """Four to eight round values that hold everything."""
    if least == most:
        least, most = min(least, 0.0), max(most, least + 1.0)
    rough = (most - least) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return tuple(round(place * step, 12) for place in range(first, last + 1))


def _log_ticks(least: float, most: float) -> tuple[float, ...]:
    """Powers of ten, with 2 and 5 between them while that stays readable."""
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
    if first == last:
        last += 1
    between = (1.0, 2.0, 5.0) if last - first <= 3 else (1.0,)
    every = [base * 10.0**power for power in range(first, last + 1) for base in between]
    below = [tick for tick in every if tick <= least * (1 + 1e-9)]
    above = [tick for tick in every if tick >= most * (1 - 1e-9)]
    held = [tick for tick in every if below[-1] <= tick <= above[0]]
    return tuple(held if len(held) > 1 else (held[0], held[0] * 10))


def _finite(title: str, values: Iterable[float]) -> None:
    if not all(math.isfinite(value) for value in values):
        raise Invalid(
            f"chart {title!r}: a value is not a finite number; give an open interval, or leave it out and say so"
        )


def _gutter(labels: Iterable[str]) -> float:
    return min(300.0, max(80.0, max((len(label) for label in labels), default=0) * LETTER + 16))


def _short(label: str, room: float) -> str:
    most = int((room - 12) / LETTER)
    return label if len(label) <= most else label[: most - 1] + "…"


def _text(x: float, y: float, text: str, *, css: str = "", anchor: str = "start") -> str:
    named = f' class="{css}"' if css else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{named} x="{_n(x)}" y="{_n(y)}"{placed}>{_clean(text)}</text>'


def _svg(title: str, told: str, height: float, body: Sequence[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}" height="{_n(height)}"'
    named = f"<title>{_clean(title)}</title><desc>{_clean(told)}</desc>"
    alternative = _clean(f"{title}. {told}")
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{alternative}" {size}>'
    return "".join([opening, named, *body, "</svg>"])


def _clean(text: str) -> str:
    """Escaped; what XML cannot hold, or what would turn the reading direction, becomes a space."""
    return escape("".join(c if c.isprintable() else " " for c in text))


def _classes(first: str, tone: Tone) -> str:
    return f"{first} {tone}" if tone else first


def _dash(pattern: str) -> str:
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _joined(text: str, note: str) -> str:
    return f"{text}, {note}" if note else text


def _unit(unit: str) -> str:
    return f" {unit}" if unit and unit != "%" else unit


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
