"""Take personal information out of a text before a member share, and keep a reason for each thing that stays.

Basis: 6 USC 1503(d)(2). Patterns find electronic and postal addresses, telephone and social-security numbers, card
numbers and named people; what they miss, a person who shares must find. A share in which something is left without a
reason is stopped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.brief.extract import quotes
from comity.errors import Invalid, Problem

REMOVED: Final = "[{kind} removed]"
_TITLES: Final = r"(?:Mr|Mrs|Ms|Mx|Dr|Prof|Sir|Dame|Sgt|Lt|Capt)\.?"
_NAME: Final = r"[A-Z][\w'\u2019-]+(?: (?:[A-Z]\.|[A-Z][\w'\u2019-]+)){0,2}"
PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("e-mail address", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("social-security number", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("card number", re.compile(r"\b(?:\d[ -]?){12,15}\d\b")),
    ("telephone number", re.compile(
        r"(?<![\w.-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])\d{3}[ .-]\d{3,4}\b")),
    ("postal address", re.compile(
        rf"\b\d{{1,5}} {_NAME} (?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct)\b\.?")),
    ("name", re.compile(rf"\b{_TITLES} {_NAME}")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that looks like personal information. `field` names where."""

    field: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """The fields as they may be shared, what was taken out (kinds and counts only), and what stays with its reason."""

    fields: Mapping[str, str]
    removed: Mapping[str, int]
    kept: tuple[tuple[str, str, str], ...]
    """(field, kind, reason)."""


def found(field: str, text: str, names: Sequence[str] = ()) -> tuple[Found, ...]:
    """What of a text looks like personal information. `names` are people named elsewhere, such as an author."""
    seen = [
        Found(field=field, kind=kind, text=one.group()) for kind, pattern in PATTERNS for one in pattern.finditer(text)
    ]
    people = {*names, *(quote.speaker for quote in quotes(text) if len(quote.speaker.split()) > 1)}
    for person in sorted(people):
        if person and person in text and not any(person in one.text for one in seen):
            seen.append(Found(field=field, kind="name", text=person))
    return tuple(seen)


def scrub(fields: Mapping[str, str], *, keep: Mapping[str, str], names: Sequence[str] = ()) -> Scrubbed:
    """Every finding removed, but those whose text is in `keep` with a reason. Invalid stops the share.

    It is stopped for a kept thing without a reason, for a reason without anything to keep, and when something is still
    found afterwards.
    """
    problems = [
        Problem("/keep", "no_reason", "each kept piece of personal information needs a reason")
        for reason in keep.values()
        if not reason.strip()
    ]
    clean: dict[str, str] = {}
    removed: dict[str, int] = {}
    kept: list[tuple[str, str, str]] = []
    used: set[str] = set()
    for field, text in fields.items():
        left = text
        for one in found(field, text, names):
            if one.text in keep:
                used.add(one.text)
                kept.append((field, one.kind, keep[one.text]))
                continue
            left = left.replace(one.text, REMOVED.format(kind=one.kind))
            removed[one.kind] = removed.get(one.kind, 0) + 1
        clean[field] = left
    problems += [
        Problem("/keep", "not_there", "a reason was given for something that is not in the text")
        for text in keep
        if text not in used
    ]
    for field, text in clean.items():
        problems += [
            Problem(f"/{field}", "still_there", f"a {one.kind} is still in the text: take it out by hand")
            for one in found(field, text, names)
            if one.text not in keep
        ]
    if problems:
        raise Invalid("personal information stops this share", problems)
    return Scrubbed(fields=clean, removed=removed, kept=tuple(kept))
