"""Say whether a product's version is affected by a vulnerability: VEX, in words that CSAF, OpenVEX and CycloneDX share.

A statement is about named versions or bounded ranges only. "This product is never affected" hides the release that is,
so a statement that names no version is kept for a reader and answers for no version.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VexStatus(StrEnum):
    """The four states of CISA's "Minimum Requirements for VEX" (2023)."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class Justification(StrEnum):
    """Why a product is not affected: CISA's five (2022), which CSAF calls flags."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    CODE_NOT_PRESENT = "vulnerable_code_not_present"
    CODE_NOT_IN_EXECUTE_PATH = "vulnerable_code_not_in_execute_path"
    CODE_CANNOT_BE_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
    INLINE_MITIGATIONS = "inline_mitigations_already_exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class VexStatement:
    """One author's word about one product and one vulnerability. Times are aware.

    NOT_AFFECTED needs a justification or an impact statement: ValueError otherwise, and for a statement without an
    author, product or vulnerability.
    """

    vulnerability: str
    product: str
    """A purl without a version where there is one, else vendor and product as the author wrote them."""
    versions: tuple[str, ...] = ()
    """Exact versions."""
    ranges: tuple[str, ...] = ()
    """VERS ranges (`vers:pypi/>=1.0|<1.4`)."""
    status: VexStatus
    author: str
    at: datetime
    aliases: tuple[str, ...] = ()
    justification: Justification | None = None
    impact: str = ""
    action: str = ""
    expires_at: datetime | None = None
    source: str = ""
    """Name of the document it was read from."""

    def __post_init__(self) -> None:
        """Refuse a statement that says nothing, or gives no reason."""
        if not (self.vulnerability and self.product and self.author):
            raise ValueError("a VEX statement needs a vulnerability, a product and an author")
        if self.status is VexStatus.NOT_AFFECTED and self.justification is None and not self.impact:
            raise ValueError("not affected needs a justification or an impact statement")
        if self.justification is not None and self.status is not VexStatus.NOT_AFFECTED:
            raise ValueError("only not affected takes a justification")

    @property
    def names(self) -> frozenset[str]:
        """Every name of the vulnerability."""
        return frozenset((self.vulnerability, *self.aliases))

    @property
    def is_scoped(self) -> bool:
        """Whether it names any version at all. One that does not answers for none."""
        return bool(self.versions or self.ranges)

    def in_force(self, now: datetime) -> bool:
        """Whether it has been made and has not lapsed."""
        return self.at <= now and (self.expires_at is None or now < self.expires_at)
