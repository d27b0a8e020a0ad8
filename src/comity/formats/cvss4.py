"""CVSS 4.0 as FIRST's JSON schema writes it: the property and the word of each metric of a vector.

Source: FIRST, CVSS v4.0 specification, section 7 (metric values), and its JSON schema (property names). The library
that scores vectors names some of these properties differently, so the words stand here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from comity.formats import cvss
from comity.model.severity import CvssVersion

_IMPACT: Final = "H HIGH,L LOW,N NONE"
_TABLE: Final = f"""
AV attackVector: N NETWORK,A ADJACENT,L LOCAL,P PHYSICAL
AC attackComplexity: H HIGH,L LOW
AT attackRequirements: N NONE,P PRESENT
PR privilegesRequired: H HIGH,L LOW,N NONE
UI userInteraction: N NONE,P PASSIVE,A ACTIVE
VC vulnConfidentialityImpact: {_IMPACT}
VI vulnIntegrityImpact: {_IMPACT}
VA vulnAvailabilityImpact: {_IMPACT}
SC subConfidentialityImpact: {_IMPACT}
SI subIntegrityImpact: {_IMPACT}
SA subAvailabilityImpact: {_IMPACT}
E exploitMaturity: U UNREPORTED,P PROOF_OF_CONCEPT,A ATTACKED,X NOT_DEFINED
CR confidentialityRequirement: L LOW,M MEDIUM,H HIGH,X NOT_DEFINED
IR integrityRequirement: L LOW,M MEDIUM,H HIGH,X NOT_DEFINED
AR availabilityRequirement: L LOW,M MEDIUM,H HIGH,X NOT_DEFINED
MAV modifiedAttackVector: N NETWORK,A ADJACENT,L LOCAL,P PHYSICAL,X NOT_DEFINED
MAC modifiedAttackComplexity: H HIGH,L LOW,X NOT_DEFINED
MAT modifiedAttackRequirements: N NONE,P PRESENT,X NOT_DEFINED
MPR modifiedPrivilegesRequired: H HIGH,L LOW,N NONE,X NOT_DEFINED
MUI modifiedUserInteraction: N NONE,P PASSIVE,A ACTIVE,X NOT_DEFINED
MVC modifiedVulnConfidentialityImpact: {_IMPACT},X NOT_DEFINED
MVI modifiedVulnIntegrityImpact: {_IMPACT},X NOT_DEFINED
MVA modifiedVulnAvailabilityImpact: {_IMPACT},X NOT_DEFINED
MSC modifiedSubConfidentialityImpact: H HIGH,L LOW,N NEGLIGIBLE,X NOT_DEFINED
MSI modifiedSubIntegrityImpact: H HIGH,L LOW,N NEGLIGIBLE,S SAFETY,X NOT_DEFINED
MSA modifiedSubAvailabilityImpact: H HIGH,L LOW,N NEGLIGIBLE,S SAFETY,X NOT_DEFINED
S Safety: N NEGLIGIBLE,P PRESENT,X NOT_DEFINED
AU Automatable: N NO,Y YES,X NOT_DEFINED
R Recovery: A AUTOMATIC,U USER,I IRRECOVERABLE,X NOT_DEFINED
V valueDensity: D DIFFUSE,C CONCENTRATED,X NOT_DEFINED
RE vulnerabilityResponseEffort: L LOW,M MODERATE,H HIGH,X NOT_DEFINED
U providerUrgency: Clear CLEAR,Green GREEN,Amber AMBER,Red RED,X NOT_DEFINED
"""


def _metrics() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    found = {}
    for line in _TABLE.strip().splitlines():
        head, _, tail = line.partition(": ")
        short, name = head.split(" ")
        pairs = [one.split(" ") for one in tail.split(",")]
        found[short] = (name, MappingProxyType({pair[0]: pair[1] for pair in pairs}))
    return MappingProxyType(found)


METRICS: Final = _metrics()
"""Abbreviation to the property and, by letter, its words."""
PROPERTIES: Final = tuple(name for name, _ in METRICS.values())


def read(vector: str) -> Mapping[str, Any] | None:
    """What a vector of CVSS 4.0 says, by property, with `baseScore` and `baseSeverity`; None for another or none."""
    try:
        severity = cvss.read(vector)
    except ValueError:
        return None
    if severity.version is not CvssVersion.V4:
        return None
    scored = cvss.properties(severity)
    told: dict[str, Any] = {"baseScore": scored["baseScore"], "baseSeverity": str(scored["baseSeverity"]).upper()}
    for part in vector.split("/")[1:]:
        short, _, letter = part.partition(":")
        name, words = METRICS[short]
        told[name] = words[letter]
    return told
