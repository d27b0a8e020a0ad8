"""Decide what a compliance snapshot says, from inputs that travel with it, so that anybody can decide it again.

A snapshot is a bundle of files. Inputs: what is run, advisories about it, the age of each feed, the dated facts,
directive packs, policy parameters. Outcomes: the verdict of every component, the deadline of every finding, and
counts, those of unknown, not assessed and defaulted among them. `outcomes` computes the second from the first and from
nothing else; making a snapshot and checking one both call it.

Not in it: names of assets (ids stand for them), free text of advisories, people. Of a feed only the statements about
packages that the inventories name travel; the digest of the whole feed stands beside them, to compare with one's own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from comity.defend import clock, packs
from comity.defend.due import Answer as Dated
from comity.defend.due import AskPerson, Due
from comity.defend.facts import Facts, Feeds
from comity.defend.match import Matching
from comity.defend.segments import Feed, Index, Statement, index
from comity.errors import Invalid, Problem
from comity.formats import directive
from comity.formats.versions.identity import Package, package, package_of
from comity.model.directive import Pack
from comity.model.ids import Digest, InventoryId, digest
from comity.model.inventory import Answer, Component, Identity

SNAPSHOT: Final = "https://comity.invalid/compliance-snapshot/v1"
"""Predicate type of the signed statement. The name is a name: nothing is fetched from it."""
STATEMENT: Final = "statement.dsse.json"
INVENTORIES, ADVISORIES, FEEDS = "inventories.json", "advisories.json", "feeds.json"
FACTS, PARAMETERS = "facts.json", "parameters.json"
VERDICTS, DEADLINES, SUMMARY = "verdicts.json", "deadlines.json", "summary.json"
INPUTS: Final = (INVENTORIES, ADVISORIES, FEEDS, FACTS, PARAMETERS)
OUTCOMES: Final = (VERDICTS, DEADLINES, SUMMARY)
PACKS: Final = "packs/"
OWN: Final = "own-packs/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One inventory: its id, the digest of its newest document, and what that lists."""

    inventory: InventoryId
    document: Digest
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUse:
    """One feed that was used, and the digest of all of it as it was fetched.

    `releases`: the releases of a distribution that its records name, where an inventory has one (see `Feed`).
    """

    ecosystem: str
    source: str
    as_of: datetime
    digest: Digest
    releases: tuple[str, ...] | None = None

    @property
    def feed(self) -> Feed:
        """As the matcher takes it."""
        releases = None if self.releases is None else frozenset(self.releases)
        return Feed(ecosystem=self.ecosystem, source=self.source, as_of=self.as_of, releases=releases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrors:
    """All that was mirrored from upstream. None: never fetched."""

    feeds: tuple[FeedUse, ...]
    kev_as_of: datetime | None = None
    kev_digest: str = ""
    ssvc_as_of: datetime | None = None
    ssvc_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What was chosen, and for when and whom the snapshot speaks."""

    at: datetime
    organisation: str
    tool: str
    max_age_days: int
    zone: str = ""
    policy: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 0
    """Findings whose risk is accepted for a time: stated, not computed again."""
    settled_by_vex: int = 0
    """Findings that a VEX statement settles: stated, not computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that the outcomes follow from."""

    inventories: tuple[Listed, ...]
    statements: tuple[Statement, ...]
    mirrors: Mirrors
    facts: tuple[Facts, ...]
    parameters: Parameters
    packs: Mapping[str, bytes]
    """Directive packs that ship with Comity, by file name, as bytes."""
    own_packs: Mapping[str, bytes] = field(default_factory=dict)
    """Directive packs that the organisation follows or wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer for one component, by its place in its inventory."""

    inventory: InventoryId
    place: int
    answer: Answer
    vulnerabilities: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The clock's answer for one finding, in plain values."""

    asset: str
    vulnerability: str
    kind: str
    pack: str = ""
    tier: str = ""
    row: int | None = None
    start: str = ""
    due: datetime | None = None
    kev_due: datetime | None = None
    leads: str = ""
    overdue: bool = False
    state: str = ""
    unknown: tuple[str, ...] = ()
    defaulted: tuple[str, ...] = ()


def files_of(inputs: Inputs) -> dict[str, bytes]:
    """The whole bundle but its signature: inputs as files, and what follows from them."""
    slice_ = {package(one.ecosystem, one.match_name) for listed in inputs.inventories for one in listed.components}
    statements = [one for one in inputs.statements if _reaches(one, slice_)]
    statements.sort(key=lambda one: (one.advisory, package_of(one.affected)))
    written = {
        INVENTORIES: _json(inputs.inventories),
        ADVISORIES: _json(statements),
        FEEDS: _json(inputs.mirrors),
        FACTS: _json(sorted(inputs.facts, key=lambda one: (one.asset, one.vulnerability))),
        PARAMETERS: _json(inputs.parameters),
        **{PACKS + name: data for name, data in inputs.packs.items()},
        **{OWN + name: data for name, data in inputs.own_packs.items()},
    }
    return written | outcomes(written)


def outcomes(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What follows from a bundle's input files. Invalid, naming the file, when one cannot be read."""
    listed = _read(files, INVENTORIES, tuple[Listed, ...])
    statements = _read(files, ADVISORIES, tuple[Statement, ...])
    mirrors = _read(files, FEEDS, Mirrors)
    facts = _read(files, FACTS, tuple[Facts, ...])
    chosen = _read(files, PARAMETERS, Parameters)
    shipped, own = _packs(files, PACKS), _packs(files, OWN)
    built = index(
        statements,
        feeds=[one.feed for one in mirrors.feeds],
    )
    verdicts = tuple(_verdicts(listed, built, chosen))
    feeds = Feeds(kev_as_of=mirrors.kev_as_of, ssvc_as_of=mirrors.ssvc_as_of)
    deadlines = tuple(_deadline(one, shipped, own, feeds, chosen) for one in facts)
    return {
        VERDICTS: _json(verdicts),
        DEADLINES: _json(deadlines),
        SUMMARY: _json(_summary(verdicts, deadlines, mirrors, chosen)),
    }


def subjects(files: Mapping[str, bytes]) -> dict[str, Digest]:
    """What the signed statement is about: every file of the bundle by its digest."""
    return {name: digest(data) for name, data in files.items() if name != STATEMENT}


def summary_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The counts of a bundle. Invalid when they cannot be read."""
    counts: dict[str, Any] = _read(files, SUMMARY, dict[str, Any])
    return counts


def difference(name: str, held: bytes, again: bytes) -> str:
    """Where two outcome files first differ, in words; "" when they do not."""
    if held == again:
        return ""
    try:
        left, right = msgspec.json.decode(held), msgspec.json.decode(again)
    except (msgspec.DecodeError, RecursionError):
        return f"{name} cannot be read"
    if isinstance(left, list) and isinstance(right, list):
        for place, (mine, theirs) in enumerate(zip(left, right, strict=False)):
            if mine != theirs:
                return (
                    f"{name}, entry {place + 1}: the bundle says {_short(mine)}, computing again gives {_short(theirs)}"
                )
        return f"{name} has {len(left)} entries, computing again gives {len(right)}"
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            if left.get(key) != right.get(key):
                return (
                    f"{name}, {key}: the bundle says {_short(left.get(key))}, "
                    f"computing again gives {_short(right.get(key))}"
                )
    return f"{name} is written otherwise than computing again writes it"


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 300 else text[:297] + "..."


def _reaches(one: Statement, wanted: set[Package]) -> bool:
    about = package_of(one.affected)
    return about in wanted or any(
        held.name == about.name and held.ecosystem.partition(":")[0] == about.ecosystem for held in wanted
    )


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def _read(files: Mapping[str, bytes], name: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(files[name], type=kind)
    except KeyError as error:
        problem = Problem(f"/{name}", "missing_file", "the bundle lacks this file")
        raise Invalid("the bundle is not whole", [problem]) from error
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        problem = Problem(f"/{name}", "unreadable", "this file is not of the shape that a snapshot has")
        raise Invalid("the bundle cannot be read", [problem]) from error


def _packs(files: Mapping[str, bytes], folder: str) -> tuple[Pack, ...]:
    return tuple(directive.read(data) for name, data in sorted(files.items()) if name.startswith(folder))


def _verdicts(listed: Sequence[Listed], built: Index, chosen: Parameters) -> Iterable[Verdict]:
    """The matcher's answer within what identity allows: in part is at best unknown, not identified not assessed."""
    matching = Matching(built, now=chosen.at, max_age=timedelta(days=chosen.max_age_days))
    for one in listed:
        for place, held in enumerate(one.components):
            (number,) = matching.add(held.ecosystem, [held.match_name], [held.match_version]).numbers
            found = matching.component(number)
            answer = found.answer
            if held.identity is Identity.NOT:
                answer = Answer.NOT_ASSESSED
            elif held.identity is Identity.PART and answer in {Answer.AFFECTED, Answer.NOT_AFFECTED}:
                answer = Answer.UNKNOWN
            yield Verdict(
                inventory=one.inventory,
                place=place,
                answer=answer,
                vulnerabilities=tuple(sorted({hit.vulnerability for hit in found.findings})),
                undecided=tuple(sorted({hit.vulnerability for hit in found.undecided})),
            )


def _deadline(facts: Facts, shipped: Sequence[Pack], own: Sequence[Pack], feeds: Feeds, chosen: Parameters) -> Deadline:
    answer = clock.first_answer(
        packs.for_domain(facts.domain, shipped, own),
        facts,
        at=chosen.at,
        feeds=feeds,
        policy=chosen.policy,
        zone=chosen.zone,
    )
    return _plain(facts, answer)


def _plain(facts: Facts, answer: Dated | None) -> Deadline:
    asset, vulnerability = facts.asset, facts.vulnerability
    if answer is None:
        return Deadline(asset=asset, vulnerability=vulnerability, kind="no rule")
    rule = f"{answer.pack} {answer.version}"
    if isinstance(answer, Due):
        return Deadline(
            asset=asset,
            vulnerability=vulnerability,
            kind="due",
            pack=rule,
            tier=answer.tier,
            row=answer.row,
            start=f"{answer.start.event} {answer.start.day.isoformat()}",
            due=answer.due,
            kev_due=answer.kev_due,
            leads=str(answer.leads),
            overdue=answer.overdue,
            state=str(answer.state),
            unknown=answer.unknown,
            defaulted=tuple(f"{one.param}: {one.input} = {one.value}" for one in answer.defaulted),
        )
    if isinstance(answer, AskPerson):
        return Deadline(
            asset=asset,
            vulnerability=vulnerability,
            kind="ask a person",
            pack=rule,
            kev_due=answer.kev_due,
            overdue=answer.overdue,
            unknown=answer.missing,
        )
    return Deadline(asset=asset, vulnerability=vulnerability, kind=type(answer).__name__, pack=rule)


def _summary(
    verdicts: Sequence[Verdict], deadlines: Sequence[Deadline], mirrors: Mirrors, chosen: Parameters
) -> dict[str, Any]:
    answers = Counter(one.answer for one in verdicts)
    kinds = Counter(one.kind for one in deadlines)
    return {
        "at": chosen.at,
        "tool": chosen.tool,
        "inventories": len({one.inventory for one in verdicts}),
        "components": {str(answer): answers[answer] for answer in Answer},
        "findings": len(deadlines),
        "dated": kinds["due"],
        "overdue": sum(one.overdue for one in deadlines),
        "done": sum(one.state == "done" for one in deadlines),
        "ask_a_person": kinds["ask a person"],
        "not_assessed": kinds["NotAssessed"],
        "not_bound": kinds["NotBound"] + kinds["no rule"],
        "defaulted": sum(bool(one.defaulted) for one in deadlines),
        "unknown_inputs": sum(bool(one.unknown) for one in deadlines),
        "tiers": dict(sorted(Counter(one.tier for one in deadlines if one.tier).items())),
        "accepted": chosen.accepted,
        "settled_by_vex": chosen.settled_by_vex,
        "oldest_feed": min((one.as_of for one in mirrors.feeds), default=None),
    }
