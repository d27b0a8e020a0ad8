"""Say what a directive asks: when it holds, which table decides, when its clock starts, and how sure of it we are.

A pack is data. It holds no code and no expression beyond a comparison, so it may come from a stranger: the reader in
`formats.directive` checks it whole before one of these values exists. What no source settles is a `Choice` under a
name, with a default, and every answer that rests on it says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias

from comity.model.asset import Domain
from comity.model.decision import Table
from comity.model.ids import Digest
from comity.model.order import Certainty

Policy: TypeAlias = Mapping[str, str]
"""A host's choices: parameter id -> value. What is absent keeps the pack's default."""


class Kind(StrEnum):
    """What a pack is."""

    DIRECTIVE = "directive"
    """Binding on somebody, in force by its dates."""
    HISTORY = "history"
    """No longer in force; kept for findings and audits of its time."""
    ADVISORY = "advisory"
    """Binding on nobody here: dates to plan by."""
    LOCAL = "local"
    """Written by the organisation that uses it."""
    TEMPLATE = "template"
    """A form to fill in; it has gaps on purpose and gives no date."""
    DUTIES = "duties"
    """Dated duties of named actors; no table."""


class Unit(StrEnum):
    """What an amount counts."""

    DAY = "calendar_day"
    MONTH = "calendar_month"
    HOUR = "hour"
    EVENT = "planned_event"
    """A date that belongs to the asset, such as its next planned upgrade; there is no amount."""
    NONE = "none"
    """No date follows."""
    UNSET = "to_be_set"
    """A template's gap: whoever has the authority fills it in. Comity never invents a number here."""


