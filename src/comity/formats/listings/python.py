"""Python environments: `pip freeze`, and the distributions that a running interpreter reports.

Only pins are an inventory. A line with a range says what would be accepted, not what is there, and is refused.
"""

import re
from collections.abc import Iterable
from typing import Final

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.inventory import Component, Contents

_PIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;#,]+)\s*(?:;.*)?\Z"
)
_DIRECT: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*@\s*\S+")
_EGG: Final = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_RANGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?\s*(?:[<>~!=]=?|,|;|\Z)")


def looks_like_freeze(text: str) -> bool:
    """True when most lines that say something pin a distribution."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")][:50]
    return bool(lines) and sum(_PIN.match(_plain(line)) is not None for line in lines) * 2 > len(lines)


def freeze(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """What `pip freeze` printed. `Invalid` lists the lines that pin nothing."""
    problems: list[Problem] = []
    components: list[Component] = []
    text = re.sub(r"\\\r?\n", " ", listing.text_of(data, limits))
    for number, line in enumerate(text.splitlines(), 1):
        stated = _plain(line)
        if not stated or stated.startswith("--"):
            continue
        place = f"/line/{number}"
        pin = _PIN.match(stated)
        direct = _DIRECT.match(stated) or (_EGG.search(stated) if stated.startswith("-e") else None)
        if pin:
            components.append(_component(pin["name"], pin["version"], place))
        elif direct:
            components.append(_component(direct["name"], "", place, gap="it was installed from a place, not a release"))
        elif stated.startswith("-e"):
            continue
        elif _RANGE.match(stated):
            reason = "a range says what would be accepted, not what is installed: send what `pip freeze` prints"
            problems.append(Problem(place, "not_pinned", reason))
        else:
            problems.append(Problem(place, "not_a_pin", "a line of `pip freeze` is name==version"))
    listing.settle(problems)
    return _contents(components, "pip freeze", "")


def environment(pairs: Iterable[tuple[str, str]], *, subject: str) -> Contents:
    """Distributions with their versions, as an interpreter reports them."""
    components = [_component(name, version, f"/distribution/{place}") for place, (name, version) in enumerate(pairs)]
    return _contents(components, "Python environment", subject)


def _plain(line: str) -> str:
    """Without comment and hash options."""
    return re.sub(r"(?:^|\s)#.*\Z", "", re.sub(r"\s--hash=\S+", "", line)).strip()


def _component(name: str, version: str, place: str, gap: str = "") -> Component:
    from packageurl import PackageURL

    return listing.component(
        ecosystem="PyPI",
        name=name,
        version=version,
        kind="library",
        place=place,
        purl=PackageURL("pypi", None, name, version or None).to_string(),
        gap=gap,
    )


def _contents(components: list[Component], format_: str, subject: str) -> Contents:
    listing.refuse_too_many(components)
    if not components:
        raise listing.no_packages("the list", "no line pins a distribution: send what `pip freeze` prints")
    return Contents(components=tuple(components), subject=subject, format=format_)
