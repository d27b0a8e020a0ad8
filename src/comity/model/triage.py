"""What was done about one finding: fixed, mitigated, and for the three-day tiers the assessment of compromise.

Evidence items form a chain: each holds the digest of the one before it, so none can be changed, swapped or dropped.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.model.asset import Domain, StatedInput
from comity.model.ids import AssetId, Digest, PartyId


class Compromise(StrEnum):
    """What a triage ends with (CISA's guidance to BOD 26-04, as one vendor reports it)."""

    NO_EVIDENCE = "no evidence"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of evidence. `place` says where it is kept: Comity holds the digest, never the evidence itself."""

    number: int
    name: str
    volatile: bool
    """True for what a patch or a restart destroys: memory, connections, processes."""
    collector: str
    collected_at: datetime
    tool: str
    sha256: Digest
    place: str
    previous: Digest
    hash: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """A step of the triage was finished by a named person."""

    step: str
    at: datetime
    by: PartyId
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTaken:
    """Something to search for that a named person took over into the triage, whoever proposed it."""

    key: str
    query: str
    source: str
    at: datetime
    by: PartyId
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A named person lets the patch go before volatile evidence exists, and says why."""

    reason: str
    at: datetime
    by: PartyId
    by_name: str
    is_script: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The decision on compromise, by a named person."""

    compromise: Compromise
    reason: str
    at: datetime
    by: PartyId
    by_name: str
    is_script: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """One assessment of compromise. `begins` is what its hours count from, by the parameter of the pack."""

    opened_at: datetime
    opened_by: str
    begins: datetime
    counts_from: str
    """Sentence: which event and which parameter."""
    items: tuple[Item, ...] = ()
    steps: tuple[StepDone, ...] = ()
    override: Override | None = None
    ended: Ended | None = None
    manifest: bytes = b""
    """Signed manifest (DSSE envelope) of the items and the decision; empty until it is signed."""
    leads: tuple[LeadTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What people did about one vulnerability on one asset."""

    organisation: PartyId
    domain: Domain
    asset: AssetId
    vulnerability: str
    mitigated_at: datetime | None = None
    mitigation: str = ""
    done_at: datetime | None = None
    done: str = ""
    """How it was remediated, in a sentence."""
    by_name: str = ""
    triage: Triage | None = None
    inputs: tuple[StatedInput, ...] = ()
    """What people stated of the two together for directives, oldest first."""
    version: int = 0
