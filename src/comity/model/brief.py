"""A brief with all that stands behind it: sources, provenance, review, claims, corrections.

`Record` is what an editor works on and is sealed at rest; `Published` is what anybody reads, made from it. A record
that calls itself reviewed carries the evidence of it, or the value refuses to exist: a label cannot lie.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from comity.model.article import Brief, Origin, ReviewState, Source, Span
from comity.model.ids import Digest, PartyId, digest

MOVES: Final[Mapping[ReviewState, frozenset[ReviewState]]] = {
    ReviewState.UNREVIEWED: frozenset({ReviewState.IN_REVIEW}),
    ReviewState.IN_REVIEW: frozenset({ReviewState.REVIEWED, ReviewState.REJECTED, ReviewState.UNREVIEWED}),
    ReviewState.REVIEWED: frozenset({ReviewState.UNREVIEWED}),
    ReviewState.REJECTED: frozenset({ReviewState.UNREVIEWED}),
}
"""Every move of a review. `reviewed` is entered from a sitting alone, and left by any edit, regeneration or doubt."""


class Decision(StrEnum):
    """What the reviewer says of one sentence."""

    HOLDS = "holds"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What is recorded of a source for good. A date that is not known is None, and is shown as "unknown" (T13)."""

    name: str
    url: str
    canonical_url: str = ""
    author: str = ""
    publisher: str = ""
    published_at: datetime | None = None
    published_from: str = ""
    """Where the date was found: linked data, meta element, feed, text; "" when unknown."""
    retrieved_at: datetime
    sha256: str
    text_sha256: str
    extractor: str = "comity"
    extractor_version: str = "1"
    marks: tuple[str, ...] = ()
    """Provenance marks found upstream, passed on as they are (T11)."""
    licence: str = ""
    reservation: str = ""
    independent_origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One gate of one run: `outcome` is passed, warned or blocked; `evidence` the reasons, shortened."""

    gate: str
    version: str
    outcome: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How the words came about, enough to run the gates again and get the same (T12)."""

    pipeline_version: str
    config_hash: str
    model_id: str = "none"
    parameters: tuple[tuple[str, str], ...] = ()
    prompt_hash: str = ""
    sources: tuple[SourceFacts, ...]
    gate_results: tuple[GateResult, ...] = ()
    fallback: str = ""
    """Why model mode was left for the keyless one; "" when it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something named. `in_mirror` None: nobody looked; False: not in our mirror."""

    kind: str
    value: str
    span: Span
    in_mirror: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOrigin:
    """Where a claim stands: a source, the words' place in it, and the words."""

    source: str
    url: str
    span: Span
    words: str
    retrieved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One checkable statement. `rung` is its certainty, from 0 (denied or hedged) up to fact, as the lock counts it."""

    subject: str
    predicate: str
    value: str
    as_of: datetime | None = None
    rung: int = 0
    sentence: int = -1
    """Number of the sentence of the brief that rests on it; -1 when the brief does not use it."""
    origins: tuple[ClaimOrigin, ...] = ()

    @property
    def key(self) -> str:
        """Claims of one key speak of the same thing."""
        return f"{self.subject}\n{self.predicate}"


class Relation(StrEnum):
    """How a later claim stands to an earlier one of the same key."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    SUPERSEDES = "supersedes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two values for one thing, each with its origin. Neither is chosen. `note` says what better evidence there is."""

    subject: str
    predicate: str
    ours: Claim
    theirs: Claim
    standing: str = "disputed"
    """`disputed`, or `wrong` where primary or agreed evidence contradicts."""
    note: str = ""
    brief: str = ""
    """Id of the other brief; "" for evidence that ships with Comity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something published elsewhere that a brief rests on or points to. `state` is its digest when it was linked."""

    kind: str
    """advisory, case, clause, deadline or mirror."""
    target: str
    because: str
    """The words that join them."""
    says: str = ""
    url: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One search of what this host holds for one weakness. `scope` is the kind of thing that was searched, singular.

    `found` are ids of what names it: empty means that none of the `searched` did at that moment, and no more than that.
    """

    subject: str
    scope: str
    searched: int
    at: datetime
    until: datetime
    """After this it is to be searched again before anybody states it."""
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision on one sentence, bound to its words."""

    sentence: int
    words: Digest
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a review sitting: a sentence of the brief, or (`sentence` -1) an error planted for this sitting."""

    text: str
    spans: tuple[Span, ...]
    sentence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A review that has begun and is not over."""

    id: str
    reviewer: PartyId
    reviewer_name: str
    is_script: bool = False
    began_at: datetime
    items: tuple[Item, ...]
    opened: tuple[str, ...] = ()
    """Addresses of the sources that the reviewer opened."""

    @property
    def planted(self) -> frozenset[int]:
        """Numbers of the items that are planted errors."""
        return frozenset(number for number, item in enumerate(self.items) if item.sentence < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """The evidence of a review that counts: who, when, each decision, which sources, and whose responsibility."""

    reviewer: PartyId
    reviewer_name: str
    is_script: bool = False
    editor_of_record: PartyId
    editor_name: str
    began_at: datetime
    at: datetime
    rulings: tuple[Ruling, ...]
    opened_sources: tuple[str, ...]
    words: Digest
    """Of exactly the words that were reviewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A change after publication, visible for good. `was` and `now` are the sentences that changed."""

    at: datetime
    version: int
    note: str
    was: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    by: str = ""
    kind: str = "correction"
    """correction, or withdrawal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A withdrawn brief: its words are gone from every channel, and this stays."""

    at: datetime
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft with what it was made from, as the pipeline or an editor hands it over.

    The spans of the sentences point into `sources[0]`; the others are further origins of the same story.
    """

    brief: Brief
    sources: tuple[Source, ...]
    provenance: Provenance
    entities: tuple[Entity, ...] = ()
    model_tokens: int | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a brief rests on at least one source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A brief with everything behind it.

    `makers` are all who wrote, ran or edited it: none of them can review it. `revision` counts saved states, for the
    store; `brief.version` counts texts. ValueError for a record that calls itself reviewed and lacks the evidence.
    """

    brief: Brief
    sources: tuple[Source, ...]
    provenance: Provenance
    makers: tuple[PartyId, ...]
    made_at: datetime
    revision: int = 0
    entities: tuple[Entity, ...] = ()
    claims: tuple[Claim, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    links: tuple[Link, ...] = ()
    absences: tuple[Absence, ...] = ()
    """What was looked for among what this host holds, and how that went."""
    model_tokens: int | None = None
    sitting: Sitting | None = None
    review: Reviewed | None = None
    rejected_because: str = ""
    banner: str = ""
    """Why a reviewed brief was reopened, shown above it until it is reviewed again."""
    published_at: datetime | None = None
    modified_at: datetime | None = None
    corrections: tuple[Correction, ...] = ()
    supersedes: str = ""
    tombstone: Tombstone | None = None

    def __post_init__(self) -> None:
        lacking = lacks(self)
        if self.brief.review_state is ReviewState.REVIEWED and lacking:
            raise ValueError(f"a reviewed brief shows its review: {', '.join(lacking)}")
        if (self.brief.review_state is ReviewState.IN_REVIEW) is not (self.sitting is not None):
            raise ValueError("a brief is in review exactly while somebody sits over it")

    @property
    def id(self) -> str:
        """The brief's own."""
        return self.brief.id

    @property
    def source(self) -> Source:
        """The one that the sentences rest on."""
        return self.sources[0]

    @property
    def is_published(self) -> bool:
        """True while its words are public."""
        return self.published_at is not None and self.tombstone is None


