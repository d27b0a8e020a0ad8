"""A document of CSAF 2.1 as rules ask it: product paths, metrics, and products named in many more places."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from comity.formats import pointers
from comity.formats.csaf_rules.paper import (
    STATUSES,
    Edition,
    Held,
    Paper,
    Placed,
    Scored,
    items,
    listed,
    mapping,
    text,
    words,
)
from comity.formats.parse import Json

SECOND: Final = Edition(
    profiles=(
        "csaf_security_incident_response",
        "csaf_informational_advisory",
        "csaf_security_advisory",
        "csaf_vex",
        "csaf_deprecated_security_advisory",
        "csaf_withdrawn",
        "csaf_superseded",
        "csaf_vulnerability_report",
    ),
    without_vulnerabilities=("csaf_informational_advisory", "csaf_withdrawn", "csaf_superseded"),
    about_products=(
        "csaf_security_advisory",
        "csaf_vex",
        "csaf_deprecated_security_advisory",
        "csaf_vulnerability_report",
    ),
    with_status=("csaf_security_advisory", "csaf_deprecated_security_advisory", "csaf_vulnerability_report"),
    filling=re.compile(r"[\W_]"),
)
EXTENSIONS: Final = "x_extensions"
_VERSIONS: Final = ("product_version", "product_version_range", "service_pack", "patch_level")


@dataclass(frozen=True)
class NewPaper(Paper):
    """One document of CSAF 2.1."""

    edition: ClassVar[Edition] = SECOND

    @cached_property
    def paths(self) -> tuple[Held, ...]:
        """Every product path: one product on or with others. They took the place of relationships."""
        return tuple(items(self._tree, "/product_tree", "product_paths"))

    @property
    def makers(self) -> tuple[Held, ...]:
        """What makes products out of others: product paths."""
        return self.paths

    @cached_property
    def metrics(self) -> tuple[tuple[Held, Held], ...]:
        """Every metric with the vulnerability that it is about."""
        return tuple(
            (vulnerability, metric)
            for vulnerability in self.vulnerabilities
            for metric in items(vulnerability.value, vulnerability.pointer, "metrics")
        )

    def contents(self, key: str) -> Iterator[tuple[Held, Held]]:
        """The vulnerability and the object under `key` in each metric's content."""
        for vulnerability, metric in self.metrics:
            inner = mapping(metric.value.get("content")).get(key)
            if isinstance(inner, dict):
                yield vulnerability, Held(f"{metric.pointer}/content/{key}", inner)

    def scores_of(self, vulnerability: Held) -> Iterator[Scored]:
        """Every CVSS score of a vulnerability."""
        for metric in items(vulnerability.value, vulnerability.pointer, "metrics"):
            products, source = words(metric.value.get("products")), text(metric.value.get("source"))
            for key in ("cvss_v2", "cvss_v3", "cvss_v4"):
                inner = mapping(metric.value.get("content")).get(key)
                if isinstance(inner, dict):
                    yield Scored(Held(f"{metric.pointer}/content/{key}", inner), key, products, source)

    def mentioned_products(self) -> Iterator[Placed]:
        """Every place that refers to a product (CSAF 2.1 6.1.1)."""
        for path in self.paths:
            yield from _named(path, "beginning_product_reference")
            for step in items(path.value, path.pointer, "subpaths"):
                yield from _named(step, "next_product_reference")
        for vulnerability in self.vulnerabilities:
            status = Held(f"{vulnerability.pointer}/product_status", mapping(vulnerability.value.get("product_status")))
            for key in (*STATUSES, "unknown"):
                yield from listed(status, key)
        for _, metric in self.metrics:
            yield from listed(metric, "products")
        for held in self.objects():
            yield from listed(held, "product_ids")

    def mentioned_groups(self) -> Iterator[Placed]:
        """Every place that refers to a product group (CSAF 2.1 6.1.4)."""
        for held in self.objects():
            yield from listed(held, "group_ids")

    def objects(self) -> Iterator[Held]:
        """Every object of the document outside extensions, in its order. Depth is limited by the parser."""
        waiting: list[tuple[str, Json]] = [("", dict(self.root))]
        while waiting:
            pointer, value = waiting.pop()
            inner: Iterator[tuple[str | int, Json]] = iter(())
            if isinstance(value, dict):
                yield Held(pointer, value)
                inner = ((key, one) for key, one in value.items() if key != EXTENSIONS)
            elif isinstance(value, list):
                inner = ((place, one) for place, one in enumerate(value))
            waiting.extend((pointers.join(pointer, key), one) for key, one in reversed(list(inner)))

    @cached_property
    def branch_at(self) -> Mapping[str, Mapping[str, Json]]:
        """Branches by their places."""
        return {held.pointer: held.value for held in self.branches}

    def lineage(self, pointer: str) -> tuple[Mapping[str, Json], ...]:
        """The branches from the root to the one at this place, itself last."""
        steps = pointers.split(pointer)
        places = (pointers.join("", *steps[:end]) for end in range(3, len(steps) + 1, 2))
        return tuple(self.branch_at[place] for place in places if place in self.branch_at)

    @cached_property
    def families(self) -> Mapping[str, tuple[str, ...]]:
        """Product id to what stays the same from one of its versions to the next; () where the tree does not say."""
        found: dict[str, tuple[str, ...]] = {}
        for branch in self.branches:
            own = text(mapping(branch.value.get("product")).get("product_id"))
            if own:
                found[own] = tuple(
                    f"{text(one.get('category'))} {text(one.get('name'))}"
                    for one in self.lineage(branch.pointer)
                    if one.get("category") not in _VERSIONS
                )
        for path in self.paths:
            own = text(mapping(path.value.get("full_product_name")).get("product_id"))
            begin = text(path.value.get("beginning_product_reference"))
            steps = tuple(
                f"{text(step.value.get('category'))} {text(step.value.get('next_product_reference'))}"
                for step in items(path.value, path.pointer, "subpaths")
                if step.value.get("category") != "installed_with"
            )
            if own:
                found[own] = (*found.get(begin, (begin,)), *steps)
        return found


def _named(held: Held, key: str) -> Iterator[Placed]:
    if text(held.value.get(key)):
        yield Placed(f"{held.pointer}/{key}", text(held.value.get(key)))
