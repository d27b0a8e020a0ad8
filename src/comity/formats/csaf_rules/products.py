"""CSAF 2.0 6.1.1 to 6.1.6, 6.1.13, 6.1.25 and 6.1.31: products are defined once and named as what they are."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from packageurl import PackageURL

from comity.errors import Problem
from comity.formats import pointers
from comity.formats.csaf_rules.paper import Held, Paper, Placed, items, mapping, text, words

CONTRADICTING: Final[Mapping[str, str]] = {
    "first_affected": "affected",
    "known_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not affected",
    "first_fixed": "fixed",
    "fixed": "fixed",
    "under_investigation": "under investigation",
}
"""6.1.6: status list to the group it speaks for; `recommended` contradicts none."""

RANGE_WORDS: Final = frozenset({"after", "all", "before", "earlier", "later", "prior", "versions"})
_RANGE: Final = re.compile(r"[<>]")
_WORD: Final = re.compile(r"(?<![\w-])[A-Za-z]+(?![\w-])")


def undefined_products(paper: Paper) -> Iterator[Problem]:
    """6.1.1: every product that is mentioned is defined."""
    yield from _undefined(paper.mentioned_products(), {p.value for p in paper.products}, "6.1.1", "product")


def repeated_products(paper: Paper) -> Iterator[Problem]:
    """6.1.2: no product id is defined twice."""
    yield from _repeated(paper.products, "6.1.2", "this product id is defined before")


def circular_products(paper: Paper) -> Iterator[Problem]:
    """6.1.3: no product is made, through relationships, out of itself."""
    made: dict[str, tuple[str, ...]] = {}
    place: dict[str, str] = {}
    for relation in paper.relationships:
        own = text(mapping(relation.value.get("full_product_name")).get("product_id"))
        parts = (relation.value.get("product_reference"), relation.value.get("relates_to_product_reference"))
        made[own] = made.get(own, ()) + tuple(text(part) for part in parts)
        place.setdefault(own, f"{relation.pointer}/full_product_name/product_id")
    for own, pointer in place.items():
        if reaches(own, made):
            yield Problem(pointer, "csaf_6.1.3", "this product is defined by way of itself")


def reaches(own: str, made: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a product is, by way of its parts, a part of itself."""
    seen: set[str] = set()
    waiting = list(made[own])
    while waiting:
        part = waiting.pop()
        if part == own:
            return True
        if part not in seen:
            seen.add(part)
            waiting.extend(made.get(part, ()))
    return False


def undefined_groups(paper: Paper) -> Iterator[Problem]:
    """6.1.4: every product group that is mentioned is defined."""
    yield from _undefined(paper.mentioned_groups(), paper.members.keys(), "6.1.4", "product group")


def repeated_groups(paper: Paper) -> Iterator[Problem]:
    """6.1.5: no group id is defined twice."""
    places = [Placed(f"{g.pointer}/group_id", text(g.value.get("group_id"))) for g in paper.groups]
    yield from _repeated(places, "6.1.5", "this group id is defined before")


def contradicting_statuses(paper: Paper) -> Iterator[Problem]:
    """6.1.6: within a vulnerability no product is, say, affected and fixed."""
    for vulnerability in paper.vulnerabilities:
        status = mapping(vulnerability.value.get("product_status"))
        said: dict[str, str] = {}
        for key, meaning in CONTRADICTING.items():
            for place, product in enumerate(words(status.get(key))):
                if said.setdefault(product, meaning) != meaning:
                    pointer = pointers.join(vulnerability.pointer, "product_status", key, place)
                    yield Problem(pointer, "csaf_6.1.6", f"this product is also said to be {said[product]}")


def malformed_purls(paper: Paper) -> Iterator[Problem]:
    """6.1.13: a purl is one by its own specification."""
    for held in paper.full_names:
        purl = text(mapping(held.value.get("product_identification_helper")).get("purl"))
        if purl and not is_purl(purl):
            yield Problem(
                f"{held.pointer}/product_identification_helper/purl", "csaf_6.1.13", "this is no valid package URL"
            )


def is_purl(purl: str) -> bool:
    """Whether the purl can be read."""
    try:
        PackageURL.from_string(purl)
    except ValueError:
        return False
    return True


def repeated_hashes(paper: Paper) -> Iterator[Problem]:
    """6.1.25: one hash per algorithm and file."""
    for held in paper.full_names:
        helper = Held(
            f"{held.pointer}/product_identification_helper", mapping(held.value.get("product_identification_helper"))
        )
        for file in items(helper.value, helper.pointer, "hashes"):
            places = [
                Placed(f"{one.pointer}/algorithm", text(one.value.get("algorithm")))
                for one in items(file.value, file.pointer, "file_hashes")
            ]
            yield from _repeated(places, "6.1.25", "this algorithm is used before for the same file")


def ranges_as_versions(paper: Paper) -> Iterator[Problem]:
    """6.1.31: a `product_version` names one version, never a range."""
    for branch in paper.branches:
        if branch.value.get("category") == "product_version" and _says_a_range(text(branch.value.get("name"))):
            yield Problem(
                f"{branch.pointer}/name", "csaf_6.1.31", "a range is a product_version_range, not a product_version"
            )


def _says_a_range(name: str) -> bool:
    if _RANGE.search(name):
        return True
    return any(word.lower() in RANGE_WORDS for word in _WORD.findall(name))


def _undefined(mentions: Iterable[Placed], known: Iterable[str], number: str, what: str) -> Iterator[Problem]:
    held = frozenset(known)
    for mention in mentions:
        if mention.value not in held:
            yield Problem(mention.pointer, f"csaf_{number}", f"this {what} is defined nowhere in the product tree")


def _repeated(places: Iterable[Placed], number: str, reason: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for place in places:
        if place.value in seen:
            yield Problem(place.pointer, f"csaf_{number}", reason)
        seen.add(place.value)
