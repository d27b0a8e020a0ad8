"""Take personal information out of a text before a member share, and keep a reason for each thing that stays.

Basis: 6 USC 1503(d)(2). Patterns find electronic and postal addresses, telephone and social-security numbers, card
numbers and named people; what they miss, a person who shares must find. A share in which something is left without a
reason is stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.brief.extract import quotes
from comity.errors import Invalid, Problem
from comity.formats import personal
from comity.formats.personal import Found

REMOVED: Final = "[{kind} removed]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """The fields as they may be shared, what was taken out (kinds and counts only), and what stays with its reason."""

    fields: Mapping[str, str]
    removed: Mapping[str, int]
    kept: tuple[tuple[str, str, str], ...]
    """(field, kind, reason)."""


def found(field: str, text: str, names: Sequence[str] = ()) -> tuple[Found, ...]:
    """What of a text looks like personal information: by pattern, by `names`, and whoever is quoted in it."""
    speakers = [quote.speaker for quote in quotes(text) if len(quote.speaker.split()) > 1]
    return personal.found(field, text, [*names, *speakers])


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
