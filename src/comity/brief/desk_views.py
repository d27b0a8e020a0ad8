"""What the counter of briefs gives: rows, views and answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.model.article import Checked, ReviewState
from comity.model.brief import Published, Record
from comity.model.handling import Tlp


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """One line of the editors' queue."""

    id: str
    title: str
    state: ReviewState
    origin: str
    kind: str
    source: str
    tlp: Tlp
    made_at: datetime
    is_published: bool
    is_withdrawn: bool
    banner: str
    blocked: bool
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Newest first; `next` is the cursor of the next page or "" at the end."""

    rows: tuple[DraftRow, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """Somebody who may answer for a publication."""

    id: str
    name: str
    is_script: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One receiver told of one correction or withdrawal, with the receipt. `number` counts those of the brief."""

    brief: str
    number: int
    receiver: str
    receipt: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    """A draft for whoever looks: what gates say now, what is missing, what this viewer may do."""

    record: Record
    checked: Checked
    asserted: tuple[tuple[int, str, str], ...]
    """(sentence, claim, better evidence) where the draft states a known wrong or disputed claim as fact."""
    lacking: tuple[str, ...]
    may_review: bool
    sits: bool
    hindrance: str
    """Why it cannot be published now; "" when it can."""
    editors: tuple[Editor, ...]
    notices: tuple[Notice, ...]
    floor_seconds: int
    share_days: int
    week_words: int
    """Words of the same site that other briefs of the last seven days made public; the limit is the budget's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Public briefs, newest first, tombstones among them."""

    rows: tuple[Published, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefView:
    """A public brief. `article` is the HTML of the page channel, `linked` the JSON-LD data block."""

    public: Published
    article: str
    linked: str
    files: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One form of a brief. `mark` is the machine mark that goes into the HTTP header, "" for none."""

    name: str
    media_type: str
    data: bytes
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A share link; it is shown once and not kept in clear."""

    secret: str
    url: str
    ends_at: datetime
    removed: Mapping[str, int]
    kept: tuple[tuple[str, str, str], ...]


class Answer(StrEnum):
    """Was this text published here?"""

    YES = "yes"
    NEAR = "near"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """The answer, and which brief it is about. `bits` of 256 differ where the answer is near."""

    answer: Answer
    brief: str = ""
    version: int = 0
    url: str = ""
    mark: str = ""
    label: str = ""
    bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Sums over everything: how reviews ended, planted errors, and what was published wrong by our own error."""

    counted: int
    rejected: int
    voided: int
    planted: int
    caught: int
    published: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceErrors:
    """What turned out wrong of one source and kind of claim. `whose` is ours or source."""

    source: str
    predicate: str
    whose: str
    count: int
    last: datetime
    note: str
