"""Take in what upstream says: KEV, CVE records, EPSS scores, OSV advisories or a provider's CSAF documents.

A mirror is replaced whole, in one transaction with its journal entry, and only by something newer than it holds. What
was fetched passes a stricter gate than what a person brings: it must have the form that was expected, say something,
and not have shrunk beyond belief, for nobody looks at it before it is taken in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.errors import Conflict, Invalid, Missing, Problem
from comity.feeds import sources
from comity.feeds.kept import Kept
from comity.formats import csaf_archive, epss, osv_bundle
from comity.formats import upstream as reader
from comity.formats.upstream import Upstream
from comity.formats.upstream_form import NONE, READS, Form, form_of
from comity.model.events import Event, Kind
from comity.model.ids import digest
from comity.store import journal, mirrored, upstream
from comity.store.engine import Store, Tx
from comity.store.upstream import Mirror

__all__ = ["Expected", "Mirror", "Taken", "confirm", "held", "held_of", "sentence", "take_in"]

SHRINK: Final = 0.5
"""A fetched document that says less than this part of what is held is not taken in by itself (ours)."""
UNREADABLE: Final = 0.5
"""Nor one of which more than this part cannot be read: its shape has changed (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken in, and what of it could not be read."""

    mirror: Mirror
    subjects: int
    left_out: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What was asked for, where nobody looks at what came. `source`: the mirror's name; "" for the form's own."""

    form: Form
    source: str = ""
    may_shrink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dates:
    fetched_at: datetime
    confirmed_at: datetime | None
    older_too: bool


def take_in(
    store: Store,
    data: bytes,
    *,
    at: datetime,
    older_too: bool = False,
    ecosystem: str = "",
    as_of: datetime | None = None,
    expected: Expected | None = None,
    fetched_at: datetime | None = None,
    confirmed_at: datetime | None = None,
    kept: Kept | None = None,
    actor: str = "terminal",
) -> Taken:
    """Replace the mirror that these bytes are of.

    `ecosystem` and `as_of` are for OSV bundles, which say neither: whom the bundle speaks for, and when the file was
    fetched where it is (never later than now). `confirmed_at`: when upstream gave these bytes as its newest; a person
    who brings a file cannot know. `kept` is where the bytes themselves are kept.

    Invalid for bytes that are none of the forms, or not the expected one; Conflict for a document older than the one
    held, unless `older_too`.
    """
    dates = _Dates(fetched_at=fetched_at or at, confirmed_at=confirmed_at, older_too=older_too)
    form = form_of(data)
    if expected is not None and form is not expected.form:
        reason = f"expected: {expected.form}; what came: {form}. Look at the address"
        raise Invalid("the shape has changed", [Problem("", "other_form", reason)])
    match form:
        case Form.OSV:
            taken = _take_in_advisories(store, data, dates, at, ecosystem, as_of, expected, actor)
        case Form.CSAF:
            taken = _take_in_csaf(store, data, dates, at, expected, actor)
        case _:
            taken = _take_in_facts(store, data, form, dates, at, expected, actor)
    if kept is not None:
        kept.put(data)
        kept.only(one.digest for one in held(store))
    return taken


def confirm(store: Store, source: str, *, at: datetime, now: datetime | None = None, actor: str = "") -> Mirror:
    """Upstream said at this moment that what is held is its newest; `now` where that is told later, by a bundle.

    Desks are told once a day: ages are part of their answers.
    """
    with store.write() as tx:
        before = upstream.mirror(tx, source)
        mirror = upstream.confirm(tx, source, at=at)
        since = before.current_as_of
        if since is None or since.date() < at.date():
            facts = {"source": source, "digest": mirror.digest, "confirmed": "yes"}
            key = f"mirror:{source}:{mirror.digest}:confirmed:{at.date()}"
            journal.append(tx, Event(kind=Kind.MIRROR_UPDATED, key=key, at=now or at, facts=facts, actor=actor))
    return mirror


def held(store: Store) -> tuple[Mirror, ...]:
    """Every mirror, with its dates."""
    with store.read() as tx:
        return upstream.all_mirrors(tx)


def held_of(store: Store, source: str) -> Mirror | None:
    """The mirror of one source; None when nothing is held."""
    with store.read() as tx:
        return _held(tx, source)


def sentence(error: Exception) -> str:
    """Why something was not taken in, and what to do, in one line of at most 500 characters."""
    reasons = [one.reason for one in error.problems[:3]] if isinstance(error, Invalid) else []
    text = ": ".join([str(error), "; ".join(reasons)] if reasons else [str(error)])
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:500]


def _take_in_facts(
    store: Store, data: bytes, form: Form, dates: _Dates, at: datetime, expected: Expected | None, actor: str
) -> Taken:
    found = _read(data, form)
    whole = digest(data)
    with store.write() as tx:
        _gate(tx, found.source, len(found.facts), found.subjects, len(found.left_out), expected)
        _refuse_older(tx, found.source, found.as_of, older_too=dates.older_too)
        mirrored.forget_products(tx, found.source)
        mirror = upstream.replace_mirror(
            tx,
            found.source,
            found.facts,
            as_of=found.as_of,
            fetched_at=dates.fetched_at,
            digest=whole,
            confirmed_at=dates.confirmed_at,
        )
        mirrored.replace_products(tx, found.source, found.products)
        _note(tx, mirror, found.subjects, at, actor)
    return Taken(mirror=mirror, subjects=found.subjects, left_out=found.left_out)


