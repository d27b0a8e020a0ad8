"""The machines of coordination: the tables against their sources, and every state that two parties can reach."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from comity.clearing import embargo
from comity.errors import ComityError, Conflict, Forbidden
from comity.model.coordination import (
    CONSENT_MOVES,
    HANDLED_MOVES,
    IN_FORCE,
    NEEDS,
    QUIET_MOVES,
    TIERS_OF,
    Breach,
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
    learned,
    may_follow,
)
from comity.model.ids import CaseId

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SHORT, MIDDLE, LONG = (NOW + timedelta(days=days) for days in (10, 30, 60))


def party(id_: str, part: Part, tier: Tier = Tier.ZERO, **more: object) -> Participant:
    held = Participant(
        id=id_, name=id_.title(), part=part, tier=tier, read_in_at=NOW, read_in_by="Ada", why="needs to know"
    )
    return replace(held, **more)  # type: ignore[arg-type]  # fields of a participant


FINDER = party("finder", Part.FINDER)
VENDOR = party("vendor", Part.MAINTAINER, handled=Handled.ACCEPTED)
DISTRO = party("distro", Part.DISTRIBUTOR, Tier.TWO)


def begun(until: datetime | None = MIDDLE) -> Coordination:
    held = Coordination(case=CaseId("C-TEST"), began_at=NOW, participants=(FINDER, VENDOR))
    return embargo.begin(held, until, "house default", at=NOW, source=Source.HOUSE)


def terms(until: datetime, by: str = "Ada") -> Terms:
    return Terms(until=until, source=Source.AGREEMENT, by=by, basis="asked")


# The tables ---------------------------------------------------------------------------------------------------------


def test_no_move_leaves_an_end() -> None:
    assert HANDLED_MOVES[Handled.CLOSED] == frozenset()
    assert all(state is not Quiet.EXITED for state, _ in QUIET_MOVES)


def test_a_valid_report_is_accepted_or_deferred_before_it_closes() -> None:
    assert Handled.CLOSED not in HANDLED_MOVES[Handled.VALID]
    assert HANDLED_MOVES.keys() == set(Handled)
    assert CONSENT_MOVES.keys() == set(Consent)
    assert TIERS_OF.keys() == set(Part)


def test_the_world_has_32_legal_states_and_70_legal_histories() -> None:
    """CMU/SEI-2021-SR-021: 32 states, 70 histories of all six events."""
    states: set[frozenset[Fact]] = set()

    def histories(world: frozenset[Fact]) -> int:
        states.add(world)
        follow = may_follow(world)
        return sum(histories(world | {fact}) for fact in follow) if follow else 1

    assert histories(frozenset()) == 70
    assert len(states) == 32


def test_whatever_is_learned_is_learned_in_a_legal_order() -> None:
    every = [frozenset[Fact]()]
    for world in every:
        for fact in Fact:
            order = learned(world, fact)
            steps = [world]
            for one in order:
                assert NEEDS.get(one, frozenset()) <= steps[-1]
                steps.append(steps[-1] | {one})
            settled = steps[-1]
            assert fact in settled
            assert Fact.EXPLOIT_PUBLIC not in settled or Fact.PUBLIC_AWARE in settled
            assert Fact.PUBLIC_AWARE not in settled or Fact.VENDOR_AWARE in settled
            assert all(len(after) == len(before) + 1 for before, after in pairwise(steps))
            if settled not in every:
                every.append(settled)


# Every reachable state ----------------------------------------------------------------------------------------------

Act = Callable[[Coordination], Coordination]


def acts(fact_ends: bool) -> Iterator[tuple[str, Act]]:
    for until in (SHORT, MIDDLE, LONG):
        for who in ("", "finder", "vendor"):
            yield (
                f"propose {until:%d} {who}",
                lambda c, u=until, w=who: embargo.propose(c, terms(u), at=NOW, participant=w),
            )
        yield f"for slower {until:%d}", lambda c, u=until: embargo.propose(c, terms(u), at=NOW, for_slower_vendors=True)
    for who in ("finder", "vendor"):
        yield f"agree {who}", lambda c, w=who: embargo.agree(c, w, at=NOW)
        yield f"refuse {who}", lambda c, w=who: embargo.refuse(c, w, at=NOW)
    for fact in Fact:
        yield fact, lambda c, f=fact: embargo.happened(c, f, by="Ada", at=NOW, ends_on_attacks=fact_ends)
    yield "end", lambda c: embargo.end(c, by="Ada", why="agreed", at=NOW)
    yield "time", lambda c: embargo.expired(c, at=LONG)


def bare(held: Coordination) -> Coordination:
    """Without what only grows: the state that decides what may come."""
    return replace(held, log=(), limits=(), breaks=())


@pytest.mark.parametrize("ends_on_attacks", [True, False])
@pytest.mark.parametrize(
    "start", [begun(), begun(None), replace(begun(), quiet=Quiet.NONE, terms=None, participants=(FINDER, VENDOR))]
)
def test_no_reachable_state_breaks_an_invariant(start: Coordination, ends_on_attacks: bool) -> None:
    seen = {bare(start)}
    waiting = [bare(start)]
    moves = tuple(acts(ends_on_attacks))
    while waiting:
        held = waiting.pop()
        _invariants(held, ends_on_attacks)
        for name, act in moves:
            try:
                after = bare(act(held))
            except ComityError:
                continue
            _transition(held, after, name)
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    if start.quiet is Quiet.ACTIVE:
        assert {held.quiet for held in seen} >= IN_FORCE | {Quiet.EXITED}
        assert len(seen) > 200


def _invariants(held: Coordination, ends_on_attacks: bool) -> None:
    bound = held.quiet in IN_FORCE
    assert (held.terms is not None) == bound
    assert (held.proposal is not None) == (held.quiet in {Quiet.PROPOSED, Quiet.REVISE})
    if bound:
        assert not held.world & {Fact.PUBLIC_AWARE, Fact.EXPLOIT_PUBLIC}
        assert not (ends_on_attacks and Fact.ATTACKS_SEEN in held.world)
    if held.quiet is Quiet.EXITED:
        assert all(one.consent is Consent.NONE for one in held.participants)
    if held.quiet is Quiet.REVISE:
        assert held.proposal is not None
        assert held.terms is not None
        assert held.proposal.terms.until > held.terms.until
    if Fact.FIX_READY in held.world:
        assert held.quiet is not Quiet.PROPOSED
    for one in held.participants:
        assert held.proposal is not None or one.consent is not Consent.LAPSED


def _transition(held: Coordination, after: Coordination, name: str) -> None:
    assert held.world <= after.world
    if held.quiet is Quiet.EXITED:
        assert after.quiet is Quiet.EXITED
    longer = held.terms is not None and after.terms is not None and after.terms.until > held.terms.until
    if longer:
        assert held.proposal is not None or name.startswith(("propose", "for slower"))
        asked = {"finder", "vendor"}
        agreed = set(held.proposal.agreed) if held.proposal else set()
        assert asked <= agreed | {name.rpartition(" ")[2]}, "nobody's embargo grows without everybody's word"


# Single rules -------------------------------------------------------------------------------------------------------


def test_of_two_dates_the_shorter_holds_and_the_longer_is_a_proposal() -> None:
    longer = embargo.propose(begun(), terms(LONG), at=NOW)
    assert (longer.terms.until, longer.quiet, longer.proposal.terms.until) == (MIDDLE, Quiet.REVISE, LONG)
    shorter = embargo.propose(begun(), terms(SHORT), at=NOW)
    assert (shorter.terms.until, shorter.quiet) == (SHORT, Quiet.ACTIVE)


def test_a_revision_asks_everybody_again_and_one_refusal_keeps_the_old_terms() -> None:
    asked = embargo.propose(begun(), terms(LONG), at=NOW)
    assert {one.consent for one in asked.participants} == {Consent.LAPSED}
    half = embargo.agree(asked, "finder", at=NOW)
    assert half.terms.until == MIDDLE
    whole = embargo.agree(half, "vendor", at=NOW)
    assert (whole.terms.until, whole.quiet) == (LONG, Quiet.ACTIVE)
    refused = embargo.refuse(half, "vendor", at=NOW, why="we ship on the 12th")
    assert (refused.terms.until, refused.quiet) == (MIDDLE, Quiet.ACTIVE)
    assert {one.consent for one in refused.participants} == {Consent.SIGNATORY}
    assert refused.log[-1].why == "we ship on the 12th"


def test_a_published_policy_goes_before_the_house_default_and_a_party_s_limit_before_both() -> None:
    policy = Limit(
        source=Source.PROJECT,
        until=LONG,
        by="Ada",
        basis="60 days from the report",
        where="SECURITY.md",
        read_at=NOW,
    )
    held = embargo.limited(begun(), policy, at=NOW)
    assert (held.terms.until, held.terms.source, held.quiet) == (LONG, Source.PROJECT, Quiet.ACTIVE)
    party_ = Limit(source=Source.PARTY, until=SHORT, by="Finder", basis="we speak on that day", read_at=NOW)
    tightened = embargo.limited(held, party_, at=NOW)
    assert (tightened.terms.until, tightened.terms.source) == (SHORT, Source.PARTY)
    assert "tighter than the project's published policy" in tightened.terms.basis
    house = replace(policy, source=Source.HOUSE, until=MIDDLE)
    assert embargo.limited(tightened, house, at=NOW).terms.until == SHORT


def test_a_ready_fix_lets_nobody_begin_and_extends_only_for_slower_vendors() -> None:
    ready = embargo.happened(begun(), Fact.FIX_READY, by="Ada", at=NOW)
    assert ready.quiet is Quiet.ACTIVE
    with pytest.raises(Conflict, match="slower vendors"):
        embargo.propose(ready, terms(LONG), at=NOW)
    assert embargo.propose(ready, terms(LONG), at=NOW, for_slower_vendors=True).quiet is Quiet.REVISE
    deployed = embargo.happened(ready, Fact.FIX_DEPLOYED, by="Ada", at=NOW)
    with pytest.raises(Conflict, match="fix deployed"):
        embargo.propose(deployed, terms(LONG), at=NOW, for_slower_vendors=True)


def test_a_fix_is_not_ready_before_a_maintainer_accepted() -> None:
    waiting = replace(begun(), participants=(FINDER, replace(VENDOR, handled=Handled.RECEIVED)))
    with pytest.raises(Conflict, match="accepted the report"):
        embargo.happened(waiting, Fact.FIX_READY, by="Ada", at=NOW)


@pytest.mark.parametrize("kind", list(Breach))
def test_a_break_ends_the_embargo_and_says_who_declared_it_on_what(kind: Breach) -> None:
    held = embargo.broken(begun(), kind, by="Ada", evidence="a public commit names the function", at=NOW)
    assert held.quiet is Quiet.EXITED
    assert held.terms is None
    assert held.breaks[-1].by == "Ada"
    assert held.breaks[-1].evidence == "a public commit names the function"


def test_attacks_end_it_by_default_and_policy_may_keep_it() -> None:
    kept = embargo.broken(begun(), Breach.EXPLOITATION, by="Ada", evidence="x", at=NOW, ends_on_attacks=False)
    assert kept.quiet is Quiet.ACTIVE
    with pytest.raises(Conflict):
        embargo.propose(kept, terms(LONG), at=NOW)


def test_whoever_comes_later_is_invited_and_sets_no_dates() -> None:
    held = embargo.joined(begun(), DISTRO, at=NOW)
    assert held.participant("distro").consent is Consent.INVITED
    asked = embargo.propose(held, terms(LONG), at=NOW)
    with pytest.raises(Forbidden):
        embargo.refuse(asked, "distro", at=NOW)
    for who in ("finder", "vendor"):
        asked = embargo.agree(asked, who, at=NOW)
    assert asked.terms.until == LONG  # a distributor's silence does not hold the others up


def test_when_the_last_who_had_not_answered_leaves_the_rest_have_agreed() -> None:
    asked = embargo.agree(embargo.propose(begun(), terms(LONG), at=NOW), "finder", at=NOW)
    alone = embargo.left(asked, "vendor", by="Ada", why="merged into another project", at=NOW)
    assert alone.terms.until == LONG


def test_terms_that_ran_out_end_and_are_in_the_log() -> None:
    ended = embargo.expired(begun(), at=MIDDLE)
    assert ended.quiet is Quiet.EXITED
    assert ended.log[-1].told == "the embargo ran out"
