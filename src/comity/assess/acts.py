"""Everything that a person may do in an engagement, as one table: who, in which states, with which fields.

Pages make their forms from it, the API and the terminal name its acts, and the counter checks it. What an act does to
the record is in `papers` (pure) or in the flow (where a call goes out).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from comity.assess import pairs
from comity.model.dossier import Access, Engagement, Joint, Logging, Safeguards
from comity.model.engagement import DEVELOPER_SIDE, HOST_SIDE, Move, Outcome, Seat, State, rule
from comity.model.ids import PartyId

EVERY: Final = frozenset(Seat)
LIVE: Final = frozenset(State) - {State.ERASED}
BEFORE_END: Final = frozenset(
    {State.ENQUIRY, State.TERMS, State.AGREED, State.FROZEN, State.OPEN, State.CLOSED, State.WEIGHED, State.COMMENT}
)
NONE: Final = "none"
BECAUSE: Final = ("early finish", "access revoked", "budget spent", "leak")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in. `choices` makes it a list; `lines` above 1 a text; `hidden` a value the page knows."""

    name: str
    label: str
    choices: tuple[str, ...] = ()
    lines: int = 1
    is_needed: bool = True
    hint: str = ""
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing to do. `move`: it makes this move, so the table of moves says who and where."""

    name: str
    label: str
    says: str
    by: frozenset[Seat] = frozenset()
    states: frozenset[State] = frozenset()
    move: Move | None = None
    fields: tuple[Field, ...] = ()
    joint: Joint | None = None
    undeclared: bool = False
    """Open to a seat that has not declared conflicts of interest yet."""
    grave: bool = False
    """Cannot be taken back: the page says so."""


_TERMS_FIELDS: Final = (
    Field(name="model", label="Model id, exactly as the endpoint answers with it"),
    Field(name="scope", label="Scope: what is measured, and what is not", lines=3),
    Field(name="access", label="Access level", choices=tuple(one.value for one in Access)),
    Field(name="withheld", label="What is not given", lines=2, is_needed=False),
    Field(name="people", label="People who may call the model (login names)"),
    Field(
        name="safeguards", label="The developer's safeguards during runs", choices=tuple(s.value for s in Safeguards)
    ),
    Field(name="use_limits", label="Limits of use", lines=3),
    Field(name="nondisclosure", label="Nondisclosure", lines=3),
    Field(name="intellectual_property", label="Intellectual property", lines=3),
    Field(name="security", label="Security of the host and its people", lines=3),
    Field(name="insider_risk", label="Insider risk", lines=3),
    Field(name="retention", label="Retention and erasure", lines=3),
    Field(
        name="planned_release",
        label="Planned partner release (the developer's own date)",
        is_needed=False,
        hint="UTC, like 2026-12-24T00:00Z; the window never passes it",
    ),
    Field(name="window_days", label="Days of the window, 30 at most", hint="30"),
    Field(name="run_tokens", label="Tokens for one run", is_needed=False),
    Field(name="total_tokens", label="Tokens in all", is_needed=False),
    Field(name="calls_per_minute", label="Calls a minute", is_needed=False),
    Field(name="failed_calls", label="Calls the endpoint may fail in all", is_needed=False, hint="200"),
    Field(name="answer_tokens", label="Tokens of one answer at most", is_needed=False),
    Field(name="parameters", label="Parameters that may be sent", is_needed=False),
    Field(
        name="developer_key",
        label="The developer's own public key; empty: the host states who signed",
        is_needed=False,
        hint="64 hex characters",
    ),
    Field(name="logging", label="What the gateway keeps", choices=tuple(one.value for one in Logging)),
)

_OWN: Final = Field(
    name="signature",
    label="The developer's own signature, where the terms name a key",
    lines=3,
    is_needed=False,
    hint="made by the same command at a terminal with --own-key",
)
_JOINT: Final = tuple(j.value for j in Joint if j not in {Joint.WINDOW, Joint.PARTNER, Joint.SECTION, Joint.ERASE})
_JOINT_SEATS: Final = frozenset(
    seat for joint, (one, other) in pairs.PAIRS.items() if joint.value in _JOINT for seat in one | other
)

_ALL: Final = (
    Act(
        name="declare",
        label="Declare conflicts of interest",
        says="Nothing of the engagement opens before this.",
        by=EVERY,
        states=LIVE,
        undeclared=True,
        fields=(Field(name="declaration", label="Conflicts, or the word none", lines=2),),
    ),
    Act(
        name="negotiate",
        label="Go into terms",
        says="The enquiry becomes an engagement with terms to agree.",
        move=Move.NEGOTIATE,
    ),
    Act(
        name="seat",
        label="Name somebody for a seat",
        says="One person holds one of operator, custodian, determiner and auditor, never two.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=BEFORE_END,
        fields=(
            Field(name="login", label="Login name"),
            Field(name="seat", label="Seat", choices=tuple(seat.value for seat in Seat)),
            Field(name="partner", label="Of which admitted partner", is_needed=False),
        ),
    ),
    Act(
        name="draft",
        label="Write the terms",
        says="A new version; signatures under earlier ones do not count for it.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.TERMS}),
        fields=_TERMS_FIELDS,
    ),
    Act(
        name="sign",
        label="Sign exactly these terms",
        says="When both sides have signed the same version, it is frozen.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.TERMS}),
        fields=(Field(name="digest", label="Digest of the terms"), _OWN),
    ),
    Act(
        name="reopen",
        label="Reopen the terms",
        says="Going on afterwards takes new signatures by both sides. Earlier digests stay in the record.",
        move=Move.REOPEN,
    ),
    Act(
        name="endpoint",
        label="Register the endpoint and its key",
        says="The key is sealed. No person at the host sees it; the gateway alone uses it.",
        by=DEVELOPER_SIDE,
        states=frozenset({State.TERMS, State.AGREED, State.FROZEN, State.OPEN}),
        fields=(
            Field(name="url", label="Address of the API, up to /v1"),
            Field(name="key", label="Key of the endpoint", is_secret=True),
        ),
    ),
    Act(
        name="seal",
        label="Seal battery, plan and threshold",
        says="Salted digests are journalled before anything runs. The threshold stays with the custodian.",
        by=frozenset({Seat.CUSTODIAN}),
        states=frozenset({State.AGREED}),
        fields=(
            Field(name="battery", label="Battery: a JSON list of leaves, each with name and body", lines=6),
            Field(name="plan", label="Analysis plan", lines=4),
            Field(name="threshold", label="Threshold in human minutes; empty: estimate only", is_needed=False),
            Field(name="label", label="What the threshold's owner calls it", is_needed=False),
        ),
    ),
    Act(
        name="generate",
        label="Seal a generated battery",
        says="Made here from one fresh secret, for this engagement alone; committed to leaf by leaf, with the plan.",
        by=frozenset({Seat.CUSTODIAN}),
        states=frozenset({State.AGREED}),
        fields=(
            Field(name="families", label="Families, with commas between; empty: all", is_needed=False),
            Field(name="per_family", label="Targets of each family; each has two tasks", is_needed=False, hint="4"),
            Field(name="most_runs", label="Most runs", is_needed=False, hint="60"),
            Field(name="threshold", label="Threshold in human minutes; empty: estimate only", is_needed=False),
            Field(name="label", label="What the threshold's owner calls it", is_needed=False),
        ),
    ),
    Act(
        name="attest",
        label="Attest containment",
        says="Who says, from what, that runs are contained.",
        by=frozenset({Seat.OPERATOR}),
        states=frozenset({State.AGREED, State.FROZEN}),
        fields=(
            Field(name="level", label="Level", choices=("C0", "C1", "C2", "C3")),
            Field(name="statement", label="Statement: what holds the runs, and who looked", lines=3),
        ),
    ),
    Act(
        name="countersign",
        label="Countersign protocol and digests",
        says="Freezes them. Needs the four seats named and declared.",
        move=Move.FREEZE,
        fields=(Field(name="root", label="Root of the battery"), _OWN),
    ),
    Act(
        name="open",
        label="Open the window",
        says="The first call that the key answers begins the window; it ends by itself.",
        move=Move.OPEN,
    ),
    Act(
        name="key",
        label="Get a key for the gateway",
        says="Yours alone, short-lived, shown once. It dies with the window.",
        by=frozenset({Seat.OPERATOR, Seat.ENGINEER, Seat.PARTNER}),
        states=frozenset({State.OPEN}),
    ),
    Act(
        name="probe",
        label="Probe the version",
        says="Ends the running block with an end probe, or begins the next one.",
        by=frozenset({Seat.OPERATOR}),
        states=frozenset({State.OPEN}),
    ),
    Act(
        name="close",
        label="Close the window now",
        says="Keys die at once. The developer's stop works the same way, within seconds.",
        move=Move.CLOSE,
        fields=(Field(name="because", label="Because", choices=BECAUSE),),
        grave=True,
    ),
    Act(
        name="window",
        label="Move the end of the window",
        says="Inside its cap, by the developer and the host together.",
        by=frozenset(seat for seats in pairs.PAIRS[Joint.WINDOW] for seat in seats),
        states=frozenset({State.OPEN}),
        joint=Joint.WINDOW,
        fields=(Field(name="end", label="New end (UTC)", hint="2026-12-24T00:00Z"),),
    ),
    Act(
        name="propose",
        label="Propose a trusted partner",
        says="Proposing is signing for your side. Criteria are logged; there is no order among partners.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.TERMS, State.AGREED, State.FROZEN, State.OPEN}),
        fields=(
            Field(name="partner", label="Partner"),
            Field(name="criteria", label="Why this one: the criteria", lines=2),
        ),
    ),
    Act(
        name="admit",
        label="Sign for a proposed partner",
        says="Both sides signed: the partner is admitted.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.TERMS, State.AGREED, State.FROZEN, State.OPEN}),
        joint=Joint.PARTNER,
        fields=(Field(name="partner", label="Partner"),),
    ),
    Act(
        name="veto",
        label="Veto a partner",
        says="No reason is asked or stored.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.TERMS, State.AGREED, State.FROZEN, State.OPEN}),
        fields=(Field(name="partner", label="Partner"),),
    ),
    Act(
        name="agree",
        label="Agree to an act that takes two persons",
        says="Two persons of different roles, for exactly this subject, used once.",
        by=_JOINT_SEATS,
        states=frozenset({State.FROZEN, State.OPEN, State.CLOSED, State.WEIGHED, State.COMMENT, State.ENDED}),
        fields=(
            Field(name="act", label="Act", choices=_JOINT),
            Field(name="subject", label="On what: a leaf, a transcript, a file, a flag"),
        ),
    ),
    Act(
        name="flag",
        label="Raise a misfit or cheat flag",
        says="It stays on the card, whatever becomes of it.",
        by=frozenset({Seat.OPERATOR, Seat.AUDITOR}),
        states=frozenset({State.OPEN, State.CLOSED}),
        fields=(
            Field(name="flag", label="Name of the flag"),
            Field(name="about", label="What was seen", lines=2),
        ),
    ),
    Act(
        name="overrule",
        label="Overrule a flag",
        says="After two persons agreed; with a reason that is printed.",
        by=frozenset({Seat.DETERMINER, Seat.AUDITOR}),
        states=frozenset({State.CLOSED, State.WEIGHED}),
        fields=(
            Field(name="flag", label="Name of the flag"),
            Field(name="reason", label="Reason", lines=2),
        ),
    ),
    Act(
        name="confirm",
        label="Confirm a cheat flag",
        says="After two persons agreed; with a reason that is printed. The run then counts as cheated.",
        by=frozenset({Seat.DETERMINER, Seat.AUDITOR}),
        states=frozenset({State.CLOSED, State.WEIGHED}),
        fields=(
            Field(name="flag", label="Name of the flag"),
            Field(name="reason", label="Reason", lines=2),
        ),
    ),
    Act(
        name="weakness",
        label="Hand a real weakness to the clearinghouse",
        says="It travels sealed, like any report, and never goes on the card.",
        by=frozenset({Seat.OPERATOR, Seat.AUDITOR, Seat.ENGINEER, Seat.SIGNATORY, Seat.PARTNER}),
        states=frozenset({State.OPEN, State.CLOSED, State.WEIGHED}),
        fields=(Field(name="report", label="Report, in any format that is taken", lines=6),),
    ),
    Act(
        name="score",
        label="Score what is held and hand the card over",
        says="Worked out of the ledger of runs alone, and signed. A second person then recomputes it.",
        by=frozenset({Seat.OPERATOR}),
        states=frozenset({State.CLOSED}),
    ),
    Act(
        name="hand-over",
        label="Hand over a card made elsewhere on this host",
        says="The operator's part; a second person then recomputes it.",
        by=frozenset({Seat.OPERATOR}),
        states=frozenset({State.CLOSED}),
        fields=(Field(name="card", label="The signed card", lines=6),),
    ),
    Act(
        name="recompute",
        label="Recompute the card",
        says="Another person than the operator. Equal figures lay the card before the determiner.",
        move=Move.WEIGH,
    ),
    Act(
        name="analyse",
        label="Ask for more analysis",
        says="Of what is held. It gives no new access to the model.",
        move=Move.ANALYSE,
    ),
    Act(
        name="record",
        label="Record an outcome, or none",
        says="The tool recommends; you decide, and write why, also where you depart from it.",
        move=Move.RECORD,
        fields=(
            Field(name="outcome", label="Outcome", choices=(NONE, *(one.value for one in Outcome))),
            Field(name="reasons", label="Reasons", lines=4),
        ),
    ),
    Act(
        name="comment",
        label="Comment and finish",
        says="Your words stand beside the card. Empty: you finish without a comment.",
        move=Move.FINISH,
        fields=(Field(name="comment", label="Comment", lines=5, is_needed=False), _OWN),
    ),
    Act(
        name="release",
        label="Sign for the release of a section",
        says="Released when both sides signed for this section; never before.",
        by=frozenset({Seat.SIGNATORY, Seat.COORDINATOR}),
        states=frozenset({State.ENDED}),
        joint=Joint.SECTION,
        fields=(Field(name="section", label="Section"),),
    ),
    Act(
        name="renew",
        label="Take up terms again",
        says="With new consent by both sides.",
        move=Move.RENEW,
    ),
    Act(
        name="end",
        label="End the engagement",
        says="An enquiry leaves a receipt and nothing else. Later, the host's reason is logged.",
        move=Move.END,
        fields=(Field(name="reason", label="Reason", is_needed=False),),
        grave=True,
    ),
    Act(
        name="withdraw",
        label="Withdraw",
        says="At once, alone, without a reason and without a mark. Keys die; evidence is erased a day later.",
        move=Move.WITHDRAW,
        grave=True,
    ),
    Act(
        name="erase",
        label="Erase the evidence before its clock",
        says="By the developer and somebody of the host together. What is erased cannot be read again by anybody.",
        by=frozenset({Seat.SIGNATORY}) | HOST_SIDE,
        states=frozenset({State.ENDED, State.LAPSED, State.WITHDRAWN}),
        joint=Joint.ERASE,
        grave=True,
    ),
)

ACTS: Final[Mapping[str, Act]] = {act.name: act for act in _ALL}


def seats_for(act: Act, state: State) -> frozenset[Seat]:
    """Who may do it in this state; nobody where it cannot be done."""
    if act.move is not None:
        held = rule(state, act.move)
        return held.by if held is not None else frozenset()
    return act.by if state in act.states else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An act that this person may do now, in that seat."""

    act: Act
    seat: Seat
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Values that the page fills in beforehand."""


def open_to(engagement: Engagement, person: PartyId) -> tuple[Open, ...]:
    """What this person may do now, in the table's order."""
    found = []
    declared = engagement.seats_of(person)
    waiting = engagement.seats_of(person, declared=False) - declared
    for act in _ALL:
        seats = seats_for(act, engagement.state)
        mine = waiting & seats if act.undeclared else declared & seats
        if mine:
            found.append(Open(act=act, seat=min(mine, key=lambda seat: seat.value)))
    return tuple(found)
