"""CSAF 2.1 6.1.3, 6.1.6, 6.1.13, 6.1.34, 6.1.42 to 6.1.44, 6.1.50, 6.1.57 to 6.1.59 and 6.1.61: the product tree."""

import re
from collections.abc import Iterator
from typing import Final

from packageurl import PackageURL

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Held, Placed, items, listed, mapping, text, words
from comity.formats.csaf_rules.products import CONTRADICTING, is_purl, reaches
from comity.formats.csaf_rules_2_1.paper import NewPaper

DEEPEST: Final = 30
RANGE: Final = "product_version_range"
_WITHOUT_NAMESPACE: Final = ("pkg:oci/",)
_VERS: Final = re.compile(r"vers:(?P<scheme>[a-z0-9.+-]*)/(?P<body>.+)\Z", re.ASCII)
_CONSTRAINT: Final = re.compile(r"(?P<comparator><=|>=|!=|<|>|=)?(?P<version>[^<>=!|\s*]+)\Z")
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)


def circular_paths(paper: NewPaper) -> Iterator[Problem]:
    """6.1.3: no product is made, through product paths, out of itself."""
    made: dict[str, tuple[str, ...]] = {}
    place: dict[str, str] = {}
    for path in paper.paths:
        own = text(mapping(path.value.get("full_product_name")).get("product_id"))
        steps = items(path.value, path.pointer, "subpaths")
        parts = (text(step.value.get("next_product_reference")) for step in steps)
        made[own] = (*made.get(own, ()), text(path.value.get("beginning_product_reference")), *parts)
        place.setdefault(own, f"{path.pointer}/full_product_name/product_id")
    for own, pointer in place.items():
        if reaches(own, made):
            yield Problem(pointer, "csaf_6.1.3", "this product is defined by way of itself")


def contradicting_statuses(paper: NewPaper) -> Iterator[Problem]:
    """6.1.6: within a vulnerability no product is, say, affected and fixed, or affected and unknown."""
    for vulnerability in paper.vulnerabilities:
        status = Held(f"{vulnerability.pointer}/product_status", mapping(vulnerability.value.get("product_status")))
        said: dict[str, str] = {}
        for key, meaning in (*CONTRADICTING.items(), ("unknown", "unknown")):
            for mention in listed(status, key):
                if said.setdefault(mention.value, meaning) != meaning:
                    reason = f"this product is also said to be {said[mention.value]}"
                    yield Problem(mention.pointer, "csaf_6.1.6", reason)


def malformed_purls(paper: NewPaper) -> Iterator[Problem]:
    """6.1.13: a purl is one by its own specification."""
    for mention in _helped(paper, "purls"):
        head = mention.value.partition("@")[0].partition("?")[0]
        has_refused_namespace = head.startswith(_WITHOUT_NAMESPACE) and head.count("/") > 1
        if not is_purl(mention.value) or has_refused_namespace:
            yield Problem(mention.pointer, "csaf_6.1.13", "this is no valid package URL")


def deep_branches(paper: NewPaper) -> Iterator[Problem]:
    """6.1.34: branches lie at most 30 deep."""
    for branch in paper.branches:
        if len(paper.lineage(branch.pointer)) == DEEPEST + 1:
            yield Problem(branch.pointer, "csaf_6.1.34", f"branches lie more than {DEEPEST} deep")


def purls_of_different_products(paper: NewPaper) -> Iterator[Problem]:
    """6.1.42: the purls of one product differ in their qualifiers alone."""
    for held in paper.full_names:
        seen: set[tuple[str, str, str, str, str]] = set()
        helper = mapping(held.value.get("product_identification_helper"))
        for purl in filter(is_purl, words(helper.get("purls"))):
            told = PackageURL.from_string(purl)
            parts = (told.type, told.namespace, told.name, told.version, told.subpath)
            seen.add((parts[0] or "", parts[1] or "", parts[2] or "", parts[3] or "", parts[4] or ""))
        if len(seen) > 1:
            pointer = f"{held.pointer}/product_identification_helper/purls"
            yield Problem(pointer, "csaf_6.1.42", "the purls of one product may differ in qualifiers alone")


