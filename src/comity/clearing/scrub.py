"""Personal information in a draft: nothing is published with any that nobody gave a reason for.

Basis: 6 USC 1503(d)(2), always on. Credits are names that their bearers asked for, so they have their reason.
"""

from collections.abc import Sequence

from comity.formats import personal
from comity.formats.personal import Found
from comity.model.advisory import Advisory
from comity.model.sharing import KeptField


def texts(advisory: Advisory) -> dict[str, str]:
    """The fields of an advisory in which people write."""
    return {
        "title": advisory.title,
        "summary": advisory.summary,
        "details": advisory.details,
        "remediation": advisory.remediation,
        "workaround": advisory.workaround,
    }


def unexplained(advisory: Advisory, kept: Sequence[KeptField]) -> tuple[Found, ...]:
    """What looks like personal information and has no reason to stay, each text once."""
    reasons = {one.text: one.reason for one in kept}
    found = personal.unexplained(texts(advisory), reasons)
    return tuple({one.text: one for one in found}.values())


def where(advisory: Advisory, text: str) -> Found | None:
    """The first place of a text that looks like personal information; None when there is none."""
    for field, words in texts(advisory).items():
        for one in personal.found(field, words):
            if one.text == text:
                return one
    return None
