"""The counter for directives: read the packs, write one, consult, sign, publish; follow one, acknowledge, report.

Shipped packs are public. One written here is its author's until it is published, and the consulted offices'. A pack of
a domain is met only by those who meet that domain; that is decided in the store's queries.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.access.policy import Action, allow, may
from comity.defend import authoring, clock
from comity.defend.authoring import Day, Office
from comity.defend.flow import Machines
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.formats import directive as reader
from comity.model import ids
from comity.model.asset import Domain, domains
from comity.model.authoring import Adoption, Directive, Follower, Signature, Stage
from comity.model.directive import DutyRule, Pack
from comity.model.events import Event, Kind
from comity.model.ids import PartyId, digest
from comity.model.party import Person, Viewer
from comity.sealing import statement
from comity.sealing.keys import SigningKey
from comity.store import directives, journal, parties
from comity.store.engine import Tx

__all__ = ["DirectiveView", "Directives", "DutyRow", "Known", "PackView"]

SIGNED: Final = "https://comity.invalid/directive/v1"
"""Predicate type of a signed directive. The name is a name: nothing is fetched from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRow:
    """A dated duty and its day, when it has one."""

    duty: DutyRule
    due_at: datetime | None
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A pack one may read: shipped with Comity, or published here."""

    pack: Pack
    shipped: bool
    published: Directive | None
    follows: bool
    acknowledged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    """One pack with what a reader and a follower need."""

    known: Known
    duties: tuple[DutyRow, ...]
    follower: Follower | None
    followers: tuple[Follower, ...]
    """For its author only."""
    may_follow: bool
    source: bytes
    """The file itself; empty for the order, whose pack has another shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveView:
    """One directive in the making, or published, as its author or a consulted office sees it."""

    directive: Directive
    pack: Pack
    day: Day
    offices: tuple[Office, ...]
    followers: tuple[Follower, ...]
    why_not_signed: str
    digest: str
    is_author: bool
    may_comment: bool
    others: tuple[tuple[PartyId, str], ...]
    """Organisations that could be consulted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """The calls. `key` seals what a named person signs."""

    machines: Machines
    key: SigningKey
    demo: bool = False

    # Reading ---------------------------------------------------------------------------------------------------------

    def packs(self, viewer: Viewer) -> tuple[Known, ...]:
        """Every pack this viewer may read: shipped ones first, then published ones, newest version first."""
        allow(viewer, Action.READ_DIRECTIVES)
        with self.machines.store.read() as tx:
            followed = {one.pack_id: one for one in directives.followed(tx, viewer.organisation, viewer)}
            published = directives.every(tx, viewer, stage=Stage.PUBLISHED)
        found = [self._known(pack, None, followed) for pack in reader.every_shipped()]
        found += [self._known(reader.read(one.pack), one, followed) for one in published]
        return tuple(found)

    def pack(self, viewer: Viewer, name: str, version: str = "") -> PackView:
        """One pack; the newest version when none is named. Missing when there is none for this viewer."""
        known = next(
            (
                one
                for one in reversed(self.packs(viewer))
                if one.pack.id == name and (not version or one.pack.version == version)
            ),
            None,
        )
        if known is None:
            raise Missing(f"no pack {name} {version}".strip())
        now = self.machines.now()
        with self.machines.store.read() as tx:
            own = directives.followed(tx, viewer.organisation, viewer)
            author = known.published is not None and known.published.organisation == viewer.organisation
            all_ = directives.followers(tx, name, viewer) if author and may(viewer, Action.AUTHOR_DIRECTIVE) else ()
        pack = known.pack
        source = known.published.pack if known.published is not None else _source(pack.id)
        return PackView(
            known=known,
            duties=tuple(_duty(pack, one, self.machines.settings.zone or "UTC", now) for one in pack.duties),
            follower=next((one for one in own if one.pack_id == name), None),
            followers=all_,
            may_follow=may(viewer, Action.FOLLOW_DIRECTIVE) and _fitting(pack, viewer) is not None,
            source=source,
        )

    def _known(self, pack: Pack, published: Directive | None, followed: dict[str, Follower]) -> Known:
        follower = followed.get(pack.id)
        return Known(
            pack=pack,
            shipped=published is None,
            published=published,
            follows=follower is not None,
            acknowledged=follower is not None and any(v == pack.version for v, _, _ in follower.acknowledged),
        )

    # Writing ---------------------------------------------------------------------------------------------------------

    def drafts(self, viewer: Viewer) -> tuple[tuple[Directive, Day], ...]:
        """What this viewer writes, or is asked about, with the 30-day clock of each."""
        allow(viewer, Action.COMMENT_DIRECTIVE)
        now = self.machines.now()
        with self.machines.store.read() as tx:
            found = directives.every(tx, viewer)
        mine = [
            one
            for one in found
            if one.organisation == viewer.organisation or viewer.organisation in {office for office, _ in one.offices}
        ]
        return tuple((one, authoring.clock(one, now)) for one in mine)

    def directive(self, viewer: Viewer, id_: str) -> DirectiveView:
        """One directive. Missing when there is none for this viewer."""
        allow(viewer, Action.COMMENT_DIRECTIVE)
        now = self.machines.now()
        with self.machines.store.read() as tx:
            held = directives.get(tx, id_, viewer)
            author = held.organisation == viewer.organisation and may(viewer, Action.AUTHOR_DIRECTIVE)
            followers = directives.followers(tx, held.pack_id, viewer) if author else ()
            others = [(one.id, one.name) for one in parties.all_organisations(tx) if one.id != held.organisation]
        return DirectiveView(
            directive=held,
            pack=reader.read(held.pack),
            day=authoring.clock(held, now),
            offices=authoring.offices(held),
            followers=followers,
            why_not_signed=authoring.may_be_signed(held, now),
            digest=authoring.bytes_digest(held),
            is_author=author,
            may_comment=held.stage is Stage.CONSULTATION
            and viewer.organisation in {office for office, _ in held.offices},
            others=tuple(others) if author else (),
        )

    def draft(self, viewer: Viewer, data: bytes) -> Directive:
        """A new draft out of a pack file. Invalid lists every violation; Forbidden for another's domain."""
        allow(viewer, Action.AUTHOR_DIRECTIVE)
        pack = reader.read(data)
        if pack.domain is not None and pack.domain not in domains(viewer):
            raise Forbidden(f"a directive for the domain {pack.domain} is written by somebody who works in it")
        at = self.machines.now()
        with self.machines.store.write() as tx:
            name = parties.organisation(tx, viewer.organisation).name
            made = authoring.drafted(
                pack,
                data,
                id_="D-" + ids.code(secrets.token_bytes(8), 12),
                author=viewer.organisation,
                author_name=name,
                at=at,
            )
            saved = directives.add(tx, made)
            self._note(tx, viewer, saved, at)
        return saved

    def redraft(self, viewer: Viewer, id_: str, data: bytes) -> Directive:
        """Change the draft. In consultation it becomes a draft again: the offices are asked anew."""
        pack = reader.read(data)
        return self._moved(viewer, id_, lambda held, _person, _at: authoring.redrafted(held, pack, data))

    def consult(self, viewer: Viewer, id_: str, offices: Sequence[str], *, days: int = 10) -> Directive:
        """Ask offices, named by organisation, for comments within some days."""
        allow(viewer, Action.AUTHOR_DIRECTIVE)
        with self.machines.store.read() as tx:
            known = {one.id: one.name for one in parties.all_organisations(tx)}
        by_name = {name: id_ for id_, name in known.items()}
        asked: list[tuple[PartyId, str]] = []
        for place, text in enumerate(offices):
            office = PartyId(text) if PartyId(text) in known else by_name.get(text)
            if office is None:
                raise Invalid(
                    "no such office", [Problem(f"/offices/{place}", "unknown_office", "no such organisation")]
                )
            asked.append((office, known[office]))
        chosen = tuple(dict(asked).items())
        return self._moved(viewer, id_, lambda held, _person, at: authoring.consulted(held, chosen, days=days, at=at))

    def comment(self, viewer: Viewer, id_: str, text: str, *, agrees: bool) -> Directive:
        """Say something for one's own office, or agree."""
        allow(viewer, Action.COMMENT_DIRECTIVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = directives.get(tx, id_, viewer)
            person = parties.person(tx, viewer.person)
            saved = directives.save(
                tx, authoring.commented(held, viewer.organisation, person.name, text, agrees=agrees, at=at)
            )
            key = f"directive:{saved.id}:{saved.version}"
            facts = {"agrees": "yes" if agrees else "no"}
            event = Event(
                kind=Kind.DIRECTIVE_COMMENTED, key=key, at=at, subjects=(saved.id,), facts=facts, actor=viewer.person
            )
            journal.append(tx, event)
        return saved

    def sign(self, viewer: Viewer, id_: str, draft: str) -> Directive:
        """Sign exactly these bytes, in one's own name; the host's key seals the signature (DSSE)."""
        if viewer.is_script and not self.demo:
            raise Forbidden("a script signs nothing on a host that signs as itself: a person must")

        def put(held: Directive, person: Person, at: datetime) -> Directive:
            if draft != digest(held.pack):
                raise Conflict("the draft changed since it was read: look at it again, then sign")
            envelope = self._sealed(held, person, at)
            made = Signature(
                by=person.id,
                by_name=person.name,
                is_script=viewer.is_script,
                at=at,
                draft=digest(held.pack),
                envelope=envelope,
            )
            return authoring.signed(held, made, at=at)

        return self._moved(viewer, id_, put)

    def publish(self, viewer: Viewer, id_: str) -> Directive:
        """Publish what is signed: whoever meets its domain can read it and follow it from now on."""
        return self._moved(viewer, id_, lambda held, _person, at: authoring.published(held, at))

    def withdraw(self, viewer: Viewer, id_: str, why: str) -> Directive:
        """Take it back, with a reason."""
        return self._moved(viewer, id_, lambda held, _person, at: authoring.withdrawn(held, why, at))

    def signature(self, viewer: Viewer, id_: str) -> bytes:
        """The signed statement over the pack's file. Missing while there is none."""
        allow(viewer, Action.READ_DIRECTIVES)
        with self.machines.store.read() as tx:
            held = directives.get(tx, id_, viewer)
        if held.signature is None:
            raise Missing(f"directive {id_} is not signed")
        return held.signature.envelope

    def _moved(self, viewer: Viewer, id_: str, move: Callable[[Directive, Person, datetime], Directive]) -> Directive:
        allow(viewer, Action.AUTHOR_DIRECTIVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = directives.get(tx, id_, viewer)
            if held.organisation != viewer.organisation:
                raise Missing(f"no directive {id_}")
            saved = directives.save(tx, move(held, parties.person(tx, viewer.person), at))
            self._note(tx, viewer, saved, at)
        return saved

    def _sealed(self, held: Directive, person: Person, at: datetime) -> bytes:
        predicate: dict[str, statement.Json] = {
            "directive": held.id,
            "pack": held.pack_id,
            "version": held.pack_version,
            "signedBy": person.name,
            "script": person.is_script,
            "organisation": held.organisation_name,
            "demo": self.key.public.demo,
            "at": at.isoformat(),
        }
        return statement.sign(
            {f"{held.pack_id}-{held.pack_version}.yaml": digest(held.pack)}, SIGNED, predicate, self.key
        )

    def _note(self, tx: Tx, viewer: Viewer, held: Directive, at: datetime) -> None:
        """The stage goes into the journal; what it is about does not, while it is no public fact."""
        facts = {"stage": held.stage.value, "draft": digest(held.pack)}
        key = f"directive:{held.id}:{held.version}"
        event = Event(kind=Kind.DIRECTIVE_MOVED, key=key, at=at, subjects=(held.id,), facts=facts, actor=viewer.person)
        journal.append(tx, event)

    # Following -------------------------------------------------------------------------------------------------------

    def follow(self, viewer: Viewer, name: str) -> Follower:
        """Follow a pack for one's organisation: its dates count for the assets of the domain from now on."""
        allow(viewer, Action.FOLLOW_DIRECTIVE)
        pack = self.pack(viewer, name).known.pack
        domain = _fitting(pack, viewer)
        if domain is None:
            raise Missing(f"no pack {name} for the domains of this account")
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = [one for one in directives.followed(tx, viewer.organisation, viewer) if one.pack_id == name]
            if held:
                return held[0]
            made = Follower(
                organisation=viewer.organisation,
                organisation_name=parties.organisation(tx, viewer.organisation).name,
                domain=domain,
                pack_id=name,
                since=at,
            )
            directives.put_follower(tx, made)
            self._followed(tx, viewer, made, "follows", at)
        return made

    def acknowledge(self, viewer: Viewer, name: str, version: str = "") -> Follower:
        """Confirm in one's own name that the organisation has read a version; the newest when none is named."""
        pack = self.pack(viewer, name, version).known.pack
        return self._followers_move(
            viewer,
            name,
            f"acknowledged {pack.version}",
            lambda held, person, at: authoring.acknowledged(held, pack.version, person.name, at),
        )

    def report(self, viewer: Viewer, name: str, adoption: str, text: str) -> Follower:
        """Say how far the organisation is."""
        choice = next((one for one in Adoption if one.value == adoption), None)
        if choice is None:
            words = ", ".join(one.value for one in Adoption)
            raise Invalid("no such answer", [Problem("/adoption", "unknown", f"one of: {words}")])
        return self._followers_move(
            viewer,
            name,
            f"adoption {choice.value}",
            lambda held, person, at: authoring.reported(held, choice, text, person.name, at),
        )

    def _followers_move(
        self,
        viewer: Viewer,
        name: str,
        word: str,
        move: Callable[[Follower, Person, datetime], Follower],
    ) -> Follower:
        allow(viewer, Action.FOLLOW_DIRECTIVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = next(
                (one for one in directives.followed(tx, viewer.organisation, viewer) if one.pack_id == name), None
            )
            if held is None:
                raise Conflict(f"{name} is not followed here: follow it first")
            moved = move(held, parties.person(tx, viewer.person), at)
            if moved != held:
                directives.put_follower(tx, moved)
                self._followed(tx, viewer, moved, word, at)
        return moved

    def _followed(self, tx: Tx, viewer: Viewer, held: Follower, word: str, at: datetime) -> None:
        number = len(held.acknowledged) + len(held.reports)
        stands = digest(f"{held.organisation} {held.domain} {held.pack_id}".encode())[:24]
        event = Event(
            kind=Kind.DIRECTIVE_FOLLOWED,
            key=f"follower:{stands}:{number}:{word.partition(' ')[0]}",
            at=at,
            facts={"what": word.partition(" ")[0]},
            actor=viewer.person,
        )
        journal.append(tx, event)


def _fitting(pack: Pack, viewer: Viewer) -> Domain | None:
    """The viewer's domain that a pack would count for; None when it is about none of theirs."""
    held = domains(viewer)
    if pack.domain is not None:
        return pack.domain if pack.domain in held else None
    return next((one for one in Domain if one in held), None)


def _duty(pack: Pack, duty: DutyRule, zone: str, now: datetime) -> DutyRow:
    due_at = clock.duty_due(duty, pack, {}, policy={}, zone=zone)
    return DutyRow(duty=duty, due_at=due_at, passed=due_at is not None and now > due_at)


def _source(name: str) -> bytes:
    return reader.shipped_bytes(name) if name in reader.SHIPPED else b""
