"""The counter of shares and looks: reading a party in to one thing, on which ground, and who has looked at one's own.

Each share stores its ground with the days it was in force, the recipient, the time, the form, and the restriction that
travels with it. A share is ended, never deleted, and a ground that is not in force cannot be cited.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.access import policy
from comity.access.policy import Action
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.formats import personal
from comity.model.advisory import Advisory
from comity.model.basis import BASES, Basis, ground
from comity.model.events import Event, Kind
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId, PartyId, code
from comity.model.party import Role, Viewer
from comity.model.sharing import EXCHANGE, HOST, Access, Share
from comity.settings import Settings
from comity.store import journal, parties, published, shared, shares
from comity.store.engine import Store, Tx

__all__ = ["Access", "Basis", "Received", "Share", "Sharing", "Told"]

FIELDS: Final = ("title", "summary", "details", "remediation", "workaround")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A look at one's own, with the name of who looked."""

    access: Access
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A share with the names of both sides."""

    share: Share
    owner: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """The calls. Threads share it."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]

    def bases(self) -> Mapping[str, Basis]:
        """Every ground that may be cited."""
        return BASES

    def share(
        self,
        viewer: Viewer,
        subject: str,
        recipient: str,
        *,
        basis: str,
        no_equities_use: bool = True,
        keep: Mapping[str, str] | None = None,
    ) -> Share:
        """Read a party in: one's own organisation's STIX object, or (coordinators) an advisory of this host.

        `recipient` is a sign-in name or an organisation's name; RED goes to people alone. Nobody is read in above their
        clearance. `keep` gives a reason for each piece of personal information that stays in an advisory. Invalid,
        Conflict and Missing say what to mend.
        """
        policy.allow(viewer, Action.SHARE)
        at = self.now()
        cited = ground(basis, at.date(), cisa2015=self.settings.cisa2015_in_force)
        with self.store.write() as tx:
            owner, tlp, advisory = self._subject(tx, viewer, subject)
            to, is_person = _recipient(tx, recipient)
            if tlp is Tlp.RED and not is_person:
                raise Invalid("RED is for named people", [Problem("/recipient", "not_a_person", "give a sign-in name")])
            if is_person and tlp > policy.clearance(parties.person(tx, to).roles):
                raise Conflict(f"this account's roles do not reach {tlp.label}: another role, or another person")
            if advisory is not None:
                _scrubbed(advisory, keep or {})
            if any(one.recipient == to for one in shares.to(tx, [to], subjects=[subject]) if one.owner == owner):
                raise Conflict("this party is read in already")
            made = Share(
                id="S-" + code(secrets.token_bytes(8), 12),
                subject=subject,
                owner=owner,
                recipient=to,
                ground=cited,
                tlp=tlp,
                no_equities_use=no_equities_use or (advisory is not None and advisory.handling.no_equities_use),
                projection="advisory, all files" if advisory is not None else "STIX object, all versions",
                by=viewer.person,
                at=at,
            )
            shares.add(tx, made)
            self._note(tx, viewer, Kind.OBJECT_SHARED, made.id, at, basis=cited.id)
        return made

    def end(self, viewer: Viewer, id_: str) -> None:
        """End a share of one's own. What was read stays read; the record stays too."""
        policy.allow(viewer, Action.SHARE)
        at = self.now()
        with self.store.write() as tx:
            try:
                shares.end(tx, id_, viewer.organisation, at=at)
            except Missing:
                if Role.COORDINATOR not in viewer.roles:
                    raise
                shares.end(tx, id_, HOST, at=at)
            self._note(tx, viewer, Kind.OBJECT_UNSHARED, id_, at)

    def made(self, viewer: Viewer) -> tuple[Received, ...]:
        """What the viewer's organisation shared (for coordinators also the host), newest first."""
        policy.allow(viewer, Action.SHARE)
        with self.store.read() as tx:
            found = [one for owner in self._owners(viewer) for one in shares.of(tx, owner)]
            return _named(tx, sorted(found, key=lambda one: one.at, reverse=True))

    def received(self, viewer: Viewer) -> tuple[Received, ...]:
        """What is shared with the viewer or their organisation now, with ground and restriction."""
        policy.allow(viewer, Action.OWN_ACCOUNT)
        with self.store.read() as tx:
            found = shares.to(tx, [one for one in (viewer.person, viewer.organisation) if one])
            within = [one for one in found if one.tlp <= viewer.tlp]
            return _named(tx, within)

    def looks(self, viewer: Viewer) -> tuple[Told, ...]:
        """Who looked at what the viewer's organisation sent or shared, newest first."""
        policy.allow(viewer, Action.READ_LOOKS)
        with self.store.read() as tx:
            names = {one.id: one for one in parties.all_people(tx)}
            homes = {one.id: one.name for one in parties.all_organisations(tx)}
            found = [one for owner in self._owners(viewer) for one in shares.looks(tx, owner)]
        told = []
        for one in sorted(found, key=lambda one: one.last_at, reverse=True):
            person = names.get(one.person)
            who = "somebody" if person is None else f"{person.name}, {homes.get(person.organisation, '')}"
            told.append(Told(access=one, who=who))
        return tuple(told)

    # ---- helpers, in call order

    def _owners(self, viewer: Viewer) -> tuple[PartyId, ...]:
        extra = (HOST,) if Role.COORDINATOR in viewer.roles and viewer.organisation != HOST else ()
        return (viewer.organisation, *extra)

    def _subject(self, tx: Tx, viewer: Viewer, subject: str) -> tuple[PartyId, Tlp, Advisory | None]:
        if "--" in subject:
            return viewer.organisation, shared.owned(tx, EXCHANGE, subject, viewer.organisation), None
        if Role.COORDINATOR not in viewer.roles:
            raise Forbidden("only coordinators read others in to an advisory")
        advisory = published.get(tx, AdvisoryId(subject), viewer)
        return HOST, advisory.handling.tlp, advisory

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, share: str, at: datetime, **facts: str) -> None:
        event = Event(kind=kind, key=f"{kind}:{share}", at=at, subjects=(share,), facts=facts, actor=viewer.person)
        journal.append(tx, event)


