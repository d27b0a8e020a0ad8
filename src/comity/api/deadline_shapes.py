"""The JSON shapes of dates: what is due and why, what a change would move, the work on a finding, and triage.

Nothing but shapes: the terminal reads the same, also where no store is installed.
"""

from datetime import date, datetime

from msgspec import Struct


class StartBody(Struct, frozen=True, kw_only=True):
    """The event that started the clock, and why it is that one."""

    event: str
    day: date
    because: str


class DefaultedBody(Struct, frozen=True, kw_only=True):
    """An input nobody knows, and what a parameter made of it."""

    input: str
    value: str
    param: str
    why: str


class UsedBody(Struct, frozen=True, kw_only=True):
    """A parameter that changed this result."""

    id: str
    value: str
    effect: str


class KnownBody(Struct, frozen=True, kw_only=True):
    """One input as it stood; `value` null is unknown."""

    input: str
    value: str | None
    source: str
    at: datetime | None


class _Stated(Struct, frozen=True, kw_only=True):
    asset: str
    vulnerability: str
    pack: str
    version: str
    binds: str
    certainty: str
    zone: str


class DueBody(_Stated, frozen=True, kw_only=True, tag_field="kind", tag="due"):
    """A tier and its date, with both dates and which of them leads. `due` null: no number of days follows."""

    tier: str
    tier_name: str
    row: int
    known: tuple[KnownBody, ...]
    start: StartBody
    table_due: datetime | None
    kev_due: datetime | None
    due: datetime | None
    leads: str
    conflict: bool
    overdue: bool
    overdue_periods: tuple[tuple[datetime, datetime], ...]
    state: str
    duties: tuple[str, ...]
    unknown: tuple[str, ...]
    defaulted: tuple[DefaultedBody, ...]
    params: tuple[UsedBody, ...]
    standing: str
    notes: tuple[str, ...]
    citation: tuple[str, ...]
    alarm: str

    @property
    def triage(self) -> bool:
        """True when this tier asks for an assessment of compromise."""
        return "forensic_triage" in self.duties


class AskBody(_Stated, frozen=True, kw_only=True, tag_field="kind", tag="ask-person"):
    """Several tiers are still possible and no parameter may choose: a person decides. Plan by `strictest_due`."""

    possible: tuple[tuple[int, str], ...]
    missing: tuple[str, ...]
    known: tuple[KnownBody, ...]
    kev_due: datetime | None
    strictest_due: datetime | None
    overdue: bool
    why: str


class SilentBody(_Stated, frozen=True, kw_only=True, tag_field="kind", tag="not-assessed"):
    """Nothing can be said, and that is not clean."""

    reason: str
    remedy: str


class UnboundBody(_Stated, frozen=True, kw_only=True, tag_field="kind", tag="not-bound"):
    """This pack says nothing about this finding on this day."""

    reason: str


AnswerBody = DueBody | AskBody | SilentBody | UnboundBody


class DeadlineRow(Struct, frozen=True, kw_only=True):
    """One finding with its answer."""

    asset: str
    asset_name: str
    domain: str
    vulnerability: str
    component: str
    answer: AnswerBody


class SummaryBody(Struct, frozen=True, kw_only=True):
    """The findings in numbers. What is done is counted in `done` and nowhere else."""

    findings: int
    tiers: dict[str, int]
    overdue: int
    triage: int
    ask: int
    not_assessed: int
    not_bound: int
    defaulted: int
    done: int


class PackNote(Struct, frozen=True, kw_only=True):
    """How sure the rules are: show this beside every date."""

    id: str
    version: str
    name: str
    binds: str
    sentence: str
    certainty: str
    secondary: bool
    as_of: date


class GroupBody(Struct, frozen=True, kw_only=True):
    """Findings without a date that have one reason in common."""

    kind: str
    reason: str
    remedy: str
    findings: int
    assets: int


class DeadlinesBody(Struct, frozen=True, kw_only=True):
    """A page, earliest first. `undecided` and `not_assessed` could not be matched at all: that is not clean."""

    rows: tuple[DeadlineRow, ...]
    next: str
    total: int
    at: datetime
    zone: str
    assets: int
    undecided: int
    not_assessed: int
    summary: SummaryBody
    silent: tuple[GroupBody, ...]
    packs: tuple[PackNote, ...]


class ReachedBy(Struct, frozen=True, kw_only=True):
    """One component through which a finding reaches the asset."""

    name: str
    version: str
    reason: str
    fixed: tuple[str, ...]


class QuestionBody(Struct, frozen=True, kw_only=True):
    """What a pack in force asks of a person. `values` empty: an event, answered by a day. `stated` "": not yet."""

    name: str
    pack: str
    of: str
    source: str
    values: tuple[str, ...]
    stated: str
    stated_by: str


