"""Organisations, people, their roles, and the viewer value that every query of handled rows takes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.model.handling import Tlp
from comity.model.ids import PartyId


class Role(StrEnum):
    """What a person may do on this host. One person may hold several."""

    ADMIN = "admin"
    """Runs the host: accounts, keys, backup. Sees no report by this role alone."""
    COORDINATOR = "coordinator"
    """Works the queue, approves and publishes."""
    SUBMITTER = "submitter"
    """Sends reports and follows the ones of their own organisation."""
    EDITOR = "editor"
    """Makes, reviews and publishes briefs; never reviews what they made themselves."""
    READER = "reader"
    """Reads what handling allows."""
    DEFENDER = "defender"
    """Keeps the inventories and assets of their own organisation, civil domains only."""
    NSS_DEFENDER = "nss-defender"
    """The same for national security systems, and nothing else."""
    DOW_DEFENDER = "dow-defender"
    """The same for Department of War systems, and nothing else."""
    DEVELOPER = "developer"
    """Invites assessments of their own organisation's models, and ends them at will."""
    ASSESSOR = "assessor"
    """Takes a seat in an assessment when named for it; sees nothing by this role alone."""
    MAINTAINER = "maintainer"
    """Answers for a project; sees the cases they were read in to, and none by this role alone."""
    AUDITOR = "auditor"
    """Reads who was let in to what and who was refused; sees no content by this role alone."""
    AUTHORITY = "authority"
    """Writes, signs and publishes directives, for the domains that a defender's role of the same person names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A party to coordination: lab, vendor, agency, foundation."""

    id: PartyId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A named human, or a named script where `is_script` says so: a script's decision is always shown as such."""

    id: PartyId
    name: str
    organisation: PartyId
    roles: frozenset[Role]
    is_script: bool = False
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """On whose behalf a query runs. Built by the door from a session or token, or by `system` for a durable flow.

    A coordinator sees every report and case but those that read-in withholds; a submitter sees those of their own
    organisation; nobody else sees any. `tlp` is the strictest label this viewer may read.
    """

    person: PartyId
    organisation: PartyId
    roles: frozenset[Role] = frozenset()
    tlp: Tlp = Tlp.CLEAR
    is_system: bool = False
    is_script: bool = False
    opened: frozenset[str] = frozenset()
    """Withheld cases that two people opened for this viewer, for reading and for a time (break-glass)."""

    @property
    def is_anonymous(self) -> bool:
        """True for a caller who has not signed in."""
        return not self.roles and not self.is_system


ANONYMOUS = Viewer(person=PartyId(""), organisation=PartyId(""))
"""Somebody who has not signed in: published CLEAR rows only."""


def system(name: str) -> Viewer:
    """The viewer of a durable flow: sees all that the flow's own desk owns. `name` goes into the journal."""
    return Viewer(person=PartyId(name), organisation=PartyId("host"), tlp=Tlp.RED, is_system=True)
