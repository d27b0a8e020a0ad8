"""Briefs at rest: records sealed one by one, what of them is public in the open, and what must be found again.

A record is saved over its earlier state only by somebody who saw that state (`revision`). What the public reads is kept
state by state, with the bytes that were signed. The text log holds keyed hashes and SimHashes, never a text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Row, func, insert, select, true, update

from comity.errors import Conflict, Missing
from comity.model.brief import Published, Record
from comity.model.handling import Tlp
from comity.model.party import Role, Viewer
from comity.store import rows, words
from comity.store.crypt import Sealed, seal, unseal
from comity.store.drafts_tables import (
    brief_claims,
    brief_errors,
    brief_notices,
    brief_shares,
    brief_sittings,
    brief_states,
    brief_texts,
    briefs,
)
from comity.store.engine import Tx
from comity.store.seen import Page, next_start, page_of

PUBLIC: Final = "public briefs"
"""The place of words of public states, apart from those of drafts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One public state: what is read, the bytes that were signed, and their seal."""

    public: Published
    number: int
    document: bytes
    seal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One receiver told of one change; `number` counts the corrections of the brief."""

    brief: str
    number: int
    receiver: str
    receipt: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One thing that turned out wrong."""

    brief: str
    source: str
    predicate: str
    kind: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One member share: to whom, until when, and the document as it was scrubbed."""

    brief: str
    recipient: str
    at: datetime
    ends_at: datetime
    document: bytes


def put(tx: Tx, record: Record) -> Record:
    """Keep a new record, or the next state of one; gives it back with its revision.

    Conflict when somebody else saved it since this state was read.
    """
    stored = replace(record, revision=record.revision + 1)
    sealed = seal(tx.master, _place(record.id), rows.encode(stored, Record))
    columns: dict[str, Any] = {
        "state": record.brief.review_state.value,
        "tlp": int(max((record.brief.tlp, *(source.tlp for source in record.sources)))),
        "public": record.is_published,
        "revision": stored.revision,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }
    if record.revision == 0:
        if tx.connection.execute(select(briefs.c.id).where(briefs.c.id == record.id)).first() is not None:
            raise Conflict(f"brief {record.id} is held already: edit it there")
        tx.connection.execute(insert(briefs).values(id=record.id, made_at=record.made_at, **columns))
    else:
        here = (briefs.c.id == record.id) & (briefs.c.revision == record.revision)
        if tx.connection.execute(update(briefs).where(here).values(**columns)).rowcount != 1:
            raise Conflict(f"brief {record.id} changed since you read it: read it again, then decide")
    _mark(tx, stored)
    words.keep(tx, "briefs", {stored.id: _searched(stored)})
    return stored


def get(tx: Tx, id_: str, viewer: Viewer) -> Record:
    """One record. Missing when there is none and when this viewer may not see it."""
    row = tx.connection.execute(select(briefs).where(briefs.c.id == id_, _sees(viewer))).first()
    if row is None:
        raise Missing(f"no brief {id_}")
    return _open(tx, row)


def page(
    tx: Tx, viewer: Viewer, *, states: Iterable[str] = (), start: str | None = None, limit: int = 50
) -> Page[Record]:
    """Records that this viewer sees, newest first; with `states` only those that stand in one of them."""
    query = select(briefs).where(_sees(viewer))
    if wanted := list(states):
        query = query.where(briefs.c.state.in_(wanted))
    query = page_of(query, moment=briefs.c.made_at, id_=briefs.c.id, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_open(tx, row) for row in found[:limit]),
        next=None if last is None else next_start(last.made_at, last.id),
    )


