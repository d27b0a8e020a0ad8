"""CSAF 2.0 6.1.7 to 6.1.10: one score per version and product, whole, computed right, true to its vector."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from comity.errors import Problem
from comity.formats import cvss
from comity.formats.csaf_rules.paper import Held, Paper, text
from comity.formats.parse import Json
from comity.model.severity import CvssVersion, Severity

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "cvss_v2": ("version", "vectorString", "baseScore"),
    "cvss_v3": ("version", "vectorString", "baseScore", "baseSeverity"),
}
"""FIRST's JSON schemas: what a score must hold."""
VERSIONS: Final[Mapping[str, Mapping[str, CvssVersion]]] = {
    "cvss_v2": {"2.0": CvssVersion.V2},
    "cvss_v3": {"3.0": CvssVersion.V3_0, "3.1": CvssVersion.V3_1},
}
COMPUTED: Final = (
    "baseScore",
    "baseSeverity",
    "temporalScore",
    "temporalSeverity",
    "environmentalScore",
    "environmentalSeverity",
)


def repeated_scores(paper: Paper) -> Iterator[Problem]:
    """6.1.7: within a vulnerability a product has at most one score of each CVSS version (2.1: from one source)."""
    for vulnerability in paper.vulnerabilities:
        count: Counter[tuple[str, str, str]] = Counter()
        for held, _, products, source in paper.scores_of(vulnerability):
            version = text(held.value.get("version"))
            for product in set(products):
                count[version, product, source] += 1
                if count[version, product, source] == 2:
                    yield Problem(held.pointer, "csaf_6.1.7", "a product has this version's score twice")


def malformed_scores(paper: Paper) -> Iterator[Problem]:
    """6.1.8: a score holds what FIRST's schema demands, and a vector of its version."""
    for held, key in _scores(paper):
        missing = [name for name in REQUIRED[key] if name not in held.value]
        if missing:
            yield Problem(held.pointer, "csaf_6.1.8", f"the score must have: {', '.join(missing)}")
        elif _severity(held.value, key) is None:
            yield Problem(f"{held.pointer}/vectorString", "csaf_6.1.8", "this is no vector of the version named")


def miscomputed_scores(paper: Paper) -> Iterator[Problem]:
    """6.1.9: scores and severities are what the vector comes to."""
    for held, key in _scores(paper):
        severity = _severity(held.value, key)
        if severity is None:
            continue
        right = cvss.properties(severity)
        for name in COMPUTED:
            if name in held.value and name in right and held.value[name] != right[name]:
                yield Problem(f"{held.pointer}/{name}", "csaf_6.1.9", f"the vector comes to {right[name]}")


def contradicting_metrics(paper: Paper) -> Iterator[Problem]:
    """6.1.10: a metric that the vector gives is not said otherwise beside it."""
    for held, key in _scores(paper):
        severity = _severity(held.value, key)
        if severity is None:
            continue
        right = cvss.properties(severity)
        for name, value in held.value.items():
            if name in right and name not in (*COMPUTED, "version", "vectorString") and value != right[name]:
                yield Problem(f"{held.pointer}/{name}", "csaf_6.1.10", f"the vector says {right[name]}")


def _scores(paper: Paper) -> Iterator[tuple[Held, str]]:
    for vulnerability in paper.vulnerabilities:
        for scored in paper.scores_of(vulnerability):
            if scored.key in REQUIRED:
                yield scored.held, scored.key


def _severity(score: Mapping[str, Json], key: str) -> Severity | None:
    version = VERSIONS[key].get(text(score.get("version")))
    try:
        severity = cvss.read(text(score.get("vectorString")))
    except ValueError:
        return None
    return severity if severity.version is version else None
