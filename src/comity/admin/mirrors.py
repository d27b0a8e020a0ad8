"""Take in what upstream says, from a file that somebody fetched: KEV, CVE records, EPSS scores, or OSV advisories.

A mirror is replaced whole, in one transaction with its journal entry, and only by something newer than it holds.
"""

from dataclasses import dataclass
from datetime import datetime

from comity.errors import Conflict, Invalid, Missing, Problem
from comity.formats import epss, osv_bundle
from comity.formats import upstream as reader
from comity.formats.upstream import Upstream
from comity.model.events import Event, Kind
from comity.model.ids import digest
from comity.store import journal, mirrored, upstream
from comity.store.engine import Store, Tx
from comity.store.upstream import Mirror

__all__ = ["Mirror", "Taken", "held", "take_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken in, and what of it could not be read."""

    mirror: Mirror
    subjects: int
    left_out: tuple[Problem, ...]


def take_in(
    store: Store,
    data: bytes,
    *,
    at: datetime,
    older_too: bool = False,
    ecosystem: str = "",
    as_of: datetime | None = None,
) -> Taken:
    """Replace the mirror that these bytes are of.

    `ecosystem` and `as_of` are for OSV bundles, which say neither: whom the bundle speaks for, and when the file was
    fetched where it is (never later than now). Invalid for bytes that are none of the four; Conflict for a document
    older than the one held, unless `older_too`.
    """
    if osv_bundle.recognises(data):
        return _take_in_advisories(store, data, at=at, older_too=older_too, ecosystem=ecosystem, as_of=as_of)
    found = epss.read(data) if epss.recognises(data) else _read(data)
    whole = digest(data)
    with store.write() as tx:
        _refuse_older(tx, found.source, found.as_of, older_too=older_too)
        mirrored.forget_products(tx, found.source)
        mirror = upstream.replace_mirror(tx, found.source, found.facts, as_of=found.as_of, fetched_at=at, digest=whole)
        mirrored.replace_products(tx, found.source, found.products)
        _note(tx, mirror, found.subjects, at)
    return Taken(mirror=mirror, subjects=found.subjects, left_out=found.left_out)


def _take_in_advisories(
    store: Store, data: bytes, *, at: datetime, older_too: bool, ecosystem: str, as_of: datetime | None
) -> Taken:
    bundle = osv_bundle.read(data, ecosystem=ecosystem)
    dated = max((one for one in (bundle.as_of, as_of) if one is not None), default=None)
    if dated is not None and dated > at:
        raise Invalid("dated in the future", [Problem("", "future_date", "no bundle is newer than now: mend the date")])
    with store.write() as tx:
        _refuse_older(tx, mirrored.OSV + bundle.ecosystem, dated, older_too=older_too)
        mirror = mirrored.replace_bundle(
            tx,
            bundle.ecosystem,
            ((record.advisory, osv_bundle.packages(record.advisory)) for record in bundle.records),
            as_of=dated,
            fetched_at=at,
            digest=digest(data),
        )
        _note(tx, mirror, len(bundle.records), at)
    return Taken(mirror=mirror, subjects=len(bundle.records), left_out=bundle.left_out)


def _refuse_older(tx: Tx, source: str, as_of: datetime | None, *, older_too: bool) -> None:
    held = _held(tx, source)
    if held is not None and held.as_of and as_of and as_of < held.as_of and not older_too:
        raise Conflict(
            f"{source} is held as of {held.as_of:%Y-%m-%d}, and this is from {as_of:%Y-%m-%d}: "
            "give --older-too to go back"
        )


def _note(tx: Tx, mirror: Mirror, subjects: int, at: datetime) -> None:
    facts = {"source": mirror.source, "subjects": str(subjects), "digest": mirror.digest}
    key = f"mirror:{mirror.source}:{mirror.digest}:{at.isoformat()}"
    journal.append(tx, Event(kind=Kind.MIRROR_UPDATED, key=key, at=at, facts=facts, actor="terminal"))


def held(store: Store) -> tuple[Mirror, ...]:
    """Every mirror, with its dates."""
    with store.read() as tx:
        return upstream.all_mirrors(tx)


def _held(tx: Tx, source: str) -> Mirror | None:
    try:
        return upstream.mirror(tx, source)
    except Missing:
        return None


def _read(data: bytes) -> Upstream:
    try:
        return reader.kev(data)
    except Invalid:
        found = reader.cve_records(data)
    if not found.subjects:
        problem = Problem(
            "",
            "unknown_format",
            "give CISA's KEV catalogue as JSON, CVE JSON 5 records, FIRST's EPSS scores or OSV records",
        )
        raise Invalid("this is no upstream document that Comity reads", [problem, *found.left_out[:20]])
    return found
