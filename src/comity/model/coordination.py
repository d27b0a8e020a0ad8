"""Coordination of a case: who takes part, what each has agreed to, how long all keep quiet, and what the world knows.

Three machines run beside each other, as tables that code reads: one report handling and one consent for each
participant, one embargo, and one world of six one-way facts. States, moves and the words behind them follow CERT/CC's
"Designing Vultron: A Protocol for Multi-Party Coordinated Vulnerability Disclosure" (CMU/SEI-2022-SR-012) and "A
State-Based Model for Multi-Party Coordinated Vulnerability Disclosure" (CMU/SEI-2021-SR-021). Tiers follow the Akrites
Read-In Policy (draft v0.4, 23 September 2026).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from comity.model.contact import Contact, Look
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, PartyId
from comity.model.supplier import Edition, Stated

# The report, as each participant handles it -------------------------------------------------------------------------


class Handled(StrEnum):
    """Where one participant stands with the report (Vultron: report management)."""

    START = "not received"
    RECEIVED = "received"
    VALID = "valid"
    INVALID = "invalid"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    CLOSED = "closed"


HANDLED_MOVES: Final[Mapping[Handled, frozenset[Handled]]] = {
    Handled.START: frozenset({Handled.RECEIVED}),
    Handled.RECEIVED: frozenset({Handled.VALID, Handled.INVALID}),
    Handled.VALID: frozenset({Handled.ACCEPTED, Handled.DEFERRED}),
    Handled.INVALID: frozenset({Handled.VALID, Handled.CLOSED}),
    Handled.ACCEPTED: frozenset({Handled.DEFERRED, Handled.CLOSED}),
    Handled.DEFERRED: frozenset({Handled.ACCEPTED, Handled.CLOSED}),
    Handled.CLOSED: frozenset(),
}
"""A valid report is accepted or deferred before it can close. No move leaves CLOSED."""


# The embargo --------------------------------------------------------------------------------------------------------


class Quiet(StrEnum):
    """Where the embargo of a case stands (Vultron: embargo management)."""

    NONE = "none"
    PROPOSED = "proposed"
    ACTIVE = "active"
    REVISE = "active, revision proposed"
    EXITED = "ended"


IN_FORCE: Final = frozenset({Quiet.ACTIVE, Quiet.REVISE})


class Say(StrEnum):
    """What may be said about an embargo."""

    PROPOSE = "propose"
    AGREE = "agree"
    REFUSE = "refuse"
    END = "end"


QUIET_MOVES: Final[Mapping[tuple[Quiet, Say], Quiet]] = {
    (Quiet.NONE, Say.PROPOSE): Quiet.PROPOSED,
    (Quiet.PROPOSED, Say.PROPOSE): Quiet.PROPOSED,
    (Quiet.PROPOSED, Say.AGREE): Quiet.ACTIVE,
    (Quiet.PROPOSED, Say.REFUSE): Quiet.NONE,
    (Quiet.ACTIVE, Say.PROPOSE): Quiet.REVISE,
    (Quiet.ACTIVE, Say.END): Quiet.EXITED,
    (Quiet.REVISE, Say.PROPOSE): Quiet.REVISE,
    (Quiet.REVISE, Say.AGREE): Quiet.ACTIVE,
    (Quiet.REVISE, Say.REFUSE): Quiet.ACTIVE,
    (Quiet.REVISE, Say.END): Quiet.EXITED,
}
"""Every legal move; a refused revision leaves the old terms. No move leaves EXITED."""


class Consent(StrEnum):
    """One participant's part in the embargo."""

    NONE = "not asked"
    INVITED = "invited"
    SIGNATORY = "agreed"
    DECLINED = "declined"
    LAPSED = "asked again"


CONSENT_MOVES: Final[Mapping[Consent, frozenset[Consent]]] = {
    Consent.NONE: frozenset({Consent.INVITED, Consent.SIGNATORY}),
    Consent.INVITED: frozenset({Consent.SIGNATORY, Consent.DECLINED, Consent.NONE}),
    Consent.SIGNATORY: frozenset({Consent.LAPSED, Consent.DECLINED, Consent.NONE}),
    Consent.LAPSED: frozenset({Consent.SIGNATORY, Consent.DECLINED, Consent.NONE}),
    Consent.DECLINED: frozenset({Consent.INVITED, Consent.SIGNATORY, Consent.NONE}),
}
"""NONE from everywhere: the embargo ended, and with it what anybody agreed to."""

KEEPS_QUIET: Final = frozenset({Consent.SIGNATORY, Consent.LAPSED})
"""Who is bound now: a signatory who is asked again stays bound by the old terms."""


# The world ----------------------------------------------------------------------------------------------------------


class Fact(StrEnum):
    """Six things that happen once and never un-happen (Vultron: case state V, F, D, P, X, A)."""

    VENDOR_AWARE = "vendor aware"
    FIX_READY = "fix ready"
    FIX_DEPLOYED = "fix deployed"
    PUBLIC_AWARE = "public aware"
    EXPLOIT_PUBLIC = "exploit public"
    ATTACKS_SEEN = "attacks seen"


