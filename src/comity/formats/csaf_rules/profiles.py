"""CSAF 2.0 6.1.27: what each profile demands beyond the base (section 4 of the standard)."""

from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Held, Paper, items, mapping, words

INCIDENT: Final = "csaf_security_incident_response"
INFORMATIONAL: Final = "csaf_informational_advisory"
VEX: Final = "csaf_vex"
TELLING: Final = frozenset({"description", "details", "general", "summary"})
VEX_STATUSES: Final = ("fixed", "known_affected", "known_not_affected", "under_investigation")


def document_notes(paper: Paper) -> Iterator[Problem]:
    """6.1.27.1: an incident response or informational advisory tells something in a note."""
    if paper.category in (INCIDENT, INFORMATIONAL):
        notes = items(paper.head, "/document", "notes")
        if not any(note.value.get("category") in TELLING for note in notes):
            yield Problem("/document/notes", "csaf_6.1.27.1", "needs a description, details, general or summary note")


def document_references(paper: Paper) -> Iterator[Problem]:
    """6.1.27.2: an incident response or informational advisory refers to something outside."""
    if paper.category in (INCIDENT, INFORMATIONAL):
        references = items(paper.head, "/document", "references")
        if not any(one.value.get("category") == "external" for one in references):
            yield Problem("/document/references", "csaf_6.1.27.2", "needs a reference of category external")


def no_vulnerabilities(paper: Paper) -> Iterator[Problem]:
    """6.1.27.3: an informational advisory is about no vulnerability (2.1: nor one withdrawn or superseded)."""
    if paper.category in paper.edition.without_vulnerabilities and "vulnerabilities" in paper.root:
        yield Problem("/vulnerabilities", "csaf_6.1.27.3", "this profile holds no vulnerabilities")


def product_tree(paper: Paper) -> Iterator[Problem]:
    """6.1.27.4: an advisory or VEX has a product tree."""
    if _is_about_products(paper) and not mapping(paper.root.get("product_tree")):
        yield Problem("/product_tree", "csaf_6.1.27.4", "this profile needs a product tree")


def vulnerability_notes(paper: Paper) -> Iterator[Problem]:
    """6.1.27.5: each vulnerability of an advisory or VEX has a note."""
    if _is_about_products(paper):
        for held in paper.vulnerabilities:
            if not held.value.get("notes"):
                yield Problem(f"{held.pointer}/notes", "csaf_6.1.27.5", "must hold a note")


def product_status(paper: Paper) -> Iterator[Problem]:
    """6.1.27.6: each vulnerability of an advisory says which products stand where."""
    if paper.category in paper.edition.with_status:
        for held in paper.vulnerabilities:
            if not mapping(held.value.get("product_status")):
                yield Problem(f"{held.pointer}/product_status", "csaf_6.1.27.6", "must hold a product status")


def vex_status(paper: Paper) -> Iterator[Problem]:
    """6.1.27.7: each vulnerability of a VEX gives one of the four statuses."""
    if paper.category == VEX:
        for held in paper.vulnerabilities:
            status = mapping(held.value.get("product_status"))
            if not any(status.get(key) for key in VEX_STATUSES):
                reason = f"must hold one of: {', '.join(VEX_STATUSES)}"
                yield Problem(f"{held.pointer}/product_status", "csaf_6.1.27.7", reason)


def vulnerability_id(paper: Paper) -> Iterator[Problem]:
    """6.1.27.8: each vulnerability of a VEX has an id."""
    if paper.category == VEX:
        for held in paper.vulnerabilities:
            if not held.value.get("cve") and not held.value.get("ids"):
                yield Problem(held.pointer, "csaf_6.1.27.8", "must have a CVE id or another one")


def impact_statement(paper: Paper) -> Iterator[Problem]:
    """6.1.27.9: each product that a VEX says is not affected has the reason, as a flag or an impact statement."""
    if paper.category == VEX:
        for held in paper.vulnerabilities:
            told = _covered(paper, held, "flags")
            told |= _covered(paper, held, "threats", category="impact")
            yield from _uncovered(held, "known_not_affected", told, "6.1.27.9", "must have a flag or impact statement")


def action_statement(paper: Paper) -> Iterator[Problem]:
    """6.1.27.10: each product that a VEX says is affected has an action."""
    if paper.category == VEX:
        for held in paper.vulnerabilities:
            told = _covered(paper, held, "remediations")
            yield from _uncovered(held, "known_affected", told, "6.1.27.10", "must have a remediation")


def vulnerabilities(paper: Paper) -> Iterator[Problem]:
    """6.1.27.11: an advisory or VEX is about a vulnerability."""
    if _is_about_products(paper) and not paper.vulnerabilities:
        yield Problem("/vulnerabilities", "csaf_6.1.27.11", "this profile needs a vulnerability")


def _is_about_products(paper: Paper) -> bool:
    return paper.category in paper.edition.about_products


def _covered(paper: Paper, vulnerability: Held, key: str, *, category: str = "") -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for held in items(vulnerability.value, vulnerability.pointer, key):
        if not category or held.value.get("category") == category:
            found |= paper.about(held.value)
    return found


def _uncovered(vulnerability: Held, status: str, told: frozenset[str], number: str, what: str) -> Iterator[Problem]:
    listed = words(mapping(vulnerability.value.get("product_status")).get(status))
    for place, product in enumerate(listed):
        if product not in told:
            pointer = f"{vulnerability.pointer}/product_status/{status}/{place}"
            yield Problem(pointer, f"csaf_{number}", f"this product {what}")
