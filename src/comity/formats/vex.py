"""What the three VEX formats share: one product of exactly one version as a purl, and the words of the standards.

Status and justification words are those of CISA's "Minimum Requirements for VEX" (2023) and "Status Justifications"
(2022). A statement is written for the version it binds and for no other; one that is bound to no version is written
without one, and a reader takes it for what it is: an answer for no version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from packageurl import PackageURL

from comity.errors import Invalid, Problem
from comity.formats import purl as purls
from comity.formats.versions.identity import from_purl
from comity.model.inventory import Vex

JUSTIFICATIONS: Final = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""CISA's five; CSAF's flags and OpenVEX's justifications are these words."""
CYCLONEDX: Final[Mapping[str, str]] = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""CISA's word -> the nearest of CycloneDX's."""
CISA: Final[Mapping[str, str]] = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "component_not_present",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
"""CycloneDX's word -> the nearest of CISA's."""
_TYPES: Final = {name.lower(): kind for kind, name in purls.ECOSYSTEMS.items()}
_DISTRIBUTIONS: Final = {name.lower(): pair for pair, name in reversed(purls.DISTRIBUTIONS.items())}
NO_DETAIL: Final = "No action was stated."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The statements of a document in its order, and what in it could not be used."""

    statements: tuple[Vex, ...]
    warnings: tuple[Problem, ...] = ()


def product(statement: Vex) -> str:
    """The purl of the product at its version. Invalid for an ecosystem that has no purl type: nothing is guessed."""
    return locator(statement.ecosystem, statement.name, statement.version)


def locator(ecosystem: str, name: str, version: str = "") -> str:
    """The purl of a package as OSV names it. Invalid for an ecosystem that has no purl type."""
    family, _, release = ecosystem.partition(":")
    distribution = _DISTRIBUTIONS.get(family.lower())
    if distribution is not None:
        kind, namespace = distribution
        qualifiers = {"distro": f"{namespace}-{release}"} if release else None
        return PackageURL(kind, namespace, name, version or None, qualifiers).to_string()
    own = _TYPES.get(family.lower())
    if own is None:
        reason = f"{family or 'an unnamed ecosystem'} has no purl type: name the product by a purl first"
        raise Invalid("a product cannot be written as a purl", [Problem("/ecosystem", "no_purl_type", reason)])
    mark = ":" if own == "maven" else "/"
    namespace, _, last = name.rpartition(mark)
    return PackageURL(own, namespace or None, last, version or None).to_string()


def named(text: str) -> tuple[str, str, str] | None:
    """Ecosystem, name and version that a purl stands for; None for what is no purl or names no ecosystem we know."""
    try:
        stated = purls.read(text)
    except ValueError:
        return None
    if not stated.ecosystem:
        return None
    release = from_purl(text).ecosystem.partition(":")[2]
    return (f"{stated.ecosystem}:{release}" if release else stated.ecosystem), stated.name, stated.version


def one_author(statements: Iterable[Vex]) -> str:
    """The author that all statements share. ValueError for none or several: a document has one author."""
    authors = {statement.author for statement in statements}
    if len(authors) != 1 or not next(iter(authors)):
        raise ValueError("a VEX document has statements, and all of them are of one named author")
    return next(iter(authors))


def cisa_word(justification: str) -> str:
    """A justification in CISA's words; "" for a word of nobody's."""
    return justification if justification in JUSTIFICATIONS else CISA.get(justification, "")
