"""Gate 4: a quotation is verbatim and stays with who said it; what somebody claims is not handed to somebody else."""

import re
from collections.abc import Iterator

from comity.brief.check.evidence import Evidence, Mismatch
from comity.brief.extract import quotes, speakers
from comity.brief.sentences import STOP

_SCARE_WORDS = 2
_TITLES = frozenset(("mr", "mrs", "ms", "dr", "prof", "professor", "sir", "minister", "senator", "director"))


def quote_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """Quoted words stand in the span letter for letter (space, marks and a last comma aside), same speaker."""
    given = quotes(held.text)
    flat = _flat(held.text)
    for quote in quotes(text):
        words = text[quote.span.start : quote.span.end]
        if _flat(quote.text).rstrip(",.") not in flat:
            yield Mismatch(words, "these words are not in the span")
            continue
        owners = [other.speaker for other in given if _flat(quote.text).rstrip(",.") in _flat(other.text)]
        if not owners and len(quote.text.split()) > _SCARE_WORDS:
            yield Mismatch(words, "the span does not quote these words")
        elif quote.speaker and owners and not any(same_person(quote.speaker, owner) for owner in owners if owner):
            yield Mismatch(quote.speaker, "the span gives these words to somebody else, or to nobody named")


def verbatim_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """For a frame of ours that quotes the source itself: the words stand in the span letter for letter."""
    flat = _flat(held.text)
    for quote in quotes(text):
        if _flat(quote.text).rstrip(",.") not in flat:
            yield Mismatch(text[quote.span.start : quote.span.end], "these words are not in the span")


def speaker_gate(text: str, held: Evidence) -> Iterator[Mismatch]:
    """Whoever "said" or "announced" something in the brief does so in the span."""
    told = [name.text for name in speakers(held.text)]
    if not told:
        return
    for name in speakers(text):
        if _core(name.text) and not any(same_person(name.text, other) for other in told):
            yield Mismatch(name.text, "the span has somebody else say this")


def same_person(one: str, other: str) -> bool:
    """Two ways of naming one speaker: one holds all words of the other, titles aside. A pronoun is anybody."""
    mine, theirs = _core(one), _core(other)
    if not mine or not theirs:
        return True
    return set(mine) <= set(theirs) or set(theirs) <= set(mine)


def _core(name: str) -> list[str]:
    kept = [word.strip(".,'’").lower().removesuffix("'s").removesuffix("’s") for word in name.split()]
    return [word for word in kept if word and word not in STOP and word not in _TITLES]


def _flat(text: str) -> str:
    plain = text.translate(str.maketrans("“”’‘—–", "\"\"''--"))
    return re.sub(r"\s+", " ", plain).strip().casefold()
