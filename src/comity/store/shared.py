"""STIX objects that are shared. What is CLEAR rests in the open; anything stricter is sealed like a report.

Who sees what, decided in every query: CLEAR objects everybody; GREEN ones of members the community (people with an
account whose label reaches that far). Everything else: its contributor, a coordinator (unless the case is withheld from
them), those read in to the case, and whoever it was shared with, each only up to their own label. RED is shared with
people, never with an organisation. The first and the last version are those of the versions that the viewer sees.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy import type_coerce as as_type

from comity.errors import Missing
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Role, Viewer
from comity.model.sharing import SharedObject
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import cases_of_teams
from comity.store.shared_tables import shared_objects, shared_statuses, shares
from comity.store.tables import cases, moment_text, read_ins

TICK: Final = timedelta(microseconds=1)
CHUNK: Final = 400
"""Objects looked up at once: below the limit of bound values of any engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asks for. Empty tuples do not narrow. `versions` holds first, last, all and exact moments."""

    collection: str
    after: datetime | None = None
    """Only objects added strictly later."""
    ids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    versions: tuple[str | datetime, ...] = ("last",)
    spec_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object as it rests. Both times are UTC text with six decimals, as TAXII writes them; `body` is opened."""

    added: str
    id: str
    version: str
    spec_version: str
    tlp: Tlp
    organisation: PartyId
    body: bytes


def add(tx: Tx, objects: Sequence[SharedObject], *, at: datetime) -> tuple[bool, ...]:
    """Keep objects in order, each under its own later moment; False for a version that is held already.

    Equal ids of two organisations are two objects: what somebody may not see cannot be found out, or replaced.
    """
    held = _held(tx, objects)
    moment = _next_moment(tx, at)
    new: list[dict[str, Any]] = []
    told: list[bool] = []
    for one in objects:
        key = (one.collection, one.id, one.organisation, moment_text(one.version))
        told.append(key not in held)
        if key in held:
            continue
        held.add(key)
        wrapped, body = _rest(tx, _place(one.id, one.organisation, moment_text(one.version)), one.body, one.tlp)
        new.append(
            {
                "date_added": moment,
                "collection": one.collection,
                "stix_id": one.id,
                "kind": one.kind,
                "version": one.version,
                "spec_version": one.spec_version,
                "tlp": int(one.tlp),
                "organisation": one.organisation,
                "case_id": one.case or None,
                "source": one.source or None,
                "wrapped": wrapped,
                "body": body,
            }
        )
        moment += TICK
    for start in range(0, len(new), 1000):
        tx.connection.execute(insert(shared_objects), new[start : start + 1000])
    return tuple(told)


def page(tx: Tx, viewer: Viewer, asked: Asked, *, limit: int) -> tuple[tuple[Row, ...], bool]:
    """Objects that this viewer sees, oldest first, and whether there are more."""
    statement = _page(_shape(viewer, asked))
    found = tx.connection.execute(statement, _values(viewer, asked, limit)).all()
    return tuple(_open(tx, row) for row in found[:limit]), len(found) > limit


def bodies(tx: Tx, viewer: Viewer, asked: Asked, *, limit: int) -> tuple[list[tuple[str, bytes | None]], bool]:
    """The same page for the one answer that is asked for most: moments and bodies alone.

    A sealed body is left out (None); whoever meets one takes `page`.
    """
    statement = _bodies(_shape(viewer, asked))
    found = tx.connection.execute(statement, _values(viewer, asked, limit)).all()
    return [(row[0], row[1] if row[2] == 0 else None) for row in found[:limit]], len(found) > limit


def remove(tx: Tx, asked: Asked, *, owner: PartyId | None) -> int:
    """Delete the versions asked for; with `owner` only that organisation's. Gives how many."""
    t = shared_objects
    everything = Viewer(person=PartyId(""), organisation=PartyId(""), is_system=True)
    whose = true() if owner is None else t.c.organisation == owner
    query = select(t.c.date_added).where(*_wanted(_shape(everything, asked)), whose)
    moments = list(tx.connection.execute(query, _values(everything, asked, 0)).scalars())
    for start in range(0, len(moments), CHUNK):
        tx.connection.execute(delete(t).where(t.c.date_added.in_(moments[start : start + CHUNK])))
    return len(moments)


def foreign(tx: Tx, viewer: Viewer, collection: str, ids: Iterable[str], owner: PartyId) -> frozenset[str]:
    """Which of these ids name an object of somebody else's that this viewer sees."""
    t, wanted, found = shared_objects, list(dict.fromkeys(ids)), set[str]()
    for start in range(0, len(wanted), CHUNK):
        query = select(t.c.stix_id).where(
            t.c.collection == collection,
            t.c.stix_id.in_(wanted[start : start + CHUNK]),
            t.c.organisation != owner,
            _sees(t, _eyes(viewer)),
        )
        found.update(tx.connection.execute(query, _who(viewer)).scalars())
    return frozenset(found)


