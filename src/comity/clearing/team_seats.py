"""Who could see a case through a team, from when until when, and by whom: computed from two histories, stored nowhere.

A seat says when a team was read in and out, memberships say who was in it meanwhile; somebody could see the case where
both hold. What their own roles reach is asked at every look and is no part of this: the journal has changes of roles.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.model.coordination import Coordination, Entry, Participant
from comity.model.ids import PartyId
from comity.model.team import Membership


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """One person's time at a team's seat. `ended_at` None: it goes on. `ended_by` "": it ended by itself."""

    seat: str
    team: str
    person: str
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    ended_by: str = ""

    def was_there(self, at: datetime) -> bool:
        """Whether the person could see the case at this moment."""
        return self.began_at <= at and (self.ended_at is None or at < self.ended_at)


def through(
    held: Coordination, memberships: Iterable[Membership], names: Mapping[PartyId, str], *, now: datetime
) -> tuple[Through, ...]:
    """Everybody who sat at a team's seat until now, by when they could begin to see. `names`: of people, by id."""
    seats = [one for one in held.participants if one.team is not None]
    found = [
        met
        for member in memberships
        for seat in seats
        if seat.team == member.team and (met := _met(held, seat, member, names, now)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.began_at, one.person, one.seat)))


def log(held: Coordination, seen: Iterable[Through]) -> tuple[Entry, ...]:
    """The log of a case, with a line for each person that a team's seat added or took away, in order of time."""
    lines = list(held.log)
    for one in seen:
        told = f"{one.person} takes part in the place of {one.team}"
        lines.append(Entry(at=one.began_at, by=one.began_by, act="team", told=told))
        if one.ended_at is not None:
            told = f"{one.person} no longer takes part in the place of {one.team}"
            lines.append(Entry(at=one.ended_at, by=one.ended_by, act="team", told=told))
    return tuple(sorted(lines, key=lambda line: line.at))


def _met(
    held: Coordination, seat: Participant, member: Membership, names: Mapping[PartyId, str], now: datetime
) -> Through | None:
    by = names.get(member.joined_by, member.joined_by)
    began_at, began_by = max((seat.read_in_at, seat.read_in_by), (member.joined_at, by), key=lambda one: one[0])
    ends = [(one, by) for one, by in _ends(held, seat, member, names) if one is not None and one <= now]
    ended_at, ended_by = min(ends, key=lambda one: one[0]) if ends else (None, "")
    if ended_at is not None and ended_at <= began_at:
        return None
    return Through(
        seat=seat.id,
        team=seat.name,
        person=names.get(member.person, member.person),
        began_at=began_at,
        began_by=began_by,
        ended_at=ended_at,
        ended_by=ended_by,
    )


def _ends(
    held: Coordination, seat: Participant, member: Membership, names: Mapping[PartyId, str]
) -> tuple[tuple[datetime | None, str], ...]:
    read_out = (line.by for line in held.log if line.act == "read out" and line.at == seat.read_out_at)
    left = names.get(member.left_by, member.left_by) if member.left_by else ""
    return (member.left_at, left), (seat.read_out_at, next(read_out, "")), (seat.expires_at, "")
