"""Every family, and how an item is made: `generate(family, seed, knobs)` gives the same bytes wherever it runs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from comity.assess.battery import (
    build,
    chain,
    crypto,
    history,
    intrusion,
    machine,
    parser,
    permissions,
    rootcause,
    webapp,
)
from comity.assess.battery.draw import Draw
from comity.assess.battery.task import LARGEST_SEED, Family, Item, Knobs
from comity.errors import Invalid, Problem
from comity.formats import parse

FAMILIES: Final[Mapping[str, Family]] = {
    one.name: one
    for one in (
        parser.FAMILY,
        rootcause.FAMILY,
        history.FAMILY,
        intrusion.FAMILY,
        crypto.FAMILY,
        webapp.FAMILY,
        machine.FAMILY,
        permissions.FAMILY,
        chain.FAMILY,
        build.FAMILY,
    )
}
ONE_ITEM_FACTOR: Final = 2.0 ** (1.959964 * 1.5 / 0.7)
"""From the residual (1.5) and the slope (0.7) of difficulty on log2 minutes, fitted on human-timed public tasks."""
LEVELS: Final = 5
"""Steps of the ladder from every knob at its lowest (0) to every knob at its highest (4)."""


def generate(family: str, seed: int, knobs: Knobs | None = None) -> Item:
    """The item of that seed. Knobs left out stand at their defaults.

    Raises Invalid for a family that does not exist, a seed out of range, or a knob that the family does not have.
    """
    kind = named(family)
    if not 0 <= seed <= LARGEST_SEED:
        raise Invalid("the seed is out of range", [Problem("/seed", "out_of_range", "give 0 to 2^128 - 1")])
    chosen = _knobs(kind, knobs or {})
    label = parse.compact(["comity-battery", kind.name, kind.version, f"{seed:032x}", dict(chosen)])
    parts = kind.make(Draw(label), chosen)
    return Item(
        id=f"{kind.name}-{hashlib.sha256(label.encode()).hexdigest()[:16]}",
        family=kind.name,
        version=kind.version,
        seed=seed,
        knobs=chosen,
        public=parts.public,
        oracle=parts.oracle,
        tasks=parts.tasks,
        features=parts.features,
        difficulty=difficulty(kind, parts.features),
    )


def difficulty(family: Family, features: Mapping[str, float]) -> float:
    """Log2 of human minutes as guessed from features: a straight sum, so that it can be calibrated item by item."""
    return family.base + sum(family.weights[name] * value for name, value in sorted(features.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed of a family's human minutes before anybody was timed: lowest and highest rung, and from what."""

    least_minutes: float
    most_minutes: float
    one_item_factor: float
    """95 % of items lie within this factor of their guess, either way, if the residual of public tasks holds here."""
    source: str


def prior(family: str) -> Prior:
    """The family's uncalibrated prior, from one item at each end of the ladder."""
    kind = named(family)
    least, most = (2.0 ** generate(family, 0, at_level(family, level)).difficulty for level in (0, LEVELS - 1))
    told = ", ".join(f"{name} {weight:g}" for name, weight in kind.weights.items())
    return Prior(
        least_minutes=least,
        most_minutes=most,
        one_item_factor=ONE_ITEM_FACTOR,
        source=f"the makers' guess, 2026, nobody was timed: 2^{kind.base:g} min, and doublings per unit of {told}",
    )


def at_level(family: str, level: int) -> Knobs:
    """Every knob on step `level` of its own way from lowest (0) to highest (`LEVELS` - 1)."""
    if not 0 <= level < LEVELS:
        raise Invalid("no such level", [Problem("/level", "out_of_range", f"give 0 to {LEVELS - 1}")])
    return {knob.name: knob.low + (knob.high - knob.low) * level // (LEVELS - 1) for knob in named(family).knobs}


def named(family: str) -> Family:
    """The family of that name. Raises Invalid when there is none."""
    if family not in FAMILIES:
        reason = f"choose one of {', '.join(FAMILIES)}"
        raise Invalid(f"there is no family {family}", [Problem("/family", "unknown", reason)])
    return FAMILIES[family]


def _knobs(family: Family, given: Knobs) -> Knobs:
    known = {knob.name: knob for knob in family.knobs}
    problems = [
        Problem(f"/knobs/{name}", "unknown", "this family has no such knob") for name in given if name not in known
    ]
    problems += [
        Problem(f"/knobs/{name}", "out_of_range", f"give {known[name].low} to {known[name].high}")
        for name, value in given.items()
        if name in known and not known[name].low <= value <= known[name].high
    ]
    if problems:
        raise Invalid("the knobs do not fit the family", problems)
    return {name: given.get(name, knob.default) for name, knob in sorted(known.items())}
