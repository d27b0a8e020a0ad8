"""A CSAF document as rules ask it: products, groups and every mention of them, each with its place.

What differs between versions of the standard stands in an `Edition`; 2.1 has a paper of its own (`csaf_rules_2_1`).

Nothing here trusts the schema to have been met: what has the wrong shape is passed over, and the schema says so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final, NamedTuple

from comity.formats import pointers
from comity.formats.parse import Json

STATUSES: Final = (
    "first_affected",
    "first_fixed",
    "fixed",
    "known_affected",
    "known_not_affected",
    "last_affected",
    "recommended",
    "under_investigation",
)
"""CSAF 2.0 3.2.3.9: the lists of a vulnerability's product status."""

STACK_LIMIT: Final = 10_000
"""Branches walked at most; a tree that large has been refused by the document limits before."""


class Placed(NamedTuple):
    """A word and where it stands."""

    pointer: str
    value: str


class Held(NamedTuple):
    """An object and where it stands."""

    pointer: str
    value: Mapping[str, Json]


class Scored(NamedTuple):
    """A CVSS score, the key it stands under, the products it is for and who gave it."""

    held: Held
    key: str
    products: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The words in which versions of the standard differ. Profiles by what 6.1.27 asks of them."""

    profiles: tuple[str, ...]
    without_vulnerabilities: tuple[str, ...]
    about_products: tuple[str, ...]
    with_status: tuple[str, ...]
    filling: re.Pattern[str]
    """What is taken out of a category before it is compared with the profiles' names (6.1.26)."""


FIRST: Final = Edition(
    profiles=(
        "csaf_security_incident_response",
        "csaf_informational_advisory",
        "csaf_security_advisory",
        "csaf_vex",
    ),
    without_vulnerabilities=("csaf_informational_advisory",),
    about_products=("csaf_security_advisory", "csaf_vex"),
    with_status=("csaf_security_advisory",),
    filling=re.compile(r"[-_\s]"),
)
"""CSAF 2.0."""


@dataclass(frozen=True)
class Paper:
    """One document. Products are listed as often as they are defined."""

    root: Mapping[str, Json]
    edition: ClassVar[Edition] = FIRST

    @cached_property
    def head(self) -> Mapping[str, Json]:
        """`/document`."""
        return mapping(self.root.get("document"))

    @cached_property
    def tracking(self) -> Mapping[str, Json]:
        """`/document/tracking`."""
        return mapping(self.head.get("tracking"))

    @cached_property
    def category(self) -> str:
        """`/document/category`."""
        return text(self.head.get("category"))

    @cached_property
    def vulnerabilities(self) -> tuple[Held, ...]:
        """Every vulnerability."""
        return tuple(items(self.root, "", "vulnerabilities"))

    @cached_property
    def branches(self) -> tuple[Held, ...]:
        """Every branch of the product tree, at any depth."""
        found: list[Held] = []
        waiting = list(items(self._tree, "/product_tree", "branches"))
        while waiting and len(found) < STACK_LIMIT:
            branch = waiting.pop()
            found.append(branch)
            waiting.extend(items(branch.value, branch.pointer, "branches"))
        return tuple(sorted(found, key=lambda held: pointers.order(held.pointer)))

    @cached_property
    def relationships(self) -> tuple[Held, ...]:
        """Every relationship of the product tree."""
        return tuple(items(self._tree, "/product_tree", "relationships"))

    @property
    def makers(self) -> tuple[Held, ...]:
        """What makes products out of others: relationships."""
        return self.relationships

    @cached_property
    def full_names(self) -> tuple[Held, ...]:
        """Every full product name: in branches, beside them, and made out of others."""
        found = list(items(self._tree, "/product_tree", "full_product_names"))
        for owner, key in [
            *((branch, "product") for branch in self.branches),
            *((maker, "full_product_name") for maker in self.makers),
        ]:
            inner = owner.value.get(key)
            if isinstance(inner, dict):
                found.append(Held(pointers.join(owner.pointer, key), inner))
        return tuple(found)

    @cached_property
    def products(self) -> tuple[Placed, ...]:
        """Every product id at the place that defines it."""
        return tuple(
            Placed(f"{held.pointer}/product_id", text(held.value.get("product_id")))
            for held in self.full_names
            if text(held.value.get("product_id"))
        )

    @cached_property
    def groups(self) -> tuple[Held, ...]:
        """Every product group."""
        return tuple(items(self._tree, "/product_tree", "product_groups"))

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """Group id to the product ids in it."""
        return {text(g.value.get("group_id")): frozenset(words(g.value.get("product_ids"))) for g in self.groups}

    def mentioned_products(self) -> Iterator[Placed]:
        """Every place that refers to a product (CSAF 2.0 6.1.1)."""
        for group in self.groups:
            yield from listed(group, "product_ids")
        for relation in self.relationships:
            for key in ("product_reference", "relates_to_product_reference"):
                if text(relation.value.get(key)):
                    yield Placed(f"{relation.pointer}/{key}", text(relation.value.get(key)))
        for vulnerability in self.vulnerabilities:
            status = Held(f"{vulnerability.pointer}/product_status", mapping(vulnerability.value.get("product_status")))
            for key in STATUSES:
                yield from listed(status, key)
            for score in items(vulnerability.value, vulnerability.pointer, "scores"):
                yield from listed(score, "products")
            for key in ("flags", "remediations", "threats"):
                for held in items(vulnerability.value, vulnerability.pointer, key):
                    yield from listed(held, "product_ids")

    def mentioned_groups(self) -> Iterator[Placed]:
        """Every place that refers to a product group (CSAF 2.0 6.1.4)."""
        for vulnerability in self.vulnerabilities:
            for key in ("flags", "remediations", "threats"):
                for held in items(vulnerability.value, vulnerability.pointer, key):
                    yield from listed(held, "group_ids")

    def scores_of(self, vulnerability: Held) -> Iterator[Scored]:
        """Every CVSS score of a vulnerability."""
        for score in items(vulnerability.value, vulnerability.pointer, "scores"):
            products = words(score.value.get("products"))
            for key in ("cvss_v2", "cvss_v3"):
                inner = score.value.get(key)
                if isinstance(inner, dict):
                    yield Scored(Held(f"{score.pointer}/{key}", inner), key, products, "")

    def about(self, held: Mapping[str, Json]) -> frozenset[str]:
        """The products that an object names, itself or by groups."""
        named = set(words(held.get("product_ids")))
        for group in words(held.get("group_ids")):
            named |= self.members.get(group, frozenset())
        return frozenset(named)

    @cached_property
    def _tree(self) -> Mapping[str, Json]:
        return mapping(self.root.get("product_tree"))


def items(owner: Mapping[str, Json], pointer: str, key: str) -> Iterator[Held]:
    """The objects in the list under `key`, with their places."""
    for place, inner in enumerate(sequence(owner.get(key))):
        if isinstance(inner, dict):
            yield Held(pointers.join(pointer, key, place), inner)


def listed(held: Held, key: str) -> Iterator[Placed]:
    """The words in the list under `key`, with their places."""
    for place, inner in enumerate(sequence(held.value.get(key))):
        if isinstance(inner, str):
            yield Placed(pointers.join(held.pointer, key, place), inner)


def mapping(value: Json) -> Mapping[str, Json]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Json) -> Sequence[Json]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def words(value: Json) -> tuple[str, ...]:
    """The strings of a list."""
    return tuple(inner for inner in sequence(value) if isinstance(inner, str))


def text(value: Json) -> str:
    """The value when it is a string, else an empty one."""
    return value if isinstance(value, str) else ""