NEEDS: Final[Mapping[Fact, frozenset[Fact]]] = {
    Fact.FIX_READY: frozenset({Fact.VENDOR_AWARE}),
    Fact.FIX_DEPLOYED: frozenset({Fact.FIX_READY}),
}
"""A vendor knows before it has a fix, and has a fix before it is deployed."""


def may_follow(world: frozenset[Fact]) -> frozenset[Fact]:
    """Which facts may come next: when an exploit is public so is the weakness, and then the vendor knows too."""
    if Fact.EXPLOIT_PUBLIC in world and Fact.PUBLIC_AWARE not in world:
        return frozenset({Fact.PUBLIC_AWARE})
    if Fact.PUBLIC_AWARE in world and Fact.VENDOR_AWARE not in world:
        return frozenset({Fact.VENDOR_AWARE})
    return frozenset(f for f in Fact if f not in world and NEEDS.get(f, frozenset()) <= world)


def learned(world: frozenset[Fact], fact: Fact) -> tuple[Fact, ...]:
    """The facts that are new when this one is learned, in a legal order: with what it presupposes and what follows."""
    order: list[Fact] = []

    def add(one: Fact) -> None:
        if one in world or one in order:
            return
        for before in Fact:
            if before in NEEDS.get(one, frozenset()):
                add(before)
        order.append(one)

    add(fact)
    if Fact.EXPLOIT_PUBLIC in order or Fact.EXPLOIT_PUBLIC in world:
        add(Fact.PUBLIC_AWARE)
    if Fact.PUBLIC_AWARE in order or Fact.PUBLIC_AWARE in world:
        add(Fact.VENDOR_AWARE)
    return tuple(order)


# Parties ------------------------------------------------------------------------------------------------------------


class Part(StrEnum):
    """What somebody is in a case."""

    FINDER = "finder"
    MAINTAINER = "maintainer"
    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    DISTRIBUTOR = "distributor"
    DOWNSTREAM = "downstream"
    OBSERVER = "observer"


class Tier(StrEnum):
    """How far somebody is read in: by role, never by seniority; one tier for each participant and case."""

    ZERO = "0"
    ONE = "1"
    UPSTREAM = "1.5"
    TWO = "2"
    THREE = "3"
    ABROAD = "3.5"


class Thing(StrEnum):
    """What a tier may or may not see."""

    TIMING = "when it will be public"
    ARTEFACT = "product and advisory name"
    FIX = "the fix"
    DRAFT = "the draft advisory"
    FINDING = "the finding"
    PROOF = "the proof"


SEES: Final[Mapping[Tier, frozenset[Thing]]] = {
    Tier.ZERO: frozenset(Thing),
    Tier.ONE: frozenset(Thing),
    Tier.UPSTREAM: frozenset(Thing),
    Tier.TWO: frozenset({Thing.TIMING, Thing.ARTEFACT, Thing.FIX, Thing.DRAFT}),
    Tier.THREE: frozenset({Thing.TIMING, Thing.ARTEFACT}),
    Tier.ABROAD: frozenset({Thing.TIMING, Thing.ARTEFACT}),
}
"""Tiers 0 to 1.5 build and test the fix; tier 2 gets fix and timing, not the exploit; tier 3 artefact and go-live."""

TIER_LABEL: Final[Mapping[Tier, Tlp]] = {
    Tier.ZERO: Tlp.RED,
    Tier.ONE: Tlp.AMBER_STRICT,
    Tier.UPSTREAM: Tlp.AMBER_STRICT,
    Tier.TWO: Tlp.AMBER_STRICT,
    Tier.THREE: Tlp.AMBER,
    Tier.ABROAD: Tlp.AMBER,
}

TIERS_OF: Final[Mapping[Part, frozenset[Tier]]] = {
    Part.FINDER: frozenset({Tier.ZERO}),
    Part.MAINTAINER: frozenset({Tier.ZERO, Tier.UPSTREAM}),
    Part.COORDINATOR: frozenset({Tier.ZERO, Tier.ABROAD}),
    Part.ANALYST: frozenset({Tier.ONE}),
    Part.DISTRIBUTOR: frozenset({Tier.TWO}),
    Part.DOWNSTREAM: frozenset({Tier.THREE}),
    Part.OBSERVER: frozenset({Tier.THREE}),
}
"""The draft puts the maintainer in 1.5 in one table and in 0 in another: both are offered, 0 is the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody who takes part. Content is seen between `read_in_at` and `read_out_at` or `expires_at`.

    `person` is an account of this host; or `team` a team of it, and whoever is in the team at the moment has the seat.
    `contact` is a mail address, `openpgp` its armoured key; each may be "".
    """

    id: str
    name: str
    part: Part
    tier: Tier
    person: PartyId | None = None
    team: PartyId | None = None
    contact: str = ""
    openpgp: str = ""
    read_in_at: datetime
    read_in_by: str
    why: str
    expires_at: datetime | None = None
    read_out_at: datetime | None = None
    handled: Handled = Handled.START
    consent: Consent = Consent.NONE

    def is_seated(self, at: datetime) -> bool:
        """Whether the read-in is in force."""
        return self.read_out_at is None and (self.expires_at is None or at < self.expires_at)


