"""Decide what a document makes of an inventory: its counts, what changed since the last one, whom its VEX binds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from comity.model.ids import Digest
from comity.model.inventory import Component, Contents, Difference, Identity, Inventory, Vex

SHOWN = 2000
"""Lines of each kind that a difference keeps; more says nothing to a person."""


def counted(inventory: Inventory, contents: Contents, document: Digest) -> Inventory:
    """The inventory with the counts of what the document lists."""
    found = Counter(one.identity for one in contents.components)
    return replace(
        inventory,
        document=document,
        subject=contents.subject,
        format=contents.format,
        serial=contents.serial,
        components=len(contents.components),
        identified=found[Identity.IDENTIFIED],
        in_part=found[Identity.PART],
        not_identified=found[Identity.NOT],
    )


def difference(before: Contents, after: Contents) -> Difference:
    """What the newer document changed. A package with other versions than before is changed, not removed and added."""
    old, new = _versions(before.components), _versions(after.components)
    changed: list[tuple[str, str]] = []
    added: list[str] = []
    removed: list[str] = []
    for package in sorted(old.keys() | new.keys()):
        gone, come = sorted(old[package] - new[package]), sorted(new[package] - old[package])
        name = " ".join(part for part in package if part)
        if gone and come:
            changed.append((f"{name} {', '.join(gone)}", f"{name} {', '.join(come)}"))
        else:
            added.extend(f"{name} {version}".strip() for version in come)
            removed.extend(f"{name} {version}".strip() for version in gone)
    return Difference(added=tuple(added[:SHOWN]), removed=tuple(removed[:SHOWN]), changed=tuple(changed[:SHOWN]))


def _versions(components: Iterable[Component]) -> defaultdict[tuple[str, str], set[str]]:
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for one in components:
        found[one.ecosystem, one.name].add(one.version)
    return found


def resolved(
    statements: Iterable[Vex], elsewhere: Mapping[str, Component], *, source: str
) -> tuple[tuple[Vex, ...], tuple[Vex, ...]]:
    """The statements that are about a known product, and those that are not. `elsewhere` holds BOM-Links."""
    known: list[Vex] = []
    unknown: list[Vex] = []
    for statement in statements:
        one = replace(statement, source=source)
        target = elsewhere.get(one.reference) if one.reference else None
        if target is not None:
            version = one.version or ("" if one.versions else target.match_version)
            one = replace(one, ecosystem=target.ecosystem, name=target.match_name, version=version, reference="")
        (known if one.name else unknown).append(one)
    return tuple(known), tuple(unknown)