def owned(tx: Tx, collection: str, id_: str, owner: PartyId) -> Tlp:
    """The strictest label among an organisation's versions of an object. Missing when it has none."""
    t = shared_objects
    query = select(func.max(t.c.tlp)).where(t.c.collection == collection, t.c.stix_id == id_, t.c.organisation == owner)
    found = tx.connection.execute(query).scalar()
    if found is None:
        raise Missing(f"no object {id_}")
    return Tlp(found)


def sources(tx: Tx) -> frozenset[str]:
    """Every advisory that objects were made of."""
    query = select(shared_objects.c.source).where(shared_objects.c.source.is_not(None)).distinct()
    return frozenset(tx.connection.execute(query).scalars())


def count(tx: Tx, collection: str) -> int:
    """How many versions a collection holds, whoever may see them: for benches and health, never for a client."""
    query = select(func.count()).select_from(shared_objects).where(shared_objects.c.collection == collection)
    return int(tx.connection.execute(query).scalar() or 0)


def keep_status(tx: Tx, id_: str, organisation: PartyId, body: bytes, *, at: datetime, forget: datetime) -> None:
    """Keep what became of a request, and forget those older than `forget`."""
    tx.connection.execute(delete(shared_statuses).where(shared_statuses.c.at < forget))
    sealed = seal(tx.master, f"shared_statuses/{id_}", body)
    row = {"id": id_, "organisation": organisation, "at": at, "wrapped": sealed.wrapped, "sealed": sealed.body}
    tx.connection.execute(insert(shared_statuses).values(**row))


