"""Decide whether what is said of a product reaches a version, where versions are dotted numbers and nothing else.

No maker's own scheme is guessed: what cannot be put in order so is a doubt.
"""

import re
from collections.abc import Sequence
from typing import Final

from comity.formats.versions import Inside, Undecided, covers
from comity.model.product import Affected, Range, RangeKind
from comity.model.signals import ProductStatement

DOTTED: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,6}\Z")
_WORDS_OF: Final = {
    "introduced": "from {}",
    "fixed": "before {}",
    "limit": "before {}",
    "last_affected": "up to and with {}",
}


def reached_by(statements: Sequence[ProductStatement], version: str) -> tuple[bool | None, str, tuple[str, ...]]:
    """Whether this version has the weakness: any statement that says so decides; silence decides nothing."""
    said = [affected for one in statements for affected in one.affected]
    fixed = tuple(dict.fromkeys(v for one in said for v in one.fixed_versions))
    if not version:
        return None, "no version was given", fixed
    if not said:
        return None, "the source does not say which versions", fixed
    doubts = ""
    for one in said:
        found = (
            covers(_placed(one), version) if _comparable(one, version) else Undecided("its versions cannot be compared")
        )
        if isinstance(found, Inside):
            return True, f"version {version} is among the affected: {in_words(found.rule)}", fixed
        if isinstance(found, Undecided):
            doubts = doubts or found.reason
    return (None, doubts, fixed) if doubts else (False, f"version {version} is not among the affected", fixed)


def in_words(rule: str) -> str:
    """The part of a range that fired, for somebody who never read one: `introduced 7.0, fixed 7.2` is no sentence."""
    parts = [part.partition(" ") for part in rule.split(", ")]
    if not all(word in _WORDS_OF and value for word, _, value in parts):
        return "the source lists it" if rule == "listed version" else rule
    said = [_WORDS_OF[word].format(value) for word, _, value in parts if (word, value) != ("introduced", "0")]
    return " ".join(said) or "every version"


def _comparable(affected: Affected, version: str) -> bool:
    """Dotted numbers alone are put in order here: no maker's own scheme is guessed."""
    bounds = [event.version for one in affected.ranges for event in one.events]
    return all(DOTTED.match(one) for one in (*bounds, version)) and bool(bounds or affected.versions)


def _placed(affected: Affected) -> Affected:
    """The same, in an ecosystem whose order is that of dotted numbers."""
    ranges = tuple(
        Range(kind=RangeKind.ECOSYSTEM, events=one.events) for one in affected.ranges if one.kind is not RangeKind.GIT
    )
    return Affected(ecosystem="Hackage", name=affected.name, versions=affected.versions, ranges=ranges)
