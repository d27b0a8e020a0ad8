"""Work a card's numbers out again from its own data, and say where they part from what it prints.

Needs neither the battery's secrets nor the host that made the card. Words, counts and choices must be equal; numbers
may part by what another processor's arithmetic does in the last places, and no more.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comity.assess import card_data
from comity.assess.card import ALWAYS, NEED_RUNS, NO_RUN, SECTIONS, VERSION, WHOLE, followed, not_done
from comity.assess.numbers import work_out
from comity.assess.protocol import Protocol, digest, from_json
from comity.assess.validity import LIMIT
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
    card_data.check(card["data"])
    again = work_out(card["data"])
    protocol = from_json(card["data"]["protocol"])
    compared = list(_compare("/numbers", card.get("numbers"), again))
    sections = card.get("sections")
    if not isinstance(sections, dict) or set(sections) != set(SECTIONS):
        compared.append(("/sections", "/sections: not the sections of a card"))
    elif not all(isinstance(one, dict) and isinstance(one.get("items"), dict) for one in sections.values()):
        compared.append(("/sections", "/sections: a section is no object with items"))
    else:
        compared += _said(card, again, protocol)
    if card.get("protocol_digest") != digest(protocol):
        compared.append(("/protocol_digest", "/protocol_digest: not the digest of the protocol in the data"))
    differences = [told for _, told in compared if told]
    return Recomputed(
        finding=again["determination"]["finding"],
        estimate=again["determination"]["estimate"],
        numbers=len(compared),
        differences=tuple(differences),
    )


def _said(card: Mapping[str, Any], again: Mapping[str, Any], protocol: Protocol) -> Iterator[tuple[str, str]]:
    """(pointer, difference or nothing) for everything that a section says and that follows from the data.

    A section must say neither another thing than the numbers, nor less, nor (where it holds nothing else) more; and
    the sentences that stand on every card stand on this one."""
    data, sections = card["data"], card["sections"]
    ran = bool(data["runs"])
    follows = followed(protocol, again, data["threshold_minutes"], ran=ran)
    if card.get("subject") != protocol.subject:
        yield "/subject", f"/subject: {card.get('subject')!r}, measured {protocol.subject!r}"
    for name, items in follows.items():
        printed = sections[name]["items"]
        if sections[name].get("done") is not True:
            yield f"/sections/{name}", f"/sections/{name}: not shown"
        elif name in WHOLE:
            yield from _compare(f"/sections/{name}/items", printed, items)
        else:
            mine = {key: value for key, value in printed.items() if key in items}
            yield from _compare(f"/sections/{name}/items", mine, items)
    for name in NEED_RUNS - follows.keys():
        yield f"/sections/{name}", "" if sections[name] == not_done(NO_RUN) else f"/sections/{name}: {NO_RUN}"
    for name, always in (("limits", (*ALWAYS, LIMIT)), ("deviations", protocol.deviations)):
        stands = sections[name]["items"].get("sentences")
        for sentence in always:
            at = f"/sections/{name}/items/sentences"
            yield at, "" if isinstance(stands, list) and sentence in stands else f"{at}: does not say {sentence!r}"


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