def status(tx: Tx, id_: str, organisation: PartyId) -> bytes:
    """What became of a request of this organisation's. Missing for any other."""
    t = shared_statuses
    row = tx.connection.execute(select(t).where(t.c.id == id_, t.c.organisation == organisation)).first()
    if row is None:
        raise Missing("no such status")
    return unseal(tx.master, f"shared_statuses/{id_}", Sealed(wrapped=row.wrapped, body=row.sealed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Eyes:
    """Which ways of seeing a viewer has: with the values bound apart, each combination is one statement."""

    all: bool = False
    more: bool = False
    """Anything but CLEAR."""
    person: bool = False
    organisation: bool = False
    contributes: bool = False
    coordinates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Everything of a question but its values."""

    eyes: _Eyes
    after: bool
    ids: int
    """0 none, 1 one, 2 several."""
    kinds: bool
    specs: bool
    exact: bool
    first: bool
    last: bool
    every: bool


def _eyes(viewer: Viewer) -> _Eyes:
    if viewer.is_system:
        return _Eyes(all=True)
    if viewer.is_anonymous or viewer.tlp is Tlp.CLEAR:
        return _Eyes()
    has_home = bool(viewer.organisation)
    return _Eyes(
        more=True,
        person=bool(viewer.person),
        organisation=has_home,
        contributes=has_home and not viewer.roles.isdisjoint({Role.SUBMITTER, Role.COORDINATOR}),
        coordinates=Role.COORDINATOR in viewer.roles,
    )


def _shape(viewer: Viewer, asked: Asked) -> _Shape:
    return _Shape(
        eyes=_eyes(viewer),
        after=asked.after is not None,
        ids=min(2, len(asked.ids)),
        kinds=bool(asked.kinds),
        specs=bool(asked.spec_versions),
        exact=any(isinstance(one, datetime) for one in asked.versions),
        first="first" in asked.versions,
        last="last" in asked.versions,
        every="all" in asked.versions,
    )


def _who(viewer: Viewer) -> dict[str, Any]:
    return {"who": viewer.person, "home": viewer.organisation, "label": int(viewer.tlp)}


def _values(viewer: Viewer, asked: Asked, limit: int) -> dict[str, Any]:
    """Values for every name that a statement of this shape may hold; names it does not hold are ignored."""
    return _who(viewer) | {
        "collection": asked.collection,
        "after": asked.after,
        "one": asked.ids[0] if asked.ids else "",
        "ids": list(asked.ids),
        "kinds": list(asked.kinds),
        "specs": list(asked.spec_versions),
        "exact": [one for one in asked.versions if isinstance(one, datetime)],
        "rows": limit + 1,
    }


def _sees(t: FromClause, eyes: _Eyes) -> ColumnElement[bool]:
    """Condition on `shared_objects`, or an alias of it. Values: `_who`."""
    if eyes.all:
        return true()
    clear = t.c.tlp == int(Tlp.CLEAR)
    if not eyes.more:
        return clear
    who, home = bindparam("who", type_=String), bindparam("home", type_=String)
    label = bindparam("label", type_=Integer)
    ways: list[ColumnElement[bool]] = [and_(t.c.tlp == int(Tlp.GREEN), t.c.source.is_(None))]
    named = select(read_ins.c.person).where(read_ins.c.case_id == t.c.case_id, read_ins.c.person == who)
    is_read_in = exists(named.correlate(t))
    if eyes.person:
        ways.append(is_read_in)
        mine: ColumnElement[bool] = shares.c.recipient == who
        if eyes.organisation:
            mine = or_(mine, and_(shares.c.recipient == home, t.c.tlp < int(Tlp.RED)))
        for subject in (t.c.stix_id, t.c.source):
            shared = select(shares.c.id).where(
                shares.c.subject == subject, shares.c.owner == t.c.organisation, shares.c.ended_at.is_(None), mine
            )
            ways.append(exists(shared.correlate(t)))
    if eyes.contributes:
        ways.append(and_(t.c.organisation == home, t.c.case_id.is_(None)))
    if eyes.coordinates:
        withheld = select(cases.c.id).where(cases.c.id == t.c.case_id, cases.c.withheld.is_(True))
        ways.append(or_(~exists(withheld.correlate(t)), is_read_in, t.c.case_id.in_(cases_of_teams(who))))
    return or_(clear, and_(t.c.tlp <= label, or_(*ways)))


@cache
def _page(shape: _Shape) -> Select[Any]:
    t = shared_objects
    columns = (
        as_type(t.c.date_added, String).label("added"),
        t.c.stix_id,
        as_type(t.c.version, String).label("version"),
        t.c.spec_version,
        t.c.tlp,
        t.c.organisation,
        t.c.wrapped,
        t.c.body,
    )
    return _ordered(select(*columns), shape)


@cache
def _bodies(shape: _Shape) -> Select[Any]:
    t = shared_objects
    return _ordered(select(as_type(t.c.date_added, String).label("added"), t.c.body, t.c.tlp), shape)


def _ordered(query: Select[Any], shape: _Shape) -> Select[Any]:
    added = shared_objects.c.date_added
    # named objects are few: they are found by name and then sorted, never by walking all in the order of time
    order = func.coalesce(as_type(added, String), "") if shape.ids else added
    return query.where(*_wanted(shape)).order_by(order).limit(bindparam("rows"))


def _wanted(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    """The conditions of a question; its values are given when it is asked (`_values`)."""
    t = shared_objects
    yield t.c.collection == bindparam("collection", type_=String)
    yield _sees(t, shape.eyes)
    if shape.after:
        yield t.c.date_added > bindparam("after", type_=t.c.date_added.type)
    if shape.ids == 1:
        yield t.c.stix_id == bindparam("one", type_=String)
    elif shape.ids:
        yield t.c.stix_id.in_(bindparam("ids", expanding=True))
    if shape.kinds:
        yield t.c.kind.in_(bindparam("kinds", expanding=True))
    if shape.specs:
        yield t.c.spec_version.in_(bindparam("specs", expanding=True))
    if not shape.every:
        ways: list[ColumnElement[bool]] = [false()]
        if shape.exact:
            ways.append(t.c.version.in_(bindparam("exact", expanding=True)))
        if shape.last:
            ways.append(~_other(shape, newer=True))
        if shape.first:
            ways.append(~_other(shape, newer=False))
        yield or_(*ways)


def _other(shape: _Shape, *, newer: bool) -> ColumnElement[bool]:
    """There is a newer (or an older) version of the same object of the same contributor, seen by this viewer."""
    t, o = shared_objects, shared_objects.alias()
    query = select(o.c.date_added).where(
        o.c.collection == t.c.collection,
        o.c.stix_id == t.c.stix_id,
        o.c.organisation == t.c.organisation,
        o.c.version > t.c.version if newer else o.c.version < t.c.version,
        _sees(o, shape.eyes),
    )
    return exists(query.correlate(t))


def _held(tx: Tx, objects: Sequence[SharedObject]) -> set[tuple[str, str, str, str]]:
    t, found = shared_objects, set[tuple[str, str, str, str]]()
    wanted = list(dict.fromkeys(one.id for one in objects))
    version = as_type(t.c.version, String)
    for start in range(0, len(wanted), CHUNK):
        query = select(t.c.collection, t.c.stix_id, t.c.organisation, version).where(
            t.c.stix_id.in_(wanted[start : start + CHUNK])
        )
        found.update((row[0], row[1], row[2], row[3]) for row in tx.connection.execute(query))
    return found


def _next_moment(tx: Tx, at: datetime) -> datetime:
    """Now, or just after the last moment given: writers are one at a time, so this never goes back or stands still."""
    last = tx.connection.execute(select(func.max(shared_objects.c.date_added))).scalar()
    return at if last is None or at > last else last + TICK


def _rest(tx: Tx, place: str, data: bytes, tlp: Tlp) -> tuple[bytes | None, bytes]:
    if tlp is Tlp.CLEAR:
        return None, data
    sealed = seal(tx.master, place, data)
    return sealed.wrapped, sealed.body


def _open(tx: Tx, row: Any) -> Row:
    body = bytes(row.body)
    if row.wrapped is not None:
        place = _place(row.stix_id, row.organisation, row.version)
        body = unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.body))
    return Row(
        added=row.added,
        id=row.stix_id,
        version=row.version,
        spec_version=row.spec_version,
        tlp=Tlp(row.tlp),
        organisation=PartyId(row.organisation),
        body=body,
    )


def _place(id_: str, organisation: str, version: str) -> str:
    return f"shared_objects/{id_}/{organisation}/{version}"
