"""Decide whether a scan claim may be taken, and how far two areas overlap: set arithmetic over paths and weaknesses.

A claim advises and gives no exclusivity: two overlapping claims are both good. What it is for is the moment before the
money is spent. A claim without an authorisation is refused.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import rfc8785

from comity.errors import Invalid, Problem
from comity.formats import cwe
from comity.model.claim import Area, Authorisation, Claim, Ending, Method, Overlap, OwnLook

PATH_LIMIT: Final = 200
CWE_LIMIT: Final = 50
TEXT_LIMIT: Final = 500
MEMORY: Final = timedelta(days=90)
"""How long claims that brought no result stay on their holder's record, and results are told (policy parameter)."""
NEEDS_AUTHORISATION: Final = "a scan is claimed only with an authorisation"
NO_RESULT: Final = frozenset({Ending.ABANDONED, Ending.EXPIRED})

_REPOSITORY: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}(?::\d{1,5})?(?:/[a-z0-9._~+-]{1,100}){1,8}\Z")
_SCHEME: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]{1,64}@)?")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}\Z")
_CWE: Final = re.compile(r"CWE-[1-9]\d{0,4}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An area as somebody writes it, not yet looked at."""

    repository: str
    paths: Sequence[str] = ()
    cwes: Sequence[str] = ()
    methods: Sequence[str] = ()
    commits: Sequence[str] = ()


def area(wish: Wish) -> Area:
    """The wish in canonical form; Invalid with every violation."""
    problems: list[Problem] = []
    repository = _repository(wish.repository)
    if not _REPOSITORY.match(repository):
        problems.append(Problem("/repository", "bad_repository", "give it as https://host/owner/name"))
    paths = _paths(wish.paths, problems)
    cwes = _cwes(wish.cwes, problems)
    methods = []
    for place, word in enumerate(wish.methods):
        if word in set(Method):
            methods.append(Method(word))
        else:
            problems.append(Problem(f"/methods/{place}", "unknown_method", f"one of: {', '.join(Method)}"))
    commits = tuple(one.lower() for one in wish.commits)
    if commits and (len(commits) != 2 or not all(_COMMIT.match(one) for one in commits)):
        problems.append(
            Problem("/commits", "bad_commits", "give the first and the last commit, 7 to 64 hex characters")
        )
    if problems:
        raise Invalid("this area cannot be claimed", problems)
    return Area(
        repository=repository,
        paths=paths,
        cwes=cwes,
        methods=tuple(sorted(set(methods))),
        commits=(commits[0], commits[1]) if commits else None,
    )


def authorised(authorisation: Authorisation, *, today: date) -> None:
    """Invalid unless owner, scope and contact are named and the dates hold today."""
    problems = []
    for name in ("owner", "scope", "contact"):
        text = getattr(authorisation, name).strip()
        if not 1 <= len(text) <= TEXT_LIMIT or not text.isprintable():
            reason = f"1 to {TEXT_LIMIT} printable characters: who allowed it, what, and whom to ask"
            problems.append(Problem(f"/authorisation/{name}", "missing_field", reason))
    problems += _in_force(authorisation.starts_on, authorisation.ends_on, today)
    if problems:
        raise Invalid(NEEDS_AUTHORISATION, problems)


def authorised_on(starts_on: date, ends_on: date, *, today: date) -> None:
    """The same for a blind claim, of whose authorisation the host sees the dates alone; the rest is committed to."""
    problems = _in_force(starts_on, ends_on, today)
    if problems:
        raise Invalid(NEEDS_AUTHORISATION, problems)


def committed(area_: Area, authorisation: Authorisation | None) -> bytes:
    """What a blind question about an area commits to, canonical: the area, and who allowed a scan that is claimed."""
    held: dict[str, object] = {"kind": "comity scan area 2", **plain(area_)}
    if authorisation is not None:
        held["authorisation"] = {
            "owner": authorisation.owner,
            "scope": authorisation.scope,
            "contact": authorisation.contact,
            "starts_on": authorisation.starts_on.isoformat(),
            "ends_on": authorisation.ends_on.isoformat(),
        }
    return rfc8785.dumps(held)  # type: ignore[arg-type]  # texts and lists of texts


def plain(area_: Area) -> dict[str, str | list[str]]:
    """An area in JSON's values, in canonical order."""
    return {
        "repository": area_.repository,
        "paths": list(area_.paths),
        "cwes": list(area_.cwes),
        "methods": [method.value for method in area_.methods],
        "commits": list(area_.commits or ()),
    }


def spent(claims: Iterable[Claim], now: datetime) -> int:
    """How many places an organisation uses up: its open claims, and those of the last 90 days without a result."""
    number = 0
    for claim in claims:
        if claim.is_open(now) or (ending_of(claim) in NO_RESULT and now - (claim.ended_at or claim.ends_at) < MEMORY):
            number += 1
    return number


def ending_of(claim: Claim) -> Ending:
    """How a claim ended that is not open: one that nobody ended has expired."""
    return claim.ending or Ending.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What one claim of somebody else is to the asker's area, however it was found.

    `whole` and `part`: which of the asker's paths it holds, or holds parts of; "" stands for the whole repository where
    the asker names no path.
    """

    methods: tuple[Method, ...]
    at: datetime
    """When it ends, or ended."""
    whole: frozenset[str] = frozenset()
    part: frozenset[str] = frozenset()
    same_weaknesses: bool = False
    same_commits: bool = False
    ending: Ending | None = None
    """None while it is open."""
    name: str = ""
    """Its holder, where both sides agreed."""
    host: str = ""
    """The partner host that it is held on; empty for this one."""


def state_of(claim: Claim, name: str, now: datetime, *, may_be_named: bool) -> Met:
    """What a claim says of itself: its part in an area is still to be found."""
    is_open = claim.is_open(now)
    return Met(
        methods=claim.methods,
        at=claim.ends_at if is_open else claim.ended_at or claim.ends_at,
        ending=None if is_open else ending_of(claim),
        name=name if may_be_named and claim.may_be_named else "",
    )


def met(ours: Area, theirs: Area, state: Met) -> Met | None:
    """How a claim on `theirs` meets this area; None where it does not."""
    if theirs.repository != ours.repository or not _touches(ours.paths, theirs.paths):
        return None
    wanted = ours.paths or ("",)
    whole = {path for path in wanted if not theirs.paths or any(path and _within(path, o) for o in theirs.paths)}
    part = {path for path in wanted if not path or any(_within(other, path) for other in theirs.paths)}
    return replace(
        state,
        whole=frozenset(whole),
        part=frozenset(part - whole),
        same_weaknesses=cwe.related(ours.cwes, theirs.cwes),
        same_commits=ours.commits == theirs.commits,
    )


def is_worth_telling(claim: Claim, now: datetime) -> bool:
    """Whether others hear of it: while it is open, and for a time when it brought a result."""
    if claim.is_open(now):
        return True
    return claim.ended_at is not None and ending_of(claim) not in NO_RESULT and now - claim.ended_at < MEMORY


def overlap(ours: Area, others: Iterable[Met], now: datetime) -> Overlap:
    """How far others hold or held this area.

    Claims on other weaknesses or by other methods count: somebody is there all the same. The answer says how alike.
    """
    wanted = ours.paths or ("",)
    touching = [one for one in others if one.whole or one.part]
    held = [one for one in touching if one.ending is None]
    whole = frozenset().union(*(one.whole for one in held))
    parts = frozenset().union(*(one.part for one in held)) - whole
    before = [
        (one.at, one.ending, _percent(one.whole, wanted))
        for one in touching
        if one.ending is not None and one.ending not in NO_RESULT and now - one.at < MEMORY
    ]
    return Overlap(
        held_percent=_percent(whole, wanted),
        partly=len(parts - {""}),
        parts_of_repository="" in parts,
        same_methods=tuple(sorted({m for one in held for m in one.methods} & set(ours.methods))),
        same_weaknesses=any(one.same_weaknesses for one in held),
        commits="" if not held else "same" if all(one.same_commits for one in held) else "unknown",
        until=max((one.at for one in held), default=None),
        names=tuple(sorted({one.name for one in held} - {""})),
        hosts=tuple(sorted({one.host for one in held} - {""})),
        looked_before=tuple(sorted(before, key=lambda one: one[0], reverse=True)),
    )


def meeting(areas: Sequence[Area]) -> tuple[int, ...]:
    """How many of the other areas each one touches: same repository, paths within each other, weaknesses alike."""
    by_repository: dict[str, list[int]] = {}
    for place, one in enumerate(areas):
        by_repository.setdefault(one.repository, []).append(place)
    found = [0] * len(areas)
    for places in by_repository.values():
        for place in places:
            one = areas[place]
            others = (areas[other] for other in places if other != place)
            found[place] = sum(_touches(one.paths, o.paths) and cwe.related(one.cwes, o.cwes) for o in others)
    return tuple(found)


def own(ours: Area, claims: Iterable[Claim], now: datetime) -> tuple[OwnLook, ...]:
    """What the asker's own organisation holds on this area, or held within `MEMORY`, however it ended; open first."""
    found = []
    for claim in claims:
        is_open = claim.is_open(now)
        at = claim.ends_at if is_open else claim.ended_at or claim.ends_at
        if claim.area is None or claim.area.repository != ours.repository:
            continue
        if not _touches(ours.paths, claim.area.paths):
            continue
        if is_open or now - at < MEMORY:
            ending = None if is_open else ending_of(claim)
            share = _share(ours.paths, [claim.area.paths])
            found.append(OwnLook(claim=claim.id, at=at, ending=ending, percent=share, coverage=claim.coverage))
    found.sort(key=lambda look: (look.ending is not None, -look.at.timestamp(), look.claim))
    return tuple(found)


def _in_force(starts_on: date, ends_on: date, today: date) -> list[Problem]:
    if starts_on <= today <= ends_on:
        return []
    return [Problem("/authorisation", "not_in_force", "it must be in force today")]


def _share(ours: Sequence[str], theirs: Sequence[Sequence[str]]) -> int:
    """Percent of our paths that lie wholly within theirs; of the whole repository, 100 only for another whole claim."""
    wholly = any(not paths for paths in theirs)
    if wholly:
        return 100
    if not ours:
        return 0
    held = sum(any(_within(path, other) for paths in theirs for other in paths) for path in ours)
    return round(100 * held / len(ours))


def _percent(held: frozenset[str], wanted: Sequence[str]) -> int:
    return round(100 * len(held) / len(wanted))


def _touches(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    if not ours or not theirs:
        return True
    return any(_within(one, other) or _within(other, one) for one in ours for other in theirs)


def _within(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def _repository(text: str) -> str:
    bare = text.strip().lower()
    found = _SCHEME.match(bare)
    bare = bare[found.end() :] if found else bare
    if ":" in bare.partition("/")[0] and not re.match(r"[^/]+:\d+(?:/|\Z)", bare):
        bare = bare.replace(":", "/", 1)  # git's own short form, host:path
    return bare.rstrip("/").removesuffix(".git")


def _paths(given: Sequence[str], problems: list[Problem]) -> tuple[str, ...]:
    if len(given) > PATH_LIMIT:
        problems.append(Problem("/paths", "too_many_items", f"at most {PATH_LIMIT} paths: claim a folder instead"))
        return ()
    found = set()
    for place, text in enumerate(given):
        parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
        if not parts or ".." in parts or len(text) > TEXT_LIMIT or not text.isprintable():
            reason = "a path within the repository, such as src/parser"
            problems.append(Problem(f"/paths/{place}", "bad_path", reason))
        else:
            found.add("/".join(parts))
    return tuple(sorted(path for path in found if not any(_within(path, other) for other in found - {path})))


def _cwes(given: Sequence[str], problems: list[Problem]) -> tuple[str, ...]:
    if len(given) > CWE_LIMIT:
        problems.append(Problem("/cwes", "too_many_items", f"at most {CWE_LIMIT} weakness classes"))
        return ()
    found = set()
    for place, text in enumerate(given):
        name = text.strip().upper()
        if _CWE.match(name) and cwe.name(name):
            found.add(name)
        else:
            problems.append(
                Problem(f"/cwes/{place}", "unknown_weakness", "a weakness of the CWE list, such as CWE-787")
            )
    return tuple(sorted(found))