def _take_in_advisories(
    store: Store,
    data: bytes,
    dates: _Dates,
    at: datetime,
    ecosystem: str,
    as_of: datetime | None,
    expected: Expected | None,
    actor: str,
) -> Taken:
    bundle = osv_bundle.read(data, ecosystem=ecosystem)
    dated = max((one for one in (bundle.as_of, as_of) if one is not None), default=None)
    if dated is not None and dated > at:
        raise Invalid("dated in the future", [Problem("", "future_date", "no bundle is newer than now: mend the date")])
    source = mirrored.OSV + bundle.ecosystem
    with store.write() as tx:
        _gate(tx, source, len(bundle.records), len(bundle.records), len(bundle.left_out), expected)
        _refuse_older(tx, source, dated, older_too=dates.older_too)
        mirror = mirrored.replace_bundle(
            tx,
            bundle.ecosystem,
            ((record.advisory, osv_bundle.packages(record.advisory)) for record in bundle.records),
            as_of=dated,
            fetched_at=dates.fetched_at,
            digest=digest(data),
            confirmed_at=dates.confirmed_at,
        )
        _note(tx, mirror, len(bundle.records), at, actor)
    return Taken(mirror=mirror, subjects=len(bundle.records), left_out=bundle.left_out)


def _take_in_csaf(
    store: Store, data: bytes, dates: _Dates, at: datetime, expected: Expected | None, actor: str
) -> Taken:
    archive = csaf_archive.read(data)
    source = (expected.source if expected is not None else "") or sources.csaf_source(archive.listing.provider)
    documents = len(archive.listing.entries)
    with store.write() as tx:
        _gate(tx, source, len(archive.advisories), documents, len(archive.left_out), expected)
        _refuse_older(tx, source, archive.as_of, older_too=dates.older_too)
        mirror = mirrored.replace_advisories(
            tx,
            source,
            ((one, osv_bundle.packages(one)) for one in archive.advisories),
            as_of=archive.as_of,
            fetched_at=dates.fetched_at,
            digest=digest(data),
            confirmed_at=dates.confirmed_at,
        )
        _note(tx, mirror, documents, at, actor)
    return Taken(mirror=mirror, subjects=documents, left_out=archive.left_out)


def _gate(tx: Tx, source: str, rows: int, subjects: int, left_out: int, expected: Expected | None) -> None:
    """What nobody looks at must be believable: of this source, not empty, readable, and not shrunk."""
    if expected is None:
        return
    if expected.source and source != expected.source:
        reason = f"{expected.source} was expected, and this is {source}: look at the address"
        raise Invalid("the shape has changed", [Problem("", "other_source", reason)])
    if not subjects:
        reason = "it has the right form and says nothing: look at it; what was held before is held still"
        raise Invalid("the shape has changed", [Problem("", "says_nothing", reason)])
    if left_out > UNREADABLE * (subjects + left_out):
        reason = f"{left_out} entries of {subjects + left_out} cannot be read: a newer release of Comity may know how"
        raise Invalid("the shape has changed", [Problem("", "mostly_unreadable", reason)])
    before = _held(tx, source)
    if before is not None and not expected.may_shrink and rows < SHRINK * before.facts:
        reason = (
            f"{before.facts} facts are held, and only {rows} came: look at it, and take it in by hand if it is right "
            "(comity mirror add FILE)"
        )
        raise Invalid("it shrank beyond belief", [Problem("", "shrunk", reason)])


def _refuse_older(tx: Tx, source: str, as_of: datetime | None, *, older_too: bool) -> None:
    before = _held(tx, source)
    if before is not None and before.as_of and as_of and as_of < before.as_of and not older_too:
        raise Conflict(
            f"{source} is held as of {before.as_of:%Y-%m-%d}, and this is from {as_of:%Y-%m-%d}: "
            "give --older-too to go back"
        )


def _note(tx: Tx, mirror: Mirror, subjects: int, at: datetime, actor: str) -> None:
    facts = {"source": mirror.source, "subjects": str(subjects), "digest": mirror.digest}
    key = f"mirror:{mirror.source}:{mirror.digest}:{at.isoformat()}"
    journal.append(tx, Event(kind=Kind.MIRROR_UPDATED, key=key, at=at, facts=facts, actor=actor))


def _held(tx: Tx, source: str) -> Mirror | None:
    try:
        return upstream.mirror(tx, source)
    except Missing:
        return None


def _read(data: bytes, form: Form) -> Upstream:
    if form is Form.EPSS:
        return epss.read(data)
    if form is Form.KEV:
        return reader.kev(data)
    found = reader.cve_records(data)
    if not found.subjects:
        raise Invalid(NONE, [Problem("", "unknown_format", READS), *found.left_out[:20]])
    return found
