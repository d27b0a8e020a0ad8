"""CSAF 2.1 6.1.38 to 6.1.41, 6.1.54 and 6.1.55: who may have the document, and under which licence."""

import re
from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import items, mapping, text
from comity.formats.csaf_rules_2_1.paper import NewPaper
from comity.formats.csaf_rules_2_1.profiles import is_english

GROUP: Final = "/document/distribution/sharing_group"
PUBLIC_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
NOBODY_ID: Final = "00000000-0000-0000-0000-000000000000"
PUBLIC: Final = "Public"
NOBODY: Final = "No sharing allowed"
NAMES: Final = {PUBLIC_ID: PUBLIC, NOBODY_ID: NOBODY}
_TOKEN: Final = re.compile(r"\s*(\(|\)|[A-Za-z0-9.:+-]+)")
_SIMPLE: Final = re.compile(
    r"(?:LicenseRef-[A-Za-z0-9.-]+|(?!(?i:LicenseRef-|DocumentRef-))[A-Za-z0-9.-]+\+?)\Z", re.ASCII
)
_OPERATORS: Final = ("AND", "OR", "WITH")


def label(paper: NewPaper) -> str:
    """The TLP label."""
    return text(mapping(mapping(paper.head.get("distribution")).get("tlp")).get("label"))


def _group(paper: NewPaper) -> tuple[str, str | None]:
    held = mapping(mapping(paper.head.get("distribution")).get("sharing_group"))
    return text(held.get("id")).lower(), text(held.get("name")) if "name" in held else None


def closed_but_public(paper: NewPaper) -> Iterator[Problem]:
    """6.1.38: the group of everybody goes with TLP:CLEAR alone."""
    if _group(paper)[0] == PUBLIC_ID and label(paper) != "CLEAR":
        yield Problem(f"{GROUP}/id", "csaf_6.1.38", "this is the group of everybody, and the label is not CLEAR")


def open_but_grouped(paper: NewPaper) -> Iterator[Problem]:
    """6.1.39: TLP:CLEAR goes with no group but that of everybody; a draft may go to nobody yet."""
    own, _ = _group(paper)
    is_kept_draft = own == NOBODY_ID and paper.tracking.get("status") == "draft"
    if own and own != PUBLIC_ID and label(paper) == "CLEAR" and not is_kept_draft:
        yield Problem(f"{GROUP}/id", "csaf_6.1.39", "the label is CLEAR: the only group is that of everybody")


def reserved_name(paper: NewPaper) -> Iterator[Problem]:
    """6.1.40: the two reserved names belong to the two reserved groups."""
    own, name = _group(paper)
    for reserved, its_name in NAMES.items():
        if name == its_name and own != reserved:
            yield Problem(f"{GROUP}/name", "csaf_6.1.40", f"this name is reserved for the group {reserved}")


def unnamed_group(paper: NewPaper) -> Iterator[Problem]:
    """6.1.41: the two reserved groups carry their names."""
    own, name = _group(paper)
    if own in NAMES and name != NAMES[own]:
        yield Problem(f"{GROUP}/name", "csaf_6.1.41", f"this group is named {NAMES[own]}")


def license_expression(paper: NewPaper) -> Iterator[Problem]:
    """6.1.54: the licence is an SPDX expression (SPDX 3.0.1, annex B), without references to other documents."""
    told = text(paper.head.get("license_expression"))
    if told and not _is_expression(told):
        yield Problem("/document/license_expression", "csaf_6.1.54", "this is no SPDX licence expression")


def license_text(paper: NewPaper) -> Iterator[Problem]:
    """6.1.55: a licence that is not on the SPDX list stands in one note titled License, category legal_disclaimer."""
    if "LicenseRef-" not in text(paper.head.get("license_expression")) or not is_english(paper):
        return
    notes = [note for note in items(paper.head, "/document", "notes") if note.value.get("title") == "License"]
    if len(notes) != 1 or notes[0].value.get("category") != "legal_disclaimer":
        yield Problem("/document/notes", "csaf_6.1.55", "needs one legal_disclaimer note titled License")


def _is_expression(told: str) -> bool:
    """Licences and operators take turns, and brackets pair."""
    place, depth, wants_licence = 0, 0, True
    told = told.strip()
    while place < len(told):
        match = _TOKEN.match(told, place)
        if match is None:
            return False
        part, place = match[1], match.end()
        opens = part == "("
        if wants_licence is not (opens or (part != ")" and part not in _OPERATORS)):
            return False
        if part in "()":
            depth += 1 if opens else -1
            if depth < 0:
                return False
        elif part in _OPERATORS:
            wants_licence = True
        elif not _SIMPLE.match(part):
            return False
        else:
            wants_licence = False
    return not wants_licence and not depth
