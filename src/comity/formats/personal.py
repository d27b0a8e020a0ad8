"""Find what looks like personal information in a text: before anything leaves, it is taken out or kept with a reason.

Basis: 6 USC 1503(d)(2). Patterns find electronic and postal addresses, telephone and social-security numbers, card
numbers and people with a title; what they miss, a person who shares must find.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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


def found(field: str, text: str, names: Sequence[str] = ()) -> tuple[Found, ...]:
    """What of a text looks like personal information. `names` are people named elsewhere, such as an author."""
    seen = [
        Found(field=field, kind=kind, text=one.group()) for kind, pattern in PATTERNS for one in pattern.finditer(text)
    ]
    for person in sorted(set(names)):
        if person and person in text and not any(person in one.text for one in seen):
            seen.append(Found(field=field, kind="name", text=person))
    return tuple(seen)


def unexplained(fields: Mapping[str, str], kept: Mapping[str, str]) -> tuple[Found, ...]:
    """What is found in these fields and has no reason to stay. `kept`: text -> reason; a blank reason is none."""
    return tuple(
        one for field, text in fields.items() for one in found(field, text) if not kept.get(one.text, "").strip()
    )
