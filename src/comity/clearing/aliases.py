"""Decide which identifiers and records speak of one weakness, so that it has one name here.

Two ways, and both are guarded. Declared aliases are closed transitively, but a record that declares very many, or a
group that grows very large, is usually an advisory about several weaknesses: such links are not followed. `related`
and `upstream` are never identity. Records without common aliases are one statement republished when a fact agrees
(a link, a fixing commit, a package) *and* the texts are equal or each other's nearest: text alone never joins (D2).
Two that each name commits or bounty pages of their own and share none are two, and so are two ecosystems' packages.
Guards as OSV.dev has them (clearing.md section 4): over 5 raw aliases ignored, groups over 32 dropped.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

RAW_LIMIT: Final = 5
"""A record that declares more aliases than this joins nothing."""
GROUP_LIMIT: Final = 32
"""A group larger than this is dropped: its members stand alone."""
WORD_LIMIT: Final = 4000
CROWD_LIMIT: Final = 400
"""A fact shared by more records than this (a project's home page) is no fact about one weakness."""
NEAR_AT: Final = 0.5
"""Weight of the words in common from which the nearest records of two sources are one statement."""
NAME_LENGTH: Final = 4
"""Shorter package names are words of the language too often."""
SHORTEST: Final = 8
"""Distinct words below which a text is a phrase that many weaknesses share."""

_OWN_PLACE: Final = re.compile(r"/(?:commits?|bounty|bounties)/[0-9a-z-]{7,}", re.IGNORECASE)
"""A link to one change or one finding: two records that name different ones are not about one thing."""
_REPUBLISHERS: Final = frozenset({"CVE", "GHSA"})
"""Sources that name products in words of their own, so that other names are no other packages."""

IDENTIFIER: Final = re.compile(
    r"\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|(?:PYSEC|RUSTSEC|GO|OSV|DSA|DLA|USN|RHSA|TALOS|SNYK|ZDI|BIT)"
    r"-[0-9A-Za-z][0-9A-Za-z-]*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One published record as far as identity goes. Identifiers in text and links are hidden before comparing."""

    id: str
    text: str
    links: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    """Normalised names; a shared one counts as a fact beside the equal text."""


def close(declared: Mapping[str, Iterable[str]]) -> frozenset[frozenset[str]]:
    """The groups of two and more identifiers that declared aliases join, whatever order they are given in."""
    above: dict[str, str] = {}
    for record in sorted(declared):
        others = {name.strip().upper() for name in declared[record]} - {record.strip().upper(), ""}
        if len(others) <= RAW_LIMIT:
            for name in others:
                _join(above, record.strip().upper(), name)
    return _groups(above)


def republished(
    statements: Iterable[Statement], *, meanings: Mapping[str, Sequence[float]] | None = None
) -> frozenset[frozenset[str]]:
    """The groups of records that are one statement under several ids; the order they come in changes nothing.

    Only records that share a fact are compared, and facts that a crowd shares are skipped, so cost follows the facts.
    Two records join when their texts are equal, or when they come from different sources, each is the other's nearest
    there, and the weight of their common words reaches `NEAR_AT`. With `meanings` (a vector of length 1 for each id)
    nearness is the mean of that weight and the vectors' cosine; the facts are asked all the same.
    """
    held = sorted(statements, key=lambda each: each.id)
    texts = {one.id: hidden(one.text) for one in held}
    word_sets = {name: frozenset(text.split()) for name, text in texts.items()}
    common = Counter(word for found in word_sets.values() for word in found)
    weight = {word: math.log(len(held) / count) for word, count in common.items()}
    by_id = {one.id: one for one in held}
    nearness = {}
    for one, other in sorted(_pairs(held, texts, word_sets)):
        if _apart(by_id[one], by_id[other]):
            continue
        near = _nearness(word_sets[one], word_sets[other], weight)
        if meanings is not None:
            near = (near + math.fsum(a * b for a, b in zip(meanings[one], meanings[other], strict=True))) / 2
        nearness[one, other] = near
    best: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (one, other), near in nearness.items():
        best[one, _source(other)] = max(best[one, _source(other)], near)
        best[other, _source(one)] = max(best[other, _source(one)], near)
    above: dict[str, str] = {}
    for (one, other), near in nearness.items():
        equal = texts[one] == texts[other] and len(word_sets[one]) >= SHORTEST
        nearest = _source(one) != _source(other) and near == best[one, _source(other)] == best[other, _source(one)]
        if equal or (nearest and near >= NEAR_AT):
            _join(above, one, other)
    return _groups(above)


def facts(one: Statement) -> frozenset[str]:
    """Links and packages; a link that names an identifier is left out, since that would be a declared alias."""
    links = {f"link {link.rstrip('/').lower()}" for link in one.links if not IDENTIFIER.search(link)}
    return frozenset(links | {f"package {name.lower()}" for name in one.packages})


def _pairs(
    held: Sequence[Statement], texts: Mapping[str, str], word_sets: Mapping[str, frozenset[str]]
) -> frozenset[tuple[str, str]]:
    """Pairs that share a fact. A package that the other's text names counts; equal copies meet in crowds too."""
    known = {name.lower() for one in held for name in one.packages if len(name) >= NAME_LENGTH}
    by_fact: defaultdict[str, list[str]] = defaultdict(list)
    for one in held:
        own = facts(one) | {f"package {word}" for word in word_sets[one.id] & known}
        for fact in own:
            by_fact[fact].append(one.id)
            by_fact[f"{fact} {texts[one.id]}"].append(one.id)
    return frozenset(
        pair for sharing in by_fact.values() if len(sharing) <= CROWD_LIMIT for pair in combinations(sharing, 2)
    )


def _apart(one: Statement, other: Statement) -> bool:
    """Whether facts speak against one statement: other commits, or packages of two ecosystems with other names."""
    mine, theirs = (_places(each) for each in (one, other))
    if mine and theirs and not mine & theirs:
        return True
    sources = {_source(one.id), _source(other.id)}
    both = one.packages and other.packages and not one.packages & other.packages
    return bool(both) and len(sources) == 2 and not sources & _REPUBLISHERS


def _places(one: Statement) -> frozenset[str]:
    return frozenset(link.rstrip("/").lower() for link in one.links if _OWN_PLACE.search(link))


def _nearness(mine: frozenset[str], theirs: frozenset[str], weight: Mapping[str, float]) -> float:
    """Weight of the common words over that of the shorter text: 0 to 1."""
    smaller = min(_weight(mine, weight), _weight(theirs, weight))
    return _weight(mine & theirs, weight) / smaller if smaller > 0 else 0.0


def _weight(found: Iterable[str], weight: Mapping[str, float]) -> float:
    return math.fsum(weight[word] for word in found)


def _source(name: str) -> str:
    return name.partition("-")[0]


def hidden(text: str) -> str:
    """The text without identifiers, case and layout: the key under which exact copies meet."""
    return " ".join(re.findall(r"[a-z0-9_.]+", IDENTIFIER.sub(" ", text).lower())[:WORD_LIMIT])


def _top(above: dict[str, str], name: str) -> str:
    while above.setdefault(name, name) != name:
        above[name] = above[above[name]]
        name = above[name]
    return name


def _join(above: dict[str, str], one: str, other: str) -> None:
    first, second = sorted((_top(above, one), _top(above, other)))
    above[second] = first


def _groups(above: dict[str, str]) -> frozenset[frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in tuple(above):
        found[_top(above, name)].add(name)
    return frozenset(frozenset(group) for group in found.values() if 2 <= len(group) <= GROUP_LIMIT)
