"""Decide, for every component of an inventory, whether it is affected: and if that cannot be said, why not.

Four answers (defend desk, section 4): affected, not affected, unknown, not assessed. The last two are never clean.

The work is done on columns: (1) each distinct (ecosystem, name, version) becomes one component with a number, and a row
is that number; (2) each component is answered once, by one dictionary look-up or one bisect; (3) rows are expanded only
where somebody asks. Rows may come in pieces of any size.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress
from typing import Final, NamedTuple, TypeAlias

from comity.defend.segments import NO_LINE, NOBODY, Feed, Index, Line, Set
from comity.formats.versions import Inside, Undecided, covers, key, lacks_release, without_release
from comity.formats.versions.identity import Package, canonical_ecosystem, canonical_name, package, published_as
from comity.model.age import in_days
from comity.model.inventory import Answer

Numbers: TypeAlias = "array[int]"
"""One component number per row, 4 bytes each."""
MAX_AGE: Final = timedelta(days=7)
"""Policy parameter: advisories older than this assess nothing."""


_ANSWERS: Final = tuple(Answer)
_MAY_HAVE_FINDINGS: Final = bytes(state in (0, 3) for state in range(256))
"""Affected, and not assessed: an old feed's findings are kept."""
_AFFECTED, _NOT_AFFECTED, _UNKNOWN, _NOT_ASSESSED = range(4)
_RELEASES_SHOWN: Final = 6


