"""CSAF 2.1 6.1.35 and 6.1.36: remediations of a product agree with each other and with its status."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import items, mapping, text, words
from comity.formats.csaf_rules_2_1.paper import NewPaper

TOGETHER: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("workaround", "mitigation"),
        ("workaround", "vendor_fix"),
        ("workaround", "fix_planned"),
        ("workaround", "no_fix_planned"),
        ("mitigation", "vendor_fix"),
        ("mitigation", "fix_planned"),
        ("mitigation", "no_fix_planned"),
    )
)
"""6.1.35: the only pairs of categories that a product can have at once."""
CATEGORIES: Final = (
    "workaround",
    "mitigation",
    "vendor_fix",
    "optional_patch",
    "none_available",
    "fix_planned",
    "no_fix_planned",
)
_AFFECTED: Final = ("first_affected", "known_affected", "last_affected")
_FIXED: Final = ("first_fixed", "fixed")
_SAFE: Final = ("known_not_affected", *_FIXED)
AGAINST: Final[Mapping[str, tuple[str, ...]]] = {
    "workaround": _SAFE,
    "mitigation": _SAFE,
    "vendor_fix": _SAFE,
    "optional_patch": _AFFECTED,
    "none_available": _SAFE,
    "fix_planned": _FIXED,
    "no_fix_planned": _FIXED,
}
"""6.1.36: category of a remediation to the statuses that it contradicts."""


def contradicting_remedies(paper: NewPaper) -> Iterator[Problem]:
    """6.1.35: no product has, say, a vendor fix and none planned."""
    for vulnerability in paper.vulnerabilities:
        told: dict[str, set[str]] = {}
        for held in items(vulnerability.value, vulnerability.pointer, "remediations"):
            category = text(held.value.get("category"))
            if category not in CATEGORIES:
                continue
            products = paper.about(held.value)
            for product in products:
                told.setdefault(product, set()).add(category)
            pairs = (pair for product in products for pair in combinations(told[product], 2) if category in pair)
            if any(frozenset(pair) not in TOGETHER for pair in pairs):
                yield Problem(
                    held.pointer, "csaf_6.1.35", "a product has another remediation that contradicts this one"
                )


def remedies_against_status(paper: NewPaper) -> Iterator[Problem]:
    """6.1.36: no product is, say, fixed and told to wait for a fix."""
    for vulnerability in paper.vulnerabilities:
        status = mapping(vulnerability.value.get("product_status"))
        for held in items(vulnerability.value, vulnerability.pointer, "remediations"):
            category = text(held.value.get("category"))
            products = paper.about(held.value)
            for key in AGAINST.get(category, ()):
                if products & set(words(status.get(key))):
                    yield Problem(held.pointer, "csaf_6.1.36", f"a product is {key}, which {category} contradicts")