class DeadlineBody(Struct, frozen=True, kw_only=True):
    """One finding with its whole why. `also`: what other packs in force say. `locked` "": the patch may go."""

    asset: str
    asset_name: str
    vulnerability: str
    at: datetime
    answer: AnswerBody
    also: tuple[AnswerBody, ...]
    pack: PackNote | None
    reached: tuple[ReachedBy, ...]
    questions: tuple[QuestionBody, ...]
    locked: str


class WorkDone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done about a finding: `what` is remediated or mitigated, `how` one sentence.

    Or what a directive asks of a person: `what` is stated, `how` is `input=value` pairs, separated by spaces.
    """

    what: str
    how: str


class WorkBody(Struct, frozen=True, kw_only=True):
    """The finding after it was worked on. Whether a mitigation closes it is the tier's to say."""

    asset: str
    vulnerability: str
    mitigated_at: datetime | None
    done_at: datetime | None
    by_name: str
    state: str


class Changes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Changes to try, as the terminal writes them: `exposure ASSET yes|no|unknown`, `kev CVE [DAY [DUE]]`,
    `ssvc CVE automatable=yes impact=total`, `upgrade ASSET DAY|none`, `choose PARAMETER=VALUE`, `pack ID`.
    """

    changes: list[str]


class StandingBody(Struct, frozen=True, kw_only=True):
    """What one finding comes to."""

    kind: str
    tier: str
    due: datetime | None
    overdue: bool
    triage: bool
    defaulted: bool


class MovedBody(Struct, frozen=True, kw_only=True):
    """A finding whose tier, date or duty would change."""

    asset: str
    vulnerability: str
    before: StandingBody
    after: StandingBody


class DifferenceMade(Struct, frozen=True, kw_only=True):
    """What the changes would move. `moved` lists the first of `moved_count`."""

    before: SummaryBody
    after: SummaryBody
    touched: int
    moved_count: int
    moved: tuple[MovedBody, ...]


class StepBody(Struct, frozen=True, kw_only=True):
    """One step of a triage with its hours."""

    step: str
    text: str
    hours: int
    due_at: datetime
    done_at: datetime | None
    by_name: str
    late: bool


class ItemBody(Struct, frozen=True, kw_only=True):
    """One piece of evidence, by digest; each holds the digest of the one before."""

    number: int
    name: str
    volatile: bool
    collector: str
    collected_at: datetime
    tool: str
    sha256: str
    place: str
    previous: str
    hash: str


class EndedBody(Struct, frozen=True, kw_only=True):
    """The decision on compromise, by a named person."""

    compromise: str
    reason: str
    at: datetime
    by_name: str
    is_script: bool


class OverrideBody(Struct, frozen=True, kw_only=True):
    """A named person lets the patch go before the evidence."""

    reason: str
    at: datetime
    by_name: str


class QueryBody(Struct, frozen=True, kw_only=True):
    """One query. `generic`: it looks for the class of attack and names no vulnerability."""

    title: str
    text: str
    logsource: str
    author: str
    licence: str
    rule: str
    generic: bool


class LeadTakenBody(Struct, frozen=True, kw_only=True):
    """Something to search for that a person took over."""

    key: str
    query: str
    source: str
    at: datetime
    by_name: str


class TriageHeld(Struct, frozen=True, kw_only=True):
    """The triage as it stands."""

    opened_at: datetime
    opened_by: str
    counts_from: str
    items: tuple[ItemBody, ...]
    override: OverrideBody | None
    ended: EndedBody | None
    leads: tuple[LeadTakenBody, ...] = ()


class AskLeads(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`model` lets one choose among the leads, while the register has the triage assistant in use; `grant` is the key
    of an access grant."""

    model: bool = False
    grant: str = ""


class LeadBody(Struct, frozen=True, kw_only=True):
    """Something to search for. `source` is the advisory that names it."""

    key: str
    title: str
    query: str
    source: str
    generic: bool


class LeadsBody(Struct, frozen=True, kw_only=True):
    """What to search for. `chosen` are keys that a model proposes; they count for nothing until a person takes them."""

    leads: tuple[LeadBody, ...]
    coverage: str
    chosen: tuple[str, ...]
    model: str
    note: str
    silent: str


class TriageBody(Struct, frozen=True, kw_only=True):
    """The triage of one finding. `held` null: none is open, and `untriaged` says why.

    `coverage` says how many catalogue entries the host's detection rules name: show it beside any query.
    """

    asset: str
    vulnerability: str
    held: TriageHeld | None
    steps: tuple[StepBody, ...]
    broken: str
    queries: tuple[QueryBody, ...]
    coverage: str
    locked: str
    untriaged: str
    has_tier: bool


class TriageAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of an act, each as text. step: `step`. collect: `name`, `tool`, `place`, `sha256`, `volatile` (yes).
    override: `reason`. decide: `compromise`, `reason`. follow: `leads`, one key a line. open takes none.
    """

    values: dict[str, str] = {}
