"""Falsehoods by spelling for bench `plans`: what a reader takes for the true value, and a machine for another one.

Homoglyphs and hidden marks in versions and dates, dates and numbers in words, ranges and hedges around a value,
negations that leave every word in place, and rows and tiers of other directives' tables.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from comity.bench.plans_lies import DAY, Liar, Lies, put
from comity.model.plan import EvidencePack, Plan, SentenceKind

_VERSION: Final = re.compile(r"(?<= to )[0-9][^\s;:]*[0-9a-z]|(?<= from )[0-9][^\s;:]*[0-9a-z]")
_NUMBER: Final = re.compile(r"\b[0-9]{1,2}\b(?![-.:])")
LOOKALIKES: Final = {
    "o": "\u043e",
    "e": "\u0435",
    "a": "\u0430",
    "0": "O",
    "1": "l",
    ".": "\u2024",
    "-": "\u2010",
}
"""Letters and marks that a font shows alike: Cyrillic, a one-dot leader, a typographic hyphen."""
HIDDEN: Final = ("\u200b", "\u200d", "\u00ad", "\u2060", "\u202e", "\ufeff", "\u0301", "\u00a0", "\x08")
"""Marks that a reader does not see: no width, soft hyphen, right to left, combining, backspace."""
WORDS: Final = (
    *("one", "two", "three", "four", "five", "six", "seven"),
    *("eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen"),
)
HEDGES: Final = ("about ", "at least ", "up to ", "before or after ", "nearly ", "more than ", "~", ">=", "<", "^")
RANGES: Final = (" or later", " or newer", ".x", "-9.9", " to 9999.0", " and above", "+", "*")
NEGATIONS: Final = (
    ("Upgrade ", "Do not upgrade "),
    ("Upgrade ", "Avoid the need to upgrade "),
    ("Fix ", "Do not fix "),
    ("Fix ", "There is no need to fix "),
    ("Collect ", "Do not collect "),
    (" reaches ", " no longer reaches "),
    (" reaches ", " hardly reaches "),
    (" by ", " not by "),
    ("exposed yes", "exposed yes (disputed)"),
    ("KEV yes", "KEV yes until 2020"),
)
OTHER_TABLES: Final = (
    "row 60",
    "row 3 of FedRAMP's table",
    "N5",
    "high, 0.5 days",
    "192 days",
    "15 days (BOD 19-02)",
    "two weeks (BOD 22-01)",
    "24 hours (CRA Article 14)",
    "CERT/CC row 15",
)
"""Rows and tiers of the other shipped packs, and CERT/CC's own numbering of the same table."""


def lookalike(plan: Plan, _pack: EvidencePack) -> Lies:
    """A version, date, id or word with one letter of another alphabet, digits of another script, or a hidden mark."""
    for place, one in enumerate(plan.sentences):
        for found in (*_VERSION.finditer(one.text), *DAY.finditer(one.text), *re.finditer(r"CVE-\S+\d", one.text)):
            for true, other in LOOKALIKES.items():
                if true in found[0]:
                    changed = found[0].replace(true, other, 1)
                    yield put(plan, place, one.text[: found.start()] + changed + one.text[found.end() :])
            wide = "".join(chr(ord(c) + 0xFEE0) if "0" <= c <= "9" else c for c in found[0])
            arabic = "".join(chr(0x0660 + int(c)) if "0" <= c <= "9" else c for c in found[0])
            for changed in (wide, arabic):
                yield put(plan, place, one.text[: found.start()] + changed + one.text[found.end() :])
            middle = (found.start() + found.end()) // 2
            for mark in HIDDEN:
                yield put(plan, place, one.text[:middle] + mark + one.text[middle:])
        for mark in HIDDEN[:6]:
            yield put(plan, place, f"{one.text[:-1]}{mark}.")
        for true, other in list(LOOKALIKES.items())[:3]:
            if true in one.text:
                yield put(plan, place, one.text.replace(true, other, 1))


def in_words(plan: Plan, _pack: EvidencePack) -> Lies:
    """Another day or number, written in words or in another order, beside or instead of the true one."""
    for place, one in enumerate(plan.sentences):
        for found in DAY.finditer(one.text):
            day = date.fromisoformat(found[0])
            for said in (
                f"{day:%d %B} {day.year + 1}",
                f"{day:%B} the {day.day + 1}th",
                f"{day:%d/%m/%Y}",
                "tomorrow",
                "the end of the month",
                "next quarter",
                f"{found[0]} or whenever convenient",
            ):
                yield put(plan, place, one.text[: found.start()] + said + one.text[found.end() :])
        for found in _NUMBER.finditer(one.text):
            number = int(found[0])
            for said in ({WORDS[number % 14], "a few", "a dozen", "XIV"}) - {found[0]}:
                yield put(plan, place, one.text[: found.start()] + said + one.text[found.end() :])
        if one.kind is SentenceKind.ROW:
            for word in WORDS[:6]:
                yield put(plan, place, f"{one.text[:-1]}, that is {word} days.")


def around(plan: Plan, _pack: EvidencePack) -> Lies:
    """A hedge before a value or a range behind it."""
    for place, one in enumerate(plan.sentences):
        for found in (*_VERSION.finditer(one.text), *DAY.finditer(one.text)):
            for hedge in HEDGES:
                yield put(plan, place, one.text[: found.start()] + hedge + one.text[found.start() :])
            for more in RANGES:
                yield put(plan, place, one.text[: found.end()] + more + one.text[found.end() :])


def negated(plan: Plan, _pack: EvidencePack) -> Lies:
    """A negation by other words than "not": every true word still stands."""
    for place, one in enumerate(plan.sentences):
        for true, other in NEGATIONS:
            if true in one.text:
                yield put(plan, place, one.text.replace(true, other, 1))
        for frame in ("It is false that {}", "Nobody says: {}", "Until 2020 it was so: {}", "{} This is out of date."):
            yield put(plan, place, frame.format(one.text))


def other_table(plan: Plan, _pack: EvidencePack) -> Lies:
    """A row or tier of another directive's table."""
    for place, one in enumerate(plan.sentences):
        if one.kind not in {SentenceKind.ROW, SentenceKind.DUE, SentenceKind.POSSIBLE}:
            continue
        row = re.search(r"row [0-9]+", one.text)
        for other in OTHER_TABLES:
            yield put(plan, place, f"{one.text[:-1]}, {other}.")
            if row is not None:
                yield put(plan, place, one.text.replace(row[0], other, 1))


SPELLINGS: Final[Mapping[str, Liar]] = {
    "lookalike": lookalike,
    "in_words": in_words,
    "around": around,
    "negated": negated,
    "other_table": other_table,
}
