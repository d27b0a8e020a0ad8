"""Gate 6, the certainty lock: a brief never denies what its span affirms, nor claims more than its span does.

Modality, attribution, amount, stage and cause may weaken on the way from source to brief and never strengthen.
Words are compared, not meanings: what is said by other words passes unseen.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from comity.brief.check.evidence import Evidence, Mismatch
from comity.brief.lexicon import (
    ATTRIBUTION,
    CAUSE,
    CERTAIN,
    DENYING_VERBS,
    FACT,
    NEGATORS,
    OPPOSITES,
    PREFIXES,
    QUANTITY,
    RUNGS,
    STAGES,
)
from comity.brief.sentences import STOP, Word, content, sentences, stem, words
from comity.model.article import Weight

_REACH = 5
"""A negation or a modal reaches this many words on, and stops at punctuation or "but"."""


def negation_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """A word denied in one and affirmed everywhere in the other blocks; so does an opposite put in its place."""
    yield from _turned(text, held)
    yield from opposites(text, held.text)


def _turned(text: str, held: Evidence) -> Iterator[Mismatch]:
    ours, theirs = denials(text), denials(held.text)
    for one, states in ours.items():
        if one in theirs and not states & theirs[one]:
            said = "denies" if True in states else "affirms"
            yield Mismatch(one, f"the brief {said} this, the span does the contrary")
            return
    if any(True in states for states in ours.values()) and not any(True in states for states in theirs.values()):
        yield Mismatch("negation", "the brief denies something and the span denies nothing")


def denials(text: str) -> dict[str, set[bool]]:
    """For each content stem: the set of {affirmed: False, denied: True} it occurs with."""
    found: dict[str, set[bool]] = {}
    for run in _clauses(text):
        reach, double = 0, False
        for word in run:
            if word.lower in NEGATORS or word.lower.endswith("n't") or word.stem in DENYING_VERBS:
                double = reach > 0 and not double
                reach = _REACH
                if word.stem in DENYING_VERBS:
                    found.setdefault(word.stem, set()).add(False)
                continue
            if word.lower not in STOP:
                found.setdefault(word.stem, set()).add(reach > 0 and not double)
                reach -= 1
    return found


def _clauses(text: str) -> list[tuple[Word, ...]]:
    return [words(piece) for piece in re.split(r"[.;:!?,]\s|\bbut\b|\balthough\b|\bwhile\b|\bexcept\b|\n", text)]


@lru_cache(maxsize=1)
def _opposite_stems() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for one, other in OPPOSITES:
        table.setdefault(stem(one), set()).add(stem(other))
        table.setdefault(stem(other), set()).add(stem(one))
    return {one: frozenset(others) for one, others in table.items()}


def opposites(text: str, span: str) -> Iterator[Mismatch]:
    """A word that the span lacks while the span holds its opposite, by the list or by a prefix that turns it round."""
    theirs = {word.stem: word.lower for word in words(span)}
    ours = {word.stem for word in words(text)}
    table = _opposite_stems()
    for word in words(text):
        if word.stem in theirs:
            continue
        for opposite in table.get(word.stem, ()):
            if opposite in theirs and opposite not in ours:
                yield Mismatch(word.text, f"the span has the opposite: {theirs[opposite]}")
        for prefix in PREFIXES:
            turned = word.stem.removeprefix(prefix)
            if turned != word.stem and len(turned) > 3 and turned in theirs and turned not in ours:
                yield Mismatch(word.text, f"the span has it without {prefix}-")
            if len(word.stem) > 3 and prefix + word.stem in theirs and prefix + word.stem not in ours:
                yield Mismatch(word.text, f"the span has it with {prefix}-")


def modality_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """No sentence stands on a higher rung than the part of the span it is about: may, likely, will, is."""
    ours = rung(text)
    for span in sentences(held.text):
        piece = held.text[span.start : span.end]
        for governed, height in _governed(piece):
            shared = governed & content(text)
            if len(shared) * 2 >= len(governed) and shared and ours > height and not _hedged(text, shared, height):
                yield Mismatch(text, f"the span says this on rung {height} of {FACT}, the brief on rung {ours}")
                return
    if ours == 3 and held.text and 3 not in _rungs(held.text) and (lowest := rung(held.text)) < 3:
        yield Mismatch(text, f"the brief says will or must, the span stands on rung {lowest} of {FACT}")
    sure = {word.lower for word in words(text)} & CERTAIN
    if missing := sure - {word.lower for word in words(held.text)}:
        yield Mismatch(", ".join(sorted(missing)), "the span does not claim this much certainty")


def rung(text: str) -> int:
    """The lowest rung named in the text; `FACT` when nothing holds it back."""
    return min(_rungs(text), default=FACT)


def _rungs(text: str) -> set[int]:
    return {RUNGS[word.lower] for word in words(text) if word.lower in RUNGS and not _is_month(word, text)}


def _is_month(word: Word, text: str) -> bool:
    """`May 2026` and `12 May` are dates."""
    if word.text != "May":
        return False
    around = text[max(0, word.span.start - 3) : word.span.start] + text[word.span.end : word.span.end + 3]
    return any(mark.isdigit() for mark in around)


def _governed(text: str) -> Iterator[tuple[frozenset[str], int]]:
    for run in _clauses(text):
        for place, word in enumerate(run):
            if word.lower in RUNGS and word.text != "May":
                after = [one.stem for one in run[place + 1 :] if one.lower not in STOP and one.lower not in RUNGS]
                if after:
                    yield frozenset(after[:4]), RUNGS[word.lower]


def _hedged(text: str, shared: frozenset[str], height: int) -> bool:
    return any(governed & shared and own <= height for governed, own in _governed(text))


def attribution_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """What somebody says stays what somebody says: a brief may add an attribution and never drops one."""
    theirs = {word.lower for word in words(held.text)} & ATTRIBUTION
    if theirs and not {word.lower for word in words(text)} & ATTRIBUTION:
        yield Mismatch("", f"the span only reports this ({', '.join(sorted(theirs))}); the brief states it")


def amount_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """some never becomes all, a draft never becomes final; a cause that the span does not name is shown."""
    span = {word.lower for word in words(held.text)}
    ours = [(QUANTITY[word.lower], word.text) for word in words(text) if word.lower in QUANTITY]
    top = max((QUANTITY[word] for word in span if word in QUANTITY), default=0)
    for height, word in ours:
        if height > max(top, 1):
            yield Mismatch(word, "the span does not speak of so large a share")
            break
    early, late = STAGES
    mine = {word.lower for word in words(text)}
    if mine & set(late) and not span & set(late) and span & set(early):
        yield Mismatch(", ".join(sorted(mine & set(late))), "the span speaks of an earlier stage")
    if (named := mine & CAUSE) and not span & CAUSE:
        yield Mismatch(", ".join(sorted(named)), "the span does not name a cause", Weight.WARN)
