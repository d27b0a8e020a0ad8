"""Cargo.lock, versions 1 to 4: every pinned crate. Those of the workspace and of repositories are in part."""

import re
import tomllib

from packageurl import PackageURL

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.inventory import Component, Contents


def looks_like_cargo(text: str) -> bool:
    """True for a TOML text with `[[package]]` tables."""
    return re.search(r"^\[\[package\]\]\s*$", text, re.MULTILINE) is not None and "\nname = " in text


def read(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """The crates. `Invalid` for what is no such TOML."""
    text = listing.text_of(data, limits)
    if re.search(r"[\[{]{64}", text):
        raise listing.one_problem("structure_too_deep", "nested more deeply than a lock file is")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        raise listing.one_problem(
            "malformed_toml", "this is not one TOML document", f"/line/{place[1]}" if place else ""
        ) from error
    packages = document.get("package")
    problems: list[Problem] = []
    found: list[Component] = []
    for number, one in enumerate(packages if isinstance(packages, list) else []):
        name, version = (one.get("name"), one.get("version")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(version, str):
            problems.append(Problem(f"/package/{number}", "missing_field", "a package has a name and a version"))
            continue
        source = one.get("source")
        from_registry = isinstance(source, str) and source.startswith(("registry+", "sparse+"))
        where = "a repository" if isinstance(source, str) else "the project itself"
        found.append(
            listing.component(
                ecosystem="crates.io",
                name=name,
                version=version,
                kind="library",
                place=f"/package/{number}",
                purl=PackageURL("cargo", None, name, version).to_string() if from_registry else "",
                gap="" if from_registry else f"it comes from {where}, not from a registry",
            )
        )
    listing.settle(problems)
    listing.refuse_too_many(found)
    if not found:
        raise listing.no_packages("the lock file", "it pins no crate")
    return Contents(components=tuple(found), format="Cargo.lock")
