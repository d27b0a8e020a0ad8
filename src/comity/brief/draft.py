"""Draft a brief without a model: chosen sentences of an open source, or a link brief.

An openly licensed source gives an extract: its best sentences as they are, in order, outside the copy budget. Any other
source gives a link brief: a bottom line from a template filled with extracted identifiers, at most one short quotation,
and the reason why there is no paraphrase. The same source always gives the same bytes (T12).
"""

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Final

from comity.brief.check.budget import Budget
from comity.brief.classify import Class, classify
from comity.brief.extract import days, identifiers, numbers
from comity.brief.sentences import content, sentences, words
from comity.brief.taxonomy import BY_NAME, NONE
from comity.model.article import Brief, Origin, Sentence, Source, Span

WHY_NO_PARAPHRASE: Final = "No paraphrase: the terms of the source are not open, and no model or editor wrote one."
WHY_RESERVED: Final = "No extract, no quotation, no model: the publisher reserves reading by machines"
WHY_DISPUTED: Final = (
    "No extract: every sentence that could carry one is disputed between origins, or said by one alone."
)
WHY_SHORT: Final = "No extract: the source holds no sentence of a fitting length."
EXTRACT_WORDS: Final = 120
EXTRACT_SENTENCES: Final = 4
_WEEKDAY: Final = re.compile(
    r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:last|next|this) (?:week|month|year)\b"
)
"""Goes stale: nobody knows which one a reader of the brief would take it for."""
_SOURCE_WRITES: Final = "The source writes: "


def draft(
    source: Source, *, avoid: Sequence[Span] = (), budget: Budget | None = None, kind: Class | None = None
) -> Brief:
    """A brief with origin `extractive`, not reviewed. Every sentence carries its span.

    `avoid` are spans that no sentence may rest on: what origins dispute, or what one origin says alone.
    """
    kind = kind or classify(source)
    open_ = source.openly_licensed and not source.reservations
    chosen = _best(source, avoid) if open_ else ()
    bottom = chosen[0] if chosen else _link_line(source, kind.primary)
    return Brief(
        id=hashlib.sha256(f"{source.url}\n{source.text_sha256}".encode()).hexdigest()[:16],
        title=_title(source, kind.primary),
        bottom_line=bottom,
        paraphrase=chosen[1:],
        why_no_paraphrase="" if chosen else _why(source, avoid, open_=open_),
        quote=None if open_ or source.reservations else _quote(source, avoid, bottom, budget or Budget()),
        origin=Origin.EXTRACTIVE,
        class_primary=kind.primary,
        classes=kind.others,
        genre=kind.genre,
        tlp=source.tlp,
    )


def _why(source: Source, avoid: Sequence[Span], *, open_: bool) -> str:
    if source.reservations:
        return f"{WHY_RESERVED} ({'; '.join(source.reservations)})."
    if open_:
        return WHY_DISPUTED if avoid else WHY_SHORT
    return WHY_NO_PARAPHRASE


def _usable(source: Source, avoid: Sequence[Span], least: int, most: int) -> list[Span]:
    return [
        span
        for span in sentences(source.text)
        if least <= len(words(source.text[span.start : span.end])) <= most
        and source.text[span.end - 1] in ".!?”\"')"
        and not any(span.start < one.end and one.start < span.end for one in avoid)
        and not any(day.relative for day in days(source.text[span.start : span.end]))
        and not _WEEKDAY.search(source.text[span.start : span.end])
    ]


def _worths(source: Source, pieces: Sequence[Span]) -> list[float]:
    """By place, exact facts and centrality."""
    stems = [content(source.text[span.start : span.end]) for span in pieces]
    counts: dict[str, int] = {}
    for held in stems:
        for one in held:
            counts[one] = counts.get(one, 0) + 1
    found = []
    for number, span in enumerate(pieces):
        text = source.text[span.start : span.end]
        facts = 2 * len(identifiers(text)) + len(days(text)) + len(numbers(text))
        central = sum(counts[one] for one in stems[number]) / (1 + len(stems[number]))
        found.append(3 / (1 + number) + math.log1p(facts) + central / (1 + len(pieces)) * 5)
    return found


def _best(source: Source, avoid: Sequence[Span]) -> tuple[Sentence, ...]:
    """Whole sentences within the budget of words, in the source's order; none that says "today" or is disputed."""
    pieces = _usable(source, avoid, 6, 45)
    worth = _worths(source, pieces)
    left = EXTRACT_WORDS
    kept: list[int] = []
    for number in sorted(range(len(pieces)), key=lambda place: (-worth[place], place)):
        length = len(words(source.text[pieces[number].start : pieces[number].end]))
        if length <= left and len(kept) < EXTRACT_SENTENCES:
            kept.append(number)
            left -= length
    return tuple(
        Sentence(text=source.text[pieces[number].start : pieces[number].end], spans=(pieces[number],))
        for number in sorted(kept)
    )


def _quote(source: Source, avoid: Sequence[Span], bottom: Sentence, budget: Budget) -> Sentence | None:
    """One whole sentence within every limit, or none: half a sentence may say the opposite."""
    room = int(budget.share_of_source * len(words(source.text))) - len(words(bottom.text)) - len(words(_SOURCE_WRITES))
    pieces = _usable(source, avoid, 6, min(room, budget.quote_words))
    pieces = [span for span in pieces if not re.search('[“”"\n]', source.text[span.start : span.end])]
    if not pieces:
        return None
    worth = _worths(source, pieces)
    best = pieces[max(range(len(pieces)), key=lambda place: (worth[place], -place))]
    return Sentence(text=f"{_SOURCE_WRITES}“{source.text[best.start : best.end]}”", spans=(best,), template=True)


def _link_line(source: Source, kind: str) -> Sentence:
    """`The source published WHAT that names CVE-…`: the identifiers rest on the spans where they stand."""
    found: dict[str, Span] = {}
    for one in identifiers(source.text):
        if one.kind in ("cve", "ghsa", "cwe"):
            found.setdefault(one.value, one.span)
    shown = list(found)[:3]
    more = " and others" if len(found) > 3 else ""
    reads = f"an article about {BY_NAME[kind].reads}" if kind != NONE else "an article"
    tail = f" that names {', '.join(shown)}{more}" if shown else ""
    spans = tuple(found[value] for value in shown) or sentences(source.text)[:1]
    return Sentence(text=f"The source published {reads}{tail}.", spans=spans, template=True)


def _title(source: Source, kind: str) -> str:
    """Ours, never the source's headline."""
    return f"{source.name}: {kind.replace('_', ' ')}" if kind != NONE else f"{source.name}: article"
