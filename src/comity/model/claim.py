"""A scan claim: who looks where, for what, until when. It advises others and keeps nobody out."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from comity.model.handling import Tlp
from comity.model.ids import Digest, PartyId, ReportId


class Method(StrEnum):
    """How somebody looks."""

    MANUAL = "manual review"
    STATIC = "static analysis"
    FUZZING = "fuzzing"
    DYNAMIC = "dynamic testing"
    MODEL = "review by a model"
    DEPENDENCIES = "dependency review"


class Ending(StrEnum):
    """How a claim ended. `NOTHING_FOUND` is a result like any other; the last two are none."""

    FINDINGS = "findings"
    NOTHING_FOUND = "nothing found"
    ABANDONED = "abandoned"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """Who allowed the scan. Without one no claim is taken: the law leaves no gap for good intentions."""

    owner: str
    """Who owns the target, or under which programme it may be looked at."""
    scope: str
    contact: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where and for what. All of it canonical: `clearing.claims` makes it so."""

    repository: str
    """`host/path`, lower case, without scheme and `.git`."""
    paths: tuple[str, ...] = ()
    """Prefixes of files, without a leading slash; none means the whole repository."""
    cwes: tuple[str, ...] = ()
    """Weakness classes, each with everything below it; none means every class."""
    methods: tuple[Method, ...] = ()
    commits: tuple[str, str] | None = None
    """First and last commit looked at; None means whatever is current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What a host holds of a claim taken blindly, in the place of area and authorisation.

    Nothing here says where: `entries` open only to whoever holds the tag of a part of the area (`sealing.scopes`).
    """

    question: str
    """The blind question that the entries come from: it was committed to, and it was metered."""
    commitment: Digest
    """Salted, over area and authorisation: the holder can open it later, nobody else."""
    epoch: int
    """Of the key that the entries were made under. The claim ends with it at the latest."""
    key: bytes = field(repr=False)
    """Opens the claim's state to whoever can open one of its entries."""
    entries: tuple[bytes, ...] = field(repr=False)
    methods: tuple[Method, ...]
    is_compared: bool
    """The holder lets the host try on these entries the areas that others show it."""
    results_by: datetime
    """Until then a result is taken, even when the key has ended before."""
    coverage: Digest | None = None
    """Salted, over the line that says what was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim as it stands. `ends_at` moves with each heartbeat that shows progress.

    Either `area` and `authorisation` are here, or `hidden` is.
    """

    id: str
    organisation: PartyId
    person: PartyId
    area: Area | None
    authorisation: Authorisation | None
    may_be_named: bool
    """The holder agrees to be named to others who agree to be named."""
    made_at: datetime
    ends_at: datetime
    beat_at: datetime
    progress: int = 0
    """Percent, as the holder states it."""
    ended_at: datetime | None = None
    ending: Ending | None = None
    reports: tuple[ReportId, ...] = ()
    coverage: str = ""
    """One line: what was looked at, above all where nothing was found."""
    result: Digest | None = None
    """The signed result, among the claim's files."""
    hidden: Hidden | None = None
    """Of a claim taken blindly."""
    shared: Tlp | None = None
    """The label under which partner hosts are told of it; None: they are not."""

    def is_open(self, now: datetime) -> bool:
        """Whether it is held at this moment."""
        return self.ended_at is None and now < self.ends_at

    def takes_result(self, now: datetime) -> bool:
        """Whether its holder may still end it. The key of a blind claim may end before its time does."""
        until = self.ends_at if self.hidden is None else max(self.ends_at, self.hidden.results_by)
        return self.ended_at is None and now < until

    @property
    def methods(self) -> tuple[Method, ...]:
        """How its holder looks: not hidden, since it does not say where."""
        if self.hidden is not None:
            return self.hidden.methods
        return self.area.methods if self.area is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardClaim:
    """A claim on a partner's host, as its letter tells it: never by whom, unless the holder agreed to be named."""

    id: str
    area: Area
    at: datetime
    """When it ends, or ended."""
    ending: Ending | None
    """None while it is open."""
    tlp: Tlp
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLook:
    """A claim of the asker's own organisation on the same area, open or ended; whoever took it there."""

    claim: str
    at: datetime
    """When it ends, or ended."""
    ending: Ending | None
    """None while it is open."""
    percent: int
    """Of the asked paths."""
    coverage: str = ""
    """What was looked at, above all where nothing was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What an asker learns: how much of their area is held, until when, how alike; never by whom without consent."""

    held_percent: int
    """Of the asker's paths (or of the repository when none are named), wholly held by others."""
    partly: int
    """Paths of the asker that others hold parts of."""
    parts_of_repository: bool
    """The asker named no path, and others hold some."""
    same_methods: tuple[Method, ...]
    same_weaknesses: bool
    commits: str
    """`same`, `unknown` (two ranges that nobody compared) or "" (nothing is held)."""
    until: datetime | None
    """When the last of these claims ends, unless it is renewed."""
    names: tuple[str, ...] = ()
    """Holders who agreed to be named, when the asker did too."""
    hosts: tuple[str, ...] = ()
    """Partner hosts on which open ones of these claims are held."""
    looked_before: tuple[tuple[datetime, Ending, int], ...] = ()
    """Results of the same area: when, how it ended, percent of the asker's paths."""
    own: tuple[OwnLook, ...] = ()
    """What the asker's own organisation holds or held there: a large one does not know what its left hand scans."""
