"""What the journal says happened: ids and public facts only, because every desk reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Every kind of journal entry, past tense."""

    HOST_STARTED = "host.started"
    ACCOUNT_MADE = "account.made"
    ACCOUNT_CHANGED = "account.changed"
    GLASS_ASKED = "glass.asked"
    GLASS_BROKEN = "glass.broken"
    GLASS_ENDED = "glass.ended"
    REPORT_RECEIVED = "report.received"
    REPORT_DECONFLICTED = "report.deconflicted"
    CASE_OPENED = "case.opened"
    CASE_MOVED = "case.moved"
    CASE_MERGED = "case.merged"
    CASE_SPLIT = "case.split"
    BATCH_RECEIVED = "batch.received"
    BATCH_TAKEN = "batch.taken"
    RULES_CHANGED = "rules.changed"
    CASE_VALIDATED = "case.validated"
    CASE_PRIORITISED = "case.prioritised"
    PATCH_OFFERED = "patch.offered"
    PATCH_ASKED = "patch.asked"
    PATCH_CLIMBED = "patch.climbed"
    PATCH_REVIEWED = "patch.reviewed"
    CASE_COORDINATED = "case.coordinated"
    CASE_READ_IN = "case.read-in"
    CASE_READ_OUT = "case.read-out"
    CASE_CLOCK = "case.clock"
    CASE_HANDED_OVER = "case.handed-over"
    HAND_OVER_SETTLED = "case.hand-over-settled"
    CASE_TAKEN_OVER = "case.taken-over"
    PARTNER_CHANGED = "partner.changed"
    DRAFT_MADE = "draft.made"
    DRAFT_APPROVED = "draft.approved"
    ADVISORY_PUBLISHED = "advisory.published"
    OBJECTS_ADDED = "objects.added"
    OBJECTS_DELETED = "objects.deleted"
    OBJECT_SHARED = "object.shared"
    OBJECT_UNSHARED = "object.unshared"
    BRIEF_KEPT = "brief.kept"
    BRIEF_REVIEWED = "brief.reviewed"
    BRIEF_REOPENED = "brief.reopened"
    BRIEF_PUBLISHED = "brief.published"
    BRIEF_CORRECTED = "brief.corrected"
    BRIEF_WITHDRAWN = "brief.withdrawn"
    BRIEF_SHARED = "brief.shared"
    BRIEF_NOTIFIED = "brief.notified"
    MIRROR_UPDATED = "mirror.updated"
    STANDING_APPEALED = "standing.appealed"
    STANDING_DECIDED = "standing.decided"
    CAPACITY_AGREED = "capacity.agreed"
    INTAKE_RELEASED = "intake.released"
    SCAN_CLAIMED = "scan.claimed"
    SCAN_ENDED = "scan.ended"
    BLIND_EPOCH_BEGAN = "blind.epoch-began"
    BLIND_ASKED = "blind.asked"
    BLIND_SETTLED = "blind.settled"
    ENGAGEMENT_STARTED = "engagement.started"
    ENGAGEMENT_MOVED = "engagement.moved"
    PROTOCOL_FROZEN = "engagement.frozen"
    WEAKNESS_FOUND = "weakness.found"
    EVIDENCE_ERASED = "evidence.erased"
    AI_MOVED = "ai.moved"
    AI_MEASURED = "ai.measured"
    AI_GRANTED = "ai.granted"
    EXPOSURE_CONFIRMED = "exposure.confirmed"
    SNAPSHOT_MADE = "snapshot.made"
    DIRECTIVE_MOVED = "directive.moved"
    DIRECTIVE_COMMENTED = "directive.commented"
    DIRECTIVE_FOLLOWED = "directive.followed"
    FINDING_WORKED = "finding.worked"
    TRIAGE_MOVED = "triage.moved"
    INVENTORY_RECEIVED = "inventory.received"
    INVENTORY_MATCHED = "inventory.matched"
    ASSET_CHANGED = "asset.changed"
    RISK_ACCEPTED = "risk.accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry. `key` makes it idempotent: the same key is journalled once, however often a step runs again."""

    kind: Kind
    key: str
    at: datetime
    subjects: tuple[str, ...] = ()
    """Ids of what it is about."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Public facts: stages, counts, digests. Never report text, never a name of a person not acting here."""
    actor: str = ""
    """Id of the person, script or flow that did it."""
