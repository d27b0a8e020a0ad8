"""The life of a directive that an authority writes here: draft, consultation, signature, publication, and what follows.

A 30-day clock runs from the draft to publication (Executive Order 14409 gives CISA, CNSS and the Secretary of War 30
days for their directives; the length is the authority's own setting for everything else). It never blocks: it shows.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from comity.model.asset import Domain
from comity.model.ids import Digest, PartyId

WINDOW: Final = timedelta(days=30)


class Stage(StrEnum):
    """Where a directive stands."""

    DRAFT = "draft"
    CONSULTATION = "in consultation"
    SIGNED = "signed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


MOVES: Final[dict[Stage, frozenset[Stage]]] = {
    Stage.DRAFT: frozenset({Stage.CONSULTATION, Stage.WITHDRAWN}),
    Stage.CONSULTATION: frozenset({Stage.DRAFT, Stage.SIGNED, Stage.WITHDRAWN}),
    Stage.SIGNED: frozenset({Stage.PUBLISHED, Stage.WITHDRAWN}),
    Stage.PUBLISHED: frozenset({Stage.WITHDRAWN}),
    Stage.WITHDRAWN: frozenset(),
}
"""A changed draft needs a new consultation; what is signed can no longer change."""


class Adoption(StrEnum):
    """How far a subscriber has taken a directive up."""

    NOT_YET = "not yet"
    PARTLY = "partly"
    ADOPTED = "adopted"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a consulted office says about one state of the draft. `agrees`: nothing to add or change."""

    office: PartyId
    office_name: str
    by_name: str
    at: datetime
    text: str
    agrees: bool
    draft: Digest
    """The state of the draft it speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A named person signs exactly these bytes; the host's key seals it."""

    by: PartyId
    by_name: str
    is_script: bool
    at: datetime
    draft: Digest
    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive in the making, or published. `pack` holds the file's bytes, checked whole."""

    id: str
    organisation: PartyId
    organisation_name: str
    domain: Domain | None
    pack_id: str
    pack_version: str
    title: str
    pack: bytes
    stage: Stage
    begun_at: datetime
    review_due: date
    offices: tuple[tuple[PartyId, str], ...] = ()
    """Consulted offices: id and name."""
    answer_by: datetime | None = None
    comments: tuple[Comment, ...] = ()
    signature: Signature | None = None
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    why_withdrawn: str = ""
    version: int = 0

    @property
    def publish_by(self) -> datetime:
        """The end of the 30-day clock."""
        return self.begun_at + WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """One organisation that follows a pack, in one domain: what it has acknowledged and how far it is."""

    organisation: PartyId
    organisation_name: str
    domain: Domain
    pack_id: str
    since: datetime
    acknowledged: tuple[tuple[str, datetime, str], ...] = ()
    """Version, when, and the name of the person who acknowledged it."""
    reports: tuple[tuple[datetime, Adoption, str, str], ...] = ()
    """When, how far, in which words, by whom; oldest first."""
