"""The classes a brief may have: seventeen of cyber policy, each with its triggers and its IPTC Media Topic; and genres.

IPTC Media Topics, CC-BY 4.0, release of 2 July 2026: codes stay and labels change, so codes are kept. `LEVEL2` is the
subset that is used here, with parents; it was compared with a public copy of IPTC's table of the first two levels, not
with IPTC's own export.
"""

from dataclasses import dataclass
from typing import Final

IPTC_RELEASE: Final = "2026-07-02"
NONE: Final = "unclassified"
"""No class weighs clearly more than the others, or none weighs at all."""

LEVEL2: Final = {
    "20000106": ("02000000", "judiciary"),
    "20000129": ("02000000", "law enforcement"),
    "20000209": ("04000000", "economic sector"),
    "20000593": ("11000000", "government"),
    "20000621": ("11000000", "government policy"),
    "20000638": ("11000000", "international relations"),
    "20000735": ("13000000", "scientific research"),
    "20000756": ("13000000", "technology and engineering"),
}
"""Code of the second level: its parent and its label then. Nothing below is used: 20000763 (information technology)
stands on the third level, under 20000756."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """`triggers` is a pattern over lower-case text; `level1` and `level2` are IPTC codes; `reads` is for people."""

    name: str
    reads: str
    triggers: str
    level1: str
    level2: str = ""
    clauses: str = ""
    """Clauses of the order (by subject) that a brief of this class may be linked with."""


TOPICS: Final = (
    Topic(
        name="order_text",
        reads="the text of an order",
        triggers=r"executive order|\beo 1\d{4}\b|presidential (?:order|memorandum)",
        level1="11000000",
        level2="20000621",
        clauses="all",
    ),
    Topic(
        name="agency_action",
        reads="an agency's action",
        triggers=r"binding operational directive|\bbod \d\d-\d\d\b|emergency directive"
        r"|issued (?:a )?(?:memo|directive)|grants? program",
        level1="11000000",
        level2="20000593",
        clauses="directives, grants",
    ),
    Topic(
        name="framework_status",
        reads="the state of a framework",
        triggers=r"\bframework\b|voluntary (?:standard|guideline)s?|risk management",
        level1="11000000",
        level2="20000621",
        clauses="voluntary framework",
    ),
    Topic(
        name="clearinghouse",
        reads="the clearinghouse",
        triggers=r"clearinghouse|gold eagle|information sharing (?:hub|centre|center)",
        level1="11000000",
        level2="20000593",
        clauses="clearinghouse",
    ),
    Topic(
        name="model_assessment",
        reads="the assessment of a model",
        triggers=r"model (?:assessment|evaluation)s?|cyber (?:benchmark|capabilit)\w*"
        r"|red.team\w*|covered frontier model",
        level1="13000000",
        level2="20000756",
        clauses="covered frontier models",
    ),
    Topic(
        name="model_release_or_access",
        reads="release of, or access to, a model",
        triggers=r"(?:model|weights?) (?:release|access)|trusted partner|early access|rollout",
        level1="13000000",
        level2="20000756",
        clauses="early access",
    ),
    Topic(
        name="vulnerability",
        reads="a weakness",
        triggers=r"\bcve-\d{4}-\d+|vulnerabilit\w+|security (?:flaw|bug|hole)s?|zero.day",
        level1="13000000",
        level2="20000756",
        clauses="clearinghouse",
    ),
    Topic(
        name="exploitation",
        reads="exploitation of a weakness",
        triggers=r"exploited|in the wild|known exploited|active(?:ly)? exploit\w*|\bkev\b",
        level1="13000000",
        level2="20000756",
        clauses="directives",
    ),
    Topic(
        name="incident",
        reads="an incident",
        triggers=r"breach\w*|ransomware|intrusion|outage|stolen|hacked|compromis\w+",
        level1="13000000",
        level2="20000756",
        clauses="",
    ),
    Topic(
        name="patch_or_mitigation",
        reads="a patch or mitigation",
        triggers=r"patch\w*|security updates?|mitigation\w*|hotfix|workaround|fixed in",
        level1="13000000",
        level2="20000756",
        clauses="clearinghouse",
    ),
    Topic(
        name="law_enforcement",
        reads="law enforcement",
        triggers=r"arrest\w*|indict\w*|prosecut\w*|extradit\w*|police|fbi",
        level1="02000000",
        level2="20000129",
        clauses="enforcement",
    ),
    Topic(
        name="litigation",
        reads="a court case",
        triggers=r"lawsuit|sued|court|judge|plaintiff|settlement",
        level1="02000000",
        level2="20000106",
        clauses="",
    ),
    Topic(
        name="legislation",
        reads="legislation",
        triggers=r"\bbill\b|senate|congress|parliament|lawmakers|act of 20\d\d",
        level1="11000000",
        level2="20000593",
        clauses="",
    ),
    Topic(
        name="international",
        reads="relations between states",
        triggers=r"treaty|g7|nato|united nations|foreign minist\w+|allies",
        level1="11000000",
        level2="20000638",
        clauses="",
    ),
    Topic(
        name="market",
        reads="the market",
        triggers=r"acquir\w+|funding|investors?|shares|ipo|revenue",
        level1="04000000",
        level2="20000209",
        clauses="",
    ),
    Topic(
        name="research",
        reads="research",
        triggers=r"researchers?|paper|preprint|study|universit\w+",
        level1="13000000",
        level2="20000735",
        clauses="",
    ),
    Topic(name="none", reads="nothing of cyber policy", triggers="", level1="", level2=""),
)
"""The last, `none`, is only given by a person or a model: rules that find nothing say `unclassified`."""

BY_NAME: Final = {topic.name: topic for topic in TOPICS}

GENRES: Final[tuple[tuple[str, str], ...]] = (
    ("advisory", r"security advisory|affected products?|cvss|severity:|remediation|solution:|known exploited"),
    ("press release", r"for immediate release|press release|media contact|press contact|about the company"),
    ("opinion", r"\bopinion\b|\bop-ed\b|\bi (?:think|believe|argue)\b|editorial board|in my view"),
    ("analysis", r"\banalysis\b|what (?:it|this) means|explained|explainer|key takeaways|why it matters"),
    ("report", r"\bsaid (?:on )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)|told reporters|reported"),
)
"""Genre is separate from the class; the first that has a word in title or text, `unclear` otherwise. Rules of ours."""
