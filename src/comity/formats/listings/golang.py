"""Go modules: go.sum and go.mod.

go.sum also names modules that are only needed to read the module graph; the lines with `/go.mod` alone are those, and
are left out. go.mod names the least version of each direct and indirect module, which since Go 1.17 is the one built.
The version of Go itself stands in neither.
"""

import re
from collections.abc import Iterator
from typing import Final

from packageurl import PackageURL

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.inventory import Component, Contents

_SUM: Final = re.compile(
    r"(?P<module>[^\s/]+(?:/[^\s]+)?)\s+(?P<version>v[^\s/]+)(?P<graph>/go\.mod)?\s+h1:[A-Za-z0-9+/=]+\s*\Z"
)
_REQUIRE: Final = re.compile(r"(?P<module>[^\s\"]+)\s+(?P<version>v\d[^\s]*)\s*(?://\s*(?P<note>.*))?\Z")
_REPLACE: Final = re.compile(
    r"(?P<module>[^\s]+)(?:\s+(?P<version>v\d\S*))?\s+=>\s+(?P<target>[^\s]+)(?:\s+(?P<to>v\d\S*))?\s*\Z"
)
_NO_GO: Final = "the version of Go itself is not in this file: name it apart"


def looks_like_sum(text: str) -> bool:
    """True when the first lines are module, version and h1: hash."""
    lines = [line for line in text.splitlines() if line.strip()][:20]
    return bool(lines) and all(_SUM.match(line) for line in lines)


def looks_like_mod(text: str) -> bool:
    """True for a text with a `module` directive."""
    return re.search(r"^module\s+\S+\s*$", text, re.MULTILINE) is not None


def go_sum(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """Modules whose content the build has hashed."""
    problems: list[Problem] = []
    found: dict[tuple[str, str], Component] = {}
    for number, line in enumerate(listing.text_of(data, limits).splitlines(), 1):
        if not line.strip():
            continue
        stated = _SUM.match(line)
        if stated is None:
            problems.append(
                Problem(f"/line/{number}", "not_a_module", "a line of go.sum is module, version and h1: hash")
            )
        elif not stated["graph"]:
            pair = stated["module"], stated["version"]
            found.setdefault(pair, _component(*pair, f"/line/{number}"))
    listing.settle(problems)
    return _contents(
        list(found.values()), "go.sum", "", ["go.sum may name versions that the build does not use", _NO_GO]
    )


def go_mod(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """Required modules, replaced where the file says so."""
    text = listing.text_of(data, limits)
    required: dict[str, tuple[str, str]] = {}
    replaced: dict[str, tuple[str, str, str]] = {}
    problems: list[Problem] = []
    module = ""
    for number, verb, rest in _directives(text):
        place = f"/line/{number}"
        if verb == "module":
            module = rest.split("//")[0].strip().strip('"')
        elif verb == "require":
            stated = _REQUIRE.match(rest)
            if stated is None:
                problems.append(Problem(place, "not_a_module", "a requirement is a module and a version"))
                continue
            required[stated["module"].strip('"')] = (stated["version"], place)
        elif verb == "replace":
            swap = _REPLACE.match(rest.split("//")[0].strip())
            if swap is not None:
                replaced[swap["module"]] = (swap["version"] or "", swap["target"], swap["to"] or "")
    listing.settle(problems)
    found = []
    for name, (version, place) in required.items():
        only, target, to = replaced.get(name, ("", "", ""))
        if target and (not only or only == version):
            gap = "" if to else "it is replaced by a folder of the project, not by a release"
            found.append(_component(target if to else name, to, place, gap=gap))
        else:
            found.append(_component(name, version, place))
    return _contents(found, "go.mod", module, [_NO_GO])


def _directives(text: str) -> Iterator[tuple[int, str, str]]:
    block = ""
    for number, line in enumerate(text.splitlines(), 1):
        stated = line.strip()
        if not stated or stated.startswith("//"):
            continue
        if block:
            if stated == ")":
                block = ""
            else:
                yield number, block, stated
            continue
        verb, _, rest = stated.partition(" ")
        if rest.strip() == "(":
            block = verb
        else:
            yield number, verb, rest.strip()


def _component(module: str, version: str, place: str, gap: str = "") -> Component:
    namespace, _, name = module.rpartition("/")
    purl = "" if gap else PackageURL("golang", namespace or None, name, version or None).to_string()
    return listing.component(
        ecosystem="Go",
        name=module,
        version=version.removesuffix("/go.mod"),
        kind="library",
        place=place,
        purl=purl,
        gap=gap,
    )


def _contents(found: list[Component], format_: str, subject: str, notes: list[str]) -> Contents:
    listing.refuse_too_many(found)
    if not found:
        raise listing.no_packages("the file", "it names no module with a version")
    return Contents(components=tuple(found), subject=subject, format=format_, notes=tuple(notes))
