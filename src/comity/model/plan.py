"""Remediation plans: what is known (a closed pack of records, each by its digest) and what is said of it, sentence by
sentence, each citing the records it stands on. Nothing may be said that the records do not hold.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from comity.model.ids import Digest


class RecordKind(StrEnum):
    """What a record is about."""

    ASSET = "asset"
    COMPONENT = "component"
    FINDING = "finding"
    """A vulnerability first seen on a component of the asset, and on which day."""
    FEED = "feed"
    ADVISORY = "advisory"
    KEV = "kev"
    SSVC = "ssvc"
    EXPOSURE = "exposure"
    VEX = "vex"
    DEADLINE = "deadline"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that is known: facts by name, who says so, and as of when.

    `text` is what the source wrote in free words (an advisory's summary). It is shown beside the record as data; no
    sentence is made of it, and no model is given it.
    """

    kind: RecordKind
    facts: Mapping[str, str]
    source: str
    as_of: datetime | None = None
    text: str = ""

    @cached_property
    def digest(self) -> Digest:
        """SHA-256 of the record as canonical JSON: whoever changes one character cites another record."""
        tree = {
            "as_of": self.as_of.astimezone(UTC).isoformat() if self.as_of else None,
            "facts": dict(self.facts),
            "kind": str(self.kind),
            "source": self.source,
            "text": self.text,
        }
        text = json.dumps(tree, sort_keys=True, separators=(",", ":"))
        return Digest(hashlib.sha256(text.encode()).hexdigest())

    def fact(self, name: str) -> str:
        """A fact; "" when the record does not say."""
        return self.facts.get(name, "")


@dataclass(frozen=True, kw_only=True)
class EvidencePack:
    """All that a plan for one asset may stand on. Closed: a sentence cites records of this pack or is refused."""

    records: tuple[Record, ...]
    at: datetime
    """The moment the pack was put together: what "overdue" and "fresh" are judged at."""

    @cached_property
    def by_digest(self) -> Mapping[Digest, Record]:
        """The records by digest."""
        return {record.digest: record for record in self.records}

    @cached_property
    def digest(self) -> Digest:
        """Of the moment and all digests, in text order."""
        lines = [self.at.astimezone(UTC).isoformat(), *sorted(self.by_digest)]
        return Digest(hashlib.sha256("\n".join(lines).encode()).hexdigest())

    @cached_property
    def worked_out(self) -> dict[tuple[Digest, ...], Any]:
        """What was computed from records of this pack, by their digests: a pure answer is the same each time."""
        return {}

    @cached_property
    def _by_kind(self) -> Mapping[RecordKind, tuple[Record, ...]]:
        held: dict[RecordKind, list[Record]] = {}
        for record in self.records:
            held.setdefault(record.kind, []).append(record)
        return {kind: tuple(some) for kind, some in held.items()}

    def of(self, kind: RecordKind, **facts: str) -> Iterator[Record]:
        """Records of a kind with exactly these facts, in the pack's order."""
        return (
            record
            for record in self._by_kind.get(kind, ())
            if all(record.fact(name) == value for name, value in facts.items())
        )


class SentenceKind(StrEnum):
    """What a sentence says. Each kind has one form of words, one set of records it needs, one way to be recomputed."""

    COUNT = "count"
    REACHED = "reached"
    POSSIBLE = "possible"
    UPGRADE = "upgrade"
    MAJOR = "major step"
    PARTIAL = "partial upgrade"
    NO_FIX = "no fix"
    UNSOLVED = "unsolved"
    SHIELD = "shield"
    EXPLOITED = "exploited"
    ROW = "row"
    DUE = "due"
    OVERDUE = "overdue"
    KEV_DUE = "catalogue date"
    NEXT_UPGRADE = "next upgrade"
    NO_UPGRADE_DATE = "no upgrade date"
    UNDECIDED = "undecided"
    UNTIMED = "no date"
    TRIAGE = "triage"
    ASSUMED = "assumed"
    ADVICE_ONLY = "binds nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One claim in words, with the records it stands on. `about` groups sentences: a package or a vulnerability."""

    kind: SentenceKind
    text: str
    cites: tuple[Digest, ...]
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do about one asset, in order. `evidence` is the digest of the pack that every sentence was held against.

    `worded_by` is "" for a plan worded by Comity's own templates, else the model's name as its endpoint knows it.
    `note` says why a model that was asked did not word it.
    """

    asset: str
    evidence: Digest
    at: datetime
    sentences: tuple[Sentence, ...] = field(default=())
    worded_by: str = ""
    note: str = ""
