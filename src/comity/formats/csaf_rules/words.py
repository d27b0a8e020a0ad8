"""CSAF 2.0 6.1.11, 6.1.12, 6.1.15, 6.1.26 and 6.1.28: weaknesses, languages and categories are the registered words."""

import re
from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats import cwe
from comity.formats.csaf_rules.paper import Paper, mapping, text

BASE: Final = "csaf_base"
_TWO_LETTERS: Final = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to
tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES: Final = frozenset(_TWO_LETTERS.split())
"""ISO 639-1. Subtags of three letters and more are many thousands: of those the form alone is judged."""
_TAG: Final = re.compile(
    r"(?:(?P<language>[A-Za-z]{2,3})(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"
    r"(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[A-WY-Za-wy-z0-9](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[Xx](?:-[A-Za-z0-9]{1,8})+)?\Z"
    r"|[Xx](?:-[A-Za-z0-9]{1,8})+\Z|(?:i|en|sgn|art|zh|no|cel)(?:-[A-Za-z0-9]{2,8})+\Z",
    re.ASCII,
)


def wrong_weakness(paper: Paper) -> Iterator[Problem]:
    """6.1.11: a CWE id exists and carries its own name."""
    for vulnerability in paper.vulnerabilities:
        held = mapping(vulnerability.value.get("cwe"))
        if held and cwe.name(text(held.get("id"))) != text(held.get("name")):
            yield Problem(f"{vulnerability.pointer}/cwe", "csaf_6.1.11", "the name is not that of this CWE id")


def wrong_language(paper: Paper) -> Iterator[Problem]:
    """6.1.12: languages are tags as RFC 5646 builds them, out of registered parts."""
    for key in ("lang", "source_lang"):
        tag = text(paper.head.get(key))
        if tag and not is_language(tag):
            yield Problem(f"/document/{key}", "csaf_6.1.12", "this is no registered language tag")


def is_language(tag: str) -> bool:
    """Whether the tag has RFC 5646's form and, where its language has two letters, is one of ISO 639-1."""
    match = _TAG.match(tag)
    if match is None:
        return False
    language = (match["language"] or "").lower()
    return len(language) != 2 or language in LANGUAGES


def untold_source_language(paper: Paper) -> Iterator[Problem]:
    """6.1.15: a translator says what was translated from."""
    is_translator = mapping(paper.head.get("publisher")).get("category") == "translator"
    if is_translator and not text(paper.head.get("source_lang")):
        yield Problem("/document/source_lang", "csaf_6.1.15", "a translator must name the language translated from")


def misleading_category(paper: Paper) -> Iterator[Problem]:
    """6.1.26: a document of no profile does not take a profile's name, nor the reserved prefix."""
    category, edition = paper.category, paper.edition
    if category == BASE or category in edition.profiles:
        return
    plain = edition.filling.sub("", category).lower()
    names = {one.replace("_", "") for one in edition.profiles}
    if plain in names | {one.removeprefix("csaf") for one in names} or category.lower().startswith("csaf_"):
        yield Problem("/document/category", "csaf_6.1.26", "this reads like a profile and is none: choose another word")


def translated_into_itself(paper: Paper) -> Iterator[Problem]:
    """6.1.28: a translation is into another language."""
    lang, source = text(paper.head.get("lang")), text(paper.head.get("source_lang"))
    if lang and lang.lower() == source.lower():
        yield Problem("/document/source_lang", "csaf_6.1.28", "the language is the one translated from")
