"""Teams: named groups of people of one organisation, and when somebody was in one.

Who is in a team may see what it was read in to, as far as their own roles reach. Times stay when somebody leaves, so
that who could see what on a day stays answerable.
"""

from dataclasses import dataclass
from datetime import datetime

from comity.model.ids import PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A group. It lasts; who is in it changes."""

    id: PartyId
    name: str
    organisation: PartyId
    made_at: datetime
    made_by: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One time that somebody was in a team: from `joined_at` until just before `left_at`; None, they are in it."""

    team: PartyId
    person: PartyId
    joined_at: datetime
    joined_by: PartyId
    left_at: datetime | None = None
    left_by: PartyId | None = None
