"""Decide the smallest upgrade that clears every finding of a component, and prove it by matching again.

No model takes part. Candidates are the versions that advisories name as fixes, and the releases the caller knows of;
each is answered by the same matcher that found the trouble, and only "not affected" counts as clear. So an upgrade is
never named that another advisory reaches, and a version nobody can place is never called a fix.

"Smallest" is among those candidates. Where an advisory only names the last affected version, an earlier release than
the named one may be clean too: `Upgrade.earlier` says after which version to look.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from comity.defend.match import MAX_AGE, Component, Matching, Row
from comity.defend.segments import Index, Line
from comity.formats.versions import key
from comity.formats.versions.encode import after
from comity.formats.versions.identity import canonical_ecosystem, package
from comity.model.inventory import Answer
from comity.model.product import Affected, EventKind, RangeKind


class Step(StrEnum):
    """How far an upgrade goes, by the first part of the version that changes."""

    MAJOR = "major version changes"
    ZERO = "minor version changes below 1.0, where that may break as a major one does"
    MINOR = "same major version"
    UNKNOWN = "the versions do not say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """A vulnerability that no candidate removes, or that the best one leaves, and why."""

    vulnerability: str
    advisory: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """The smallest candidate that clears everything. `proof` is the matcher's own answer for it."""

    row: Row
    to: str
    step: Step
    clears: tuple[str, ...]
    proof: Component
    earlier: str = ""
    """Some release after this last affected version, and before `to`, may be clean too; no advisory names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """No candidate clears everything; this one leaves the least (the smallest of those)."""

    row: Row
    to: str
    step: Step
    clears: tuple[str, ...]
    stays: tuple[Stays, ...]
    proof: Component


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFix:
    """No candidate removes anything, or nothing can be said. `beyond`: clean after this last affected version."""

    row: Row
    reason: str
    stays: tuple[Stays, ...]
    beyond: str = ""
    decided: bool = True
    """False: nothing could be looked for, since the data is too old or the version is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """There is nothing to clear: the matcher says "not affected"."""

    row: Row
    proof: Component


Solution: TypeAlias = Upgrade | Partial | NoFix | Clear


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeSet:
    """What to do for all components of an asset: one solution per distinct component that is not clear."""

    solutions: tuple[Solution, ...]
    clears: tuple[str, ...]
    """Vulnerabilities that no component has any more once the upgrades are in."""
    stays: tuple[str, ...]
    """Vulnerabilities that at least one component keeps."""


_LEADING: Final = re.compile(r"[^0-9]{0,2}([0-9]+)(?:\.([0-9]+))?")


def solve(
    index: Index, row: Row, *, now: datetime, max_age: timedelta = MAX_AGE, offered: Iterable[str] = ()
) -> Solution:
    """The smallest upgrade for one component. `offered` are releases known to exist beside the named fixes."""
    return _solve(index, Matching(index, now=now, max_age=max_age), row, tuple(offered))


def solve_all(
    index: Index, rows: Iterable[Row], *, now: datetime, max_age: timedelta = MAX_AGE, offered: Iterable[str] = ()
) -> UpgradeSet:
    """The smallest upgrades for all components of an asset; the whole is matched again to say what stays.

    Two installed versions of one package are two components: each gets its own upgrade.
    """
    matching = Matching(index, now=now, max_age=max_age)
    known = tuple(offered)
    before: set[str] = set()
    stays: set[str] = set()
    solutions: list[Solution] = []
    for row in dict.fromkeys(rows):
        found = _solve(index, matching, row, known)
        before |= _open(_ask(matching, row, row.version))
        left = _ask(matching, row, found.to if isinstance(found, Upgrade | Partial) else row.version)
        stays |= _open(left)
        if not isinstance(found, Clear):
            solutions.append(found)
    return UpgradeSet(solutions=tuple(solutions), clears=tuple(sorted(before - stays)), stays=tuple(sorted(stays)))


def step(current: str, to: str) -> Step:
    """How far an upgrade goes. Epochs and a leading `v` are left aside."""
    left, right = (_LEADING.match(version.rpartition("!")[2].rpartition(":")[2]) for version in (current, to))
    if left is None or right is None:
        return Step.UNKNOWN
    if int(left[1]) != int(right[1]):
        return Step.MAJOR
    if int(left[1]) == 0 and int(left[2] or 0) != int(right[2] or 0):
        return Step.ZERO
    return Step.MINOR