def starry_models(paper: NewPaper) -> Iterator[Problem]:
    """6.1.43: a model number has at most one star that stands for anything."""
    yield from _starry(paper, "model_numbers", "6.1.43")


def starry_serials(paper: NewPaper) -> Iterator[Problem]:
    """6.1.44: a serial number has at most one star that stands for anything."""
    yield from _starry(paper, "serial_numbers", "6.1.44")


def starry_skus(paper: NewPaper) -> Iterator[Problem]:
    """6.1.61: a stock keeping unit has at most one star that stands for anything."""
    yield from _starry(paper, "skus", "6.1.61")


def malformed_ranges(paper: NewPaper) -> Iterator[Problem]:
    """6.1.50: a version range is written as vers, or as its constraints alone; never in words."""
    for branch in paper.branches:
        if branch.value.get("category") == RANGE and _constraints(text(branch.value.get("name"))) is None:
            yield Problem(f"{branch.pointer}/name", "csaf_6.1.50", "a version range is written as vers or as its parts")


def stacked_categories(paper: NewPaper) -> Iterator[Problem]:
    """6.1.57: on the way to a product no category stands twice, but for product families."""
    for branch in paper.branches:
        if isinstance(branch.value.get("product"), dict):
            told = [text(one.get("category")) for one in paper.lineage(branch.pointer)]
            told = [one for one in told if one != "product_family"]
            if len(told) > len(set(told)):
                yield Problem(f"{branch.pointer}/category", "csaf_6.1.57", "a category stands twice above this product")


def ranges_beside_versions(paper: NewPaper) -> Iterator[Problem]:
    """6.1.58: on the way to a product stands a version or a range, not both."""
    for branch in paper.branches:
        told = {text(one.get("category")) for one in paper.lineage(branch.pointer)}
        if isinstance(branch.value.get("product"), dict) and {"product_version", RANGE} <= told:
            yield Problem(f"{branch.pointer}/category", "csaf_6.1.58", "a version and a range stand above this product")


def versions_as_ranges(paper: NewPaper) -> Iterator[Problem]:
    """6.1.59: a single version is no range."""
    for branch in paper.branches:
        told = _constraints(text(branch.value.get("name"))) if branch.value.get("category") == RANGE else None
        if told is not None and len(told) == 1 and told[0] in ("", "="):
            yield Problem(f"{branch.pointer}/name", "csaf_6.1.59", "a single version is a product_version")


def _constraints(name: str) -> tuple[str, ...] | None:
    """The comparators of a range (`*` for all versions), or None for what is none.

    A scheme that is not known here is read by the form alone. The committee lists `vers:/all` as valid.
    """
    match = _VERS.match(name)
    scheme, body = (match["scheme"], match["body"]) if match else ("", name)
    if name.startswith("vers:") and match is None:
        return None
    if (match and body == "*") or name == "vers:/all":
        return ("*",)
    parts = [_CONSTRAINT.match(part) for part in body.split("|")]
    if scheme == "all" or not all(parts):
        return None
    return tuple(part["comparator"] or "" for part in parts if part)


def _helped(paper: NewPaper, key: str) -> Iterator[Placed]:
    for held in paper.full_names:
        helper = mapping(held.value.get("product_identification_helper"))
        yield from listed(Held(f"{held.pointer}/product_identification_helper", helper), key)


def _starry(paper: NewPaper, key: str, number: str) -> Iterator[Problem]:
    for mention in _helped(paper, key):
        if _ESCAPED.sub("", mention.value).count("*") > 1:
            yield Problem(mention.pointer, f"csaf_{number}", "at most one star may stand for anything")
