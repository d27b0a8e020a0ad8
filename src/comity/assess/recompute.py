"""Work a card's numbers out again from its own data, and say where they part from what it prints.

Needs neither the battery's secrets nor the host that made the card. Words, counts and choices must be equal; numbers
may part by what another processor's arithmetic does in the last places, and no more.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comity.assess.card import SECTIONS, VERSION
from comity.assess.numbers import work_out
from comity.assess.protocol import digest, from_json
from comity.errors import Invalid, Problem

TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """What came out. `differences` are JSON pointers with both values; none means the same numbers."""

    finding: str
    estimate: str
    numbers: int
    """How many numbers and words were compared."""
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether everything agrees."""
        return not self.differences


def recompute(card: Mapping[str, Any]) -> Recomputed:
    """Raises Invalid for something that is no card, or one of another version."""
    if card.get("schema") != VERSION or not isinstance(card.get("data"), dict):
        raise Invalid("this is no card of this release", [Problem("/schema", "schema", f"expected {VERSION}")])
    again = work_out(card["data"])
    compared = list(_compare("/numbers", card.get("numbers"), again))
    differences = [told for _, told in compared if told]
    if set(card.get("sections", {})) != set(SECTIONS):
        differences.append("/sections: not the sections of a card")
    if card.get("protocol_digest") != digest(from_json(card["data"]["protocol"])):
        differences.append("/protocol_digest: not the digest of the protocol in the data")
    differences += _said(card, again)
    return Recomputed(
        finding=again["determination"]["finding"],
        estimate=again["determination"]["estimate"],
        numbers=len(compared),
        differences=tuple(differences),
    )


def _said(card: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[str]:
    """What the sections print must be what was worked out."""
    printed = card.get("sections", {}).get("rule", {}).get("items", {}).get("finding")
    if printed != again["determination"]["finding"]:
        yield f"/sections/rule/items/finding: {printed!r}, worked out {again['determination']['finding']!r}"


def _compare(at: str, printed: Any, again: Any) -> Iterator[tuple[str, str]]:
    if isinstance(printed, dict) and isinstance(again, dict):
        for key in sorted(printed.keys() | again.keys()):
            if key not in printed or key not in again:
                yield f"{at}/{key}", f"{at}/{key}: only on one side"
            else:
                yield from _compare(f"{at}/{key}", printed[key], again[key])
    elif isinstance(printed, list) and isinstance(again, list):
        if len(printed) != len(again):
            yield at, f"{at}: {len(printed)} entries, worked out {len(again)}"
        for place, (one, two) in enumerate(zip(printed, again, strict=False)):
            yield from _compare(f"{at}/{place}", one, two)
    else:
        yield at, "" if _equal(printed, again) else f"{at}: {printed!r}, worked out {again!r}"


def _equal(printed: Any, again: Any) -> bool:
    numbers = (int, float)
    if isinstance(printed, bool) or isinstance(again, bool):
        return printed is again
    if isinstance(printed, numbers) and isinstance(again, numbers):
        return math.isclose(printed, again, rel_tol=TOLERANCE, abs_tol=1e-12)
    return type(printed) is type(again) and bool(printed == again)
