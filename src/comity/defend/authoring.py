"""Decide how a directive moves from a draft to a rule that others follow, and where its 30-day clock stands.

Pure: values in, values out. A draft is a pack that reads whole. Offices are consulted by name and each speaks of one
state of the draft; a changed draft asks them again. A person signs exactly the bytes that were consulted on. After
publication an organisation acknowledges each version and reports how far it is; nobody is counted who did not say so.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from comity.errors import Conflict, Invalid, Problem
from comity.model.authoring import MOVES, Adoption, Comment, Directive, Follower, Signature, Stage
from comity.model.directive import Kind, Pack
from comity.model.ids import Digest, PartyId, digest

TEXT_LIMIT: Final = 4000
"""Characters of a comment or a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Where the 30-day clock stands. `day` counts from 1; `late` once the window has passed without publication."""

    day: int
    of: int
    publish_by: datetime
    late: bool
    ended: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One consulted office, and what it has said of the draft as it now stands."""

    id: PartyId
    name: str
    comments: int
    agrees: bool
    silent: bool
    """It has said nothing about this state of the draft."""


def drafted(pack: Pack, data: bytes, *, id_: str, author: PartyId, author_name: str, at: datetime) -> Directive:
    """A new draft out of a pack that reads whole. Invalid for a template: its times are not filled in."""
    if pack.kind is Kind.TEMPLATE:
        problem = Problem("/kind", "template", "fill in every time, then give it another kind")
        raise Invalid("a template is no directive", [problem])
    return Directive(
        id=id_,
        organisation=author,
        organisation_name=author_name,
        domain=pack.domain,
        pack_id=pack.id,
        pack_version=pack.version,
        title=pack.title,
        pack=data,
        stage=Stage.DRAFT,
        begun_at=at,
        review_due=pack.review_due,
    )


def redrafted(held: Directive, pack: Pack, data: bytes) -> Directive:
    """The draft with other text. In consultation it falls back to a draft: the offices are asked again."""
    if (pack.id, pack.version, pack.domain) != (held.pack_id, held.pack_version, held.domain):
        problem = Problem("/pack", "another_pack", f"this draft is {held.pack_id} {held.pack_version}")
        raise Invalid("a draft keeps its id, version and domain", [problem])
    stage = held.stage if held.stage is Stage.DRAFT else _to(held, Stage.DRAFT)
    return replace(held, pack=data, title=pack.title, review_due=pack.review_due, stage=stage)


def consulted(held: Directive, offices: tuple[tuple[PartyId, str], ...], *, days: int, at: datetime) -> Directive:
    """Ask named offices for comments within some days. Invalid without an office."""
    if not offices:
        raise Invalid("nobody is asked", [Problem("/offices", "no_office", "name at least one office to consult")])
    if not 1 <= days <= 365:
        raise Invalid("bad time", [Problem("/days", "out_of_range", "give 1 to 365 days")])
    return replace(held, stage=_to(held, Stage.CONSULTATION), offices=offices, answer_by=at + timedelta(days=days))


def commented(held: Directive, office: PartyId, by_name: str, text: str, *, agrees: bool, at: datetime) -> Directive:
    """Add what an office says. Conflict outside consultation; Invalid for one that was not asked or says nothing."""
    if held.stage is not Stage.CONSULTATION:
        raise Conflict(f"directive {held.id} is {held.stage}: comments are taken while it is in consultation")
    names = dict(held.offices)
    if office not in names:
        raise Conflict("this office was not asked: the author names the offices")
    if not text.strip() and not agrees:
        raise Invalid("an empty comment", [Problem("/text", "empty", "say what to change, or agree")])
    _short(text)
    comment = Comment(
        office=office,
        office_name=names[office],
        by_name=by_name,
        at=at,
        text=text.strip(),
        agrees=agrees,
        draft=digest(held.pack),
    )
    return replace(held, comments=(*held.comments, comment))


