"""Decide what an embargo does when somebody speaks or something happens: pure moves over the tables of `coordination`.

The rules, after CERT/CC's Vultron work (CMU/SEI-2022-SR-012) and the Akrites Embargo Handling Guidance (draft 0.1):

- No embargo is sought once the public knows, an exploit is public or attacks are seen; one in force ends at once when
  the public knows or an exploit is public, and on attacks too by default (policy parameter).
- Once a fix is ready no new one begins and open proposals fall; a running one is extended only so that slower vendors
  catch up. Once a fix is deployed none is proposed or extended.
- Two dates: the shorter is in force, the longer is a proposed revision. The tightest limit of all parties wins. Only a
  published policy goes before the house default also when it is longer, since nobody had agreed to that default.
- A revision asks every signatory again; the old terms bind until all have answered. One refusal keeps the old terms.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.errors import Conflict, Forbidden
from comity.model.coordination import (
    BREACH_FACT,
    CONSENT_MOVES,
    HANDLED_MOVES,
    PRECEDENCE,
    QUIET_MOVES,
    Breach,
    Break,
    Consent,
    Coordination,
    Entry,
    Fact,
    Handled,
    Limit,
    Part,
    Participant,
    Proposal,
    Quiet,
    Say,
    Source,
    Terms,
    learned,
)

ENDS: Final = frozenset({Fact.PUBLIC_AWARE, Fact.EXPLOIT_PUBLIC})
"""Facts that end an embargo whatever anybody agreed to."""
SEEK_NONE: Final = ENDS | {Fact.ATTACKS_SEEN, Fact.FIX_READY, Fact.FIX_DEPLOYED}
"""Facts after which no new embargo is sought."""
NEGOTIATES: Final = frozenset({Part.FINDER, Part.MAINTAINER, Part.COORDINATOR})
"""Who may set dates. Others are told the time and agree to it, or are not read in."""
FIXERS: Final = frozenset({Handled.ACCEPTED, Handled.DEFERRED, Handled.CLOSED})
"""A vendor has a fix only after it accepted the report."""
HOST: Final = "this host"


# Time ---------------------------------------------------------------------------------------------------------------


def governing(limits: Iterable[Limit]) -> Terms | None:
    """Which date governs: the source that comes first in precedence, tightened by every limit that a party set.

    Of two dates of one source the earlier holds. None without any limit.
    """
    held = sorted(limits, key=lambda limit: limit.until)
    base = next((limit for source in PRECEDENCE for limit in held if limit.source is source), None)
    party = next((limit for limit in held if limit.source is Source.PARTY), None)
    chosen = base
    if party is not None and (base is None or party.until < base.until):
        chosen = party
    if chosen is None:
        return None
    basis = chosen.basis if chosen is base or base is None else f"{chosen.basis}, tighter than {base.source}"
    return Terms(until=chosen.until, source=chosen.source, by=chosen.by, basis=basis)


def begin(held: Coordination, until: datetime | None, basis: str, *, at: datetime, source: Source) -> Coordination:
    """Start from what the case says: a published default to which the finder said nothing is agreed.

    `until` None: the weakness is public or attacked already, so that there is none to agree to.
    """
    if until is None:
        return logged(replace(held, quiet=Quiet.EXITED), at=at, by=HOST, act="begin", told=f"no embargo: {basis}")
    limit = Limit(source=source, until=until, by=HOST, basis=basis, read_at=at)
    terms = Terms(until=until, source=source, by=HOST, basis=basis)
    bound = tuple(replace(one, consent=Consent.SIGNATORY) for one in held.participants)
    begun = replace(held, quiet=Quiet.ACTIVE, terms=terms, limits=(limit,), participants=bound)
    return logged(begun, at=at, by=HOST, act="begin", told=f"embargo until {_day(until)}: {basis}")


def limited(held: Coordination, limit: Limit, *, at: datetime) -> Coordination:
    """A rule or a party gives a date. What then governs is in force; a longer date is a proposed revision.

    Conflict when no embargo may be sought any more, and for a date that has passed.
    """
    if limit.until <= at:
        raise Conflict("that date has passed: end the embargo instead, with the reason")
    if held.quiet is Quiet.EXITED:
        raise Conflict("the embargo of this case has ended: no other begins")
    limits = (*held.limits, limit)
    terms = governing(_standing(held, limits))
    assert terms is not None
    if held.terms is None:
        return propose(replace(held, limits=limits), terms, at=at)
    told = f"{limit.source}: {_day(limit.until)} ({limit.basis})"
    if terms.until < held.terms.until:
        changed = replace(held, limits=limits, terms=terms)
        return logged(changed, at=at, by=limit.by, act="shorten", told=f"{told}; in force at once", why=limit.where)
    outranks = limit.source in (Source.PROJECT, Source.MAILING_LIST) and held.terms.source is Source.HOUSE
    if outranks and terms.until > held.terms.until and not SEEK_NONE & held.world:
        changed = replace(held, limits=limits, terms=terms)
        return logged(changed, at=at, by=limit.by, act="lengthen", told=f"{told}; before the default", why=limit.where)
    if limit.source is not Source.PARTY and terms.until > held.terms.until:
        kept = logged(replace(held, limits=limits), at=at, by=limit.by, act="note a limit", told=told, why=limit.where)
        return propose(kept, terms, at=at)
    return logged(replace(held, limits=limits), at=at, by=limit.by, act="note a limit", told=told, why=limit.where)


# The embargo --------------------------------------------------------------------------------------------------------


def propose(
    held: Coordination, terms: Terms, *, at: datetime, participant: str = "", for_slower_vendors: bool = False
) -> Coordination:
    """Ask for terms: a first embargo, a counter, or a revision. A shorter date than the one in force holds at once.

    `participant` is who asks and so agrees; "" for a coordinator of this host, who asks on nobody's behalf.
    """
    if terms.until <= at:
        raise Conflict("that date has passed: end the embargo instead, with the reason")
    if held.terms is not None and held.is_bound() and terms.until <= held.terms.until:
        if terms.until == held.terms.until:
            raise Conflict("that is the date in force")
        changed = replace(held, terms=terms)
        return logged(changed, at=at, by=terms.by, act="shorten", told=f"embargo until {_day(terms.until)} at once")
    _may_seek(held, for_slower_vendors=for_slower_vendors)
    to = _move(held, Say.PROPOSE)
    asked = tuple(_asked_again(one, at) for one in held.participants)
    opened = replace(
        held,
        quiet=to,
        proposal=Proposal(terms=terms, asked_at=at, agreed=(participant,) if participant else ()),
        participants=asked,
    )
    word = "an extension" if held.is_bound() else "an embargo"
    told = f"{word} until {_day(terms.until)} was asked for"
    return settled(logged(opened, at=at, by=terms.by, act="propose", told=told, why=terms.basis), at=at)


def agree(held: Coordination, participant: str, *, at: datetime) -> Coordination:
    """A participant agrees: to what is proposed, or, when nothing is, to the terms in force (an invitation).

    A proposal is in force once everybody who is asked has agreed.
    """
    one = _seated(held, participant, at)
    signed = _with(held, replace(one, consent=_consent(one, Consent.SIGNATORY)))
    if held.proposal is None:
        if not held.is_bound():
            raise Conflict("there is nothing to agree to")
        return logged(signed, at=at, by=one.name, act="agree", told="agreed to the embargo in force")
    proposal = replace(held.proposal, agreed=tuple(sorted({*held.proposal.agreed, participant})))
    signed = logged(
        replace(signed, proposal=proposal),
        at=at,
        by=one.name,
        act="agree",
        told=f"agreed to {_day(proposal.terms.until)}",
    )
    return settled(signed, at=at)


def settled(held: Coordination, *, at: datetime) -> Coordination:
    """The proposal comes into force when all who must agree have: every seated participant who may set dates."""
    proposal = held.proposal
    if proposal is None or proposal.terms.until <= at:
        return held
    asked = {one.id for one in held.participants if one.part in NEGOTIATES and one.is_seated(at)}
    if not asked or not asked <= set(proposal.agreed):
        return held
    now = replace(
        held,
        quiet=_move(held, Say.AGREE),
        terms=proposal.terms,
        proposal=None,
        participants=tuple(
            replace(one, consent=Consent.SIGNATORY) if one.consent is Consent.LAPSED and one.id in asked else one
            for one in held.participants
        ),
    )
    return logged(now, at=at, by=HOST, act="agreed", told=f"embargo until {_day(proposal.terms.until)} is in force")


def refuse(held: Coordination, participant: str, *, at: datetime, why: str = "") -> Coordination:
    """A participant refuses: a proposal falls and old terms hold for those who held them; or declines an invitation."""
    one = _seated(held, participant, at)
    if held.proposal is None:
        if one.consent is Consent.NONE:
            raise Conflict("there is nothing to refuse")
        declined = _with(held, replace(one, consent=_consent(one, Consent.DECLINED)))
        return logged(declined, at=at, by=one.name, act="decline", told="declined the embargo", why=why)
    if one.part not in NEGOTIATES:
        raise Forbidden("who is read in for the fix alone sets no dates: decline the embargo, or ask the coordinator")
    fallen = _fallen(held, at=at)
    return logged(
        fallen, at=at, by=one.name, act="refuse", told="refused the proposal: what held before holds", why=why
    )


def end(held: Coordination, *, by: str, why: str, at: datetime) -> Coordination:
    """End an embargo by decision. Conflict when none is in force."""
    if not held.is_bound():
        raise Conflict("no embargo is in force")
    return logged(_ended(held), at=at, by=by, act="end", told="ended the embargo", why=why)


def expired(held: Coordination, *, at: datetime) -> Coordination:
    """What the clock does: terms that ran out end, and a proposal for a past date falls."""
    if held.is_bound() and held.terms is not None and held.terms.until <= at:
        return logged(_ended(held), at=at, by=HOST, act="end", told="the embargo ran out")
    if held.proposal is not None and held.proposal.terms.until <= at:
        return logged(_fallen(held, at=at), at=at, by=HOST, act="refuse", told="the date that was asked for has passed")
    return held


# The world ----------------------------------------------------------------------------------------------------------


def happened(
    held: Coordination, fact: Fact, *, by: str, at: datetime, why: str = "", ends_on_attacks: bool = True
) -> Coordination:
    """Learn a fact, with all that follows from it, and let the embargo do what it must."""
    fresh = learned(held.world, fact)
    if not fresh:
        raise Conflict(f"it is known already: {fact}")
    if Fact.FIX_READY in fresh and not any(
        one.part is Part.MAINTAINER and one.handled in FIXERS for one in held.participants
    ):
        raise Conflict("a fix is ready once a maintainer has accepted the report: note that first")
    known = replace(held, world=held.world | set(fresh))
    known = logged(known, at=at, by=by, act="learn", told="; ".join(fresh), why=why)
    must_end = bool(ENDS & known.world) or (ends_on_attacks and Fact.ATTACKS_SEEN in known.world)
    if must_end and known.is_bound():
        return logged(_ended(known), at=at, by=HOST, act="end", told=f"the embargo ends: {_because(known.world)}")
    if SEEK_NONE & known.world and known.proposal is not None:
        return logged(_fallen(known, at=at), at=at, by=HOST, act="refuse", told="an open proposal falls")
    return known


def broken(
    held: Coordination, kind: Breach, *, by: str, evidence: str, at: datetime, ends_on_attacks: bool = True
) -> Coordination:
    """Somebody declares a break, on stated evidence: the fact behind it is known from now on."""
    noted = replace(held, breaks=(*held.breaks, Break(kind=kind, at=at, by=by, evidence=evidence)))
    noted = logged(noted, at=at, by=by, act="break", told=kind, why=evidence)
    if BREACH_FACT[kind] in held.world:
        return noted
    return happened(noted, BREACH_FACT[kind], by=by, at=at, ends_on_attacks=ends_on_attacks)


# Participants -------------------------------------------------------------------------------------------------------


def joined(held: Coordination, participant: Participant, *, at: datetime) -> Coordination:
    """Read somebody in. Who comes into a running embargo is invited to it and sees nothing of the case before a yes."""
    consent = Consent.INVITED if held.is_bound() or held.proposal is not None else Consent.NONE
    seated = replace(participant, consent=consent)
    told = f"read in {seated.name} as {seated.part}, tier {seated.tier}"
    added = replace(held, participants=(*held.participants, seated))
    return logged(added, at=at, by=seated.read_in_by, act="read in", told=told, why=seated.why)


def left(held: Coordination, participant: str, *, by: str, why: str, at: datetime) -> Coordination:
    """End a read-in. What the rest agreed to may be complete without them."""
    one = _seated(held, participant, at)
    gone = _with(held, replace(one, read_out_at=at, consent=Consent.NONE))
    gone = logged(gone, at=at, by=by, act="read out", told=f"read out {one.name}", why=why)
    return settled(gone, at=at)


def handled(held: Coordination, participant: str, to: Handled, *, by: str, at: datetime, why: str = "") -> Coordination:
    """A participant moves the report on. Conflict for a move that the table does not have."""
    one = _seated(held, participant, at)
    if to not in HANDLED_MOVES[one.handled]:
        raise Conflict(f"for {one.name} the report is {one.handled}; it cannot become {to}")
    moved = _with(held, replace(one, handled=to))
    moved = logged(moved, at=at, by=by, act="handle", told=f"{one.name}: the report is {to}", why=why)
    if one.part is Part.MAINTAINER and Fact.VENDOR_AWARE not in moved.world:
        return replace(moved, world=moved.world | set(learned(moved.world, Fact.VENDOR_AWARE)))
    return moved


def logged(held: Coordination, *, at: datetime, by: str, act: str, told: str, why: str = "") -> Coordination:
    """The same with one more line in its log."""
    return replace(held, log=(*held.log, Entry(at=at, by=by, act=act, told=told, why=why)))


# Helpers, in call order ---------------------------------------------------------------------------------------------


def _may_seek(held: Coordination, *, for_slower_vendors: bool) -> None:
    barred = (SEEK_NONE - {Fact.FIX_READY}) & held.world
    if barred:
        raise Conflict(f"no embargo is sought or extended any more: {_because(held.world)}")
    if Fact.FIX_READY in held.world and not (held.is_bound() and for_slower_vendors):
        raise Conflict("a fix is ready: an embargo is extended only so that slower vendors catch up; say so")


def _standing(held: Coordination, limits: tuple[Limit, ...]) -> list[Limit]:
    """What a new limit is weighed against: what is in force, and no older date that all have since agreed to pass."""
    now = held.terms
    if now is None:
        return list(limits)
    older = [one for one in limits[:-1] if one.until >= now.until]
    ruling = Limit(source=now.source, until=now.until, by=now.by, basis=now.basis, read_at=held.began_at)
    return [ruling, *older, limits[-1]]


def _move(held: Coordination, say: Say) -> Quiet:
    to = QUIET_MOVES.get((held.quiet, say))
    if to is None:
        raise Conflict(f"the embargo is {held.quiet}: nobody can {say} now")
    return to


def _asked_again(one: Participant, at: datetime) -> Participant:
    if not one.is_seated(at):
        return one
    if one.consent is Consent.SIGNATORY:
        return replace(one, consent=Consent.LAPSED)
    return replace(one, consent=Consent.INVITED) if one.consent is Consent.NONE else one


def _seated(held: Coordination, participant: str, at: datetime) -> Participant:
    one = held.participant(participant)
    if one is None or not one.is_seated(at):
        raise Conflict("nobody of that id is read in to this case now")
    return one


def _consent(one: Participant, to: Consent) -> Consent:
    if to is one.consent:
        return to
    if to not in CONSENT_MOVES[one.consent]:
        raise Conflict(f"{one.name} was {one.consent}: invite them first")
    return to


def _with(held: Coordination, changed: Participant) -> Coordination:
    return replace(held, participants=tuple(changed if one.id == changed.id else one for one in held.participants))


def _fallen(held: Coordination, *, at: datetime) -> Coordination:
    """The proposal is gone: who was bound by the old terms is a signatory of them again."""
    to = _move(held, Say.REFUSE)
    back = tuple(
        replace(one, consent=Consent.SIGNATORY if to is Quiet.ACTIVE else Consent.NONE)
        if one.consent is Consent.LAPSED or (to is Quiet.NONE and one.is_seated(at))
        else one
        for one in held.participants
    )
    return replace(held, quiet=to, proposal=None, participants=back)


def _ended(held: Coordination) -> Coordination:
    free = tuple(replace(one, consent=Consent.NONE) for one in held.participants)
    return replace(held, quiet=_move(held, Say.END), terms=None, proposal=None, participants=free)


def _because(world: frozenset[Fact]) -> str:
    return ", ".join(fact for fact in Fact if fact in world and fact in SEEK_NONE)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
