"""Which profile of CSAF a document of ours is, decided from what it says.

2.0: a security advisory, whatever it says. 2.1 asks more of one (4.4): affected products, and an affected version
beside each fixed one. A document that cannot say so is of the base profile, which promises less. A withdrawn one (4.7)
names no products and no weaknesses any more, and says why.
"""

from collections.abc import Mapping
from typing import Final

from comity.formats.csaf_dialect import Dialect
from comity.formats.csaf_rules.paper import mapping
from comity.formats.csaf_rules_2_1 import profiles
from comity.formats.csaf_rules_2_1.paper import SECOND, NewPaper
from comity.formats.parse import Json

CATEGORY: Final = profiles.ADVISORY
BASE: Final = "csaf_base"
WITHDRAWN: Final = profiles.WITHDRAWN
WITHOUT_VULNERABILITIES: Final = SECOND.without_vulnerabilities
REASON: Final = "Reasoning for Withdrawal"
"""The title that 6.1.27.17 of CSAF 2.1 asks for."""


def category(document: Mapping[str, Json], dialect: Dialect) -> str:
    """The category that this document has, or would have if we had written it."""
    if dialect.is_first:
        return CATEGORY
    head = mapping(document.get("document"))
    if head.get("category") == WITHDRAWN and "vulnerabilities" not in document:
        return WITHDRAWN
    paper = NewPaper({**document, "document": {**head, "category": CATEGORY}})
    broken = next(profiles.affected_products(paper), None) or next(profiles.matching_affected(paper), None)
    return BASE if broken or not paper.vulnerabilities else CATEGORY


WITHDRAWAL: Final[list[Json]] = [
    {
        "category": "description",
        "title": REASON,
        "text": "The publisher withdrew this advisory on the date of the last revision: do not act on earlier ones.",
    }
]
"""The notes of a withdrawn document."""
