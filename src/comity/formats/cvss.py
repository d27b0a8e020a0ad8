"""CVSS vectors: read by version, checked and scored by the `cvss` library; a score that came along is not believed."""

import re
from dataclasses import dataclass
from typing import Any, Final

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from comity.model.severity import CvssVersion, Severity

_SHAPE = re.compile(r"[A-Za-z0-9:./]{10,400}\Z", re.ASCII)
_PREFIXES: Final = (
    ("CVSS:4.0/", CvssVersion.V4),
    ("CVSS:3.1/", CvssVersion.V3_1),
    ("CVSS:3.0/", CvssVersion.V3_0),
)
_BANDS: Final = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a vector comes to: `base` from 0.0 to 10.0, and FIRST's word for it (NONE to CRITICAL)."""

    base: float
    rating: str


def read(vector: str, source: str = "") -> Severity:
    """The vector as a severity; its version is read from its prefix (2.0 has none). ValueError when it is not one."""
    version = next((version for prefix, version in _PREFIXES if vector.startswith(prefix)), CvssVersion.V2)
    severity = Severity(version=version, vector=vector, source=source)
    score(severity)
    return severity


def score(severity: Severity) -> Score:
    """Base score and rating, computed here. ValueError when the vector is malformed or lacks a mandatory metric."""
    parsed = _parsed(severity)
    base = float(parsed.base_score)
    rating = next((name for least, name in _BANDS if base >= least), "NONE")
    if severity.version is CvssVersion.V2 and rating == "CRITICAL":
        rating = "HIGH"
    return Score(base=base, rating=rating)


def as_json(severity: Severity) -> dict[str, Any]:
    """The vector as FIRST's JSON: version, vector, base score and (not for 2.0) base severity."""
    came_to = score(severity)
    document: dict[str, Any] = {
        "version": str(severity.version),
        "vectorString": severity.vector,
        "baseScore": came_to.base,
    }
    if severity.version is not CvssVersion.V2:
        document["baseSeverity"] = came_to.rating
    return document


_SCORES: Final = frozenset(
    f"{kind}{what}" for kind in ("base", "temporal", "environmental") for what in ("Score", "Severity")
)


def properties(severity: Severity) -> dict[str, Any]:
    """What FIRST's JSON says of this vector: the metrics that it gives, in words, and the scores that they come to.

    Of version 2.0 only the scores whose metrics are given.
    """
    parsed = _parsed(severity)
    told: dict[str, Any] = dict(parsed.as_json(minimal=True))
    if severity.version is CvssVersion.V2:
        return told
    return told | {name: value for name, value in parsed.as_json().items() if name in _SCORES}


def _parsed(severity: Severity) -> Any:
    if _SHAPE.match(severity.vector) is None:
        raise ValueError("not a CVSS vector")
    try:
        match severity.version:
            case CvssVersion.V4:
                return CVSS4(severity.vector)
            case CvssVersion.V3_0 | CvssVersion.V3_1:
                return CVSS3(severity.vector)
            case CvssVersion.V2:
                return CVSS2(severity.vector)
    except CVSSError as error:
        raise ValueError("not a CVSS vector: a metric is missing, repeated or unknown") from error
