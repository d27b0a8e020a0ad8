"""Draw a card as one page that stands alone: no script, nothing fetched, prints as it reads.

Every number on it is read from the card; nothing is computed here. Plots: the estimate with its interval under every
treatment, the items and what became of them, the horizon at each budget, the families.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from comity.assess.card import SECTIONS
from comity.formats import chart

TONES: Final[Mapping[str, chart.Tone]] = {
    "solved": "good", "failed": "", "refused": "warn", "censored": "soft", "cheated": "bad", "suspected": "warn",
    "infrastructure": "soft",
}  # fmt: skip
ITEM_MAP: Final = "Items given, by human minutes, and what became of them"
FINDINGS: Final[Mapping[str, str]] = {
    "meets": "meets the threshold",
    "does_not_meet": "does not meet the threshold",
    "indeterminate": "indeterminate",
    "above_ceiling": "above the ceiling of this battery",
    "estimate_only": "estimate only: no threshold was sealed",
}


def page(card: Mapping[str, Any], *, key_id: str = "", mark: str = "") -> str:
    """A whole HTML document. The same card gives the same page. `key_id` names the signer's key.

    `mark`: whose copy it is, in words that stay when it is printed. A marked page is not the card's own page.
    """
    text: str = _template().render(
        card=card,
        mark=mark,
        sections=[(key, title, card["sections"][key]) for key, title in SECTIONS.items()],
        numbers=card["numbers"],
        data=card["data"],
        finding=FINDINGS[card["numbers"]["determination"]["finding"]],
        charts=charts(card),
        style=Markup(chart.STYLE),  # noqa: S704  # constant
        key_id=key_id,
    )
    return text


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["figure"] = _figure
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    return environment.from_string(resources.files("comity.assess").joinpath("card.html").read_text("utf-8"))


def charts(card: Mapping[str, Any]) -> dict[str, Markup]:
    """The plots by name, each with its caption; none when nothing was run."""
    worked, data = card["numbers"], card["data"]
    ceiling = worked["determination"]["ceiling_minutes"]
    if not data["runs"]:
        return {}
    if ceiling <= 0:
        return {"items": _figured(ITEM_MAP, _items(data))}
    threshold = data["threshold_minutes"]
    marks = [chart.Mark(label="threshold", at=threshold)] if threshold is not None else []
    marks.append(chart.Mark(label="ceiling", at=ceiling))
    readings = "Horizon in human minutes under every treatment of unclear outcomes"
    families_title = "Horizon in human minutes by family"
    budget = "Fitted p50 in human minutes at each budget in tokens"
    out = {
        "readings": (
            readings,
            chart.intervals(
                readings,
                [_interval(reading["treatment"], reading) for reading in worked["determination"]["readings"]],
                unit="min",
                log=True,
                marks=marks,
            ),
        ),
        "items": (ITEM_MAP, _items(data)),
    }
    families = [row for row in worked["families"] if "horizon_minutes" in row]
    if families:
        out["families"] = (
            families_title,
            chart.intervals(
                families_title,
                [_interval(row["name"], row, note=f"{row['solved']} of {row['scored']}") for row in families],
                unit="min",
                log=True,
            ),
        )
    points = [
        (point["cap_tokens"], point["p50_minutes"])
        for point in (worked["curve"] or {"points": []})["points"]
        if isinstance(point["p50_minutes"], float) and point["p50_minutes"] > 0
    ]
    if len(points) > 1:
        out["curve"] = (
            budget,
            chart.bars(
                budget,
                [chart.Bar(label=f"{int(cap):,} tokens", value=value) for cap, value in points],
                unit="min",
            ),
        )
    return {name: _figured(title, svg) for name, (title, svg) in out.items()}


def _figured(title: str, svg: str) -> Markup:
    return Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(title, Markup(svg))  # noqa: S704  # our own SVG


def _items(data: Mapping[str, Any]) -> str:
    """The item map: how many items of each length were given, and what became of them."""
    minutes = {item["id"]: item["minutes"] for item in data["items"]}
    last = {run["item"]: run["outcome"] for run in data["runs"]}
    edges = (0.0, 4.0, 15.0, 60.0, 240.0, float("inf"))
    rows = []
    for low, high in pairwise(edges):
        inside = [outcome for item, outcome in last.items() if low < minutes[item] <= high]
        label = f"over {low:g} min" if high == float("inf") else f"{low:g} to {high:g} min"
        counts = [f"{inside.count(name)} {name}" for name in TONES if name in inside]
        rows.append(chart.Bar(label=label, value=len(inside), note=", ".join(counts)))
    return chart.bars(ITEM_MAP, rows, unit="items")


def _interval(label: str, row: Mapping[str, Any], *, note: str = "") -> chart.Interval:
    return chart.Interval(
        label=label,
        value=row["horizon_minutes"],
        low=row["low_minutes"],
        high=None if row["beyond"] else row["high_minutes"],
        note=note,
    )


def _figure(value: Any) -> str:
    """A number for a reader: three figures, words as they are."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
