"""Decide what a scan shows: the answers of one inventory, what reaches it by urgency, and how old the data is.

Nothing is stored. The tier is what BOD 26-04's table gives for the exposure that the caller states; where an input is
not known, the row is open and says so. A tier is not a date: dates need an asset, and are the deadline engine's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from comity.defend.answer import Answering, Knowledge
from comity.formats.upstream import Upstream
from comity.formats.versions import key
from comity.formats.versions.identity import canonical_ecosystem, published_as
from comity.model import signals
from comity.model.advisory import Advisory
from comity.model.asset import Reach
from comity.model.decision import Settled, Table, decide
from comity.model.inventory import Answer, Answered, Component, Contents, Vex, VexStatus

OPEN_TIER: Final = "needs a person"
"""Not a tier: an input is unknown and the rows that are left differ."""
TOP: Final = 12
"""Actions that a scan puts first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where answers came from. `as_of` None: it bears no date, or was never fetched. `cut`: what came later is left
    out, because an earlier day was asked about."""

    name: str
    as_of: datetime | None
    stale: bool
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What upstream says of vulnerabilities, as known on the day asked about."""

    kev: Mapping[str, date | None]
    automatable: Mapping[str, str]
    impact: Mapping[str, str]
    sources: tuple[Source, ...]
    kev_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One vulnerability on one component."""

    vulnerability: str
    advisories: tuple[str, ...]
    component: Component
    answer: Answer
    rule: str
    fixed: tuple[str, ...]
    in_kev: bool | None
    """None: the catalogue is missing or too old to say no."""
    kev_added: date | None
    automatable: str | None
    impact: str | None
    tier: str
    """The table's outcome, or `OPEN_TIER`."""
    vex: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan found. `clean` is never a field: whoever reads it counts all four answers."""

    contents: Contents
    answers: tuple[Answered, ...]
    counts: Mapping[Answer, int]
    found: tuple[Found, ...]
    """Most pressing first."""
    tiers: tuple[tuple[str, int], ...]
    """Outcome of the table and how many findings it has, most pressing first, the open ones last."""
    sources: tuple[Source, ...]
    missing: tuple[str, ...]
    """Ecosystems that the inventory names and no advisories are held for, as OSV spells its bundles."""
    unpublished: tuple[str, ...]
    """Those of them, as the inventory names them, that OSV has no bundle for: nothing to fetch changes their answer."""
    at: datetime
    as_of: bool
    reach: Reach
    reasons: tuple[tuple[Answer, str, int], ...]
    """Why components are unknown or were not assessed, with how many."""

    @property
    def whole(self) -> bool:
        """True when every component was decided: nothing unknown, unassessed or unread, and something listed."""
        decided = not self.counts[Answer.UNKNOWN] and not self.counts[Answer.NOT_ASSESSED]
        return bool(self.answers) and decided and not self.contents.unread


def scan(
    contents: Contents,
    known: Knowledge,
    said: Signals,
    *,
    now: datetime,
    max_age: timedelta,
    table: Table,
    reach: Reach,
    as_of: bool,
    sources: Iterable[Source],
) -> Scan:
    """Answer one inventory at one moment."""
    answers = Answering(known, now=now, max_age=max_age).contents(contents)
    found = sorted(_found(contents, answers, said, table, reach), key=lambda one: _urgency(one, table))
    tally = Counter(one.tier for one in found if one.answer is Answer.AFFECTED)
    order = [value.name for value in reversed(table.outcomes)] + [OPEN_TIER]
    counts = Counter(one.answer for one in answers)
    fed = {feed.partition(":")[0] for feed in known.mirrored.feeds}
    ecosystems = {one.ecosystem.partition(":")[0] for one in contents.components if one.ecosystem}
    why = Counter((one.answer, one.reason) for one in answers if one.answer in (Answer.UNKNOWN, Answer.NOT_ASSESSED))
    return Scan(
        contents=contents,
        answers=answers,
        counts={answer: counts[answer] for answer in Answer},
        found=tuple(found),
        tiers=tuple((name, tally[name]) for name in order),
        sources=(*(one for one in sources if _speaks(one, ecosystems)), *said.sources),
        missing=tuple(sorted(filter(None, map(published_as, ecosystems - fed)))),
        unpublished=tuple(sorted(one for one in ecosystems - fed if not published_as(one))),
        at=now,
        as_of=as_of,
        reach=reach,
        reasons=tuple((answer, reason, number) for (answer, reason), number in why.most_common(20)),
    )


def _speaks(source: Source, ecosystems: set[str]) -> bool:
    """Whether a feed speaks for something that the inventory names."""
    return canonical_ecosystem(source.name.rpartition("OSV ")[2]).partition(":")[0] in ecosystems


def _found(
    contents: Contents, answers: Iterable[Answered], said: Signals, table: Table, reach: Reach
) -> Iterable[Found]:
    for one in answers:
        component = contents.components[one.place]
        by_name: dict[str, list[int]] = {}
        for place, hit in enumerate(one.hits):
            by_name.setdefault(hit.vulnerability, []).append(place)
        for name, places in by_name.items():
            hits = [one.hits[place] for place in places]
            certain = [hit for hit in hits if hit.certain]
            advisories = tuple(dict.fromkeys(hit.advisory for hit in hits))
            names = (name, *advisories)
            answer = Answer.AFFECTED if certain else Answer.UNKNOWN
            if one.answer is Answer.NOT_ASSESSED:
                answer = Answer.NOT_ASSESSED
            vex = _vex(contents.statements, component, names)
            if (
                vex is not None
                and vex.status in (VexStatus.NOT_AFFECTED, VexStatus.FIXED)
                and answer is not Answer.NOT_ASSESSED
            ):
                answer = Answer.NOT_AFFECTED
            added = next((said.kev[other] for other in names if other in said.kev), None)
            in_kev = True if any(other in said.kev for other in names) else False if said.kev_fresh else None
            automatable = next((said.automatable[other] for other in names if other in said.automatable), None)
            impact = next((said.impact[other] for other in names if other in said.impact), None)
            yield Found(
                vulnerability=name,
                advisories=advisories,
                component=component,
                answer=answer,
                rule=(certain or hits)[0].rule,
                fixed=tuple(dict.fromkeys(version for hit in certain or hits for version in hit.fixed)),
                in_kev=in_kev,
                kev_added=added,
                automatable=automatable,
                impact=impact,
                tier=tier(table, reach=reach, in_kev=in_kev, automatable=automatable, impact=impact),
                vex=f"{vex.author or 'the document'} says {vex.status.value.replace('_', ' ')}" if vex else "",
            )


def tier(table: Table, *, reach: Reach, in_kev: bool | None, automatable: str | None, impact: str | None) -> str:
    """What the table gives, or `OPEN_TIER` where the inputs that are known leave several outcomes."""
    given = {
        "publicly_exposed": {Reach.PUBLIC: "yes", Reach.INTERNAL: "no"}.get(reach),
        "in_kev": None if in_kev is None else "yes" if in_kev else "no",
        "automatable": automatable,
        "technical_impact": impact,
    }
    decided = decide(table, given)
    return decided.outcome.name if isinstance(decided, Settled) else OPEN_TIER


def _vex(statements: Iterable[Vex], component: Component, names: tuple[str, ...]) -> Vex | None:
    """The document's own newest statement about exactly this version."""
    newest: Vex | None = None
    for one in statements:
        if (
            one.vulnerability in names
            and one.version == component.match_version != ""
            and (one.ecosystem, one.name) == (component.ecosystem, component.match_name)
            and (newest is None or one.said_at >= newest.said_at)
        ):
            newest = one
    return newest


