"""The grounds on which something may be shared, each with the days on which it was in force.

A share cites one ground; a ground that is not in force on that day cannot be cited, and a fallback is named instead.
Records of past shares keep what they cited and are never rewritten. Periods of the information-sharing act of 2015 as
reported by others (secondary): lapsed from 1 October to 11 November 2025 and from 31 January to 2 February 2026, then
extended to 30 September 2026. What holds since was not found, so it counts as off until the host's setting says yes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from comity.errors import Conflict, Invalid, Problem

CISA_2015: Final = "cisa-2015"
LAST_KNOWN: Final = date(2026, 9, 30)
"""Up to this day the periods of the act are known; later days follow the setting `cisa2015_in_force`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """One ground. `periods` are first and last days, both included; None is open; no period at all means always."""

    id: str
    name: str
    periods: tuple[tuple[date | None, date | None], ...] = ()
    source: str = ""

    def period(self, day: date) -> tuple[date | None, date | None] | None:
        """The period that holds this day; None when the ground was not in force then."""
        if not self.periods:
            return (None, None)
        for first, last in self.periods:
            if (first is None or first <= day) and (last is None or day <= last):
                return (first, last)
        return None


_ACT: Final = (
    (date(2015, 12, 18), date(2025, 9, 30)),
    (date(2025, 11, 12), date(2026, 1, 30)),
    (date(2026, 2, 3), LAST_KNOWN),
)
BASES: Final[Mapping[str, Basis]] = {
    one.id: one
    for one in (
        Basis(
            id=CISA_2015,
            name="Cybersecurity Information Sharing Act of 2015, 6 U.S.C. 1501-1510",
            periods=_ACT,
            source="Public Law 114-113, division N, title I; extensions as reported (secondary)",
        ),
        Basis(id="contract", name="an agreement between the parties"),
        Basis(id="nda", name="a non-disclosure agreement"),
        Basis(id="community-terms", name="the terms of an information-sharing community"),
        Basis(id="consent", name="the consent of the party it comes from"),
        Basis(id="publication", name="publication approved by named people"),
    )
}
"""Every ground that a share may cite. What else a party stated at intake is carried as its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A ground as cited on one day: its name and the dates between which it was in force."""

    id: str
    name: str
    in_force_from: date | None = None
    in_force_until: date | None = None

    @property
    def sentence(self) -> str:
        """`6 U.S.C. ..., in force from 2026-02-03 until 2026-09-30`."""
        dates = [f"{word} {day}" for word, day in (("from", self.in_force_from), ("until", self.in_force_until)) if day]
        return f"{self.name}, in force {' '.join(dates)}" if dates else self.name


def ground(id_: str, day: date, *, cisa2015: str = "unknown") -> Ground:
    """The ground to cite on this day. Invalid for an unknown one; Conflict for one that is not in force.

    `cisa2015` is the host's setting for days after the last known period: only "yes" counts as in force.
    """
    basis = BASES.get(id_)
    if basis is None:
        raise Invalid("no such ground", [Problem("/basis", "unknown_basis", f"one of {', '.join(BASES)}")])
    held = basis.period(day)
    if held is None and id_ == CISA_2015 and day > LAST_KNOWN and cisa2015 == "yes":
        held = (LAST_KNOWN, None)
    if held is None:
        others = ", ".join(name for name in BASES if name != id_)
        raise Conflict(f"{basis.name} is not known to be in force on {day}: cite another ground ({others})")
    return Ground(id=id_, name=basis.name, in_force_from=held[0], in_force_until=held[1])
