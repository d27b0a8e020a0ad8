"""A second judge of the embargo, written from its rules and not from its code: it keeps a ledger of what everybody said
and asks of each change of the date whether anybody had the right to it.

The rules are those of `docs/coordination.md`: a date gets shorter only by the very date that somebody gave; longer only
when everybody who sets dates said yes to that date, or a published policy stands against the house's default; it ends
only by a decision, by its own date, by a public fact or by attacks; and nothing comes after its end.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from comity.clearing import embargo
from comity.errors import ComityError
from comity.model.coordination import (
    Consent,
    Coordination,
    Fact,
    Handled,
    Limit,
    Part,
    Participant,
    Quiet,
    Source,
    Terms,
    Tier,
)
from comity.model.ids import CaseId

START = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUSE_DAYS = 30
SETTERS = ("finder", "vendor")
"""Who sets dates here; the distributor is read in for the fix alone."""
LOUD = {Fact.PUBLIC_AWARE, Fact.EXPLOIT_PUBLIC, Fact.ATTACKS_SEEN}


def someone(id_: str, part: Part, tier: Tier = Tier.ZERO) -> Participant:
    return Participant(
        id=id_,
        name=id_,
        part=part,
        tier=tier,
        read_in_at=START,
        read_in_by="ada",
        why="needs it",
        handled=Handled.ACCEPTED,
    )


class Ledger(RuleBasedStateMachine):
    """Drives the embargo with whatever parties say, and judges each change of its date by what was said."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.yes: dict[datetime, set[str]] = {}
        """For each date that is asked for, who said yes since it was asked."""
        self.over = False
        self.parties: set[datetime] = set()
        """Limits that parties set: they tighten whatever else is given."""
        self.house = True
        """The date in force is the house's default, to which nobody had said anything."""

    @initialize(vendor=st.booleans())
    def begin(self, vendor: bool) -> None:
        people = (someone("finder", Part.FINDER), *((someone("vendor", Part.MAINTAINER),) if vendor else ()))
        people = (*people, someone("distro", Part.DISTRIBUTOR, Tier.TWO))
        begun = Coordination(case=CaseId("C-1111-2222-3333"), began_at=START, participants=people)
        self.held = embargo.begin(begun, START + HOUSE_DAYS * DAY, "house default", at=START, source=Source.HOUSE)

    # What is said ----------------------------------------------------------------------------------------------------

    def said(
        self,
        change: object,
        *,
        given: datetime | None = None,
        policy: bool = False,
        default: bool = False,
        ends: bool = False,
    ) -> None:
        """Make the change, and judge it. `given` is the date that the act itself names."""
        before = self.held
        try:
            after = change(before)  # type: ignore[operator]  # takes and gives a coordination
        except ComityError:
            return
        self.judge(before, after, given=given, policy=policy, default=default, ends=ends)
        self.held = after

    def judge(
        self,
        before: Coordination,
        after: Coordination,
        *,
        given: datetime | None,
        policy: bool,
        default: bool,
        ends: bool,
    ) -> None:
        was, is_ = (one.terms.until if one.terms else None for one in (before, after))
        if self.over:
            assert is_ is None, "an embargo came after its end"
            assert after.quiet is Quiet.EXITED
            return
        if was is not None and is_ is None:
            loud = bool(LOUD & after.world)
            assert ends or loud or self.now >= was, "it ended though nobody ended it"
            self.over = True
        elif was is not None and is_ is not None and is_ < was:
            assert is_ == given, f"shortened to {is_}, a date that nobody gave now"
            self.house = default
        elif was is not None and is_ is not None and is_ > was:
            setters = {one.id for one in after.participants if one.id in SETTERS and one.is_seated(self.now)}
            agreed = setters <= self.yes.get(is_, set()) and bool(setters)
            ruled = policy and self.house and (is_ == given or is_ in self.parties)
            assert agreed or ruled, f"lengthened to {is_} without everybody's yes"
            self.house = False
        if is_ != was:
            self.yes.pop(is_, None) if is_ is not None else self.yes.clear()

    def asked(self, until: datetime, *who: str) -> None:
        """A date that was asked for anew: earlier words about any date count no more."""
        if self.held.proposal is not None and self.held.proposal.terms.until == until:
            self.yes = {until: set(who)}

    @rule(who=st.sampled_from(["", *SETTERS]), days=st.integers(-1, 90), slower=st.booleans())
    def propose(self, who: str, days: int, slower: bool) -> None:
        if who and not self.seated(who):
            return
        until = self.now + days * DAY
        terms = Terms(until=until, source=Source.AGREEMENT, by=who or "ada", basis="asked")
        self.yes.setdefault(until, set())
        if who:
            self.yes[until] = {who}  # whoever asks has said yes, and nobody else has
        else:
            self.yes[until] = set()
        self.said(
            lambda held: embargo.propose(held, terms, at=self.now, participant=who, for_slower_vendors=slower),
            given=until,
        )
        self.asked(until, *((who,) if who else ()))

    @rule(who=st.sampled_from([*SETTERS, "distro"]))
    def agree(self, who: str) -> None:
        if self.held.proposal is not None and self.seated(who):
            self.yes.setdefault(self.held.proposal.terms.until, set()).add(who)
        self.said(lambda held: embargo.agree(held, who, at=self.now))

    @rule(who=st.sampled_from([*SETTERS, "distro"]))
    def refuse(self, who: str) -> None:
        open_before = self.held.proposal
        self.said(lambda held: embargo.refuse(held, who, at=self.now))
        if open_before is not None and self.held.proposal is None:
            self.yes.clear()
            assert who in SETTERS, "who sets no dates refused one"

    @rule(source=st.sampled_from(list(Source)), days=st.integers(-1, 90))
    def limit(self, source: Source, days: int) -> None:
        until = self.now + days * DAY
        one = Limit(source=source, until=until, by="ada", basis="a rule", read_at=self.now)
        if source is Source.PARTY:
            self.parties.add(until)
        policy = source in (Source.PROJECT, Source.MAILING_LIST)
        default = source is Source.HOUSE
        self.said(lambda held: embargo.limited(held, one, at=self.now), given=until, policy=policy, default=default)
        if source is Source.PARTY and self.held.terms is not None and until > self.now:
            assert self.held.terms.until <= until, "a party's limit did not hold"

    @rule(who=st.sampled_from(SETTERS))
    def leave(self, who: str) -> None:
        self.said(lambda held: embargo.left(held, who, by="ada", why="done", at=self.now))

    @rule(fact=st.sampled_from(list(Fact)), rarely=st.integers(0, 4))
    def learn(self, fact: Fact, rarely: int) -> None:
        if fact in LOUD and rarely:
            return  # after a loud fact little is left to judge
        self.said(lambda held: embargo.happened(held, fact, by="ada", at=self.now))

    @precondition(lambda self: not self.over)
    @rule(rarely=st.integers(0, 9))
    def end(self, rarely: int) -> None:
        if not rarely:
            self.said(lambda held: embargo.end(held, by="ada", why="agreed", at=self.now), ends=True)

    @rule(days=st.integers(0, 25))
    def time_passes(self, days: int) -> None:
        self.now += days * DAY
        self.said(lambda held: embargo.expired(held, at=self.now))

    def seated(self, who: str) -> bool:
        one = self.held.participant(who)
        return one is not None and one.is_seated(self.now)

    # What must hold --------------------------------------------------------------------------------------------------

    @invariant()
    def a_date_is_there_exactly_while_all_keep_quiet(self) -> None:
        held = getattr(self, "held", None)
        if held is None:
            return
        assert (held.terms is not None) == held.is_bound()
        assert not (held.is_bound() and LOUD & held.world), "quiet was asked for what the public knows"
        assert held.is_bound() or all(
            one.consent in (Consent.NONE, Consent.INVITED, Consent.DECLINED, Consent.SIGNATORY)
            for one in held.participants
        )
        if held.proposal is not None:
            assert set(held.proposal.agreed) <= self.yes.get(held.proposal.terms.until, set()) | {"distro"}


Ledger.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestNobodyMovesADateWithoutTheRightToIt = Ledger.TestCase


def test_noting_a_later_date_takes_nothing_from_what_all_have_agreed_to() -> None:
    """The ledger found it: a limit that changes nothing brought back the house's first date."""
    begun = Coordination(
        case=CaseId("C-1111-2222-3333"), began_at=START, participants=(someone("finder", Part.FINDER),)
    )
    held = embargo.begin(begun, START + 30 * DAY, "house default", at=START, source=Source.HOUSE)
    longer = Terms(until=START + 60 * DAY, source=Source.AGREEMENT, by="finder", basis="a slow build")
    held = embargo.propose(held, longer, at=START, participant="finder")
    assert held.terms == longer
    later = Limit(source=Source.PARTY, until=START + 80 * DAY, by="ada", basis="a party", read_at=START)
    assert embargo.limited(held, later, at=START).terms == longer
    house = replace(later, source=Source.HOUSE, until=START + 45 * DAY)
    assert embargo.limited(held, house, at=START).terms == longer  # an agreement goes before the default
    sooner = replace(later, until=START + 40 * DAY)
    assert embargo.limited(held, sooner, at=START).terms.until == START + 40 * DAY
