"""CSAF 2.1 6.1.27.8 and 6.1.27.12 to 6.1.27.20: what the profiles demand that 2.0 did not."""

from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Held, Paper, items, mapping, sequence, text, words
from comity.formats.csaf_rules.profiles import VEX
from comity.formats.csaf_rules.revisions import HISTORY
from comity.formats.csaf_rules_2_1.paper import NewPaper

ADVISORY: Final = "csaf_security_advisory"
WITHDRAWN: Final = "csaf_withdrawn"
SUPERSEDED: Final = "csaf_superseded"
REPORT: Final = "csaf_vulnerability_report"
GONE: Final = (WITHDRAWN, SUPERSEDED)
SUMMARY: Final = ("summary", "Vulnerability Summary")
"""Category and title of the note that a report's weakness is told in (6.1.27.20)."""


def is_english(paper: Paper) -> bool:
    """Whether fixed English words can be asked for: the language is English or was not said."""
    lang = text(paper.head.get("lang")).lower()
    return lang in ("", "en", "i-default") or lang.startswith("en-")


def vulnerability_id(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.8: each product of a VEX or a report has an id for the vulnerability: its CVE, or one for that product."""
    if paper.category not in (VEX, REPORT):
        return
    for held in paper.vulnerabilities:
        ids = list(items(held.value, held.pointer, "ids"))
        if held.value.get("cve") or any(not (one.value.keys() & {"product_ids", "group_ids"}) for one in ids):
            continue
        if not ids:
            yield Problem(held.pointer, "csaf_6.1.27.8", "must have a CVE id or another one")
            continue
        named: frozenset[str] = frozenset().union(*(paper.about(one.value) for one in ids))
        for status, products in mapping(held.value.get("product_status")).items():
            for place, product in enumerate(words(products)):
                if product not in named:
                    pointer = f"{held.pointer}/product_status/{status}/{place}"
                    yield Problem(pointer, "csaf_6.1.27.8", "no id of this vulnerability is for this product")


def affected_products(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.12: each vulnerability of an advisory says which products are affected."""
    if paper.category == ADVISORY:
        for held in paper.vulnerabilities:
            if not _status(held, "known_affected"):
                yield Problem(
                    f"{held.pointer}/product_status/known_affected", "csaf_6.1.27.12", "must name affected products"
                )


def matching_affected(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.13: beside each fixed product of an advisory stands another version of it that is affected.

    A product that no tree defines is the business of 6.1.1; of one outside branches any other outside them will do.
    """
    if paper.category != ADVISORY:
        return
    defined = {product.value for product in paper.products}
    for held in paper.vulnerabilities:
        affected = {paper.families.get(one, ()) for one in _status(held, "known_affected")}
        for place, product in enumerate(_status(held, "fixed")):
            if product in defined and paper.families.get(product, ()) not in affected:
                pointer = f"{held.pointer}/product_status/fixed/{place}"
                yield Problem(pointer, "csaf_6.1.27.13", "no version of this product is said to be affected")


def description(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.14: a withdrawn or superseded document says so in a description."""
    if paper.category in GONE:
        notes = items(paper.head, "/document", "notes")
        if not any(note.value.get("category") == "description" for note in notes):
            yield Problem("/document/notes", "csaf_6.1.27.14", "needs a note of category description")


def no_products(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.15: a withdrawn or superseded document is about no product."""
    if paper.category in GONE and "product_tree" in paper.root:
        yield Problem("/product_tree", "csaf_6.1.27.15", "this profile holds no product tree")


def earlier_revision(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.16: what is withdrawn or superseded was there before."""
    if paper.category in GONE and len(sequence(paper.tracking.get("revision_history"))) < 2:
        yield Problem(HISTORY, "csaf_6.1.27.16", "needs at least two revisions")


def withdrawal_reason(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.17: a withdrawn document has one description titled Reasoning for Withdrawal."""
    if paper.category == WITHDRAWN:
        yield from _reason(paper, "Reasoning for Withdrawal", "6.1.27.17")


def supersession_reason(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.18: a superseded document has one description titled Reasoning for Supersession."""
    if paper.category == SUPERSEDED:
        yield from _reason(paper, "Reasoning for Supersession", "6.1.27.18")


def superseding_document(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.19: a superseded document refers to the one that took its place."""
    if paper.category != SUPERSEDED or not is_english(paper):
        return
    for held in items(paper.head, "/document", "references"):
        is_told = text(held.value.get("summary")).startswith("Superseding Document")
        if is_told and held.value.get("category") == "external":
            return
    yield Problem("/document/references", "csaf_6.1.27.19", "needs an external reference to the Superseding Document")


def report_summary(paper: NewPaper) -> Iterator[Problem]:
    """6.1.27.20: each vulnerability of a report has a summary titled Vulnerability Summary."""
    if paper.category != REPORT or not is_english(paper):
        return
    for held in paper.vulnerabilities:
        notes = items(held.value, held.pointer, "notes")
        if not any((note.value.get("category"), note.value.get("title")) == SUMMARY for note in notes):
            yield Problem(f"{held.pointer}/notes", "csaf_6.1.27.20", f"needs a summary titled {SUMMARY[1]}")


def _reason(paper: NewPaper, title: str, number: str) -> Iterator[Problem]:
    if not is_english(paper):
        return
    notes = [note for note in items(paper.head, "/document", "notes") if note.value.get("title") == title]
    if len(notes) != 1 or notes[0].value.get("category") != "description":
        yield Problem("/document/notes", f"csaf_{number}", f"needs one description titled {title}")


def _status(held: Held, key: str) -> tuple[str, ...]:
    return words(mapping(held.value.get("product_status")).get(key))
