"""Mark each confidential page and export for the one who sees it: in plain sight, with nothing hidden.

The lines say who, when and of which engagement, and carry canary words that only this viewer gets: a copy that turns up
elsewhere tells whose copy it was. No hidden characters are used, so what is read aloud or typed off keeps the mark.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.model.ids import EngagementId, code

WORDS: Final = 12
"""Letters of a canary: 60 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What stands on the page."""

    viewer: str
    engagement: EngagementId
    at: datetime
    canary: str

    @property
    def line(self) -> str:
        """The mark as one line of text, for exports."""
        when = f"{self.at:%Y-%m-%d %H:%M} UTC"
        return f"Confidential. Shown to {self.viewer} on {when}. Engagement {self.engagement}. Mark {self.canary}."


def mark(secret: bytes, *, engagement: EngagementId, person: str, viewer: str, part: str, at: datetime) -> Mark:
    """The mark of one viewer on one part. The same viewer and part get the same canary, nobody else does."""
    told = hmac.new(secret, f"comity canary v1\n{engagement}\n{person}\n{part}".encode(), hashlib.sha256).digest()
    return Mark(viewer=viewer, engagement=engagement, at=at, canary=code(told, WORDS))


def traced(
    secret: bytes, canary: str, *, engagement: EngagementId, people: dict[str, str], parts: tuple[str, ...]
) -> str:
    """Whose copy a canary marks: the name out of `people` (person id -> name), "" for nobody's."""
    for person, name in people.items():
        for part in parts:
            told = hmac.new(
                secret, f"comity canary v1\n{engagement}\n{person}\n{part}".encode(), hashlib.sha256
            ).digest()
            if hmac.compare_digest(code(told, WORDS), canary):
                return name
    return ""