def _recipient(tx: Tx, name: str) -> tuple[PartyId, bool]:
    """The party of this name, and whether it is a person. Invalid when there is none that may be read in."""
    wanted = name.strip()
    try:
        person, _ = parties.by_login(tx, wanted.casefold())
    except Missing:
        person = None
    if person is not None and person.disabled_at is None:
        return person.id, True
    for home in parties.all_organisations(tx):
        if home.name.casefold() == wanted.casefold():
            return home.id, False
    reason = "give a sign-in name, or the name of an organisation, of this host"
    raise Invalid("nobody of that name is here", [Problem("/recipient", "unknown_party", reason)])


def _scrubbed(advisory: Advisory, keep: Mapping[str, str]) -> None:
    """6 USC 1503(d)(2): personal information is taken out before a share, or a reason is kept; else the share stops."""
    fields = {name: str(getattr(advisory, name)) for name in FIELDS}
    left = personal.unexplained(fields, keep)
    if left:
        reason = "take it out, or give a reason for keeping it"
        raise Invalid(
            "personal information stops this share",
            [Problem(f"/{one.field}", "personal_information", f"a {one.kind}: {reason}") for one in left],
        )


def _named(tx: Tx, found: list[Share]) -> tuple[Received, ...]:
    names: dict[str, str] = {one.id: one.name for one in parties.all_organisations(tx)}
    names |= {one.id: one.name for one in parties.all_people(tx)}
    return tuple(
        Received(share=one, owner=names.get(one.owner, one.owner), recipient=names.get(one.recipient, "somebody"))
        for one in found
    )
