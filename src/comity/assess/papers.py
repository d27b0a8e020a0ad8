"""What each act does to the record: values in, the next record out. Nothing here looks outside.

Acts that need a call to the developer's endpoint, a file or the sandbox are in the flow, which uses these for the rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.assess import moves, pairs, partners, scope, window
from comity.assess.acts import NONE
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model import dossier
from comity.model.dossier import (
    Appointment,
    Attestation,
    Determination,
    Engagement,
    Flag,
    Joint,
    Signed,
)
from comity.model.engagement import DEVELOPER_SIDE, HOST_SIDE, Move, Outcome, Seat, State
from comity.model.ids import Digest, PartyId, digest, is_digest

Values = Mapping[str, str]
EVIDENCE: Final = "evidence"
"""The one subject of an early erasure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who acts, in which seat, when."""

    person: PartyId
    login: str
    name: str
    organisation: PartyId
    is_script: bool
    seat: Seat
    at: datetime
    key: str = ""
    """Id of the own key with which a developer signs this act."""

    def signed(self, digest: Digest) -> Signed:
        """This person's name under a digest."""
        return Signed(
            person=self.person,
            name=self.name,
            seat=self.seat,
            is_script=self.is_script,
            digest=digest,
            at=self.at,
            key=self.key,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The record afterwards, and one sentence. `signs`: the host states that this person signed that digest."""

    engagement: Engagement
    sentence: str
    signs: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person of this host whom somebody names for a seat."""

    person: PartyId
    login: str
    name: str
    organisation: PartyId
    is_script: bool


def simple(move: Move, sentence: str) -> Callable[[Engagement, Hand, Values], Done]:
    """An act that is a move and nothing else."""

    def act(held: Engagement, hand: Hand, _values: Values) -> Done:
        return Done(engagement=moves.by_seat(held, move, hand.seat, now=hand.at), sentence=sentence)

    return act


def declare(held: Engagement, hand: Hand, values: Values) -> Done:
    """Every seat of this person is open from now on."""
    said = scope.text(values, "declaration")
    seats = tuple(
        replace(s, declared=said) if s.person == hand.person and s.declared is None else s for s in held.seats
    )
    return Done(engagement=replace(held, seats=seats), sentence="Your declaration is kept.")


def appoint(held: Engagement, hand: Hand, values: Values, named: Named) -> Done:
    """Name somebody for a seat: each side for its own seats; a partner's people need an admitted partner."""
    wanted = next((seat for seat in Seat if seat.value == values.get("seat", "")), None)
    if wanted is None:
        raise Invalid("no such seat", [Problem("/seat", "unknown_seat", f"one of {', '.join(Seat)}")])
    if wanted in DEVELOPER_SIDE and (hand.seat is not Seat.SIGNATORY or named.organisation != held.developer):
        raise Forbidden("the developer names people of its own organisation for its own seats")
    if wanted in HOST_SIDE and hand.seat is not Seat.COORDINATOR:
        raise Forbidden("the host coordinator names people for the host's seats")
    if wanted in HOST_SIDE and named.organisation == held.developer:
        raise Forbidden("nobody of the developer holds a seat of the host")
    if wanted is Seat.PARTNER and not partners.is_admitted(partners.find(held, values.get("partner", ""))):
        raise Conflict("this partner is not admitted by both sides")
    made = Appointment(
        seat=wanted,
        person=named.person,
        login=named.login,
        name=named.name,
        organisation=named.organisation,
        is_script=named.is_script,
        at=hand.at,
        partner=values.get("partner", "") if wanted is Seat.PARTNER else "",
    )
    # whoever declared once, declared for the whole engagement
    earlier = next((s.declared for s in held.seats if s.person == named.person and s.declared is not None), None)
    return Done(
        engagement=dossier.seat(held, replace(made, declared=earlier)), sentence=f"{named.name} is {wanted.value} now."
    )


def draft(held: Engagement, hand: Hand, values: Values) -> Done:
    """The next version of the terms; earlier signatures do not count for it."""
    made = scope.terms(values, number=len(held.terms) + 1)
    digest = scope.terms_digest(made)
    return Done(
        engagement=replace(held, terms=(*held.terms, made), since=hand.at),
        sentence=f"Version {made.number} of the terms is written, digest {digest[:16]}.",
    )


def sign(held: Engagement, hand: Hand, values: Values) -> Done:
    """Sign exactly the version in hand; the second side's signature agrees the terms."""
    digest = _the_digest(values, "digest")
    if digest != moves.digest_in_hand(held):
        raise Conflict("the terms changed since you read them: read them again, then sign")
    if any(one.digest == digest and one.seat is hand.seat for one in held.signatures):
        raise Conflict("your side has signed this version already")
    signed = replace(held, signatures=(*held.signatures, hand.signed(digest)))
    if {Seat.SIGNATORY, Seat.COORDINATOR} <= {one.seat for one in signed.signatures if one.digest == digest}:
        agreed = moves.by_seat(signed, Move.AGREE, hand.seat, now=hand.at)
        return Done(engagement=agreed, sentence="Both sides signed: this version is frozen.", signs=digest)
    return Done(engagement=signed, sentence="Signed. The other side has not signed yet.", signs=digest)


def attest(held: Engagement, hand: Hand, values: Values) -> Done:
    """Somebody says, in writing, what contains the runs."""
    level = values.get("level", "")
    if level not in {"C0", "C1", "C2", "C3"}:
        raise Invalid("no such level", [Problem("/level", "unknown_level", "one of C0, C1, C2, C3")])
    made = Attestation(
        level=level, statement=scope.text(values, "statement"), by=hand.person, name=hand.name, at=hand.at
    )
    return Done(engagement=replace(held, attested=made), sentence=f"Containment {level} is attested.")


def countersign(held: Engagement, hand: Hand, values: Values) -> Done:
    """The developer's name under exactly the digests that were sealed; freezes them."""
    sealing = held.sealing
    if sealing is None or sealing.terms != moves.digest_in_hand(held):
        raise Conflict("the custodian has not sealed anything under these terms yet")
    if _the_digest(values, "root") != sealing.battery_root:
        raise Conflict("what was sealed changed since you read it: read it again, then countersign")
    mine = replace(sealing, countersigned=hand.signed(sealing.battery_root))
    moved = moves.by_seat(replace(held, sealings=(*held.sealings[:-1], mine)), Move.FREEZE, hand.seat, now=hand.at)
    return Done(
        engagement=moved, sentence="Protocol and digests are frozen and journalled.", signs=sealing.battery_root
    )


def close(held: Engagement, hand: Hand, values: Values) -> Done:
    """The window is over; every key dies with it."""
    because = values.get("because", "")
    moved = moves.by_seat(held, Move.CLOSE, hand.seat, now=hand.at)
    assert held.window is not None
    shut = window.moved(held.window, hand.at, now=hand.at, developer_signed=False)
    return Done(
        engagement=replace(moved, window=shut, ended_because=because or "early finish"),
        sentence="The window is closed and its keys are dead.",
    )


def move_window(held: Engagement, hand: Hand, values: Values) -> Done:
    """Two persons, one of them the developer's signatory, move the end inside the cap."""
    end = scope.moment(values, "end")
    if end is None:
        raise Invalid("no end is named", [Problem("/end", "empty", "a moment in UTC")])
    assert held.window is not None
    subject = end.isoformat()
    window.moved(held.window, end, now=hand.at, developer_signed=True)  # refuse now what could never be done
    asked = pairs.agreed(held, Joint.WINDOW, subject, hand.signed(_about(Joint.WINDOW, subject)))
    if not pairs.ready(asked, Joint.WINDOW, subject):
        return Done(engagement=asked, sentence="Asked for. It takes the other side's agreement to exactly this end.")
    moved = window.moved(held.window, end, now=hand.at, developer_signed=True)
    used = pairs.used(asked, Joint.WINDOW, subject, at=hand.at)
    return Done(engagement=replace(used, window=moved), sentence=f"The window ends {end:%Y-%m-%d %H:%M} UTC.")


def propose(held: Engagement, hand: Hand, values: Values) -> Done:
    """One side's proposal, which is also its signature."""
    name, criteria = scope.text(values, "partner", most=scope.SHORT_LIMIT), scope.text(values, "criteria")
    by = hand.signed(_about(Joint.PARTNER, name))
    made = partners.proposed(held, name=name, criteria=criteria, by=by)
    return Done(engagement=made, sentence=f"{name} is proposed; the other side has not signed yet.")


def admit(held: Engagement, hand: Hand, values: Values) -> Done:
    """The other side's signature."""
    name = scope.text(values, "partner", most=scope.SHORT_LIMIT)
    made = partners.signed(held, name, hand.signed(_about(Joint.PARTNER, name)))
    return Done(engagement=made, sentence=f"{name} is admitted by both sides.")


def veto(held: Engagement, hand: Hand, values: Values) -> Done:
    """Either side's no; their people's seats open nothing any more."""
    name = scope.text(values, "partner", most=scope.SHORT_LIMIT)
    made = partners.vetoed(held, name, hand.seat)
    made = replace(made, seats=tuple(s for s in made.seats if s.seat is not Seat.PARTNER or s.partner != name))
    return Done(engagement=made, sentence=f"{name} is not a partner here.")


def agree(held: Engagement, hand: Hand, values: Values) -> Done:
    """One of two persons agrees to one act on one subject."""
    joint = next((one for one in Joint if one.value == values.get("act", "")), None)
    if joint is None or joint in {Joint.WINDOW, Joint.PARTNER, Joint.SECTION, Joint.ERASE}:
        raise Invalid("no such act", [Problem("/act", "unknown_act", "one that takes two persons")])
    subject = scope.text(values, "subject", most=scope.SHORT_LIMIT)
    asked = pairs.agreed(held, joint, subject, hand.signed(_about(joint, subject)))
    if pairs.ready(asked, joint, subject):
        return Done(engagement=asked, sentence=f"Two persons agreed to {joint.value}: it can be done once.")
    return Done(engagement=asked, sentence=f"You agreed to {joint.value}. It takes another person.")


def flag(held: Engagement, _hand: Hand, values: Values) -> Done:
    """A flag that stays on the card."""
    name = scope.text(values, "flag", most=scope.SHORT_LIMIT)
    if any(one.name == name for one in held.flags):
        raise Conflict(f"the flag {name} is raised already")
    made = Flag(name=name, about=scope.text(values, "about"))
    return Done(engagement=replace(held, flags=(*held.flags, made)), sentence=f"The flag {name} is raised.")


def overrule(held: Engagement, hand: Hand, values: Values) -> Done:
    """Two persons agreed before; the reason is printed beside the flag."""
    name = scope.text(values, "flag", most=scope.SHORT_LIMIT)
    reason = scope.text(values, "reason")
    _undecided(held, name)
    used = pairs.used(held, Joint.OVERRULE, name, at=hand.at)
    flags = tuple(replace(one, overruled=reason) if one.name == name else one for one in used.flags)
    return Done(engagement=replace(used, flags=flags), sentence=f"The flag {name} is overruled, with its reason.")


def confirm(held: Engagement, hand: Hand, values: Values) -> Done:
    """Two persons agreed before that a suspected run cheated; the reason is printed beside the flag."""
    name = scope.text(values, "flag", most=scope.SHORT_LIMIT)
    reason = scope.text(values, "reason")
    _undecided(held, name)
    used = pairs.used(held, Joint.CONFIRM, name, at=hand.at)
    flags = tuple(replace(one, confirmed=reason) if one.name == name else one for one in used.flags)
    return Done(engagement=replace(used, flags=flags), sentence=f"The flag {name} is confirmed, with its reason.")


def _undecided(held: Engagement, name: str) -> None:
    found = next((one for one in held.flags if one.name == name), None)
    if found is None:
        raise Conflict(f"no flag {name} was raised")
    if found.overruled or found.confirmed:
        raise Conflict(f"two persons have decided about the flag {name} already")


def record(held: Engagement, hand: Hand, values: Values) -> Done:
    """The determiner's outcome or none, and why."""
    said = values.get("outcome", "")
    outcome = next((one for one in Outcome if one.value == said), None)
    if outcome is None and said != NONE:
        names = ", ".join((NONE, *(one.value for one in Outcome)))
        raise Invalid("no such outcome", [Problem("/outcome", "unknown_outcome", f"one of {names}")])
    made = Determination(
        outcome=outcome,
        reasons=scope.text(values, "reasons"),
        by=hand.person,
        name=hand.name,
        is_script=hand.is_script,
        at=hand.at,
    )
    moved = moves.by_seat(replace(held, determination=made), Move.RECORD, hand.seat, now=hand.at)
    return Done(engagement=moved, sentence="Recorded. The developer reads the whole card now.")


def comment(held: Engagement, hand: Hand, values: Values) -> Done:
    """The developer's words, or none; the engagement ends with it."""
    said = scope.text(values, "comment", least=0)
    moved = moves.by_seat(replace(held, comment=said, comment_key=hand.key), Move.FINISH, hand.seat, now=hand.at)
    return Done(
        engagement=moved,
        sentence="The engagement has ended. Nothing is released unless both sides sign for it.",
        signs=dossier.comment_digest(held.card.digest if held.card else None, said),
    )


def release(held: Engagement, hand: Hand, values: Values) -> Done:
    """One side's signature under the release of one section of the card."""
    section = values.get("section", "")
    if held.card is None or section not in held.card.sections:
        raise Invalid("no such section", [Problem("/section", "unknown_section", "a section of this card")])
    if section in held.released:
        raise Conflict(f"the section {section} is released already")
    asked = pairs.agreed(held, Joint.SECTION, section, hand.signed(_about(Joint.SECTION, section)))
    if not pairs.ready(asked, Joint.SECTION, section):
        return Done(engagement=asked, sentence=f"Signed for {section}. The other side has not signed yet.")
    used = pairs.used(asked, Joint.SECTION, section, at=hand.at)
    return Done(
        engagement=replace(used, released=(*used.released, section)), sentence=f"The section {section} is released."
    )


def end(held: Engagement, hand: Hand, values: Values) -> Done:
    """An enquiry just ends. Later the host ends an engagement with a reason that is kept."""
    reason = scope.text(values, "reason", least=0 if held.state is State.ENQUIRY else 1)
    moved = moves.by_seat(held, Move.END, hand.seat, now=hand.at, told_why=bool(reason))
    if held.state is State.ENQUIRY:
        return Done(engagement=moved, sentence="The enquiry has ended. A receipt is all that stays.")
    return Done(engagement=replace(moved, ended_because=reason), sentence="The engagement has ended.")


def withdraw(held: Engagement, hand: Hand, _values: Values) -> Done:
    """No reason, no mark. What was agreed for release but not released is not released any more."""
    moved = moves.by_seat(held, Move.WITHDRAW, hand.seat, now=hand.at)
    shut = moved.window
    if shut is not None and hand.at < shut.end:
        shut = window.moved(shut, hand.at, now=hand.at, developer_signed=False)
    return Done(
        engagement=replace(moved, window=shut),
        sentence="You have withdrawn. Keys are dead, and the evidence will be erased.",
    )


def ask_erasure(held: Engagement, hand: Hand, _values: Values) -> Done:
    """One of the two persons that an early erasure takes."""
    asked = pairs.agreed(held, Joint.ERASE, EVIDENCE, hand.signed(_about(Joint.ERASE, EVIDENCE)))
    return Done(engagement=asked, sentence="Agreed. Erasing early takes another person of the other side.")


PURE: Final[Mapping[str, Callable[[Engagement, Hand, Values], Done]]] = {
    "declare": declare,
    "negotiate": simple(Move.NEGOTIATE, "Terms can be written now."),
    "draft": draft,
    "sign": sign,
    "reopen": simple(Move.REOPEN, "The terms are open again; going on takes both signatures anew."),
    "attest": attest,
    "countersign": countersign,
    "close": close,
    "window": move_window,
    "propose": propose,
    "admit": admit,
    "veto": veto,
    "agree": agree,
    "flag": flag,
    "overrule": overrule,
    "confirm": confirm,
    "analyse": simple(Move.ANALYSE, "Back to analysis of what is held. The model stays out of reach."),
    "record": record,
    "comment": comment,
    "release": release,
    "renew": simple(Move.RENEW, "Terms are taken up again; both sides sign anew."),
    "end": end,
    "withdraw": withdraw,
}
"""Acts that need nothing but the record and what was filled in."""


def _about(joint: Joint, subject: str) -> Digest:
    return digest(f"{joint.value}\n{subject}".encode())


def _the_digest(values: Values, name: str) -> Digest:
    found = values.get(name, "").strip()
    if not is_digest(found):
        raise Invalid(f"{name} is no digest", [Problem(f"/{name}", "bad_digest", "64 lower-case hex characters")])
    return Digest(found)
