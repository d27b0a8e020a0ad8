"""CSAF 2.0 6.1.14 and 6.1.16 to 6.1.22 and 6.1.30: versions and history of a document tell one story."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import total_ordering
from itertools import pairwise
from typing import Final

from comity.errors import Problem
from comity.formats import times
from comity.formats.csaf_rules.paper import Held, Paper, items, text

HISTORY: Final = "/document/tracking/revision_history"
VERSION: Final = "/document/tracking/version"
_INTEGER: Final = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z", re.ASCII)
_SEMANTIC: Final = re.compile(
    r"(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z",
    re.ASCII,
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version number of a document, whole numbers or Semantic Versioning 2.0. Build metadata never counts."""

    core: tuple[int, int, int]
    pre: str
    is_integer: bool

    def __lt__(self, other: "Version") -> bool:
        return (self.core, not self.pre, _pre_key(self.pre)) < (other.core, not other.pre, _pre_key(other.pre))

    @property
    def released(self) -> "Version":
        """The same without a pre-release part."""
        return Version(self.core, "", self.is_integer)


def read(number: str) -> Version | None:
    """A version as CSAF allows it (3.1.11), or None."""
    if _INTEGER.match(number):
        return Version((int(number), 0, 0), "", is_integer=True)
    match = _SEMANTIC.match(number)
    if match is None:
        return None
    return Version((int(match[1]), int(match[2]), int(match[3])), match[4] or "", is_integer=False)


def _pre_key(pre: str) -> tuple[tuple[int, int, str], ...]:
    """SemVer 2.0 section 11: numbers by value and before words; a longer list of equal parts comes later."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in pre.split(".") if part)


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of the history that can be read."""

    place: str
    version: Version
    at: datetime


def history(paper: Paper) -> tuple[Revision, ...]:
    """The entries in the order of the document; an unreadable one is the schema's business."""
    found = []
    for held in items(paper.tracking, "/document/tracking", "revision_history"):
        version, at = read(text(held.value.get("number"))), _moment(held)
        if version is not None and at is not None:
            found.append(Revision(held.pointer, version, at))
    return tuple(found)


def _moment(held: Held) -> datetime | None:
    try:
        return times.read(text(held.value.get("date")))
    except ValueError:
        return None


def _by_date(paper: Paper) -> list[Revision]:
    return sorted(history(paper), key=lambda one: (one.at, one.version))


def unsorted_history(paper: Paper) -> Iterator[Problem]:
    """6.1.14: sorted by date, the numbers rise. Equal dates are told apart by their numbers."""
    told = [one.version for one in _by_date(paper)]
    if told != sorted(told):
        yield Problem(HISTORY, "csaf_6.1.14", "sorted by date, the numbers must rise")


def stale_version(paper: Paper) -> Iterator[Problem]:
    """6.1.16: the document's version is the newest entry's; a draft's pre-release part does not count."""
    told, version = _by_date(paper), _version(paper)
    if not told or version is None:
        return
    last = told[-1].version
    if _status(paper) == "draft":
        version, last = version.released, last.released
    if version < last or last < version:
        yield Problem(VERSION, "csaf_6.1.16", "must be the number of the newest revision")


def unmarked_draft(paper: Paper) -> Iterator[Problem]:
    """6.1.17: version 0, 0.y.z or a pre-release is a draft."""
    version = _version(paper)
    if version is not None and (version.core[0] == 0 or version.pre) and _status(paper) != "draft":
        yield Problem("/document/tracking/status", "csaf_6.1.17", "a version that was never released has status draft")


def released_with_drafts(paper: Paper) -> Iterator[Problem]:
    """6.1.18: the history of a final or interim document holds no version 0 or 0.y.z."""
    if _status(paper) in ("final", "interim"):
        for one in history(paper):
            if one.version.core[0] == 0:
                yield Problem(f"{one.place}/number", "csaf_6.1.18", "a released document tells no drafts")


def prereleases_in_history(paper: Paper) -> Iterator[Problem]:
    """6.1.19: no entry of a history is a pre-release."""
    for one in history(paper):
        if one.version.pre:
            yield Problem(f"{one.place}/number", "csaf_6.1.19", "a pre-release is no entry of the history")


def released_prerelease(paper: Paper) -> Iterator[Problem]:
    """6.1.20: a final or interim document has no pre-release version."""
    version = _version(paper)
    if version is not None and version.pre and _status(paper) in ("final", "interim"):
        yield Problem(VERSION, "csaf_6.1.20", "a released document has no pre-release version")


def gaps_in_history(paper: Paper) -> Iterator[Problem]:
    """6.1.21: sorted by date, the history begins at 0 or 1 and leaves out no whole number (of SemVer: no major one)."""
    told = [one.version.core[0] for one in _by_date(paper)]
    if told and told[0] > 1:
        yield Problem(HISTORY, "csaf_6.1.21", "the history must begin with version 0 or 1")
    elif any(later > sooner + 1 for sooner, later in pairwise(told)):
        yield Problem(HISTORY, "csaf_6.1.21", "sorted by date, a version is left out")


def repeated_revisions(paper: Paper) -> Iterator[Problem]:
    """6.1.22: no number stands twice in the history."""
    seen: set[str] = set()
    for held in items(paper.tracking, "/document/tracking", "revision_history"):
        number = text(held.value.get("number"))
        if number in seen:
            yield Problem(f"{held.pointer}/number", "csaf_6.1.22", "this number stands before")
        seen.add(number)


def mixed_versioning(paper: Paper) -> Iterator[Problem]:
    """6.1.30: all numbers of a document are whole numbers, or all are semantic versions."""
    version = _version(paper)
    kinds = {one.version.is_integer for one in history(paper)} | ({version.is_integer} if version else set())
    if len(kinds) > 1:
        yield Problem(VERSION, "csaf_6.1.30", "whole numbers and semantic versions are mixed")


def _version(paper: Paper) -> Version | None:
    return read(text(paper.tracking.get("version")))


def _status(paper: Paper) -> str:
    return text(paper.tracking.get("status"))
