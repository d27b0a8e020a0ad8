"""The counter of canaries: from whose copies was a text made that turned up outside?"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from comity.access.policy import Action, allow
from comity.clearing import canaries, embargo, flow, flow_canaries
from comity.clearing.canaries import TEXT_LIMIT
from comity.model.coordination import Coordination, Part, Tier
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, Digest, PartyId, digest
from comity.model.party import Viewer
from comity.sealing.blind import NAME_BYTES
from comity.store import blind, coordinations, journal, parties, teams
from comity.store.engine import Tx

__all__ = ["TEXT_LIMIT", "Canaries", "Copy", "Shelf", "Traced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A recipient whose reference stands in the text."""

    case: CaseId
    seat: str
    name: str
    part: Part
    tier: Tier
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A member whose marked entries of the blind check stand in the text, and how many of them."""

    organisation: str
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What a text from outside was made from. `sha256` is the text's: it is all that is kept of it."""

    sha256: Digest
    copies: tuple[Copy, ...]
    shelves: tuple[Shelf, ...]
    says: str
    """What this shows, and what it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """The calls."""

    machines: flow.Machines

    def look(self, viewer: Viewer, text: bytes) -> Traced:
        """Whose copies a text was made from, among the cases that this coordinator sees; each hit is logged there.

        TooLarge above 256 KiB. Of the text itself nothing is kept but its digest, and that only where something hit.
        """
        allow(viewer, Action.COORDINATE)
        seen, entries, mark = canaries.in_text(text), canaries.tokens(text), digest(text)
        with self.machines.store.read() as tx:
            shelves = _shelves(tx, entries)
        with self.machines.store.write() as tx:
            copies = tuple(
                self._noted(tx, viewer, case, seat, member, mark)
                for seat, case, member in _holders(tx, viewer)
                if canaries.bare(flow_canaries.reference(tx, seat, member)) in seen
            )
        says = canaries.SAYS if copies or shelves else canaries.SILENT
        return Traced(sha256=mark, copies=copies, shelves=shelves, says=says)

    def _noted(self, tx: Tx, viewer: Viewer, case: CaseId, seat: str, member: PartyId | None, mark: Digest) -> Copy:
        """The copy, and a line in its case's log: once for each text."""
        held = coordinations.find(tx, case)
        assert held is not None
        one = held.participant(seat)
        assert one is not None
        why = f"text with SHA-256 {mark}"
        name = f"{parties.person(tx, member).name}, of {one.name}" if member else one.name
        told = f"a text from outside holds the reference of the copy of {name}"
        if not any(entry.act == "canary" and (entry.told, entry.why) == (told, why) for entry in held.log):
            self._log(tx, viewer, held, told, why)
        return Copy(
            case=case,
            seat=seat,
            name=name,
            part=one.part,
            tier=one.tier,
            reference=flow_canaries.reference(tx, seat, member),
        )

    def _log(self, tx: Tx, viewer: Viewer, held: Coordination, told: str, why: str) -> None:
        at = self.machines.now()
        who = parties.person(tx, viewer.person).name
        saved = coordinations.save(tx, embargo.logged(held, at=at, by=who, act="canary", told=told, why=why))
        facts = {"act": "canary", "embargo": str(saved.quiet)}
        key = f"coordinated:{held.case}:{saved.version}"
        event = Event(
            kind=Kind.CASE_COORDINATED, key=key, at=at, subjects=(held.case,), facts=facts, actor=viewer.person
        )
        journal.append(tx, event)


def _holders(tx: Tx, viewer: Viewer) -> Iterator[tuple[str, CaseId, PartyId | None]]:
    """Every copy: a seat's, and of a team's seat that of each person who was ever in the team."""
    seats = coordinations.seats_seen(tx, viewer)
    members: dict[PartyId, set[PartyId]] = {}
    for one in teams.memberships(tx, {team for _, _, team in seats if team is not None}):
        members.setdefault(one.team, set()).add(one.person)
    for seat, case, team in seats:
        yield seat, case, None
        for person in sorted(members.get(team, ())) if team is not None else ():
            yield seat, case, person


def _shelves(tx: Tx, entries: frozenset[bytes]) -> tuple[Shelf, ...]:
    names = {one.id: one.name for one in parties.all_organisations(tx)}
    found: Counter[str] = Counter()
    for given in blind.given(tx):
        made = flow_canaries.marked(tx, given.organisation, epoch=given.epoch, level=given.level, bucket=given.bucket)
        hits = canaries.is_named([one[:NAME_BYTES] for one in made], entries)
        if hits:
            found[names.get(given.organisation, given.organisation)] += hits
    return tuple(Shelf(organisation=name, entries=number) for name, number in sorted(found.items()))
