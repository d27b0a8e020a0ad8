"""Names of the facts that bear on priority, shared by those who fetch them and those who weigh them."""

from dataclasses import dataclass
from datetime import datetime

from comity.model.product import Affected


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What a source says about one subject (`CVE-2024-1234`). `value` None: the source names it and says nothing."""

    subject: str
    name: str
    value: str | None
    as_of: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpeMatch:
    """One applicability statement of a CVE record: a CPE 2.3 name and, where given, the versions it holds for.

    Without a bound the name's own version decides, and one that says ANY is no evidence about a version.
    """

    name: str
    vendor: str
    product: str
    """Both in plain characters: what the statement is found by."""
    start: str = ""
    start_after: str = ""
    end: str = ""
    """The last one it holds for."""
    end_before: str = ""
    conditional: bool = False
    """It holds only together with other products, or is said in the negative: no name alone decides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductStatement:
    """What a source says of one product under one CVE id.

    `affected` empty: the source does not say which versions (the KEV catalogue never does), which is not "all".
    """

    subject: str
    vendor: str
    product: str
    affected: tuple[Affected, ...] = ()
    cpes: tuple[CpeMatch, ...] = ()
    """The same in CPE names. A statement with these and no product name is found by them alone."""
    title: str = ""
    summary: str = ""
    action: str = ""
    """What the source says to do."""
    due: str = ""
    """ISO date that the source gives for it, "" without one."""
    added: str = ""
    """ISO date on which the catalogue took it in, "" outside KEV."""
    ransomware: str = ""


KEV = "in KEV"
"""yes or no: the catalogue of known exploited vulnerabilities holds it."""
KEV_ADDED = "added to KEV"
"""ISO date on which the catalogue took it in."""
KEV_DUE = "KEV due date"
"""The catalogue's own due date, as ISO date; it may differ from what a directive's table says."""
RANSOMWARE = "ransomware use"
"""The catalogue's word for known use in ransomware campaigns."""
EXPLOITATION = "exploitation"
"""SSVC: none, public poc or active."""
AUTOMATABLE = "automatable"
"""SSVC: yes or no."""
IMPACT = "technical impact"
"""SSVC: partial or total."""
CVSS = "CVSS"
"""Base score with rating and vector."""
EPSS = "EPSS"
"""Probability of exploitation in 30 days, 0 to 1."""
STATED_PUBLIC = "already public"
"""What the finders say; a claim."""
STATED_EXPLOITED = "exploited"
"""What the finders say; a claim."""
FIX = "fix available"
"""yes when a report names a fix; unknown otherwise, never no."""

EXPOSED = "organisations reached"
"""How many organisations on this host run it, as a coarse range; never which, never below a least number."""
CONTACTED = "supplier contacted"
"""SSVC: yes or no."""
CREDIBILITY = "report credibility"
"""SSVC: credible or not credible."""
CARDINALITY = "supplier cardinality"
"""SSVC: one or multiple."""
ENGAGEMENT = "supplier engagement"
"""SSVC: active or unresponsive."""
DENSITY = "value density"
"""SSVC: diffuse or concentrated."""
SAFETY = "safety impact"
"""SSVC: negligible, marginal, critical or catastrophic."""
MISSION = "mission and well-being"
"""CISA: low, medium or high."""
INVOLVEMENT = "supplier involvement"
"""SSVC: fix ready, cooperative, or uncooperative/unresponsive."""
VALUE_ADDED = "public value added"
"""SSVC: limited, ampliative or precedence."""
ASSESSED = "assessed severity"
"""A coordinator's own CVSS vector, scored: what a finder's claim is held against."""

EPSS_SOURCE = "FIRST EPSS"
"""The mirror that answers `EPSS`; the model's version stands in the note of each value."""
KEV_SOURCE = "CISA KEV"
"""The mirror that answers `KEV`: a CVE that a held catalogue lacks is "no" as of that catalogue's date."""
SSVC_SOURCE = "CISA Vulnrichment"
"""The mirror that answers the SSVC inputs: a CVE it lacks is unknown."""