# Time ---------------------------------------------------------------------------------------------------------------


class Source(StrEnum):
    """Whose rule a date follows, in order of precedence (Akrites Embargo Handling Guidance, draft 0.1)."""

    PROJECT = "the project's published policy"
    MAILING_LIST = "the rules of a list it routes through"
    AGREEMENT = "an agreement with the maintainer"
    HOUSE = "this host's default"
    PARTY = "a limit that a party set"


PRECEDENCE: Final = (Source.PROJECT, Source.MAILING_LIST, Source.AGREEMENT, Source.HOUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A date somebody's rule gives. `where` is the address or words it was read at, `read_at` when."""

    source: Source
    until: datetime
    by: str
    basis: str
    where: str = ""
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Until when all keep quiet, and why just then."""

    until: datetime
    source: Source
    by: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Other terms that somebody asked for. `answers` says who agreed (participant ids)."""

    terms: Terms
    asked_at: datetime
    agreed: tuple[str, ...] = ()


class Breach(StrEnum):
    """What ends an embargo early."""

    LEAK = "details leaked"
    EXPLOITATION = "attacks were seen"
    FIX_PUBLIC = "the fix was seen in public"
    PROOF_PUBLIC = "an exploit is public"


BREACH_FACT: Final[Mapping[Breach, Fact]] = {
    Breach.LEAK: Fact.PUBLIC_AWARE,
    Breach.EXPLOITATION: Fact.ATTACKS_SEEN,
    Breach.FIX_PUBLIC: Fact.PUBLIC_AWARE,
    Breach.PROOF_PUBLIC: Fact.EXPLOIT_PUBLIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A break, with who declared it on which evidence."""

    kind: Breach
    at: datetime
    by: str
    evidence: str


class Duty(StrEnum):
    """Which clocks of Article 14 run: those of an exploited weakness, or those of a severe incident."""

    EXPLOITED = "an actively exploited vulnerability"
    INCIDENT = "a severe incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Awareness:
    """When a manufacturer became aware, as stated by whom; and what it has sent and made available since."""

    duty: Duty
    at: datetime
    stated_by: str
    notified_at: datetime | None = None
    measure_at: datetime | None = None
    """When a corrective or mitigating measure became available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Something that is due. `name` is stable within a case; `certainty` says how well its rule was read."""

    name: str
    due: datetime
    sentence: str
    certainty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to reach a maintainer. `channel` is where, `outcome` what came of it."""

    at: datetime
    channel: str
    address: str
    outcome: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log of a case: who did what, and why. Kept sealed with the case; the journal has ids alone."""

    at: datetime
    by: str
    act: str
    told: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordination:
    """All of it for one case. Change makes a new value; `version` guards writes."""

    case: CaseId
    began_at: datetime
    quiet: Quiet = Quiet.NONE
    terms: Terms | None = None
    """In force exactly when `quiet` is."""
    proposal: Proposal | None = None
    world: frozenset[Fact] = frozenset()
    limits: tuple[Limit, ...] = ()
    participants: tuple[Participant, ...] = ()
    breaks: tuple[Break, ...] = ()
    awareness: Awareness | None = None
    attempts: tuple[Attempt, ...] = ()
    contacts: tuple[Contact, ...] = ()
    looks: tuple[Look, ...] = ()
    told: frozenset[str] = frozenset()
    """Names of clocks whose running out was noted."""
    log: tuple[Entry, ...] = ()
    statements: tuple[Stated, ...] = ()
    """What maintainers said as VEX, oldest first: kept whole, also what was superseded or taken back."""
    drafted: tuple[str, ...] = ()
    """Names of the statements that the draft of the case holds."""
    out: tuple[str, ...] = ()
    """Names of the statements that the advisory held when it was last published."""
    editions: tuple[Edition, ...] = ()
    version: int = 0

    def participant(self, id_: str) -> Participant | None:
        """Who has this id here."""
        return next((one for one in self.participants if one.id == id_), None)

    def is_bound(self) -> bool:
        """Whether an embargo is in force."""
        return self.quiet in IN_FORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A file of the thread, kept sealed under its digest. Always a download, never rendered."""

    name: str
    media_type: str
    digest: Digest
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One word in a case's thread. `readers` are participant ids; coordinators of the case read all.

    `author` is a participant id, or "" for a coordinator, whose name stands in `name`.
    """

    id: str
    case: CaseId
    at: datetime
    author: str
    name: str
    text: str
    tlp: Tlp
    readers: tuple[str, ...]
    enclosed: tuple[Enclosed, ...] = field(default=())