def lacks(record: Record) -> tuple[str, ...]:
    """What stands between this record and `reviewed`: nothing, or the evidence that is missing (T04)."""
    held = record.review
    if held is None:
        return ("no review",)
    missing = []
    if not held.reviewer or not held.reviewer_name:
        missing.append("no reviewer")
    if held.reviewer in record.makers:
        missing.append("the reviewer made the text")
    if not held.editor_of_record or not held.editor_name:
        missing.append("no editor of record")
    if not set(held.opened_sources) & {source.url for source in record.sources}:
        missing.append("no source opened")
    if held.words != words_of(record.brief):
        missing.append("the words are not those that were reviewed")
    ruled = {(one.sentence, one.words) for one in held.rulings if one.decision is Decision.HOLDS}
    wanted = {(number, digest(one.text.encode())) for number, one in enumerate(record.brief.sentences)}
    if ruled != wanted or len(held.rulings) != len(wanted):
        missing.append("not every sentence was decided to hold")
    return tuple(missing)


def words_of(brief: Brief) -> Digest:
    """Digest of all that a reader reads and a reviewer decides on: any edit, of one character even, changes it."""
    read = [brief.language, brief.title, brief.class_primary, *brief.classes, brief.origin.value]
    read += [one.text for one in brief.sentences]
    spans = [f"{span.start}-{span.end}" for one in brief.sentences for span in one.spans]
    return digest("\n".join([*read, *spans]).encode())


def unreviewed(record: Record, *, brief: Brief | None = None, banner: str = "") -> Record:
    """The record with its review gone, and with other words where `brief` is given."""
    plain = replace(
        brief or record.brief,
        review_state=ReviewState.UNREVIEWED,
        reviewer="",
        editor_of_record="",
        reviewed_at=None,
    )
    return replace(record, brief=plain, review=None, sitting=None, banner=banner or record.banner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence as published. `rests_on` are the source's words where its terms allow; `places` always."""

    text: str
    places: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    withheld: str = ""
    """Why the source's words are not shown beside it; "" when they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What anybody reads, in every channel: the same label, the same mark, the same words."""

    id: str
    version: int
    language: str
    label: str
    mark: str
    """IPTC digital source type as a URI; "" for text by a person."""
    schema_mark: str
    title: str
    lines: tuple[Line, ...]
    """Bottom line first. Empty in a withdrawn brief."""
    why_no_paraphrase: str = ""
    origin: Origin
    review_state: ReviewState
    reviewer: str = ""
    editor_of_record: str = ""
    reviewed_at: datetime | None = None
    class_primary: str
    classes: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    claims: tuple[Claim, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    links: tuple[Link, ...] = ()
    absences: tuple[Absence, ...] = ()
    """What was looked for and not found when this state was made."""
    analyst: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    """The same facts for an analyst and for a small operator, from one set of claims."""
    provenance: Provenance
    checked: str = ""
    """What the gates found, in their own words: never more than "no mechanical mismatch found"."""
    banner: str = ""
    tlp: str
    published_at: datetime
    modified_at: datetime
    corrections: tuple[Correction, ...] = ()
    supersedes: str = ""
    tombstone: Tombstone | None = None
    url: str
    publisher: str