class Row(NamedTuple):
    """A component as an inventory names it; "" where it does not say.

    For a package of a distribution, `name` and `version` are those of its source package, and `ecosystem` carries the
    release ("Debian:12"): distributions publish by source package and release, and fix by backport.
    """

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One advisory that reaches a component; `rule` is the part of it that fired."""

    advisory: str
    vulnerability: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """The answer for one component, with its reason and the age of the data behind it.

    `findings` may stand beside NOT_ASSESSED: advisories that are too old to trust are still not hidden. `undecided` are
    advisories that might reach it. `age` and `source` are None and "" when there was no feed.
    """

    row: Row
    answer: Answer
    reason: str
    findings: tuple[Finding, ...] = ()
    undecided: tuple[Finding, ...] = ()
    source: str = ""
    age: timedelta | None = None


class Rows(NamedTuple):
    """Some rows after matching: the component number of each, and its answer as one byte."""

    numbers: Numbers
    states: bytes

    def tally(self) -> dict[Answer, int]:
        """How many rows have each answer. All four are always there."""
        return {answer: self.states.count(bytes((state,))) for state, answer in enumerate(_ANSWERS)}

    def places(self, answer: Answer) -> Iterator[int]:
        """Places of the rows with this answer, ascending, counted from 0 in the columns that were added."""
        wanted = bytes(state == _ANSWERS.index(answer) for state in range(256))
        return compress(range(len(self.states)), self.states.translate(wanted))


class Matching:
    """One inventory on its way through one index, at one moment.

    `now` is aware and fixed for the whole run, so the same rows always get the same answers.
    """

    def __init__(self, index: Index, *, now: datetime, max_age: timedelta = MAX_AGE) -> None:
        self._index = index
        self._now = now
        self._max_age = max_age
        self._answers = _Answers()
        self._numbers: dict[str, _Numbers] = {}
        self._rows: list[Row] = []

    def add(self, ecosystem: str, names: Sequence[str], versions: Sequence[str]) -> Rows:
        """Take in the columns of one ecosystem. Raises ValueError when they differ in length."""
        if len(names) != len(versions):
            raise ValueError(
                f"{len(names)} names and {len(versions)} versions: columns of one inventory are equally long"
            )
        known = self._numbers.get(ecosystem)
        if known is None:
            known = self._numbers[ecosystem] = self._open(ecosystem)
        numbers = array("I", map(known.__getitem__, zip(names, versions, strict=True)))
        return Rows(numbers, bytes(map(self._answers.states.__getitem__, numbers)))

    def _open(self, ecosystem: str) -> "_Numbers":
        folded = canonical_ecosystem(ecosystem)
        feed = self._index.feed(folded) if ecosystem else None
        fresh = feed is not None and timedelta(0) <= self._now - feed.as_of <= self._max_age
        speaks = fresh and feed is not None and (lacks_release(folded) or feed.covers(folded))
        return _Numbers(self._index, self._answers, folded, has_feed=feed is not None, fresh=speaks)

    @property
    def components(self) -> Sequence[Row]:
        """The distinct components so far, by number."""
        if len(self._rows) < len(self._answers.states):
            found = [Row("", "", "")] * len(self._answers.states)
            for ecosystem, numbers in self._numbers.items():
                for (name, version), number in numbers.items():
                    found[number] = Row(ecosystem, name, version)
            self._rows = found
        return self._rows

    def answer(self, number: int) -> Answer:
        """The answer for one component, without its reason."""
        return _ANSWERS[self._answers.states[number]]

    def hits(self, number: int) -> Set:
        """The statements that reach one component, by their place in the index."""
        return self._answers.hits[number]

    def findings(self, rows: Rows) -> int:
        """How many pairs of row and statement there are among these rows."""
        counts = list(map(len, self._answers.hits))
        return sum(map(counts.__getitem__, compress(rows.numbers, rows.states.translate(_MAY_HAVE_FINDINGS))))

    def component(self, number: int) -> Component:
        """The whole answer for one component: reason, advisories with the rule that fired, source and age."""
        row = self.components[number]
        feed = self._index.feed(canonical_ecosystem(row.ecosystem)) if row.ecosystem else None
        return Component(
            row=row,
            answer=self.answer(number),
            reason=self._reason(row, number, feed),
            findings=tuple(self._finding(place, row.version) for place in self._answers.hits[number]),
            undecided=tuple(self._finding(place, row.version) for place in self._answers.undecided.get(number, NOBODY)),
            source=feed.source if feed else "",
            age=self._now - feed.as_of if feed else None,
        )

    def _finding(self, place: int, version: str) -> Finding:
        statement = self._index.statements[place]
        found = covers(statement.affected, version)
        rule = found.rule if isinstance(found, Inside) else found.reason if isinstance(found, Undecided) else ""
        return Finding(advisory=statement.advisory, vulnerability=self._index.vulnerability[place], rule=rule)

    def _reason(self, row: Row, number: int, feed: Feed | None) -> str:
        if not row.ecosystem or not row.name:
            return "the inventory does not say which package of which ecosystem this is"
        if feed is None:
            bundle = published_as(row.ecosystem)
            fetch = f"fetch the OSV bundle of {bundle}" if bundle else "OSV publishes no bundle of them"
            return f"there are no advisories here for {row.ecosystem}: {fetch}"
        age = self._now - feed.as_of
        if age < timedelta(0):
            return (
                "the advisories are dated in the future: mend the clock or the feed, since such a feed would never age"
            )
        if age > self._max_age:
            return (
                f"the advisories are {in_days(age)} old and the limit is {in_days(self._max_age)}: fetch the feed again"
            )
        if lacks_release(row.ecosystem):
            return without_release(row.ecosystem)
        if not feed.covers(canonical_ecosystem(row.ecosystem)):
            return _no_such_release(row.ecosystem, feed)
        reached, might = len(self._answers.hits[number]), self._answers.undecided.get(number, NOBODY)
        if reached:
            return f"{reached} advisories reach this version"
        if might:
            return self._finding(might[0], row.version).rule
        line = self._index.lines.get(package(row.ecosystem, row.name))
        checked = len(line.everything) if line else 0
        return f"{checked} advisories name this package and none reaches this version"


def _no_such_release(ecosystem: str, feed: Feed) -> str:
    known = sorted(feed.releases or (), key=lambda one: (len(one), one))
    shown = ", ".join(known[-_RELEASES_SHOWN:])
    return (
        f"no advisory of {feed.source} names {ecosystem}, so its silence says nothing; the last of the "
        f"{len(known)} releases that it names: {shown}. Mend the release, or ask whoever supports it"
    )


class _Answers:
    """What was found out about each component, by its number; `undecided` only where there is something."""

    __slots__ = ("hits", "states", "undecided")

    def __init__(self) -> None:
        self.states: list[int] = []
        self.hits: list[Set] = []
        self.undecided: dict[int, Set] = {}


class _Package(NamedTuple):
    """What is known of a package before any version is looked at.

    `settled` is the answer where the version does not matter. `elsewhere` is what is said about the distribution
    without naming a release: it might hold for this one.
    """

    settled: int | None
    line: Line
    elsewhere: Set


class _Numbers(dict[tuple[str, str], int]):
    """(name, version) to the component's number: a dictionary that fills itself at first sight.

    A row seen before costs one look-up and no Python; a new component is answered when it is numbered.
    """

    def __init__(self, index: Index, answers: _Answers, folded: str, *, has_feed: bool, fresh: bool) -> None:
        super().__init__()
        self._lines, self._answers, self._folded = index.lines, answers, folded
        self._has_feed, self._fresh = has_feed, fresh
        self._without_release = lacks_release(folded)
        self._family = folded.partition(":")[0] if ":" in folded else ""
        self._packages: dict[str, _Package] = {}
        self._keys = _Keys(folded)

    def __missing__(self, pair: tuple[str, str]) -> int:
        answers = self._answers
        self[pair] = number = len(answers.hits)
        name, version = pair
        settled, line, elsewhere = self._packages.get(name) or self._package(name)
        if settled is not None:
            answers.states.append(settled)
            answers.hits.append(NOBODY)
            return number
        spelled = line.spelled.get(version)
        if spelled is not None:
            reached, might = spelled, line.open + elsewhere
        elif (position := self._keys[version]) is not None:
            reached, might = line.at(position), line.open + elsewhere
        else:
            reached, might = line.texts.get(version, NOBODY), line.everything + elsewhere
        if might:
            might = tuple(place for place in might if place not in reached)
            answers.undecided[number] = might
        state = _AFFECTED if reached else _UNKNOWN if might else _NOT_AFFECTED
        answers.states.append(state if self._fresh else _NOT_ASSESSED)
        answers.hits.append(reached)
        return number

    def _package(self, name: str) -> _Package:
        """Identity, feed, release and the package's line, in this order of weight, decide before any version does."""
        folded = canonical_name(self._folded, name)
        line = self._lines.get(Package(self._folded, folded))
        any_release = self._lines.get(Package(self._family, folded)) if self._family else None
        settled = None
        if not name or not self._has_feed:
            settled = _NOT_ASSESSED
        elif self._without_release:
            settled = _UNKNOWN if self._fresh else _NOT_ASSESSED
        elif line is None and any_release is None:
            settled = _NOT_AFFECTED if self._fresh else _NOT_ASSESSED
        found = _Package(settled, line or NO_LINE, any_release.everything if any_release else NOBODY)
        self._packages[name] = found
        return found


class _Keys(dict[str, bytes | None]):
    """Versions recur between packages: each is keyed once per ecosystem."""

    def __init__(self, ecosystem: str) -> None:
        super().__init__()
        self._ecosystem = ecosystem

    def __missing__(self, version: str) -> bytes | None:
        self[version] = position = key(self._ecosystem, version)
        return position
