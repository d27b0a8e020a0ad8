"""CSAF 2.1 6.1.46 to 6.1.48: SSVC decisions have their form, are about their vulnerability and use known points."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Held, items, listed, text
from comity.formats.csaf_rules_2_1.paper import NewPaper

REGISTERED: Final = ("cisa", "ssvc")
"""Namespaces whose points ship. `cvss` is registered too; its points do not ship, so nothing is said of them."""
INVALID: Final = "invalid"
"""Reserved by SSVC for what is always wrong."""


def malformed_ssvc(paper: NewPaper) -> Iterator[Problem]:
    """6.1.46: an SSVC object has what SSVC's SelectionList 2.0.0 demands."""
    for _, held in paper.contents("ssvc_v2"):
        if held.value.get("schemaVersion") != "2.0.0":
            yield Problem(f"{held.pointer}/schemaVersion", "csaf_6.1.46", "must be 2.0.0")
        if not text(held.value.get("timestamp")):
            yield Problem(f"{held.pointer}/timestamp", "csaf_6.1.46", "must be there")
        selections = list(items(held.value, held.pointer, "selections"))
        if not selections:
            yield Problem(f"{held.pointer}/selections", "csaf_6.1.46", "must hold a selection")
        for one in selections:
            for key in ("namespace", "key", "version"):
                if not text(one.value.get(key)):
                    yield Problem(f"{one.pointer}/{key}", "csaf_6.1.46", "must be there")
            values = list(items(one.value, one.pointer, "values"))
            if not values or any(not text(value.value.get("key")) for value in values):
                yield Problem(f"{one.pointer}/values", "csaf_6.1.46", "must hold values, each with its key")


def foreign_targets(paper: NewPaper) -> Iterator[Problem]:
    """6.1.47: an SSVC object is about the vulnerability that it stands in, by a name that is no other's too."""
    names = {held.pointer: _names(held) for held in paper.vulnerabilities}
    for vulnerability, held in paper.contents("ssvc_v2"):
        others = frozenset().union(*(told for place, told in names.items() if place != vulnerability.pointer))
        for mention in listed(held, "target_ids"):
            if mention.value not in names[vulnerability.pointer] or mention.value in others:
                yield Problem(mention.pointer, "csaf_6.1.47", "names something else than this vulnerability alone")


def unknown_points(paper: NewPaper) -> Iterator[Problem]:
    """6.1.48: a decision point of a registered namespace exists, with these values in their order."""
    for _, owner in paper.contents("ssvc_v2"):
        for held in items(owner.value, owner.pointer, "selections"):
            base, _, extension = text(held.value.get("namespace")).partition("/")
            if base == INVALID:
                yield Problem(f"{held.pointer}/namespace", "csaf_6.1.48", "this namespace is reserved for errors")
            elif base in REGISTERED:
                yield from _unlike(held, base, is_extended=bool(extension))


def _unlike(held: Held, base: str, *, is_extended: bool) -> Iterator[Problem]:
    name = f"{base} {text(held.value.get('key'))} {text(held.value.get('version'))}"
    point = _points().get(name)
    if point is None:
        yield Problem(held.pointer, "csaf_6.1.48", "there is no such decision point in this version")
        return
    places = {key: place for place, (key, _) in enumerate(point["values"])}
    told = list(items(held.value, held.pointer, "values"))
    known = [places[text(one.value.get("key"))] for one in told if text(one.value.get("key")) in places]
    if len(known) < len(told):
        yield Problem(f"{held.pointer}/values", "csaf_6.1.48", "the decision point has no such value in this version")
    elif known != sorted(set(known)):
        yield Problem(f"{held.pointer}/values", "csaf_6.1.48", "values stand in the order of their definition")
    names = dict(point["values"])
    for one in told:
        said = text(one.value.get("name"))
        if said and not is_extended and said != names.get(text(one.value.get("key")), said):
            yield Problem(f"{one.pointer}/name", "csaf_6.1.48", "is not the name of this value")


def _names(held: Held) -> frozenset[str]:
    told = {text(held.value.get("cve")), *(text(one.value.get("text")) for one in items(held.value, "", "ids"))}
    return frozenset(told - {""})


@cache
def _points() -> Mapping[str, Any]:
    file = resources.files("comity.formats").joinpath("schemas", "ssvc-points.json")
    loaded: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded
