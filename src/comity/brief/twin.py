"""Say one set of claims twice: for an analyst, and for a small operator. Both are written from the same claims.

`same` proves it: the exact facts found in the one text (identifiers, versions, days, numbers, certainty) are those
found in the other. A brief whose twins differ is not published.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from comity.brief.extract import days, identifiers, numbers
from comity.model.article import Source
from comity.model.brief import Claim

CERTAINTY: Final = {1: "possible", 2: "expected", 3: "announced", 4: "stated"}
"""How sure the source is, in one word, the same in both texts."""
_ANALYST: Final = {
    "fixed in": "{subject} is fixed in {value}",
    "affected before": "{subject} affects releases before {value}",
    "due": "{subject} has the due date {value}",
    "added to catalogue": "{subject} was added to the catalogue on {value}",
    "effect": "{subject} {value}",
    "participation": "{subject}: participation is {value}",
}
_PLAIN: Final = {
    "fixed in": "Install {value} or later, which repairs {subject}",
    "affected before": "You are affected by {subject} when you run something older than {value}",
    "due": "Deal with {subject} no later than {value}",
    "added to catalogue": "The government's list has held {subject} since {value}",
    "effect": "What {subject} means: it {value}",
    "participation": "Taking part in {subject} is {value}",
}
_EXPLOITED: Final = {
    "yes": ("{subject} is reported as exploited", "Somebody already attacks through {subject}"),
    "no": ("{subject} is reported as not exploited", "The source says that {subject} is not used in attacks"),
}


def analyst(claims: Sequence[Claim], source: Source) -> tuple[str, ...]:
    """One line for each claim that the brief uses, with its place in the source."""
    return tuple(
        f"{_said(claim, 0)} ({CERTAINTY[_rung(claim)]}, says {_name(claim, source)})." for claim in _used(claims)
    )


def plain(claims: Sequence[Claim], source: Source) -> tuple[str, ...]:
    """The same claims for somebody who must act and has no time."""
    return tuple(
        f"{_said(claim, 1)} ({CERTAINTY[_rung(claim)]}, says {_name(claim, source)})." for claim in _used(claims)
    )


def same(one: Iterable[str], other: Iterable[str]) -> bool:
    """True when both texts state the same exact facts with the same certainty."""
    return stated(one) == stated(other)


def stated(lines: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """The exact facts of each line, as a set: order and wording do not count, a missing or changed fact does."""
    found = set()
    for line in lines:
        facts = {f"{one.kind}:{one.value}" for one in identifiers(line)}
        facts |= {f"day:{one.year}-{one.month}-{one.day}" for one in days(line)}
        facts |= {f"number:{one.value}" for one in numbers(line)}
        facts |= {f"certainty:{word}" for word in CERTAINTY.values() if f"({word}, says " in line}
        found.add(tuple(sorted(facts)))
    return frozenset(found)


def _used(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.sentence >= 0]


def _said(claim: Claim, which: int) -> str:
    if claim.predicate == "exploited":
        return _EXPLOITED.get(claim.value, _EXPLOITED["yes"])[which].format(subject=claim.subject)
    words = (_ANALYST, _PLAIN)[which].get(claim.predicate)
    if words is None:
        words = ("{subject}: " + claim.predicate + " {value}", "{subject} was " + claim.predicate + " on {value}")[
            which
        ]
    return words.format(subject=claim.subject, value=claim.value)


def _rung(claim: Claim) -> int:
    return min(max(claim.rung, 1), 4)


def _name(claim: Claim, source: Source) -> str:
    return claim.origins[0].source if claim.origins else source.name
