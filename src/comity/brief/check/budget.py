"""How much of a source a brief may copy, and which characters it may not hold.

The limits are ours and policy parameters; openly licensed sources are exempt from them.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from comity.brief.check.evidence import Mismatch
from comity.brief.extract import days, identifiers, names, quotes
from comity.brief.sentences import words
from comity.model.article import Brief, Source, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits in words, and shares between 0 and 1."""

    longest_run_words: int = 8
    warn_run_words: int = 6
    quotes: int = 1
    quote_words: int = 25
    copied_share: float = 0.15
    brief_words: int = 120
    share_of_source: float = 0.25
    week_words: int = 250
    """Words quoted or copied from one source in all briefs of a week."""
    mirrored_order: float = 0.8
    """Kendall's tau of brief against source order, from four sentences on; at or above it a person is told."""


def budget_gate(brief: Brief, source: Source, budget: Budget, used_words: int = 0) -> Iterator[Mismatch]:
    """Reservations; runs copied outside quotes, names and identifiers; quotes; length; the source's own headline."""
    if source.openly_licensed and not source.reservations:
        return
    if source.reservations and (brief.paraphrase or brief.quote):
        yield Mismatch("", f"the publisher reserves reading by machines: {', '.join(source.reservations)}")
    if used_words + (mine := spent(brief, source)) > budget.week_words:
        said = f"{used_words} words of this source were used this week, {mine} more; at most {budget.week_words}"
        yield Mismatch("", said)
    if mirrored(brief) >= budget.mirrored_order:
        yield Mismatch("", "the sentences follow the source's own order", Weight.WARN)
    text = " ".join(sentence.text for sentence in brief.sentences)
    total = len(words(text))
    given = quotes(text)
    if len(given) > budget.quotes:
        yield Mismatch("", f"{len(given)} quotations; at most {budget.quotes}")
    yield from (
        Mismatch(quote.text, f"a quotation of over {budget.quote_words} words")
        for quote in given
        if len(words(quote.text)) > budget.quote_words
    )
    if total > budget.brief_words:
        yield Mismatch("", f"{total} words; at most {budget.brief_words}")
    if total > budget.share_of_source * len(words(source.text)):
        yield Mismatch("", f"longer than {budget.share_of_source:.0%} of its source")
    yield from _runs(brief, source, budget, total)
    if _plain(brief.title) == _plain(source.title):
        yield Mismatch(brief.title, "the source's headline is not ours to reuse")


def spent(brief: Brief, source: Source) -> int:
    """Words of the source in this brief: its quotations, and runs of four words or more. For the week's meter."""
    quoted = sum(len(words(quote.text)) for sentence in brief.sentences for quote in quotes(sentence.text))
    lengths = [len(run.split()) for sentence in brief.sentences for run in copied_runs(sentence.text, source.text)]
    return quoted + sum(length for length in lengths if length >= 4)


def mirrored(brief: Brief) -> float:
    """Kendall's tau between the order of the paraphrase's sentences and of their first spans; 0 under four."""
    places = [sentence.spans[0].start for sentence in brief.paraphrase if sentence.spans]
    if len(places) < 4:
        return 0.0
    pairs = [(one, other) for at, one in enumerate(places) for other in places[at + 1 :]]
    return sum((one < other) - (one > other) for one, other in pairs) / len(pairs)


def _runs(brief: Brief, source: Source, budget: Budget, total: int) -> Iterator[Mismatch]:
    copied = 0
    for sentence in brief.sentences:
        for run in copied_runs(sentence.text, source.text):
            length = len(run.split())
            if length >= 4:
                copied += length
            if length > budget.longest_run_words:
                yield Mismatch(run, f"{length} words copied in a row; at most {budget.longest_run_words}")
            elif length > budget.warn_run_words:
                yield Mismatch(run, f"{length} words copied in a row", Weight.WARN)
    if total and copied / total > budget.copied_share:
        yield Mismatch("", f"{copied / total:.0%} of the brief is copied in runs of four words or more")


def copied_runs(text: str, source: str) -> list[str]:
    """The longest runs of words that stand in the source too, outside quotes, names, dates and identifiers."""
    free = list(text)
    kept = [quote.span for quote in quotes(text)] + [name.span for name in names(text)]
    kept += [day.span for day in days(text)]  # a date cannot be said in other words
    for span in kept + [identifier.span for identifier in identifiers(text)]:
        free[span.start : span.end] = "\0" * (span.end - span.start)
    whole = _plain(source)
    runs = []
    for piece in "".join(free).split("\0"):
        tokens = [word.lower for word in words(piece)]
        start = 0
        while start < len(tokens):
            end = start
            while end < len(tokens) and f" {' '.join(tokens[start : end + 1])} " in whole:
                end += 1
            if end > start:
                runs.append(" ".join(tokens[start:end]))
            start = max(end, start + 1)
    return runs


def _plain(text: str) -> str:
    return " " + " ".join(word.lower for word in words(text)) + " "


_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


def hidden_in(text: str) -> frozenset[str]:
    """T15: zero-width, direction, variation-selector and tag characters, and controls other than tab and line feed."""
    return frozenset(_HIDDEN.findall(text))


def without_hidden(text: str) -> str:
    """The text as a reader sees it."""
    return _HIDDEN.sub("", text)


def character_gate(text: str) -> Iterator[Mismatch]:
    """No hidden character; and no word that mixes Latin with Cyrillic or Greek letters, as look-alikes do."""
    if hidden := sorted(f"U+{ord(mark):04X}" for mark in hidden_in(text)):
        yield Mismatch(", ".join(hidden), "hidden characters")
    for word in words(text):
        scripts = {unicodedata.name(mark, "").split(" ")[0] for mark in word.text if mark.isalpha()}
        if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1:
            yield Mismatch(word.text, "letters of several alphabets in one word")
