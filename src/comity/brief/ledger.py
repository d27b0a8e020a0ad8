"""Keep checkable statements apart from prose, and say how a new one stands to those that are held.

A claim is (subject, predicate, value) with the day it speaks of, its origins and its rung of certainty. Rules find
claims in the sentences of a source; what no rule knows is no claim, and nothing is concluded. Two values for one thing
are a conflict with both origins: never an average, never a silent choice.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from comity.brief.check.certainty import denials, rung
from comity.brief.extract import Day, days, identifiers
from comity.brief.sentences import sentences
from comity.model.article import Brief, Source, Span
from comity.model.brief import Claim, ClaimOrigin, Conflict, Relation

SUBJECTS: Final[tuple[tuple[str, str], ...]] = (
    ("GOLD EAGLE", r"gold eagle|(?:ai |cybersecurity )*clearinghouse"),
    ("voluntary framework", r"(?:voluntary |model |access )+framework|the framework"),
    ("EU transparency code", r"code of practice|transparency code"),
    ("Article 50", r"article 50\b"),
    ("covered frontier model benchmark", r"benchmark\w*"),
)
"""Subjects without an identifier of their own, by the words that name them."""
_MOST: Final = 60


class _Rule(NamedTuple):
    predicate: str
    pattern: re.Pattern[str]
    value: Callable[[re.Match[str], str], str]


def _said(name: str) -> Callable[[re.Match[str], str], str]:
    return lambda found, _: found.group(name).rstrip(".,;").lower()


def _day(found: re.Match[str], sentence: str) -> str:
    near = [one for one in days(sentence) if found.start() <= one.span.start <= found.end() + 40]
    return _iso(near[0]) if near and near[0].year else ""


def _iso(day: Day) -> str:
    parts = [
        f"{day.year:04}" if day.year else "",
        f"{day.month:02}" if day.month else "",
        f"{day.day:02}" if day.day else "",
    ]
    return "-".join(part or "??" for part in parts) if any(parts) else ""


_VERSION: Final = r"(?:versions? |release )?(?P<version>v?\d+(?:\.\d+)+(?:[-.+][a-z0-9]+)*)"


def _yes(_: re.Match[str], sentence: str) -> str:
    return "no" if any(True in seen for seen in denials(sentence).values()) else "yes"


_PATTERNS: Final[tuple[tuple[str, str, Callable[[re.Match[str], str], str]], ...]] = (
    ("fixed in", rf"(?:fixed|patched|resolved|corrected) (?:in|by) {_VERSION}", _said("version")),
    ("affected before", rf"(?:before|prior to|earlier than) {_VERSION}", _said("version")),
    ("exploited", r"(?:known|actively|been|being) exploit\w+|exploit\w* in the wild", _yes),
    ("due", r"\b(?:due(?: date)?|deadline|no later than|must .{3,60}? by|by)\b:?", _day),
    ("added to catalogue", r"\b(?:date added|added to (?:the )?(?:kev|catalog\w*))\b:?", _day),
    ("launched", r"\blaunch\w*\b", _day),
    ("completed", r"\bcomplet\w*\b|\bfinali[sz]\w*\b", _day),
    ("published", r"\b(?:published|issued|released|dated)\b", _day),
    ("applies from", r"\b(?:applies|effective|in force) (?:from|on|as of)\b", _day),
    (
        "effect",
        r"\b(?P<effect>(?:could|may|might|can) (?:allow|lead to|result in|enable|cause) [^.;]{4,90})",
        _said("effect"),
    ),
    ("participation", r"\b(?P<kind>voluntary|mandatory|compulsory)\b", _said("kind")),
)
_RULES: Final = tuple(_Rule(name, re.compile(pattern, re.IGNORECASE), value) for name, pattern, value in _PATTERNS)


def claims(brief: Brief, source: Source) -> tuple[Claim, ...]:
    """Every claim in the source, each with its span; `sentence` says which sentence of the brief rests on it."""
    found: dict[tuple[str, str, str], Claim] = {}
    only = _only(source)
    for span in sentences(source.text):
        text = source.text[span.start : span.end]
        for subject in _subjects(text, only):
            for predicate, value in _stated(text):
                number = _used_by(brief, span)
                claim = Claim(
                    subject=subject,
                    predicate=predicate,
                    value=value,
                    as_of=source.published_at,
                    rung=rung(text),
                    sentence=number,
                    origins=(_origin(source, span),),
                )
                key = (subject, predicate, value)
                held = found.get(key)
                if held is None or (held.sentence < 0 <= number):
                    found[key] = claim
    return tuple(found.values())[:_MOST]


def _origin(source: Source, span: Span) -> ClaimOrigin:
    text = source.text[span.start : span.end]
    short = text if source.openly_licensed else " ".join(text.split()[:25])
    return ClaimOrigin(source=source.name, url=source.url, span=span, words=short, retrieved_at=source.retrieved_at)


def _only(source: Source) -> str:
    """The one weakness that a whole notice is about: alone in it, and named in its title or first sentence."""
    named = {one.value for one in identifiers(f"{source.title}\n{source.text}") if one.kind in ("cve", "ghsa")}
    first = next(iter(sentences(source.text)), Span(0, 0))
    head = f"{source.title} {source.text[first.start : first.end]}".upper()
    return next(iter(named)) if len(named) == 1 and next(iter(named)).upper() in head else ""


def _subjects(text: str, only: str) -> tuple[str, ...]:
    named = [one.value for one in identifiers(text) if one.kind in ("cve", "ghsa", "bug")]
    if not named:
        named = [name for name, words in SUBJECTS if re.search(words, text, re.IGNORECASE)]
    return tuple(dict.fromkeys(named)) or ((only,) if only else ())


def _stated(text: str) -> Iterator[tuple[str, str]]:
    for rule in _RULES:
        found = rule.pattern.search(text)
        if found is not None and (value := rule.value(found, text)):
            yield rule.predicate, value


def _used_by(brief: Brief, span: Span) -> int:
    for number, sentence in enumerate(brief.sentences):
        if any(one.start < span.end and span.start < one.end for one in sentence.spans):
            return number
    return -1


def relate(new: Claim, old: Claim) -> Relation:
    """How `new` stands to `old`, which speaks of the same thing. ValueError when it does not.

    The same origin saying something else later supersedes itself; another origin contradicts.
    """
    if new.key != old.key:
        raise ValueError("claims of different things are in no relation")
    if new.value == old.value:
        return Relation.SUPPORTS
    same_origin = {one.url for one in new.origins} & {one.url for one in old.origins}
    if same_origin and new.as_of is not None and old.as_of is not None and new.as_of > old.as_of:
        return Relation.SUPERSEDES
    return Relation.CONTRADICTS


def conflicts(ours: Iterable[Claim], theirs: Iterable[tuple[str, Claim]]) -> tuple[Conflict, ...]:
    """Every pair of different values for one thing. `theirs` are (brief id, claim). Several effects are no conflict."""
    held: dict[str, list[tuple[str, Claim]]] = {}
    for brief, claim in theirs:
        held.setdefault(claim.key, []).append((brief, claim))
    found: list[Conflict] = []
    for claim in ours:
        if claim.predicate in _MANY:
            continue
        for brief, other in held.get(claim.key, ()):
            relation = relate(claim, other)
            if relation is Relation.SUPPORTS:
                continue
            note = "the same source says something else later" if relation is Relation.SUPERSEDES else ""
            found.append(
                Conflict(
                    subject=claim.subject, predicate=claim.predicate, ours=claim, theirs=other, note=note, brief=brief
                )
            )
    return tuple(found)


_MANY: Final = frozenset({"effect"})
"""Predicates that may hold with several values at once."""


def within(ours: Iterable[Claim]) -> tuple[Conflict, ...]:
    """Conflicts between the claims of one story: its sources disagree with each other or with themselves."""
    listed = list(ours)
    found: list[Conflict] = []
    for place, claim in enumerate(listed):
        found += conflicts([claim], [("", other) for other in listed[place + 1 :]])
    return tuple(found)


def merged(claims_: Iterable[Claim]) -> tuple[Claim, ...]:
    """Equal claims become one with all their origins; the lowest rung stays, since doubt is not outvoted."""
    held: dict[tuple[str, str, str], Claim] = {}
    for claim in claims_:
        key = (claim.subject, claim.predicate, claim.value)
        before = held.get(key)
        if before is None:
            held[key] = claim
            continue
        held[key] = replace(
            before,
            origins=tuple(dict.fromkeys((*before.origins, *claim.origins))),
            rung=min(before.rung, claim.rung),
            sentence=max(before.sentence, claim.sentence),
        )
    return tuple(held.values())
