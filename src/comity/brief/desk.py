"""The counter of briefs: every call that doors may make. Each checks access first, so doors cannot disagree.

Who made a text never reviews it; a hidden brief and a missing one are the same `Missing`; what is public is read from
its signed state and from nowhere else. One file for each subject; the doors get them as one value.
"""

from comity.brief.desk_drafts import Drafts
from comity.brief.desk_public import Reading
from comity.brief.desk_publish import Publishing
from comity.brief.desk_review import Reviews
from comity.brief.desk_share import Shares
from comity.brief.desk_subscribers import Subscribers
from comity.brief.desk_views import (
    Answer,
    BriefView,
    Detected,
    DraftRow,
    DraftView,
    Editor,
    File,
    Listing,
    Notice,
    Rates,
    Shared,
    SourceErrors,
    Standing,
)
from comity.brief.label import HEADER
from comity.brief.review import Counted, Outcome, Rejected, Voided
from comity.model.brief import Decision

__all__ = [
    "HEADER",
    "Answer",
    "BriefView",
    "Briefs",
    "Counted",
    "Decision",
    "Detected",
    "DraftRow",
    "DraftView",
    "Editor",
    "File",
    "Listing",
    "Notice",
    "Outcome",
    "Rates",
    "Rejected",
    "Shared",
    "SourceErrors",
    "Standing",
    "Voided",
]


class Briefs(Drafts, Reviews, Publishing, Shares, Subscribers, Reading):
    """The calls of all subjects, on the flow's machines."""

    __slots__ = ()
