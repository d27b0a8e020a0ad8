"""Gemfile.lock (Bundler): the pinned gems of each source. Gems from a path or a repository are no registry release."""

import re
from typing import Final

from packageurl import PackageURL

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.inventory import Component, Contents

_SPEC: Final = re.compile(
    r"    (?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*) \((?P<version>[^\s()-]+)(?:-(?P<platform>[^()\s]+))?\)\s*\Z"
)
_SECTIONS: Final = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})


def looks_like_gems(text: str) -> bool:
    """True for a text with a source section and its `specs:`."""
    return re.search(r"^(?:GEM|GIT|PATH)\s*$", text, re.MULTILINE) is not None and "\n  specs:" in text


def read(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """The gems. One that is pinned for several platforms is one component."""
    section, inside = "", False
    problems: list[Problem] = []
    found: dict[tuple[str, str, str], Component] = {}
    for number, line in enumerate(listing.text_of(data, limits).splitlines(), 1):
        if line and not line.startswith(" "):
            section, inside = line.strip(), False
        elif line.strip() == "specs:":
            inside = section in _SECTIONS
        elif inside and line.startswith("    ") and not line.startswith("      ") and line.strip():
            stated = _SPEC.match(line)
            if stated is None:
                problems.append(Problem(f"/line/{number}", "not_a_gem", "a spec of Gemfile.lock is name (version)"))
                continue
            gap = "" if section == "GEM" else "it comes from a folder or repository, not from a registry"
            name, version = stated["name"], stated["version"]
            found.setdefault(
                (section, name, version),
                listing.component(
                    ecosystem="RubyGems",
                    name=name,
                    version=version,
                    kind="library",
                    place=f"/line/{number}",
                    purl="" if gap else PackageURL("gem", None, name, version).to_string(),
                    gap=gap,
                ),
            )
    listing.settle(problems)
    listing.refuse_too_many(list(found))
    if not found:
        raise listing.no_packages("the lock file", "it pins no gem")
    return Contents(components=tuple(found.values()), format="Gemfile.lock")
