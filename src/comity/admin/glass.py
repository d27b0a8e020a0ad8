"""Break-glass: see a case that was kept from oneself, when two people hold that it must be, and everybody is told.

One coordinator asks and says why; another one seconds it. From then on, for a few hours, the first one may read that
case and its reports, and nothing else: nothing can be changed that way, and no inventory is ever opened, whatever the
domain. Whether there is such a case shows only then, so asking tells nothing.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.access import policy
from comity.access.policy import Action
from comity.admin.counter import Accounts
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.mail import outbox
from comity.model.asset import is_apart
from comity.model.events import Event, Kind
from comity.model.ids import PartyId, code
from comity.model.letter import Letter
from comity.model.party import Role, Viewer
from comity.settings import Settings
from comity.store import glass, journal, parties
from comity.store.engine import Tx
from comity.store.glass import Breaking

LAPSE: Final = timedelta(hours=1)
"""How long a request waits for its second person."""
SHORTEST: Final = 20
LONGEST: Final = 2000
SHOWN: Final = 100
CASE: Final = re.compile(r"C-[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A request as its reader may see it: `case_id` and `reason` are "" for whoever only keeps the host or audits."""

    id: str
    case_id: str
    reason: str
    asker: str
    seconder: str
    asked_at: datetime
    ends_at: datetime | None
    state: str
    can_second: bool
    can_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """The counter."""

    accounts: Accounts
    settings: Settings

    def ask(self, viewer: Viewer, *, case: str, reason: str) -> str:
        """Ask to see a case. The same answer whether there is such a case or not. Conflict while one request waits."""
        policy.allow(viewer, Action.BREAK_GLASS)
        _check_person(viewer)
        wanted, why = case.strip().upper(), reason.strip()
        problems = []
        if not CASE.match(wanted):
            problems.append(Problem("/case", "bad_id", "a case's id looks like C-XXXX-XXXX-XXXX"))
        if not SHORTEST <= len(why) <= LONGEST:
            problems.append(Problem("/reason", "bad_length", f"say why, in {SHORTEST} to {LONGEST} characters"))
        if problems:
            raise Invalid("this cannot be asked", problems)
        now = self.accounts.clock()
        asked = Breaking(
            id="G-" + code(secrets.token_bytes(8), 12),
            case_id=wanted,
            asker=viewer.person,
            asked_at=now,
            lapses_at=now + LAPSE,
            reason=why,
        )
        with self.accounts.store.write() as tx:
            if wanted in glass.waiting_of(tx, viewer.person, at=now):
                raise Conflict("you asked for this case already: see the list")
            glass.add(tx, asked)
            self._tell(tx, Kind.GLASS_ASKED, asked, viewer.person, "A coordinator asks to break the glass")
        return asked.id

    def second(self, viewer: Viewer, id_: str) -> None:
        """Open it for its asker. Forbidden for the asker, Conflict when it no longer waits."""
        policy.allow(viewer, Action.BREAK_GLASS)
        _check_person(viewer)
        now = self.accounts.clock()
        with self.accounts.store.write() as tx:
            asked = glass.get(tx, id_)
            if asked.asker == viewer.person:
                raise Forbidden("somebody else has to second what you asked for")
            if not _still_may(tx, asked.asker):
                raise Conflict("whoever asked is no coordinator any more")
            ends_at = now + timedelta(hours=self.settings.glass_hours)
            if not asked.waits(now) or not glass.second(tx, id_, viewer.person, at=now, ends_at=ends_at):
                raise Conflict("this request no longer waits: look at the list again")
            self._tell(tx, Kind.GLASS_BROKEN, asked, viewer.person, "The glass was broken", ends_at=ends_at)

    def end(self, viewer: Viewer, id_: str) -> None:
        """End it now: its asker, any coordinator, or an administrator. Nothing happens for one that ended."""
        policy.allow(viewer, Action.READ_GLASS)
        if viewer.roles.isdisjoint({Role.COORDINATOR, Role.ADMIN}):
            raise Forbidden("an auditor reads about break-glass and ends none")
        with self.accounts.store.write() as tx:
            asked = glass.get(tx, id_)
            if asked.ended_at is None:
                glass.end(tx, id_, viewer.person, at=self.accounts.clock())
                self._note(tx, Kind.GLASS_ENDED, asked, viewer.person)

    def requests(self, viewer: Viewer) -> tuple[Shown, ...]:
        """The newest requests first."""
        policy.allow(viewer, Action.READ_GLASS)
        with self.accounts.store.read() as tx:
            return tuple(self._shown(tx, one, viewer) for one in glass.latest(tx, SHOWN))

    # ---- helpers, in call order

    def _tell(
        self, tx: Tx, kind: Kind, asked: Breaking, actor: PartyId, subject: str, *, ends_at: datetime | None = None
    ) -> None:
        """The journal, and a letter to every address that alarms go to. Neither names the case or says why."""
        self._note(tx, kind, asked, actor)
        asker, by = parties.person(tx, asked.asker).name, parties.person(tx, actor).name
        what = f"{asker} asks to see a withheld case ({asked.id}); a second coordinator has one hour to agree."
        if ends_at is not None:
            until = f"{ends_at:%Y-%m-%d %H:%M} UTC"
            what = f"{asker} may read a withheld case ({asked.id}) until {until}; {by} seconded it."
        text = f"{what}\n\nLook at it, and end it if it should not be: {self.settings.address}/break-glass\n"
        for address in self._addresses(tx):
            letter = Letter(
                key=f"{kind}:{asked.id}:{address}",
                to=address,
                purpose="break-glass alarm",
                subject=f"{subject} at {self.settings.organisation}",
                text=text,
                about=asked.id,
            )
            outbox.queue(tx, letter, settings=self.settings, at=self.accounts.clock())

    def _note(self, tx: Tx, kind: Kind, asked: Breaking, actor: PartyId) -> None:
        now = self.accounts.clock()
        journal.append(tx, Event(kind=kind, key=f"{kind}:{asked.id}", at=now, subjects=(asked.id,), actor=actor))

    def _addresses(self, tx: Tx) -> tuple[str, ...]:
        """Those of the settings, and administrators whose sign-in name is an address."""
        named = [one.strip() for one in self.settings.alarm_contact.split(",")]
        admins = [p for p in parties.all_people(tx) if Role.ADMIN in p.roles and p.disabled_at is None]
        logins = [parties.login_of(tx, person.id) for person in admins]
        return tuple(dict.fromkeys(one for one in (*named, *logins) if "@" in one))

    def _shown(self, tx: Tx, one: Breaking, viewer: Viewer) -> Shown:
        now, is_coordinator = self.accounts.clock(), Role.COORDINATOR in viewer.roles
        state = "open" if one.is_open(now) else "waits for a second person" if one.waits(now) else "over"
        if state == "over" and one.seconder is None:
            state = "lapsed" if one.ended_at is None else "withdrawn"
        live = one.is_open(now) or one.waits(now)
        return Shown(
            id=one.id,
            case_id=one.case_id if is_coordinator else "",
            reason=one.reason if is_coordinator else "",
            asker=parties.person(tx, one.asker).name,
            seconder=parties.person(tx, one.seconder).name if one.seconder else "",
            asked_at=one.asked_at,
            ends_at=one.ended_at or one.ends_at,
            state=state,
            can_second=is_coordinator and one.waits(now) and one.asker != viewer.person and not is_apart(viewer.roles),
            can_end=live and not viewer.roles.isdisjoint({Role.COORDINATOR, Role.ADMIN}),
        )


def _check_person(viewer: Viewer) -> None:
    """Forbidden for scripts, and for whoever keeps national security or Department of War systems."""
    if viewer.is_script or viewer.is_system:
        raise Forbidden("a script breaks no glass: that takes two people")
    if is_apart(viewer.roles):
        raise Forbidden("an account that defends NSS or DoW systems stays within its domain: use a civil account")


def _still_may(tx: Tx, person: PartyId) -> bool:
    held = parties.person(tx, person)
    return held.disabled_at is None and Role.COORDINATOR in held.roles and not is_apart(held.roles)