class Of(StrEnum):
    """Whose property an input is."""

    ASSET = "asset"
    VULNERABILITY = "vulnerability"
    PAIR = "pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a rule comes from. `read` False: named, and not read first-hand by whoever wrote the pack."""

    id: str
    title: str
    kind: str
    """primary, transcription or secondary."""
    read: bool
    section: str = ""
    dated: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A policy parameter: a question no source settles, with the default in force unless a host chooses otherwise."""

    id: str
    default: str
    choices: tuple[str, ...]
    """Empty: any text of the right form (a time zone, a time of day)."""
    why: str

    def chosen(self, policy: Policy) -> str:
        """The value in force; a value that is none of the choices counts as not given."""
        value = policy.get(self.id, self.default)
        return value if not self.choices or value in self.choices else self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What an unknown input does. All empty: a person is asked. `refuse`: nothing is assessed."""

    use: str = ""
    param: str = ""
    """The parameter that decides; `use` is then what its default amounts to."""
    refuse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """The one kind of expression: a number of the vulnerability below a bound gives the first value, else the last."""

    fact: str
    """`cve_year`: the year in the identifier."""
    below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One input as the pack asks it. Its values and their order are the table's."""

    name: str
    of: Of
    source: str
    unknown: Unknown
    max_age: timedelta | None = None
    """How old the source's data may be; older means not assessed."""
    implied_by: tuple[tuple[str, str, str], ...] = ()
    """Triples: (another input's name, its value, the value that follows here)."""
    compare: Compare | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One tier. `amount` is None where the unit takes none, or where nobody has said it."""

    key: str
    name: str
    unit: Unit
    amount: int | None
    duties: tuple[str, ...] = ()
    """Extra duties by key, such as `forensic_triage`."""
    mitigation_closes: bool = False
    """True where the source itself says "remediate or mitigate"."""
    alarm_if_missing: bool = False
    """For a planned event: say out loud when the asset has no date for it."""
    cite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """When a clock starts and what moves it. Names of parameters; "" where the pack has none and the rule is fixed."""

    starts: tuple[str, ...]
    """Events; the earliest that happened starts the clock: kev_added, found_on_asset, or an event by name."""
    on_tighten: str = ""
    """Parameter with the choices first_start and change_date."""
    zone: str = ""
    day_end: str = ""
    governing: str = ""
    """Parameter with the choices earlier, table, kev: which of two due dates leads."""
    interim: str = ""
    """Parameter with the choices kev_due and table: what leads between issue and `applies_from`."""
    mitigation: str = ""
    """Parameter with the choices no and yes: does mitigation alone close a slower tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A way out of a date: who may grant it, for how long, on which evidence."""

    id: str
    condition: str
    granted_by: str
    longest: str
    evidence: tuple[str, ...]
    expires: str
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRule:
    """A dated duty. Either `on` is given, or an event and an amount after it."""

    id: str
    actor: str
    text: str
    binding_on: tuple[str, ...]
    """Empty: nobody."""
    on: date | None
    after: str
    amount: int | None
    unit: Unit
    result: str
    """What is known to have come of it; "" where nothing was looked for, "not found" with a date where it was."""
    certainty: Certainty
    secondary: bool
    param: str = ""
    """A parameter that moves this duty's clock, when one does."""
    cite: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A date from which a part of the directive holds."""

    id: str
    on: date
    text: str
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One step of forensic triage and the hours it has from the start."""

    step: str
    hours: int
    param: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRule:
    """Which outcomes ask for an assessment of compromise, and by when each step is due."""

    outcomes: tuple[str, ...]
    start: str
    """Parameter with the choices kev_added and first_knowledge."""
    timers: tuple[Timer, ...]
    retention: str
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A test inside the pack, run when it is read."""

    given: tuple[tuple[str, str], ...]
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A reading in circulation that this pack contradicts. Each is checked at load against the pack itself."""

    claim: str
    origin: str
    amounts: tuple[int, ...] = ()
    """Days that some tier would have, were the claim true: at least one is no tier here."""
    inputs: tuple[str, ...] = ()
    """Inputs the table would ask, were the claim true: at least one is not asked here."""
    differ: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Cases that would have one outcome, were the claim true: here they have several."""
    phase: str = ""
    day: date | None = None
    """A date the phase would have, were the claim true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Evidence that closes a finding of this outcome."""

    outcome: str
    wants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What must be shown beside every date: that this is a transcription, of what, how sure, as of when."""

    sentence: str
    certainty: Certainty
    secondary: bool
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One version of one set of rules."""

    id: str
    version: str
    kind: Kind
    title: str
    authority: str
    domain: Domain | None
    """Whose systems it is about; None: no domain of its own. Packs and rows of two domains are never mixed."""
    binding_on: tuple[str, ...]
    """Empty: binds nobody."""
    standing: Standing
    issued: date
    applies_from: date
    until: date | None
    """The first day on which it no longer holds."""
    review_due: date
    review_note: str
    supersedes: tuple[str, ...]
    sources: tuple[Citation, ...]
    digest: Digest
    """SHA-256 of the file's bytes."""
    scope: str = ""
    asked: tuple[Asked, ...] = ()
    table: Table | None = None
    row_cites: tuple[tuple[str, ...], ...] = ()
    """Per row of the table, the ids of its citations."""
    outcomes: tuple[Outcome, ...] = ()
    clock: ClockRule | None = None
    phases: tuple[Phase, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    evidence: tuple[Wanted, ...] = ()
    duties: tuple[DutyRule, ...] = ()
    parameters: tuple[Choice, ...] = ()
    triage: TriageRule | None = None
    examples: tuple[Example, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    @property
    def binds(self) -> str:
        """The words to show on every date: whom it binds, or none."""
        return ", ".join(self.binding_on) or "none"

    @property
    def name(self) -> str:
        """Id and version, as shown and as signed."""
        return f"{self.id} {self.version}"

    def outcome(self, key: str) -> Outcome:
        """The tier with that key."""
        return next(one for one in self.outcomes if one.key == key)

    def parameter(self, name: str) -> Choice | None:
        """The policy parameter with that id."""
        return next((one for one in self.parameters if one.id == name), None)

    def ask(self, name: str) -> Asked | None:
        """The input with that name."""
        return next((one for one in self.asked if one.name == name), None)

    def holds_on(self, day: date) -> bool:
        """True on the days between issue and end."""
        return self.issued <= day and (self.until is None or day < self.until)