def about(tx: Tx, subjects: Iterable[str], viewer: Viewer) -> tuple[Record, ...]:
    """Records with a claim on, or a link to, one of these subjects, in id order."""
    marks = [tx.master.mark("brief subject", one) for one in dict.fromkeys(subjects)]
    holders = select(brief_claims.c.brief).where(brief_claims.c.mark.in_(marks))
    query = select(briefs).where(briefs.c.id.in_(holders), _sees(viewer)).order_by(briefs.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def find(tx: Tx, viewer: Viewer, wanted: Sequence[str], *, most: int) -> tuple[Record, ...]:
    """Records that this viewer sees whose title, subjects or id hold all these words, newest first."""
    query = (
        select(briefs)
        .where(words.holding(tx, "briefs", briefs.c.id, wanted), _sees(viewer))
        .order_by(briefs.c.made_at.desc(), briefs.c.id.desc())
        .limit(most)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def find_public(tx: Tx, wanted: Sequence[str], *, most: int) -> tuple[Published, ...]:
    """Briefs that stand in public and hold all these words in their newest state, newest publication first."""
    query = (
        select(brief_states)
        .where(words.holding(tx, PUBLIC, brief_states.c.brief, wanted), brief_states.c.current.is_(True))
        .where(brief_states.c.withdrawn.is_(False))
        .order_by(brief_states.c.published_at.desc(), brief_states.c.brief.desc())
        .limit(most)
    )
    return tuple(_state(row).public for row in tx.connection.execute(query))


def searched(tx: Tx, start: str | None) -> words.Piece:
    """One page of all records with the texts they are found by."""
    found = page(tx, words.EVERYTHING, start=start, limit=500)
    return {one.id: _searched(one) for one in found.items}, found.next


def searched_public(tx: Tx, start: str | None) -> words.Piece:
    """One page of the newest public states with the texts they are found by."""
    found = states(tx, start=start, limit=500)
    return {one.id: _searched_public(one) for one in found.items}, found.next


def add_state(tx: Tx, public: Published, document: bytes, seal_: bytes) -> int:
    """Make this the public state of the brief; gives its number. ValueError for anything but TLP:CLEAR."""
    if public.tlp != Tlp.CLEAR.label:
        raise ValueError("only TLP:CLEAR rests in the open")
    here = brief_states.c.brief == public.id
    last = tx.connection.execute(select(func.max(brief_states.c.number)).where(here)).scalar() or 0
    tx.connection.execute(update(brief_states).where(here).values(current=False))
    tx.connection.execute(
        insert(brief_states).values(
            brief=public.id,
            number=last + 1,
            version=public.version,
            kind=public.class_primary,
            published_at=public.published_at,
            modified_at=public.modified_at,
            withdrawn=public.tombstone is not None,
            current=True,
            body=rows.encode(public, Published),
            document=document,
            seal=seal_,
        )
    )
    words.keep(tx, PUBLIC, {public.id: _searched_public(public)})
    return last + 1


def state(tx: Tx, id_: str, *, number: int = 0) -> State:
    """The public state of a brief, or the one of this number. Missing when nothing of it is public."""
    which = brief_states.c.number == number if number else brief_states.c.current.is_(True)
    row = tx.connection.execute(select(brief_states).where(brief_states.c.brief == id_, which)).first()
    if row is None:
        raise Missing(f"no brief {id_}")
    return _state(row)


def states(
    tx: Tx, *, kind: str = "", start: str | None = None, limit: int = 50, stands: bool = False
) -> Page[Published]:
    """Current public states, newest publication first; `stands` leaves withdrawn ones out."""
    query = select(brief_states).where(brief_states.c.current.is_(True))
    if kind:
        query = query.where(brief_states.c.kind == kind)
    if stands:
        query = query.where(brief_states.c.withdrawn.is_(False))
    query = page_of(query, moment=brief_states.c.published_at, id_=brief_states.c.brief, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_state(row).public for row in found[:limit]),
        next=None if last is None else next_start(last.published_at, last.brief),
    )


def log_text(tx: Tx, id_: str, version: int, words: str, simhash: int) -> None:
    """Remember a published text by keyed hash and SimHash; the same version again changes nothing."""
    here = (brief_texts.c.brief == id_) & (brief_texts.c.version == version)
    if tx.connection.execute(select(brief_texts.c.brief).where(here)).first() is None:
        mark = tx.master.mark("brief text", words)
        tx.connection.execute(
            insert(brief_texts).values(brief=id_, version=version, mark=mark, simhash=f"{simhash:064x}")
        )


def exact_text(tx: Tx, words: Iterable[str]) -> tuple[str, int] | None:
    """Brief and version whose published words are exactly one of these."""
    marks = [tx.master.mark("brief text", one) for one in words]
    row = tx.connection.execute(
        select(brief_texts).where(brief_texts.c.mark.in_(marks)).order_by(brief_texts.c.brief, brief_texts.c.version)
    ).first()
    return None if row is None else (row.brief, row.version)


def simhashes(tx: Tx) -> Sequence[tuple[str, int, int]]:
    """(brief, version, SimHash) of every published text."""
    query = select(brief_texts).order_by(brief_texts.c.brief, brief_texts.c.version)
    return [(row.brief, row.version, int(row.simhash, 16)) for row in tx.connection.execute(query)]


def add_sitting(tx: Tx, id_: str, brief: str, outcome: str, *, planted: int, caught: int, at: datetime) -> None:
    """Count a sitting that is over."""
    tx.connection.execute(
        insert(brief_sittings).values(id=id_, brief=brief, outcome=outcome, planted=planted, caught=caught, at=at)
    )


def sittings(tx: Tx) -> dict[str, int]:
    """Sums over all sittings: one count for each outcome, and `planted` and `caught` errors."""
    counts = select(brief_sittings.c.outcome, func.count()).group_by(brief_sittings.c.outcome)
    found = {str(outcome): int(number) for outcome, number in tx.connection.execute(counts).all()}
    sums = tx.connection.execute(
        select(
            func.coalesce(func.sum(brief_sittings.c.planted), 0), func.coalesce(func.sum(brief_sittings.c.caught), 0)
        )
    ).one()
    return {**found, "planted": int(sums[0]), "caught": int(sums[1])}


def add_share(tx: Tx, secret: str, share: Share) -> None:
    """Keep a share under the keyed digest of its secret."""
    mark = tx.master.mark("brief share", secret)
    sealed = seal(tx.master, f"brief_shares/{mark}", share.document)
    tx.connection.execute(
        insert(brief_shares).values(
            mark=mark,
            brief=share.brief,
            recipient=share.recipient,
            at=share.at,
            ends_at=share.ends_at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def share(tx: Tx, secret: str, *, at: datetime) -> Share:
    """The share of this secret. Missing for an unknown or ended one."""
    mark = tx.master.mark("brief share", secret)
    row = tx.connection.execute(select(brief_shares).where(brief_shares.c.mark == mark)).first()
    if row is None or row.ends_at <= at:
        raise Missing("no such share, or it has ended")
    document = unseal(tx.master, f"brief_shares/{mark}", Sealed(wrapped=row.wrapped, body=row.sealed))
    return Share(brief=row.brief, recipient=row.recipient, at=row.at, ends_at=row.ends_at, document=document)


def recipients(tx: Tx, id_: str) -> tuple[str, ...]:
    """Organisations that a brief was shared with, in order."""
    query = select(brief_shares.c.recipient).where(brief_shares.c.brief == id_).distinct()
    return tuple(sorted(tx.connection.execute(query).scalars()))


def tell(tx: Tx, notice: Notice) -> Notice:
    """Note that a receiver was told; the one that is there already when it was told before."""
    here = (
        (brief_notices.c.brief == notice.brief)
        & (brief_notices.c.number == notice.number)
        & (brief_notices.c.receiver == notice.receiver)
    )
    row = tx.connection.execute(select(brief_notices).where(here)).first()
    if row is not None:
        return _notice(row)
    tx.connection.execute(
        insert(brief_notices).values(
            brief=notice.brief,
            number=notice.number,
            receiver=notice.receiver,
            receipt=notice.receipt,
            kind=notice.kind,
            at=notice.at,
        )
    )
    return notice


def notices(tx: Tx, *, brief: str = "", receiver: str = "") -> tuple[Notice, ...]:
    """Notices of one brief, or to one receiver, or all, oldest first."""
    query = select(brief_notices)
    if brief:
        query = query.where(brief_notices.c.brief == brief)
    if receiver:
        query = query.where(brief_notices.c.receiver == receiver)
    query = query.order_by(brief_notices.c.at, brief_notices.c.brief, brief_notices.c.number, brief_notices.c.receiver)
    return tuple(_notice(row) for row in tx.connection.execute(query))


def add_slip(tx: Tx, slip: Slip, number: int) -> None:
    """Note what turned out wrong; the same again changes nothing."""
    here = (
        (brief_errors.c.brief == slip.brief)
        & (brief_errors.c.number == number)
        & (brief_errors.c.source == slip.source[:200])
        & (brief_errors.c.predicate == slip.predicate)
    )
    if tx.connection.execute(select(brief_errors.c.brief).where(here)).first() is None:
        tx.connection.execute(
            insert(brief_errors).values(
                brief=slip.brief,
                number=number,
                source=slip.source[:200],
                predicate=slip.predicate,
                kind=slip.kind,
                at=slip.at,
                note=slip.note,
            )
        )


def slips(tx: Tx) -> tuple[Slip, ...]:
    """Everything that turned out wrong, newest first."""
    query = select(brief_errors).order_by(brief_errors.c.at.desc(), brief_errors.c.brief, brief_errors.c.predicate)
    return tuple(
        Slip(brief=r.brief, source=r.source, predicate=r.predicate, kind=r.kind, at=r.at, note=r.note)
        for r in tx.connection.execute(query)
    )


def count_published(tx: Tx) -> int:
    """How many briefs were ever published."""
    return tx.connection.execute(select(func.count(func.distinct(brief_states.c.brief)))).scalar() or 0


def subjects_of(record: Record) -> tuple[str, ...]:
    """What a record speaks of: subjects of its claims, targets of its links, identifiers named in it."""
    named = [one.value for one in record.entities if one.kind in ("cve", "ghsa", "bug")]
    linked = [one.target for one in record.links]
    urls = [source.url for source in record.sources]
    site = [site_of(record.source.url)]
    return tuple(dict.fromkeys([*(claim.subject for claim in record.claims), *linked, *named, *urls, *site]))


def _searched(record: Record) -> tuple[str, ...]:
    return (record.id, record.brief.title, *subjects_of(record))


def _searched_public(public: Published) -> tuple[str, ...]:
    named = (one.value for one in public.entities)
    return (public.id, public.title, *(line.text for line in public.lines), *named)


def site_of(url: str) -> str:
    """The name under which all briefs from one site are found: its host."""
    return f"site:{(urlsplit(url).hostname or url).removeprefix('www.')}"


def _mark(tx: Tx, record: Record) -> None:
    tx.connection.execute(brief_claims.delete().where(brief_claims.c.brief == record.id))
    marks = sorted({tx.master.mark("brief subject", one) for one in subjects_of(record)})
    if marks:
        tx.connection.execute(insert(brief_claims), [{"brief": record.id, "mark": mark} for mark in marks])


def _sees(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.is_system:
        return true()
    if Role.EDITOR in viewer.roles:
        return briefs.c.tlp <= int(viewer.tlp)
    return ~true()


def _place(id_: str) -> str:
    return f"briefs/{id_}"


def _open(tx: Tx, row: Row[Any]) -> Record:
    return rows.decode(Record, unseal(tx.master, _place(row.id), Sealed(wrapped=row.wrapped, body=row.sealed)))


def _state(row: Row[Any]) -> State:
    public = rows.decode(Published, bytes(row.body))
    return State(public=public, number=row.number, document=bytes(row.document), seal=bytes(row.seal))


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        brief=row.brief, number=row.number, receiver=row.receiver, receipt=row.receipt, kind=row.kind, at=row.at
    )
