"""The JSON shapes of directives: packs as data, one in the making, and whoever follows it.

Nothing but shapes: the terminal reads the same, also where no store is installed.
"""

from datetime import date, datetime
from typing import Any

from msgspec import Struct

from comity.api.deadline_shapes import PackNote


class PackLine(Struct, frozen=True, kw_only=True):
    """One pack. `shipped` false: published on this host."""

    pack: str
    version: str
    title: str
    kind: str
    binds: str
    shipped: bool
    certainty: str
    followed: bool
    acknowledged: bool


class Packs(Struct, frozen=True, kw_only=True):
    """Every pack that the caller may read. What ships is a transcription: compare with the authority's own text."""

    rows: tuple[PackLine, ...]


class DutyBody(Struct, frozen=True, kw_only=True):
    """A dated duty, whom it binds, and what is known to have come of it."""

    id: str
    actor: str
    text: str
    binding_on: tuple[str, ...]
    due_at: datetime | None
    passed: bool
    result: str
    certainty: str
    secondary: bool


class AcknowledgedBody(Struct, frozen=True, kw_only=True):
    """Somebody confirmed that their organisation has read a version."""

    version: str
    at: datetime
    by_name: str


class AdoptionBody(Struct, frozen=True, kw_only=True):
    """How far a follower is, in its own words."""

    at: datetime
    adoption: str
    text: str
    by_name: str


class FollowerBody(Struct, frozen=True, kw_only=True):
    """One organisation that follows a pack."""

    organisation_name: str
    domain: str
    pack_id: str
    since: datetime
    acknowledged: tuple[AcknowledgedBody, ...]
    reports: tuple[AdoptionBody, ...]


class PackBody(Struct, frozen=True, kw_only=True):
    """One pack whole: `pack` has its inputs, table, outcomes, clock, parameters and sources as data."""

    note: PackNote
    pack: dict[str, Any]
    duties: tuple[DutyBody, ...]
    follower: FollowerBody | None
    followers: tuple[FollowerBody, ...]
    may_follow: bool


class DraftLine(Struct, frozen=True, kw_only=True):
    """One directive in the making."""

    id: str
    pack_id: str
    pack_version: str
    title: str
    stage: str
    clock: str
    late: bool


class Drafts(Struct, frozen=True, kw_only=True):
    """What the caller writes, or is asked about."""

    rows: tuple[DraftLine, ...]


class OfficeBody(Struct, frozen=True, kw_only=True):
    """One consulted office. `silent`: it has said nothing about this state of the draft."""

    name: str
    comments: int
    agrees: bool
    silent: bool


class CommentBody(Struct, frozen=True, kw_only=True):
    """What an office says about one state of the draft."""

    office_name: str
    by_name: str
    at: datetime
    text: str
    agrees: bool


class DirectiveBody(Struct, frozen=True, kw_only=True):
    """One directive in the making or published. `draft_sha256` is what a signature names."""

    id: str
    pack_id: str
    pack_version: str
    title: str
    stage: str
    clock: str
    late: bool
    review_due: date
    draft_sha256: str
    offices: tuple[OfficeBody, ...]
    comments: tuple[CommentBody, ...]
    followers: tuple[FollowerBody, ...]
    why_not_signed: str
    is_author: bool
    may_comment: bool


class Consult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask these offices, named by organisation, for comments within some days."""

    offices: list[str]
    days: int = 10


class Say(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say something for one's own office, or agree."""

    text: str = ""
    agrees: bool = False


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sign exactly the draft with this digest, in one's own name."""

    draft_sha256: str


class Withdraw(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take it back, with a reason."""

    why: str


class Acknowledge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Confirm that one's organisation has read a version; the newest when none is named."""

    version: str = ""


class Adopted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`adoption` is one of: not yet, partly, adopted, not applicable."""

    adoption: str
    text: str = ""
