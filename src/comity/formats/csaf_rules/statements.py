"""CSAF 2.0 6.1.23, 6.1.24, 6.1.29, 6.1.32 and 6.1.33: statements about a vulnerability stand once and name products."""

from collections.abc import Iterator

from comity.errors import Problem
from comity.formats.csaf_rules.paper import Paper, items, text


def repeated_cves(paper: Paper) -> Iterator[Problem]:
    """6.1.23: a CVE id stands for one vulnerability of the document."""
    seen: set[str] = set()
    for vulnerability in paper.vulnerabilities:
        cve = text(vulnerability.value.get("cve"))
        if cve and cve in seen:
            yield Problem(f"{vulnerability.pointer}/cve", "csaf_6.1.23", "this CVE id stands before")
        seen.add(cve)


def repeated_involvements(paper: Paper) -> Iterator[Problem]:
    """6.1.24: one statement per party and date."""
    for vulnerability in paper.vulnerabilities:
        seen: set[tuple[str, str]] = set()
        for held in items(vulnerability.value, vulnerability.pointer, "involvements"):
            key = (text(held.value.get("party")), text(held.value.get("date")))
            if key in seen:
                yield Problem(held.pointer, "csaf_6.1.24", "this party speaks twice at the same time")
            seen.add(key)


def aimless_remediations(paper: Paper) -> Iterator[Problem]:
    """6.1.29: a remediation names its products."""
    yield from _aimless(paper, "remediations", "6.1.29")


def aimless_flags(paper: Paper) -> Iterator[Problem]:
    """6.1.32: a flag names its products."""
    yield from _aimless(paper, "flags", "6.1.32")


def repeated_justifications(paper: Paper) -> Iterator[Problem]:
    """6.1.33: a product has one justification. Every flag of CSAF 2.0 is one."""
    for vulnerability in paper.vulnerabilities:
        seen: set[str] = set()
        for held in items(vulnerability.value, vulnerability.pointer, "flags"):
            products = paper.about(held.value)
            if products & seen:
                yield Problem(held.pointer, "csaf_6.1.33", "a product has two justifications")
            seen |= products


def _aimless(paper: Paper, key: str, number: str) -> Iterator[Problem]:
    for vulnerability in paper.vulnerabilities:
        for held in items(vulnerability.value, vulnerability.pointer, key):
            if not held.value.get("product_ids") and not held.value.get("group_ids"):
                yield Problem(held.pointer, f"csaf_{number}", "must name a product or a product group")