def may_be_signed(held: Directive, at: datetime) -> str:
    """Why it cannot be signed yet; "" once every office has spoken of this very draft, or their time is up."""
    if held.stage is not Stage.CONSULTATION:
        return f"it is {held.stage}; what is signed has been in consultation"
    silent = [one.name for one in offices(held) if one.silent]
    if silent and (held.answer_by is None or at < held.answer_by):
        until = "" if held.answer_by is None else f" until {held.answer_by:%Y-%m-%d %H:%M} UTC"
        return f"{', '.join(silent)} may still comment{until}"
    return ""


def signed(held: Directive, signature: Signature, *, at: datetime) -> Directive:
    """Signed by a named person. Conflict while offices may still comment, or for other bytes than the draft's."""
    why_not = may_be_signed(held, at)
    if why_not:
        raise Conflict(f"directive {held.id} cannot be signed yet: {why_not}")
    if signature.draft != digest(held.pack):
        raise Conflict("this signature is over another state of the draft: look at it again, then sign")
    return replace(held, stage=_to(held, Stage.SIGNED), signature=signature)


def published(held: Directive, at: datetime) -> Directive:
    """In force for whoever follows it, from its own dates on."""
    return replace(held, stage=_to(held, Stage.PUBLISHED), published_at=at)


def withdrawn(held: Directive, why: str, at: datetime) -> Directive:
    """Taken back, with a reason; nothing leaves this stage."""
    if not why.strip():
        raise Invalid("no reason", [Problem("/why", "empty", "say why it is withdrawn")])
    _short(why)
    return replace(held, stage=_to(held, Stage.WITHDRAWN), withdrawn_at=at, why_withdrawn=why.strip())


def acknowledged(follower: Follower, version: str, by_name: str, at: datetime) -> Follower:
    """A named person confirms that their organisation has read a version; said once, it stays said once."""
    if any(one == version for one, _, _ in follower.acknowledged):
        return follower
    return replace(follower, acknowledged=(*follower.acknowledged, (version, at, by_name)))


def reported(follower: Follower, adoption: Adoption, text: str, by_name: str, at: datetime) -> Follower:
    """How far the organisation is, in its own words."""
    if adoption in {Adoption.PARTLY, Adoption.NOT_APPLICABLE} and not text.strip():
        raise Invalid("no words", [Problem("/text", "empty", "say what is missing, or why it does not apply")])
    _short(text)
    return replace(follower, reports=(*follower.reports, (at, adoption, text.strip(), by_name)))


def offices(held: Directive) -> tuple[Office, ...]:
    """The consulted offices and whether each has spoken of the draft as it now stands."""
    now = digest(held.pack)
    found = []
    for id_, name in held.offices:
        own = [one for one in held.comments if one.office == id_ and one.draft == now]
        found.append(Office(id=id_, name=name, comments=len(own), agrees=bool(own) and own[-1].agrees, silent=not own))
    return tuple(found)


def clock(held: Directive, at: datetime) -> Day:
    """The 30-day clock, from the draft to publication."""
    ended = held.published_at or held.withdrawn_at
    until = ended or at
    day = (until - held.begun_at).days + 1
    window = (held.publish_by - held.begun_at).days
    late = until > held.publish_by
    if held.stage is Stage.PUBLISHED:
        sentence = f"published on day {day} of {window}{', after the window' if late else ''}"
    elif held.stage is Stage.WITHDRAWN:
        sentence = f"withdrawn on day {day}"
    elif late:
        sentence = f"day {day}: the window of {window} days ended on {held.publish_by:%Y-%m-%d}"
    else:
        sentence = f"day {day} of {window}; publish by {held.publish_by:%Y-%m-%d}"
    return Day(day=day, of=window, publish_by=held.publish_by, late=late, ended=ended is not None, sentence=sentence)


def bytes_digest(held: Directive) -> Digest:
    """The digest of the draft as it now stands: what a signature names."""
    return digest(held.pack)


def _to(held: Directive, stage: Stage) -> Stage:
    if stage not in MOVES[held.stage]:
        raise Conflict(f"directive {held.id} is {held.stage}; it cannot become {stage}")
    return stage


def _short(text: str) -> None:
    if len(text) > TEXT_LIMIT:
        raise Invalid("too long", [Problem("/text", "too_long", f"at most {TEXT_LIMIT} characters")])
