"""Who stands behind one request, and by what: a browser's session, an API token, or nobody."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from comity.access.policy import POLICY, Action, Scope, allow, clearance, within
from comity.model.party import ANONYMOUS, Person, Viewer


class Via(StrEnum):
    """What the request showed."""

    NOBODY = "nobody"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105  a kind, no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The viewer that every counter takes, with what a door must know beside it."""

    viewer: Viewer
    via: Via
    name: str = ""
    """The person's own name, for the page header and for whoami."""
    scopes: frozenset[Scope] = frozenset()
    """For a token only; a session has none, since it may do all that its person may."""
    zone: str = ""
    """IANA zone that times are shown in; "" for UTC."""
    alarm: int = 0
    """How many withheld cases are open by break-glass now, for those who are to know."""

    def to_change(self) -> "Caller":
        """The same caller for a request that changes something: what break-glass opened is for reading alone."""
        return replace(self, viewer=replace(self.viewer, opened=frozenset())) if self.viewer.opened else self

    def check(self, action: Action) -> None:
        """Return when this caller may attempt the action; else `Unauthenticated` or `Forbidden`.

        What is open to everybody stays open to a token of any scope: holding one never takes something away.
        """
        allow(self.viewer, action)
        if self.via is Via.TOKEN and not POLICY[action].is_open:
            within(self.scopes, action)


STRANGER = Caller(viewer=ANONYMOUS, via=Via.NOBODY)


class Directory(Protocol):
    """Finds the person behind a secret. None for one that is unknown, ended or revoked: never said which."""

    def by_session(self, secret: str) -> Caller | None:
        """Whose browser session this is."""

    def by_token(self, secret: str) -> Caller | None:
        """Whose API token this is."""


def signed_in(person: Person, *, via: Via, scopes: frozenset[Scope] = frozenset()) -> Caller:
    """The caller for a known person, with the clearance that their roles carry."""
    viewer = Viewer(
        person=person.id,
        organisation=person.organisation,
        roles=person.roles,
        tlp=clearance(person.roles),
        is_script=person.is_script,
    )
    return Caller(viewer=viewer, via=via, name=person.name, scopes=scopes)
