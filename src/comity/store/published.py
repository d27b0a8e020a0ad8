"""Published advisories and their files. What is CLEAR rests in the open; anything stricter is sealed like a report.

Who sees what: CLEAR rows everybody; stricter rows a durable flow, a coordinator whose label reaches that far (unless
the case is withheld from them), those read in to the case of the advisory, and those the advisory was shared with.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, insert, or_, select, true, update

from comity.errors import Conflict, Missing
from comity.model.advisory import Advisory
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId, CaseId, Digest, digest
from comity.model.party import Role, Viewer
from comity.model.sharing import HOST
from comity.store import rows, words
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import Page, cases_of_teams, next_start, page_of
from comity.store.shared_tables import shares
from comity.store.tables import advisories, advisory_files, advisory_names, cases, numbers, read_ins

AT_ONCE: Final = 500
"""Rows of one piece of `every`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One rendering of an advisory as it was sealed: file name, media type and the exact bytes."""

    name: str
    media_type: str
    data: bytes

    @property
    def digest(self) -> Digest:
        """SHA-256 of the bytes."""
        return digest(self.data)


def put(tx: Tx, advisory: Advisory, files: Sequence[File], *, case: CaseId | None = None) -> None:
    """Publish an advisory with its files, or a newer state of it: everything of the earlier state is replaced.

    ValueError without a publication date. Conflict for a state older than the one that is held.
    """
    if advisory.published_at is None:
        raise ValueError(f"advisory {advisory.id} has no publication date")
    held = tx.connection.execute(
        select(advisories.c.modified_at, advisories.c.case_id).where(advisories.c.id == advisory.id)
    ).first()
    if held is not None and held.modified_at > advisory.modified_at:
        raise Conflict(f"advisory {advisory.id} was modified later than this state: read it again, then decide")
    columns = _columns(tx, advisory)
    if held is None:
        tx.connection.execute(insert(advisories).values(id=advisory.id, case_id=case, **columns))
    else:
        kept = case if case is not None else held.case_id
        tx.connection.execute(update(advisories).where(advisories.c.id == advisory.id).values(case_id=kept, **columns))
        tx.connection.execute(delete(advisory_names).where(advisory_names.c.advisory == advisory.id))
        tx.connection.execute(delete(advisory_files).where(advisory_files.c.advisory == advisory.id))
    names = {(kind, tx.master.mark(kind, name)) for kind, name in _names(advisory)}
    words.keep(tx, "advisories", {advisory.id: _searched(advisory)})
    if names:
        values = [{"advisory": advisory.id, "kind": kind, "mark": mark} for kind, mark in sorted(names)]
        tx.connection.execute(insert(advisory_names), values)
    for file in files:
        wrapped, body = _rest(tx, f"advisory_files/{advisory.id}/{file.name}", file.data, advisory.handling.tlp)
        tx.connection.execute(
            insert(advisory_files).values(
                advisory=advisory.id,
                name=file.name,
                media_type=file.media_type,
                digest=file.digest,
                wrapped=wrapped,
                body=body,
            )
        )


def get(tx: Tx, id_: AdvisoryId, viewer: Viewer) -> Advisory:
    """One advisory. Missing when there is none and when this viewer may not see it."""
    row = tx.connection.execute(select(advisories).where(advisories.c.id == id_, _sees(viewer))).first()
    if row is None:
        raise Missing(f"no advisory {id_}")
    return _open(tx, row)


def page(
    tx: Tx, viewer: Viewer, *, start: str | None = None, limit: int = 50, since: datetime | None = None
) -> Page[Advisory]:
    """Advisories that this viewer sees, newest publication first; with `since` those modified at or after it."""
    query = select(advisories).where(_sees(viewer))
    if since is not None:
        query = query.where(advisories.c.modified_at >= since)
    query = page_of(query, moment=advisories.c.published_at, id_=advisories.c.id, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_open(tx, row) for row in found[:limit]),
        next=None if last is None else next_start(last.published_at, last.id),
    )


def find(tx: Tx, viewer: Viewer, wanted: Sequence[str], *, most: int) -> tuple[Advisory, ...]:
    """Advisories that this viewer sees and that hold all these words, newest publication first."""
    query = (
        select(advisories)
        .where(words.holding(tx, "advisories", advisories.c.id, wanted), _sees(viewer))
        .order_by(advisories.c.published_at.desc(), advisories.c.id.desc())
        .limit(most)
    )
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def searched(tx: Tx, start: str | None) -> words.Piece:
    """One page of all advisories with the texts they are found by."""
    found = page(tx, words.EVERYTHING, start=start, limit=500)
    return {one.id: _searched(one) for one in found.items}, found.next


def every(tx: Tx, viewer: Viewer) -> Iterator[Advisory]:
    """Every advisory that this viewer sees, newest publication first, read in pieces."""
    start: str | None = None
    while True:
        found = page(tx, viewer, start=start, limit=AT_ONCE)
        yield from found.items
        if found.next is None:
            return
        start = found.next


def ids(tx: Tx, viewer: Viewer) -> tuple[AdvisoryId, ...]:
    """The ids of every advisory that this viewer sees, oldest publication first; none is opened."""
    query = select(advisories.c.id).where(_sees(viewer)).order_by(advisories.c.published_at, advisories.c.id)
    return tuple(AdvisoryId(one) for one in tx.connection.execute(query).scalars())


def count(tx: Tx, viewer: Viewer) -> int:
    """How many advisories this viewer sees."""
    return tx.connection.execute(select(func.count()).select_from(advisories).where(_sees(viewer))).scalar() or 0


def changed(tx: Tx, *, limit: int) -> tuple[Advisory, ...]:
    """Public advisories, those that changed last first."""
    query = select(advisories).where(advisories.c.tlp == int(Tlp.CLEAR))
    query = query.order_by(advisories.c.modified_at.desc(), advisories.c.id).limit(limit)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def newest(tx: Tx) -> str:
    """A word for the state of the public shelf: it differs when an advisory came or changed."""
    clear = advisories.c.tlp == int(Tlp.CLEAR)
    last, number = tx.connection.execute(select(func.max(advisories.c.modified_at), func.count()).where(clear)).one()
    return f"{last} {number}"


def named(tx: Tx, kind: str, names: Iterable[str], viewer: Viewer) -> tuple[Advisory, ...]:
    """Advisories that carry one of these exact names, in id order. `kind` is "alias", "purl" or "product"."""
    marks = [tx.master.mark(kind, name) for name in dict.fromkeys(names)]
    holders = select(advisory_names.c.advisory).where(advisory_names.c.kind == kind, advisory_names.c.mark.in_(marks))
    query = select(advisories).where(advisories.c.id.in_(holders), _sees(viewer)).order_by(advisories.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def of_case(tx: Tx, case: CaseId, viewer: Viewer) -> tuple[Advisory, ...]:
    """Advisories published for a case, in id order."""
    query = select(advisories).where(advisories.c.case_id == case, _sees(viewer)).order_by(advisories.c.id)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def case_of(tx: Tx, id_: AdvisoryId, viewer: Viewer) -> str:
    """The case that a published advisory came from; "" when none is. Missing when this viewer sees no such row."""
    row = tx.connection.execute(select(advisories.c.case_id).where(advisories.c.id == id_, _sees(viewer))).first()
    if row is None:
        raise Missing(f"no advisory {id_}")
    return str(row.case_id or "")


def files(tx: Tx, id_: AdvisoryId, viewer: Viewer) -> tuple[File, ...]:
    """Every file of one advisory, in name order. Missing when this viewer sees no such advisory."""
    query = select(advisory_files).where(advisory_files.c.advisory == id_).order_by(advisory_files.c.name)
    get(tx, id_, viewer)
    return tuple(_file(tx, row) for row in tx.connection.execute(query))


def file(tx: Tx, id_: AdvisoryId, name: str, viewer: Viewer) -> File:
    """One file of one advisory. Missing when there is none and when this viewer may not see it."""
    query = (
        select(advisory_files)
        .join(advisories, advisories.c.id == advisory_files.c.advisory)
        .where(advisory_files.c.advisory == id_, advisory_files.c.name == name, _sees(viewer))
    )
    row = tx.connection.execute(query).first()
    if row is None:
        raise Missing(f"advisory {id_} has no file {name}")
    return _file(tx, row)


def with_file(tx: Tx, suffix: str) -> frozenset[str]:
    """The advisories, seen by whomever, that have a file whose name ends so: for asking again with a viewer."""
    query = select(advisory_files.c.advisory).where(advisory_files.c.name.endswith(suffix, autoescape=True))
    return frozenset(tx.connection.execute(query).scalars())


def reserve(tx: Tx, prefix: str) -> AdvisoryId:
    """The next id `<prefix><number>`, from 0001 on. A draft that is never published keeps its number."""
    last: int = tx.connection.execute(select(numbers.c.last).where(numbers.c.prefix == prefix)).scalar() or 0
    if last:
        tx.connection.execute(update(numbers).where(numbers.c.prefix == prefix).values(last=last + 1))
    else:
        tx.connection.execute(insert(numbers).values(prefix=prefix, last=1))
    return AdvisoryId(f"{prefix}{last + 1:04d}")


def _sees(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.is_system:
        return true()
    ways: list[ColumnElement[bool]] = [advisories.c.tlp == int(Tlp.CLEAR)]
    within = advisories.c.tlp <= int(viewer.tlp)
    named = select(read_ins.c.person).where(
        read_ins.c.case_id == advisories.c.case_id, read_ins.c.person == viewer.person
    )
    is_read_in = exists(named.correlate(advisories))
    if Role.COORDINATOR in viewer.roles:
        withheld = select(cases.c.id).where(cases.c.id == advisories.c.case_id, cases.c.withheld.is_(True))
        of_team = advisories.c.case_id.in_(cases_of_teams(viewer.person))
        ways.append(and_(within, or_(~exists(withheld.correlate(advisories)), is_read_in, of_team)))
    if viewer.person:
        mine: ColumnElement[bool] = shares.c.recipient == viewer.person
        if viewer.organisation:
            is_open = and_(shares.c.recipient == viewer.organisation, advisories.c.tlp < int(Tlp.RED))
            mine = or_(mine, is_open)
        shared = select(shares.c.id).where(
            shares.c.subject == advisories.c.id, shares.c.owner == HOST, shares.c.ended_at.is_(None), mine
        )
        ways.append(and_(within, or_(is_read_in, exists(shared.correlate(advisories)))))
    return or_(*ways)


def _names(advisory: Advisory) -> Iterable[tuple[str, str]]:
    for alias in (advisory.id, *advisory.aliases):
        yield "alias", alias
    for affected in advisory.affected:
        if affected.purl:
            yield "purl", affected.purl
        if affected.name:
            yield "product", f"{affected.ecosystem or affected.vendor}/{affected.name}"


def _searched(advisory: Advisory) -> tuple[str, ...]:
    names = (text for one in advisory.affected for text in (one.purl, one.name, one.vendor))
    return (advisory.id, *advisory.aliases, advisory.title, *names, *advisory.cwes, advisory.summary)


def _columns(tx: Tx, advisory: Advisory) -> dict[str, Any]:
    wrapped, body = _rest(tx, f"advisories/{advisory.id}", rows.encode(advisory, Advisory), advisory.handling.tlp)
    return {
        "tlp": int(advisory.handling.tlp),
        "published_at": advisory.published_at,
        "modified_at": advisory.modified_at,
        "withdrawn_at": advisory.withdrawn_at,
        "wrapped": wrapped,
        "body": body,
    }


def _rest(tx: Tx, place: str, data: bytes, tlp: Tlp) -> tuple[bytes | None, bytes]:
    if tlp is Tlp.CLEAR:
        return None, data
    sealed = seal(tx.master, place, data)
    return sealed.wrapped, sealed.body


def _wake(tx: Tx, place: str, row: Row[Any]) -> bytes:
    if row.wrapped is None:
        return bytes(row.body)
    return unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.body))


def _open(tx: Tx, row: Row[Any]) -> Advisory:
    if row.wrapped is None:
        return _read(bytes(row.body))
    return rows.decode(Advisory, _wake(tx, f"advisories/{row.id}", row))


@lru_cache(maxsize=1024)
def _read(body: bytes) -> Advisory:
    """A public advisory; its value is frozen, so equal bytes share one. What is sealed is never kept here."""
    return rows.decode(Advisory, body)


def _file(tx: Tx, row: Row[Any]) -> File:
    data = _wake(tx, f"advisory_files/{row.advisory}/{row.name}", row)
    return File(name=row.name, media_type=row.media_type, data=data)
