"""The CWE list: the exact name of a weakness (CSAF 2.0, 6.1.11, wants it), and which weaknesses lie below which.

Source: the CWE list of The MITRE Corporation (see `schemas/README.md`). Nothing is made up: an id that the shipped list
does not hold has no name and no parents.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any


def name(cwe: str) -> str:
    """The name of `CWE-79` and its like; "" for one that the shipped list does not hold."""
    return str(_table("cwe-names.json").get(cwe, ""))


def has_list(version: str) -> bool:
    """Whether a version of the CWE list, such as `4.13`, is known."""
    return version in _table("cwe-history.json")["versions"]


def name_in(cwe: str, version: str) -> str:
    """The name that a weakness had in a version of the list; "" where it was none. Categories and views are none."""
    table = _table("cwe-history.json")
    if version not in table["versions"]:
        return ""
    place = table["versions"].index(version)
    told = [name for since, name in table["names"].get(cwe, ()) if since <= place]
    return str(told[-1]) if told else ""


def ancestors(cwe: str) -> frozenset[str]:
    """The weakness itself and everything above it in the Research Concepts view (CWE-1000)."""
    parents: Mapping[str, Sequence[str]] = _table("cwe-parents.json")
    found: set[str] = set()
    waiting = [cwe]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return frozenset(found)


def related(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one set holds a weakness that lies in, or above, the other. An empty set means every weakness."""
    if not ours or not theirs:
        return True
    above = {one: ancestors(one) for one in {*ours, *theirs}}
    return any(one in above[other] or other in above[one] for one in ours for other in theirs)


@cache
def _table(file: str) -> Mapping[str, Any]:
    text = resources.files("comity.formats").joinpath("schemas", file).read_text("utf-8")
    held: Mapping[str, Any] = json.loads(text)
    return held
