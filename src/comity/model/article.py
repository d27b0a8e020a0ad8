"""Public reporting: a source as it was held, a brief that rests on it, and what the gates said.

Offsets count characters of `Source.text`, half open. A brief never says of itself that it is right: the best a check
can say is `NOTHING_FOUND`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from comity.model.asked import Asked
from comity.model.handling import Tlp

NOTHING_FOUND: Final = "no mechanical mismatch found"
"""What a brief that passed every gate is called. Stronger words are forbidden: the gates miss most invented facts."""


class Span(NamedTuple):
    """Characters `start` up to, not including, `end` of the text it points into."""

    start: int
    end: int


class Origin(StrEnum):
    """How the words of a brief came about. There is no default: T01."""

    HUMAN = "human"
    EXTRACTIVE = "extractive"
    MODEL = "model"
    MODEL_HUMAN = "model+human"


class ReviewState(StrEnum):
    """Where a brief stands with its reviewer."""

    UNREVIEWED = "unreviewed"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    REJECTED = "rejected"


class Gate(StrEnum):
    """The checks, in the order in which they run: certain and cheap first."""

    IDENTIFIERS = "identifiers"
    NUMBERS = "numbers"
    DATES = "dates"
    QUOTES = "quotes"
    NAMES = "names"
    CERTAINTY = "certainty"
    ALIGNMENT = "alignment"
    BUDGET = "budget"
    CONFLICT = "conflict"
    ABSENCE = "absence"
    CHARACTERS = "characters"
    JUDGE = "judge"
    """Optional, and last: a language model's opinion. It never blocks and never clears."""


GATES: Final = tuple(gate for gate in Gate if gate is not Gate.JUDGE)
"""The gates that always run, in order."""


class Weight(StrEnum):
    """What a finding does: `block` keeps the brief from being published, `warn` is shown to the reviewer."""

    BLOCK = "block"
    WARN = "warn"


class SeenDate(NamedTuple):
    """A date that a document states of itself, as written, and where: `linked data`, `meta`, `feed`, `address`..."""

    origin: str
    role: str
    """`published`, `modified` or `unknown`."""
    value: str


class Polarity(StrEnum):
    """Whose an indicator is, as far as the words beside it say."""

    ATTACKER = "attacker"
    VICTIM = "victim"
    BENIGN = "benign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something a source names, where it stands, and why it was taken for that kind.

    A mention is no statement that the thing is right or hostile. `suggested` marks what rules only guess (ATT&CK).
    """

    kind: str
    value: str
    span: Span
    because: str
    polarity: Polarity = Polarity.UNKNOWN
    suggested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One document as it was retrieved.

    `published_at` None means unknown, and is never filled in with the time of retrieval (T13). `sha256` is of the
    bytes, `text_sha256` of `text` in UTF-8. `openly_licensed` lifts the copying limits (public domain, open licence);
    whoever registered the source says so, never the page. `marks` are provenance marks found upstream (T11).
    """

    name: str
    url: str
    title: str
    text: str
    author: str = ""
    publisher: str = ""
    published_at: datetime | None = None
    retrieved_at: datetime
    sha256: str
    text_sha256: str
    tlp: Tlp = Tlp.CLEAR
    openly_licensed: bool = False
    marks: tuple[str, ...] = ()
    stripped: tuple[str, ...] = ()
    """What was taken out before anything read the text: kinds only, such as `hidden element`."""
    kind: str = "page"
    """page, text, feed entry, csaf, osv, cve or kev."""
    canonical_url: str = ""
    """The address that the document itself calls its own; never followed."""
    etag: str = ""
    last_modified: str = ""
    """Validators of the answer it was fetched with, for the next look (RFC 9110 8.8); "" for a file."""
    published_from: str = "unknown"
    """Where `published_at` comes from."""
    dates: tuple[SeenDate, ...] = ()
    """Every date seen, with their disagreement."""
    reservations: tuple[str, ...] = ()
    """Signals by which a publisher reserves reading by machines, or a paywall. They forbid extract, quote and model."""
    licence: str = ""
    """Why the source is openly licensed, in the words of whoever registered it."""
    extractor: str = "comity/1"
    agreement: float | None = None
    """How far two readers agree on the text, 0 to 1; None when only one read it."""
    needs_person: tuple[str, ...] = ()
    """Why a person has to look at the text before anything made from it is published."""

    def __post_init__(self) -> None:
        for at in (self.published_at, self.retrieved_at):
            if at is not None and at.tzinfo is None:
                raise ValueError("times of a source carry their zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a brief and the spans of the source it rests on. No span: it can never be published (gate 7)."""

    text: str
    spans: tuple[Span, ...] = ()
    template: bool = False
    """Our own frame around extracted values, in extractive briefs only: it claims nothing but those values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A draft or a published brief. `paraphrase` is empty for a link brief, and `why_no_paraphrase` then says why."""

    id: str
    version: int = 1
    language: str = "en"
    title: str
    bottom_line: Sentence
    paraphrase: tuple[Sentence, ...] = ()
    why_no_paraphrase: str = ""
    origin: Origin
    quote: Sentence | None = None
    """At most one short quotation of a closed source, in a link brief."""
    class_primary: str = "unclassified"
    classes: tuple[str, ...] = ()
    genre: str = "unclear"
    asked: Asked | None = None
    """What was asked of a language model, or why it was not: a fallback is visible here. None: nobody asked."""
    tlp: Tlp = Tlp.CLEAR
    review_state: ReviewState = ReviewState.UNREVIEWED
    reviewer: str = ""
    editor_of_record: str = ""
    reviewed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.origin, Origin):
            raise TypeError("origin is one of human, extractive, model, model+human")

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Bottom line first, as it is read; a quotation last."""
        return (self.bottom_line, *self.paraphrase, *((self.quote,) if self.quote else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a gate saw. `sentence` counts from 0 (the bottom line); -1 is the brief as a whole.

    `found` are the words of the brief it is about, "" when something is missing. `reason` says what is wrong.
    """

    gate: Gate
    weight: Weight
    sentence: int
    found: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What all gates together found, and which of them ran."""

    gates: tuple[Gate, ...]
    findings: tuple[Finding, ...]

    @property
    def blocked(self) -> bool:
        """True when some finding keeps the brief from being published."""
        return any(finding.weight is Weight.BLOCK for finding in self.findings)

    @property
    def wording(self) -> str:
        """How the outcome reads, with the gates run. Never more than `NOTHING_FOUND`."""
        ran = ", ".join(self.gates)
        if self.blocked:
            return f"blocked: {sum(f.weight is Weight.BLOCK for f in self.findings)} mechanical mismatches ({ran})"
        if self.findings:
            return f"for a person to look at: {len(self.findings)} warnings ({ran})"
        return f"{NOTHING_FOUND} ({ran})"
