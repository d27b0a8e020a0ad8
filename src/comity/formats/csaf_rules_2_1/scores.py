"""CSAF 2.1 6.1.8 to 6.1.11 and 6.1.56: scores, now of CVSS 4.0 too, and weaknesses of a named list."""

from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats import cvss4, cwe
from comity.formats.csaf_rules import scores
from comity.formats.csaf_rules.paper import Held, Paper, items, text, words
from comity.formats.csaf_rules_2_1.paper import NewPaper

REQUIRED: Final = ("version", "vectorString", "baseScore", "baseSeverity")
RATING: Final = "qualitative_severity_rating"


def malformed_scores(paper: NewPaper) -> Iterator[Problem]:
    """6.1.8: a score holds what FIRST's schema demands; of CVSS 4.0 nothing else either."""
    yield from scores.malformed_scores(paper)
    for held in _newest(paper):
        missing = [name for name in REQUIRED if name not in held.value]
        if missing:
            yield Problem(held.pointer, "csaf_6.1.8", f"the score must have: {', '.join(missing)}")
        elif held.value.get("version") != "4.0" or cvss4.read(text(held.value.get("vectorString"))) is None:
            yield Problem(f"{held.pointer}/vectorString", "csaf_6.1.8", "this is no vector of the version named")
        for name in sorted(held.value.keys() - {*REQUIRED, *cvss4.PROPERTIES}):
            yield Problem(f"{held.pointer}/{name}", "csaf_6.1.8", "CVSS 4.0 has no such property")


def miscomputed_scores(paper: NewPaper) -> Iterator[Problem]:
    """6.1.9: scores and severities are what the vector comes to."""
    yield from scores.miscomputed_scores(paper)
    for held in _newest(paper):
        told = cvss4.read(text(held.value.get("vectorString")))
        for name in ("baseScore", "baseSeverity"):
            if told is not None and name in held.value and held.value[name] != told[name]:
                yield Problem(f"{held.pointer}/{name}", "csaf_6.1.9", f"the vector comes to {told[name]}")


def contradicting_metrics(paper: NewPaper) -> Iterator[Problem]:
    """6.1.10: a metric that the vector gives is not said otherwise beside it."""
    yield from scores.contradicting_metrics(paper)
    for held in _newest(paper):
        told = cvss4.read(text(held.value.get("vectorString")))
        for name in cvss4.PROPERTIES:
            if told is not None and name in held.value and held.value[name] != told.get(name, "NOT_DEFINED"):
                reason = f"the vector says {told.get(name, 'NOT_DEFINED')}"
                yield Problem(f"{held.pointer}/{name}", "csaf_6.1.10", reason)


def wrong_weakness(paper: NewPaper) -> Iterator[Problem]:
    """6.1.11: a CWE id is a weakness of the list version named, and carries its name there."""
    for vulnerability in paper.vulnerabilities:
        for held in items(vulnerability.value, vulnerability.pointer, "cwes"):
            version = text(held.value.get("version"))
            name = cwe.name_in(text(held.value.get("id")), version)
            if not cwe.has_list(version):
                yield Problem(f"{held.pointer}/version", "csaf_6.1.11", "no such version of the CWE list is known")
            elif not name:
                yield Problem(f"{held.pointer}/id", "csaf_6.1.11", f"is no weakness of CWE {version}")
            elif name != held.value.get("name"):
                yield Problem(f"{held.pointer}/name", "csaf_6.1.11", f"is not the name of this id in CWE {version}")


def rated_and_scored(paper: NewPaper) -> Iterator[Problem]:
    """6.1.56: from one source a product has a CVSS score or a word for its severity, not both."""
    for vulnerability in paper.vulnerabilities:
        scored = {(s.source, product) for s in paper.scores_of(vulnerability) for product in s.products}
        for owner, metric in paper.metrics:
            content = metric.value.get("content")
            if owner is vulnerability and isinstance(content, dict) and RATING in content:
                source = text(metric.value.get("source"))
                if any((source, product) in scored for product in words(metric.value.get("products"))):
                    pointer = f"{metric.pointer}/content/{RATING}"
                    yield Problem(pointer, "csaf_6.1.56", "the same source has a CVSS score for a product")


def _newest(paper: Paper) -> Iterator[Held]:
    for vulnerability in paper.vulnerabilities:
        for scored in paper.scores_of(vulnerability):
            if scored.key == "cvss_v4":
                yield scored.held