def _urgency(one: Found, table: Table) -> tuple[int, int, int, str, str]:
    answers = (Answer.AFFECTED, Answer.NOT_ASSESSED, Answer.UNKNOWN, Answer.NOT_AFFECTED)
    ranks = {value.name: place for place, value in enumerate(reversed(table.outcomes))}
    return (
        answers.index(one.answer),
        0 if one.in_kev else 1,
        ranks.get(one.tier, len(ranks)),
        one.vulnerability,
        one.component.name,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing to do: a component, and all that doing it settles."""

    component: Component
    vulnerabilities: tuple[str, ...]
    in_kev: int
    to: str
    """The least version that the advisories name as fixed for all of them; "" where none does."""


def actions(found: Iterable[Found]) -> tuple[Todo, ...]:
    """What to do first: components by how many known-exploited and then how many findings an upgrade would settle."""
    by_component: dict[Component, list[Found]] = {}
    for one in found:
        if one.answer is Answer.AFFECTED or (one.answer is Answer.NOT_ASSESSED and one.rule):
            by_component.setdefault(one.component, []).append(one)
    made = [
        Todo(
            component=component,
            vulnerabilities=tuple(dict.fromkeys(one.vulnerability for one in some)),
            in_kev=sum(one.in_kev is True for one in some),
            to=_common(some),
        )
        for component, some in by_component.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.in_kev, -len(one.vulnerabilities), one.component.name)))


def _common(found: list[Found]) -> str:
    """The highest of the least fixes; "" when one of them has no fix. The fix-version solver proves what this names."""
    ecosystem = found[0].component.ecosystem
    least = [(key(ecosystem, one.fixed[0]), one.fixed[0]) if one.fixed else (None, "") for one in found]
    if any(position is None for position, _ in least):
        return ""
    return max((position, version) for position, version in least if position is not None)[1]


def cut(found: Upstream, day: datetime) -> Upstream:
    """What a KEV catalogue or SSVC snapshot said on an earlier day, as far as its own dates tell.

    The catalogue dates each entry, and Vulnrichment each statement: what is dated later is left out.
    """
    added = {fact.subject: fact.value for fact in found.facts if fact.name == signals.KEV_ADDED}
    kept = tuple(
        fact
        for fact in found.facts
        if (fact.subject not in added or (added[fact.subject] or "") <= day.date().isoformat())
        and (found.source == signals.KEV_SOURCE or fact.as_of is None or fact.as_of <= day)
    )
    later = found.as_of is not None and found.as_of > day
    return replace(found, facts=kept, as_of=day if later else found.as_of)


def known_by(advisory: Advisory, day: datetime) -> bool:
    """Whether an advisory was out on an earlier day. One that bears no date of publication counts by its change."""
    first = advisory.published_at if advisory.published_at and advisory.published_at.year > 1 else advisory.modified_at
    return first <= day