def _solve(index: Index, matching: Matching, row: Row, offered: Sequence[str]) -> Solution:
    current = _ask(matching, row, row.version)
    if current.answer is Answer.NOT_AFFECTED:
        return Clear(row=row, proof=current)
    found = (*current.findings, *current.undecided)
    if current.answer is Answer.NOT_ASSESSED or not found:
        return NoFix(row=row, reason=current.reason, stays=_left(index, current), decided=False)
    position = key(row.ecosystem, row.version)
    if position is None:
        return NoFix(
            row=row,
            reason=f"{row.version!r} is no version in {row.ecosystem}, so nobody can say what is newer",
            stays=_left(index, current),
            decided=False,
        )
    before = _open(current)
    best: Component | None = None
    for _, version in _candidates(index, row, position, offered):
        answer = _ask(matching, row, version)
        if answer.answer is Answer.NOT_AFFECTED:
            return Upgrade(
                row=row,
                to=version,
                step=step(row.version, version),
                clears=tuple(sorted(before)),
                proof=answer,
                earlier=_beyond(index, row, position, below=key(row.ecosystem, version)),
            )
        if len(_open(answer)) < len(_open(best or current)):
            best = answer
    if best is None:
        beyond = _beyond(index, row, position, below=None)
        reason = (
            f"no advisory names a fixed version; versions after {beyond} are outside every advisory"
            if beyond
            else "no version that an advisory names as a fix, and no release offered, removes any of these"
        )
        return NoFix(row=row, reason=reason, stays=_left(index, current), beyond=beyond)
    return Partial(
        row=row,
        to=best.row.version,
        step=step(row.version, best.row.version),
        clears=tuple(sorted(before - _open(best))),
        stays=_left(index, best),
        proof=best,
    )


def _candidates(index: Index, row: Row, above: bytes, offered: Sequence[str]) -> list[tuple[bytes, str]]:
    """Every named fix and offered release above the current version, ascending; equal versions once."""
    named = [version for place in _places(index, row) for version in _fixes(index.statements[place].affected)]
    keyed: dict[bytes, str] = {}
    for version in (*named, *offered):
        position = key(row.ecosystem, version)
        if position is not None and position > above:
            keyed.setdefault(position, version)
    return sorted(keyed.items())


def _fixes(affected: Affected) -> list[str]:
    """Versions named as fixes. A commit is no version, even where its name looks like one."""
    return [
        event.version
        for range_ in affected.ranges
        if range_.kind is not RangeKind.GIT
        for event in range_.events
        if event.kind is EventKind.FIXED
    ]


def _places(index: Index, row: Row) -> tuple[int, ...]:
    line = index.lines.get(package(row.ecosystem, row.name))
    return line.everything if line else ()


def _beyond(index: Index, row: Row, above: bytes, *, below: bytes | None) -> str:
    """The first last-affected version, not under the current one, right after which every statement is silent."""
    line: Line | None = index.lines.get(package(row.ecosystem, row.name))
    if line is None or line.open:
        return ""
    ends: dict[bytes, str] = {}
    for place in line.everything:
        for range_ in index.statements[place].affected.ranges:
            for event in range_.events:
                position = key(row.ecosystem, event.version) if event.kind is EventKind.LAST_AFFECTED else None
                if position is not None and position >= above:
                    ends.setdefault(after(position), event.version)
    for end, version in sorted(ends.items()):
        if below is not None and end >= below:
            return ""
        if not line.at(end):
            return version
    return ""


def _ask(matching: Matching, row: Row, version: str) -> Component:
    (number,) = matching.add(row.ecosystem, [row.name], [version]).numbers
    return matching.component(number)


def _open(component: Component) -> set[str]:
    """Vulnerabilities that reach a component, or might."""
    return {finding.vulnerability for finding in (*component.findings, *component.undecided)}


def _left(index: Index, component: Component) -> tuple[Stays, ...]:
    """What a component keeps, with the reason each stays. One line per vulnerability; a certain hit goes first."""
    row = component.row
    fixed = {
        index.statements[place].advisory for place in _places(index, row) if _fixes(index.statements[place].affected)
    }
    found: dict[str, Stays] = {}
    for finding in component.findings:
        why = "its fix is no newer version than this" if finding.advisory in fixed else "the advisory names no fix"
        found.setdefault(
            finding.vulnerability,
            Stays(vulnerability=finding.vulnerability, advisory=finding.advisory, reason=f"{finding.rule}; {why}"),
        )
    for finding in component.undecided:
        found.setdefault(
            finding.vulnerability,
            Stays(vulnerability=finding.vulnerability, advisory=finding.advisory, reason=finding.rule),
        )
    return tuple(found[name] for name in sorted(found))


def releases(index: Index, ecosystem: str, name: str) -> tuple[str, ...]:
    """Every version of a package that some advisory mentions, ascending: what is known of its releases from here."""
    keyed: dict[bytes, str] = {}
    line = index.lines.get(package(canonical_ecosystem(ecosystem), name))
    for place in line.everything if line else ():
        affected = index.statements[place].affected
        for version in (*affected.versions, *_fixes(affected)):
            position = key(ecosystem, version)
            if position is not None:
                keyed.setdefault(position, version)
    return tuple(version for _, version in sorted(keyed.items()))
